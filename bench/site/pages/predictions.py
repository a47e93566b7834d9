"""What chips are predicted to do, and how far predictions are off where their fit saw nothing."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from bench import paths
from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.learning.tables import Table, tables
from bench.predict.tiers import MEANS
from bench.predict.validation.errorfile import FILE, RATIO, WAYS
from bench.predict.validation.tested import PHASES, held_up
from bench.report import question
from bench.report.costs import INNER
from bench.report.predicted import in_words, unfit
from bench.report.predictions import caveats
from bench.site.page import Page
from bench.site.pages.chips import Cell, searched
from bench.site.pictures import of_predictions
from bench.site.predicted import BASE, Told
from bench.site.words import Words
from bench.site.world import World

CALLED = {"serve": "serving", "train": "training"}
"""What phases are called that were tested."""


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the page."""
    text = (paths.data_dir("results") / FILE).read_text("utf-8")
    words = Words(names, "", "predictions.html")
    rows = [_row(name, figures, words) for name, figures in world.errors.items()]
    yield Page(
        path="predictions.html",
        title="Predictions",
        description="Predicted speed of chips with large models, and how far predictions are off.",
        template="predictions.html",
        part="predictions.html",
        script=True,
        data={
            "questions": [_question(one, words) for one in world.predicted],
            **_standings(world, words),
            "means": MEANS,
            "times": [one for one in rows if not one["name"].startswith((RATIO, WAYS))],
            "ratios": [one for one in rows if one["name"].startswith(RATIO)],
            "pictures": of_predictions(),
            "tables": [_table(one, words) for one in tables().values()],
            "files": [("data/validation.json", text.encode())],
        },
    )


def _question(told: Told, words: Words) -> dict[str, Any]:
    one = told.question
    asked = question.title(one.asked, None)
    return {
        "key": one.key,
        "title": one.title,
        "asked": asked,
        "words": one.words("910b2,h800"),
        "caveats": words.lines(caveats([*told.answers.values()], one.asked)),
    }


def _standings(world: World, words: Words) -> dict[str, Any]:
    """Returns the rows of chips of which anything is predicted, and what rows can be chosen by."""
    shown = [
        chip
        for chip in world.chips
        if any(told.answers[chip.id].found for told in world.predicted if chip.id in told.answers)
    ]
    made = [_standing(chip, world, words) for chip in shown]
    return {
        "asked": len(world.predicted[0].answers) if world.predicted else 0,
        "rows": sorted(made, key=lambda row: row["order"]),
        "vendors": sorted({one.vendor for one in shown}),
        "tiers": [
            one for one in ("export", "domestic", "global") if one in {c.tier for c in shown}
        ],
    }


def _standing(chip: Chip, world: World, words: Words) -> dict[str, Any]:
    answers = [told.answers[chip.id] for told in world.predicted]
    cells = [_cell(one, world.catalogue.chips.get(BASE)) for one in answers]
    return {
        "chip": chip,
        "search": searched(chip),
        "name": words.link(chip.id, chip.name, "#predicted"),
        "cells": cells,
        "tested": _tested(chip, world),
        "rests": ", ".join(dict.fromkeys(str(one.found.tier) for one in answers if one.found)),
        "order": [-(one.value or 0.0) for one in cells],
    }


def _tested(chip: Chip, world: World) -> Cell:
    """Returns how far predictions of a chip were off, a line a phase; sorted by the worst."""
    tests = {phase: held_up(chip.id, world.errors, starts) for phase, starts in PHASES.items()}
    found = {phase: one for phase, one in tests.items() if one}
    if not found:
        return Cell(Markup("–"))
    line = Markup('{} {:.0%} off <span class="muted">{:.0%} of {:,} within</span>')
    lines = [
        line.format(CALLED.get(phase, phase), one.error, one.inside, one.count)
        for phase, one in found.items()
    ]
    return Cell(Markup("<br>").join(lines), max(one.error for one in found.values()))


def _cell(one: Answer, base: Chip | None) -> Cell:
    """Returns tokens a second and chip with the ratio to the base below; sorted by the former."""
    if one.found is None:
        return Cell(Markup("–"))
    if unfit(one.found, 0):
        return Cell(Markup("does not fit"))
    told = in_words(one, one.found, 0, (INNER,))
    rate = float(one.found.per_chip()[0])
    if base is None or one.chip.id == base.id:
        return Cell(Markup("{}").format(told["rate"]), rate)
    beside = Markup('{}<br><span class="muted">× {}</span>')
    return Cell(beside.format(told["rate"], told["over"]), rate)


def _table(one: Table, words: Words) -> Markup:
    """Returns a table of measured times: what it is, whence it comes, how much of it was kept."""
    source = words.outside(one.told.source.url, one.told.source.title)
    return Markup("{}, {} rows: {}").format(one.told.id, f"{len(one.rows):,}", source)


def inside(figures: dict[str, Any]) -> str:
    """Returns how many cases lay within the intervals."""
    return " / ".join(f"{one:.0%}" for one in figures["inside"]) or "–"


def _row(name: str, figures: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        "name": name,
        "count": f"{figures['count']:,}",
        "chips": figures["chips"],
        "mean": f"{figures['mean']:.1%}",
        "median": f"{figures['median']:.1%}",
        "bias": f"{figures['bias']:+.1%}",
        "inside": inside(figures),
        "rivals": ["{:.0%} / {:.0%}".format(*one) for one in figures["rivals"]],
        "worst": words.text(f"{figures['worst_chip']} {figures['worst']:.1%}"),
    }
