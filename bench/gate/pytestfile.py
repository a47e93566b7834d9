"""A file of pytest-benchmark (``--benchmark-json``) as a run of the gate."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.errors import DataError, Fault, UsageError
from bench.gate.model import Run, Speed, Taken
from bench.gate.speed import speed_of_series
from bench.records.store import MAX_BYTES
from bench.report.markup import one_line
from bench.units import Dimension, show

FIX = "give the file of --benchmark-json"
MEDIAN = math.sqrt(math.pi / 2) / 1.349
"""Standard error of a median over that of a mean, by the interquartile range of normal noise."""


def run_of(path: Path) -> Run:
    """Returns what the gate compares of a file: the median time of a call of each benchmark.

    Raises:
        UsageError: the file cannot be read.
        DataError: it is none of pytest-benchmark's, or a benchmark in it has no times.
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
        raise _fault(path, "", f"is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise _fault(path, "", "is no object")
    return data


def _finite(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _fault(path: Path, field: str, problem: str) -> DataError:
    return DataError([Fault(path.name, field, problem, FIX)])


def _facts(data: Mapping[str, Any], machine: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns the circumstances; the name of the host is left aside."""
    ours, cpu = _part(machine, "onpaper"), _part(machine, "cpu")
    device = _word(ours, "device") or _word(cpu, "brand_raw") or _word(machine, "processor")
    told = {
        "method": "onpaper" if ours else "pytest-benchmark",
        "device": device,
        "machine": _word(machine, "system"),
        "driver": _word(ours, "driver"),
        "torch": _word(ours, "torch"),
        "python": _word(machine, "python_version"),
        "kernel": _word(machine, "release"),
        "benchmark": _word(data, "version"),
    }
    return {key: word or None for key, word in told.items()}


def _taken(one: object, path: Path) -> Taken:
    if not isinstance(one, dict):
        raise _fault(path, "benchmarks", "holds what is no benchmark")
    name = _word(one, "fullname") or _word(one, "name")
    stats = _part(one, "stats")
    speed = _speed(stats)
    if not name or speed is None:
        raise _fault(path, f"benchmarks: {name or '?'}", "tells no times above 0")
    return Taken(
        name=("pytest-benchmark", name),
        title=name,
        parameters={},
        shape="",
        moves=False,
        status="ok",
        reason="",
        speed=speed,
        shown=show(1 / speed.value, Dimension.TIME, 4),
        dimension=Dimension.TIME,
    )


def _speed(stats: Mapping[str, Any]) -> Speed | None:
    """Returns calls a second, of every sample where they are told, else of the summary."""
    data = stats.get("data")
    if isinstance(data, list) and data:
        return speed_of_series(tuple(map(float, data))) if all(map(_is_time, data)) else None
    median, spread, rounds = (stats.get(key) for key in ("median", "iqr", "rounds"))
    if not _is_time(median) or not _is_number(spread) or not _is_number(rounds) or rounds < 2:
        return None
    error = MEDIAN * abs(spread) / math.sqrt(rounds) / median
    return Speed(1 / median, error, error, rounds - 1)


def _is_number(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and math.isfinite(value)  # type: ignore[arg-type]  # a number by now


def _is_time(value: object) -> bool:
    return _is_number(value) and value > 0  # type: ignore[operator]  # a number by now


def _part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = data.get(key)
    return inner if isinstance(inner, dict) else {}


def _word(data: Mapping[str, Any], key: str) -> str:
    inner = data.get(key)
    return one_line(str(inner))[:300] if isinstance(inner, str | int | float) else ""
