"""Ratios, shares, findings and observations as table cells and as flat rows."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from bench.chips.load import Catalogue
from bench.claims.judge import MANY, limits
from bench.claims.paper import PaperRatio
from bench.claims.weigh import Finding, title
from bench.evidence.estimate import Achieved, Estimate
from bench.evidence.load import reports
from bench.evidence.observe import OWN, Observation
from bench.report.table import Notes, Section
from bench.report.text.digits import NONE
from bench.report.text.marks import NOT_PUBLISHED
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, show, significant
from bench.words import sentence

if TYPE_CHECKING:
    from bench.predict.reportedpredictions import ReportedPrediction


def times(value: float) -> str:
    """Formats a ratio with three significant digits."""
    return significant(value, 3)


def on_paper(ratio: PaperRatio | None, by: str = "") -> str:
    """Formats a ratio of published figures, with its range by rival figures and with remarks.

    Args:
        ratio: the ratio.
        by: title of its figure, if it is to be named.
    """
    if ratio is None:
        return NONE
    rivals = f" ({times(ratio.low)}–{times(ratio.high)})" if ratio.is_disputed else ""
    figure = f" by {by}" if by else ""
    return ", ".join(filter(None, (f"{times(ratio.value)}{rivals}{figure}", paper_remark(ratio))))


def paper_remark(ratio: PaperRatio) -> str:
    """Returns what qualifies a ratio of published figures, and whose figure was computed."""
    computed = f"{' and '.join(ratio.computed)}: {NOT_PUBLISHED}" if ratio.computed else ""
    return ", ".join(filter(None, (ratio.remark, computed)))


def measured(estimate: Estimate | None) -> str:
    """Formats a measured ratio with its 95% interval."""
    if estimate is None:
        return NONE
    low, high = estimate.interval()
    return f"{times(estimate.ratio)} ({times(low)}–{times(high)})"


def groups(estimate: Estimate | None) -> str:
    """Formats how many groups measured the first chip, the second, and both."""
    if estimate is None:
        return NONE
    sides = (estimate.first, estimate.second)
    first, second = (len({one.by for one in side}) for side in sides)
    return f"{first} and {second}, {estimate.groups_both or 'none'} both"


def reached(achieved: Achieved | None, published: float | None) -> str:
    """Formats the share of a published figure that a chip reaches, with the 95% interval."""
    if achieved is None or not published:
        return NONE
    value, low, high = (rate / published for rate in (achieved.rate, achieved.low, achieved.high))
    return f"{value:.0%} ({low:.0%}–{high:.0%})"


def doubts(achieved: Achieved, own: Observation | None, published: float | None) -> Iterator[str]:
    """Yields what doubts a pooled rate: groups that disagree, our own rate above its interval."""

    def share(rate: float) -> str:
        return f"{rate / published:.0%}" if published else show(rate, achieved.votes[0].dimension)

    if achieved.widened > 1:
        yield (
            f"Groups disagree, from {share(achieved.least)} to {share(achieved.most)}: more than "
            f"the scatter of such values explains. The interval is {achieved.widened:.2g} times as "
            "wide for it."
        )
    if own and own.rate > achieved.high:
        yield f"Our own run measured {share(own.rate)}, above the interval of all groups."


def verdict_cell(finding: Finding, notes: Notes) -> str:
    """Formats a verdict with its reasons as footnotes."""
    marks = "".join(map(notes.mark, map(sentence, finding.reasons)))
    return f"{finding.word.value} {marks}".rstrip()


def devices(needed: int | None) -> str:
    """Formats how many devices of each chip would decide a question."""
    if needed is None:
        return NONE
    return f"over {MANY} of each" if needed > MANY else f"{needed} of each"


def flat(finding: Finding) -> dict[str, Scalar]:
    """Returns a finding as a flat row."""
    question, paper, estimate = finding.question, finding.paper, finding.measured
    low, high = estimate.interval() if estimate else (None, None)
    limit_low, limit_high = limits(question.relation, question.margin)
    return {
        "subject": question.first.id,
        "object": question.second.id,
        "axis": question.axis.figure or question.axis.work,
        "axis_title": title(question.axis),
        "relation": question.relation,
        "factor": question.factor,
        "margin": question.margin,
        "limit_low": limit_low and limit_low * question.factor,
        "limit_high": limit_high and limit_high * question.factor,
        "paper_figure": paper.key if paper else None,
        **bounds("paper_ratio", paper),
        "paper_computed": " ".join(paper.computed) or None if paper else None,
        "holds_on_paper": finding.on_paper,
        "paper_at_limit": finding.at_limit,
        "measured_ratio": estimate.ratio if estimate else None,
        "measured_low": low,
        "measured_high": high,
        "degrees_of_freedom": estimate.contrast.freedom if estimate else None,
        "groups_subject": len({one.by for one in estimate.first}) if estimate else 0,
        "groups_object": len({one.by for one in estimate.second}) if estimate else 0,
        "groups_both": estimate.groups_both if estimate else 0,
        "holds_measured": finding.holds,
        "verdict": finding.word.value,
        "stands": finding.stands.value,
        "reason": finding.reason,
        "devices_needed": finding.needed,
    }


def value_text(one: Observation, *more: str) -> str:
    """Formats an observed value, with ``more`` in brackets; our own rates are marked as bursts."""
    burst = ("burst",) if one.by == OWN and one.dimension is not Dimension.BYTES else ()
    remarks = ", ".join((*burst, *more))
    size = one.quantity.family == "capacity"  # beside a sheet's ``141 GB (as GiB)``
    text = f"{one.value / 2**30:.1f} GiB" if size else show(one.value, one.dimension, 4)
    return f"{text}{f' ({remarks})' if remarks else ''}"


def source(one: Observation) -> str:
    """Returns an observation's reference: our record, or the report and the place in it."""
    name = one.ref.partition(":")[0]
    if one.by == OWN:
        return f"record {name}"
    return ", ".join(filter(None, (one.ref, one.reported.at if one.reported else None)))


