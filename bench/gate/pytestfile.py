"""A file of pytest-benchmark (``--benchmark-json``) as a run of the gate."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

from bench.errors import DataError, Fault, UsageError
from bench.gate.model import Run, Speed, Taken
from bench.gate.speed import speed_of_series
from bench.records.store import MAX_BYTES
from bench.report.markup import one_line
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
    machine = _part(data, "machine_info")
    listed = data.get("benchmarks")
    if not isinstance(listed, list):
        raise _fault(path, "benchmarks", "is missing")
    day = _word(data, "datetime")[:10]
    facts = _facts(data, machine)
    return Run(
        name=path.stem,
        day=day,
        about=", ".join(one for one in (facts["device"], day) if one),
        facts=facts,
        taken=tuple(_taken(one, path) for one in listed),
        whole=("pytest-benchmark",),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _fault(path, "", "is larger than such a file can be")
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_finite)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise _fault(path, "", f"is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise _fault(path, "", "is no object")
    return data


def _finite(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _fault(path: Path, field: str, problem: str) -> DataError:
    return DataError([Fault(path.name, field, problem, FIX)])


def _facts(data: Mapping[str, Any], machine: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns the conditions, without the name of the host."""
    ours, cpu = _part(machine, "onpaper"), _part(machine, "cpu")
    device = _word(ours, "device") or _word(cpu, "brand_raw") or _word(machine, "processor")
    facts = {
        "method": "onpaper" if ours else "pytest-benchmark",
        "device": device,
        "machine": _word(machine, "system"),
        "driver": _word(ours, "driver"),
        "torch": _word(ours, "torch"),
        "python": _word(machine, "python_version"),
        "kernel": _word(machine, "release"),
        "benchmark": _word(data, "version"),
    }
    return {key: word or None for key, word in facts.items()}


def _taken(one: object, path: Path) -> Taken:
    if not isinstance(one, dict):
        raise _fault(path, "benchmarks", "holds an entry that is not a benchmark")
    name = _word(one, "fullname") or _word(one, "name")
    info = _part(one, "extra_info")
    speed = _speed(_part(one, "stats"))
    if not name or speed is None:
        raise _fault(path, f"benchmarks: {name or '?'}", "has no times above 0")
    ours = _word(info, "measurement")
    work = info.get(_word(info, "rate_of")) if ours else None
    if _is_time(work):
        speed = replace(speed, value=speed.value * work)
        dimension = DIMENSIONS.get(_word(info, "rate_of"), Dimension.FLOP_RATE)
        if dimension is Dimension.FLOP_RATE and _word(info, "dtype") == "int8":
            dimension = Dimension.OP_RATE
    else:
        dimension = Dimension.TIME
    value = 1 / speed.value if dimension is Dimension.TIME else speed.value
    return Taken(
        name=("pytest-benchmark", ours or name),
        title=ours or name,
        parameters={"shape": _word(info, "shape")} if ours else {},
        shape=_word(info, "shape") if ours else "",
        moves=bool(ours),
        status="ok",
        reason="",
        speed=speed,
        shown=show(value, dimension, 4),
        dimension=dimension,
    )


def _speed(stats: Mapping[str, Any]) -> Speed | None:
    """Returns the speed in calls/s, from every sample if they are given, else from the summary."""
    data = stats.get("data")
    if isinstance(data, list) and data:
        return speed_of_series(tuple(map(float, data))) if all(map(_is_time, data)) else None
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


def _part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = data.get(key)
    return inner if isinstance(inner, dict) else {}


def _word(data: Mapping[str, Any], key: str) -> str:
    inner = data.get(key)
    return one_line(str(inner))[:300] if isinstance(inner, str | int | float) else ""
