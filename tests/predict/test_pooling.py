"""Departures pooled over chips: intervals that cover as told, siblings heard, outliers not."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from bench.predict.learning.learn import load
from bench.predict.learning.pooling import (
    COVERAGES,
    LEAST_SPREAD,
    VENDOR_SPREAD,
    Departures,
    pooled,
)
from bench.predict.model.facts import Labels

FAMILY, SILICON, CHIP = math.sqrt(0.4), math.sqrt(0.4), math.sqrt(0.2)
WORLDS = 120
Chips = dict[Labels, float]


def world(rng: Generator, spread: float, families: int, silicons: int, siblings: int) -> Chips:
    """Chips of one vendor with departures that share what families and silicon have in common."""
    found: Chips = {}
    for family in range(families):
        ours = 0.03 + spread * FAMILY * rng.normal()
        for silicon in range(silicons):
            both = ours + spread * SILICON * rng.normal()
            for one in range(siblings):
                place = f"{family}.{silicon}"
                labels = Labels("acme", f"{family}", place, f"{place}.{one}")
                found[labels] = both + spread * CHIP * rng.normal()
    return found


def seen(rng: Generator, chips: Chips, within: float, cases: int = 6) -> Departures:
    """What is learnt from some cases of each chip."""
    labels = [one for one in chips for _ in range(cases)]
    return pooled(labels, [chips[one] + within * rng.normal() for one in labels])


def told(known: Departures, *labels: Labels, level: float = 0.95) -> tuple[list[float], float]:
    """Returns the means of chips, and the half-width of the first one's interval."""
    means, covariance = known.predicted(labels)
    return [float(one) for one in means], known.half(float(covariance[0, 0]), level)


@cache
def covered(
    spread: float, within: float, families: int, silicons: int, siblings: int
) -> list[float]:
    """The share of worlds in which a case of a chip that was left out lies in its interval."""
    rng = default_rng(20)
    hits = np.zeros(len(COVERAGES))
    for _ in range(WORLDS):
        chips = world(rng, spread, families, silicons, siblings)
        left = list(chips)[rng.integers(len(chips))]
        case = chips.pop(left) + within * rng.normal()
        known = seen(rng, chips, within)
        for place, level in enumerate(COVERAGES):
            (mean,), half = told(known, left, level=level)
            hits[place] += abs(case - mean) <= half
    return [float(one) for one in hits / WORLDS]


@pytest.mark.parametrize(
    ("spread", "within", "families", "silicons", "siblings"),
    [(0.15, 0.05, 6, 2, 1), (0.10, 0.05, 11, 1, 1), (0.15, 0.05, 4, 1, 3), (0.15, 0.005, 4, 2, 3)],
    ids=["silicons", "families", "siblings", "sure siblings"],
)
def test_intervals_of_a_chip_left_out_cover_as_often_as_they_say(
    spread: float, within: float, families: int, silicons: int, siblings: int
) -> None:
    """Three binomial errors below the level at most, and not always."""
    shares = covered(spread, within, families, silicons, siblings)
    for level, share in zip(COVERAGES, shares, strict=True):
        assert share >= level - 3 * math.sqrt(level * (1 - level) / WORLDS)
    assert shares[0] < 0.92


@pytest.mark.parametrize("siblings", [1, 3])
@pytest.mark.parametrize("within", [0.05, 0.005])
def test_what_is_predicted_has_a_covariance(siblings: int, within: float) -> None:
    """Symmetric, and no combination of departures with a negative variance."""
    rng = default_rng(7)
    for _ in range(20):
        chips = world(rng, 0.15, 4, 2, siblings)
        asked = [*chips, Labels("acme", "0", "0.0", "new"), Labels("other", "x", "x", "x")]
        sound(seen(rng, chips, within), asked)


def test_the_shipped_departures_have_a_covariance() -> None:
    parts = [*load().parts.values(), *(one for _, one in load().products.values())]
    for part in parts:
        sound(part, [*part.labels, Labels("other", "x", "x", "x")])


def sound(known: Departures, asked: Sequence[Labels]) -> None:
    """Holds a covariance to what every one is."""
    _, covariance = known.predicted(asked)
    assert covariance == pytest.approx(covariance.T, abs=1e-12)
    assert np.diag(covariance).min() > 0
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_siblings_that_agree_leave_their_next_one_an_interval() -> None:
    """Four chips of one silicon within a thousandth of each other, among others that scatter."""
    rng = default_rng(2)
    chips: Chips = {Labels("acme", "f", "s", f"{n}"): n / 2000 for n in range(4)}
    others = (0.2, -0.2, 0.15, -0.15, 0.3, -0.25)
    chips |= {Labels("acme", f"g{n}", f"t{n}", f"d{n}"): one for n, one in enumerate(others)}
    known = seen(rng, chips, 0.003, 8)
    first, new = next(iter(chips)), Labels("acme", "f", "s", "new")
    means, covariance = known.predicted([new, first])
    assert means == pytest.approx([0, 0], abs=0.03)
    assert covariance[0, 0] > covariance[1, 1] > 0
    assert covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1] > 0


