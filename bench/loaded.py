"""Data that is loaded once: kept for as long as it is asked for beside the same own data."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

from bench import paths

Given = ParamSpec("Given")
Loaded = TypeVar("Loaded")

_forgetful: list[Callable[[], None]] = []


def once(load: Callable[Given, Loaded]) -> Callable[Given, Loaded]:
    """Returns a loader that keeps what it gave, apart for each folder of own data.

    ``ONPAPER_SPECS`` may be set after the first call, and otherwise for the next.
    """
    kept: dict[Hashable, Loaded] = {}

    @wraps(load)
    def loader(*told: Given.args, **named: Given.kwargs) -> Loaded:
        key = (paths.own_specs(), told, *named.items())
        if key not in kept:
            kept[key] = load(*told, **named)
        return kept[key]

    _forgetful.append(kept.clear)
    return loader


def forget() -> None:
    """Has everything loaded anew when it is asked for next."""
    for clear in _forgetful:
        clear()
