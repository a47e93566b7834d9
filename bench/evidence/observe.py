"""Every measurement of a chip in one form: reported values and our own records, with the sheet.

A value is converted to one whole chip: the result of several devices is divided by their number,
that of one die multiplied by the dies. Times stay as they are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bench.chips.load import Catalogue
from bench.chips.match import devices_a_chip
from bench.chips.model import Chip
from bench.chips.paper import Paper, of_sheet
from bench.evidence.model import Defect, Kind, Report, Reported
from bench.evidence.quantities import QUANTITIES, Quantity, figures_of
from bench.evidence.weigh import weigh
from bench.judging.shortfall import FLATTERING, SIDE
from bench.judging.sizes import searched_shapes
from bench.judging.standing import standing
from bench.judging.verdict import Row, Verdict, rows
from bench.records.model import IMPORTED_BY, Record, at_once
from bench.units import Dimension

OWN = "onpaper"
ABOVE, SEVERAL = 1.02, 3
"""A rate above this multiple of every published value is a suspect measurement, not a better chip;
if at least this many groups measure such a rate, the sheet is suspect. A figure that is only
inferred or computed here is no bound: a measurement above it is as credible."""
ACC16 = "fp16_acc16"
COPIES = ("host_link", "peer")
OF_FIGURE = {"matrix": "matmul_best", "vector": "vector_rate", "sparse": "sparse_matmul"}
GIVEN = "matrix product"
OF_WAY = {
    "to-device": "host_to_device",
    "to-host": "device_to_host",
    "peer": "peer_oneway",
    "peer-both": "peer_bidirectional",
}
"""The quantity that a copy over a link measures; pageable and on-device copies have none."""


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


def recorded(records: Iterable[Record], catalogue: Catalogue) -> Iterator[Observation]:
    """Yields the observations in our own records: of figures, the best of each form; of links."""
    for record in records:
        chip = catalogue.sheet_of(record)
        if chip is None or record.device.is_fake:
            continue
        for row in _used_rows(rows(record, catalogue)):
            if made := _of_record(row, record, chip):
                yield made


def _used_rows(judged: list[Row]) -> Iterator[Row]:
    """Yields the rows that represent each figure; an implausible one only if there is no other."""
    sound = [row for row in judged if row.verdict is not Verdict.IMPLAUSIBLE]
    representative = [row for forms in standing(sound) for row in forms]
    yield from representative
    known = {row.key for row in representative}
    yield from (row for forms in standing(judged) for row in forms if row.key not in known)
    yield from (row for row in sound if _way(row) in OF_WAY)


def _way(row: Row) -> str:
    """Returns the direction of a copy between devices or to the host; empty for other rows."""
    copied = row.measurement.kernel in COPIES
    return str(row.measurement.parameters.get("way", "")) if copied else ""


def _of_record(row: Row, record: Record, chip: Chip) -> Observation | None:
    quantity = _quantity(row)
    if quantity is None or row.burst is None or row.measured is None:
        return None
    why = (*_no_weight(row, chip), *_not_alone(record))
    dies = devices_a_chip(chip)
    published = row.paper
    if dies > 1 or _way(row) in OF_WAY:
        published = of_sheet(chip, (row.key,) if row.key else quantity.tests)
    return Observation(
        ref=f"{record.id}:{row.title}",
        chip=chip.id,
        quantity=quantity,
        dtype=ACC16 if row.key.endswith(f"_{ACC16}") else row.measurement.dtype,
        value=row.burst * dies,
        dimension=row.dimension,
        paper=published,
        by=str(record.settings.get(IMPORTED_BY, OWN)),
        under=OWN,
        kind=Kind.USER if IMPORTED_BY in record.settings else Kind.OWN,
        count=1,
        statistic="best window",
        defects=(),
        quality="A",
        date=record.started_utc[:10],
        work=(("shape", row.shape),) if row.shape else (),
        weight=0.0 if why else 1.0,
        why=why,
        software=f"torch {record.machine.torch}" if record.machine.torch else None,
        low=row.measured.low * dies,
        high=row.measured.high * dies,
    )


def _not_alone(record: Record) -> Iterator[str]:
    """Yields a doubt if a device had to share power, cooling or links with others."""
    if (count := at_once(record)) > 1:
        yield f"measured with {count} devices at once"


def _no_weight(row: Row, chip: Chip) -> Iterator[str]:
    """Yields why a row of our own records has no weight."""
    if chip.kind == "cpu":
        yield "a part of the cores"  # which does not represent the whole processor
    if row.verdict is Verdict.IMPLAUSIBLE or not row.tests:
        yield row.reason
    if row.measurement.data in FLATTERING:
        yield str(Defect.CONSTANT)


def _quantity(row: Row) -> Quantity | None:
    """Returns what a row measures; a product of a given shape is not called the best one found."""
    stream = row.measurement.parameters.get("stream")
    rate = f"memory_{stream}" if stream else OF_FIGURE.get(row.key.partition("_")[0], "")
    capacity = "memory_held" if row.key == "memory_capacity" else ""
    found = QUANTITIES.get(OF_WAY.get(_way(row)) or capacity or rate)
    given = rate == "matmul_best" and not searched_shapes(row.measurement)
    return replace(found, title=GIVEN) if found and given else found
