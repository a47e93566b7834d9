"""Block-scaled formats: mxfp8 has an e8m0 scale per 32 numbers along k, nvfp4 an e4m3 per 16.

The formats follow OCP Microscaling Formats 1.0 (e2m1: 1 sign, 2 exponent and 1 mantissa bit) and
NVIDIA's cuBLAS documentation, "1D Block Scaling Factors Layout". The second scale of nvfp4, one
for the whole tensor, is left at 1.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

from bench.kernels.common.base import UnsupportedError

if TYPE_CHECKING:
    import torch

BLOCK = {"mxfp8": 32, "nvfp4": 16}
"""Numbers along k that share a scale; each scale is a byte."""

PACKED = {"nvfp4": 2}
"""Numbers in one torch element."""

K_MULTIPLE = 32
"""torch needs a multiple of 16 bytes along k, which are 32 numbers of nvfp4."""

E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""The non-negative numbers of e2m1, by their code."""
SIGN = 8
"""The sign bit of a code."""
TILE_ROWS, TILE_COLUMNS, TILE_GROUP = 128, 4, 32
"""cuBLAS's tiles of scales, and the rows of a tile that are interleaved."""
CAPABILITY = (10, 0)
"""Least CUDA compute capability with block-scaled products."""
EXPONENTS = (125, 130)
"""Range of the stored exponents of random e8m0 scales, the end excluded: 2^-2 to 2^2."""


def refuse(dtype: str, k: int, device: "torch.device") -> None:
    """Raises if torch has no block-scaled product of ``dtype`` on ``device``.

    Raises:
        UnsupportedError: the message says what is missing.
    """
    import torch

    if not hasattr(torch, _scale_dtype(dtype)):
        raise UnsupportedError(f"torch {torch.__version__} has no {_scale_dtype(dtype)}")
    if device.type != "cuda":
        raise UnsupportedError(f"torch has no product of {dtype} on a {device.type.upper()}")
    if torch.version.hip:
        raise UnsupportedError(f"AMD lays out the scales of {dtype} otherwise: not written here")
    capability = torch.cuda.get_device_capability(device)
    if capability < CAPABILITY:
        here = ".".join(map(str, capability))
        raise UnsupportedError(f"{dtype} came with compute capability 10.0, this device has {here}")
    if k % K_MULTIPLE:
        raise UnsupportedError(f"{dtype} needs k to be a multiple of {K_MULTIPLE}, not {k}")


def _scale_dtype(dtype: str) -> str:
    return {"mxfp8": "float8_e8m0fnu", "nvfp4": "float8_e4m3fn"}[dtype]


def draw_scales(count: int, k: int, dtype: str, device: "torch.device") -> "torch.Tensor":
    """Returns a random scale for each block of ``count`` vectors of ``k`` numbers."""
    import torch

    shape = (count, k // BLOCK[dtype])
    if dtype == "mxfp8":
        stored = torch.randint(*EXPONENTS, shape, dtype=torch.uint8, device=device)
        return stored.view(torch.float8_e8m0fnu)
    return (0.5 + 2 * torch.rand(shape, device=device)).to(torch.float8_e4m3fn)


def swizzled(scales: "torch.Tensor") -> "torch.Tensor":
    """Returns scales in the order in which cuBLAS reads them, padded with zeros.

    Tiles of 128 x 4 follow one another along k. In a tile, the scale of row r and column c is at
    (r mod 32) * 16 + (r div 32) * 4 + c.

    Args:
        scales: one row per vector, one column per block along k.
    """
    import torch

    rows, columns = scales.shape
    down, across = -(-rows // TILE_ROWS), -(-columns // TILE_COLUMNS)
    padded = torch.zeros(
        down * TILE_ROWS, across * TILE_COLUMNS, dtype=torch.uint8, device=scales.device
    )
    padded[:rows, :columns] = scales.view(torch.uint8)
    groups = TILE_ROWS // TILE_GROUP
    tiles = padded.view(down, groups, TILE_GROUP, across, TILE_COLUMNS)
    return tiles.permute(0, 3, 2, 1, 4).reshape(-1).view(scales.dtype)


def packed(values: "torch.Tensor") -> "torch.Tensor":
    """Returns pairs of numbers rounded to e2m1, one byte per pair, the first in the low half.

    Args:
        values: the numbers, (..., 2).
    """
    import torch

    middles = [(low + high) / 2 for low, high in pairwise(E2M1)]
    code = torch.bucketize(values.abs(), torch.tensor(middles, device=values.device))
    code = code.to(torch.uint8) + SIGN * (values < 0).to(torch.uint8)
    return (code[..., 0] + 16 * code[..., 1]).view(torch.float4_e2m1fn_x2)


def unpacked(stored: "torch.Tensor") -> "torch.Tensor":
    """Returns packed e2m1 numbers as float64 on the host; the last dimension doubles."""
    import torch

    table = torch.tensor([*E2M1, *(-one for one in E2M1)], dtype=torch.float64)
    both = stored.view(torch.uint8).cpu()
    codes = torch.stack([both % 16, both // 16], dim=-1).long()
    return table[codes].flatten(-2)
