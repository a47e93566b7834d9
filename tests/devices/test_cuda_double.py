"""The CUDA backend end to end over a stand-in for ``torch.cuda`` that computes on the CPU."""

import os
import sys
import time
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices import cuda
from bench.devices.base import DeviceError, DeviceLostError, Reading
from bench.devices.cuda import CudaDevice
from bench.devices.registry import open_device
from bench.kernels import gemm
from bench.kernels.common import inputs
from bench.kernels.common.base import Point, UnsupportedError
from bench.kernels.common.graphs import captured
from bench.kernels.gemm import DTYPES
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan, measure
from tests.kernels.graph_cases import Cuda

FREE, RESERVED, L2 = 6 * 2**30, 2 * 2**30, 50 * 2**20
SHAPE: dict[str, int | str] = {"m": 96, "n": 64, "k": 128, "layout": "nt"}
POINT = Point("gemm", "fp32", parameters=SHAPE)


class Event:
    """A CUDA event on the host's clock."""

    def __init__(self, *, enable_timing: bool) -> None:
        assert enable_timing
        self.at_s = 0.0

    def record(self) -> None:
        self.at_s = time.perf_counter()

    def elapsed_time(self, end: "Event") -> float:
        return (end.at_s - self.at_s) * 1e3


class Telemetry:
    """A pynvml of one busy device."""

    NVMLError = RuntimeError
    answers = {  # noqa: RUF012 -- a table
        "nvmlDeviceGetClockInfo": 1755, "nvmlDeviceGetMaxClockInfo": 1980,
        "nvmlDeviceGetPowerUsage": 612_000, "nvmlDeviceGetTemperature": 55,
        "nvmlDeviceGetCurrentClocksEventReasons": 0x4, "nvmlDeviceGetMemoryBusWidth": 5120,
        "nvmlDeviceGetEnforcedPowerLimit": 700_000, "nvmlSystemGetDriverVersion": "570.1",
        "nvmlDeviceGetPciInfo": SimpleNamespace(pciDeviceId=0x233010DE),
        "nvmlDeviceGetHandleByUUID": "handle", "nvmlInit": None,
    }  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            raise AttributeError(name)
        return lambda *_: self.answers[name]


