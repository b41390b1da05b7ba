"""Names of numbers: only those that are certain."""

from harness.marks import COMMON, SizeNames
from harness.sizes import Sizes

SIZES = {"N": 3, "T": 7, "I": 4, "H": 9, "padding of source": 5, "half of E": 11}


def test_a_number_has_the_name_that_nothing_else_has():
    names = {
        3: "N",
        7: "T",
        6: "T - 1",
        8: "T + 1",
        13: "I + H",
        36: "I * H",
        21: "T * N",
        5: "",
        11: "",
        1: "",
        10: "",
    }
    assert {number: Sizes(SIZES).name(number) for number in names} == names
    assert Sizes({"H": 4, "I": 4}).name(4) == ""


def test_a_shape_has_names_if_all_sizes_have_one():
    assert Sizes(SIZES).shape((3, 1, 9)) == "(N, 1, H)"
    assert Sizes(SIZES).shape((7,)) == "(T,)"
    assert Sizes(SIZES).shape((3, 5)) == Sizes(SIZES).shape((1, 1)) == Sizes(SIZES).shape(()) == ""


def test_only_the_names_of_lengths_get_a_number_less():
    sizes = {"N": 3, "steps": 7}
    assert Sizes(sizes).name(6) == ""
    assert Sizes(sizes, SizeNames(COMMON.batches, ("steps",))).name(6) == "steps - 1"