def plain(rng: Generator, slow: float = 0.0) -> Chips:
    """Ten chips of ten families that scatter by 0.05, and one that is ``slow``."""
    chips: Chips = {Labels("acme", f"{n}", f"{n}", f"{n}"): 0.05 * rng.normal() for n in range(10)}
    return {**chips, Labels("acme", "slow", "slow", "slow"): slow}


def test_siblings_move_the_middle_the_nearest_most() -> None:
    chips = plain(default_rng(1))
    chips |= {Labels("acme", "f", "s", "a"): 0.07, Labels("acme", "f", "s", "b"): 0.08}
    known = seen(default_rng(2), chips, 0.02)
    asked = [
        Labels("acme", *one)
        for one in (("f", "s", "a"), ("f", "s", "new"), ("f", "t", "new"), ("g", "t", "new"))
    ]
    own, silicon, family, stranger = told(known, *asked)[0]
    assert own > 0.045
    assert silicon > family > stranger + 0.01
    assert abs(stranger) < 0.06
    halves = [told(known, one)[1] for one in asked]
    assert halves == sorted(halves)
    assert halves[0] < 0.8 * halves[-1]


def test_an_outlier_hardly_moves_a_stranger_and_does_not_speak_for_its_family() -> None:
    stranger, near = Labels("acme", "new", "new", "new"), Labels("acme", "slow", "other", "other")
    before = seen(default_rng(4), plain(default_rng(3)), 0.02)
    after = seen(default_rng(4), plain(default_rng(3), slow=0.9), 0.02)
    (was, _), half = told(before, stranger, near)
    (now, kin), wider = told(after, stranger, near)
    assert abs(now - was) < 0.03
    assert abs(kin - was) < 0.15
    assert wider > half
    weights = dict(zip(after.labels, after.weights, strict=True))
    assert min(weights, key=lambda one: weights[one])[1] == "slow"
    assert min(weights.values()) < 0.1


def test_another_vendors_chip_is_told_less_of() -> None:
    known = seen(default_rng(5), plain(default_rng(6)), 0.02)
    ours = told(known, Labels("acme", "new", "new", "new"))[1]
    theirs = told(known, Labels("other", "new", "new", "new"))[1]
    assert theirs > ours + 0.1


# several vendors


