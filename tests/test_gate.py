"""The gate in numbers: intervals that hold, spread from run to run, the verdict on a ratio."""

import math
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from scipy import stats as oracle

from bench.errors import UsageError
from bench.gate.clocks import clock_ratio, disturbed, explained
from bench.gate.group import groups, lone
from bench.gate.match import pairs
from bench.gate.model import Clock, Run, Shape, Speed, Taken, Verdict, terms
from bench.gate.searched import luck, ratio_of_both
from bench.gate.speed import speed_of_series, student
from bench.gate.spread import Variance, common, moderated, variance_of
from bench.gate.weigh import may_be_slower, ratio, verdict
from bench.rates import Interval
from bench.units import Dimension

LEAST = 0.01


def taken(name: str = "a", value: float = 100.0, **told: object) -> Taken:
    """A measurement of some speed, exactly known."""
    plain: dict[str, object] = {
        "name": (name,), "title": name, "parameters": {}, "shape": "", "moves": False,
        "status": "ok", "reason": "", "speed": Speed(value, 0.001, 0.001, 30), "shown": f"{value}",
        "dimension": Dimension.FLOP_RATE, **told,
    }  # fmt: skip
    return Taken(**plain)  # type: ignore[arg-type]  # the fields of the class


def run(*of: Taken, name: str = "r", whole: tuple[str, ...] = ()) -> Run:
    return Run(name, "2026-01-01", "a device", {}, of, whole)


# how fast


def test_the_error_of_a_speed_is_that_of_the_median_of_its_samples() -> None:
    random = np.random.default_rng(3)
    found = [speed_of_series(tuple(1 + 0.01 * random.standard_normal(100))) for _ in range(60)]
    seen = np.std([math.log(one.value) for one in found], ddof=1)
    told = fmean((one.down + one.up) / 2 for one in found)
    assert seen < told < 1.8 * seen  # the caution of the interval is kept


def test_few_effective_samples_have_a_wide_error_and_few_degrees_of_freedom() -> None:
    random, level = np.random.default_rng(4), 0.0
    walk = [level := 0.98 * level + 0.01 * random.standard_normal() for _ in range(100)]
    tied = speed_of_series(tuple(1 + one for one in walk))
    loose = speed_of_series(tuple(1 + 0.01 * random.standard_normal(100)))
    assert tied.freedom < 10 < loose.freedom
    assert tied.up + tied.down > 4 * (loose.up + loose.down)


@pytest.mark.parametrize("level", [0.05, 0.001])
def test_a_ratio_holds_the_truth_as_often_as_it_says(level: float) -> None:
    random, pairs_, missed = np.random.default_rng(5), 400, 0
    for _ in range(pairs_):
        now, before = (
            speed_of_series(tuple(1 + 0.02 * random.standard_normal(60))) for _ in range(2)
        )
        found = ratio(now, [before], None, level)
        missed += not found.low <= 1 <= found.high
    assert missed <= oracle.binom.ppf(0.9999, pairs_, level)


def test_students_quantile_is_that_of_scipy() -> None:
    assert student(3.5, 0.999) == pytest.approx(oracle.t.ppf(0.999, 3.5))


# from run to run


def test_the_common_variance_and_its_weight_are_found_again() -> None:
    """Variances drawn as the model says: 1 over chi-square; five runs of 400 measurements."""
    random, freedom, middle = np.random.default_rng(6), 8.0, 4e-6
    true = middle * freedom / random.chisquare(freedom, 400)
    drawn = [Variance(float(one * random.chisquare(4) / 4), 4.0) for one in true]
    found = common(drawn)
    assert found.value == pytest.approx(middle, rel=0.2)
    assert found.freedom == pytest.approx(freedom, rel=0.5)


def test_variances_that_do_not_differ_are_all_one() -> None:
    random = np.random.default_rng(7)
    drawn = [Variance(float(random.chisquare(4) / 4), 4.0) for _ in range(200)]
    assert common(drawn).freedom > 100


def test_a_variance_is_drawn_to_the_common_one_by_its_weight() -> None:
    assert moderated(Variance(4.0, 2.0), Variance(1.0, 6.0)) == Variance(1.75, 8.0)
    assert moderated(None, Variance(1.0, 6.0)) == Variance(1.0, 6.0)
    assert moderated(None, common([])) is None
    assert variance_of([1.0]) is None
    assert variance_of([1.0, 1.0]) == Variance(1e-12, 1.0)
    assert common([Variance(2.0, 3.0)]).freedom == 0.0


def test_what_lies_between_runs_widens_the_interval_and_never_narrows_it() -> None:
    now, before = Speed(100.0, 0.002, 0.002, 50), [Speed(100.0, 0.002, 0.002, 50)] * 4
    alone, calm = ratio(now, before, None, 0.01), ratio(now, before, Variance(1e-12, 9.0), 0.01)
    restless = ratio(now, before, Variance(0.02**2, 9.0), 0.01)
    assert (calm.low, calm.high) == (alone.low, alone.high)
    assert math.log(restless.high) == pytest.approx(student(9, 0.995) * 0.02 * math.sqrt(1.25))


