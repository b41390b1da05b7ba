"""Choosing a device, the check of its numbers, and random states."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from workbench.training import devices
from workbench.training.devices import (
    DeviceError,
    choose,
    fault,
    random_states,
    seed_everything,
    self_test,
    set_random_states,
)
from workbench.training.run_folder import Run

CPU = torch.device("cpu")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch, no_gpu: None) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    devices.mps_fault.cache_clear()
    yield
    devices.mps_fault.cache_clear()


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_auto_is_the_cpu_and_others_are_refused() -> None:
    assert choose("auto") == choose("cpu") == CPU
    for name, maker in (("cuda", "NVIDIA"), ("mps", "Apple")):
        with pytest.raises(DeviceError, match=maker):
            choose(name)


def test_a_device_that_does_not_exist_is_refused_with_the_choices() -> None:
    with pytest.raises(DeviceError, match=r"'tpu'.*auto, cpu, cuda, mps"):
        choose("tpu")


def test_each_process_of_torchrun_gets_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose("auto") == torch.device("cuda", 0)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert choose("auto") == choose("cuda") == torch.device("cuda", 1)
    assert choose("cpu") == CPU


@pytest.mark.usefixtures("apple")
def test_an_apple_gpu_is_used_where_it_computes_right(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(devices, "fault", lambda device: None)
    assert choose("auto", said.append) == choose("mps", said.append) == torch.device("mps")
    assert said == []


@pytest.mark.usefixtures("apple")
def test_an_apple_gpu_that_computes_wrongly_is_not_used_and_why_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(devices, "fault", lambda device: "its gradients differ from the CPU's by 0.5")
    assert choose("auto", said.append) == CPU
    assert said == ["The Apple GPU is not used: its gradients differ from the CPU's by 0.5."]
    with pytest.raises(DeviceError, match="its gradients differ"):
        choose("mps")


def test_the_cpu_agrees_with_itself() -> None:
    assert fault(CPU) is None


def test_the_self_test_leaves_the_random_stream_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    self_test(CPU)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture(scope="module")
def right() -> dict[str, Tensor]:
    return self_test(CPU)


def test_the_self_test_looks_at_both_passes_and_both_modes(right: dict[str, Tensor]) -> None:
    for part in ("LSTM states", "masked Transformer outputs", "LSTM gradients", "Transformer gradients"):
        assert {name for name in right if name.startswith(part)} == {
            f"{part} in {m} mode" for m in ("training", "evaluation")
        }
    assert all(values.abs().max() > 10 * devices.TOLERANCE for values in right.values())


@pytest.mark.parametrize("wrong", [0.01, float("nan")])
def test_one_wrong_number_is_found(right: dict[str, Tensor], wrong: float) -> None:
    for name in right:
        of_the_device = {other: values.clone() for other, values in right.items()}
        of_the_device[name][..., -1] += wrong
        both = iter((right, of_the_device))  # the CPU's come first
        difference = fault(CPU, lambda device, both=both: next(both))
        assert difference is not None
        assert difference.startswith(f"its {name} differ")


def test_a_mask_that_a_device_ignores_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of fault that the test is for: padding takes part in the attention."""
    calls: list[int] = []
    right = torch.nn.Transformer.forward

    def forward(self: torch.nn.Transformer, *inputs: Tensor, **masks: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) > 2:  # the CPU's two modes come first
            masks.pop("memory_key_padding_mask")
        return right(self, *inputs, **masks)

    monkeypatch.setattr(torch.nn.Transformer, "forward", forward)
    difference = fault(CPU)
    assert difference is not None
    assert "Transformer" in difference


def test_a_device_that_cannot_do_it_at_all_is_described() -> None:
    def compute(device: torch.device) -> dict[str, Tensor]:
        if compute.called:  # type: ignore[attr-defined]
            raise NotImplementedError("aten::_nested is not implemented for MPS\nand more")
        compute.called = True  # type: ignore[attr-defined]
        return self_test(device)

    compute.called = False  # type: ignore[attr-defined]
    assert fault(CPU, compute) == "it stops with 'aten::_nested is not implemented for MPS'"


def draw() -> list[float]:
    """From every stream, an odd number of normal ones: these come in pairs, and one is kept."""
    return [
        random.random(),
        random.gauss(0, 1),
        float(np.random.rand()),
        float(np.random.randn()),
        torch.randn(3).sum().item(),
    ]


def test_random_states_come_back_through_a_file(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", {})
    seed_everything(4)
    draw()
    run.save_state({"random": random_states()})
    expected = [draw() for _ in range(3)]
    seed_everything(99)
    state = run.load_state()
    assert state is not None
    set_random_states(state["random"])
    assert [draw() for _ in range(3)] == expected
    set_random_states(state["random"])  # which setting has not used up
    assert draw() == expected[0]


def test_a_seed_decides_every_stream() -> None:
    seed_everything(1)
    first = draw()
    seed_everything(2)
    second = draw()
    seed_everything(1)
    assert draw() == first
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_states_are_small_in_json(tmp_path: Path) -> None:
    """Numbers by the hundred belong to the tensors."""
    run = Run.create(tmp_path / "run", {})
    run.save_state({"random": random_states()})
    assert len(json.dumps(run.read_json("last/state.json"))) < 1000
