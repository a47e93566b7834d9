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

REACHED = 0.945
"""Share of a sheet's rates that an imitation reaches; invented, like the default fake's rates."""
CLOCKED, DRAWN = 0.91, 0.875
"""Its clock over the printed one, and its power over the board's: likewise."""


def settings(config: RunConfig) -> "dict[str, str | int | float | bool | None]":
    """Returns the fake's settings, so that the same one can complete its record."""
    plain = vars(Fake())
    if config.device.name != "fake":
        return {}
    told = {**vars(config.device.fake), "like": config.device.fake.like or config.chip}
    return {f"device.fake.{key}": value for key, value in told.items() if value != plain[key]}


def spec(config: RunConfig | DoctorConfig) -> "FakeSpec | None":
    """Returns the simulated device, None if the device is real.

    Raises:
        UsageError: a value that no device can have.
    """
    if config.device.name != "fake":
        return None
    from bench.devices.fake import FakeSpec
    from bench.devices.noise import NOISES

    told = config.device.fake
    if told.noise not in NOISES:
        raise UsageError(f"no noise {told.noise!r}: choose from {', '.join(NOISES)}")
    if not 0 <= told.noise_level < 1:
        raise UsageError(f"device.fake.noise_level={told.noise_level:g} must be 0 or more, below 1")
    if told.seed < 0:
        raise UsageError(f"device.fake.seed={told.seed} must be 0 or more")
    if told.count == 1 and (told.slow, told.shared) != (1.0, 1.0):
        key = "slow" if told.slow != 1.0 else "shared"
        raise UsageError(f"device.fake.{key}= needs several devices: add device.fake.count=2")
    plain = FakeSpec()
    after = math.inf if told.throttle_after_s is None else told.throttle_after_s
    return FakeSpec(
        name=told.name or plain.name,
        noise=told.noise,
        noise_level=told.noise_level,
        throttle_after_s=after,
        throttle_to=positive("device.fake.throttle_to", told.throttle_to, 1.0),
        seed=told.seed,
        **_like(told.like or config.chip),
    )


def _like(word: str | None) -> dict[str, Any]:
    """Returns a fake with a sheet's figures; those that it lacks stay the default's."""
    if not word:
        return {}
    from bench.chips.load import catalogue
    from bench.devices.fake import RATES

    sheets = catalogue()
    chip = sheets.find(word)
    if chip.kind == "cpu":
        return {}
    peaks = {key: REACHED * value for key, value in _printed(chip, sheets).items()}
    rates = {
        dtype: peaks.get(f"matrix_{dtype}", peaks.get(f"vector_{dtype}", rate))
        for dtype, rate in RATES.items()
    }
    moved = {
        "bandwidth": peaks.get("memory_bandwidth"),
        "host_bandwidth": peaks.get("pcie_bandwidth_oneway"),
        "link_bandwidth": peaks.get("link_bandwidth_oneway"),
    }
    found = {**moved, **_board(chip)}
    return {"rates": rates, "peaks": peaks, **{key: one for key, one in found.items() if one}}


def _printed(chip: "Chip", sheets: "Catalogue") -> dict[str, float]:
    """Returns the rates of a sheet by figure, in base units, for one device of the chip."""
    from bench.chips.figures import FIGURES
    from bench.chips.paper import Paper, paper
    from bench.records.model import DeviceInfo
    from bench.units import Dimension

    device = DeviceInfo(backend="fake", name=chip.name)
    rates = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE)
    keys = (key for key, one in FIGURES.items() if one.dimension in rates)
    found = (paper(device, chip, (key,), sheets) for key in keys)
    return {one.key: one.value for one in found if isinstance(one, Paper)}


def _board(chip: "Chip") -> dict[str, float | int | None]:
    """Returns units, memory, clock and power of one device of a chip; None if not printed."""
    from bench.chips.match import devices_a_chip

    share, units = devices_a_chip(chip), chip.number("units")
    clock = chip.number("clock_matrix") or chip.number("clock_boost")
    return {
        "units": round(units / share) if units else None,
        "memory_bytes": (chip.number("memory_capacity") or 0.0) / share,
        "clock_hz": CLOCKED * clock if clock else None,
        "power_w": DRAWN * (chip.number("tdp") or 0.0) / share,
    }
