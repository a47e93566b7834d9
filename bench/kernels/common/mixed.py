"""A stream with a chosen arithmetic intensity: a number of multiply-adds per element read.

Data are read in blocks: a vector register on a CPU, ``lanes`` elements of a program on a GPU. The
first block of a group enters ``fmas`` multiply-adds x = x a + b. The others are only read, and
combined by exclusive or, so that no read can be left out. A group of 8 with 1 multiply-add is 1/16
FLOP/B in fp32. Formats of 2 bytes are converted as they are read: x, a and the sums are fp32.
Results stay in registers, so that the bytes are those read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, simd
from bench.kernels.common.base import Point, UnsupportedError, itemsize, torch_dtype
from bench.kernels.common.threads import together

if TYPE_CHECKING:
    import torch

LARGEST_FACTOR = 0.9
"""Largest magnitude of a random factor a, so that x stays bounded."""
REMEMBERED = {4: 160, 8: 340}
"""Steps after which x no longer depends on earlier values, to its last place; by bytes of x."""

DRIFT = 1e-2
"""Largest error of a sum of hundreds of thousands of terms, relative to their random walk."""


def mix(dtype: str, intensity: Fraction) -> simd.Mix:
    """Returns group size and multiply-adds for an intensity in FLOP/B, a power of two."""
    fmas = intensity * itemsize(dtype) / 2
    return simd.Mix(max(1, int(1 / fmas)), max(1, int(fmas)))


@dataclass
class Stream:
    """A stream over ``data``, its state and its outputs.

    Attributes:
        data: the elements read; every program or thread reads a part.
        a: factors: a vector for all threads on a CPU, one value per program on a GPU. Where it is
            1, x is a sum.
        out: x at the end, (programs, accumulators, lanes).
        rest: result of the exclusive or, (programs, lanes).
        fmas: multiply-adds of each block used.
        parts: function that returns what a program reads, (rounds, groups, blocks, lanes).
        run: runs the stream once.
    """

    data: "torch.Tensor"
    a: "torch.Tensor"
    out: "torch.Tensor"
    rest: "torch.Tensor"
    fmas: int
    parts: Callable[[int], "torch.Tensor"]
    run: Callable[[], object]

    def spoil(self) -> None:
        """Overwrites the outputs."""
        self.out.fill_(math.nan)
        self.rest.fill_(-1)

    def error(self, program: int) -> float:
        """Returns the largest error of one program's outputs against float64.

        x is recomputed from the last elements that it depends on; where a is 1 it depends on all,
        as a sum. If an element that x no longer depends on was left out or read twice, the error
        is infinite.
        """
        part, got = self.parts(program), self.out[program].cpu().double()
        factor = self.a[program % len(self.a)].cpu()
        summed = (factor == 1).expand(got.shape[1])
        used = part[:, :, 0]
        total = self.fmas * used[..., summed.to(used.device)].double().sum((0, 1)).cpu()
        drift = (got.sum(0)[summed] - total).abs() / (self.fmas * math.sqrt(used[..., 0].numel()))
        complete = bool(self.out.isfinite().all()) and self._read_all(program, part)
        if not complete or bool((drift > DRIFT).any()):
            return math.inf
        expected = self._last(used, factor.double())
        steady = ((got - expected).abs() / expected.abs().clamp_min(1.0))[:, ~summed]
        return float(steady.max()) if steady.numel() else 0.0

    def _last(self, used: "torch.Tensor", factor: "torch.Tensor") -> "torch.Tensor":
        """Returns x, (accumulators, lanes), from the last rounds that it depends on."""
        import torch

        _, groups, lanes = used.shape
        count, steps = self.out.shape[1], groups * self.fmas
        needed = math.ceil(REMEMBERED[self.out.element_size()] / max(1, steps / count))
        x = [torch.zeros(lanes, dtype=torch.float64) for _ in range(count)]
        for blocks in used[-needed:].cpu().double():
            for step in range(steps):
                x[step % count] = x[step % count] * factor + blocks[step // self.fmas]
        return torch.stack(x)

    def _read_all(self, program: int, part: "torch.Tensor") -> bool:
        """Returns whether the exclusive or of the blocks that are only read is right."""
        import torch

        left = part[:, :, 1:].reshape(-1, part.shape[3]).view(self.rest.dtype)
        while len(left) > 1:
            half = len(left) // 2
            left = torch.cat([left[:half] ^ left[half : 2 * half], left[2 * half :]])
        expected = left[0] if len(left) else torch.zeros_like(self.rest[program])
        return bool(torch.equal(self.rest[program], expected))


def stream(point: Point, elements: int, device: "torch.device") -> Stream:
    """Returns the stream of a point over ``elements`` of its data.

    Raises:
        UnsupportedError: no machine code for the processor, or no Triton for the GPU.
    """
    (data,) = inputs.buffers(1, elements, point.dtype, point.data, device)
    make = _triton if point.parameters["way"] == "triton" else _machine
    return make(point, data)


def _factors(shape: tuple[int, int], point: Point, device: "torch.device") -> "torch.Tensor":
    """Returns random factors between -0.9 and 0.9; the first is 1."""
    import torch

    drawn = inputs.draw(shape, "fp32", point.data, device)
    a = (LARGEST_FACTOR * torch.tanh(drawn)).to(torch_dtype(_state_dtype(point.dtype)))
    a[0, 0] = 1.0
    return a


def _state_dtype(dtype: str) -> str:
    """Returns the format of x: that of the data, but at least fp32."""
    return dtype if itemsize(dtype) >= 4 else "fp32"


def _integers(dtype: str) -> "torch.dtype":
    import torch

    return {2: torch.int16, 4: torch.int32, 8: torch.int64}[itemsize(dtype)]


def _machine(point: Point, data: "torch.Tensor") -> Stream:
    """Returns the stream in machine code, with one thread per program."""
    import torch

    if data.device.type != "cpu":
        raise UnsupportedError("machine code of a CPU runs on host memory only")
    way, programs = str(point.parameters["way"]), point.size("programs")
    lanes, count = simd.lanes(way, point.dtype), simd.stream_accumulators(way)
    wanted = mix(point.dtype, Fraction(str(point.parameters["intensity"])))
    parts = data.view(programs, -1, wanted.groups, wanted.group, lanes)
    zeros = torch.zeros(count, lanes, dtype=data.dtype)
    a = _factors((1, lanes), point, data.device)
    out = torch.zeros(programs, count + 1, lanes, dtype=data.dtype)
    loop = simd.placed(simd.stream_loop(way, point.dtype, wanted))
    calls = [
        partial(loop, zeros.data_ptr(), a.data_ptr(), part.data_ptr(), to.data_ptr(), len(part))
        for part, to in zip(parts, out, strict=True)
    ]
    rest = out[:, count].view(_integers(point.dtype))
    run = partial(_run_all, calls, zeros)
    return Stream(data, a, out[:, :count], rest, wanted.fmas, parts.__getitem__, run)


def _run_all(calls: Sequence[Callable[[], object]], start: "torch.Tensor") -> None:  # noqa: ARG001 -- kept alive, as the calls read it by its address
    """Runs the calls at once, each in a thread."""
    together(calls)


def _triton(point: Point, data: "torch.Tensor") -> Stream:
    """Returns the stream in Triton; programs take groups of blocks in turn."""
    import torch

    try:
        from bench.kernels.common import fma_triton
    except ImportError:
        raise UnsupportedError("no triton beside this torch, which compiles for it") from None
    programs, lanes = point.size("programs"), point.size("lanes")
    wanted = mix(point.dtype, Fraction(str(point.parameters["intensity"])))
    a = _factors((programs, 1), point, data.device)
    out = torch.zeros(programs, lanes, dtype=a.dtype, device=data.device)
    rest = torch.zeros_like(out, dtype=_integers(point.dtype))
    arrays, sizes = (data, a, out, rest), (wanted.group, wanted.fmas)
    run = fma_triton.stream_loop(arrays, sizes, point.size("warps"))
    blocks = data.view(-1, 1, wanted.group, lanes)

    def parts(program: int) -> "torch.Tensor":
        return blocks[program::programs]

    return Stream(data, a, out.unsqueeze(1), rest, wanted.fmas, parts, run)
