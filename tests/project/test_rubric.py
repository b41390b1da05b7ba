"""The rubric: what is read from it, and that every mistake is named with its key and what to write instead."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from autograder.rubric import Deliverable, Excused, HiddenFeedback, Late, Rubric, RubricError, Tier

ROOT = Path(__file__).resolve().parents[2]

RUBRIC = """
[assignment]
name = "fake"
title = "A fake assignment"
version = "1.0"
upload = "somewhere"
archive_name = "fake_{ids}.zip"
id_pattern = "[a-z]+"
group_size = 1
output = "warn"
allowed_imports = ["math", "models"]

[grading]
hidden_seeds = 2
visibility = "visible"

[grading.limits]
test_seconds = 5
overall_seconds = 240.0
memory_mib = 256
timeouts = 3

[[part]]
id = "a"
number = "1"
title = "Part A"
file = "models/a.py"
refused = ["math.sin"]

[[part.deliverable]]
id = "a.one"
title = "One"
points = 6

[[part.deliverable]]
id = "a.two"
title = "Two"
points = 2.5
needs = ["a.one"]
refused = ["math.fsum"]

[[part]]
id = "b"
number = "2"
title = "Part B"

[[part.deliverable]]
id = "b.three"
title = "Three"
file = "models/b/c.py"
points = 4
"""


def switched_off(rubric: str, *ids: str) -> str:
    """A rubric's text with these parts or deliverables off."""
    for id in ids:
        assert rubric.count(f'id = "{id}"\n') == 1
        rubric = rubric.replace(f'id = "{id}"\n', f'id = "{id}"\nenabled = false\n')
    return rubric


def test_everything_is_read():
    rubric = Rubric.parse(RUBRIC)
    assert (rubric.assignment.name, rubric.assignment.allowed_imports) == ("fake", ("math", "models"))
    assert (rubric.grading.hidden_seeds, rubric.grading.limits.test_seconds) == (2, 5.0)
    assert [(part.id, part.number, part.title) for part in rubric.parts] == [("a", "1", "Part A"), ("b", "2", "Part B")]
    assert [(entry.id, entry.number, entry.part) for entry in rubric.deliverables] == [
        ("a.one", "1.1", "a"),
        ("a.two", "1.2", "a"),
        ("b.three", "2.1", "b"),
    ]
    two = rubric.deliverable("a.two")
    assert (two.needs, two.refused) == (("a.one",), ("math.fsum",))
    assert rubric.deliverable("a.one").needs == rubric.deliverable("b.three").refused == ()


def test_a_deliverable_inherits_file_and_refusals_of_its_part():
    one, two, _ = Rubric.parse(RUBRIC.replace('title = "Two"', 'title = "Two"\nfile = "models/two.py"')).deliverables
    assert (one.file, one.refused) == ("models/a.py", ("math.sin",))
    assert (two.file, two.refused) == ("models/two.py", ("math.fsum",))


def test_paths_follow_from_the_id():
    text = RUBRIC.replace('file = "models/a.py"\n', "").replace("models/b", "theory")
    one, _, three = Rubric.parse(text).deliverables
    assert (one.file, one.tests) == ("models/a/one.py", "models/a/test_one.py")
    assert (three.file, three.tests) == ("theory/c.py", "theory/b/test_three.py")


def test_whole_points_stay_whole():
    points = [entry.points for entry in Rubric.parse(RUBRIC).deliverables]
    assert points == [6, 2.5, 4]
    assert [type(value) for value in points] == [int, float, int]


def test_an_unknown_deliverable_is_a_key_error():
    with pytest.raises(KeyError, match=r"a\.four"):
        Rubric.parse(RUBRIC).deliverable("a.four")


def test_an_ids_pattern_may_be_said_in_words():
    assert Rubric.parse(RUBRIC).assignment.id_help == ""
    text = RUBRIC.replace("group_size", 'id_help = "small letters"\ngroup_size')
    assert Rubric.parse(text).assignment.id_help == "small letters"


def test_what_is_off_keeps_its_number():
    def numbers(deliverables: Iterable[Deliverable]) -> dict[str, str]:
        return {deliverable.id: deliverable.number for deliverable in deliverables}

    rubric = Rubric.parse(switched_off(RUBRIC, "a.two"))
    assert [part.id for part in rubric.parts] == ["a", "b"]
    assert numbers(rubric.deliverables) == {"a.one": "1.1", "b.three": "2.1"}
    assert numbers(rubric.off) == {"a.two": "1.2"}
    rubric = Rubric.parse(switched_off(RUBRIC.replace('["a.one"]', "[]"), "a.one"))
    assert numbers(rubric.deliverables) == {"a.two": "1.2", "b.three": "2.1"}


