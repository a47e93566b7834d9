"""Turns a suite's config into the items to run."""

from collections.abc import Iterable

from bench.config import positive
from bench.errors import UsageError, did_you_mean
from bench.kernels.base import DATA
from bench.kernels.registry import KERNELS
from bench.measure.item import Item
from bench.measure.runner import Weighted
from bench.shapes import RunConfig, SuiteItem

DTYPES = ("fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "int8")
MEMORY_DTYPE = "fp32"
STREAMS = ("copy", "scale", "add", "triad", "read", "write")
SIZES = ("m", "n", "k")
LARGEST = 1_000_000
"""No chip holds a matrix of that many rows and columns."""


def items(config: RunConfig) -> tuple[Weighted, ...]:
    """Returns the items of the suite that ``kernel=``, ``dtype=`` and sizes leave.

    Raises:
        UsageError: a word that names no kernel, dtype, stream or data, or sizes that are not whole.
    """
    _known("kernel", config.kernel, KERNELS)
    _known("dtype", config.dtype, DTYPES)
    _known("data", config.data, DATA)
    fixed = _sizes(config)
    _fitting(config, fixed)
    chosen = [SuiteItem("gemm", list(DTYPES))] if fixed else config.suite.items
    found = [
        Weighted(item, positive("weight", entry.weight))
        for entry in chosen
        for item in _expand(entry, config, fixed)
        if _wanted(item, config)
    ]
    if not found and config.kernel in (None, "gemm") and config.dtype:
        found = [Weighted(Item("gemm", config.dtype, config.data, fixed, forced=True), 1.0)]
    if not found:
        what = f"nothing of kernel={config.kernel}" if config.kernel else "nothing to measure"
        raise UsageError(f"suite {config.suite.name} has {what}: see suite.items")
    return tuple(found)


def _fitting(config: RunConfig, fixed: dict[str, int | str]) -> None:
    """Refuses what kernel=memory has no use for."""
    if config.kernel != "memory":
        return
    if fixed:
        raise UsageError("kernel=memory has no m, n and k: they are the sizes of kernel=gemm")
    if config.dtype not in (None, MEMORY_DTYPE):
        pair = f"kernel=memory dtype={config.dtype}"
        raise UsageError(f"{pair}: memory is measured in {MEMORY_DTYPE} only")


def _known(name: str, word: str | None, known: Iterable[str]) -> None:
    if word is not None and word not in known:
        raise UsageError(f"no {name} {word!r}: {did_you_mean(word, known)}")


def _sizes(config: RunConfig) -> dict[str, int | str]:
    given = {name: getattr(config, name) for name in SIZES}
    told = {name: size for name, size in given.items() if size is not None}
    if told and len(told) < len(SIZES):
        missing = ", ".join(name for name in SIZES if name not in told)
        raise UsageError(f"a fixed shape needs m, n and k: {missing} missing")
    if any(size < 1 for size in told.values()):
        raise UsageError("m, n and k must be 1 or more")
    if any(size > LARGEST for size in told.values()):
        raise UsageError(f"m, n and k must be at most {LARGEST:,}")
    return {**told}


def _expand(entry: SuiteItem, config: RunConfig, fixed: dict[str, int | str]) -> list[Item]:
    _known("kernel", entry.kernel, KERNELS)
    if entry.kernel == "memory":
        for stream in entry.streams:
            _known("stream", stream, STREAMS)
        return [
            Item("memory", MEMORY_DTYPE, config.data, {"stream": stream})
            for stream in entry.streams
        ]
    for dtype in entry.dtypes:
        _known("dtype", dtype, DTYPES)
    forced = config.dtype is not None
    return [Item("gemm", dtype, config.data, fixed, forced) for dtype in entry.dtypes]


def _wanted(item: Item, config: RunConfig) -> bool:
    if config.kernel is not None and item.kernel != config.kernel:
        return False
    if config.dtype is None or config.kernel == "memory":
        return True
    return item.kernel == "gemm" and item.dtype == config.dtype
