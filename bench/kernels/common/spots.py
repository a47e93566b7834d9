"""What a check compares: every element of a small array before timing, random ones after it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CHECKED = 100_003
"""Elements that a call writes and that are all compared, before timing."""
SPOTS = 256
"""Random elements that are compared, after timing."""
SPOILT = -7.0
"""Value that fills an output before it is written, so that what no call writes fails its check."""


def drawn(elements: int, device: "torch.device", count: int = SPOTS) -> "torch.Tensor":
    """Returns ``count`` random indices below ``elements``, on ``device``, from the host's seed."""
    import torch

    return torch.randint(0, elements, (count,)).to(device)
