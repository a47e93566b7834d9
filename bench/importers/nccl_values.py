"""Sizes and version numbers as nccl-tests prints them."""

from bench.importers.base import decimal

UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def bytes_of(size: str) -> int:
    """Returns a size in bytes as a number; 0 if it is not a number."""
    return int(decimal(size) or 0)


def size_text(size: str) -> str:
    """Returns a size in bytes in the largest binary unit that divides it: ``512 MiB``."""
    count = bytes_of(size)
    for factor, unit in UNITS:
        if count and count % factor == 0:
            return f"{count // factor} {unit}"
    return f"{count} B"


def nccl_version(code: int) -> str:
    """Returns NCCL's version from its version code: 22703 is 2.27.3, 2708 is 2.7.8."""
    major = 10_000 if code >= 10_000 else 1_000
    return f"{code // major}.{code % major // 100}.{code % 100}"
