"""The best way to serve a model on a number of chips: how to divide it, and how many requests.

Every way is predicted at every number of concurrent requests that fits in memory. Of those within
the latency limits, the one with the most tokens/s is chosen. A chip's departure is the same for all
ways, so a choice is wrong only where the stack's parts are out of proportion; validation shows by
how much.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.answers import Answer, each
from bench.predict.candidates import Candidates, Way, way_of
from bench.predict.disaggregated import predicted
from bench.predict.disaggregatedways import Pair, disaggregated_ways, pairs
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooling import COVERAGE_80, COVERAGES
from bench.predict.model.capacity import least_chips
from bench.predict.model.facts import Facts, facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.refusals import refuse_unfit
from bench.predict.scenario import Scenario
from bench.predict.ways import ALL, DISAGGREGATED, TOGETHER, ServingGoal, requests, ways
from bench.words import counted, duration, listed

MORE = 1.05
"""A way that leaves less memory free is named if it has more tokens/s by this factor."""


def best(
    chips: Sequence[Chip], base: Chip | None, goal: ServingGoal, known: Learnt
) -> tuple[list[Answer], int]:
    """Returns each chip's best ways, as answers with one point, and how many ways were tried.

    Args:
        chips: the chips to predict.
        base: the chip, at its own best, that the others are divided by.
        goal: what to serve.
        known: the fitted model.

    Raises:
        UsageError: the model cannot be divided over the chips, or no way fits on the baseline or on
            any chip.
    """
    together = [] if goal.prefill == DISAGGREGATED else ways(goal.workload, goal.devices)
    disaggregated = [] if goal.prefill == TOGETHER else pairs(goal)
    if not together and not disaggregated:
        raise UsageError(_indivisible(goal))

    def predict(chip: Facts) -> list[Prediction]:
        return _best(chip, goal, known, together, disaggregated)

    return each(chips, base, predict, known), len(together) + len(disaggregated)


def _indivisible(goal: ServingGoal) -> str:
    """Returns why there is no way to divide a model over all chips."""
    if goal.prefill == DISAGGREGATED and goal.devices == 1:
        return "devices=1: prefill on chips of its own takes 2 or more"
    return (
        f"devices={goal.devices}: {goal.workload.id} cannot be divided over all of them "
        f"({goal.workload.heads} heads, {goal.workload.layers} layers)"
    )


def _best(
    chip: Facts,
    goal: ServingGoal,
    known: Learnt,
    together: Sequence[Parallel],
    disaggregated: Sequence[Pair],
) -> list[Prediction]:
    """Returns a chip's best ways, best first, or raises ``UsageError`` if it has none."""
    asked = goal.scenario(Parallel(), [1])
    for one in (chip, facts(goal.prefill_chip)) if goal.prefill_chip else (chip,):
        refuse_unfit(one, asked)
    found = [
        way_of(forecast(chip, goal.scenario(split, batch), known))
        for split in together
        if (batch := requests(chip, goal, split))
    ]
    found += disaggregated_ways(chip, goal, known, disaggregated)
    fuller = _fuller(chip, goal, known, together)
    but = f"; with under 10% of memory left free, {fuller.scenario.way} does" if fuller else ""
    if not found:
        raise UsageError(f"{chip.chip}: {_too_large(chip, goal)}{but}")
    best_ = list(_ranked(chip, found, goal, known))
    if not best_:
        raise UsageError(f"{chip.chip}: {_too_slow(found, goal)}{but}")
    if fuller and fuller.tokens_per_s[0] > MORE * best_[0].tokens_per_s[0]:
        best_[0] = replace(best_[0], fuller=fuller)
    return best_


def _fuller(
    chip: Facts, goal: ServingGoal, known: Learnt, together: Sequence[Parallel]
) -> Prediction | None:
    """Returns the best of the ways that fit if no share of the memory is left free, but else not.

    It has one point. None: none of these ways is within the limits.
    """
    found = [
        way_of(forecast(chip, goal.scenario(split, batch), known))
        for split in together
        if (batch := _more_requests(chip, goal, split))
    ]
    pick = Candidates(found).best(goal.tpot, goal.ttft)
    if pick is None:
        return None
    asked = pick[0].prediction().scenario
    return forecast(chip, goal.scenario(asked.split, [asked.batch[pick[1]]]), known)


def _more_requests(chip: Facts, goal: ServingGoal, split: Parallel) -> list[int]:
    """Returns the numbers of requests that fit only if no share of the memory is left free."""
    usual = requests(chip, goal, split)
    return [one for one in requests(chip, goal, split, if_full=True) if one not in usual]


