"""The learning rate's schedules, beside torch's own where it has one."""

import math

import pytest
import torch

from workbench.training import schedules


def test_warm_up_rises_to_one_under_every_schedule() -> None:
    for schedule in schedules.SCHEDULES:
        factors = [schedules.factor(schedule, step, 4, 100) for step in range(1, 5)]
        assert factors == [0.25, 0.5, 0.75, 1.0], schedule


def test_without_warm_up_the_first_update_has_the_whole_rate() -> None:
    for schedule in schedules.SCHEDULES:
        assert schedules.factor(schedule, 1, 0, 100) == 1.0, schedule


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_constant(schedule: str) -> None:
    assert {schedules.factor(schedule, step, 4, 10) for step in (5, 10, 11)} == {1.0}


def test_cosine_is_torchs() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    for step in range(3, 13):  # after a warm-up of 2
        assert schedules.factor("cosine", step, 2, 12) == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        theirs.step()
    assert schedules.factor("cosine", 13, 2, 12) == pytest.approx(0)
    assert schedules.factor("cosine", 99, 2, 12) == pytest.approx(0)  # stays there


def test_inverse_square_root() -> None:
    assert schedules.factor("inverse-sqrt", 16, 4, 0) == 0.5
    assert schedules.factor("inverse-sqrt", 400, 4, 0) == 0.1
    assert schedules.factor("inverse-sqrt", 4, 0, 0) == 0.5


@pytest.mark.parametrize("patience", [0, 1, 2])
def test_plateau_is_torchs(patience: int) -> None:
    losses = [3.0, 2.0, 2.0, 2.1, 1.99999, 1.5, 1.6, 1.5, 1.7, 1.6, 1.6, 1.4, 1.41, 1.42, 1.43, 1.44]
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=patience)
    for i, loss in enumerate(losses, 1):
        theirs.step(loss)
        ours = schedules.plateau(losses[:i], 0.3, patience)
        assert math.isclose(ours, optimizer.param_groups[0]["lr"], rel_tol=1e-6), i
    assert ours < 0.5
