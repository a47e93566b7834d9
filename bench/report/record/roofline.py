"""The measured roofline beside the one on paper: a table per dtype, and the ridge of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES, product_keys
from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper, paper
from bench.judging.cpuclock import at_its_clock
from bench.judging.rates import Interval
from bench.judging.verdict import RATED, Row, Verdict
from bench.records.model import Record
from bench.report.record.curve import undisturbed
from bench.report.record.layers import BANDWIDTH
from bench.report.table import Section
from bench.report.text.digits import percent, with_interval
from bench.report.text.groups import REMARK, remark, without_empty
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, show, significant

KERNEL = "roofline"
COLUMNS = ("FLOP/B", "measured (95%)", "roof on paper", "of it (95%)", "bound by", REMARK)

BEND = 0.9
"""Margin for finding the ridge: the measured intensities must extend beyond it on both sides.

The lowest intensity must be below this fraction of the ridge, and the highest times this fraction
above it.
"""
FASTER = 1.03
"""A test of the same peak that is this many times as fast as the curve moves its ridge."""


@dataclass(frozen=True)
class Roof:
    """The roofline of the sheet at one arithmetic intensity.

    Attributes:
        peak: published peak rate of the units that compute, None if the sheet has none.
        bandwidth: published memory bandwidth, None if the sheet has none.
        intensity: arithmetic intensity in FLOP/B, 0 if the kernel's bytes were not counted.
    """

    peak: Paper | None
    bandwidth: Paper | None
    intensity: float

    @property
    def height(self) -> float | None:
        """Returns the lesser of peak and bandwidth x intensity, FLOP/s; None if one is unknown."""
        if self.peak is None or self.bandwidth is None or not self.intensity:
            return None
        return min(self.peak.value, self.bandwidth.value * self.intensity)

    @property
    def ridge(self) -> float | None:
        """Returns the intensity, FLOP/B, at which both limits are equal; None if one is unknown."""
        if self.peak is None or self.bandwidth is None:
            return None
        return self.peak.value / self.bandwidth.value

    @property
    def side(self) -> str:
        """Returns the limit that applies: the title of the peak's figure, or memory."""
        if self.height is None or self.peak is None:
            return "–"
        return FIGURES[self.peak.key].title if self.height == self.peak.value else "memory"


@dataclass(frozen=True)
class Point:
    """One intensity of a measured curve: the row, and the roof of the sheet."""

    row: Row
    roof: Roof

    @property
    def share(self) -> Interval | None:
        """Returns the measured rate over the height of the roof, None if either is unknown."""
        height = self.roof.height
        return self.row.measured.over(height) if self.row.measured and height else None


