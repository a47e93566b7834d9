"""The kernels by name: every module of this folder; shared code is in ``common``."""

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

import bench.kernels
from bench.errors import check_known
from bench.kernels.common.base import Kernel

KERNELS = tuple(
    found.name
    for found in iter_modules(bench.kernels.__path__)
    if not found.ispkg and found.name != "registry"
)


def kernel(name: str) -> Kernel:
    """Returns the kernel ``name``.

    Raises:
        UsageError: there is no such kernel; the message names the nearest.
    """
    check_known("kernel", name, KERNELS)
    return cast("Kernel", import_module(f"bench.kernels.{name}").KERNEL)
