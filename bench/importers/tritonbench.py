"""Importer of tritonbench: rates of matrix products, from its printed table, CSV or JSON.

One row per implementation: its fastest shape. Operators other than a single dense product have
rates that no sheet states. The tool computes TFLOP/s from the median latency of each shape. Its
table and CSV do not name the device, and none of its formats names the number format.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.files.jsonfile import part, word
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

SIZES, RATE = "(M, N, K)", "-tflops"
GIVE_OUTPUT = "give its table, or what --output or --output-json wrote"
SHAPE = re.compile(r"\(([0-9]{1,9}), ([0-9]{1,9}), ([0-9]{1,9})\)")
DASHES = re.compile(r" {0,200}-{3,200}(?: {2}-{3,200}){1,100}")
KEY = re.compile(r"tritonbench_([A-Za-z0-9_]{1,80})\[x_(.{1,80}?)-([A-Za-z0-9_.\-]{1,80})\]_tflops")
PRODUCTS = re.compile(r"(?:fp8_)?(?:gemm|matmul)(?:_rowwise|_blockwise)?(?:_fwd)?")
"""Names of operators that are a single dense product."""
DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{0,6}")


@dataclass(frozen=True)
class _Rate:
    """Rate of one implementation (``label``) on one shape, TFLOP/s."""

    label: str
    shape: str
    rate: Decimal


@dataclass(frozen=True)
class _Output:
    """The content of an output.

    Attributes:
        rates: rates of products.
        env: the environment; only a nightly run's JSON has it.
        left_out: for each other operator, why it is left out.
    """

    rates: list[_Rate]
    env: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def recognises(text: str) -> bool:
    """Tells whether a text is an output of tritonbench with rates of products."""
    start = beginning(text)
    return '"tritonbench_' in start or (SIZES in start and RATE in start)


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each implementation.

    Raises:
        NotUnderstood: the output is another tool's, has no rate of a product, or the number format
            is unknown.
    """
    output = (
        _from_json(text, stated) if text.lstrip().startswith("{") else _from_table(text, stated)
    )
    shapes: dict[str, list[_Rate]] = {}
    for rate in output.rates:
        shapes.setdefault(rate.label, []).append(rate)
    rows = [_row(rates, output.env, stated) for rates in shapes.values()]
    return collect(stated, rows, output.left_out)


def _from_json(text: str, stated: Stated) -> _Output:
    """Reads the JSON of ``--output-json``, or of a nightly run, which includes its environment."""
    data = document(text, stated)
    metrics = part(data, "metrics") or data
    rates, left_out = [], []
    for key, value in metrics.items():
        match = match_line(KEY, key)
        if match is None or not (sizes := match_line(SHAPE, match[2])):
            continue
        if not match_line(PRODUCTS, match[1]):
            left_out.append(f"{match[1]}: is no single dense product")
        elif value is not None:
            rates.append(_Rate(match[3], "x".join(sizes.groups()), _rate(value, match[3], stated)))
    env = part(data, "env")
    return _Output(rates, {key: word(env, key) for key in env}, tuple(left_out))


def _from_table(text: str, stated: Stated) -> _Output:
    """Reads the printed table or the CSV."""
    rates: list[_Rate] = []
    heads: list[str] = []
    spans: list[tuple[int, int]] = []
    before = ""
    for number, line in lines(text):
        if match_line(DASHES, line):
            spans = [match.span() for match in re.finditer("-+", line)]
            heads = _cells(before, spans)
        elif line.startswith(f"{SIZES};"):
            spans, heads = [], _cells(line, [])
        elif heads and heads[0] == SIZES:
            rates += _rates_of_line(heads, _cells(line, spans), number, stated)
        before = line
    if not heads:
        raise stated.fault(f"is no output of tritonbench: no column {SIZES}", GIVE_OUTPUT)
    return _Output(rates)


def _cells(line: str, spans: list[tuple[int, int]]) -> list[str]:
    """Returns the cells of a line of the table; without ``spans`` of a line of the CSV.

    ``spans`` are start and end of the dashes below each column head; no cell is wider.
    """
    if not spans:
        try:
            return next(csv.reader([line], delimiter=";"), [])
        except csv.Error:  # a cell that never ends, a carriage return amid a line
            return []
    return [line[start:end].strip() for start, end in spans]


def _rates_of_line(
    heads: list[str], cells: list[str], number: int, stated: Stated
) -> Iterator[_Rate]:
    sizes = match_line(SHAPE, cells[0]) if cells else None
    if not sizes:
        return
    for name, cell in zip(heads[1:], cells[1:], strict=False):
        if name.endswith(RATE) and cell:
            label = name.removesuffix(RATE)
            yield _Rate(label, "x".join(sizes.groups()), _rate(cell, label, stated, number))


def _rate(value: object, label: str, stated: Stated, line: int | None = None) -> Decimal:
    rate = decimal(value)
    if not rate:
        raise stated.fault(f"{label}: {quoted(value)} is no rate above 0", "run it again", line)
    return rate


def _row(rates: list[_Rate], env: Mapping[str, str], stated: Stated) -> Reported:
    best, several = max(rates, key=lambda rate: rate.rate), len(rates) > 1
    dtype = stated.format_of(None)
    day = match_line(DAY, env.get("benchmark_date", ""))
    software = (f"{key} {env[key]}" for key in ("cuda_version", "pytorch_commit", "triton_commit")
                if env.get(key, "unknown") != "unknown")  # fmt: skip
    return stated.row(
        id=f"matmul-{dtype}-{re.sub('[^a-z0-9]+', '-', best.label.lower()).strip('-')}",
        named=env.get("device") if env.get("device") != "unknown" else None,
        quantity="matmul_best" if several else "matmul_shape",
        dtype=dtype,
        value=f"{plain_number(best.rate)} TFLOP/s",
        statistic="best" if several else "median",
        defects=(Defect.BEST,) if several else (),
        date=stated.when("-".join(day.groups()) if day else None),
        software=stated.software or ", ".join(software),
        workload={"shape": best.shape},
        conditions={
            "tool": "tritonbench",
            "kernel": best.label,
            "method": "from the median latency of triton's do_bench"
            + (f", fastest of {len(rates)} shapes" if several else ""),
        },
    )


IMPORTER = Importer(
    "tritonbench", "tritonbench: matrix products, of each implementation the fastest shape",
    recognises, read,
)  # fmt: skip
