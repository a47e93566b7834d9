"""The backends, by name, in the order in which ``auto`` tries them."""

from importlib import import_module
from typing import cast

from bench.devices import host
from bench.devices.base import Device, DeviceError
from bench.errors import did_you_mean

DEVICES = ("cuda", "cpu", "fake")
AUTO = ("cuda", "cpu")


def parse(word: str) -> tuple[str, int]:
    """Splits ``cuda:1`` into backend and index.

    Raises:
        DeviceError: the word names no backend; the message names the nearest.
    """
    backend, _, index = word.partition(":")
    if backend not in (*DEVICES, "auto"):
        raise DeviceError(f"no device {word!r}: {did_you_mean(backend, (*DEVICES, 'auto'))}")
    if index and not index.isdecimal():
        raise DeviceError(f"no device {word!r}: write an index such as {backend}:0")
    return backend, int(index or 0)


def open_device(word: str) -> Device:
    """Returns the device named, or for ``auto`` the first backend that is here.

    Raises:
        DeviceError: it is not here; the message says why.
    """
    backend, index = parse(word)
    host.reach()  # before any backend loads torch
    candidates = AUTO if backend == "auto" else (backend,)
    reason = ""
    for name in candidates:
        module = import_module(f"bench.devices.{name}")
        reason = module.present(index)
        if reason is None:
            return cast("Device", module.make(index))
    raise DeviceError(f"no device {word!r} here: {reason}")
