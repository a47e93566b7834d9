"""All that is known of one chip: published figures, our measurements, and reported values."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.chips.paper import Paper, of_sheet
from bench.claims.paper import ids
from bench.claims.sensitivity import EvidenceBase
from bench.evidence.estimate import Achieved
from bench.evidence.model import Kind
from bench.evidence.observe import OWN, Observation
from bench.report.chips.ratios import doubts, reached, value_text, values
from bench.report.table import Notes, Section, Table, source_line
from bench.report.text.digits import NONE
from bench.report.text.marks import computed_notes
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.words import counted

COLUMNS = (
    "figure", "published (dense)", "others publish", "best by us", "best reported", "reaches (95%)",
    "others usually", "groups",
)  # fmt: skip
CAPACITY = "memory_capacity"
WEIGHTS = (
    "Weights: 1 for our own runs, independent tests, papers and consortia; 0.5 for a vendor's "
    "claim, a third party with a stake or a user's submission; halved for a doubtful value; 0 "
    "for a value that measures something other than its name says."
)
"""Stands above single values, which are shown with their weights."""
HOW = (
    (
        "'Reaches' is the weighted geometric mean of one vote, the best value, per group (person, "
        "team or company) that measured: never more than the best of them. 'Others usually' is the "
        "median of what other chips reach of their own sheets."
    ),
    (
        "Our own rates are bursts, the best short window, because others publish their bests; "
        "sustained rates are in the record: 'show record=NAME'."
    ),
)


def evidence_report(
    chip: Chip,
    evidence: EvidenceBase,
    figure: str | None = None,
    work: str | None = None,
    *,
    is_brief: bool = False,
) -> Report:
    """Returns the evidence on a chip.

    Args:
        chip: the chip.
        evidence: all measured values.
        figure: key of the only figure to show; None for all.
        work: the only family of work to show, such as ``decode``; None for all.
        is_brief: whether to count single values instead of listing them, if all are asked for.
    """
    sheets = ids(chip)
    known = [one for one in evidence.whole.every if one.chip in sheets]
    shown = [one for one in known if _is_shown(one, figure, work)]
    figures = [one for one in shown if one.quantity.decides]
    keys = _keys(chip, figures, figure) if work is None else []
    notes, is_counted = Notes(), is_brief and shown and not (figure or work)
    rows = [_row(chip, key, figures, evidence) for key in keys]
    table = Table(
        f"Evidence on {chip.name}",
        (*_heading(shown, known), *(() if is_counted else (WEIGHTS,)), *HOW),
        COLUMNS,
        tuple(_cells(row, evidence, notes) for row in rows),
        tuple(_summary(chip, known, shown, (figure or work) if not shown else None)),
        notes.lines(),
    )
    sections = [_counts(shown)] if is_counted else _values(shown, evidence)
    return Report(table, [_flat(row) for row in rows], tuple(sections))


def _is_shown(observation: Observation, figure: str | None, work: str | None) -> bool:
    if figure:
        return bool(observation.quantity.decides and observation.figure == figure)
    return work is None or observation.quantity.family == work


def _values(shown: Sequence[Observation], evidence: EvidenceBase) -> Iterator[Section]:
    """Yields the tables of single values: of published figures, and of other work."""
    figures = [one for one in shown if one.quantity.decides]
    works = [one for one in shown if not one.quantity.decides]
    if figures:
        yield values("Measured values of published figures", figures, evidence.catalogue)
    if works:
        from bench.report.prediction.reportedpredictions import reported_predictions

        title = "Measured work without a published figure"
        yield values(title, works, evidence.catalogue, "work", reported_predictions(works))


def _counts(shown: Sequence[Observation]) -> Section:
    """Returns a table of the numbers of values, by figure and kind of work, and what lists them."""
    kinds: dict[str, list[Observation]] = {}
    for one in sorted(shown, key=lambda one: (not one.quantity.decides, one.quantity.family)):
        kind = f"figure={one.figure}" if one.quantity.decides else f"work={one.quantity.family}"
        kinds.setdefault(kind, []).append(one)
    cells = [
        (kind, str(len(found)), str(len({one.by for one in found})))
        for kind, found in kinds.items()
    ]
    line = f"report=csv lists all {len(shown)}, with source, weight and why."
    return Section("Single values", ("listed by", "values", "groups"), cells, [], (line,))


def _heading(shown: Sequence[Observation], known: Sequence[Observation]) -> Iterator[str]:
    """Yields how many of all values are shown, by how many groups, and how many are our own."""
    own = sum(one.by == OWN for one in shown)
    groups = {one.by for one in shown}
    unweighted = sum(one.weight == 0 for one in shown)
    part = f"{len(shown)} of " if len(shown) < len(known) else ""
    total, by = counted(len(known), "measured value"), counted(len(groups), "group")
    no_weight = f"; {unweighted} have no weight, only shown" if unweighted else ""
    yield f"{part}{total} by {by}, {own} of them our own{no_weight}."


def _keys(chip: Chip, found: Sequence[Observation], figure: str | None) -> list[str]:
    """Returns the figures to show: the measured ones, and matrix rates and memory of the sheet."""
    if figure:
        return [figure]
    measured = {one.figure for one in found}
    printed = {
        key
        for key in chip.figures
        if key.startswith("matrix_") or key in ("memory_bandwidth", CAPACITY)
    }
    return [key for key in FIGURES if key in measured | printed and key != "matrix_units"]


@dataclass(frozen=True)
class _Row:
    """One figure of a chip with all that is known of it.

    Attributes:
        key: key of the figure.
        sheet: the published figure.
        own: best value of our own runs that has a weight.
        reported: best value of others that has a weight.
        achieved: pooled measured rate with its interval.
        usual: fraction of the published figure that other chips usually reach.
        groups: number of groups whose values have a weight.
    """

    chip: Chip
    key: str
    sheet: Paper | None
    own: Observation | None
    reported: Observation | None
    achieved: Achieved | None
    usual: float | None
    groups: int


def _row(chip: Chip, key: str, found: Sequence[Observation], evidence: EvidenceBase) -> _Row:
    weighted = [one for one in found if one.figure == key and one.weight > 0]
    return _Row(
        chip=chip,
        key=key,
        sheet=of_sheet(chip, (key,)),
        own=_best(one for one in weighted if one.by == OWN),
        reported=_best(one for one in weighted if one.by != OWN),
        achieved=evidence.whole.achieved(key, chip.id),
        usual=usual_share(key, evidence, chip.id),
        groups=len({one.by for one in weighted}),
    )


def _best(found: Iterable[Observation]) -> Observation | None:
    return max(found, key=lambda one: one.rate, default=None)


def usual_share(key: str, evidence: EvidenceBase, excluded: str = "") -> float | None:
    """Returns the median, over chips, of the fraction of their published figure that they reach.

    Each chip counts with its best value.

    Args:
        key: key of the figure.
        evidence: all measured values.
        excluded: id of a chip to leave out.
    """
    shares: dict[str, float] = {}
    for one in evidence.whole.votes(key):
        if one.chip != excluded and one.fraction:
            shares[one.chip] = max(one.fraction, shares.get(one.chip, 0.0))
    return median(shares.values()) if shares else None


def _cells(row: _Row, evidence: EvidenceBase, notes: Notes) -> tuple[str, ...]:
    sheet = row.sheet
    published = _published(row, sheet, evidence, notes) if sheet else NONE
    rivals = "; ".join(
        f"{one.text} {notes.mark(source_line(one.source, evidence.catalogue))}"
        for one in (sheet.rivals if sheet else ())
    )
    return (
        FIGURES[row.key].title,
        published,
        rivals or NONE,
        _best_value(row.own),
        _best_value(row.reported),
        _reaches(row, notes),
        f"{row.usual:.0%}" if row.usual else NONE,
        str(row.groups),
    )


def _reaches(row: _Row, notes: Notes) -> str:
    """Returns the share of the published figure that is reached, marked with what doubts it."""
    published = row.sheet.value if row.sheet else None
    text = reached(row.achieved, published)
    found = doubts(row.achieved, row.own, published) if row.achieved else ()
    return f"{text} {''.join(map(notes.mark, found))}".rstrip()


def _published(row: _Row, sheet: Paper, evidence: EvidenceBase, notes: Notes) -> str:
    """Returns the published figure with the marks of its sources."""
    marks = [notes.mark(source_line(key, evidence.catalogue)) for key in sheet.sources]
    marks.append(computed_notes(row.chip, (row.key,), notes))
    return f"{sheet.text} {''.join(marks)}"


def _best_value(observation: Observation | None) -> str:
    """Returns a value, the fraction of the published figure that it reaches, and who measured."""
    if observation is None:
        return NONE
    share = (f"{observation.fraction:.1%}",) if observation.fraction else ()
    return f"{value_text(observation, *share)}, {observation.by}"


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
        "votes_low": achieved.least if achieved else None,
        "votes_high": achieved.most if achieved else None,
        "widened": achieved.widened if achieved else None,
    }


def _summary(
    chip: Chip,
    known: Sequence[Observation],
    shown: Sequence[Observation],
    unmeasured: str | None,
) -> Iterator[str]:
    """Yields what is missing, and how many of the values shown come from the vendor.

    Args:
        chip: the chip.
        known: all measured values of the chip.
        shown: those of them that are shown.
        unmeasured: the figure or work that was asked for, if nobody measured it.
    """
    if not known:
        yield f"No measurement of {chip.name} is known here: its sheet is all there is."
        return
    if unmeasured:
        yield f"No measurement of {unmeasured} is known here; of other things there are some."
    vendor = sum(one.kind in (Kind.VENDOR, Kind.GATE) for one in shown)
    if vendor and vendor == len(shown):
        part = " shown here" if len(shown) < len(known) else ""
        yield f"All measured values of {chip.name}{part} come from its vendor."
    elif vendor:
        yield f"{vendor} of {len(shown)} values come from the vendor's side."
