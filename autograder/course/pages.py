"""What pages for instructors share: each is one file, opened from disk, that loads nothing.

A template extends `page.html.jinja`. All texts that it is given are escaped. Style and script stand in the page; its
content security policy names their digests, so that no other style or script can take effect.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from autograder.course.errors import CourseError
from harness.files import refusal, replace

FOLDER = Path(__file__).parent


class PageError(CourseError):
    """A page that cannot be written. The message says which, why, and what to do."""


def render(template: Path, style: str, script: str, **content: Any) -> str:
    """Fill in a template.

    Args:
        style, script: the page's own, beside what `pages.css` gives to every page.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, FOLDER]), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["data"] = data
    style = (FOLDER / "pages.css").read_text(encoding="utf-8") + style
    return environment.get_template(template.name).render(
        policy=policy(style, script), style=Markup(style), script=Markup(script), **content
    )


def policy(style: str, script: str) -> str:
    """A content security policy that allows this style and this script, inline, and nothing else."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def data(content: Any) -> Markup:
    """JSON for a `<script type="application/json">`, which no text in it can end: ASCII without <, > and &."""
    text = json.dumps(content, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def write(path: Path, page: str, mark: str) -> None:
    """Write a page in one step.

    Args:
        mark: a text of every page of this kind; a file without it is somebody else's.

    Raises:
        PageError: for a file that somebody else has written.
    """
    if why := refusal(path, mark):
        raise PageError(f"{why}; move it away, or name another folder")
    replace(path, page.encode("utf-8", "xmlcharrefreplace"))  # for a lone surrogate, which UTF-8 does not have
