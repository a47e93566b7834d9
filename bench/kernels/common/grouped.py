"""Routing of tokens to experts, and the grouped products of the experts."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING

from bench.kernels.common import inputs
from bench.kernels.common.base import Point, UnsupportedError, itemsize
from bench.kernels.common.graphs import no_waits
from bench.kernels.common.llm import swiglu
from bench.records.model import Work

if TYPE_CHECKING:
    import torch


@lru_cache(maxsize=64)
def routes(tokens: int, experts: int, per_token: int) -> tuple[tuple[int, ...], ...]:
    """Returns the experts of each token: uniformly random, each once, the same in every run.

    They are drawn beforehand, so that the work of a call is known to the byte.
    """
    generator = random.Random(1000 * experts + per_token)  # noqa: S311 -- no secret
    return tuple(tuple(generator.sample(range(experts), per_token)) for _ in range(tokens))


def counts(routing: Iterable[Iterable[int]], experts: int) -> tuple[int, ...]:
    """Returns how many tokens are routed to each of the first ``experts`` experts."""
    tokens = Counter(expert for chosen in routing for expert in chosen)
    return tuple(tokens[expert] for expert in range(experts))


def group_ends(sizes: Sequence[int], device: "torch.device") -> "torch.Tensor":
    """Returns the end of each group of rows, as grouped products need it: int32, (groups,)."""
    import torch

    return torch.tensor(sizes, device=device).cumsum(0).to(torch.int32)


GROUPED_WAYS = ("grouped", "loop")
"""Implementations of a grouped product: torch's, or a loop over the experts."""


def grouped_product(
    way: str,
    rows: "torch.Tensor",
    weights: "torch.Tensor",
    sizes: Sequence[int],
    ends: "torch.Tensor",
) -> "torch.Tensor":
    """Returns each group of rows times the transposed matrix of its expert.

    Args:
        way: one of ``GROUPED_WAYS``.
        rows: (rows, inputs), sorted by expert.
        weights: (experts, outputs, inputs).
        sizes: rows of each expert.
        ends: the same as ``group_ends``.
    """
    import torch

    if way == "grouped":
        product = getattr(torch.nn.functional, "grouped_mm", getattr(torch, "_grouped_mm", None))
        if product is None:
            raise UnsupportedError("this torch has no grouped product")
        result: torch.Tensor = product(rows, weights.transpose(-1, -2), offs=ends)
        return result
    out = rows.new_empty(rows.shape[0], weights.shape[1])
    start = 0
    for expert, size in enumerate(sizes):
        if size:
            part = slice(start, start + size)
            torch.mm(rows[part], weights[expert].t(), out=out[part])
            start += size
    return out


@lru_cache(maxsize=16)
def grouped_way(dtype: str, device: "torch.device") -> str:
    """Returns ``grouped`` if the accelerator has a grouped product for the dtype, else ``loop``.

    Without a kernel for it, torch synchronizes to read the groups' sizes and loops over them. The
    loop here knows the sizes, does not synchronize, and can be captured as a graph.
    """
    if device.type == "cpu":
        return "loop"
    try:
        weights = inputs.draw((2, 64, 64), dtype, "normal", device)
        rows = inputs.draw((32, 64), dtype, "normal", device)
        ends = group_ends((16, 16), device)
        with no_waits() if device.type == "cuda" else nullcontext():
            grouped_product("grouped", rows, weights, (16, 16), ends)
    except (RuntimeError, UnsupportedError):
        return "loop"
    return "grouped"


def expert_block(
    way: str,
    rows: "torch.Tensor",
    weights: "tuple[torch.Tensor, torch.Tensor]",
    sizes: Sequence[int],
    ends: "torch.Tensor",
) -> "torch.Tensor":
    """Returns the experts' outputs for rows sorted by expert; weights are gate-and-up, and down."""
    inner = swiglu(grouped_product(way, rows, weights[0], sizes, ends))
    return grouped_product(way, inner, weights[1], sizes, ends)


def expert_work(point: Point, sizes: Sequence[int], hidden: int, width: int) -> Work:
    """Returns the work of the two products of each expert that has tokens.

    The weights of these experts are read once; each product's rows are read and written.
    """
    rows, reached = sum(sizes), sum(size > 0 for size in sizes)
    moved = itemsize(point.dtype) * (reached * 3 * hidden * width + rows * (2 * hidden + 3 * width))
    return Work(
        flop=6.0 * rows * hidden * width,
        bytes=float(moved),
        footprint_bytes=float(moved),
        formula="6 R d f for R rows; s (3 E d f + R (2 d + 3 f)) for E experts reached",
        items=float(max(1, point.size("batch"))),
    )
