"""Serving of a chip predicted by a model that has seen none of it.

What is fitted is steps and the rows of ``World.serving``; what is predicted is those of
``World.unseen``, too. No chip of a vendor that the first have none of is in a fit of serving: its
rows are tested as those of a vendor left out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.expected import departure
from bench.predict.learning.fit import departures
from bench.predict.learning.learn import DENSE, EXPERTS, of_serving, of_steps
from bench.predict.learning.pooled import Departures
from bench.predict.learning.reported import by_ports
from bench.predict.learning.served import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, kind, vendors
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.validation.errors import Outcome

NOTE = (
    "chips of vendors that no fit of serving has seen: this tests their engines too, which became "
    "up to twice as fast within months"
)


def frozen(world: World) -> dict[str, list[Outcome]]:
    """Returns TPOT of serving as predicted by steps of another source alone, no interval told.

    Of chips of vendors that are fitted on: the others' are left to ``abroad``.
    """
    every = world.cases()
    share = float(np.median(departures(every, IDEAL)))
    known = dict.fromkeys((DENSE, EXPERTS), Known(share))
    return _served(world, _rows(world, home=True), world.stack(), known)


def serving(world: World) -> dict[str, list[Outcome]]:
    """Returns TPOT of each chip, predicted by steps and serving of the others."""
    return _left_out(world, _rows(world, home=True))


def abroad(world: World) -> dict[str, list[Outcome]]:
    """Returns TPOT of chips of vendors that no fit of serving has, as the others' predict it."""
    return _left_out(world, _rows(world, home=False))


def _rows(world: World, *, home: bool) -> list[Row]:
    known = vendors(world)
    every = (*world.serving, *world.unseen)
    return [row for row in every if (world.chips[row.chip].vendor in known) == home]


def _left_out(world: World, rows: Sequence[Row]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for chip in dict.fromkeys(row.chip for row in rows):
        every, stack = world.cases({chip}), world.stack({chip})
        kept = [row for row in world.serving if row.chip != chip]
        parts = of_serving(kept, world.chips, world.models, stack, of_steps(every, stack))
        shares = _shares(world, kept)
        told = serving_departures(world, chip, parts, stack)
        known = {name: Known(shares[name], *told[name]) for name in found}
        own = [row for row in rows if row.chip == chip]
        for name, tested in _served(world, own, stack, known).items():
            found[name] += tested
    return found


def serving_departures(
    world: World, chip: str, parts: Mapping[str, Departures], stack: Stack
) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Returns a chip's expected departure in each part of serving, and half-widths by level."""
    facts = world.chips[chip]
    groups = {} if facts.vendor in vendors(world) else by_ports(world, stack, parts, {chip})
    return {name: departure(facts, part, stack, groups.get(name)) for name, part in parts.items()}


@dataclass(frozen=True)
class Known:
    """What other chips' serving says of one: log of the share of a roofline, shift, half-widths."""

    share: float
    shift: float = 0.0
    halves: tuple[float, ...] = ()


def _shares(world: World, rows: Sequence[Row]) -> dict[str, float]:
    """Returns the median log of measured over the roofline's time, by kind of model."""
    logs: dict[str, list[float]] = {DENSE: [], EXPERTS: []}
    for row, least in zip(rows, served(rows, world.chips, world.models, IDEAL), strict=True):
        if math.isfinite(least):
            logs[kind(world, row)].append(math.log(row["tpot_ms"] * 1e-3 / least))
    return {name: float(np.median(own)) for name, own in logs.items()}


def _served(
    world: World, rows: Sequence[Row], stack: Stack, known: Mapping[str, Known]
) -> dict[str, list[Outcome]]:
    """Returns rows as predicted, dense models and those with experts apart."""
    ours, paper = (served(rows, world.chips, world.models, one) for one in (stack, IDEAL))
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for row, one, least in zip(rows, ours, paper, strict=True):
        if not math.isfinite(one):
            continue
        name, tpot = kind(world, row), row["tpot_ms"] * 1e-3
        error, log = math.log(one / tpot) + known[name].shift, math.log(least / tpot)
        rivals = (log, log + known[name].share)
        found[name].append(Outcome(row.chip, engine(row), error, known[name].halves, rivals, tpot))
    return found


def engine(row: Row) -> str:
    """Returns the cell of a row of serving: model, engine without its version, format."""
    words = row.words
    return f"{words['model']} {words['stack'].split()[0]} {words['dtype']}"
