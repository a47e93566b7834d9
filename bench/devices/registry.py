"""The backends, by name, in the order in which ``auto`` tries them."""

from functools import partial
from importlib import import_module
from itertools import takewhile
from typing import Any, cast

from bench.devices import host
from bench.devices.base import Device, DeviceError, DeviceLostError
from bench.devices.plugins import device_types
from bench.errors import did_you_mean, first_line

DEVICES = ("cuda", "accelerator", "cpu", "fake")
AUTO = ("cuda", "accelerator", "cpu")
GENERIC = "accelerator"
"""The backend of every torch device type that has none of its own here."""

MOST = 1024
"""Devices of one machine that are looked for."""


def words() -> tuple[str, ...]:
    """Returns every word for a device: the backends, ``auto``, and torch's device types."""
    return ("auto", *DEVICES, *device_types())


def parse(word: str) -> tuple[str, int]:
    """Splits ``npu:1`` into backend, or torch device type, and index.

    Raises:
        DeviceError: the word names no backend; the message names the nearest.
    """
    backend, _, index = word.partition(":")
    if backend not in words():
        raise DeviceError(f"no device {word!r}: {did_you_mean(backend, words())}")
    if index and not index.isdecimal():
        raise DeviceError(f"no device {word!r}: write an index such as {backend}:0")
    return backend, int(index or 0)


def absent(backend: str, index: int) -> str | None:
    """Returns why there is no such device here, None if there is."""
    module, told = _module(backend)
    return cast("str | None", module.present(index, *told))


def open_device(word: str) -> Device:
    """Returns the device named, or for ``auto`` the first backend that is here.

    Raises:
        DeviceError: it is not here, or its driver refuses it; the message says why.
    """
    backend, index = parse(word)
    host.reach()  # before any backend loads torch
    reason: str | None = ""
    for name in AUTO if backend == "auto" else (backend,):
        reason = absent(name, index)
        if reason is None:
            return _opened(name, index)
    raise DeviceError(f"no device {word!r} here: {reason}")


def _opened(backend: str, index: int) -> Device:
    """Opens a device that is here, which another process or MIG may keep from this one."""
    module, told = _module(backend)
    try:
        return cast("Device", module.make(index, *told))
    except (RuntimeError, DeviceLostError) as error:
        why = f"device {backend}:{index} cannot be opened: {first_line(error)}"
        raise DeviceError(why) from error


def every(backend: str = "auto") -> tuple[str, ...]:
    """Returns the words of all devices of a backend; for ``auto``, of the first that has one."""
    host.reach()
    for name in AUTO if backend == "auto" else (backend,):
        indexes = takewhile(partial(_is_there, name), range(MOST))
        if listed := tuple(f"{name}:{index}" for index in indexes):
            return listed
    return ()


def _is_there(backend: str, index: int) -> bool:
    return absent(backend, index) is None


def _module(backend: str) -> tuple[Any, tuple[str, ...]]:
    """Returns the module of a backend, and what it has to be told besides the index."""
    name = backend if backend in DEVICES else GENERIC
    return import_module(f"bench.devices.{name}"), () if name == backend else (backend,)
