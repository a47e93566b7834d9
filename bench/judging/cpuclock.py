"""The clock behind a CPU's derived peak: the highest measured, and whether the readings agree.

The peak is derived from the highest clock read, at which the CPU may have run. Readings far below
it, or below the nominal clock, mean that a neighbour took part of a core or that the clock
changed: the clock during the work is then unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.records.model import DeviceInfo, Measurement
from bench.units import Dimension, show

APART = 1.10
"""If the highest reading is more than this many times the lowest, the clock is unknown."""
SHARED = 2.0
"""Factor by which a shared core may be slowed: an SMT sibling takes at most half of its cycles."""


@dataclass(frozen=True)
class Clock:
    """The lowest clock read, and the highest read or nominal one, in Hz."""

    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Returns whether the readings agree."""
        return self.high <= APART * self.low

    @property
    def doubt(self) -> str:
        """Returns why the clock is unknown, empty where the readings agree."""
        if self.is_known:
            return ""
        low, high = (show(one, Dimension.FREQUENCY) for one in (self.low, self.high))
        return f"the clock could not be told: {low} to {high}"


def at_its_clock(device: DeviceInfo, measurement: Measurement) -> DeviceInfo:
    """Returns the device; of a CPU, with the highest clock observed, if any was."""
    if device.backend != "cpu" or not measurement.conditions.clock_hz:
        return device
    seen = max(*measurement.conditions.clock_hz, device.clock_measured_hz or 0.0)
    return device.model_copy(update={"clock_measured_hz": seen})


def clock_of(device: DeviceInfo, readings: Iterable[float] = ()) -> Clock | None:
    """Returns a CPU's clock, from the reading at the start and those beside a measurement.

    None for other devices, and where no clock was read.
    """
    seen = [hertz for hertz in (*readings, device.clock_measured_hz) if hertz]
    if device.backend != "cpu" or not seen:
        return None
    return Clock(min(seen), max(*seen, device.clock_nominal_hz or 0.0))
