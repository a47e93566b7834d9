"""Fit of the stack's parameters on measured steps, with one vote per chip.

The loss is the absolute error of log time, smoothed at ``SMOOTH`` (``robust``), so that a card that
is throttled for reasons that no sheet gives does not distort the rest. The power headroom has a
prior.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.learning.leastsquares import Free, best_values, chip_votes, named, robust, scaled
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import PARTS, Array, Operator, Points, operator, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, rates, side_by_side, timed
from bench.workloads.model import Workload

SMOOTH = 0.06
"""Log error up to which the loss is about quadratic."""
FREE: Free = {
    "product": (0.3, 1.1, False),
    "headroom": (0.0, 0.5, False),
    "stream": (0.5, 1.0, False),
    "cache": (0.3, 1.0, False),
    "overlap": (1.1, 8.0, False),
    "layer_s": (1e-6, 3e-4, True),
}
"""Parameters that steps determine. The effects of the others are too small to be separated."""
HEADROOM, HEADROOM_SPREAD = 0.09, 0.04
"""Prior mean and standard deviation of ``headroom``, which would otherwise rest on the chips of one
silicon: matrix products alone, on ten chips, say 0.05 in bf16 and 0.13 in fp8."""


@dataclass(frozen=True)
class Case:
    """One measured step with its work, on one chip, with one model and batch.

    Attributes:
        row: its row in the table.
        phase: ``prefill`` or ``decode``.
        seconds: measured time, s.
        operators: operators of the step, over one point.
        rates: rates of the chip's sheet.
        facts: facts of the chip.
    """

    row: Row
    phase: str
    seconds: float
    operators: tuple[Operator, ...]
    rates: Rates
    facts: Facts


def cases(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Case]:
    """Returns the prefill and the decode step of every row of a table of steps."""
    found = []
    for row in rows:
        formats, split = precision(row.words["dtype"]), Parallel(tp=int(row["tp"]))
        chip, model = chips[row.chip], models[row.words["model"]]
        published = rates(chip, formats, linked=split.joined)
        for phase, points in _points(row).items():
            every = tuple(operators(model, phase, points, formats, split))
            seconds = row[f"{phase}_s"]
            found.append(Case(row, phase, seconds, every, published, chip))
    return found


def _points(row: Row) -> dict[str, Points]:
    """Returns a row's prompts for prefill, and the context halfway through its output for decode.

    The row gives the prompts by their number, their tokens and the squares of their lengths.
    """
    batch, mean = row["batch"], row["tokens"] / row["batch"]
    context = mean + row["output"] / 2
    return {
        "prefill": Points(_array(batch), _array(mean), _array(row["squares"])),
        "decode": Points(_array(batch), _array(context)),
    }


def _array(value: float) -> Array:
    return np.array([value], dtype=np.float64)


def joined(measured: Sequence[Case]) -> tuple[list[Operator], Rates]:
    """Returns cases as the points of one step, each with the rates of its own chip."""
    works = [case.operators for case in measured]
    return together(works), side_by_side([case.rates for case in measured])


def together(works: Sequence[Sequence[Operator]]) -> list[Operator]:
    """Returns the operators of several works of one point each as one work with several points."""
    names = dict.fromkeys((one.name, one.kind) for work in works for one in work)
    by_name = [{one.name: one for one in work} for work in works]
    zeros = np.zeros(len(works))
    made = []
    for name, kind in names:
        parts = {
            part: np.array(
                [float(getattr(work[name], part)[0]) if name in work else 0.0 for work in by_name]
            )
            for part in PARTS
        }
        made.append(operator(name, kind, zeros, **parts))
    return made


def fit(measured: Sequence[Case], start: Stack = Stack()) -> Stack:  # noqa: B008 -- a frozen value
    """Returns the stack that explains the cases best."""
    work, published = joined(measured)
    logs = np.log([case.seconds for case in measured])
    votes = chip_votes([case.row.chip for case in measured])

    def errors(values: Array) -> Array:
        predicted = timed(work, published, replace(start, **named(FREE, values))).seconds
        prior = (named(FREE, values)["headroom"] - HEADROOM) / HEADROOM_SPREAD
        return np.append(robust(np.log(predicted) - logs, SMOOTH, votes), prior)

    first = np.array([scaled(FREE, key, getattr(start, key)) for key in FREE])
    return replace(start, **named(FREE, best_values(FREE, first, errors)))


def departures(measured: Sequence[Case], stack: Stack) -> Array:
    """Returns log of measured over predicted time of each case."""
    work, published = joined(measured)
    predicted = timed(work, published, stack).seconds
    return np.asarray(np.log([case.seconds for case in measured]) - np.log(predicted))
