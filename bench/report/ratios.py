"""Ratios, shares and whole findings as the cells of tables and as flat rows."""

from collections.abc import Iterable, Iterator

from bench.chips.load import Catalogue
from bench.claims.judge import MANY
from bench.claims.paper import PaperRatio
from bench.claims.weigh import Finding, title
from bench.evidence.estimate import Achieved, Estimate
from bench.evidence.load import reports
from bench.evidence.observe import OWN, Observation
from bench.report.digits import NONE
from bench.report.scalar import Scalar
from bench.report.table import Notes, Section
from bench.units import Dimension, show, significant


def times(value: float) -> str:
    """Formats a ratio with three digits."""
    return significant(value, 3)


def on_paper(found: PaperRatio | None) -> str:
    """Formats a paper ratio, with what rival figures would make of it."""
    if found is None:
        return NONE
    rivals = f" ({times(found.low)}–{times(found.high)})" if found.is_disputed else ""
    return f"{times(found.value)}{rivals}{f', {found.remark}' if found.remark else ''}"


def measured(found: Estimate | None) -> str:
    """Formats a measured ratio with its 95% interval."""
    if found is None:
        return NONE
    low, high = found.interval()
    return f"{times(found.ratio)} ({times(low)}–{times(high)})"


def groups(found: Estimate | None) -> str:
    """Formats how many groups measured the first, the second and both."""
    if found is None:
        return NONE
    sides = (found.first, found.second)
    first, second = (len({one.by for one in side}) for side in sides)
    return f"{first} and {second}, {found.groups_both or 'none'} both"


def reached(found: Achieved | None, published: float | None) -> str:
    """Formats what a chip reaches of its sheet with the 95% interval."""
    if found is None or not published:
        return NONE
    value, low, high = (one / published for one in (found.rate, found.low, found.high))
    return f"{value:.0%} ({low:.0%}–{high:.0%})"


def verdict_cell(found: Finding, notes: Notes) -> str:
    """Formats a verdict with its reasons as footnotes."""
    marks = "".join(notes.mark(f"{one[0].upper()}{one[1:]}.") for one in found.reasons)
    return f"{found.word.value} {marks}".rstrip()


def devices(needed: int | None) -> str:
    """Formats how many devices of each chip would settle a question."""
    if needed is None:
        return NONE
    return f"over {MANY} of each" if needed > MANY else f"{needed} of each"


def flat(found: Finding) -> dict[str, Scalar]:
    """Returns a finding for programs."""
    asked, paper, estimate = found.question, found.paper, found.measured
    low, high = estimate.interval() if estimate else (None, None)
    return {
        "subject": asked.first.id,
        "object": asked.second.id,
        "axis": asked.axis.figure or asked.axis.work,
        "axis_title": title(asked.axis),
        "relation": asked.relation,
        "factor": asked.factor,
        "margin": asked.margin,
        "paper_figure": paper.key if paper else None,
        "paper_ratio": paper.value if paper else None,
        "paper_ratio_low": paper.low if paper else None,
        "paper_ratio_high": paper.high if paper else None,
        "holds_on_paper": found.on_paper,
        "measured_ratio": estimate.ratio if estimate else None,
        "measured_low": low,
        "measured_high": high,
        "degrees_of_freedom": estimate.contrast.freedom if estimate else None,
        "groups_subject": len({one.by for one in estimate.first}) if estimate else 0,
        "groups_object": len({one.by for one in estimate.second}) if estimate else 0,
        "groups_both": estimate.groups_both if estimate else 0,
        "holds_measured": found.holds,
        "verdict": found.word.value,
        "stands": found.stands.value,
        "reason": found.reason,
        "devices_needed": found.needed,
    }


def worth(one: Observation, *more: str) -> str:
    """Formats an observation, with more in brackets; our own rates say that they are bursts."""
    burst = ("burst",) if one.by == OWN and one.dimension is not Dimension.BYTES else ()
    told = ", ".join((*burst, *more))
    return f"{show(one.value, one.dimension, 4)}{f' ({told})' if told else ''}"


def source(one: Observation) -> str:
    """Returns where an observation stands: its reference, and where in its source."""
    name = one.ref.partition(":")[0]
    if one.by == OWN:
        return f"record {name}"
    return ", ".join(filter(None, (one.ref, one.reported.at if one.reported else None)))


COLUMNS = (
    "chip", "quantity", "dtype", "value of one chip", "of paper", "by (class)", "date", "weight",
    "source",
)  # fmt: skip


def values(
    title_: str, found: Iterable[Observation], catalogue: Catalogue, key: str = "values"
) -> Section:
    """Returns every value behind a verdict, admitted or not, with its weight and why."""
    rows = sorted(found, key=lambda one: (one.by != OWN, one.chip, one.quantity.key, -one.weight))
    cells = tuple(_cells(one, catalogue) for one in rows)
    flats = [flat_value(one) for one in rows]
    return Section(title_, COLUMNS, cells, flats, tuple(_addresses(rows)), key)


def _addresses(rows: Iterable[Observation]) -> Iterator[str]:
    """Yields the address of each file of reported values."""
    for name in dict.fromkeys(one.ref.partition(":")[0] for one in rows if one.by != OWN):
        origin = reports()[name].source
        marks = [f"[read: {origin.read_via}]"] if origin.read_via else []
        marks += [f"[weak: {origin.weak}]"] if origin.weak else []
        yield " ".join((f"{name}: {origin.title}, {origin.url}", *marks))


def _cells(one: Observation, catalogue: Catalogue) -> tuple[str, ...]:
    share = one.fraction
    work = ", ".join(f"{key} {value}" for key, value in one.work)
    words = ": ".join(filter(None, (one.quantity.title, work)))
    weight = ": ".join(filter(None, (f"{one.weight:g}", ", ".join(one.why))))
    return (
        catalogue.chips[one.chip].name,
        words,
        one.dtype or NONE,
        worth(one),
        f"{share:.1%}" if share is not None else NONE,
        f"{one.by} ({one.kind.value})",
        one.date,
        weight,
        source(one),
    )


def flat_value(one: Observation) -> dict[str, Scalar]:
    """Returns an observation for programs."""
    row = one.reported
    return {
        "chip": one.chip,
        "quantity": one.quantity.key,
        "figure": one.paper.key if one.paper else one.figure,
        "dtype": one.dtype,
        "value": one.value,
        "unit": one.dimension.value,
        "published": one.paper.value if one.paper else None,
        "achieved": one.fraction,
        "as_written": str(row.value) if row else None,
        "per": row.per if row else "device",
        "count": one.count,
        "statistic": one.statistic,
        "kind": one.kind.value,
        "by": one.by,
        "date": one.date,
        "quality": one.quality,
        "defects": "; ".join(one.defects) or None,
        "weight": one.weight,
        "why": "; ".join(one.why) or None,
        "work": "; ".join(f"{key}={value}" for key, value in one.work) or None,
        "conditions": "; ".join(f"{k}={v}" for k, v in row.conditions.items()) or None
        if row
        else None,
        "software": one.software,
        "formula": row.formula if row else None,
        "named": row.named if row else None,
        "note": row.note if row else None,
        "source": source(one),
        "url": reports()[one.ref.partition(":")[0]].source.url if row else None,
    }
