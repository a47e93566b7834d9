"""Table of collectives by message size: time, algorithm and bus bandwidth, share of the link's."""

from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Absent, Paper
from bench.judging.rates import Interval
from bench.judging.verdict import Row
from bench.records.model import Record
from bench.report.table import Section
from bench.report.text.digits import percent, with_interval
from bench.report.text.groups import REMARK, remark, without_empty
from bench.report.text.scalar import Scalar, bounds
from bench.units import Dimension, binary
from bench.words import sentence

KERNEL = "collective"
COLUMNS = (
    "operation", "message", "time (95%)", "algorithm bandwidth (95%)", "bus bandwidth (95%)",
    "of the link's one direction (95%)", REMARK,
)  # fmt: skip
LAUNCHED = "The host launches each call: the time of small messages may be that of its launches."
"""Note on libraries whose calls an accelerator runs, such as NCCL."""


def collective_sections(
    record: Record,
    judged: Sequence[Row],
    catalogue: Catalogue,
) -> Iterator[Section]:
    """Yields the table of collectives, if the record has any."""
    rows = [row for row in judged if row.measurement.kernel == KERNEL and not row.apart]
    if not rows:
        return
    columns, cells = without_empty(COLUMNS, tuple(map(_cells, rows)))
    told = rows[0].measurement.parameters
    ranks, nodes = told.get("ranks", 1), told.get("nodes", 1)
    title = f"Collectives over {ranks} ranks" if ranks != 1 else "Collectives"
    title += f" on {nodes} nodes" if nodes != 1 else ""
    flat = [_flat(record, row) for row in rows]
    lines = tuple(_lines(rows, catalogue.sheet_of(record)))
    yield Section(title, columns, cells, flat, lines, key="collectives")


def _cells(row: Row) -> tuple[str, ...]:
    one, bus = row.measurement, row.measured
    time, algorithm = _time(row), _algorithm(row)
    return (
        str(one.parameters.get("operation", "–")).replace("_", "-"),
        _message(one.parameters.get("message_bytes")),
        with_interval(time, Dimension.TIME),
        with_interval(algorithm, row.dimension),
        with_interval(bus, row.dimension),
        percent(row.fraction),
        remark(row),
    )


def _time(row: Row) -> Interval | None:
    """Returns the time of one call on the slowest rank, s."""
    timing = row.measurement.timing
    if timing is None or row.measured is None:
        return None
    return Interval(timing.stats.median_s, timing.stats.low_s, timing.stats.high_s)


def _algorithm(row: Row) -> Interval | None:
    """Returns algorithm bandwidth, message size over time: bus bandwidth over the bus factor."""
    factor = row.measurement.observed.get("bus_factor")
    if row.measured is None or not isinstance(factor, float) or not factor:
        return None
    return row.measured.over(factor)


def _message(count: int | str | None) -> str:
    """Formats a message size such as ``64 MiB``; a dash unless it is a whole number above 0."""
    if not isinstance(count, int) or count < 1:
        return "–"
    return binary(count)


def _lines(rows: Sequence[Row], chip: Chip | None) -> Iterator[str]:
    """Yields which link bandwidth the shares refer to, and how the two bandwidths are related."""
    published = rows[0].published
    if isinstance(published, Paper):
        formula = f", {published.formula}" if published.formula else ""
        yield f"The link carries {published.text} in one direction{formula}."
        yield from _idle_links(rows[0], published.value, chip)
    if isinstance(published, Absent):
        yield sentence(published.reason)
    yield (
        "Algorithm bandwidth is the message over the time; bus bandwidth is that times "
        "2 (n - 1) / n for an all-reduce, (n - 1) / n for the others, n ranks (nccl-tests)."
    )
    if any(row.measurement.observed.get("backend") not in (None, "gloo") for row in rows):
        yield LAUNCHED


def _idle_links(row: Row, whole: float, chip: Chip | None) -> Iterator[str]:
    """Yields that some links of a full mesh are idle, if the ranks are fewer than its chips.

    Args:
        row: a measured collective.
        whole: published bandwidth of all links of a chip in one direction, B/s.
        chip: its sheet, which has the bandwidth between two chips.
    """
    ranks, pair = row.measurement.parameters.get("ranks"), chip and chip.number("pair_link_oneway")
    if pair and isinstance(ranks, int) and ranks > 1 and (ranks - 1) * pair < whole:
        between = f"{(ranks - 1) * pair / 1e9:g} GB/s"
        yield f"In a full mesh {ranks} ranks have {between} of it between them; the rest is idle."


def _flat(record: Record, row: Row) -> dict[str, Scalar]:
    one, bus, time, algorithm = row.measurement, row.measured, _time(row), _algorithm(row)
    return {
        "record": record.id,
        "operation": one.parameters.get("operation"),
        "ranks": one.parameters.get("ranks"),
        "backend": one.observed.get("backend"),
        "message_bytes": one.parameters.get("message_bytes"),
        **bounds("seconds", time),
        "algorithm_bytes_per_s": algorithm.value if algorithm else None,
        **bounds("bus_bytes_per_s", bus),
        "link_bytes_per_s": row.paper.value if row.paper else None,
        "link_share": row.fraction.value if row.fraction else None,
        "remark": remark(row),
        "nodes": one.parameters.get("nodes", 1),
    }
