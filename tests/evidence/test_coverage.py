"""In worlds whose truth is known, stated intervals hold it as often as they say, and no oftener.

Seeds are fixed: a run gives the same numbers each time. Earlier methods, and that of figures, were
mended on the seeds used here. That of work (an integral over the ratio of the variances) was chosen
among 16 priors on seeds 11 to 20 alone, and then judged once, on seeds 3101 to 3103: there work
covered 95.5 to 96.8% in each setting (97.1% at most before), figures 94.6 to 96.1% (before chips
whose values disagree had wider intervals: 94.3 to 95.4%), and 92.9 to 93.9% where values of 15% of
the chips scatter four times as much. A match at the very edge of the margin
was said in 4.3% of work (standard error 0.4%), and in 5.1% of figures where values are tightest
(0.4%): a test at 5% says it in 5%. The spread of coverage from world to world says how far these
numbers are to be trusted; it is asserted to be small, too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from bench.claims.judge import Word, bounds, word
from bench.evidence.estimate import Estimate
from bench.evidence.observe import Observation
from bench.evidence.pool import Evidence
from bench.evidence.quantities import QUANTITIES
from tests.evidence.cases import seen

MARGIN = 0.10
EDGE = 1 + MARGIN
TRUE = {
    (0, 1): EDGE,
    (2, 3): 1 / EDGE,
    (4, 5): 1.15,
    (6, 7): 1.0,
    (8, 9): 1.6,
    (10, 11): EDGE,
    (12, 13): 1 / EDGE,
}
"""Ratios of some pairs of chips, as far as there are so many; those of all others are drawn."""


@dataclass(frozen=True)
class Setting:
    """How values come about: scatter of one value and of groups, and how many there are of each.

    Attributes:
        residual, group: standard deviations of logarithms.
        weights: what values may weigh; the variance of one is divided by its weight.
        worlds: how many are drawn.
        lent: how many values of another quantity there are, which scatters alike.
        wild: share of chips whose single values scatter four times as much.
    """

    residual: float
    group: float
    groups: int = 15
    chips: int = 20
    values: int = 40
    weights: tuple[float, ...] = (1.0,)
    worlds: int = 280
    lent: int = 0
    wild: float = 0.0


FIGURES = {
    "alike": Setting(0.06, 0.07),
    "groups-apart": Setting(0.02, 0.10),
    "groups-as-one": Setting(0.08, 0.0),
    "tight": Setting(0.01, 0.01, worlds=700),
    "weighted": Setting(0.05, 0.08, weights=(1.0, 0.5, 0.25)),
    "few-a-chip": Setting(0.06, 0.07, groups=14, chips=29, lent=45),  # as memory bandwidth is
}
DISAGREE = Setting(0.06, 0.07, wild=0.15)
MANY = Setting(0.01, 0.01, groups=30, values=90, worlds=80)
WORKS = {
    "alike": Setting(0.10, 0.10, groups=12, chips=10, worlds=230),
    "software-apart": Setting(0.05, 0.20, groups=12, chips=10, worlds=230),
    "works-apart": Setting(0.15, 0.10, groups=12, chips=10, worlds=230),
    "works-far-apart": Setting(0.20, 0.10, groups=12, chips=10, worlds=230),
    "few-groups": Setting(0.10, 0.10, groups=7, chips=10, worlds=400),
    "weighted": Setting(0.10, 0.10, groups=12, chips=10, weights=(1.0, 0.5), worlds=230),
}
TIGHT = Setting(0.01, 0.015, groups=16, chips=8)


@dataclass(frozen=True)
class Trial:
    """One estimate beside the truth."""

    world: int
    true: float
    low: float
    high: float
    word: Word
    widened: float

    @property
    def covers(self) -> bool:
        return self.low <= self.true <= self.high


def _levels(rng: np.random.Generator, chips: int) -> list[float]:
    """Draws the level of each chip, some in the ratios that are asked for."""
    levels = [float(one) for one in rng.normal(0, 1, chips)]
    for (first, second), true in _told(chips).items():
        levels[first] = levels[second] + math.log(true)
    return levels


def _told(chips: int) -> dict[tuple[int, int], float]:
    return {pair: true for pair, true in TRUE.items() if max(pair) < chips}


def _spots(rng: np.random.Generator, setting: Setting) -> list[tuple[int, int]]:
    """Draws who measured what: some groups and chips are busier, each has a value at least."""
    groups = rng.dirichlet(np.full(setting.groups, 0.7))
    chips = rng.dirichlet(np.ones(setting.chips))
    spots = {(group, int(rng.choice(setting.chips, p=chips))) for group in range(setting.groups)}
    for chip in set(range(setting.chips)) - {chip for _, chip in spots}:
        spots.add((int(rng.choice(setting.groups, p=groups)), chip))
    while len(spots) < setting.values:
        spots.add(
            (int(rng.choice(setting.groups, p=groups)), int(rng.choice(setting.chips, p=chips)))
        )
    return sorted(spots)


def _figures(
    rng: np.random.Generator, setting: Setting, levels: list[float]
) -> Iterator[Observation]:
    groups = rng.normal(0, setting.group, setting.groups)
    wild = rng.random(setting.chips) < setting.wild if setting.wild else np.zeros(setting.chips)
    for group, chip in _spots(rng, setting):
        weight = float(rng.choice(setting.weights))
        noise = rng.normal(0, setting.residual / math.sqrt(weight)) * (4 if wild[chip] else 1)
        value = math.exp(levels[chip] + groups[group] + noise)
        yield seen(f"c{chip}", value, f"h{group}", weight=weight)
    if setting.lent:
        lender = replace(setting, groups=15, chips=20, values=setting.lent, lent=0)
        for one in _figures(rng, lender, _levels(rng, 20)):
            yield replace(one, quantity=QUANTITIES["memory_copy"])


def _works(
    rng: np.random.Generator, setting: Setting, levels: list[float]
) -> Iterator[Observation]:
    """Draws groups with two to four chips that each did most of up to three of its works."""
    for group in range(setting.groups):
        works = rng.normal(0, 1.5, int(rng.integers(1, 4)))
        for chip in rng.choice(setting.chips, int(rng.integers(2, 5)), replace=False):
            own = levels[chip] + rng.normal(0, setting.group)
            for place, work in enumerate(works):
                weight = float(rng.choice(setting.weights))
                noise = rng.normal(0, setting.residual / math.sqrt(weight))
                if rng.random() < 0.8:
                    yield seen(
                        f"c{chip}", math.exp(own + work + noise), f"h{group}", weight=weight,
                        quantity="decode", dtype="fp8", work={"model": f"m{place}"},
                    )  # fmt: skip


def _pairs(rng: np.random.Generator, chips: int) -> list[tuple[int, int]]:
    drawn = (rng.choice(chips, 2, replace=False) for _ in range(3))
    return [*_told(chips), *((int(first), int(second)) for first, second in drawn)]


def _trials(setting: Setting, *, of_work: bool) -> Iterator[Trial]:
    rng = np.random.default_rng(20_261_126)
    draw = _works if of_work else _figures
    for place in range(setting.worlds):
        levels = _levels(rng, setting.chips)
        evidence = Evidence(draw(rng, setting, levels))
        for first, second in _pairs(rng, setting.chips):
            found = _estimate(evidence, f"c{first}", f"c{second}", of_work=of_work)
            if found is not None:
                true = math.exp(levels[first] - levels[second])
                said = word(bounds(found, 1.0), MARGIN)
                yield Trial(place, true, *found.interval(), said, found.contrast.widened)


def _estimate(evidence: Evidence, first: str, second: str, *, of_work: bool) -> Estimate | None:
    if of_work:
        return evidence.of_work({first}, {second}, "decode")
    return evidence.of_figure("matrix_bf16", {first}, {second})


@cache
def trials(setting: Setting, *, of_work: bool = False) -> tuple[Trial, ...]:
    return tuple(_trials(setting, of_work=of_work))


def _share(found: list[tuple[int, bool]]) -> tuple[float, float]:
    """Returns the share that is true and its standard error, worlds being independent."""
    hits = np.array([hit for _, hit in found], float)
    worlds = np.array([world for world, _ in found])
    away = np.bincount(worlds, hits - hits.mean())
    return float(hits.mean()), float(np.sqrt(np.sum(away**2))) / len(hits)


def _check_coverage(found: tuple[Trial, ...]) -> None:
    covered, error = _share([(one.world, one.covers) for one in found])
    told = f"{covered:.1%} of {len(found)} intervals hold the truth (standard error {error:.1%})"
    assert error < 0.0085, told
    assert 0.93 <= covered <= 0.97, told


@pytest.mark.parametrize("name", FIGURES)
def test_the_stated_interval_of_a_figure_holds_the_truth(name: str) -> None:
    _check_coverage(trials(FIGURES[name]))


def test_where_values_disagree_the_wider_interval_holds_the_truth() -> None:
    """Without the wider one 83% of those that are widened do, and 91% of all."""
    found = trials(DISAGREE)
    widened = [one.covers for one in found if one.widened > 1.2]
    assert len(widened) > 200
    assert np.mean(widened) >= 0.93
    assert np.mean([one.covers for one in found]) >= 0.92


@pytest.mark.parametrize("name", WORKS)
def test_the_stated_interval_of_work_holds_the_truth(name: str) -> None:
    _check_coverage(trials(WORKS[name], of_work=True))


def _said(found: tuple[Trial, ...], what: Word, *true: float) -> tuple[float, float]:
    """Returns how often a word was said where the ratio is one of some, with its standard error."""
    of = [one for one in found if any(math.isclose(one.true, ratio) for ratio in true)]
    assert len(of) > 60
    return _share([(one.world, one.word is what) for one in of])


@pytest.mark.parametrize("wrong", [Word.MATCH, Word.EXCEEDS])
@pytest.mark.parametrize("name", FIGURES)
def test_at_the_edge_of_the_margin_a_word_is_wrongly_said_in_a_twentieth_at_most(
    name: str, wrong: Word
) -> None:
    true = (EDGE, 1 / EDGE) if wrong is Word.MATCH else (EDGE,)
    said, error = _said(trials(FIGURES[name]), wrong, *true)
    # A test at exactly 5% is above 5% in half of all draws of worlds.
    assert said <= 0.05 + 2 * error, f"{wrong} in {said:.1%} at the edge (error {error:.1%})"


@pytest.mark.parametrize("name", FIGURES)
def test_beyond_the_edge_a_match_is_said_in_under_a_twentieth(name: str) -> None:
    for true in (1.15, 1.6):
        said, _ = _said(trials(FIGURES[name]), Word.MATCH, true)
        assert said < 0.05, f"match in {said:.1%} at {true}"


def test_work_is_called_a_match_where_it_is_and_not_at_or_beyond_the_edge() -> None:
    found = trials(TIGHT, of_work=True)
    for true in (EDGE, 1 / EDGE):
        said, error = _said(found, Word.MATCH, true)
        assert said <= 0.05 + 2 * error, f"match in {said:.1%} at {true} (error {error:.1%})"
    assert _said(found, Word.MATCH, 1.15)[0] < 0.05
    assert _said(found, Word.MATCH, 1.0)[0] > 0.8


def test_chips_that_are_equal_match_in_most_worlds_of_many_groups_and_little_scatter() -> None:
    for what, true in ((Word.MATCH, 1.0), (Word.EXCEEDS, 1.6)):
        said, _ = _said(trials(MANY), what, true)
        assert said > 0.95, f"{what} in {said:.1%} at {true}"


@pytest.mark.parametrize(
    "setting", [FIGURES["alike"], FIGURES["few-a-chip"], DISAGREE], ids=["alike", "few", "wild"]
)
def test_the_interval_of_what_a_chip_reaches_holds_the_truth(setting: Setting) -> None:
    rng = np.random.default_rng(7)
    held = []
    for place in range(230):
        levels = _levels(rng, setting.chips)
        evidence = Evidence(_figures(rng, setting, levels))
        for chip in range(6):
            found = evidence.achieved("matrix_bf16", f"c{chip}")
            assert found is not None
            held.append((place, found.low <= math.exp(levels[chip]) <= found.high))
    covered, error = _share(held)
    told = f"{covered:.1%} of {len(held)} intervals hold the truth (standard error {error:.1%})"
    assert 0.93 <= covered <= 0.97, told