def test_a_part_goes_with_its_deliverables_and_they_with_it():
    for ids in (("a",), ("a.one", "a.two"), ("a", "a.two")):
        rubric = Rubric.parse(switched_off(RUBRIC, *ids))
        assert [part.id for part in rubric.parts] == ["b"]
        assert [deliverable.id for deliverable in rubric.deliverables] == ["b.three"]
        assert [deliverable.id for deliverable in rubric.off] == ["a.one", "a.two"]


def test_a_rubric_without_any_deliverable_is_refused():
    with pytest.raises(RubricError, match=r"part\.deliverable: expected at least one that is on, found nothing"):
        Rubric.parse(switched_off(RUBRIC, "a", "b"))


def test_what_is_off_is_still_checked():
    with pytest.raises(RubricError, match=r"deliverable\[b\.three\]\.points: expected a positive number"):
        Rubric.parse(switched_off(RUBRIC, "b").replace("points = 4", "points = 0"))


@pytest.mark.parametrize("hints", ["local", "everywhere", "off"])
def test_hints_are_given_where_the_rubric_says(hints):
    assert Rubric.parse(RUBRIC).assignment.hints == "everywhere"
    text = RUBRIC.replace("group_size", f'hints = "{hints}"\ngroup_size')
    assert Rubric.parse(text).assignment.hints == hints


def test_the_real_rubric_is_valid():
    rubric = Rubric.load(ROOT / "autograder/rubric.toml")
    assert rubric.deliverable("naive.LSTM").number == "1.2"
    assert all(entry.part in {part.id for part in rubric.parts} for entry in rubric.deliverables)


