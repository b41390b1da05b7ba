"""What is read from assignment.json."""

import pytest

from harness.contract import Assignment
from tests.project.harness.submission.made_up import ASSIGNMENT, RNN, TRANSFORMER, contract, deliverable


def test_the_contract_is_read_and_keys_that_are_not_known_are_ignored():
    assert ASSIGNMENT.deliverable("naive.LSTM").functions[1].parameters == ("self", "x", "states=None")
    assert [deliverable.id for deliverable in ASSIGNMENT.by_file(TRANSFORMER)][-1] == "transformer.full_forward"
    assert ASSIGNMENT.parts[0].title == "From scratch"
    with pytest.raises(KeyError):
        ASSIGNMENT.deliverable("naive.gru")
    assert ASSIGNMENT.id_help == ""
    assert contract(id_help="letters").id_help == "letters"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": 3, "deliverables": []}', "null"])
def test_a_damaged_contract_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"assignment\.json"):
        Assignment.parse(text)


def test_dependants_follow_chains_of_needs():
    chain = [
        deliverable(id, id, 1, RNN, [], needs=needs)
        for id, needs in (("d", ["c"]), ("c", ["b"]), ("b", ["a"]), ("a", []), ("e", ["e"]))
    ]
    assert [deliverable.id for deliverable in contract(deliverables=chain).dependants(["a"])] == ["d", "c", "b"]
