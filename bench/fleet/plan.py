"""Plans the measuring of a fleet: how long it takes, and which slowdowns it will find."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.fleet.outliers import LEAST_DEVICES, found_share, least_found, limit_of
from bench.report.markup import Report
from bench.report.scalar import Rows, Scalar
from bench.report.table import Table

SURE = 0.99
SIMULATED = 40_000
REPEATS = (1, 2, 3, 5, 10)
OVERHEAD_S = 15.0
"""Set-up time of a run in seconds, beside the suite's; an assumption, and shown as one."""


@dataclass(frozen=True)
class Plan:
    """The parameters of a plan.

    Attributes:
        devices: the number in the fleet.
        at_once: how many are measured at the same time.
        seconds: time of the suite in one run.
        chips: true relative standard deviation between devices.
        noise: relative standard deviation between runs of one device.
        slow: the relative slowdown that should be found.
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
        """Returns how much the medians of so many runs differ from device to device."""
        return math.hypot(self.chips, self.noise * _of_median(repeats))

    def hours(self, repeats: int) -> float:
        """Returns how long it takes."""
        rounds = math.ceil(self.devices / self.at_once)
        return rounds * repeats * (self.seconds + OVERHEAD_S) / 3600


@cache
def _of_median(count: int) -> float:
    """Returns the standard deviation of the median of this many normal values, by simulation."""
    drawn = np.random.default_rng(count).standard_normal((SIMULATED, count))
    return float(np.median(drawn, axis=1).std())


def plan_page(plan: Plan) -> Report:
    """Returns the plan as a table, a row for each number of runs per device."""
    limit = limit_of(max(LEAST_DEVICES, plan.devices), plan.level)
    columns = ("runs per device", "records", "takes", "deviation", "slowdown found with 99%",
               f"a slowdown of {plan.slow:.1%} is found")  # fmt: skip
    flat = list(_rows(plan))
    cells = tuple(
        (
            f"{row['repeats']}", f"{row['records']:,}", f"{row['hours']:.2f} h",
            f"{row['deviation']:.2%}", f"{row['least_found']:.2%}", f"{row['found']:.1%}",
        )
        for row in flat
    )  # fmt: skip
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
        cells=cells,
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
    return Report(table, Rows(lambda: flat))


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
            "least_found": least_found(SURE, deviation, devices, plan.level),
            "found": found_share(plan.slow, deviation, devices, plan.level),
        }
