"""Shapes and ways tried: what a search tried besides its winner, the best first."""

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.kernels.common.base import Point
from bench.kernels.registry import KERNELS, kernel
from bench.rates import Interval
from bench.records.model import Measurement, Record, Trial, Work
from bench.report.digits import with_interval
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.units import Dimension, show
from bench.verdict import Row

TITLE = "Shapes and ways tried"
COLUMNS = ("figure", "shape or way", "rate of its trial", "of the best", "time of a call", "calls")
LINE = (
    "A trial is a few calls; the ten best of each search are shown. Only the winner was measured "
    "in full, and only that counts."
)
SHOWN = 10
COUNTED = {
    Dimension.FLOP_RATE: "flop",
    Dimension.OP_RATE: "flop",
    Dimension.BYTE_RATE: "bytes",
    Dimension.TOKEN_RATE: "items",
}
"""What of a call's work a rate counts."""


def trial_sections(record: Record, judged: Sequence[Row]) -> Iterator[Section]:
    """Yields the table of all that was tried, where anything was searched for."""
    cells, flat = [], []
    for row in judged:
        found = row.measurement.search
        ranked = _ranked(row) if found and len(found.trials) > 1 else []
        best = max((rate for _, rate in ranked if rate), default=None)
        cells += [_cells(row, one, rate, best) for one, rate in ranked[:SHOWN]]
        flat += [_flat(record, row, one, rate, best) for one, rate in ranked]
    if flat:
        yield Section(TITLE, COLUMNS, tuple(cells), flat, (LINE,))


def _ranked(row: Row) -> list[tuple[Trial, float | None]]:
    """Returns the trials with their rates, the best first; those of no known rate are last."""
    found = row.measurement.search
    rated = [(one, _rate(row, one)) for one in (found.trials if found else ())]
    return sorted(rated, key=lambda pair: (-(pair[1] or 0.0), pair[0].median_s))


def _rate(row: Row, trial: Trial) -> float | None:
    """Returns a trial's rate by its own work, None where this program does not know that."""
    one = row.measurement
    won, tried = (_amount(row, told) for told in (one.parameters, trial.parameters))
    if not won or not tried or one.work is None or row.dimension not in COUNTED:
        return None
    if not math.isclose(won, _counted(row, one.work), rel_tol=1e-6):
        return None
    return tried / trial.median_s


def _amount(row: Row, parameters: Mapping[str, int | str]) -> float | None:
    """Returns what a call of a configuration does, as its kernel counts it."""
    one = row.measurement
    if one.kernel not in KERNELS:
        return None
    point = Point(one.kernel, one.dtype, one.data, dict(parameters))
    try:
        return _counted(row, kernel(one.kernel).work(point))
    except (LookupError, TypeError, ValueError, ZeroDivisionError):  # a kernel of another version
        return None


def _counted(row: Row, work: Work) -> float:
    return getattr(work, COUNTED[row.dimension]) if row.dimension in COUNTED else 0.0


def _words(trial: Trial, measurement: Measurement) -> str:
    """Returns what tells a trial from the others of its search."""
    told, found = trial.parameters, measurement.search
    others = found.trials if found else ()
    moved = [key for key in told if any(one.parameters.get(key) != told[key] for one in others)]
    if not {"m", "n", "k"} <= told.keys():
        return " ".join(f"{key}={told[key]}" for key in moved)
    rest = [str(told[key]) for key in moved if key not in "mnk"]
    return " ".join([" x ".join(str(told[side]) for side in "mnk"), *rest])


def _cells(row: Row, trial: Trial, rate: float | None, best: float | None) -> tuple[str, ...]:
    told = with_interval(Interval(rate, rate, rate), row.dimension) if rate else "–"
    return (
        row.title,
        _words(trial, row.measurement),
        told.partition(" (")[0],
        f"{rate / best:.1%}" if rate and best else "–",
        show(trial.median_s, Dimension.TIME),
        str(trial.calls),
    )


def _flat(
    record: Record, row: Row, trial: Trial, rate: float | None, best: float | None
) -> dict[str, Scalar]:
    one = row.measurement
    return {
        "record": record.id,
        "figure": row.key,
        "kernel": one.kernel,
        "dtype": one.dtype,
        "data": one.data,
        "label": one.label,
        "parameters": " ".join(f"{name}={value}" for name, value in trial.parameters.items()),
        "unit": row.dimension.value,
        "rate": rate,
        "of_best": rate / best if rate and best else None,
        "seconds": trial.median_s,
        "calls": trial.calls,
        "won": trial.parameters == one.parameters,
    }
