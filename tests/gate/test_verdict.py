"""The verdict on a ratio: what an interval leaves, what a clock explains, what is luck."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.errors import UsageError
from bench.gate.clocks import Sides, clock_ratio, disturbed, explained, hidden
from bench.gate.compare import compare
from bench.gate.model import Clock, Run, Shape, Speed, Taken, Verdict, terms
from bench.gate.searched import luck, ratio_of_both
from bench.gate.weigh import may_be_slower, verdict
from bench.judging.rates import Interval
from tests.gate.cases import taken

LEAST = 0.01


@pytest.mark.parametrize(
    ("low", "high", "word", "reason", "open_"),
    [
        (0.95, 0.985, Verdict.SLOWER, "", True),
        (1.011, 1.05, Verdict.FASTER, "", False),
        (0.992, 0.998, Verdict.SAME, "", False),
        (0.97, 1.03, Verdict.SAME, "", False),
        (0.97, 0.995, Verdict.AMBIGUOUS, "slower, but whether by 1% or more is unclear", True),
        (1.002, 1.03, Verdict.AMBIGUOUS, "faster, but whether by 1% or more is unclear", False),
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


def clocked(hz: float, **told: Any) -> Taken:
    return taken(clock=Clock(hz, 0.0005), clocked=True, **told)


SLOW, FAST = Interval(0.96, 0.955, 0.965), Interval(1.04, 1.035, 1.045)


@pytest.mark.parametrize(
    ("said", "found", "hz", "told"),
    [
        (Verdict.SLOWER, SLOW, 1.92e9, "the clock fell by 4.0%: no change of code"),
        (Verdict.SLOWER, SLOW, 1.96e9, None),
        (Verdict.SLOWER, SLOW, 1.80e9, None),
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
    sides = Sides(clocked(hz), [clocked(2.0e9)])
    clock = clock_ratio(sides.now, sides.before, 0.01)
    assert explained(said, found, clock, sides, LEAST) == told


EVEN = Interval(1.0, 0.99, 1.01)
CAP = ("software power cap",)


@pytest.mark.parametrize(
    ("found", "hz", "now", "before", "is_hidden"),
    [
        (EVEN, 2.2e9, {}, {}, True),
        (FAST, 2.2e9, {}, {}, True),
        (FAST, 2.08e9, {}, {}, False),
        (EVEN, 2.02e9, {}, {}, False),
        (EVEN, 1.8e9, {}, {}, False),
        (EVEN, 2.2e9, {"clocked": False}, {}, False),
        (EVEN, 2.2e9, {"parameters": {"way": "graph"}}, {}, False),
        (EVEN, 2.2e9, {"throttle": CAP}, {}, False),
        (EVEN, 2.2e9, {"throttle": CAP}, {"troubles": ("throttled: hot",)}, True),
    ],
)
def test_a_higher_clock_hides_code_that_is_slower_per_cycle(
    found: Interval, hz: float, now: dict[str, Any], before: dict[str, Any], *, is_hidden: bool
) -> None:
    sides = Sides(replace(clocked(hz), **now), [clocked(2.0e9, **before)])
    told = hidden(found, clock_ratio(sides.now, sides.before, LEAST), sides, LEAST)
    assert bool(told) is is_hidden
    if found is EVEN and told:
        assert told == (
            "the clock rose by 10.0%, on which this rate depends: 9.1% slower per clock cycle"
        )


def test_a_clock_explains_nothing_of_memory_and_nothing_where_it_is_not_told() -> None:
    now = taken(clock=Clock(1.92e9, 0.0005), clocked=False)
    sides = Sides(now, [clocked(2.0e9)])
    clock = clock_ratio(now, sides.before, 0.01)
    assert explained(Verdict.SLOWER, SLOW, clock, sides, LEAST) is None
    assert clock_ratio(now, [taken()], 0.01) is None
    assert clock_ratio(taken(), [now], 0.01) is None


def test_a_throttle_reason_is_named_where_the_clock_fell() -> None:
    sides = Sides(clocked(1.92e9, throttle=("software thermal slowdown",)), [clocked(2e9)])
    clock = clock_ratio(sides.now, sides.before, 0.01)
    told = explained(Verdict.SLOWER, SLOW, clock, sides, LEAST)
    assert told == "the clock fell by 4.0% (software thermal slowdown): no change of code"


def test_a_disturbed_run_proves_no_slowness_and_a_disturbed_run_before_no_speed() -> None:
    bad, good = taken(troubles=("9% of CPU time stolen",)), taken()
    assert disturbed(Verdict.SLOWER, bad, [good]) == "this run was disturbed: 9% of CPU time stolen"
    assert disturbed(Verdict.FASTER, good, [bad, bad]) == (
        "the earlier run was disturbed: 9% of CPU time stolen"
    )
    assert disturbed(Verdict.SLOWER, good, [bad]) is None
    assert disturbed(Verdict.SAME, bad, [bad]) is None


def tried(factor: float, count: int, winner: int, clock: Clock | None = None) -> Taken:
    """A search over ``count`` shapes, each ``factor`` times as slow as it is by itself."""
    random = np.random.default_rng(winner)
    times: dict[Shape, float] = {
        frozenset({("m", number)}): factor * (1 + number / 100) * random.normal(1, 0.002)
        for number in range(winner, winner + count)
    }
    return taken(
        parameters={"m": winner}, moves=True, tried=times, clock=clock, clocked=clock is not None
    )


def test_another_winner_is_luck_where_the_shapes_that_both_tried_did_not_change() -> None:
    before, now = tried(1.0, 20, 0), tried(1.0, 20, 5)
    told = luck(Verdict.SLOWER, now, [before], 0.01)
    assert told is not None
    assert told.startswith("another shape won by chance: the 15 that both runs tried changed by")


def test_code_that_is_slower_is_slower_in_every_shape() -> None:
    before, now = tried(1.0, 20, 0), tried(1.03, 20, 5)
    assert luck(Verdict.SLOWER, now, [before], 0.01) is None
    assert luck(Verdict.FASTER, before, [now], 0.01) is None
    assert ratio_of_both(now, before, 0.01).value == pytest.approx(1 / 1.03, rel=0.003)


def test_too_few_shapes_in_common_tell_nothing() -> None:
    told = luck(Verdict.SLOWER, tried(1.03, 20, 17), [tried(1.0, 20, 0)], 0.01)
    assert told == "another shape won, and only 3 were tried in both runs: it may be chance"
    bare = taken(parameters={"m": 3}, moves=True)
    told = luck(Verdict.SLOWER, bare, [tried(1.0, 20, 0)], 0.01)
    assert told == "another shape won, and what else was tried is not recorded: it may be chance"


def test_shapes_that_fell_with_the_clock_alone_have_not_changed() -> None:
    before = tried(1.0, 20, 0, clock=Clock(2e9, 1e-4))
    now = tried(1.05, 20, 5, clock=Clock(1.9e9, 1e-4))
    clock = clock_ratio(now, [before], 0.01)
    told = luck(Verdict.SLOWER, now, [before], 0.01, clock)
    assert told is not None
    assert told.startswith(
        "another shape won by chance: the 15 that both runs tried changed by -4."
    )
    assert told.endswith(", the clock by -5.0%")
    slower = replace(now, tried={one: 1.04 * time for one, time in now.tried.items()})
    assert luck(Verdict.SLOWER, slower, [before], 0.01, clock) is None
    assert luck(Verdict.SLOWER, replace(now, clocked=False), [before], 0.01, clock) is None


def test_a_search_that_ends_where_none_of_a_set_did_is_luck_if_it_met_none_of_their_winners() -> (
    None
):
    before = [tried(1.0, 20, 0), tried(1.0, 20, 1), tried(1.0, 20, 2)]
    told = luck(Verdict.SLOWER, tried(1.0, 20, 5), before, 0.01)
    assert told is not None
    assert told.startswith("another shape won by chance: the 17 that both runs tried changed by")
    assert luck(Verdict.SLOWER, tried(1.03, 20, 5), before, 0.01) is None
    told = luck(Verdict.SLOWER, tried(1.0, 20, 17), before, 0.01)
    assert told == "another shape won, and only 5 were tried in both runs: it may be chance"
    assert luck(Verdict.SLOWER, taken(parameters={"m": 3}, moves=True), before, 0.01) is None
    told = luck(Verdict.FASTER, tried(1.0, 20, 0), [tried(1.0, 20, 5)] * 3, 0.01)
    assert told is not None
    assert told.startswith("another shape won by chance: the 15")


def test_there_is_no_luck_where_all_was_tried_or_the_same_won_or_runs_are_many() -> None:
    before, now = tried(1.0, 20, 0), tried(1.0, 20, 5)
    whole = taken(parameters={"m": 9}, moves=True, tried=before.tried)
    assert luck(Verdict.SLOWER, whole, [before], 0.01) is None
    assert luck(Verdict.SLOWER, before, [before], 0.01) is None
    met = replace(now, tried={**now.tried, frozenset({("m", 0)}): 1.0})
    assert luck(Verdict.SLOWER, met, [before] * 3, 0.01) is None


def test_that_another_shape_won_is_said_once() -> None:
    before = replace(tried(1.0, 20, 0), shape="a")
    slow = replace(tried(1.0, 20, 17), shape="b", speed=Speed(80.0, 0.001, 0.001, 30))
    runs = [Run(name, "", "", {}, (one,)) for name, one in (("before", before), ("now", slow))]
    (row,) = compare(runs[1], runs[:1], terms(0.01, 0.01, [])).rows
    assert row.verdict is Verdict.AMBIGUOUS
    assert row.reason == (
        "another shape won, and only 3 were tried in both runs: it may be chance; b instead of a"
    )
