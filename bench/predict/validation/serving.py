"""Serving of a chip, predicted by a model that has not seen the chip.

Models are fitted on steps and on the rows of ``World.serving``; rows of ``World.unfitted_serving``
are predicted, too. Vendors without any chip in ``World.serving`` are in no fit of serving, so their
rows test the hold-out of a vendor.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from bench.predict.learning.departure import departure
from bench.predict.learning.fit import departures
from bench.predict.learning.learn import (
    DENSE,
    EXPERTS,
    serving_part,
    step_departures,
    tpot_departures,
)
from bench.predict.learning.pooling import Departures
from bench.predict.learning.reportedserving import by_ports
from bench.predict.learning.servingrows import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, vendors
from bench.predict.model.facts import Facts
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.validation.errors import Outcome

NOTE = (
    "chips of vendors that no fit of serving has seen: this also tests their engines, which became "
    "up to twice as fast within months"
)


def frozen(world: World) -> dict[str, list[Outcome]]:
    """Returns TPOT predicted only from steps of another source, without an interval.

    It covers chips of fitted vendors; for the others see ``unfitted_vendors``.
    """
    share = float(np.median(departures(world.cases(), IDEAL)))
    known = dict.fromkeys((DENSE, EXPERTS), Known(share))
    return _served(world, _rows(world, vendor_fitted=True), world.stack(), known)


def serving(
    world: World, hold_out: Callable[[Facts], str] = attrgetter("chip")
) -> dict[str, list[Outcome]]:
    """Returns TPOT of each group of chips, predicted from steps and serving of the others.

    Args:
        world: all that is known.
        hold_out: returns the group of a chip: its id, or its family.
    """
    return _left_out(world, _rows(world, vendor_fitted=True), hold_out)


def unfitted_vendors(world: World) -> dict[str, list[Outcome]]:
    """Returns TPOT of chips whose vendor is in no fit of serving, predicted from the others."""
    return _left_out(world, _rows(world, vendor_fitted=False))


def _rows(world: World, *, vendor_fitted: bool) -> list[Row]:
    """Returns all rows of serving on chips whose vendor is, or is not, in the fit."""
    known = vendors(world)
    rows = (*world.serving, *world.unfitted_serving)
    return [row for row in rows if (world.chips[row.chip].vendor in known) == vendor_fitted]


def _left_out(
    world: World, rows: Sequence[Row], hold_out: Callable[[Facts], str] = attrgetter("chip")
) -> dict[str, list[Outcome]]:
    """Returns some rows of serving, those of each group of chips predicted without the group."""
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    groups = {chip: hold_out(facts) for chip, facts in world.chips.items()}
    for group in dict.fromkeys(groups[row.chip] for row in rows):
        out = {chip for chip, one in groups.items() if one == group}
        stack, kept = world.stack(out), [row for row in world.serving if row.chip not in out]
        steps = step_departures(world.cases(out), stack)
        parts = tpot_departures(kept, world.chips, world.models, stack, steps)
        share = shares(world, kept)
        for chip in dict.fromkeys(row.chip for row in rows if row.chip in out):
            expected = expected_departures(world, chip, parts, stack)
            known = {name: Known(share[name], *expected[name]) for name in found}
            own = [row for row in rows if row.chip == chip]
            for name, outcomes in _served(world, own, stack, known).items():
                found[name] += outcomes
    return found


def expected_departures(
    world: World, chip: str, parts: Mapping[str, Departures], stack: Stack
) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Returns a chip's expected departure in each part of serving, and half-widths by level."""
    facts = world.chips[chip]
    groups = {} if facts.vendor in vendors(world) else by_ports(world, stack, parts, {chip})
    return {name: departure(facts, part, stack, groups.get(name)) for name, part in parts.items()}


@dataclass(frozen=True)
class Known:
    """What other chips' serving says of a chip.

    Attributes:
        share: usual log of measured over roofline time.
        shift: expected log departure.
        halves: half-widths of the interval in log time at ``COVERAGES``; empty for no interval.
    """

    share: float
    shift: float = 0.0
    halves: tuple[float, ...] = ()


def shares(world: World, rows: Sequence[Row]) -> dict[str, float]:
    """Returns the median log of measured over roofline time, by kind of model."""
    logs: dict[str, list[float]] = {DENSE: [], EXPERTS: []}
    for row, roofline in zip(rows, served(rows, world.chips, world.models, IDEAL), strict=True):
        if math.isfinite(roofline):
            logs[serving_part(row, world.models)].append(math.log(row["tpot_ms"] * 1e-3 / roofline))
    return {name: float(np.median(own)) for name, own in logs.items()}


def _served(
    world: World, rows: Sequence[Row], stack: Stack, known: Mapping[str, Known]
) -> dict[str, list[Outcome]]:
    """Returns the outcome of each row that can be predicted, by kind of model."""
    ours, paper = (served(rows, world.chips, world.models, one) for one in (stack, IDEAL))
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for row, predicted, roofline in zip(rows, ours, paper, strict=True):
        if not math.isfinite(predicted):
            continue
        name, tpot = serving_part(row, world.models), row["tpot_ms"] * 1e-3
        error, log = math.log(predicted / tpot) + known[name].shift, math.log(roofline / tpot)
        rivals = (log, log + known[name].share)
        found[name].append(Outcome(row.chip, engine(row), error, known[name].halves, rivals, tpot))
    return found


def engine(row: Row) -> str:
    """Returns the name of a row's work: model, engine without its version, number format."""
    words = row.words
    return f"{words['model']} {words['stack'].split()[0]} {words['dtype']}"
