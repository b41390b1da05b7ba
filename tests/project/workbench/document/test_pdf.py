"""PDF that is made of Markdown."""

import pytest
from PIL import Image

from tests.project.workbench.document.test_latex import HOSTILE
from workbench.document.pdf import pdf
from workbench.errors import WorkbenchError


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
