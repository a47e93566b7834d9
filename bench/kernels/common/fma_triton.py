"""Loops of fused multiply-adds for GPUs, in Triton; imported only where Triton is installed.

A program holds a block of ``lanes`` elements in the registers of its threads. Each thread has
several independent accumulators, so that multiply-adds need not wait for one another. ``x a + b``
is compiled to packed instructions where an architecture has them (fma.rn.f16x2, fma.rn.f32x2,
v_pk_fma_f32). bf16 is not fused by Triton 3.2, nor on AMD's gfx942, which has no such instruction.

Of fp16 and bf16, Triton 3.4.0, 3.6.0 and 3.9.0 make HFMA2 alone for sm_90 and sm_100, one for two
multiply-adds; fma.rn.f16x2 in inline assembly becomes the same. An H200 did 64 of them a cycle on
each SM, half as many as of fp32's instructions. Whether others, such as HFMA2.MMA, do more has not
been tried on a GPU: the rate is a lower bound.
"""

import subprocess
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    import torch

triton: Any = import_module("triton")
tl: Any = import_module("triton.language")

UNROLL = 16
"""Multiply-adds per turn of the inner loop."""


def register_loop(
    state: tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"],
    out: "torch.Tensor",
    steps: int,
    warps: int,
) -> Callable[[], "torch.Tensor"]:
    """Returns a call that repeats x = x a + b ``steps`` times; it has been compiled and run once.

    Args:
        state: x (programs, 1, lanes), and a and b, one value per program.
        out: receives x; of the shape of x.
        steps: number of repetitions, a multiple of ``UNROLL``.
        warps: warps per program.
    """
    programs, _, lanes = out.shape
    turns = {"turns": steps // UNROLL, "unroll": UNROLL}
    return _ready(_registers, programs, (*state, out), {**turns, "lanes": lanes}, warps)


def stream_loop(
    arrays: tuple["torch.Tensor", "torch.Tensor", "torch.Tensor", "torch.Tensor"],
    mix: tuple[int, int],
    warps: int,
) -> Callable[[], "torch.Tensor"]:
    """Returns a call that streams b through x = x a + b; it has been compiled and run once.

    Args:
        arrays: b; a, one value per program; the outputs x and xor result, (programs, lanes) each.
        mix: blocks per group, of which only the first is used, and the multiply-adds of that one.
        warps: warps per program.
    """
    data, _, out, _ = arrays
    programs, lanes = out.shape
    group, fmas = mix
    unroll = min(fmas, UNROLL)
    arguments = {
        "groups": data.numel() // (group * lanes), "group": group, "turns": fmas // unroll,
        "unroll": unroll, "lanes": lanes,
    }  # fmt: skip
    return _ready(_stream, programs, arrays, arguments, warps)


def _ready(
    body: Callable[..., None],
    programs: int,
    tensors: tuple["torch.Tensor", ...],
    arguments: dict[str, int],
    warps: int,
) -> Callable[[], "torch.Tensor"]:
    """Returns the launch of a kernel, compiled by running it once; the launch returns x.

    Raises:
        UnsupportedError: Triton cannot compile it here.
    """
    run: Callable[[], Any] = partial(
        _jitted(body)[(programs,)], *tensors, **arguments, num_warps=warps, enable_fp_fusion=True
    )
    try:
        run()
    except (triton.errors.TritonError, subprocess.CalledProcessError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "compiler" not in str(error):
            raise  # an error of the device, not of a host without a C compiler for Triton
        first = str(error).strip().splitlines()[:1]
        raise UnsupportedError(" ".join(["triton compiles no such loop here:", *first])) from error
    result = tensors[-1 if body is _registers else -2]

    def call() -> "torch.Tensor":
        run()
        return result

    return call


@cache
def _jitted(body: Callable[..., None]) -> Any:  # noqa: ANN401 -- Triton is untyped
    return triton.jit(body)


def _registers(  # noqa: PLR0913, PLR0917 -- a Triton kernel takes all its data as arguments
    x_at: tl.tensor,
    a_at: tl.tensor,
    b_at: tl.tensor,
    out_at: tl.tensor,
    turns: tl.tensor,
    unroll: tl.constexpr,
    lanes: tl.constexpr,
) -> None:
    program = tl.program_id(0)
    place = program * lanes + tl.arange(0, lanes)
    x = tl.load(x_at + place)
    a = tl.load(a_at + program)
    b = tl.load(b_at + program)
    for _turn in range(turns):
        for _step in tl.static_range(unroll):
            x = x * a + b
    tl.store(out_at + place, x)


def _stream(  # noqa: PLR0913, PLR0917 -- a Triton kernel takes all its data as arguments
    data_at: tl.tensor,
    a_at: tl.tensor,
    out_at: tl.tensor,
    rest_at: tl.tensor,
    groups: tl.tensor,
    turns: tl.tensor,
    group: tl.constexpr,
    unroll: tl.constexpr,
    lanes: tl.constexpr,
) -> None:
    program = tl.program_id(0)
    lane = tl.arange(0, lanes)
    a = tl.load(a_at + program)
    x = tl.zeros((lanes,), dtype=out_at.dtype.element_ty)
    rest = tl.zeros((lanes,), dtype=rest_at.dtype.element_ty)
    for number in range(program, groups, tl.num_programs(0)):
        here = data_at + tl.cast(number, tl.int64) * (lanes * group) + lane
        b = tl.load(here).to(x.dtype)
        for other in tl.static_range(1, group):
            rest = rest ^ tl.load(here + other * lanes).to(rest.dtype, bitcast=True)
        for _turn in range(turns):
            for _step in tl.static_range(unroll):
                x = x * a + b
    tl.store(out_at + program * lanes + lane, x)
    tl.store(rest_at + program * lanes + lane, rest)