MISTAKES = [
    # old text, new text, key path, what is expected, what was found
    ("points = 6", "pionts = 6", "part[a].deliverable[a.one].pionts", "the nearest is 'points'", "'pionts'"),
    ("group_size", "groupsize", "assignment.groupsize", "the nearest is 'group_size'", "'groupsize'"),
    ("hidden_seeds", "hidden_seed", "grading.hidden_seed", "the nearest is 'hidden_seeds'", "'hidden_seed'"),
    (
        "hidden_seeds",
        'isolation = "requird"\nhidden_seeds',
        "grading.isolation",
        "one of required, wanted",
        "'requird'",
    ),
    ("memory_mib", "memory_mb", "grading.limits.memory_mb", "the nearest is 'memory_mib'", "'memory_mb'"),
    ("[grading]", "[gradin]", "gradin", "the nearest is 'grading'", "'gradin'"),
    ('id = "b"', 'id = "b"\nnumer = "2"', "part[b].numer", "the nearest is 'number'", "'numer'"),
    ('upload = "somewhere"\n', "", "assignment.upload", "a value", "nothing"),
    ('title = "Part A"\n', "", "part[a].title", "a value", "nothing"),
    ("points = 6\n", "", "part[a].deliverable[a.one].points", "a value", "nothing"),
    ('title = "One"', "title = 1", "deliverable[a.one].title", "a string", "1"),
    ('title = "One"', 'title = " "', "deliverable[a.one].title", "a string that is not empty", "' '"),
    ("group_size = 1", 'group_size = "1"', "assignment.group_size", "a whole number", "'1'"),
    ("group_size = 1", "group_size = true", "assignment.group_size", "a whole number", "True"),
    ("memory_mib = 256", "memory_mib = 25.6", "grading.limits.memory_mib", "a whole number", "25.6"),
    ("points = 6", "points = true", "deliverable[a.one].points", "a number", "True"),
    ("points = 6", "points = nan", "deliverable[a.one].points", "a number", "nan"),
    ('needs = ["a.one"]', 'needs = "a.one"', "deliverable[a.two].needs", "a list of strings", "'a.one'"),
    ('["math", "models"]', '["math", 1]', "assignment.allowed_imports", "a list of strings", "['math', 1]"),
    ("points = 6", "points = 0", "deliverable[a.one].points", "a positive number", "0"),
    ("points = 2.5", "points = -2.5", "deliverable[a.two].points", "a positive number", "-2.5"),
    ('needs = ["a.one"]', 'needs = ["a.on"]', "deliverable[a.two].needs", "stand earlier", "'a.on'"),
    ('needs = ["a.one"]', 'needs = ["b.three"]', "deliverable[a.two].needs", "stand earlier", "'b.three'"),
    ('needs = ["a.one"]', 'needs = ["a.two"]', "deliverable[a.two].needs", "stand earlier", "'a.two'"),
    ('id = "a.two"', 'id = "a.one"', "deliverable[a.one].id", "no other deliverable has", "'a.one'"),
    ('id = "a.two"', 'id = "two"', "deliverable[two].id", "a.Name", "'two'"),
    ('id = "a.two"', 'id = "b.two"', "deliverable[b.two].id", "tests/models/a/test_Name.py", "'b.two'"),
    ('id = "b"', 'id = "b c"', "part[b c].id", "letters, digits", "'b c'"),
    ('id = "b"', 'id = "a"', "part[a].id", "no other part has", "'a'"),
    ('number = "2"', 'number = "1"', "part[b].number", "no other part has", "'1'"),
    ("models/b/c.py", "../c.py", "deliverable[b.three].file", "a .py file", "'../c.py'"),
    ("models/b/c.py", "models\\\\c.py", "deliverable[b.three].file", "a .py file", "'models\\\\c.py'"),
    ("group_size = 1", "group_size = 0", "assignment.group_size", "at least 1", "0"),
    ('name = "fake"', 'name = "a fake"', "assignment.name", "letters, digits", "'a fake'"),
    ('version = "1.0"', 'version = "1+0"', "assignment.version", "no '+'", "'1+0'"),
    ("fake_{ids}.zip", "fake.zip", "assignment.archive_name", "contains {ids}", "'fake.zip'"),
    ("fake_{ids}.zip", "a/{ids}.zip", "assignment.archive_name", "a file name", "'a/{ids}.zip'"),
    ("fake_{ids}.zip", "{ids}_{id}.zip", "assignment.archive_name", "contains {ids} once", "'{ids}_{id}.zip'"),
    ("[a-z]+", "[a-z", "assignment.id_pattern", "a regular expression", "'[a-z'"),
    ('output = "warn"', 'output = "warn"\nid_help = ""', "assignment.id_help", "a string that is not empty", "''"),
    ('output = "warn"', 'output = "loud"', "assignment.output", "allow, warn, zero", "'loud'"),
    ('output = "warn"', 'output = "warn"\nhints = "on"', "assignment.hints", "local, everywhere, off", "'on'"),
    ('"visible"', '"sometimes"', "grading.visibility", "hidden, after_due_date", "'sometimes'"),
    ("hidden_seeds = 2", "hidden_seeds = 9", "grading.hidden_seeds", "0 to 8", "9"),
    ("hidden_seeds = 2", "hidden_seeds = -1", "grading.hidden_seeds", "0 to 8", "-1"),
    ("test_seconds = 5", "test_seconds = 0", "grading.limits.test_seconds", "a positive number", "0.0"),
    ("memory_mib = 256", "memory_mib = -64", "grading.limits.memory_mib", "a positive number", "-64"),
    ('id = "a"', 'id = "a"\nenabled = "no"', "part[a].enabled", "true or false", "'no'"),
    ('id = "a.one"', 'id = "a.one"\nenabled = 0', "deliverable[a.one].enabled", "true or false", "0"),
    ('id = "a.one"', 'id = "a.one"\nenable = true', "[a.one].enable", "the nearest is 'enabled'", "'enable'"),
    (
        'id = "a.one"',
        'id = "a.one"\nenabled = false',
        "deliverable[a.two].needs",
        "switch a.one on, or a.two off as well",
        "('a.one',)",
    ),
    ("timeouts = 3", "timeouts = 0", "grading.limits.timeouts", "a positive number", "0"),
    ("memory_mib = 256", "memory_mib = 1", "grading.limits.memory_mib", "at least 64", "1"),
    (
        "overall_seconds = 240.0",
        "overall_seconds = 14.0",
        "grading.limits.overall_seconds",
        "at least 15, which is 3 timeouts of 5 test_seconds each",
        "14.0",
    ),
    ("group_size = 1", "group_size = 2\ngroup_size_min = 3", "assignment.group_size_min", "1 up to group_size", "3"),
    ("group_size = 1", 'group_size = 1\nimports = "all"', "assignment.imports", "one of allowed, handed out", "'all'"),
]


