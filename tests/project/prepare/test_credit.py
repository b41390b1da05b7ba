"""Points go where the work is: half-done work gets little, a mistake costs its own rows, and helpers are optional."""

import importlib
import inspect
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from torch import nn

from autograder.prepare import credit, store
from autograder.prepare.answers import Answers
from autograder.prepare.mistakes import activated, changed
from autograder.rubric import Rubric
from harness.contract import Assignment
from harness.draws import measured
from harness.graded import TESTS, GradedTest
from harness.judge import judge
from harness.run import run_case
from harness.submission.preflight import inspect as preflight

ROOT = TESTS.parent
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
RUBRIC = Rubric.load(ROOT / "autograder" / "rubric.toml")


@pytest.fixture(scope="module")
def answers(graded: list[GradedTest]) -> Answers:
    return store.load_public(ROOT, graded).answers


# Partial credit.


def test_unfinished_code_gets_little(graded):
    trials = credit.trials(ROOT, graded)
    assert pickle.loads(pickle.dumps(trials[0])).version == trials[0].version, "the command hands it to a process"
    shares = credit.survey(trials, map)
    assert {deliverable.id for deliverable in RUBRIC.deliverables} == {id for id, _ in shares}
    assert credit.unexpected(ROOT, shares) == []


# Helpers that no test calls.

RNN_MODEL, GENERATION, TRANSFORMER = (
    "models/language_model/RNNModel.py",
    "models/language_model/generation.py",
    "models/Transformer.py",
)
INITIALISED = """nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
"""
CHOSEN = """            best = int(log_probabilities[-1].argmax())
            if temperature > 0 and not greedy:
                weights = torch.softmax(log_probabilities[-1] / temperature, dim=0)
                best = int(torch.multinomial(weights, 1, generator=generator))
            unread = tokens.new_tensor([[best]])
"""
EMBEDDED = """if {0}.size(1) > self.max_length:
            raise ValueError(f"{{{0}.size(1)}} of {{self.max_length}}")
        embedded = self.{1}_embedding({0}) + self.{1}_position_embedding.weight[: {0}.size(1)]
"""
WITHOUT: dict[str, tuple[str, dict[str, str]]] = {  # helper -> its file, and what stands where it was called
    "RNNModel.init_weights": (RNN_MODEL, {r"self\.init_weights\(\)\n": INITIALISED}),
    "choose": (GENERATION, {r"            unread = tokens.new_tensor\(\[\[choose.*\n": CHOSEN}),
    "FullTransformerTranslator.embed": (
        TRANSFORMER,
        {
            r"embedded = self.embed\(src, .*\n": EMBEDDED.format("src", "source"),
            r"S = tgt.size\(1\)\n": f"S = tgt.size(1)\n        {EMBEDDED.format('tgt', 'target')}",
            r"self.embed\(tgt, .*\),\n": "embedded,\n",
        },
    ),
}
OPTIONAL = {f.name: d for d in ASSIGNMENT.deliverables for f in d.functions if f.optional}


def without(helper: str) -> tuple[str, str]:
    """The solution's file in which a helper is written out where it was called."""
    file, replaced = WITHOUT[helper]
    source = (ROOT / "solution" / file).read_text(encoding="utf-8")
    holder, _, name = helper.rpartition(".")
    start = source.index(f"class {holder}(") if holder else 0
    definition = re.compile(rf"^( *)def {name}\(.*?(?=^\1(?:def |@)|\Z)", re.MULTILINE | re.DOTALL)
    head, tail = source[:start], definition.sub("", source[start:], count=1)
    for pattern, text in replaced.items():
        tail, replaced = re.subn(pattern, lambda _, text=text: text, tail)
        assert replaced == 1, pattern
    assert f"{name}(" not in tail
    return file, head + tail


def test_helpers_are_those_that_no_test_calls():
    assert WITHOUT.keys() == OPTIONAL.keys()


@pytest.mark.parametrize("helper", WITHOUT)
def test_a_tree_without_a_helper_is_right(helper, graded, answers):
    file, source = without(helper)
    files = {file: source.encode()}
    assert [
        str(finding)
        for finding in preflight(files, ASSIGNMENT)
        if finding.file == file and finding.rule != "not-started"
    ] == []
    assert failing(file, source, graded, answers) == set()


