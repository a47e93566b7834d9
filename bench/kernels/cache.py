"""Read bandwidth over the working set: caches show as plateaus that end at their capacity.

On a CPU each core repeatedly reads its own part, so that the plateau of a private cache ends at
its size times the cores. On an accelerator each program reads the whole set, in its own order, so
that a plateau ends at the size of one L1 cache, or of the cache shared by all units. Bytes are
bytes loaded. Every sum is checked.
"""

from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, loads, spots
from bench.kernels.common.accelerators import unit_count
from bench.kernels.common.base import Defaults, Limits, Point, Task, UnsupportedError
from bench.kernels.common.units import UNITS
from bench.records.model import Check, Quantity, Work

if TYPE_CHECKING:
    import torch

SETS = (
    "32KiB", "48KiB", "64KiB", "96KiB", "128KiB", "192KiB", "256KiB", "384KiB", "512KiB", "768KiB",
    "1MiB", "1536KiB", "2MiB", "3MiB", "4MiB", "6MiB", "8MiB", "12MiB", "16MiB", "24MiB", "32MiB",
    "48MiB", "64MiB", "96MiB", "128MiB", "192MiB", "256MiB", "384MiB", "512MiB", "1GiB", "2GiB",
    "4GiB",
)  # fmt: skip
"""The working sets that are measured."""
PILOT_BYTES = 2**20
CORE_BYTES = ((2**18, 2**32), (2**22, 2**30), (2**40, 2**28))
"""Bytes that a core reads per call, by its part's size: enough to hide thread start-up."""

DEVICE_BYTES = ((2**20, 2**35), (2**40, 2**33))
"""Bytes that an accelerator reads per call, by the set's size: enough to hide the launch."""
PASSES, WHOLE = 2, 2
"""Each program passes a set at least so often, if it is at most so many times the last cache; no
cache holds a larger one, however little of it a program reads."""

CHECKED_BYTES = 2**19
CHECKED_ROUNDS = 3
WORD = 2**32


