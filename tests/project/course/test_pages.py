"""Pages for instructors: nothing in them takes effect but their own style and script, and their colours can be read."""

import itertools
import json
import re
from pathlib import Path

import pytest

from autograder.course import pages

STYLE = (pages.FOLDER / "pages.css").read_text(encoding="utf-8")
HOSTILE = "</script><script>alert(1)</script><!-- & \u2028 \ud800"


def test_a_policy_names_the_digests_of_style_and_script():
    # openssl dgst -sha256 -binary | base64, of "a{}" and of "1"
    assert pages.policy("a{}", "1") == (
        "default-src 'none'; style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='; "
        "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='; base-uri 'none'; form-action 'none'"
    )


def test_data_cannot_end_their_script_and_are_what_they_were():
    text = str(pages.data({HOSTILE: [HOSTILE]}))
    assert not set("<>&\u2028\ud800").intersection(text)
    assert json.loads(text) == {HOSTILE: [HOSTILE]}


def test_a_template_escapes_what_it_is_given(tmp_path: Path):
    template = tmp_path / "page.jinja"
    template.write_text('{% extends "page.html.jinja" %}{% block title %}{{ title }}{% endblock %}')
    page = pages.render(template, "b{}", "2", mark="ours", title=HOSTILE)
    assert "<title>&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert "b{}</style>" in page
    assert "<script>2</script>" in page


def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path):
    path = tmp_path / "new" / "page.html"
    pages.write(path, "ours: one \ud800", "ours")
    pages.write(path, "ours: two", "ours")
    assert path.read_text() == "ours: two"
    path.write_text("precious")
    with pytest.raises(pages.PageError, match=r"page\.html is there already.*move it away"):
        pages.write(path, "ours: three", "ours")
    assert path.read_text() == "precious"


def luminance(colour: str) -> float:
    """Relative luminance as in WCAG 2."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    found = re.findall(r":root \{([^}]*--page[^}]*)\}", STYLE)
    return {
        name: dict(re.findall(r"--([\w-]+): (#\w{6})", text))
        for name, text in zip(("light", "dark", "paper"), found, strict=True)
    }


def test_contrast_is_measured_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


TEXTS = [*itertools.product(("text", "quiet", "link", "bad", "good"), ("page", "surface")), ("text", "track")]
SHAPES = [*itertools.product(("fill", "bad-fill", "focus"), ("page", "surface"))]


@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
def test_text_and_shapes_have_the_contrast_of_wcag_aa(theme: str):
    colours = palettes()[theme]
    for pairs, least in ((TEXTS, 4.5), (SHAPES, 3)):
        measured = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
        assert not {pair: round(value, 2) for pair, value in measured.items() if value < least}
