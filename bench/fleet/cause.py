"""Likely causes of a slow device, from its own readings and its fleet's under the same load."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.archive.entry import What
from bench.fleet.gather import Level, is_link, is_memory

THERMAL = "thermal"
EXPLAINS = 0.5
"""The clock explains a shortfall of the rate if its own is more than this share of it."""
HOTTER_C = 5.0
"""Degrees above the fleet's median that are mentioned if the clock explains the rate."""
MORE_OFTEN = 0.5
"""How much larger than usual a reason's share of records must be to be the device's own."""


@dataclass(frozen=True)
class Usual:
    """Typical readings of a fleet under one load: clock, temperature, throttle reasons."""

    clock_hz: float | None
    temperature_c: float | None
    reasons: Mapping[str, float]

    @staticmethod
    def of(every: Sequence[Level]) -> "Usual":
        """Returns the medians over devices."""
        clocks = [one.clock_hz for one in every if one.clock_hz]
        warm = [one.temperature_c for one in every if one.temperature_c]
        words = dict.fromkeys(word for one in every for word in one.throttled)
        return Usual(
            median(clocks) if clocks else None,
            median(warm) if warm else None,
            {word: median(one.throttled.get(word, 0.0) for one in every) for word in words},
        )

    def cause(self, what: What, level: Level, away: float) -> str:
        """Returns why a device is slow; ``away`` is the log of its rate over the usual one."""
        own = [
            word
            for word, share in level.throttled.items()
            if share - self.reasons.get(word, 0.0) >= MORE_OFTEN
        ]
        warmer = (level.temperature_c or 0.0) - (self.temperature_c or math.inf)
        hot = warmer >= HOTTER_C or any(THERMAL in word for word in own)
        if self._is_of_the_clock(level, away):
            share = (level.clock_hz or 0.0) / (self.clock_hz or 1.0) - 1
            return self._clocked(share, warmer, own, hot=hot)
        if is_link(what):
            return "slow link"
        told = f" (also {', '.join(own)})" if own else ""
        kind = "slow memory" if is_memory(what) else "slow chip"
        known = level.clock_hz and self.clock_hz
        return f"{kind}{' at full clock' if known else ', its clock is not known'}{told}"

    def _is_of_the_clock(self, level: Level, away: float) -> bool:
        if not level.clock_hz or not self.clock_hz:
            return False
        return math.log(level.clock_hz / self.clock_hz) / away > EXPLAINS

    @staticmethod
    def _clocked(share: float, warmer: float, own: Sequence[str], *, hot: bool) -> str:
        clock = f"clock {share:+.1%}"
        if hot:
            told = f", {warmer:.0f} °C warmer" if math.isfinite(warmer) and warmer > 0 else ""
            return f"hot: {clock}{told}{_reasons(own)}"
        return f"throttled: {clock}{_reasons(own)}" if own else f"low clock: {clock}"


def _reasons(own: Sequence[str]) -> str:
    return f" ({', '.join(own)})" if own else ""
