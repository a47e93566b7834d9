"""Measured training: how each run was divided over chips, and the factors fitted on the runs."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import UsageError
from bench.predict.learning.fit import together
from bench.predict.learning.leastsquares import chip_votes, robust
from bench.predict.learning.pooling import PRIOR_VENDORS, Departures, pooled
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.recipe import Recipe
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, rates, side_by_side
from bench.predict.model.training import Trainer, TrainingTimes, training_times
from bench.predict.model.trainwork import TrainingWork, training_work
from bench.workloads.model import Workload

TRAIN, TRAIN_EXPERTS = "train", "train-experts"
"""Parts of the fit for training: dense models, and models with experts."""
SMOOTH = 0.2
"""Log error up to which the loss is about quadratic."""
FREE = {
    "product": (0.5, 3.0), "experts": (0.5, 5.0), "attention": (0.3, 5.0), "stream": (0.3, 5.0),
    "link": (0.1, 2.0), "fixed": (0.05, 2.0),
}  # fmt: skip
"""Lower and upper bounds of the factors that are fitted."""
ENGINES = 0.2
"""Prior log spread of engines; it counts as ``PRIOR_ENGINES`` measured engines."""
PRIOR_ENGINES = PRIOR_VENDORS
USUAL = 0.5
"""Prior log spread of a factor about 1: what few runs cannot determine stays near 1."""
DIVIDED = ("tp", "pp", "cp", "ep", "vp", "micro", "recompute", "sharded")
"""Columns that say how the work was divided, without the number of copies."""
NARROW = {"mxfp8": "fp8"}
"""Formats that run at another format's rate."""
Skipped = tuple[Row, str]
"""A run for which nothing can be predicted, and the reason."""


@dataclass(frozen=True)
class Run:
    """One measured training run with its work.

    Attributes:
        row: its row in the table.
        work: what one chip does in a step.
        rates: rates of the chip's sheet in the run's number format.
        facts: facts of the chip, with the board power of the run.
        rate: measured tokens/s per chip.
        tokens: tokens per step and chip.
    """

    row: Row
    work: TrainingWork
    rates: Rates
    facts: Facts
    rate: float
    tokens: float


def runs(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Run]:
    """Returns the runs for which a time can be predicted."""
    return usable_and_skipped(rows, chips, models)[0]


