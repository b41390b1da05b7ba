"""The seeds of hidden answers, and the term's secret that they derive from."""

import re
import stat

from autograder.prepare import answers


def test_every_test_and_case_has_hidden_seeds_of_its_own():
    seeds = [answers.hidden_seed(b"secret", number, name, "0.1", 3) for name in "ab" for number in (1, 2, 3)]
    assert len({seed.partition("~")[0] for seed in seeds}) == 6
    assert all(re.fullmatch("[0-9a-f]{32}~(same|other):0[.]1", seed) for seed in seeds)
    assert [seed.partition("~")[2] for seed in seeds[:3]] == ["same:0.1", "other:0.1", "other:0.1"]
    assert answers.hidden_seed(b"secret", 1, "a", "0", 1).endswith("~other:0")  # a single one has to vary the sizes


def test_a_secret_is_drawn_once_and_kept_to_its_owner(tmp_path, monkeypatch):
    monkeypatch.delenv(answers.SECRET_VARIABLE, raising=False)
    drawn, origin = answers.term_secret(tmp_path, None)
    path = tmp_path / answers.SECRET_FILE
    assert len(drawn) == 64
    assert origin.startswith(f"{path}, drawn now")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert answers.term_secret(tmp_path, None) == (drawn, str(path))


def test_the_option_wins_over_the_environment_and_that_over_the_file(tmp_path, monkeypatch):
    monkeypatch.delenv(answers.SECRET_VARIABLE, raising=False)
    kept, _ = answers.term_secret(tmp_path, None)
    monkeypatch.setenv(answers.SECRET_VARIABLE, "from the environment")
    assert answers.term_secret(tmp_path, "given") == (b"given", "the option --secret")
    assert answers.term_secret(tmp_path, None)[0] == b"from the environment"
    monkeypatch.setenv(answers.SECRET_VARIABLE, "")
    assert answers.term_secret(tmp_path, None)[0] == kept
