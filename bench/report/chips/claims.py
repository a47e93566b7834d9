"""Judged claims: a table of many, or one in full with its pairs, axes and measured values."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.claims.evaluate import Judgement
from bench.claims.judge import Answer, Stands, Word, limits
from bench.claims.model import Axis, Claim
from bench.claims.sensitivity import Bench
from bench.claims.weigh import Finding, Question, behind, title
from bench.report.chips.ratios import (
    devices,
    flat,
    groups,
    measured,
    on_paper,
    times,
    values,
    verdict_cell,
)
from bench.report.chips.verdicts import flips
from bench.report.table import Notes, Table, source_line
from bench.report.text.digits import NONE
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.words import counted

COLUMNS = (
    "claim", "said by", "answer", "tested as", "on paper", "measured (95%)", "predicted (95%)",
    "verdict", "where it holds", "would change with", "devices to settle it",
)  # fmt: skip
FINDING_COLUMNS = (
    "chips", "axis", "claimed", "on paper", "measured (95%)", "verdict", "holds", "groups",
    "devices to settle it", "predicted (95%)",
)  # fmt: skip
HOW = (
    (
        "Answer: whether the claim holds, fails or is open. Verdict: where the ratio lies against "
        "the claimed one: 'exceeds' refutes a claim that a chip has only so much, 'falls short' "
        "confirms one that it has less than another."
    ),
    (
        "On paper: ratio of published dense figures. Measured: pooled, one vote per group (person, "
        "team or company) that measured; the verdict tests it against the claim's margin. Of "
        "several chips or axes the deciding one is shown; notes say how the claim was read."
    ),
    (
        "Without measurement of both sides a claim is untestable; a prediction is no proof. A "
        "claim about paper (scope: paper) is judged by published figures alone, rivals included."
    ),
)
GROUPS_NOTE = "Groups (people, teams or companies) that measured: the first chip, the second, both."
SIGNS = {"matches": "≈", "exceeds": ">", "at least": "≥", "at most": "≤"}
"""Sign of each relation."""


def claim_list(judged: Sequence[Judgement], bench: Bench, *, cite: bool = True) -> Report:
    """Returns a table of judged claims, one row each; ``cite`` gives sources in full."""
    notes = Notes(brief=not cite)
    changes = [[flip.change for flip in bench.flips(one.deciding.deciding)] for one in judged]
    cells = tuple(_cells(*each, bench, notes) for each in zip(judged, changes, strict=True))
    table = Table(
        f"{counted(len(judged), 'claim')} tested",
        HOW,
        COLUMNS,
        cells,
        tuple(_summary(judged)),
        notes.lines(),
    )
    return Report(table, [_flat(*each, bench) for each in zip(judged, changes, strict=True)])


def _cells(judgement: Judgement, changes: list[str], bench: Bench, notes: Notes) -> tuple[str, ...]:
    """Returns the cells of one claim; ``changes`` are those that would change its verdict."""
    claim, finding = judgement.claim, judgement.deciding.deciding
    mark = notes.source(claim.source, bench.catalogue)
    read = f" {notes.mark(f'Read: {claim.reading}')}" if claim.reading else ""
    return (
        f"{claim.id}: {claim.statement} {mark}",
        f"{claim.speaker} ({claim.side}), {claim.date}",
        judgement.answer.value,
        tested_formula(finding) + read,
        on_paper(finding.paper),
        measured(finding.measured),
        _predicted(finding, bench),
        verdict_cell(finding, notes),
        _where_it_holds(judgement),
        ", ".join(changes) or NONE,
        devices(finding.needed),
    )


def tested_formula(finding: Finding) -> str:
    """Returns a finding's question as a formula, such as ``h20 / h100, bf16 matrix ≥ 1.2``."""
    question = finding.question
    pair = f"{question.first.id} / {question.second.id}"
    return f"{pair}, {title(question.axis)} {SIGNS[question.relation]} {question.factor:g}"


def claimed(question: Question) -> str:
    """Returns what is claimed of a ratio, with the limits that the margin gives it."""
    low, high = (
        times(one * question.factor) if one else ""
        for one in limits(question.relation, question.margin)
    )
    within = {
        "matches": f" ({low}–{high})", "at least": f" (from {low})", "at most": f" (up to {high})",
    }  # fmt: skip
    sign = SIGNS[question.relation]
    return f"{sign} {question.factor:g}{within.get(question.relation, '')}"


def on_limit(finding: Finding) -> str:
    """Returns a remark on an answer of paper that hangs on a ratio equal to the limit, or none."""
    return ", exactly at the limit" if finding.at_limit else ""


def _where_it_holds(judgement: Judgement) -> str:
    """Returns whether the claim holds on paper and measured; if open, what paper says."""
    if judgement.stands is not Stands.OPEN:
        return judgement.stands.value
    words = {True: "on paper", False: "not on paper", None: "paper does not say"}
    if judgement.claim.scope == "paper" and judgement.on_paper is not None:
        return "open (sources disagree)"
    says = words[judgement.on_paper]
    hangs = "" if judgement.on_paper is None else on_limit(judgement.deciding.deciding)
    return f"open ({says}{hangs})"


