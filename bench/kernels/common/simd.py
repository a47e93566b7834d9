"""Machine code for x86-64: loops of fused multiply-adds in vector registers, a thread a core.

Every loop is a function ``void loop(x, a, b, out, rounds)`` of the System V calling convention
(x in rdi, a in rsi, b in rdx, out in rcx, rounds in r8). Encodings follow the Intel 64 and IA-32
Architectures Software Developer's Manual, volume 2, sections 2.3 (VEX) and 2.7 (EVEX).
"""

import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from bench.kernels.common.base import UnsupportedError
from bench.machinecode import Executable, architecture

CPUINFO = Path("/proc/cpuinfo")
WIDTH = {"avx512": 64, "avx2": 32}
"""Bytes of a vector register, by instruction set; the widest first."""

NEEDS = {
    ("avx512", "fp32"): {"avx512f"}, ("avx512", "fp64"): {"avx512f"},
    ("avx512", "fp16"): {"avx512_fp16"}, ("avx512", "bf16"): {"avx512_bf16"},
    ("avx2", "fp32"): {"avx2", "fma"}, ("avx2", "fp64"): {"avx2", "fma"},
}  # fmt: skip
"""The flags of a processor that multiplies and adds a format."""

DOTS = ("bf16",)
"""Formats whose instruction adds the products of a pair of elements to one of fp32."""

X, A, B, OUT = 7, 6, 2, 1
"""Numbers of the registers that hold the four addresses: rdi, rsi, rdx, rcx."""

ALIGNMENT = 64


@dataclass(frozen=True)
class Operation:
    """What an encoding says of an operation: opcode map, prefix, W bit and opcode."""

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
    """Returns the instruction sets that the system tells of, none where it tells of none."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    told = [line for line in lines if line.startswith(("flags", "Features"))]
    return frozenset(told[0].partition(":")[2].split()) if told else frozenset()


def ways(dtype: str) -> tuple[str, ...]:
    """Returns the instruction sets that multiply and add ``dtype`` here, the widest first.

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
    """Returns the multiply-adds of one instruction."""
    return WIDTH[way] // {"fp64": 8, "fp32": 4}.get(dtype, 2)


class Code:
    """Machine code as it is written, for one instruction set."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.text = bytearray()

    def load(self, register: int, base: int, place: int) -> None:
        """Loads the vector number ``place`` behind an address."""
        self._with_memory(LOAD, register, 0, (base, place))

    def store(self, register: int, base: int, place: int) -> None:
        """Stores a register as the vector number ``place`` behind an address."""
        self._with_memory(STORE, register, 0, (base, place))

    def xor(self, register: int, base: int, place: int) -> None:
        """Combines a register with a vector in memory by exclusive or."""
        self._with_memory(XOR, register, register, (base, place))

    def clear(self, register: int) -> None:
        """Sets a register to zero."""
        self._with_register(XOR, register, register, register)

    def fma(self, dtype: str, first: int, second: int, third: int) -> None:
        """Sets ``first`` to ``first x second + third``, or adds ``second . third`` to it."""
        self._with_register(FMA[dtype], first, second, third)

    def align(self) -> None:
        """Pads with no-operations to where a fetch begins."""
        self.text += b"\x90" * (-len(self.text) % ALIGNMENT)

    def repeat(self, start: int) -> None:
        """Counts rounds down in r8 and jumps to ``start`` until there is none left."""
        self.text += bytes.fromhex("49ffc8 0f85")  # dec r8; jnz
        self.text += (start - len(self.text) - 4).to_bytes(4, "little", signed=True)

    def advance(self, vectors: int) -> None:
        """Moves the address b on by so many vectors."""
        self.text += bytes.fromhex("4881c2")  # add rdx
        self.text += (vectors * WIDTH[self.way]).to_bytes(4, "little")

    def end(self) -> bytes:
        """Returns the code, with what ends a function that used wide registers."""
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
        """Writes the prefix, in which the high bits of register numbers are inverted."""
        one = (~first & 8) << 4 | (~third & 16) << 2 | (~third & 8) << 2 | what.map
        two = what.w << 7 | (~second & 15) << 3 | what.prefix
        if self.way == "avx2":
            self.text += bytes((0xC4, one, two | 4))
        else:
            self.text += bytes((0x62, one | ~first & 16, two | 4, 0x40 | (~second & 16) >> 1))


def register_loop(way: str, dtype: str, accumulators: int, unrolled: int) -> bytes:
    """Returns the loop x = x a + b over accumulators in registers, ``unrolled`` times a round.

    ``x`` and ``out`` hold a vector an accumulator, ``a`` and ``b`` hold one.
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
    """What a stream does with what it reads.

    Attributes:
        group: vectors of which the first is used, and the others are only read.
        fmas: multiply-adds that each used vector enters.
    """

    group: int
    fmas: int

    @property
    def groups(self) -> int:
        """Returns the groups of a round: enough for the loop's own instructions not to count."""
        return max(1, 16 // max(self.group, self.fmas))

    @property
    def vectors(self) -> int:
        """Returns the vectors of a round."""
        return self.group * self.groups


def stream_accumulators(way: str) -> int:
    """Returns how many accumulators the stream has, as registers allow."""
    return {"avx512": 16, "avx2": 8}[way]


def stream_loop(way: str, dtype: str, mix: Mix) -> bytes:
    """Returns the loop that reads b: x = x a + b in turn over accumulators, the rest by xor.

    ``x`` holds a vector an accumulator, ``a`` one, ``out`` the accumulators and what xor left.
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
        UnsupportedError: memory that is written may not be run here.
    """
    try:
        executable = Executable(code)
    except OSError:
        raise UnsupportedError("this system runs no machine code made while it runs") from None
    kinds = (*[ctypes.c_void_p] * 4, ctypes.c_int64)
    function = ctypes.CFUNCTYPE(None, *kinds)(executable.address)
    function.executable = executable  # type: ignore[attr-defined]  # kept as long as the function
    return function


@lru_cache(maxsize=1)
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="simd")


def together(parts: Sequence[Callable[[], object]]) -> None:
    """Runs parts at once, one of them in this thread, and waits for all."""
    others = [_threads(len(parts)).submit(part) for part in parts[1:]]
    parts[0]()  # in this thread: it would only wait
    for other in others:
        other.result()
