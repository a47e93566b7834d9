"""Judged claims, one row each: a short table for people, or all that is known of each."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.claims.evaluate import Judgement
from bench.claims.judge import Answer, Stands, Word
from bench.claims.sensitivity import EvidenceBase
from bench.report.chips.claims import SIGNS, predicted_interval, tested_formula, where_it_holds
from bench.report.chips.ratios import devices, flat, measured, on_paper, times, verdict_cell
from bench.report.table import Notes, Table
from bench.report.text.digits import NONE
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.words import counted

COLUMNS = (
    "claim", "said by", "answer", "tested as", "on paper", "measured (95%)", "predicted (95%)",
    "verdict", "where it holds", "would change with", "devices to settle it",
)  # fmt: skip
SHORT_COLUMNS = ("claim", "answer", "claimed", "on paper", "measured", "verdict")
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
SHORT_HOW = (
    (
        "Ratios of the first chip to the second: claimed, of published figures, pooled of "
        "measurements. Verdict: where the ratio lies against the claimed one; 'exceeds' refutes a "
        "claim that a chip has only so much."
    ),
    (
        "claim=ID shows one claim in full. sources=true gives this list with each statement, who "
        "said it, how it was read, intervals, predictions, and footnotes with sources."
    ),
)


def short_list(judged: Sequence[Judgement]) -> Report:
    """Returns how many claims hold and fail, and a table with one line each, for people."""
    cells = tuple(map(_short_cells, judged))
    how = SHORT_HOW if judged else ()
    return Report(Table(_title(judged), tuple(_summary(judged)), SHORT_COLUMNS, cells, how, ()), [])


def _short_cells(judgement: Judgement) -> tuple[str, ...]:
    finding = judgement.deciding.deciding
    question, paper, estimate = finding.question, finding.paper, finding.measured
    return (
        judgement.claim.id,
        judgement.answer.value,
        f"{SIGNS[question.relation]} {question.factor:g}",
        times(paper.value) if paper else NONE,
        times(estimate.ratio) if estimate else NONE,
        finding.word.value,
    )


def _title(judged: Sequence[Judgement]) -> str:
    return f"{counted(len(judged), 'claim')} tested"


def claim_list(judged: Sequence[Judgement], evidence: EvidenceBase) -> Report:
    """Returns a table of judged claims, one row each, with footnotes that have sources in full."""
    notes = Notes()
    changes = [[flip.change for flip in evidence.flips(one.deciding.deciding)] for one in judged]
    cells = tuple(_cells(*each, evidence, notes) for each in zip(judged, changes, strict=True))
    table = Table(
        _title(judged),
        HOW,
        COLUMNS,
        cells,
        tuple(_summary(judged)),
        notes.lines(),
    )
    return Report(table, [_flat(*each, evidence) for each in zip(judged, changes, strict=True)])


def _cells(
    judgement: Judgement, changes: list[str], evidence: EvidenceBase, notes: Notes
) -> tuple[str, ...]:
    """Returns the cells of one claim; ``changes`` are those that would change its verdict."""
    claim, finding = judgement.claim, judgement.deciding.deciding
    mark = notes.source(claim.source, evidence.catalogue)
    read = f" {notes.mark(f'Read: {claim.reading}')}" if claim.reading else ""
    return (
        f"{claim.id}: {claim.statement} {mark}",
        f"{claim.speaker} ({claim.side}), {claim.date}",
        judgement.answer.value,
        tested_formula(finding) + read,
        on_paper(finding.paper),
        measured(finding.measured),
        predicted_interval(finding, evidence),
        verdict_cell(finding, notes),
        where_it_holds(judgement),
        ", ".join(changes) or NONE,
        devices(finding.needed),
    )


def _flat(judgement: Judgement, changes: list[str], evidence: EvidenceBase) -> dict[str, Scalar]:
    claim, finding = judgement.claim, judgement.deciding.deciding
    low, high, by = evidence.predicted(finding) or (None, None, None)
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
