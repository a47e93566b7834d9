"""The clock of a CPU core, measured: a chain of additions, each of which takes one cycle.

Every addition waits for the one before it, and no x86-64 or AArch64 server core does one in less
than a cycle or leaves one of two registers out, so additions per second are cycles per second. A
chain leaves most of a core idle: a thread beside it on the same core hardly slows it, whereas a
loop that takes a branch in every cycle loses half of them. Virtual machines hide the real clock;
this does not. Where executable memory may not be mapped, the clock stays unknown.
"""

import ctypes
import time

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
"""A millisecond's worth: among several, one that no other process cut short is found."""


def clock_hz(repeats: int = 3) -> float | None:
    """Returns the best of ``repeats`` measurements in Hz, about 1 ms each; None where barred."""
    code = CODE.get(architecture() or "")
    if code is None:
        return None
    try:
        placed = Executable(code)
    except OSError:
        return None
    loop = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(placed.address)
    return ROUNDS * CHAIN / min(_seconds(loop) for _ in range(repeats))


def _seconds(loop: "ctypes._CFunctionType") -> float:
    start = time.perf_counter_ns()
    loop(ROUNDS)
    return (time.perf_counter_ns() - start) * 1e-9
