"""TTFT of each chip, predicted by a fit that has not seen the chip."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.predict.learning import ttft
from bench.predict.learning.expected import departure
from bench.predict.learning.learn import (
    DENSE,
    EXPERTS,
    SERVING,
    step_departures,
    ttft_fits,
    ttft_rows,
)
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.model.operators import Array
from bench.predict.model.stack import IDEAL
from bench.predict.validation.errors import Outcome
from bench.predict.validation.heldserving import engine

NAMES = {DENSE: "serving TTFT, dense", EXPERTS: "serving TTFT, experts"}
NOTE = (
    "light load, by an independent test; what the engine adds to a prefill is fitted on the other "
    "chips' rows; unlike predict, with the wait for the other requests under way"
)


def first_tokens(world: World) -> dict[str, list[Outcome]]:
    """Returns TTFT under light load of each chip, predicted by steps and serving of the others."""
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for chip in dict.fromkeys(row.chip for row in ttft.light(world.serving)):
        for name, cases in _left_out(world, chip):
            found[name] += cases
    return found


def _left_out(world: World, chip: str) -> Iterator[tuple[str, list[Outcome]]]:
    """Yields the name of each part, and one chip's rows.

    They are predicted as by ``forecast``, with the wait for other requests, which it leaves out.
    """
    steps, stack, rows = world.cases({chip}), world.stack({chip}), world.data[SERVING].rows
    facts = world.chips[chip]
    prefill, _ = departure(facts, step_departures(steps, stack)["prefill"], stack)
    known = ttft_fits([row for row in rows if row.chip != chip], world.chips, world.models, stack)
    share = first_shares(world, [row for row in rows if row.chip != chip])
    predicted, paper = (
        ttft_rows([row for row in rows if row.chip == chip], world.chips, world.models, one)
        for one in (stack, IDEAL)
    )
    for (name, own, prefills), (_, _, roofline) in zip(predicted, paper, strict=True):
        params, departed = known[name]
        shift, halves = departure(facts, departed, stack)
        errors, measured = shift - ttft.departures(own, prefills, params), _logs(own)
        if name == DENSE:
            errors = np.maximum(errors, np.log(prefills) + prefill - measured)
        bare = np.log(roofline) - measured
        rivals = zip(bare.tolist(), (bare + share[name]).tolist(), strict=True)
        yield (
            name,
            [
                Outcome(chip, engine(row), float(error), halves, pair, row["ttft_ms"] * 1e-3)
                for row, error, pair in zip(own, errors, rivals, strict=True)
            ],
        )


def _logs(rows: Sequence[Row]) -> Array:
    """Returns the log of each row's TTFT in s."""
    return np.log([row["ttft_ms"] * 1e-3 for row in rows])


def first_shares(world: World, rows: Sequence[Row]) -> dict[str, float]:
    """Returns the median log of measured over roofline time, by part."""
    return {
        name: float(np.median(_logs(own) - np.log(roofline)))
        for name, own, roofline in ttft_rows(rows, world.chips, world.models, IDEAL)
    }
