"""The kit as the grader reads it: the points of a deliverable are shared among its tests."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from autograder.grade.kit import Kit, share
from autograder.rubric import Excused


@given(
    st.decimals(min_value="0.01", max_value=500, places=2),
    st.lists(st.floats(min_value=0.1, max_value=20), min_size=1, max_size=30),
)
@example(total=10, weights=[1.0, 1.0, 1.0])
@example(total=0.01, weights=[1.0] * 30)
def test_shares_are_hundredths_that_add_up_exactly(total, weights):
    shares = share(float(total), weights)
    assert len(shares) == len(weights)
    assert sum(round(100 * part) for part in shares) == round(100 * total)
    exact = [float(total) * weight / sum(weights) for weight in weights]
    assert all(abs(part - right) <= 0.01 + 1e-9 for part, right in zip(shares, exact, strict=True))


def test_the_points_of_a_deliverable_are_its_tests(layout):
    kit = Kit.load(layout / "source")
    for deliverable in kit.assignment.deliverables:
        points = [kit.points[test.key] for test in kit.tests_of(deliverable)]
        assert round(sum(points), 2) == deliverable.points
        assert min(points) > 0


def test_the_points_of_an_excused_test_are_spread_over_its_deliverable_or_stay(layout):
    kit = Kit.load(layout / "source")
    rnn = kit.tests_of(kit.assignment.deliverable("naive.RNN"))
    before = [kit.points[test.key] for test in rnn]
    excused = (Excused(rnn[1].number, "spread", "It was wrong."), Excused(rnn[2].number, "given", "It was wrong."))
    changed = replace(kit, rubric=replace(kit.rubric, excused=excused))
    after = [changed.points[test.key] for test in rnn]
    assert after[1] == 0
    assert round(sum(after), 2) == round(sum(before), 2)
    assert all(new > old for new, old in zip(after[2:], before[2:], strict=True))
    others = [test.key for test in kit.tests if test not in rnn]
    assert [changed.points[key] for key in others] == [kit.points[key] for key in others]
