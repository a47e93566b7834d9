"""tritonbench: rates of matrix products, from its printed table, its CSV or its JSON.

One row for each implementation: its fastest shape. Operators other than one dense product have
rates that no sheet gives. The tool takes TFLOP/s from the median latency of each shape; its table
and CSV do not tell the device, nor does any form tell the number format.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.importers.base import (
    Found,
    Given,
    Importer,
    decimal,
    found,
    head,
    matched,
    plain,
    shown,
)
from bench.importers.base import numbered_lines as lines
from bench.importers.jsonfile import document, part, word

SIZES, RATE = "(M, N, K)", "-tflops"
GIVE = "give its table, or what --output or --output-json wrote"
SHAPE = re.compile(r"\(([0-9]{1,9}), ([0-9]{1,9}), ([0-9]{1,9})\)")
DASHES = re.compile(r" {0,200}-{3,200}(?: {2}-{3,200}){1,100}")
KEY = re.compile(r"tritonbench_([A-Za-z0-9_]{1,80})\[x_(.{1,80}?)-([A-Za-z0-9_.\-]{1,80})\]_tflops")
PRODUCTS = re.compile(r"(?:fp8_)?(?:gemm|matmul)(?:_rowwise|_blockwise)?(?:_fwd)?")
"""Operators that are one dense product."""
DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{0,6}")


@dataclass(frozen=True)
class _Rate:
    """One implementation on one shape, in TFLOP/s."""

    label: str
    shape: str
    rate: Decimal


@dataclass(frozen=True)
class _Output:
    """What one form of the tool's output holds."""

    rates: list[_Rate]
    env: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def knows(text: str) -> bool:
    """Tells whether a text is one of the tool's outputs with rates of products."""
    begun = head(text)
    return '"tritonbench_' in begun or (SIZES in begun and RATE in begun)


def read(text: str, given: Given) -> Found:
    """Returns one row for each implementation.

    Raises:
        NotUnderstood: another tool's output, no rate of a product in it, or no number format.
    """
    made = _json(text, given) if text.lstrip().startswith("{") else _table(text, given)
    shapes: dict[str, list[_Rate]] = {}
    for one in made.rates:
        shapes.setdefault(one.label, []).append(one)
    rows = [_row(each, made.env, given) for each in shapes.values()]
    return found(given, rows, made.left_out)


def _json(text: str, given: Given) -> _Output:
    """Reads what ``--output-json`` writes, or a nightly run's, with its environment beside it."""
    data = document(text, given)
    metrics = part(data, "metrics") or data
    rates, left_out = [], []
    for key, value in metrics.items():
        told = matched(KEY, key)
        if told is None or not (sizes := matched(SHAPE, told[2])):
            continue
        if not matched(PRODUCTS, told[1]):
            left_out.append(f"{told[1]}: is no single dense product")
        elif value is not None:
            rates.append(_Rate(told[3], "x".join(sizes.groups()), _rate(value, told[3], given)))
    env = part(data, "env")
    return _Output(rates, {key: word(env, key) for key in env}, tuple(left_out))


def _table(text: str, given: Given) -> _Output:
    """Reads the printed table or the CSV."""
    rates: list[_Rate] = []
    heads: list[str] = []
    spans: list[tuple[int, int]] = []
    before = ""
    for number, line in lines(text):
        if matched(DASHES, line):
            spans = [one.span() for one in re.finditer("-+", line)]
            heads = _cells(before, spans)
        elif line.startswith(f"{SIZES};"):
            spans, heads = [], _cells(line, [])
        elif heads and heads[0] == SIZES:
            rates += _line(heads, _cells(line, spans), number, given)
        before = line
    if not heads:
        raise given.fault(f"is no output of tritonbench: no column {SIZES}", GIVE)
    return _Output(rates)


def _cells(line: str, spans: list[tuple[int, int]]) -> list[str]:
    """Returns the cells of a line; of the CSV where no spans are told.

    A cell of the table is flush with one end of its dashes, and none is wider.
    """
    if not spans:
        try:
            return next(csv.reader([line], delimiter=";"), [])
        except csv.Error:  # a cell that never ends, a carriage return amid a line
            return []
    return [line[first:last].strip() for first, last in spans]


def _line(heads: list[str], cells: list[str], number: int, given: Given) -> Iterator[_Rate]:
    sizes = matched(SHAPE, cells[0]) if cells else None
    if not sizes:
        return
    for name, cell in zip(heads[1:], cells[1:], strict=False):
        if name.endswith(RATE) and cell:
            label = name.removesuffix(RATE)
            yield _Rate(label, "x".join(sizes.groups()), _rate(cell, label, given, number))


def _rate(value: object, label: str, given: Given, line: int | None = None) -> Decimal:
    rate = decimal(value)
    if not rate:
        raise given.fault(f"{label}: {shown(value)} is no rate above 0", "run it again", line)
    return rate


def _row(shapes: list[_Rate], env: Mapping[str, str], given: Given) -> Reported:
    best, several = max(shapes, key=lambda one: one.rate), len(shapes) > 1
    dtype = given.format_of(None)
    day = matched(DAY, env.get("benchmark_date", ""))
    software = (f"{key} {env[key]}" for key in ("cuda_version", "pytorch_commit", "triton_commit")
                if env.get(key, "unknown") != "unknown")  # fmt: skip
    return given.row(
        id=f"matmul-{dtype}-{re.sub('[^a-z0-9]+', '-', best.label.lower()).strip('-')}",
        named=env.get("device") if env.get("device") != "unknown" else None,
        quantity="matmul_best" if several else "matmul_shape",
        dtype=dtype,
        value=f"{plain(best.rate)} TFLOP/s",
        statistic="best" if several else "median",
        defects=(Defect.BEST,) if several else (),
        date=given.when("-".join(day.groups()) if day else None),
        software=given.software or ", ".join(software),
        workload={"shape": best.shape},
        conditions={
            "tool": "tritonbench",
            "kernel": best.label,
            "method": "from the median latency of triton's do_bench"
            + (f", fastest of {len(shapes)} shapes" if several else ""),
        },
    )


IMPORTER = Importer(
    "tritonbench", "tritonbench: matrix products, of each implementation the fastest shape", knows,
    read,
)  # fmt: skip
