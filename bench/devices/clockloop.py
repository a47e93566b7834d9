"""The clock of a CPU core, measured: a loop of machine code that takes one cycle a round.

A decrement followed by a taken branch retires once a cycle on every out-of-order x86-64 and
AArch64 server core, so rounds per second are cycles per second. Virtual machines hide the real
clock; this does not. Where executable memory may not be mapped, the clock stays unknown.
"""

import ctypes
import time

from bench.machinecode import Executable, architecture

CODE = {
    # mov rax, rdi; 1: dec rax; jnz 1b; ret
    "x86_64": bytes.fromhex("4889f848ffc875fbc3"),
    # 1: subs x0, x0, #1; b.ne 1b; ret
    "aarch64": bytes.fromhex("000400f1e1ffff54c0035fd6"),
}
ROUNDS = 20_000_000


def clock_hz(repeats: int = 3) -> float | None:
    """Returns the best of ``repeats`` measurements in Hz, about 10 ms each; None where barred."""
    code = CODE.get(architecture() or "")
    if code is None:
        return None
    try:
        placed = Executable(code)
    except OSError:
        return None
    loop = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(placed.address)
    return ROUNDS / min(_seconds(loop) for _ in range(repeats))


def _seconds(loop: "ctypes._CFunctionType") -> float:
    start = time.perf_counter_ns()
    loop(ROUNDS)
    return (time.perf_counter_ns() - start) * 1e-9
