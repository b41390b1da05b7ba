"""Delegation by plain names: what is refused however it is written, and what honest work may look like.

The patterns are those of the rubric.
"""

from pathlib import Path

import pytest
import torch

from harness.contract import Assignment
from harness.submission.findings import Finding
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect
from harness.submission.refused import refuses

ROOT = Path(__file__).resolve().parents[4]
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
REFUSED = {deliverable.id: deliverable.refused for deliverable in ASSIGNMENT.deliverables}
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
RNN, LSTM, ENCODER, TRANSFORMER = (
    "models/naive/RNN.py",
    "models/naive/LSTM.py",
    "models/seq2seq/Encoder.py",
    "models/Transformer.py",
)

LSTM_TEXT = '''\
import torch
import torch.nn.functional as F
from torch import nn
{head}

class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        for gate in "ifgo":
            setattr(self, f"W_i{{gate}}", nn.Parameter(torch.empty(input_size, hidden_size)))
        self.init_parameters()

    def init_parameters(self):
        """Xavier."""

    def forward(self, x, states=None):
        {body}
        return run(self, x, states)


def run(lstm_layer, x, states):
    return x, states


{tail}
'''


def lstm(body: str = "pass", tail: str = "", head: str = "") -> list[Finding]:
    """What is found in an LSTM with these lines in `forward`, at the end and at the top of the file."""
    text = LSTM_TEXT.format(head=head, body=body.replace("\n", "\n        "), tail=tail)
    return look({LSTM: text})


def look(files: dict[str, str]) -> list[Finding]:
    """The refused names in the solution with some files changed."""
    findings = inspect({**SOLUTION, **{path: text.encode() for path, text in files.items()}}, ASSIGNMENT)
    return [finding for finding in findings if finding.rule == "refused"]


def attention(body: str = "pass", tail: str = "", head: str = "") -> list[Finding]:
    """What is found in the solution's Transformers with these lines at the head of multi_head_attention."""
    text = SOLUTION[TRANSFORMER].decode()
    text = text.replace(
        "        heads = []\n", "        " + body.replace("\n", "\n        ") + "\n        heads = []\n"
    )
    return look({TRANSFORMER: text.replace("import math\n", f"import math\n{head}\n", 1) + "\n\n" + tail + "\n"})


