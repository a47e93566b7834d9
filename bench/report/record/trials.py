"""The table of a record's search trials: the shapes and implementations tried, the best first."""

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.judging.rates import Interval
from bench.judging.verdict import Row
from bench.kernels.common.base import Point
from bench.kernels.registry import kernel, known
from bench.records.model import Measurement, Record, Trial, Work
from bench.report.table import Section
from bench.report.text.digits import with_interval
from bench.report.text.scalar import Scalar
from bench.units import Dimension, show

TITLE = "Shapes and ways tried"
COLUMNS = ("figure", "shape or way", "rate of its trial", "of the best", "time of a call", "calls")
LINE = (
    "A trial is a few calls; the ten best of each search are shown. Only the winner was measured "
    "in full, and only that counts."
)
SHOWN = 10
"""Maximum number of trials per search that are shown as text."""
COUNTED = {
    Dimension.FLOP_RATE: "flop",
    Dimension.OP_RATE: "flop",
    Dimension.BYTE_RATE: "bytes",
    Dimension.TOKEN_RATE: "items",
}
"""The attribute of a call's work that a rate counts, by the rate's dimension."""


def trial_sections(record: Record, judged: Sequence[Row]) -> Iterator[Section]:
    """Yields the table of all trials, if there was any search."""
    cells, flat = [], []
    for row in judged:
        search = row.measurement.search
        ranked = _ranked(row) if search and len(search.trials) > 1 else []
        best = max((rate for _, rate in ranked if rate), default=None)
        cells += [_cells(row, trial, rate, best) for trial, rate in ranked[:SHOWN]]
        flat += [_flat(record, row, trial, rate, best) for trial, rate in ranked]
    if flat:
        yield Section(TITLE, COLUMNS, tuple(cells), flat, (LINE,))


def _ranked(row: Row) -> list[tuple[Trial, float | None]]:
    """Returns the trials with their rates, the best first; those without a known rate are last."""
    search = row.measurement.search
    rated = [(trial, _rate(row, trial)) for trial in (search.trials if search else ())]
    return sorted(rated, key=lambda pair: (-(pair[1] or 0.0), pair[0].median_s))


def _rate(row: Row, trial: Trial) -> float | None:
    """Returns a trial's rate by its own work, None if this program cannot compute that work.

    The kernel's formula must give the recorded work of the winner: a kernel of another version may
    count differently.
    """
    measurement = row.measurement
    won, tried = (_amount(row, one) for one in (measurement.parameters, trial.parameters))
    if not won or not tried or measurement.work is None or row.dimension not in COUNTED:
        return None
    if not math.isclose(won, _counted(row, measurement.work), rel_tol=1e-6):
        return None
    return tried / trial.median_s


def _amount(row: Row, parameters: Mapping[str, int | str]) -> float | None:
    """Returns the work of one call by the kernel's formula, None if it cannot be computed."""
    one = row.measurement
    if one.kernel not in known():
        return None
    point = Point(one.kernel, one.dtype, one.data, dict(parameters))
    try:
        return _counted(row, kernel(one.kernel).work(point))
    except Exception:  # noqa: BLE001 -- a kernel of another version, or that a package adds
        return None


def _counted(row: Row, work: Work) -> float:
    """Returns the part of a call's work that the row's rate counts: FLOP, bytes or items."""
    return getattr(work, COUNTED[row.dimension]) if row.dimension in COUNTED else 0.0


def _configuration(trial: Trial, measurement: Measurement) -> str:
    """Returns the parameters in which a trial differs from others of its search, and its shape."""
    parameters, search = trial.parameters, measurement.search
    trials = search.trials if search else ()
    varied = [
        key
        for key, value in parameters.items()
        if any(one.parameters.get(key) != value for one in trials)
    ]
    if not {"m", "n", "k"} <= parameters.keys():
        return " ".join(f"{key}={parameters[key]}" for key in varied)
    rest = [str(parameters[key]) for key in varied if key not in "mnk"]
    return " ".join([" x ".join(str(parameters[side]) for side in "mnk"), *rest])


def _cells(row: Row, trial: Trial, rate: float | None, best: float | None) -> tuple[str, ...]:
    text = with_interval(Interval(rate, rate, rate), row.dimension) if rate else "–"
    return (
        row.title,
        _configuration(trial, row.measurement),
        text.partition(" (")[0],
        f"{rate / best:.1%}" if rate and best else "–",
        show(trial.median_s, Dimension.TIME),
        str(trial.calls),
    )


def _flat(
    record: Record, row: Row, trial: Trial, rate: float | None, best: float | None
) -> dict[str, Scalar]:
    measurement = row.measurement
    return {
        "record": record.id,
        "backend": record.device.backend,
        "figure": row.key,
        "kernel": measurement.kernel,
        "dtype": measurement.dtype,
        "data": measurement.data,
        "label": measurement.label,
        "parameters": " ".join(f"{name}={value}" for name, value in trial.parameters.items()),
        "unit": row.dimension.value,
        "rate": rate,
        "of_best": rate / best if rate and best else None,
        "seconds": trial.median_s,
        "calls": trial.calls,
        "won": trial.parameters == measurement.parameters,
    }