@pytest.mark.parametrize(("old", "new", "key", "expected", "found"), MISTAKES)
def test_a_mistake_is_named(old, new, key, expected, found):
    assert old in RUBRIC
    with pytest.raises(RubricError) as error:
        Rubric.parse(RUBRIC.replace(old, new, 1), "fake/rubric.toml")
    message = str(error.value)
    assert message.startswith("fake/rubric.toml: ")
    assert key in message
    assert expected in message.partition("expected ")[2]
    assert message.endswith(f"found {found}") or found in message.rpartition("found ")[2]


TIERS = """
[late]
[[late.tier]]
up_to = "10 minutes"
deduct = 0
[[late.tier]]
up_to = "3 days"
deduct = 0.3
"""
EXCUSED = """
[[excused]]
test = "1.1.2"
points = "spread"
why = "Its text misled."

[[excused]]
test = "2.1.1"
points = "given"
why = "Its reference was wrong."

"""
POLICY = (
    RUBRIC.replace('output = "warn"', 'output = "warn"\nnotebook = "required"\nnotebook_deduct = 0.1')
    .replace(
        "hidden_seeds = 2", 'hidden_seeds = 2\npublic_share = 0.2\nhidden_feedback = { count = 5, per = "24 hours" }'
    )
    .replace("[[part]]", f"{TIERS}{EXCUSED}[[part]]", 1)
    .replace("[late]", '[late]\ngroup_date = "earliest"', 1)
)


def test_policy_is_read():
    rubric = Rubric.parse(POLICY)
    assert (rubric.assignment.notebook, rubric.assignment.notebook_deduct) == ("required", 0.1)
    assert rubric.grading.public_share == 0.2
    assert rubric.grading.hidden_feedback == HiddenFeedback(5, timedelta(days=1))
    assert rubric.late == Late("earliest", (Tier(timedelta(minutes=10), 0.0), Tier(timedelta(days=3), 0.3)))
    spread = Excused("1.1.2", "spread", "Its text misled.")
    assert rubric.excused == (spread, Excused("2.1.1", "given", "Its reference was wrong."))


def test_by_default_nothing_is_deducted_and_nothing_held_back():
    for rubric in (Rubric.parse(RUBRIC), Rubric.load(ROOT / "autograder/rubric.toml")):
        assert (rubric.late, rubric.off, rubric.excused) == (Late("latest", ()), (), ())
        assert (rubric.grading.public_share, rubric.grading.hidden_feedback) == (0, None)
        assert (rubric.assignment.strict, rubric.assignment.notebook) == ("deliverable", "optional")
        assert rubric.assignment.notebook_deduct == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second", 1),
        ("90 seconds", 90),
        ("10 minutes", 600),
        ("1minute", 60),
        ("1.5 hours", 5400),
        ("48 hours", 172_800),
        ("3 days", 259_200),
        ("2 weeks", 1_209_600),
        ("1 day 12 hours", 129_600),
        ("1 day, 2 hours and 30 minutes", 95_400),
        ("1 day and 1 second", 86_401),
    ],
)
def test_lengths_of_time_are_written_in_words(text, seconds):
    changed = Rubric.parse(POLICY.replace("24 hours", text))
    assert changed.grading.hidden_feedback.per == timedelta(seconds=seconds)


def test_a_tier_by_the_day_costs_as_much_for_each_day_that_has_begun():
    tier = Tier(timedelta(days=20), 0.1, timedelta(days=1))
    hours = {0.01: 0.1, 24: 0.1, 24.01: 0.2, 48: 0.2, 72.01: 0.4, 239: 1.0, 400: 1.0}
    assert {hour: tier.price(timedelta(hours=hour)) for hour in hours} == hours
    assert Tier(timedelta(days=20), 0.1).price(timedelta(days=19)) == 0.1


def test_tiers_by_the_day_must_not_become_cheaper():
    by_the_day = 'up_to = "10 minutes"\ndeduct = 0.4\n[[late.tier]]\nper = "1 day"'
    with pytest.raises(RubricError, match=r"tier\[2\]\.deduct: expected no less than the 0\.4 that .*, found 0\.3"):
        Rubric.parse(POLICY.replace('up_to = "10 minutes"\ndeduct = 0\n[[late.tier]]', by_the_day))
    _, tier = Rubric.parse(POLICY.replace("deduct = 0.3", 'deduct = 0.3\nper = "1 day"')).late.tiers
    assert tier == Tier(timedelta(days=3), 0.3, timedelta(days=1))