# (lines in forward, lines at the end of the file, lines at its top)
CHEATS = {
    "a module called self": ("return cheat(self, x)", "def cheat(me, x): return self.lstm(x)", "import torch as self"),
    "a module as self": ("return LSTM.step(torch, x)", "LSTM.step = lambda self, x: self.lstm(x)\ndef lstm(): ...", ""),
    "self assigned": ("self = torch; return self.lstm(x)", "class A:\n    def lstm(self): ...", ""),
    "a method of its own called with torch": (
        "return Step.go(torch, x)",
        "class Step:\n    def lstm(self): ...\n    def go(self, x): return self.lstm(x)",
        "",
    ),
    "a default argument": ("def go(x, t=torch): return t.lstm(x)\nreturn go(x)", "class A:\n    lstm = 1", ""),
    "an attribute that is a module": ("self.t = torch; return self.t.lstm(x)", "class A:\n    lstm = 1", ""),
    "an import in a class": ("return A.t.lstm(x)", "class A:\n    import torch as t\n    lstm = 1", ""),
    "a class that holds a module": ("return A.t.lstm(x)", "class A:\n    t = torch\n    lstm = 1", ""),
    "a loop over modules": ("for t in (torch,): return t.lstm(x)", "class A:\n    lstm = 1", ""),
    "a walrus": ("return (t := torch).lstm(x)", "class A:\n    lstm = 1", ""),
    "a dictionary of names": ("return vars(torch)['lstm'](x)", "", ""),
    "__dict__": ("return torch.__dict__['lstm'](x)", "", ""),
    "__getattr__": ("return torch.__getattr__('lstm')(x)", "", ""),
    "attrgetter": ("return operator.attrgetter('lstm')(torch)(x)", "", "import operator"),
    "methodcaller": ("return operator.methodcaller('lstm', x)(torch)", "", "import operator"),
    "getattr by another name": ("g = getattr; return g(torch, 'lstm')(x)", "", ""),
    "a function that looks names up": ("op = lambda name: getattr(torch, name); return op('lstm')(x)", "", ""),
    "an object that looks names up": (
        "return Ops().lstm(x)",
        "class Ops:\n    lstm: object\n    def __getattr__(self, name): return getattr(torch, name)",
        "",
    ),
    "a reduction over names": ("return functools.reduce(getattr, ['nn', 'LSTM'], torch)", "", "import functools"),
    "a module of its own": ("return LSTM.t.lstm(x)", "class A:\n    lstm = 1\nLSTM.t = torch", ""),
    "its own module": ("return me.torch.lstm(x)", "class A:\n    lstm = 1", "import models.naive.LSTM as me"),
    "a name declared global": (
        "return go(x)",
        "def go(x):\n    global t\n    import torch as t\n    return up(x)\ndef up(x): return t.lstm(x)",
        "",
    ),
    "a property called at import": (
        "pass",
        "class A:\n    @property\n    def p(self): nn.Module.h = torch.lstm\nA().p",
        "",
    ),
    "an operator at import": ("pass", "class A:\n    def __add__(s, o): nn.Module.h = torch.lstm\nA() + 1", ""),
    "the type of a dataclass's field": (
        "return dataclasses.fields(A)[0].type",
        "@dataclasses.dataclass\nclass A:\n    a: torch.lstm",
        "import dataclasses",
    ),
    "the third argument of getattr": ("return getattr(x, 'nothing', nn.LSTM)(x)", "", ""),
    "globals": ("return globals()['torch'].lstm(x)", "class A:\n    lstm = 1", ""),
    "a function of its own in globals": ("return globals()['go']()(x)", "def go(): return nn.LSTM", ""),
    "a function of its own by its module": (
        "return warnings.sys.modules[name].go()(x)",
        "def go(): return nn.LSTM",
        "import warnings",
    ),
    "globals of a function": ("return run.__globals__['torch'].lstm(x)", "class A:\n    lstm = 1", ""),
    "a frame": ("return (1 for _ in x).gi_frame.f_globals['torch'].lstm(x)", "class A:\n    lstm = 1", ""),
    "sys in another module": (
        "return warnings.sys.modules['torch'].lstm(x)",
        "class A:\n    lstm = 1",
        "import warnings",
    ),
    "a decoy of the same name": ("return t.lstm(x)", "def lstm(): ...\nt = torch", ""),
    "a decoy that hides torch": ("return torch.lstm(x)", "class A:\n    lstm = 1\nif 0:\n    class torch: ...", ""),
    "a decoy that is deleted": ("return torch.lstm(x)", "", "def torch(): ...\ndel torch\nimport torch"),
    "a decoy beside a star": ("return lstm(x)", "if 0:\n    lstm = 1", "from torch import *"),
    "a decoy in a comprehension": ("[1 for lstm in ()]; return lstm(x)", "", "from torch import *"),
    "a decoy of exec": ("exec('1')", "if 0:\n    exec = 1", ""),
    "a match on keywords": ("match torch:\n    case object(lstm=f): return f(x)", "", ""),
    "a match on a class": ("match x:\n    case nn.LSTM(): return x", "", ""),
    "a match on a value": ("match x:\n    case torch.lstm: return x", "", ""),
    "a script block": (
        "return cheat(x)",
        'if __name__ == "__main__":\n    def cheat(x): return torch.lstm(x)',
        '__name__ = "__main__"',
    ),
    "a script block through globals": (
        "return cheat(x)",
        'if __name__ == "__main__":\n    def cheat(x): return torch.lstm(x)',
        'globals()["__name__"] = "__main__"',
    ),
    "a script block by an import": (
        "return cheat(x)",
        'if __name__ == "__main__":\n    def cheat(x): return torch.lstm(x)',
        "from torch import x as __name__",
    ),
    "a class body": ("pass", "class Unused:\n    setattr(nn.Module, 'helper', torch.lstm)", ""),
    "exec in a class body": ("pass", "class Unused:\n    exec(text)", ""),
    "a default that is evaluated": ("pass", "def unused(x=setattr(nn.Module, 'helper', torch.lstm)): ...", ""),
    "a decorator": ("pass", "@torch.lstm\ndef unused(): ...", ""),
    "a decorator that calls": ("pass", "@map\ndef unused(): nn.Module.helper = torch.lstm", ""),
    "a decorator's name bound by a loop": (
        "pass",
        "class No:\n    def no_grad(f): f.h = t.lstm\nfor torch in [No]:\n    @torch.no_grad\n    def unused(): ...",
        "import torch as t",
    ),
    "a decorator's name bound in a class": (
        "pass",
        "class No:\n    def no_grad(f=1): nn.Module.h = t.lstm\nclass A:\n    torch = No\n    torch.no_grad()",
        "import torch as t",
    ),
    "an annotation with a call": ("pass", "def unused(x: setattr(nn.Module, 'h', torch.lstm)): ...", ""),
    "a right-hand side": ("pass", "_ = setattr(nn.Module, 'helper', torch.lstm)", ""),
    "a right-hand side that only names": ("pass", "unused = torch.lstm", ""),
    "a base": ("pass", "class Unused(nn.LSTM): ...", ""),
    "a keyword of a class": ("pass", "class Unused(metaclass=torch.lstm): ...", ""),
    "a function called at import": ("pass", "def install(): nn.Module.helper = torch.lstm\ninstall()", ""),
    "a method called in its class": ("pass", "class A:\n    def f(): nn.Module.helper = torch.lstm\n    f()", ""),
    "a lambda called in a class": ("pass", "class A:\n    (lambda: setattr(nn.Module, 'h', torch.lstm))()", ""),
    "a subclass that runs code": (
        "pass",
        "class A:\n    def __init_subclass__(cls): cls.go()\nclass B(A):\n    def go(): nn.Module.h = torch.lstm",
        "",
    ),
    "a metaclass": (
        "pass",
        "class M(type):\n    __init__ = lambda c, *a: c.go()\nclass B(metaclass=M):\n    def go(): nn.h = torch.lstm",
        "",
    ),
    "an item of a class": ("pass", "class A:\n    def __class_getitem__(c, i): nn.Module.h = torch.lstm\nA[0]", ""),
    "a class replaced by a loop": (
        "pass",
        "class B(nn.Module):\n    f = lambda s, x: torch.lstm(x)\nfor LSTM in [B]: ...",
        "",
    ),
    "an annotation that is asked for": ("return run.__annotations__['x']", "", ""),
    "a string in an annotation": ("def f(x: 'torch.lstm'): ...\nreturn f", "", ""),
    "type hints": ("return typing.get_type_hints(run)", "", "import typing"),
    "a forward reference": ("return typing.ForwardRef(name)", "", "import typing"),
    "torch compiles text": ("return torch.jit.CompilationUnit(text).f(x)", "", ""),
    "torch.fx": ("return torch.fx.Graph()", "", ""),
    "torch.hub": ("return torch.hub.load(x)", "", ""),
    "a package": ("return torch.package.PackageImporter(x)", "", ""),
    "C++": ("return torch.utils.cpp_extension.load_inline(x)", "", ""),
    "an operator by name": ("return torch.library.Library(x)", "", ""),
    "importlib in another module": ("return F.importlib.import_module(name)", "", ""),
    "builtins in another module": ("return torch.builtins.eval(text)", "", ""),
    "builtins of a function": ("return print.__self__.eval(text)", "", ""),
    "builtins of a module": ("return __builtins__['eval'](text)", "", ""),
    "a function from code": ("return types.FunctionType(code, {})", "", "import types"),
    "all functions of torch": ("return torch.overrides.get_overridable_functions()", "", ""),
    "a private layer": ("return L(x)", "", "from torch.ao.nn.quantizable.modules.rnn import _LSTMSingleLayer as L"),
    "mkldnn": ("return torch.mkldnn_rnn_layer(x)", "", ""),
    "an operator": ("return torch.ops.aten.lstm.input(x)", "", ""),
    "a fused cell": ("return torch.ops.aten._thnn_fused_lstm_cell(x)", "", ""),
    "cudnn": ("return torch._cudnn_rnn(x)", "", ""),
    "a cell in a string that getattr reads": ("return getattr(torch.ops.aten, 'gru')(x)", "", ""),
    "a module of torch by another": ("return F.torch.lstm(x)", "class A:\n    lstm = 1", ""),
    "a name that is declared global at the top": (
        "return helper(x)",
        "global helper\nhelper = lambda x: torch.lstm(x)",
        "",
    ),
    "an alias in a function": (
        "return f(x)",
        "def f(x):\n    a = torch.nn\n    b = a.modules\n    return b.rnn.LSTM(x)",
        "",
    ),
}


