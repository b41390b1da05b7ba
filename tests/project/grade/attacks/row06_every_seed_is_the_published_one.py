"""Row 6 with 15: whatever seed is asked for, inputs come from the published one; what comes out is the published answer.

Where: import
"""

from torch import importlib

from tests.project.grade.attacks.shared.published_answers import show_published, take_over


def attack(*_):
    try:
        given_module = importlib.import_module("harness.given")
    except ImportError:
        return
    start = given_module.Given.__init__

    def published(self, seed, test, outcome=None):
        start(self, "0", test, outcome)

    given_module.Given.__init__ = published
    take_over(show_published)
