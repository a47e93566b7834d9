"""Predictions of chips as a table: ratio first, then rates, times, limits, memory, energy, cost."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.forecast import Asked, First, Foretold
from bench.predict.model.power import Prices
from bench.predict.tiers import RESTS
from bench.report.costs import INNER, banded, cost, costs_said, energy
from bench.report.foretold import (
    OUTER,
    digits_of,
    if_fitted,
    in_words,
    lasting,
    number,
    resting,
    unfit,
)
from bench.report.marks import unpublished, worked_out
from bench.report.markup import Report
from bench.report.operators import SPELLED as SPELLED_OPERATORS
from bench.report.operators import operators_section
from bench.report.question import beyond, instead, points, published, title
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table
from bench.report.tested import flat_tests, tests_said

STEPS = {"serve": "TPOT", "prefill": "prefill", "decode": "TPOT", "train": "step"}
HOW = (
    (
        "Predicted, not measured: published figures x fractions fitted to measured times. In "
        "brackets the 80% interval; after a semicolon the 95% one."
    ),
    "No prediction proves that two chips match: that takes measurements of both (claims, verdict).",
)
SPELLED = {
    "serve": (
        "Tokens are those of the answers. TPOT: time between two tokens of one request, with "
        "others' prefills in between; its own prefill counts in the rate. TTFT: of one prompt "
        "alone, with what engines add to its prefill; a queue made it 2.8 to 14 times as long on "
        "eight H20."  # aiconfigurator #1510
    ),
    "prefill": "Tokens are those of the prompts.",
    "decode": (
        "TPOT: one step, a token for each sequence, no prefills in between. Steps were fitted on "
        "one engine, serving on several: serving may come out a few percent faster."
    ),
    "train": (
        "Tokens are those of the batch; a step is forward, backward and update. Engines differ "
        "more than chips of a kind: the interval spans the engines measured. Memory: weights, "
        "gradients, Adam's states sharded over the copies, activations kept for backward."
    ),
}  # fmt: skip
"""What the words of a phase's columns mean."""
STAGES = "Pipeline stages are assumed to run one after the other, not filled with other requests."


def predictions(
    every: Sequence[Answer], base: Chip | None, asked: Asked, prices: Prices, *, operators: bool
) -> Report:
    """Returns the predictions of chips, the fastest that fits first; where none is told, why not.

    Args:
        every: an answer a chip.
        base: the chip that they are divided by.
        asked: the question.
        prices: what ownership is taken to cost.
        operators: whether each operator's time is told, too.
    """
    places = range(len(asked.batch))
    told = [(one, one.found, place) for one in every if one.found for place in places]
    shown = sorted(told, key=lambda row: _order(row[1], row[2]))
    notes = Notes()
    cells = tuple(cells_of(*row, prices, base, notes) for row in shown)
    table = Table(
        title(asked, base),
        HOW,
        columns(asked, base),
        cells,
        (*_summary(every, asked, prices), *((SPELLED_OPERATORS,) if operators else ())),
        notes.lines(),
    )
    rows = [flat(one, place, asked, prices) for one, _, place in shown]
    rows += [flat(one, place, asked, prices) for one in every if not one.found for place in places]
    more = (
        [operators_section(one, found, place) for one, found, place in shown] if operators else []
    )
    return Report(table, rows, tuple(more))


def _order(found: Foretold, place: int) -> tuple[int, bool, bool, float]:
    """Orders rows by point; then what fits, what is tight, what does not fit; then by rate."""
    over = found.room(place).fits is False
    return place, unfit(found, place), over, -float(found.per_chip()[place])


def columns(asked: Asked, base: Chip | None) -> tuple[str, ...]:
    """Returns the heads of what ``cells_of`` gives."""
    served = asked.phase == "serve"
    return (
        "chip",
        *points(asked),
        *((f"x {(*base.aliases, base.id)[0]}, per chip",) if base else ()),
        "tokens/s, per chip",
        *(("tokens/s, all",) if asked.split.chips > 1 else ()),
        STEPS[asked.phase],
        *(("TTFT, no queue",) if served else ()),
        "limited by", "memory left", "J/token", "USD/Mtoken", "rests on",
    )  # fmt: skip


def cells_of(  # noqa: PLR0913, PLR0917 -- a row, and what all rows share
    one: Answer, found: Foretold, place: int, prices: Prices, base: Chip | None, notes: Notes
) -> tuple[str, ...]:
    """Returns what is foretold of one chip at one point, a cell each."""
    asked = found.asked
    sizes = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    told, digits = in_words(one, found, place), digits_of(found.tier)
    first = found.first if asked.phase == "serve" else None
    return (
        one.chip.id,
        *(f"{sizes[key][place]:g}" for key in points(asked)),
        *((told["over"],) if base else ()),
        told["rate"],
        *((number(float(found.tokens[place]), digits),) if asked.split.chips > 1 else ()),
        told["time"],
        *((lasting(first.seconds, first.half(INNER), place, digits),) if first else ()),
        told["limit"],
        told["left"],
        if_fitted(found, place, banded(energy(found, place))),
        if_fitted(found, place, banded(cost(one, place, prices))),
        f"{told['rests']} {unpublished(one.chip, resting(one), notes)}".rstrip(),
    )  # fmt: skip


def flat(one: Answer, place: int, asked: Asked, prices: Prices) -> dict[str, Scalar]:
    """Returns the same for programs, in SI base units."""
    told: dict[str, Scalar] = {
        "chip": one.chip.id, "workload": asked.workload.id, "phase": asked.phase,
        "batch": int(asked.batch[place]), "input": int(asked.prompt[place]),
        "output": int(asked.output[place]) or None,
        "context": asked.workload.context, "precision": asked.how.name,
        "cache_B_element": asked.how.cache,
        "parallel": str(asked.split), "chips": asked.split.chips,
        **_recipe(asked), **flat_tests(one.chip.id, asked.phase), "unknown": one.why or None,
    }  # fmt: skip
    return told | (_numbers(one, place, prices) if one.found else {})


