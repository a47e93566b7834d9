"""Validation: its arithmetic on made-up cases, and all of it on the shipped tables, once."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.chips.load import Catalogue
from bench.errors import DataError, UsageError
from bench.predict.answers import timed_products
from bench.predict.learning.departure import departure
from bench.predict.learning.fit import fit
from bench.predict.learning.kernel import bands
from bench.predict.learning.learn import load, step_departures
from bench.predict.learning.product import Products, roofline, seconds, shapes
from bench.predict.learning.productfit import BANDS, Measured, fit_all_chips
from bench.predict.learning.shippeddata import shipped
from bench.predict.learning.tables import Row
from bench.predict.model.facts import all_facts
from bench.predict.model.stack import Stack
from bench.predict.validation.bars import CHIP
from bench.predict.validation.errorfile import state, written
from bench.predict.validation.errors import (
    FITTED,
    Bar,
    Figures,
    Outcome,
    Part,
    changes,
    figures,
    missed,
)
from bench.predict.validation.pairs import product_ratios
from bench.predict.validation.steps import predicted, products, steps
from bench.report.prediction.validation import validation_report


def case(
    chip: str = "a", error: float = 0.0, half: float = 0.1, rivals: tuple[float, float] = (0.5, 0.4)
) -> Outcome:
    """A case whose time was predicted ``error`` off, as a share of the measured one."""
    halves = (math.log1p(half), math.log1p(2 * half))
    return Outcome(
        chip, "work", math.log1p(error), halves, (math.log1p(rivals[0]), math.log1p(rivals[1]))
    )


# the arithmetic


def test_a_mean_is_over_cases_and_by_chip_over_chips() -> None:
    found = figures([case("a", 0.1), case("a", 0.1), case("a", 0.1), case("b", -0.5)])
    assert found.mean == pytest.approx(0.2)
    assert found.by_chip == pytest.approx(0.3)
    assert found.median == pytest.approx(0.1)
    assert (found.count, found.chips) == (4, 2)
    assert found.worst_chip == "b"
    assert found.worst == pytest.approx(0.5)
    assert found.largest == pytest.approx(0.5)


def test_errors_are_shares_of_the_measured_time_and_not_logs() -> None:
    found = figures([Outcome("a", "w", math.log(2.0), (), (math.log(0.5), 0.0))])
    assert found.mean == pytest.approx(1.0)
    assert found.rivals[0] == pytest.approx((0.5, 0.5))
    assert found.rivals[1] == pytest.approx((0.0, 0.0))


def test_bias_keeps_its_sign_and_errors_do_not() -> None:
    found = figures([case(error=-0.2), case(error=-0.1), case(error=0.3)])
    assert found.bias == pytest.approx(-0.1)
    assert found.mean == pytest.approx(0.2)


def test_coverage_gives_each_chip_one_vote() -> None:
    inside = [case("a", 0.05)] * 9
    found = figures([*inside, case("b", 0.15), case("b", 0.5)])
    assert found.inside == pytest.approx((0.5, 0.75))


def test_a_case_at_the_edge_is_inside() -> None:
    assert figures([case(error=0.1, half=0.1)]).inside == (1.0, 1.0)
    assert figures([case(error=0.1001, half=0.1)]).inside == (0.0, 1.0)


def test_without_intervals_there_is_no_coverage() -> None:
    bare = Outcome("a", "w", 0.0, (), (0.0, 0.0))
    assert figures([bare]).inside == ()
    assert figures([bare, case()]).inside == ()


def test_no_cases_have_no_figures() -> None:
    with pytest.raises(ValueError, match="no cases"):
        figures([])


# bars


@pytest.mark.parametrize(
    ("bar", "told"),
    [
        (Bar(mean=0.3), []),
        (Bar(mean=0.29), ["mean 30.0% over 29%"]),
        (Bar(median=0.19), ["median 20.0% over 19%"]),
        (Bar(worst=0.49), ["worst chip 50.0% over 49%"]),
        (Bar(largest=0.6), ["largest 70.0% over 60%"]),
        (Bar(bias=0.1), ["bias 15.0% over 10%"]),
        (Bar(cover=0.05), ["80% interval holds 70.0%"]),
        (Bar(cover=0.11), []),
        (Bar(times=2.0), []),
        (Bar(times=2.5), ["roofline only 2.00 times worse, not 2.5"]),
        (Bar(half=True), ["median 20.0% over half of the sheets' 30.0%"]),
    ],
)
def test_what_is_missed_is_told(bar: Bar, told: list[str]) -> None:
    rivals = ((0.6, 0.5), (0.4, 0.3))
    found = Figures(10, 2, 0.3, 0.3, 0.2, -0.15, "a", 0.5, 0.7, (0.7, 0.95), rivals)
    assert missed(bar, found) == told


def test_coverage_five_points_off_is_within_five_points() -> None:
    """33 of 44 cases: 0.8 - 0.75 is a little over 0.05 in binary."""
    found = Figures(44, 1, 0.3, 0.3, 0.2, 0.0, "a", 0.3, 0.7, (33 / 44, 0.95), ((1, 1), (1, 1)))
    assert missed(Bar(cover=0.05), found) == []
    assert missed(Bar(cover=0.049), found) == ["80% interval holds 75.0%"]


def test_the_half_of_a_ratio_is_of_the_better_baseline() -> None:
    rivals = ((0.6, 0.8), (0.4, 0.41))
    found = Figures(10, 2, 0.3, 0.3, 0.2, 0.0, "a", 0.5, 0.7, (), rivals)
    assert missed(Bar(half=True), found) == []


def test_no_bar_is_neither_met_nor_missed() -> None:
    assert missed(Bar(), figures([case(error=5.0)])) is None


def test_coverage_that_is_asked_for_and_not_told_is_missed() -> None:
    found = figures([Outcome("a", "w", 0.0, (), (0.0, 0.0))])
    assert missed(Bar(cover=0.05), found) == ["no interval is given"]


# the earlier state


@pytest.mark.parametrize(
    ("now", "worse"),
    [
        ({"a": 0.10, "b": 0.20}, []),
        ({"a": 0.1095, "b": 0.20}, []),
        ({"a": 0.112, "b": 0.20}, ["a"]),
        ({"a": 0.109, "b": 0.219}, ["overall"]),
        ({"a": 0.05, "b": 0.24}, ["b"]),
        ({"a": 0.10}, ["b"]),
        ({"a": 0.10, "b": 0.20, "new": 9.0}, []),
        ({"a": 0.1003, "b": 0.2004}, []),
    ],
)
def test_a_part_may_rise_by_a_tenth_and_all_by_a_twentieth(
    now: dict[str, float], worse: list[str]
) -> None:
    found = changes({"a": 0.10, "b": 0.20}, now, whole=True)
    assert [one.name for one in found if one.worse] == worse


def test_some_parts_alone_are_held_to_their_own_rule_only() -> None:
    found = changes({"a": 0.10, "b": 0.20}, {"a": 0.109}, whole=False)
    assert [(one.name, one.worse) for one in found] == [("a", False)]


def test_parts_that_constants_were_set_on_are_no_tests() -> None:
    """They stood among parts that were predicted by a fit that had not seen them."""
    fitted = Part("TTFT", FITTED, (case(error=0.1),))
    tested = Part("TTFT", "chip left out", (case(error=0.1),))
    assert (fitted.tests, tested.tests) == (False, True)
    before = {fitted.key: 0.9, tested.key: 0.1}
    (overall, *_) = changes(before, before, whole=True)
    assert (overall.name, overall.before) == ("overall", 0.1)
    seen = ", and 1 fitted on their own rows, which test nothing"
    title = "Validation: 1 part, each predicted by a fit that has not seen it"
    for parts, told in (((tested,), title), ((tested, fitted), title + seen)):
        assert validation_report(parts, ()).table.title == told


def test_the_last_bits_of_another_machine_make_nothing_worse() -> None:
    assert not any(one.worse for one in changes({"a": 1e-6}, {"a": 2e-6}, whole=True))


def test_figures_come_back_from_their_file(tmp_path: Path) -> None:
    part = Part("product", CHIP, (case("a", 0.25), case("b", 0.15)))
    place = tmp_path / "figures.json"
    place.write_text(written([part]), "utf-8")
    assert state(place) == {"product: chip left out": 0.2}


@pytest.mark.parametrize("text", ["", "[]", '{"parts": {"a": {"mean": "x"}}}', '{"rows": {}}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    place = tmp_path / "other.json"
    place.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"other\.json: holds no figures of a validation"):
        state(place)


def test_a_file_that_is_not_there_is_a_wrong_word(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^against=\S+ cannot be read: No such file .*'validate"):
        state(tmp_path / "none.json")


# what is left out is not seen


@pytest.fixture(scope="module")
def made(sheets: Catalogue) -> Measured:
    """Products on four chips, the last of which takes twice as long as its sheet predicts."""
    known = all_facts(sheets)
    ids = (
        "nvidia-a100-sxm-80gb", "nvidia-h100-sxm-80gb", "nvidia-b200-sxm-180gb",
        "intel-arc-pro-b60-24gb",
    )  # fmt: skip
    sizes = [(m, n, 4096.0) for m in (1.0, 64.0, 1024.0, 8192.0) for n in (1024.0, 8192.0)]
    chips = tuple(known[one] for one in ids)
    every_shape = tuple(shapes(sizes, one, "bf16") for one in chips)
    factors = (1.0, 1.0, 1.0, 2.0)
    times = tuple(
        factor * seconds(one, Products()) for factor, one in zip(factors, every_shape, strict=True)
    )
    return Measured(chips, every_shape, times, (("m to 16",) * len(sizes),) * len(chips))


def test_the_chip_that_is_left_out_teaches_nothing(made: Measured) -> None:
    slow = [one for one in products(made, lambda chip: chip.chip) if "b60" in one.chip]
    assert len(slow) == 8
    assert figures(slow).bias == pytest.approx(-0.5, abs=0.03)


def test_a_chip_that_is_known_is_predicted_by_its_own_departure(made: Measured) -> None:
    slow = made.chosen(lambda chip: "b60" in chip.chip)
    assert figures(predicted(slow, made)).mean < 0.2


def test_a_vendor_without_which_too_few_chips_are_left_is_not_predicted(made: Measured) -> None:
    found = products(made, lambda chip: chip.vendor)
    assert {one.chip for one in found} == {"intel-arc-pro-b60-24gb"}
    two = made.chosen(lambda chip: chip != made.chips[-1])
    assert products(two, lambda chip: chip.chip) == []


def test_the_second_baseline_is_fitted_on_the_others(made: Measured) -> None:
    slow = made.chosen(lambda chip: "b60" in chip.chip)
    others = made.chosen(lambda chip: "b60" not in chip.chip)
    pairs = zip(others.works, others.times, strict=True)
    logs = np.concatenate([np.log(times / roofline(one)) for one, times in pairs])
    found = predicted(slow, others)
    assert {round(one.rivals[1] - one.rivals[0], 9) for one in found} == {
        round(float(np.median(logs)), 9)
    }
    paper = roofline(slow.works[0]) / slow.times[0]
    assert [math.exp(one.rivals[0]) for one in found] == pytest.approx(list(paper))


def test_products_are_held_to_the_interval_that_users_are_told(made: Measured) -> None:
    """Of a vendor that no fit has seen it is wider: its software is a port."""
    slow = made.chosen(lambda chip: "b60" in chip.chip)
    others = made.chosen(lambda chip: "b60" not in chip.chip)
    _, departed = fit_all_chips(others, Products())
    _, halves = departure(slow.chips[0], departed, Stack())
    assert {one.halves for one in predicted(slow, others)} == {halves}


@pytest.fixture(scope="module")
def quick(made: Measured) -> Measured:
    """The same chips, faster than their sheets allow."""
    return replace(made, times=tuple(0.3 * one for one in made.times))


def test_no_product_is_validated_above_the_published_rate(
    quick: Measured, sheets: Catalogue
) -> None:
    """Users were told of none; those that were validated went beyond."""
    slow = quick.chosen(lambda chip: "b60" in chip.chip)
    others = quick.chosen(lambda chip: "b60" not in chip.chip)
    (asked,), (times,) = slow.works, slow.times
    least = 2 * asked.m * asked.n * asked.k / asked.rate
    found = predicted(slow, others)
    seconds_ = np.array([math.exp(one.error) for one in found]) * times
    assert np.all(seconds_ >= least * (1 - 1e-9))
    assert np.any(np.isclose(seconds_, least))
    known = replace(load(), products={"bf16": fit_all_chips(others, Products())}, own={})
    chip = sheets.chips[slow.chips[0].chip]
    for (m, n, k), one, took in zip(np.exp(asked.sizes).round(), found, seconds_, strict=True):
        ((told,), _) = timed_products([chip], None, (int(m), int(n), int(k)), "bf16", known)
        assert told.seconds == pytest.approx(float(took))
        assert told.sheet == 0.0
        assert [float(half[0]) for half in told.times.halves] == pytest.approx(one.halves)


def test_ratios_of_products_are_validated_as_users_are_told_of_them(quick: Measured) -> None:
    """That of two products, neither of which is predicted above its published rate."""
    first, second = quick.chips[:2]
    kept = quick.chosen(lambda chip: chip not in quick.chips[:2])
    errors = [
        [
            one.error
            for one in predicted(quick.chosen(lambda each: each == chip), kept)  # noqa: B023
        ]
        for chip in (first, second)
    ]
    pair = f"{first.chip} / {second.chip}"
    found = [one for one in product_ratios(quick) if one.chip == pair]
    between = [one - other for one, other in zip(*errors, strict=True)]
    assert [one.error for one in found] == pytest.approx(between)


def test_steps_are_held_to_the_interval_that_users_are_told() -> None:
    every_case = shipped().cases()
    ids = list(dict.fromkeys(one.row.chip for one in every_case))[:4]
    ported = replace(shipped().chips[ids[0]], vendor="another", tdp=None)
    some = [one for one in every_case if one.row.chip in ids]
    some = [replace(one, facts=ported) if one.row.chip == ids[0] else one for one in some]
    kept = [one for one in some if one.row.chip != ids[0]]
    stack = fit(kept)
    for phase, departed in step_departures(kept, stack).items():
        _, halves = departure(ported, departed, stack)
        assert {one.halves for one in steps(some)[phase] if one.chip == ids[0]} == {halves}


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (1, "m to 16"),
        (16, "m to 16"),
        (17, "m 17 to 256"),
        (4096, "m 257 to 4096"),
        (4097, "m over 4096"),
    ],
)
def test_rows_have_their_band(rows: float, name: str) -> None:
    assert bands("m", BANDS)([Row({}, {"m": rows})], None) == (name,)
