"""`python -m tests` in all its modes."""

import pytest

from harness import command


@pytest.mark.parametrize("mode", [(), ("--stress",), ("--watch",)])
def test_a_tree_without_models_is_refused_in_a_sentence(mode, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main([*mode, "--tree", str(tmp_path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"--tree: {tmp_path} holds no folder 'models'; name the folder that does.\n"
