"""The table of all chips, and of those that are set side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.evidence.estimate import Achieved
from bench.report.marks import UNPUBLISHED
from bench.report.policies import policy
from bench.report.ratios import reached
from bench.site.page import Page
from bench.site.words import Words
from bench.site.world import World
from bench.theory.entry import Entry, key_of, look_up

FIRST = ("matrix_bf16",)
THEN = ("matrix_fp8", "memory_capacity", "memory_bandwidth", "tpp", "performance_density")
LAST = ("tdp", "link_bandwidth", "matrix_int8")
"""Figures before and after what was measured, and after the licence policy."""
LEADS = ("matrix_bf16", "matrix_fp16")
"""The figure whose achieved fraction the table shows: the first that was measured."""
KINDS = {"gpu": "accelerator", "npu": "accelerator", "system": "system", "cpu": "processor"}
ORDER = ("accelerator", "system", "processor")


@dataclass(frozen=True)
class Cell:
    """A cell that is sorted by ``value``; nothing where there is none."""

    text: Markup
    value: float | None = None


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the table of all chips."""
    words = Words(names, "", "chips.html")
    known = [one for one in world.chips if not one.variants]
    shown = sorted(known, key=lambda one: ORDER.index(KINDS[one.kind]))
    yield Page(
        path="chips.html",
        title=f"{len(shown)} chips and their published figures",
        description="Spec sheets of AI chips, dense figures with sources, sortable.",
        template="chips.html",
        part="chips.html",
        script=True,
        data={
            "heads": [[key_of(key).heading for key in keys] for keys in (FIRST, THEN, LAST)],
            "rows": [_row(one, world, words) for one in shown],
            "vendors": sorted({one.vendor for one in shown}),
            "tiers": ("export", "domestic", "global"),
            "kinds": ORDER,
        },
    )


def _row(chip: Chip, world: World, words: Words) -> dict[str, object]:
    known = world.status.get(chip.id)
    return {
        "chip": chip,
        "kind": KINDS[chip.kind],
        "search": searched(chip),
        "name": words.link(chip.id, chip.name),
        "launched": chip.launched or "",
        "cells": [
            [_cell(chip, look_up(chip, key_of(key), world.catalogue), words) for key in keys]
            for keys in (FIRST, THEN, LAST)
        ],
        "reaches": reaches(chip, world, words),
        "policy": policy(known.status) if known else "–",
    }


def searched(chip: Chip) -> str:
    """Returns what a search of chips looks through, in lower case."""
    told = (chip.id, chip.name, chip.local_name, *chip.aliases, chip.architecture)
    return " ".join(filter(None, told)).lower()


def _cell(chip: Chip, entry: Entry, words: Words) -> Cell:
    """Returns a value that leads to its row on the chip's page, where its source is."""
    if not entry.text:
        return Cell(Markup("{}").format(str(entry.gap) if entry.gap else "–"))
    at = f"#{entry.key.name}" if entry.key.name in FIGURES else "#sheet-1"
    return Cell(words.link(chip.id, signed(entry), at), entry.value)


def signed(entry: Entry) -> str:
    """Returns a value, with marks where nobody published it and where sources disagree."""
    computed = UNPUBLISHED if entry.origin == "computed" else ""
    return f"{entry.number}{computed}{'≠' if entry.rivals else ''}"


def reaches(chip: Chip, world: World, words: Words) -> Cell:
    """Returns what a chip was measured to reach of its leading rate, with the interval."""
    for key in LEADS:
        found, published = world.bench.whole.achieved(key, chip.id), chip.number(key)
        if found and published:
            return Cell(_share(chip, key, found, words), found.rate / published)
    return Cell(Markup("–"))


def _share(chip: Chip, key: str, found: Achieved, words: Words) -> Markup:
    told = reached(found, chip.number(key))
    return words.link(chip.id, f"{told} {key.partition('_')[2]}", "#evidence")
