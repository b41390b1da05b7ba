"""Which parameters a graded test module gives by name."""

from autograder.prepare.keywords import given_by_name

TESTS = b"""
def build(models, size=3, **options):
    others = {"heads": 1, "width": 2}
    return partial(models.a.Model, size, depth=2, **others, **options)

def test_forward(models, given, show):
    model = build(models, size=4, dropout=0.5)
    show.raises("no steps", ValueError, lambda: model(given.uniform("x", 3, low=0), steps=0), mentions=[0])
    show("y", torch.zeros(2, dtype=torch.long))
"""


def test_names_count_where_the_module_gives_them_to_what_it_does_not_define():
    everything = ["models", "size", "depth", "heads", "width", "dropout", "x", "steps", "depth"]
    everything += ["low", "mentions", "dtype"]
    assert given_by_name(TESTS, everything) == ["depth", "heads", "width", "dropout", "steps"]


def test_a_module_without_calls_gives_nothing_by_name():
    assert given_by_name(b"", ["x"]) == given_by_name(b"model(x, *rest)", ["x", "rest"]) == []