def usable_and_skipped(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> tuple[list[Run], list[Skipped]]:
    """Returns the usable runs, and those whose sheet lacks a figure or whose split is inconsistent.

    For a chip that ran with a limited board power (column ``watts``), that power counts.
    """
    usable, skipped = [], []
    for row in rows:
        try:
            chip = chips[row.chip]
            limited = replace(chip, tdp=row["watts"] or chip.tdp)
            usable.append(_run(row, limited, models[row.words["model"]]))
        except UsageError as error:
            skipped.append((row, str(error)))
    return usable, skipped


def _run(row: Row, chip: Facts, model: Workload) -> Run:
    dtype = row.words["dtype"]
    formats = precision(NARROW.get(dtype, dtype), experts=model.experts is not None)
    recipe = recipe_of(row)
    points = Points(np.array([row["batch"]]), np.array([row["length"]]))
    work = training_work(model, points, formats, split_of(row), recipe)
    published = rates(chip, formats, linked=row["chips"] > 1)
    tokens = row["batch"] * row["length"] / row["chips"]
    return Run(row, work, published, chip, row["rate"], tokens)


def recipe_of(row: Row) -> Recipe:
    """Returns how a run's copies processed their sequences."""
    return Recipe(row["micro"], max(row["vp"], 1.0), row["recompute"])


def split_of(row: Row) -> Parallel:
    """Returns how a run was divided.

    Raises:
        UsageError: the chips do not make a whole number of copies, or not as many as ``dp`` says.
    """
    tp, pp, cp = (max(1, int(row[key])) for key in ("tp", "pp", "cp"))
    dp, rest = divmod(int(row["chips"]), tp * pp * cp)
    if rest or not dp or row["dp"] not in (0, dp):
        copies = f"dp{row['dp']:g}" if row["dp"] else "a whole number"
        split = f"tp{tp} x pp{pp} x cp{cp} x {copies}"
        raise UsageError(f"{row.chip}: {row['chips']:g} chips are not {split}")
    return Parallel(tp, pp, dp, max(1, int(row["ep"])), cp, bool(row["sharded"]))


def all_times(measured: Sequence[Run], stack: Stack) -> TrainingTimes:
    """Returns the times of all runs' work on the fitted stack, one run per point."""

    def over(key: str) -> Array:
        return np.array([float(getattr(run.work, key)[0]) for run in measured])

    first, second, third = together([run.work.once for run in measured])
    (ring,) = together([(run.work.ring,) for run in measured])
    work = TrainingWork(
        micro=tuple(together([run.work.micro for run in measured])),
        ring=ring,
        once=(first, second, third),
        **{key: over(key) for key in ("rounds", "doublings", "idle", "copies", "stride")},
    )
    return training_times(work, side_by_side([run.rates for run in measured]), stack)


def fit(measured: Sequence[Run], stack: Stack) -> tuple[Trainer, Array]:
    """Returns the factors that explain the runs best, and the log effect of each run's engine.

    Each chip has one vote. An engine is slower or faster than the median engine on every chip;
    without an effect of its own, that would be attributed to the chips it was run on.
    """
    from scipy.optimize import least_squares

    times, log_times = all_times(measured, stack), _log_seconds(measured)
    engines = [engine(run.row) for run in measured]
    names = list(dict.fromkeys(engines))
    places = np.array([names.index(one) for one in engines])
    votes = chip_votes([run.row.chip for run in measured])
    count, waiting = len(FREE), slowest(measured, stack)

    def errors(values: Array) -> Array:
        factors, effects = values[:count], values[count:]
        predicted = np.log(times.step(_trainer(factors, waiting)).seconds) + effects[places]
        priors = np.concatenate([factors / USUAL, effects / ENGINES])
        return np.concatenate([robust(predicted - log_times, SMOOTH, votes), priors])

    low, high = (np.log([FREE[key][place] for key in FREE]) for place in (0, 1))
    wide = np.full(len(names), math.inf)
    bounds = np.concatenate([low, -wide]), np.concatenate([high, wide])
    best = least_squares(errors, np.zeros(count + len(names)), bounds=bounds).x
    effects = best[count:]
    middle, spread = _engine_spread(effects)
    trainer = replace(_trainer(best[:count], waiting), middle=middle, engines=spread)
    return trainer, effects[places]


def _engine_spread(effects: Array) -> tuple[float, float]:
    """Returns the mean of engines' log effects, and their spread shrunk towards ``ENGINES``."""
    middle = float(np.mean(effects))
    squares = PRIOR_ENGINES * ENGINES**2 + float(np.sum((effects - middle) ** 2))
    return middle, math.sqrt(squares / (PRIOR_ENGINES + len(effects)))


def _trainer(logs: Array, waiting: float) -> Trainer:
    """Returns a trainer with factors given as logs, in the order of ``FREE``."""
    return Trainer(**dict(zip(FREE, np.exp(logs).tolist(), strict=True)), slowest=waiting)


def slowest(measured: Sequence[Run], stack: Stack) -> float:
    """Returns by how much (log) each doubling of the number of chips makes a step longer.

    It is fitted only on series in which one engine did the same work per chip on more and more
    chips of a kind. In work that was only done on many chips, the effect of the model's size could
    not be separated from it.
    """
    logs = departures(measured, stack, Trainer())
    series: dict[tuple[object, ...], list[tuple[float, float]]] = {}
    for run, log in zip(measured, logs, strict=True):
        key = (run.row.chip, *same_work(run.row)[:-1], *(run.row[name] for name in DIVIDED))
        series.setdefault(key, []).append((float(run.work.doublings[0]), float(log)))
    centred = [np.array(points) - np.mean(points, axis=0) for points in series.values()]
    doublings, slowdowns = np.concatenate(centred).T
    return float(doublings @ slowdowns) / max(float(doublings @ doublings), 1e-9)


def _log_seconds(measured: Sequence[Run]) -> Array:
    """Returns the log of each run's measured time per step in s."""
    return np.log([run.tokens / run.rate for run in measured])


def departures(measured: Sequence[Run], stack: Stack, trainer: Trainer) -> Array:
    """Returns log of measured over predicted time of each run."""
    predicted = np.log(all_times(measured, stack).step(trainer).seconds)
    return np.asarray(_log_seconds(measured) - predicted)


def training_fit(
    measured: Sequence[Run], models: Mapping[str, Workload], stack: Stack
) -> tuple[Trainer, dict[str, Departures]]:
    """Returns the fitted factors of training, and the departures of chips from them, by part.

    The effects of engines are subtracted from the departures.
    """
    trainer, effects = fit(measured, stack)
    logs = departures(measured, stack, trainer) - effects
    parts: dict[str, Departures] = {}
    for name in (TRAIN, TRAIN_EXPERTS):
        kept = [
            (run, float(log))
            for run, log in zip(measured, logs, strict=True)
            if part(run.row, models) == name
        ]
        parts[name] = pooled(
            [run.facts.labels for run, _ in kept],
            [log for _, log in kept],
            [same_work(run.row) for run, _ in kept],
        )
    known = _known_engines(measured, effects, trainer.engines, parts[TRAIN].spread)
    return replace(trainer, known=known), parts


def _known_engines(
    measured: Sequence[Run], effects: Array, engines: float, chips: float
) -> dict[str, tuple[float, float]]:
    """Returns the log effect of each fitted engine, and its standard deviation.

    Args:
        measured: measured runs.
        effects: log effect of each run's engine.
        engines: log spread of engines.
        chips: log spread of chips, which is the error of an effect measured on one chip.
    """
    chips_of: dict[str, set[str]] = {}
    for run in measured:
        chips_of.setdefault(engine(run.row), set()).add(run.row.chip)
    logs = {engine(run.row): float(log) for run, log in zip(measured, effects, strict=True)}
    return {
        name: (log, engines / math.sqrt(1 + len(chips_of[name]) * (engines / chips) ** 2))
        for name, log in logs.items()
    }


def part(row: Row, models: Mapping[str, Workload]) -> str:
    """Returns the part of the fit that a run belongs to: ``TRAIN`` or ``TRAIN_EXPERTS``."""
    return TRAIN_EXPERTS if models[row.words["model"]].experts else TRAIN


def engine(row: Row) -> str:
    """Returns the engine of a run without its version."""
    return re.split("[ ,]", row.words["stack"])[0]


def same_work(row: Row) -> tuple[str | float, ...]:
    """Returns a key that is equal for the same work on two chips, however it was divided."""
    return (*(row.words[key] for key in ("stack", "model", "dtype")), row["length"], row["batch"])
