"""One page per chip: sheet with sources, derived figures, rule history, evidence, predictions."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.evaluate import Judgement
from bench.predict.answers import Answer
from bench.predict.tiers import RESTS
from bench.predict.validation.chiperrors import repeats
from bench.records.model import Record
from bench.report.chips.dossier import dossier
from bench.report.chips.evidence import evidence_report
from bench.report.prediction.predicted import prediction_texts
from bench.report.prediction.predictions import HOW, transfer_lines
from bench.report.rules.policies import paragraph, policy_of
from bench.report.text.markup import cleaned
from bench.site.blocks import Block, blocks, claim_badge, unique
from bench.site.page import Page
from bench.site.pages.predictions import coverage
from bench.site.predicted import BASE, StandingQuestion
from bench.site.words import Linker
from bench.site.world import World
from bench.theory.entry import key_of, look_up

TOP_FIGURES = ("matrix_bf16", "matrix_fp8", "memory_capacity", "memory_bandwidth", "tdp", "tpp",
        "performance_density")  # fmt: skip
"""Figures shown at the top of a page, if the chip has them."""
COLUMNS_NOTE = (
    "Tokens are those of the answers; of prefill only, those of the prompts. TPOT: time between "
    "two tokens of one request; of prefill only, the whole step. Limited by: what takes most of "
    "the time, and its share of it. Memory left: on each chip, after weights, cache and what an "
    "engine keeps."
)
"""Explains the columns of the predictions."""
ERRORS_NOTE = (
    "Error: |predicted / measured − 1|; bias: the median of the signed error. A bias below zero "
    "says for times that it took longer than predicted, for figures that it reached more."
)
"""Explains the columns of the prediction errors."""


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields a page for each sheet."""
    yield from (_page(chip, world, addresses) for chip in world.chips)


def _page(chip: Chip, world: World, addresses: dict[str, str]) -> Page:
    path = f"chips/{chip.id}.html"
    linker = Linker(addresses, "../", path)
    return Page(
        path=path,
        title=chip.name,
        description=f"{chip.name}: published figures with sources, export rules, evidence.",
        template="chip.html",
        part="chips.html",
        data={
            "chip": chip,
            "facts": _facts(chip, world),
            "status": _status(chip, world),
            "sheet": _sheet(chip, world, linker),
            "evidence": _evidence(chip, world, linker),
            "predicted": _predicted(chip, world, linker),
            "errors": _errors(chip, world, linker),
            "claims": [_claim(judged, linker) for judged in world.claims_about(chip.id)],
            "records": [
                linker.link(judged.record.id)
                for judged in world.our_records
                if judged.record.identity.chip == chip.id
            ],
            "others": [linker.link(name) for name in chip.variants],
            "baseline": BASE if chip.id != BASE else "nvidia-h100-sxm-80gb",
        },
    )


def _facts(chip: Chip, world: World) -> list[tuple[str, str, str]]:
    """Returns title, value and anchor of each figure at the top."""
    entries = [(key, look_up(chip, key_of(key), world.catalogue)) for key in TOP_FIGURES]
    return [
        (entry.key.title, entry.text, key if key in FIGURES else "sheet-1")
        for key, entry in entries
        if entry.value is not None
    ]


def _status(chip: Chip, world: World) -> str:
    ruling = world.status.get(chip.id)
    if ruling is None or chip.variants:
        return ""
    return f"{policy_of(ruling)}; paragraph: {paragraph(ruling.status)}"


def _sheet(chip: Chip, world: World, linker: Linker) -> list[Block]:
    """Returns the tables of the sheet; the anchor of each figure's row is its key."""
    sheet = world.catalogue.chips[chip.id]
    report = cleaned(dossier(sheet, world.catalogue, world.book, _records(chip, world)))
    keys = [key for key in FIGURES if key in chip.figures]
    return list(blocks(report, linker, "sheet", unique([*keys, *chip.facts])))


def _records(chip: Chip, world: World) -> list[Record]:
    return [judged.record for judged in world.measured if judged.record.identity.chip == chip.id]


def _evidence(chip: Chip, world: World, linker: Linker) -> list[Block]:
    if not world.observed.get(chip.id):
        return []
    report = cleaned(evidence_report(chip, world.evidence))
    return list(blocks(report, linker, "evidence"))


def _predicted(chip: Chip, world: World, linker: Linker) -> Block | None:
    """Returns the predictions for each standing question; None if there are none for the chip."""
    rows = [
        _answer_row(answered.question, answered.answers[chip.id], linker)
        for answered in world.predicted
        if chip.id in answered.answers
    ]
    columns = (
        "question", "tokens/s, per chip", "x H20, per chip", "TPOT or step", "limited by",
        "memory left", "rests on",
    )  # fmt: skip
    above = linker.lines(HOW)
    below = linker.lines((COLUMNS_NOTE, RESTS, *_distance_from_fit(chip, world)))
    return Block("predicted-0", "", columns, rows, above=above, below=below) if rows else None


def _distance_from_fit(chip: Chip, world: World) -> Iterator[str]:
    """Yields how far the chip is from the fitted chips; equal lines of several questions once."""
    lines: dict[str, list[str]] = {}
    for answered in world.predicted:
        prediction = answered.answers[chip.id].found if chip.id in answered.answers else None
        for line in transfer_lines([prediction] if prediction else []):
            lines.setdefault(line, []).append(answered.question.title)
    yield from (f"{'; '.join(titles)}: {line}" for line, titles in lines.items())


def _answer_row(question: StandingQuestion, answer: Answer, linker: Linker) -> list[Markup]:
    link = Markup('<a href="{}predictions.html#{}">{}</a>').format(
        linker.root, question.key, question.title
    )
    if answer.found is None:
        cells = [answer.why, *(["–"] * 5)]
    else:
        values = prediction_texts(answer, answer.found, 0)
        cells = [values[key] for key in ("rate", "over", "time", "limit", "left", "rests")]
    return [link, *map(linker.text, cells)]


def _errors(chip: Chip, world: World, linker: Linker) -> Block | None:
    """Returns the errors of predictions of the chip by fits that left it out; None if untested."""
    errors = ((name, part["each"].get(chip.id)) for name, part in world.errors.items())
    tested = ((name, error) for name, error in errors if error and not repeats(name, world.errors))
    rows = [linker.lines(_error_row(name, error)) for name, error in tested]
    columns = ("part: what was left out", "cases", "mean error", "bias", "within 80 / 95%")
    title, below = "How far predictions were off", linker.lines((ERRORS_NOTE,))
    return Block("errors", title, columns, rows, below=below) if rows else None


def _error_row(name: str, error: dict[str, Any]) -> tuple[str, ...]:
    mean, bias = f"{error['mean']:.1%}", f"{error['bias']:+.1%}"
    return name, f"{error['count']:,}", mean, bias, coverage(error)


def _claim(judged: Judgement, linker: Linker) -> dict[str, object]:
    return {
        "link": linker.link(judged.claim.id, judged.claim.statement),
        "badge": claim_badge(judged.word.value, judged.stands),
        "who": f"{judged.claim.speaker}, {judged.claim.date}",
    }
