"""Rows of the tables of reported measurements and of claims with their verdicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.claims.evaluate import Judgement, judgement
from bench.claims.load import claims
from bench.claims.sensitivity import evidence_base
from bench.evidence.load import reports
from bench.evidence.observe import Observation, reported
from bench.tables.model import Data, joined


@dataclass(frozen=True)
class ReportedRow:
    """One value of one chip that others measured."""

    ref: Annotated[str, "file and id of the value in results/reported"]
    chip: Annotated[str, "key of the chip"]
    named: Annotated[str | None, "what the source calls the device, where that fits several chips"]
    quantity: Annotated[str, "what was measured"]
    figure: Annotated[str | None, "key of the published figure that it is compared with"]
    dtype: Annotated[str | None, "number format of the inputs or of the weights"]
    value: Annotated[float, "the value of one whole chip, in base units", "unit"]
    unit: Annotated[str, "base unit of the value"]
    achieved: Annotated[float | None, "measured over published", "1"]
    as_written: Annotated[str, "the value as the source gives it"]
    per: Annotated[str, "what the written value refers to: device, die or total"]
    count: Annotated[int, "chips that took part", "1"]
    statistic: Annotated[str, "statistic of the samples: best, mean, median or unknown"]
    kind: Annotated[str, "class of the evidence"]
    by: Annotated[str, "who measured"]
    date: Annotated[str, "when it was measured or published"]
    quality: Annotated[str, "A, B or C"]
    defects: Annotated[str | None, "known defects of the value"]
    weight: Annotated[float, "weight in verdicts", "1"]
    why: Annotated[str | None, "what reduced its weight"]
    work: Annotated[str | None, "what was computed"]
    conditions: Annotated[str | None, "how it was measured"]
    software: Annotated[str | None, "software that it ran on"]
    formula: Annotated[str | None, "how it was computed, if the source does not print it"]
    note: Annotated[str | None, "our remark"]
    url: Annotated[str, "address of the source"]
    at: Annotated[str | None, "place in the source"]


def reported_rows(data: Data) -> Iterator[ReportedRow]:
    """Yields one row per reported value of the chips."""
    chips = {chip.id for chip in data.chips}
    yield from (_reported_row(one) for one in reported(reports(), data.catalogue, chips))


def _reported_row(observation: Observation) -> ReportedRow:
    row, origin = observation.reported, reports()[observation.ref.partition(":")[0]].source
    if row is None:
        raise ValueError(f"{observation.ref} is no reported value")
    return ReportedRow(
        ref=observation.ref,
        chip=observation.chip,
        named=row.named,
        quantity=row.quantity,
        figure=observation.paper.key if observation.paper else observation.figure,
        dtype=row.dtype,
        value=observation.value,
        unit=observation.dimension.value,
        achieved=observation.fraction,
        as_written=str(row.value),
        per=row.per,
        count=row.count,
        statistic=row.statistic,
        kind=observation.kind.value,
        by=observation.by,
        date=row.date,
        quality=row.quality,
        defects=joined(row.defects),
        weight=observation.weight,
        why=joined(observation.why),
        work=joined(f"{key}={value}" for key, value in observation.work),
        conditions=joined(f"{key}={value}" for key, value in row.conditions.items()),
        software=row.software,
        formula=row.formula,
        note=row.note,
        url=origin.url,
        at=row.at,
    )


@dataclass(frozen=True)
class ClaimRow:
    """One statement that compares chips, with its verdict."""

    claim: Annotated[str, "key of the claim"]
    statement: Annotated[str, "the claim, in our words"]
    speaker: Annotated[str, "who makes the claim"]
    side: Annotated[str, "on whose behalf"]
    date: Annotated[str, "when it was made"]
    source: Annotated[str, "key of the source"]
    subjects: Annotated[str, "keys of the chips that the claim is about"]
    objects: Annotated[str, "keys of the chips that they are compared with"]
    axes: Annotated[str, "figures and kinds of work on which it is tested"]
    relation: Annotated[str, "matches, exceeds, at least or at most"]
    factor: Annotated[float, "ratio of subject to object that the relation refers to", "1"]
    margin: Annotated[float, "relative difference that still counts as equal", "1"]
    scope: Annotated[str, "what decides: paper (published figures alone), or both (measurement)"]
    answer: Annotated[str, "whether the claim holds, fails or is open"]
    verdict: Annotated[str, "verdict of measurement, or of published figures by scope"]
    stands: Annotated[str, "where it holds: on paper, measured, both, neither; or open"]
    holds_on_paper: Annotated[bool | None, "whether it holds by published figures"]
    holds_measured: Annotated[bool | None, "whether it holds by measurement"]
    paper_ratio: Annotated[float | None, "published ratio on the deciding axis and pair", "1"]
    measured_ratio: Annotated[float | None, "measured ratio on the deciding axis and pair", "1"]
    measured_low: Annotated[float | None, "low end of its 95% interval", "1"]
    measured_high: Annotated[float | None, "high end of its 95% interval", "1"]
    reason: Annotated[str, "reasons for the verdict"]


def claim_rows(data: Data) -> Iterator[ClaimRow]:
    """Yields one row per claim about one of the chips."""
    chips = {chip.id for chip in data.chips}
    evidence = evidence_base().whole
    for claim in claims().values():
        if chips & {*claim.subjects, *claim.objects}:
            yield _claim_row(judgement(claim, evidence, data.catalogue))


def _claim_row(judged: Judgement) -> ClaimRow:
    claim, finding = judged.claim, judged.deciding.deciding
    low, high = finding.measured.interval() if finding.measured else (None, None)
    return ClaimRow(
        claim=claim.id,
        statement=claim.statement,
        speaker=claim.speaker,
        side=claim.side,
        date=claim.date,
        source=claim.source,
        subjects="; ".join(claim.subjects),
        objects="; ".join(claim.objects),
        axes="; ".join(axis.figure or axis.work or "" for axis in claim.axes),
        relation=claim.relation,
        factor=claim.factor,
        margin=claim.margin,
        scope=claim.scope,
        answer=judged.answer.value,
        verdict=judged.word.value,
        stands=judged.stands.value,
        holds_on_paper=judged.on_paper,
        holds_measured=judged.holds,
        paper_ratio=finding.paper.value if finding.paper else None,
        measured_ratio=finding.measured.ratio if finding.measured else None,
        measured_low=low,
        measured_high=high,
        reason=finding.reason,
    )
