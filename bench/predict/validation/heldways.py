"""How good a choice among ways to divide a model is, by serving that was run in several ways.

A choice is of one chip, model, format and engine with prompts and answers of one length, within one
limit of TPOT. Of the ways that were run, the one is taken that is predicted to give most tokens a
second and chip within the limit; the case is what it gave as measured, over what the best of them
gave. Its rivals are the rules of thumb: a copy on as few chips as it fits on, and on as many as
there are.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.predict.learning.served import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.validation.errors import Outcome
from bench.predict.validation.heldserving import engine

LIMITS = (0.01, 0.02, 0.03, 0.05, 0.1)
"""Of TPOT, in seconds: from what few chips keep to what nearly all do."""
NOTHING = 1e-3
"""What a choice is taken to give of which no run kept the limit."""
NOTE = (
    "of the ways in which others served a model on a chip, the one predicted to give most tokens/s "
    "within a limit of TPOT (10, 20, 30, 50, 100 ms): its measured rate over that of the best way; "
    "0 where none of its runs kept the limit"
)
Way = tuple[int, int, int]
"""tp, dp and ep of a row."""


@dataclass(frozen=True)
class Run:
    """One run: how it was divided; TPOT in s and tokens a second and chip, measured, predicted."""

    way: Way
    tpot: float
    rate: float
    predicted_tpot: float
    predicted_rate: float


def choices(world: World) -> list[Outcome]:
    """Returns a case for each choice between two ways or more that were run within a limit."""
    rows = [*world.serving, *world.unseen]
    groups: dict[tuple[str, ...], list[Run]] = {}
    for row, run in _runs(world, rows):
        groups.setdefault(_same(row), []).append(run)
    return [
        case
        for (chip, *rest), runs in groups.items()
        for limit in LIMITS
        for case in _case(chip, " ".join(rest[:1] + rest[-1:]), runs, limit)
    ]


def _same(row: Row) -> tuple[str, ...]:
    words = (row.words[key] for key in ("model", "dtype", "stack"))
    return (row.chip, *words, f"{row['input']:g}", f"{row['output']:g}", engine(row))


def _runs(world: World, rows: Sequence[Row]) -> Iterator[tuple[Row, Run]]:
    stack = world.stack()
    tpots, turns = (
        served(rows, world.chips, world.models, stack, what=what) for what in ("tpot", "turn")
    )
    for row, tpot, turn in zip(rows, tpots, turns, strict=True):
        if not math.isfinite(tpot):
            continue
        took, each = row["tpot_ms"] * 1e-3, row["concurrency"] / (row["tp"] * row["dp"])
        turned = took + row["ttft_ms"] * 1e-3 / row["output"]
        way = int(row["tp"]), int(row["dp"]), int(row["ep"])
        yield row, Run(way, took, each / turned, float(tpot), float(each / turn))


def _case(chip: str, work: str, runs: Sequence[Run], limit: float) -> Iterator[Outcome]:
    """Yields what is chosen within one limit, if there is a choice."""
    given = _most([(one.way, one.tpot, one.rate) for one in runs], limit)
    told = _most([(one.way, one.predicted_tpot, one.predicted_rate) for one in runs], limit)
    if len(given) < 2 or not told:
        return
    picks = max(told, key=lambda way: told[way]), min(given, key=_copy), max(given, key=_copy)
    best = max(given.values())
    error, *rivals = (math.log(max(given.get(pick, 0.0) / best, NOTHING)) for pick in picks)
    yield Outcome(chip, work, error, (), (rivals[0], rivals[1]))


def _copy(way: Way) -> tuple[int, int]:
    """Returns over how many chips a copy is divided, and experts."""
    tp, _, ep = way
    return tp, ep


def _most(runs: Sequence[tuple[Way, float, float]], limit: float) -> Mapping[Way, float]:
    """Returns the highest rate of each way within a limit; ways that do not keep it are not in."""
    found: dict[Way, float] = {}
    for way, tpot, rate in runs:
        if tpot <= limit:
            found[way] = max(rate, found.get(way, 0.0))
    return found
