"""Measured ratios of chips with intervals, pooled from all admissible evidence.

Figures: each group that measured a chip has one vote, its best admissible value. Votes are pooled
in a model with a random effect per group, so that what one group measured on both chips counts as
a direct comparison (``mixed``). The scatter between groups is learnt from every chip of the family.

Work, such as decoding: values are compared only if one group did the same work on both chips. The
random effect is that of a group on a chip: its software, its tuning, its card. Few values determine
its scatter, so the interval integrates over it.
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
"""Spare values of either kind from which on a family tells its scatter by itself."""
FEWEST = 3
"""Spare values of either kind that all families together must have: fewer cannot part the two."""
ALONE = ("capacity",)
"""Families that borrow from no other, as their values are no rates."""
FIGURED = ("matrix", "vector", "memory", "link", "sparse", "capacity")
Test = Callable[[Observation], object]


class Evidence:
    """All observations, with the models of how they scatter.

    Args:
        observations: what is known of every chip.
        without: classes that are left out.
    """

    def __init__(self, observations: Iterable[Observation], without: Collection[Kind] = ()) -> None:
        self.every = tuple(_left_out(one) if one.kind in without else one for one in observations)
        self.admitted = tuple(one for one in self.every if one.weight > 0)
        self._models: dict[str, Mixed] = {}
        self._tellers: dict[str, tuple[Mixed | None, bool]] = {}

    @cached_property
    def _voices(self) -> Mapping[str, tuple[Observation, ...]]:
        """Maps figures to the best value of each group and chip."""
        best: dict[str, dict[Hashable, Observation]] = {}
        for one in self.admitted:
            for voice in (one, *_both_ways(one)) if one.figure else ():
                held = best.setdefault(voice.figure or "", {})
                key = (voice.by, voice.chip)
                if key not in held or _standing(voice) < _standing(held[key]):
                    held[key] = voice
        return {figure: tuple(held.values()) for figure, held in best.items()}

    def voices(self, figure: str, chips: Collection[str] = ()) -> tuple[Observation, ...]:
        """Returns the best value of each group for a figure, for some chips or all."""
        found = self._voices.get(figure, ())
        return tuple(one for one in found if not chips or one.chip in chips)

    def scatter(self, family: str) -> tuple[Scatter | None, bool]:
        """Returns how far a family's values scatter, and whether others had to lend theirs.

        None where all together are too few to tell.
        """
        teller, borrowed = self._teller(family)
        return teller.scatter if teller else None, borrowed

    def _teller(self, family: str) -> tuple[Mixed | None, bool]:
        """Returns the model that tells a family's scatter, and whether others had to lend it."""
        if family not in self._tellers:
            own = self._family(lambda one: one.quantity.family == family)
            if own and _enough(own, family):
                self._tellers[family] = own, False
            else:
                lent = None if family in ALONE else self._lent[family in FIGURED]
                self._tellers[family] = lent, True
        return self._tellers[family]

    @cached_property
    def _lent(self) -> Mapping[bool, Mixed | None]:
        """Returns the model of all work and that of all figures, by whether it is of figures."""
        both = {kind: self._family(_like(figured=kind)) for kind in (False, True)}
        return {
            kind: found if found and min(found.tells) >= FEWEST else None
            for kind, found in both.items()
        }

    def _family(self, belongs: Test) -> Mixed | None:
        voices = [one for held in self._voices.values() for one in held if belongs(one)]
        works = [one for one in _matched(self._works) if belongs(one)]
        return _of_figures(voices) if voices else _of_works(works) if works else None

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
        """Maps a family and a chip to the places of its values among all of work."""
        found: dict[tuple[str, str], list[int]] = {}
        for place, one in enumerate(self._works):
            found.setdefault((one.quantity.family, one.chip), []).append(place)
        return found

    def of_figure(
        self, figure: str, first: Collection[str], second: Collection[str]
    ) -> Estimate | None:
        """Returns the measured ratio of a figure; None without a voice for either side.

        Args:
            figure: its key.
            first: ids of sheets; several are one chip whose variant nobody names.
            second: those of the chip it is divided by.
        """
        voices = self.voices(figure)
        of = {one.chip: _side(one, first, second) for one in voices}
        if not {FIRST, SECOND} <= set(of.values()):
            return None
        scatter, borrowed = self.scatter(voices[0].quantity.family)
        if scatter is None:
            return None
        if len(first) == len(second) == 1:
            model = self._model(figure)
            asked = np.array([_sign(side) for side in of.values()])
        else:
            sides = [of[one.chip] or one.chip for one in voices]
            model = _pooled(voices, sides)
            asked = np.array([_sign(side) for side in dict.fromkeys(sides)])
        contrast = model.contrast(asked, scatter)
        named = [of[one.chip] for one in voices]
        return _estimate(contrast, voices, named, scatter, borrowed=borrowed)

    def _model(self, figure: str) -> Mixed:
        """Returns the model of a figure's voices, a level a chip."""
        if figure not in self._models:
            voices = self.voices(figure)
            self._models[figure] = _pooled(voices, [one.chip for one in voices])
        return self._models[figure]

    def of_work(
        self,
        first: Collection[str],
        second: Collection[str],
        family: str,
        fits: Test | None = None,
    ) -> Estimate | None:
        """Returns the measured ratio of a family of work; None where nobody did it on both.

        Args:
            first: ids of sheets.
            second: those of the chip it is divided by.
            family: such as ``decode``.
            fits: which of its values are asked for; default all.
        """
        places = (self._works_of.get((family, chip), ()) for chip in {*first, *second})
        known = (self._works[place] for place in sorted(chain.from_iterable(places)))
        chosen = [one for one in known if fits is None or fits(one)]
        both = _matched(chosen, lambda one: _side(one, first, second))
        teller, borrowed = self._teller(family)
        if not both or teller is None or teller.scatter is None:
            return None
        sides = [_side(one, first, second) for one in both]
        cells = effects([_work(one) for one in both])
        column = np.array([[float(side == FIRST)] for side in sides])
        groups = [(one.by, side) for one, side in zip(both, sides, strict=True)]
        model = Mixed(_logs(both), np.hstack([cells, column]), groups, _weights(both))
        return _estimate(model.last(teller), both, sides, teller.scatter, borrowed=borrowed)

    def achieved(self, figure: str, chip: str) -> Achieved | None:
        """Returns what the voices together say a chip reaches of a figure."""
        voices = self.voices(figure)
        own = tuple(one for one in voices if one.chip == chip)
        scatter, _ = self.scatter(own[0].quantity.family) if own else (None, False)
        if scatter is None:
            return None
        chips = dict.fromkeys(one.chip for one in voices)
        asked = np.array([float(one == chip) for one in chips])
        found = self._model(figure).contrast(asked, scatter)
        if found is None:
            return None
        low, high = found.interval(LEVEL)
        return Achieved(math.exp(found.value), math.exp(low), math.exp(high), own)


