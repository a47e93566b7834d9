"""pytest-benchmark: the JSON of ``--benchmark-json``; times become rates by the work of a call.

Only whoever wrote a benchmark knows what a call does, so it has to say so in ``extra_info``:
``quantity``, and ``flop``, ``bytes``, ``tokens`` or ``samples`` of one call, and ``dtype``.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import get_args

from bench.errors import did_you_mean
from bench.evidence.model import Defect, Reported, Work
from bench.evidence.quantities import QUANTITIES
from bench.importers.base import (
    Found,
    Given,
    Importer,
    decimal,
    found,
    head,
    one_line,
    plain,
    shown,
)
from bench.importers.jsonfile import Json, document, items, part, word
from bench.units import Dimension

ADD = "add benchmark.extra_info.update(quantity='matmul_shape', flop=2*m*n*k, dtype='bf16')"
WORK = {
    "flop": "FLOP/s", "bytes": "B/s", "tokens": "token/s", "samples": "sample/s",
}  # fmt: skip
"""What a call may get through, and what that is told in a second."""
INTEGER = ("int16", "int8", "int4")


def knows(text: str) -> bool:
    """Tells whether a text is such a JSON."""
    begun = head(text)
    return begun.lstrip().startswith("{") and '"machine_info"' in begun and '"benchmarks"' in text


def read(text: str, given: Given) -> Found:
    """Returns one row for each benchmark that tells its work.

    Raises:
        NotUnderstood: another tool's output, none tells its work, or a time is none.
    """
    data = document(text, given)
    if not isinstance(data.get("benchmarks"), list):
        raise given.fault("has no 'benchmarks'", "give the file of --benchmark-json")
    rows, left_out = [], []
    for one in items(data, "benchmarks"):
        if "quantity" in part(one, "extra_info"):
            rows.append(_row(one, data, given))
        else:
            left_out.append(f"{shown(word(one, 'name'))} does not state its work")
    if not rows and left_out:
        raise given.fault(left_out[0], ADD)
    return found(given, rows, left_out)


def _row(one: Mapping[str, Json], data: Mapping[str, Json], given: Given) -> Reported:
    """Returns the row of one benchmark, of its median."""
    told, stats = part(one, "extra_info"), part(one, "stats")
    quantity, name = word(told, "quantity"), word(one, "name")
    if quantity not in QUANTITIES:
        problem = f"{shown(name)}: quantity {shown(quantity)} is none"
        raise given.fault(problem, did_you_mean(one_line(quantity), QUANTITIES))
    median = decimal(stats.get("median"))
    if not median:
        problem = f"{shown(name)}: the median {shown(stats.get('median'))} is no time above 0"
        raise given.fault(problem, "run it again, or leave it out")
    dtype = (
        given.format_of(word(told, "dtype") or None) if _has_dtype(told, quantity, given) else None
    )
    value, formula = _value(told, median, quantity, dtype, given)
    return given.row(
        id=_id(name, quantity),
        quantity=quantity,
        dtype=dtype,
        value=value,
        statistic="median",
        defects=(Defect.WALL,),
        date=given.when(_day(data)),
        formula=formula,
        software=given.software or _software(data),
        workload={key: word(told, key) for key in get_args(Work)},
        conditions={
            "tool": f"pytest-benchmark {word(data, 'version')}".rstrip(),
            "iterations": f"{word(stats, 'rounds')} rounds of {word(stats, 'iterations')}",
        },
    )


def _has_dtype(told: Mapping[str, Json], quantity: str, given: Given) -> bool:
    needed = any("{" in one for one in QUANTITIES[quantity].tests)
    return needed or bool(word(told, "dtype") or given.dtype)


def _value(
    told: Mapping[str, Json], median: Decimal, quantity: str, dtype: str | None, given: Given
) -> tuple[str, str]:
    """Returns the value and how it was worked out: the work of a call over its median time."""
    units = QUANTITIES[quantity].units
    if Dimension.TIME in units:
        return f"{plain(median)} s", ""
    fitting = [key for key in WORK if any(WORK[key] == unit.value for unit in units)]
    key = next((one for one in fitting if one in told), None)
    if key is None:
        wanted = " or ".join(fitting)
        raise given.fault(
            f"{quantity} needs the {wanted} of one call", f"add {wanted} to extra_info"
        )
    work = decimal(told[key])
    if not work:
        raise given.fault(f"{key}={shown(told[key])} is no work of a call", "give a number above 0")
    unit = "OP/s" if key == "flop" and dtype in INTEGER else WORK[key]
    return f"{plain(work / median)} {unit}", f"{plain(work)} {key} / {plain(median)} s"


def _id(name: str, quantity: str) -> str:
    """Returns a word for a row: its benchmark's name in small letters."""
    plain_name = re.sub(r"[^a-z0-9._-]+", "-", one_line(name).lower())[:60].strip("-._")
    return plain_name or quantity.replace("_", "-")


def _day(data: Mapping[str, Json]) -> str | None:
    told = word(data, "datetime")[:10]
    return told if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", told) else None


def _software(data: Mapping[str, Json]) -> str:
    machine = part(data, "machine_info")
    name, version = (word(machine, f"python_{key}") for key in ("implementation", "version"))
    return f"{name} {version}".strip()


IMPORTER = Importer(
    "pytest-benchmark",
    "pytest-benchmark: JSON, medians of benchmarks that tell their work",
    knows,
    read,
)
