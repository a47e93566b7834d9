"""Predictions of chips as a table: ratio first, then rates, times, limits, memory, energy, cost."""

from collections.abc import Iterator, Sequence

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.model.power import Prices
from bench.predict.scenario import Scenario
from bench.predict.tiers import RESTS
from bench.report.answered import Answered
from bench.report.costs import INNER, cost, costs_note, energy, with_range
from bench.report.flatpredictions import flat_rows
from bench.report.marks import unpublished
from bench.report.markup import Report
from bench.report.operators import SPELLED as SPELLED_OPERATORS
from bench.report.operators import operators_section
from bench.report.predicted import (
    OUTER,
    at_point,
    digits_of,
    if_fitted,
    lasting,
    number,
    rests_on,
)
from bench.report.question import beyond, instead, points, published, title
from bench.report.scalar import Made, Rows
from bench.report.table import Notes, Table
from bench.report.tested import tests_said

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
        "others' prefills in between; its own prefill counts in the rate. TTFT: of a "
        "request by itself with batch=1, else of one that joins others without waiting in a queue, "
        "which made it 2.8 to 14 times as long on eight H20."  # aiconfigurator #1510
    ),
    "prefill": "Tokens are those of the prompts.",
    "decode": (
        "TPOT: one step, a token for each sequence, no prefills in between. Steps were fitted on "
        "few engines, and the interval spans others: serving may come out a few percent faster."
    ),
    "train": (
        "Tokens are those of the batch; a step is forward, backward and update. Memory: weights, "
        "gradients, Adam's states sharded over the copies, activations kept for backward; "
        "gradients and moments in 32 bits unless states=bf16."
    ),
}  # fmt: skip
"""What the words of a phase's columns mean."""
ANY_ENGINE = "Engines differ: the interval spans those measured; engine= names one of them."
OF_ENGINE = "With {}: by how much slower or faster it is than others, on the chips that it ran on."
STAGES = "Pipeline stages are assumed to run one after the other, not filled with other requests."


def predictions(
    every: Sequence[Answer], base: Chip | None, asked: Scenario, prices: Prices, *, operators: bool
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
    told = [Answered(one, one.found) for one in every if one.found]
    shown = sorted(((at, place) for at in told for place in places), key=_order)
    notes = Notes()
    rests = {at.chip.id: footed(at, notes) for at in dict.fromkeys(at for at, _ in shown)}
    table = Table(
        title(asked, base),
        HOW,
        columns(asked, base),
        Made(lambda: (cells_of(*row, prices, base, rests[row[0].chip.id]) for row in shown)),
        (*_summary(every, told, asked, prices), *((SPELLED_OPERATORS,) if operators else ())),
        notes.lines(),
    )
    untold_rows = ((one, None, place) for one in every if not one.found for place in places)
    rows = [*((at.answer, at, place) for at, place in shown), *untold_rows]
    more = (
        [operators_section(at.answer, at.prediction, place) for at, place in shown]
        if operators
        else []
    )
    return Report(table, Rows(lambda: flat_rows(rows, asked, prices)), tuple(more))


def _order(row: tuple[Answered, int]) -> tuple[int, bool, bool, float]:
    """Orders rows by point; then what fits, what is tight, what does not fit; then by rate."""
    at, place = row
    return place, at.unfit(place), at.room(place).fits is False, -at.rates[place]


def footed(at: Answered, notes: Notes) -> str:
    """Returns what an answer rests on, with its footnotes."""
    marks = unpublished(at.chip, at.figures_used, notes)
    return f"{rests_on(at.answer, at.prediction)} {marks}".rstrip()


def columns(asked: Scenario, base: Chip | None) -> tuple[str, ...]:
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


def cells_of(
    at: Answered, place: int, prices: Prices, base: Chip | None, rests: str
) -> tuple[str, ...]:
    """Returns what is predicted of one chip at one point, a cell each; what it rests on as told."""
    asked, found = at.prediction.scenario, at.prediction
    sizes = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    told, digits = at_point(at, place, (INNER, OUTER)), digits_of(found.tier)
    first = at.ttft if asked.phase == "serve" else None
    return (
        at.chip.id,
        *(f"{sizes[key][place]:g}" for key in at.swept),
        *((told["over"],) if base else ()),
        told["rate"],
        *((number(at.tokens_per_s[place], digits),) if asked.split.chips > 1 else ()),
        told["time"],
        *((lasting(first, at.ttft_half(INNER), place, digits),) if first else ()),
        told["limit"],
        told["left"],
        if_fitted(at, place, with_range(energy(at, place))),
        if_fitted(at, place, with_range(cost(at, place, prices))),
        rests,
    )


def _summary(
    every: Sequence[Answer], told: Sequence[Answered], asked: Scenario, prices: Prices
) -> Iterator[str]:
    if tests := tests_said([at.chip.id for at in told], asked.phase, asked.engine):
        yield tests
    yield from caveats(every, asked, costs_note(prices), RESTS)
    places = range(len(asked.batch))
    if any(at.unfit(place) for at in told for place in places):
        yield "Where the model does not fit, rates, energy and cost are as if it did."
    yield from untold(every, asked)


def caveats(every: Sequence[Answer], asked: Scenario, *more: str) -> Iterator[str]:
    """Yields what an answer's words mean, ``more`` in the same line, and what it takes for granted.

    Args:
        every: the answers.
        asked: the question.
        more: what further columns hold.
    """
    yield from beyond(asked)
    yield " ".join((SPELLED[asked.phase], *more))
    yield from published(asked, [one.found.chip for one in every if one.found])
    if asked.workload.experts:
        done = "training" if asked.phase == "train" else "serving"
        yield f"Experts are assumed evenly loaded; the interval is that of {done} such models."
    if asked.phase == "train":
        yield OF_ENGINE.format(asked.engine) if asked.engine else ANY_ENGINE
    elif asked.split.pp > 1:
        yield STAGES
    yield from beside_fit([one.found for one in every if one.found])


def beside_fit(every: Sequence[Prediction]) -> Iterator[str]:
    """Yields how far chips are from what was fitted: other groups, vendors without an engine."""
    home = [one for one in every if one.other_groups and one.vendor_fitted]
    yield from {
        one.other_groups.counted() if one.includes_other_groups else str(one.other_groups)
        for one in home
        if one.other_groups
    }
    ported = [one for one in every if one.other_groups and not one.vendor_fitted]
    vendors = sorted({one.chip.vendor for one in ported})
    yield from {one.other_groups.ported(vendors) for one in ported if one.other_groups}
    if any(not one.vendor_fitted and not one.other_groups for one in every):
        yield "Across vendors part of the interval is assumed: most fitted times are of one vendor."


def untold(every: Sequence[Answer], asked: Scenario) -> Iterator[str]:
    """Yields why there is nothing of some chips, each reason once."""
    reasons: dict[str, list[str]] = {}
    for one in every:
        if not one.found:
            reasons.setdefault(one.why, []).append(one.chip.id)
    for why, chips in reasons.items():
        yield f"Unknown, {why.removeprefix('unknown, ')}: {', '.join(chips)}."
    lacking = [one.chip for one in every if not one.found and "matrix rate" in one.why]
    yield from instead(lacking, asked)
