"""A seed is written as text and read again."""

import pytest

from harness.seeds import Seed


@pytest.mark.parametrize("seed", [Seed("ab12"), Seed("0.3"), Seed("ab", "same", "0"), Seed("a", "other", "0.3")])
def test_a_seed_keeps_its_parts(seed):
    assert Seed.parse(str(seed)) == seed
    assert seed.redrawn(0) == seed
    assert seed.redrawn(2) == Seed(f"{seed.values}.2", seed.sizes, seed.than)


@pytest.mark.parametrize("name", ["a~same", "a~smaller:0", "a~same:0~other:1"])
def test_what_is_no_seed_is_refused(name):
    with pytest.raises(ValueError, match="a seed is VALUES"):
        Seed.parse(name)
