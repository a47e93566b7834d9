"""FlagPerf: the result tables of its READMEs, of ``base/`` and of training.

A README of a vendor's own program (``base/toolkits``) tells how that works, or its address says
so; any other is of FlagPerf's own (``base/benchmarks``), whose defects are known from its code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.importers import flagperf_columns as columns
from bench.importers.base import NUMBER, Found, Given, Importer, found, matched, plain, shown
from bench.importers.base import numbered_lines as lines
from bench.importers.flagperf_training import trained
from bench.importers.table import table_row

FIRST, TESTED, RESULT = "评测项", "测试值", "评测结果"
OWN_TOOL = "厂商测试工具原理说明"
MEAN_OF = re.compile(r"\(([0-9]{1,5})卡平均")
VALUE = re.compile(rf"({NUMBER}) ?(TFLOPS|TOPS|GB/s|TB/s|GiB/s)")
SHARE = re.compile(rf"({NUMBER}) ?%")
FACT = re.compile(r"[-*] ?(厂商|产品型号|TDP)：(.{1,80})")
POWER = "单卡平均功耗"
NOTHING = ("", "/", "无", "-", "N/A")
UNITS = {"TFLOPS": "TFLOP/s", "TOPS": "TOP/s"}
BOTH_WAYS = "both directions are counted"
GIVE = "give a README of FlagPerf with its result tables"


@dataclass(frozen=True)
class _Cell:
    """One result: its column's head, its text, its printed share of the peak."""

    line: int
    head: str
    text: str
    share: str


def knows(text: str) -> bool:
    """Tells whether a text has one of the tables."""
    return TESTED in text or "token/p/s" in text or "p_whole" in text


def read(text: str, given: Given) -> Found:
    """Returns one row for each result that is printed.

    Raises:
        NotUnderstood: it has no such table, every cell is empty, or a unit is missing.
    """
    told, rows, left_out = _facts(text), [], []
    for cell in _cells(text, given):
        made = _row(cell, text, told, given)
        if isinstance(made, str):
            left_out.append(made)
        else:
            rows.append(made)
    more = trained(text, given)
    if not (rows or left_out or more.rows or more.left_out):
        raise given.fault("has no result table that is known", GIVE)
    return found(given, [*rows, *more.rows], [*left_out, *more.left_out])


def _cells(text: str, given: Given) -> Iterator[_Cell]:
    """Yields each result with the head that it stands under."""
    name, start = "", 0
    for number, line in lines(text):
        cells = table_row(line)
        if cells[:1] == [FIRST] and TESTED in "".join(cells[1:2]):
            name, start = cells[1], number
        elif cells[:1] == [RESULT] and name:
            told = cells + [""] * 4
            yield _Cell(number, name, told[1], told[3])
            name = ""
    if name:
        raise given.fault(f"the table {shown(name)} has no line of results", GIVE, start)


def _facts(text: str) -> dict[str, str]:
    """Returns what is said of vendor, product and power."""
    told: dict[str, str] = {}
    names: list[str] = []
    for _, line in lines(text):
        if fact := matched(FACT, line):
            told.setdefault(fact[1], fact[2].strip())
        cells = table_row(line)
        if any(cell.startswith(POWER) for cell in cells):
            names = cells
        elif names and cells[:1] == ["监控结果"]:
            place = next(at for at, cell in enumerate(names) if cell.startswith(POWER))
            told.setdefault(POWER, cells[place] if place < len(cells) else "")
            names = []
    return told


def _row(cell: _Cell, text: str, told: dict[str, str], given: Given) -> Reported | str:
    """Returns the row of a result, or why there is none."""
    title = cell.head.split(TESTED)[0]
    own_tool = OWN_TOOL in text or "toolkits" in (given.url or "")
    column = columns.meaning(cell.head, own_tool=own_tool, vendor=told.get("厂商", ""))
    if column is None:
        return f"{title}: is no rate that a row can be of"
    value, formula, defects = _value(cell, column, given)
    if not value:
        return f"{title}: the cell is empty"
    count = MEAN_OF.search(cell.head[:200])
    return given.row(
        cell.line,
        id="-".join((column.quantity.replace("_", "-"), *filter(None, [column.dtype]))),
        named=told.get("产品型号"),
        count=given.count or (int(count[1]) if count else 1),
        quantity=column.quantity,
        dtype=given.format_of(column.dtype, cell.line) if column.dtype else None,
        value=value,
        statistic="mean",
        defects=(*column.defects, *defects),
        date=given.when(),
        at=title,
        formula=formula,
        conditions={
            "tool": f"FlagPerf, {'a program of the vendor' if own_tool else 'its own benchmark'}",
            "power": _power(told),
        },
    )


def _value(
    cell: _Cell, column: columns.Meaning, given: Given
) -> tuple[str, str, tuple[Defect, ...]]:
    """Returns a value, how it was worked out, and what its form speaks against it."""
    if cell.text in NOTHING:
        if column.dtype is None or cell.share in NOTHING:
            return "", "", ()
        share = matched(SHARE, cell.share)
        if share is None:
            raise given.fault(f"{shown(cell.share)} is no share", "write it as 82.8%", cell.line)
        return f"{share[1]} %", "", (Defect.SHARE,)
    told = matched(VALUE, cell.text)
    if told is None:
        fix = "write it with its unit, such as 259.2TFLOPS or 515GB/s"
        raise given.fault(f"{shown(cell.text)} is no rate with a unit", fix, cell.line)
    unit = UNITS.get(told[2], told[2])
    unit = "TOP/s" if column.dtype == "int8" and unit == "TFLOP/s" else unit
    if column.ways == 1:
        return f"{told[1]} {unit}", "", ()
    half = plain(Decimal(told[1]) / column.ways)
    return f"{half} {unit}", f"{told[1]} {unit} / 2: {BOTH_WAYS}", ()


def _power(told: dict[str, str]) -> str:
    mean, limit = told.get(POWER, ""), told.get("TDP", "")
    words = [f"mean {mean}" if mean not in NOTHING else "", f"TDP {limit}" if limit else ""]
    return ", ".join(word for word in words if word)


IMPORTER = Importer("flagperf", "FlagPerf: result tables of its READMEs", knows, read, "FlagPerf")
