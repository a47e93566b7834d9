"""Measured ratios of chips with intervals, pooled from all admissible evidence.

Figures: each group that measured a chip has one vote, its best admissible value. Votes are pooled
in a model with a random effect per group, so that a group that measured both chips counts as a
direct comparison (``mixed``). The scatter between groups comes from every chip of the family; the
error of a chip whose votes differ by more is larger.

Work, such as decoding: values are compared only if one group did the same work on both chips. The
random effect is per group and chip: its software, its tuning, its card. Few values determine its
scatter, so the interval integrates over it.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain

import numpy as np

from bench.evidence.estimate import LEVEL, Achieved, Estimate
from bench.evidence.mixed import Contrast, Mixed, Scatter, effects
from bench.evidence.model import Kind
from bench.evidence.observe import Observation
from bench.evidence.quantities import QUANTITIES

BITS = {
    "fp64": 64, "fp32": 32, "tf32": 32, "hf32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "mxfp8": 8,
    "int8": 8, "fp6": 6, "fp4": 4, "nvfp4": 4, "mxfp4": 4, "int4": 4,
}  # fmt: skip
"""Formats of equal width count as the same work, as no chip has all of them."""
FIRST, SECOND = "first", "second"
LEAST = 8
"""Degrees of freedom for each of the two variances, from which on a family is fitted alone."""
FEWEST = 3
"""Degrees of freedom for each variance that all families together must have, to separate them."""
ALONE = ("capacity",)
"""Families that never borrow from others, as their values are no rates."""
FIGURED = ("matrix", "vector", "memory", "link", "sparse", "capacity")
"""Families of quantities that test a figure; all others are work."""
Test = Callable[[Observation], object]


class Evidence:
    """All observations, with the fitted models of their scatter.

    Args:
        observations: the observations of all chips.
        without: classes to leave out.
    """

    def __init__(self, observations: Iterable[Observation], without: Collection[Kind] = ()) -> None:
        self.every = tuple(_left_out(one) if one.kind in without else one for one in observations)
        self.admitted = tuple(one for one in self.every if one.weight > 0)
        self._models: dict[str, Mixed] = {}
        self._scatter_models: dict[str, tuple[Mixed | None, bool]] = {}

    @cached_property
    def _votes(self) -> Mapping[str, tuple[Observation, ...]]:
        """Maps figures to the best value of each group and chip."""
        best: dict[str, dict[Hashable, Observation]] = {}
        for one in self.admitted:
            for vote in (one, *_both_ways(one)) if one.figure else ():
                by_group = best.setdefault(vote.figure or "", {})
                key = (vote.by, vote.chip)
                if key not in by_group or _rank(vote) < _rank(by_group[key]):
                    by_group[key] = vote
        return {figure: tuple(votes.values()) for figure, votes in best.items()}

    def votes(self, figure: str, chips: Collection[str] = ()) -> tuple[Observation, ...]:
        """Returns the best value of each group for a figure, for some chips or all."""
        found = self._votes.get(figure, ())
        return tuple(one for one in found if not chips or one.chip in chips)

    def scatter(self, family: str) -> tuple[Scatter | None, bool]:
        """Returns the scatter of a family (None if unknown), and whether it is borrowed."""
        model, borrowed = self._scatter_model(family)
        return model.scatter if model else None, borrowed

    def _scatter_model(self, family: str) -> tuple[Mixed | None, bool]:
        """Returns the model with a family's scatter, and whether it is borrowed from others."""
        if family not in self._scatter_models:
            own = self._family(lambda one: one.quantity.family == family)
            if own and _enough(own, family):
                self._scatter_models[family] = own, False
            else:
                borrowed = None if family in ALONE else self._borrowed_models[family in FIGURED]
                self._scatter_models[family] = borrowed, True
        return self._scatter_models[family]

    @cached_property
    def _borrowed_models(self) -> Mapping[bool, Mixed | None]:
        """Returns the model of all figures (key True), and that of all work (key False)."""
        both = {kind: self._family(_like(figured=kind)) for kind in (False, True)}
        return {
            kind: found if found and min(found.informative) >= FEWEST else None
            for kind, found in both.items()
        }

    def _family(self, belongs: Test) -> Mixed | None:
        votes = [one for each in self._votes.values() for one in each if belongs(one)]
        works = [one for one in _matched(self._works) if belongs(one)]
        return _of_figures(votes) if votes else _of_works(works) if works else None

    @cached_property
    def _works(self) -> tuple[Observation, ...]:
        """Returns the best value of each group, chip and work."""
        best: dict[Hashable, Observation] = {}
        for one in self.admitted:
            if one.figure is None:
                key = (_work(one), one.by, one.chip)
                if key not in best or one.rate > best[key].rate:
                    best[key] = one
        return tuple(best.values())

    @cached_property
    def _works_of(self) -> Mapping[tuple[str, str], list[int]]:
        """Maps a family and a chip to the indices of its values in ``_works``."""
        found: dict[tuple[str, str], list[int]] = {}
        for place, one in enumerate(self._works):
            found.setdefault((one.quantity.family, one.chip), []).append(place)
        return found

    def of_figure(
        self, figure: str, first: Collection[str], second: Collection[str]
    ) -> Estimate | None:
        """Returns the measured ratio of a figure; None unless both sides have a vote.

        Args:
            figure: key of the figure.
            first: ids of the first chip's sheets; several if its variant is not named.
            second: ids of the sheets of the chip it is divided by.
        """
        votes = self.votes(figure)
        side_of = {one.chip: _side(one, first, second) for one in votes}
        if not {FIRST, SECOND} <= set(side_of.values()):
            return None
        scatter, borrowed = self.scatter(votes[0].quantity.family)
        if scatter is None:
            return None
        if len(first) == len(second) == 1:
            model = self._model(figure)
            weights = np.array([_sign(side) for side in side_of.values()])
        else:
            sides = [side_of[one.chip] or one.chip for one in votes]
            model = _pooled(votes, sides)
            weights = np.array([_sign(side) for side in dict.fromkeys(sides)])
        contrast = model.contrast(weights, scatter)
        side_of_votes = [side_of[one.chip] for one in votes]
        return _estimate(contrast, votes, side_of_votes, scatter, borrowed=borrowed)

    def _model(self, figure: str) -> Mixed:
        """Returns the model of a figure's votes, with one level per chip."""
        if figure not in self._models:
            votes = self.votes(figure)
            self._models[figure] = _pooled(votes, [one.chip for one in votes])
        return self._models[figure]

    def of_work(
        self,
        first: Collection[str],
        second: Collection[str],
        family: str,
        fits: Test | None = None,
    ) -> Estimate | None:
        """Returns the measured ratio of a family of work; None if nobody did it on both chips.

        Args:
            first: ids of the first chip's sheets.
            second: ids of the sheets of the chip it is divided by.
            family: the family, such as ``decode``.
            fits: test that selects values; default all.
        """
        places = (self._works_of.get((family, chip), ()) for chip in {*first, *second})
        known = (self._works[place] for place in sorted(chain.from_iterable(places)))
        chosen = [one for one in known if fits is None or fits(one)]
        both = _matched(chosen, lambda one: _side(one, first, second))
        scatter_model, borrowed = self._scatter_model(family)
        if not both or scatter_model is None or scatter_model.scatter is None:
            return None
        sides = [_side(one, first, second) for one in both]
        cells = effects([_work(one) for one in both])
        column = np.array([[float(side == FIRST)] for side in sides])
        groups = [(one.by, side) for one, side in zip(both, sides, strict=True)]
        model = Mixed(_logs(both), np.hstack([cells, column]), groups, _weights(both))
        effect = model.last_effect(scatter_model)
        return _estimate(effect, both, sides, scatter_model.scatter, borrowed=borrowed)

    def achieved(self, figure: str, chip: str) -> Achieved | None:
        """Returns the pooled measured rate of a chip for a figure; None without a vote.

        It is the mean of the chip's own votes. What is learnt of a group on other chips enters
        ratios alone: no better does it predict what the next group finds, and the mean could lie
        above every rate that anybody measured.
        """
        own = self.votes(figure, (chip,))
        scatter, _ = self.scatter(own[0].quantity.family) if own else (None, False)
        found = _pooled(own, [chip] * len(own)).contrast(np.ones(1), scatter) if scatter else None
        if found is None:
            return None
        low, high = found.interval(LEVEL)
        return Achieved(math.exp(found.value), math.exp(low), math.exp(high), own, found.widened)


