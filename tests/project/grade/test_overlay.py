"""The tree that is graded; test_engine.py tests who may read it."""

import stat

from autograder.grade.overlay import overlay

RNN, LSTM = "models/naive/RNN.py", "models/naive/LSTM.py"


def test_the_overlay_holds_handout_and_submission_and_goes_away(tmp_path):
    handout = tmp_path / "student"
    for name in (RNN, LSTM, "models/naive/__pycache__/a.pyc"):
        (handout / name).parent.mkdir(parents=True, exist_ok=True)
        (handout / name).write_bytes(b"handout\n")
    with overlay(handout, {LSTM: b"mine\n"}) as tree:
        assert (tree / LSTM).read_bytes() == b"mine\n"
        assert (tree / RNN).read_bytes() == b"handout\n"
        assert not (tree / "models/naive/__pycache__").exists()
        modes = {stat.S_IMODE(path.stat().st_mode) for path in [tree.parent, tree, *tree.rglob("*")]}
        assert modes == {0o755, 0o644}
    assert not tree.parent.exists()
