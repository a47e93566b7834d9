"""What has to be said of a value wherever it stands: footnotes, and a question mark."""

from bench.chips.load import Catalogue
from bench.chips.model import Basis
from bench.report.table import Notes, source_line
from bench.theory.entry import Entry

UNSAID = (
    "?: the source does not say whether the rate is dense; one that counts 2:4 sparsity is twice "
    "the dense one."
)
HERE = "Worked out here of the sheet's figures; no maker prints it."


def value(entry: Entry) -> str:
    """Returns a value with a question mark where its source does not speak of sparsity."""
    return f"{entry.number}?" if _is_open(entry) else entry.number


def _is_open(entry: Entry) -> bool:
    return entry.value is not None and entry.basis is Basis.UNSPECIFIED


def footnotes(entry: Entry, notes: Notes) -> str:
    """Returns the footnotes of a rate of unsaid sparsity and of a figure that no source prints."""
    told = notes.mark(UNSAID) if _is_open(entry) else ""
    if entry.value is None or entry.origin == "derived" or not entry.formula:
        return told
    words = "Worked out for the sheet" if entry.origin == "computed" else "Worked out of its source"
    return told + notes.mark(f"{words}: {entry.formula}.")


def sources(entry: Entry, notes: Notes, catalogue: Catalogue) -> str:
    """Returns the footnotes of the formula and the sources behind a value."""
    if not entry.text:
        return ""
    formula = entry.formula if entry.origin == "derived" else ""
    lines = [f"{entry.key.title}: {formula}."] if formula else []
    lines += [source_line(key, catalogue) for key in entry.sources]
    return "".join(map(notes.mark, lines))
