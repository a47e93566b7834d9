"""Who else is on a device: another's load takes clock, power and bandwidth from what is timed.

A vendor's library lists processes by number. Those of this program's own group are its workers. In
a container the numbers may be the host's: they are believed only where one of them is our own.
"""

import os
from collections.abc import Iterable

Held = tuple[int, float | None]
"""A process on the device: its number, and the bytes that it holds there, None if untold."""


def sharing(processes: Iterable[Held]) -> str:
    """Says that processes of others are on a device; nothing where none is seen for certain."""
    found = dict(processes)
    others = {pid: held for pid, held in found.items() if not _is_ours(pid)}
    if not others or len(others) == len(found):
        return ""
    many = "another process" if len(others) == 1 else f"{len(others)} other processes"
    held = sum(one or 0.0 for one in others.values())
    return f"shared with {many}{f' that held {held / 2**30:.1f} GiB' if held else ''}"


def _is_ours(pid: int) -> bool:
    try:
        return os.getpgid(pid) == os.getpgid(0)
    except OSError:
        return False
