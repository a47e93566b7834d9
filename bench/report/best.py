"""The best way to serve a model on so many chips of each kind, and how many chips a rate takes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.best import Wanted
from bench.predict.forecast import Prediction
from bench.predict.model.parallel import Parallel
from bench.predict.model.power import Prices
from bench.predict.tiers import RESTS
from bench.predict.validation.errorfile import WAYS
from bench.predict.validation.tested import errors
from bench.report.answered import Answered
from bench.report.costs import INNER, costs_said
from bench.report.digits import NONE, counted
from bench.report.flatpredictions import flat_rows
from bench.report.markup import Report
from bench.report.operators import SPELLED as SPELLED_OPERATORS
from bench.report.operators import operators_section
from bench.report.predictions import (
    HOW,
    STAGES,
    caveats,
    cells_of,
    columns,
    footed,
    untold,
)
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table
from bench.report.tested import tests_said

SPELLED = (
    "Way: how the model is divided over all chips (tp, pp: chips share the layers; dp: copies; "
    "ep: experts over that many chips). Of all ways and numbers of concurrent requests that fit in "
    "memory, it has the most tokens/s within the limits; of those within 1%, the one that answers "
    "first. Intervals of tokens/s hold within the limits, too: a chip that turns out slower stays "
    "within them with fewer requests only (0: with none). Other intervals are for the way shown."
)


@dataclass(frozen=True)
class Found:
    """What was found within one limit: an answer a chip, or why there is none at all."""

    wanted: Wanted
    every: Sequence[Answer]
    tried: int
    why: str = ""


def best_ways(
    found: Sequence[Found],
    base: Chip | None,
    prices: Prices,
    rate: float | None,
    *,
    operators: bool,
) -> Report:
    """Returns the best way of each chip, the fastest first, limit by limit.

    Args:
        found: one a limit of TPOT, one of them with an answer.
        base: the chip, at its own best, that the others are divided by.
        prices: what ownership is taken to cost.
        rate: tokens a second that are wanted in all; None: how many chips that takes is not told.
        operators: whether each operator's time is told, too.
    """
    notes, first = Notes(), found[0].wanted
    heads = _heads(columns(first.asked(_even(first), [1]), base), found, rate)
    told = [(limit, one) for limit in found for one in _fastest(limit.every)]
    shown = [(limit, Answered(one, one.found)) for limit, one in told if one.found]
    cells = tuple(
        _spliced(
            cells_of(at, 0, prices, base, footed(at, notes)), limit.wanted, at.found, (found, rate)
        )
        for limit, at in shown
    )
    said = (*_said(found, prices), *((SPELLED_OPERATORS,) if operators else ()))
    table = Table(_title(found, base), HOW, heads, cells, said, notes.lines())
    more = [operators_section(at.one, at.found, 0) for _, at in shown] if operators else []
    rows = [_flat(limit.wanted, one, prices, rate) for limit, one in told]
    return Report(table, rows, tuple(more))


def _fastest(every: Sequence[Answer]) -> list[Answer]:
    """Returns the answers, the fastest first; those that are none at the end."""
    return sorted(every, key=lambda one: -float(one.found.tokens[0]) if one.found else 0.0)


def _even(wanted: Wanted) -> Parallel:
    return Parallel(dp=wanted.devices)


def _title(found: Sequence[Found], base: Chip | None) -> str:
    wanted = found[0].wanted
    cache = ", 8-bit cache" if wanted.how.cache == 1 else ""
    limits = f", {wanted.said} at most" if len(found) == 1 and wanted.said else ""
    tried = max(one.tried for one in found)
    return (
        f"{wanted.workload.name}, serving in {wanted.how.name}{cache} on "
        f"{counted(wanted.devices, 'chip')}, {counted(wanted.prompt, 'token')} in, "
        f"{wanted.output:,} out: the best of {counted(tried, 'way')}{limits}"
        f"{f', over {base.name}' if base else ''}"
    )


def _heads(usual: tuple[str, ...], found: Sequence[Found], rate: float | None) -> tuple[str, ...]:
    limit = ("TPOT limit",) if len(found) > 1 else ()
    takes = (f"chips for {rate:,.0f} tokens/s",) if rate else ()
    return (usual[0], *limit, "way", "requests", *usual[1:-1], *takes, usual[-1])


def _spliced(
    usual: tuple[str, ...],
    wanted: Wanted,
    its: Prediction,
    told: tuple[Sequence[Found], float | None],
) -> tuple[str, ...]:
    """Returns the cells of one chip with its limit, its way and how many chips the rate takes."""
    found, rate = told
    limit = (_limit(wanted.tpot),) if len(found) > 1 else ()
    takes = (_takes(its, rate),) if rate else ()
    way = (str(its.asked.split), f"{its.asked.batch[0]:,.0f}")
    return (usual[0], *limit, *way, *usual[1:-1], *takes, usual[-1])


def _limit(tpot: float) -> str:
    return NONE if math.isinf(tpot) else f"{tpot * 1e3:g} ms"


def _takes(its: Prediction, rate: float) -> str:
    middle, low, high = chips_for(its, rate)
    last = f"{low:,.0f}–{high:,.0f}" if high < math.inf else f"from {low:,.0f}"
    return f"{middle:,.0f} ({last})"


def chips_for(its: Prediction, rate: float) -> tuple[float, float, float]:
    """Returns how many chips a rate takes, in whole copies: middle, and the 80% interval.

    The last is infinite where a chip that is so slow keeps no limit.

    Args:
        its: one way at one point.
        rate: tokens a second in all.
    """
    split = its.asked.split
    copy = split.chips if split.shards > split.tp else split.tp * split.pp
    least, most = its.per_chip_bounds(INNER, 0)
    rates = float(its.per_chip()[0]), most, least
    middle, low, high = (
        math.ceil(rate / copy / each) * copy if each else math.inf for each in rates
    )
    return middle, low, high


def _said(found: Sequence[Found], prices: Prices) -> Iterator[str]:
    some = [one for limit in found for one in limit.every]
    chips = list(dict.fromkeys(one.chip.id for one in some if one.found))
    wanted = found[0].wanted
    asked = wanted.asked(_even(wanted), [1])
    yield SPELLED
    yield tested()
    if told := tests_said(chips, "serve", wanted.engine):
        yield told
    every = {one.chip.id: one for one in some if one.found}
    yield from caveats([*every.values()], asked, costs_said(prices), RESTS)
    if any(one.found and one.found.asked.split.pp > 1 for one in some):
        yield STAGES
    for limit in found:
        lines = [limit.why] if limit.why else untold(limit.every, asked)
        at = f"TPOT {_limit(limit.wanted.tpot)} at most: " if len(found) > 1 else ""
        yield from (f"{at}{line}" for line in lines)


def tested() -> str:
    """Returns how good such choices were where others have served models in several ways."""
    (part,) = (told for key, told in errors().items() if key.startswith(WAYS))
    rules = [1 - rival[0] for rival in part["rivals"]]
    count = sum(one["count"] for one in part["each"].values())
    return (
        f"Tested on {count:,} choices between ways that others ran on {part['chips']} chips: the "
        f"way chosen gave {1 - part['mean']:.0%} of the best way's rate on average; a copy on as "
        f"few chips as possible {rules[0]:.0%}, on as many as possible {rules[1]:.0%}."
    )


def _flat(wanted: Wanted, one: Answer, prices: Prices, rate: float | None) -> dict[str, Scalar]:
    asked = one.found.asked if one.found else wanted.asked(_even(wanted), [1])
    middle, low, high = chips_for(one.found, rate) if one.found and rate else (None, None, None)
    high = None if high == math.inf else high
    at = Answered(one, one.found) if one.found else None
    (found,) = flat_rows([(one, at, 0)], asked, prices)
    if not one.found:
        found |= {"parallel": None, "batch": None}
    return found | {
        "devices": wanted.devices,
        "tpot_limit_s": None if math.isinf(wanted.tpot) else wanted.tpot,
        "ttft_limit_s": None if math.isinf(wanted.ttft) else wanted.ttft,
        "rate_wanted": rate, "chips_for_rate": middle,
        "chips_for_rate_low_80": low, "chips_for_rate_high_80": high,
    }  # fmt: skip