def _ranked(
    chip: Facts, found: Sequence[Way], goal: ServingGoal, known: Learnt
) -> Iterator[Prediction]:
    """Yields the best ways: each is the best of those that are not ranked before it.

    With ``ALL``, each is one that none surpasses, the most tokens/s first.
    """
    left = Candidates(found)
    if goal.top == ALL:
        for way, place in left.frontier(goal.tpot, goal.ttft):
            yield predicted(chip, _one_point(goal, way, place), known)
        return
    for _ in range(min(goal.top, len(found))):
        pick = left.best(goal.tpot, goal.ttft)
        if pick is None:
            return
        way, place = pick
        single = predicted(chip, _one_point(goal, way, place), known)
        bounds = (_rate_bounds(left, goal, single, level) for level in COVERAGES)
        yield replace(single, rate_bounds=tuple(bounds))
        left = left.without(way)


def _one_point(goal: ServingGoal, way: Way, place: int) -> Scenario:
    """Returns the scenario of one way with one number of requests."""
    asked = way.prediction().scenario
    return goal.scenario(asked.split, [asked.batch[place]], asked.prefill)


def _rate_bounds(
    left: Candidates, goal: ServingGoal, best_: Prediction, level: float
) -> tuple[float, float]:
    """Returns tokens/s per chip within the limits if the chip is slower, and if it is faster.

    A chip that is slower than predicted meets a limit only with fewer requests, so it loses more
    throughput than its times alone suggest. The rate is 0 where no way meets the limits.

    Args:
        left: the ways of one chip.
        goal: the limits.
        best_: the best of these ways, at one point: the half-widths of its intervals tell by which
            factors TPOT, TTFT and the rate are off.
        level: that of the interval.
    """
    first = best_.ttft.half(level) if best_.ttft else best_.rate_interval.half(level)
    halves = best_.half(level), first, best_.rate_interval.half(level)
    rates = []
    for sign in (1, -1):
        tpot, ttft, rate = (math.exp(sign * float(half[0])) for half in halves)
        pick = left.best(goal.tpot / tpot, goal.ttft / ttft)
        per_chip = float(pick[0].tokens_per_s[pick[1]]) / best_.scenario.chips if pick else 0.0
        rates.append(per_chip / rate)
    return rates[0], rates[1]


def chips_for(prediction: Prediction, rate: float) -> tuple[float, float, float]:
    """Returns how many chips a rate takes: middle, low and high of the 80% interval.

    Chips are counted in whole copies of the model, with their share of the chips for prefill. The
    high end is infinite where a chip at the slow end of its interval cannot stay within the limits
    at all.

    Args:
        prediction: one way at one point.
        rate: tokens/s in total.
    """
    scenario = prediction.scenario
    splits = [scenario.split, *([scenario.prefill.split] if scenario.prefill else [])]
    copies = math.gcd(*(1 if one.shards > one.tp else one.dp for one in splits))
    copy = scenario.chips // copies
    least, most = prediction.per_chip_bounds(COVERAGE_80, 0)
    rates = float(prediction.per_chip()[0]), most, least
    middle, low, high = (
        math.ceil(rate / copy / each) * copy if each else math.inf for each in rates
    )
    return middle, low, high


def _too_large(chip: Facts, goal: ServingGoal) -> str:
    """Returns why no way fits: the model is too large, or too large with that many requests."""
    if goal.prefill == DISAGGREGATED:
        return f"does not fit on {goal.devices} chips with prefill and decode on chips of their own"
    length = goal.prompt + goal.output
    least = least_chips(chip, goal.workload, goal.precision, Parallel(), 1.0, length)
    problem = f"does not fit on {counted(goal.devices, 'chip')}"
    if goal.batch and least is not None and least <= goal.devices:
        return f"{problem} with batch={min(goal.batch)}"
    return problem + (f", needs {least}" if least else " nor at any tp")


def _too_slow(ways_: Sequence[Way], goal: ServingGoal) -> str:
    """Returns why no way meets the limits: the lowest value of each limit, with its interval."""
    found = [one.prediction() for one in ways_]
    tpots = [(one.seconds, one.half(COVERAGE_80)) for one in found]
    ttfts = [(one.ttft.seconds, one.ttft.half(COVERAGE_80)) for one in found if one.ttft]
    lowest = {"TPOT": (goal.tpot, *_lowest(tpots)), "TTFT": (goal.ttft, *_lowest(ttfts))}
    asked = {key: one for key, one in lowest.items() if one[0] < math.inf}
    is_sure = any(value * math.exp(-half) > limit for limit, value, half in asked.values())
    words = listed(f"the lowest {key} is {_spread(*one[1:])}" for key, one in asked.items())
    return f"no way {'stays' if is_sure else 'is predicted to stay'} within {goal.limits}: {words}"


def _lowest(times: Sequence[tuple[Array, Array]]) -> tuple[float, float]:
    """Returns the lowest of some ways' times in s and its half-width in log."""
    every = (zip(*np.broadcast_arrays(*one), strict=True) for one in times)
    seconds, half = min(pair for way in every for pair in way)
    return float(seconds), float(half)


def _spread(seconds: float, half: float) -> str:
    """Returns a time with its interval, in the unit of the time."""
    low, high = (duration(seconds * math.exp(sign * half), 2) for sign in (-1, 1))
    return f"{duration(seconds, 2)} ({low} to {high} at {COVERAGE_80:.0%})"
