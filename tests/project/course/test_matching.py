import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.handins import HandIn, Student, identifier
from autograder.course.matching import Members
from tests.project.course.exports import ALI, JANE, MING


def members(*groups: tuple[str, tuple[Student, ...]]) -> Members:
    return Members(HandIn(id, None, students) for id, students in groups)  # type: ignore[arg-type]


CLASS = members(("submission_1", (JANE, ALI)), ("submission_2", (MING,)))


@pytest.mark.parametrize(
    "word",
    ["Ali Öztürk", "ALI ÖZTÜRK", "ali  öztürk ", "Öztürk, Ali", "Ali O\u0308ztu\u0308rk", "ali@example.edu", "00456"],
)
def test_a_student_is_found_by_name_address_and_number(word: str) -> None:
    assert CLASS.find(word) == ("submission_1", 1)


def test_an_identifier_stands_for_the_whole_group() -> None:
    assert CLASS.find("SUBMISSION_1") == ("submission_1", None)


@pytest.mark.parametrize("name", ["Ali Öztürk", "王小明", "a@x.edu", "12345", "Doe, Jane"])
def test_an_identifier_is_found_by_the_name_that_it_was_made_of(name: str) -> None:
    assert members((identifier(name), ()), ("other", ())).find(name) == (identifier(name), None)


def test_a_name_in_an_identifier_may_have_another_order() -> None:
    assert members(("Jane_Doe", ())).find("Doe, Jane") == ("Jane_Doe", None)


@pytest.mark.parametrize("word", ["", "Jane", "456", "Jane Doe Doe", "nobody@example.edu"])
def test_a_part_of_a_name_or_number_finds_nobody(word: str) -> None:
    with pytest.raises(LookupError, match="no submission has a student"):
        CLASS.find(word)


def test_what_stands_for_two_submissions_is_refused() -> None:
    both = members(("a", (Student("Ming Li", "m1@x.edu"),)), ("b", (Student("Li, Ming", "m2@x.edu"),)), ("c", ()))
    assert both.find("Ming Li") == ("a", 0)  # exactly so written
    with pytest.raises(LookupError, match=r"several submissions \(a, b\)"):
        members(("a", (Student("Ming Li"),)), ("b", (Student("Ming Li"),))).find("ming li")
    with pytest.raises(LookupError, match="several"):
        members(("7", ()), ("b", (Student(number="7"),))).find("7")


@given(st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_word_is_found_or_refused_in_one_printable_line(word: str) -> None:
    try:
        assert CLASS.find(word)[0] in ("submission_1", "submission_2")
    except LookupError as error:
        assert str(error).isprintable()  # noqa: PT017
