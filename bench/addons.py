"""Kernels and devices that installed packages add, by the entry points of their metadata."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from bench.errors import UsageError, first_line

KERNELS, DEVICES = "onpaper.kernels", "onpaper.devices"
"""Groups of entry points: each names a module, with what a module of ours in that place has."""


@cache
def added(group: str) -> dict[str, EntryPoint]:
    """Returns a group's entry points by name; of two with one name, the last that is found."""
    return {one.name: one for one in entry_points(group=group)}


def load(group: str, name: str, members: tuple[str, ...]) -> object:
    """Returns the module that the entry point ``name`` stands for.

    Raises:
        UsageError: it cannot be imported, or lacks one of ``members``; the message says whose.
    """
    found = added(group)[name]
    package = found.dist.name if found.dist else "an installed package"
    place = f"{group} {name!r} of {package} ({found.value})"
    try:
        module: object = found.load()
    except Exception as error:
        raise UsageError(f"{place} cannot be imported: {first_line(error)}") from error
    for member in members:
        if not hasattr(module, member):
            raise UsageError(f"{place} has no {member}")
    return module
