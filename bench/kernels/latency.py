"""Latency of dependent loads: a pointer chase, each load giving the next address, in random order.

The chain is one random cycle through every cache line of the working set, so that no prefetcher
predicts a step and each waits for the one before. A step includes address translation, which
matters beyond the reach of the TLBs. On a CPU one core follows the chain in machine code; on an
accelerator one Triton program does (on AMD's the loads are scalar, through the scalar cache).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.kernels.common import loads
from bench.kernels.common.base import Defaults, Limits, Point, Task, UnsupportedError
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

SETS = ("16KiB", "256KiB", "4MiB", "64MiB", "1GiB")
LINE_BYTES = {True: 64, False: 128}
"""Cache line, one step of the chain, on a CPU (True) and on an accelerator."""

WORD_BYTES = 8
CHAIN_LOADS = ((2**23, 8 * 65535), (2**60, 8 * 8191))
"""Loads per call, by the largest working set they are for: no whole number of cycles, so that
each call ends elsewhere."""

PILOT_BYTES = 2**14
CHECKED_LINES = 1021
CHECKED_LOADS = 8 * 300
MEMORY_FACTOR = 2.0
"""Memory needed, over the working set: the chain and the permutation it is made from."""


class Latency(Defaults):
    """A pointer chase over working sets from L1 caches to memory."""

    name = "latency"
    about = "latency of dependent loads over the working set"
    dtypes = ("fp32",)
    group = "latency of dependent loads"
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the working sets."""
        return SETS

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns seconds per load."""
        return "item_seconds"

    def label(self, point: Point) -> str:
        """Returns the working set in words."""
        text = str(point.parameters["set"])
        return f"one load, {text[:-3]} {text[-3:]} in random order"

    def work(self, point: Point) -> Work:
        """Counts the loads of a call, 8 bytes each."""
        count = point.size("loads")
        return Work(
            flop=0.0,
            bytes=float(WORD_BYTES * count),
            footprint_bytes=float(point.size("bytes")),
            formula="8 bytes a load",
            items=float(count),
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns a chain of 16 KiB."""
        return _point(dtype, data, variant or SETS[0], PILOT_BYTES)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the requested working set.

        Raises:
            UnsupportedError: memory does not hold it.
        """
        named = str(pilot.parameters["set"])
        held = loads.size(named)
        if MEMORY_FACTOR * held > limits.memory_bytes:
            raise UnsupportedError(f"free memory holds no working set of {named}")
        return [_point(pilot.dtype, pilot.data, named, held)]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- caches are what is measured
        """Returns a walk that continues where the last call ended."""
        lines = point.size("bytes") // LINE_BYTES[device.type == "cpu"]
        walk = _walk(_random_chain(lines, device), point.size("loads"))
        return Task([walk.go], walk.forget, lambda _: walk.check())

    def check(self, point: Point, device: "torch.device") -> Check:  # noqa: ARG002 -- any chain will do
        """Follows a fresh chain more than twice around, and compares with a walk in Python."""
        chain = _random_chain(CHECKED_LINES, device)
        words, at = chain.table.tolist(), chain.address(0)
        for _ in range(CHECKED_LOADS):
            at = words[(at - chain.table.data_ptr()) // WORD_BYTES]
        walk = _walk(chain, CHECKED_LOADS)
        walk.go()
        expected = chain.address(CHECKED_LOADS)
        return walk.check() if at == expected else _arrival(at, expected, CHECKED_LOADS)


KERNEL = Latency()


def _point(dtype: str, data: str, named: str, held: int) -> Point:
    count = next(amount for most, amount in CHAIN_LOADS if held <= most)
    parameters: dict[str, int | str] = {"set": named, "bytes": held, "loads": count}
    return Point("latency", dtype, data, parameters)


@dataclass(frozen=True)
class _Chain:
    """One cycle through all lines of a table.

    Attributes:
        table: the first word of each line holds the address of the next line.
        order: the line numbers in the order of the cycle.
        line: bytes per line.
    """

    table: "torch.Tensor"
    order: "torch.Tensor"
    line: int

    def address(self, steps: int) -> int:
        """Returns the address reached after ``steps`` steps."""
        line = int(self.order[steps % len(self.order)])
        return self.table.data_ptr() + line * self.line


class _CoreWalk:
    """A walk by one CPU core: ``count`` steps per call, from where the last call ended."""

    def __init__(self, chain: _Chain, count: int) -> None:
        self._chain, self._loads, self._follow = chain, count, loads.chain().follow
        self._at = chain.address(0)
        self._arrived = self._taken = 0

    def go(self) -> None:
        """Takes the steps of one call."""
        self._at = self._arrived = self._follow(self._at, self._loads)
        self._taken += self._loads

    def forget(self) -> None:
        """Overwrites the address where the last call ended."""
        self._arrived = 0

    def check(self) -> Check:
        """Compares the address where the last call ended with the expected one."""
        return _arrival(self._arrived, self._chain.address(self._taken), self._taken)


class _DeviceWalk:
    """The same by one program on an accelerator."""

    def __init__(self, chain: _Chain, count: int) -> None:
        import torch

        from bench.kernels.common import loads_triton as compiled

        self._chain, self._loads, self._follow = chain, count, compiled.follow
        at = [chain.address(0)]
        self._at = torch.tensor(at, dtype=torch.int64, device=chain.table.device)
        self._arrived, self._taken = torch.zeros_like(self._at), 0

    def go(self) -> None:
        """Queues the steps of one call."""
        self._follow(self._at, self._arrived, self._loads)
        self._taken += self._loads

    def forget(self) -> None:
        """Overwrites the address where the last call ended."""
        self._arrived.zero_()

    def check(self) -> Check:
        """Compares the address where the last call ended with the expected one."""
        return _arrival(int(self._arrived), self._chain.address(self._taken), self._taken)


def _walk(chain: _Chain, count: int) -> _CoreWalk | _DeviceWalk:
    kind = _CoreWalk if chain.table.device.type == "cpu" else _DeviceWalk
    return kind(chain, count)


def _random_chain(lines: int, device: "torch.device") -> _Chain:
    """Returns a random cycle through all lines, made from a random permutation."""
    import torch

    line = LINE_BYTES[device.type == "cpu"]
    table = torch.zeros(lines * line // WORD_BYTES, dtype=torch.int64, device=device)
    order = torch.randperm(lines, device=device)
    table[order * (line // WORD_BYTES)] = (order * line + table.data_ptr()).roll(-1)
    return _Chain(table, order, line)


def _arrival(got: int, expected: int, count: int) -> Check:
    error = 0.0 if got == expected else 1.0
    return Check(passed=not error, error=error, tolerance=0.0, shape=f"{count} loads")
