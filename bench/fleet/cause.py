"""Likely causes of a slow device, from its readings and its fleet's under the same load."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.archive.entry import What
from bench.fleet.gather import Level, is_link, is_memory

THERMAL = "thermal"
"""Part of the name of every throttle reason that means heat."""
EXPLAINED_SHARE = 0.5
"""The clock explains a low rate if its shortfall (in logs) exceeds this share of the rate's."""
HOTTER_C = 5.0
"""Degrees above the fleet's median that are mentioned if the clock explains the rate."""
EXCESS_SHARE = 0.5
"""A throttle reason is the device's own if its share of records exceeds the fleet's by this."""


@dataclass(frozen=True)
class TypicalReadings:
    """Typical readings of a fleet under one load.

    Attributes:
        clock_hz: median clock over devices; None if unknown.
        temperature_c: median temperature over devices; None if unknown.
        reasons: share of records with each throttle reason, median over devices.
    """

    clock_hz: float | None
    temperature_c: float | None
    reasons: Mapping[str, float]

    @staticmethod
    def of(levels: Sequence[Level]) -> "TypicalReadings":
        """Returns the medians over devices."""
        clocks = [level.clock_hz for level in levels if level.clock_hz]
        temperatures = [level.temperature_c for level in levels if level.temperature_c]
        reasons = dict.fromkeys(reason for level in levels for reason in level.throttled)
        return TypicalReadings(
            median(clocks) if clocks else None,
            median(temperatures) if temperatures else None,
            {
                reason: median(level.throttled.get(reason, 0.0) for level in levels)
                for reason in reasons
            },
        )

    def cause(self, what: What, level: Level, log_ratio: float) -> str:
        """Returns why a device is slow; ``log_ratio`` is the log of its rate over the median.

        Memory and links have clocks of their own, so that the device's clock is no cause there.
        """
        own_reasons = [
            reason
            for reason, share in level.throttled.items()
            if share - self.reasons.get(reason, 0.0) >= EXCESS_SHARE
        ]
        warmer = (level.temperature_c or 0.0) - (self.temperature_c or math.inf)
        hot = warmer >= HOTTER_C or any(THERMAL in reason for reason in own_reasons)
        if is_link(what):
            return "slow link"
        share = (level.clock_hz or 0.0) / (self.clock_hz or 1.0) - 1
        is_low = self._is_due_to_clock(level, log_ratio)
        if is_low and not is_memory(what):
            return self._clock_cause(share, warmer, own_reasons, hot=hot)
        also = f" (also {', '.join(own_reasons)})" if own_reasons else ""
        kind = "slow memory" if is_memory(what) else "slow chip"
        low = f", clock {share:+.1%}, on which it depends little" if is_low else " at full clock"
        clock = low if level.clock_hz and self.clock_hz else ", its clock is not known"
        return f"{kind}{clock}{also}"

    def _is_due_to_clock(self, level: Level, log_ratio: float) -> bool:
        if not level.clock_hz or not self.clock_hz:
            return False
        return math.log(level.clock_hz / self.clock_hz) / log_ratio > EXPLAINED_SHARE

    @staticmethod
    def _clock_cause(
        clock_change: float, warmer: float, own_reasons: Sequence[str], *, hot: bool
    ) -> str:
        clock = f"clock {clock_change:+.1%}"
        if hot:
            temperature = (
                f", {warmer:.0f} °C warmer" if math.isfinite(warmer) and warmer > 0 else ""
            )
            return f"hot: {clock}{temperature}{_reasons_text(own_reasons)}"
        return (
            f"throttled: {clock}{_reasons_text(own_reasons)}"
            if own_reasons
            else f"low clock: {clock}"
        )


def _reasons_text(reasons: Sequence[str]) -> str:
    return f" ({', '.join(reasons)})" if reasons else ""
