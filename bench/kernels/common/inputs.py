"""Input data: random elements, reused buffers, and operands that are cut from a pool as views."""

from typing import TYPE_CHECKING

from bench.kernels.common.base import torch_dtype
from bench.kernels.common.microscaling import packed

if TYPE_CHECKING:
    import torch

BLOCK_ELEMENTS = 1 << 22
"""Random elements of a buffer, which repeat in it."""
ALIGN_ELEMENTS = 1024
"""Operands cut from a pool start at a multiple of this many elements."""

STRETCH = {
    ("int8", "normal"): 32.0, ("int8", "uniform"): 127.0,
    ("nvfp4", "normal"): 2.0, ("nvfp4", "uniform"): 6.0,
}  # fmt: skip
"""Scale factors, so that the values use the range of a narrow format."""


def draw(shape: tuple[int, ...], dtype: str, data: str, device: "torch.device") -> "torch.Tensor":
    """Returns fresh elements of ``dtype`` with the input pattern ``data``.

    ``normal`` is standard normal, ``uniform`` is in -1..1, both times ``STRETCH``; ``integers``
    are in -4..4, ``constant`` is 1, ``zeros`` is 0. An element of nvfp4 packs two numbers. fp64 is
    drawn in fp64: numbers widened from fp32 have 29 zero mantissa bits, which cost less power.
    """
    wanted = torch_dtype(dtype, device)
    numbers = (*shape, 2) if dtype == "nvfp4" else shape
    drawn = torch_dtype("fp64" if dtype == "fp64" else "fp32", device)
    values = _values(numbers, data, drawn, device) * STRETCH.get((dtype, data), 1.0)
    if dtype == "nvfp4":
        return packed(values)
    if dtype == "int8":
        values = values.round().clamp(-127, 127)
    return values.to(wanted)


def _values(
    shape: tuple[int, ...], data: str, drawn: "torch.dtype", device: "torch.device"
) -> "torch.Tensor":
    import torch

    if data == "normal":
        return torch.randn(shape, dtype=drawn, device=device)
    if data == "uniform":
        return torch.rand(shape, dtype=drawn, device=device) * 2 - 1
    if data == "integers":
        return torch.randint(-4, 5, shape, device=device).to(drawn)
    return torch.full(shape, 1.0 if data == "constant" else 0.0, dtype=drawn, device=device)


_kept: dict[str, tuple[tuple[object, ...], tuple["torch.Tensor", ...]]] = {}
"""The current buffers by role, with their kind; old ones are freed before new ones are made."""


def buffers(
    count: int, elements: int, dtype: str, data: str, device: "torch.device"
) -> tuple["torch.Tensor", ...]:
    """Returns ``count`` arrays of ``elements``, reused while they are large enough.

    They are filled by repeating a block of fresh elements.
    """
    key = (count, dtype, data, device)
    kept = _serving("inputs", key, elements)
    if kept is None:
        release()
        kept = tuple(_filled(elements, dtype, data, device) for _ in range(count))
        _kept["inputs"] = (key, kept)
    return tuple(array[:elements] for array in kept)


def outputs(elements: int, dtype: "torch.dtype", device: "torch.device") -> "torch.Tensor":
    """Returns an output buffer, reused while it is large enough.

    It is written once, so that no timed call takes page faults on first touch.
    """
    import torch

    kept = _serving("outputs", (dtype, device), elements)
    if kept is None:
        _kept.pop("outputs", None)
        kept = (torch.empty(elements, dtype=dtype, device=device).fill_(0),)
        _kept["outputs"] = ((dtype, device), kept)
    return kept[0][:elements]


def _serving(
    role: str, key: tuple[object, ...], elements: int
) -> tuple["torch.Tensor", ...] | None:
    """Returns the arrays kept for a role if they have the requested kind and size."""
    had, kept = _kept.get(role, ((), ()))
    return kept if had == key and kept and kept[0].numel() >= elements else None


def release() -> None:
    """Frees the kept buffers."""
    _kept.clear()


def _filled(elements: int, dtype: str, data: str, device: "torch.device") -> "torch.Tensor":
    import torch

    block = draw((min(elements, BLOCK_ELEMENTS),), dtype, data, device)
    array = torch.empty(elements, dtype=block.dtype, device=device)
    source, target = _copyable(block), _copyable(array)
    for start in range(0, elements, block.numel()):
        part = min(block.numel(), elements - start)
        target[start : start + part].copy_(source[:part])
    return array


def _copyable(array: "torch.Tensor") -> "torch.Tensor":
    """Returns 1-byte elements viewed as uint8: torch cannot copy e2m1 on some devices."""
    import torch

    return array.view(torch.uint8) if array.element_size() == 1 else array


class Cutter:
    """Cuts consecutive operands out of a pool, wrapping around at its end."""

    def __init__(self, pool: "torch.Tensor") -> None:
        self._pool = pool
        self._at = 0

    def cut(self, rows: int, columns: int) -> "torch.Tensor":
        """Returns the next ``rows`` x ``columns`` operand, row-major."""
        count = rows * columns
        if self._at + count > self._pool.numel():
            self._at = 0
        view = self._pool[self._at : self._at + count].view(rows, columns)
        self._at += -(-count // ALIGN_ELEMENTS) * ALIGN_ELEMENTS
        return view
