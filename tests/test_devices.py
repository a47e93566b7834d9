"""The devices: their contract, what the CPU tells, quotas, NVML without NVML, who is absent."""

import builtins
import re
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices import cpu, cuda, host, machine
from bench.devices import nvml as nvml_module
from bench.devices.amd import Amd
from bench.devices.base import Device, DeviceError, Health, Reading
from bench.devices.clockloop import clock_hz
from bench.devices.cpu import CpuDevice
from bench.devices.fake import RATES, FakeDevice, FakeSpec
from bench.devices.nvml import THROTTLE, Nvml
from bench.devices.registry import DEVICES, open_device, parse
from bench.devices.uid import uid
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.records.model import Check, DeviceInfo, Machine

SMALL = {
    "gemm": Point("gemm", "fp32", parameters={"m": 32, "n": 32, "k": 32, "layout": "nt"}),
    "memory": Point("memory", "fp32", parameters={"stream": "add", "elements": 4096}),
}


@pytest.fixture(scope="module")
def processor() -> CpuDevice:
    return CpuDevice()


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


def test_the_cpu_describes_itself(processor: CpuDevice) -> None:
    told = processor.info()
    assert told.name
    assert told.units is not None
    assert 1 <= told.units <= 4096
    assert told.memory_bytes is not None
    assert told.memory_free_bytes is not None
    assert 0 < told.memory_free_bytes <= told.memory_bytes
    assert set(told.isa) <= set(cpu.ISA)
    assert told.isa == processor.info_isa()
    assert DeviceInfo.model_validate_json(told.model_dump_json()) == told


def test_the_cpu_limits_are_a_share_of_free_memory(processor: CpuDevice) -> None:
    limits = processor.limits()
    assert limits.is_cpu
    assert 0 < limits.memory_bytes <= cpu.MEMORY_SHARE * host.memory_in_reach()[0]
    assert limits.cache_bytes == processor.cache_bytes > 0


@pytest.mark.parametrize(
    ("flags", "dtype", "reason"),
    [
        ((), "fp32", None),
        ((), "int8", None),
        ((), "fp16", None),  # the pilot tells whether it is done in software
        ((), "bf16", "no bf16 instructions on this CPU"),
        (("avx512_bf16",), "bf16", None),
        (("amx_bf16",), "bf16", None),
        (("amx_bf16",), "fp8", "no fp8 instructions on this CPU"),
        (("amx_bf16",), "tf32", "no tf32 instructions on this CPU"),
    ],
)
def test_the_cpu_lacks_formats_without_an_instruction(
    flags: tuple[str, ...],
    dtype: str,
    reason: str | None,
    processor: CpuDevice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cpu, "_cpuinfo", lambda: {"flags": list(flags)})
    assert processor.lacks(dtype) == reason


def test_a_cpu_that_tells_nothing_of_itself_is_still_described(
    processor: CpuDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "_cpuinfo", dict)
    monkeypatch.setattr(cpu, "_caches", dict)
    monkeypatch.setattr("platform.processor", lambda: "")
    told = processor.info()
    assert told.name == "unknown CPU"
    assert (told.isa, told.cpu_vendor, told.llc_bytes, told.clock_nominal_hz) == ((),) + (None,) * 3


@pytest.mark.parametrize(
    ("text", "expected"), [("48K", 49152.0), ("2M", 2097152.0), ("1G", 2.0**30), ("512", 512.0)]
)
def test_cache_sizes_are_read(text: str, expected: float) -> None:
    assert cpu._kibibytes(text) == expected


def test_caches_are_those_that_hold_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caches = [("Data", "1", "32K"), ("Instruction", "1", "64K"), ("Unified", "3", "8M"),
              ("Unified", "x", "1M")]  # fmt: skip
    for number, (kind, level, size) in enumerate(caches):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        for name, text in (("type", kind), ("level", level), ("size", size)):
            (folder / name).write_text(f"{text}\n")
    (tmp_path / "index9").mkdir()
    monkeypatch.setattr(cpu, "CACHES", tmp_path)
    assert cpu._caches.__wrapped__() == {1: 32 * 2.0**10, 3: 8 * 2.0**20}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "400000 100000"}, 4.0),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.5),
        ({"cpu/cpu.cfs_quota_us": "250000"}, None),
    ],
    ids=["none", "v2 unlimited", "v2", "v2 bare", "v2 broken", "v1 unlimited", "v1", "v1 half"],
)
def test_a_quota_is_read_in_cores(
    files: dict[str, str], expected: float | None, tmp_path: Path
) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert host.cgroup_quota_cores(tmp_path) == expected


