"""Where the time goes in a training loop, whoever has written it."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.project.workbench.commands.test_commands import ROOT, workbench
from workbench.errors import DataError, SettingsError, WorkbenchError
from workbench.language_model.diagram import diagram
from workbench.language_model.profiling import LOOP, Phase, Profile, profile_training
from workbench.training.settings import Settings
from workbench.training.trees import open_tree

SMALL = ("hidden_size=8", "batch_size=4", "bptt=6")
OWN = """
import time
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_
from models.language_model import batching

def train_epoch(model, source, optimizer, bptt=35, clip=0.25):
    criterion, hidden = nn.NLLLoss(), model.init_hidden(source.size(1))
    for i in range(0, source.size(0) - 1, bptt):
        data, target = batching.get_batch(source, i, bptt)
        model.zero_grad()
        log_probabilities, hidden = model(data, batching.repackage_hidden(hidden))
        criterion(log_probabilities, target).backward()
        CLIP
        optimizer.step()
"""
Written = Callable[[str], Path]
pytestmark = pytest.mark.usefixtures("trees_forgotten")


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A tree with another training.py."""

    def write(training: str) -> Path:
        shutil.copytree(ROOT / "solution", tmp_path / "tree")
        (tmp_path / "tree" / "models" / "language_model" / "training.py").write_text(training)
        return tmp_path / "tree"

    return write


def profiled(root: Path, model: str = "lstm", batches: int = 3, lines: bool = False) -> Profile:
    settings = Settings.of(model, "stories", "default", SMALL)
    return profile_training(open_tree(root), settings, None, batches, torch.device("cpu"), lines)


@pytest.mark.parametrize("model", ["rnn-tanh", "lstm", "transformer"])
def test_every_phase_of_the_solution_is_seen(model: str) -> None:
    profile = profiled(ROOT / "solution", model)
    calls = {phase.name: phase.calls for phase in profile.phases}
    assert calls == {"batchify": 1, **dict.fromkeys(LOOP, 3), "step": 6, "rest": 1}  # step: with zero_grad
    assert sum(phase.share or 0 for phase in profile.phases) == pytest.approx(1)
    assert all(phase.seconds > 0 for phase in profile.phases)
    assert sum(share for _, share in profile.operators) <= 1 + 1e-9
    assert profile.missing() == []


def test_profiling_restores_the_functions_that_it_watched() -> None:
    before = (F.nll_loss, F.cross_entropy, nn.utils.clip_grad_norm_, torch.Tensor.backward)
    profiled(ROOT / "solution")
    assert (F.nll_loss, F.cross_entropy, nn.utils.clip_grad_norm_, torch.Tensor.backward) == before
    training = sys.modules["models.language_model.training"]
    batching = sys.modules["models.language_model.batching"]
    assert training.get_batch is batching.get_batch
    assert not hasattr(batching.get_batch, "__wrapped__")


def test_a_loop_that_is_written_in_another_way_is_understood(written: Written) -> None:
    profile = profiled(written(OWN.replace("CLIP", "clip_grad_norm_(model.parameters(), clip)")))
    assert {phase.name: phase.calls for phase in profile.phases if phase.name in LOOP} == dict.fromkeys(LOOP, 3)


def test_a_phase_takes_the_time_that_it_takes(written: Written) -> None:
    slow = OWN.replace("CLIP", "time.sleep(0.1)").replace(
        "from models.language_model import batching\n",
        "from models.language_model import batching\n\ndef later(*args, get=batching.get_batch):\n"
        "    time.sleep(0.2)\n    return get(*args)\n\nbatching.get_batch = later\n",
    )
    phases = {phase.name: phase for phase in profiled(written(slow)).phases}
    assert phases["get_batch"].seconds >= 0.6
    assert phases["rest"].seconds >= 0.3
    assert phases["clipping"].calls == 0


