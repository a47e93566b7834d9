"""What the host counts: load, stolen time, involuntary switches; cores and memory in reach."""

import os
import re
import sys
import time
from functools import cache
from pathlib import Path

import psutil

from bench.devices import cgroup
from bench.devices.base import Health

TOPOLOGY = Path("/sys/devices/system/cpu")
POWERCAP = Path("/sys/class/powercap")
PACKAGE = re.compile(r"intel-rapl:\d+")
"""A zone of RAPL that is no part of another; AMD's processors are told of under this name, too."""

FIRST_S = 0.02
"""Over how long the first power is taken; the counters move every millisecond."""


def health() -> Health:
    """Returns load, stolen and busy CPU time, and this process's involuntary switches so far."""
    times = psutil.cpu_times()
    apart = ("idle", "iowait", "guest", "guest_nice")  # guests' time is in user and nice already
    busy = sum(times) - sum(getattr(times, name, 0.0) for name in apart)
    return Health(
        load_1min=psutil.getloadavg()[0],
        steal_s=getattr(times, "steal", None),
        busy_s=busy,
        involuntary_switches=involuntary_switches(),
    )


def involuntary_switches() -> int | None:
    """Returns how often a thread of this process was sent off its core, None where not counted."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


class PackagePower:
    """The power of all processor packages by RAPL's energy counters, since it was last asked."""

    def __init__(self, root: Path) -> None:
        found = sorted(root.glob("intel-rapl:*")) if root.is_dir() else []
        self._zones = [zone for zone in found if _is_package(zone)]
        self._before = self._look()

    def watts(self) -> float | None:
        """Returns the mean since the last call, None where no counter may be read."""
        if self._before is None:
            return None
        if time.monotonic() - self._before[0] < FIRST_S:
            time.sleep(FIRST_S)
        before, after = self._before, self._look()
        if after is None:
            return None
        self._before = after
        used_uj = sum(
            (late - early) % (self._range_uj(zone) + 1)
            for zone, early, late in zip(self._zones, before[1], after[1], strict=True)
        )
        return used_uj * 1e-6 / (after[0] - before[0])

    def _look(self) -> tuple[float, list[int]] | None:
        try:
            counted = [int((zone / "energy_uj").read_text()) for zone in self._zones]
        except (OSError, ValueError):  # root's alone since CVE-2020-8694
            return None
        return (time.monotonic(), counted) if counted else None

    @staticmethod
    def _range_uj(zone: Path) -> int:
        try:
            return int((zone / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            return (1 << 64) - 1


def _is_package(zone: Path) -> bool:
    """Tells whether a zone is a package: not its cores or memory, nor the whole platform."""
    try:
        named = (zone / "name").read_text().startswith("package")
    except OSError:
        return False
    return named and PACKAGE.fullmatch(zone.name) is not None


@cache
def _packages() -> PackagePower:
    return PackagePower(POWERCAP)


def power_w() -> float | None:
    """Returns the mean power of the packages since it was last asked, None where not told."""
    return _packages().watts()


@cache
def reach() -> tuple[frozenset[int], int]:
    """Returns the hardware threads and cores in reach when it was first asked.

    Asked before torch is loaded: an OpenMP told to bind its threads takes the main one to a core.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return frozenset(affinity(0) if affinity else ()), cores_in_reach()


def unbind() -> None:
    """Gives this thread back all hardware threads that were in reach."""
    threads, _ = reach()
    if threads and os.sched_getaffinity(0) != threads:
        os.sched_setaffinity(0, threads)


def cores_in_reach() -> int:
    """Returns the cores this process may use: affinity mask or cgroup quota, whichever is less.

    Two hardware threads of one core count once: they share the units that a peak counts.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    threads = affinity(0) if affinity else range(psutil.cpu_count(logical=False) or 1)
    cores = len({core_of(thread, TOPOLOGY) for thread in threads})
    quota = cgroup.quota_cores()
    return max(1, min(cores, int(quota))) if quota else cores


def core_of(thread: int, root: Path) -> tuple[str, str]:
    """Returns package and core of a hardware thread; the thread itself where it is not told."""
    folder = root / f"cpu{thread}" / "topology"
    try:
        package = (folder / "physical_package_id").read_text().strip()
        return package, (folder / "core_id").read_text().strip()
    except OSError:
        return "", str(thread)


def memory_in_reach() -> tuple[float, float]:
    """Returns total and available memory in bytes, the control groups' limits heeded."""
    virtual = psutil.virtual_memory()
    total, free = float(virtual.total), float(virtual.available)
    limit, room = cgroup.memory() or (total, free)
    return min(total, limit), min(free, room)


def is_virtual() -> bool | None:
    """Tells whether this is a virtual machine, None where it cannot be told."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return " hypervisor" in text
