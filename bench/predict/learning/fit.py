"""The stack's parameters, fitted on measured steps; one chip has one vote, and outliers little.

Least absolute deviations of log time, smoothed at ``SMOOTH`` (``robust``): a card that is throttled
for reasons no sheet tells must not bend the rest.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.learning.robust import robust
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import PARTS, Array, Operator, Points, operator, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, rates, side_by_side, timed
from bench.workloads.model import Workload

SMOOTH = 0.06
"""Log error up to which errors count by their square."""
FREE: Mapping[str, tuple[float, float, bool]] = {
    "product": (0.3, 1.1, False),
    "headroom": (0.0, 0.5, False),
    "stream": (0.5, 1.0, False),
    "cache": (0.3, 1.0, False),
    "overlap": (1.1, 8.0, False),
    "layer_s": (1e-6, 3e-4, True),
    "message_s": (1e-6, 1e-4, True),
}
"""Parameters that steps tell, with their bounds and whether they are looked for in logs. What the
others do shows too little there to be told apart."""


@dataclass(frozen=True)
class Case:
    """One measured step with its work: of one chip, one model, one batch.

    Attributes:
        seconds: measured.
        every: operators, over one point.
        chip: what the sheet promises.
    """

    row: Row
    phase: str
    seconds: float
    every: tuple[Operator, ...]
    chip: Rates
    facts: Facts


def cases(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Case]:
    """Returns prefill and decode of every row of a table of steps."""
    found = []
    for row in rows:
        how, split = precision(row.words["dtype"]), Parallel(tp=int(row["tp"]))
        chip, model = chips[row.chip], models[row.words["model"]]
        promised = rates(chip, how, linked=split.joined)
        for phase, points in _points(row).items():
            every = tuple(operators(model, phase, points, how, split))
            seconds = row[f"{phase}_s"]
            found.append(Case(row, phase, seconds, every, promised, chip))
    return found


def _points(row: Row) -> dict[str, Points]:
    """Returns the prompts as they came, and the context in the middle of decoding."""
    batch, mean = row["batch"], row["tokens"] / row["batch"]
    context = mean + row["output"] / 2
    return {
        "prefill": Points(_one(batch), _one(mean), _one(row["squares"])),
        "decode": Points(_one(batch), _one(context)),
    }


def _one(value: float) -> Array:
    return np.array([value], dtype=np.float64)


def joined(found: Sequence[Case]) -> tuple[list[Operator], Rates]:
    """Returns cases as the points of one step, each on its own chip."""
    return together([one.every for one in found]), side_by_side([one.chip for one in found])


def together(found: Sequence[Sequence[Operator]]) -> list[Operator]:
    """Returns operators of several works, of one point each, as the points of one work."""
    names = dict.fromkeys((one.name, one.kind) for every in found for one in every)
    held = [{one.name: one for one in every} for every in found]
    like = np.zeros(len(found))
    made = []
    for name, kind in names:
        parts = {
            part: np.array(
                [float(getattr(of[name], part)[0]) if name in of else 0.0 for of in held]
            )
            for part in PARTS
        }
        made.append(operator(name, kind, like, **parts))
    return made


def fit(found: Sequence[Case], start: Stack = Stack()) -> Stack:  # noqa: B008 -- a frozen value
    """Returns the stack that explains the cases best."""
    from scipy.optimize import least_squares

    every, promised = joined(found)
    logs = np.log([one.seconds for one in found])
    votes = _votes(found)

    def errors(values: Array) -> Array:
        told = timed(every, promised, _stack(start, values)).seconds
        return robust(np.log(told) - logs, SMOOTH, votes)

    low, high = (np.array(_scaled(FREE, place)) for place in (0, 1))
    first = np.clip([_log(getattr(start, key), key) for key in FREE], low + 1e-9, high - 1e-9)
    best = least_squares(errors, first, bounds=(low, high), x_scale=_size(first))
    return _stack(start, best.x)


def departures(found: Sequence[Case], stack: Stack) -> Array:
    """Returns log of measured over predicted time of each case."""
    every, promised = joined(found)
    told = timed(every, promised, stack).seconds
    return np.asarray(np.log([one.seconds for one in found]) - np.log(told))


def _votes(found: Sequence[Case]) -> Array:
    chips = [one.row.chip for one in found]
    return np.array([math.sqrt(1.0 / chips.count(chip)) for chip in chips])


def _log(value: float, key: str) -> float:
    return math.log(value) if FREE[key][2] else value


def _scaled(free: Mapping[str, tuple[float, float, bool]], place: int) -> list[float]:
    return [_log(one[place], key) for key, one in free.items()]


def _size(first: Array) -> Array:
    return np.asarray(np.maximum(np.abs(first), 0.1))


def _stack(start: Stack, values: Array) -> Stack:
    told = zip(FREE, values, strict=True)
    return replace(
        start, **{key: math.exp(one) if FREE[key][2] else float(one) for key, one in told}
    )
