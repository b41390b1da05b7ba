"""Markdown as a tree, and the text in it as spans; pdf.py and latex.py draw them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode as Node

__all__ = ["Node", "Span", "Table", "parse", "spans", "table_of", "text_of"]


COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Span:
    """Text in one style; "\\n" alone is a line break."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table's cells, the first row its head, and which columns stand on the right."""

    rows: tuple[tuple[tuple[Span, ...], ...], ...]
    right: tuple[bool, ...]


def parse(markdown: str) -> Node:
    """CommonMark with tables. Comments are left out; other HTML is text, since <unk> and <eos> are words here."""
    return Node(MarkdownIt("commonmark", {"html": False}).enable("table").parse(COMMENT.sub("", markdown)))


def spans(nodes: Sequence[Node], style: Span = Span("")) -> Iterator[Span]:
    """The text in nodes, in order; pictures have none."""
    for node in nodes:
        match node.type:
            case "text" if node.content:
                yield replace(style, text=node.content)
            case "code_inline":
                yield replace(style, text=node.content, code=True)
            case "softbreak":
                yield replace(style, text=" ")
            case "hardbreak":
                yield replace(style, text="\n")
            case "strong":
                yield from spans(node.children, replace(style, bold=True))
            case "em":
                yield from spans(node.children, replace(style, italic=True))
            case "link":
                yield from spans(node.children, replace(style, link=str(node.attrs.get("href", ""))))
            case "image":
                pass
            case _:
                yield from spans(node.children, style)


def text_of(nodes: Sequence[Node]) -> str:
    """The text in nodes, without its styles."""
    return "".join(span.text for span in spans(nodes))


def table_of(node: Node) -> Table:
    """The table in a node of this kind."""
    rows = [row for group in node.children for row in group.children]
    right = tuple("right" in str(cell.attrs.get("style", "")) for cell in rows[0].children)
    return Table(tuple(tuple(tuple(spans(cell.children)) for cell in row.children) for row in rows), right)
