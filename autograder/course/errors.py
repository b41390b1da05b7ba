"""Mistakes that a person can mend."""


class CourseError(Exception):
    """Something about a class that cannot be used; the message says what, where, and what to do."""
