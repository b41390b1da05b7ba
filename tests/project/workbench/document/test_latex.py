"""LaTeX that is made of Markdown."""

import re

from workbench.document.latex import escape, latex


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
