"""Throttle reasons as stored in records, and which of them disturb a measurement."""

from enum import StrEnum
from typing import Final


class Throttle(StrEnum):
    """Throttle reasons; all but the last two are NVML's clock event reasons, in its order."""

    IDLE = "idle"
    APPLICATION_CLOCKS = "application clocks"
    POWER_CAP = "software power cap"
    SLOWDOWN = "hardware slowdown"
    SYNC_BOOST = "sync boost"
    HOT = "software thermal slowdown"
    TOO_HOT = "hardware thermal slowdown"
    POWER_BRAKE = "power brake"
    DISPLAY_CLOCKS = "display clocks"
    UNNAMED = "throttled"
    """From a tool that reports throttling without a reason."""
    SHARED_CORE = "core shared with a neighbour"
    """On a CPU: the SMT sibling of a core is busy with another thread."""


CALM: Final = frozenset(
    {Throttle.IDLE, Throttle.APPLICATION_CLOCKS, Throttle.POWER_CAP, Throttle.DISPLAY_CLOCKS}
)
"""Reasons of normal operation; any other marks a measurement as disturbed."""

HELD_BACK: Final = 0.03
"""A load this much slower (relative) than its fastest sample is held back, if at a power cap."""
SWING_S: Final = 1.1
SWING: Final = 0.035
"""A swing of the clock at an H200's power cap, s, and how far medians of half a second of it differ
(``results/records/2026-11-26/h200-sxm-full.json``, sustained)."""
