"""Page of predicted speeds, and of prediction errors on hold-out data."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape

from bench import paths
from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.learning.pooling import COVERAGE_80
from bench.predict.learning.tables import Table, tables
from bench.predict.tiers import MEANS
from bench.predict.validation.chiperrors import TESTS_OF_PHASE, ChipErrors, chip_tests
from bench.predict.validation.errorfile import FILE, RATIO, WAYS
from bench.report.prediction import question
from bench.report.prediction.answered import Answered
from bench.report.prediction.chiperrors import phase_ratio_lines
from bench.report.prediction.predicted import prediction_texts, unfit
from bench.report.prediction.predictions import caveats
from bench.site.page import Page
from bench.site.pages.chips import Cell, search_text
from bench.site.pictures import of_predictions
from bench.site.predicted import BASE, QuestionAnswers
from bench.site.words import Linker
from bench.site.world import World

PHASE_NAMES = {"serve": "serving", "train": "training"}
"""Names of tested phases that are not named by the phase itself."""


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the page."""
    errors_json = (paths.data_dir("results") / FILE).read_text("utf-8")
    linker = Linker(addresses, "", "predictions.html")
    rows = [_row(name, figures, linker) for name, figures in world.errors.items()]
    yield Page(
        path="predictions.html",
        title="Predictions",
        description="Predicted speed of chips with large models, and how far predictions are off.",
        template="predictions.html",
        part="predictions.html",
        script=True,
        data={
            "questions": [_question(one, linker) for one in world.predicted],
            **_chip_rows(world, linker),
            "means": MEANS,
            "times": [one for one in rows if not one["name"].startswith((RATIO, WAYS))],
            "ratios": [one for one in rows if one["name"].startswith(RATIO)],
            "pictures": of_predictions(),
            "tables": [_table(one, linker) for one in tables().values()],
            "files": [("data/validation.json", errors_json.encode())],
        },
    )


def _question(answered: QuestionAnswers, linker: Linker) -> dict[str, Any]:
    standing, answers = answered.question, [*answered.answers.values()]
    asked = question.title(standing.scenario, None)
    return {
        "key": standing.key,
        "title": standing.title,
        "asked": asked,
        "words": standing.command("910b2,h800"),
        "caveats": linker.lines([*_ratio_tests(answered), *caveats(answers, standing.scenario)]),
    }


def _ratio_tests(answered: QuestionAnswers) -> Iterator[str]:
    """Yields how far such ratios to the baseline were off, if the baseline has a prediction."""
    answers = answered.answers
    predicted_chips = [one.chip for one in answers.values() if one.found]
    base = answers[BASE].chip if BASE in answers else None
    yield from phase_ratio_lines(answered.question.scenario, base, predicted_chips)


def _chip_rows(world: World, linker: Linker) -> dict[str, Any]:
    """Returns a row for each chip with a prediction, and the choices of the page's filters."""
    predicted_chips = [
        chip
        for chip in world.chips
        if any(one.answers[chip.id].found for one in world.predicted if chip.id in one.answers)
    ]
    rows = [_chip_row(chip, world, linker) for chip in predicted_chips]
    tiers = {chip.tier for chip in predicted_chips}
    return {
        "asked": len(world.predicted[0].answers) if world.predicted else 0,
        "rows": sorted(rows, key=lambda row: row["order"]),
        "vendors": sorted({chip.vendor for chip in predicted_chips}),
        "tiers": [tier for tier in ("export", "domestic", "global") if tier in tiers],
    }


def _chip_row(chip: Chip, world: World, linker: Linker) -> dict[str, Any]:
    answers = [answered.answers[chip.id] for answered in world.predicted]
    cells = [_cell(answer, world.catalogue.chips.get(BASE)) for answer in answers]
    return {
        "chip": chip,
        "search": search_text(chip),
        "name": linker.link(chip.id, chip.name, "#predicted"),
        "cells": cells,
        "tested": _tested(chip, world),
        "rests": ", ".join(
            dict.fromkeys(str(answer.found.tier) for answer in answers if answer.found)
        ),
        "order": [-(cell.value or 0.0) for cell in cells],
    }


def _tested(chip: Chip, world: World) -> Cell:
    """Returns the prediction errors of a chip, one line per phase; sorted by the largest error."""
    results = {
        phase: chip_tests(chip.id, world.errors, starts) for phase, starts in TESTS_OF_PHASE.items()
    }
    tests_done = {phase: test for phase, test in results.items() if test}
    if not tests_done:
        return Cell(Markup("–"))
    line = Markup('{} {:.0%} off <span class="muted">{}</span>')
    lines = [
        line.format(PHASE_NAMES.get(phase, phase), test.error, _within(test))
        for phase, test in tests_done.items()
    ]
    return Cell(Markup("<br>").join(lines), max(test.error for test in tests_done.values()))


def _within(test: ChipErrors) -> str:
    """Returns how many cases lay within the interval, if that is the one that is shown."""
    if test.inside is None:
        return f"{test.count:,} case{'s' if test.count > 1 else ''}"
    return f"{test.inside:.0%} of {test.count:,} within"


def _cell(answer: Answer, base: Chip | None) -> Cell:
    """Returns tokens/s per chip, its MFU in training and, below, the ratio to the baseline.

    Cells are sorted by tokens/s.
    """
    if answer.found is None:
        return Cell(Markup("–"))
    if unfit(answer.found, 0):
        return Cell(Markup("does not fit"))
    texts = prediction_texts(answer, answer.found, 0, (COVERAGE_80,))
    mfu = Answered(answer, answer.found).mfu
    below = [f"MFU {mfu[0]:.0%}"] if mfu else []
    if base and answer.chip.id != base.id:
        below.insert(0, f"× {texts['over']}")
    muted = Markup('<br><span class="muted">{}</span>')
    lines = Markup("").join(muted.format(one) for one in below)
    return Cell(escape(texts["rate"]) + lines, float(answer.found.per_chip()[0]))


def _table(table: Table, linker: Linker) -> Markup:
    """Returns a line on a table of measured times: name, number of rows, source."""
    source = linker.outside(table.head.source.url, table.head.source.title)
    return Markup("{}, {} rows: {}").format(table.head.id, f"{len(table.rows):,}", source)


def coverage(errors: dict[str, Any]) -> str:
    """Returns the share of cases within the 80% and 95% intervals, as text."""
    return " / ".join(f"{share:.0%}" for share in errors["inside"]) or "–"


def _row(name: str, errors: dict[str, Any], linker: Linker) -> dict[str, Any]:
    return {
        "name": name,
        "count": f"{errors['count']:,}",
        "chips": errors["chips"],
        "mean": f"{errors['mean']:.1%}",
        "median": f"{errors['median']:.1%}",
        "bias": f"{errors['bias']:+.1%}",
        "inside": coverage(errors),
        "rivals": ["{:.0%} / {:.0%}".format(*rival) for rival in errors["rivals"]],
        "worst": linker.text(f"{errors['worst_chip']} {errors['worst']:.1%}"),
    }