def failing(
    file: str,
    source: str,
    graded: list[GradedTest],
    answers: Answers,
    spoil: Callable[[Any], None] | None = None,
) -> set[str]:
    """The rows that fail on the solution with another source in one file, of all deliverables that may notice."""
    hit = {deliverable.id for deliverable in ASSIGNMENT.by_file(file)}
    modules = {deliverable.tests for deliverable in (*ASSIGNMENT.by_file(file), *ASSIGNMENT.dependants(hit))}
    failed: set[str] = set()
    with changed(ROOT, file, source) as folder, activated(folder) as tree:
        if spoil:
            spoil(importlib.import_module(file.removesuffix(".py").replace("/", ".")))
        for test in graded:
            for case in test.cases if test.module in modules else ():
                right = answers.outcomes[test.identifier(case)]
                outcome = measured(run_case(test, case, tree, answers.seeds[test.identifier(case)]), right)
                if not judge(outcome, right, test.tolerance).passed:
                    failed.add(test.number)
    return failed


# How tests call.


def test_the_contract_says_how_tests_call(graded, answers):
    """Which functions tests call, and which of their parameters they give by name."""
    by_name: dict[tuple[str, str], set[str]] = defaultdict(set)
    with activated(ROOT / "solution") as tree:
        for file in ASSIGNMENT.files:
            module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
            for name in {
                function.name for deliverable in ASSIGNMENT.by_file(file) for function in deliverable.functions
            }:
                watch(module, name, lambda name, options, file=file: by_name[file, name].update(options))
        for test in graded:
            for case in test.cases:
                outcome = run_case(test, case, tree, answers.seeds[test.identifier(case)])
                assert outcome.fault is None
    required = {
        (deliverable.file, function.name)
        for deliverable in ASSIGNMENT.deliverables
        for function in deliverable.functions
        if not function.optional
    }
    assert by_name.keys() == required
    for deliverable in ASSIGNMENT.deliverables:
        given_by_name = {
            name for function in deliverable.functions for name in by_name[deliverable.file, function.name]
        }
        assert sorted(deliverable.by_name) == sorted(given_by_name), (
            f"tests/{deliverable.tests}: tests give the parameters on the right by name, and keywords.py finds those "
            "on the left. What is on the right alone: give it by name in this file, in a call of the function or of a "
            "helper's **options. What is on the left alone: another call in this file gives such a name; give that by "
            "position"
        )


def watch(module: Any, name: str, note: Callable[[str, Mapping[str, Any]], object]) -> None:
    """Call note for every call of a function that comes from a test, with what is given by name."""
    holder, _, last = name.rpartition(".")
    place = getattr(module, holder) if holder else module
    right = getattr(place, last)

    def call(*args: Any, **options: Any) -> Any:
        frame = sys._getframe(1)
        while "torch" in frame.f_code.co_filename and frame.f_back:
            frame = frame.f_back
        if frame.f_code.co_filename.startswith((str(TESTS / "models"), str(ROOT / "harness"))):
            note(name, options)
        return right(*args, **options)

    setattr(place, last, call)


@pytest.mark.parametrize("file", ASSIGNMENT.files)
def test_layers_may_be_used_through_their_weights(file, graded, answers, monkeypatch):
    """No test may listen for calls of these layers: `F.linear(x, layer.weight, layer.bias)` makes none."""
    for kind in (nn.Linear, nn.Embedding):
        monkeypatch.setattr(kind, "__call__", kind.forward)
    source = (ROOT / "solution" / file).read_text(encoding="utf-8")
    assert failing(file, source, graded, answers) == set()


# What is special costs the rows that are about it.


@dataclass(frozen=True)
class Special:
    """Code that stops where something is special, and the rows that may notice.

    Attributes:
        when: a function's arguments, by their names in the solution -> whether it is special.
    """

    what: str
    file: str
    function: str
    when: Callable[[Mapping[str, Any]], bool]
    rows: frozenset[str]

    def spoil(self, module: Any) -> None:
        """Let the module's function stop there."""
        holder, _, last = self.function.rpartition(".")
        place = getattr(module, holder) if holder else module
        right = getattr(place, last)

        def call(*args: Any, **options: Any) -> Any:
            bound = inspect.signature(right).bind(*args, **options)
            bound.apply_defaults()
            if self.when(bound.arguments):
                raise IndexError(self.what)
            return right(*args, **options)

        setattr(place, last, call)