@pytest.mark.parametrize(("body", "tail", "head"), CHEATS.values(), ids=CHEATS)
def test_plain_names_are_found_however_they_are_written(body, tail, head):
    findings = lstm(body, tail, head)
    assert [f.deliverables for f in findings if "naive.LSTM" in f.deliverables], findings


ATTENTION_CHEATS = {
    "scaled_dot_product_attention": ("return F.scaled_dot_product_attention(x)", "", "import torch.nn.functional as F"),
    "its private version": ("return torch._scaled_dot_product_attention_math(x)", "", ""),
    "flash attention": ("return torch._scaled_dot_product_flash_attention_for_cpu(x)", "", ""),
    "an operator": ("return torch.ops.aten._efficient_attention_forward(x)", "", ""),
    "a layer of another": ("return nn.Transformer(8).encoder.layers[0].self_attn(x)", "", ""),
    "the other class": ("return FullTransformerTranslator(1, 2, 'cpu').transformer.encoder(x)", "", ""),
    "its type": ("return type(nn.Transformer().encoder.layers[0].self_attn)(8, 2)", "", ""),
    "flex attention": ("return flex_attention(x)", "", "from torch.nn.attention.flex_attention import flex_attention"),
    "a fused layer": ("return torch._transformer_encoder_layer_fwd(x)", "", ""),
}