@pytest.mark.parametrize("feedback", [True, False])
def test_without_hidden_seeds_nothing_may_be_decided_about_them(feedback):
    text = POLICY.replace("hidden_seeds = 2", "hidden_seeds = 0")
    if feedback:
        text = text.replace("public_share = 0.2", "public_share = 0.0")
    key = "hidden_seeds: expected at least 1, or no hidden_feedback" if feedback else "public_share: expected 0 where"
    with pytest.raises(RubricError, match=rf"grading\.{key}"):
        Rubric.parse(text)


OVERLAY = """
[assignment]
output = "zero"
allowed_imports = ["math"]

[grading.limits]
memory_mib = 512

[[late.tier]]
up_to = "1 day"
deduct = 0.5

[[part]]
id = "b"

[[part.deliverable]]
id = "b.three"
points = 8
"""


def laid_over(tmp_path, overlay, below=POLICY):
    for name, text in {"below.toml": below, "overlay.toml": overlay}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Rubric.load(tmp_path / "below.toml", tmp_path / "overlay.toml")


def test_an_overlay_changes_what_it_names(tmp_path):
    below, rubric = Rubric.parse(POLICY), laid_over(tmp_path, OVERLAY)
    assert (rubric.assignment.output, rubric.assignment.allowed_imports) == ("zero", ("math",))
    assert rubric.assignment.name == below.assignment.name
    assert (rubric.grading.limits.memory_mib, rubric.grading.limits.timeouts) == (512, 3)
    assert rubric.late == Late("earliest", (Tier(timedelta(days=1), 0.5),))
    assert [(entry.id, entry.points, entry.title) for entry in rubric.deliverables] == [
        ("a.one", 6, "One"),
        ("a.two", 2.5, "Two"),
        ("b.three", 8, "Three"),
    ]
    assert [entry.id for entry in laid_over(tmp_path, '[[part]]\nid = "b"\nenabled = false', RUBRIC).off] == ["b.three"]
    assert laid_over(tmp_path, "") == below


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ('[[part]]\nid = "c"', r"overlay.toml: part.id: expected one of a, b, found 'c'"),
        (
            '[[part]]\nid = "a"\n[[part.deliverable]]\ntitle = "X"',
            r"overlay.toml: part[a].deliverable.id: expected one of a.one, a.two, found nothing",
        ),
        ('[[part]]\nid = ["a"]', "overlay.toml: part.id: expected one of a, b, found ['a']"),
        ("part = 3", "overlay.toml: part: expected [[part]], each with an id of the shipped rubric, found 3"),
        ("[assignment]\noutput = 3", "below.toml: assignment.output: expected a string"),
        ("[assigment]", "below.toml: assigment: expected a known key (the nearest is 'assignment'), found 'assigment'"),
        ("output =", "overlay.toml: expected TOML"),
    ],
)
def test_a_mistake_in_an_overlay_is_named(tmp_path, overlay, words):
    with pytest.raises(RubricError) as error:
        laid_over(tmp_path, overlay)
    assert str(error.value).startswith(f"{tmp_path / 'overlay.toml'}")
    assert words in str(error.value)


