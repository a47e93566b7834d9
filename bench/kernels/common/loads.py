"""Loads in machine code: reading a range repeatedly, and following a chain of addresses.

A compiler may move or drop loads whose result it can predict; machine code is executed as written.
"""

import ctypes
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial

from bench.kernels.common.base import UnsupportedError
from bench.kernels.common.machinecode import Executable, architecture
from bench.units import parse

GROUP_BYTES = 512
"""Ranges are a multiple of this: what the widest loop reads per turn."""

PROGRAMS_A_UNIT = 4
"""Programs per unit of an accelerator, which all run at the same time: four of 256 threads fit any
SM or CU."""
GOLDEN = 0.6180339887498949
"""Multiples of this, without their whole part, are spread evenly between 0 and 1."""

UNROLLED = 8
"""Steps of a chain per turn of its loop."""


def strides(blocks: int, programs: int) -> list[int]:
    """Returns how many blocks each program moves on by: coprime to ``blocks``, so it reads all.

    Programs that read in one order follow one another from block to block, and all but the first
    read what a cache has just loaded, however small it is.
    """
    found = []
    for program in range(programs):
        stride = 1 + int(program * GOLDEN % 1 * (blocks - 1))
        while math.gcd(stride, blocks) > 1:
            stride += 1
        found.append(stride % blocks or 1)
    return found


_CODE = {
    # vpxord zmm0..zmm3; lea r8, [rdi+rsi]
    "avx512": "62f17d48efc0 62f17548efc9 62f16d48efd2 62f16548efdb 4c8d0437"
    # 1: mov rcx, rdi; 2: vpaddq zmm0..zmm3, [rcx + 0, 64, ... 448]
    "4889f9 62f1fd48d401 62f1f548d44901 62f1ed48d45102 62f1e548d45903"
    "62f1fd48d44104 62f1f548d44905 62f1ed48d45106 62f1e548d45907"
    # add rcx, 512; cmp rcx, r8; jne 2b; dec rdx; jnz 1b
    "4881c100020000 4c39c1 75bd 48ffca 75b5"
    # the four sums into one, and its eight lanes into rax; vzeroupper; ret
    "62f1fd48d4c1 62f1ed48d4d3 62f1fd48d4c2 62f3fd483bc101 c5fdd4c1"
    "c4e37d39c101 c5f9d4c1 c5f173d808 c5f9d4c1 c4e1f97ec0 c5f877 c3",
    # the same in ymm0..ymm3, 256 bytes a turn
    "avx2": "c5f9efc0 c5f1efc9 c5e9efd2 c5e1efdb 4c8d0437"
    "4889f9 c5fdd401 c5f5d44920 c5edd45140 c5e5d45960"
    "c5fdd48180000000 c5f5d489a0000000 c5edd491c0000000 c5e5d499e0000000"
    "4881c100010000 4c39c1 75c1 48ffca 75b9"
    "c5fdd4c1 c5edd4d3 c5fdd4c2"
    "c4e37d39c101 c5f9d4c1 c5f173d808 c5f9d4c1 c4e1f97ec0 c5f877 c3",
    # the same in rax, r9, r10, r11, 64 bytes a turn
    "x86-64": "31c0 4531c9 4531d2 4531db 4c8d0437"
    "4889f9 480301 4c034908 4c035110 4c035918 48034120 4c034928 4c035130 4c035938"
    "4883c140 4c39c1 75d8 48ffca 75d0"
    "4c01c8 4d01da 4c01d0 c3",
    # the same in v0..v3, by pairs, 128 bytes a turn
    "neon": "00e4006f 01e4006f 02e4006f 03e4006f 0500018b"
    "e40300aa 841440ad 861c41ad 904442ad 924c43ad"
    "0084e44e 2184e54e 4284e64e 6384e74e 0084f04e 2184f14e 4284f24e 6384f34e"
    "84000291 9f0005eb 41feff54 420400f1 e1fdff54"
    "0084e14e 4284e34e 0084e24e 00b8f15e 0000669e c0035fd6",
}
"""Code that sums the 64-bit words of ``rsi`` bytes from ``rdi`` on, ``rdx`` times; by instruction
set. (On aarch64 the arguments are x0, x1 and x2.)"""

