"""Importer of pytest-benchmark: the JSON of ``--benchmark-json``; times become rates.

Only the author of a benchmark knows the work of a call, so the benchmark must state it in
``extra_info``: ``quantity``, and ``flop``, ``bytes``, ``tokens`` or ``samples`` of one call, and
``dtype``. ``onpaper.beside`` states all but the quantity: the figure that a rate was compared with
does not tell a matrix product from attention, or a copy from another stream.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import get_args

from bench.errors import did_you_mean
from bench.evidence.model import Defect, Reported, Work
from bench.evidence.quantities import QUANTITIES
from bench.files.jsonfile import Json, items, part, word
from bench.importers.base import (
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    document,
    one_line,
    plain_number,
    quoted,
)
from bench.units import Dimension

ADD = "add benchmark.extra_info.update(quantity='matmul_shape', flop=2*m*n*k, dtype='bf16')"
NAME = "add quantity='matmul_shape', 'memory_copy', or what else the call is, to extra_info"
WORK_UNITS = {
    "flop": "FLOP/s", "bytes": "B/s", "tokens": "token/s", "samples": "sample/s",
}  # fmt: skip
"""Kinds of work of a call, with the unit of the rate that follows."""
INTEGER_DTYPES = ("int16", "int8", "int4")


def recognises(text: str) -> bool:
    """Tells whether a text is the JSON of pytest-benchmark."""
    start = beginning(text)
    return start.lstrip().startswith("{") and '"machine_info"' in start and '"benchmarks"' in text


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each benchmark that states its work.

    Raises:
        NotUnderstood: the output is another tool's, no benchmark states its work, or a time is not
            a number above 0.
    """
    data = document(text, stated)
    if not isinstance(data.get("benchmarks"), list):
        raise stated.fault("has no 'benchmarks'", "give the file of --benchmark-json")
    rows, left_out = [], []
    for benchmark in items(data, "benchmarks"):
        info = part(benchmark, "extra_info")
        if word(info, "quantity"):
            rows.append(_row(benchmark, data, stated))
        else:
            lacks = "quantity" if WORK_UNITS.keys() & info.keys() else "work"
            left_out.append(f"{quoted(word(benchmark, 'name'))} does not state its {lacks}")
    if not rows and left_out:
        raise stated.fault(left_out[0], NAME if left_out[0].endswith("quantity") else ADD)
    return collect(stated, rows, left_out)


def _row(benchmark: Mapping[str, Json], data: Mapping[str, Json], stated: Stated) -> Reported:
    """Returns the row of one benchmark, from its median time."""
    extra_info, stats = part(benchmark, "extra_info"), part(benchmark, "stats")
    quantity, name = word(extra_info, "quantity"), word(benchmark, "name")
    if quantity not in QUANTITIES:
        problem = f"{quoted(name)}: quantity {quoted(quantity)} is none"
        raise stated.fault(problem, did_you_mean(one_line(quantity), QUANTITIES))
    median = decimal(stats.get("median"))
    if not median:
        problem = f"{quoted(name)}: the median {quoted(stats.get('median'))} is no time above 0"
        raise stated.fault(problem, "run it again, or leave it out")
    dtype = (
        stated.format_of(word(extra_info, "dtype") or None)
        if _has_dtype(extra_info, quantity, stated)
        else None
    )
    value, formula = _value(extra_info, median, quantity, dtype, stated)
    return stated.row(
        id=_row_id(name, quantity),
        quantity=quantity,
        dtype=dtype,
        value=value,
        statistic="median",
        defects=(Defect.WALL,),
        date=stated.when(_day(data)),
        formula=formula,
        software=stated.software or _software(data),
        workload={key: word(extra_info, key) for key in get_args(Work)},
        conditions={
            "tool": f"pytest-benchmark {word(data, 'version')}".rstrip(),
            "iterations": f"{word(stats, 'rounds')} rounds of {word(stats, 'iterations')}",
        },
    )


def _has_dtype(extra_info: Mapping[str, Json], quantity: str, stated: Stated) -> bool:
    is_required = any("{" in figure for figure in QUANTITIES[quantity].tests)
    return is_required or bool(word(extra_info, "dtype") or stated.dtype)


def _value(
    extra_info: Mapping[str, Json],
    median: Decimal,
    quantity: str,
    dtype: str | None,
    stated: Stated,
) -> tuple[str, str]:
    """Returns the value and its formula: the work of one call over its median time."""
    units = QUANTITIES[quantity].units
    if Dimension.TIME in units:
        return f"{plain_number(median)} s", ""
    work_keys = [key for key in WORK_UNITS if any(WORK_UNITS[key] == unit.value for unit in units)]
    key = next((candidate for candidate in work_keys if candidate in extra_info), None)
    if key is None:
        wanted = " or ".join(work_keys)
        raise stated.fault(
            f"{quantity} needs the {wanted} of one call", f"add {wanted} to extra_info"
        )
    work = decimal(extra_info[key])
    if not work:
        raise stated.fault(
            f"{key}={quoted(extra_info[key])} is no work of a call", "give a number above 0"
        )
    unit = "OP/s" if key == "flop" and dtype in INTEGER_DTYPES else WORK_UNITS[key]
    return (
        f"{plain_number(work / median)} {unit}",
        f"{plain_number(work)} {key} / {plain_number(median)} s",
    )


def _row_id(name: str, quantity: str) -> str:
    """Returns an id for a row: its benchmark's name in lower case."""
    plain_name = re.sub(r"[^a-z0-9._-]+", "-", one_line(name).lower())[:60].strip("-._")
    return plain_name or quantity.replace("_", "-")


def _day(data: Mapping[str, Json]) -> str | None:
    date = word(data, "datetime")[:10]
    return date if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date) else None


def _software(data: Mapping[str, Json]) -> str:
    machine = part(data, "machine_info")
    name, version = (word(machine, f"python_{key}") for key in ("implementation", "version"))
    return f"{name} {version}".strip()


IMPORTER = Importer(
    "pytest-benchmark",
    "pytest-benchmark: JSON, medians of benchmarks that tell their work",
    recognises,
    read,
)
