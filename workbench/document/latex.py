"""Markdown as LaTeX source, for pdflatex, xelatex or lualatex."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.document.markdown import Node, Span, parse, spans, table_of

WIDE = 40  # characters: a column with a longer cell wraps its text
PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{iftex}
\ifpdftex
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \usepackage{lmodern,textcomp}
\else
  \usepackage{fontspec}
\fi
\usepackage{amssymb,booktabs,longtable,array,graphicx,hyperref}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\begin{document}
"""
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}",
}  # fmt: skip
# Signs that pdflatex's fonts do not have.
SIGNS = {
    "→": r"\to", "←": r"\leftarrow", "⇒": r"\Rightarrow", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx",
    "×": r"\times", "·": r"\cdot", "−": "-", "±": r"\pm", "∞": r"\infty", "√": r"\surd", "∑": r"\sum", "∈": r"\in",
    "∂": r"\partial", "∇": r"\nabla", "⊙": r"\odot", "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta",
    "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta", "λ": r"\lambda", "μ": r"\mu", "π": r"\pi", "σ": r"\sigma",
    "τ": r"\tau", "φ": r"\varphi", "ω": r"\omega", "Δ": r"\Delta", "Σ": r"\Sigma",
}  # fmt: skip
HEADINGS = {2: "section*", 3: "subsection*", 4: "subsubsection*"}


def latex(markdown: str) -> str:
    """The LaTeX source of a Markdown document, from its preamble to its end."""
    return PREAMBLE + "\n\n".join(filter(None, map(_block, parse(markdown).children))) + "\n\\end{document}\n"


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(ESCAPES.get(sign) or (f"${SIGNS[sign]}$" if sign in SIGNS else sign) for sign in text)


def _block(node: Node) -> str:
    match node.type:
        case "heading":
            return _heading(node)
        case "paragraph":
            return _paragraph(node)
        case "bullet_list":
            return _items("itemize", node)
        case "ordered_list":
            return _items("enumerate", node)
        case "blockquote":
            return "\\begin{quote}\\itshape\n" + _blocks(node.children) + "\n\\end{quote}"
        case "table":
            return _table(node)
        case "fence" | "code_block":
            # No verbatim: its text could end it.
            lines = [f"\\texttt{{{escape(line).replace(' ', '~')}}}" for line in node.content.rstrip("\n").split("\n")]
            return "\\begin{quote}\n" + "\\\\\n".join(lines) + "\n\\end{quote}"
        case "hr":
            return r"\medskip\hrule\medskip"
        case _:
            return ""


def _blocks(nodes: Sequence[Node]) -> str:
    return "\n\n".join(filter(None, map(_block, nodes)))


def _heading(node: Node) -> str:
    level, title = int(node.tag[1:]), _text(spans(node.children))
    return f"{{\\LARGE\\bfseries {title}\\par}}" if level == 1 else f"\\{HEADINGS.get(level, 'paragraph*')}{{{title}}}"


def _paragraph(node: Node) -> str:
    pictures = [_picture(image) for inline in node.children for image in inline.children if image.type == "image"]
    return "\n\n".join(filter(None, [*pictures, _text(spans(node.children))]))


def _picture(node: Node) -> str:
    # The braces keep a name with dots or spaces one name; scaled down to the text's width, never up.
    name = str(node.attrs["src"]).replace("%20", " ")
    caption = _text(spans(node.children))
    return (
        "\\begin{center}\n\\sbox0{\\includegraphics{" + name + "}}%\n"
        "\\ifdim\\wd0>\\linewidth\\resizebox{\\linewidth}{!}{\\usebox0}\\else\\usebox0\\fi\n\n"
        f"\\small\\itshape {caption}\n\\end{{center}}"
    )


def _items(kind: str, node: Node) -> str:
    items = "\n".join(rf"\item {_blocks(item.children)}" for item in node.children)
    return f"\\begin{{{kind}}}\n{items}\n\\end{{{kind}}}"


def _table(node: Node) -> str:
    table = table_of(node)
    lengths = [max(sum(len(span.text) for span in cell) for cell in column) for column in zip(*table.rows, strict=True)]
    wide = sum(length > WIDE for length in lengths)
    narrow = sum(length for length in lengths if length <= WIDE) * 0.012  # of the line, a rough guess is enough
    share = max(0.92 - narrow, 0.3) / max(wide, 1)
    columns = "".join(
        f"p{{{share:.2f}\\linewidth}}" if length > WIDE else "r" if right else "l"
        for length, right in zip(lengths, table.right, strict=True)
    )
    head, *body = [" & ".join(map(_text, row)) + r" \\" for row in table.rows]
    lines = [
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}", r"\toprule", head, r"\midrule", r"\endhead",
        *body, r"\bottomrule", r"\end{longtable}",
    ]  # fmt: skip
    return "{\\small\n" + "\n".join(lines) + "\n}"


def _text(content: Iterable[Span]) -> str:
    return "".join(map(_span, content))


def _span(span: Span) -> str:
    if span.text == "\n":
        return "\\newline\n"
    text = escape(span.text)
    for wanted, command in ((span.code, "texttt"), (span.bold, "textbf"), (span.italic, "emph")):
        text = f"\\{command}{{{text}}}" if wanted else text
    return f"\\href{{{_address(span.link)}}}{{{text}}}" if span.link else text


def _address(link: str) -> str:
    return "".join(f"\\{sign}" if sign in "%#&_" else sign for sign in link if sign not in "{}\\^~")
