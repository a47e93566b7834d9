"""Judged claims: a table of many, or one in full with its pairs, axes and measured values."""

from collections.abc import Iterator

from bench.claims.evaluate import Judgement
from bench.claims.judge import Stands, limits
from bench.claims.model import Axis, Claim
from bench.claims.sensitivity import EvidenceBase
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

FINDING_COLUMNS = (
    "chips", "axis", "claimed", "on paper", "measured (95%)", "verdict", "holds", "groups",
    "devices to settle it", "predicted (95%)",
)  # fmt: skip
GROUPS_NOTE = "Groups (people, teams or companies) that measured: the first chip, the second, both."
SIGNS = {"matches": "≈", "exceeds": ">", "at least": "≥", "at most": "≤"}
"""Sign of each relation."""


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


def where_it_holds(judgement: Judgement) -> str:
    """Returns whether the claim holds on paper and measured; if open, what paper says."""
    if judgement.stands is not Stands.OPEN:
        return judgement.stands.value
    words = {True: "on paper", False: "not on paper", None: "paper does not say"}
    if judgement.claim.scope == "paper" and judgement.on_paper is not None:
        return "open (sources disagree)"
    says = words[judgement.on_paper]
    hangs = "" if judgement.on_paper is None else on_limit(judgement.deciding.deciding)
    return f"open ({says}{hangs})"


def claim_report(judgement: Judgement, evidence: EvidenceBase) -> Report:
    """Returns one claim in full: its pairs and axes, what would change them, all values used."""
    claim = judgement.claim
    findings = [one for pair in judgement.pairs for one in pair.findings]
    notes = Notes()
    cells = tuple(_finding_cells(one, evidence, notes) for one in findings)
    table = Table(
        claim.statement,
        (_answer(judgement), *_about(claim, evidence)),
        FINDING_COLUMNS,
        cells,
        (GROUPS_NOTE,),
        notes.lines(),
    )
    used = {one.ref: one for finding in findings for one in behind(finding, evidence.whole)}
    flats = [{"claim": claim.id, **flat(one)} for one in findings]
    used_values = values("Every value used", used.values(), evidence.catalogue)
    return Report(table, flats, (flips(findings, evidence), used_values))


def _answer(judgement: Judgement) -> str:
    """Returns whether the claim holds, the verdict on its ratio, and the deciding finding."""
    finding = judgement.deciding.deciding
    return (
        f"Answer: {judgement.answer.value}. Verdict on the ratio: {judgement.word.value}. "
        f"Where it holds: {where_it_holds(judgement)}. "
        f"Decided by {tested_formula(finding)}: {finding.reason}."
    )


def _about(claim: Claim, evidence: EvidenceBase) -> Iterator[str]:
    """Yields who made the claim, its source, and how it was read."""
    yield f"Said by {claim.speaker} ({claim.side}), {claim.date}."
    yield f"Source: {source_line(claim.source, evidence.catalogue)}"
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


def _finding_cells(finding: Finding, evidence: EvidenceBase, notes: Notes) -> tuple[str, ...]:
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
        predicted_interval(finding, evidence),
    )


def predicted_interval(finding: Finding, evidence: EvidenceBase) -> str:
    """Returns the predicted 95% interval of a ratio of work that nobody measured, and its basis."""
    prediction = evidence.predicted(finding)
    if prediction is None:
        return NONE
    low, high, basis = prediction
    return f"{times(low)}–{times(high)} ({basis})"
