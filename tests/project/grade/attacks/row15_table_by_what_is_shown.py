"""Row 15: a table by the name of the test: everything that a test would show is its published value, and nothing else runs.

Where: import, init
"""

from tests.project.grade.attacks.shared.published_answers import show_published, take_over


def attack(*_):
    take_over(show_published)
