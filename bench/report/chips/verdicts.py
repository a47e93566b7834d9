"""The report on one chip over another: on paper, in measurement, verdicts, and a summary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.claims.judge import Bounds, Word, word
from bench.claims.model import Axis
from bench.claims.paper import BOUND_BY
from bench.claims.sensitivity import EvidenceBase
from bench.claims.weigh import Finding, Question, behind, title
from bench.report.chips.ratios import (
    devices,
    flat,
    groups,
    measured,
    on_paper,
    paper_remark,
    reached,
    times,
    values,
    verdict_cell,
)
from bench.report.table import Notes, Section, Table
from bench.report.text.digits import NONE
from bench.report.text.markup import Report

AXES = (
    "matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "matrix_tf32", "matrix_fp4",
    "matrix_fp64", "vector_fp32", "vector_fp64", "memory_bandwidth", "memory_capacity",
    "link_bandwidth", "pcie_bandwidth_oneway",
)  # fmt: skip
"""Keys of the figures by which chips are compared."""
WORKS = tuple(work for work in BOUND_BY if work != "product")
"""Kinds of work by which chips are compared."""
FAR = 1.10
"""Least factor by which paper over- or understates a chip that is worth a sentence."""
HOW = (
    (
        "Each group (person, team or company) that measured a chip has one vote. 'On paper': ratio "
        "of published figures, in brackets with rival figures. 'Paper / measured': above 1, paper "
        "overstates the first chip. 'Reaches': mean of these votes over the published figure, 95% "
        "interval; ratios also use what the same groups found on other chips."
    ),
    (
        "Verdicts are two one-sided tests of the measured ratio at 5% against the margin. On "
        "paper each sheet's first figure decides."
    ),
)


@dataclass(frozen=True)
class Pairing:
    """Two chips and all findings on the first over the second.

    Attributes:
        first: the chip that is compared.
        second: the chip that it is divided by.
        findings: the findings, one per figure or kind of work.
        shares: the share that a chip reaches of a figure, as text and as a number, by the chip's id
            and the figure's key.
    """

    first: Chip
    second: Chip
    findings: tuple[Finding, ...]
    shares: dict[tuple[str, str], tuple[str, float | None]]


def pairing(
    first: Chip, second: Chip, evidence: EvidenceBase, margin: float, figures: Sequence[str] = ()
) -> Pairing:
    """Returns two chips with the findings on figures and kinds of work.

    Args:
        first: the chip that is compared.
        second: the chip that it is divided by.
        evidence: the evidence.
        margin: relative difference up to which they count as equal.
        figures: keys of figures and kinds of work; empty for all with data on both.
    """
    names = dict.fromkeys(figures or (*AXES, *WORKS))
    axes = [Axis(work=name) if name in WORKS else Axis(figure=name) for name in names]
    questions = (Question(first, second, axis, margin=margin) for axis in axes)
    found = [evidence.finding(question) for question in questions]
    known = tuple(one for one in found if figures or _has_ratio(one))
    shares = {
        (chip.id, one.question.axis.figure or ""): _share(chip, one.question.axis.figure, evidence)
        for one in known
        for chip in (first, second)
        if one.question.axis.figure
    }
    return Pairing(first, second, known, shares)


def _has_ratio(finding: Finding) -> bool:
    """Tells whether a finding has any ratio; of kinds of work only a measured one counts."""
    if finding.question.axis.figure:
        return bool(finding.paper or finding.measured)
    return finding.measured is not None


def _share(chip: Chip, figure: str | None, evidence: EvidenceBase) -> tuple[str, float | None]:
    """Returns the share of a published figure that a chip reaches, as text and as a number."""
    known = evidence.whole.achieved(figure or "", chip.id)
    vote = next((one for one in known.votes if one.paper), None) if known else None
    published = vote.paper.value if vote and vote.paper else None
    share = known.rate / published if known and published else None
    return reached(known, published), share


def verdict_report(pair: Pairing, evidence: EvidenceBase, *, rows: bool) -> Report:
    """Returns the findings as a table; ``rows`` adds a table of all values behind them."""
    notes = Notes()
    cells = tuple(_cells(one, pair, notes) for one in pair.findings)
    table = Table(
        f"{pair.first.name} over {pair.second.name}",
        (f"Margin {_margin(pair):.0%}. {HOW[0]}", HOW[1]),
        _columns(pair),
        cells,
        tuple(summary(pair)),
        notes.lines(),
    )
    more = [flips(pair.findings, evidence)]
    if rows:
        used = {
            one.ref: one for finding in pair.findings for one in behind(finding, evidence.whole)
        }
        more.append(values("Every value used", used.values(), evidence.catalogue))
    flats = [_flat(one, pair) for one in pair.findings]
    return Report(table, flats, tuple(more))


def _columns(pair: Pairing) -> tuple[str, ...]:
    first, second = (f"{chip.short} reaches" for chip in _both(pair))
    return (
        "figure", "on paper", "verdict on paper", "measured (95%)", "paper / measured", first,
        second, "verdict", "groups", "devices to settle it",
    )  # fmt: skip


def _margin(pair: Pairing) -> float:
    return pair.findings[0].question.margin if pair.findings else 0.10


def _cells(finding: Finding, pair: Pairing, notes: Notes) -> tuple[str, ...]:
    figure = finding.question.axis.figure or ""
    bound = "" if figure or finding.paper is None else FIGURES[finding.paper.key].title
    shares = (pair.shares.get((chip.id, figure), (NONE, None)) for chip in _both(pair))
    return (
        title(finding.question.axis),
        on_paper(finding.paper, bound),
        _paper_verdict(finding),
        measured(finding.measured),
        times(over) if (over := overstated(finding)) else NONE,
        *(text for text, _ in shares),
        verdict_cell(finding, notes),
        groups(finding.measured),
        devices(finding.needed),
    )


def _paper_verdict(finding: Finding) -> str:
    """Returns the verdict of published figures, marked where rival figures give another."""
    found, paper = finding.paper_word, finding.paper
    if found is None or paper is None:
        return NONE
    rivals = word(Bounds(paper.low, paper.high), finding.question.margin)
    return found.value if rivals is found else f"{found.value}; sources disagree"


def _flat(finding: Finding, pair: Pairing) -> dict[str, str | int | float | bool | None]:
    figure = finding.question.axis.figure or ""
    shares = [pair.shares.get((chip.id, figure), (NONE, None))[1] for chip in _both(pair)]
    return {
        **flat(finding),
        "verdict_on_paper": finding.paper_word.value if finding.paper_word else None,
        "paper_overstates": overstated(finding),
        "subject_reaches": shares[0],
        "object_reaches": shares[1],
    }


def _both(pair: Pairing) -> tuple[Chip, Chip]:
    return pair.first, pair.second


def overstated(finding: Finding) -> float | None:
    """Returns the paper ratio over the measured one, None if either is missing."""
    if finding.paper is None or finding.measured is None:
        return None
    return finding.paper.value / finding.measured.ratio


def summary(pair: Pairing) -> Iterator[str]:
    """Yields sentences on the first figure, memory bandwidth, kinds of work, and untested axes."""
    figures = [one for one in pair.findings if one.measured and one.question.axis.figure]
    yield from (_sentence(one, pair) for one in figures[:1] + _memory(figures[1:]))
    works = [one for one in pair.findings if one.measured and one.question.axis.work]
    yield from (_work(one, pair) for one in works)
    untestable = [one for one in pair.findings if one.word is Word.UNTESTABLE]
    if untestable:
        names = "; ".join(title(one.question.axis) for one in untestable)
        yield f"Untestable until measured on both: {names}."
    if not figures and not works:
        yield "Nothing was measured on both: whatever their sheets say is untested."


def _memory(findings: Sequence[Finding]) -> list[Finding]:
    return [one for one in findings if one.question.axis.figure == "memory_bandwidth"]


def _sentence(finding: Finding, pair: Pairing) -> str:
    """Returns a sentence on one figure: ratios, shares reached, overstatement and verdict."""
    figure, first, second = finding.question.axis.figure or "", pair.first, pair.second
    text = f"In {FIGURES[figure].title}, {first.name} is "
    if finding.paper:
        remark = paper_remark(finding.paper)
        paper = on_paper(finding.paper).removesuffix(f", {remark}")
        text += f"{paper} times {second.name} on paper{f' ({remark})' if remark else ''}"
        text += f" and {measured(finding.measured)} times measured"
    else:
        text += f"{measured(finding.measured)} times {second.name} measured"
        text += "; no published figures to compare"
    (text_1, share_1), (text_2, share_2) = (
        pair.shares[chip.id, figure] for chip in (first, second)
    )
    if share_1 and share_2:
        text += f": it reaches {text_1} of its sheet, {second.name} {text_2}"
    over = overstated(finding)
    if over and not 1 / FAR < over < FAR:
        does = "overstates" if over > 1 else "understates"
        text += f", so paper {does} {first.name} by a factor of {times(max(over, 1 / over))}"
    return f"{text}. Verdict: {finding.word.value}."


def _work(finding: Finding, pair: Pairing) -> str:
    """Returns a sentence on one kind of work: ratios and verdict."""
    first, second = pair.first.name, pair.second.name
    text = (
        f"In {title(finding.question.axis)}, {first} is {measured(finding.measured)} times {second}"
    )
    if finding.paper:
        remark = paper_remark(finding.paper)
        text += (
            f"; on paper, by {FIGURES[finding.paper.key].title}, {times(finding.paper.value)} times"
            f"{f' ({remark})' if remark else ''}"
        )
    return f"{text}. Verdict: {finding.word.value}."


def flips(findings: Iterable[Finding], evidence: EvidenceBase) -> Section:
    """Returns which changes would change a verdict: the margin, rival figures, less evidence."""
    rows = [(finding, flip) for finding in findings for flip in evidence.flips(finding)]
    columns = ("verdict on", "if", "it would be", "now it is")
    cells = tuple((_named(finding), flip.change, flip.after, flip.before) for finding, flip in rows)
    flats: list[dict[str, str | int | float | bool | None]] = [
        {
            "subject": finding.question.first.id,
            "object": finding.question.second.id,
            "axis": finding.question.axis.figure or finding.question.axis.work,
            "change": flip.change,
            "before": flip.before,
            "after": flip.after,
        }
        for finding, flip in rows
    ]
    lines = (
        () if rows else ("No verdict changes with the margin, rival figures or a class of source.",)
    )
    return Section("What would change a verdict", columns, cells, flats, lines, key="sensitivity")


def _named(finding: Finding) -> str:
    question = finding.question
    return f"{title(question.axis)}, {question.first.id} over {question.second.id}"
