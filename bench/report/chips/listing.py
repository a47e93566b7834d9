"""The list of spec sheets as a table and as flat rows, one row per chip."""

from collections.abc import Iterable, Sequence

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.report.table import Notes, Table
from bench.report.text.marks import footnotes, sources, value
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.theory.entry import WORDS, Entry, Key, key_of, look_up
from bench.theory.systems import complete
from bench.words import counted, sentence

COLUMNS = ("name", "tier", "status", "matrix_bf16", "memory_capacity", "memory_bandwidth", "tdp")
ALWAYS = ("name", "vendor", "kind", "tier", "status")
"""Columns of every flat row, whichever columns are chosen."""
RIVALS_NOTE = "Sources disagree: 'python -m bench show chip=NAME' gives all figures and the reason."
HINT = "'python -m bench show chip=NAME' gives a sheet with its sources."


def listing(
    chips: Iterable[Chip],
    catalogue: Catalogue,
    columns: Sequence[str] = COLUMNS,
    *,
    remarks: Sequence[str] = (),
    cite: bool = False,
) -> Report:
    """Returns a table of chips, one per row.

    Args:
        chips: the chips, in order.
        catalogue: all sheets, designs and sources.
        columns: keys of the columns; empty for the usual ones.
        remarks: sentences below the table.
        cite: whether to add a footnote per source.

    Raises:
        UsageError: a column does not exist.
    """
    keys = [key_of(name, "column") for name in dict.fromkeys(columns or COLUMNS)]
    found = [complete(chip, catalogue) for chip in chips]
    rows = [[look_up(chip, key, catalogue) for key in keys] for chip in found]
    notes = Notes()
    cited = catalogue if cite else None
    cells = tuple(
        (chip.id, *(_cell(entry, notes, cited) for entry in row))
        for chip, row in zip(found, rows, strict=True)
    )
    title = counted(len(found), "spec sheet")
    heads = ("chip", *(key.heading for key in keys))
    table = Table(title, (HINT,), heads, cells, tuple(remarks), notes.lines())
    return Report(table, [_flat(*pair, cite=cite) for pair in zip(found, rows, strict=True)])


def _cell(entry: Entry, notes: Notes, cited: Catalogue | None) -> str:
    if not entry.text:
        return str(entry.gap) if entry.gap else "–"
    marks = footnotes(entry, notes) + (notes.mark(RIVALS_NOTE) if entry.rivals else "")
    marks += notes.mark(sentence(entry.why)) if entry.origin == "derived" and entry.why else ""
    marks += sources(entry, notes, cited) if cited else ""
    return f"{value(entry)} {marks}".rstrip()


def _flat(chip: Chip, row: Sequence[Entry], *, cite: bool) -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {"chip": chip.id, **{name: getattr(chip, name) for name in ALWAYS}}
    for entry in row:
        key = entry.key
        flat[_name(key)] = entry.value if key.is_number else entry.text or None
        if key.dimension and key.unit in ("FLOP/s", "OP/s"):
            flat[f"{key.name}_basis"] = entry.basis.value if entry.basis else None
        if cite and key.name not in WORDS:
            flat[f"{key.name}_source"] = " ".join(entry.sources) or None
    return flat | {"launch_date": chip.launched}


def _name(key: Key) -> str:
    """Returns the name of a column with its base unit, such as ``memory_bandwidth_B_per_s``."""
    unit = (key.unit or "").replace("/", "_per_")
    return f"{key.name}_{unit}" if key.dimension and unit else key.name
