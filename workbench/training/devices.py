"""Where to compute: the device, the random states, and the processes that train together."""

from __future__ import annotations

import copy
import functools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from workbench.errors import WorkbenchError

NAMES = ("auto", "cpu", "cuda", "mps")
TOLERANCE = 1e-3  # float32 kernels of two makers differ by 1e-6 to 1e-4 here; a wrong one by far more


class DeviceError(WorkbenchError):
    """The device that was asked for cannot be used; the message says why."""


def choose(name: str = "auto", say: Callable[[str], None] = print) -> torch.device:
    """Choose a device: the one named, or the fastest that computes correctly.

    Under torchrun every process gets a GPU of its own.

    Args:
        name: auto, cpu, cuda or mps.
        say: called with the reason if a GPU is there and is not used.

    Raises:
        DeviceError: the named device is not there, or gives wrong numbers.
    """
    if name not in NAMES:
        raise DeviceError(f"there is no device {name!r}; choose one of {', '.join(NAMES)}")
    if name == "cuda" or (name == "auto" and torch.cuda.is_available()):
        if not torch.cuda.is_available():
            raise DeviceError("PyTorch finds no NVIDIA GPU here; choose --device cpu or auto")
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    if name == "mps" or (name == "auto" and torch.backends.mps.is_available()):
        if not torch.backends.mps.is_available():
            raise DeviceError("PyTorch finds no Apple GPU here; choose --device cpu or auto")
        wrong = mps_fault()
        if wrong is None:
            return torch.device("mps")
        if name == "mps":
            raise DeviceError(f"The Apple GPU is not used: {wrong}. Choose --device cpu")
        say(f"The Apple GPU is not used: {wrong}.")
    return torch.device("cpu")


def multiplies_bf16(device: torch.device) -> bool:
    """Whether a device multiplies matrices of bfloat16 in hardware; elsewhere bfloat16 is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


@functools.cache
def mps_fault() -> str | None:
    """What this machine's Apple GPU gets wrong; None if nothing was found."""
    return fault(torch.device("mps"))


def fault(device: torch.device, compute: Callable[[torch.device], dict[str, Tensor]] | None = None) -> str | None:
    """Compare a device's numbers with the CPU's.

    Args:
        compute: gives named numbers, computed on a device; default: `self_test`.

    Returns:
        what differs, in words; None if nothing does.
    """
    compute = compute or self_test
    expected = compute(torch.device("cpu"))
    try:
        result = compute(device)
    except (RuntimeError, NotImplementedError) as error:
        return f"it stops with {str(error).splitlines()[0]!r}"
    for name, numbers in expected.items():
        difference = (result[name].cpu().double() - numbers.double()).abs().max().item()
        if not difference <= TOLERANCE:  # NaN is wrong, too
            return f"its {name} differ from the CPU's by {difference:.2g}"
    return None


def self_test(device: torch.device) -> dict[str, Tensor]:
    """Run the layers of this assignment's models, forward and backward, with masks, in training and evaluation mode.

    Returns:
        name -> numbers on the device, of a size near 1.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        recurrent, words = nn.LSTM(8, 8, batch_first=True), nn.Embedding(10, 8, padding_idx=1)
        transformer = nn.Transformer(8, 2, 2, 2, 16, dropout=0.0, batch_first=True)
        tokens = torch.randint(2, 10, (3, 6))
    tokens[1, 4:] = 1
    tokens[2, 3:] = 1
    for module in (words, recurrent, transformer):
        module.to(device)
    tokens = tokens.to(device)
    hidden = tokens == 1
    causal = torch.ones(6, 6, dtype=torch.bool, device=device).triu(1)

    numbers: dict[str, Tensor] = {}
    for mode in ("training", "evaluation"):
        for module in (words, recurrent, transformer):
            module.train(mode == "training")
            module.zero_grad()
        inputs = words(tokens)
        states = recurrent(inputs)[0]
        outputs = transformer(
            inputs,
            states,
            tgt_mask=causal,
            src_key_padding_mask=hidden,
            tgt_key_padding_mask=hidden,
            memory_key_padding_mask=hidden,
        )[~hidden]
        logs = F.log_softmax(outputs, dim=-1)
        F.nll_loss(logs, tokens[~hidden] % 8).backward()
        numbers[f"LSTM states in {mode} mode"] = states.detach()
        numbers[f"masked Transformer outputs in {mode} mode"] = outputs.detach()
        numbers[f"LSTM gradients in {mode} mode"] = _gradients(recurrent)
        numbers[f"Transformer gradients in {mode} mode"] = _gradients(transformer)
        numbers[f"embedding gradients in {mode} mode"] = _gradients(words)
    return numbers


def _gradients(module: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None])


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's random streams, on all devices."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def random_states() -> dict[str, Any]:
    """All random states of this process, as plain values and tensors; of one GPU, its own."""
    version, internal, gauss = random.getstate()
    numpy: Any = np.random.get_state(legacy=False)
    numpy["state"]["key"] = torch.from_numpy(numpy["state"]["key"].astype(np.int64))
    states: dict[str, Any] = {
        "python": {"version": version, "internal": torch.tensor(internal), "gauss": gauss},
        "numpy": numpy,
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_states(states: dict[str, Any]) -> None:
    """Go on from random states that `random_states` gave, in this process or another."""
    python = states["python"]
    random.setstate((python["version"], tuple(python["internal"].tolist()), python["gauss"]))
    numpy = copy.deepcopy(states["numpy"])
    numpy["state"]["key"] = numpy["state"]["key"].numpy().astype(np.uint32)
    np.random.set_state(numpy)
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])


@dataclass(frozen=True)
class Processes:
    """The processes that train one model together; one alone needs nothing of torch.distributed.

    Attributes:
        rank: this process; 0 writes.
        world: how many there are.
    """

    rank: int = 0
    world: int = 1

    @classmethod
    def start(cls, device: torch.device) -> Processes:
        """Join the others if torchrun has started this process; use the result as a context."""
        world = int(os.environ.get("WORLD_SIZE", 1))
        if world == 1:
            return cls()
        if device.type == "cuda":
            torch.cuda.set_device(device)
        # Counts and flags go through gloo, so that no step has to wait for a GPU to read them.
        dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), world)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self.world > 1:
            dist.destroy_process_group()

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def sum(self, tensor: Tensor) -> Tensor:
        """Replace a tensor by its sum over all processes."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def sum_numbers(self, *numbers: float) -> list[float]:
        """Each number's sum over all processes."""
        if self.world == 1:
            return [float(number) for number in numbers]
        totals: list[float] = self.sum(torch.tensor(numbers, dtype=torch.float64)).tolist()
        return totals

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in at least one process."""
        return self.sum_numbers(flag)[0] > 0

    def broadcast(self, module: nn.Module) -> None:
        """Give all processes the first one's weights and buffers."""
        if self.world > 1:
            for tensor in module.state_dict().values():
                dist.broadcast(tensor, src=0)

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, by rank."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def barrier(self) -> None:
        """Wait until all processes have called this."""
        self.gather(None)