COLUMNS = (
    "chip", "quantity", "dtype", "value of one chip", "of paper", "by (class)", "date", "weight",
    "source",
)  # fmt: skip
PREDICTED, PLACE = "predicted (80%)", COLUMNS.index("by (class)")
"""Column of predictions, where there are any, and its place."""
NOT_FITTED = (
    "Predicted: by 'predict', for any engine; no value here was fitted, only the scatter between "
    "groups. TTFT with a queue, speculation and runs that do not state their sizes have none."
)
EMPTY: "Mapping[str, ReportedPrediction]" = MappingProxyType({})


def values(
    title_: str,
    observations: Iterable[Observation],
    catalogue: Catalogue,
    key: str = "values",
    predicted: "Mapping[str, ReportedPrediction]" = EMPTY,
) -> Section:
    """Returns the table of all values behind a verdict, admitted or not, with weights and reasons.

    Args:
        title_: title of the table.
        observations: the observations.
        catalogue: catalogue in which chips are looked up.
        key: the table's name for programs.
        predicted: what is predicted for some of the values, by reference.
    """
    rows = sorted(
        observations, key=lambda one: (one.by != OWN, one.chip, one.quantity.key, -one.weight)
    )
    cells = tuple(_cells(one, catalogue) for one in rows)
    flats = [flat_value(one) for one in rows]
    if predicted:
        from bench.report.prediction.reportedpredictions import flat_prediction

        found = [predicted.get(one.ref) for one in rows]
        cells = tuple(
            (*row[:PLACE], _predicted(one, beside), *row[PLACE:])
            for row, one, beside in zip(cells, rows, found, strict=True)
        )
        pairs = zip(flats, rows, found, strict=True)
        flats = [flat | flat_prediction(beside, one.count) for flat, one, beside in pairs]
    heads = (*COLUMNS[:PLACE], *((PREDICTED,) if predicted else ()), *COLUMNS[PLACE:])
    notes = (*((NOT_FITTED,) if predicted else ()), *_addresses(rows))
    return Section(title_, heads, cells, flats, notes, key)


def _predicted(one: Observation, beside: "ReportedPrediction | None") -> str:
    """Formats what is predicted for a value of one chip, with the 80% interval."""
    from bench.report.prediction.reportedpredictions import per_chip

    if beside is None:
        return NONE
    low, middle, high = (show(value, one.dimension, 3) for value in per_chip(beside, one.count))
    return f"{middle} ({low} to {high})"


def _addresses(rows: Iterable[Observation]) -> Iterator[str]:
    """Yields a line with title and address for each file of reported values."""
    for name in dict.fromkeys(one.ref.partition(":")[0] for one in rows if one.by != OWN):
        origin = reports()[name].source
        marks = [f"[read: {origin.read_via}]"] if origin.read_via else []
        marks += [f"[weak: {origin.weak}]"] if origin.weak else []
        yield " ".join((f"{name}: {origin.title}, {origin.url}", *marks))


def _cells(observation: Observation, catalogue: Catalogue) -> tuple[str, ...]:
    share = observation.fraction
    work = ", ".join(f"{key} {value}" for key, value in observation.work)
    quantity = ": ".join(filter(None, (observation.quantity.title, work)))
    weight = ": ".join(filter(None, (f"{observation.weight:g}", ", ".join(observation.why))))
    return (
        catalogue.chips[observation.chip].name,
        quantity,
        observation.dtype or NONE,
        value_text(observation),
        f"{share:.1%}" if share is not None else NONE,
        f"{observation.by} ({observation.kind.value})",
        observation.date,
        weight,
        source(observation),
    )


def flat_value(observation: Observation) -> dict[str, Scalar]:
    """Returns an observation as a flat row."""
    row = observation.reported
    return {
        "chip": observation.chip,
        "quantity": observation.quantity.key,
        "figure": observation.paper.key if observation.paper else observation.figure,
        "dtype": observation.dtype,
        "value": observation.value,
        "unit": observation.dimension.value,
        "published": observation.paper.value if observation.paper else None,
        "achieved": observation.fraction,
        "as_written": str(row.value) if row else None,
        "per": row.per if row else "device",
        "count": observation.count,
        "statistic": observation.statistic,
        "kind": observation.kind.value,
        "by": observation.by,
        "date": observation.date,
        "quality": observation.quality,
        "defects": "; ".join(observation.defects) or None,
        "weight": observation.weight,
        "why": "; ".join(observation.why) or None,
        "work": "; ".join(f"{key}={value}" for key, value in observation.work) or None,
        "conditions": "; ".join(f"{k}={v}" for k, v in row.conditions.items()) or None
        if row
        else None,
        "software": observation.software,
        "formula": row.formula if row else None,
        "named": row.named if row else None,
        "note": row.note if row else None,
        "source": source(observation),
        "url": reports()[observation.ref.partition(":")[0]].source.url if row else None,
    }
