"""Measured products and steps, predicted by a model that was fitted without them.

The hold-out is a chip, a vendor or a whole source. No part of the fit has seen it: neither the
stack, nor the parameters of products, nor the departures, nor the single share of the roofline that
is the second baseline.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter

import numpy as np

from bench.predict.learning.departure import departure
from bench.predict.learning.fit import Case, departures, fit
from bench.predict.learning.kernel import MeasuredCases, Work
from bench.predict.learning.learn import STEP_PHASES, step_departures
from bench.predict.learning.ownproducts import fit_own_products
from bench.predict.learning.pooling import Departures
from bench.predict.learning.product import Products, roofline
from bench.predict.learning.productfit import Measured, fit_all_chips, prior
from bench.predict.learning.producttime import ProductTimes, from_all_chips, from_own_fit
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.validation.errors import Outcome

LEAST = 3
"""Smallest number of chips to fit on."""
WHOLE = "whole request"
"""Name of the part with a prefill and all decode steps together."""


def leave_out(
    known: MeasuredCases[Work],
    hold_out: Callable[[Facts], str],
    predicted: Callable[[MeasuredCases[Work], MeasuredCases[Work]], list[Outcome]],
    least: int = LEAST,
) -> list[Outcome]:
    """Returns cases of each group of chips, predicted from the other groups.

    Args:
        known: measured cases.
        hold_out: returns the group of a chip: its id, or its vendor.
        predicted: returns the outcomes of some cases, from those of the other chips.
        least: smallest number of chips to predict from.
    """
    found: list[Outcome] = []
    for group in dict.fromkeys(map(hold_out, known.chips)):
        kept = known.chosen(lambda chip: hold_out(chip) != group)  # noqa: B023 -- called at once
        if len(kept.chips) >= least:
            held_out = known.chosen(lambda chip: hold_out(chip) == group)  # noqa: B023
            found += predicted(held_out, kept)
    return found


def products(known: Measured, hold_out: Callable[[Facts], str]) -> list[Outcome]:
    """Returns products of each group of chips, predicted from the other groups."""
    return leave_out(known, hold_out, predicted)


def predicted(held_out: Measured, known: Measured) -> list[Outcome]:
    """Returns the held-out products, predicted from known measurements."""
    params, departed = fit_all_chips(known, Products())
    share = float(np.median(np.concatenate(known.beyond(roofline))))
    found: list[Outcome] = []
    rows = zip(*vars(held_out).values(), held_out.beyond(roofline), strict=True)
    for chip, shapes, times, names, paper in rows:
        prediction = from_all_chips(chip, shapes, params, departed, Stack())
        found += _outcomes(chip, names, prediction, times, (paper, share))
    return found


def _outcomes(
    chip: Facts,
    names: Sequence[str],
    prediction: ProductTimes,
    times: Array,
    baselines: tuple[Array, float],
) -> Iterator[Outcome]:
    """Yields a chip's products as users see them, but without the sheet's part of the interval.

    Args:
        chip: the chip.
        names: name of each product's group in reports.
        prediction: predicted times and intervals.
        times: measured times, s.
        baselines: log of measured over roofline time, for each product and the usual value.
    """
    paper, share = baselines
    errors = np.log(prediction.seconds / times).tolist()
    cases = zip(names, errors, paper.tolist(), *prediction.halves, strict=True)
    for name, one, log, *halves in cases:
        yield Outcome(chip.chip, name, one, tuple(map(float, halves)), (-log, share - log))


def calibrated(held_out: Measured, own: Measured, known: Measured) -> list[Outcome]:
    """Returns the held-out products, predicted from other products on the same chips.

    Args:
        held_out: products to predict, on chips that are in ``own``.
        own: products that a short run measured on these chips.
        known: products of all chips, for the fit that calibration starts from.
    """
    params, _ = fit_all_chips(known, Products())
    usual = prior(known, params)
    places = {chip.chip: place for place, chip in enumerate(own.chips)}
    found: list[Outcome] = []
    rows = zip(*vars(held_out).values(), held_out.beyond(roofline), strict=True)
    for chip, shapes, times, names, paper in rows:
        place = places[chip.chip]
        share = float(np.median(own.beyond(roofline)[place]))
        fit_ = fit_own_products(own.works[place], own.times[place], params, usual)
        prediction = from_own_fit(shapes, fit_)
        found += _outcomes(chip, names, prediction, times, (paper, share))
    return found


def steps(
    cases: Sequence[Case], hold_out: Callable[[Facts], str] = attrgetter("chip")
) -> dict[str, list[Outcome]]:
    """Returns prefill, decode and whole requests of each group of chips, predicted from the others.

    Args:
        cases: measured steps.
        hold_out: returns the group of a chip: its id, or its family.
    """
    found: dict[str, list[Outcome]] = {one: [] for one in (*STEP_PHASES, WHOLE)}
    for group in dict.fromkeys(hold_out(one.facts) for one in cases):
        kept = [one for one in cases if hold_out(one.facts) != group]
        stack = fit(kept)
        parts = step_departures(kept, stack)
        share = {one: float(np.median(_logs(kept, IDEAL, one))) for one in STEP_PHASES}
        held_out = [one for one in cases if hold_out(one.facts) == group]
        for chip in dict.fromkeys(one.row.chip for one in held_out):
            own = [one for one in held_out if one.row.chip == chip]
            phases = {one: _phase(own, stack, one, parts[one], share[one]) for one in STEP_PHASES}
            for phase, outcomes in phases.items():
                found[phase] += outcomes
            found[WHOLE] += _whole([one.row for one in own if one.phase == "decode"], phases)
    return found


def _logs(cases: Sequence[Case], stack: Stack, phase: str) -> Array:
    """Returns the logs of measured over predicted time in one phase."""
    return departures([one for one in cases if one.phase == phase], stack)


def _phase(
    own: Sequence[Case], stack: Stack, phase: str, departed: Departures, share: float
) -> list[Outcome]:
    """Returns one chip's steps of one phase.

    Args:
        own: the chip's cases.
        stack: fitted without them.
        phase: ``prefill`` or ``decode``.
        departed: departures of the other chips.
        share: the other chips' usual log of measured over roofline time.
    """
    rows = [one.row for one in own if one.phase == phase]
    shift, halves = departure(own[0].facts, departed, stack)
    ours, paper = _logs(own, stack, phase), _logs(own, IDEAL, phase)
    return [
        Outcome(
            row.chip,
            work(row),
            shift - float(one),
            halves,
            (-float(log), share - float(log)),
            row[f"{phase}_s"],
        )
        for row, one, log in zip(rows, ours, paper, strict=True)
    ]


def work(row: Row) -> str:
    """Returns the name of a step's work: model and ``tp``."""
    return f"{row.words['model']} tp{row['tp']:g}"


def _whole(rows: Sequence[Row], phases: Mapping[str, Sequence[Outcome]]) -> Iterator[Outcome]:
    """Yields whole requests, a prefill and all decode steps, without an interval for the sum."""
    for row, prefill, decode in zip(rows, phases["prefill"], phases["decode"], strict=True):
        pairs = zip((prefill.error, *prefill.rivals), (decode.error, *decode.rivals), strict=True)
        ours, *rivals = (math.log(_request(row, *pair) / row["total_s"]) for pair in pairs)
        yield Outcome(row.chip, work(row), ours, (), (rivals[0], rivals[1]))


def _request(row: Row, prefill: float, decode: float) -> float:
    """Returns the predicted time of a whole request in s, from the log errors of its two phases."""
    steps_s = (row["output"] - 1) * row["decode_s"] * math.exp(decode)
    return row["prefill_s"] * math.exp(prefill) + steps_s
