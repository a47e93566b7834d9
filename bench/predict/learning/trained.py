"""Training that was measured: how each run was divided, and what software makes of such work."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import UsageError
from bench.predict.learning.fit import together
from bench.predict.learning.pooled import PRIOR_VENDORS, Departures, pooled
from bench.predict.learning.robust import robust
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.recipe import Recipe
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, rates, side_by_side
from bench.predict.model.training import Taken, Trainer, taken
from bench.predict.model.trainwork import Work, works
from bench.workloads.model import Workload

TRAIN, TRAIN_EXPERTS = "train", "train-experts"
SMOOTH = 0.2
FREE = {
    "product": (0.5, 3.0), "experts": (0.5, 5.0), "attention": (0.3, 5.0), "stream": (0.3, 5.0),
    "link": (0.1, 2.0), "fixed": (0.05, 2.0),
}  # fmt: skip
"""Bounds of the factors."""
ENGINES = 0.2
"""Log spread of engines that is assumed beside those that were measured."""
USUAL = 0.5
"""Log spread of a factor about 1 before any run is seen: what few runs do not tell stays there."""
DIVIDED = ("tp", "pp", "cp", "ep", "vp", "micro", "recompute", "sharded")
"""Columns that say how a work was divided, but for its copies."""
NARROW = {"mxfp8": "fp8"}
"""Formats whose rate is another's."""
Left = tuple[Row, str]
"""A run of which nothing can be predicted, and why."""


@dataclass(frozen=True)
class Run:
    """One measured run with its work.

    Attributes:
        rate: tokens a second and chip that it came to.
        tokens: of a step, a chip's share.
    """

    row: Row
    work: Work
    chip: Rates
    facts: Facts
    rate: float
    tokens: float


def runs(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Run]:
    """Returns the runs of a table of training of which something can be predicted."""
    return sifted(rows, chips, models)[0]