def test_a_run_noisier_than_those_before_has_its_own_noise_added() -> None:
    before, between = [Speed(100.0, 0.001, 0.001, 50)] * 4, Variance(0.01**2, 9.0)
    quiet, noisy = (ratio(Speed(100.0, e, e, 50), before, between, 0.05) for e in (0.001, 0.05))
    assert noisy.low < 0.91
    assert quiet.low > 0.95


# the verdict


@pytest.mark.parametrize(
    ("low", "high", "word", "reason", "open_"),
    [
        (0.95, 0.985, Verdict.SLOWER, "", True),
        (1.011, 1.05, Verdict.FASTER, "", False),
        (0.992, 0.998, Verdict.SAME, "", False),
        (0.97, 1.03, Verdict.SAME, "", False),
        (0.97, 0.995, Verdict.AMBIGUOUS, "slower, but whether by 1% or more is open", True),
        (1.002, 1.03, Verdict.AMBIGUOUS, "faster, but whether by 1% or more is open", False),
        (0.90, 1.02, Verdict.AMBIGUOUS, "anything from 10.0% slower to 2.0% faster fits", True),
        (0.98, 1.20, Verdict.AMBIGUOUS, "anything from 2.0% slower to 20.0% faster fits", False),
        (0.50, 9.00, Verdict.AMBIGUOUS, "50.0% slower to twice as fast or more", True),
    ],
)
def test_a_verdict_says_what_an_interval_leaves(
    low: float, high: float, word: Verdict, reason: str, *, open_: bool
) -> None:
    found = Interval(math.sqrt(low * high), low, high)
    said, why = verdict(found, LEAST)
    assert (said, reason in why, bool(why)) == (word, True, bool(reason))
    if word is not Verdict.SLOWER:
        assert (said is Verdict.AMBIGUOUS and may_be_slower(found, LEAST)) is open_