def length(name: str, axis: int, size: int = 1) -> Callable[[Mapping[str, Any]], bool]:
    """Whether an argument has one entry along an axis."""
    return lambda arguments: arguments[name].size(axis) == size


POSITIONS = "models/language_model/TransformerModel.py"
SPECIAL = [
    Special(what, file, function, when, frozenset(rows.split()))
    for file, function, what, when, rows in [
        ("models/naive/RNN.py", "VanillaRNN.forward", "one row", length("input", 0), "1.1.2"),
        ("models/naive/LSTM.py", "LSTM.forward", "one row", length("x", 0), "1.2.5"),
        ("models/naive/LSTM.py", "LSTM.forward", "one step", length("x", 1), "1.2.3 1.2.5"),
        ("models/seq2seq/Encoder.py", "Encoder.forward", "one sentence", length("input", 0), "2.1.4"),
        ("models/seq2seq/Encoder.py", "Encoder.forward", "one token", length("input", 1), "2.1.4"),
        ("models/seq2seq/Decoder.py", "Decoder.compute_attention", "one row", length("hidden", 1), "2.2.4"),
        ("models/seq2seq/Decoder.py", "Decoder.forward", "one row", length("input", 0), "2.3.9"),
        ("models/seq2seq/Seq2Seq.py", "Seq2Seq.forward", "one sentence", length("source", 0), "2.4.3"),
        (TRANSFORMER, "TransformerTranslator.embed", "one sentence", length("inputs", 0), "3.1.3"),
        (TRANSFORMER, "TransformerTranslator.multi_head_attention", "one row", length("inputs", 0), "3.2.5 3.2.6"),
        (TRANSFORMER, "TransformerTranslator.multi_head_attention", "one position", length("inputs", 1), "3.2.5"),
        (TRANSFORMER, "TransformerTranslator.feedforward_layer", "one row", length("inputs", 0), "3.3.3"),
        (TRANSFORMER, "TransformerTranslator.forward", "one sentence", length("inputs", 0), "3.4.3"),
        (TRANSFORMER, "FullTransformerTranslator.forward", "one sentence", length("src", 0), "3.5.2"),
        (TRANSFORMER, "FullTransformerTranslator.__init__", "one head", lambda a: a["num_heads"] == 1, ""),
        (TRANSFORMER, "FullTransformerTranslator.generate_translation", "one row", length("src", 0), "3.6.7"),
        ("models/language_model/batching.py", "batchify", "one column", lambda a: a["batch_size"] == 1, "4.1.2"),
        ("models/language_model/batching.py", "get_batch", "one column", length("source", 1), "4.1.6"),
        (RNN_MODEL, "RNNModel.__init__", "one layer", lambda a: a["nlayers"] == 1, "4.2.4"),
        (RNN_MODEL, "RNNModel.forward", "one column", length("input", 1), "4.2.4 4.6.10"),
        (RNN_MODEL, "RNNModel.forward", "one step", length("input", 0), "4.2.4 4.6.10"),
        (POSITIONS, "PositionalEncoding.__init__", "an odd size", lambda a: a["d_model"] % 2 == 1, "4.3.2"),
        (POSITIONS, "TransformerModel.forward", "no mask", lambda a: a["src_mask"] is None, "4.4.4 4.6.10"),
        (POSITIONS, "TransformerModel.forward", "one column", length("src", 1), "4.4.3 4.6.10"),
    ]
]


@pytest.mark.parametrize("special", SPECIAL, ids=lambda special: f"{special.function}: {special.what}")
def test_a_mistake_for_what_is_special_costs_the_rows_about_it(special, graded, answers):
    source = (ROOT / "solution" / special.file).read_text(encoding="utf-8")
    assert failing(special.file, source, graded, answers, special.spoil) == special.rows
