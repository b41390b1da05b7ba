"""Markdown, and the LaTeX and PDF that are made of it."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from workbench.document.latex import escape, latex
from workbench.document.markdown import parse, spans, text_of
from workbench.document.pdf import pdf
from workbench.errors import WorkbenchError


def test_words_in_angle_brackets_are_text_and_comments_are_not():
    tree = parse("a <unk> b <!-- answer: x --> c\n\n<eos> d\n")
    assert text_of(tree.children).replace("\n", " ") == "a <unk> b  c<eos> d"


def test_styles_nest():
    found = list(spans(parse("a **b *c* `d`** [e](http://f)").children))
    assert [(s.text, s.bold, s.italic, s.code, s.link) for s in found if s.text.strip()] == [
        ("a ", False, False, False, ""),
        ("b ", True, False, False, ""),
        ("c", True, True, False, ""),
        ("d", True, False, True, ""),
        ("e", False, False, False, "http://f"),
    ]


def test_latex_prints_every_sign_as_it_is():
    signs = r"\{}$&#%_^~<>|[]" + '"'
    text = escape(signs)
    left = re.sub(r"\\text\w+\{\}|\\[{}$&#%_]|\{[][]\}", "", text)
    assert left == ""
    assert len(re.findall(r"\\text\w+\{\}|\\[{}$&#%_]|\{[][]\}", text)) == len(signs)
    assert escape("α → β") == r"$\alpha$ $\to$ $\beta$"
    assert escape("Grüße") == "Grüße"


HOSTILE = r"""# A & B_c 100 %

#### A level is left out

- # a heading in a list

Text with \end{document} and $x_1$ and `code_with {braces}` and **bold_** ~ ^ # <unk>.

| a_b | c & d |
|---|---:|
| 1 \| 2 | \\ } |

1. one { brace
   - nested & more
2. two

> quoted % comment

```
\end{verbatim} {
```

![a picture_1](p%201.png)
"""


def test_latex_is_balanced_whatever_the_text(tmp_path):
    source = latex(HOSTILE)
    bare = re.sub(r"\\[{}\\]", "", source)
    assert bare.count("{") == bare.count("}")
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", source.replace(r"\textbackslash{}", "")):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    body = source.split(r"\begin{document}")[1]
    assert body.count(r"\end{document}") == 1
    assert not re.search(r"(?<!\\)[#%$](?!\n)", body.replace("{p 1.png}", ""))
    assert len(re.findall(r"(?<!\\)&", body)) == 2  # one a row of the table


def test_pdf_takes_whatever_the_text(tmp_path):
    Image.new("RGB", (3000, 40)).save(tmp_path / "p 1.png")
    Image.new("RGB", (40, 9000)).save(tmp_path / "tall.png")
    hostile = '\n\n#panic() $x$ \\u{41} @cite <label> [#]( `#raw` \x00 " \\\n\n```\n"#panic()\n```\n'
    long = "| a |\n|---|\n" + "| x |\n" * 120 + "\n\n" + "W" * 500 + " äöü α→β\n"
    text = f"{HOSTILE}{hostile}\n![](tall.png)\n\n{long}"
    assert pdf(text, tmp_path, "x").startswith(b"%PDF")


def test_a_pdf_is_the_same_every_time(tmp_path):
    assert pdf("# Title\n\nText.\n", tmp_path, "x") == pdf("# Title\n\nText.\n", tmp_path, "x")


def test_what_does_not_fit_on_a_page_is_told(tmp_path):
    with pytest.raises(WorkbenchError, match="a table too wide for a page: expected at most 20 columns, found 80"):
        pdf("|" + "a|" * 80 + "\n|" + "-|" * 80 + "\n", tmp_path, "x")


def test_pdf_of_a_file_that_is_no_picture_is_told(tmp_path):
    (tmp_path / "x.png").write_text("no")
    with pytest.raises(WorkbenchError, match="is no picture"):
        pdf("![a](x.png)", tmp_path, "x")
