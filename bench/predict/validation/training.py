"""Training on each chip, predicted from runs on other chips; and training as others reported it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from bench.predict.learning.departure import departure, difference, has_fitted_vendor
from bench.predict.learning.learn import training_rows
from bench.predict.learning.othergroups import other_groups
from bench.predict.learning.pooling import Departures
from bench.predict.learning.reportedserving import on_fitted_vendors, port_groups
from bench.predict.learning.reportedtraining import training_logs
from bench.predict.learning.trainingruns import (
    TRAIN,
    TRAIN_EXPERTS,
    Run,
    departures,
    engine,
    part,
    runs,
    same_work,
    training_fit,
    usable_and_skipped,
)
from bench.predict.learning.world import World
from bench.predict.model.operators import Array
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.model.training import Trainer
from bench.predict.validation.errors import Outcome
from bench.predict.validation.pairs import (
    Key,
    Side,
    Sides,
    median_runs,
    side_by_side,
    with_common_works,
)
from bench.predict.validation.reportedserving import without

NAMES = {TRAIN: "training, dense", TRAIN_EXPERTS: "training, experts"}
ENOUGH = 3
"""Smallest number of works that two chips have in common to be compared."""
EFFECTS = "with each engine's effect as fitted on the other chips"
BY_OTHERS = (
    "by single groups, on other engines and versions, with the parallelism that they reported"
)
LEFT = "runs left out (a chip of unstated variant has no rate on its sheet)"


def training(world: World) -> dict[str, list[Outcome]]:
    """Returns measured runs of each chip, predicted from steps and runs of the other chips."""
    measured = runs(training_rows(world.data), world.chips, world.models)
    found: dict[str, list[Outcome]] = {TRAIN: [], TRAIN_EXPERTS: []}
    for chip in dict.fromkeys(one.row.chip for one in measured):
        stack = world.stack({chip})
        kept = [one for one in measured if one.row.chip != chip]
        known = training_fit(kept, world.models, stack)
        own = [one for one in measured if one.row.chip == chip]
        for name, outcomes in predicted(world, own, kept, stack, known).items():
            found[name] += outcomes
    return found


def predicted(
    world: World,
    held_out: Sequence[Run],
    kept: Sequence[Run],
    stack: Stack,
    known: tuple[Trainer, Mapping[str, Departures]],
) -> dict[str, list[Outcome]]:
    """Returns the outcome of each held-out run, by kind of model.

    Args:
        world: all that is known.
        held_out: runs to predict.
        kept: runs of the fit, for the second baseline.
        stack: parameters fitted on steps.
        known: factors and departures fitted on ``kept``.
    """
    trainer, parts = known
    errors, paper = -departures(held_out, stack, trainer), -departures(held_out, IDEAL, Trainer())
    shares = _shares(world, kept)
    found: dict[str, list[Outcome]] = {TRAIN: [], TRAIN_EXPERTS: []}
    for one, error, bare in zip(held_out, errors, paper, strict=True):
        name = part(one.row, world.models)
        slower, engine_spread = trainer.of(engine(one.row))
        shift, halves = departure(one.facts, parts[name], stack, engines=engine_spread)
        rivals, total = (float(bare), float(bare) + shares[name]), float(error) + shift + slower
        found[name].append(Outcome(one.row.chip, work(one), total, halves, rivals))
    return found


def reported_training(world: World) -> list[Outcome]:
    """Returns training as others reported it with its prediction; no rate of it was fitted.

    The distribution over other groups leaves out the row's own group.
    """
    kept = runs(training_rows(world.data), world.chips, world.models)
    stack = world.stack()
    trainer, parts = training_fit(kept, world.models, stack)
    reported, shares = (
        runs(world.reported_training, world.chips, world.models),
        _shares(world, kept),
    )
    logs = training_logs(world, stack, trainer, parts)
    errors = -departures(reported, stack, trainer), -departures(reported, IDEAL, Trainer())
    found = []
    for one, error, bare in zip(reported, *errors, strict=True):
        name = part(one.row, world.models)
        others = without(logs[name], one.row.words["group"])
        fitted = has_fitted_vendor(one.facts, parts[name])
        groups = other_groups(on_fitted_vendors(others)) if fitted else port_groups(others)
        shift, halves = departure(one.facts, parts[name], stack, groups)
        rivals = float(bare), float(bare) + shares[name]
        found.append(Outcome(one.row.chip, work(one), float(error) + shift, halves, rivals))
    return found


def notes(world: World) -> dict[str, str]:
    """Returns the note of each part: which engines ran it."""
    rows = training_rows(world.data)
    return {
        name: f"runs of {', '.join(sorted(engines))}; {EFFECTS}"
        for name in NAMES
        if (engines := {engine(row) for row in rows if part(row, world.models) == name})
    }


def reported_note(world: World) -> str:
    """Returns the note of reported training: how many runs are left out, and why."""
    _, skipped = usable_and_skipped(world.reported_training, world.chips, world.models)
    counts = Counter(why.partition(" (")[0] for _, why in skipped)
    reasons = "; ".join(f"{count:,} of {why}" for why, count in counts.most_common())
    return f"{BY_OTHERS}; {LEFT}: {reasons}" if reasons else BY_OTHERS


def training_ratios(world: World) -> dict[str, list[Outcome]]:
    """Returns ratios of time per token and chip for each pair of chips, predicted without the pair.

    The same work is one model, format, length and batch on one version of an engine; the two chips
    may have divided it differently.
    """
    measured = runs(training_rows(world.data), world.chips, world.models)
    found: dict[str, list[Outcome]] = {TRAIN: [], TRAIN_EXPERTS: []}
    works = {name: _works(world, measured, name, np.zeros(len(measured))) for name in found}
    pairs = {name: with_common_works(own, ENOUGH) for name, own in works.items()}
    for pair in dict.fromkeys(one for own in pairs.values() for one in own):
        stack = world.stack(pair)
        kept = [one for one in measured if one.row.chip not in pair]
        trainer, parts = training_fit(kept, world.models, stack)
        logs = departures(measured, stack, trainer)
        for name in (name for name, own in pairs.items() if pair in own):
            sides = _works(world, measured, name, logs)
            between = difference((world.chips[pair[0]], world.chips[pair[1]]), parts[name], stack)
            found[name] += side_by_side(pair, sides[pair[0]], sides[pair[1]], between)
    return found


def _works(world: World, measured: Sequence[Run], name: str, logs: Array) -> dict[str, Sides]:
    """Returns each chip's works of one part; for repeated work, the median run.

    Args:
        world: all that is known.
        measured: all runs.
        name: the part.
        logs: each run's log of measured over predicted time.
    """
    found: dict[str, dict[Key, list[Side]]] = {}
    for one, log in zip(measured, logs, strict=True):
        if part(one.row, world.models) == name:
            bandwidth, rate = (
                math.log(float(value)) for value in (one.rates.bandwidth, one.rates.experts)
            )
            side = Side(work(one), -math.log(one.rate), float(log), bandwidth, rate)
            found.setdefault(one.row.chip, {}).setdefault(same_work(one.row), []).append(side)
    return median_runs(found)


def _shares(world: World, kept: Sequence[Run]) -> dict[str, float]:
    """Returns the median log of measured over roofline time, by part."""
    logs = departures(kept, IDEAL, Trainer())
    names = np.array([part(one.row, world.models) for one in kept])
    return {name: float(np.median(logs[names == name])) for name in NAMES}


def work(one: Run) -> str:
    """Returns the name of a run's work: model, engine without its version, number format."""
    return f"{one.row.words['model']} {engine(one.row)} {one.row.words['dtype']}"
