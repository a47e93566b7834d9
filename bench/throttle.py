"""What holds a device's clock down, in the words that records keep, and what they say of a run."""

from enum import StrEnum
from typing import Final


class Throttle(StrEnum):
    """The throttle reasons; those but the last two are NVML's clock event reasons, in its order."""

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
    """Of a tool that tells that a device is throttled, and not by what."""
    SHARED_CORE = "core shared with a neighbour"
    """Of a CPU beside whose thread somebody else's runs on the same core."""


CALM: Final = frozenset(
    {Throttle.IDLE, Throttle.APPLICATION_CLOCKS, Throttle.POWER_CAP, Throttle.DISPLAY_CLOCKS}
)
"""Reasons that describe the part at work; any other disturbs."""
