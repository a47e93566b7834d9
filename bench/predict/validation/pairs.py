"""Ratios of two chips' times on the same work, predicted by a fit that has seen neither chip.

A ratio is time on the first chip over time on the second, so what an engine or a model adds on both
chips cancels. The baselines are what people read off two sheets: the ratio of memory bandwidths,
and that of matrix rates in the number format that each chip computes in.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

import numpy as np

from bench.predict.learning.departure import difference, has_fitted_vendor
from bench.predict.learning.fit import Case, departures, fit
from bench.predict.learning.learn import (
    DENSE,
    EXPERTS,
    STEP_PHASES,
    serving_part,
    step_departures,
    tpot_departures,
)
from bench.predict.learning.pooling import Departures
from bench.predict.learning.product import Products
from bench.predict.learning.productfit import Measured, fit_all_chips
from bench.predict.learning.producttime import from_all_chips
from bench.predict.learning.reportedserving import by_ports
from bench.predict.learning.servingrows import as_served, same_work, served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, vendors
from bench.predict.model.stack import Stack
from bench.predict.validation.errors import Outcome
from bench.predict.validation.serving import engine
from bench.predict.validation.steps import work

ENOUGH = 20
"""Smallest number of works of serving that two chips have in common to be compared. Chips have few
steps in common, so those are always compared."""
Key = tuple[str | float, ...]
"""Identifies the same work on two chips."""


@dataclass(frozen=True)
class Side:
    """One work on one chip; all numbers are natural logs.

    Attributes:
        work: name of the work.
        seconds: measured time.
        departure: measured over predicted time.
        bandwidth, rate: memory bandwidth and matrix rate of the sheet.
    """

    work: str
    seconds: float
    departure: float
    bandwidth: float
    rate: float


Sides = Mapping[Key, Side]
"""All works of one chip."""


def step_ratios(cases: Sequence[Case]) -> dict[str, list[Outcome]]:
    """Returns ratios of steps for each pair of chips, predicted without the pair, by phase."""
    found: dict[str, list[Outcome]] = {one: [] for one in STEP_PHASES}
    chips = {one.row.chip: one.facts for one in cases}
    for pair in combinations(chips, 2):
        kept = [one for one in cases if one.row.chip not in pair]
        stack = fit(kept)
        parts = step_departures(kept, stack)
        for phase in STEP_PHASES:
            first, second = (_steps(cases, chip, phase, stack) for chip in pair)
            between = difference((chips[pair[0]], chips[pair[1]]), parts[phase], stack)
            found[phase] += side_by_side(pair, first, second, between)
    return found


def _steps(cases: Sequence[Case], chip: str, phase: str, stack: Stack) -> Sides:
    """Returns one chip's steps of one phase."""
    own = [one for one in cases if one.row.chip == chip and one.phase == phase]
    sides: dict[Key, Side] = {}
    for one, log in zip(own, departures(own, stack), strict=True):
        words, rates = one.row.words, (one.rates.bandwidth, one.rates.product)
        bandwidth, rate = (math.log(float(value)) for value in rates)
        key = (words["lengths"], one.row["tp"], words["model"])
        sides[key] = Side(work(one.row), math.log(one.seconds), float(log), bandwidth, rate)
    return sides


def product_ratios(known: Measured) -> list[Outcome]:
    """Returns ratios of products on every two chips, predicted by a fit without the two."""
    found: list[Outcome] = []
    for first, second in combinations(range(len(known.chips)), 2):
        chips = known.chips[first], known.chips[second]
        kept = known.chosen(lambda chip: chip not in chips)  # noqa: B023 -- called at once
        params, departed = fit_all_chips(kept, Products())
        sides = [_products(known, place, params, departed) for place in (first, second)]
        _, halves = difference(chips, departed, Stack())  # each side's shift is in its departure
        found += side_by_side((chips[0].chip, chips[1].chip), sides[0], sides[1], (0.0, halves))
    return found


def _products(known: Measured, place: int, params: Products, departed: Departures) -> Sides:
    """Returns the products of one chip; ``place`` is its index."""
    shapes, times, chip = known.works[place], np.log(known.times[place]), known.chips[place]
    logs = times - np.log(from_all_chips(chip, shapes, params, departed, Stack()).seconds)
    bandwidth, rates = math.log(chip.bandwidth or math.nan), np.log(shapes.rate)
    rows = zip(shapes.sizes.tolist(), known.names[place], times, logs, rates, strict=True)
    return {
        tuple(size): Side(name, float(seconds), float(log), bandwidth, float(rate))
        for size, name, seconds, log, rate in rows
    }


