"""The clock of a CPU core, measured: a chain of additions, each of which takes one cycle.

Every addition waits for the one before it, and no x86-64 or AArch64 server core does one in less
than a cycle or eliminates one of two registers, so additions per second are cycles per second. The
chain leaves most of the core idle, so a busy SMT sibling hardly slows it, whereas a loop that
takes a branch every cycle loses half of its cycles. Virtual machines hide the real clock; this
measures it. It stays unknown where executable memory may not be mapped.
"""

import ctypes
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

from bench.kernels.common.machinecode import Executable, architecture

CHAIN = 16
"""Additions per round: enough that the loop's branch costs no extra cycle."""
CODE = {
    # mov rax, rdi; 1: add rdx, rdx (each of the chain); dec rax; jnz 1b; ret
    "x86_64": bytes.fromhex("4889f8" + "4801d2" * CHAIN + "48ffc875cbc3"),
    # 1: add x1, x1, x1 (each of the chain); subs x0, x0, #1; b.ne 1b; ret
    "aarch64": bytes.fromhex("2100018b" * CHAIN + "000400f1e1fdff54c0035fd6"),
}
ROUNDS = 250_000
CYCLES = ROUNDS * CHAIN
"""About a millisecond, so that one of several runs is not preempted."""
TURNS = 9
"""Times that each of two loops runs."""

BRANCHES = {
    # mov rax, rdi; 1: dec rax; jnz 1b; ret
    "x86_64": bytes.fromhex("4889f848ffc875fbc3"),
    # 1: subs x0, x0, #1; b.ne 1b; ret
    "aarch64": bytes.fromhex("000400f1e1ffff54c0035fd6"),
}
"""One taken branch per cycle: an SMT sibling takes half of the branch unit's slots."""
SHARED_RATIO = 1.15
"""Above this ratio of branch to addition time, an SMT sibling is busy."""


class Loop(NamedTuple):
    """Executable machine code, kept alive while it may run, and its entry point."""

    code: Executable
    run: Callable[[int], int]


def clock_hz(repeats: int = 3) -> float | None:
    """Returns the highest of ``repeats`` measurements in Hz, about 1 ms each.

    None where executable memory may not be mapped, or on another architecture.
    """
    loop = _loop(CODE)
    return CYCLES / min(_seconds(loop, ROUNDS) for _ in range(repeats)) if loop else None


def is_shared() -> bool:
    """Returns whether a busy SMT sibling slows this core, which no counter of a guest shows.

    The two loops alternate, so that any other interference affects both.
    """
    chain, branches = _loop(CODE), _loop(BRANCHES)
    if chain is None or branches is None:
        return False
    turns = [(_seconds(branches, CYCLES), _seconds(chain, ROUNDS)) for _ in range(TURNS)]
    branch_s, addition_s = (median(column) for column in zip(*turns, strict=True))
    return bool(branch_s > SHARED_RATIO * addition_s)


def _loop(code: Mapping[str, bytes]) -> Loop | None:
    """Returns a loop of machine code, None where there is none or it may not be mapped."""
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
