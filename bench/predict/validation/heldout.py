"""Every measured time predicted by a model that was fitted without it.

What is left out is a chip, a vendor or a whole source. Nothing of it is seen by the fit: neither
by the stack, nor by the parameters of products, nor by the departures, nor by the one share that
the second baseline multiplies the roofline with.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from bench.predict.learning.expected import departure
from bench.predict.learning.fit import Case, departures, fit
from bench.predict.learning.learn import PHASES, of_steps
from bench.predict.learning.pooled import Departures
from bench.predict.learning.product import Products, roofline
from bench.predict.learning.productfit import Measured, learnt, prior
from bench.predict.learning.producttime import ProductTimes, of_all, of_its_own
from bench.predict.learning.refined import refined
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.validation.errors import Outcome

LEAST = 3
"""Chips without which nothing is fitted."""
BANDS = ((16, "m to 16"), (256, "m 17 to 256"), (4096, "m 257 to 4096"), (math.inf, "m over 4096"))
WHOLE = "whole request"


def products(known: Measured, held: Callable[[Facts], str]) -> list[Outcome]:
    """Returns products of each group of chips, predicted by the chips of the others.

    Args:
        known: measured products.
        held: the group of a chip: its id, or its vendor. A group without which fewer than
            ``LEAST`` chips are left is not predicted.
    """
    found: list[Outcome] = []
    for group in dict.fromkeys(map(held, known.chips)):
        kept = chosen(known, [held(chip) != group for chip in known.chips])
        if len(kept.chips) >= LEAST:
            found += predicted(chosen(known, [held(chip) == group for chip in known.chips]), kept)
    return found


def chosen(known: Measured, wanted: Sequence[bool]) -> Measured:
    """Returns some of the chips."""
    places = [place for place, one in enumerate(wanted) if one]
    return Measured(
        tuple(known.chips[place] for place in places),
        tuple(known.shapes[place] for place in places),
        tuple(known.times[place] for place in places),
    )


def predicted(asked: Measured, known: Measured) -> list[Outcome]:
    """Returns products as they are predicted by what was measured of others."""
    how, departed = learnt(known, Products())
    share = float(np.median(np.concatenate(_beyond(known))))
    found: list[Outcome] = []
    for chip, shapes, times, paper in zip(
        asked.chips, asked.shapes, asked.times, _beyond(asked), strict=True
    ):
        told = of_all(chip, shapes, how, departed, Stack())
        found += _outcomes(chip, shapes.m, told, times, (paper, share))
    return found


def _outcomes(
    chip: Facts, rows: Array, told: ProductTimes, times: Array, beside: tuple[Array, float]
) -> Iterator[Outcome]:
    """Yields a chip's products as users are told of them, rival figures of its sheet apart.

    Args:
        chip: whose.
        rows: m of each.
        told: what is predicted.
        times: what was measured, s.
        beside: log of that over the roofline's time; and the usual share of it.
    """
    paper, share = beside
    errors = np.log(told.seconds / times).tolist()
    for m, one, log, *halves in zip(rows, errors, paper.tolist(), *told.halves, strict=True):
        widths = tuple(map(float, halves))
        yield Outcome(chip.chip, band(m), one, widths, (-log, share - log))


def calibrated(asked: Measured, own: Measured, known: Measured) -> list[Outcome]:
    """Returns products as they are predicted by other products of the same chip.

    Args:
        asked: what is predicted, of chips that ``own`` has.
        own: what was measured of them in a short run.
        known: what all chips' fit begins with.
    """
    how, _ = learnt(known, Products())
    usual = prior(known, how)
    places = {chip.chip: place for place, chip in enumerate(own.chips)}
    found: list[Outcome] = []
    for chip, shapes, times, paper in zip(
        asked.chips, asked.shapes, asked.times, _beyond(asked), strict=True
    ):
        place = places[chip.chip]
        share = float(np.median(_beyond(own)[place]))
        told = of_its_own(shapes, refined(own.shapes[place], own.times[place], how, usual))
        found += _outcomes(chip, shapes.m, told, times, (paper, share))
    return found


def _beyond(known: Measured) -> list[Array]:
    """Returns log of measured time over the roofline's, chip by chip."""
    pairs = zip(known.shapes, known.times, strict=True)
    return [np.log(times / roofline(shapes)) for shapes, times in pairs]


def band(rows: float) -> str:
    """Returns the band of a product's rows."""
    return next(name for most, name in BANDS if rows <= most)


def steps(every: Sequence[Case]) -> dict[str, list[Outcome]]:
    """Returns prefill, decode and whole requests of each chip, predicted by the others'."""
    found: dict[str, list[Outcome]] = {one: [] for one in (*PHASES, WHOLE)}
    for chip in dict.fromkeys(one.row.chip for one in every):
        kept = [one for one in every if one.row.chip != chip]
        own = [one for one in every if one.row.chip == chip]
        stack = fit(kept)
        parts = of_steps(kept, stack)
        share = {one: float(np.median(_over(kept, IDEAL, one))) for one in PHASES}
        made = {one: _phase(own, stack, one, parts[one], share[one]) for one in PHASES}
        for phase, tested in made.items():
            found[phase] += tested
        found[WHOLE] += _whole([one.row for one in own if one.phase == "decode"], made)
    return found


def _over(every: Sequence[Case], stack: Stack, phase: str) -> Array:
    """Returns log of measured over predicted time of one phase."""
    return departures([one for one in every if one.phase == phase], stack)


def _phase(
    own: Sequence[Case], stack: Stack, phase: str, departed: Departures, share: float
) -> list[Outcome]:
    rows = [one.row for one in own if one.phase == phase]
    shift, halves = departure(own[0].facts, departed, stack)
    ours, paper = _over(own, stack, phase), _over(own, IDEAL, phase)
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
    """Returns the name of a step's work."""
    return f"{row.words['model']} tp{row['tp']:g}"


def _whole(rows: Sequence[Row], made: Mapping[str, Sequence[Outcome]]) -> Iterator[Outcome]:
    """Yields requests: a prefill and all further steps; no interval is told of their sum."""
    for row, first, then in zip(rows, made["prefill"], made["decode"], strict=True):
        pairs = zip((first.error, *first.rivals), (then.error, *then.rivals), strict=True)
        ours, *rivals = (math.log(_request(row, *pair) / row["total_s"]) for pair in pairs)
        yield Outcome(row.chip, work(row), ours, (), (rivals[0], rivals[1]))


def _request(row: Row, first: float, then: float) -> float:
    """Returns seconds of a whole request by the log errors of its two phases."""
    steps_s = (row["output"] - 1) * row["decode_s"] * math.exp(then)
    return row["prefill_s"] * math.exp(first) + steps_s
