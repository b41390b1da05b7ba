"""Text for a terminal or a page."""

import pytest

from harness.words import LONGEST, abridged, joined, printable, shorten, shown


def test_control_characters_become_question_marks():
    assert printable("größe\x1b[2J\n\u202e\ud800") == "größe?[2J???"
    assert printable("a\n\tb", keep="\n") == "a\n?b"


def test_long_names_keep_their_beginning_and_their_end():
    assert shorten("x" * LONGEST) == "x" * LONGEST
    short = shorten("models/" + "x" * 1000 + "/LSTM.py")
    assert len(short) == LONGEST
    assert (short[:8], short[-11:]) == ("models/x", "xxx/LSTM.py")
    assert shown("\x07" * 100) == shorten("?" * 100)


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_are_joined_in_words(words, text):
    assert joined(words) == text
    assert joined(words, "or") == text.replace("and", "or")


def test_long_lists_say_how_much_is_left_out():
    assert abridged("abc") == "a, b, c"
    assert abridged("abcdefg", 2) == "a, b and 5 more"
