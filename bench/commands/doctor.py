"""Says what this machine has, which chip it is, and what would spoil a measurement."""

import sys
from collections.abc import Iterable, Iterator

from bench.config import compose, device_word
from bench.errors import UsageError
from bench.records.model import DeviceInfo, Identity
from bench.shapes import DoctorConfig
from bench.units import Dimension, show

HELP = """\
python -m bench doctor [device=auto] [chip=NAME]

Describes the device, says which sheet it answers to and why (or why none), and names what would
disturb a measurement now. Nothing is measured.

  device=auto       auto, cpu, cuda, cuda:1, fake
  chip=             see what speaks for and against this sheet

Examples
  python -m bench doctor
  python -m bench doctor device=cuda:1

Exit code: 0 described, 2 wrong usage.
"""
BUSY_LOAD = 0.5
UNITS_OF = {"hz": Dimension.FREQUENCY, "w": Dimension.POWER}


def main(words: list[str]) -> int:
    """Prints device, identity and warnings."""
    from bench.chips.load import catalogue
    from bench.chips.match import choose, identify
    from bench.devices.base import DeviceError
    from bench.measure.session import open_session

    config, sheets = compose("doctor", words, DoctorConfig), catalogue()
    if config.chip:
        sheets.find(config.chip)
    session = open_session(device_word(config.device))
    try:
        place = session.describe()
    except DeviceError as error:
        raise UsageError(str(error)) from None
    finally:
        session.close()
    device = place.device
    identity = choose(config.chip, device, sheets) if config.chip else identify(device, sheets)
    _tell((*_device_lines(device), *_identity_lines(identity), *_warnings(device)))
    return 0


def _tell(lines: Iterable[str]) -> None:
    """Prints lines, on a terminal as wide as that is."""
    from bench.report.screen import here, is_terminal
    from bench.report.terminal import folded

    for line in folded(lines, here()) if is_terminal(sys.stdout) else lines:
        print(line)


def _device_lines(device: DeviceInfo) -> Iterator[str]:
    told = device.model_dump(exclude_none=True, exclude_defaults=True)
    yield f"device: {device.name} ({device.backend}:{device.index})"
    for name, value in told.items():
        if name not in ("name", "backend", "index"):
            yield f"  {_words(name, value)}"


def _words(name: str, value: object) -> str:
    """Returns a field without its unit's suffix, the value with its unit."""
    if isinstance(value, tuple | list):
        return f"{name.replace('_', ' ')}: {', '.join(map(str, value))}"
    stem, _, unit = name.rpartition("_")
    if unit == "bytes" and isinstance(value, float):
        return f"{stem.replace('_', ' ')}: {value / 2**20:,.0f} MiB"
    if unit in UNITS_OF and isinstance(value, float):
        return f"{stem.replace('_', ' ')}: {show(value, UNITS_OF[unit], 4)}"
    return f"{name.replace('_', ' ')}: {value}"


def _identity_lines(identity: Identity) -> Iterator[str]:
    yield f"chip: {identity.chip or 'none'} ({identity.state})"
    yield from (f"  {reason}" for reason in identity.reasons)
    yield from (f"  near: {name}" for name in identity.near)


def _warnings(device: DeviceInfo) -> Iterator[str]:
    from bench.devices import host

    now = host.health()
    if now.load_1min is not None and now.load_1min > BUSY_LOAD * host.cores_in_reach():
        yield f"warning: load {now.load_1min:.1f}: other work will disturb what is measured"
    if device.backend == "cpu" and host.is_virtual():
        yield "warning: a virtual machine: neighbours may take time and cache"
    if device.backend == "cuda" and not device.driver:
        remedy = "no NVML, so no clocks and power: pip install 'onpaper[nvidia]'"
        if (device.capability or "").startswith("gfx"):
            remedy = "no AMD SMI, so no clocks and power: amdsmi comes with ROCm"
        yield f"warning: {remedy}"
    yield from (f"limit: {limit}" for limit in device.limits)