class Cache(Defaults):
    """Reads over working sets from first-level caches to memory."""

    name = "cache"
    about = "bandwidth over the working set, from caches to memory"
    dtypes = ("fp32",)
    group = "bandwidth over working set"
    decides = False

    def variants(self, dtype: str) -> tuple[str, ...]:  # noqa: ARG002 -- the protocol's signature
        """Returns the working sets."""
        return SETS

    def quantity(self, point: Point) -> Quantity:  # noqa: ARG002 -- the protocol's signature
        """Returns bytes/s."""
        return "byte_rate"

    def label(self, point: Point) -> str:
        """Returns the working set in words."""
        text = str(point.parameters["set"])
        return f"{text[:-3]} {text[-3:]} in all"

    def work(self, point: Point) -> Work:
        """Counts every byte loaded, from whichever level."""
        held = point.size("bytes")
        return Work(
            flop=0.0,
            bytes=float(point.size("rounds") * held),
            footprint_bytes=float(held),
            formula="rounds x working set",
        )

    def pilot(self, dtype: str, data: str, variant: str = "") -> Point:
        """Returns one round over at most a megabyte in one thread."""
        named = variant or SETS[0]
        held = min(loads.size(named), PILOT_BYTES)
        sizes: dict[str, int | str] = {"set": named, "bytes": held, "rounds": 1, "threads": 1}
        return Point("cache", dtype, data, sizes)

    def space(self, pilot: Point, limits: Limits) -> list[Point]:
        """Returns the requested working set, in equal parts for the cores, read often enough.

        Raises:
            UnsupportedError: memory does not hold it, or it is too small for that many cores.
        """
        named = str(pilot.parameters["set"])
        wanted, threads = loads.size(named), _threads() if limits.is_cpu else 1
        if wanted > limits.memory_bytes:
            raise UnsupportedError(f"free memory holds no working set of {self.label(pilot)}")
        held = wanted // (threads * loads.GROUP_BYTES) * (threads * loads.GROUP_BYTES)
        if not held:
            raise UnsupportedError(f"{named} is less than a turn of the loop for {threads} cores")
        rounds = _core_rounds(held // threads) if limits.is_cpu else _device_rounds(held, limits)
        sizes: dict[str, int | str] = {
            "set": named, "bytes": held, "rounds": rounds, "threads": threads,
        }  # fmt: skip
        return [Point("cache", pilot.dtype, pilot.data, sizes)]

    def build(self, point: Point, device: "torch.device", cache_bytes: float) -> Task:  # noqa: ARG002 -- caches are what is measured
        """Returns the read as one call that returns its sums."""
        held, rounds = point.size("bytes"), point.size("rounds")
        (source,) = inputs.buffers(1, held // 4, point.dtype, point.data, device)
        if device.type != "cpu":
            return _on_device(source, rounds)
        return _on_cores(source, rounds, point.size("threads"))

    def check(self, point: Point, device: "torch.device") -> Check:
        """Reads half a megabyte of fresh random words and compares every sum."""
        import torch

        drawn = torch.randint(-(2**31), 2**31, (CHECKED_BYTES // 4,), dtype=torch.int32)
        source = drawn.to(device)
        if device.type == "cpu":
            task = _on_cores(source, CHECKED_ROUNDS, point.size("threads"))
        else:
            task = _on_device(source, CHECKED_ROUNDS)
        task.spoil()
        assert task.spot_check is not None  # noqa: S101 -- both have one
        return task.spot_check(task.calls[0]())


KERNEL = Cache()


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _core_rounds(part: int) -> int:
    """Returns how often a core reads its part of so many bytes."""
    return -(-next(amount for most, amount in CORE_BYTES if part <= most) // part)


def _device_rounds(held: int, limits: Limits) -> int:
    """Returns how often all programs together read a set of so many bytes."""
    rounds = -(-next(amount for most, amount in DEVICE_BYTES if held <= most) // held)
    if held > WHOLE * limits.cache_bytes:
        return rounds
    return max(rounds, PASSES * loads.PROGRAMS_A_UNIT * (limits.units or UNITS))


def _on_cores(source: "torch.Tensor", rounds: int, threads: int) -> Task:
    """Returns the read of equal parts by as many threads."""
    held = source.numel() * 4
    held -= held % (threads * loads.GROUP_BYTES)
    call = partial(loads.read_by_all, source.data_ptr(), held, rounds, threads)
    isa = loads.reader().isa
    return Task(
        [call],
        spot_check=lambda last: _compared(last, _core_sums(source, held, rounds, threads), 2**64),
        observed=lambda: {"instructions": isa},
    )


def _core_sums(source: "torch.Tensor", held: int, rounds: int, threads: int) -> list[int]:
    """Returns the expected sum of each thread: its part's 64-bit words, ``rounds`` times."""
    import torch

    words = source.view(torch.int64)[: held // 8].view(threads, -1)
    return [rounds * int(part.sum()) for part in words]


def _on_device(source: "torch.Tensor", rounds: int) -> Task:
    """Returns the read by programs that all run at once."""
    import torch

    from bench.kernels.common import loads_triton as compiled

    units = unit_count(source.device) or UNITS
    programs = units * loads.PROGRAMS_A_UNIT
    words, total = source.view(torch.int32), rounds * (source.numel() // compiled.BLOCK)
    sums = torch.zeros(programs, dtype=torch.int32, device=source.device)

    def spot_check(_: object) -> Check:
        blocks = words.view(-1, compiled.BLOCK).sum(dim=1).cpu()
        return _compared(sums.tolist(), program_sums(blocks, total, programs), WORD)

    by = compiled.orders(words, programs)
    call = partial(compiled.read, words, sums, by, total)
    return Task([call], partial(sums.fill_, spots.SPOILT), spot_check)


def program_sums(blocks: "torch.Tensor", total: int, programs: int) -> list[int]:
    """Returns the expected sum of each program, from the sum of each block.

    Program p of P starts at block ``p * B // P`` of B, moves on by its stride and wraps around. It
    reads ``total // P`` blocks, the first ``total % P`` programs one more.

    Args:
        blocks: int64, (B,).
        total: blocks read by all programs together.
        programs: number of programs.
    """
    import torch

    count, found = blocks.numel(), []
    whole = int(blocks.sum())
    for program, stride in enumerate(loads.strides(count, programs)):
        laps, rest = divmod(total // programs + (program < total % programs), count)
        order = (program * count // programs + stride * torch.arange(rest)) % count
        found.append(laps * whole + int(blocks[order].sum()))
    return found


def _compared(found: object, expected: list[int], modulus: int) -> Check:
    """Compares sums modulo ``modulus``, exactly; the error is the share of sums that differ."""
    got = found if isinstance(found, list) else []
    pairs = zip(got, expected, strict=False)
    right = sum((one - other) % modulus == 0 for one, other in pairs)
    error = 1 - right / len(expected)
    return Check(passed=error == 0, error=error, tolerance=0.0, shape=f"{len(expected)} sums")
