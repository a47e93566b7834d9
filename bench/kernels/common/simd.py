"""Machine code for x86-64: loops of fused multiply-adds in vector registers, a thread per core.

Every loop is a function ``void loop(x, a, b, out, rounds)`` of the System V calling convention
(x in rdi, a in rsi, b in rdx, out in rcx, rounds in r8). Encodings follow the Intel 64 and IA-32
Architectures Software Developer's Manual, volume 2, sections 2.3 (VEX) and 2.7 (EVEX).
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.kernels.common.base import UnsupportedError
from bench.kernels.common.machinecode import Executable, architecture

CPUINFO = Path("/proc/cpuinfo")
WIDTH = {"avx512": 64, "avx2": 32}
"""Bytes of a vector register by instruction set, the widest first."""

NEEDS = {
    ("avx512", "fp32"): {"avx512f"}, ("avx512", "fp64"): {"avx512f"},
    ("avx512", "fp16"): {"avx512_fp16"}, ("avx512", "bf16"): {"avx512_bf16"},
    ("avx2", "fp32"): {"avx2", "fma"}, ("avx2", "fp64"): {"avx2", "fma"},
}  # fmt: skip
"""The CPU flags of multiply-adds, by instruction set and format."""

DOTS = ("bf16",)
"""Formats whose instruction adds the products of a pair of elements to one fp32 accumulator."""

X, A, B, OUT = 7, 6, 2, 1
"""Numbers of the registers that hold the four addresses: rdi, rsi, rdx, rcx."""

ALIGNMENT = 64
"""Alignment of a loop's start, in bytes."""


@dataclass(frozen=True)
class Operation:
    """The encoding of an operation: opcode map, prefix, W bit and opcode."""

    map: int
    prefix: int
    w: int
    opcode: int


LOAD = Operation(1, 0, 0, 0x10)
STORE = Operation(1, 0, 0, 0x11)
XOR = Operation(1, 1, 0, 0xEF)
FMA = {
    "fp32": Operation(2, 1, 0, 0xA8),
    "fp64": Operation(2, 1, 1, 0xA8),
    "fp16": Operation(6, 1, 0, 0xA8),
    "bf16": Operation(2, 2, 0, 0x52),
}
"""VFMADD213PS, PD and PH: first = second x first + third; VDPBF16PS: first += second . third."""


@cache
def flags() -> frozenset[str]:
    """Returns the CPU flags that the system reports; empty if it reports none."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    listed = [line for line in lines if line.startswith(("flags", "Features"))]
    return frozenset(listed[0].partition(":")[2].split()) if listed else frozenset()


def ways(dtype: str) -> tuple[str, ...]:
    """Returns the instruction sets of this CPU with multiply-adds in ``dtype``, the widest first.

    Raises:
        UnsupportedError: there is none.
    """
    if architecture() != "x86_64":
        raise UnsupportedError("no machine code for this processor")
    found = tuple(way for way in WIDTH if NEEDS.get((way, dtype), {"?"}) <= flags())
    if not found:
        raise UnsupportedError(f"no {dtype} instructions on this processor")
    return found


def lanes(way: str, dtype: str) -> int:
    """Returns the multiply-adds per instruction."""
    return WIDTH[way] // {"fp64": 8, "fp32": 4}.get(dtype, 2)


class Code:
    """An assembler of vector code in one instruction set; ``text`` is the code so far."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.text = bytearray()

    def load(self, register: int, base: int, place: int) -> None:
        """Loads vector number ``place`` of an array into a register."""
        self._with_memory(LOAD, register, 0, (base, place))

    def store(self, register: int, base: int, place: int) -> None:
        """Stores a register as vector number ``place`` of an array."""
        self._with_memory(STORE, register, 0, (base, place))

    def xor(self, register: int, base: int, place: int) -> None:
        """Combines a register with vector number ``place`` of an array by exclusive or."""
        self._with_memory(XOR, register, register, (base, place))

    def clear(self, register: int) -> None:
        """Sets a register to zero."""
        self._with_register(XOR, register, register, register)

    def fma(self, dtype: str, first: int, second: int, third: int) -> None:
        """Sets ``first`` to ``first x second + third``, or adds ``second . third`` to it."""
        self._with_register(FMA[dtype], first, second, third)

    def align(self) -> None:
        """Pads with no-ops up to ``ALIGNMENT``."""
        self.text += b"\x90" * (-len(self.text) % ALIGNMENT)

    def repeat(self, start: int) -> None:
        """Decrements the rounds in r8 and jumps to ``start`` until none is left."""
        self.text += bytes.fromhex("49ffc8 0f85")  # dec r8; jnz
        self.text += (start - len(self.text) - 4).to_bytes(4, "little", signed=True)

    def advance(self, vectors: int) -> None:
        """Advances the address b by a number of vectors."""
        self.text += bytes.fromhex("4881c2")  # add rdx
        self.text += (vectors * WIDTH[self.way]).to_bytes(4, "little")

    def end(self) -> bytes:
        """Returns the code, followed by the return of a function that used wide registers."""
        return bytes(self.text) + bytes.fromhex("c5f877 c3")  # vzeroupper; ret

    def _with_register(self, what: Operation, first: int, second: int, third: int) -> None:
        self._prefix(what, first, second, third)
        self.text += bytes((what.opcode, 0xC0 | (first & 7) << 3 | third & 7))

    def _with_memory(
        self, what: Operation, first: int, second: int, memory: tuple[int, int]
    ) -> None:
        base, place = memory
        self._prefix(what, first, second, base)
        self.text += bytes((what.opcode, 0x80 | (first & 7) << 3 | base))
        self.text += (place * WIDTH[self.way]).to_bytes(4, "little")

    def _prefix(self, what: Operation, first: int, second: int, third: int) -> None:
        """Writes the VEX or EVEX prefix, in which high bits of register numbers are inverted."""
        byte1 = (~first & 8) << 4 | (~third & 16) << 2 | (~third & 8) << 2 | what.map
        byte2 = what.w << 7 | (~second & 15) << 3 | what.prefix
        if self.way == "avx2":
            self.text += bytes((0xC4, byte1, byte2 | 4))
        else:
            self.text += bytes((0x62, byte1 | ~first & 16, byte2 | 4, 0x40 | (~second & 16) >> 1))