def _left_out(one: Observation) -> Observation:
    return replace(one, weight=0.0, why=(*one.why, "left out"))


def _enough(own: Mixed, family: str) -> bool:
    """Returns whether a family's values determine its variances; capacities vary little."""
    return own.freedom >= LEAST if family in ALONE else min(own.informative) >= LEAST


def _like(*, figured: bool) -> Test:
    """Returns a test for values that may lend their scatter: all of figures, or all of work."""
    return lambda one: (
        one.quantity.family not in ALONE and (one.quantity.family in FIGURED) == figured
    )


def _both_ways(one: Observation) -> Iterator[Observation]:
    """Yields a one-way link rate as a rate of both directions, which is twice as high."""
    if one.figure == "link_bandwidth_oneway":
        paper = one.paper and replace(one.paper, key="link_bandwidth", value=2 * one.paper.value)
        both = replace(QUANTITIES["peer_bidirectional"], ranks=1)
        yield replace(one, quantity=both, value=2 * one.value, paper=paper)


def _rank(one: Observation) -> tuple[int, float]:
    return one.quantity.ranks, -one.rate


def _work(one: Observation) -> Hashable:
    """Returns what two values must share to be comparable: the rules, the quantity, the work."""
    width = BITS.get(one.dtype or "", one.dtype)
    return one.under, one.quantity.key, width, one.count, one.work


