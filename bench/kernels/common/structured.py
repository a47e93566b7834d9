"""2:4 structured sparsity: pruning, compression, and the libraries that multiply sparse factors.

cuSPARSELt multiplies bf16, fp16, int8 and fp8. CUTLASS, which torch includes for compute capability
8.x only, multiplies tf32, and the others where cuSPARSELt is not built in. Sparse tensor cores use
2 of each 4 numbers; of 32-bit numbers, 1 of each 2 (PTX ISA, "mma.sp").
"""

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.kernels.common import products
from bench.kernels.common.base import Point, UnsupportedError, torch_dtype
from bench.kernels.common.products import out_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

    Product = Callable[[], torch.Tensor]

GROUP = 4
PATTERNS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
PAIRED_PATTERNS = ((0, 2), (0, 3), (1, 2), (1, 3))
"""Which two of four numbers are kept: any two, or for 32-bit numbers one of each pair."""

METADATA = {"tf32": 1 / 4}
METADATA_OTHERWISE = 1 / 8
"""Bytes of metadata per number of the uncompressed factor: 4 bits per pair of 32-bit numbers, else
2 bits for each of the two numbers kept of four."""

CAPABILITY = (8, 0)
FP8_CAPABILITY = (8, 9)
"""Least CUDA compute capability with sparse tensor cores, and with fp8 ones."""
CUTLASS_MAJOR = 8
"""Major compute capability for which torch includes CUTLASS's sparse kernels."""
FP8_LIBRARY = 602
"""First version of cuSPARSELt with fp8: 0.6.2."""

_algorithms: dict[tuple[object, ...], int] = {}
"""The fastest of cuSPARSELt's algorithms for each product so far."""


def metadata_bytes(dtype: str, numbers: int) -> float:
    """Returns the bytes of metadata of a factor that had ``numbers`` numbers before pruning."""
    return METADATA.get(dtype, METADATA_OTHERWISE) * numbers


def pruned(values: "torch.Tensor", dtype: str) -> "torch.Tensor":
    """Returns a copy in which two random numbers of each four along a row are zero."""
    import torch

    patterns = PAIRED_PATTERNS if dtype == "tf32" else PATTERNS
    masks = torch.zeros(len(patterns), GROUP, dtype=torch.bool)
    for row, pattern in enumerate(patterns):
        masks[row, list(pattern)] = True
    groups = (values.shape[0], values.shape[1] // GROUP)
    drawn = torch.randint(len(patterns), groups, device=values.device)
    kept = masks.to(values.device)[drawn].view(values.shape)
    if values.element_size() == 1:  # torch cannot mask fp8; a zero has no bits set
        return (values.view(torch.uint8) * kept).view(values.dtype)
    return values * kept


def library(dtype: str, device: "torch.device") -> str:
    """Returns the library that multiplies ``dtype`` on the device: ``cusparselt`` or ``cutlass``.

    Raises:
        UnsupportedError: there is none; the message says what is missing.
    """
    import torch

    if device.type != "cuda":
        raise UnsupportedError(f"torch has no 2:4 sparse product on a {device.type.upper()}")
    capability = torch.cuda.get_device_capability(device)
    if torch.version.hip is None and capability < _least(dtype):
        here, least = (".".join(map(str, one)) for one in (capability, _least(dtype)))
        raise UnsupportedError(
            f"sparse {dtype} came with compute capability {least}, this device has {here}"
        )
    if dtype != "tf32" and torch.backends.cusparselt.is_available():
        return _cusparselt(dtype)
    if torch.version.hip is None and capability[0] == CUTLASS_MAJOR and dtype != "fp8":
        return "cutlass"
    if dtype == "tf32":
        raise UnsupportedError("torch multiplies sparse tf32 at compute capability 8.x only")
    raise UnsupportedError(f"torch {torch.__version__} was built without cuSPARSELt")


@contextmanager
def explaining_sizes(name: str, point: Point) -> "Iterator[None]":
    """Has a library's error name the sizes, if torch's own tensor class would refuse them.

    That class asks for larger multiples than the libraries may need, so any size is tried.

    Args:
        name: name of the library.
        point: the product; sparse is its left factor.

    Raises:
        UnsupportedError: the library refused a product with such sizes; the message names them.
    """
    import torch
    import torch.sparse as owner

    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        kind = getattr(owner, f"SparseSemiStructuredTensor{name.upper()}")
        needs = kind._DTYPE_SHAPE_CONSTRAINTS[torch_dtype(point.dtype)]  # noqa: SLF001 -- as torch checks its own tensors
        sides = {"m": needs.sparse_min_rows, "n": needs.dense_min_cols, "k": needs.sparse_min_cols}
        products.refuse_sizes(point, sides, "torch's sparse tensors need")
        raise


def _least(dtype: str) -> tuple[int, int]:
    return FP8_CAPABILITY if dtype == "fp8" else CAPABILITY


def _cusparselt(dtype: str) -> str:
    import torch

    version = torch.backends.cusparselt.version() or 0
    if dtype == "fp8" and torch.version.hip is None and version < FP8_LIBRARY:
        raise UnsupportedError(f"cuSPARSELt {version} has no fp8: 0.6.2 ({FP8_LIBRARY}) has")
    return "cusparselt"


def product(name: str, dtype: str, sparse: "torch.Tensor", dense: "torch.Tensor") -> "Product":
    """Returns the product of two factors as a call; compresses the sparse factor beforehand.

    Args:
        name: name of the library.
        dtype: short name of the element type.
        sparse: the pruned factor, (m, k); not referenced afterwards.
        dense: the other factor, (k, n).
    """
    multiply = _by_cutlass if name == "cutlass" else _by_cusparselt
    return multiply(dtype, sparse, dense)


def _by_cusparselt(dtype: str, sparse: "torch.Tensor", dense: "torch.Tensor") -> "Product":
    import torch

    compressed = torch._cslt_compress(sparse)  # noqa: SLF001 -- what torch's own tensor class calls
    wider = out_dtype(dtype) if dtype in ("int8", "fp8") else None
    algorithm = _algorithm(compressed, dense, wider)

    def run() -> torch.Tensor:
        return torch._cslt_sparse_mm(compressed, dense, out_dtype=wider, alg_id=algorithm)  # noqa: SLF001 -- as above

    return run


def _algorithm(
    compressed: "torch.Tensor", dense: "torch.Tensor", wider: "torch.dtype | None"
) -> int:
    """Returns the fastest of the library's algorithms, by its own search; 0 if that fails."""
    import torch

    key = (compressed.dtype, compressed.numel(), tuple(dense.shape), dense.stride())
    if key not in _algorithms:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated in favour of another private function
            try:
                found = torch._cslt_sparse_mm_search(compressed, dense, out_dtype=wider)  # noqa: SLF001 -- as above
            except RuntimeError:
                found = 0
        _algorithms[key] = int(found)
    return _algorithms[key]


def _by_cutlass(dtype: str, sparse: "torch.Tensor", dense: "torch.Tensor") -> "Product":
    import torch
    from torch.sparse._semi_structured_conversions import sparse_semi_structured_from_dense_cutlass

    compressed, metadata = sparse_semi_structured_from_dense_cutlass(sparse)  # type: ignore[no-untyped-call]  # torch's
    wider = torch.int32 if dtype == "int8" else None

    def run() -> torch.Tensor:
        return torch._sparse_semi_structured_mm(compressed, metadata, dense, out_dtype=wider)  # noqa: SLF001 -- as above

    return run