class Double:
    """What of ``torch.cuda`` the backend leans on, and what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **told: Any) -> None:
        self.asked: list[str] = []
        self.broken = False
        facts = {
            "name": "NVIDIA H100 80GB HBM3", "gcnArchName": "NVIDIA H100 80GB HBM3", "uuid": "ab-1",
            "major": 9, "minor": 0, "multi_processor_count": 132, "total_memory": 80 * 2**30,
            "L2_cache_size": L2,
        }  # fmt: skip
        self.told = SimpleNamespace(**{**facts, **told})
        answers = {
            "is_available": True, "device_count": 2, "current_device": 0, "set_device": None,
            "get_device_properties": self.told, "mem_get_info": (FREE, 80 * 2**30),
            "memory_reserved": RESERVED, "_sleep": None, "empty_cache": None,
        }  # fmt: skip
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, self.answering(name, answer))
        monkeypatch.setattr(torch.cuda, "synchronize", self.synchronize)
        monkeypatch.setattr(torch.cuda, "Event", Event)
        monkeypatch.setitem(sys.modules, "pynvml", Telemetry())
        self.graphs = Cuda(monkeypatch)
        monkeypatch.setattr(gemm, "captured", lambda one, _: captured(one, torch.device("cuda", 1)))

    def answering(self, name: str, answer: Any) -> Any:
        def asked(*arguments: object) -> Any:
            self.asked.append(f"{name}{arguments}")
            return answer

        return asked

    def synchronize(self, index: int) -> None:
        self.asked.append(f"synchronize({index},)")
        if self.broken:
            raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    def open(self) -> CudaDevice:
        """The backend as it is opened, with buffers that the CPU holds."""
        device = open_device("cuda:1")
        assert isinstance(device, CudaDevice)
        device.device = torch.device("cpu")
        return device


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(torch.version, "hip", None)
    yield Double(monkeypatch)
    inputs.release()


MI300X = "gfx942:sramecc+:xnack-"


def amd(monkeypatch: pytest.MonkeyPatch, architecture: str = MI300X, **told: object) -> CudaDevice:
    """An AMD GPU on which NVML does not work, and with AMD SMI where ``told`` answers for it."""
    monkeypatch.setattr(torch.version, "hip", "6.4")
    monkeypatch.setenv("HIPBLASLT_ALLOW_TF32", "0")  # so that it is put back
    monkeypatch.delenv("HIPBLASLT_ALLOW_TF32")
    double = Double(
        monkeypatch, name="AMD Instinct MI300X", gcnArchName=architecture, minor=4,
        multi_processor_count=304, L2_cache_size=4 * 2**20, clock_rate=2_100_000,
        memory_bus_width=8192, pci_domain_id=0, pci_bus_id=5, pci_device_id=0,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(nvmlInit=lambda: 1 / 0))
    answers = {name: lambda *_, value=value: value for name, value in told.items()}
    monkeypatch.setitem(sys.modules, "amdsmi", SimpleNamespace(**answers) if told else None)
    return double.open()


def test_an_nvidia_device_is_described(double: Double) -> None:
    told = double.open().info()
    assert (told.backend, told.index, told.name) == ("cuda", 1, "NVIDIA H100 80GB HBM3")
    assert (told.capability, told.units, told.l2_bytes, told.llc_bytes) == ("9.0", 132, L2, L2)
    assert (told.memory_bytes, told.memory_free_bytes) == (80 * 2**30, FREE)
    assert (told.clock_max_hz, told.memory_bus_bit, told.pci) == (1.98e9, 5120, "10de:2330")
    assert (told.driver, told.power_limit_w, told.limits) == ("570.1", 700.0, ())
    assert "set_device(1,)" in double.asked


def test_an_amd_device_is_described_by_torch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    device = amd(monkeypatch)
    told = device.info()
    assert (told.capability, told.units) == ("gfx942:sramecc+:xnack-", 304)
    assert (told.clock_max_hz, told.memory_bus_bit, told.pci) == (2.1e9, 8192, None)
    assert (told.l2_bytes, told.llc_bytes) == (4 * 2**20, cuda.HIP_CACHE_BYTES)
    assert device.limits().cache_bytes == cuda.HIP_CACHE_BYTES
    assert {dtype: device.lacks(dtype) for dtype in ("fp8", "tf32", "bf16")} == dict.fromkeys(
        ("fp8", "tf32", "bf16")
    )
    assert device.reading() == Reading()
    assert os.environ["HIPBLASLT_ALLOW_TF32"] == "1"


def test_an_amd_device_without_a_memory_side_cache_has_its_l2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = amd(monkeypatch, "gfx90a:sramecc+:xnack-").info()
    assert told.llc_bytes == told.l2_bytes == 4 * 2**20


def test_what_limits_an_amd_device_and_its_power_are_read_through_amd_smi(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = amd(
        monkeypatch, amdsmi_init=None, amdsmi_get_processor_handle_from_bdf="h",
        amdsmi_get_gpu_driver_info={"driver_version": "6.12.12"},
        amdsmi_get_power_cap_info={"power_cap": 550_000_000, "default_power_cap": 750_000_000},
        amdsmi_get_gpu_ptl_state=True, amdsmi_get_gpu_ptl_formats=(0, 1),
        amdsmi_get_power_info={"current_socket_power": 540},
    )  # fmt: skip
    told = device.info()
    assert (told.driver, told.power_limit_w) == ("6.12.12", 550.0)
    assert told.limits == (
        "power capped at 550 of 750 W", "peak tops limiter on, preferring I8 and F16",
    )  # fmt: skip
    assert device.reading() == Reading(power_w=540.0)


def test_memory_that_torch_holds_for_reuse_counts_as_free(double: Double) -> None:
    limits = double.open().limits()
    assert limits.memory_bytes == (FREE + RESERVED) / 2
    assert (limits.cache_bytes, limits.is_cpu) == (L2, False)


@pytest.mark.parametrize(
    ("capability", "lacking"),
    [
        ((7, 0), {"tf32", "bf16", "fp8", "mxfp8", "nvfp4"}),
        ((8, 0), {"fp8", "mxfp8", "nvfp4"}),
        ((8, 9), {"mxfp8", "nvfp4"}),
        ((10, 0), set()),
    ],
)
def test_formats_come_with_a_compute_capability(
    capability: tuple[int, int], lacking: set[str], double: Double
) -> None:
    device = double.open()
    double.told.major, double.told.minor = capability
    assert {dtype for dtype in DTYPES if device.lacks(dtype)} == lacking
    assert device.lacks("fp8") in (None, f"no fp8 at compute capability {capability[0]}.0")


def test_calls_are_timed_on_their_device_between_events_after_a_head_start(double: Double) -> None:
    device = double.open()
    prepared = device.prepare(kernel("gemm"), POINT)
    double.asked.clear()
    elapsed = device.time(prepared, 3)
    assert 0 < elapsed.seconds <= elapsed.wall_seconds
    assert double.asked == [
        "current_device()", "set_device(1,)", "synchronize(1,)", "_sleep(50000,)",
        "synchronize(1,)", "set_device(0,)",
    ]  # fmt: skip


def test_one_call_is_run_before_any_is_timed(double: Double) -> None:
    prepared = double.open().prepare(kernel("gemm"), POINT)
    assert prepared.turn == 1 % len(prepared.task.calls)
    assert double.asked[-1] == "synchronize(1,)"


@pytest.mark.parametrize(
    "refusal",
    [
        "CUDA-capable device(s) is/are busy or unavailable",  # another process has it for itself
        "invalid device ordinal",  # NVML counts all devices, CUDA one where MIG is on
    ],
)
def test_a_device_that_its_driver_refuses_is_said_to_be_so(
    refusal: str, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int) -> None:
        raise RuntimeError(f"CUDA error: {refusal}\nCUDA kernel errors might be asynchronously")

    monkeypatch.setattr(torch.cuda, "set_device", refused)
    with pytest.raises(DeviceError) as caught:
        double.open()
    assert str(caught.value) == f"device cuda:1 cannot be opened: CUDA error: {refusal}"


def test_a_device_that_failed_costs_the_process(double: Double) -> None:
    device = double.open()
    prepared = device.prepare(kernel("gemm"), POINT)
    double.broken = True
    with pytest.raises(DeviceLostError) as caught:
        device.time(prepared, 1)
    assert str(caught.value) == (
        "the device failed: CUDA error: an illegal memory access was encountered"
    )


@pytest.mark.parametrize(
    "item",
    [
        Item("gemm", "fp32", fixed=SHAPE),
        Item("memory", "fp32", variant="triad", fixed={"elements": 1 << 16}),
    ],
    ids=lambda item: item.kernel,
)
def test_an_item_is_measured_from_check_to_conditions(item: Item, double: Double) -> None:
    done = measure_item(double.open(), item, Plan(0.3))
    assert (done.status, done.reason) == ("ok", None)
    assert done.check is not None
    assert done.check.passed
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.timing is not None
    assert done.timing.wall_ratio is not None
    assert 0 < done.timing.wall_ratio <= 1
    assert done.conditions is not None
    assert set(done.conditions.clock_hz) == {1.755e9}
    assert done.conditions.throttle == ("software power cap",)


def test_a_short_product_is_replayed_or_called_whichever_is_faster(double: Double) -> None:
    done = measure_item(double.open(), Item("gemm", "fp32", fixed=SHAPE), Plan(0.3))
    assert (done.status, done.reason) == ("ok", None)
    assert done.search is not None
    assert {one.parameters["way"] for one in done.search.trials} == {"graph", "eager"}
    assert double.graphs.made


def test_a_replay_is_of_all_operand_sets_and_batches_have_no_others(double: Double) -> None:
    """One graph a product would cost the host more to start than many a product takes."""
    device = double.open()
    prepared = device.prepare(
        kernel("gemm"), Point("gemm", "fp32", parameters={**SHAPE, "way": "graph"})
    )
    (graph,) = double.graphs.made
    sets = len(prepared.task.calls)
    assert (sets, prepared.at_once, len(graph.kernels)) == (256, 256, 256)
    replays: list[int] = []
    prepared.task.whole = lambda: replays.append(1)
    timing = measure(device, prepared, Plan(0.3))
    assert timing.batch_calls % sets == 0
    assert len(replays) * sets >= timing.batch_calls * len(timing.samples_s)


def test_what_is_not_replayed_is_called_in_turn(double: Double) -> None:
    prepared = double.open().prepare(kernel("gemm"), POINT)
    made: list[int] = []
    prepared.task.calls = [partial(made.append, number) for number in range(3)]
    prepared.turn = 0
    for count in (4, 3):
        prepared.run(count)
    assert (made, prepared.turn, prepared.at_once) == ([0, 1, 2, 0, 1, 2, 0], 1, 1)
    prepared.task.whole = partial(made.append, 9)
    prepared.run(7)
    assert (made[7:], prepared.turn, prepared.at_once) == ([9, 9, 1], 2, 3)


def test_what_a_library_does_not_support_is_skipped_with_its_words(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling `cublasLtMatmul`")

    monkeypatch.setattr(torch, "_int_mm", refused)
    device = double.open()
    with pytest.raises(UnsupportedError, match="CUBLAS_STATUS_NOT_SUPPORTED"):
        device.prepare(kernel("gemm"), Point("gemm", "int8", parameters=SHAPE))
    done = measure_item(device, Item("gemm", "int8", fixed=SHAPE), Plan(0.1))
    assert done.status == "skipped"


def test_release_gives_the_memory_back(double: Double) -> None:
    device = double.open()
    device.prepare(kernel("gemm"), POINT)
    device.release()
    assert double.asked[-1] == "empty_cache()"
    assert inputs._kept == {}
