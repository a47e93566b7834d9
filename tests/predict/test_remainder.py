"""What a formula leaves of products, lent from chip to chip and from size to size."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from bench.predict.learning.product import Products, seconds, shapes
from bench.predict.learning.productfit import Measured, fit_all_chips
from bench.predict.learning.remainder import REACH, Names, Remainder, left_out_residuals, remainder
from bench.predict.validation.validate import without_family
from tests.predict.cases import made

SIZES = [(float(m), float(n), float(k)) for m in (16, 256, 4096) for n in (1024, 8192)
         for k in (512, 4096)]  # fmt: skip
LOGS = np.log(np.array(SIZES))
NONE = np.zeros(len(SIZES))
OFF = np.where(np.arange(len(SIZES)) < 4, 0.3, 0.0)
"""Slower at four sizes, which are neighbours."""


def on(family: str, count: int = len(SIZES)) -> Names:
    """So many products on a chip of a family."""
    return np.full(count, family)


def told(off: dict[tuple[float, float, float], float], dtype: str = "bf16") -> Measured:
    """Five chips' products, all of them off by the same at some sizes, in log."""
    chips = [made(f"chip{one}", (200 + 300 * one) * 1e12) for one in range(5)]
    every = [shapes(SIZES, one, dtype) for one in chips]
    factor = np.exp([off.get(size, 0.0) for size in SIZES])
    times = [seconds(one, Products()) * factor for one in every]
    return Measured(tuple(chips), tuple(every), tuple(times), ())


def test_what_all_chips_leave_at_a_size_is_left_there() -> None:
    off = [0.3 if size == SIZES[4] else 0.0 for size in SIZES]
    found = remainder([LOGS] * 4, [np.array(off)] * 4, list("abcd"))
    left = found.log(LOGS, on("none of them"))
    assert left[4] == max(left)
    assert 0.1 < left[4] < 0.3, "one size among neighbours without is believed in part"


def test_a_chips_own_speed_is_no_remainder() -> None:
    found = remainder([LOGS] * 3, [np.full(len(SIZES), one) for one in (-0.5, 0.1, 2.0)], "aab")
    assert found.log(LOGS, on("a")) == pytest.approx(0.0, abs=1e-9)


def test_what_a_family_leaves_is_lent_to_its_chips_alone() -> None:
    """Two families are slower at some sizes, two are not: the slow one's chip is told so."""
    found = remainder([LOGS] * 4, [OFF, NONE, OFF, NONE], ["slow", "a", "tardy", "b"])
    slow, none, unknown = (found.log(LOGS, on(one)) for one in ("slow", "a", "new"))
    assert np.mean(slow[:4]) > np.mean(unknown[:4]) + 0.05 > np.mean(none[:4]) + 0.1
    mixed = found.log(LOGS, np.array(["slow", *["a"] * (len(SIZES) - 1)]))
    assert mixed.tolist() == [slow[0], *none[1:].tolist()]


def test_a_family_has_one_vote_however_many_of_its_chips_were_measured() -> None:
    """Five chips of one family do not outvote one chip each of two others."""
    families = ["many"] * 5 + ["a", "b"]
    found = remainder([LOGS] * 7, [OFF] * 5 + [NONE] * 2, families)
    assert np.max(np.abs(found.log(LOGS, on("new")))) < 0.01
    assert np.mean(found.log(LOGS, on("many"))[:4]) > 0.1


def test_a_size_that_its_neighbours_speak_against_is_lent_in_small_part() -> None:
    """One product of one chip six times slower than others like it, as after a fault of timing."""
    neighbours = np.log([(float(m), 4096.0, 4096.0) for m in range(20, 40)])
    fault = np.zeros(len(neighbours))
    fault[10] = np.log(6)
    left = remainder([neighbours], [fault], ["one"]).log(neighbours, on("one", len(neighbours)))
    assert np.max(left) < 0.05
    agreed = remainder([neighbours], [np.where(neighbours[:, 0] < 3.25, 0.3, 0.0)], ["one"])
    assert agreed.log(neighbours, on("one", len(neighbours)))[0] > 0.1


def test_only_families_that_are_asked_for_are_told() -> None:
    every = remainder([LOGS] * 3, [OFF, NONE, NONE], list("abc"))
    assert set(every.own) == set("abc")
    some = remainder([LOGS] * 3, [OFF, NONE, NONE], list("abc"), ["a", "new"])
    assert some == Remainder(every.at, every.weights, {"a": every.own["a"]})


def test_neighbours_lend_and_far_sizes_do_not() -> None:
    found = Remainder((tuple(LOGS[0].tolist()),), (1.0,))
    near = LOGS[0] + np.array(REACH)
    far = LOGS[0] + 6 * np.array(REACH)
    at, beside, beyond = (
        float(found.log(one[None, :], on("a", 1))[0]) for one in (LOGS[0], near, far)
    )
    assert at > beside > 0
    assert beside == pytest.approx(at * np.exp(-1.5))
    assert beyond == pytest.approx(0.0, abs=1e-9)


def test_products_are_predicted_with_what_others_left() -> None:
    off = dict.fromkeys(SIZES[:4], 0.25)
    known = told(off)
    how, _ = fit_all_chips(known, Products())
    assert how.left is not None
    asked = shapes(SIZES, made("new", 900e12), "bf16")
    errors = np.log(seconds(asked, how) / seconds(asked, Products()))
    assert np.mean(errors[:4]) > np.mean(errors[4:]) + 0.1


def test_products_of_another_library_are_lent_what_families_have_in_common_alone() -> None:
    known = told(dict.fromkeys(SIZES[:4], 0.25))
    how, _ = fit_all_chips(known, Products())
    assert how.left is not None
    common = replace(how, left=replace(how.left, own={}))
    for one, other in zip(known.works, without_family(known).works, strict=True):
        assert seconds(other, how).tolist() == seconds(one, common).tolist()
        assert np.max(seconds(one, how) / seconds(one, common)) > 1.03


def test_departures_are_told_of_chips_that_the_remainder_has_not_seen() -> None:
    """Noise that no two chips share scatters as much as it does, not less by being remembered."""
    logs = [0.2 * default_rng(seed).normal(size=len(SIZES)) for seed in range(4)]
    names = ["a", "a", "b", "c"]
    every = remainder([LOGS] * 4, logs, names)
    seen = [one - every.log(LOGS, on(name)) for one, name in zip(logs, names, strict=True)]
    apart = left_out_residuals([LOGS] * 4, logs, names)
    for place, one in enumerate(apart):
        rest = [log for other, log in enumerate(logs) if other != place]
        others = [name for other, name in enumerate(names) if other != place]
        lent = remainder([LOGS] * 3, rest, others).log(LOGS, on(names[place]))
        assert one == pytest.approx(logs[place] - lent)
    assert np.std(np.concatenate(apart)) > np.std(np.concatenate(seen))


def test_a_chip_alone_has_no_others_to_lend_it_anything() -> None:
    (left,) = left_out_residuals([LOGS], [np.arange(len(SIZES)) / 10.0], ["a"])
    assert left.tolist() == (np.arange(len(SIZES)) / 10.0).tolist()
