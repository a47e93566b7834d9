"""The factors of a matrix product as stored, with scales, and the numbers that they represent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.kernels.common import microscaling

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Factor:
    """The rows of A or the columns of B: vectors along k, with their scales.

    Attributes:
        vectors: one vector per row, as stored.
        scales: one scale for all (no dimension), one per vector, or one per block along k; None
            stands for 1.
    """

    vectors: "torch.Tensor"
    scales: "torch.Tensor | None" = None

    def numbers(self, picked: Sequence[int] | None = None) -> "torch.Tensor":
        """Returns the picked vectors (default: all) times their scales, as float64 on the host."""
        import torch

        rows = range(self.vectors.shape[0]) if picked is None else picked
        # fp8 tensors cannot be indexed on every device: vectors are converted one by one
        plain = torch.stack([_as_float64(self.vectors[row]) for row in rows])
        if self.scales is None:
            return plain
        scales = self.scales.cpu().float().double()
        if scales.dim() == 0:
            return plain * scales
        picked_scales = scales[list(rows)]
        block = plain.shape[1] // picked_scales.shape[1]
        return plain * picked_scales.repeat_interleave(block, dim=1)


def scaled(vectors: "torch.Tensor", dtype: str, *, by_row: bool = False) -> Factor:
    """Returns the factor with random scales, so far from 1 that a check notices if they are unused.

    Args:
        vectors: one vector per row, as stored.
        dtype: short name of the format; formats without scales get none.
        by_row: whether each vector has a scale of its own.
    """
    import torch

    if dtype in microscaling.BLOCK:
        k = vectors.shape[1] * microscaling.PACKED.get(dtype, 1)
        drawn = microscaling.draw_scales(vectors.shape[0], k, dtype, vectors.device)
        return Factor(vectors, drawn)
    if dtype != "fp8":
        return Factor(vectors)
    shape = (vectors.shape[0], 1) if by_row else ()
    return Factor(vectors, 1.5 + torch.rand(shape, device=vectors.device))


def _as_float64(vector: "torch.Tensor") -> "torch.Tensor":
    if str(vector.dtype).endswith("e2m1fn_x2"):
        return microscaling.unpacked(vector)
    return vector.cpu().double()
