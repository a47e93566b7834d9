"""The clock of a CPU core, measured: a chain of additions, each of which takes one cycle.

Every addition waits for the one before it, and no x86-64 or AArch64 server core does one in less
than a cycle or leaves one of two registers out, so additions per second are cycles per second. A
chain leaves most of a core idle: a thread beside it on the same core hardly slows it, whereas a
loop that takes a branch in every cycle loses half of them. Virtual machines hide the real clock;
this does not. Where executable memory may not be mapped, the clock stays unknown.
"""

import ctypes
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

from bench.machinecode import Executable, architecture

CHAIN = 16
"""Additions a round: a branch so seldom takes no cycle from them."""
CODE = {
    # mov rax, rdi; 1: add rdx, rdx (each of the chain); dec rax; jnz 1b; ret
    "x86_64": bytes.fromhex("4889f8" + "4801d2" * CHAIN + "48ffc875cbc3"),
    # 1: add x1, x1, x1 (each of the chain); subs x0, x0, #1; b.ne 1b; ret
    "aarch64": bytes.fromhex("2100018b" * CHAIN + "000400f1e1fdff54c0035fd6"),
}
ROUNDS = 250_000
CYCLES = ROUNDS * CHAIN
"""A millisecond's worth: among several, one that no other process cut short is found."""


BRANCHES = {
    # mov rax, rdi; 1: dec rax; jnz 1b; ret
    "x86_64": bytes.fromhex("4889f848ffc875fbc3"),
    # 1: subs x0, x0, #1; b.ne 1b; ret
    "aarch64": bytes.fromhex("000400f1e1ffff54c0035fd6"),
}
"""A branch a cycle, for which a thread on the same core has to stand back half of the time."""
TAKEN = 1.15
"""A branch that takes this many times as long as an addition has not had the core to itself."""


class Loop(NamedTuple):
    """Machine code, kept for as long as it may run, and how it is called."""

    code: Executable
    run: Callable[[int], int]


def clock_hz(repeats: int = 3) -> float | None:
    """Returns the best of ``repeats`` measurements in Hz, about 1 ms each; None where barred."""
    loop = _loop(CODE)
    return CYCLES / min(_seconds(loop, ROUNDS) for _ in range(repeats)) if loop else None


def is_shared(repeats: int = 9) -> bool:
    """Tells whether somebody's thread on this core takes cycles of it, which no counter shows.

    Both loops are run by turns, so that whatever else holds up one holds up the other.
    """
    chain, branches = _loop(CODE), _loop(BRANCHES)
    if chain is None or branches is None:
        return False
    turns = [(_seconds(branches, CYCLES), _seconds(chain, ROUNDS)) for _ in range(repeats)]
    taken, own = (median(column) for column in zip(*turns, strict=True))
    return bool(taken > TAKEN * own)


def _loop(code: Mapping[str, bytes]) -> Loop | None:
    """Returns what runs a loop of machine code so many rounds, None where none may be."""
    try:
        placed = Executable(code[architecture() or ""])
    except (KeyError, OSError):
        return None
    run = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(placed.address)
    return Loop(placed, run)


def _seconds(loop: Loop, rounds: int) -> float:
    start = time.perf_counter_ns()
    loop.run(rounds)
    return (time.perf_counter_ns() - start) * 1e-9