def roofline_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields a table for each dtype whose roofline was measured."""
    for dtype, curve in points(record, judged, catalogue).items():
        columns, cells = without_empty(COLUMNS, _all_cells(curve))
        rows = [flat(record, point, curve) for point in curve]
        lines = (*_lines(curve), *_faster(curve, judged))
        yield Section(f"Roofline, {dtype}", columns, cells, rows, lines)


def points(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> dict[str, list[Point]]:
    """Returns the points of the measured rooflines, by dtype."""
    curves: dict[str, list[Point]] = {}
    for row in judged:
        if row.measurement.kernel == KERNEL and not row.apart:
            point = Point(row, _roof(record, row, catalogue))
            curves.setdefault(row.measurement.dtype, []).append(point)
    return curves


def _roof(record: Record, row: Row, catalogue: Catalogue) -> Roof:
    """Returns the roof of one row: of vector units for streams in fp32 and fp64, else of products.

    Streams in narrower formats only give the slope below the roof of the matrix products.
    """
    chip = catalogue.sheet_of(record)
    measurement, work = row.measurement, row.measurement.work
    device, dtype = at_its_clock(record.device, measurement), measurement.dtype
    product = measurement.parameters.get("way") == "product" or dtype not in ("fp32", "fp64")
    keys = product_keys(dtype) if product else (f"vector_{dtype}",)
    peak, bandwidth = (
        _published(paper(device, chip, each, catalogue)) for each in (keys, BANDWIDTH)
    )
    return Roof(peak, bandwidth, work.flop / work.bytes if work and work.bytes > 0 else 0.0)


def _published(figure: Paper | Absent) -> Paper | None:
    return figure if isinstance(figure, Paper) else None


def _all_cells(curve: Sequence[Point]) -> tuple[tuple[str, ...], ...]:
    """Returns a row per point, or a single row if none was measured, all for the same reason."""
    cells = tuple(map(_cells, curve))
    if len({row[1:] for row in cells}) > 1 or curve[0].row.measured:
        return cells
    return ((" to ".join(dict.fromkeys((cells[0][0], cells[-1][0]))), *cells[0][1:]),)


def _cells(point: Point) -> tuple[str, ...]:
    row, roof, share = point.row, point.roof, point.share
    return (
        str(row.measurement.parameters.get("intensity", "")),
        with_interval(row.measured, row.dimension),
        show(roof.height, Dimension.FLOP_RATE) if roof.height else "–",
        percent(share),
        roof.side if row.measured else "–",
        "; ".join(one for one in (remark(row), _above(share)) if one),
    )


def _above(share: Interval | None) -> str:
    """Returns a remark if the whole interval of a rate lies above its roof, otherwise nothing."""
    if share is None or share.low <= 1:
        return ""
    return "above its roof: other units did the work, or the sheet's peak is too low"


def measured_ridge(curve: Sequence[Point]) -> tuple[float, float] | None:
    """Returns the highest rate (FLOP/s) and bandwidth (B/s); their ratio is the ridge.

    None if the undisturbed points show one side of the ridge only.
    """
    rates = [
        (point.row.measured.value, point.roof.intensity)
        for point in curve
        if point.row.measured
        and point.roof.intensity
        and point.row.verdict is not Verdict.IMPLAUSIBLE
        and undisturbed(point.row.measurement)
    ]
    if len(rates) < 2:
        return None
    peak = max(rate for rate, _ in rates)
    bandwidth = max(rate / intensity for rate, intensity in rates)
    first, last = (end(intensity for _, intensity in rates) for end in (min, max))
    bends = first < BEND * peak / bandwidth and peak / bandwidth < BEND * last
    return (peak, bandwidth) if bends else None


def _lines(curve: Sequence[Point]) -> Iterator[str]:
    """Yields a sentence with the measured ridge and the ridge on paper."""
    ridge, roof = measured_ridge(curve), curve[0].roof
    if not any(point.row.measured for point in curve):
        return
    measured = "not found in what was measured undisturbed"
    if ridge:
        measured = f"measured at {_ridge(*ridge)}"
    yield f"Ridge: {measured}, on paper {_ridge_on_paper(roof)}."


def _faster(curve: Sequence[Point], judged: Sequence[Row]) -> Iterator[str]:
    """Yields a sentence with the ridge by the run's best test of the peak, if that is faster."""
    ridge, paper = measured_ridge(curve), curve[0].roof.peak
    if ridge is None or paper is None:
        return
    tests = [row for row in judged if row.key == paper.key and row.verdict in RATED]
    best = max((row.measured.value for row in tests if row.measured), default=0.0)
    if best > FASTER * ridge[0]:
        yield (
            f"Another measurement of this run reaches {show(best, Dimension.FLOP_RATE)}: by that "
            f"rate, the ridge is at {significant(best / ridge[1], 3)} FLOP/B."
        )


def _ridge(peak: float, bandwidth: float) -> str:
    limits = f"{show(peak, Dimension.FLOP_RATE)} over {show(bandwidth, Dimension.BYTE_RATE)}"
    return f"{significant(peak / bandwidth, 3)} FLOP/B ({limits})"


def _ridge_on_paper(roof: Roof) -> str:
    if roof.peak is None or roof.bandwidth is None or roof.ridge is None:
        return "not known"
    limits = f"{roof.peak.text} of {FIGURES[roof.peak.key].title} over {roof.bandwidth.text}"
    return f"at {significant(roof.ridge, 3)} FLOP/B ({limits})"


def flat(record: Record, point: Point, curve: Sequence[Point]) -> dict[str, Scalar]:
    """Returns a point of a curve as a flat row."""
    row, roof, share, ridge = point.row, point.roof, point.share, measured_ridge(curve)
    rate = row.measured
    return {
        "record": record.id,
        "dtype": row.measurement.dtype,
        "intensity": roof.intensity or None,
        **bounds("flop_per_s", rate),
        "roof": roof.height,
        "roof_share": share.value if share else None,
        "bound_by": roof.side.replace("–", ""),
        "ridge": ridge[0] / ridge[1] if ridge else None,
        "ridge_on_paper": roof.ridge,
        "remark": remark(row),
    }
