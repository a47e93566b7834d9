"""Finds the device that a call runs on, in what it returns and what it holds."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any

from bench.errors import UsageError

MOST = 10_000
"""The most objects that are looked at."""


def device_of(call: Callable[[], object], value: object) -> str:
    """Returns the device word of a call: that of the nearest tensor that it returns or holds.

    Held are: the closure, defaults and global names of a function, and of what it calls; the
    arguments of a ``functools.partial``; the attributes of an object, such as a module's parameters
    or what a bound method is of. Of those equally near, a tensor on an accelerator goes first.

    Args:
        call: takes no arguments.
        value: what it returned.

    Raises:
        UsageError: there is no tensor, but torch has an accelerator in use: nobody knows where the
            call runs.
    """
    seen: dict[int, object] = {}  # holds them too, so that no id is used twice
    level: list[object] = [value, call, *_held(call)]
    while level:
        level = list(_flat(level, seen))
        words = list(filter(None, map(_word, level)))
        if words:
            return next((word for word in words if word != "cpu"), "cpu")
        level = [held for one in level for held in _held(one)]
    if kind := _in_use():
        raise UsageError(
            f"onpaper: the call returns and holds no tensor: say device='{kind}' or device='cpu'"
        )
    return "cpu"


def _flat(values: Iterable[object], seen: dict[int, object]) -> Iterator[object]:
    """Yields the values in nested lists, tuples and dictionaries, each once."""
    for one in values:
        if id(one) in seen or len(seen) >= MOST:
            continue
        seen[id(one)] = one
        if isinstance(one, list | tuple):
            yield from _flat(one, seen)
        elif isinstance(one, dict):
            yield from _flat(list(one.values()), seen)
        else:
            yield one


def _word(one: object) -> str:
    """Returns the device word of a tensor, ``cpu`` of an array of NumPy; else an empty text."""
    device = None
    with suppress(Exception):  # any object of the test's: its attributes may raise anything
        device = getattr(one, "device", None)
    kind = getattr(device, "type", device)
    if not isinstance(kind, str) or kind == "meta" or isinstance(one, type):
        return ""
    index = getattr(device, "index", None)
    return f"{kind}:{index}" if index and kind != "cpu" else kind


def _held(one: object) -> Iterator[object]:
    """Yields what an object holds: modules and classes hold nothing of a call's own."""
    if isinstance(one, ModuleType | type):
        return
    for name in ("func", "args", "keywords", "__self__", "__func__", "__wrapped__"):
        with suppress(Exception):
            yield getattr(one, name)
    if isinstance(one, FunctionType):
        yield from (one.__defaults__, one.__kwdefaults__)
        yield from _cells(one)
        yield from (one.__globals__.get(name) for name in _names(one.__code__))
    else:
        yield getattr(one, "__dict__", None)


def _cells(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it is empty
            yield cell.cell_contents


def _names(code: CodeType) -> Iterator[str]:
    """Yields the names that a function's code looks up, its comprehensions' included."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)


def _in_use() -> str:
    """Returns the device type of an accelerator that torch has initialised; else an empty text."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return ""
    from bench.devices.api import Api, current

    kind = current()
    return kind if kind and Api(kind).ask("is_initialized") else ""