def _left_out(one: Observation) -> Observation:
    return replace(one, weight=0.0, why=(*one.why, "left out"))


def _enough(own: Mixed, family: str) -> bool:
    """Tells whether a family's values tell both variances; of what is held one is told by few."""
    return own.spare >= LEAST if family in ALONE else min(own.tells) >= LEAST


def _like(*, figured: bool) -> Test:
    """Returns the test of what scatters like a family that has too few values itself."""
    return lambda one: (
        one.quantity.family not in ALONE and (one.quantity.family in FIGURED) == figured
    )


def _both_ways(one: Observation) -> Iterator[Observation]:
    """Yields a copy in one direction as the half that it is of a link's both directions."""
    if one.figure == "link_bandwidth_oneway":
        paper = one.paper and replace(one.paper, key="link_bandwidth", value=2 * one.paper.value)
        both = replace(QUANTITIES["peer_bidirectional"], ranks=1)
        yield replace(one, quantity=both, value=2 * one.value, paper=paper)


def _standing(one: Observation) -> tuple[int, float]:
    return one.quantity.ranks, -one.rate


def _work(one: Observation) -> Hashable:
    """Returns what two values must share to be compared: whose rules, the quantity, the work."""
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


def _pooled(voices: Sequence[Observation], cells: Sequence[Hashable]) -> Mixed:
    """Returns the model of one figure's voices: a level a cell, a random effect a group."""
    groups = [one.by for one in voices]
    return Mixed(_logs(voices), effects(cells), groups, _weights(voices))


def _of_figures(voices: list[Observation]) -> Mixed:
    fixed = effects([(one.figure, one.chip) for one in voices])
    groups = [(one.figure, one.by) for one in voices]
    return Mixed(_logs(voices), fixed, groups, _weights(voices))


def _of_works(works: list[Observation]) -> Mixed:
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
