"""The table of predictions: ratio, rates, times, limit, memory, energy and cost of each chip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.learning.pooling import COVERAGE_80, COVERAGES
from bench.predict.learning.ranges import outside
from bench.predict.model.capacity import RESERVED_B, RESERVED_SHARE
from bench.predict.model.power import Prices
from bench.predict.scenario import Scenario
from bench.predict.tiers import RESTS
from bench.report.prediction.answered import Answered
from bench.report.prediction.chiperrors import phase_ratio_lines, tests_line
from bench.report.prediction.costs import (
    cost_order,
    cost_text,
    cost_unit,
    costs_note,
    energy,
    lacking_lines,
    with_range,
)
from bench.report.prediction.disaggregated import disaggregated_lines
from bench.report.prediction.flat import flat_rows
from bench.report.prediction.operators import OPERATOR_NOTES, operators_section
from bench.report.prediction.predicted import (
    digits_of,
    if_fitted,
    number,
    point_texts,
    rests_on,
    time_text,
)
from bench.report.prediction.question import (
    beyond_context,
    described,
    published_format,
    swept_sizes,
    title,
)
from bench.report.prediction.trainingnotes import column_notes, micro_lines, uneven_lines
from bench.report.table import Notes, Table
from bench.report.text.marks import computed_notes
from bench.report.text.markup import Report
from bench.report.text.scalar import Lazy, Rows

TIME_NAMES = {"serve": "TPOT", "prefill": "prefill", "decode": "TPOT", "train": "step"}
"""The name of the time that is predicted, by phase."""
KEPT = (
    f"Memory left: beyond the {RESERVED_SHARE:.0%} and {RESERVED_B / 1e9:g} GB that are kept free."
)
"""Explains the column of memory in inference."""
HOW = (
    (
        "Predicted, not measured: published figures x fractions fitted to measured times. In "
        "brackets the 80% interval; after a semicolon the 95% one."
    ),
    "No prediction proves that two chips match: that takes measurements of both (claims, verdict).",
)
NOT_MODELLED = "Not modelled: drafted tokens (speculative decoding, MTP), prefix caches."
COLUMN_NOTES = {
    "serve": (
        "Tokens are those of the answers. TPOT: time between two tokens of one request, with "
        "others' prefills in between where they share its chips; its own prefill counts in the "
        "rate, its limit and J/token. TTFT: of a "
        "request by itself with batch=1, else of one that joins others without waiting in a queue, "
        "which made it 2.8 to 14 times as long on eight H20."  # aiconfigurator #1510
    ),
    "prefill": "Tokens are those of the prompts.",
    "decode": (
        "TPOT: one step, a token for each sequence, no prefills in between. Steps were fitted on "
        "few engines, and the interval spans others: serving may come out a few percent faster."
    ),
}  # fmt: skip
"""Explains the terms of the columns of inference, by phase."""
ENGINES = {
    "serve": (
        "time per token", "engines tuned for public benchmarks", "engine=tuned leaves both out",
    ),
    "train": ("time of a step", "the fitted engines", "engine= names one of those"),
}  # fmt: skip
"""What is predicted, the engines of the fit, and how to ask for one of them, by phase."""
OF_ENGINE = "With {}: by how much slower or faster it is than others, on the chips that it ran on."
KNOWN = ("does not fit", "no way")
"""Beginnings of reasons that say that a chip cannot, not that something is unknown."""
STAGES = "Pipeline stages are assumed to work on different requests at a time, as engines do."


@dataclass(frozen=True)
class Shown:
    """What all rows of a table of predictions show.

    Attributes:
        base: the chip that the others are divided by, if any.
        prices: the prices that costs are computed from.
        several: whether a row is of several chips, so that their rate together has a column.
    """

    base: Chip | None
    prices: Prices
    several: bool


def predictions(
    answers: Sequence[Answer],
    base: Chip | None,
    scenario: Scenario,
    prices: Prices,
    *,
    operators: bool,
) -> Report:
    """Returns the predictions of chips, the best that fits first, and why others have none.

    Args:
        answers: an answer per chip.
        base: the chip that the others are divided by.
        scenario: the question.
        prices: the prices that costs are computed from.
        operators: whether to add a table of operators' times per row.
    """
    places = range(len(scenario.batch))
    answered = [Answered(one, one.found) for one in answers if one.found]
    every = ((at, place) for at in answered for place in places)
    shown = sorted(every, key=lambda row: _order(row[0], row[1], prices))
    notes, shared = Notes(), Shown(base, prices, several=scenario.chips > 1)
    rests = {at.chip.id: rests_with_notes(at, notes) for at in dict.fromkeys(at for at, _ in shown)}
    table = Table(
        title(scenario, base),
        HOW,
        columns(scenario, shared),
        Lazy(lambda: (cells_of(*row, shared, rests[row[0].chip.id]) for row in shown)),
        (
            *_summary(answers, answered, base, scenario, prices),
            *((OPERATOR_NOTES,) if operators else ()),
        ),
        notes.lines(),
    )
    unknown = ((one, None, place) for one in answers if not one.found for place in places)
    rows = [*((at.answer, at, place) for at, place in shown), *unknown]
    detailed = shown if operators else []
    more = tuple(operators_section(at.answer, at.prediction, place) for at, place in detailed)
    return Report(table, Rows(lambda: flat_rows(rows, scenario, prices)), more)


def _order(at: Answered, place: int, prices: Prices) -> tuple[int, bool, bool, float]:
    """Returns the sort key: by point; then what fits, is tight, does not fit; then rate or cost."""
    last = cost_order(at, place, prices) if prices.sort else -at.rates[place]
    return place, at.unfit(place), at.room(place).fits is False, last


def rests_with_notes(at: Answered, notes: Notes) -> str:
    """Returns on what an answer is based, with the footnotes of figures that nobody published."""
    marks = computed_notes(at.chip, at.figures_used, notes)
    return f"{rests_on(at.answer, at.prediction)} {marks}".rstrip()


def columns(scenario: Scenario, shown: Shown) -> tuple[str, ...]:
    """Returns the column headings of the cells that ``cells_of`` returns."""
    served, base = scenario.phase == "serve", shown.base
    return (
        "chip",
        *swept_sizes(scenario),
        *((f"x {base.short}, per chip",) if base else ()),
        "tokens/s, per chip",
        *(("tokens/s, all",) if shown.several else ()),
        TIME_NAMES[scenario.phase],
        *(("TTFT, no queue",) if served else ()),
        *(("MFU",) if scenario.phase == "train" else ()),
        "limited by", "memory left", "J/token", cost_unit(shown.prices), "rests on",
    )  # fmt: skip


def cells_of(at: Answered, place: int, shown: Shown, rests: str) -> tuple[str, ...]:
    """Returns the row of one chip at one point; ``rests`` says on what the prediction is based."""
    scenario = at.prediction.scenario
    sizes = {"batch": scenario.batch, "input": scenario.prompt, "output": scenario.output}
    texts, digits = point_texts(at, place, COVERAGES), digits_of(at.prediction.tier)
    ttft = at.ttft if scenario.phase == "serve" else None
    return (
        at.chip.id,
        *(f"{sizes[key][place]:g}" for key in at.swept),
        *((texts["over"],) if shown.base else ()),
        texts["rate"],
        *((number(at.tokens_per_s[place], digits),) if shown.several else ()),
        texts["time"],
        *((time_text(ttft, at.ttft_half(COVERAGE_80), place, digits),) if ttft else ()),
        *((if_fitted(at, place, f"{at.mfu[place]:.0%}"),) if at.mfu else ()),
        texts["limit"],
        texts["left"],
        if_fitted(at, place, with_range(energy(at, place))),
        if_fitted(at, place, cost_text(at, place, shown.prices)),
        rests,
    )


def _summary(
    answers: Sequence[Answer],
    answered: Sequence[Answered],
    base: Chip | None,
    scenario: Scenario,
    prices: Prices,
) -> Iterator[str]:
    """Yields how well such predictions did, how to read them, and why some chips have none."""
    chips = [side.chip.id for at in answered for side in at.sides]
    if tests := tests_line(chips, scenario):
        yield tests
    yield from phase_ratio_lines(scenario, base, [at.chip for at in answered])
    yield from caveats(answers, scenario, costs_note(prices), RESTS)
    yield from lacking_lines(answered, prices)
    places = range(len(scenario.batch))
    if any(at.unfit(place) for at in answered for place in places):
        yield "Where the model does not fit, rates, energy and cost are as if it did."
    yield from unknown_lines(answers)


def caveats(answers: Sequence[Answer], scenario: Scenario, *more: str) -> Iterator[str]:
    """Yields what the columns mean and what the predictions assume.

    Args:
        answers: the answers.
        scenario: the question.
        more: sentences about further columns, added to those about the columns.
    """
    yield from described(scenario)
    yield from beyond_context(scenario)
    yield from unseen_lines([one.found for one in answers if one.found])
    if scenario.phase == "train":
        yield " ".join((column_notes(scenario), *more))
        yield from uneven_lines(scenario)
        yield from micro_lines([one.found for one in answers if one.found])
    else:
        yield " ".join((COLUMN_NOTES[scenario.phase], NOT_MODELLED, KEPT, *more))
    yield from published_format(scenario, [one.found.chip for one in answers if one.found])
    if scenario.workload.experts:
        work = "training" if scenario.phase == "train" else "serving"
        yield f"Experts are assumed evenly loaded; the interval is that of {work} such models."
        yield from _expert_copies(scenario)
    if scenario.phase == "train" and scenario.engine:
        yield OF_ENGINE.format(scenario.engine)
    elif scenario.phase != "train" and scenario.split.pp > 1:
        yield STAGES
    yield from disaggregated_lines([one.found for one in answers if one.found])
    yield from transfer_lines([one.found for one in answers if one.found])


def _expert_copies(scenario: Scenario) -> Iterator[str]:
    """Yields how many experts are held twice, if chips have more room than there are experts."""
    experts, split = scenario.workload.experts, scenario.split
    slots = split.expert_slots(experts.routed) if experts else 0
    if experts and slots > experts.routed:
        yield (
            f"ep{split.ep}: the {split.ep} chips hold {slots} experts a layer, "
            f"{slots // split.ep} each: {experts.routed} and {slots - experts.routed} copies."
        )


def unseen_lines(found: Sequence[Prediction]) -> Iterator[str]:
    """Yields which sizes lie far outside of those that the fit was made on."""
    if not found:
        return
    names = found[0].ranges
    every = {name: np.concatenate([one.sizes[name] for one in found]) for name in names}
    if sizes := outside(names, every):
        yield f"Outside of the fit, which no interval allows for: {', '.join(sizes)}."


def transfer_lines(found: Sequence[Prediction]) -> Iterator[str]:
    """Yields what a transfer of the fit adds: to other groups, to vendors that were not fitted."""
    words = ENGINES.get(found[0].scenario.phase, ENGINES["serve"]) if found else ("",) * 3
    compared = [(one, one.other_groups) for one in found if one.other_groups]
    yield from dict.fromkeys(
        groups.included_note(*words) if one.includes_other_groups else groups.note(words[0])
        for one, groups in compared
        if one.vendor_fitted
    )
    vendors = sorted({one.chip.vendor for one, _ in compared if not one.vendor_fitted})
    yield from dict.fromkeys(
        groups.port_note(words[0], vendors) for one, groups in compared if not one.vendor_fitted
    )
    if any(not one.vendor_fitted and not one.other_groups for one in found):
        yield "Across vendors part of the interval is assumed: most fitted times are of one vendor."


def unknown_lines(answers: Sequence[Answer]) -> Iterator[str]:
    """Yields why some chips have no prediction, one line per reason."""
    reasons: dict[str, list[str]] = {}
    for one in answers:
        if not one.found:
            reasons.setdefault(one.why, []).append(one.chip.id)
    for why, chips in reasons.items():
        if why.startswith(KNOWN):
            yield f"{', '.join(chips)}: {why}."
        else:
            yield f"Unknown, {why.removeprefix('unknown, ')}: {', '.join(chips)}."
