"""The text of a source file in any encoding."""

import pytest

from harness.submission.encoding import read_source, to_utf8
from harness.submission.findings import Severity
from tests.project.harness.submission.made_up import LSTM, SOLVED, in_lstm, line_of, look_at, only


def test_source_text_loses_bom_and_windows_line_ends():
    assert read_source(b"\xef\xbb\xbfa = 1\r\nb = 2\rc = 3\n") == "a = 1\nb = 2\nc = 3\n"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("# -*- coding: cp1252 -*-\ns = '€ü'".encode("cp1252"), "# -*- coding: cp1252 -*-\ns = '€ü'"),
        (
            "#!/usr/bin/python\n# coding=latin-1\ns = 'ü'".encode("latin-1"),
            "#!/usr/bin/python\n# coding=latin-1\ns = 'ü'",
        ),
        ("s = 'ü'".encode("latin-1"), "s = 'ü'"),
        ("s = 'ü'".encode("utf-16"), "s = 'ü'"),
        ("# coding: no-such-thing\ns = 'ü'".encode(), "# coding: no-such-thing\ns = 'ü'"),
        ("s = 1\n# coding: latin-1\ns = 'ü'".encode(), "s = 1\n# coding: latin-1\ns = 'ü'"),
        (b"# coding: utf-7\ns = '+AGU-val'", "# coding: utf-7\ns = '+AGU-val'"),
        (b"# coding: unicode_escape\ns = '\\u0041'", "# coding: unicode_escape\ns = '\\u0041'"),
        (b"# coding: hex\n61", "# coding: hex\n61"),
        (b"\xef\xbb\xbf# coding: latin-1\n\xc3\xbc", "# coding: latin-1\nü"),
    ],
)
def test_source_text_in_other_encodings(data, text):
    assert read_source(data) == text


def test_utf8_copy_reads_the_same_for_python():
    for encoding in ("latin-1", "cp1252", "utf-8"):
        source = f"# coding: {encoding}\r\nname = 'Müller'\r\n".encode(encoding)
        space: dict[str, object] = {}
        exec(compile(to_utf8(source), "copy", "exec"), space)
        assert space["name"] == "Müller"
        assert to_utf8(source).decode() == "# coding: utf-8\nname = 'Müller'\n"


def test_text_in_a_declared_encoding_is_a_warning_and_still_checked():
    text = "# coding: latin-1\n" + in_lstm("ü = nn.LSTM")
    findings = look_at(LSTM, text.encode("latin-1"))
    assert [finding.rule for finding in findings] == ["refused", "encoding"]
    assert (findings[1].severity, "iso8859-1" in findings[1].message) == (Severity.WARNING, True)
    assert look_at(LSTM, ("# coding: latin-1\n" + SOLVED[LSTM]).encode("latin-1")) == []
    text = in_lstm("ü = nn.LSTM")
    for data in (b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode()):
        finding = only(look_at(LSTM, data))
        assert (finding.rule, finding.line) == ("refused", line_of(text, "ü = nn.LSTM"))


def test_a_foreign_letter_in_a_comment_is_a_warning_since_python_imports_the_file():
    data = (SOLVED[LSTM] + "# ü\n").encode("latin-1")
    compile(data, LSTM, "exec")
    finding = only(look_at(LSTM, data))
    assert (finding.severity, finding.rule) == (Severity.WARNING, "encoding")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (("\ufeff" + SOLVED[LSTM]).encode("utf-16-le"), "saved as UTF-16, which Python cannot read."),
        (("\ufeff" + SOLVED[LSTM]).encode("utf-16-be"), "saved as UTF-16, which Python cannot read."),
        (SOLVED[LSTM].encode("utf-32"), "saved as UTF-32, which Python cannot read."),
        (SOLVED[LSTM].encode("utf-16-le"), "holds null bytes, as if saved as UTF-16, and Python cannot read it."),
        ((SOLVED[LSTM] + "ü = 1\n").encode("latin-1"), "not saved as UTF-8 but perhaps as Windows-1252 or Latin-1"),
        (("'ü'\n" + SOLVED[LSTM]).encode("cp1252"), "not saved as UTF-8 but perhaps as Windows-1252 or Latin-1"),
        (b"# coding: klingon\n" + SOLVED[LSTM].encode(), "a comment in its first lines declares an encoding"),
        (b"# coding: ascii\n# \xc3\xbc\n" + SOLVED[LSTM].encode(), "a comment in its first lines declares an encoding"),
    ],
    ids=["UTF-16", "big-endian", "UTF-32", "UTF-16 without a mark", "Latin-1", "in the first line", "unknown", "ASCII"],
)
def test_an_encoding_that_python_cannot_read_is_a_fault_with_its_price(data, words):
    """It must not run in grading either: there and here the same tests pass."""
    with pytest.raises((SyntaxError, ValueError)):
        compile(data, LSTM, "exec")
    finding = only(look_at(LSTM, data))
    assert (finding.severity, finding.rule, finding.line) == (Severity.FAULT, "encoding", 1)
    assert finding.message.startswith(words)
    assert "Save it as UTF-8: in VS Code" in finding.message
    assert finding.message.endswith(" Costs 12 points (1.2 Lstm).")
