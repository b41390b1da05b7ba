"""Reads who handed in what, from a folder of submissions or a platform's unpacked export."""

from autograder.course.sources.listing import SourceError
from autograder.course.sources.reading import Source, read

__all__ = ["Source", "SourceError", "read"]
