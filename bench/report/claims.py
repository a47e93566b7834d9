"""Claims judged: a line a claim, or one claim with every pair, axis and value behind it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.claims.evaluate import Judgement
from bench.claims.judge import Stands, Word
from bench.claims.model import Axis, Claim
from bench.claims.sensitivity import Bench
from bench.claims.weigh import Finding, behind, title
from bench.report.digits import NONE
from bench.report.markup import Report
from bench.report.ratios import (
    devices,
    flat,
    groups,
    measured,
    on_paper,
    times,
    values,
    verdict_cell,
)
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table, source_line
from bench.report.verdicts import flips

COLUMNS = (
    "claim", "said by", "tested as", "on paper", "measured (95%)", "predicted (95%)",
    "verdict", "holds", "would change with", "devices to settle it",
)  # fmt: skip
SINGLE = (
    "chips", "axis", "claimed", "on paper", "measured (95%)", "verdict", "holds", "groups",
    "devices to settle it", "predicted (95%)",
)  # fmt: skip
HOW = (
    (
        "On paper: ratio of published dense figures. Measured: pooled, one vote per group (person, "
        "team or company) that measured; the verdict tests it against the claim's margin. Of "
        "several chips or axes the deciding one is shown; notes say how the claim was read."
    ),
    "Without measurement of both sides a claim is untestable; a prediction is no proof.",
)
GROUPS = "Groups (people, teams or companies) that measured: the first chip, the second, both."
SIGNS = {"matches": "≈", "exceeds": ">", "at least": "≥", "at most": "≤"}


def claim_list(found: Sequence[Judgement], bench: Bench) -> Report:
    """Returns the claims, a line each."""
    notes = Notes()
    hangs = [[flip.change for flip in bench.flips(one.deciding.deciding)] for one in found]
    cells = tuple(_cells(*each, bench, notes) for each in zip(found, hangs, strict=True))
    table = Table(
        f"{len(found)} claim{'' if len(found) == 1 else 's'} tested",
        HOW,
        COLUMNS,
        cells,
        tuple(_summary(found)),
        notes.lines(),
    )
    return Report(table, [_flat(*each, bench) for each in zip(found, hangs, strict=True)])


def _cells(one: Judgement, hangs: list[str], bench: Bench, notes: Notes) -> tuple[str, ...]:
    claim, finding = one.claim, one.deciding.deciding
    mark = notes.mark(source_line(claim.source, bench.catalogue))
    read = f" {notes.mark(f'Read: {claim.reading}')}" if claim.reading else ""
    return (
        f"{claim.id}: {claim.statement} {mark}",
        f"{claim.speaker} ({claim.side}), {claim.date}",
        comes_to(finding) + read,
        on_paper(finding.paper),
        measured(finding.measured),
        _predicted(finding, bench),
        verdict_cell(finding, notes),
        _where(one),
        ", ".join(hangs) or NONE,
        devices(finding.needed),
    )


def comes_to(found: Finding) -> str:
    """Returns a finding's question as a formula, such as ``h20 / h100 bf16 ≥ 1.2``."""
    asked = found.question
    pair = f"{asked.first.id} / {asked.second.id}"
    return f"{pair}, {title(asked.axis)} {SIGNS[asked.relation]} {asked.factor:g}"


def _where(one: Judgement) -> str:
    if one.stands is not Stands.OPEN:
        return one.stands.value
    words = {True: "on paper", False: "not on paper", None: "paper does not say"}
    return f"open ({words[one.on_paper]})"


def _flat(one: Judgement, hangs: list[str], bench: Bench) -> dict[str, Scalar]:
    claim, finding = one.claim, one.deciding.deciding
    low, high, by = bench.predicted(finding) or (None, None, None)
    return {
        "claim": claim.id,
        "statement": claim.statement,
        "reading": claim.reading,
        "speaker": claim.speaker,
        "side": claim.side,
        "date": claim.date,
        "source": claim.source,
        "pairs": len(one.pairs),
        "claim_verdict": one.word.value,
        "claim_stands": one.stands.value,
        "claim_on_paper": one.on_paper,
        "claim_holds": one.holds,
        **flat(finding),
        "predicted_low": low,
        "predicted_high": high,
        "predicted_by": by,
        "hangs_on": "; ".join(hangs) or None,
    }


