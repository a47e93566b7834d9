"""Loads the reported measurements, and reports every fault at once."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import paths
from bench.chips.model import Chip
from bench.errors import Fault, Flaw, did_you_mean, sound
from bench.evidence.model import Defect, Kind, Report, Reported
from bench.evidence.quantities import DTYPES, QUANTITIES
from bench.files.caches import once
from bench.files.datafile import all_named
from bench.files.parsecache import Parsed
from bench.units import Dimension


@once
def reports() -> Mapping[str, Report]:
    """Loads the reported measurements of ``results/`` by file.

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    return sound(*examine(paths.data_dir("results")))


def examine(
    folder: Path, chips: Mapping[str, Chip] | None = None, *, fresh: bool = False
) -> tuple[Mapping[str, Report], list[Fault]]:
    """Loads what can be loaded of ``folder/reported``; with ``chips``, checks rows against them.

    Args:
        folder: the folder of results.
        chips: the sheets, or None to check only the form of the files.
        fresh: whether every file is parsed anew, without the store of parsed files.
    """
    parsed, where = Parsed(folder / "reported", fresh=fresh), (folder / "reported").glob("*.yaml")
    found = all_named(
        Report, sorted(where), folder, parsed.node, lambda report: _faults(report, chips)
    )
    parsed.keep()
    return found


def _faults(report: Report, chips: Mapping[str, Chip] | None) -> Iterator[Flaw]:
    """Yields the faults of a report that the schema does not catch."""
    seen: set[str] = set()
    for row in report.rows:
        if row.id in seen:
            yield row.id, "stands twice in the file", "give each row an id of its own"
        seen.add(row.id)
        for field, problem, fix in (*row_faults(row, chips), *_maker_faults(row, report, chips)):
            yield f"{row.id}.{field}", problem, fix


def _maker_faults(
    row: Reported, report: Report, chips: Mapping[str, Chip] | None
) -> Iterator[Flaw]:
    """Yields a fault if a value counts as the vendor's but is by the maker of other chips."""
    if not chips or row.chip not in chips or report.kind_of(row) not in (Kind.VENDOR, Kind.GATE):
        return
    words = set(re.split(r"\W+", report.by(row).lower()))
    makers = words & {one.vendor for one in chips.values()}
    if makers and chips[row.chip].vendor not in makers:
        yield "class", f"{report.by(row)} does not make {row.chip}", f"write {Kind.THIRD}"


def row_faults(row: Reported, chips: Mapping[str, Chip] | None) -> Iterator[Flaw]:
    """Yields what is wrong with one value: field, problem and fix."""
    if row.quantity not in QUANTITIES:
        yield "quantity", f"{row.quantity!r} is none", did_you_mean(row.quantity, QUANTITIES)
    else:
        yield from _unit_faults(row)
    if row.per == "total" and row.value.dimension is Dimension.TIME:
        yield "per", "a time is no sum over chips", "leave it out: count says how many took part"
    if row.dtype is not None and row.dtype not in DTYPES:
        yield "dtype", f"{row.dtype!r} is none", did_you_mean(row.dtype, DTYPES)
    if chips is None:
        return
    if row.chip not in chips:
        yield "chip", f"there is no sheet {row.chip!r}", did_you_mean(row.chip, chips)
    elif row.per == "die" and (chips[row.chip].number("dies") or 1) < 2:
        yield "per", f"{row.chip} has one die", "write device"


def _unit_faults(row: Reported) -> Iterator[Flaw]:
    kind = QUANTITIES[row.quantity]
    if row.value.dimension not in kind.units:
        units = " or ".join(one.value for one in kind.units)
        yield "value", f"{row.value} is not what {row.quantity} is measured in", f"give {units}"
    if row.dtype is None and any("{" in one for one in kind.tests):
        yield "dtype", "is missing", "name the number format, such as bf16"
    share = row.value.dimension is Dimension.SHARE and kind.family == "matrix"
    if share != (Defect.SHARE in row.defects):
        yield "defects", "'percent only' and a value in % go together", "give both or neither"
