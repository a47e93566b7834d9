"""Importer of BabelStream: bandwidths of the five streams, from its CSV or its printed table.

A rate is that of the fastest of many calls, by the host's clock: a best value, not a mean.
"""

import re
from collections.abc import Iterator, Mapping

from bench.evidence.model import Defect, Reported
from bench.importers.base import (
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    lines,
    match_line,
    quoted,
)

STREAMS = {
    "copy": "memory_copy", "mul": "memory_scale", "add": "memory_add", "triad": "memory_triad",
    "dot": "memory_dot",
}  # fmt: skip
CSV = re.compile(r"(max_)?(m|g|t|mi|gi|ti)b(?:ytes)?_per_sec")
TABLE = re.compile(r"Function +(M|G|T|Mi|Gi|Ti)B(?:ytes)?/s(?:ec)? +Min \(sec\) +Max +Average")
PREFIXES = {"m": "M", "g": "G", "t": "T", "mi": "Mi", "gi": "Gi", "ti": "Ti"}
HEAD_STARTS = ("function,", "Function ")
HEADER = {
    "version": re.compile(r"Version: (\S{1,20})"),
    "implementation": re.compile(r"Implementation: (.{1,60})"),
    "precision": re.compile(r"Precision: (\w{1,20})"),
    "size": re.compile(r"Array size: (.{1,60})"),
    "running": re.compile(r"Running (.{1,120})"),
    "named": re.compile(r"(?:Using|CUDA|HIP).{0,20} [Dd]evice:?(?: [0-9]{1,3}:)? (.{1,80})"),
}
FAILED_CHECK = ("Validation failed on", "FAILED validation of")
ALL_STREAMS = re.compile(r"(?:All |Classic )?kernels .{1,80}")
Cells = Mapping[str, str]


def recognises(text: str) -> bool:
    """Tells whether a text has the head of BabelStream's table, or names the tool."""
    return any(
        line.startswith(HEAD_STARTS) and _unit(line, line.split(",")) is not None
        for _, line in lines(beginning(text))
    ) or beginning(text, 200).startswith("BabelStream")


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each stream.

    Raises:
        NotUnderstood: the output is another tool's or cut off, results failed their check, or a
            unit or number is invalid.
    """
    header: dict[str, str] = {}
    tables: list[tuple[int, str, list[str]]] = []
    rows: list[Reported] = []
    left_out: list[str] = []
    for number, line in lines(text):
        _read_header(line, number, header, stated)
        if line.startswith(HEAD_STARTS):
            tables.append((number, *_head(line, number, stated)))
        elif tables and (cells := _cells(line, number, tables[-1][2], stated)):
            stream = cells["function"]
            if stream.lower() not in STREAMS:
                left_out.append(f"{stream} is no stream that a row can be of")
                continue
            rows.append(_row(cells, (number, tables[-1][1]), header, stated))
    _check_complete(rows, tables, header, stated)
    return collect(stated, rows, left_out)


def _read_header(line: str, number: int, header: dict[str, str], stated: Stated) -> None:
    """Reads what a line says about the run into the header.

    Raises:
        NotUnderstood: it says that the results are wrong.
    """
    if line.startswith(FAILED_CHECK):
        raise stated.fault(
            "the results failed verification", "fix the build and run it again", number
        )
    for name, pattern in HEADER.items():
        if match := match_line(pattern, line):
            header.setdefault(name, match[1].strip())


def _unit(line: str, names: list[str]) -> str | None:
    """Returns the unit of the rates in a table; None if its head names none."""
    if match := match_line(TABLE, line):
        return f"{match[1]}B/s"
    for name in names:
        if match := CSV.fullmatch(name.strip().lower()):
            return f"{PREFIXES[match[2]]}B/s"
    return None


def _head(line: str, number: int, stated: Stated) -> tuple[str, list[str]]:
    """Returns the unit of the rates and the names of the columns."""
    names = [name.strip().lower() for name in line.split(",")]
    unit = _unit(line, names)
    if unit is None:
        fix = "give the output of BabelStream as it was printed"
        raise stated.fault(
            f"the table's head {quoted(line)} has no unit that is known", fix, number
        )
    return unit, names if len(names) > 1 else ["function", "rate", "min", "max", "average"]


def _cells(line: str, number: int, names: list[str], stated: Stated) -> Cells | None:
    """Returns a line's cells by column; None for a line outside the table."""
    values = line.split(",") if "sizeof" in names else line.split()
    values = [value.strip() for value in values[:20]]
    if not values or not re.fullmatch(r"[A-Z][a-z]{1,15}", values[0]):
        return None
    if len(values) != len(names):
        if values[0].lower() not in STREAMS:
            return None
        problem = f"{values[0]} has {len(values)} cells, the table's head {len(names)}"
        raise stated.fault(problem, "give the whole output", number)
    cells = dict(zip(names, values, strict=True))
    rate = next((name for name in names if CSV.fullmatch(name)), "rate")
    return {**cells, "rate": cells[rate], "best": rate if rate.startswith(("max", "rate")) else ""}


