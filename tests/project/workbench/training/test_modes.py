"""Modes last as long as their context, and no longer."""

import pytest
import torch
from torch import nn

from workbench.training.modes import evaluating, rounded_products


@pytest.mark.parametrize("training", [True, False])
def test_a_module_has_its_previous_mode_afterwards(training: bool) -> None:
    module = nn.Dropout().train(training)
    with evaluating(module):
        assert not module.training
        assert not torch.is_grad_enabled()
    assert module.training == training
    assert torch.is_grad_enabled()


def test_products_have_their_previous_precision_afterwards() -> None:
    before = torch.get_float32_matmul_precision()
    with rounded_products():
        assert torch.get_float32_matmul_precision() == "medium"
    assert torch.get_float32_matmul_precision() == before