@pytest.mark.parametrize(("body", "tail", "head"), ATTENTION_CHEATS.values(), ids=ATTENTION_CHEATS)
def test_families_of_attention(body, tail, head):
    findings = attention(body, tail, head)
    assert [f.deliverables for f in findings], findings
    assert {f.deliverables for f in findings} == {("transformer.attention",)}


HONEST = {
    "attributes of such names": (
        "self.lstm = self.rnn = nn.Linear(1, 2); self.lstm(x); self.rnn(x); self.attention = 1",
        "",
        "",
    ),
    "setattr": ("setattr(self, 'lstm_cell', 1); self.lstm_cell", "", ""),
    "setattr with a name in pieces": ("setattr(self, f'lstm_{x}', 1); self.lstm_i", "", ""),
    "register": ("self.register_parameter('lstm_weight', None); self.lstm_weight", "", ""),
    "add_module": ("self.add_module('rnn_', x); self.rnn_(x)", "", ""),
    "methods of such names": (
        "self.cell = Cell(); self.cell.lstm_cell(x)",
        "class Cell:\n    def lstm_cell(self, x): return self.rnn_tanh(x)\n    def rnn_tanh(self, x): return x",
        "",
    ),
    "its own method": ("return self.lstm_cell(x)", "", "class Base:\n    def lstm_cell(self, x): return x"),
    "local names": ("lstm = gru = rnn = x; attention = lstm + gru; return lstm, rnn, attention", "", ""),
    "local names beside a star": (
        "lstm = x; lstm_out = lstm; return [gru_cell for gru_cell in lstm_out]",
        "",
        "from torch import *",
    ),
    "parameters beside a star": ("f = lambda lstm_cell, rnn_tanh: lstm_cell; return f", "", "from torch.nn import *"),
    "functions of such names": ("return lstm_step(x)", "def lstm_step(x): return x", ""),
    "its own class beside a stray import": ("return super(LSTM, self)", "", "from torch.nn import LSTM"),
    "modules of torch by other names": (
        "n = torch.nn; f = n.functional; return f.relu(self.lstm_cell(x))",
        "class A:\n    def lstm_cell(self): ...",
        "",
    ),
    "functions in a table": (
        "for act in (torch.sigmoid, torch.tanh, F.relu, nn.Linear): act(self.lstm_cell(x))",
        "class A:\n    def lstm_cell(self): ...",
        "",
    ),
    "a table at the top": ("return ACTS['i'](self.lstm_cell(x))", "ACTS = {'i': torch.sigmoid, 'g': torch.tanh}", ""),
    "an activation by name": ("self.act = getattr(torch, self.activation); return self.act(self.lstm_cell(x))", "", ""),
    "types of torch": (
        "isinstance(x, torch.Tensor); x.to(torch.float32); return self.lstm_cell(x, device=torch.device)",
        "",
        "",
    ),
    "named tuples": (
        "s = State(1, 2); return s.lstm_h, s.gru",
        "State = namedtuple('State', 'lstm_h gru')",
        "from collections import namedtuple",
    ),
    "typed tuples": (
        "return State(1).lstm_h",
        "class State(NamedTuple):\n    lstm_h: int",
        "from typing import NamedTuple",
    ),
    "enums": (
        "return Kind.LSTM, Kind.GRU_CELL",
        "class Kind(Enum):\n    LSTM = 1\n    GRU_CELL = 2",
        "from enum import Enum",
    ),
    "dataclasses": (
        "return State(1).gru_h",
        "@dataclass\nclass State:\n    gru_h: int",
        "from dataclasses import dataclass",
    ),
    "simple namespaces": ("s = SimpleNamespace(lstm=1); return s.lstm", "", "from types import SimpleNamespace"),
    "keys": ("p = nn.ModuleDict({'lstm': x, 'gru': x}); return p['lstm'], p.gru", "", ""),
    "strings": ("if self.kind == 'lstm': raise ValueError('LSTM', 'torch.lstm')", "", ""),
    "eval and compile": ("self.eval(); model = x; model.eval(); torch.compile(x)", "", ""),
    "its own eval": ("return eval(x)", "def eval(x): return x", ""),
    "annotations of its own": ("def f(cell: 'LSTM', x: torch.Tensor) -> 'torch.Tensor': ...", "", ""),
    "annotations nobody asks for": ("pass", "", "from __future__ import annotations"),
    "__class__ and __name__": ("return self.__class__.__name__, type(self).__name__, self.lstm_cell", "", ""),
    "a class of autograd": (
        "return self.lstm_cell(x)",
        "class Step(torch.autograd.Function):\n    def lstm_cell(self): ...",
        "",
    ),
    "no_grad": (
        "return self.lstm_cell(x)",
        "class A:\n    @torch.no_grad()\n    def lstm_cell(self): ...\n    @staticmethod\n    def g(): ...",
        "",
    ),
    "padding": (
        "return nn.utils.rnn.pad_sequence(x), pad_sequence(x)",
        "",
        "from torch.nn.utils.rnn import pad_sequence",
    ),
    "a script": (
        "pass",
        'if __name__ == "__main__":\n    import pandas\n    print(nn.LSTM(1, 2), vars(torch), exec)',
        "",
    ),
    "its own other class": ("return VanillaRNN(1, 2, 3)", "", "from models.naive.RNN import VanillaRNN"),
    "private names": ("self.__lstm = self.lstm_cell = x; return self.__lstm, self.lstm_cell", "", ""),
    "super": ("super().__setattr__('lstm', x); return self.lstm", "", ""),
    "match": ("match x:\n    case torch.Tensor(): return self.lstm_cell(x)\n    case (lstm, rnn): return lstm", "", ""),
}


