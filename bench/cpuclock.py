"""The clock behind a processor's derived peak: the highest that it told, and whether that is known.

A peak is worked out of the highest clock seen, for a chip may have run at it. Readings that fall
far below it, or below the nominal clock, say that a neighbour took part of a core or that the
clock moved: at which clock the work ran is then not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.records.model import DeviceInfo
from bench.units import Dimension, show

APART = 1.10
"""Readings whose highest is more than this many times the lowest tell no clock."""
SHARED = 2.0
"""What a second thread on the same core may have taken: half of its cycles, and no more."""


@dataclass(frozen=True)
class Clock:
    """The lowest clock that was read, and the highest that was read or is nominal, in Hz."""

    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Tells whether the readings agree."""
        return self.high <= APART * self.low

    @property
    def doubt(self) -> str:
        """Returns why nothing is known of the clock, empty where the readings agree."""
        if self.is_told:
            return ""
        low, high = (show(one, Dimension.FREQUENCY) for one in (self.low, self.high))
        return f"the clock could not be told: {low} to {high}"


def clock_of(device: DeviceInfo, readings: Iterable[float] = ()) -> Clock | None:
    """Returns the clock of a CPU by its own reading and those beside a measurement.

    None for other devices, and where no clock was read.
    """
    seen = [one for one in (*readings, device.clock_measured_hz) if one]
    if device.backend != "cpu" or not seen:
        return None
    return Clock(min(seen), max(*seen, device.clock_nominal_hz or 0.0))