def sifted(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> tuple[list[Run], list[Left]]:
    """Returns runs, and apart those whose sheet says too little or whose division is at odds.

    A chip that was run below its board power (``watts``) has the headroom of what it was given.
    """
    found, left = [], []
    for row in rows:
        try:
            chip = chips[row.chip]
            found.append(
                _run(row, replace(chip, tdp=row["watts"] or chip.tdp), models[row.words["model"]])
            )
        except UsageError as error:
            left.append((row, str(error)))
    return found, left


def _run(row: Row, chip: Facts, model: Workload) -> Run:
    word = row.words["dtype"]
    how, split = precision(NARROW.get(word, word), experts=model.experts is not None), _split(row)
    recipe = Recipe(row["micro"], max(row["vp"], 1.0), row["recompute"])
    points = Points(np.array([row["batch"]]), np.array([row["length"]]))
    work = works(model, points, how, split, recipe)
    promised = rates(chip, how, linked=row["chips"] > 1)
    tokens = row["batch"] * row["length"] / row["chips"]
    return Run(row, work, promised, chip, row["rate"], tokens)


def _split(row: Row) -> Parallel:
    """Returns how a run was divided.

    Raises:
        UsageError: the chips are no whole number of copies, or not as many as are told (``dp``).
    """
    tp, pp, cp = (max(1, int(row[key])) for key in ("tp", "pp", "cp"))
    dp, rest = divmod(int(row["chips"]), tp * pp * cp)
    if rest or not dp or row["dp"] not in (0, dp):
        told = f"dp{row['dp']:g}" if row["dp"] else "a whole number"
        asked = f"tp{tp} x pp{pp} x cp{cp} x {told}"
        raise UsageError(f"{row.chip}: {row['chips']:g} chips are not {asked}")
    return Parallel(tp, pp, dp, max(1, int(row["ep"])), cp, bool(row["sharded"]))


def all_taken(found: Sequence[Run], stack: Stack) -> Taken:
    """Returns what the stack of steps tells of runs, each a point."""

    def over(key: str) -> Array:
        return np.array([float(getattr(one.work, key)[0]) for one in found])

    first, second, third = together([one.work.once for one in found])
    (round_,) = together([(one.work.round_,) for one in found])
    work = Work(
        every=tuple(together([one.work.every for one in found])),
        round_=round_,
        once=(first, second, third),
        **{key: over(key) for key in ("rounds", "doublings", "idle", "copies", "apart")},
    )
    return taken(work, side_by_side([one.chip for one in found]), stack)


def fit(found: Sequence[Run], stack: Stack) -> tuple[Trainer, Array]:
    """Returns the factors that explain runs best, each chip with one vote, and engines' logs.

    An engine is slower or faster than the middle one on every chip: without a constant of its own
    it would pass for the chips that it was run on. It is returned for each run.
    """
    from scipy.optimize import least_squares

    done, measured = all_taken(found, stack), _seconds(found)
    chips, engines = [one.row.chip for one in found], [engine(one.row) for one in found]
    names = list(dict.fromkeys(engines))
    places = np.array([names.index(one) for one in engines])
    votes = np.array([chips.count(one) ** -0.5 for one in chips])
    count, many = len(FREE), slowest(found, stack)

    def errors(values: Array) -> Array:
        told = np.log(done.step(_of(values[:count], many)).seconds) + values[count:][places]
        bound = np.concatenate([values[:count] / USUAL, values[count:] / ENGINES])
        return np.concatenate([robust(told - measured, SMOOTH, votes), bound])

    low, high = (np.log([FREE[key][place] for key in FREE]) for place in (0, 1))
    wide = np.full(len(names), math.inf)
    bounds = np.concatenate([low, -wide]), np.concatenate([high, wide])
    best = least_squares(errors, np.zeros(count + len(names)), bounds=bounds).x
    middle = float(np.mean(best[count:]))
    squares = PRIOR_VENDORS * ENGINES**2 + float(np.sum((best[count:] - middle) ** 2))
    spread = math.sqrt(squares / (PRIOR_VENDORS + len(names)))
    trainer = replace(_of(best[:count], many), middle=middle, engines=spread)
    return trainer, best[count:][places]


def _of(values: Array, slowest: float) -> Trainer:
    return Trainer(**dict(zip(FREE, np.exp(values).tolist(), strict=True)), slowest=slowest)


def slowest(found: Sequence[Run], stack: Stack) -> float:
    """Returns by how much, log, each doubling of the chips makes a step longer.

    It is learnt of one work that one engine did on ever more chips of a kind, each with as much to
    do: of works that were done on many chips alone a model's size could not be told from it.
    """
    logs = departures(found, stack, Trainer())
    alike: dict[tuple[object, ...], list[tuple[float, float]]] = {}
    for one, log in zip(found, logs, strict=True):
        key = (one.row.chip, *same_work(one.row)[:-1], *(one.row[name] for name in DIVIDED))
        alike.setdefault(key, []).append((float(one.work.doublings[0]), float(log)))
    told = [np.array(own) - np.mean(own, axis=0) for own in alike.values()]
    wide, high = np.concatenate(told).T
    return float(wide @ high) / max(float(wide @ wide), 1e-9)


def _seconds(found: Sequence[Run]) -> Array:
    return np.log([one.tokens / one.rate for one in found])


def departures(found: Sequence[Run], stack: Stack, trainer: Trainer) -> Array:
    """Returns log of measured over predicted time of each run."""
    return np.asarray(_seconds(found) - np.log(all_taken(found, stack).step(trainer).seconds))


def of_training(
    found: Sequence[Run], models: Mapping[str, Workload], stack: Stack
) -> tuple[Trainer, dict[str, Departures]]:
    """Returns what software makes of training, and how chips depart from that.

    Models with experts are a part of their own. What engines add is taken off the departures.
    """
    trainer, engines = fit(found, stack)
    logs = departures(found, stack, trainer) - engines
    parts: dict[str, Departures] = {}
    for name in (TRAIN, TRAIN_EXPERTS):
        own = [
            (one, float(log))
            for one, log in zip(found, logs, strict=True)
            if part(one.row, models) == name
        ]
        parts[name] = pooled(
            [one.facts.labels for one, _ in own],
            [log for _, log in own],
            [same_work(one.row) for one, _ in own],
        )
    known = _known(found, engines, trainer.engines, parts[TRAIN].spread)
    return replace(trainer, known=known), parts


def _known(
    found: Sequence[Run], engines: Array, spread: float, chips: float
) -> dict[str, tuple[float, float]]:
    """Returns by how much each engine is slower, and how little its chips leave that to chance.

    Args:
        found: runs.
        engines: what the engine of each adds.
        spread: of engines, log.
        chips: spread of chips, log: what one chip tells of an engine is off by so much.
    """
    ran: dict[str, set[str]] = {}
    for one in found:
        ran.setdefault(engine(one.row), set()).add(one.row.chip)
    told = {engine(one.row): float(log) for one, log in zip(found, engines, strict=True)}
    return {
        name: (log, spread / math.sqrt(1 + len(ran[name]) * (spread / chips) ** 2))
        for name, log in told.items()
    }


def part(row: Row, models: Mapping[str, Workload]) -> str:
    """Returns of which part a run is."""
    return TRAIN_EXPERTS if models[row.words["model"]].experts else TRAIN


def engine(row: Row) -> str:
    """Returns the engine of a run without its version."""
    return re.split("[ ,]", row.words["stack"])[0]


def same_work(row: Row) -> tuple[str | float, ...]:
    """Returns what two runs share when they are one work on two chips, however they divide it."""
    return (*(row.words[key] for key in ("stack", "model", "dtype")), row["length"], row["batch"])
