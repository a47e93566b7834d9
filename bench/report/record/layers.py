"""Table of transformer layers: tokens/s, and the FLOP/s and B/s that these take."""

from collections.abc import Iterator, Sequence

from bench.chips.figures import FIGURES, product_keys
from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper, paper
from bench.judging.cpuclock import at_its_clock
from bench.judging.verdict import Row, Verdict
from bench.records.model import Record
from bench.report.table import Section
from bench.report.text.digits import with_interval
from bench.report.text.groups import REMARK, remark, without_empty
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, show
from bench.words import sentence

KERNEL = "layer"
TITLE = "Transformer layers"
BANDWIDTH = ("memory_bandwidth",)
"""Keys of the figure that bytes per second are compared with."""
COLUMNS = (
    "layer", "tokens/s per layer (95%)", "FLOP/s, of its peak", "B/s, of memory bandwidth", REMARK,
)  # fmt: skip


def layer_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields the table of layers with their shares of the sheet's figures, if there are any."""
    rows = [row for row in judged if row.measurement.kernel == KERNEL and not row.apart]
    if not rows:
        return
    papers = [_papers(record, row, catalogue) for row in rows]
    pairs = list(zip(rows, papers, strict=True))
    columns, cells = without_empty(COLUMNS, tuple(_cells(row, *both) for row, both in pairs))
    flat = [_flat(record, row, *both) for row, both in pairs]
    yield Section(TITLE, columns, cells, flat, tuple(_lines(papers)))


Found = Paper | Absent
"""A published figure, or why there is none."""


def _papers(record: Record, row: Row, catalogue: Catalogue) -> tuple[Found, Found]:
    """Returns the published peak rate of the row's products and the published memory bandwidth."""
    chip = catalogue.sheet_of(record)
    device = at_its_clock(record.device, row.measurement)
    peak = paper(device, chip, product_keys(row.measurement.dtype), catalogue)
    return peak, paper(device, chip, BANDWIDTH, catalogue)


def _cells(row: Row, peak: Found, bandwidth: Found) -> tuple[str, ...]:
    rate = with_interval(row.measured, row.dimension)
    flop, moved = _rates(row)
    return (
        row.title,
        rate,
        _share(flop, peak, Dimension.FLOP_RATE),
        _share(moved, bandwidth, Dimension.BYTE_RATE),
        remark(row),
    )


def _rates(row: Row) -> tuple[float | None, float | None]:
    """Returns FLOP/s and B/s, with FLOP and bytes counted from the layer's shape."""
    timing, work = row.measurement.timing, row.measurement.work
    if not row.measured or not timing or not work or row.verdict is Verdict.IMPLAUSIBLE:
        return None, None
    return work.flop / timing.stats.median_s, work.bytes / timing.stats.median_s


def _share(value: float | None, found: Found, dimension: Dimension) -> str:
    if value is None:
        return "–"
    share = f" = {value / found.value:.1%}" if isinstance(found, Paper) else ""
    return f"{show(value, dimension)}{share}"


def _lines(papers: Sequence[tuple[Found, Found]]) -> Iterator[str]:
    """Yields which published figures the shares refer to, and why some have none."""
    peaks, bandwidths = zip(*papers, strict=True)
    figures = (*peaks, *bandwidths[:1])
    printed = [f"{FIGURES[one.key].title} {one.text}" for one in figures if isinstance(one, Paper)]
    reasons = [one.reason for one in figures if isinstance(one, Absent)]
    clauses = [f"Shares are of {', '.join(dict.fromkeys(printed))}"] if printed else []
    text = "; ".join([*clauses, *dict.fromkeys(reasons)])
    yield sentence(text)
    yield "FLOP and bytes are counted from the layer's shape."


def _flat(record: Record, row: Row, peak: Found, bandwidth: Found) -> dict[str, Scalar]:
    measurement, rate = row.measurement, row.measured
    flop, moved = _rates(row)
    parameters = measurement.parameters.items()
    return {
        "record": record.id,
        "layer": row.title,
        "dtype": measurement.dtype,
        "parameters": " ".join(f"{name}={value}" for name, value in parameters),
        **bounds("tokens_per_s", rate),
        "flop_per_s": flop,
        "peak": peak.value if isinstance(peak, Paper) else None,
        "peak_share": _fraction(flop, peak),
        "bytes_per_s": moved,
        "bandwidth": bandwidth.value if isinstance(bandwidth, Paper) else None,
        "bandwidth_share": _fraction(moved, bandwidth),
        "remark": remark(row),
    }


def _fraction(value: float | None, found: Found) -> float | None:
    """Returns a rate over the published one; None if either is missing."""
    if value is None or not isinstance(found, Paper) or not found.value:
        return None
    return value / found.value
