"""Training of a chip predicted by runs of the others, and as others reported it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from bench.predict.learning.expected import departure, difference
from bench.predict.learning.learn import training_rows
from bench.predict.learning.pooled import Departures
from bench.predict.learning.trained import (
    TRAIN,
    TRAIN_EXPERTS,
    Run,
    departures,
    engine,
    of_training,
    part,
    runs,
    same_work,
    sifted,
)
from bench.predict.learning.world import World
from bench.predict.model.operators import Array
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.model.training import Trainer
from bench.predict.validation.errors import Outcome
from bench.predict.validation.pairs import Key, Side, Sides, middle_of, side_by_side

NAMES = {TRAIN: "training, dense", TRAIN_EXPERTS: "training, experts"}
ENOUGH = 3
"""Works that two chips must share."""
BY_OTHERS = "by single groups, on other engines and versions, divided as they reported"
LEFT = "runs left out (a chip of unstated variant has no rate on its sheet)"


def training(world: World) -> dict[str, list[Outcome]]:
    """Returns measured runs of each chip, predicted by steps and by runs of the others."""
    every = runs(training_rows(world.data), world.chips, world.models)
    found: dict[str, list[Outcome]] = {TRAIN: [], TRAIN_EXPERTS: []}
    for chip in dict.fromkeys(one.row.chip for one in every):
        stack = world.stack({chip})
        kept = [one for one in every if one.row.chip != chip]
        known = of_training(kept, world.models, stack)
        own = [one for one in every if one.row.chip == chip]
        for name, tested in predicted(world, own, kept, stack, known).items():
            found[name] += tested
    return found


def predicted(
    world: World,
    asked: Sequence[Run],
    kept: Sequence[Run],
    stack: Stack,
    known: tuple[Trainer, Mapping[str, Departures]],
) -> dict[str, list[Outcome]]:
    """Returns runs as they are predicted by others, dense models and those with experts apart."""
    trainer, parts = known
    errors, paper = -departures(asked, stack, trainer), -departures(asked, IDEAL, Trainer())
    shares = _shares(world, kept)
    found: dict[str, list[Outcome]] = {TRAIN: [], TRAIN_EXPERTS: []}
    for one, error, least in zip(asked, errors, paper, strict=True):
        name = part(one.row, world.models)
        slower, unsure = trainer.of(engine(one.row))
        shift, halves = departure(one.facts, parts[name], stack, engines=unsure)
        rivals, away = (float(least), float(least) + shares[name]), float(error) + shift + slower
        found[name].append(Outcome(one.row.chip, work(one), away, halves, rivals))
    return found


def trained_by_others(world: World) -> list[Outcome]:
    """Returns reported training beside what was predicted: no rate of it was fitted."""
    kept = runs(training_rows(world.data), world.chips, world.models)
    stack = world.stack()
    known = of_training(kept, world.models, stack)
    asked = runs(world.trained, world.chips, world.models)
    return [one for own in predicted(world, asked, kept, stack, known).values() for one in own]


def notes(world: World) -> dict[str, str]:
    """Returns what has to be said of each part: which engines its runs are of."""
    rows = training_rows(world.data)
    return {
        name: f"runs of {', '.join(sorted(engines))}; with what each adds on the other chips"
        for name in NAMES
        if (engines := {engine(row) for row in rows if part(row, world.models) == name})
    }


def note_of_others(world: World) -> str:
    """Returns what has to be said of reported training: how many runs are left out, and why."""
    _, left = sifted(world.trained, world.chips, world.models)
    counts = Counter(why.partition(" (")[0] for _, why in left)
    told = "; ".join(f"{count:,} of {why}" for why, count in counts.most_common())
    return f"{BY_OTHERS}; {LEFT}: {told}" if told else BY_OTHERS


def training_ratios(world: World) -> dict[str, list[Outcome]]:
    """Returns ratios of the time a token takes a chip, of each pair as the others' runs predict.

    A work is one model, format, length and batch by one version of an engine, on each chip divided
    as it was.
    """
    every = runs(training_rows(world.data), world.chips, world.models)
    found: dict[str, list[Outcome]] = {TRAIN: [], TRAIN_EXPERTS: []}
    works = {name: _works(world, every, name, np.zeros(len(every))) for name in found}
    pairs = {name: _pairs(own) for name, own in works.items()}
    for pair in dict.fromkeys(one for own in pairs.values() for one in own):
        stack = world.stack(pair)
        kept = [one for one in every if one.row.chip not in pair]
        trainer, parts = of_training(kept, world.models, stack)
        away = departures(every, stack, trainer)
        for name in (name for name, own in pairs.items() if pair in own):
            sides = _works(world, every, name, away)
            between = difference((world.chips[pair[0]], world.chips[pair[1]]), parts[name], stack)
            found[name] += side_by_side(pair, sides[pair[0]], sides[pair[1]], between)
    return found


def _works(world: World, every: Sequence[Run], name: str, away: Array) -> dict[str, Sides]:
    """Returns each chip's works of one part; of one that was run more than once, the median."""
    told: dict[str, dict[Key, list[Side]]] = {}
    for one, log in zip(every, away, strict=True):
        if part(one.row, world.models) == name:
            wide, rate = (
                math.log(float(value)) for value in (one.chip.bandwidth, one.chip.experts)
            )
            side = Side(work(one), -math.log(one.rate), float(log), wide, rate)
            told.setdefault(one.row.chip, {}).setdefault(same_work(one.row), []).append(side)
    return {chip: {key: middle_of(own) for key, own in of.items()} for chip, of in told.items()}


def _pairs(works: Mapping[str, Sides]) -> list[tuple[str, str]]:
    return [
        pair
        for pair in combinations(works, 2)
        if len(works[pair[0]].keys() & works[pair[1]].keys()) >= ENOUGH
    ]


def _shares(world: World, kept: Sequence[Run]) -> dict[str, float]:
    """Returns the median log of measured over the roofline's time, by part."""
    logs = departures(kept, IDEAL, Trainer())
    names = np.array([part(one.row, world.models) for one in kept])
    return {name: float(np.median(logs[names == name])) for name in NAMES}


def work(one: Run) -> str:
    """Returns the cell of a run: model, engine without its version, format."""
    return f"{one.row.words['model']} {engine(one.row)} {one.row.words['dtype']}"
