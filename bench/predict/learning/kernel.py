"""A kernel's time as a formula with few parameters: its fit, and how far chips depart from it.

Each formula separates the figures of the chip's sheet, the work, and the parameters of the
software. Only the last are fitted, on measured times on several chips: each chip has one vote, and
outliers count little.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Generic, TypeVar

import numpy as np

from bench.predict.learning.leastsquares import Free, best_values, chip_votes, named, robust, scaled
from bench.predict.learning.pooling import Departures, pooled
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts, Labels
from bench.predict.model.operators import Array
from bench.predict.model.stack import CLOCK
from bench.predict.model.step import headroom

SMOOTH = 0.17
"""Log error up to which the loss is about quadratic."""
UNITS = 132.0
"""Compute units assumed for a chip that publishes none: the median of the fitted chips."""
STEEP = 4.0
"""Steepness of the transition from cache to memory bandwidth."""
Bands = Sequence[tuple[float, str]]
Work = TypeVar("Work")
Params = TypeVar("Params")


@dataclass(frozen=True)
class Kernel(Generic[Work, Params]):
    """Formula of one kind of kernel, with ``Work`` as its input and ``Params`` as its parameters.

    Attributes:
        name: name of what is predicted.
        start: software parameters with which the fit starts.
        seconds: function that returns the time of each case in s.
        roofline: function that returns the time of each case at the published figures in s.
        free: parameters that are fitted.
    """

    name: str
    start: Params
    seconds: Callable[[Work, Params], Array]
    roofline: Callable[[Work], Array]
    free: Free

    def params(self, values: Array) -> Params:
        """Returns the software parameters for values as the fit uses them, some as logarithms."""
        return type(self.start)(**{**vars(self.start), **named(self.free, values)})


@dataclass(frozen=True)
class MeasuredCases(Generic[Work]):
    """Measured cases by chip; all attributes have one entry per chip.

    Attributes:
        chips: facts of the chip.
        works: the work of its cases.
        times: measured time of each case, s.
        names: name of each case's group in reports.
    """

    chips: tuple[Facts, ...]
    works: tuple[Work, ...]
    times: tuple[Array, ...]
    names: tuple[tuple[str, ...], ...]

    def chosen(self, wanted: Callable[[Facts], bool]) -> "MeasuredCases[Work]":
        """Returns the cases of some of the chips."""
        kept = [wanted(chip) for chip in self.chips]
        return MeasuredCases(*(tuple(compress(each, kept)) for each in vars(self).values()))

    @property
    def labels(self) -> list[Labels]:
        """Returns the labels of each case's chip."""
        pairs = zip(self.chips, self.times, strict=True)
        return [chip.labels for chip, times in pairs for _ in times]

    def beyond(self, seconds: Callable[[Work], Array]) -> list[Array]:
        """Returns the logs of measured times over those of a formula, chip by chip."""
        pairs = zip(self.works, self.times, strict=True)
        return [np.log(times / seconds(work)) for work, times in pairs]


def joined(works: Sequence[Work]) -> Work:
    """Returns the works of several chips, whose attributes are arrays, as one."""
    keys = vars(works[0])
    arrays = {key: np.concatenate([vars(one)[key] for one in works]) for key in keys}
    return type(works[0])(**arrays)


def as_arrays(cases: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Returns the values of cases by name, one array per name."""
    return {key: np.array([case[key] for case in cases]) for key in cases[0]}


def published(chip: Facts, dtype: str) -> dict[str, float]:
    """Returns the figures of a chip's sheet that most kernels use, for one number format."""
    rate = chip.peak(dtype)
    return {
        "rate": rate, "bandwidth": chip.bandwidth or math.nan, "clock": chip.clock or CLOCK,
        "data_bandwidth": chip.data_bandwidth or math.nan, "headroom": headroom(chip, rate),
    }  # fmt: skip


def cases_by_chip(
    rows: Iterable[Row],
    chips: Mapping[str, Facts],
    keep: Callable[[Row, Facts], bool],
    work_of: Callable[[Sequence[Row], Facts], Work],
    names_of: Callable[[Sequence[Row], Facts], tuple[str, ...]],
) -> MeasuredCases[Work]:
    """Returns the rows of a table of kernels as cases by chip.

    Args:
        rows: rows with the time in us in column ``us``.
        chips: facts by id; rows of other chips are left out.
        keep: tells whether a row on its chip is kept.
        work_of: returns the work of rows on one chip.
        names_of: returns the name of each row's group in reports.
    """
    rows_of: dict[str, list[Row]] = {}
    for row in rows:
        if row.chip in chips and keep(row, chips[row.chip]):
            rows_of.setdefault(row.chip, []).append(row)
    return MeasuredCases(
        tuple(chips[chip] for chip in rows_of),
        tuple(work_of(kept, chips[chip]) for chip, kept in rows_of.items()),
        tuple(np.array([row["us"] * 1e-6 for row in kept]) for kept in rows_of.values()),
        tuple(names_of(kept, chips[chip]) for chip, kept in rows_of.items()),
    )


def bands(column: str, limits: Bands) -> Callable[[Iterable[Row], object], tuple[str, ...]]:
    """Returns a function that returns the name of the band that each row's size is in.

    Args:
        column: the column of the size.
        limits: upper limit of each band, ascending, and its name.
    """

    def names(rows: Iterable[Row], _: object) -> tuple[str, ...]:
        return tuple(next(name for most, name in limits if row[column] <= most) for row in rows)

    return names


def fit_all_chips(
    kernel: Kernel[Work, Params], known: MeasuredCases[Work]
) -> tuple[Params, Departures]:
    """Returns a kernel's parameters fitted on all chips, and the departures of chips from them."""
    params = fit(kernel, known)
    logs = known.beyond(lambda work: kernel.seconds(work, params))
    return params, pooled(known.labels, [float(log) for log in np.concatenate(logs)])


def fit(kernel: Kernel[Work, Params], known: MeasuredCases[Work]) -> Params:
    """Returns the parameters that explain the log of the measured times best."""
    work, logs = joined(known.works), np.log(np.concatenate(known.times))
    mean = float(np.mean([len(one) for one in known.times]))
    votes = chip_votes(known.labels, mean)

    def errors(values: Array) -> Array:
        predicted = np.log(kernel.seconds(work, kernel.params(values)))
        return robust(predicted - logs, SMOOTH, votes)

    given = vars(kernel.start)
    first = np.array([scaled(kernel.free, key, float(given[key])) for key in kernel.free])
    return kernel.params(best_values(kernel.free, first, errors))


def reread_bandwidth(moved: Array, memory: Array, cached: Array, room: Array) -> Array:
    """Returns the bandwidth at which the same bytes are read repeatedly, as benchmarks do, B/s.

    Args:
        moved: size of what is read, B.
        memory: memory bandwidth, B/s.
        cached: bandwidth of the last-level cache, B/s.
        room: usable size of that cache, B; around this size the two bandwidths blend.
    """
    inside = 1 / (1 + (np.maximum(moved, 1.0) / np.maximum(room, 1e-3)) ** STEEP)
    return np.asarray(1 / ((1 - inside) / memory + inside / np.maximum(memory, cached)))
