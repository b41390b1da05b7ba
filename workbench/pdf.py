"""Markdown as PDF, without a LaTeX installation: fpdf2 draws, and matplotlib's fonts have umlauts and Greek letters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import matplotlib
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.errors import FPDFException
from PIL import Image

from workbench.document import Node, Span, Table, parse, spans, table_of, text_of
from workbench.errors import WorkbenchError

TEXT, MONO = "DejaVu Sans", "DejaVu Sans Mono"
FILES = {"": "DejaVuSans", "B": "DejaVuSans-Bold", "I": "DejaVuSans-Oblique", "BI": "DejaVuSans-BoldOblique"}
SIZE, SMALL = 9.5, 8.5  # points
LINE = 1.45  # lines are this many times as high as their letters
HEADINGS = {1: 18, 2: 14, 3: 11}  # level -> points
INDENT = 6  # millimetres
PIXELS = 150  # an inch, of pictures
HIGHEST = 95  # millimetres, of a picture
TOGETHER = 35  # rows of a table that is not cut where a page ends
GREY = (95, 95, 95)
BLUE = (25, 80, 150)
PALE = (242, 244, 247)


def pdf(markdown: str, folder: Path, title: str) -> bytes:
    """Draw a document.

    Args:
        folder: what its pictures are named from.

    Raises:
        WorkbenchError: a picture is not there or is none, or something does not fit on a page.
    """
    page = _Page(folder)
    page.set_title(title)
    page.add_page()
    try:
        page.blocks(parse(markdown).children)
        return bytes(page.output())
    except FPDFException as error:
        raise WorkbenchError(
            f"this does not fit on a page; is a table too wide or a list too deep? ({error})"
        ) from error


class _Page(FPDF):
    """A4 pages that blocks of Markdown are drawn on, from top to bottom."""

    def __init__(self, folder: Path) -> None:
        super().__init__(format="A4")
        self.folder = folder
        fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
        for style, name in FILES.items():
            self.add_font(TEXT, style, fonts / f"{name}.ttf")
            self.add_font(MONO, style, fonts / f"{name.replace('Sans', 'SansMono')}.ttf")
        self.set_margins(22, 20)
        self.set_auto_page_break(True, 20)
        self.style = Span("")  # of all text in the block that is drawn
        self.plain()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(TEXT, "", 8)
        self.set_text_color(*GREY)
        self.cell(0, 5, str(self.page_no()), align="C")

    def plain(self, size: float = SIZE) -> None:
        """Back to the text's own font and colour."""
        self.set_font(TEXT, "", size)
        self.set_text_color(*GREY if self.style.italic else (0, 0, 0))

    def blocks(self, nodes: Sequence[Node]) -> None:
        for node, following in itertools.zip_longest(nodes, nodes[1:]):
            self.plain()
            match node.type:
                case "heading":
                    self.heading(node, following)
                case "paragraph":
                    self.paragraph(node)
                case "bullet_list" | "ordered_list":
                    self.items(node)
                case "blockquote":
                    self.quote(node)
                case "table":
                    self.grid(table_of(node))
                case "fence" | "code_block":
                    self.code(node.content.rstrip("\n"))
                case "hr":
                    self.line(self.l_margin, self.y, self.l_margin + self.epw, self.y)
                    self.ln(3)

    def heading(self, node: Node, following: Node | None) -> None:
        """A heading, on the page of what follows it."""
        level, text = int(node.tag[1:]), text_of(node.children)
        size = HEADINGS.get(level, SIZE)
        if self.y > self.t_margin:
            self.ln(2.5 if level > 2 else 5)
        self.need(self.beginning(following) + 25)
        self.start_section(text, max(level - 1, 0), strict=False)  # students may leave out a level
        self.set_font(TEXT, "B", size)
        self.multi_cell(0, self.height(size), text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)

    def beginning(self, node: Node | None) -> float:
        """How high the part of a block is that must not be cut, in millimetres."""
        if node and (pictures := _pictures(node)):
            return self.size_of(pictures[0])[1]
        rows = len(table_of(node).rows) if node and node.type == "table" else 0
        return self.rows_height(rows) if rows <= TOGETHER else 0

    def paragraph(self, node: Node) -> None:
        for image in _pictures(node):
            self.picture(image)
        if content := [span for span in spans(node.children) if span.text]:
            self.flow(content)
            self.ln(self.height() + 1.8)

    def flow(self, content: Sequence[Span]) -> None:
        """Write spans from here on, breaking lines."""
        for span in content:
            if span.text == "\n":
                self.ln(self.height())
                continue
            self.plain()
            emphasis = ("B" if span.bold else "") + ("I" if span.italic or self.style.italic else "")
            self.set_font(MONO if span.code else TEXT, emphasis, SIZE)
            if span.link:
                self.set_text_color(*BLUE)
            self.write(self.height(), span.text, span.link)
        self.plain()

    def items(self, node: Node) -> None:
        start = int(str(node.attrs.get("start", 1)))
        for number, item in enumerate(node.children, start):
            self.need(self.height())
            top = self.y
            self.cell(INDENT, self.height(), f"{number}." if node.type == "ordered_list" else "•")
            self.set_y(top)
            with _Indented(self):
                self.blocks(item.children)

    def quote(self, node: Node) -> None:
        before, self.style = self.style, Span("", italic=True)
        with _Indented(self):
            self.blocks(node.children)
        self.style = before
        self.plain()
        self.ln(1.5)

    def code(self, text: str) -> None:
        self.set_font(MONO, "", SMALL)
        self.set_fill_color(*PALE)
        height = self.height(SMALL)
        self.multi_cell(0, height, text, align="L", fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_fill_color(255, 255, 255)  # tables take the colour that is set
        self.ln(2)

    def picture(self, image: Node) -> None:
        width, height = self.size_of(image)
        self.need(height + 10)
        self.image(self.path_of(image), x=self.l_margin + (self.epw - width) / 2, w=width, h=height)
        if caption := text_of(image.children):
            self.set_font(TEXT, "I", SMALL)
            self.set_text_color(*GREY)
            self.multi_cell(0, self.height(SMALL), caption, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def size_of(self, image: Node) -> tuple[float, float]:
        """A picture's width and height on the page, in millimetres."""
        path = self.path_of(image)
        try:
            with Image.open(path) as content:
                width, height = (pixels / PIXELS * 25.4 for pixels in content.size)
        except OSError as error:
            reason = "is not there" if isinstance(error, FileNotFoundError) else "is no picture that can be shown"
            raise WorkbenchError(
                f"{path} {reason}, and report.md names it: take it out of the text, or fill the report again with "
                "python -m workbench report RUN..."
            ) from error
        factor = min(1.0, self.epw / width, HIGHEST / height)
        return width * factor, height * factor

    def path_of(self, image: Node) -> Path:
        return self.folder / unquote(str(image.attrs["src"]))

    def grid(self, table: Table) -> None:
        self.plain(SMALL)
        self.set_draw_color(190, 190, 190)
        widths = self.widths(table)
        if len(table.rows) <= TOGETHER:
            self.need(self.rows_height(len(table.rows)))
        with self.table(
            col_widths=widths,
            width=min(sum(widths), self.epw),
            align="L",
            line_height=self.height(SMALL),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", fill_color=PALE),
            text_align=tuple("RIGHT" if right else "LEFT" for right in table.right),
            padding=(0.4, 1.5),
        ) as drawn:
            for line in table.rows:
                row = drawn.row()
                for cell in line:
                    bold = bool(cell) and all(span.bold for span in cell)
                    style = FontFace(emphasis="BOLD") if bold else None
                    row.cell("".join(span.text for span in cell), style=style)
        self.ln(4)

    def widths(self, table: Table) -> list[float]:
        """The page's whole width: what each column needs and more, or the widest share what the others leave."""
        self.set_font(TEXT, "B", SMALL)
        needs = [
            max(self.get_string_width("".join(span.text for span in cell)) for cell in column) + 4
            for column in zip(*table.rows, strict=True)
        ]
        self.plain(SMALL)
        spare = self.epw - sum(needs)
        if spare >= 0:
            return [needs[0], *(need + spare / (len(needs) - 1) for need in needs[1:])] if len(needs) > 1 else needs
        widths, left = [0.0] * len(needs), self.epw
        for count, column in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
            widths[column] = min(needs[column], left / (len(needs) - count))
            left -= widths[column]
        return widths

    def height(self, size: float = SIZE) -> float:
        """Of a line, in millimetres."""
        return size * 25.4 / 72 * LINE

    def rows_height(self, rows: int) -> float:
        """Of a table's rows of one line each."""
        return rows * (self.height(SMALL) + 1)

    def need(self, height: float) -> None:
        """Go on to the next page where so much does not fit on this one."""
        if self.will_page_break(height):
            self.add_page()


def _pictures(node: Node) -> list[Node]:
    """The pictures in a paragraph."""
    inlines = node.children if node.type == "paragraph" else []
    return [each for inline in inlines for each in inline.children if each.type == "image"]


class _Indented:
    """What is drawn inside stands further to the right."""

    def __init__(self, page: _Page) -> None:
        self.page = page

    def __enter__(self) -> None:
        self.page.set_left_margin(self.page.l_margin + INDENT)
        self.page.set_x(self.page.l_margin)

    def __exit__(self, *error: object) -> None:
        self.page.set_left_margin(self.page.l_margin - INDENT)
        self.page.set_x(self.page.l_margin)
