"""The backends by name, and opening a device by its word, such as ``cuda:1`` or ``auto``."""

from functools import partial
from importlib import import_module
from itertools import takewhile
from typing import Any, cast

from bench import addons
from bench.chips.vendors import device_types
from bench.devices import host
from bench.devices.base import Device, DeviceError, DeviceLostError
from bench.errors import did_you_mean, first_line

DEVICES = ("cuda", "accelerator", "cpu", "fake")
"""The shipped backends; installed packages may add others."""
AUTO = ("cuda", "accelerator", "cpu")
GENERIC = "accelerator"
"""The backend of every torch device type without a module of its own here."""

MOST = 1024
"""The most devices of one machine that are enumerated."""


def words() -> tuple[str, ...]:
    """Returns every word for a device: ``auto``, the backends, and torch's device types."""
    return tuple(dict.fromkeys(("auto", *DEVICES, *_added(), *device_types())))


def _added() -> tuple[str, ...]:
    """Returns the backends that packages add; words that mean a device here are taken."""
    taken = ("auto", "all", *DEVICES, *device_types())
    return tuple(name for name in addons.added(addons.DEVICES) if name not in taken)


def parse(word: str) -> tuple[str, int]:
    """Splits ``npu:1`` into backend (or torch device type) and index.

    Raises:
        DeviceError: there is no such backend; the message names the nearest.
    """
    backend, _, index = word.partition(":")
    if backend not in words():
        raise DeviceError(f"no device {word!r}: {did_you_mean(backend, words())}")
    if index and not index.isdecimal():
        raise DeviceError(f"no device {word!r}: write an index such as {backend}:0")
    return backend, int(index or 0)


def absent(backend: str, index: int) -> str | None:
    """Returns why there is no such device here, None if there is."""
    module, kind = _module(backend)
    return cast("str | None", module.present(index, *kind))


def open_device(word: str) -> Device:
    """Opens the named device, or for ``auto`` that of the first available backend.

    Raises:
        DeviceError: it does not exist, or its driver refuses it; the message says why.
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
    """Opens a device that exists, but which an exclusive process or MIG may deny to this one."""
    module, kind = _module(backend)
    try:
        return cast("Device", module.make(index, *kind))
    except (RuntimeError, DeviceLostError) as error:
        why = f"device {backend}:{index} cannot be opened: {first_line(error)}"
        raise DeviceError(why) from error


def every(backend: str = "auto") -> tuple[str, ...]:
    """Returns the words of all devices of a backend; for ``auto``, of the first that has any."""
    host.reach()
    for name in AUTO if backend == "auto" else (backend,):
        indexes = takewhile(partial(_is_present, name), range(MOST))
        if devices := tuple(f"{name}:{index}" for index in indexes):
            return devices
    return ()


def _is_present(backend: str, index: int) -> bool:
    return absent(backend, index) is None


def _module(backend: str) -> tuple[Any, tuple[str, ...]]:
    """Returns a backend's module; for the generic one, with the device type as an argument."""
    if backend in _added():
        return addons.load(addons.DEVICES, backend, ("present", "make")), ()
    name = backend if backend in DEVICES else GENERIC
    return import_module(f"bench.devices.{name}"), () if name == backend else (backend,)
