"""The hold-out cases that are drawn, as a file: predictions beside measurements."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench import paths
from bench.errors import DataError, Fault, UsageError
from bench.predict.validation.errors import Outcome, Part

FILE = "validation.csv"
"""Name of the file, in ``results/``."""
COLUMNS = ("part", "cases", "median_error", "chip", "work", "measured", "predicted", "low", "high")
DRAWN_PARTS: Mapping[str, str] = MappingProxyType({
    "prefill step: chip left out": "prefill",
    "decode step: chip left out": "decode",
    "serving TPOT, dense: chip left out": "serving, dense",
    "serving TPOT, experts: chip left out": "serving, experts",
    "figures of sheets, matrix: chip left out": "matrix figures",
    "figures of sheets, memory: chip left out": "memory figures",
})  # fmt: skip
"""The parts of the validation whose cases are plotted, with their names in the plot."""
MAX_POINTS = 500
"""Of a part with more cases, this many are kept, evenly spaced in their order."""


@dataclass(frozen=True)
class Point:
    """One hold-out case.

    Attributes:
        part: part of the validation.
        cases: number of cases in the whole part, of which the points may be a sample.
        median_error: median relative error over the whole part.
        chip: id of the sheet.
        work: the work that was run.
        measured: measured time (s), or share of a published figure.
        predicted: predicted value, in the same unit.
        low: lower end of the prediction's 95% interval; None if there is no interval.
        high: upper end of that interval; None if there is no interval.
    """

    part: str
    cases: int
    median_error: float
    chip: str
    work: str
    measured: float
    predicted: float
    low: float | None
    high: float | None


def read(path: Path | None = None) -> list[Point]:
    """Reads the points of a validation (default: the shipped ones).

    Raises:
        UsageError: there is no such file.
        DataError: the file does not hold valid points.
    """
    file = path or paths.data_dir("results") / FILE
    try:
        rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
        return [_point(row) for row in rows]
    except OSError:
        raise UsageError(f"no {file.name} in results/: 'make docs' writes it") from None
    except (KeyError, ValueError, TypeError) as error:
        fault = Fault(file.name, "", f"holds no points of a validation: {error}", "run 'make docs'")
        raise DataError([fault]) from None


def _point(row: dict[str, str]) -> Point:
    numbers = [float(row[name]) for name in ("median_error", "measured", "predicted")]
    if min(numbers[1:]) <= 0:
        raise ValueError("a value is not above 0")
    low, high = (float(row[name]) if row[name] else None for name in ("low", "high"))
    return Point(row["part"], int(row["cases"]), numbers[0], row["chip"], row["work"],
                 numbers[1], numbers[2], low, high)  # fmt: skip


def written(parts: Sequence[Part]) -> str:
    """Returns predictions and measurements as CSV, in s or as shares of a published figure.

    ``cases`` and ``median_error`` are those of the whole part.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for part in parts:
        if part.key in DRAWN_PARTS:
            part_errors = part.figures
            common = (DRAWN_PARTS[part.key], part_errors.count, f"{part_errors.median:.4f}")
            writer.writerows((*common, *cells) for cells in _cells(_evenly(part.cases)))
    return out.getvalue()


def _evenly(cases: Sequence[Outcome]) -> list[Outcome]:
    """Returns at most ``MAX_POINTS`` cases: the first of each of that many equal stretches."""
    count = min(MAX_POINTS, len(cases))
    return [cases[place * len(cases) // count] for place in range(count)]


def _cells(cases: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    for case in cases:
        if case.measured is None:
            continue
        predicted = case.measured * math.exp(case.error)
        ends = case.bounds(-1) if case.halves else ()
        bounds = [case.measured * math.exp(end) for end in ends]
        values = [f"{value:.5g}" for value in (case.measured, predicted, *bounds)]
        yield (case.chip, case.work, *values, *([""] * (4 - len(values))))
