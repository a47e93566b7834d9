"""Every measurement of a chip in one form, and reported values in it, with the sheet.

A value is converted to one whole chip: the result of several devices is divided by their number,
that of one die multiplied by the dies. Times stay as they are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper, of_sheet
from bench.evidence.model import Defect, Kind, Report, Reported
from bench.evidence.quantities import QUANTITIES, Quantity, figures_of
from bench.evidence.weigh import weigh
from bench.judging.shortfall import SIDE
from bench.units import Dimension

OWN = "onpaper"
ABOVE, SEVERAL = 1.02, 3
"""A rate above this multiple of every published value is a suspect measurement, not a better chip;
if at least this many groups measure such a rate, the sheet is suspect. A figure that is only
inferred or computed here is no bound: a measurement above it is as credible."""


@dataclass(frozen=True)
class Observation:
    """One measured value of one chip.

    Attributes:
        ref: its reference: file and id, or record and figure.
        chip: id of the sheet.
        value: the value per whole chip, in base units.
        paper: the published figure; None if the sheet has none.
        by: who measured; values by one group count as one vote.
        under: whose rules it was measured by: a suite's, such as MLPerf, or the group's own.
        count: number of chips that took part.
        work: what was computed; values of work are comparable if all of it agrees.
        weight, why: its weight, and what reduced it.
        reported: the row it comes from; None for our own records.
        software: what it ran on.
        low, high: bounds of its own interval; None if the source gives none.
    """

    ref: str
    chip: str
    quantity: Quantity
    dtype: str | None
    value: float
    dimension: Dimension
    paper: Paper | None
    by: str
    under: str
    kind: Kind
    count: float
    statistic: str
    defects: tuple[Defect, ...]
    quality: str
    date: str
    work: tuple[tuple[str, str], ...]
    weight: float
    why: tuple[str, ...]
    reported: Reported | None = None
    software: str | None = None
    low: float | None = None
    high: float | None = None

    @property
    def fraction(self) -> float | None:
        """Returns measured over published; None for times and for shares of an unknown peak."""
        if self.dimension is Dimension.SHARE and self.quantity.tests:
            return self.value
        return self.value / self.paper.value if self.paper else None

    @property
    def rate(self) -> float:
        """Returns a number of which higher is better."""
        return 1 / self.value if self.quantity.better == "lower" else self.value

    @property
    def most(self) -> float:
        """Returns the highest value that what is published allows; 0 if nothing is.

        Bus bandwidth assumes that the ranks do the sums of an all-reduce, as a switch may (NVLS).
        """
        summed = self.quantity.key == "all_reduce" and self.count > 2
        factor = 2 * (self.count - 1) / self.count if summed else 1.0
        return factor * ABOVE * most_published(self.paper) if self.paper else 0.0

    @cached_property
    def figure(self) -> str | None:
        """Returns the key of the figure that it tests; None for work that no figure promises.

        A product of a small shape leaves a chip idle and tests nothing.
        """
        tests = self.quantity.decides and _is_large(dict(self.work).get("shape", ""), self.quantity)
        keys = figures_of(self.quantity, self.dtype) if tests else ()
        return self.paper.key if self.paper and keys else keys[0] if keys else None


def _is_large(shape: str, quantity: Quantity) -> bool:
    """Returns whether the shape of a product, if given, is large enough to fill a chip."""
    sides = shape.split("x")
    whole = all(one.isdigit() for one in sides)
    return quantity.key != "matmul_shape" or (whole and min(map(int, sides)) >= SIDE)


def reported(
    reports: Mapping[str, Report], catalogue: Catalogue, chips: Iterable[str] | None = None
) -> Iterator[Observation]:
    """Yields the reported values of some chips, or of all, suspect ones without weight."""
    wanted = None if chips is None else set(chips)
    found = [
        _of_row(row, report, catalogue.chips[row.chip])
        for report in reports.values()
        for row in report.rows
        if wanted is None or row.chip in wanted
    ]
    above = Counter(
        (chip, figure) for chip, figure, _ in {_vote(one) for one in found if _is_above(one)}
    )
    for one in found:
        groups = above[one.chip, one.figure] if _is_above(one) else 0
        yield _doubted(one, groups) if groups else one


def _vote(one: Observation) -> tuple[str, str | None, str]:
    return one.chip, one.figure, one.by


def _is_above(one: Observation) -> bool:
    return bool(one.most and one.figure and one.weight and one.value > one.most)


def _doubted(one: Observation, groups: int) -> Observation:
    """Returns a value above paper: without weight, unless the sheet is the likelier error."""
    if one.paper and not is_firm(one.paper):
        return replace(one, why=(*one.why, "above the inferred figure of the sheet"))
    if groups >= SEVERAL:
        why = f"above what is published, as {groups} groups find: the sheet may be low"
        return replace(one, why=(*one.why, why))
    why = "above what is published: a suspect measurement"
    return replace(one, weight=0.0, why=(*one.why, why))


def _of_row(row: Reported, report: Report, chip: Chip) -> Observation:
    kind, quantity = report.kind_of(row), QUANTITIES[row.quantity]
    value = row.value.si * _chips_share(row, chip)
    is_rate = row.value.dimension not in (Dimension.SHARE, Dimension.TIME)
    paper = of_sheet(chip, figures_of(quantity, row.dtype)) if is_rate else None
    weight, why = weigh(kind, row.defects, row.quality, quantity.family)
    return Observation(
        ref=f"{report.id}:{row.id}",
        chip=chip.id,
        quantity=quantity,
        dtype=row.dtype,
        value=value,
        dimension=row.value.dimension,
        paper=paper,
        by=report.by(row),
        under=report.source.protocol or report.by(row),
        kind=kind,
        count=row.count,
        statistic=row.statistic,
        defects=row.defects,
        quality=row.quality,
        date=row.date,
        work=tuple(sorted(row.workload.items())),
        weight=weight,
        why=why,
        reported=row,
        software=row.software or row.conditions.get("engine"),
    )


def most_published(paper: Paper) -> float:
    """Returns the highest published value of a figure that counts the same."""
    return max(paper.value, *(one.value for one in paper.rivals if one.alike), 0.0)


def is_firm(paper: Paper) -> bool:
    """Returns whether a source prints the figure, counted the same and not inferred."""
    return paper.firm or any(one.firm for one in paper.rivals if one.alike)


def _chips_share(row: Reported, chip: Chip) -> float:
    """Returns the factor that converts a value to one whole chip."""
    if row.value.dimension in (Dimension.TIME, Dimension.SHARE):
        return 1.0
    if row.per == "die":
        return chip.number("dies") or 1.0
    return 1.0 / row.count if row.per == "total" else 1.0
