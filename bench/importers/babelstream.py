"""BabelStream: bandwidths of the five streams, as CSV or as the table for people.

The rate is of the fastest of many calls, by the host's clock, so it is the best, never the mean.
"""

import re
from collections.abc import Iterator, Mapping

from bench.evidence.model import Defect, Reported
from bench.importers.base import Found, Given, Importer, decimal, found, head, matched, shown
from bench.importers.base import numbered_lines as lines

STREAMS = {
    "copy": "memory_copy", "mul": "memory_scale", "add": "memory_add", "triad": "memory_triad",
    "dot": "memory_dot",
}  # fmt: skip
CSV = re.compile(r"(max_)?(m|g|t|mi|gi|ti)b(?:ytes)?_per_sec")
TABLE = re.compile(r"Function +(M|G|T|Mi|Gi|Ti)B(?:ytes)?/s(?:ec)? +Min \(sec\) +Max +Average")
PREFIXES = {"m": "M", "g": "G", "t": "T", "mi": "Mi", "gi": "Gi", "ti": "Ti"}
HEADS = ("function,", "Function ")
TOLD = {
    "version": re.compile(r"Version: (\S{1,20})"),
    "implementation": re.compile(r"Implementation: (.{1,60})"),
    "precision": re.compile(r"Precision: (\w{1,20})"),
    "size": re.compile(r"Array size: (.{1,60})"),
    "running": re.compile(r"Running (.{1,120})"),
    "named": re.compile(r"(?:Using|CUDA|HIP).{0,20} [Dd]evice:?(?: [0-9]{1,3}:)? (.{1,80})"),
}
WRONG = ("Validation failed on", "FAILED validation of")
ALL = re.compile(r"(?:All |Classic )?kernels .{1,80}")
Cells = Mapping[str, str]


def knows(text: str) -> bool:
    """Tells whether a text has the table's head, or names the tool."""
    return any(
        line.startswith(HEADS) and _unit(line, line.split(",")) is not None
        for _, line in lines(head(text))
    ) or head(text, 200).startswith("BabelStream")


def read(text: str, given: Given) -> Found:
    """Returns one row for each stream.

    Raises:
        NotUnderstood: another tool's output, a cut table, results that failed their check, a unit
            or a number that is none.
    """
    told: dict[str, str] = {}
    tables: list[tuple[int, str, list[str]]] = []
    rows: list[Reported] = []
    left_out: list[str] = []
    for number, line in lines(text):
        _note(line, number, told, given)
        if line.startswith(HEADS):
            tables.append((number, *_head(line, number, given)))
        elif tables and (cells := _cells(line, number, tables[-1][2], given)):
            stream = cells["function"]
            if stream.lower() not in STREAMS:
                left_out.append(f"{stream} is no stream that a row can be of")
                continue
            rows.append(_row(cells, (number, tables[-1][1]), told, given))
    _whole(rows, tables, told, given)
    return found(given, rows, left_out)


def _note(line: str, number: int, told: dict[str, str], given: Given) -> None:
    """Keeps what a line says of the run.

    Raises:
        NotUnderstood: it says that the results are wrong.
    """
    if line.startswith(WRONG):
        raise given.fault(
            "the results failed verification", "fix the build and run it again", number
        )
    for name, pattern in TOLD.items():
        if one := matched(pattern, line):
            told.setdefault(name, one[1].strip())


def _unit(line: str, names: list[str]) -> str | None:
    """Returns the unit of the rates in a table, or None if its head names none."""
    if one := matched(TABLE, line):
        return f"{one[1]}B/s"
    for name in names:
        if one := CSV.fullmatch(name.strip().lower()):
            return f"{PREFIXES[one[2]]}B/s"
    return None


