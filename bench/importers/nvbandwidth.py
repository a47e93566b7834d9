"""nvbandwidth: the matrices of copies between host and devices, as text or as JSON.

One row a test: the best pair of its matrix, with the spread told beside it. Each pair's rate is
the median of a few samples. Copies that something else runs beside are of no one rate that a
sheet has, and are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.importers.base import Found, Given, Importer, decimal, found, head, matched, plain, shown
from bench.importers.base import numbered_lines as lines
from bench.importers.jsonfile import Json, document, items, part, word

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
COLUMNS = re.compile(r" {1,40}0(?: {1,20}[0-9]{1,4}){0,1023}")
CELLS = re.compile(r" {0,10}[0-9]{1,4}(?: {1,20}\S{1,24}){1,1024}")
TOLD = {
    "version": re.compile(r"nvbandwidth Version: (\S{1,20})"),
    "runtime": re.compile(r"CUDA Runtime Version: ([0-9]{1,7})"),
    "driver": re.compile(r"Driver Version: (\S{1,30})"),
    "named": re.compile(
        r"(?:Process [0-9 ]{1,8} \(.{1,64}\): d|D)evice 0: (.{1,80}?) \([0-9a-fA-F:.]{1,20}\)"
    ),
}
ERROR = ("ERROR", "[ERROR]", "Error")
UNIT = "GB/s"
CUT = "give all that the tool printed"


@dataclass
class _Matrix:
    """The rates of one test: a row a source, a column a target."""

    test: str
    line: int | None
    described: str = ""
    width: int = 0
    rows: list[list[str]] = field(default_factory=list)


def knows(text: str) -> bool:
    """Tells whether a text names the tool or has one of its tests."""
    begun = head(text)
    return (
        "nvbandwidth Version:" in begun
        or re.search(r"Running \w{1,80}(?:_ce|_sm|_copy)\.", begun) is not None
        or (begun.lstrip().startswith("{") and '"nvbandwidth"' in begun and '"testcases"' in begun)
    )


def read(text: str, given: Given) -> Found:
    """Returns one row for each test whose rate a row can be of.

    Raises:
        NotUnderstood: another tool's output, a cut matrix, an unknown unit, or no number.
    """
    is_json = text.lstrip().startswith("{")
    told, matrices = _from_json(text, given) if is_json else _from_text(text, given)
    rows: list[Reported] = []
    left_out: list[str] = []
    for one in matrices:
        why = _unfit(one)
        if why:
            left_out.append(f"{one.test}: {why}")
        else:
            rows.append(_row(one, told, given))
    return found(given, rows, left_out)


def _from_text(text: str, given: Given) -> tuple[dict[str, str], list[_Matrix]]:
    """Returns what the header says and the last matrix of each test, which is its total."""
    told: dict[str, str] = {}
    last: dict[str, _Matrix] = {}
    here: _Matrix | None = None
    for number, line in lines(text):
        _note(line, told)
        if running := matched(RUNNING, line):
            here = last[running[1]] = _Matrix(running[1], number)
        elif here is not None and matched(DESCRIBED, line):
            here = last[here.test] = _Matrix(here.test, number, described=line)
        elif here is not None:
            _fill(line, here)
    if not last:
        raise given.fault("is no output of nvbandwidth: no 'Running ...' is in it", CUT)
    return told, [*last.values()]


def _note(line: str, told: dict[str, str]) -> None:
    for name, pattern in TOLD.items():
        if one := matched(pattern, line):
            told.setdefault(name, one[1])


def _fill(line: str, here: _Matrix) -> None:
    """Adds a line of a matrix to it."""
    if not here.width and COLUMNS.fullmatch(line):
        here.width = len(line.split())
    elif here.width and CELLS.fullmatch(line):
        here.rows.append(line.split()[1:])


def _from_json(text: str, given: Given) -> tuple[dict[str, str], list[_Matrix]]:
    data = part(document(text, given), "nvbandwidth")
    if word(data, "error"):
        raise given.fault(f"the run failed: {shown(data['error'])}", "run it again")
    if not isinstance(data.get("testcases"), list):
        raise given.fault("is no output of nvbandwidth: 'testcases' is missing", CUT)
    told = {
        "version": word(data, "version"),
        "runtime": word(data, "CUDA Runtime Version"),
        "driver": word(data, "Driver Version"),
        "named": _device(data),
    }
    return told, [_matrix(one) for one in items(data, "testcases")]


def _device(data: dict[str, Json]) -> str:
    """Returns the name of the first device, without the host that stands behind it."""
    listed = data.get("GPU Device list") or data.get("GPU Device info")
    first = str(listed[0])[:200] if isinstance(listed, list) and listed else ""
    told = re.fullmatch(r"(?:[0-9]{1,4}: )?(.{1,80}?) \([0-9a-fA-F:.]{1,20}\).{0,120}", first)
    return told[1] if told else ""


def _matrix(case: dict[str, Json]) -> _Matrix:
    """Returns the matrix of a test; of several under one another, the last, which is the total."""
    listed = case.get("bandwidth_matrix")
    rows = [one for one in listed if isinstance(one, list)] if isinstance(listed, list) else []
    cells = [[str(cell)[:40] for cell in row] for row in rows]
    described, width = word(case, "bandwidth_description"), len(cells[0]) if cells else 0
    if "GPU(row)" in described and width and len(cells) % width == 0:
        cells = cells[-width:]
    return _Matrix(word(case, "name"), None, described, width, cells)


def _base(test: str) -> str:
    return test.removesuffix("_ce").removesuffix("_sm")


def _unfit(one: _Matrix) -> str:
    """Returns why a test is of no rate that a row can be of, or nothing."""
    if _base(one.test) not in TESTS:
        return "no rate of one copy that a sheet has"
    if not one.described and not one.rows:
        return "waived, or without a result"
    total = "Total" in one.described or not one.test.endswith("_ce")
    if TESTS[_base(one.test)] == "peer_bidirectional" and not total:
        return "one direction, measured while the other is busy"
    return ""


def _row(one: _Matrix, told: dict[str, str], given: Given) -> Reported:
    """Returns the row of a test: its best pair."""
    quantity, rates = TESTS[_base(one.test)], sorted(_rates(one, given))
    local = quantity == "memory_copy"
    best = rates[-1] * (2 if local else 1)
    several = len(rates) > 1
    return given.row(
        one.line,
        id=one.test.replace("_", "-"),
        named=told.get("named"),
        count=2 if quantity.startswith("peer") else 1,
        quantity=quantity,
        value=f"{plain(best)} {UNIT}",
        statistic="best" if several else "median",
        defects=((Defect.BEST,) if several else ()) + ((Defect.COPY,) if _by_engine(one) else ()),
        date=given.when(),
        formula=f"2 x {plain(rates[-1])} {UNIT}: a copy reads and writes" if local else "",
        software=given.software or _software(told),
        conditions={
            "tool": " ".join(("nvbandwidth", told.get("version", ""))),
            "kernel": one.test,
            "other": f"{len(rates)} pairs from {plain(rates[0])} {UNIT}" if several else "",
        },
    )


def _rates(one: _Matrix, given: Given) -> Iterator[Decimal]:
    """Yields the rates of a matrix; a device and itself has none."""
    _checked(one, given)
    for row in one.rows:
        for cell in row:
            rate = decimal(cell)
            if rate is None and cell != "N/A":
                told = f"{one.test}: {shown(cell)} is no rate"
                raise given.fault(told, "run it again", one.line)
            if rate:
                yield rate


def _checked(one: _Matrix, given: Given) -> None:
    """Raises NotUnderstood unless a matrix is whole and in the one unit that the tool has."""
    unit = matched(DESCRIBED, one.described)
    if unit is None or unit[1] != UNIT:
        told = f"{one.test}: {shown(one.described)} names no unit that is known"
        raise given.fault(told, f"give an output in {UNIT}", one.line)
    wanted = one.width if "GPU(row)" in one.described else max(len(one.rows), 1)
    whole = len(one.rows) == wanted and all(len(row) == one.width for row in one.rows)
    if not whole or not one.width:
        raise given.fault(f"{one.test}: its matrix is cut off", CUT, one.line)
    if not any(decimal(cell) for row in one.rows for cell in row):
        raise given.fault(f"{one.test}: there is no rate above 0 in it", "run it again", one.line)


def _by_engine(one: _Matrix) -> bool:
    """Tells whether a copy engine did what the device's cores could do faster."""
    return one.test == "device_local_copy" or (
        one.test.startswith("device_to_device") and one.test.endswith("_ce")
    )


def _software(told: dict[str, str]) -> str:
    code = int(decimal(told.get("runtime")) or 0)
    runtime = f"CUDA {code // 1000}.{code % 1000 // 10}" if code else ""
    driver = f"driver {told['driver']}" if told.get("driver") else ""
    return ", ".join(one for one in (runtime, driver) if one)


IMPORTER = Importer("nvbandwidth", "nvbandwidth: text or JSON, best pair of a test", knows, read)
