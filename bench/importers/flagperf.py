"""Importer of FlagPerf: the result tables in its READMEs, of ``base/`` and of training.

A README of a vendor's own program (``base/toolkits``) is recognised by its section on how the
program works, or by its address. All others are of FlagPerf's own benchmarks (``base/benchmarks``),
whose defects are known from their code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.importers import flagperf_columns as columns
from bench.importers.base import (
    NUMBER,
    Imported,
    Importer,
    Stated,
    collect,
    lines,
    match_line,
    plain_number,
    quoted,
)
from bench.importers.flagperf_training import training_content
from bench.importers.table import table_row

ITEM_HEAD, VALUE_HEAD, RESULT_HEAD = "评测项", "测试值", "评测结果"
OWN_TOOL = "厂商测试工具原理说明"
MEAN_OF = re.compile(r"\(([0-9]{1,5})卡平均")
VALUE = re.compile(rf"({NUMBER}) ?(TFLOPS|TOPS|GB/s|TB/s|GiB/s)")
SHARE = re.compile(rf"({NUMBER}) ?%")
VENDOR_FACT = re.compile(r"[-*] ?(厂商|产品型号|TDP)：(.{1,80})")
POWER = "单卡平均功耗"
EMPTY_CELLS = ("", "/", "无", "-", "N/A")
UNITS = {"TFLOPS": "TFLOP/s", "TOPS": "TOP/s"}
BOTH_DIRECTIONS = "both directions are counted"
GIVE = "give a README of FlagPerf with its result tables"


@dataclass(frozen=True)
class _Cell:
    """One result.

    Attributes:
        line: line number.
        head: head of its column.
        text: the printed value.
        share: the printed share of the peak.
    """

    line: int
    head: str
    text: str
    share: str


def recognises(text: str) -> bool:
    """Tells whether a text has one of FlagPerf's tables."""
    return VALUE_HEAD in text or "token/p/s" in text or "p_whole" in text


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each printed result.

    Raises:
        NotUnderstood: there is no such table, every cell is empty, or a unit is missing.
    """
    facts, rows, left_out = _facts(text), [], []
    for cell in _cells(text, stated):
        row_or_reason = _row(cell, text, facts, stated)
        if isinstance(row_or_reason, str):
            left_out.append(row_or_reason)
        else:
            rows.append(row_or_reason)
    training = training_content(text, stated)
    if not (rows or left_out or training.rows or training.left_out):
        raise stated.fault("has no result table that is known", GIVE)
    return collect(stated, [*rows, *training.rows], [*left_out, *training.left_out])


def _cells(text: str, stated: Stated) -> Iterator[_Cell]:
    """Yields each result with the head of its column."""
    head, head_line = "", 0
    for number, line in lines(text):
        cells = table_row(line)
        if cells[:1] == [ITEM_HEAD] and VALUE_HEAD in "".join(cells[1:2]):
            head, head_line = cells[1], number
        elif cells[:1] == [RESULT_HEAD] and head:
            padded = cells + [""] * 4
            yield _Cell(number, head, padded[1], padded[3])
            head = ""
    if head:
        raise stated.fault(f"the table {quoted(head)} has no line of results", GIVE, head_line)


def _facts(text: str) -> dict[str, str]:
    """Returns what the README says about vendor, product and power."""
    facts: dict[str, str] = {}
    power_columns: list[str] = []
    for _, line in lines(text):
        if fact := match_line(VENDOR_FACT, line):
            facts.setdefault(fact[1], fact[2].strip())
        cells = table_row(line)
        if any(cell.startswith(POWER) for cell in cells):
            power_columns = cells
        elif power_columns and cells[:1] == ["监控结果"]:
            index = next(
                index for index, cell in enumerate(power_columns) if cell.startswith(POWER)
            )
            facts.setdefault(POWER, cells[index] if index < len(cells) else "")
            power_columns = []
    return facts


def _row(cell: _Cell, text: str, facts: dict[str, str], stated: Stated) -> Reported | str:
    """Returns the row of a result, or the reason why it cannot be imported."""
    title = cell.head.split(VALUE_HEAD)[0]
    own_tool = OWN_TOOL in text or "toolkits" in (stated.url or "")
    column = columns.meaning(cell.head, own_tool=own_tool, vendor=facts.get("厂商", ""))
    if column is None:
        return f"{title}: is no rate that a row can be of"
    value, formula, defects = _value(cell, column, stated)
    if not value:
        return f"{title}: the cell is empty"
    count = MEAN_OF.search(cell.head[:200])
    return stated.row(
        cell.line,
        id="-".join((column.quantity.replace("_", "-"), *filter(None, [column.dtype]))),
        named=facts.get("产品型号"),
        count=stated.count or (int(count[1]) if count else 1),
        quantity=column.quantity,
        dtype=stated.format_of(column.dtype, cell.line) if column.dtype else None,
        value=value,
        statistic="mean",
        defects=(*column.defects, *defects),
        date=stated.when(),
        at=title,
        formula=formula,
        conditions={
            "tool": f"FlagPerf, {'a program of the vendor' if own_tool else 'its own benchmark'}",
            "power": _power(facts),
        },
    )


def _value(
    cell: _Cell, column: columns.Meaning, stated: Stated
) -> tuple[str, str, tuple[Defect, ...]]:
    """Returns a value with its unit, the formula that gave it, and defects due to its form."""
    if cell.text in EMPTY_CELLS:
        if column.dtype is None or cell.share in EMPTY_CELLS:
            return "", "", ()
        share = match_line(SHARE, cell.share)
        if share is None:
            raise stated.fault(f"{quoted(cell.share)} is no share", "write it as 82.8%", cell.line)
        return f"{share[1]} %", "", (Defect.SHARE,)
    match = match_line(VALUE, cell.text)
    if match is None:
        fix = "write it with its unit, such as 259.2TFLOPS or 515GB/s"
        raise stated.fault(f"{quoted(cell.text)} is no rate with a unit", fix, cell.line)
    unit = UNITS.get(match[2], match[2])
    unit = "TOP/s" if column.dtype == "int8" and unit == "TFLOP/s" else unit
    if column.directions == 1:
        return f"{match[1]} {unit}", "", ()
    half = plain_number(Decimal(match[1]) / column.directions)
    return f"{half} {unit}", f"{match[1]} {unit} / 2: {BOTH_DIRECTIONS}", ()


def _power(facts: dict[str, str]) -> str:
    mean, board_power = facts.get(POWER, ""), facts.get("TDP", "")
    parts = [
        f"mean {mean}" if mean not in EMPTY_CELLS else "",
        f"TDP {board_power}" if board_power else "",
    ]
    return ", ".join(part for part in parts if part)


IMPORTER = Importer(
    "flagperf", "FlagPerf: result tables of its READMEs", recognises, read, "FlagPerf"
)
