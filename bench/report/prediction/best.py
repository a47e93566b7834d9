"""The best way to serve a model on a given number of chips, and how many chips a rate takes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.model.parallel import Parallel
from bench.predict.model.power import Prices
from bench.predict.search import chips_for
from bench.predict.tiers import RESTS
from bench.predict.validation.chiperrors import errors
from bench.predict.validation.errorfile import WAYS
from bench.predict.ways import ALL, EITHER, ServingGoal
from bench.report.prediction.answered import Answered
from bench.report.prediction.chiperrors import phase_ratio_lines, tests_line
from bench.report.prediction.costs import cost_order, costs_note, lacking_lines
from bench.report.prediction.disaggregated import side_tested
from bench.report.prediction.flat import flat_rows
from bench.report.prediction.goals import GoalResult, asked, goal_lines, lengths, varies
from bench.report.prediction.operators import OPERATOR_NOTES, operators_section
from bench.report.prediction.predictions import (
    HOW,
    STAGES,
    Shown,
    caveats,
    cells_of,
    columns,
    rests_with_notes,
)
from bench.report.table import Notes, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.units import significant
from bench.words import counted, listed

COLUMN_NOTES = (
    "Way: how the model is divided over all chips (tp, pp: chips share the layers; dp: copies; "
    "ep: experts over that many chips). Of all ways and numbers of concurrent requests that leave "
    "10% of the memory free, it has the most tokens/s within the limits; of those within 1%, the "
    "one with the lowest TPOT, then TTFT. Intervals of tokens/s, energy and cost hold within the "
    "limits, too: a chip that turns out slower stays within them with fewer requests only (0: with "
    "none). Other intervals are for the way shown."
)

FRONTIER = (
    "Way: how the model is divided over all chips (tp, pp: chips share the layers; dp: copies; "
    "ep: experts over that many chips). Of all ways and numbers of concurrent requests that leave "
    "10% of the memory free and stay within the limits, those that no other surpasses in both "
    "tokens/s and TPOT (Pareto); each has over 1% more tokens/s than those with a lower TPOT. Per "
    "user: 1 / TPOT."
)
RANKS = (
    "Rank: the best of the ways that are not ranked before it, each at its own number of requests; "
    "so is its interval of tokens/s."
)


def best_ways(
    results: Sequence[GoalResult],
    base: Chip | None,
    prices: Prices,
    rate: float | None,
    *,
    operators: bool,
) -> Report:
    """Returns the best ways of each chip: goal by goal, the fastest chip first; or all by cost.

    Args:
        results: one per number of chips and limit of TPOT; at least one has answers.
        base: the baseline, at its own best way.
        prices: assumptions about the cost of ownership.
        rate: tokens/s wanted in total; None: the number of chips for it is not shown.
        operators: whether to show the time of each operator, too.
    """
    notes, first = Notes(), results[0].wanted
    shared = Shown(base, prices, several=any(one.wanted.devices > 1 for one in results))
    heads = _heads(columns(first.scenario(_copies(first), [1]), shared), results, rate)
    ordered = [(goal, one) for goal in results for one in _fastest(goal.answers)]
    if prices.sort:
        ordered.sort(key=lambda row: _cost(row[1], prices))
    shown = [(goal, Answered(one, one.found)) for goal, one in ordered if one.found]
    cells = tuple(
        _spliced(
            cells_of(at, 0, shared, rests_with_notes(at, notes)),
            goal.wanted,
            at,
            results,
            rate,
        )
        for goal, at in shown
    )
    summary = (*_summary(results, base, prices), *((OPERATOR_NOTES,) if operators else ()))
    table = Table(_title(results, base), HOW, heads, cells, summary, notes.lines())
    more = [operators_section(at.answer, at.prediction, 0) for _, at in shown] if operators else []
    rows = [_flat(goal.wanted, one, prices, rate) for goal, one in ordered]
    return Report(table, rows, tuple(more))


def _fastest(answers: Sequence[Answer]) -> list[Answer]:
    """Returns the answers, by the best of each chip, the fastest first; those without one last."""
    rates = {
        one.chip.id: float(one.found.tokens_per_s[0])
        for one in answers
        if one.found and one.rank == 1
    }
    return sorted(answers, key=lambda one: -rates.get(one.chip.id, 0.0))


def _cost(answer: Answer, prices: Prices) -> float:
    """Returns the cost of an answer as a sort key: infinite without a prediction or a price."""
    return cost_order(Answered(answer, answer.found), 0, prices) if answer.found else math.inf


def _copies(wanted: ServingGoal) -> Parallel:
    """Returns a copy of the model on each chip: stands in where any split of the chips will do."""
    return Parallel(dp=wanted.devices)


def _title(results: Sequence[GoalResult], base: Chip | None) -> str:
    wanted = results[0].wanted
    cache = ", 8-bit cache" if wanted.precision.cache == 1 else ""
    shared = replace(wanted, tpot=math.inf) if varies(results, "tpot") else wanted
    limits = f", {shared.limits} at most" if shared.limits else ""
    *fewer, most = dict.fromkeys(one.wanted.devices for one in results)
    chips = listed([*map(str, fewer), counted(most, "chip")], "or")
    best = "the best" if shared.top != ALL else "those that none surpasses"
    tried = f"{'up to ' if fewer else ''}{counted(max(one.tried for one in results), 'way')}"
    return (
        f"{wanted.workload.name}, serving in {wanted.precision.name}{cache} on {chips}, "
        f"{lengths([one.wanted for one in results])}: {best} of {tried}{limits}"
        f"{f', over {base.name}' if base else ''}"
    )


def _heads(
    usual: tuple[str, ...], results: Sequence[GoalResult], rate: float | None
) -> tuple[str, ...]:
    """Returns the column heads of ``columns`` with goal, way and number of chips inserted."""
    differing = asked(results, results[0].wanted)
    top = results[0].wanted.top
    rank, user = ("rank",) * (top > 1), ("tokens/s, per user",) * (top == ALL)
    takes = (f"chips for {rate:,.0f} tokens/s",) if rate else ()
    return (usual[0], *differing, *rank, "way", "requests", *user, *usual[1:-1], *takes, usual[-1])


def _spliced(
    usual: tuple[str, ...],
    wanted: ServingGoal,
    at: Answered,
    results: Sequence[GoalResult],
    rate: float | None,
) -> tuple[str, ...]:
    """Returns the cells of one chip with goal, way and number of chips inserted, as ``_heads``."""
    differing = asked(results, wanted).values()
    rank = (str(at.answer.rank),) * (wanted.top > 1)
    user = (significant(1 / at.seconds[0], 3),) * (wanted.top == ALL)
    takes = (_takes(at.prediction, rate),) if rate else ()
    scenario = at.prediction.scenario
    way = (scenario.way, f"{scenario.batch[0]:,.0f}")
    return (usual[0], *differing, *rank, *way, *user, *usual[1:-1], *takes, usual[-1])


def _takes(prediction: Prediction, rate: float) -> str:
    """Formats ``64 (56–72)``, or ``64 (from 56)`` where the interval has no upper end.

    Where prefill has chips of its own, ``64, 16 of them for prefill (56–72)``.
    """
    middle, low, high = chips_for(prediction, rate)
    interval = f"{low:,.0f}–{high:,.0f}" if high < math.inf else f"from {low:,.0f}"
    scenario, share = prediction.scenario, ""
    if scenario.prefill:
        filling = round(middle * scenario.prefill.split.chips / scenario.chips)
        share = f", {filling:,} of them for prefill"
    return f"{middle:,.0f}{share} ({interval})"


def _summary(results: Sequence[GoalResult], base: Chip | None, prices: Prices) -> Iterator[str]:
    """Yields the sentences below the table: meanings, tests, caveats, chips without an answer."""
    answers = [one for goal in results for one in goal.answers]
    answered = [Answered(one, one.found) for one in answers if one.found]
    wanted = max((one.wanted for one in results), key=lambda goal: goal.prompt + goal.output)
    scenario = wanted.scenario(_copies(wanted), [1])
    served = (at.prediction.scenario for at in answered)
    tested = max(served, key=lambda one: one.prefill is not None)  # no test is of its intervals
    yield FRONTIER if wanted.top == ALL else COLUMN_NOTES
    if wanted.top > 1:
        yield RANKS
    yield _choices_tested()
    if wanted.prefill == EITHER:
        yield from side_tested()
    chips = [side.chip.id for at in answered for side in at.sides]
    if tests := tests_line(chips, tested):
        yield tests
    if base and wanted.top != 1:
        yield "Ratios are to the baseline's way with the most tokens/s within the limits."
    yield from phase_ratio_lines(tested, base, [one.chip for one in answers if one.found])
    yield from caveats([one for one in answers if one.found], scenario, costs_note(prices), RESTS)
    yield from lacking_lines(answered, prices)
    if any(one.found and one.found.scenario.split.pp > 1 for one in answers):
        yield STAGES
    yield from goal_lines(results)


def _choices_tested() -> str:
    """Returns how good such choices were in tests on models that others served in several ways."""
    (part,) = (part for key, part in errors().items() if key.startswith(WAYS))
    rules = [1 - rival[0] for rival in part["rivals"]]
    count = sum(one["count"] for one in part["each"].values())
    return (
        f"Tested on {count:,} choices between ways that others ran on {part['chips']} chips: the "
        f"way chosen gave {1 - part['mean']:.0%} of the best way's rate on average; a copy on as "
        f"few chips as possible {rules[0]:.0%}, on as many as possible {rules[1]:.0%}."
    )


def _flat(
    wanted: ServingGoal, answer: Answer, prices: Prices, rate: float | None
) -> dict[str, Scalar]:
    found = answer.found
    scenario = found.scenario if found else wanted.scenario(_copies(wanted), [1])
    middle, low, high = chips_for(found, rate) if found and rate else (None, None, None)
    high = None if high == math.inf else high
    at = Answered(answer, found) if found else None
    (row,) = flat_rows([(answer, at, 0)], scenario, prices)
    if not found:
        row |= {"parallel": None, "batch": None}
    return row | {
        "devices": wanted.devices,
        "tpot_limit_s": None if math.isinf(wanted.tpot) else wanted.tpot,
        "ttft_limit_s": None if math.isinf(wanted.ttft) else wanted.ttft,
        "rank": answer.rank if found else None,
        "tokens_per_s_user": 1 / float(found.seconds[0]) if found else None,
        "rate_wanted": rate, "chips_for_rate": middle,
        "chips_for_rate_low_80": low, "chips_for_rate_high_80": high,
    }  # fmt: skip
