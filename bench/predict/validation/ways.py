"""Tests the choice among ways to divide a model, on serving that was run in several ways.

A choice is made for one chip, model, number format, engine, prompt length and output length, within
one limit of TPOT. Of the ways that were run, it takes the one predicted to give the most tokens/s
per chip within the limit. The case is the measured rate of that way over that of the best way. The
baselines are rules of thumb: each copy on as few chips as possible, and on as many as possible.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.predict.learning.servingrows import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.validation.errors import Outcome
from bench.predict.validation.serving import engine

LIMITS = (0.01, 0.02, 0.03, 0.05, 0.1)
"""Limits of TPOT in s, from one that few chips meet to one that nearly all do."""
NOTHING = 1e-3
"""Relative rate that stands for a chosen way of which no run met the limit."""
NOTE = (
    "of the ways in which others served a model on a chip, the one predicted to give most tokens/s "
    "within a limit of TPOT (10, 20, 30, 50, 100 ms): its measured rate over that of the best way; "
    "0 where none of its runs kept the limit"
)
Split = tuple[int, int, int]
"""``tp``, ``dp`` and ``ep``."""


@dataclass(frozen=True)
class Run:
    """One run of serving.

    Attributes:
        way: how the model was divided.
        tpot, rate: measured TPOT in s, and measured tokens/s per chip.
        predicted_tpot, predicted_rate: the same as predicted.
    """

    way: Split
    tpot: float
    rate: float
    predicted_tpot: float
    predicted_rate: float


def choices(world: World) -> list[Outcome]:
    """Returns a case for each choice between two or more ways that met a limit."""
    rows = [*world.serving, *world.unfitted_serving]
    return [
        case
        for (chip, *rest), own in runs_by_work(world, rows).items()
        for limit in LIMITS
        for case in chosen(chip, " ".join(rest[:1] + rest[-1:]), own, limit)
    ]


def runs_by_work(world: World, rows: Sequence[Row]) -> dict[tuple[str, ...], list[Run]]:
    """Returns runs of serving that can be predicted, by chip, work and engine."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for row, run in runs(world, rows):
        groups.setdefault(_same(row), []).append(run)
    return groups


def _same(row: Row) -> tuple[str, ...]:
    """Returns a key that is equal for runs of the same work in different ways."""
    words = (row.words[key] for key in ("model", "dtype", "stack"))
    return (row.chip, *words, f"{row['input']:g}", f"{row['output']:g}", engine(row))


def runs(world: World, rows: Sequence[Row]) -> Iterator[tuple[Row, Run]]:
    """Yields runs of serving that can be predicted, with their rows."""
    stack = world.stack()
    tpots, turns = (
        served(rows, world.chips, world.models, stack, what=what) for what in ("tpot", "turn")
    )
    for row, tpot, turn in zip(rows, tpots, turns, strict=True):
        if not math.isfinite(tpot):
            continue
        measured, per_chip = row["tpot_ms"] * 1e-3, row["concurrency"] / (row["tp"] * row["dp"])
        measured_turn = measured + row["ttft_ms"] * 1e-3 / row["output"]
        way = int(row["tp"]), int(row["dp"]), int(row["ep"])
        rate, predicted_rate = per_chip / measured_turn, float(per_chip / turn)
        yield row, Run(way, measured, rate, float(tpot), predicted_rate)


def chosen(chip: str, work: str, own: Sequence[Run], limit: float) -> Iterator[Outcome]:
    """Yields the choice within one limit, if several ways met it."""
    measured = _most([(one.way, one.tpot, one.rate) for one in own], limit)
    predicted = _most([(one.way, one.predicted_tpot, one.predicted_rate) for one in own], limit)
    if len(measured) < 2 or not predicted:
        return
    best_predicted = max(predicted, key=lambda way: predicted[way])
    picks = best_predicted, min(measured, key=_copy), max(measured, key=_copy)
    best = max(measured.values())
    error, *rivals = (math.log(max(measured.get(pick, 0.0) / best, NOTHING)) for pick in picks)
    yield Outcome(chip, work, error, (), (rivals[0], rivals[1]))


def _copy(way: Split) -> tuple[int, int]:
    """Returns the number of chips that a copy is divided over, and that experts are spread over."""
    tp, _, ep = way
    return tp, ep


def _most(runs: Sequence[tuple[Split, float, float]], limit: float) -> Mapping[Split, float]:
    """Returns the highest rate of each way within a limit, without ways that do not meet it."""
    found: dict[Split, float] = {}
    for way, tpot, rate in runs:
        if tpot <= limit:
            found[way] = max(rate, found.get(way, 0.0))
    return found
