"""The CPU backend: the cores available to this process, timed by the host's monotonic clock."""

import os
import platform
import shutil
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from bench.devices import host
from bench.devices.base import Elapsed, Health, Prepared, Reading
from bench.devices.clockloop import clock_hz, is_shared
from bench.devices.torchdevice import PreparedTask, TorchDevice
from bench.devices.uid import machine_uid
from bench.judging.throttle import Throttle
from bench.kernels.common.base import Limits
from bench.records.model import DeviceInfo

ISA = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_fp16", "avx512_vnni",
    "avx_vnni", "amx_tile", "amx_bf16", "amx_fp16", "amx_int8", "asimd", "asimdhp", "fphp", "bf16",
    "asimddp", "i8mm", "sve", "sve2",
)  # fmt: skip
"""The instruction sets that determine a peak rate; others are left out of the record."""

NEEDS = {
    "tf32": (),
    "fp8": (),
    "mxfp8": (),
    "nvfp4": (),
    "bf16": ("avx512_bf16", "amx_bf16", "bf16"),
}
"""Instruction sets of which a format needs one; empty: no CPU supports it.

fp16 is not listed: it works without, and where it is emulated its pilot is refused as too slow.
"""

HUGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""Makes torch use transparent huge pages; without, page walks cost a stream 1 to 2%."""

CHORES_PER_S = 150.0
"""Involuntary context switches per second regarded as background: an idle system has 40, one
competing process makes 200."""

INFO_REPEATS = 100
READING_REPEATS = 12

LAST_LEVEL = 3
"""The level of the caches that cores share, and that are added up."""
MEMORY_SHARE = 0.4


class CpuDevice(TorchDevice):
    """All cores available to this process, as one device."""

    timer_resolution_s = 1e-6
    live = False

    def __init__(self) -> None:
        os.environ.setdefault(HUGE_PAGES, "1")  # torch reads it at its first allocation
        import torch

        super().__init__(torch.device("cpu"), _caches().get(3, 32.0 * 2**20))
        host.unbind()
        torch.set_num_threads(host.reach()[1])

    def info(self) -> DeviceInfo:
        """Returns model, available cores, instruction sets, caches, memory and clocks."""
        facts, caches = _cpuinfo(), _caches()
        total, free = host.memory_in_reach()
        return DeviceInfo(
            backend="cpu",
            uid=machine_uid(),
            name=str(facts.get("brand_raw") or platform.processor() or "unknown CPU"),
            cpu_vendor=facts.get("vendor_id_raw"),
            cpu_family=facts.get("family"),
            cpu_model=facts.get("model"),
            isa=self.info_isa(),
            units=host.reach()[1],
            memory_bytes=total,
            memory_free_bytes=free,
            l2_bytes=caches.get(2),
            llc_bytes=caches.get(3) or caches.get(2),
            limits=_unusable_gpu(),
            clock_max_hz=_clock_max_hz(),
            clock_nominal_hz=(facts.get("hz_advertised") or facts.get("hz_actual") or (None,))[0],
            clock_measured_hz=clock_hz(INFO_REPEATS),
        )

    def limits(self) -> Limits:
        """Returns a share of the free memory, and the last-level cache."""
        _, free = host.memory_in_reach()
        return Limits(MEMORY_SHARE * free, self.cache_bytes, is_cpu=True)

    def lacks(self, dtype: str) -> str | None:
        """Returns why the CPU does not support ``dtype``: it has no instruction for it."""
        needed = NEEDS.get(dtype)
        if needed is None or set(needed) & set(self.info_isa()):
            return None
        return f"no {dtype} instructions on this CPU"

    def info_isa(self) -> tuple[str, ...]:
        """Returns the CPU's instruction sets that determine a peak rate."""
        flags = set(_cpuinfo().get("flags", ()))
        return tuple(name for name in ISA if name in flags)

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        """Times the calls; ``disturbed`` where threads were preempted more than usual."""
        assert isinstance(prepared, PreparedTask)  # noqa: S101 -- the type that prepare() gave
        before = host.involuntary_switches()
        start = self.now()
        prepared.run(calls)
        seconds = self.now() - start
        after = host.involuntary_switches()
        return Elapsed(seconds, seconds, disturbed=_preempted(before, after, seconds))

    def health(self) -> Health:
        """Returns the host's counters so far, with this process's CPU time and thread count."""
        counted = replace(super().health(), cpu_s=time.process_time(), at_s=self.now())
        return replace(counted, threads=host.reach()[1])

    def reading(self) -> Reading:
        """Returns the current clock, the mean power since the last reading, and core sharing.

        A core is shared if its SMT sibling is busy, which counters of a guest do not show.
        """
        power_w = host.power_w()
        reasons = (Throttle.SHARED_CORE,) if is_shared() else ()
        return Reading(clock_hz=clock_hz(READING_REPEATS), power_w=power_w, throttle=reasons)


def present(index: int) -> str | None:
    """Returns why there is no such CPU device, None if there is."""
    return None if index == 0 else "the CPU is one device: device=cpu"


def make(index: int) -> CpuDevice:  # noqa: ARG001 -- every backend is made by index
    """Opens the device."""
    return CpuDevice()


def _unusable_gpu() -> tuple[str, ...]:
    """Returns a note where an NVIDIA driver is installed but this torch cannot use it."""
    import torch

    if shutil.which("nvidia-smi") and not torch.cuda.is_available():
        return ("nvidia-smi is here, but this torch finds no CUDA device",)
    return ()


@cache
def _cpuinfo() -> dict[str, Any]:
    import cpuinfo

    found: dict[str, Any] = cpuinfo.get_cpu_info() or {}
    return found


@cache
def _caches() -> dict[int, float]:
    """Returns the data caches in B, by level: those of one core, and all L3 caches in reach.

    A processor of chiplets has an L3 cache in each, and a stream over all cores fills them all.
    """
    threads = sorted(host.reach()[0]) or [0]
    sizes = {level: size for (level, _), size in _caches_of(threads[0]).items()}
    last = {
        shared: size
        for thread in threads
        for (level, shared), size in _caches_of(thread).items()
        if level == LAST_LEVEL
    }
    return {**sizes, LAST_LEVEL: sum(last.values())} if last else sizes


def _caches_of(thread: int) -> dict[tuple[int, str], float]:
    """Returns a hardware thread's data caches in B, by level and the threads that share each."""
    found: dict[tuple[int, str], float] = {}
    for folder in sorted((host.TOPOLOGY / f"cpu{thread}" / "cache").glob("index*")):
        try:
            if (folder / "type").read_text().strip() in ("Data", "Unified"):
                level, size = ((folder / name).read_text().strip() for name in ("level", "size"))
                found[int(level), _shared(folder)] = _kibibytes(size)
        except (OSError, ValueError):
            continue
    return found


def _shared(folder: Path) -> str:
    """Returns the threads that share a cache; "" where the kernel does not say."""
    try:
        return (folder / "shared_cpu_list").read_text().strip()
    except OSError:
        return ""


def _kibibytes(text: str) -> float:
    factor = {"K": 2.0**10, "M": 2.0**20, "G": 2.0**30}.get(text[-1])
    return float(text[:-1]) * factor if factor else float(text)


def _clock_max_hz() -> float | None:
    try:
        path = Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
        return float(path.read_text()) * 1e3
    except (OSError, ValueError):
        return None


def _preempted(before: int | None, after: int | None, seconds: float) -> bool:
    """Returns whether there were more involuntary switches than background load causes."""
    if before is None or after is None:
        return False
    return after - before > 1 + CHORES_PER_S * seconds
