"""Marks that a value carries in every table: footnotes, and a question mark."""

import re
from collections.abc import Iterable

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip
from bench.plausible import GIB_OVER_GB
from bench.report.table import Notes, source_line
from bench.theory.entry import Entry

UNSAID = (
    "?: the source does not say whether the rate is dense; one that counts 2:4 sparsity is twice "
    "the dense one."
)
COMPUTED = "Derived for the sheet"
GIB = (
    f"Memory above 100%: the sheet's GB are GiB, {GIB_OVER_GB - 1:.1%} more, of which drivers keep "
    "some."
)
UNPUBLISHED = "*"
"""Behind a value of the site that was worked out for the sheet."""
RATED = re.compile(r"\bT(?:FL)?OP/s")
"""What remarks on rates have in them."""
HERE = "Derived here from the sheet's figures; no maker prints it."


def value(entry: Entry) -> str:
    """Returns a value with a question mark where its source does not speak of sparsity."""
    return f"{entry.number}?" if _is_open(entry) else entry.number


def in_gib(share: float | None) -> bool:
    """Tells whether a memory holds as much more than its sheet says as GiB are more than GB."""
    return share is not None and 1.01 < share < 1.005 * GIB_OVER_GB


def _is_open(entry: Entry) -> bool:
    return entry.value is not None and entry.basis is Basis.UNSPECIFIED


def footnotes(entry: Entry, notes: Notes) -> str:
    """Returns the footnotes of a rate of unsaid sparsity and of a figure that no source prints."""
    told = notes.mark(UNSAID) if _is_open(entry) else ""
    if entry.value is None or entry.origin == "derived" or not entry.formula:
        return told
    words = COMPUTED if entry.origin == "computed" else "Derived from its source"
    return told + notes.mark(f"{words}: {entry.formula}.")


def worked_out(chip: Chip, keys: Iterable[str]) -> list[str]:
    """Returns those of some figures that nobody published: they were worked out for the sheet."""
    figures = ((key, chip.figures.get(key)) for key in keys)
    return [key for key, one in figures if one and one.number and one.origin == "computed"]


def unpublished(chip: Chip, keys: Iterable[str], notes: Notes) -> str:
    """Returns the footnotes of such figures; with rates what the sheet remarks on rates."""
    found = worked_out(chip, keys)
    if not found:
        return ""
    several = len(found) > 1
    told = ((FIGURES[key].title if several else "", chip.figures[key].formula) for key in found)
    lines = [f"{COMPUTED}: {'; '.join(': '.join(filter(None, one)) for one in told)}."]
    remarks = " ".join(note for note in chip.notes if RATED.search(note))
    if remarks and any(key.startswith("matrix_") for key in found):
        lines.append(f"The sheet says: {remarks}")
    return "".join(map(notes.mark, lines))


def sources(entry: Entry, notes: Notes, catalogue: Catalogue) -> str:
    """Returns the footnotes of the formula and the sources behind a value."""
    if not entry.text:
        return ""
    formula = entry.formula if entry.origin == "derived" else ""
    lines = [f"{entry.key.title}: {formula}."] if formula else []
    lines += [source_line(key, catalogue) for key in entry.sources]
    return "".join(map(notes.mark, lines))