def _summary(found: Sequence[Judgement]) -> Iterator[str]:
    if not found:
        yield (
            "No claim matches all keys: leave one out. "
            "'python -m bench verdict chips=[A,B]' tests two chips without a claim."
        )
        return
    words = Counter(one.word for one in found)
    told = ", ".join(f"{words[one]} {one.value}" for one in Word if words[one])
    yield f"Verdicts: {told}."
    held = Counter(one.stands for one in found)
    told = ", ".join(f"{held[one]} {one.value}" for one in Stands if held[one])
    yield f"Where they hold: {told}."
    paper = sum(one.stands is Stands.OPEN and one.on_paper is True for one in found)
    if paper:
        yield f"{paper} hold on paper, and measurement has not decided them yet."


def claim_report(found: Judgement, bench: Bench) -> Report:
    """Returns one claim in full: every pair and axis, what it hangs on, every value behind it."""
    claim = found.claim
    findings = [one for pair in found.pairs for one in pair.findings]
    notes = Notes()
    cells = tuple(_full(one, bench, notes) for one in findings)
    table = Table(
        claim.statement,
        (_answer(found), *_told(claim, bench)),
        SINGLE,
        cells,
        (GROUPS,),
        notes.lines(),
    )
    every = {one.ref: one for finding in findings for one in behind(finding, bench.whole)}
    flats = [{"claim": claim.id, **flat(one)} for one in findings]
    known = values("Every value used", every.values(), bench.catalogue)
    return Report(table, flats, (flips(findings, bench), known))


def _answer(found: Judgement) -> str:
    """Returns what the claim comes to, and what that hangs on, before anything else is told."""
    finding = found.deciding.deciding
    return (
        f"Verdict: {found.word.value}. Where it holds: {_where(found)}. "
        f"Decided by {comes_to(finding)}: {finding.reason}."
    )


def _told(claim: Claim, bench: Bench) -> Iterator[str]:
    yield f"Said by {claim.speaker} ({claim.side}), {claim.date}."
    yield f"Source: {source_line(claim.source, bench.catalogue)}"
    which = [
        f"{word} of {len(chips)} {role}"
        for word, chips, role in (
            (claim.which_subject, claim.subjects, "subjects"),
            (claim.which_object, claim.objects, "objects"),
        )
        if len(chips) > 1
    ]
    read = f"; {' and '.join(which)}" if which else ""
    yield f"Read as: {_formula(claim)}, margin {claim.margin:.0%}{read}."
    for words in (claim.reading, claim.unlike and f"Not comparable: {claim.unlike}", claim.note):
        if words:
            yield words


def _formula(claim: Claim) -> str:
    def told(axis: Axis) -> str:
        return f"{title(axis)} {SIGNS[claim.relation_of(axis)]} {claim.factor_of(axis):g}"

    return ", ".join(told(axis) for axis in claim.axes)


def _full(one: Finding, bench: Bench, notes: Notes) -> tuple[str, ...]:
    asked = one.question
    words = {True: "yes", False: "no", None: "open"}
    return (
        f"{asked.first.id} / {asked.second.id}",
        title(asked.axis),
        f"{SIGNS[asked.relation]} {asked.factor:g}",
        on_paper(one.paper),
        measured(one.measured),
        verdict_cell(one, notes),
        f"paper {words[one.on_paper]}, measured {words[one.holds]}",
        groups(one.measured),
        devices(one.needed),
        _predicted(one, bench),
    )


def _predicted(one: Finding, bench: Bench) -> str:
    """Returns what a paper ratio predicts of work that nobody measured; it proves nothing."""
    known = bench.predicted(one)
    if known is None:
        return NONE
    low, high, words = known
    return f"{times(low)}–{times(high)} ({words})"
