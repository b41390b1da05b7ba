"""Questions about pieces of syntax."""

import ast

import pytest

from harness.submission.syntax import bindings, chain_of, last_word, parsed_annotation, stored_names


def test_the_last_statement_that_binds_a_name_counts_wherever_it_stands_but_in_a_function():
    body = ast.parse("a = 1\nif a:\n    a = b, c = 2, 3\n\ndef f():\n    d = 4\n\nimport x.y as z, u.v\n").body
    statements = bindings(body)
    assert {name: statement.lineno for name, statement in statements.items()} == {
        "a": 3, "b": 3, "c": 3, "f": 5, "z": 8, "u": 8,
    }  # fmt: skip


def test_stored_names_tell_those_of_another_scope():
    body = ast.parse("global a\na = 1\nfor b in c: pass\nd = [e for e in f]\nclass G: h = 1").body
    assert stored_names(body) == ({"a", "b", "d", "G"}, {"a"})


@pytest.mark.parametrize(
    ("code", "root", "words"),
    [
        ("a.b.c", "a", ["b", "c"]),
        ("getattr(a.b, 'c').d", "a", ["b", "c", "d"]),
        ("getattr(a, name)", "getattr(a, name)", []),
        ("f(x).y", "f(x)", ["y"]),
        ("a", "a", []),
    ],
)
def test_a_dotted_name_is_taken_apart(code, root, words):
    chain = chain_of(ast.parse(code, mode="eval").body)
    assert (ast.unparse(chain.root), chain.words) == (root, words)


def test_the_last_word_is_that_of_a_name_or_an_attribute():
    assert [last_word(ast.parse(code, mode="eval").body) for code in ("a", "a.b", "a()")] == ["a", "b", ""]


@pytest.mark.parametrize(("text", "count"), [("torch.Tensor", 1), ("not (an annotation", 0), ("a" * 200, 1)])
def test_an_annotation_in_a_string_is_read(text, count):
    constant = ast.parse(f"x\n\n'{text}'").body[1].value
    assert [node.lineno for node in parsed_annotation(constant)] == [3] * count
