"""Marks that qualify a value in every table: footnotes, and a question mark."""

import re
from collections.abc import Iterable

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip
from bench.chips.prices import GIVEN
from bench.chips.variants import OF_ALL
from bench.report.table import Notes, source_line
from bench.theory.entry import Entry

UNSPECIFIED = (
    "?: the source does not say whether the rate is dense; one that counts 2:4 sparsity is twice "
    "the dense one."
)
COMPUTED = "Derived for the sheet"
NOT_PUBLISHED = "computed, not published"
WITH_SERVER = "The price has a share of the server in it; others are of the chip alone."
UNPUBLISHED = "*"
"""Follows a value that was computed for the sheet, not published, where footnotes have no room."""
RATED = re.compile(r"\bT(?:FL)?OP/s")
"""Matches the unit by which a remark of a sheet is recognised as one about rates."""
HERE = "Derived here from the sheet's figures; no maker prints it."


def value(entry: Entry) -> str:
    """Returns a value, with a question mark if its source does not say whether it is dense."""
    return f"{entry.number}?" if _has_unknown_sparsity(entry) else entry.number


def _has_unknown_sparsity(entry: Entry) -> bool:
    return entry.value is not None and entry.basis is Basis.UNSPECIFIED


def footnotes(entry: Entry, notes: Notes) -> str:
    """Returns the footnotes of a rate of unknown sparsity and of a figure that no source prints."""
    marks = notes.mark(UNSPECIFIED) if _has_unknown_sparsity(entry) else ""
    marks += notes.mark(WITH_SERVER) if entry.has_server else ""
    if entry.value is None or entry.origin == "derived" or not entry.formula:
        return marks
    if entry.formula.startswith(OF_ALL.partition("{}")[0]):
        return marks + notes.mark(f"Published {entry.formula}.")
    how = COMPUTED if entry.origin == "computed" else "Derived from its source"
    return marks + notes.mark(f"{how}: {entry.formula}.")


def computed_figures(chip: Chip, keys: Iterable[str]) -> list[str]:
    """Returns the keys of those figures that nobody published: they were computed for the sheet."""
    figures = ((key, chip.figures.get(key)) for key in keys)
    return [key for key, one in figures if one and one.number and one.origin == "computed"]


def computed_notes(chip: Chip, keys: Iterable[str], notes: Notes) -> str:
    """Returns the footnotes of computed figures: formulas, and the sheet's remarks on rates."""
    found = computed_figures(chip, keys)
    if not found:
        return ""
    several = len(found) > 1
    named = ((FIGURES[key].title if several else "", chip.figures[key].formula) for key in found)
    lines = [f"{COMPUTED}: {'; '.join(': '.join(filter(None, one)) for one in named)}."]
    remarks = " ".join(note for note in chip.notes if RATED.search(note))
    if remarks and any(key.startswith("matrix_") for key in found):
        lines.append(f"The sheet says: {remarks}")
    return "".join(map(notes.mark, lines))


def sources(entry: Entry, notes: Notes, catalogue: Catalogue) -> str:
    """Returns the footnotes with a value's formula and sources."""
    if not entry.text:
        return ""
    formula = entry.formula if entry.origin == "derived" else ""
    lines = [f"{entry.key.title}: {formula}."] if formula else []
    lines += [source_line(key, catalogue) for key in entry.sources if key != GIVEN]
    return "".join(map(notes.mark, lines))
