"""Where the pytest plugin says that a call ran."""

import sys
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench.calls.where import device_of
from bench.errors import UsageError
from tests.devices.accelerator_cases import plug_in


class Tensor:
    """What of a tensor tells where it is."""

    def __init__(self, kind: str, index: int | None = None) -> None:
        self.device = torch.device(kind) if index is None else torch.device(kind, index)


class Model:
    """An object that computes in place and returns nothing, as a module with parameters may."""

    def __init__(self, *parts: object) -> None:
        self._modules = {str(number): part for number, part in enumerate(parts)}

    def step(self) -> None:
        """Computes."""


WORLD, MODEL = Tensor("hpu", 2), Model(Model(Tensor("cpu"), Tensor("xpu", 1)))


def in_place() -> None:
    """Writes to a tensor that is a global of the test's file."""
    assert WORLD.device is not None


def plain() -> None:
    """Holds nothing."""


def test_a_device_is_that_of_the_tensors_returned_or_held() -> None:
    held = Tensor("hpu", 3)

    def holds() -> str:
        return str(held.device.type)

    assert device_of(plain, Tensor("cuda", 1)) == "cuda:1"
    assert device_of(plain, {"out": [Tensor("cuda", 0)]}) == "cuda"
    assert device_of(holds, holds()) == "hpu:3"
    assert device_of(holds, Tensor("cpu")) == "hpu:3"  # what is copied to the host
    assert device_of(plain, Tensor("meta")) == "cpu"
    assert device_of(plain, 3) == "cpu"
    assert device_of(sys.exit, None) == "cpu"


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (MODEL.step, "xpu:1"),
        (partial(Model.step, MODEL), "xpu:1"),
        (lambda: MODEL.step(), "xpu:1"),  # noqa: PLW0108 -- what it looks up is meant
        (in_place, "hpu:2"),
        (lambda: in_place(), "hpu:2"),  # noqa: PLW0108 -- as above
        (lambda: list(map(lambda _: in_place(), "ab")), "hpu:2"),  # noqa: C417 -- as above
    ],
    ids=range(6),
)
def test_a_call_that_returns_nothing_runs_where_its_tensors_are(
    call: Callable[[], object], word: str
) -> None:
    assert device_of(call, None) == word


class Trainer:
    """What has the name of its device, and copies what it returns to the host."""

    def __init__(self, device: object, *parts: object) -> None:
        self.device, self.parts = device, parts

    def step(self) -> Tensor:
        """Returns the loss."""
        return Tensor("cpu")


NAMED = SimpleNamespace(device="cuda")


@pytest.mark.parametrize(
    "call",
    [
        Trainer("cuda").step,
        Trainer("cpu:0").step,
        Trainer(SimpleNamespace(type="nvme", index=1)).step,
        lambda: NAMED.device,
    ],
    ids=["cuda", "cpu:0", "disk", "arguments"],
)
def test_a_device_that_is_no_device_of_torchs_is_none(call: Callable[[], object]) -> None:
    assert device_of(call, None) == "cpu"


def test_a_tensor_on_an_accelerator_is_found_behind_any_on_the_host() -> None:
    trainer = Trainer("cuda", Tensor("cpu"), Model(Model(Tensor("xpu", 1))))
    batch, numbers = Tensor("cpu"), list(range(120_000))
    assert device_of(trainer.step, trainer.step()) == "xpu:1"
    assert device_of(lambda: (batch, MODEL), batch) == "xpu:1"
    assert device_of(lambda: (numbers, MODEL), numbers) == "xpu:1"


def test_a_call_that_holds_too_much_must_say_its_device_once_an_accelerator_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = [Tensor("cpu"), *([number] for number in range(120_000))]
    assert device_of(lambda: held, None) == "cpu"
    monkeypatch.setattr("bench.calls.where._in_use", lambda: "xpu")
    with pytest.raises(UsageError, match="say device='xpu' or device='cpu'"):
        device_of(lambda: held, None)
    assert device_of(lambda: held, Tensor("xpu", 1)) == "xpu:1"


def test_a_call_that_holds_itself_and_what_raises_has_no_device() -> None:
    class Lazy:
        @property
        def device(self) -> None:
            raise OSError("not configured")

    ring: list[object] = [Lazy()]
    ring.append(ring)
    assert device_of(lambda: ring, None) == "cpu"


def test_a_call_without_a_tensor_must_say_its_device_once_an_accelerator_is_in_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plug_in(monkeypatch, is_initialized=lambda: True)
    monkeypatch.setattr("bench.devices.api.current", lambda: "npu")
    with pytest.raises(UsageError, match="say device='npu' or device='cpu'"):
        device_of(plain, None)
    assert device_of(lambda: None, np.ones(1)) == "cpu"