def _flat(judgement: Judgement, changes: list[str], bench: Bench) -> dict[str, Scalar]:
    claim, finding = judgement.claim, judgement.deciding.deciding
    low, high, by = bench.predicted(finding) or (None, None, None)
    return {
        "claim": claim.id,
        "statement": claim.statement,
        "reading": claim.reading,
        "speaker": claim.speaker,
        "side": claim.side,
        "date": claim.date,
        "source": claim.source,
        "scope": claim.scope,
        "pairs": len(judgement.pairs),
        "claim_answer": judgement.answer.value,
        "claim_verdict": judgement.word.value,
        "claim_stands": judgement.stands.value,
        "claim_on_paper": judgement.on_paper,
        "claim_holds": judgement.holds,
        **flat(finding),
        "predicted_low": low,
        "predicted_high": high,
        "predicted_by": by,
        "hangs_on": "; ".join(changes) or None,
    }


def _summary(judged: Sequence[Judgement]) -> Iterator[str]:
    """Yields how many claims hold and fail, have each verdict, and where how many of them hold."""
    if not judged:
        yield (
            "No claim matches all keys: leave one out. "
            "'python -m bench verdict chips=[A,B]' tests two chips without a claim."
        )
        return
    yield f"{answers(judged)}."
    verdicts = Counter(one.word for one in judged)
    counts = ", ".join(f"{verdicts[one]} {one.value}" for one in Word if verdicts[one])
    yield f"Verdicts on their ratios: {counts}."
    places = Counter(one.stands for one in judged)
    counts = ", ".join(f"{places[one]} {one.value}" for one in Stands if places[one])
    yield f"Where they hold: {counts}."
    if paper := sum(waits_for_measurement(one) for one in judged):
        yield f"{paper} hold on paper, and measurement has not decided them yet."


def answers(judged: Sequence[Judgement]) -> str:
    """Returns how many claims hold, fail and are open, as words."""
    counts = Counter(one.answer for one in judged)
    hold, fail, are_open = (counts[one] for one in Answer)
    return (
        f"{counted(hold, 'claim')} {'holds' if hold == 1 else 'hold'}, "
        f"{fail} fail{'s' if fail == 1 else ''}, {are_open} {'is' if are_open == 1 else 'are'} open"
    )


def waits_for_measurement(judgement: Judgement) -> bool:
    """Returns whether a claim holds on paper and only measurement can decide it."""
    claimed = judgement.claim.scope == "both" and judgement.on_paper is True
    return claimed and judgement.stands is Stands.OPEN


def claim_report(judgement: Judgement, bench: Bench) -> Report:
    """Returns one claim in full: its pairs and axes, what would change them, all values used."""
    claim = judgement.claim
    findings = [one for pair in judgement.pairs for one in pair.findings]
    notes = Notes()
    cells = tuple(_finding_cells(one, bench, notes) for one in findings)
    table = Table(
        claim.statement,
        (_answer(judgement), *_about(claim, bench)),
        FINDING_COLUMNS,
        cells,
        (GROUPS_NOTE,),
        notes.lines(),
    )
    used = {one.ref: one for finding in findings for one in behind(finding, bench.whole)}
    flats = [{"claim": claim.id, **flat(one)} for one in findings]
    used_values = values("Every value used", used.values(), bench.catalogue)
    return Report(table, flats, (flips(findings, bench), used_values))


def _answer(judgement: Judgement) -> str:
    """Returns whether the claim holds, the verdict on its ratio, and the deciding finding."""
    finding = judgement.deciding.deciding
    return (
        f"Answer: {judgement.answer.value}. Verdict on the ratio: {judgement.word.value}. "
        f"Where it holds: {_where_it_holds(judgement)}. "
        f"Decided by {tested_formula(finding)}: {finding.reason}."
    )


def _about(claim: Claim, bench: Bench) -> Iterator[str]:
    """Yields who made the claim, its source, and how it was read."""
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
    paper = ", by published figures alone" if claim.scope == "paper" else ""
    yield f"Read as: {_formula(claim)}, margin {claim.margin:.0%}{read}{paper}."
    for words in (claim.reading, claim.unlike and f"Not comparable: {claim.unlike}", claim.note):
        if words:
            yield words


def _formula(claim: Claim) -> str:
    """Returns what the claim says of its axes, such as ``bf16 matrix ≥ 1.2, decode ≥ 1``."""

    def on_axis(axis: Axis) -> str:
        return f"{title(axis)} {SIGNS[claim.relation_of(axis)]} {claim.factor_of(axis):g}"

    return ", ".join(on_axis(axis) for axis in claim.axes)


def _finding_cells(finding: Finding, bench: Bench, notes: Notes) -> tuple[str, ...]:
    question = finding.question
    words = {True: "yes", False: "no", None: "open"}
    paper = finding.decided if question.scope == "paper" else finding.on_paper
    return (
        f"{question.first.id} / {question.second.id}",
        title(question.axis),
        claimed(question),
        on_paper(finding.paper),
        measured(finding.measured),
        verdict_cell(finding, notes),
        f"paper {words[paper]}{on_limit(finding)}, measured {words[finding.holds]}",
        groups(finding.measured),
        devices(finding.needed),
        _predicted(finding, bench),
    )


def _predicted(finding: Finding, bench: Bench) -> str:
    """Returns the predicted 95% interval of a ratio of work that nobody measured, and its basis."""
    prediction = bench.predicted(finding)
    if prediction is None:
        return NONE
    low, high, basis = prediction
    return f"{times(low)}–{times(high)} ({basis})"
