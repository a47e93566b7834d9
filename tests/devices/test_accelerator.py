"""Accelerators by duck typing: what plug-ins differ in is asked for; what is not told, unknown."""

import subprocess
import time
import warnings
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices import api, clocks, cuda
from bench.devices.accelerator import AcceleratorDevice
from bench.devices.api import Api
from bench.devices.base import DeviceError, DeviceLostError
from bench.devices.cuda import CudaDevice
from bench.devices.registry import open_device
from bench.devices.torchdevice import translated
from bench.kernels.common import accelerators, inputs
from bench.kernels.common.base import Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from tests.devices.accelerator_cases import plug_in
from tests.kernels.graph_cases import Cuda

CPU = torch.device("cpu")
SHAPE: dict[str, int | str] = {"m": 96, "n": 64, "k": 128, "layout": "nt"}


def opened(monkeypatch: pytest.MonkeyPatch, word: str, **calls: Any) -> AcceleratorDevice:
    """The backend over such a module, with buffers that the CPU holds."""
    plug_in(monkeypatch, **calls)
    real = torch.device
    monkeypatch.setattr(torch, "device", lambda *_: CPU)
    device = open_device(word)
    monkeypatch.setattr(torch, "device", real)
    assert isinstance(device, AcceleratorDevice)
    return device


ASCEND = SimpleNamespace(
    name="Ascend910B2", total_memory=64 * 2**30, cube_core_num=24, vector_core_num=48,
    L2_cache_size=192 * 2**20,
)  # fmt: skip


def test_an_ascend_tells_of_itself_under_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened(
        monkeypatch, "npu:1", get_device_properties=lambda _: ASCEND,
        mem_get_info=lambda _: (60 * 2**30, 64 * 2**30), memory_reserved=lambda _: 2**30,
    )  # fmt: skip
    told = device.info()
    assert (told.backend, told.index, told.name, told.units) == ("npu", 1, "Ascend910B2", 24)
    assert (told.memory_bytes, told.memory_free_bytes) == (64 * 2**30, 60 * 2**30)
    assert (told.l2_bytes, told.uid) == (192 * 2**20, None)
    assert told.limits == ("no device events: timed by the host's clock",)
    assert device.limits().memory_bytes == 61 * 2**30 / 2


def test_an_intel_gpu_tells_of_itself_and_of_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    told = SimpleNamespace(
        name="Intel(R) Arc(TM) B580", total_memory=12 * 2**30, gpu_subslice_count=20,
        has_fp64=False, driver_version="1.6.3", uuid="86800be2", architecture=21479432192,
    )  # fmt: skip
    device = opened(monkeypatch, "xpu", get_device_properties=lambda _: told)
    info = device.info()
    assert (info.units, info.driver, info.capability) == (20, "1.6.3", "21479432192")
    assert info.uid is not None
    assert device.lacks("fp64") == "the device reports no fp64"
    assert device.lacks("bf16") is None


def test_a_module_that_tells_next_to_nothing_is_measured_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = opened(monkeypatch, "gcu")
    told = device.info()
    assert (told.name, told.units, told.memory_bytes) == ("gcu", None, None)
    assert "free memory not reported: 2 GiB assumed" in told.limits
    done = measure_item(device, Item("gemm", "fp32", fixed=SHAPE), Plan(0.2))
    assert (done.status, done.reason) == ("ok", None)
    assert done.observed["clock"] == "host"
    overhead = done.observed["clock_overhead_s"]
    assert isinstance(overhead, float)
    assert 0 <= overhead < 1e-3
    device.release()
    assert inputs._kept == {}


def test_a_device_that_cannot_be_waited_for_is_not_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(DeviceError, match="no call that waits for mlu"):
        opened(monkeypatch, "mlu", synchronize=None)


def test_a_device_that_failed_costs_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened(monkeypatch, "musa")
    prepared = device.prepare(kernel("gemm"), Point("gemm", "fp32", parameters=SHAPE))

    def broken() -> None:
        raise RuntimeError("MUSA error: unspecified launch failure\nmore")

    device._waiter = broken
    with pytest.raises(DeviceLostError, match=r"^the device failed: MUSA error: unspecified"):
        device.time(prepared, 1)


@pytest.mark.parametrize(
    ("words", "falls"),
    [
        ("'aten::mm' is not supported and will fall back to run on the CPU.", True),
        ("Aten Op fallback from XPU to CPU happens.", True),
        ("an older driver is here", False),
    ],
)  # fmt: skip
def test_an_operation_that_the_cpu_does_instead_is_skipped(
    words: str, falls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = opened(monkeypatch, "npu")
    real = torch.mm

    def warned(*told: Any, **named: Any) -> torch.Tensor:
        warnings.warn(words, stacklevel=2)
        return real(*told, **named)

    monkeypatch.setattr(torch, "mm", warned)
    point = Point("gemm", "fp32", parameters=SHAPE)
    if not falls:
        device.prepare(kernel("gemm"), point)
        return
    with pytest.raises(UnsupportedError, match=r"^it falls back to the CPU: "):
        device.prepare(kernel("gemm"), point)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't "
                   "support float64. Please use float32 instead."), UnsupportedError),
        (AssertionError("Torch not compiled with CUDA enabled"), UnsupportedError),
        (ModuleNotFoundError("No module named 'triton'", name="triton"), UnsupportedError),
        (RuntimeError("Failed to find C compiler. Please specify via CC environment variable."),
         UnsupportedError),
        (subprocess.CalledProcessError(1, ["gcc", "main.c"]), UnsupportedError),
        (RuntimeError("NPU out of memory. NPU 0; 61 GiB total capacity"), MemoryError),
        (TypeError("mm() got an unexpected keyword"), TypeError),
    ],
    ids=str,
)  # fmt: skip
def test_a_refusal_is_told_apart_from_a_failure(error: Exception, kind: type[Exception]) -> None:
    assert type(translated(error)) is kind


