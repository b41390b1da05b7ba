"""One update of the weights from the losses of several batches, in one process or several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from workbench.errors import WorkbenchError, frames_of_models
from workbench.training.devices import Processes
from workbench.training.hyperparameters import Training


class Update(NamedTuple):
    """Records of an update; on a GPU the tensors may not be computed yet.

    Attributes:
        loss: (), summed over the tokens of this process.
        tokens: of all processes.
        norm: (), of the whole gradient, before clipping.
        learning_rate: of this update.
    """

    loss: Tensor
    tokens: int
    norm: Tensor
    learning_rate: float


class Updater:
    """Updates the weights with the gradient of several batches.

    The losses of all batches and processes are summed, and the gradient of this sum is divided by the number of all
    their tokens and clipped. So for the same sentences, neither the number of batches nor that of processes changes the
    result.
    """

    def __init__(self, module: nn.Module, training: Training, processes: Processes) -> None:
        self._parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self._gradient = flat_gradient(self._parameters)
        self._optimizer = make_optimizer(training, self._parameters)
        self._clip = training.clip or math.inf
        self._processes = processes

    def update(self, losses: Iterable[tuple[Tensor, int]], learning_rate: float) -> Update:
        """Update the weights.

        Args:
            losses: of this process: sums over tokens, and the numbers of tokens. If no process has a token, the
                weights stay.
        """
        self._gradient.zero_()
        loss, tokens = torch.zeros((), device=self._gradient.device), 0
        for batch_loss, count in losses:
            if count:
                _back(batch_loss)
                loss += batch_loss.detach()
                tokens += count
        (total,) = self._processes.sum_numbers(tokens)
        if not total:
            return Update(loss, 0, torch.zeros_like(loss), learning_rate)
        self._processes.sum(self._gradient)
        self._gradient /= total
        norm = nn.utils.clip_grad_norm_(self._parameters, self._clip)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        return Update(loss, int(total), norm, learning_rate)

    def state(self) -> dict[int, Any]:
        """The optimizer's moments, by parameter."""
        state: dict[int, Any] = self._optimizer.state_dict()["state"]
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Load saved moments; the settings stay the current ones."""
        groups = self._optimizer.state_dict()["param_groups"]
        moments = {int(parameter): moment for parameter, moment in state.items()}
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _back(loss: Tensor) -> None:
    """Compute the gradients of a loss.

    Raises:
        WorkbenchError: torch cannot go back through the model, as where a tensor that it needs was changed in place.
    """
    try:
        loss.backward()
    except RuntimeError as error:
        if frames_of_models(error) or isinstance(error, torch.cuda.OutOfMemoryError):
            raise
        raise WorkbenchError(
            f"no gradient can go back through your model: {str(error).split('Hint:')[0].strip()} "
            "Was something changed in place, as by += or x[i] = ...? Write it without that"
        ) from error


def flat_gradient(parameters: Sequence[nn.Parameter]) -> Tensor:
    """All gradients in one tensor (P,), of which each parameter's gradient is a view.

    All gradients can then be summed over processes and divided at once. A parameter that no loss reaches has zeros.
    """
    gradient = torch.zeros(sum(parameter.numel() for parameter in parameters), device=parameters[0].device)
    parts = gradient.split([parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.view_as(parameter)
    return gradient


def make_optimizer(training: Training, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer that training asks for."""
    common: dict[str, Any] = {"lr": training.learning_rate, "weight_decay": training.weight_decay}
    betas = (training.beta1, training.beta2)
    if training.optimizer == "radam":
        return torch.optim.RAdam(parameters, betas=betas, **common)  # torch has no fused one
    if parameters[0].device.type in ("cpu", "cuda"):
        common["fused"] = True  # one kernel for all parameters
    if training.optimizer == "sgd":
        return torch.optim.SGD(parameters, momentum=training.momentum, **common)
    kind = torch.optim.AdamW if training.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, betas=betas, **common)
