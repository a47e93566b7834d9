"""Which accelerators there are: words, plug-ins that are imported, and why one is not here."""

import sys
from types import SimpleNamespace

import pytest
import torch

from bench.devices import accelerator, api, plugins, registry
from bench.devices.base import DeviceError
from bench.devices.machine import machine
from bench.devices.registry import every, open_device, parse
from tests.devices.accelerator_cases import plug_in


def test_words_are_backends_and_torchs_device_types() -> None:
    assert parse("npu:3") == ("npu", 3)
    assert {"npu", "mlu", "musa", "xpu", "mps", "accelerator"} <= set(registry.words())
    with pytest.raises(DeviceError, match=r"no device 'mpu': did you mean .*'mps'"):
        parse("mpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_what_is_not_here_says_why() -> None:
    with pytest.raises(DeviceError) as caught:
        open_device("mlu")
    assert str(caught.value) == (
        "no device 'mlu' here: this torch has no device type mlu; it comes with torch_mlu"
    )
    assert "torch finds no accelerator" in str(accelerator.present(0))


def test_a_module_that_does_not_tell_whether_it_is_available_is_asked_generically(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """torch.mps of torch 2.6 has no ``is_available``."""
    plug_in(monkeypatch, is_available=None)
    monkeypatch.setattr(accelerator, "current", lambda: "mps")
    monkeypatch.setattr(api, "current", lambda: "mps")
    generic = SimpleNamespace(is_available=lambda: True, device_count=lambda: 1)
    monkeypatch.setattr(torch, "accelerator", generic)
    assert accelerator.present(0) is None
    generic.is_available = lambda: False
    assert accelerator.present(0) == "torch finds no mps device"


def test_a_plug_in_is_imported_by_its_name_and_one_that_breaks_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plugins, "_is_installed", lambda name: name.startswith("torch_"))
    assert plugins.modules("npu") == ("torch_npu",)
    assert plugins.modules("gcu") == ("torch_gcu",)
    assert plugins.packages("supa") == ("torch_br", "torch_supa")
    plugins.load.cache_clear()
    monkeypatch.setitem(sys.modules, "torch_mlu", SimpleNamespace())
    assert plugins.load("mlu") == ()
    assert plugins.load("npu") == ("torch_npu cannot be imported: No module named 'torch_npu'",)
    plugins.load.cache_clear()


def test_all_devices_of_the_first_backend_that_has_one_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = {"accelerator": 2, "cpu": 1}
    monkeypatch.setattr(
        registry, "absent", lambda name, index: None if index < here.get(name, 0) else "no"
    )
    assert every() == ("accelerator:0", "accelerator:1")
    assert every("cpu") == ("cpu:0",)
    assert every("cuda") == ()


def test_the_record_names_the_plug_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "version", lambda kind: f"torch_{kind} 2.7.1")
    assert machine("npu").accelerator_runtime == "torch_npu 2.7.1"
    assert machine("cpu").accelerator_runtime == (
        f"CUDA {torch.version.cuda}" if torch.version.cuda else None
    )
