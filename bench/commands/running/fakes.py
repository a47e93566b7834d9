"""The simulated device as described on the command line."""

import math
from typing import TYPE_CHECKING, Any

from bench.config import positive
from bench.errors import UsageError
from bench.shapes import DoctorConfig, Fake, RunConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.devices.fake import FakeSpec

RATE_SHARE = 0.945
"""Share of a sheet's rates that an imitation reaches; invented, like the default fake's rates."""
CLOCK_SHARE, POWER_SHARE = 0.91, 0.875
"""Its clock over the published one, and its power over the board's; invented, too."""
SCALED = ("mxfp8", "nvfp4")
"""Block-scaled formats."""


def settings(config: RunConfig) -> "dict[str, str | int | float | bool | None]":
    """Returns the simulated device's settings, so that an identical one can complete its record."""
    defaults = vars(Fake())
    if config.device.name != "fake":
        return {}
    given = {**vars(config.device.fake), "like": config.device.fake.like or config.chip}
    return {f"device.fake.{key}": value for key, value in given.items() if value != defaults[key]}


def spec(config: RunConfig | DoctorConfig) -> "FakeSpec | None":
    """Returns the specification of the simulated device; None if the device is real.

    Raises:
        UsageError: a value that no device can have.
    """
    if config.device.name != "fake":
        return None
    from bench.devices.fake import FakeSpec
    from bench.devices.noise import NOISES

    fake = config.device.fake
    if fake.noise not in NOISES:
        raise UsageError(f"no noise {fake.noise!r}: choose from {', '.join(NOISES)}")
    if not 0 <= fake.noise_level < 1:
        raise UsageError(f"device.fake.noise_level={fake.noise_level:g} must be 0 or more, below 1")
    if fake.seed < 0:
        raise UsageError(f"device.fake.seed={fake.seed} must be 0 or more")
    if fake.count == 1 and (fake.slow, fake.shared) != (1.0, 1.0):
        key = "slow" if fake.slow != 1.0 else "shared"
        raise UsageError(f"device.fake.{key}= needs several devices: add device.fake.count=2")
    after = math.inf if fake.throttle_after_s is None else fake.throttle_after_s
    imitated = _like(fake.like or config.chip)
    if fake.name:
        imitated["name"] = fake.name
    return FakeSpec(
        noise=fake.noise,
        noise_level=fake.noise_level,
        throttle_after_s=after,
        throttle_to=positive("device.fake.throttle_to", fake.throttle_to, 1.0),
        seed=fake.seed,
        **imitated,
    )


def _like(word: str | None) -> dict[str, Any]:
    """Returns the fields of ``FakeSpec`` that imitate a chip; empty without one or for a CPU."""
    if not word:
        return {}
    from bench.chips.load import catalogue
    from bench.devices.fake import RATES

    sheets = catalogue()
    chip = sheets.find(word)
    if chip.kind == "cpu":
        return {}
    peaks = {key: RATE_SHARE * value for key, value in _printed(chip, sheets).items()}
    lacking = {dtype: why for dtype in RATES if (why := _lacks(dtype, chip, sheets))}
    rates = {
        dtype: peaks.get(f"matrix_{dtype}", peaks.get(f"vector_{dtype}", rate))
        for dtype, rate in RATES.items()
        if dtype not in lacking
    }
    bandwidths = {
        "bandwidth": peaks.get("memory_bandwidth"),
        "host_bandwidth": peaks.get("pcie_bandwidth_oneway"),
        "link_bandwidth": peaks.get("link_bandwidth_oneway"),
    }
    found = {**bandwidths, **_board(chip)}
    known = {key: value for key, value in found.items() if value}
    return {"rates": rates, "peaks": peaks, "lacking": lacking, **known}


def _lacks(dtype: str, chip: "Chip", sheets: "Catalogue") -> str:
    """Returns why a chip has no operations in ``dtype``; empty if it has, or nobody says.

    A block-scaled format needs a printed rate of fp4, and nvfp4 a chip of NVIDIA.
    """
    scaled = dtype in SCALED
    keys = ("matrix_fp4",) if scaled else (f"matrix_{dtype}", f"vector_{dtype}")
    foreign = dtype == "nvfp4" and chip.vendor != "nvidia"
    if dtype == "fp32" or (any(chip.number(key) for key in keys) and not foreign):
        return ""
    figures = [chip.figures[key] for key in keys if key in chip.figures]
    if any(figure.value == "unsupported" for figure in figures):
        return f"no {dtype}: unsupported, says the sheet of {chip.id}"
    design = sheets.architectures.get(chip.family or "")
    if design and not any(key in design.cycle for key in keys):
        return f"no {dtype}: {design.name} has no such operations"
    return f"no {dtype}: the sheet of {chip.id} has no such format" if scaled else ""


def _name(chip: "Chip") -> str | None:
    """Returns the first name that such a device reports; None if no name is known."""
    return next((name.rstrip("*_") for name in chip.identity.names), None)


def _printed(chip: "Chip", sheets: "Catalogue") -> dict[str, float]:
    """Returns the published rates of one device of a chip, by figure, in base units."""
    from bench.chips.figures import FIGURES
    from bench.chips.paper import Paper, paper
    from bench.records.model import DeviceInfo
    from bench.units import Dimension

    device = DeviceInfo(backend="fake", name=chip.name)
    rates = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE)
    keys = (key for key, one in FIGURES.items() if one.dimension in rates)
    found = (paper(device, chip, (key,), sheets) for key in keys)
    return {one.key: one.value for one in found if isinstance(one, Paper)}


def _board(chip: "Chip") -> dict[str, str | float | int | None]:
    """Returns what one device reports: name, units, sizes (B), clock (Hz), power (W).

    What is not published is 0 or None.
    """
    from bench.chips.match import devices_a_chip

    share, units = devices_a_chip(chip), chip.number("units")
    second, last = chip.number("l2_cache") or 0.0, chip.number("l3_cache")
    clock = chip.number("clock_matrix") or chip.number("clock_boost")
    return {
        "name": _name(chip),
        "units": round(units / share) if units else None,
        "cache_bytes": (last or second) / share,
        "l2_bytes": second / share,
        "memory_bytes": (chip.number("memory_capacity") or 0.0) / share,
        "clock_hz": CLOCK_SHARE * clock if clock else None,
        "power_w": POWER_SHARE * (chip.number("tdp") or 0.0) / share,
    }
