"""TTFT of each chip, predicted by a fit that has not seen the chip."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from bench.predict.learning import ttft
from bench.predict.learning.departure import Halves, departure, has_fitted_vendor
from bench.predict.learning.learn import (
    DENSE,
    EXPERTS,
    SERVING,
    Learnt,
    learn,
    serving_part,
    step_departures,
    ttft_fits,
    ttft_rows,
)
from bench.predict.learning.othergroups import other_groups
from bench.predict.learning.reportedserving import (
    Logs,
    logs_by_group,
    on_fitted_vendors,
    port_groups,
)
from bench.predict.learning.servingrows import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import IDEAL
from bench.predict.validation.bars import CHIP, SOURCE
from bench.predict.validation.errors import FITTED, Outcome
from bench.predict.validation.reportedserving import without
from bench.predict.validation.serving import engine

NAMES = {DENSE: "serving TTFT, dense", EXPERTS: "serving TTFT, experts"}
NOTE = (
    "light load, by an independent test; what the engine adds to a prefill is fitted on the other "
    "chips' rows; unlike predict, with the wait for the other requests under way"
)

REPORTED = {DENSE: "TTFT as reported, dense", EXPERTS: "TTFT as reported, experts"}
ALONE = "requests by themselves, as single groups reported them on any engine"
NOTES = {
    DENSE: (
        f"{ALONE}; those on which the cost of a request besides its prefill was set are left out"
    ),
    EXPERTS: (
        f"{ALONE}; the two constants of such a request were set on these rows, which therefore do "
        "not test them"
    ),
}
FIRST = (*NAMES.values(), *REPORTED.values())
"""Names of all parts of TTFT."""


def first_tokens(world: World) -> dict[str, list[Outcome]]:
    """Returns TTFT under light load of each chip, predicted by steps and serving of the others."""
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for chip in dict.fromkeys(row.chip for row in ttft.light(world.serving)):
        for name, cases in _left_out(world, chip):
            found[name] += cases
    return found


def first_parts(world: World) -> Iterator[tuple[str, str, list[Outcome], str]]:
    """Yields the name of each part of TTFT, what it holds out, its cases and a note."""
    for name, cases in first_tokens(world).items():
        yield NAMES[name], CHIP, cases, NOTE
    for name, cases in reported_alone(world).items():
        yield REPORTED[name], FITTED if name == EXPERTS else SOURCE, cases, NOTES[name]


def reported_alone(world: World) -> dict[str, list[Outcome]]:
    """Returns TTFT that others reported of single requests, by part, predicted as by ``forecast``.

    How other groups' serving compares leaves out a value's own group.
    """
    known = learn(world.chips, world.models, world.data)
    logs = logs_by_group(world, known.stack, known.parts)
    ours, paper = (
        served(world.reported_first, world.chips, world.models, one, what="ttft")
        for one in (known.stack, IDEAL)
    )
    share = first_shares(world, world.data[SERVING].rows)
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for row, prefill, roofline in zip(world.reported_first, ours, paper, strict=True):
        name, chip = serving_part(row, world.models), world.chips[row.chip]
        if not np.isfinite(prefill):
            continue
        seconds, halves = _alone(
            chip, name, prefill, known, without(logs[name], row.words["group"])
        )
        log = float(np.log(roofline) - np.log(row["ttft_ms"] * 1e-3))
        error = float(np.log(seconds) - np.log(row["ttft_ms"] * 1e-3))
        work = f"{row.words['model']} {row.words['dtype']}"
        found[name].append(Outcome(row.chip, work, error, halves, (log, log + share[name])))
    return found


def _alone(
    chip: Facts, name: str, prefill_s: float, known: Learnt, logs: Logs
) -> tuple[float, Halves]:
    """Returns the TTFT of a request by itself in s, and half-widths in log."""
    model, part = known.first[name]
    if has_fitted_vendor(chip, part):
        groups = other_groups(on_fitted_vendors(logs))
        spread = groups.spread if groups else 0.0
        shift, halves = departure(chip, part, known.stack, engines=spread)
    else:
        shift, halves = departure(chip, part, known.stack, port_groups(logs))
    seconds = float(model.alone(np.array(prefill_s))) * math.exp(shift)
    if name == DENSE:
        least, _ = departure(chip, known.parts["prefill"], known.stack)
        seconds = max(seconds, prefill_s * math.exp(least))
    return seconds, halves


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
