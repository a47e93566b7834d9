"""A file of pytest-benchmark (``--benchmark-json``) as a run of the gate."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from bench.errors import DataError, Fault, UsageError
from bench.files.jsonfile import Json, part, strict, word
from bench.gate.model import Run, Speed, Taken
from bench.gate.speed import speed_of_series
from bench.records.store import MAX_BYTES
from bench.report.text.markup import one_line
from bench.units import Dimension, show

DIMENSIONS = {"flop": Dimension.FLOP_RATE, "bytes": Dimension.BYTE_RATE}
HUGE = 1e300
"""Larger than any time in seconds or count."""
FIX = "give the file of --benchmark-json"
MEDIAN = math.sqrt(math.pi / 2) / 1.349
"""Standard error of a median over that of a mean, by the interquartile range of normal noise."""


def run_of(path: Path) -> Run:
    """Returns what the gate compares of a file: the median time of a call of each benchmark.

    Raises:
        UsageError: the file cannot be read.
        DataError: it is not from pytest-benchmark, or a benchmark in it has no times.
    """
    data = _read(path)
    machine = part(data, "machine_info")
    listed = data.get("benchmarks")
    if not isinstance(listed, list):
        raise _fault(path, "benchmarks", "is missing")
    day = _line(data, "datetime")[:10]
    facts = _facts(data, machine)
    return Run(
        name=path.stem,
        day=day,
        about=", ".join(one for one in (facts["device"], day) if one),
        facts=facts,
        taken=tuple(_taken(one, path) for one in listed),
        whole=("pytest-benchmark",),
    )


def _read(path: Path) -> dict[str, Json]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _fault(path, "", "is larger than such a file can be")
        data = strict(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _fault(path, "", f"is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise _fault(path, "", "is no object")
    return data


def _fault(path: Path, field: str, problem: str) -> DataError:
    return DataError([Fault(path.name, field, problem, FIX)])


def _facts(data: Mapping[str, Json], machine: Mapping[str, Json]) -> dict[str, str | None]:
    """Returns the conditions, without the name of the host."""
    ours, cpu = part(machine, "onpaper"), part(machine, "cpu")
    device = _line(ours, "device") or _line(cpu, "brand_raw") or _line(machine, "processor")
    facts = {
        "method": "onpaper" if ours else "pytest-benchmark",
        "device": device,
        "machine": _line(machine, "system"),
        "driver": _line(ours, "driver"),
        "torch": _line(ours, "torch"),
        "python": _line(machine, "python_version"),
        "kernel": _line(machine, "release"),
        "benchmark": _line(data, "version"),
    }
    return {key: fact or None for key, fact in facts.items()}


def _taken(one: object, path: Path) -> Taken:
    if not isinstance(one, dict):
        raise _fault(path, "benchmarks", "holds an entry that is not a benchmark")
    name = _line(one, "fullname") or _line(one, "name")
    info = part(one, "extra_info")
    speed = _speed(part(one, "stats"))
    if not name or speed is None:
        raise _fault(path, f"benchmarks: {name or '?'}", "has no times above 0")
    ours = _line(info, "measurement")
    work = info.get(_line(info, "rate_of")) if ours else None
    if _is_time(work):
        speed = replace(speed, value=speed.value * work)
        dimension = DIMENSIONS.get(_line(info, "rate_of"), Dimension.FLOP_RATE)
        if dimension is Dimension.FLOP_RATE and _line(info, "dtype").startswith("int"):
            dimension = Dimension.OP_RATE
    else:
        dimension = Dimension.TIME
    value = 1 / speed.value if dimension is Dimension.TIME else speed.value
    return Taken(
        name=("pytest-benchmark", ours or name),
        title=ours or name,
        parameters={"shape": _line(info, "shape")} if ours else {},
        shape=_line(info, "shape") if ours else "",
        moves=bool(ours),
        status="ok",
        reason="",
        speed=speed,
        shown=show(value, dimension, 4),
        dimension=dimension,
    )


def _speed(stats: Mapping[str, Json]) -> Speed | None:
    """Returns the speed in calls/s, from every sample if they are given, else from the summary."""
    data = stats.get("data")
    if isinstance(data, list) and data:
        times = [float(one) for one in data if _is_time(one)]
        return speed_of_series(tuple(times)) if len(times) == len(data) else None
    median, spread, rounds = (stats.get(key) for key in ("median", "iqr", "rounds"))
    if not (_is_number(spread) and _is_number(rounds) and _is_time(median)) or rounds < 2:
        return None
    error = MEDIAN * abs(spread) / math.sqrt(rounds) / median
    return Speed(1 / median, error, error, rounds - 1)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < HUGE


def _is_time(value: object) -> TypeGuard[float]:
    return _is_number(value) and value > 0


def _line(data: Mapping[str, Json], key: str) -> str:
    """Returns the text or number under a key on one line, cut; empty if there is none."""
    return one_line(word(data, key))[:300]