def _row(
    cells: Cells, line_and_unit: tuple[int, str], header: Mapping[str, str], stated: Stated
) -> Reported:
    """Returns the row of one stream; ``line_and_unit`` are line number and unit of its rate."""
    number, unit = line_and_unit
    stream, rate = cells["function"].lower(), decimal(cells["rate"])
    if not rate:
        problem = f"{cells['function']}: {quoted(cells['rate'])} is no rate above 0"
        raise stated.fault(problem, "give the output as it was", number)
    isolated = "Isolated" in header.get("running", "") or not cells["best"]
    return stated.row(
        number,
        id=f"{STREAMS[stream].replace('_', '-')}-{_dtype(cells, header, stated, number)}",
        named=header.get("named"),
        quantity=STREAMS[stream],
        dtype=_dtype(cells, header, stated, number),
        value=f"{cells['rate']} {unit}",
        statistic="mean" if isolated else "best",
        defects=(Defect.WALL,) if isolated else (Defect.BEST, Defect.WALL),
        date=stated.when(),
        workload={"size": _size(cells, header)},
        conditions={
            "tool": " ".join(("BabelStream", header.get("version", ""))),
            "api": header.get("implementation"),
            "iterations": cells.get("num_times"),
        },
    )


def _dtype(cells: Cells, header: Mapping[str, str], stated: Stated, number: int) -> str:
    width = {"4": "float", "8": "double"}.get(cells.get("sizeof", ""))
    if "sizeof" in cells and width is None:
        raise stated.fault(
            f"numbers of {quoted(cells['sizeof'])} bytes", "import it by hand", number
        )
    return stated.format_of(width or header.get("precision"), number)


def _size(cells: Cells, header: Mapping[str, str]) -> str:
    """Returns the size of one array, as text."""
    elements, width = decimal(cells.get("n_elements")), decimal(cells.get("sizeof"))
    if elements and width:
        return f"{elements * width / 10**6:.1f} MB an array"
    size = header.get("size", "").split(" (=")[0]
    return f"{size} an array" if size else ""


def _check_complete(
    rows: list[Reported],
    tables: list[tuple[int, str, list[str]]],
    header: Mapping[str, str],
    stated: Stated,
) -> None:
    """Raises NotUnderstood if the output is not BabelStream's or is cut off."""
    if not tables:
        fix = "give the output of BabelStream, with or without --csv"
        raise stated.fault("has no table that begins with 'function' or 'Function'", fix)
    missing = [*_missing(rows)] if match_line(ALL_STREAMS, header.get("running", "")) else []
    if missing and rows:
        raise stated.fault(
            f"the table is cut off: {', '.join(missing)} is missing", "give all of it"
        )


def _missing(rows: list[Reported]) -> Iterator[str]:
    present = {row.quantity for row in rows}
    yield from (name for name, quantity in STREAMS.items() if quantity not in present)


IMPORTER = Importer(
    "babelstream", "BabelStream: CSV or table, the best of each stream", recognises, read
)