def test_what_is_missing_is_said_and_drawn(written: Written) -> None:
    profile = profiled(written(OWN.replace("CLIP", "")))
    assert profile.missing() == ["clipping"]
    figure = diagram(profile)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("not seen") == 1
    assert set(LOOP) | {"batchify", "text"} <= set(words)
    assert f"{profile.forward_and_backward:.1%}" in figure.axes[1].get_title()


def test_every_phase_is_named_in_the_bar_or_above_it() -> None:
    shares = {"get_batch": 0.02, "forward": 0.40, "loss": 0.05, "backward": 0.41, "clipping": 0.04, "step": 0.06}
    phases = [Phase("batchify", 1, 0.01, None), Phase("rest", 1, 0.02, 0.02)]
    phases += [Phase(name, 10, share, share) for name, share in shares.items()]
    axes = diagram(Profile("lstm", 10, 1.0, tuple(phases), (), ())).axes[1]
    assert [text.get_text() for text in axes.texts] == ["forward\n40%", "5%", "backward\n41%", "4%", "6%"]
    unnamed = "get_batch 2.0%, loss 5.0%, clipping 4.0%, step 6.0%, rest 2.0%"
    assert axes.get_title() == f"forward and backward together: 81.0%   (not named below: {unnamed})"


def test_an_error_says_where_it_is(written: Written) -> None:
    root = written(OWN.replace("CLIP", "model.no_such_thing()"))
    with pytest.raises(WorkbenchError, match=r"AttributeError: .*no_such_thing.*training\.py:15"):
        profiled(root)


def test_clip_0_is_never(written: Written) -> None:
    root = written(OWN.replace("CLIP", "assert clip == float('inf')"))
    settings = Settings.of("lstm", "stories", "default", [*SMALL, "clip=0"])
    profile_training(open_tree(root), settings, None, 1, torch.device("cpu"), lines=False)


def test_steps_are_those_of_the_optimizer_that_is_set(written: Written) -> None:
    root = written(OWN.replace("CLIP", "assert type(optimizer) is torch.optim.RAdam"))
    settings = Settings.of("lstm", "stories", "default", [*SMALL, "optimizer=radam"])
    profile_training(open_tree(root), settings, None, 1, torch.device("cpu"), lines=False)


def test_a_model_of_translation_is_refused() -> None:
    tree, settings = open_tree(ROOT / "solution"), Settings.of("lstm", "captions")
    with pytest.raises(SettingsError, match="--data captions is of translation; expected stories, shakespeare or"):
        profile_training(tree, settings, None, 1, torch.device("cpu"), lines=False)


def test_a_text_that_is_too_short() -> None:
    with pytest.raises(DataError, match=r"--batches 999999: expected 1 to \d+, as many as stories has"):
        profiled(ROOT / "solution", batches=999_999)
    with pytest.raises(DataError, match="--batches 0"):
        profiled(ROOT / "solution", batches=0)


def test_lines_are_those_of_the_loop_and_the_model() -> None:
    lines = profiled(ROOT / "solution", lines=True).lines
    for function in ("train_epoch", "forward"):
        assert sum(line.share for line in lines if line.function == function) == pytest.approx(1)
    (backward,) = [line for line in lines if line.text == "loss.backward()"]
    assert (backward.calls, backward.file, backward.function) == (3, "training.py", "train_epoch")


def test_the_command(tmp_path: Path) -> None:
    sets = [word for change in SMALL for word in ("--set", change)]
    files = ("--picture", tmp_path / "profile.png", "--json", tmp_path / "profile.json")
    options = ("--model", "gru", "--batches", 2, "--no-lines", *sets, *files)
    done = workbench("profile", "--tree", "solution", *options)
    assert done.returncode == 0, done.stderr
    assert "forward and backward: " in done.stdout
    assert (tmp_path / "profile.png").stat().st_size > 10_000
    assert json.loads((tmp_path / "profile.json").read_text())["batches"] == 2

    done = workbench("profile", *options)
    assert (done.returncode, "language_model.RNNModel is not implemented yet" in done.stderr) == (1, True)
