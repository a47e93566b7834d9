"""The CPU as a device: what it tells of itself, its caches and the clock that is measured."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench.devices import cpu, host
from bench.devices.clockloop import CHAIN, CODE, CYCLES, Loop, clock_hz, is_shared
from bench.devices.cpu import CpuDevice
from bench.judging.throttle import Throttle
from bench.records.model import DeviceInfo


@pytest.fixture(scope="module")
def processor() -> CpuDevice:
    return CpuDevice()


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


def _write_caches(cpu_folder: Path, caches: Iterable[tuple[str, ...]]) -> None:
    """Writes caches of one thread as the kernel shows them: type, level, size and who shares it."""
    for number, values in enumerate(caches):
        folder = cpu_folder / "cache" / f"index{number}"
        folder.mkdir(parents=True)
        for name, text in zip(("type", "level", "size", "shared_cpu_list"), values, strict=False):
            (folder / name).write_text(f"{text}\n")


def _caches_in_reach(
    root: Path, threads: Iterable[int], monkeypatch: pytest.MonkeyPatch
) -> dict[int, float]:
    monkeypatch.setattr(host, "TOPOLOGY", root)
    monkeypatch.setattr(host, "reach", lambda: (frozenset(threads), 1))
    return cpu._caches.__wrapped__()


def test_caches_are_those_that_hold_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caches = [("Data", "1", "32K"), ("Instruction", "1", "64K"), ("Unified", "3", "8M"),
              ("Unified", "x", "1M"), ()]  # fmt: skip
    _write_caches(tmp_path / "cpu0", caches)
    assert _caches_in_reach(tmp_path, (), monkeypatch) == {1: 32 * 2.0**10, 3: 8 * 2.0**20}


@pytest.mark.parametrize(
    ("threads", "expected"),
    [(range(8), 64), ((0, 4, 1, 5), 32), ((2, 3, 6, 7), 32), ((1, 2), 64), ((7, 9), 32)],
    ids=["all", "one chiplet", "the other", "a core of each", "one thread unknown"],
)
def test_the_last_level_caches_of_all_chiplets_in_reach_are_added_up(
    threads: Iterable[int], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two chiplets of two cores, two threads each: a stream over all cores fills both caches."""
    for thread in range(8):
        core, chiplet = thread % 4, thread % 4 // 2
        caches = [
            ("Unified", "2", "1024K", f"{core},{core + 4}"),
            ("Unified", "3", "32768K", ("0-1,4-5", "2-3,6-7")[chiplet]),
        ]
        _write_caches(tmp_path / f"cpu{thread}", caches)
    found = _caches_in_reach(tmp_path, threads, monkeypatch)
    assert found == {2: 2.0**20, 3: expected * 2.0**20}


def test_the_measured_clock_is_plausible_or_unknown() -> None:
    clock = clock_hz(1)
    assert clock is None or 2e8 < clock < 1e10


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_the_clock_is_told_by_a_chain_that_seldom_branches(code: bytes) -> None:
    """A branch in every cycle would halve beside a thread on the same core."""
    additions = {bytes.fromhex("4801d2"), bytes.fromhex("2100018b")}
    assert max(code.count(one) for one in additions) == CHAIN >= 16


@pytest.mark.parametrize(
    ("branch_s", "shared"),
    [(1.0e-3, False), (1.1e-3, False), (1.3e-3, True), (2.0e-3, True)],
)
def test_a_core_is_shared_where_branches_wait_and_additions_do_not(
    branch_s: float, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third turn is held up by another process, which tells nothing."""
    turns = itertools.count()

    def seconds(_: Loop, rounds: int) -> float:
        held = 1e-2 if next(turns) % 6 in (0, 1) else 0.0
        return held + (branch_s if rounds == CYCLES else 1e-3)

    monkeypatch.setattr("bench.devices.clockloop._seconds", seconds)
    monkeypatch.setattr("bench.devices.clockloop._loop", lambda _: object())
    assert is_shared() is shared


def test_a_shared_core_is_told_beside_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    device = CpuDevice()
    for told, throttle in ((True, (Throttle.SHARED_CORE,)), (False, ())):
        monkeypatch.setattr(cpu, "is_shared", lambda told=told: told)
        assert device.reading().throttle == throttle


@pytest.mark.parametrize(
    ("system", "processor"), [("Linux", "riscv64"), ("Darwin", "arm64"), ("Windows", "AMD64")]
)
def test_where_the_clock_loop_cannot_run_the_clock_is_unknown(
    system: str, processor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: processor)
    assert clock_hz(1) is None
    assert not is_shared()


def test_where_no_code_may_be_mapped_the_clock_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def barred(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("mmap.mmap", barred)
    assert clock_hz(1) is None


def test_a_cpus_reading_has_the_power_of_its_packages(
    processor: CpuDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "power_w", lambda: 123.0)
    assert processor.reading().power_w == 123.0
