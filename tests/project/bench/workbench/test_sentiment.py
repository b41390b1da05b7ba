"""The race of a sentiment model with kept outputs of BERT against one that has none."""

import json

from typer.testing import CliRunner

from autograder.commands import app
from tests.project.workbench import trees


def test_three_ways_are_timed_on_the_same_batches(tmp_path):
    numbers = tmp_path / "race.json"
    small = ("bert=tiny", "bert_layers=0", "first=60", "batch_size=20", "hidden_dim=4")
    options = [word for change in small for word in ("--set", change)]
    with trees.forgotten():
        done = CliRunner().invoke(app, ["bench", "sentiment", "--batches", "2", "--json", str(numbers), *options])
    assert done.exit_code == 0, done.output
    assert "outputs of BERT kept" in done.output
    lanes = json.loads(numbers.read_text())
    assert [len(lane["seconds"]) for lane in lanes.values()] == [2, 2, 2]
    assert all(second > 0 for lane in lanes.values() for second in lane["seconds"])
