"""Ratios of two chips on the same work, predicted with neither of them seen.

A ratio is of times, first over second. What an engine or a model adds on both chips drops out of
it. Its baselines are what people read off two sheets: the ratio of memory bandwidths, and that of
matrix rates in the format that each chip computes in.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import numpy as np

from bench.predict.learning.expected import difference, fitted
from bench.predict.learning.fit import Case, departures, fit
from bench.predict.learning.learn import DENSE, EXPERTS, PHASES, of_serving, of_steps
from bench.predict.learning.pooled import Departures
from bench.predict.learning.product import Products
from bench.predict.learning.productfit import Measured, learnt
from bench.predict.learning.producttime import of_all
from bench.predict.learning.reported import by_ports
from bench.predict.learning.served import as_served, same_work, served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, kind, vendors
from bench.predict.model.stack import Stack
from bench.predict.validation.errors import Outcome
from bench.predict.validation.heldout import band, chosen, work
from bench.predict.validation.heldserving import engine

ENOUGH = 20
"""Works that two chips must share in serving; steps have few, and all are taken."""
Key = tuple[str | float, ...]


@dataclass(frozen=True)
class Side:
    """One work on one chip, all as natural logs.

    Attributes:
        work: its name.
        seconds: measured.
        departure: of measured over predicted.
        bandwidth, rate: of the sheet.
    """

    work: str
    seconds: float
    departure: float
    bandwidth: float
    rate: float


Sides = Mapping[Key, Side]


def step_ratios(every: Sequence[Case]) -> dict[str, list[Outcome]]:
    """Returns ratios of steps, by phase, of each pair of chips as the others predict them."""
    found: dict[str, list[Outcome]] = {one: [] for one in PHASES}
    chips = {one.row.chip: one.facts for one in every}
    for pair in combinations(chips, 2):
        kept = [one for one in every if one.row.chip not in pair]
        stack = fit(kept)
        parts = of_steps(kept, stack)
        for phase in PHASES:
            first, second = (_steps(every, chip, phase, stack) for chip in pair)
            between = difference((chips[pair[0]], chips[pair[1]]), parts[phase], stack)
            found[phase] += side_by_side(pair, first, second, between)
    return found


def _steps(every: Sequence[Case], chip: str, phase: str, stack: Stack) -> Sides:
    own = [one for one in every if one.row.chip == chip and one.phase == phase]
    sides: dict[Key, Side] = {}
    for one, log in zip(own, departures(own, stack), strict=True):
        words = one.row.words
        wide, rate = (math.log(float(value)) for value in (one.chip.bandwidth, one.chip.product))
        key = (words["lengths"], one.row["tp"], words["model"])
        sides[key] = Side(work(one.row), math.log(one.seconds), float(log), wide, rate)
    return sides


def product_ratios(known: Measured) -> list[Outcome]:
    """Returns ratios of products of each chip and the next one, as the others predict them.

    Of all pairs a ring: each chip is in two, and a fit is made for each pair.
    """
    found: list[Outcome] = []
    places = range(len(known.chips))
    for first, second in zip(places, (*places[1:], 0), strict=True):
        kept = chosen(known, [place not in (first, second) for place in places])
        how, departed = learnt(kept, Products())
        sides = [_products(known, place, how, departed) for place in (first, second)]
        chips = known.chips[first], known.chips[second]
        _, halves = difference(chips, departed, Stack())  # each side's shift is in its departure
        found += side_by_side((chips[0].chip, chips[1].chip), sides[0], sides[1], (0.0, halves))
    return found


def _products(known: Measured, place: int, how: Products, departed: Departures) -> Sides:
    shapes, times, chip = known.shapes[place], np.log(known.times[place]), known.chips[place]
    away = times - np.log(of_all(chip, shapes, how, departed, Stack()).seconds)
    wide, rates = math.log(chip.bandwidth or math.nan), np.log(shapes.rate)
    told = zip(shapes.sizes.tolist(), shapes.m, times, away, rates, strict=True)
    return {
        tuple(size): Side(band(rows), float(took), float(log), wide, float(rate))
        for size, rows, took, log, rate in told
    }


def side_by_side(
    pair: tuple[str, str],
    first: Sides,
    second: Sides,
    between: tuple[float, tuple[float, ...]],
) -> Iterator[Outcome]:
    """Yields the ratio of each work that both chips did."""
    shift, halves = between
    for key in first:
        if key not in second:
            continue
        one, other = first[key], second[key]
        measured = one.seconds - other.seconds
        error = shift - (one.departure - other.departure)
        wide, rate = other.bandwidth - one.bandwidth, other.rate - one.rate
        yield Outcome(" / ".join(pair), one.work, error, halves, (wide - measured, rate - measured))


def frozen_ratios(world: World) -> dict[str, list[Outcome]]:
    """Returns ratios of TPOT as predicted by steps of another source alone, no interval told."""
    stack = world.stack()
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for name in found:
        sides = _serving(world, name, stack)
        for pair in _pairs(world, sides, home=True):
            found[name] += side_by_side(pair, sides[pair[0]], sides[pair[1]], (0.0, ()))
    return found


def serving_ratios(world: World, *, home: bool = True) -> dict[str, list[Outcome]]:
    """Returns ratios of TPOT of each pair of chips, as steps and serving of the others predict.

    Args:
        world: all that is known.
        home: pairs of vendors that a fit of serving has; else those with a chip of another.
    """
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    known = {name: _pairs(world, _serving(world, name, Stack()), home=home) for name in found}
    for pair in dict.fromkeys(pair for pairs in known.values() for pair in pairs):
        every, stack = world.cases(pair), world.stack(pair)
        rows = [row for row in world.serving if row.chip not in pair]
        parts = of_serving(rows, world.chips, world.models, stack, of_steps(every, stack))
        for name in (name for name, pairs in known.items() if pair in pairs):
            sides = _serving(world, name, stack)
            ports = {} if home else by_ports(world, stack, parts, pair)
            chips = world.chips[pair[0]], world.chips[pair[1]]
            first, second = (None if fitted(one, parts[name]) else ports.get(name) for one in chips)
            between = difference(chips, parts[name], stack, (first, second))
            found[name] += side_by_side(pair, sides[pair[0]], sides[pair[1]], between)
    return found


def _serving(world: World, name: str, stack: Stack) -> dict[str, Sides]:
    """Returns each chip's works; of a work that was run more than once, the median."""
    every = (*world.serving, *world.unseen)
    rows = [row for row in every if kind(world, row) == name]
    runs: dict[str, dict[Key, list[Side]]] = {}
    for row, one in zip(rows, served(rows, world.chips, world.models, stack), strict=True):
        if math.isfinite(one):
            side = _side(world, row, math.log(one))
            runs.setdefault(row.chip, {}).setdefault(same_work(row), []).append(side)
    return {chip: {key: middle_of(own) for key, own in of.items()} for chip, of in runs.items()}


def _side(world: World, row: Row, predicted: float) -> Side:
    chip, seconds = world.chips[row.chip], math.log(row["tpot_ms"] * 1e-3)
    model = world.models[row.words["model"]]
    rate = chip.peak(as_served(row.words["dtype"], chip, model).rate)
    wide = math.log(chip.bandwidth or math.nan)
    return Side(engine(row), seconds, seconds - predicted, wide, math.log(rate))


def middle_of(runs: Sequence[Side]) -> Side:
    """Returns the middle one of several runs of one work."""
    seconds = median(one.seconds for one in runs)
    away = median(one.departure for one in runs)
    return Side(runs[0].work, seconds, away, runs[0].bandwidth, runs[0].rate)


def _pairs(world: World, sides: Mapping[str, Sides], *, home: bool) -> list[tuple[str, str]]:
    """Returns the pairs of chips that did ``ENOUGH`` works in common, of fitted vendors or not."""
    known, works = vendors(world), {chip: set(own) for chip, own in sides.items()}
    return [
        pair
        for pair in combinations(works, 2)
        if len(works[pair[0]] & works[pair[1]]) >= ENOUGH
        and all(world.chips[one].vendor in known for one in pair) == home
    ]
