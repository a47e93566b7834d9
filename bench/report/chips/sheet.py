"""A spec sheet as a table."""

from collections.abc import Callable, Iterable

from bench.chips.based import changed
from bench.chips.figures import FACTS, FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip, Fact, Published
from bench.report.table import Notes, Section, Table
from bench.report.text.digits import NONE
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.theory.entry import Entry, key_of, look_up
from bench.units import significant

SHEET_COLUMNS = ("figure", "published", "how known", "other figures", "note")


More = Callable[[Notes], tuple[Section, ...]]
"""Makes further tables below the sheet's, after it so that footnotes are numbered in order."""


def sheet(
    chip: Chip, catalogue: Catalogue, more: More = lambda _: (), *, cite: bool = True
) -> Report:
    """Returns one sheet: each figure with its source, its rivals and the reason for the choice.

    Without ``cite`` sources are named only.
    """
    notes = Notes(brief=not cite)
    cells = tuple(_figure_cells(chip, key, catalogue, notes) for key in _ordered(chip))
    cells += tuple(_fact_cells(name, fact, catalogue, notes) for name, fact in chip.facts.items())
    sections = more(notes)
    table = Table(
        chip.name, _heading(chip, catalogue), SHEET_COLUMNS, cells, chip.notes, notes.lines()
    )
    return Report(table, [row for key in _ordered(chip) for row in _flat(chip, key)], sections)


def some_figures(
    chip: Chip, names: Iterable[str], catalogue: Catalogue, *, cite: bool = True
) -> Report:
    """Returns a few figures, facts or derived figures of a sheet, each with sources and rivals.

    Args:
        chip: the chip; a system as ``complete`` returns it.
        names: the keys, as ``compare`` takes them.
        catalogue: all sheets.
        cite: whether footnotes have sources in full; else they are named only.

    Raises:
        UsageError: there is no such key.
    """
    notes, cells, flat = Notes(brief=not cite), [], list[dict[str, Scalar]]()
    for key in [key_of(name) for name in dict.fromkeys(names)]:
        if key.name in chip.figures:
            cells.append(_figure_cells(chip, key.name, catalogue, notes))
            flat += _flat(chip, key.name)
        else:
            entry = look_up(chip, key, catalogue)
            cells.append(_entry_cells(entry, catalogue, notes))
            flat.append(_entry_flat(chip, entry))
    table = Table(
        chip.name, _heading(chip, catalogue), SHEET_COLUMNS, tuple(cells), (), notes.lines()
    )
    return Report(table, flat)


def _entry_cells(entry: Entry, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    """Returns the cells of a fact, of a derived figure, or of what the sheet does not have."""
    marks = "".join(notes.source(key, catalogue) for key in entry.sources)
    known = [entry.formula, entry.basis.value if entry.basis else ""]
    words = ", ".join(word for word in known if word)
    others = [significant(one, 4) for one in entry.others]
    rivals = f"by rival figures {' or '.join(others)}" if others else ""
    return entry.key.title, f"{entry.text or NONE} {marks}".rstrip(), words, rivals, entry.why


def _entry_flat(chip: Chip, entry: Entry) -> dict[str, Scalar]:
    return {
        "chip": chip.id,
        "figure": entry.key.name,
        "unit": entry.key.unit or None,
        "value": entry.value,
        "as_written": entry.text or None,
        "stands": "first" if entry.text else None,
        "basis": entry.basis.value if entry.basis else None,
        "counts": None,
        "formula": entry.formula or None,
        "origin": entry.origin if entry.text else None,
        "source": " ".join(entry.sources) or None,
        "refuted": None,
        "note": entry.why or None,
    }


def _fact_cells(name: str, fact: Fact, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    title = FACTS[name].title.split(", such as")[0]
    return title, f"{fact.value} {notes.source(fact.source, catalogue)}", "", "", fact.note or ""


def _ordered(chip: Chip) -> list[str]:
    return [key for key in FIGURES if key in chip.figures]


def _heading(chip: Chip, catalogue: Catalogue) -> tuple[str, ...]:
    names = ", ".join(name for name in (chip.local_name, *chip.aliases) if name)
    form = f", {chip.form}" if chip.form else ""
    return (
        f"{chip.id}: {chip.kind} of {chip.vendor}, {chip.architecture}{form}",
        f"tier {chip.tier}, status {chip.status}" + (f", also called {names}" if names else ""),
        *_base(catalogue.chips[chip.id], catalogue),
    )


def _base(chip: Chip, catalogue: Catalogue) -> tuple[str, ...]:
    """Returns a line that says what a hypothetical chip is based on and what differs."""
    if chip.based_on is None:
        return ()
    differs = changed(chip, catalogue.chips[chip.based_on])
    return (f"hypothetical: based on {chip.based_on}, changed: {', '.join(differs) or 'nothing'}",)


def _figure_cells(chip: Chip, key: str, catalogue: Catalogue, notes: Notes) -> tuple[str, ...]:
    figure = chip.figures[key]
    published = f"{figure.value} {notes.source(figure.source, catalogue)}"
    known = [figure.basis.value if figure.basis else "", figure.formula or ""]
    known += ["computed, not published"] if figure.origin == "computed" else []
    rivals = "; ".join(_rival(rival, catalogue, notes) for rival in figure.rivals)
    remarks = (figure.note, figure.why, chip.explained.get(key))
    return (
        FIGURES[key].title,
        published,
        ", ".join(word for word in known if word),
        rivals,
        "; ".join(remark for remark in remarks if remark),
    )


def _rival(one: Published, catalogue: Catalogue, notes: Notes) -> str:
    words = [f"{one.value}", notes.source(one.source, catalogue)]
    remarks = (
        one.counts and f"counts {one.counts}",
        one.refuted and f"refuted: {one.refuted}",
        one.note,
    )
    about = "; ".join(remark for remark in remarks if remark)
    return " ".join([*words, f"({about})"] if about else words)


def _flat(chip: Chip, key: str) -> list[dict[str, Scalar]]:
    figure = chip.figures[key]
    return [
        {
            "chip": chip.id,
            "figure": key,
            "unit": FIGURES[key].dimension.value,
            "value": one.number,
            "as_written": str(one.value),
            "stands": "first" if one is figure else "rival",
            "basis": one.basis.value if one.basis else None,
            "counts": one.counts,
            "formula": one.formula,
            "origin": one.origin,
            "source": one.source,
            "refuted": one.refuted,
            "note": one.note,
        }
        for one in (figure, *figure.rivals)
    ]
