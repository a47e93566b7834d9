"""Importer of nvbandwidth: matrices of copies between host and devices, as text or JSON.

One row per test: the best pair of its matrix; the range over all pairs goes into the conditions.
Each pair's rate is the median of a few samples. Copies that run while something else runs match no
single rate of a sheet and are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.files.jsonfile import Json, items, part, word
from bench.importers.base import (
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    document,
    lines,
    match_line,
    plain_number,
    quoted,
)

TESTS = {
    "host_to_device_memcpy": "host_to_device",
    "device_to_host_memcpy": "device_to_host",
    "device_to_device_memcpy_read": "peer_oneway",
    "device_to_device_memcpy_write": "peer_oneway",
    "device_to_device_bidirectional_memcpy_read": "peer_bidirectional",
    "device_to_device_bidirectional_memcpy_write": "peer_bidirectional",
    "device_local_copy": "memory_copy",
}
RUNNING = re.compile(r"Running ([a-z0-9_]{1,80})\.")
DESCRIBED = re.compile(r"[A-Za-z].{0,120} \(([^()]{1,20})\)")
COLUMN_HEADS = re.compile(r" {1,40}0(?: {1,20}[0-9]{1,4}){0,1023}")
CELLS = re.compile(r" {0,10}[0-9]{1,4}(?: {1,20}\S{1,24}){1,1024}")
HEADER = {
    "version": re.compile(r"nvbandwidth Version: (\S{1,20})"),
    "runtime": re.compile(r"CUDA Runtime Version: ([0-9]{1,7})"),
    "driver": re.compile(r"Driver Version: (\S{1,30})"),
    "named": re.compile(
        r"(?:Process [0-9 ]{1,8} \(.{1,64}\): d|D)evice 0: (.{1,80}?) \([0-9a-fA-F:.]{1,20}\)"
    ),
}
UNIT = "GB/s"
CUT = "give all that the tool printed"


@dataclass
class _Matrix:
    """The rates of one test, one row per source and one column per target.

    Attributes:
        test: name of the test.
        line: number of the line at which it starts; None in JSON.
        description: heading of the matrix, with its unit in brackets.
        width: number of columns.
        rows: the cells.
    """

    test: str
    line: int | None
    description: str = ""
    width: int = 0
    rows: list[list[str]] = field(default_factory=list)


def recognises(text: str) -> bool:
    """Tells whether a text names nvbandwidth or one of its tests."""
    start = beginning(text)
    return (
        "nvbandwidth Version:" in start
        or re.search(r"Running \w{1,80}(?:_ce|_sm|_copy)\.", start) is not None
        or (start.lstrip().startswith("{") and '"nvbandwidth"' in start and '"testcases"' in start)
    )


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each test that measures a known quantity.

    Raises:
        NotUnderstood: the output is another tool's, a matrix is cut off, a unit is unknown, or a
            rate is not a number.
    """
    is_json = text.lstrip().startswith("{")
    header, matrices = _from_json(text, stated) if is_json else _from_text(text, stated)
    rows: list[Reported] = []
    left_out: list[str] = []
    for matrix in matrices:
        reason = _why_not(matrix)
        if reason:
            left_out.append(f"{matrix.test}: {reason}")
        else:
            rows.append(_row(matrix, header, stated))
    return collect(stated, rows, left_out)


def _from_text(text: str, stated: Stated) -> tuple[dict[str, str], list[_Matrix]]:
    """Returns the header's facts and the last matrix of each test, which is the total."""
    header: dict[str, str] = {}
    last_by_test: dict[str, _Matrix] = {}
    matrix: _Matrix | None = None
    for number, line in lines(text):
        _read_header(line, header)
        if running := match_line(RUNNING, line):
            matrix = last_by_test[running[1]] = _Matrix(running[1], number)
        elif matrix is not None and match_line(DESCRIBED, line):
            matrix = last_by_test[matrix.test] = _Matrix(matrix.test, number, description=line)
        elif matrix is not None:
            _read_matrix_line(line, matrix)
    if not last_by_test:
        raise stated.fault("is no output of nvbandwidth: no 'Running ...' is in it", CUT)
    return header, [*last_by_test.values()]


def _read_header(line: str, header: dict[str, str]) -> None:
    for name, pattern in HEADER.items():
        if match := match_line(pattern, line):
            header.setdefault(name, match[1])


def _read_matrix_line(line: str, matrix: _Matrix) -> None:
    """Adds a line to a matrix."""
    if not matrix.width and COLUMN_HEADS.fullmatch(line):
        matrix.width = len(line.split())
    elif matrix.width and CELLS.fullmatch(line):
        matrix.rows.append(line.split()[1:])


def _from_json(text: str, stated: Stated) -> tuple[dict[str, str], list[_Matrix]]:
    data = part(document(text, stated), "nvbandwidth")
    if word(data, "error"):
        raise stated.fault(f"the run failed: {quoted(data['error'])}", "run it again")
    if not isinstance(data.get("testcases"), list):
        raise stated.fault("is no output of nvbandwidth: 'testcases' is missing", CUT)
    header = {
        "version": word(data, "version"),
        "runtime": word(data, "CUDA Runtime Version"),
        "driver": word(data, "Driver Version"),
        "named": _device(data),
    }
    return header, [_matrix(case) for case in items(data, "testcases")]


