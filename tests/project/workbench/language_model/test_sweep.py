"""One setting at a time: which runs that makes, that none is trained twice, and what is shown."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.tree import Tree
from tests.project.workbench.commands.test_commands import workbench
from workbench.errors import SettingsError
from workbench.language_model import sweep
from workbench.language_model.sweep import Measurement, factors_of, panels, points
from workbench.training import launch
from workbench.training.records import TrainingError
from workbench.training.run_folder import Run, RunError
from workbench.training.trees import open_tree

TINY = ("first=200", "batch_size=4", "eval_batch_size=400", "bptt=8", "epochs=2", "hidden_size=4", "emb_size=4")


def test_each_point_differs_from_its_base_in_one_setting() -> None:
    swept = points(["lstm", "gru"], "stories", factors_of([]), [])
    bases = {point.model: point.settings for point in swept if not point.factor}
    assert set(bases) == {"lstm", "gru", "rnn-tanh", "rnn-relu"}
    for point in swept:
        mine, base = point.settings.flat(), bases[point.model].flat()
        differing = [key for key in base if base[key] != mine[key]]
        assert differing == ([point.factor] if point.factor else [])
    assert len({point.name for point in swept}) == len(swept)
    # All factors' values but the bases' own, for both models, and four bases.
    assert len(swept) == 4 + 2 * (2 + 2 + 2 + 3)
    assert not bases["lstm"].flat()["tied"]


def test_factors_can_be_chosen_and_given_values() -> None:
    assert list(factors_of([])) == list(sweep.FACTORS)
    chosen = factors_of(["bptt", "num_layers=1, 4"])
    assert chosen == {"bptt": sweep.FACTORS["bptt"], "num_layers": ["1", "4"]}
    swept = points(["transformer"], "stories", chosen, ["epochs=1", "bptt=15"])
    assert [point.name for point in swept] == [
        *("transformer-base", "transformer-bptt=5", "transformer-bptt=35"),
        *("transformer-bptt=70", "transformer-num_layers=4"),
    ]
    assert {point.settings.training.epochs for point in swept} == {1}


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ("depth", "no factor 'depth'"),
        ("epochs", "--set epochs=8"),
        ("bptt=many", "--over bptt=many: expected"),
        ("nonlinearity=elu", "tanh or relu"),
    ],
)
def test_a_factor_that_is_none_is_refused(over: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        points(["lstm"], "stories", factors_of([over]), [])


def test_data_of_another_part_are_refused() -> None:
    with pytest.raises(SettingsError, match="--data captions is of translation; expected stories"):
        points(["lstm"], "captions", factors_of([]), [])


def test_a_base_stands_under_every_factor_and_tells_of_its_epochs(tmp_path: Path) -> None:
    (base, other) = points(["gru"], "stories", {"num_layers": ["1", "2"]}, ["epochs=3"])
    for point, losses in ((base, (3.0, 1.0, 2.0)), (other, (5.0, 4.0, 3.0))):
        run = Run.create(tmp_path / point.name, {})
        log = [{"epoch": i, "seconds": 10.0 * i, "validation_loss": loss} for i, loss in enumerate(losses, 1)]
        run.write_log(log)
        run.write_json("result.json", {"loss": min(losses)})
    shown = panels(sweep.measurements([base, other], tmp_path), ["gru"], ["num_layers", "bptt"])
    assert [(row.value, row.seconds) for row in shown["epochs"]] == [("1", 10.0), ("2", 30.0), ("3", 60.0)]
    assert [row.perplexity for row in shown["epochs"]] == pytest.approx(
        [math.exp(3), math.e, math.e]
    )  # the best so far
    assert [(row.value, row.perplexity) for row in shown["num_layers"]] == [
        ("1", pytest.approx(math.e)),
        ("2", pytest.approx(math.exp(3))),
    ]
    assert [row.value for row in shown["bptt"]] == ["35"]


def test_only_divergence_counts_as_a_result_of_a_stopped_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation split that is too short for its columns, say: what can be mended must not stand as infinity."""

    def stops(*arguments: Any, **named: Any) -> None:
        Run.create(tmp_path / "gru-base", {})
        raise TrainingError("the validation split has no tokens")

    monkeypatch.setattr(launch, "train", stops)
    (base,) = points(["gru"], "stories", {"bptt": ()}, [])
    with pytest.raises(TrainingError, match="no tokens"):
        sweep.run(base, tmp_path, Tree(tmp_path))
    assert not (tmp_path / "gru-base" / "result.json").exists()


