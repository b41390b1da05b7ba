"""The fingerprint of a function."""

import hashlib

from harness.submission.fingerprint import fingerprint
from harness.submission.source import definition


def test_fingerprint_sees_code_and_nothing_else():
    plain = 'def f(x, y=1):\n    """Doc."""\n    return (x +\n        y)\n'
    same = 'def f( x,y = 1 ):  # now\n\n    """Other\n  words."""\n    # a comment\n    return (x + y)\n'
    assert fingerprint(plain) == fingerprint(same)
    assert fingerprint(plain) != fingerprint(plain.replace("y=1", "y=2"))
    assert fingerprint(plain) != fingerprint(plain.replace("return", "yield"))
    assert fingerprint("def f():\n    return 'a'\n") != fingerprint("def f():\n    return 'b'\n")
    assert len(fingerprint(plain)) == 16


def test_fingerprint_is_the_same_in_a_class_and_on_every_python():
    text = "class A:\n    def f(self):\n        ä = f'{self!r:>{3}} ü {{}}' f\"{1}\" 'plain'\n        return ä\n"
    written = definition(text, "A.f")
    assert written is not None
    assert written.fingerprint == hashlib.sha256("def f ( self ) : ä = 'plain' return ä".encode()).hexdigest()[:16]


def test_fingerprint_survives_text_that_is_not_python():
    assert fingerprint("(((") != fingerprint("'''")
    assert fingerprint("  a\n b\n") == fingerprint("  a\n b\n")
