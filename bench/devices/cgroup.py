"""CPU and memory limits of this process's control groups (cgroup versions 2 and 1).

A limit applies to the whole subtree and need not be set at the mounted root: Slurm and systemd set
theirs at the path in ``/proc/self/cgroup``. (Kernel documentation, ``cgroup-v2`` and
``cgroup-v1/memory``.)
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MINE = Path("/proc/self/cgroup")


def quota_cores() -> float | None:
    """Returns the CPU quota in cores, None where there is no limit."""
    return min((quota for folder in _folders("cpu") if (quota := _quota(folder))), default=None)


def memory() -> tuple[float, float] | None:
    """Returns the smallest limit and the least that is free under one, in bytes; None if unlimited.

    Inactive file pages count as free: the kernel reclaims them.
    """
    groups = [group for folder in _folders("memory") if (group := _memory(folder))]
    return (min(limit for limit, _ in groups), min(free for _, free in groups)) if groups else None


def _folders(controller: str) -> Iterator[Path]:
    """Yields the folders of a controller from this process's group up to the root."""
    paths = _group_paths(controller)
    for name, base in (("", ROOT), (controller, ROOT / controller)):
        inner = base / paths.get(name, "/").lstrip("/")
        if ".." in inner.parts:  # the group lies above the visible root
            inner = base
        yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(base))


def _group_paths(controller: str) -> dict[str, str]:
    """Returns the path of this process's group for each controller; "" is version 2's."""
    try:
        lines = MINE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    entries = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    return {
        name: path for _, names, path in entries for name in names.split(",")
        if name in ("", controller)
    }  # fmt: skip


def _quota(folder: Path) -> float | None:
    try:
        words = (folder / "cpu.max").read_text().split()
    except OSError:
        words = [_text(folder, "cpu.cfs_quota_us"), _text(folder, "cpu.cfs_period_us")]
    quota, period = (_number(word) for word in (*words, "", "")[:2])
    return quota / period if quota and period and quota > 0 else None


def _memory(folder: Path) -> tuple[float, float] | None:
    """Returns the limit of one group and how much of it is free, in bytes."""
    limit = _number(_text(folder, "memory.max") or _text(folder, "memory.limit_in_bytes"))
    used = _number(_text(folder, "memory.current") or _text(folder, "memory.usage_in_bytes"))
    if limit is None or used is None:
        return None
    counted = dict(line.split(" ", 1) for line in _text(folder, "memory.stat").splitlines())
    cached = _number(counted.get("total_inactive_file") or counted.get("inactive_file", ""))
    return limit, min(limit, max(0.0, limit - used + (cached or 0.0)))


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text().strip()
    except OSError:
        return ""


def _number(word: str) -> float | None:
    """Returns an integer as a float, None for ``max`` or anything else."""
    return float(word) if word.removeprefix("-").isdecimal() else None
