"""The torch plug-ins of vendors: which bring a device type, and their import.

torch imports a plug-in by itself where its package says so (an entry point ``torch.backends``);
older ones have to be imported by name. Which module brings which device type stands in
``specs/vendors.yaml``.
"""

import importlib.util
from functools import cache
from importlib import import_module, metadata

from bench.chips.vendors import Vendor, vendors

IN_TORCH = ("mps", "xpu")
"""Device types that torch brings itself."""


def device_types() -> tuple[str, ...]:
    """Returns the torch device types of all accelerators known here, CUDA's look-alikes aside."""
    found = {vendor.torch_device for vendor in vendors().values()} - {"cuda"}
    return tuple(sorted({*found, *IN_TORCH}))


def modules(kind: str) -> tuple[str, ...]:
    """Returns the plug-in modules that are installed here for a device type, all for an empty one.

    A vendor's entry names more modules than its plug-in, such as engines above torch: those that
    its ``package`` does not name are left alone.
    """
    named = [
        module
        for vendor in vendors().values()
        for module in _plugins(vendor)
        if kind in ("", vendor.torch_device)
    ]
    return tuple(name for name in dict.fromkeys(named) if _is_here(name))


def packages(kind: str) -> tuple[str, ...]:
    """Returns the modules that would bring a device type, installed or not."""
    found = (one for one in vendors().values() if one.torch_device == kind)
    return tuple(module for vendor in found for module in _plugins(vendor))


def _plugins(vendor: Vendor) -> list[str]:
    told = (vendor.package or "").split()
    return [module for module in vendor.modules if module in told]


def _is_here(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@cache
def load(kind: str = "") -> tuple[str, ...]:
    """Imports the plug-ins for a device type, all for an empty one.

    Returns:
        What kept one from being imported, in words.
    """
    troubles = []
    for name in modules(kind):
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001 -- somebody else's module, which may raise anything
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            troubles.append(f"{name} cannot be imported: {first[:200]}")
    return tuple(troubles)


def version(kind: str) -> str | None:
    """Returns name and version of the plug-in behind a device type, None where torch has it."""
    for name in modules(kind):
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return None
