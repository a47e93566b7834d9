"""The measured roofline beside the one on paper: a table a dtype, and where each has its ridge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper, paper
from bench.rates import Interval
from bench.records.model import Record
from bench.report.curve import undisturbed
from bench.report.digits import percent, with_interval
from bench.report.groups import REMARK, remark, without_empty
from bench.report.layers import BANDWIDTH, product_keys
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.units import Dimension, show, significant
from bench.verdict import Row, Verdict, at_its_clock

KERNEL = "roofline"
COLUMNS = ("FLOP/B", "measured (95%)", "roof on paper", "of it (95%)", "bound by", REMARK)

BEND = 0.9
"""A rate still as high above its bytes, or its peak, at the curve's end has not met its ridge."""


@dataclass(frozen=True)
class Roof:
    """What the sheet allows at one intensity.

    Attributes:
        peak: of the units that work, None where the sheet has none.
        bandwidth: of the memory.
        intensity: operations a byte, 0 where they were not counted.
    """

    peak: Paper | None
    bandwidth: Paper | None
    intensity: float

    @property
    def height(self) -> float | None:
        """Returns the lesser of peak and bandwidth times intensity, None if one is not known."""
        if self.peak is None or self.bandwidth is None or not self.intensity:
            return None
        return min(self.peak.value, self.bandwidth.value * self.intensity)

    @property
    def ridge(self) -> float | None:
        """Returns the intensity at which both are the same, None if one is not known."""
        if self.peak is None or self.bandwidth is None:
            return None
        return self.peak.value / self.bandwidth.value

    @property
    def side(self) -> str:
        """Returns which of the two it is."""
        if self.height is None or self.peak is None:
            return "–"
        return FIGURES[self.peak.key].title if self.height == self.peak.value else "memory"


@dataclass(frozen=True)
class Point:
    """One intensity of a curve: its row and its roof."""

    row: Row
    roof: Roof

    @property
    def share(self) -> Interval | None:
        """Returns measured over the roof."""
        height = self.roof.height
        return self.row.measured.over(height) if self.row.measured and height else None


def roofline_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields a table for each dtype whose roofline was measured."""
    for dtype, found in points(record, judged, catalogue).items():
        columns, cells = without_empty(COLUMNS, _all_cells(found))
        rows = [flat(record, point, found) for point in found]
        yield Section(f"Roofline, {dtype}", columns, cells, rows, tuple(_lines(found)))


def points(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> dict[str, list[Point]]:
    """Returns the points of each dtype whose roofline was measured."""
    found: dict[str, list[Point]] = {}
    for row in judged:
        if row.measurement.kernel == KERNEL and not row.apart:
            point = Point(row, _roof(record, row, catalogue))
            found.setdefault(row.measurement.dtype, []).append(point)
    return found


def _roof(record: Record, row: Row, catalogue: Catalogue) -> Roof:
    """Returns the roof of one row: that of vector units for streams in fp32 and fp64 alone.

    The streams of narrower formats are but the slope below the roof of their products.
    """
    chip = catalogue.chips.get(record.identity.chip or "")
    one, device = row.measurement, at_its_clock(record.device, row.measurement)
    product = one.parameters.get("way") == "product" or one.dtype not in ("fp32", "fp64")
    keys = product_keys(one.dtype) if product else (f"vector_{one.dtype}",)
    told = [_printed(paper(device, chip, each, catalogue)) for each in (keys, BANDWIDTH)]
    counted = one.work is not None and one.work.bytes > 0
    return Roof(told[0], told[1], one.work.flop / one.work.bytes if one.work and counted else 0.0)


def _printed(found: Paper | Absent) -> Paper | None:
    return found if isinstance(found, Paper) else None


def _all_cells(found: Sequence[Point]) -> tuple[tuple[str, ...], ...]:
    """Returns a line a point, or one for all where none was measured, each for the same reason."""
    cells = tuple(map(_cells, found))
    if len({line[1:] for line in cells}) > 1 or found[0].row.measured:
        return cells
    return ((" to ".join(dict.fromkeys((cells[0][0], cells[-1][0]))), *cells[0][1:]),)


def _cells(point: Point) -> tuple[str, ...]:
    row, roof, share = point.row, point.roof, point.share
    return (
        str(row.measurement.parameters.get("intensity", "")),
        with_interval(row.measured, row.dimension) if row.measured else "–",
        show(roof.height, Dimension.FLOP_RATE) if roof.height else "–",
        percent(share) if share else "–",
        roof.side if row.measured else "–",
        "; ".join(one for one in (remark(row), _above(share)) if one),
    )


def _above(share: Interval | None) -> str:
    """Returns that a rate lies above its roof by more than its interval, empty if it does not."""
    if share is None or share.low <= 1:
        return ""
    return "above its roof: other units did the work, or the sheet's peak is too low"


def measured_ridge(found: Sequence[Point]) -> tuple[float, float] | None:
    """Returns the highest rate and the highest bytes a second; where they cross is the ridge.

    None where the curve shows one side only: it does not bend within what was measured undisturbed.
    """
    rates = [
        (point.row.measured.value, point.roof.intensity)
        for point in found
        if point.row.measured
        and point.roof.intensity
        and point.row.verdict is not Verdict.IMPLAUSIBLE
        and undisturbed(point.row.measurement)
    ]
    if len(rates) < 2:
        return None
    peak, bandwidth = max(rate for rate, _ in rates), max(rate / each for rate, each in rates)
    first, last = (end(each for _, each in rates) for end in (min, max))
    bends = first < BEND * peak / bandwidth and peak / bandwidth < BEND * last
    return (peak, bandwidth) if bends else None


def _lines(found: Sequence[Point]) -> Iterator[str]:
    """Yields where the ridge was measured beside where the sheet has it."""
    here, roof = measured_ridge(found), found[0].roof
    if not any(point.row.measured for point in found):
        return
    told = "not found in what was measured undisturbed"
    if here:
        told = f"measured at {_ridge(*here)}"
    yield f"Ridge: {told}, on paper {_ridge_on_paper(roof)}."


def _ridge(peak: float, bandwidth: float) -> str:
    told = show(peak, Dimension.FLOP_RATE), show(bandwidth, Dimension.BYTE_RATE)
    return f"{significant(peak / bandwidth, 3)} FLOP/B ({told[0]} over {told[1]})"


def _ridge_on_paper(roof: Roof) -> str:
    if roof.peak is None or roof.bandwidth is None or roof.ridge is None:
        return "not known"
    told = f"{roof.peak.text} of {FIGURES[roof.peak.key].title} over {roof.bandwidth.text}"
    return f"at {significant(roof.ridge, 3)} FLOP/B ({told})"


def flat(record: Record, point: Point, found: Sequence[Point]) -> dict[str, Scalar]:
    """Returns a point of a curve for programs."""
    row, roof, share, here = point.row, point.roof, point.share, measured_ridge(found)
    told = row.measured
    return {
        "record": record.id,
        "dtype": row.measurement.dtype,
        "intensity": roof.intensity or None,
        "flop_per_s": told.value if told else None,
        "flop_per_s_low": told.low if told else None,
        "flop_per_s_high": told.high if told else None,
        "roof": roof.height,
        "roof_share": share.value if share else None,
        "bound_by": roof.side.replace("–", ""),
        "ridge": here[0] / here[1] if here else None,
        "ridge_on_paper": roof.ridge,
        "remark": remark(row),
    }
