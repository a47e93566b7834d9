"""A kernel as a formula with few parameters: how it is fitted, and how far chips depart from it.

Each formula keeps apart what the chip's sheet says, what the work is and what software makes of
both. Only the last is fitted, on measured times of several chips: one chip has one vote, and
outliers count little.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from bench.predict.learning.pooled import Departures, pooled
from bench.predict.learning.robust import robust
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array

SMOOTH = 0.17
"""Log error up to which errors count by their square."""
UNITS = 132.0
"""Compute units of a chip that publishes none: the middle of those that were fitted on."""
STEEP = 4.0
Free = Mapping[str, tuple[float, float, bool]]
"""By parameter its bounds, and whether it is looked for in logs."""
Work = TypeVar("Work")
How = TypeVar("How")


@dataclass(frozen=True)
class Kernel(Generic[Work, How]):
    """One kind of kernel.

    Attributes:
        name: what is predicted.
        work: makes the work of arrays by name, one place a case; what chips promise is in it too.
        start: software's parameters, where the fit begins.
        seconds: the time of each case.
        roofline: what paper says of it, s.
        free: the parameters that are fitted.
    """

    name: str
    work: Callable[..., Work]
    start: How
    seconds: Callable[[Work, How], Array]
    roofline: Callable[[Work], Array]
    free: Free

    def joined(self, every: Sequence[Work]) -> Work:
        """Returns works of several chips as one."""
        keys = vars(every[0])
        return self.work(**{key: np.concatenate([vars(one)[key] for one in every]) for key in keys})

    def made(self, values: Array) -> How:
        """Returns parameters of what a fit looks for."""
        told = zip(self.free.items(), values, strict=True)
        found = {key: math.exp(one) if logs else float(one) for (key, (_, _, logs)), one in told}
        return type(self.start)(**{**vars(self.start), **found})


@dataclass(frozen=True)
class Known(Generic[Work]):
    """Measured cases by chip.

    Attributes:
        chips: facts of each.
        works: what was run on each.
        times: of each case, s.
        names: of each case, as a report groups them.
    """

    chips: tuple[Facts, ...]
    works: tuple[Work, ...]
    times: tuple[Array, ...]
    names: tuple[tuple[str, ...], ...]

    def without(self, chip: Facts) -> "Known[Work]":
        """Returns all chips but one."""
        return self._at([place for place, one in enumerate(self.chips) if one != chip])

    def only(self, chip: Facts) -> "Known[Work]":
        """Returns one chip."""
        return self._at([self.chips.index(chip)])

    def _at(self, places: Sequence[int]) -> "Known[Work]":
        return Known(
            tuple(self.chips[place] for place in places),
            tuple(self.works[place] for place in places),
            tuple(self.times[place] for place in places),
            tuple(self.names[place] for place in places),
        )


def gathered(
    rows: Iterable[Row],
    chips: Mapping[str, Facts],
    takes: Callable[[Row, Facts], bool],
    made: Callable[[Sequence[Row], Facts], Work],
    named: Callable[[Sequence[Row], Facts], tuple[str, ...]],
) -> Known[Work]:
    """Returns rows of a table of kernels, chip by chip.

    Args:
        rows: with microseconds.
        chips: by id; rows of others are left out.
        takes: whether a row on its chip is kept.
        made: the work of rows on one chip.
        named: their groups.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.chip in chips and takes(row, chips[row.chip]):
            groups.setdefault(row.chip, []).append(row)
    return Known(
        tuple(chips[one] for one in groups),
        tuple(made(own, chips[one]) for one, own in groups.items()),
        tuple(np.array([row["us"] * 1e-6 for row in own]) for own in groups.values()),
        tuple(named(own, chips[one]) for one, own in groups.items()),
    )


def learnt(kernel: Kernel[Work, How], known: Known[Work]) -> tuple[How, Departures]:
    """Returns what all chips say of a kernel, and each chip's departure from it."""
    how = fit(kernel, known)
    pairs = zip(known.works, known.times, strict=True)
    logs = [np.log(times / kernel.seconds(work, how)) for work, times in pairs]
    labels = [chip.labels for chip, one in zip(known.chips, logs, strict=True) for _ in one]
    return how, pooled(labels, [float(one) for one in np.concatenate(logs)])


def fit(kernel: Kernel[Work, How], known: Known[Work]) -> How:
    """Returns what explains the measured times best, in log time."""
    from scipy.optimize import least_squares

    every, logs = kernel.joined(known.works), np.log(np.concatenate(known.times))
    votes = _votes(known.times)

    def errors(values: Array) -> Array:
        told = np.log(kernel.seconds(every, kernel.made(values)))
        return robust(told - logs, SMOOTH, votes)

    low, high = (np.array(_scaled(kernel.free, place)) for place in (0, 1))
    started = [_in(float(vars(kernel.start)[key]), logs=one[2]) for key, one in kernel.free.items()]
    first = np.clip(started, low + 1e-9, high - 1e-9)
    size = np.maximum(np.abs(first), 0.1)
    best = least_squares(errors, first, bounds=(low, high), x_scale=size)
    return kernel.made(best.x)


def _votes(times: Sequence[Array]) -> Array:
    """Returns weights of residuals: one on average, and their squares alike for every chip."""
    mean = float(np.mean([len(one) for one in times]))
    return np.concatenate([np.full(len(one), math.sqrt(mean / len(one))) for one in times])


def _scaled(free: Free, place: int) -> list[float]:
    return [_in(float(one[place]), logs=one[2]) for one in free.values()]


def _in(value: float, *, logs: bool) -> float:
    return math.log(value) if logs else value


def read_at(moved: Array, memory: Array, cached: Array, room: Array) -> Array:
    """Returns the bandwidth at which bytes are read again and again, as a benchmark does, B/s.

    Args:
        moved: bytes.
        memory: bandwidth of memory.
        cached: bandwidth of the last-level cache.
        room: bytes of it that may hold them; about that size the two blend.
    """
    inside = 1 / (1 + (np.maximum(moved, 1.0) / np.maximum(room, 1e-3)) ** STEEP)
    return np.asarray(1 / ((1 - inside) / memory + inside / np.maximum(memory, cached)))
