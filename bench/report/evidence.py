"""All that is known of one chip's figures: published, measured by us, reported, and its weight."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.chips.paper import Paper, of_sheet
from bench.claims.paper import ids
from bench.claims.sensitivity import Bench
from bench.evidence.estimate import Achieved
from bench.evidence.model import Kind
from bench.evidence.observe import OWN, Observation
from bench.report.digits import NONE, counted
from bench.report.marks import GIB, in_gib, unpublished
from bench.report.markup import Report
from bench.report.ratios import reached, values, worth
from bench.report.scalar import Scalar
from bench.report.table import Notes, Section, Table, source_line

COLUMNS = (
    "figure", "published (dense)", "others publish", "best by us", "best reported", "reaches (95%)",
    "others usually", "groups",
)  # fmt: skip
CAPACITY = "memory_capacity"
HOW = (
    (
        "Weights: 1 for our own runs, independent tests, papers and consortia; 0.5 for a vendor's "
        "claim, a third party with a stake or a user's submission; halved for a doubtful value; 0 "
        "for what is not the rate it is called."
    ),
    (
        "'Reaches' pools one vote per group (person, team or company) that measured; 'others "
        "usually' is the median of what other chips reach of their own sheets."
    ),
    (
        "Our own rates are bursts, the best short window, because others publish their bests; "
        "sustained rates are in the record: 'show record=NAME'."
    ),
)


def evidence_report(
    chip: Chip, bench: Bench, figure: str | None = None, work: str | None = None
) -> Report:
    """Returns what is known of a chip, or of one of its figures, or of one kind of work."""
    sheets = ids(chip)
    every = [one for one in bench.whole.every if one.chip in sheets]
    shown = [one for one in every if _asked(one, figure, work)]
    figures = [one for one in shown if one.quantity.decides]
    keys = _keys(chip, figures, figure) if work is None else []
    notes = Notes()
    rows = [_row(chip, key, figures, bench) for key in keys]
    table = Table(
        f"Evidence on {chip.name}",
        (*_heading(shown, every), *HOW),
        COLUMNS,
        tuple(_cells(row, bench, notes) for row in rows),
        (*_summary(chip, every, (figure or work) if not shown else None), *_gib(rows)),
        notes.lines(),
    )
    return Report(table, [_flat(row) for row in rows], tuple(_values(shown, bench)))


def _asked(one: Observation, figure: str | None, work: str | None) -> bool:
    if figure:
        return bool(one.quantity.decides and one.figure == figure)
    return work is None or one.quantity.family == work


def _values(shown: Sequence[Observation], bench: Bench) -> Iterator[Section]:
    figures = [one for one in shown if one.quantity.decides]
    works = [one for one in shown if not one.quantity.decides]
    if figures:
        yield values("Measured values of published figures", figures, bench.catalogue)
    if works:
        yield values("Measured work without a published figure", works, bench.catalogue, "work")


def _heading(shown: Sequence[Observation], every: Sequence[Observation]) -> Iterator[str]:
    """Yields how many values are shown, and of how many where some were asked for."""
    own = sum(one.by == OWN for one in shown)
    groups = {one.by for one in shown}
    idle = sum(one.weight == 0 for one in shown)
    part = f"{len(shown)} of " if len(shown) < len(every) else ""
    told = f"{own} of them our own" + (f"; {idle} have no weight, only shown" if idle else "")
    yield (
        f"{part}{counted(len(every), 'measured value')} by {counted(len(groups), 'group')}, {told}."
    )


def _keys(chip: Chip, found: Sequence[Observation], figure: str | None) -> list[str]:
    """Returns the figures to show: those that anybody measured, then other rates on the sheet."""
    if figure:
        return [figure]
    told = {one.figure for one in found}
    printed = {
        key
        for key in chip.figures
        if key.startswith("matrix_") or key in ("memory_bandwidth", CAPACITY)
    }
    return [key for key in FIGURES if key in told | printed and key != "matrix_units"]


@dataclass(frozen=True)
class _Row:
    """One figure of a chip with all that is known of it.

    ``own`` and ``reported`` are the best admitted values, ``usual`` what other chips reach.
    """

    chip: Chip
    key: str
    sheet: Paper | None
    own: Observation | None
    reported: Observation | None
    achieved: Achieved | None
    usual: float | None
    groups: int


def _row(chip: Chip, key: str, found: Sequence[Observation], bench: Bench) -> _Row:
    fitting = [one for one in found if one.figure == key and one.weight > 0]
    return _Row(
        chip=chip,
        key=key,
        sheet=of_sheet(chip, (key,)),
        own=_best(one for one in fitting if one.by == OWN),
        reported=_best(one for one in fitting if one.by != OWN),
        achieved=bench.whole.achieved(key, chip.id),
        usual=usual(key, bench, chip.id),
        groups=len({one.by for one in fitting}),
    )


def _best(found: Iterable[Observation]) -> Observation | None:
    return max(found, key=lambda one: one.rate, default=None)


def usual(key: str, bench: Bench, but: str = "") -> float | None:
    """Returns the middle of what chips reach of their own sheets, but for one of them."""
    shares: dict[str, float] = {}
    for one in bench.whole.voices(key):
        if one.chip != but and one.fraction:
            shares[one.chip] = max(one.fraction, shares.get(one.chip, 0.0))
    ordered = sorted(shares.values())
    return ordered[len(ordered) // 2] if ordered else None


def _cells(row: _Row, bench: Bench, notes: Notes) -> tuple[str, ...]:
    sheet = row.sheet
    published = NONE
    if sheet:
        marks = [notes.mark(source_line(key, bench.catalogue)) for key in sheet.sources]
        marks.append(unpublished(row.chip, (row.key,), notes))
        published = " ".join((sheet.text, "".join(marks)))
    rivals = "; ".join(
        f"{one.text} {notes.mark(source_line(one.source, bench.catalogue))}"
        for one in (sheet.rivals if sheet else ())
    )
    return (
        FIGURES[row.key].title,
        published,
        rivals or NONE,
        _told(row.own),
        _told(row.reported),
        reached(row.achieved, sheet.value if sheet else None),
        f"{row.usual:.0%}" if row.usual else NONE,
        str(row.groups),
    )


def _told(one: Observation | None) -> str:
    if one is None:
        return NONE
    share = (f"{one.fraction:.1%}",) if one.fraction else ()
    return f"{worth(one, *share)}, {one.by}"


def _flat(row: _Row) -> dict[str, Scalar]:
    sheet, achieved = row.sheet, row.achieved
    value = sheet.value if sheet else None
    return {
        "chip": row.chip.id,
        "figure": row.key,
        "published": value,
        "origin": printed.origin if (printed := row.chip.figures.get(row.key)) else None,
        "unit": FIGURES[row.key].dimension.value,
        "rivals": "; ".join(one.text for one in sheet.rivals) or None if sheet else None,
        "best_own": row.own.value if row.own else None,
        "best_reported": row.reported.value if row.reported else None,
        "pooled": achieved.rate if achieved else None,
        "pooled_low": achieved.low if achieved else None,
        "pooled_high": achieved.high if achieved else None,
        "reaches": achieved.rate / value if achieved and value else None,
        "others_usually": row.usual,
        "groups": row.groups,
        "sources": " ".join(sheet.sources) if sheet else None,
    }


def _gib(rows: Sequence[_Row]) -> Iterator[str]:
    """Yields why a memory holds more than its sheet says."""
    shares = (row.reported.fraction for row in rows if row.reported and row.key == CAPACITY)
    if any(map(in_gib, shares)):
        yield GIB


def _summary(chip: Chip, every: Sequence[Observation], lacking: str | None) -> Iterator[str]:
    """Yields what to know of all values; ``lacking`` was asked for, and nobody measured it."""
    if not every:
        yield f"No measurement of {chip.name} is known here: its sheet is all there is."
        return
    if lacking:
        yield f"No measurement of {lacking} is known here; of other things there are some."
    vendor = sum(one.kind in (Kind.VENDOR, Kind.GATE) for one in every)
    if vendor == len(every):
        yield f"All measured values of {chip.name} come from its vendor."
    elif vendor:
        yield f"{vendor} of {len(every)} values come from the vendor's side."
