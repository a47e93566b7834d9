"""Plans the measuring of a fleet: how long it takes, and which slowdowns it will find."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.fleet.outliers import LEAST_DEVICES, detectable_slowdown, detection_probability, limit_of
from bench.report.table import Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Rows, Scalar

DETECTION_TARGET = 0.99
"""Probability with which the smallest detectable slowdown is found."""
SIMULATED_MEDIANS = 40_000
REPEATS = (1, 2, 3, 5, 10)
"""Numbers of runs per device that a plan compares."""
OVERHEAD_S = 15.0
"""Assumed set-up time of a run, s, in addition to the suite; shown as an assumption."""


@dataclass(frozen=True)
class Plan:
    """The parameters of a plan.

    Attributes:
        devices: number of devices in the fleet.
        at_once: number of devices measured at the same time.
        seconds: duration of the suite in one run, s.
        chips: true relative standard deviation between devices.
        noise: relative standard deviation between runs of one device.
        slow: relative slowdown that should be found.
        level: share of figures in which a fleet without any real difference has a device named.
    """

    devices: int
    at_once: int
    seconds: float
    chips: float
    noise: float
    slow: float
    level: float

    def deviation(self, repeats: int) -> float:
        """Returns the relative standard deviation between devices of medians over ``repeats``."""
        return math.hypot(self.chips, self.noise * _deviation_of_median(repeats))

    def hours(self, repeats: int) -> float:
        """Returns how long the measuring takes, hours."""
        rounds = math.ceil(self.devices / self.at_once)
        return rounds * repeats * (self.seconds + OVERHEAD_S) / 3600


@cache
def _deviation_of_median(count: int) -> float:
    """Returns the standard deviation of the median of this many normal values, by simulation."""
    drawn = np.random.default_rng(count).standard_normal((SIMULATED_MEDIANS, count))
    return float(np.median(drawn, axis=1).std())


def plan_page(plan: Plan) -> Report:
    """Returns the plan as a table, a row for each number of runs per device."""
    limit = limit_of(max(LEAST_DEVICES, plan.devices), plan.level)
    columns = ("runs per device", "records", "takes", "deviation", "slowdown found with 99%",
               f"a slowdown of {plan.slow:.1%} is found")  # fmt: skip
    rows = list(_rows(plan))
    table = Table(
        title=f"Plan for a fleet of {plan.devices:,} devices",
        heading=(
            (
                f"{plan.at_once:,} measured at once, {plan.seconds:g} s per run plus an assumed "
                f"{OVERHEAD_S:g} s of set-up"
            ),
            f"Assumed: devices differ by {plan.chips:.2%}, runs of one device by {plan.noise:.2%}",
        ),
        columns=columns,
        cells=tuple(map(_cells, rows)),
        summary=(
            (
                f"A device is named beyond {limit:.2f} deviations; chance alone names one in "
                f"{plan.level:.2%} of figures."
            ),
        ),
        notes=(
            (
                "Normal distributions are assumed. Take chips= and noise= from a fleet already "
                "measured: 'fleet records=' prints its spread."
            ),
        ),
    )
    return Report(table, Rows(lambda: rows))


def _cells(row: dict[str, Scalar]) -> tuple[str, ...]:
    hours = float(row["hours"] or 0)
    return (
        f"{row['repeats']}", f"{row['records']:,}",
        f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min",
        f"{row['deviation']:.2%}", f"{row['least_found']:.2%}", f"{row['found']:.1%}",
    )  # fmt: skip


def _rows(plan: Plan) -> Iterator[dict[str, Scalar]]:
    devices = max(LEAST_DEVICES, plan.devices)
    for repeats in REPEATS:
        deviation = plan.deviation(repeats)
        yield {
            "devices": plan.devices,
            "repeats": repeats,
            "records": plan.devices * repeats,
            "hours": plan.hours(repeats),
            "deviation": deviation,
            "least_found": detectable_slowdown(DETECTION_TARGET, deviation, devices, plan.level),
            "found": detection_probability(plan.slow, deviation, devices, plan.level),
        }
