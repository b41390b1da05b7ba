"""Students' code that is wrong: training says what, before anything is trained or written."""

import shutil
from pathlib import Path

import pytest

from tests.project.workbench import trees
from workbench.errors import WorkbenchError, explained
from workbench.training import launch
from workbench.training.run_folder import Run
from workbench.training.settings import Settings
from workbench.training.trained import Trained
from workbench.training.trees import open_tree

pytestmark = pytest.mark.usefixtures("few_sentences", "trees_forgotten")
SIZES = {
    "lstm": ("emb_size=8", "hidden_size=8"),
    "transformer-encoder": ("hidden_dim=8", "num_heads=2", "head_dim=4", "dim_feedforward=8"),
    "transformer": ("hidden_dim=8", "num_heads=2", "dim_feedforward=8", "num_layers_enc=1", "num_layers_dec=1"),
}
SEQ2SEQ, TRANSFORMER = "seq2seq/Seq2Seq.py", "Transformer.py"
WRONG = {  # model, file, what stands there, what a student has instead -> what is said
    "time first": (
        *("lstm", SEQ2SEQ, "torch.stack(outputs, dim=1)", "torch.stack(outputs, dim=0)"),
        r"Seq2Seq\.forward returned a tensor \((\d+), 2, (\d+)\); expected \(N, L, V\), here \(2, \1, \2\)\.",
    ),
    "a position too few": (
        *("lstm", SEQ2SEQ, "torch.stack(outputs, dim=1)", "torch.stack(outputs[1:], dim=1)"),
        r"Seq2Seq\.forward returned a tensor \(2, \d+, \d+\); expected \(N, L, V\)",
    ),
    "detached": (
        *("lstm", SEQ2SEQ, "torch.stack(outputs, dim=1)", "torch.stack(outputs, dim=1).detach()"),
        r"no gradient can go back through what Seq2Seq\.forward returned; was something detached\?",
    ),
    "a list": (
        *("lstm", SEQ2SEQ, "torch.stack(outputs, dim=1)", "outputs"),
        r"Seq2Seq\.forward returned a list; expected \(N, L, V\)",
    ),
    "scores of hidden features": (
        *("transformer-encoder", TRANSFORMER, "self.final_layer(self.feedforward_layer(hidden))", "hidden"),
        r"TransformerTranslator\.forward returned a tensor \(2, \d+, 8\); expected \(N, L, V\)",
    ),
    "the target is not shifted": (
        *("transformer", TRANSFORMER, "self.decode(tgt[:, :-1], ", "self.decode(tgt, "),
        r"FullTransformerTranslator\.forward returned a tensor \(2, \d+, \d+\); expected \(N, L, V\)",
    ),
    "tokens alone": (
        *("transformer", TRANSFORMER, "return tokens, scores", "return tokens"),
        r"FullTransformerTranslator\.generate_translation has to return a pair, tokens and scores",
    ),
    "no such package": (
        *("transformer", TRANSFORMER, "import torch\n", "import numpyy\nimport torch\n"),
        r"your code stopped with ModuleNotFoundError: No module named 'numpyy' \(\S*models/Transformer\.py:\d+\)",
    ),
    "no Python": (
        *("transformer", TRANSFORMER, "return tokens, scores", "return (tokens, scores"),
        r"your code stopped with SyntaxError: '\(' was never closed \(\S*models/Transformer\.py:\d+\)",
    ),
}


def changed(folder: Path, file: str, right: str, wrong: str) -> Path:
    """The solution but for one place."""
    shutil.copytree(trees.SOLUTION / "models", folder / "models")
    path = folder / "models" / file
    source = path.read_text("utf-8")
    assert source.count(right) == 1
    path.write_text(source.replace(right, wrong), "utf-8")
    return folder


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_before_anything_is_written(tmp_path: Path, name: str) -> None:
    model, file, right, wrong, words = WRONG[name]
    tree = open_tree(changed(tmp_path / "tree", file, right, wrong))
    settings = Settings.of(model, "captions", changes=[*SIZES[model], "epochs=1"])
    with pytest.raises(WorkbenchError, match=words):
        launch.train(settings, tmp_path / "run", tree, device="cpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("line", "said"), [('raise ValueError("too late")', "ValueError: too late"), ("sys.exit(3)", "SystemExit: 3")]
)
def test_what_stops_in_the_middle_of_training_is_shown_with_the_students_lines_alone(tmp_path, line, said):
    right = "torch.stack(outputs, dim=1)"
    path = changed(tmp_path / "tree", SEQ2SEQ, right, f"late({right})") / "models" / SEQ2SEQ
    body = f"    calls.append(1)\n    if len(calls) > 30:\n        {line}\n    return outputs\n"
    path.write_text(f"{path.read_text('utf-8')}\n\nimport sys\n\n\ndef late(outputs, calls=[]):\n{body}", "utf-8")
    settings = Settings.of("lstm", "captions", changes=[*SIZES["lstm"], "epochs=20", "batch_size=10"])
    with pytest.raises((ValueError, SystemExit)) as stopped:
        launch.train(settings, tmp_path / "run", open_tree(tmp_path / "tree"), device="cpu")
    words = (explained(stopped.value) or "").splitlines()
    end = len(path.read_text("utf-8").splitlines()) - 1
    assert words[0] == f"your code stopped with {said} ({path}:{end})"
    assert words[-2:] == [f"  {path}:{end}, in late", f"    {line}"]
    assert [place.split(", in ")[1] for place in words[1::2]] == ["forward", "late"]
    assert Run.open(tmp_path / "run").read_log(), "what was saved before stays"


def test_a_file_that_students_code_misses_is_told_with_its_line(tmp_path):
    changed(tmp_path, SEQ2SEQ, "torch.stack(outputs, dim=1)", 'open("weights.pt")')
    tree = open_tree(tmp_path)
    with pytest.raises(
        WorkbenchError, match=r"FileNotFoundError: .*weights\.pt.*Seq2Seq\.py:\d+\)\n  .*, in forward\n    "
    ):
        launch.try_out(Settings.of("lstm", "captions", changes=SIZES["lstm"]), tree, device="cpu")


def test_weights_for_code_that_is_not_written_yet_name_the_todo(tmp_path: Path) -> None:
    settings = Settings.of("lstm", "captions", changes=[*SIZES["lstm"], "epochs=1"])
    launch.train(settings, tmp_path / "run", open_tree(trees.SOLUTION), device="cpu")
    with pytest.raises(NotImplementedError, match=r"seq2seq\."):
        Trained.load(tmp_path / "run", trees.ROOT / "student", device="cpu")