@pytest.mark.parametrize(
    ("level", "least", "allow", "told"),
    [
        (0.0, 0.01, [], "level=0 must be above 0"),
        (0.5, 0.01, [], "at most 0.2"),
        (math.nan, 0.01, [], "level=nan"),
        (0.01, -1.0, [], "least=-1 must be 0 or more"),
        (0.01, 0.01, ["drver"], "allow= knows no 'drver': did you mean 'driver'"),
        (0.01, 0.01, ["method"], "allow= knows no 'method'"),
    ],
)
def test_terms_that_cannot_be_are_refused(
    level: float, least: float, allow: list[str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        terms(level, least, allow)


# the clock


def clocked(hz: float, **told: Any) -> Taken:
    return taken(clock=Clock(hz, 0.0005), clocked=True, **told)


SLOW, FAST = Interval(0.96, 0.955, 0.965), Interval(1.04, 1.035, 1.045)


@pytest.mark.parametrize(
    ("said", "found", "hz", "told"),
    [
        (Verdict.SLOWER, SLOW, 1.92e9, "the clock fell by 4.0%: no change of code"),
        (Verdict.SLOWER, SLOW, 1.96e9, None),
        (Verdict.SLOWER, SLOW, 2.08e9, None),
        (Verdict.SLOWER, SLOW, 2.0e9, None),
        (Verdict.FASTER, FAST, 2.08e9, "the clock rose by 4.0%: no change of code"),
        (Verdict.FASTER, FAST, 1.92e9, None),
        (Verdict.SAME, Interval(1.0, 0.99, 1.01), 1.92e9, None),
    ],
)
def test_a_clock_explains_what_went_with_it_and_nothing_else(
    said: Verdict, found: Interval, hz: float, told: str | None
) -> None:
    now = clocked(hz)
    clock = clock_ratio(now, [clocked(2.0e9)], 0.01)
    assert explained(said, found, clock, now, LEAST) == told


def test_a_clock_explains_nothing_of_memory_and_nothing_where_it_is_not_told() -> None:
    now = taken(clock=Clock(1.92e9, 0.0005), clocked=False)
    clock = clock_ratio(now, [clocked(2.0e9)], 0.01)
    assert explained(Verdict.SLOWER, SLOW, clock, now, LEAST) is None
    assert clock_ratio(now, [taken()], 0.01) is None
    assert clock_ratio(taken(), [now], 0.01) is None


def test_a_throttle_reason_is_named_where_the_clock_fell() -> None:
    now = clocked(1.92e9, throttle=("software thermal slowdown",))
    told = explained(Verdict.SLOWER, SLOW, clock_ratio(now, [clocked(2e9)], 0.01), now, LEAST)
    assert told == "the clock fell by 4.0% (software thermal slowdown): no change of code"


def test_a_disturbed_run_proves_no_slowness_and_a_disturbed_run_before_no_speed() -> None:
    bad, good = taken(troubles=("9% of CPU time stolen",)), taken()
    assert disturbed(Verdict.SLOWER, bad, [good]) == "this run was disturbed: 9% of CPU time stolen"
    assert disturbed(Verdict.FASTER, good, [bad, bad]) == (
        "the run before was disturbed: 9% of CPU time stolen"
    )
    assert disturbed(Verdict.SLOWER, good, [bad]) is None
    assert disturbed(Verdict.SAME, bad, [bad]) is None


# the search


def tried(factor: float, count: int, winner: int, spread: float = 0.002) -> Taken:
    """A search over ``count`` shapes, each ``factor`` times as slow as it is by itself."""
    random = np.random.default_rng(winner)
    times: dict[Shape, float] = {
        frozenset({("m", number)}): factor * (1 + number / 100) * random.normal(1, spread)
        for number in range(winner, winner + count)
    }
    return taken(parameters={"m": winner}, moves=True, tried=times)


def test_another_winner_is_luck_where_the_shapes_that_both_tried_did_not_change() -> None:
    before, now = tried(1.0, 20, 0), tried(1.0, 20, 5)
    told = luck(Verdict.SLOWER, now, [before], 0.01)
    assert told is not None
    assert told.startswith("another shape won by luck: the 15 that both runs tried changed by")


def test_code_that_is_slower_is_slower_in_every_shape() -> None:
    before, now = tried(1.0, 20, 0), tried(1.03, 20, 5)
    assert luck(Verdict.SLOWER, now, [before], 0.01) is None
    assert luck(Verdict.FASTER, before, [now], 0.01) is None
    assert ratio_of_both(now, before, 0.01).value == pytest.approx(1 / 1.03, rel=0.003)


def test_too_few_shapes_in_common_tell_nothing() -> None:
    told = luck(Verdict.SLOWER, tried(1.03, 20, 17), [tried(1.0, 20, 0)], 0.01)
    assert told == "another shape won, and only 3 were tried in both runs: it may be luck"
    bare = taken(parameters={"m": 3}, moves=True)
    told = luck(Verdict.SLOWER, bare, [tried(1.0, 20, 0)], 0.01)
    assert told == "another shape won, and what else was tried is not told: it may be luck"


def test_there_is_no_luck_where_all_was_tried_or_the_same_won_or_runs_are_many() -> None:
    before, now = tried(1.0, 20, 0), tried(1.0, 20, 5)
    whole = taken(parameters={"m": 9}, moves=True, tried=before.tried)
    assert luck(Verdict.SLOWER, whole, [before], 0.01) is None
    assert luck(Verdict.SLOWER, before, [before], 0.01) is None
    assert luck(Verdict.SLOWER, now, [before] * 3, 0.01) is None


# which is which


def test_the_same_sizes_go_together_and_a_searched_shape_is_one_measurement() -> None:
    small, large = (taken(parameters={"m": size}) for size in (1, 2))
    assert list(pairs(run(small, large), run(large, small))) == [(small, small), (large, large)]
    one, other = (taken(parameters={"m": size}, moves=True) for size in (3, 4))
    assert list(pairs(run(small, one), run(small, other))) == [(small, small), (one, other)]


def test_fixed_sizes_that_differ_are_two_measurements() -> None:
    small, large = (taken(parameters={"m": size}) for size in (1, 2))
    assert list(pairs(run(small), run(large))) == [(small, None), (None, large)]
    more = taken(parameters={"m": 1, "elements": 9})
    assert list(pairs(run(small), run(more))) == [(small, more)]  # memory was less: no other work
    failed = taken(parameters={"m": 2}, status="failed", speed=None)
    assert list(pairs(run(failed), run(small))) == [(failed, small)]


def test_what_is_missing_counts_where_most_runs_that_were_asked_the_same_had_it() -> None:
    one, other = taken("a"), taken("b")
    now, whole = run(one), [run(one, other), run(one, other), run(one)]
    found = [lone(group, 3) for group in groups(now, whole)]
    assert [(row.verdict, row.counts) for row in found if row] == [
        (Verdict.NEW, False),  # what is compared is no business of ``lone``
        (Verdict.MISSING, True),
    ]
    seldom = [run(one, other), run(one), run(one)]
    assert lone(groups(now, seldom)[1], 3) is None
    of_another_suite = run(one, other, whole=("full",))
    assert len(groups(now, [of_another_suite])) == 1


@pytest.mark.parametrize(
    ("now", "before", "word", "reason", "counts"),
    [
        ("failed", "ok", Verdict.FAILED, "failed now: why", True),
        ("skipped", "ok", Verdict.MISSING, "skipped now: why", True),
        ("failed", "failed", Verdict.SAME, "fails as before: why", False),
        ("ok", "failed", Verdict.NEW, "failed before: why", False),
        ("skipped", "skipped", None, "", False),
    ],
)
def test_what_has_no_two_speeds_has_a_row_that_says_so(
    now: str, before: str, word: Verdict | None, reason: str, *, counts: bool
) -> None:
    here, there = (
        taken() if one == "ok" else taken(status=one, reason="why", speed=None)
        for one in (now, before)
    )
    row = lone(groups(run(here), [run(there)])[0], 1)
    if word is None:
        assert row is None
    else:
        assert row is not None
        assert (row.verdict, row.reason, row.counts) == (word, reason, counts)
