"""The devices: their contract, their words, who is absent, and which is which."""

import warnings
from importlib import import_module

import pytest
import torch

from bench.devices import cuda
from bench.devices.base import Device, DeviceError, Health, Reading
from bench.devices.registry import DEVICES, open_device, parse
from bench.devices.uid import uid
from bench.kernels.common.base import Limits
from bench.kernels.registry import kernel
from bench.records.model import Check
from tests.devices.device_cases import SMALL


@pytest.mark.parametrize("word", ["cpu", "fake"])
@pytest.mark.parametrize("name", list(SMALL))
def test_a_device_keeps_the_contract(word: str, name: str) -> None:
    device, found, point = open_device(word), kernel(name), SMALL[name]
    members = {one for one in vars(Device) if not one.startswith("_")}
    assert {one for one in members if not hasattr(device, one)} == set()
    assert device.timer_resolution_s > 0
    assert device.live in (True, False)
    assert device.info().backend == word
    limits = device.limits()
    assert isinstance(limits, Limits)
    assert limits.memory_bytes > 0
    assert device.lacks("fp32") is None
    assert device.check(found, point).passed
    prepared = device.prepare(found, point)
    before = device.now()
    elapsed = device.time(prepared, 3)
    assert 0 < elapsed.seconds <= elapsed.wall_seconds <= device.now() - before
    assert isinstance(prepared.spot_check(), Check)
    assert isinstance(device.reading(), Reading)
    assert isinstance(device.health(), Health)
    device.release()


@pytest.mark.parametrize("name", DEVICES)
def test_a_backend_imports_cleanly_without_its_driver(name: str) -> None:
    assert import_module(f"bench.devices.{name}").present(10_000)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_cuda_says_why_it_is_absent() -> None:
    with pytest.raises(DeviceError) as caught:
        open_device("cuda:1")
    assert str(caught.value) == "no device 'cuda:1' here: torch finds no CUDA or ROCm device"


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_auto_falls_back_to_the_cpu() -> None:
    assert open_device("auto").info().backend == "cpu"


@pytest.mark.parametrize(("count", "index", "reason"), [
    (1, 0, None), (2, 2, "there are 2 CUDA devices, the last is cuda:1"),
])  # fmt: skip
def test_an_index_past_the_last_device_is_refused(
    count: int, index: int, reason: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert cuda.present(index) == reason


def test_a_broken_driver_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        warnings.warn("CUDA initialization: driver too old. Please update", stacklevel=2)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", broken)
    assert cuda.present(0) == (
        "torch finds no CUDA or ROCm device: CUDA initialization: driver too old"
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [("cpu", ("cpu", 0)), ("cuda:3", ("cuda", 3)), ("auto", ("auto", 0)), ("cuda:", ("cuda", 0))],
)
def test_a_word_is_backend_and_index(word: str, expected: tuple[str, int]) -> None:
    assert parse(word) == expected


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cuad", "no device 'cuad': did you mean 'cuda'"),
        ("gpu", "no device 'gpu': "),
        ("", "no device '': "),
        ("cuda:first", "no device 'cuda:first': write an index such as cuda:0"),
        ("cuda:-1", "no device 'cuda:-1': write an index such as cuda:0"),
    ],
)
def test_a_word_that_names_no_device_says_what_would(word: str, message: str) -> None:
    with pytest.raises(DeviceError) as caught:
        parse(word)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("serial", [None, "", " N/A ", "00000000-0000-0000-0000-000000000000", 0])
def test_a_serial_that_every_device_shares_tells_none_from_another(serial: object) -> None:
    assert uid(serial) is None
    assert uid("d6f2b6d1-0000-0000-0000-000000000000") is not None