def test_losses_beyond_floating_point_are_infinite_perplexities(tmp_path: Path) -> None:
    (base,) = points(["gru"], "stories", {"bptt": ()}, [])
    run = Run.create(tmp_path / base.name, {})
    run.write_log([{"epoch": 1, "seconds": 1.0, "validation_loss": 800.0}])
    run.write_json("result.json", {"loss": 800.0})
    assert {row.perplexity for row in sweep.measurements([base], tmp_path)} == {math.inf}


def test_tied_weights_have_one_size(tmp_path: Path) -> None:
    """Of emb_size there is nothing to vary, and hidden_size takes it along."""
    swept = points(["lstm", "gru"], "stories", factors_of([]), ["hidden_size=50", "tied=true"])
    assert {point.factor for point in swept} == {"", "num_layers", "hidden_size", "bptt"}
    assert {point.settings.flat()["emb_size"] for point in swept} == {0}
    assert all(point.settings.flat()["tied"] for point in swept)
    for point in swept:
        run = Run.create(tmp_path / point.name, {})
        run.write_log([{"epoch": 1, "seconds": 1.0, "validation_loss": 2.0}])
        run.write_json("result.json", {"loss": 2.0})
    assert "emb_size" not in panels(sweep.measurements(swept, tmp_path), ["lstm", "gru"], sweep.FACTORS)


def test_the_picture_has_a_column_for_each_factor() -> None:
    rows = [Measurement(model, "bptt", value, 20.0, 3.0) for model in ("gru", "lstm") for value in ("5", "35")]
    rows += [Measurement("lstm", "bptt", "70", math.inf, 3.0), Measurement("rnn-relu", "nonlinearity", "", 30.0, 1.0)]
    figure = sweep.picture(panels(rows, ["gru", "lstm"], ["bptt", "nonlinearity"]), "title")
    assert [axes.get_title() for axes in figure.axes[:3]] == ["epochs", "truncation length", "non-linearity"]
    drawn = {line.get_label(): list(line.get_xdata()) for line in figure.axes[1].lines}
    assert drawn == {"gru": [5.0, 35.0], "lstm": [5.0, 35.0, 70.0]}
    assert [list(line.get_xdata()) for line in figure.axes[2].lines] == [["rnn-relu"]]


def test_the_command_trains_nothing_twice_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = [word for change in TINY for word in ("--set", change)]
    options = ("--tree", "solution", "--models", "lstm", "--folder", tmp_path, "--over", "bptt=4,8", *sets)
    done = workbench("sweep", *options)
    assert done.returncode == 0, done.stderr
    assert "2/2 lstm-bptt=4: perplexity" in done.stdout
    assert (tmp_path / "stories.png").stat().st_size > 10_000
    measurements = json.loads((tmp_path / "stories.json").read_text())
    assert [(row["model"], row["value"]) for row in measurements["bptt"]] == [("lstm", "4"), ("lstm", "8")]
    assert [row["value"] for row in measurements["epochs"]] == ["1", "2"]
    assert measurements["epochs"][-1]["perplexity"] == measurements["bptt"][1]["perplexity"]

    (tmp_path / "stories" / "lstm-bptt=4" / "result.json").unlink()  # as if it had been stopped
    trained = []
    monkeypatch.setattr(launch, "train", lambda *arguments, **named: pytest.fail("trained again"))
    resume = launch.resume
    monkeypatch.setattr(
        launch, "resume", lambda *arguments, **named: trained.append(arguments[0]) or resume(*arguments, **named)
    )
    done = workbench("sweep", *options)
    assert done.returncode == 0, done.stderr
    assert [folder.name for folder in trained] == ["lstm-bptt=4"]
    assert json.loads((tmp_path / "stories.json").read_text()) == measurements

    done = workbench("sweep", *options, "--set", "epochs=3")
    assert done.returncode == 1
    assert "trained with another base (epochs=2, not 3);" in done.stderr


def test_a_loss_that_is_no_number_is_a_result(tmp_path: Path) -> None:
    (base,) = points(["rnn-relu"], "stories", {"bptt": ()}, [*TINY, "learning_rate=1e30", "clip=0"])
    tree = open_tree(Path(__file__).resolve().parents[4] / "solution")
    assert sweep.run(base, tmp_path, tree)
    assert {row.perplexity for row in sweep.measurements([base], tmp_path)} == {math.inf}
    assert not sweep.run(base, tmp_path, tree)
    with pytest.raises(RunError, match=r"another tree and another data root; .* changed needs another --folder"):
        sweep.run(base, tmp_path, Tree(tmp_path), tmp_path)
    with pytest.raises(RunError, match=r"another base \(.*epochs=\d+, not 9"):
        sweep.run(points(["rnn-relu"], "stories", {"bptt": ()}, ["epochs=9"])[0], tmp_path, tree)