_CHAIN = {
    # mov rax, rdi; 1: mov rax, [rax] (8 times); sub rsi, 8; jnz 1b; ret
    "x86_64": "4889f8" + "488b00" * UNROLLED + "4883ee08 75e2 c3",
    # 1: ldr x0, [x0] (8 times); subs x1, x1, #8; b.ne 1b; ret
    "aarch64": "000040f9" * UNROLLED + "212000f1 e1feff54 c0035fd6",
}
"""Code that follows a chain of addresses, by architecture."""


def size(text: str) -> int:
    """Returns the bytes of a size such as ``48KiB``."""
    return int(parse(text).si)


@dataclass(frozen=True)
class Reader:
    """A loop that reads memory.

    Attributes:
        isa: its instruction set.
        read: function of an address, bytes (a multiple of ``GROUP_BYTES``) and rounds, all at least
            1; returns the sum of all 64-bit words read, modulo 2^64.
        code: the machine code, which must live as long as ``read``.
    """

    isa: str
    read: Callable[[int, int, int], int]
    code: Executable = field(repr=False)


def reader() -> Reader:
    """Returns the loop in the widest instruction set of this CPU.

    Raises:
        UnsupportedError: there is no machine code for this system, or it may not be run.
    """
    return reader_of(_widest())


@lru_cache(maxsize=len(_CODE))
def reader_of(isa: str) -> Reader:
    """Returns the loop in one instruction set."""
    code = _mapped(_CODE[isa])
    word = ctypes.c_uint64
    return Reader(isa, ctypes.CFUNCTYPE(word, word, word, word)(code.address), code)


@dataclass(frozen=True)
class Chain:
    """A loop that follows a chain of addresses.

    Attributes:
        follow: function of an address and a number of steps (a multiple of ``UNROLLED``); returns
            the address arrived at.
        code: the machine code, which must live as long as ``follow``.
    """

    follow: Callable[[int, int], int]
    code: Executable = field(repr=False)


@lru_cache(maxsize=1)
def chain() -> Chain:
    """Returns the loop in which each load depends on the one before.

    Raises:
        UnsupportedError: there is no machine code for this system, or it may not be run.
    """
    code = _mapped(_CHAIN[_machine()])
    word = ctypes.c_uint64
    return Chain(ctypes.CFUNCTYPE(word, word, word)(code.address), code)


def _machine() -> str:
    found = architecture()
    if found is None:
        raise UnsupportedError("loads need machine code, and there is none for this system")
    return found


def _widest() -> str:
    import torch

    if _machine() == "aarch64":
        return "neon"
    capability = torch.backends.cpu.get_cpu_capability().lower()
    return next((isa for isa in ("avx512", "avx2") if capability.startswith(isa)), "x86-64")


def _mapped(code: str) -> Executable:
    try:
        return Executable(bytes.fromhex(code))
    except OSError as error:
        raise UnsupportedError("this system runs no machine code from memory of ours") from error


class Team:
    """Persistent threads: each runs the same part of every call, which its core's caches hold."""

    def __init__(self, threads: int) -> None:
        self._others = [ThreadPoolExecutor(1, "loads") for _ in range(threads - 1)]

    def run(self, parts: Sequence[Callable[[], int]]) -> list[int]:
        """Runs the parts at once, the first in the calling thread, and returns their results."""
        pairs = zip(self._others, parts[1:], strict=True)
        others = [thread.submit(part) for thread, part in pairs]
        return [parts[0](), *(other.result() for other in others)]


@lru_cache(maxsize=1)
def team(threads: int) -> Team:
    """Returns a team of ``threads`` threads, including the caller's."""
    return Team(threads)


def read_by_all(address: int, total_bytes: int, rounds: int, threads: int) -> list[int]:
    """Returns the sums of equal parts, each read ``rounds`` times by a thread of its own.

    Args:
        address: start of the first part.
        total_bytes: size of all parts, a multiple of ``threads`` times ``GROUP_BYTES``.
        rounds: how often each part is read.
        threads: number of parts.
    """
    read, part = reader().read, total_bytes // threads
    parts = [partial(read, address + number * part, part, rounds) for number in range(threads)]
    return team(threads).run(parts)
