"""One chip over another: on paper, in measurement, and the sentence to take away."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.judge import Word
from bench.claims.model import Axis
from bench.claims.paper import BOUND_BY
from bench.claims.sensitivity import Bench
from bench.claims.weigh import Finding, Question, behind, title
from bench.report.digits import NONE
from bench.report.marks import GIB, in_gib
from bench.report.markup import Report
from bench.report.ratios import (
    devices,
    flat,
    groups,
    measured,
    on_paper,
    reached,
    times,
    values,
    verdict_cell,
)
from bench.report.table import Notes, Section, Table

AXES = (
    "matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "matrix_tf32", "matrix_fp4",
    "matrix_fp64", "vector_fp32", "vector_fp64", "memory_bandwidth", "memory_capacity",
    "link_bandwidth", "pcie_bandwidth_oneway",
)  # fmt: skip
"""The figures that chips are compared by."""
CLOSE, FAR = 0.90, 1.10
"""A chip that reaches so much of its sheet is close to it; paper this far off is worth a word."""
HOW = (
    (
        "Each group (person, team or company) that measured a chip has one vote. 'On paper': ratio "
        "of published figures, in brackets with rival figures. 'Paper / measured': above 1, paper "
        "overstates the first chip. 'Reaches': share of the published figure, 95% interval."
    ),
    "Verdicts are two one-sided tests at 5% against the margin.",
)


@dataclass(frozen=True)
class Pairing:
    """Two chips and every finding of one over the other.

    Attributes:
        shares: of either chip, by figure, in words.
    """

    first: Chip
    second: Chip
    findings: tuple[Finding, ...]
    shares: dict[tuple[str, str], tuple[str, float | None]]


def pairing(first: Chip, second: Chip, bench: Bench, margin: float) -> Pairing:
    """Returns every figure and kind of work on which something is known of two chips."""
    axes = [Axis(figure=key) for key in AXES]
    axes += [Axis(work=one) for one in BOUND_BY if one != "product"]
    asked = (Question(first, second, axis, margin=margin) for axis in axes)
    found = [bench.finding(one) for one in asked]
    known = tuple(one for one in found if _says(one))
    shares = {
        (chip.id, one.question.axis.figure or ""): _share(chip, one.question.axis.figure, bench)
        for one in known
        for chip in (first, second)
        if one.question.axis.figure
    }
    return Pairing(first, second, known, shares)


def _says(found: Finding) -> bool:
    if found.question.axis.figure:
        return bool(found.paper or found.measured)
    return found.measured is not None


def _share(chip: Chip, figure: str | None, bench: Bench) -> tuple[str, float | None]:
    known = bench.whole.achieved(figure or "", chip.id)
    voice = next((one for one in known.voices if one.paper), None) if known else None
    published = voice.paper.value if voice and voice.paper else None
    share = known.rate / published if known and published else None
    return reached(known, published), share


def verdict_report(found: Pairing, bench: Bench, *, rows: bool) -> Report:
    """Returns the pair as a table; ``rows`` adds every value behind it."""
    notes = Notes()
    cells = tuple(_cells(one, found, notes) for one in found.findings)
    table = Table(
        f"{found.first.name} over {found.second.name}",
        (f"Margin {_margin(found):.0%}. {HOW[0]}", HOW[1]),
        _columns(found),
        cells,
        tuple(summary(found)),
        notes.lines(),
    )
    more = [flips(found.findings, bench)]
    if rows:
        every = {one.ref: one for finding in found.findings for one in behind(finding, bench.whole)}
        more.append(values("Every value used", every.values(), bench.catalogue))
    flats = [_flat(one, found) for one in found.findings]
    return Report(table, flats, tuple(more))


def _columns(found: Pairing) -> tuple[str, ...]:
    first, second = (f"{(*chip.aliases, chip.id)[0]} reaches" for chip in _both(found))
    return (
        "figure", "on paper", "measured (95%)", "paper / measured", first, second, "verdict",
        "groups", "devices to settle it",
    )  # fmt: skip


def _margin(found: Pairing) -> float:
    return found.findings[0].question.margin if found.findings else 0.10


def _cells(one: Finding, found: Pairing, notes: Notes) -> tuple[str, ...]:
    figure = one.question.axis.figure or ""
    bound = "" if figure or one.paper is None else f" by {FIGURES[one.paper.key].title}"
    shares = (found.shares.get((chip.id, figure), (NONE, None)) for chip in _both(found))
    return (
        title(one.question.axis),
        f"{on_paper(one.paper)}{bound}",
        measured(one.measured),
        times(over) if (over := overstated(one)) else NONE,
        *(_reaching(*share, figure, notes) for share in shares),
        verdict_cell(one, notes),
        groups(one.measured),
        devices(one.needed),
    )


def _reaching(text: str, share: float | None, figure: str, notes: Notes) -> str:
    """Returns what a chip reaches of its sheet; the ratio of two memories is of bytes of both."""
    if figure == "memory_capacity" and in_gib(share):
        return f"{text} {notes.mark(f'{GIB} Measured ratios are of bytes on both sides.')}"
    return text


def _flat(one: Finding, found: Pairing) -> dict[str, str | int | float | bool | None]:
    figure = one.question.axis.figure or ""
    shares = [found.shares.get((chip.id, figure), (NONE, None))[1] for chip in _both(found)]
    return {
        **flat(one),
        "paper_overstates": overstated(one),
        "subject_reaches": shares[0],
        "object_reaches": shares[1],
    }


def _both(found: Pairing) -> tuple[Chip, Chip]:
    return found.first, found.second


def overstated(found: Finding) -> float | None:
    """Returns by how much the paper ratio is above the measured one."""
    if found.paper is None or found.measured is None:
        return None
    return found.paper.value / found.measured.ratio


def summary(found: Pairing) -> Iterator[str]:
    """Yields what a reader takes away: one sentence of the figures that tell most, and gaps."""
    told = [one for one in found.findings if one.measured and one.question.axis.figure]
    yield from (_sentence(one, found) for one in told[:1] + _memory(told[1:]))
    works = [one for one in found.findings if one.measured and one.question.axis.work]
    yield from (_work(one, found) for one in works)
    open_ = [one for one in found.findings if one.word is Word.UNTESTABLE]
    if open_:
        names = "; ".join(title(one.question.axis) for one in open_)
        yield f"Untestable until measured on both: {names}."
    if not told and not works:
        yield "Nothing was measured on both: whatever their sheets say is untested."


def _memory(found: Sequence[Finding]) -> list[Finding]:
    return [one for one in found if one.question.axis.figure == "memory_bandwidth"]


def _sentence(one: Finding, found: Pairing) -> str:
    figure, first, second = one.question.axis.figure or "", found.first, found.second
    paper, remark = on_paper(one.paper), one.paper.remark if one.paper else ""
    told = f"{paper.removesuffix(f', {remark}')} times {second.name} on paper"
    words = f"In {FIGURES[figure].title}, {first.name} is {told}{f' ({remark})' if remark else ''}"
    words += f" and {measured(one.measured)} times measured"
    (text_1, share_1), (text_2, share_2) = (
        found.shares[chip.id, figure] for chip in (first, second)
    )
    if share_1 and share_2:
        words += f": it reaches {text_1} of its sheet, {second.name} {text_2}"
    over = overstated(one)
    if over and not 1 / FAR < over < FAR:
        way = "overstates" if over > 1 else "understates"
        words += f", so paper {way} {first.name} by a factor of {times(max(over, 1 / over))}"
    return f"{words}. Verdict: {one.word.value}."


def _work(one: Finding, found: Pairing) -> str:
    first, second = found.first.name, found.second.name
    words = f"In {title(one.question.axis)}, {first} is {measured(one.measured)} times {second}"
    if one.paper:
        words += f"; on paper, by {FIGURES[one.paper.key].title}, {times(one.paper.value)} times"
    return f"{words}. Verdict: {one.word.value}."


def flips(found: Iterable[Finding], bench: Bench) -> Section:
    """Returns what would change an answer: the margin, rival figures, less evidence."""
    rows = [(one, flip) for one in found for flip in bench.flips(one)]
    columns = ("verdict on", "if", "it would be", "now it is")
    cells = tuple((_named(one), flip.change, flip.after, flip.before) for one, flip in rows)
    flats: list[dict[str, str | int | float | bool | None]] = [
        {
            "subject": one.question.first.id,
            "object": one.question.second.id,
            "axis": one.question.axis.figure or one.question.axis.work,
            "change": flip.change,
            "before": flip.before,
            "after": flip.after,
        }
        for one, flip in rows
    ]
    lines = (
        () if rows else ("No verdict changes with the margin, rival figures or a class of source.",)
    )
    return Section("What would change a verdict", columns, cells, flats, lines, key="sensitivity")


def _named(one: Finding) -> str:
    asked = one.question
    return f"{title(asked.axis)}, {asked.first.id} over {asked.second.id}"