def _matched(found: Iterable[Observation], side: Test = lambda one: one.chip) -> list[Observation]:
    """Returns the values whose work was done on more than one side."""
    values = list(found)
    sides = {(_work(one), side(one)) for one in values}
    shared = Counter(work for work, _ in sides)
    return [one for one in values if shared[_work(one)] > 1]


def _side(one: Observation, first: Collection[str], second: Collection[str]) -> str:
    return FIRST if one.chip in first else SECOND if one.chip in second else ""


def _sign(side: str) -> float:
    return {FIRST: 1.0, SECOND: -1.0}.get(side, 0.0)


def _logs(found: Iterable[Observation]) -> list[float]:
    return [math.log(one.rate) for one in found]


def _weights(found: Iterable[Observation]) -> list[float]:
    return [one.weight for one in found]


def _pooled(votes: Sequence[Observation], cells: Sequence[Hashable]) -> Mixed:
    """Returns the model of one figure's votes: a level per cell, a random effect per group."""
    groups = [one.by for one in votes]
    return Mixed(_logs(votes), effects(cells), groups, _weights(votes))


def _of_figures(votes: list[Observation]) -> Mixed:
    """Returns the model of votes on several figures: a level per figure and chip."""
    fixed = effects([(one.figure, one.chip) for one in votes])
    groups = [(one.figure, one.by) for one in votes]
    return Mixed(_logs(votes), fixed, groups, _weights(votes))


def _of_works(works: list[Observation]) -> Mixed:
    """Returns the model of values of work: a level per work, and one per family and chip."""
    cells = effects([_work(one) for one in works])
    chips = effects([(one.quantity.family, one.chip) for one in works])
    groups = [(one.quantity.family, one.by, one.chip) for one in works]
    return Mixed(_logs(works), np.hstack([cells, chips]), groups, _weights(works))


def _estimate(
    contrast: Contrast | None,
    found: Iterable[Observation],
    sides: Iterable[str],
    scatter: Scatter,
    *,
    borrowed: bool,
) -> Estimate | None:
    if contrast is None:
        return None
    pairs = list(zip(found, sides, strict=True))
    first = tuple(one for one, side in pairs if side == FIRST)
    second = tuple(one for one, side in pairs if side == SECOND)
    both = {one.by for one in first} & {one.by for one in second}
    return Estimate(contrast, first, second, len(both), scatter, borrowed)