def vendors(rng: Generator, count: int, families: int, apart: float, spread: float) -> Chips:
    """Chips of vendors that lie ``apart``: two a family, the first vendor has more families."""
    found: Chips = {}
    for vendor in range(count):
        theirs = apart * rng.normal()
        for family in range(families if vendor == 0 else max(1, families // 3)):
            place = f"{vendor}.{family}"
            both = theirs + spread * FAMILY * rng.normal()
            for one in ("a", "b"):
                labels = Labels(f"vendor {vendor}", place, f"{place}.{one}", f"{place}.{one}")
                found[labels] = both + spread * math.hypot(SILICON, CHIP) * rng.normal()
    return found


def test_one_vendors_chips_tell_nothing_of_other_vendors() -> None:
    known = seen(default_rng(11), world(default_rng(12), 0.1, 6, 2, 1), 0.03)
    assert known.vendor == pytest.approx(VENDOR_SPREAD)


def test_how_far_vendors_differ_is_found_again_and_is_no_scatter_of_chips() -> None:
    near, far = (
        seen(default_rng(13), vendors(default_rng(14), 12, 6, apart, 0.05), 0.03)
        for apart in (0.02, 0.4)
    )
    assert near.vendor < 0.6 * VENDOR_SPREAD
    assert 1.5 * VENDOR_SPREAD < far.vendor < 3.5 * VENDOR_SPREAD
    assert far.spread == pytest.approx(near.spread, abs=0.02)
    assert 0.03 < near.spread < 0.07


@cache
def kept(count: int, families: int, apart: float) -> dict[str, list[float]]:
    """The share of worlds in which a case lies in its interval, by what was left out with it."""
    rng = default_rng(15)
    hits = {left: np.zeros(len(COVERAGES)) for left in ("chip", "vendor")}
    for _ in range(WORLDS):
        chips = vendors(rng, count, families, apart, 0.06)
        asked = list(chips)[rng.integers(len(chips))]
        case = chips[asked] + 0.03 * rng.normal()
        for left, found in hits.items():
            same = getattr(asked, left)
            others = {one: log for one, log in chips.items() if getattr(one, left) != same}
            known = seen(rng, others, 0.03)
            for at, level in enumerate(COVERAGES):
                (mean,), half = told(known, asked, level=level)
                found[at] += abs(case - mean) <= half
    return {left: [float(one) for one in found / WORLDS] for left, found in hits.items()}


@pytest.mark.parametrize(
    ("count", "families", "apart"),
    [(3, 4, 0.03), (3, 4, 0.3), (5, 6, 0.3)],
    ids=["few alike", "few apart", "several apart"],
)
def test_intervals_of_a_chip_of_several_vendors_cover_as_often_as_they_say(
    count: int, families: int, apart: float
) -> None:
    """Within three binomial errors; a vendor left out is assumed to differ more than it may."""
    shares = kept(count, families, apart)
    for at, level in enumerate(COVERAGES):
        error = 3 * math.sqrt(level * (1 - level) / WORLDS)
        assert abs(shares["chip"][at] - level) <= error
        assert shares["vendor"][at] >= level - error


def test_the_higher_level_is_wider_and_an_impossible_variance_none() -> None:
    known = seen(default_rng(5), plain(default_rng(6)), 0.02)
    for variance in (0.0, 0.01, 0.1):
        assert known.half(variance, 0.95) > known.half(variance, 0.8) > 0
    assert known.half(-1e-12, 0.95) == known.half(0.0, 0.95)
    halves = [known.half(variance, 0.95) for variance in (0.0, 0.01, 0.1)]
    assert halves == sorted(halves)


def shared(rng: Generator, *, same: bool) -> Departures:
    """Forty cases on each of six chips, with difficulties of their own that all chips share."""
    hard = 0.1 * rng.normal(size=40)
    chips = list(plain(rng))[:6]
    labels = [one for one in chips for _ in hard]
    logs = [float(one + 0.02 * rng.normal()) for _ in chips for one in hard]
    return pooled(labels, logs, [place for _ in chips for place in range(40)] if same else ())


def test_cases_that_chips_share_cancel_in_their_ratio() -> None:
    alone, both = (shared(default_rng(8), same=same) for same in (False, True))
    assert both.apart.scale == pytest.approx(0.02, rel=0.15)
    assert alone.apart.scale == alone.within == pytest.approx(0.1, rel=0.3)
    for level in COVERAGES:
        assert both.half_ratio(0.0, level, one_family=False) < 0.4 * alone.half_ratio(
            0.0, level, one_family=False
        )
        assert both.half(0.0, level) == alone.half(0.0, level)


def test_scatter_is_found_again() -> None:
    rng = default_rng(9)
    chips: Chips = {Labels("acme", f"{n}", f"{n}", f"{n}"): 0.2 * rng.normal() for n in range(60)}
    known = seen(rng, chips, 0.05, 10)
    assert known.within == pytest.approx(0.05, rel=0.1)
    assert 0.1 < known.spread < 0.25
    assert set(known.counts) == {10.0}
    for mean, one in zip(known.means, known.labels, strict=True):
        assert mean == pytest.approx(chips[one], abs=0.1)


def test_many_cases_tell_their_quantiles() -> None:
    rng = default_rng(10)
    known = seen(rng, plain(rng), 0.1, 200)
    assert list(known.tails) == pytest.approx([0.128, 0.196], rel=0.06)
    few = seen(rng, dict(list(plain(rng).items())[:6]), 0.1, 5)
    assert few.tails[0] == pytest.approx(0.128, rel=0.4)
    assert few.tails[1] is None
    assert seen(rng, dict(list(plain(rng).items())[:3]), 0.1, 5).tails == (None, None)


def test_of_many_cases_by_one_group_a_chip_no_quantiles_are_told() -> None:
    chips = [Labels("acme", "f", f"{n}", f"{n}") for n in range(20)]
    labels = [one for one in chips for _ in range(5)]
    logs = [float(one) for one in default_rng(7).normal(scale=0.1, size=len(labels))]
    known = pooled(labels, logs, groups=["group"] * len(labels))
    assert known.tails == (None, None)
    assert 0 < known.half(0.0, 0.8) < known.half(0.0, 0.95)


def test_one_chip_with_one_case_is_enough_and_tells_little() -> None:
    known = pooled([Labels("acme", "f", "s", "a")], [0.1])
    (mean,), half = told(known, Labels("acme", "f", "t", "b"))
    assert mean == pytest.approx(0.1, abs=0.05)
    assert known.spread >= LEAST_SPREAD
    assert half > 0.5