@pytest.mark.parametrize(("body", "tail", "head"), HONEST.values(), ids=HONEST)
def test_honest_work_is_not_refused(body, tail, head):
    assert [str(f) for f in lstm(body, tail, head)] == []


HONEST_ATTENTION = {
    "names of layers": ("self.attention = self.self_attention = nn.Linear(1, 2); self.self_attention(x)", "", ""),
    "methods": ("return self.scaled_attention(x)", "class A:\n    def scaled_attention(self, x): ...", ""),
    "functions": ("return scaled_dot_product_attention(x)", "def scaled_dot_product_attention(x): return x", ""),
    "classes": ("return SelfAttention(x)", "class SelfAttention(nn.Module):\n    def attention_head(self): ...", ""),
    "a helper of the full model": ("pass", "def layers(n):\n    return nn.TransformerEncoderLayer(n, 1)", ""),
    "its annotations": (
        "pass",
        "def run(t: nn.Transformer) -> 'nn.Transformer':\n    x: nn.Transformer = t\n    return x",
        "",
    ),
    "a declared layer": (
        "pass",
        "class Holder(nn.Module):\n    transformer: nn.Transformer\n    def f(self): return nn.Transformer()",
        "",
    ),
    "constants of a class": (
        "pass",
        "class A:\n    PAD = 0\n    NEXT = PAD + 1\n    @torch.no_grad()\n    def make(s): return nn.Transformer()",
        "",
    ),
    "a base with layers": (
        "pass",
        "class Base(nn.Module):\n    def f(self): return nn.Transformer()\n"
        "class Holder(Base):\n    @torch.no_grad()\n    def generate(self): ...",
        "",
    ),
    "static methods": ("pass", "class Holder:\n    @staticmethod\n    def make(): return nn.Transformer()", ""),
    "a loop variable called as a function elsewhere": (
        "for layers in x: layers(x)",
        "def layers(): return nn.Transformer()",
        "",
    ),
    "namespaces in use": ("modules = (nn, torch)", "", ""),
}


