"""Markdown as it is parsed."""

from workbench.document.markdown import parse, spans, text_of


def test_words_in_angle_brackets_are_text_and_comments_are_not():
    tree = parse("a <unk> b <!-- answer: x --> c\n\n<eos> d\n")
    assert text_of(tree.children).replace("\n", " ") == "a <unk> b  c<eos> d"


def test_styles_nest():
    styled = list(spans(parse("a **b *c* `d`** [e](http://f)").children))
    assert [(s.text, s.bold, s.italic, s.code, s.link) for s in styled if s.text.strip()] == [
        ("a ", False, False, False, ""),
        ("b ", True, False, False, ""),
        ("c", True, True, False, ""),
        ("d", True, False, True, ""),
        ("e", False, False, False, "http://f"),
    ]
