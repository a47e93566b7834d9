"""Ranks devices on each measurement and names those that differ, with a likely cause.

A device is compared with its fleet in three ways: its rate, its clock under that load, and its
temperature. If the rate is as low as the clock, the clock is the cause, and throttle reasons say
why. If the rate is low at full clock, the cause is the chip or its link.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import NamedTuple

from bench.archive.entry import What
from bench.fleet.cause import TypicalReadings
from bench.fleet.gather import Device, Group, Level, level_of
from bench.fleet.outliers import compare_devices, limit_of
from bench.units import Dimension


@dataclass(frozen=True)
class Standing:
    """One device on one measurement.

    Attributes:
        device: the device.
        level: its result.
        ratio: its rate over the fleet's median; above 1 is better.
        distance: distance from the median in robust deviations; None if more than half of the
            devices are identical.
        differs: whether it differs by more than chance and by enough to matter.
        cause: why it may be slow; empty if it is not slow.
    """

    device: Device
    level: Level
    ratio: float
    distance: float | None
    differs: bool
    cause: str = ""


@dataclass(frozen=True)
class Ranking:
    """All devices of a group on one measurement.

    Attributes:
        what: the measurement.
        standings: the devices, slowest first.
        middle: median over devices, in base units.
        deviation: relative robust standard deviation over devices.
        limit: distance, in deviations, beyond which chance is ruled out.
    """

    what: What
    standings: tuple[Standing, ...]
    middle: float
    deviation: float
    limit: float

    @property
    def slow(self) -> list[Standing]:
        """Returns the devices that are slower than chance explains, the slowest first."""
        return [one for one in self.standings if one.differs and one.ratio < 1]

    @property
    def fast(self) -> list[Standing]:
        """Returns the devices that are faster than chance explains, the fastest first."""
        return [one for one in self.standings if one.differs and one.ratio > 1][::-1]


class Overall(NamedTuple):
    """One device over all measurements.

    Attributes:
        device: the device.
        ratio: median of its ratios; NaN if it has none.
        slow: the measurements on which it is slow.
    """

    device: Device
    ratio: float
    slow: list[tuple[Ranking, Standing]]

    @property
    def worst(self) -> float:
        """Returns its lowest ratio on a slow measurement; 1 if there is none."""
        return min((standing.ratio for _, standing in self.slow), default=1.0)


@dataclass(frozen=True)
class RankedGroup:
    """A group with its rankings.

    Attributes:
        group: the devices.
        rankings: one per measurement that enough devices have.
    """

    group: Group
    rankings: tuple[Ranking, ...]

    @cached_property
    def overall(self) -> list[Overall]:
        """Returns each device over all measurements, the slowest first."""
        ratios: dict[str, list[float]] = {}
        slow: dict[str, list[tuple[Ranking, Standing]]] = {}
        for ranking in self.rankings:
            for one in ranking.standings:
                ratios.setdefault(one.device.key, []).append(one.ratio)
                if one.differs and one.ratio < 1:
                    slow.setdefault(one.device.key, []).append((ranking, one))
        overall = [
            Overall(device, _middle(ratios.get(key, [])), slow.get(key, []))
            for key, device in self.group.devices.items()
        ]
        return sorted(overall, key=lambda one: (not one.slow, one.worst, one.ratio))


def rank_group(group: Group, level: float, least: float) -> RankedGroup:
    """Ranks the devices of a group.

    Args:
        group: the devices.
        level: share of measurements in which a fleet without any real difference has a device
            named.
        least: smaller relative differences are not named.
    """
    rankings = []
    for what, results_by_device in group.results.items():
        levels = {key: level_of(results) for key, results in results_by_device.items()}
        rankings.append(_ranking(group, what, levels, (level, least)))
    return RankedGroup(group, tuple(rankings))


def _ranking(
    group: Group, what: What, levels: Mapping[str, Level], level_and_least: tuple[float, float]
) -> Ranking:
    keys, (level, least) = list(levels), level_and_least
    sign = -1 if what.unit == Dimension.TIME else 1
    rates = {index: levels[key].value ** sign for index, key in enumerate(keys)}
    errors = {index: levels[key].error for index, key in enumerate(keys)}
    compared = compare_devices(rates, errors, level, least)
    outlying = {outlier.number for outlier in compared.outliers}
    typical = TypicalReadings.of(list(levels.values()))
    standings = []
    for index, key in enumerate(keys):
        log_ratio, differs = compared.log_ratios[index], index in outlying
        cause = typical.cause(what, levels[key], log_ratio) if differs and log_ratio < 0 else ""
        standings.append(
            Standing(
                device=group.devices[key],
                level=levels[key],
                ratio=math.exp(log_ratio),
                distance=compared.distance(index),
                differs=differs,
                cause=cause,
            )
        )
    ordered = tuple(sorted(standings, key=lambda one: (one.ratio, one.device.display_name)))
    middle = compared.middle**sign
    return Ranking(what, ordered, middle, compared.deviation, limit_of(max(5, len(keys)), level))


def _middle(ratios: Sequence[float]) -> float:
    return median(ratios) if ratios else math.nan
