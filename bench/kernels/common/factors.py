"""The two factors of a product as a kernel reads them, and the numbers they stand for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.kernels.common import microscaling

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Factor:
    """The rows of A or the columns of B: vectors along k, and what they are multiplied by.

    Attributes:
        vectors: one a row, as they are stored.
        scales: one for all (no dimension), one a vector, or one a block along k; None is 1.
    """

    vectors: "torch.Tensor"
    scales: "torch.Tensor | None" = None

    def numbers(self, picked: Sequence[int] | None = None) -> "torch.Tensor":
        """Returns the vectors picked, or all, as float64 on the host, their scales worked in."""
        import torch

        rows = range(self.vectors.shape[0]) if picked is None else picked
        # fp8 tensors cannot be indexed everywhere: whole vectors are widened one by one.
        plain = torch.stack([_widened(self.vectors[row]) for row in rows])
        if self.scales is None:
            return plain
        scales = self.scales.cpu().float().double()
        if scales.dim() == 0:
            return plain * scales
        mine = scales[list(rows)]
        return plain * mine.repeat_interleave(plain.shape[1] // mine.shape[1], dim=1)


def scaled(vectors: "torch.Tensor", dtype: str, *, by_row: bool = False) -> Factor:
    """Returns the factor with freshly drawn scales, far enough from 1 to be missed if left out.

    Args:
        vectors: one a row, as they are stored.
        dtype: its name; formats without scales have none.
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


def _widened(vector: "torch.Tensor") -> "torch.Tensor":
    if str(vector.dtype).endswith("e2m1fn_x2"):
        return microscaling.unpacked(vector)
    return vector.cpu().double()