def _device(data: dict[str, Json]) -> str:
    """Returns the name of the first device, without the host name that follows it."""
    devices = data.get("GPU Device list") or data.get("GPU Device info")
    first = str(devices[0])[:200] if isinstance(devices, list) and devices else ""
    match = re.fullmatch(r"(?:[0-9]{1,4}: )?(.{1,80}?) \([0-9a-fA-F:.]{1,20}\).{0,120}", first)
    return match[1] if match else ""


def _matrix(case: dict[str, Json]) -> _Matrix:
    """Returns the matrix of a test; of several stacked matrices the last, which is the total."""
    matrix = case.get("bandwidth_matrix")
    rows = [row for row in matrix if isinstance(row, list)] if isinstance(matrix, list) else []
    cells = [[str(cell)[:40] for cell in row] for row in rows]
    description, width = word(case, "bandwidth_description"), len(cells[0]) if cells else 0
    if "GPU(row)" in description and width and len(cells) % width == 0:
        cells = cells[-width:]
    return _Matrix(word(case, "name"), None, description, width, cells)


def _base_test(test: str) -> str:
    return test.removesuffix("_ce").removesuffix("_sm")


def _why_not(matrix: _Matrix) -> str:
    """Returns why a test cannot be imported; empty if it can."""
    if _base_test(matrix.test) not in TESTS:
        return "no rate of one copy that a sheet has"
    if not matrix.description and not matrix.rows:
        return "waived, or without a result"
    total = "Total" in matrix.description or not matrix.test.endswith("_ce")
    if TESTS[_base_test(matrix.test)] == "peer_bidirectional" and not total:
        return "one direction, measured while the other is busy"
    return ""


def _row(matrix: _Matrix, header: dict[str, str], stated: Stated) -> Reported:
    """Returns the row of a test, for its best pair."""
    quantity, rates = TESTS[_base_test(matrix.test)], sorted(_rates(matrix, stated))
    is_local = quantity == "memory_copy"
    best = rates[-1] * (2 if is_local else 1)
    several = len(rates) > 1
    return stated.row(
        matrix.line,
        id=matrix.test.replace("_", "-"),
        named=header.get("named"),
        count=2 if quantity.startswith("peer") else 1,
        quantity=quantity,
        value=f"{plain_number(best)} {UNIT}",
        statistic="best" if several else "median",
        defects=((Defect.BEST,) if several else ())
        + ((Defect.COPY,) if _by_copy_engine(matrix) else ()),
        date=stated.when(),
        formula=f"2 x {plain_number(rates[-1])} {UNIT}: a copy reads and writes"
        if is_local
        else "",
        software=stated.software or _software(header),
        conditions={
            "tool": " ".join(("nvbandwidth", header.get("version", ""))),
            "kernel": matrix.test,
            "other": f"{len(rates)} pairs from {plain_number(rates[0])} {UNIT}" if several else "",
        },
    )


def _rates(matrix: _Matrix, stated: Stated) -> Iterator[Decimal]:
    """Yields the rates of a matrix; a device has none to itself."""
    _check_matrix(matrix, stated)
    for row in matrix.rows:
        for cell in row:
            rate = decimal(cell)
            if rate is None and cell != "N/A":
                problem = f"{matrix.test}: {quoted(cell)} is no rate"
                raise stated.fault(problem, "run it again", matrix.line)
            if rate:
                yield rate


def _check_matrix(matrix: _Matrix, stated: Stated) -> None:
    """Raises NotUnderstood unless a matrix is complete and in GB/s, the tool's only unit."""
    unit = match_line(DESCRIBED, matrix.description)
    if unit is None or unit[1] != UNIT:
        problem = f"{matrix.test}: {quoted(matrix.description)} names no unit that is known"
        raise stated.fault(problem, f"give an output in {UNIT}", matrix.line)
    height = matrix.width if "GPU(row)" in matrix.description else max(len(matrix.rows), 1)
    is_complete = len(matrix.rows) == height and all(
        len(row) == matrix.width for row in matrix.rows
    )
    if not is_complete or not matrix.width:
        raise stated.fault(f"{matrix.test}: its matrix is cut off", CUT, matrix.line)
    if not any(decimal(cell) for row in matrix.rows for cell in row):
        raise stated.fault(
            f"{matrix.test}: there is no rate above 0 in it", "run it again", matrix.line
        )


def _by_copy_engine(matrix: _Matrix) -> bool:
    """Tells whether a copy engine made a copy that the device's cores could make faster."""
    return matrix.test == "device_local_copy" or (
        matrix.test.startswith("device_to_device") and matrix.test.endswith("_ce")
    )


def _software(header: dict[str, str]) -> str:
    code = int(decimal(header.get("runtime")) or 0)
    runtime = f"CUDA {code // 1000}.{code % 1000 // 10}" if code else ""
    driver = f"driver {header['driver']}" if header.get("driver") else ""
    return ", ".join(part for part in (runtime, driver) if part)


IMPORTER = Importer(
    "nvbandwidth", "nvbandwidth: text or JSON, best pair of a test", recognises, read
)
