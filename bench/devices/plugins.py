"""Vendors' torch plug-ins: which provides a device type, and importing it.

torch imports plug-ins whose package has an entry point ``torch.backends``; older ones have to be
imported by name. ``specs/vendors.yaml`` says which module provides which device type.
"""

import importlib.util
from functools import cache
from importlib import import_module, metadata

from bench.chips.vendors import Vendor, vendors


def modules(kind: str) -> tuple[str, ...]:
    """Returns the installed plug-in modules of a device type, or of all for an empty one.

    A vendor's entry also lists modules that are no plug-ins, such as inference engines: those that
    its ``package`` does not name are left out.
    """
    listed = [
        module
        for vendor in vendors().values()
        for module in _plugins(vendor)
        if kind in ("", vendor.torch_device)
    ]
    return tuple(name for name in dict.fromkeys(listed) if _is_installed(name))


def packages(kind: str) -> tuple[str, ...]:
    """Returns the modules that provide a device type, installed or not."""
    owners = (vendor for vendor in vendors().values() if vendor.torch_device == kind)
    return tuple(module for vendor in owners for module in _plugins(vendor))


def _plugins(vendor: Vendor) -> list[str]:
    package = (vendor.package or "").split()
    return [module for module in vendor.modules if module in package]


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@cache
def load(kind: str = "") -> tuple[str, ...]:
    """Imports the plug-ins of a device type, or all for an empty one.

    Returns:
        A line for each that could not be imported, with the reason.
    """
    troubles = []
    for name in modules(kind):
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001 -- third-party module, which may raise anything
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            troubles.append(f"{name} cannot be imported: {reason[:200]}")
    return tuple(troubles)


def version(kind: str) -> str | None:
    """Returns name and version of the plug-in of a device type, None if it is built into torch."""
    for name in modules(kind):
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return None