@pytest.mark.parametrize(
    ("quota", "expected"), [(None, 4), ("max 100000", 4), ("250000 100000", 2), ("50000 100000", 1)]
)
def test_cores_in_reach_heed_the_quota_and_count_a_core_once(
    quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for thread in range(8):
        folder = tmp_path / f"cpu{thread}" / "topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text("0\n")
        (folder / "core_id").write_text(f"{thread % 4}\n")
    if quota:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(host, "TOPOLOGY", tmp_path)
    monkeypatch.setattr(host, "CGROUP", tmp_path)
    assert host.cores_in_reach() == expected


def test_where_the_topology_is_hidden_a_thread_is_a_core(tmp_path: Path) -> None:
    assert {host.core_of(thread, tmp_path) for thread in (0, 1)} == {("", "0"), ("", "1")}


@pytest.mark.parametrize(("limit", "used", "expected"), [
    ("max", "5", None), ("1000000", "400000", (1e6, 6e5)), ("1000000", "2000000", (1e6, 0.0)),
])  # fmt: skip
def test_memory_in_reach_heeds_the_cgroup(
    limit: str,
    used: str,
    expected: tuple[float, float] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(used)
    monkeypatch.setattr(host, "CGROUP", tmp_path)
    told = SimpleNamespace(total=8e9, available=3e9)
    monkeypatch.setattr("psutil.virtual_memory", lambda: told)
    assert host.memory_in_reach() == (expected or (8e9, 3e9))


def test_the_hosts_counters_never_go_back() -> None:
    before, after = host.health(), host.health()
    assert before.busy_s is not None
    assert after.busy_s is not None
    assert after.busy_s >= before.busy_s >= 0
    assert (after.involuntary_switches or 0) >= (before.involuntary_switches or 0)


def test_the_measured_clock_is_plausible_or_unknown() -> None:
    clock = clock_hz(1)
    assert clock is None or 2e8 < clock < 1e10


@pytest.mark.parametrize(
    ("system", "processor"), [("Linux", "riscv64"), ("Darwin", "arm64"), ("Windows", "AMD64")]
)
def test_where_the_clock_loop_cannot_run_the_clock_is_unknown(
    system: str, processor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: processor)
    assert clock_hz(1) is None


def test_where_no_code_may_be_mapped_the_clock_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def barred(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("mmap.mmap", barred)
    assert clock_hz(1) is None


EVENT_REASONS = "nvmlDeviceGetCurrentClocksEventReasons"


class NVMLError(Exception):
    """What the stub of pynvml raises."""


class Stub:
    """A pynvml that answers from a table; what is not in it the driver refuses."""

    NVMLError = NVMLError

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    def nvmlInit(self) -> None:  # noqa: N802 -- NVML's name
        if "init" in self.answers:
            raise self.answers["init"]

    def __getattr__(self, name: str) -> Any:
        def answer(*arguments: object) -> Any:
            self.asked.append((name, arguments))
            if name not in self.answers:
                raise NVMLError(name)
            return self.answers[name]

        return answer


HANDLES = {
    "nvmlDeviceGetHandleByIndex": "h", "nvmlDeviceGetHandleByPciBusId": "h",
    "nvmlDeviceGetHandleByUUID": "h",
}  # fmt: skip


def nvml(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Nvml:
    """NVML over a stub."""
    monkeypatch.setitem(sys.modules, "pynvml", Stub(**{**HANDLES, **answers}))
    return Nvml(None, None, 0)


def test_nvml_reads_clock_power_temperature_and_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    told = nvml(
        monkeypatch,
        nvmlDeviceGetClockInfo=1980, nvmlDeviceGetPowerUsage=650_500,
        nvmlDeviceGetTemperature=61, nvmlDeviceGetCurrentClocksEventReasons=0x4 | 0x40,
    )  # fmt: skip
    assert told.missing == ""
    assert told.reading() == Reading(
        1.98e9, 650.5, 61, ("software power cap", "hardware thermal slowdown")
    )


@pytest.mark.parametrize(("bit", "word"), list(THROTTLE.items()))
def test_each_throttle_bit_has_its_word(
    bit: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nvmlDeviceGetCurrentClocksThrottleReasons", EVENT_REASONS):
        assert nvml(monkeypatch, **{name: bit}).reading() == Reading(throttle=(word,))
    told = nvml(monkeypatch, **{EVENT_REASONS: bit, "nvmlDeviceGetCurrentClocksThrottleReasons": 0})
    assert told.reading() == Reading(throttle=(word,))


@pytest.mark.parametrize(
    ("code", "milliwatts", "expected"), [(0, 690_000, 690.0), (0, 0, 400.0), (3, 690_000, 400.0)]
)
def test_power_is_that_of_the_moment_where_the_driver_tells_it(
    code: int, milliwatts: int, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = SimpleNamespace(nvmlReturn=code, value=SimpleNamespace(uiVal=milliwatts))
    told = nvml(monkeypatch, nvmlDeviceGetFieldValues=[field], nvmlDeviceGetPowerUsage=400_000)
    assert told.reading().power_w == expected


def test_nvml_tells_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    told = nvml(
        monkeypatch,
        nvmlSystemGetDriverVersion=b"570.1", nvmlDeviceGetEnforcedPowerLimit=700_000,
        nvmlDeviceGetMaxClockInfo=1980, nvmlDeviceGetMemoryBusWidth=5120,
        nvmlDeviceGetPciInfo=SimpleNamespace(pciDeviceId=0x233010DE),
    )  # fmt: skip
    assert told.facts() == {
        "driver": "570.1", "power_limit_w": 700.0, "clock_max_hz": 1.98e9,
        "memory_bus_bit": 5120, "pci": "10de:2330",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ()),
        (
            {"nvmlDeviceGetEnforcedPowerLimit": 400_000,
             "nvmlDeviceGetPowerManagementDefaultLimit": 700_000},
            ("power capped at 400 of 700 W",),
        ),
        (
            {"nvmlDeviceGetEnforcedPowerLimit": 700_000,
             "nvmlDeviceGetPowerManagementDefaultLimit": 700_000},
            (),
        ),
        ({"nvmlDeviceGetMigMode": [1, 1]}, ("MIG on",)),
        ({"nvmlDeviceGetMigMode": [0, 1]}, ()),
        ({"nvmlDeviceGetEccMode": [1, 1]}, ("ECC on",)),
        ({"nvmlDeviceGetEccMode": [0, 1]}, ("ECC off",)),
    ],
    ids=["silent", "capped", "uncapped", "mig", "no mig", "ecc", "no ecc"],
)  # fmt: skip
def test_nvml_tells_what_limits_the_device(
    answers: dict[str, Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nvml(monkeypatch, **answers).limits() == expected


def test_what_the_driver_refuses_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = nvml(monkeypatch)
    assert told.reading() == Reading()
    assert set(told.facts().values()) == {None}
    assert told.limits() == ()


@pytest.mark.parametrize(
    ("pci", "uuid", "asked"),
    [
        (None, None, ("nvmlDeviceGetHandleByIndex", (3,))),
        (None, "ab-12", ("nvmlDeviceGetHandleByUUID", (b"GPU-ab-12",))),
        ("00000000:1b:00.0", "x", ("nvmlDeviceGetHandleByPciBusId", (b"00000000:1b:00.0",))),
    ],
)
def test_nvml_finds_the_device_that_torch_means(
    pci: str | None,
    uuid: str | None,
    asked: tuple[str, tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stub = Stub(**HANDLES)
    monkeypatch.setitem(sys.modules, "pynvml", stub)
    Nvml(pci, uuid, 3)
    assert stub.asked == [asked]


def test_a_pynvml_that_lacks_calls_costs_their_readings_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = SimpleNamespace(
        nvmlInit=lambda: None, nvmlDeviceGetHandleByIndex=lambda _: "h",
        nvmlDeviceGetPowerUsage=lambda _: 90_000, NVMLError=NVMLError,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "pynvml", old)
    told = Nvml(None, None, 0)
    assert told.reading() == Reading(power_w=90.0)
    assert set(told.facts().values()) == {None}


def silent(told: Nvml) -> bool:
    """Whether nothing is known."""
    return (told.reading(), told.facts(), told.limits()) == (Reading(), {}, ())


def test_a_driver_that_does_not_start_is_said_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = nvml(monkeypatch, init=NVMLError("Driver Not Loaded"))
    assert told.missing == "NVML: Driver Not Loaded"
    assert silent(told)


def test_without_pynvml_nothing_is_known_and_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "pynvml":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    told = Nvml(None, None, 0)
    assert told.missing == "install the extra 'nvidia' for clocks and power"
    assert silent(told)


def test_the_address_of_a_device_is_written_as_nvml_reads_it() -> None:
    told = SimpleNamespace(pci_domain_id=0, pci_bus_id=0x1B, pci_device_id=0)
    assert cuda._pci_bus(told) == "00000000:1b:00.0"
    assert cuda._pci_bus(SimpleNamespace()) is None


def test_markers_name_versions_modules_and_variables_and_no_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor = SimpleNamespace(modules=("json", "no_such_module"), env=("MARK_SET", "MARK_UNSET"))
    monkeypatch.setattr(cuda, "vendors", lambda: {"some": vendor})
    monkeypatch.setenv("MARK_SET", "/home/ada/secret")
    monkeypatch.delenv("MARK_UNSET", raising=False)
    assert cuda.markers() == (
        f"torch {torch.__version__}", "module json", "variable MARK_SET",
    )  # fmt: skip


def test_the_environment_of_the_fake_has_no_torch() -> None:
    program = (
        "import sys; from bench.devices.machine import machine\n"
        "print(machine('fake').torch, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "None False\n"


def test_the_environment_of_a_real_device_has_versions() -> None:
    told = machine.machine("cpu")
    assert isinstance(told, Machine)
    assert (told.torch, told.threads) == (torch.__version__, torch.get_num_threads())
    assert re.fullmatch(r"[\w.+]+", told.kernel)


def test_the_fake_is_what_its_spec_says() -> None:
    spec = FakeSpec(name="part", units=7, memory_bytes=1e9, cache_bytes=1e6)
    device = FakeDevice(spec)
    assert device.info() == DeviceInfo(
        backend="fake", name="part", units=7, memory_bytes=1e9, memory_free_bytes=1e9,
        l2_bytes=1e6, llc_bytes=1e6,
    )  # fmt: skip
    assert device.limits() == Limits(5e8, 1e6, is_cpu=False)


@pytest.mark.parametrize("dtype", RATES)
def test_the_fakes_call_takes_launch_and_the_longer_of_compute_and_memory(dtype: str) -> None:
    spec = FakeSpec(noise="none")
    device, gemm = FakeDevice(spec), kernel("gemm")
    point = Point("gemm", dtype, parameters={"m": 8192, "n": 8192, "k": 8192, "layout": "nt"})
    work = gemm.work(point)
    compute = work.flop / (spec.rates[dtype] * device.shape_efficiency(point))
    assert device.call_s(work, point) == spec.launch_s + max(compute, work.bytes / spec.bandwidth)
    assert 0 < device.shape_efficiency(point) <= 1


def test_the_fakes_cache_makes_small_streams_faster() -> None:
    device, memory = FakeDevice(FakeSpec(noise="none", launch_s=0.0)), kernel("memory")
    rates = []
    for elements in (1 << 16, 1 << 28):
        point = Point("memory", "fp32", parameters={"stream": "copy", "elements": elements})
        work = memory.work(point)
        rates.append(work.bytes / device.call_s(work, point))
    assert rates == [pytest.approx(device.spec.cache_bandwidth), pytest.approx(3.7e12)]


def test_a_dtype_that_the_fake_lacks_cannot_be_prepared() -> None:
    with pytest.raises(UnsupportedError, match="no fp32 on this device"):
        FakeDevice(FakeSpec(rates={})).prepare(kernel("gemm"), SMALL["gemm"])


def test_the_fakes_readings_follow_its_throttling() -> None:
    device = FakeDevice(FakeSpec(noise="none", throttle_after_s=1.0, throttle_to=0.5))
    cool = device.reading()
    device._heat_s = 2.0
    hot = device.reading()
    device.rest(1.5)
    assert device.reading().throttle == ()
    assert (cool.clock_hz, cool.throttle) == (1.8e9, ())
    assert (hot.clock_hz, hot.throttle) == (0.9e9, ("software thermal slowdown",))


def test_the_fakes_clock_and_software_cut_its_rates() -> None:
    """A call of nothing but compute takes 1 / (0.9 x 0.8) as long."""
    point = Point("gemm", "bf16", parameters={"m": 8192, "n": 8192, "k": 8192, "layout": "nt"})
    work = kernel("gemm").work(point)
    whole, cut = FakeSpec(launch_s=0.0), FakeSpec(launch_s=0.0, clock_share=0.9, software_share=0.8)
    took = [FakeDevice(spec).call_s(work, point) for spec in (whole, cut)]
    assert took[1] == pytest.approx(took[0] / 0.72)
    assert FakeDevice(cut).reading().clock_hz == pytest.approx(0.9 * 1.8e9)


def test_the_fake_tells_the_tile_of_a_product_and_of_nothing_else() -> None:
    device = FakeDevice(FakeSpec(tile=64))
    seen = [device.prepare(kernel(name), SMALL[name]).observed() for name in SMALL]
    assert seen == [{"tile": "64x64"}, {}]


@pytest.mark.parametrize(
    ("limit", "reasons"), [(None, ()), (400.0, ()), (350.0, ("software power cap",))]
)
def test_the_fake_meets_its_power_cap(limit: float | None, reasons: tuple[str, ...]) -> None:
    device = FakeDevice(FakeSpec(power_limit_w=limit))
    assert device.reading().throttle == reasons
    assert device.info().power_limit_w == limit


def test_flattering_data_make_the_fake_faster() -> None:
    device = FakeDevice(FakeSpec(launch_s=0.0, flattered={"zeros": 1.25}))
    sizes: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192, "layout": "nt"}
    work = kernel("gemm").work(Point("gemm", "bf16", parameters=sizes))
    normal, zeros = (
        device.call_s(work, Point("gemm", "bf16", data, sizes)) for data in ("normal", "zeros")
    )
    assert normal / zeros == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            {"nvmlDeviceGetApplicationsClock": 1200, "nvmlDeviceGetDefaultApplicationsClock": 1980},
            ("application clock at 1200 of 1980 MHz",),
        ),
        (
            {"nvmlDeviceGetApplicationsClock": 1980, "nvmlDeviceGetDefaultApplicationsClock": 1980},
            (),
        ),
        (
            {"nvmlDeviceGetMaxCustomerBoostClock": 1755, "nvmlDeviceGetMaxClockInfo": 1980},
            ("boost clock capped at 1755 of 1980 MHz",),
        ),
        ({"nvmlDeviceGetMaxCustomerBoostClock": 1755}, ()),
    ],
    ids=["application", "default", "boost", "one alone"],
)
def test_nvml_tells_of_clocks_that_were_set(
    answers: dict[str, Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nvml(monkeypatch, **answers).limits() == expected


def test_nvml_is_asked_for_the_clock_of_the_sms(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = Stub(**HANDLES)
    monkeypatch.setitem(sys.modules, "pynvml", stub)
    Nvml(None, None, 0).limits()
    asked = {arguments for name, arguments in stub.asked if "Clock" in name}
    assert asked == {("h", 1)}


@pytest.mark.parametrize(
    ("daemon", "share", "expected"),
    [
        (False, None, ()),
        (True, None, ("MPS on",)),
        (True, "50", ("MPS on", "MPS gives this process 50% of the threads")),
        (False, "12.5", ("MPS gives this process 12.5% of the threads",)),
        (False, "100", ()),
        (False, "many", ()),
        (False, "", ()),
    ],
)
def test_mps_is_told_by_its_pipe_and_its_share(
    share: str | None, expected: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    *, daemon: bool,
) -> None:  # fmt: skip
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", raising=False)
    if share is not None:
        monkeypatch.setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", share)
    if daemon:
        (tmp_path / "control").touch()
    assert nvml_module.mps() == expected
    assert nvml(monkeypatch).limits() == expected


class AmdStub(SimpleNamespace):
    """An amdsmi that answers from a table, and raises for what is not in it."""

    AmdSmiClkType = SimpleNamespace(GFX="gfx")
    AmdSmiTemperatureType = SimpleNamespace(HOTSPOT="hotspot")
    AmdSmiTemperatureMetric = SimpleNamespace(CURRENT="now")

    def __init__(self, **answers: Any) -> None:
        super().__init__(answers=answers, asked=[])

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("amdsmi_"):
            raise AttributeError(name)

        def answer(*arguments: object) -> Any:
            self.asked.append((name, arguments))
            if name in ("amdsmi_init", "amdsmi_shut_down"):
                return self.answers.get(name)
            if name not in self.answers:
                raise RuntimeError("AMDSMI_STATUS_NOT_SUPPORTED")
            return self.answers[name]

        return answer


def amd(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Amd:
    """AMD SMI over a stub."""
    stub = AmdStub(**{"amdsmi_get_processor_handles": ["h"], **answers})
    monkeypatch.setitem(sys.modules, "amdsmi", stub)
    return Amd(None, 0)


def test_amd_reads_clock_power_and_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    told = amd(
        monkeypatch,
        amdsmi_get_clock_info={"clk": 2100, "max_clk": 2100},
        amdsmi_get_power_info={"socket_power": "N/A", "current_socket_power": 690},
        amdsmi_get_temp_metric=71,
    )
    assert told.missing == ""
    assert told.reading() == Reading(2.1e9, 690.0, 71.0)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ()),
        (
            {"amdsmi_get_power_cap_info": {"power_cap": 550_000_000,
                                           "default_power_cap": 750_000_000}},
            ("power capped at 550 of 750 W",),
        ),
        (
            {"amdsmi_get_power_cap_info": {"power_cap": 550, "power_cap_default": 750}},
            ("power capped at 550 of 750 W",),
        ),
        (
            {"amdsmi_get_power_cap_info": {"power_cap": 750_000_000,
                                           "default_power_cap": 750_000_000}},
            (),
        ),
        ({"amdsmi_get_power_cap_info": {"power_cap": "N/A", "default_power_cap": "N/A"}}, ()),
        (
            {"amdsmi_get_gpu_ptl_state": True, "amdsmi_get_gpu_ptl_formats": (6, 5)},
            ("peak tops limiter on, preferring VECTOR and F8",),
        ),
        ({"amdsmi_get_gpu_ptl_state": True}, ("peak tops limiter on",)),
        ({"amdsmi_get_gpu_ptl_state": False}, ("peak tops limiter off",)),
        (
            {"amdsmi_get_gpu_compute_partition": "CPX", "amdsmi_get_gpu_memory_partition": "NPS4"},
            ("compute partition CPX", "memory partition NPS4"),
        ),
        (
            {"amdsmi_get_gpu_compute_partition": "SPX", "amdsmi_get_gpu_memory_partition": "NPS1"},
            (),
        ),
        ({"amdsmi_get_gpu_compute_partition": "N/A"}, ()),
    ],
)  # fmt: skip
def test_amd_tells_what_limits_the_device(
    answers: dict[str, Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert amd(monkeypatch, **answers).limits() == expected


def test_amd_tells_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    told = amd(
        monkeypatch,
        amdsmi_get_gpu_driver_info={"driver_version": "6.12.12"},
        amdsmi_get_power_cap_info={"power_cap": 750_000_000},
        amdsmi_get_clock_info={"clk": 132, "max_clk": 2100},
    )
    assert told.facts() == {"driver": "6.12.12", "power_limit_w": 750.0, "clock_max_hz": 2.1e9}


def test_what_amds_driver_refuses_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = amd(monkeypatch)
    assert told.reading() == Reading()
    assert set(told.facts().values()) == {None}
    assert told.limits() == ()


def test_amd_finds_the_device_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = AmdStub(amdsmi_get_processor_handle_from_bdf="h")
    monkeypatch.setitem(sys.modules, "amdsmi", stub)
    assert Amd("00000000:c1:00.0", 3).missing == ""
    assert stub.asked[-1] == ("amdsmi_get_processor_handle_from_bdf", ("0000:c1:00.0",))


@pytest.mark.parametrize(
    ("masks", "index", "hip_ids", "found"),
    [
        ({}, 1, None, "h1"),
        ({"HIP_VISIBLE_DEVICES": "3,2"}, 0, None, "h3"),
        ({"CUDA_VISIBLE_DEVICES": "2"}, 0, None, "h2"),
        ({"ROCR_VISIBLE_DEVICES": "2,3", "HIP_VISIBLE_DEVICES": "1"}, 0, None, "h3"),
        ({"HIP_VISIBLE_DEVICES": "1"}, 0, [3, 2, 1, 0], "h2"),
        ({"AMD_VISIBLE_DEVICES": "6,7"}, 1, None, "h1"),
        ({"ROCR_VISIBLE_DEVICES": "GPU-ab12"}, 0, None, None),
    ],
)
def test_amd_finds_the_device_without_its_address_behind_masks(
    masks: dict[str, str],
    index: int,
    hip_ids: list[int] | None,
    found: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("HIP", "CUDA", "ROCR", "AMD")
    for name in (f"{one}_VISIBLE_DEVICES" for one in names):
        monkeypatch.delenv(name, raising=False)
    for name, mask in masks.items():
        monkeypatch.setenv(name, mask)
    handles = [f"h{number}" for number in range(4)]
    stub = AmdStub(amdsmi_get_processor_handles=handles)
    if hip_ids:
        numbers = dict(zip(handles, hip_ids, strict=True))
        stub.amdsmi_get_gpu_enumeration_info = lambda one: {"hip_id": numbers[one]}
    monkeypatch.setitem(sys.modules, "amdsmi", stub)
    told = Amd(None, index)
    told.reading()
    asked = {arguments[0] for name, arguments in stub.asked if name == "amdsmi_get_power_info"}
    assert asked == ({found} if found else set())
    assert bool(told.missing) == (found is None)


@pytest.mark.parametrize("module", [None, AmdStub()], ids=["no library", "no device"])
def test_without_amds_library_nothing_is_known(
    module: AmdStub | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "amdsmi", module)
    told = Amd(None, 0)
    assert told.missing
    assert (told.reading(), told.facts(), told.limits()) == (Reading(), {}, ())


def zone(root: Path, name: str, label: str, energy_uj: int, most_uj: int | None = None) -> Path:
    """A zone of RAPL."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{label}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    if most_uj is not None:
        (folder / "max_energy_range_uj").write_text(f"{most_uj}\n")
    return folder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The host's monotonic clock, stopped: its one element is the time."""
    at = [100.0]
    monkeypatch.setattr("bench.devices.host.time.monotonic", lambda: at[0])
    monkeypatch.setattr(
        "bench.devices.host.time.sleep", lambda seconds: at.__setitem__(0, at[0] + seconds)
    )
    return at


def test_the_power_of_all_packages_is_their_energy_over_the_time(
    tmp_path: Path, clock: list[float]
) -> None:
    """Cores and the platform are parts, or the whole, of what the packages count."""
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 0)
    zone(tmp_path, "intel-rapl:2", "psys", 0)
    meter = host.PackagePower(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 201_000_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 105_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 90_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 90_000_000)
    clock[0] += 2.0
    assert meter.watts() == pytest.approx(150.0)
    clock[0] += 2.0
    assert meter.watts() == 0.0


def test_a_counter_that_wraps_goes_on(tmp_path: Path, clock: list[float]) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 999_999, 999_999)
    meter = host.PackagePower(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 99_999, 999_999)
    clock[0] += 1.0
    assert meter.watts() == pytest.approx(0.1)


def test_the_first_power_takes_a_moment(tmp_path: Path, clock: list[float]) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 7)
    assert host.PackagePower(tmp_path).watts() == 0.0
    assert clock[0] == 100.0 + host.FIRST_S


def test_counters_that_may_not_be_read_tell_no_power(tmp_path: Path) -> None:
    assert host.PackagePower(tmp_path / "none").watts() is None
    assert host.PackagePower(tmp_path).watts() is None
    folder = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    (folder / "energy_uj").write_text("")
    assert host.PackagePower(tmp_path).watts() is None
    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = host.PackagePower(tmp_path)
    (folder / "energy_uj").unlink()
    assert meter.watts() is None


def test_a_cpus_reading_has_the_power_of_its_packages(
    processor: CpuDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "power_w", lambda: 123.0)
    assert processor.reading().power_w == 123.0


@pytest.mark.parametrize("serial", [None, "", " N/A ", "00000000-0000-0000-0000-000000000000", 0])
def test_a_serial_that_every_device_shares_tells_none_from_another(serial: object) -> None:
    assert uid(serial) is None
    assert uid("d6f2b6d1-0000-0000-0000-000000000000") is not None