def register_loop(way: str, dtype: str, accumulators: int, unrolled: int) -> bytes:
    """Returns the loop x = x a + b over accumulators in registers, ``unrolled`` times per round.

    ``x`` and ``out`` hold one vector per accumulator, ``a`` and ``b`` one vector each.
    """
    code, a, b = Code(way), accumulators, accumulators + 1
    for register in range(accumulators):
        code.load(register, X, register)
    code.load(a, A, 0)
    code.load(b, B, 0)
    code.align()
    start = len(code.text)
    for step in range(accumulators * unrolled):
        code.fma(dtype, step % accumulators, a, b)
    code.repeat(start)
    for register in range(accumulators):
        code.store(register, OUT, register)
    return code.end()


@dataclass(frozen=True)
class Mix:
    """How a stream uses the vectors that it reads.

    Attributes:
        group: vectors per group, of which the first is used and the others are only read.
        fmas: multiply-adds of each used vector.
    """

    group: int
    fmas: int

    @property
    def groups(self) -> int:
        """Returns the groups per round: enough to make the loop's overhead negligible."""
        return max(1, 16 // max(self.group, self.fmas))

    @property
    def vectors(self) -> int:
        """Returns the vectors per round."""
        return self.group * self.groups


def stream_accumulators(way: str) -> int:
    """Returns the number of accumulators of the stream, which the registers limit."""
    return {"avx512": 16, "avx2": 8}[way]


def stream_loop(way: str, dtype: str, mix: Mix) -> bytes:
    """Returns the loop that reads b: x = x a + b in turn over accumulators, other vectors by xor.

    ``x`` holds one vector per accumulator, ``a`` one; ``out`` receives the accumulators and the
    result of the xor.
    """
    code, count = Code(way), stream_accumulators(way)
    a, b, rest = count, count + 1, count + 2
    for register in range(count):
        code.load(register, X, register)
    code.load(a, A, 0)
    code.clear(rest)
    code.align()
    start = len(code.text)
    for group in range(mix.groups):
        code.load(b, B, group * mix.group)
        for step in range(group * mix.fmas, (group + 1) * mix.fmas):
            code.fma(dtype, step % count, a, b)
        for place in range(1, mix.group):
            code.xor(rest, B, group * mix.group + place)
    code.advance(mix.vectors)
    code.repeat(start)
    for register in range(count):
        code.store(register, OUT, register)
    code.store(rest, OUT, count)
    return code.end()


Loop = Callable[[int, int, int, int, int], object]


def placed(code: bytes) -> Loop:
    """Returns machine code as a function of four addresses and a number of rounds.

    Raises:
        UnsupportedError: this system does not execute memory that was written at run time.
    """
    try:
        executable = Executable(code)
    except OSError:
        raise UnsupportedError("this system runs no machine code made while it runs") from None
    kinds = (*[ctypes.c_void_p] * 4, ctypes.c_int64)
    function = ctypes.CFUNCTYPE(None, *kinds)(executable.address)
    function.executable = executable  # type: ignore[attr-defined]  # alive as long as the function
    return function
