"""Finds the device that a call runs on, in what it returns and what it holds."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np

from bench.errors import UsageError

MOST = 100_000
"""The most objects that are looked at, of what a call returns and of what it holds."""

PASSED_OVER = (int, float, complex, str, bytes, NoneType, CodeType, ModuleType, type)
"""Types whose objects hold no tensor of a call's own."""


def device_of(call: Callable[[], object], value: object) -> str:
    """Returns the device word of a call: of the nearest tensor on an accelerator, else ``cpu``.

    What the call returned goes first, then what it holds: the closure, defaults and global names
    of a function, and of what it calls; the arguments of a ``functools.partial``; the attributes of
    an object, such as a module's parameters or what a bound method is of. An object whose
    ``device`` is a ``torch.device`` counts as a tensor.

    Args:
        call: takes no arguments.
        value: what it returned.

    Raises:
        UsageError: torch has an accelerator in use, and there is no tensor, or too much to search:
            nobody knows where the call runs.
    """
    reached = (_reached(value), _reached(call))
    words = set()
    for one in chain(*reached):
        word = _word(one)
        if word not in ("", "cpu"):
            return word
        words.add(word)
    known = "cpu" in words and all(len(found) < MOST for found in reached)
    if not known and (kind := _in_use()):
        raise UsageError(
            "onpaper: no tensor that was found in the call tells where it runs: "
            f"say device='{kind}' or device='cpu'"
        )
    return "cpu"


def _reached(root: object) -> list[object]:
    """Returns an object and what it holds, each once, the nearest first, ``MOST`` at most."""
    reached, seen = [root], {id(root)}
    for one in reached:  # which grows meanwhile
        for held in _held(one):
            if len(reached) == MOST:
                return reached
            if id(held) not in seen and not issubclass(type(held), PASSED_OVER):
                seen.add(id(held))
                reached.append(held)
    return reached


def _held(one: object) -> list[object]:
    """Returns what an object refers to; of a function's globals only those that it names."""
    if not isinstance(one, FunctionType):
        return gc.get_referents(one)
    named = (one.__globals__.get(name) for name in _names(one.__code__))
    return [one.__closure__, one.__defaults__, one.__kwdefaults__, one.__dict__, *named]


def _names(code: CodeType) -> Iterator[str]:
    """Yields the names that a function's code looks up, its comprehensions' included."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)


def _word(one: object) -> str:
    """Returns the device word of a tensor, ``cpu`` of an array of NumPy; else an empty text."""
    torch: Any = sys.modules.get("torch")
    with suppress(Exception):  # any object of the test's: its attributes may raise anything
        if isinstance(one, np.ndarray):
            return "cpu"
        device: Any = getattr(one, "device", None)
        if torch and isinstance(device, torch.device) and device.type != "meta":
            indexed = device.index and device.type != "cpu"
            return str(device) if indexed else str(device.type)
    return ""


def _in_use() -> str:
    """Returns the device type of an accelerator that torch has initialised; else an empty text."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return ""
    from bench.devices.api import Api, current

    kind = current()
    return kind if kind and Api(kind).ask("is_initialized") else ""
