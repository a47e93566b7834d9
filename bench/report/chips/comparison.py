"""A comparison of chips as a table and as flat rows.

Up to ``MANY`` chips stand in columns and each figure has a row, so that compared values lie side
by side and twenty figures fit. More chips would not fit into 120 characters: then each chip has a
row, and a few figures stand in columns.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from bench.chips.load import Catalogue
from bench.chips.model import Basis, Gap, Published
from bench.report.table import Notes, Table
from bench.report.text.marks import HERE, NOT_PUBLISHED, footnotes, sources, value
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar, bounds
from bench.theory.comparison import MANY, Cell, Comparison, Ratio, Row, in_words
from bench.theory.derived import PER
from bench.theory.entry import KEYS
from bench.units import parse, significant
from bench.words import listed, sentence

RATES = ("matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "vector_fp32")
"""The first of these that is known stands for a chip's compute rate in a summary sentence."""
BESIDE = ("memory_bandwidth", "memory_capacity", "tpp")
"""Further figures in the same sentence."""
SPARSE = "With structured sparsity: to be compared with other sparse rates only."
BOTH = "Sheets print GB or GiB for the same memory chips: ratios count both as GiB."
ON_PAPER = "Paper is not measurement: 'python -m bench run' measures what a chip reaches."
SHOWN_SPREAD = 1.02
"""The range by rival figures is shown if its high end is at least this multiple of its low end."""


def side_by_side(found: Comparison, catalogue: Catalogue, *, cite: bool = False) -> Report:
    """Returns the comparison as a report; ``cite`` adds one footnote per source."""
    notes = Notes()
    titles = [row.key.heading + _row_marks(row, notes) for row in found.rows]
    cited = catalogue if cite else None
    texts = [
        [_text(cell, _bracket(cell, found), notes, cited) for cell in row.cells]
        for row in found.rows
    ]
    ids = [chip.id for chip in found.chips]
    if len(ids) > MANY:
        columns = ("chip", *titles)
        cells = tuple(zip(ids, *texts, strict=True))
    else:
        columns = ("figure", *ids)
        cells = tuple((title, *row) for title, row in zip(titles, texts, strict=True))
    title = f"{_counted(found)} compared with {found.baseline.name}"
    table = Table(
        title, tuple(_heading(found)), columns, cells, tuple(_summary(found)), notes.lines()
    )
    return Report(table, list(_flat(found)))


def _counted(found: Comparison) -> str:
    """Returns the name of the compared chip, or the number of chips if there are several."""
    others = found.chips[1:]
    return others[0].name if len(others) == 1 else f"{len(others)} chips"


def _heading(found: Comparison) -> Iterator[str]:
    yield (
        f"Baseline {found.baseline.id}. In brackets: the ratio to the baseline; 'others': the "
        "ratio by figures of other sources, where it differs by 2% or more."
    )
    yield "Rates are dense unless their name says sparse. – means no sourced figure."
    if found.per:
        key, _, unit = PER[found.per]
        yield f"Rates, capacities and bandwidths are divided by the {KEYS[key].title} ({unit})."
    if len(found.chips) > MANY:
        yield f"'figures=[...]' selects others; up to {MANY} chips show all the figures they have."


def _row_marks(row: Row, notes: Notes) -> str:
    if row.key.is_derived:
        return f" {notes.mark(HERE)}"
    if row.key.name.startswith("sparse_"):
        return f" {notes.mark(SPARSE)}"
    printed = [cell.entry.text for cell in row.cells if cell.entry.sizes]
    return f" {notes.mark(BOTH)}" if len({parse(text).binary for text in printed}) > 1 else ""


def _text(cell: Cell, bracket: str, notes: Notes, cited: Catalogue | None) -> str:
    """Returns a cell: value, ratio and footnotes, with those of sources if ``cited`` is given."""
    entry = cell.entry
    if not entry.text:
        has_reason = entry.gap is Gap.UNSUPPORTED or entry.origin == "derived"
        why = sentence(entry.why) if has_reason else ""
        return f"– {notes.mark(why)}" if why else "–"
    marks = footnotes(entry, notes) + _dispute(cell, notes)
    marks += sources(entry, notes, cited) if cited else ""
    return " ".join(filter(None, (value(entry), bracket, marks)))


def _bracket(cell: Cell, found: Comparison) -> str:
    """Returns ``(×2.39, others 2.39–4.78)``; nothing for the baseline itself."""
    if cell.ratio is None or cell.chip == found.baseline.id:
        return ""
    return f"(×{significant(cell.ratio.value, 3)}{_range(cell.ratio)})"


def _range(ratio: Ratio) -> str:
    """Returns ``, others 2.39–4.78`` if rival figures change the ratio visibly, else nothing."""
    if ratio.high < SHOWN_SPREAD * ratio.low:
        return ""
    return f", others {significant(ratio.low, 3)}–{significant(ratio.high, 3)}"


def _dispute(cell: Cell, notes: Notes) -> str:
    """Returns the mark of a footnote with rival figures, or with the doubts on a derived one."""
    entry = cell.entry
    name = f"{entry.key.title} of {cell.chip}"
    if entry.origin == "derived":
        return notes.mark(f"{name}: {entry.why}.") if entry.why else ""
    rivals = _conflict(cell)
    return notes.mark(f"{name}: other sources: {rivals}.") if rivals else ""