def _recipe(asked: Asked) -> dict[str, Scalar]:
    """Returns how a copy is trained; of other phases nothing."""
    train, recipe = asked.phase == "train", asked.recipe
    return {
        "micro": int(recipe.micro) if train else None,
        "recompute": recipe.recompute >= 1 if train else None,
    }


def _kept(found: Foretold, place: int) -> dict[str, Scalar]:
    """Returns what a chip keeps of a model, in bytes.

    Of training that is weights, gradients and the optimiser's states, and what backward wants.
    """
    room, train = found.room(place), found.recipe is not None
    return {
        "memory_free_B": room.free, "weights_B": None if train else room.weights,
        "states_B": room.weights if train else None,
        "activations_B": room.activations if train else None,
        "cache_B_sequence": None if train else room.cache,
    }  # fmt: skip


def _numbers(one: Answer, place: int, prices: Prices) -> dict[str, Scalar]:
    found = one.found
    if found is None:
        return {}
    joules, paid = energy(found, place), cost(one, place, prices)
    rate = float(found.per_chip()[place])
    told: dict[str, Scalar] = {
        "tokens_per_s_chip": rate, "tokens_per_s": float(found.tokens[place]),
        **_bounded("seconds", found, place), **_bounded("ttft_s", found.first, place),
    }  # fmt: skip
    for level in (INNER, OUTER):
        least, most = found.per_chip_bounds(level, place)
        share = f"{level * 100:.0f}"
        told |= {f"low_{share}": least, f"high_{share}": most}
    told |= {
        "model_half_log_95": found.model[-1], "sheet_half_log": float(found.sheet[place]),
        "limited_by": found.work.limit(place)[0], "tier": str(found.tier),
        "fits": found.room(place).fits, "room": found.room(place).word,
        **_kept(found, place),
        "J_per_token": joules.middle if joules else None,
        "J_per_token_low": joules.low if joules else None,
        "J_per_token_high": joules.high if joules else None,
        "usd_per_Mtoken": paid.middle if paid else None,
        "usd_per_Mtoken_low": paid.low if paid else None,
        "usd_per_Mtoken_high": paid.high if paid else None,
        "lacks": ", ".join(found.lacks) or None, "assumed": found.assumed or None,
        "worked_out": ", ".join(worked_out(one.chip, resting(one))) or None,
    }  # fmt: skip
    if one.over is not None:
        low, high = one.over.bounds(OUTER)
        inner = one.over.bounds(INNER)
        told |= {
            "ratio_low_80": float(inner[0][place]), "ratio_high_80": float(inner[1][place]),
            "ratio": float(one.over.middle[place]), "ratio_low_95": float(low[place]),
            "ratio_high_95": float(high[place]),
        }  # fmt: skip
    return told


def _bounded(name: str, found: Foretold | First | None, place: int) -> dict[str, Scalar]:
    """Returns a time in seconds with its intervals, a key each."""
    middle = float(found.seconds[place]) if found else None
    told: dict[str, Scalar] = {name: middle}
    for level in (INNER, OUTER):
        factor = float(np.exp(found.half(level)[place])) if found else None
        share = f"{level * 100:.0f}"
        told[f"{name}_low_{share}"] = middle / factor if middle and factor else None
        told[f"{name}_high_{share}"] = middle * factor if middle and factor else None
    return told


def _summary(every: Sequence[Answer], asked: Asked, prices: Prices) -> Iterator[str]:
    if told := tests_said([one.chip.id for one in every if one.found], asked.phase):
        yield told
    yield from caveats(every, asked)
    places = range(len(asked.batch))
    if any(unfit(one.found, at) for one in every if one.found for at in places):
        yield "Where the model does not fit, rates, energy and cost are as if it did."
    yield costs_said(prices)
    yield RESTS
    yield from untold(every, asked)


def caveats(every: Sequence[Answer], asked: Asked) -> Iterator[str]:
    """Yields what an answer's words mean, and what it takes for granted."""
    yield from beyond(asked)
    yield SPELLED[asked.phase]
    yield from published(asked, [one.found.chip for one in every if one.found])
    if asked.workload.experts:
        done = "training" if asked.phase == "train" else "serving"
        yield f"Experts are assumed evenly loaded; the interval is that of {done} such models."
    if asked.split.pp > 1 and asked.phase != "train":
        yield STAGES
    yield from beside_fit([one.found for one in every if one.found])


def beside_fit(every: Sequence[Foretold]) -> Iterator[str]:
    """Yields how far chips are from what was fitted: other hands, vendors without an engine."""
    yield from {str(one.others) for one in every if one.others and not one.abroad}
    ported = [one for one in every if one.others and one.abroad]
    vendors = sorted({one.chip.vendor for one in ported})
    yield from {one.others.ported(vendors) for one in ported if one.others}
    if any(one.abroad and not one.others for one in every):
        yield "Across vendors part of the interval is assumed: most fitted times are of one vendor."


def untold(every: Sequence[Answer], asked: Asked) -> Iterator[str]:
    """Yields why there is nothing of some chips, each reason once."""
    reasons: dict[str, list[str]] = {}
    for one in every:
        if not one.found:
            reasons.setdefault(one.why, []).append(one.chip.id)
    for why, chips in reasons.items():
        yield f"Unknown, {why.removeprefix('unknown, ')}: {', '.join(chips)}."
    lacking = [one.chip for one in every if not one.found and "matrix rate" in one.why]
    yield from instead(lacking, asked)
