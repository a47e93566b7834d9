"""Rows of reported measurements and of claims with their verdicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.claims.evaluate import Judgement, judgement
from bench.claims.load import claims
from bench.claims.sensitivity import bench_of
from bench.evidence.load import reports
from bench.evidence.observe import Observation, reported
from bench.tables.model import Data, joined


@dataclass(frozen=True)
class ReportedRow:
    """One value that somebody else measured of one chip."""

    ref: Annotated[str, "file and id of the value in results/reported"]
    chip: Annotated[str, "key of the chip"]
    named: Annotated[str | None, "what the source calls the device, where that leaves it open"]
    quantity: Annotated[str, "what was measured"]
    figure: Annotated[str | None, "key of the figure that it is set beside"]
    dtype: Annotated[str | None, "number format of the inputs or of the weights"]
    value: Annotated[float, "the value of one whole chip, in base units", "unit"]
    unit: Annotated[str, "base unit of the value"]
    achieved: Annotated[float | None, "measured over published", "1"]
    as_written: Annotated[str, "the value as the source gives it"]
    per: Annotated[str, "what the written value is of: device, die or total"]
    count: Annotated[int, "chips that took part", "1"]
    statistic: Annotated[str, "which of many samples it is"]
    kind: Annotated[str, "class of the evidence"]
    by: Annotated[str, "who measured"]
    date: Annotated[str, "when it was measured or published"]
    quality: Annotated[str, "A, B or C"]
    defects: Annotated[str | None, "what speaks against taking it as it is"]
    weight: Annotated[float, "what it weighs when chips are judged", "1"]
    why: Annotated[str | None, "what took from its weight"]
    work: Annotated[str | None, "what was computed"]
    conditions: Annotated[str | None, "how it was done"]
    software: Annotated[str | None, "what it ran on"]
    formula: Annotated[str | None, "how it was worked out"]
    note: Annotated[str | None, "our remark"]
    url: Annotated[str, "address of the source"]
    at: Annotated[str | None, "where in the source it stands"]


def reported_rows(data: Data) -> Iterator[ReportedRow]:
    """Returns one row a reported value of the chips asked for."""
    chips = {chip.id for chip in data.chips}
    yield from (_reported(one) for one in reported(reports(), data.catalogue, chips))


def _reported(one: Observation) -> ReportedRow:
    row, origin = one.reported, reports()[one.ref.partition(":")[0]].source
    if row is None:
        raise ValueError(f"{one.ref} is no reported value")
    return ReportedRow(
        ref=one.ref,
        chip=one.chip,
        named=row.named,
        quantity=row.quantity,
        figure=one.paper.key if one.paper else one.figure,
        dtype=row.dtype,
        value=one.value,
        unit=one.dimension.value,
        achieved=one.fraction,
        as_written=str(row.value),
        per=row.per,
        count=row.count,
        statistic=row.statistic,
        kind=one.kind.value,
        by=one.by,
        date=row.date,
        quality=row.quality,
        defects=joined(row.defects),
        weight=one.weight,
        why=joined(one.why),
        work=joined(f"{key}={value}" for key, value in one.work),
        conditions=joined(f"{key}={value}" for key, value in row.conditions.items()),
        software=row.software,
        formula=row.formula,
        note=row.note,
        url=origin.url,
        at=row.at,
    )


@dataclass(frozen=True)
class ClaimRow:
    """One statement that sets chips against one another, judged."""

    claim: Annotated[str, "key of the claim"]
    statement: Annotated[str, "what is said, in our words"]
    speaker: Annotated[str, "who says it"]
    side: Annotated[str, "on whose behalf"]
    date: Annotated[str, "when it was said"]
    source: Annotated[str, "key of the source"]
    subjects: Annotated[str, "keys of the chips that are spoken of"]
    objects: Annotated[str, "keys of the chips that they are set against"]
    axes: Annotated[str, "figures and kinds of work that it is read on"]
    relation: Annotated[str, "matches, exceeds, at least or at most"]
    factor: Annotated[float, "times the object's value", "1"]
    margin: Annotated[float, "what still counts as equal", "1"]
    verdict: Annotated[str, "what measurement says"]
    stands: Annotated[str, "where it holds: on paper, measured, both, neither; or open"]
    holds_on_paper: Annotated[bool | None, "whether it holds by published figures"]
    holds_measured: Annotated[bool | None, "whether it holds by measurement"]
    paper_ratio: Annotated[float | None, "on the deciding axis and pair", "1"]
    measured_ratio: Annotated[float | None, "on the deciding axis and pair", "1"]
    measured_low: Annotated[float | None, "low bound of its 95% interval", "1"]
    measured_high: Annotated[float | None, "high bound of its 95% interval", "1"]
    reason: Annotated[str, "why the verdict is what it is"]


def claim_rows(data: Data) -> Iterator[ClaimRow]:
    """Returns one row a claim that speaks of a chip asked for."""
    chips = {chip.id for chip in data.chips}
    evidence = bench_of().whole
    for one in claims().values():
        if chips & {*one.subjects, *one.objects}:
            yield _claim(judgement(one, evidence, data.catalogue))


def _claim(one: Judgement) -> ClaimRow:
    claim, found = one.claim, one.deciding.deciding
    low, high = found.measured.interval() if found.measured else (None, None)
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
        verdict=one.word.value,
        stands=one.stands.value,
        holds_on_paper=one.on_paper,
        holds_measured=one.holds,
        paper_ratio=found.paper.value if found.paper else None,
        measured_ratio=found.measured.ratio if found.measured else None,
        measured_low=low,
        measured_high=high,
        reason=found.reason,
    )
