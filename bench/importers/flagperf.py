"""FlagPerf: the result tables of its READMEs, of ``base/`` and of training.

A README of a vendor's own program (``base/toolkits``) tells how that works; one without that
section is of FlagPerf's own (``base/benchmarks``), whose defects are known from its code: a wall
clock, constant inputs of 8 bits, pageable memory, and links counted in both directions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.importers.base import NUMBER, Found, Given, Importer, found, matched, plain, shown
from bench.importers.base import numbered_lines as lines
from bench.importers.flagperf_training import trained

FIRST, TESTED, RESULT = "评测项", "测试值", "评测结果"
OWN_TOOL = "厂商测试工具原理说明"
PINNED = ("mthreads", "摩尔线程", "iluvatar", "天数")
"""Vendors for whom its host copy pins the memory."""
MATRIX = re.compile(r"(FP64|FP32|TF32|FP16|BF16|FP8|INT8)算力")
MEAN_OF = re.compile(r"\(([0-9]{1,5})卡平均")
VALUE = re.compile(rf"({NUMBER}) ?(TFLOPS|TOPS|GB/s|TB/s|GiB/s)")
SHARE = re.compile(rf"({NUMBER}) ?%")
FACT = re.compile(r"[-*] ?(厂商|产品型号|TDP)：(.{1,80})")
POWER = "单卡平均功耗"
NOTHING = ("", "/", "无", "-", "N/A")
UNITS = {"TFLOPS": "TFLOP/s", "TOPS": "TOP/s"}
ALIKE = "(all_reduce)", "(alltoall)", "(reduce_scatter)"
BOTH_WAYS = "both directions are counted"
GIVE = "give a README of FlagPerf with its result tables"


@dataclass(frozen=True)
class _Cell:
    """One result: its column's head, its text, its printed share of the peak."""

    line: int
    head: str
    text: str
    share: str


@dataclass(frozen=True)
class _Meaning:
    """What a column is of: the quantity, how many directions it counts, and what is against it."""

    quantity: str
    ways: int = 1
    dtype: str | None = None
    defects: tuple[Defect, ...] = ()


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


def table_row(line: str) -> list[str]:
    """Returns the cells of a line of a table, with brackets of one kind; none for another line."""
    if not line.startswith("|") or len(line) > 4_000:
        return []
    even = line.translate(str.maketrans("（），", "(),"))
    return [cell.strip().strip("*").strip() for cell in even.strip().strip("|").split("|")][:40]


def _cells(text: str, given: Given) -> Iterator[_Cell]:
    """Yields each result with the head that it stands under."""
    name, start = "", 0
    for number, line in lines(text):
        cells = table_row(line)
        if cells[:1] == [FIRST] and len(cells) > 1:
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


def _meaning(head: str, *, own_tool: bool, vendor: str) -> _Meaning | None:
    """Returns what a column is of, or None where a row can be of no such thing."""
    wall = () if own_tool else (Defect.WALL,)
    both = 2 if "双向" in head else 1
    if matrix := MATRIX.match(head):
        dtype = matrix[1].lower()
        constant = (Defect.CONSTANT,) if not own_tool and dtype in ("fp8", "int8") else ()
        return _Meaning("matmul_shape", dtype=dtype, defects=(*wall, *constant))
    if head.startswith("主存储带宽"):
        return _Meaning("memory_copy", defects=wall)
    if head.startswith("CPU-芯片互联带宽"):
        pinned = own_tool or vendor.lower().startswith(PINNED)
        return _Meaning("host_to_device", defects=wall if pinned else (*wall, Defect.PAGEABLE))
    if head.startswith("跨服务器P2P互联带宽"):
        return _Meaning("network_oneway", both, defects=wall)
    if head.startswith("服务器内P2P互联带宽"):
        if both == 2:
            return _Meaning("peer_bidirectional", defects=wall)
        return _Meaning("peer_oneway", 1 if own_tool else 2, defects=wall)
    return _collective(head, wall, own_tool=own_tool)


def _collective(head: str, wall: tuple[Defect, ...], *, own_tool: bool) -> _Meaning | None:
    """Returns what a column of several devices together is of."""
    inside = head.startswith("单机多卡的MPI互联")
    if not inside and not head.startswith("服务器间多卡的MPI互联"):
        return None
    if "算法带宽" in head:
        return None
    if "等效带宽" in head:
        return _Meaning("all_reduce", 2, defects=wall)
    for word in ALIKE:
        if word in head:
            return _Meaning(word.strip("()").replace("alltoall", "all_to_all"), defects=wall)
    return _Meaning("all_reduce", 2 if inside and not own_tool else 1, defects=wall)


def _row(cell: _Cell, text: str, told: dict[str, str], given: Given) -> Reported | str:
    """Returns the row of a result, or why there is none."""
    title = cell.head.split(TESTED)[0]
    own_tool = OWN_TOOL in text
    meaning = _meaning(cell.head, own_tool=own_tool, vendor=told.get("厂商", ""))
    if meaning is None:
        return f"{title}: is no rate that a row can be of"
    value, formula, defects = _value(cell, meaning, given)
    if not value:
        return f"{title}: the cell is empty"
    count = MEAN_OF.search(cell.head[:200])
    return given.row(
        cell.line,
        id="-".join((meaning.quantity.replace("_", "-"), *filter(None, [meaning.dtype]))),
        named=told.get("产品型号"),
        count=given.count or (int(count[1]) if count else 1),
        quantity=meaning.quantity,
        dtype=given.format_of(meaning.dtype, cell.line) if meaning.dtype else None,
        value=value,
        statistic="mean",
        defects=(*meaning.defects, *defects),
        date=given.when(),
        at=title,
        formula=formula,
        conditions={
            "tool": f"FlagPerf, {'a program of the vendor' if own_tool else 'its own benchmark'}",
            "power": _power(told),
        },
    )


def _value(cell: _Cell, meaning: _Meaning, given: Given) -> tuple[str, str, tuple[Defect, ...]]:
    """Returns a value, how it was worked out, and what its form speaks against it."""
    if cell.text in NOTHING:
        if meaning.dtype is None or cell.share in NOTHING:
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
    unit = "TOP/s" if meaning.dtype == "int8" and unit == "TFLOP/s" else unit
    if meaning.ways == 1:
        return f"{told[1]} {unit}", "", ()
    half = plain(Decimal(told[1]) / meaning.ways)
    return f"{half} {unit}", f"{told[1]} {unit} / 2: {BOTH_WAYS}", ()


def _power(told: dict[str, str]) -> str:
    mean, limit = told.get(POWER, ""), told.get("TDP", "")
    words = [f"mean {mean}" if mean not in NOTHING else "", f"TDP {limit}" if limit else ""]
    return ", ".join(word for word in words if word)


IMPORTER = Importer("flagperf", "FlagPerf: result tables of its READMEs", knows, read)