def _head(line: str, number: int, given: Given) -> tuple[str, list[str]]:
    """Returns the unit and the names of the columns."""
    names = [name.strip().lower() for name in line.split(",")]
    unit = _unit(line, names)
    if unit is None:
        fix = "give the output of BabelStream as it was printed"
        raise given.fault(f"the table's head {shown(line)} has no unit that is known", fix, number)
    return unit, names if len(names) > 1 else ["function", "rate", "min", "max", "average"]


def _cells(line: str, number: int, names: list[str], given: Given) -> Cells | None:
    """Returns a line's cells by column, or None for a line that belongs to no table."""
    values = line.split(",") if "sizeof" in names else line.split()
    values = [one.strip() for one in values[:20]]
    if not values or not re.fullmatch(r"[A-Z][a-z]{1,15}", values[0]):
        return None
    if len(values) != len(names):
        if values[0].lower() not in STREAMS:
            return None
        told = f"{values[0]} has {len(values)} cells, the table's head {len(names)}"
        raise given.fault(told, "give the whole output", number)
    cells = dict(zip(names, values, strict=True))
    rate = next((name for name in names if CSV.fullmatch(name)), "rate")
    return {**cells, "rate": cells[rate], "best": rate if rate.startswith(("max", "rate")) else ""}


def _row(cells: Cells, place: tuple[int, str], told: Mapping[str, str], given: Given) -> Reported:
    """Returns the row of one stream; ``place`` is the line and the unit of its rate."""
    number, unit = place
    stream, rate = cells["function"].lower(), decimal(cells["rate"])
    if not rate:
        problem = f"{cells['function']}: {shown(cells['rate'])} is no rate above 0"
        raise given.fault(problem, "give the output as it was", number)
    isolated = "Isolated" in told.get("running", "") or not cells["best"]
    return given.row(
        number,
        id=f"{STREAMS[stream].replace('_', '-')}-{_dtype(cells, told, given, number)}",
        named=told.get("named"),
        quantity=STREAMS[stream],
        dtype=_dtype(cells, told, given, number),
        value=f"{cells['rate']} {unit}",
        statistic="mean" if isolated else "best",
        defects=(Defect.WALL,) if isolated else (Defect.BEST, Defect.WALL),
        date=given.when(),
        workload={"size": _size(cells, told)},
        conditions={
            "tool": " ".join(("BabelStream", told.get("version", ""))),
            "api": told.get("implementation"),
            "iterations": cells.get("num_times"),
        },
    )


def _dtype(cells: Cells, told: Mapping[str, str], given: Given, number: int) -> str:
    width = {"4": "float", "8": "double"}.get(cells.get("sizeof", ""))
    if "sizeof" in cells and width is None:
        raise given.fault(f"numbers of {shown(cells['sizeof'])} bytes", "import it by hand", number)
    return given.format_of(width or told.get("precision"), number)


def _size(cells: Cells, told: Mapping[str, str]) -> str:
    """Returns how large one array is."""
    elements, width = decimal(cells.get("n_elements")), decimal(cells.get("sizeof"))
    if elements and width:
        return f"{elements * width / 10**6:.1f} MB an array"
    size = told.get("size", "").split(" (=")[0]
    return f"{size} an array" if size else ""


def _whole(
    rows: list[Reported],
    tables: list[tuple[int, str, list[str]]],
    told: Mapping[str, str],
    given: Given,
) -> None:
    """Raises NotUnderstood for what is no such output, or a cut one."""
    if not tables:
        fix = "give the output of BabelStream, with or without --csv"
        raise given.fault("has no table that begins with 'function' or 'Function'", fix)
    missing = [*_missing(rows)] if matched(ALL, told.get("running", "")) else []
    if missing and rows:
        raise given.fault(
            f"the table is cut off: {', '.join(missing)} is missing", "give all of it"
        )


def _missing(rows: list[Reported]) -> Iterator[str]:
    there = {row.quantity for row in rows}
    yield from (name for name, quantity in STREAMS.items() if quantity not in there)


IMPORTER = Importer(
    "babelstream", "BabelStream: CSV or table, the best of each stream", knows, read
)
