"""Host counters (load, steal time, involuntary switches), package power, available resources."""

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
"""A top-level RAPL zone; the kernel uses this name for AMD's processors, too."""

FIRST_S = 0.02
"""The shortest interval of a power reading; the counters advance every millisecond."""


def health() -> Health:
    """Returns load, steal and busy CPU time, and this process's involuntary switches so far."""
    times = psutil.cpu_times()
    excluded = ("idle", "iowait", "guest", "guest_nice")  # user and nice include guests' time
    busy = sum(times) - sum(getattr(times, name, 0.0) for name in excluded)
    return Health(
        load_1min=psutil.getloadavg()[0],
        steal_s=getattr(times, "steal", None),
        busy_s=busy,
        involuntary_switches=involuntary_switches(),
    )


def involuntary_switches() -> int | None:
    """Returns this process's involuntary context switches, None where they are not counted."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


class PackagePower:
    """Mean power of all processor packages since the last call, by RAPL's energy counters."""

    def __init__(self, root: Path) -> None:
        zones = sorted(root.glob("intel-rapl:*")) if root.is_dir() else []
        self._zones = [zone for zone in zones if _is_package(zone)]
        self._before = self._read()

    def watts(self) -> float | None:
        """Returns the mean power since the last call, None where no counter may be read."""
        if self._before is None:
            return None
        if time.monotonic() - self._before[0] < FIRST_S:
            time.sleep(FIRST_S)
        before, after = self._before, self._read()
        if after is None:
            return None
        self._before = after
        used_uj = sum(
            (late - early) % (self._range_uj(zone) + 1)
            for zone, early, late in zip(self._zones, before[1], after[1], strict=True)
        )
        return used_uj * 1e-6 / (after[0] - before[0])

    def _read(self) -> tuple[float, list[int]] | None:
        try:
            energies_uj = [int((zone / "energy_uj").read_text()) for zone in self._zones]
        except (OSError, ValueError):  # readable by root only since CVE-2020-8694
            return None
        return (time.monotonic(), energies_uj) if energies_uj else None

    @staticmethod
    def _range_uj(zone: Path) -> int:
        try:
            return int((zone / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            return (1 << 64) - 1


def _is_package(zone: Path) -> bool:
    """Returns whether a zone is a package, rather than its cores, its DRAM or the platform."""
    try:
        named = (zone / "name").read_text().startswith("package")
    except OSError:
        return False
    return named and PACKAGE.fullmatch(zone.name) is not None


@cache
def _packages() -> PackagePower:
    return PackagePower(POWERCAP)


def power_w() -> float | None:
    """Returns the packages' mean power in watts since the last call, None where unreadable."""
    return _packages().watts()


@cache
def reach() -> tuple[frozenset[int], int]:
    """Returns the hardware threads and the number of cores available, as of the first call.

    To be called before torch is loaded: an OpenMP runtime that binds threads pins the main one.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return frozenset(affinity(0) if affinity else ()), cores_in_reach()


def unbind() -> None:
    """Restores this thread's affinity to all hardware threads that were available."""
    threads, _ = reach()
    if threads and os.sched_getaffinity(0) != threads:
        os.sched_setaffinity(0, threads)


def cores_in_reach() -> int:
    """Returns the cores this process may use: affinity mask or cgroup quota, whichever is less.

    SMT siblings count as one core: they share its execution units.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    threads = affinity(0) if affinity else range(psutil.cpu_count(logical=False) or 1)
    cores = len({core_of(thread, TOPOLOGY) for thread in threads})
    quota = cgroup.quota_cores()
    return max(1, min(cores, int(quota))) if quota else cores


def core_of(thread: int, root: Path) -> tuple[str, str]:
    """Returns package and core id of a hardware thread; "" and its number where unknown."""
    folder = root / f"cpu{thread}" / "topology"
    try:
        package = (folder / "physical_package_id").read_text().strip()
        return package, (folder / "core_id").read_text().strip()
    except OSError:
        return "", str(thread)


def memory_in_reach() -> tuple[float, float]:
    """Returns total and available memory in bytes, within the control groups' limits."""
    virtual = psutil.virtual_memory()
    total, free = float(virtual.total), float(virtual.available)
    limit, below_limit = cgroup.memory() or (total, free)
    return min(total, limit), min(free, below_limit)


def is_virtual() -> bool | None:
    """Returns whether this is a virtual machine, None where unknown."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return " hypervisor" in text
