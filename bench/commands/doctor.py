"""Reports what this machine has, which chip it is, and what would disturb a measurement."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bench.commands.running import fakes
from bench.config import compose, device_word
from bench.errors import UsageError
from bench.judging.cpuclock import clock_of
from bench.records.model import DeviceInfo, Identity
from bench.shapes import DoctorConfig
from bench.units import Dimension, show

if TYPE_CHECKING:
    from bench.devices.conformance import TrialOutcome

HELP = """\
python -m bench doctor [device=auto] [chip=NAME] [conformance=true]

Describes the device, says which sheet fits it and why (or why none does), and warns of what would
disturb a measurement now. Measures nothing.

  device=auto       auto, cpu, cuda, cuda:1, npu:1, xpu, mlu, musa, mps, accelerator, fake
  chip=             show what speaks for and against this sheet
  conformance=      true tests everything that a backend must provide: results, clocks, memory,
                    refusals, recovery from a lost worker (bench/devices/README.md)

Examples
  python -m bench doctor
  python -m bench doctor device=cuda:1
  python -m bench doctor device=npu conformance=true

Exit code: 0 described, 1 the device does not conform, 2 wrong usage, or a data file
has a fault.
"""
BUSY_LOAD = 0.5
"""Load average per core above which other work disturbs a measurement."""
UNITS_OF = {"hz": Dimension.FREQUENCY, "w": Dimension.POWER}
"""The dimension of a field by the unit suffix of its name."""


def main(words: list[str]) -> int:
    """Prints device, identity and warnings, or the results of its conformance tests."""
    from bench.chips.load import catalogue
    from bench.devices.base import DeviceError

    config, sheets = compose("doctor", words, DoctorConfig), catalogue()
    if config.chip:
        sheets.find(config.chip)
    if config.device.name == "all":
        raise UsageError("doctor describes one device: name it, such as device=cuda:1")
    try:
        return _conforms(config) if config.conformance else _describe(config)
    except DeviceError as error:
        raise UsageError(str(error)) from None


def _describe(config: DoctorConfig) -> int:
    from bench.chips.load import catalogue
    from bench.chips.match import choose, identify
    from bench.measure.session import open_session

    sheets = catalogue()
    session = open_session(device_word(config.device), fakes.spec(config))
    try:
        device = session.describe().device
    finally:
        session.close()
    identity = choose(config.chip, device, sheets) if config.chip else identify(device, sheets)
    _print((*_device_lines(device), *_identity_lines(identity), *_warnings(device)))
    return 0


def _conforms(config: DoctorConfig) -> int:
    """Prints a line per conformance test; returns the exit code: 0 if no test failed."""
    from bench.measure.survival import conformance

    found = conformance(device_word(config.device))
    failed = sum(one.state == "failed" for one in found)
    last = "the device conforms" if not failed else f"{failed} of {len(found)} failed"
    _print((*map(_outcome_line, found), last))
    return 1 if failed else 0


def _outcome_line(one: "TrialOutcome") -> str:
    return f"{one.state:<8} {one.name}{': ' if one.words else ''}{one.words}"


def _print(lines: Iterable[str]) -> None:
    """Prints lines, wrapped to the width of a terminal."""
    from bench.report.formats.terminal import folded
    from bench.report.text.screen import here, is_terminal

    for line in folded(lines, here()) if is_terminal(sys.stdout) else lines:
        print(line)


def _device_lines(device: DeviceInfo) -> Iterator[str]:
    fields = device.model_dump(exclude_none=True, exclude_defaults=True)
    yield f"device: {device.name} ({device.backend}:{device.index})"
    for name, value in fields.items():
        if name not in ("name", "backend", "index"):
            yield f"  {_words(name, value)}"


def _words(name: str, value: object) -> str:
    """Returns a field's name without its unit suffix, and its value with the unit."""
    if isinstance(value, tuple | list):
        return f"{name.replace('_', ' ')}: {', '.join(map(str, value))}"
    stem, _, unit = name.rpartition("_")
    if unit == "bytes" and isinstance(value, float):
        number, prefixed = (value / 2**20, "MiB") if value >= 2**20 else (value / 2**10, "KiB")
        return f"{stem.replace('_', ' ')}: {number:,.0f} {prefixed}"
    if unit in UNITS_OF and isinstance(value, float):
        return f"{stem.replace('_', ' ')}: {show(value, UNITS_OF[unit], 4)}"
    return f"{name.replace('_', ' ')}: {value}"


def _identity_lines(identity: Identity) -> Iterator[str]:
    yield f"chip: {identity.chip or 'none'} ({identity.state})"
    yield from (f"  {reason}" for reason in identity.reasons)
    yield from (f"  similar: {name}" for name in identity.near)


def _warnings(device: DeviceInfo) -> Iterator[str]:
    from bench.devices import host

    now = host.health()
    if now.load_1min is not None and now.load_1min > BUSY_LOAD * host.cores_in_reach():
        yield f"warning: load {now.load_1min:.1f}: other work will disturb what is measured"
    if (clock := clock_of(device)) and clock.doubt:
        yield f"warning: {clock.doubt}: what is measured now will not decide a derived peak"
    if device.backend == "cpu" and host.is_virtual():
        yield "warning: a virtual machine: neighbours may take time and cache"
    if device.backend not in ("cpu", "fake") and not device.driver:
        yield f"warning: {_missing_telemetry(device)}"
    yield from (f"limit: {limit}" for limit in device.limits)


def _missing_telemetry(device: DeviceInfo) -> str:
    """Returns a warning that the library that reports clocks and power is missing."""
    from bench.chips.vendors import vendor_behind
    from bench.devices.smi import TOOLS

    vendor = vendor_behind(device.name, device.pci, device.markers)
    if (device.capability or "").startswith("gfx") and vendor in ("amd", None):
        return "no AMD SMI, so no clocks and power: amdsmi comes with ROCm"
    if vendor is not None and vendor in TOOLS:
        return f"{TOOLS[vendor].words[0]} reports no driver: clocks and power may be missing too"
    if device.backend == "cuda":
        return "no NVML, so no clocks and power: pip install 'onpaper[nvidia]'"
    return "no telemetry tool of this vendor is known here: no clocks and power"
