"""Transformer layers: tokens a second, and the operations and bytes a second that these take."""

from collections.abc import Iterator, Sequence

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper, paper
from bench.records.model import Record
from bench.report.digits import with_interval
from bench.report.groups import REMARK, remark, without_empty
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.units import Dimension, show
from bench.verdict import Row, Verdict, at_its_clock

KERNEL = "layer"
TITLE = "Transformer layers"
BANDWIDTH = ("memory_bandwidth",)
COLUMNS = (
    "layer", "tokens/s a layer (95%)", "FLOP/s, of its peak", "B/s, of memory bandwidth", REMARK,
)  # fmt: skip


def layer_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields the table of layers, with the figures of the sheet that it sets beside them."""
    rows = [row for row in judged if row.measurement.kernel == KERNEL and not row.apart]
    if not rows:
        return
    papers = [_papers(record, row, catalogue) for row in rows]
    pairs = list(zip(rows, papers, strict=True))
    columns, cells = without_empty(COLUMNS, tuple(_cells(row, *both) for row, both in pairs))
    flat = [_flat(record, row, *both) for row, both in pairs]
    yield Section(TITLE, columns, cells, flat, tuple(_lines(papers)))


def product_keys(dtype: str) -> tuple[str, ...]:
    """Returns the figures that products of a dtype test: of matrix units, or else of vectors."""
    return tuple(one for one in (f"matrix_{dtype}", f"vector_{dtype}") if one in FIGURES)


Found = Paper | Absent


def _papers(record: Record, row: Row, catalogue: Catalogue) -> tuple[Found, Found]:
    """Returns the peak of the row's products and the memory bandwidth, as far as published."""
    chip = catalogue.chips.get(record.identity.chip or "")
    device = at_its_clock(record.device, row.measurement)
    peak = paper(device, chip, product_keys(row.measurement.dtype), catalogue)
    return peak, paper(device, chip, BANDWIDTH, catalogue)


def _cells(row: Row, peak: Found, bandwidth: Found) -> tuple[str, ...]:
    told = with_interval(row.measured, row.dimension) if row.measured else "–"
    flop, moved = _amounts(row)
    return (
        row.title,
        told,
        _share(flop, peak, Dimension.FLOP_RATE),
        _share(moved, bandwidth, Dimension.BYTE_RATE),
        remark(row),
    )


def _amounts(row: Row) -> tuple[float | None, float | None]:
    """Returns operations and bytes a second, as counted by the layer's shape."""
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
    """Yields what the shares are of, and why there are none."""
    peaks, bandwidths = zip(*papers, strict=True)
    every = (*peaks, *bandwidths[:1])
    printed = [f"{FIGURES[one.key].title} {one.text}" for one in every if isinstance(one, Paper)]
    reasons = [one.reason for one in every if isinstance(one, Absent)]
    told = [f"Shares are of {', '.join(dict.fromkeys(printed))}"] if printed else []
    text = "; ".join([*told, *dict.fromkeys(reasons)])
    yield f"{text[0].upper()}{text[1:]}."
    yield "FLOP and bytes are counted from the layer's shape."


def _flat(record: Record, row: Row, peak: Found, bandwidth: Found) -> dict[str, Scalar]:
    one, told = row.measurement, row.measured
    flop, moved = _amounts(row)
    printed = [found.value if isinstance(found, Paper) else None for found in (peak, bandwidth)]
    return {
        "record": record.id,
        "layer": row.title,
        "dtype": one.dtype,
        "parameters": " ".join(f"{name}={value}" for name, value in one.parameters.items()),
        "tokens_per_s": told.value if told else None,
        "tokens_per_s_low": told.low if told else None,
        "tokens_per_s_high": told.high if told else None,
        "flop_per_s": flop,
        "peak": printed[0],
        "peak_share": flop / printed[0] if flop is not None and printed[0] else None,
        "bytes_per_s": moved,
        "bandwidth": printed[1],
        "bandwidth_share": moved / printed[1] if moved is not None and printed[1] else None,
        "remark": remark(row),
    }