@pytest.mark.parametrize(("body", "tail", "head"), HONEST_ATTENTION.values(), ids=HONEST_ATTENTION)
def test_honest_work_beside_refused_layers(body, tail, head):
    assert [str(f) for f in attention(body, tail, head)] == []


def test_a_file_answers_for_what_runs_when_it_imports_another():
    """An import alone counts, directly or not."""
    effect = (
        SOLUTION[ENCODER].decode()
        + "\n\ndef helper(self, x):\n    return torch.lstm(x)\n\n\nnn.Module.helper = helper\n"
    )
    direct = LSTM_TEXT.format(head="import models.seq2seq.Encoder", body="pass", tail="")
    finding = [f for f in look({ENCODER: effect, LSTM: direct}) if "torch.lstm" in f.message]
    assert [(f.file, f.deliverables) for f in finding] == [(ENCODER, ("naive.LSTM",))]
    assert f"1.2 LSTM gets there by the import in {LSTM}:4." in finding[0].message
    through = "from models.seq2seq import Encoder\n" + SOLUTION[RNN].decode()
    deep = LSTM_TEXT.format(head="", body="import models.naive.RNN", tail="")
    hit = {d for f in look({ENCODER: effect, RNN: through, LSTM: deep}) for d in f.deliverables if f.file == ENCODER}
    assert hit == {"naive.RNN", "naive.LSTM"}


@pytest.mark.parametrize("way", ["[*globals().values()][-1]()", "nn.Module.__subclasses__()[-1].forward(None)"])
def test_code_that_no_name_leads_to_is_not_found(way):
    """docs/security.md says so."""
    tail = "class Other(nn.Module):\n    def forward(self): return nn.LSTM\ndef other(): return nn.LSTM"
    assert lstm(f"return {way}(x)", tail) == []


def test_a_line_of_another_deliverable_is_told_with_the_reason():
    (finding,) = attention(tail="model = FullTransformerTranslator(1, 2, 'cpu')")
    assert finding.deliverables == ("transformer.attention",)
    assert "3.2 Multi-head attention answers for this line: it runs when the file is imported" in finding.message
    (finding,) = attention("return nn.Transformer()")
    assert "answers for this line" not in finding.message


def test_a_name_that_may_be_torchs_own_is_told_with_the_reason():
    text = "class Cell:\n    def lstm_cell(self, x): return x"
    assert lstm("return Cell().lstm_cell(x)", text) == []
    finding = lstm("helper(nn); return Cell().lstm_cell(x)", text)
    assert len(finding) == 1
    assert "(...).lstm_cell is refused" in finding[0].message
    assert f"since line {finding[0].line} hands on nn whole. If it is, rename it." in finding[0].message


def test_families_cover_what_torch_has():
    """Every recurrent layer and attention that torch offers under any name, private ones included."""
    spaces = [torch, torch.nn, torch.nn.functional, torch.nn.modules.rnn, torch._C._VariableFunctions, torch.ops.aten]
    there = {word for space in spaces for word in dir(space)} - {"attention", "rnn", "transformer"}  # modules
    for id, families in (
        ("naive.LSTM", ("lstm", "gru", "rnn")),
        ("transformer.attention", ("attention", "transformer")),
    ):
        names = {word for word in there if any(family in word.lower() for family in families)}
        refused = {word for word in names if any(refuses(pattern, f"torch.ops.aten.{word}") for pattern in REFUSED[id])}
        assert len(names) > 20
        assert refused == names
