"""Ranks devices on each measurement, and names those that differ, with a likely cause.

A device is compared with its fleet in three ways: its rate, its clock under that load, and its
temperature. If the rate is as low as the clock, the clock is the cause, and throttle reasons say
why. If the rate is low at full clock, the cause is the chip or its link.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from bench.archive.entry import What
from bench.fleet.cause import Usual
from bench.fleet.gather import Group, Level, Unit, level_of
from bench.fleet.outliers import TO_NORMAL, limit_of, outliers
from bench.units import Dimension


@dataclass(frozen=True)
class Standing:
    """One device on one measurement.

    Attributes:
        unit: the device.
        level: what it reached.
        ratio: to the fleet's median; above 1 is better.
        distance: from the median in robust deviations; None if more than half are identical.
        strange: whether it differs by more than chance and by enough to matter.
        cause: why it may be slow; empty if it is not strange.
    """

    unit: Unit
    level: Level
    ratio: float
    distance: float | None
    strange: bool
    cause: str = ""


@dataclass(frozen=True)
class Ranking:
    """All devices of a group on one measurement.

    Attributes:
        what: the measurement.
        standings: the slowest first.
        middle: median over devices, in base units.
        deviation: robust standard deviation over devices, relative.
        limit: distance from which chance is ruled out.
    """

    what: What
    standings: tuple[Standing, ...]
    middle: float
    deviation: float
    limit: float

    @property
    def slow(self) -> list[Standing]:
        """Returns the devices that are slower than chance explains, the slowest first."""
        return [one for one in self.standings if one.strange and one.ratio < 1]

    @property
    def fast(self) -> list[Standing]:
        """Returns the devices that are faster than chance explains, the fastest first."""
        return [one for one in self.standings if one.strange and one.ratio > 1][::-1]


@dataclass(frozen=True)
class Ranked:
    """A group with its rankings.

    Attributes:
        group: the devices.
        rankings: one per measurement that enough devices have.
    """

    group: Group
    rankings: tuple[Ranking, ...]

    @cached_property
    def overall(self) -> list[tuple[Unit, float, list[tuple[Ranking, Standing]]]]:
        """Returns each device with its median ratio and slow measurements, the slowest first."""
        ratios: dict[str, list[float]] = {}
        slow: dict[str, list[tuple[Ranking, Standing]]] = {}
        for ranking in self.rankings:
            for one in ranking.standings:
                ratios.setdefault(one.unit.key, []).append(one.ratio)
                if one.strange and one.ratio < 1:
                    slow.setdefault(one.unit.key, []).append((ranking, one))
        found = [
            (unit, _middle(ratios.get(key, [])), slow.get(key, []))
            for key, unit in self.group.units.items()
        ]
        return sorted(found, key=lambda one: (not one[2], _worst(one[2]), one[1]))


def ranked(group: Group, level: float, least: float) -> Ranked:
    """Ranks the devices of a group.

    Args:
        group: the devices.
        level: share of measurements in which a fleet without any real difference has a device
            named.
        least: smaller relative differences are not named.
    """
    found = []
    for what, told in group.seen.items():
        levels = {key: level_of(each) for key, each in told.items()}
        found.append(_ranking(group, what, levels, (level, least)))
    return Ranked(group, tuple(found))


def _ranking(
    group: Group, what: What, levels: Mapping[str, Level], asked: tuple[float, float]
) -> Ranking:
    keys = list(levels)
    sign = -1 if what.unit == Dimension.TIME else 1
    logs = {place: sign * math.log(levels[key].value) for place, key in enumerate(keys)}
    centre = median(logs.values())
    deviation = TO_NORMAL * median(abs(one - centre) for one in logs.values())
    shifted = {place: one - centre + 1 for place, one in logs.items()}
    errors = {place: levels[key].error for place, key in enumerate(keys)}
    strange = {one.number: one for one in outliers(shifted, asked[0], errors)}
    usual = Usual.of(list(levels.values()))
    standings = []
    for place, key in enumerate(keys):
        away = logs[place] - centre
        named = place in strange and abs(math.expm1(away)) >= asked[1]
        cause = usual.cause(what, levels[key], away) if named and away < 0 else ""
        standings.append(
            Standing(
                unit=group.units[key],
                level=levels[key],
                ratio=math.exp(away),
                distance=away / deviation if deviation else None,
                strange=named,
                cause=cause,
            )
        )
    ordered = tuple(sorted(standings, key=lambda one: (one.ratio, one.unit.called)))
    middle = math.exp(sign * centre)
    return Ranking(what, ordered, middle, deviation, limit_of(max(5, len(keys)), asked[0]))


def _middle(ratios: Sequence[float]) -> float:
    return median(ratios) if ratios else math.nan


def _worst(slow: Sequence[tuple[Ranking, Standing]]) -> float:
    return min((one.ratio for _, one in slow), default=1.0)