class Event:
    """An event that counts ``factor`` times as fast as the host's clock."""

    factor = 1.0

    def __init__(self, **_: Any) -> None:
        self.at_s = 0.0

    def record(self) -> None:
        self.at_s = time.perf_counter()

    def elapsed_time(self, end: "Event") -> float:
        return (end.at_s - self.at_s) * 1e3 * self.factor


@pytest.mark.parametrize(("factor", "trusted"), [(1.0, True), (1e3, False), (0.0, False)])
def test_events_are_trusted_if_they_agree_with_the_host(
    factor: float, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Event, "factor", factor)
    monkeypatch.setattr(clocks, "MOST_CALLS", 64)
    plug_in(monkeypatch, Event=Event)
    found = clocks.events(Api("npu"), CPU, lambda: None)
    assert (found is not None) == trusted


def test_generic_calls_come_first_and_the_modules_own_where_they_do_not_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("Backend doesn't support it")

    plug_in(monkeypatch, device_count=lambda: 7, mem_get_info=lambda _: (1, 2))
    generic = SimpleNamespace(
        current_accelerator=lambda: SimpleNamespace(type="npu"), device_count=lambda: 3,
        get_memory_info=refused, synchronize=refused,
        get_device_capability=lambda _: {"supported_dtypes": {torch.float32}},
    )  # fmt: skip
    monkeypatch.setattr(torch, "accelerator", generic)
    asked = Api("npu")
    assert (asked.count(), asked.memory(0), asked.reserved(0)) == (3, (1.0, 2.0), 0.0)
    assert asked.waiter(0) is not None
    assert asked.dtypes(0) == frozenset({torch.float32})
    assert Api("mlu").count() == 7
    monkeypatch.delattr(torch, "accelerator")
    assert api.current() == ""


def looking_like_cuda(
    monkeypatch: pytest.MonkeyPatch, told: SimpleNamespace, **calls: Any
) -> CudaDevice:
    """A stack that presents itself as CUDA and lacks what NVIDIA's has."""

    def lacking(*_: object) -> None:
        raise AttributeError("not in this stack")

    answers = {
        "is_available": lambda: True, "device_count": lambda: 1, "set_device": lambda _: None,
        "get_device_properties": lambda _: told, "memory_reserved": lambda _: 0,
        "mem_get_info": lacking, "current_device": lacking, "_sleep": lacking,
        "synchronize": lambda _: None, **calls,
    }  # fmt: skip
    for name, answer in answers.items():
        monkeypatch.setattr(torch.cuda, name, answer)
    Cuda(monkeypatch)
    monkeypatch.setattr(torch.version, "hip", None)
    device = open_device("cuda")
    assert isinstance(device, CudaDevice)
    device.device = CPU
    return device


def test_a_stack_that_looks_like_cuda_is_measured_without_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "Event", Event)
    metax = SimpleNamespace(name="MetaX C550", major=8, minor=0)
    device = looking_like_cuda(monkeypatch, metax)
    told = device.info()
    assert (told.name, told.units, told.memory_bytes) == ("MetaX C550", None, None)
    assert told.memory_free_bytes is None
    assert device.limits().memory_bytes == cuda.UNKNOWN_BYTES / 2
    assert device.lacks("fp8") is None  # 8.0 is what makes CUDA's software run
    done = measure_item(device, Item("gemm", "fp32", fixed=SHAPE), Plan(0.2))
    assert (done.status, done.reason) == ("ok", None)
    bare = looking_like_cuda(monkeypatch, SimpleNamespace(name="GPU"))
    assert bare.info().capability is None
    inputs.release()


def test_kernels_ask_a_devices_own_module(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    plug_in(
        monkeypatch, synchronize=lambda *_: log.append("wait"),
        empty_cache=lambda: log.append("empty"), mem_get_info=lambda _: (1, 2**30),
        get_device_properties=lambda _: SimpleNamespace(gpu_subslice_count=20),
    )  # fmt: skip
    npu: Any = SimpleNamespace(type="npu")
    accelerators.synchronize(npu)
    accelerators.empty_cache(npu)
    assert log == ["wait", "empty"]
    assert (accelerators.all_memory(npu), accelerators.unit_count(npu)) == (2**30, 20)
    with pytest.raises(UnsupportedError, match="no streams on npu"):
        accelerators.streams(npu)
    plug_in(monkeypatch)
    assert accelerators.unit_count(npu) is None
    with pytest.raises(UnsupportedError, match="nothing bounds what is filled"):
        accelerators.all_memory(npu)
