"""A stream of a wanted arithmetic intensity: so many multiply-adds for each element read.

Data are read in blocks: a vector register on a CPU, ``lanes`` elements of a program on a GPU. The
first block of a group enters ``fmas`` multiply-adds x = x a + b, the others are only read (and
combined by exclusive or, so that none is left out): group 8 and 1 multiply-add are 1/16 FLOP/B in
fp32. Formats of 2 bytes are widened as they are read: x, a and the sums are fp32. Results stay in
registers, so that bytes are those read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from bench.kernels.common import inputs, simd
from bench.kernels.common.base import Point, UnsupportedError, itemsize, torch_dtype

if TYPE_CHECKING:
    import torch

LARGEST_FACTOR = 0.9
REMEMBERED = {4: 160, 8: 340}
"""Steps after which 0.9 has forgotten what was before, to the last place of so many bytes."""

DRIFT = 1e-2
"""The largest error of a sum, relative to its random walk: hundreds of thousands of terms."""


def mix(dtype: str, intensity: Fraction) -> simd.Mix:
    """Returns group and multiply-adds of an intensity in FLOP a byte, a power of two."""
    each = intensity * itemsize(dtype) / 2
    return simd.Mix(max(1, int(1 / each)), max(1, int(each)))


@dataclass
class Stream:
    """A stream over ``data``, its state and what it leaves.

    Attributes:
        data: what is read; every program or thread reads a part.
        a: factors, a vector for all on a CPU, one a program on a GPU; where it is 1, x is a sum.
        out: x by program, accumulator and lane.
        rest: what exclusive or leaves, by program and lane.
        fmas: multiply-adds of each block used.
        parts: what a program reads, by round, group, block and lane.
        run: the call.
    """

    data: "torch.Tensor"
    a: "torch.Tensor"
    out: "torch.Tensor"
    rest: "torch.Tensor"
    fmas: int
    parts: Callable[[int], "torch.Tensor"]
    run: Callable[[], object]

    def spoil(self) -> None:
        """Overwrites all that the stream leaves."""
        self.out.fill_(math.nan)
        self.rest.fill_(-1)

    def error(self, program: int) -> float:
        """Returns the largest error of what one program left, beside float64.

        x is computed again as far as it remembers; where a is 1 it remembers all, and is a sum. An
        element left out or read twice, of those that x forgot, makes the error infinite.
        """
        part, got = self.parts(program), self.out[program].cpu().double()
        factor = self.a[program % len(self.a)].cpu()
        summed = (factor == 1).expand(got.shape[1])
        used = part[:, :, 0]
        total = self.fmas * used[..., summed.to(used.device)].double().sum((0, 1)).cpu()
        drift = (got.sum(0)[summed] - total).abs() / (self.fmas * math.sqrt(used[..., 0].numel()))
        whole = bool(self.out.isfinite().all()) and self._read(program, part)
        if not whole or bool((drift > DRIFT).any()):
            return math.inf
        expected = self._last(used, factor.double())
        steady = ((got - expected).abs() / expected.abs().clamp_min(1.0))[:, ~summed]
        return float(steady.max()) if steady.numel() else 0.0

    def _last(self, used: "torch.Tensor", factor: "torch.Tensor") -> "torch.Tensor":
        """Returns x after the last rounds, by accumulator and lane, as far back as it remembers."""
        import torch

        _, groups, lanes = used.shape
        count, steps = self.out.shape[1], groups * self.fmas
        needed = math.ceil(REMEMBERED[self.out.element_size()] / max(1, steps / count))
        x = [torch.zeros(lanes, dtype=torch.float64) for _ in range(count)]
        for blocks in used[-needed:].cpu().double():
            for step in range(steps):
                x[step % count] = x[step % count] * factor + blocks[step // self.fmas]
        return torch.stack(x)

    def _read(self, program: int, part: "torch.Tensor") -> bool:
        """Tells whether exclusive or gave what the blocks that are only read give."""
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
    made = _triton if point.parameters["way"] == "triton" else _machine
    return made(point, data)


def _factors(shape: tuple[int, int], point: Point, device: "torch.device") -> "torch.Tensor":
    """Draws factors within 0.9 of nothing; the first is 1."""
    import torch

    drawn = inputs.draw(shape, "fp32", point.data, device)
    a = (LARGEST_FACTOR * torch.tanh(drawn)).to(torch_dtype(_held(point.dtype)))
    a[0, 0] = 1.0
    return a


def _held(dtype: str) -> str:
    """Returns the format of x: fp32 where what is read is narrower."""
    return dtype if itemsize(dtype) >= 4 else "fp32"


def _integers(dtype: str) -> "torch.dtype":
    import torch

    return {2: torch.int16, 4: torch.int32, 8: torch.int64}[itemsize(dtype)]


def _machine(point: Point, data: "torch.Tensor") -> Stream:
    """Returns the stream as machine code, in as many threads as the point has programs."""
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
    run = partial(_together, calls, zeros)
    return Stream(data, a, out[:, :count], rest, wanted.fmas, parts.__getitem__, run)


def _together(calls: Sequence[Callable[[], object]], start: "torch.Tensor") -> None:  # noqa: ARG001 -- read by its address, so it is kept as long as the calls
    """Runs the calls at once, each in a thread."""
    simd.together(calls)


def _triton(point: Point, data: "torch.Tensor") -> Stream:
    """Returns the stream in Triton, groups of blocks in turn over the programs."""
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
    arrays, told = (data, a, out, rest), (wanted.group, wanted.fmas)
    run = fma_triton.stream_loop(arrays, told, point.size("warps"))
    blocks = data.view(-1, 1, wanted.group, lanes)
    return Stream(
        data, a, out.unsqueeze(1), rest, wanted.fmas, lambda own: blocks[own::programs], run
    )