POLICY_MISTAKES = [
    ('"1.1.2"', '"1.3.2"', "excused[1.3.2].test", 'a number such as "1.2.3", of a test of a', "'1.3.2'"),
    ('"2.1.1"', '"1.1.2"', "excused[1.1.2].test", "a test that is not excused above", "'1.1.2'"),
    ('"spread"', '"halved"', "excused[1.1.2].points", "one of spread, given", "'halved'"),
    ('why = "Its text misled."\n', "", "excused[1.1.2].why", "a value", "nothing"),
    ("up_to =", "upto =", "late.tier[1].upto", "the nearest is 'up_to'", "'upto'"),
    ("[[late.tier]]", "[[late.tiers]]", "late.tiers", "the nearest is 'tier'", "'tiers'"),
    ("group_date", "group_dates", "late.group_dates", "the nearest is 'group_date'", "'group_dates'"),
    ('"earliest"', '"first"', "late.group_date", "latest, earliest", "'first'"),
    ("deduct = 0.3", "deduct = 30", "late.tier[2].deduct", "a share from 0 to 1", "30"),
    ("deduct = 0\n", "deduct = 0.4\n", "late.tier[2].deduct", "no less than the 0.4 that", "0.3"),
    ('"3 days"', '"9 minutes"', "late.tier[2].up_to", "a longer time", "'0:09:00'"),
    ('"3 days"', '"10 minutes"', "late.tier[2].up_to", "a longer time", "'0:10:00'"),
    ('"3 days"', '"3 fortnights"', "late.tier[2].up_to", 'such as "10 minutes"', "'3 fortnights'"),
    ('"3 days"', "3", "late.tier[2].up_to", 'such as "10 minutes"', "3"),
    ('"3 days"', '"-3 days"', "late.tier[2].up_to", 'such as "10 minutes"', "'-3 days'"),
    ('"10 minutes"', '"0 minutes"', "late.tier[1].up_to", "a time above zero", "'0 minutes'"),
    ('"3 days"', '"999999 weeks"', "late.tier[2].up_to", "at most ten years", "'999999 weeks'"),
    ("count = 5", "count = 0", "grading.hidden_feedback.count", "at least 1", "0"),
    ("count = 5", "counts = 5", "grading.hidden_feedback.counts", "the nearest is 'count'", "'counts'"),
    ("count = 5, ", "", "grading.hidden_feedback.count", "a value", "nothing"),
    ('{ count = 5, per = "24 hours" }', "5", "grading.hidden_feedback", "a table", "5"),
    ("public_share = 0.2", "public_share = 20", "grading.public_share", "a share from 0 to 1", "20"),
    ("public_share = 0.2", "public_share = -0.1", "grading.public_share", "a share from 0 to 1", "-0.1"),
    ('"required"', '"wanted"', "assignment.notebook", "required, optional, refused", "'wanted'"),
    ('"required"', '"optional"', "assignment.notebook_deduct", 'notebook = "required"', "0.1"),
    ("notebook_deduct = 0.1", "notebook_deduct = 10", "assignment.notebook_deduct", "a share from 0 to 1", "10"),
    ('output = "warn"', 'output = "warn"\nstrict = "yes"', "assignment.strict", "deliverable, submission", "'yes'"),
]


@pytest.mark.parametrize(("old", "new", "key", "expected", "found"), POLICY_MISTAKES)
def test_a_mistake_in_the_policy_is_named(old, new, key, expected, found):
    assert old in POLICY
    with pytest.raises(RubricError) as error:
        Rubric.parse(POLICY.replace(old, new, 1))
    message = str(error.value)
    assert message.startswith(f"rubric.toml: {key}: expected ")
    assert expected in message
    assert found in message.rpartition("found ")[2]


@pytest.mark.parametrize("seeds", [0, 8])
def test_hidden_seeds_may_be_none_and_eight(seeds):
    text = RUBRIC.replace("hidden_seeds = 2", f"hidden_seeds = {seeds}")
    assert Rubric.parse(text).grading.hidden_seeds == seeds


def test_missing_tables_are_named():
    with pytest.raises(RubricError, match=r"assignment: expected a table \[assignment\], found nothing"):
        Rubric.parse("")
    with pytest.raises(RubricError, match=r"grading\.limits: expected a table \[grading\.limits\], found nothing"):
        Rubric.parse(RUBRIC.partition("[grading.limits]")[0] + RUBRIC[RUBRIC.index("[[part]]") :])
    with pytest.raises(RubricError, match=r"part: expected one or more tables"):
        Rubric.parse(RUBRIC.partition("[[part]]")[0])
    with pytest.raises(RubricError, match=r"part\[c\]\.deliverable: expected one or more tables"):
        Rubric.parse(RUBRIC + '\n[[part]]\nid = "c"\nnumber = "3"\ntitle = "Empty"\n')


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RubricError, match=r"rubric\.toml: expected a rubric"):
        Rubric.load(tmp_path / "rubric.toml")
    (tmp_path / "rubric.toml").write_text("[assignment\n", encoding="utf-8")
    with pytest.raises(RubricError, match=r"rubric\.toml: expected TOML, found: .*line 1"):
        Rubric.load(tmp_path / "rubric.toml")
    (tmp_path / "rubric.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(RubricError, match=r"rubric\.toml: expected a rubric in UTF-8"):
        Rubric.load(tmp_path / "rubric.toml")
