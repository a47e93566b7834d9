"""Errors, bias and coverage of predictions of what was held out; and whether they got worse.

One chip has one vote in coverage, and in the mean by chips: 300 products on one are not 300
witnesses. The other mean and the median are over cases, as others who publish errors take them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.predict.learning.pooled import LEVELS

OVERALL, PART = 0.05, 0.10
"""By how much, relative, the mean error may rise: over all parts, and of any one (the gate of
aiconfigurator's own tests)."""
NOISE = 5e-4
"""Error that another machine's last bits may add."""
LAST = 1e-9
"""What counts as nothing in a share: 33 of 44 is no more than 5 points off 80%."""


@dataclass(frozen=True)
class Outcome:
    """One measured time beside what was predicted of it.

    Attributes:
        chip: id of the sheet; of a ratio both, the first over the second.
        work: what was run: kernel, or model with its software.
        error: log of predicted over measured.
        halves: half-widths of the interval of log time at ``LEVELS``; empty where none is told.
        rivals: the same errors of the part's two baselines.
        measured: seconds, or share of a figure; None where it is not kept.
        ends: log of the interval's ends over measured at ``LEVELS``, where it is cut off; empty
            where ``halves`` tell it.
    """

    chip: str
    work: str
    error: float
    halves: tuple[float, ...]
    rivals: tuple[float, float]
    measured: float | None = None
    ends: tuple[tuple[float, float], ...] = ()

    def bounds(self, place: int) -> tuple[float, float]:
        """Returns log of the interval's ends over measured at a place of ``LEVELS``."""
        if self.ends:
            return self.ends[place]
        return self.error - self.halves[place], self.error + self.halves[place]

    def inside(self, place: int) -> bool:
        """Tells whether what was measured lies within the interval at a place of ``LEVELS``."""
        low, high = self.bounds(place)
        return low <= 0.0 <= high


@dataclass(frozen=True)
class Bar:
    """What a part must reach; None: nothing is asked.

    Attributes:
        mean, median, worst, largest: of the error: see ``Figures``.
        bias: largest median error either way.
        cover: how far coverage may be from nominal.
        wider: intervals may cover more than they say.
        times: how many times smaller than that of the bare roofline the mean must be.
        half: the median is to be at most half of the better baseline's.
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
    """One thing tested one way.

    Attributes:
        name: what is predicted.
        split: what was held out.
        cases: all of them.
        bar: what it must reach.
        note: what has to be said of it.
    """

    name: str
    split: str
    cases: tuple[Outcome, ...]
    bar: Bar = field(default_factory=Bar)
    note: str = ""

    @property
    def key(self) -> str:
        """Returns the name that a part has in files."""
        return f"{self.name}: {self.split}"


@dataclass(frozen=True)
class Figures:
    """What errors come to; an error is the size of predicted / measured - 1.

    Attributes:
        count, chips: cases, and chips (pairs of chips) that they are of.
        mean, median: over cases.
        by_chip: mean over chips of a chip's mean error.
        bias: median of predicted / measured - 1 over cases.
        worst_chip, worst: the chip with the largest mean, and that mean.
        largest: of one case.
        inside: shares of cases within the interval at ``LEVELS``, mean over chips; empty where no
            interval is told.
        rivals: mean and median over cases of each baseline.
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
    """Returns what some cases come to.

    Raises:
        ValueError: there is none.
    """
    if not cases:
        raise ValueError("no cases")
    groups = by(cases, lambda one: one.chip)
    means = {chip: float(np.mean(_size(one.error for one in own))) for chip, own in groups.items()}
    worst = max(means, key=lambda chip: means[chip])
    sizes = _size(one.error for one in cases)
    told = all(one.halves for one in cases)
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
        inside=tuple(_inside(groups, place) for place in range(len(LEVELS))) if told else (),
        rivals=(_rival(cases, 0), _rival(cases, 1)),
    )


def by(cases: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """Returns cases in groups, in the order they come."""
    groups: dict[str, list[Outcome]] = {}
    for one in cases:
        groups.setdefault(key(one), []).append(one)
    return groups


def _size(logs: Iterable[float]) -> list[float]:
    return [abs(math.expm1(one)) for one in logs]


def _inside(groups: Mapping[str, Sequence[Outcome]], place: int) -> float:
    held = [[one.inside(place) for one in own] for own in groups.values()]
    return float(np.mean([np.mean(own) for own in held]))


def _rival(cases: Sequence[Outcome], place: int) -> tuple[float, float]:
    sizes = _size(one.rivals[place] for one in cases)
    return float(np.mean(sizes)), float(np.median(sizes))


def missed(bar: Bar, found: Figures) -> list[str] | None:
    """Returns what of a bar is not reached, in words; None where nothing is asked."""
    if bar == Bar():
        return None
    upper = {
        "mean": (found.mean, bar.mean),
        "median": (found.median, bar.median),
        "worst chip": (found.worst, bar.worst),
        "largest": (found.largest, bar.largest),
        "bias": (abs(found.bias), bar.bias),
    }
    told = [
        f"{name} {value:.1%} over {100 * limit:g}%"
        for name, (value, limit) in upper.items()
        if limit is not None and value > limit
    ]
    return told + _uncovered(bar, found) + _unbeaten(bar, found)


def _uncovered(bar: Bar, found: Figures) -> list[str]:
    if bar.cover is None:
        return []
    if not found.inside:
        return ["no interval is given"]
    pairs = zip(LEVELS, found.inside, strict=True)
    off = [
        (level, share)
        for level, share in pairs
        if abs(share - level) > bar.cover + LAST and not (bar.wider and share > level)
    ]
    return [f"{level:.0%} interval holds {share:.1%}" for level, share in off]


def _unbeaten(bar: Bar, found: Figures) -> list[str]:
    told = []
    roofline = found.rivals[0][0]
    if bar.times is not None and found.mean * bar.times > roofline:
        told.append(f"roofline only {roofline / found.mean:.2f} times worse, not {bar.times:g}")
    better = min(median for _, median in found.rivals)
    if bar.half and found.median > better / 2:
        told.append(f"median {found.median:.1%} over half of the sheets' {better:.1%}")
    return told


@dataclass(frozen=True)
class Change:
    """A part, or all, beside the same of an earlier state.

    Attributes:
        name: of the part, or ``overall``.
        before, now: mean error; None where it is gone.
        allowed: largest that is none the worse.
    """

    name: str
    before: float
    now: float | None
    allowed: float

    @property
    def worse(self) -> bool:
        """Tells whether it got worse by more than the rule lets pass."""
        return self.now is None or self.now > self.allowed


def changes(before: Mapping[str, float], now: Mapping[str, float], *, whole: bool) -> list[Change]:
    """Returns parts that both know, and the mean over them.

    Args:
        before: mean error by part, of the earlier state.
        now: the same of this one.
        whole: every part was tested: one that is gone is worse, and so may the whole be.
    """
    names = [name for name in before if name in now or whole]
    found = [Change(one, before[one], now.get(one), _most(before[one], PART)) for one in names]
    both = [one for one in found if one.now is not None]
    if not (whole and both):
        return found
    first, then = (float(np.mean([getattr(one, key) for one in both])) for key in ("before", "now"))
    return [Change("overall", first, then, _most(first, OVERALL)), *found]


def _most(before: float, share: float) -> float:
    return before * (1 + share) + NOISE
