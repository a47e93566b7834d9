"""The kernels, by name; a new one is a file here and a word in ``KERNELS``."""

from importlib import import_module
from typing import cast

from bench.errors import UsageError, did_you_mean
from bench.kernels.base import Kernel

KERNELS = ("gemm", "memory")


def kernel(name: str) -> Kernel:
    """Returns the kernel called ``name``.

    Raises:
        UsageError: there is none; the message names the nearest.
    """
    if name not in KERNELS:
        raise UsageError(f"no kernel {name!r}: {did_you_mean(name, KERNELS)}")
    return cast("Kernel", import_module(f"bench.kernels.{name}").KERNEL)
