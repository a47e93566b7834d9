"""Caches of loaded data, one entry per folder of own specs and per arguments."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

from bench import paths

Given = ParamSpec("Given")
Loaded = TypeVar("Loaded")

_clearers: list[Callable[[], None]] = []
"""The functions that clear the caches."""


def once(load: Callable[Given, Loaded]) -> Callable[Given, Loaded]:
    """Returns a loader that caches its results, separately for each folder of own specs.

    ``ONPAPER_SPECS`` may thus be set after the first call, or change between calls.
    """
    cache: dict[Hashable, Loaded] = {}

    @wraps(load)
    def loader(*args: Given.args, **named: Given.kwargs) -> Loaded:
        key = (paths.own_specs(), args, *named.items())
        if key not in cache:
            cache[key] = load(*args, **named)
        return cache[key]

    _clearers.append(cache.clear)
    return loader


def forget() -> None:
    """Clears all caches, so that everything is loaded again on next use."""
    for clear in _clearers:
        clear()