def _conflict(cell: Cell) -> str:
    """Returns the figures of other sources, or a derived figure's values by them."""
    entry = cell.entry
    if entry.origin == "derived":
        return "; ".join(f"{significant(one, 4)} {entry.key.unit}" for one in entry.others)
    return "; ".join(_rival(one) for one in entry.rivals)


def _rival(rival: Published) -> str:
    """Returns a rival figure with its source and why it may be left out of the range."""
    reasons = (
        rival.counts and f"counts {rival.counts}",
        rival.refuted and f"refuted: {rival.refuted}",
    )
    left_out = ", ".join(reason for reason in reasons if reason)
    left_out += ", left out of the range" if left_out else ""
    about = "; ".join(word for word in (rival.source, left_out, rival.note) if word)
    return f"{rival.value} ({about})"


def _flat(found: Comparison) -> Iterator[dict[str, Scalar]]:
    """Yields a row per chip and figure, chip by chip."""
    for place, row in product(range(len(found.chips)), found.rows):
        key, cell = row.key, row.cells[place]
        entry, ratio = cell.entry, cell.ratio
        yield {
            "chip": cell.chip,
            "figure": key.name,
            "unit": key.unit if key.is_number else None,
            "value": entry.value,
            "as_written": entry.text or (str(entry.gap) if entry.gap else None),
            "basis": entry.basis.value if entry.basis else None,
            "origin": entry.origin if entry.text else None,
            "baseline": found.baseline.id,
            **bounds("ratio", ratio),
            "sources": " ".join(entry.sources) or None,
            "conflict": _conflict(cell) or None,
            "note": "; ".join(word for word in (entry.formula, entry.why or cell.why) if word)
            or None,
        }


def _summary(found: Comparison) -> Iterator[str]:
    """Yields a sentence per chip, or one per figure if there are many; then what paper means."""
    others = range(1, len(found.chips))
    if len(found.chips) > MANY:
        yield from (_highest(found, row) for row in _main_rows(found.rows, others))
    else:
        for index in others:
            yield _sentence(found, index, _main_rows(found.rows, [index]))
    yield ON_PAPER


def _main_rows(rows: Sequence[Row], indices: Sequence[int]) -> list[Row]:
    """Returns the rows to summarise for some chips: one rate, and the figures of ``BESIDE``.

    Args:
        rows: all figures.
        indices: the chips' indices in the cells of a row.
    """
    with_ratio = [row for row in rows if any(row.cells[index].ratio for index in indices)]
    named = {row.key.name.partition("_per_")[0]: row for row in with_ratio}
    rate = next((name for name in RATES if name in named), "")
    return [named[name] for name in (rate, *BESIDE) if name in named] or with_ratio[:4]


def _sentence(found: Comparison, index: int, rows: Sequence[Row]) -> str:
    """Returns a sentence that compares one chip with the baseline: its ratios of some figures."""
    name, base = found.chips[index].name, found.baseline.name
    compared = [(row, row.cells[index]) for row in rows if row.cells[index].ratio]
    if not compared:
        return f"No figure shown is known of both {name} and {base}."
    (first, cell), *rest = compared
    parts = [f"{_times(cell)} the {in_words(first.key)} of {base}{_doubt(first, cell)}"]
    parts += [f"{_times(cell)} its {in_words(row.key)}{_doubt(row, cell)}" for row, cell in rest]
    return f"On paper, {name} has {listed(parts)}."


def _times(cell: Cell) -> str:
    return f"{significant(cell.ratio.value, 3)} times" if cell.ratio else ""


def _doubt(row: Row, cell: Cell) -> str:
    """Returns what makes a ratio doubtful, in brackets: rivals, sparsity, computed figures."""
    ratio = cell.ratio
    doubts = []
    if ratio and ratio.high >= SHOWN_SPREAD * ratio.low:
        low, high = significant(ratio.low, 3), significant(ratio.high, 3)
        doubts.append(f"{low} to {high} by rival figures")
    if Basis.UNSPECIFIED in (cell.entry.basis, row.cells[0].entry.basis):
        doubts.append("sparsity not said")
    computed = [one.entry.origin == "computed" for one in (cell, row.cells[0])]
    doubts += [NOT_PUBLISHED] if computed[0] else []
    doubts += [f"that of the baseline {NOT_PUBLISHED}"] if computed[1] else []
    return f" ({', '.join(doubts)})" if doubts else ""


def _highest(found: Comparison, row: Row) -> str:
    """Returns a sentence on which chip has the highest value of a figure.

    Systems are only compared with a system, single chips with a chip.
    """
    is_system = found.baseline.kind == "system"
    alike = {chip.id: chip for chip in found.chips[1:] if (chip.kind == "system") == is_system}
    pairs = [(cell.ratio.value, cell) for cell in row.cells if cell.chip in alike and cell.ratio]
    words, base = in_words(row.key), found.baseline.name
    if not pairs:
        return f"No other chip of the baseline's kind has a figure for {words}."
    best = max(pairs, key=lambda pair: pair[0])[1]
    above = sum(ratio > 1 for ratio, _ in pairs)
    return (
        f"On paper, above {base} in {words}: {above} of {len(pairs)} with a figure; highest: "
        f"{alike[best.chip].name}, {best.entry.text}, {_times(best)} the baseline's"
        f"{_doubt(row, best)}."
    )
