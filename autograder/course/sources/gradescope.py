"""Reads Gradescope's export ("Download Submissions"): a folder for each submission, and submission_metadata.yml.

The file is written by Ruby. It maps a submission's folder to `:submitters:` (a list with `:name:`, `:sid:` and
`:email:`), `:created_at:`, `:results:`, `:history:` and more, where times may be Ruby objects.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from autograder.course.handins import HandIn, Student
from autograder.course.sources.listing import Found, Listing, SourceError, ignored, text
from autograder.course.times import instant
from harness.words import abridged, shown

METADATA = "submission_metadata.yml"
FORMAT = "Gradescope export"
NOBODY = f"{METADATA} does not say who has handed this in."
WANTED = (":submitters", ":created_at")


def fits(listed: Listing) -> bool:
    return METADATA in listed.files


def read(listed: Listing) -> Found:
    """Read an export.

    Raises:
        SourceError: if submission_metadata.yml cannot be read.
    """
    found = Found()
    missing: list[str] = []
    told: set[str] = set()
    for name, known in _submissions(listed.files[METADATA]):
        if name in told:
            continue
        told.add(name)
        if name in listed.folders:
            found.handins.append(_handin(name, listed.folders[name], known))
        else:
            missing.append(shown(name))
    for name in listed.folders.keys() - told:
        found.handins.append(HandIn(name, listed.folders[name], notes=(NOBODY,)))
    if missing:
        found.notes.append(f"{METADATA} names folders that are not there: {abridged(missing)}.")
    found.notes += ignored(listed.files.keys() - {METADATA}, "an export has a folder for each submission")
    return found


def _handin(name: str, place: Path, known: dict[str, Any]) -> HandIn:
    notes: list[str] = []
    submitters = known.get(":submitters")
    members = [member for member in submitters if isinstance(member, dict)] if isinstance(submitters, list) else []
    students = tuple(
        Student(name=_text(member, ":name"), email=_text(member, ":email"), number=_text(member, ":sid"))
        for member in members
    )
    if not students:
        notes.append(NOBODY)
    time = known.get(":created_at")
    written = time.get("utc") if isinstance(time, dict) else time  # TimeWithZone
    created = instant(written) if isinstance(written, str) else None
    if created is None:
        notes.append(f"{METADATA} does not say when this was handed in.")
    return HandIn(name, place, students, created, notes=tuple(notes))


def _text(member: dict[str, Any], key: str) -> str:
    value = member.get(key)
    return text(value) if isinstance(value, str) and value not in ("~", "null") else ""


def _submissions(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each submission's folder and what is wanted of it.

    The file is read event by event: results of 3,000 submissions take gigabytes as objects. Every scalar is a text and
    every tag is ignored, so no object is ever made, and a number keeps its leading zeros.
    """
    try:
        with path.open("rb") as file:
            events = _Events(yaml.parse(file, Loader=yaml.CBaseLoader))
            if not events.opens_mapping():
                raise SourceError(f"{path}: expected a mapping of submissions' folders")
            while (name := events.key()) is not None:
                known: dict[str, Any] = {}
                if events.opens_mapping():
                    while (key := events.key()) is not None:
                        value = events.value()
                        if key in WANTED:
                            known[key] = value
                yield name, known
    except (yaml.YAMLError, ValueError, RecursionError, StopIteration, OSError) as error:
        raise SourceError(f"{path} cannot be read: {shown(' '.join(str(error).split()))}") from None


class _Events:
    """The events of a YAML file as nodes, one at a time."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Any] = {}

    def opens_mapping(self) -> bool:
        """Go to the next node. Whether it is a mapping, whose keys come next; any other node is read to its end."""
        event = self._next()
        if isinstance(event, yaml.MappingStartEvent):
            return True
        self._node(event)
        return False

    def key(self) -> str | None:
        """The next key of the mapping that is open; None where it ends."""
        event = self._next()
        return None if isinstance(event, yaml.MappingEndEvent) else str(self._node(event))

    def value(self) -> Any:
        """The next node: a text, a list or a dict."""
        return self._node(self._next())

    def _next(self) -> yaml.Event:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        return event

    def _node(self, event: yaml.Event) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._anchors.get(str(event.anchor))
        anchor = getattr(event, "anchor", None)
        node: Any = None
        if isinstance(event, yaml.ScalarEvent):
            node = event.value
        elif isinstance(event, yaml.SequenceStartEvent):
            node = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                node.append(self._node(event))
        elif isinstance(event, yaml.MappingStartEvent):
            node = {}
            while (key := self.key()) is not None:
                node[key] = self.value()
        if anchor:
            self._anchors[anchor] = node
        return node
