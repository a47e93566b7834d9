"""The sortable table of all chips."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.evidence.estimate import Achieved
from bench.report.chips.ratios import reached
from bench.report.rules.policies import policy_of
from bench.report.text.marks import UNPUBLISHED
from bench.site.page import Page
from bench.site.words import Linker
from bench.site.world import World
from bench.theory.entry import Entry, key_of, look_up

BEFORE_MEASURED = ("matrix_bf16",)
AFTER_MEASURED = ("matrix_fp8", "memory_capacity", "memory_bandwidth", "tpp", "performance_density")
AFTER_POLICY = ("tdp", "link_bandwidth", "matrix_int8")
"""Columns of figures before and after the measured column, and after the licence policy."""
LEADING_RATES = ("matrix_bf16", "matrix_fp16")
"""The table shows the achieved fraction of the first of these figures that was measured."""
KINDS = {"gpu": "accelerator", "npu": "accelerator", "system": "system", "cpu": "processor"}
"""Kind of chip as the page names it, by the kind on the sheet."""
ORDER = ("accelerator", "system", "processor")
"""Order of the kinds in the table."""


@dataclass(frozen=True)
class Cell:
    """A cell of a sortable table; cells whose ``value`` is None are sorted last."""

    text: Markup
    value: float | None = None


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the table of all chips."""
    linker = Linker(addresses, "", "chips.html")
    chips = [chip for chip in world.chips if not chip.variants]
    shown = sorted(chips, key=lambda chip: ORDER.index(KINDS[chip.kind]))
    yield Page(
        path="chips.html",
        title=f"{len(shown)} chips and their published figures",
        description="Spec sheets of AI chips, dense figures with sources, sortable.",
        template="chips.html",
        part="chips.html",
        script=True,
        data={
            "heads": [
                [key_of(key).heading for key in keys]
                for keys in (BEFORE_MEASURED, AFTER_MEASURED, AFTER_POLICY)
            ],
            "rows": [_row(chip, world, linker) for chip in shown],
            "vendors": sorted({chip.vendor for chip in shown}),
            "tiers": ("export", "domestic", "global"),
            "kinds": ORDER,
        },
    )


def _row(chip: Chip, world: World, linker: Linker) -> dict[str, object]:
    ruling = world.status.get(chip.id)
    return {
        "chip": chip,
        "kind": KINDS[chip.kind],
        "search": search_text(chip),
        "name": linker.link(chip.id, chip.name),
        "launched": chip.launched or "",
        "cells": [
            [_cell(chip, look_up(chip, key_of(key), world.catalogue), linker) for key in keys]
            for keys in (BEFORE_MEASURED, AFTER_MEASURED, AFTER_POLICY)
        ],
        "reaches": achieved_cell(chip, world, linker),
        "policy": policy_of(ruling) if ruling else "–",
    }


def search_text(chip: Chip) -> str:
    """Returns the lower-case text of a chip that the search box looks through."""
    texts = (chip.id, chip.name, chip.local_name, *chip.aliases, chip.architecture)
    return " ".join(filter(None, texts)).lower()


def _cell(chip: Chip, entry: Entry, linker: Linker) -> Cell:
    """Returns a value that links to its row on the chip's page, which names the source."""
    if not entry.text:
        return Cell(Markup("{}").format(str(entry.gap) if entry.gap else "–"))
    at = f"#{entry.key.name}" if entry.key.name in FIGURES else "#sheet-1"
    return Cell(linker.link(chip.id, marked_value(entry), at), entry.value)


def marked_value(entry: Entry) -> str:
    """Returns a value with marks if it was computed, not published, or if sources disagree."""
    computed = UNPUBLISHED if entry.origin == "computed" else ""
    return f"{entry.number}{computed}{'≠' if entry.rivals else ''}"


def achieved_cell(chip: Chip, world: World, linker: Linker) -> Cell:
    """Returns the measured fraction of a chip's leading matrix rate, with its interval."""
    for key in LEADING_RATES:
        achieved, published = world.evidence.whole.achieved(key, chip.id), chip.number(key)
        if achieved and published:
            return Cell(_share(chip, key, achieved, linker), achieved.rate / published)
    return Cell(Markup("–"))


def _share(chip: Chip, key: str, achieved: Achieved, linker: Linker) -> Markup:
    text = reached(achieved, chip.number(key))
    return linker.link(chip.id, f"{text} {key.partition('_')[2]}", "#evidence")
