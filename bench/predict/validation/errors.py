"""Errors, bias and coverage of predictions on hold-out data, and whether they got worse.

Each chip has one vote in the coverage and in the mean by chip, because 300 products on one chip are
not 300 independent cases. The other mean and the median are over cases, as in published work.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bench.predict.learning.pooling import COVERAGES

OVERALL, PART = 0.05, 0.10
"""Relative increase of the mean error that is allowed, over all parts and in any single part (the
gate of aiconfigurator's own tests)."""
NOISE = 5e-4
"""Absolute error that rounding on another machine may add."""
FITTED = "fitted on these rows"
"""Name of the split of parts on which constants of the model were set, so that they test nothing;
they are left out of the mean over parts."""
LAST = 1e-9
"""Rounding tolerance of a share, so that 33 of 44 is no more than 5 points off 80%."""


@dataclass(frozen=True)
class Outcome:
    """One measured time with its prediction.

    Attributes:
        chip: id of the sheet; for a ratio, ids of both chips, first over second.
        work: what was run: a kernel, or a model with its software.
        error: log of predicted over measured.
        halves: half-widths of the interval in log time at ``COVERAGES``; empty without an interval.
        rivals: errors of the part's two baselines, as logs.
        measured: measured time in s, or share of a figure; None if it is not kept.
        ends: log of the interval's ends over the measured value at ``COVERAGES``, for an interval
            that is cut off; else empty, and ``halves`` give the interval.
    """

    chip: str
    work: str
    error: float
    halves: tuple[float, ...]
    rivals: tuple[float, float]
    measured: float | None = None
    ends: tuple[tuple[float, float], ...] = ()

    def bounds(self, place: int) -> tuple[float, float]:
        """Returns the logs of the interval's ends over measured, at an index of ``COVERAGES``."""
        if self.ends:
            return self.ends[place]
        return self.error - self.halves[place], self.error + self.halves[place]

    def inside(self, place: int) -> bool:
        """Tells whether the interval contains the measured value, at an index of ``COVERAGES``."""
        low, high = self.bounds(place)
        return low <= 0.0 <= high


@dataclass(frozen=True)
class Bar:
    """Targets that a part must reach; None means no target.

    Attributes:
        mean, median, worst, largest: upper limits of the errors of the same names in ``Figures``.
        bias: upper limit of the absolute bias.
        cover: allowed distance of coverage from nominal.
        wider: whether coverage may exceed nominal by any amount.
        times: factor by which the mean error must be smaller than the bare roofline's.
        half: whether the median error must be at most half of the better baseline's.
    """

    mean: float | None = None
    median: float | None = None
    worst: float | None = None
    largest: float | None = None
    bias: float | None = None
    cover: float | None = None
    wider: bool = False
    times: float | None = None
    half: bool = False


@dataclass(frozen=True)
class Part:
    """One kind of prediction, tested with one kind of hold-out.

    Attributes:
        name: what is predicted.
        split: what was held out.
        cases: every case with its prediction.
        bar: the targets.
        note: a remark for readers; may be empty.
    """

    name: str
    split: str
    cases: tuple[Outcome, ...]
    bar: Bar = field(default_factory=Bar)
    note: str = ""

    @property
    def key(self) -> str:
        """Returns the name of the part in files."""
        return f"{self.name}: {self.split}"

    @property
    def tests(self) -> bool:
        """Tells whether the model was made without these cases."""
        return self.split != FITTED

    @cached_property
    def figures(self) -> "Figures":
        """Returns the summary of its cases.

        Raises:
            ValueError: there are no cases.
        """
        return figures(self.cases)

    @cached_property
    def misses(self) -> list[str] | None:
        """Returns the targets that are not reached, in words; None if there is no target."""
        return missed(self.bar, self.figures)


@dataclass(frozen=True)
class Figures:
    """Summary of errors; an error is the absolute value of predicted / measured - 1.

    Attributes:
        count: number of cases.
        chips: number of chips, or of pairs of chips.
        mean, median: mean and median error over cases.
        by_chip: mean over chips of each chip's mean error.
        bias: median of predicted / measured - 1 over cases.
        worst_chip, worst: the chip with the largest mean error, and that mean.
        largest: largest error of a single case.
        inside: share of cases within the interval at each of ``COVERAGES``, mean over chips; empty
            without intervals.
        rivals: mean and median error over cases of each baseline.
    """

    count: int
    chips: int
    mean: float
    by_chip: float
    median: float
    bias: float
    worst_chip: str
    worst: float
    largest: float
    inside: tuple[float, ...]
    rivals: tuple[tuple[float, float], tuple[float, float]]


def figures(cases: Sequence[Outcome]) -> Figures:
    """Returns the summary of some cases.

    Raises:
        ValueError: there are no cases.
    """
    if not cases:
        raise ValueError("no cases")
    groups = grouped(cases, lambda one: one.chip)
    means = {chip: float(np.mean(_size(one.error for one in own))) for chip, own in groups.items()}
    worst = max(means, key=lambda chip: means[chip])
    sizes = _size(one.error for one in cases)
    has_intervals = all(one.halves for one in cases)
    return Figures(
        count=len(cases),
        chips=len(groups),
        mean=float(np.mean(sizes)),
        by_chip=float(np.mean(list(means.values()))),
        median=float(np.median(sizes)),
        bias=float(np.median([math.expm1(one.error) for one in cases])),
        worst_chip=worst,
        worst=means[worst],
        largest=float(np.max(sizes)),
        inside=tuple(_inside(groups, i) for i in range(len(COVERAGES))) if has_intervals else (),
        rivals=(_rival(cases, 0), _rival(cases, 1)),
    )


def grouped(cases: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """Returns cases by their key, in the order of first appearance."""
    groups: dict[str, list[Outcome]] = {}
    for one in cases:
        groups.setdefault(key(one), []).append(one)
    return groups


def _size(logs: Iterable[float]) -> list[float]:
    """Returns the absolute relative errors for log errors."""
    return [abs(math.expm1(one)) for one in logs]


def _inside(groups: Mapping[str, Sequence[Outcome]], place: int) -> float:
    """Returns the coverage at an index of ``COVERAGES``, as the mean over groups."""
    covered = [[one.inside(place) for one in own] for own in groups.values()]
    return float(np.mean([np.mean(own) for own in covered]))


def _rival(cases: Sequence[Outcome], place: int) -> tuple[float, float]:
    """Returns the mean and median error of a baseline."""
    sizes = _size(one.rivals[place] for one in cases)
    return float(np.mean(sizes)), float(np.median(sizes))


def missed(bar: Bar, found: Figures) -> list[str] | None:
    """Returns the targets that are not reached, in words; None if there is no target."""
    if bar == Bar():
        return None
    upper = {
        "mean": (found.mean, bar.mean),
        "median": (found.median, bar.median),
        "worst chip": (found.worst, bar.worst),
        "largest": (found.largest, bar.largest),
        "bias": (abs(found.bias), bar.bias),
    }
    above = [
        f"{name} {value:.1%} over {100 * limit:g}%"
        for name, (value, limit) in upper.items()
        if limit is not None and value > limit
    ]
    return above + _missed_coverage(bar, found) + _missed_baselines(bar, found)


def _missed_coverage(bar: Bar, found: Figures) -> list[str]:
    if bar.cover is None:
        return []
    if not found.inside:
        return ["no interval is given"]
    pairs = zip(COVERAGES, found.inside, strict=True)
    off = [
        (level, share)
        for level, share in pairs
        if abs(share - level) > bar.cover + LAST and not (bar.wider and share > level)
    ]
    return [f"{level:.0%} interval holds {share:.1%}" for level, share in off]


def _missed_baselines(bar: Bar, found: Figures) -> list[str]:
    words = []
    roofline = found.rivals[0][0]
    if bar.times is not None and found.mean * bar.times > roofline:
        words.append(f"roofline only {roofline / found.mean:.2f} times worse, not {bar.times:g}")
    better = min(median for _, median in found.rivals)
    if bar.half and found.median > better / 2:
        words.append(f"median {found.median:.1%} over half of the sheets' {better:.1%}")
    return words


@dataclass(frozen=True)
class Change:
    """The mean error of one part, or of all, compared with an earlier state.

    Attributes:
        name: name of the part, or ``overall``.
        before: mean error in the earlier state.
        now: mean error now; None if the part no longer exists.
        allowed: largest mean error that does not count as worse.
    """

    name: str
    before: float
    now: float | None
    allowed: float

    @property
    def worse(self) -> bool:
        """Tells whether the error grew by more than is allowed."""
        return self.now is None or self.now > self.allowed


def changes(before: Mapping[str, float], now: Mapping[str, float], *, whole: bool) -> list[Change]:
    """Returns the change of each part in both states, and of the mean over those that are tests.

    Args:
        before: mean error by part in the earlier state.
        now: mean error by part in this state.
        whole: whether every part was tested; then a missing part counts as worse, and the mean over
            parts is compared, too.
    """
    names = [name for name in before if name in now or whole]
    found = [Change(one, before[one], now.get(one), _most(before[one], PART)) for one in names]
    both = [one for one in found if one.now is not None and not one.name.endswith(FITTED)]
    if not (whole and both):
        return found
    earlier = float(np.mean([one.before for one in both]))
    mean = float(np.mean([one.now for one in both if one.now is not None]))
    return [Change("overall", earlier, mean, _most(earlier, OVERALL)), *found]


def _most(before: float, share: float) -> float:
    """Returns the largest mean error that is allowed."""
    return before * (1 + share) + NOISE
