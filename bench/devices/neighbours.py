"""Other processes on a device, whose load takes clock, power and bandwidth from what is timed.

A vendor's library lists processes by PID. Those of this program's process group are its workers.
In a container the PIDs may be the host's, so the list is used only if it contains one of ours.
"""

import os
from collections.abc import Iterable

Process = tuple[int, float | None]
"""A process on the device: its PID, and the bytes that it holds there, None if unknown."""


def sharing(processes: Iterable[Process]) -> str:
    """Returns a note that other processes use a device; empty if none is known for certain."""
    listed = dict(processes)
    others = {pid: used for pid, used in listed.items() if not _is_ours(pid)}
    if not others or len(others) == len(listed):
        return ""
    who = "another process" if len(others) == 1 else f"{len(others)} other processes"
    used_bytes = sum(used or 0.0 for used in others.values())
    return f"shared with {who}{f' that held {used_bytes / 2**30:.1f} GiB' if used_bytes else ''}"


def _is_ours(pid: int) -> bool:
    try:
        return os.getpgid(pid) == os.getpgid(0)
    except OSError:
        return False
