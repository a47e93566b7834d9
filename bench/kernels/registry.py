"""The kernels by name: every module of this folder, and what installed packages add.

Code that kernels share is in ``common``.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

import bench.kernels
from bench import addons
from bench.errors import UsageError, check_known
from bench.kernels.common.base import Kernel

KERNELS = tuple(
    found.name
    for found in iter_modules(bench.kernels.__path__)
    if not found.ispkg and found.name != "registry"
)
"""The shipped ones."""


def known() -> tuple[str, ...]:
    """Returns the names of all kernels, the shipped ones first."""
    return tuple(dict.fromkeys((*KERNELS, *addons.added(addons.KERNELS))))


def kernel(name: str) -> Kernel:
    """Returns the kernel ``name``.

    Raises:
        UsageError: there is no such kernel, and the message names the nearest; or a package adds
            one that cannot be imported, or has another's name.
    """
    check_known("kernel", name, known())
    if name in KERNELS:
        return cast("Kernel", import_module(f"bench.kernels.{name}").KERNEL)
    module: Any = addons.load(addons.KERNELS, name, ("KERNEL",))
    found = cast("Kernel", module.KERNEL)
    if found.name != name:
        raise UsageError(f"the kernel that a package adds as {name!r} is named {found.name!r}")
    return found