def side_by_side(
    pair: tuple[str, str],
    first: Sides,
    second: Sides,
    between: tuple[float, tuple[float, ...]],
) -> Iterator[Outcome]:
    """Yields the ratio of each work that both chips did.

    Args:
        pair: ids of the two chips.
        first: works of the first chip.
        second: works of the second chip.
        between: expected log ratio of the chips' departures, and half-widths by level.
    """
    shift, halves = between
    for key in first:
        if key not in second:
            continue
        one, other = first[key], second[key]
        measured = one.seconds - other.seconds
        error = shift - (one.departure - other.departure)
        bandwidth, rate = other.bandwidth - one.bandwidth, other.rate - one.rate
        rivals = bandwidth - measured, rate - measured
        yield Outcome(" / ".join(pair), one.work, error, halves, rivals)


def frozen_ratios(world: World) -> dict[str, list[Outcome]]:
    """Returns ratios of TPOT predicted only from steps of another source, without intervals."""
    stack = world.stack()
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for name in found:
        sides = _serving(world, name, stack)
        for pair in _pairs(world, sides, vendor_fitted=True):
            found[name] += side_by_side(pair, sides[pair[0]], sides[pair[1]], (0.0, ()))
    return found


def serving_ratios(world: World, *, vendor_fitted: bool = True) -> dict[str, list[Outcome]]:
    """Returns ratios of TPOT for each pair of chips, predicted from the others' steps and serving.

    Args:
        world: all that is known.
        vendor_fitted: whether to take pairs with both vendors in the fit of serving, or the others.
    """
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    known = {
        name: _pairs(world, _serving(world, name, Stack()), vendor_fitted=vendor_fitted)
        for name in found
    }
    for pair in dict.fromkeys(pair for pairs in known.values() for pair in pairs):
        stack, rows = world.stack(pair), [row for row in world.serving if row.chip not in pair]
        steps = step_departures(world.cases(pair), stack)
        parts = tpot_departures(rows, world.chips, world.models, stack, steps)
        for name in (name for name, pairs in known.items() if pair in pairs):
            sides = _serving(world, name, stack)
            ports = {} if vendor_fitted else by_ports(world, stack, parts, pair)
            chips = world.chips[pair[0]], world.chips[pair[1]]
            first, second = (
                None if has_fitted_vendor(one, parts[name]) else ports.get(name) for one in chips
            )
            between = difference(chips, parts[name], stack, (first, second))
            found[name] += side_by_side(pair, sides[pair[0]], sides[pair[1]], between)
    return found


def _serving(world: World, name: str, stack: Stack) -> dict[str, Sides]:
    """Returns each chip's works; for repeated work, the median run."""
    measured = (*world.serving, *world.unfitted_serving)
    rows = [row for row in measured if serving_part(row, world.models) == name]
    runs: dict[str, dict[Key, list[Side]]] = {}
    for row, tpot in zip(rows, served(rows, world.chips, world.models, stack), strict=True):
        if math.isfinite(tpot):
            side = _side(world, row, math.log(tpot))
            runs.setdefault(row.chip, {}).setdefault(same_work(row), []).append(side)
    return median_runs(runs)


def _side(world: World, row: Row, predicted: float) -> Side:
    """Returns one row of serving, given the log of its predicted TPOT."""
    chip, seconds = world.chips[row.chip], math.log(row["tpot_ms"] * 1e-3)
    model = world.models[row.words["model"]]
    rate = chip.peak(as_served(row.words["dtype"], chip, model).rate)
    bandwidth = math.log(chip.bandwidth or math.nan)
    return Side(engine(row), seconds, seconds - predicted, bandwidth, math.log(rate))


def median_runs(runs: Mapping[str, Mapping[Key, Sequence[Side]]]) -> dict[str, Sides]:
    """Returns the median of the runs of each work on each chip."""
    return {chip: {key: _median(own) for key, own in of.items()} for chip, of in runs.items()}


def _median(runs: Sequence[Side]) -> Side:
    seconds = median(one.seconds for one in runs)
    departure = median(one.departure for one in runs)
    return replace(runs[0], seconds=seconds, departure=departure)


def with_common_works(works: Mapping[str, Sides], least: int) -> list[tuple[str, str]]:
    """Returns the pairs of chips with at least so many works in common."""
    pairs = combinations(works, 2)
    return [one for one in pairs if len(works[one[0]].keys() & works[one[1]].keys()) >= least]


def _pairs(
    world: World, sides: Mapping[str, Sides], *, vendor_fitted: bool
) -> list[tuple[str, str]]:
    """Returns the pairs of chips with ``ENOUGH`` works in common; see ``serving_ratios``."""
    known = vendors(world)
    return [
        pair
        for pair in with_common_works(sides, ENOUGH)
        if all(world.chips[one].vendor in known for one in pair) == vendor_fitted
    ]
