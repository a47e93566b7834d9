"""Serving as others reported it, predicted by the shipped model, which was not fitted on it."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.predict.learning.departure import departure, difference, has_fitted_vendor
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt, serving_part
from bench.predict.learning.othergroups import OtherGroups, other_groups
from bench.predict.learning.reportedpairs import Pair, pairs, scatter
from bench.predict.learning.reportedserving import (
    Logs,
    log_errors,
    logs_by_group,
    on_fitted_vendors,
    port_groups,
)
from bench.predict.learning.servingrows import as_served, served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.model.facts import Facts
from bench.predict.model.stack import IDEAL, NETWORK_SET_ON, Stack, shared
from bench.predict.model.step import NODE
from bench.predict.validation.errors import Outcome


def reported_serving(world: World, known: Learnt, rows: list[Row]) -> list[Outcome]:
    """Returns reported serving with its prediction, if the sheet has the figures it needs.

    The other-groups distribution for a value leaves out the value's own group, both for ports and
    for chips of a fitted vendor.
    """
    ours, ideal, share = (log_errors(world, rows, one) for one in (known.stack, *_rivals(world)))
    logs = logs_by_group(world, known.stack, known.parts)
    keys = {(serving_part(row, world.models), row.words["group"]) for row in rows}
    ports = {(name, group): port_groups(without(logs[name], group)) for name, group in keys}
    groups = {
        (name, group): other_groups(on_fitted_vendors(without(logs[name], group)))
        for name, group in keys
    }
    found = []
    for place, row in enumerate(rows):
        if not np.isfinite(ours[place]):
            continue
        name, chip = serving_part(row, world.models), world.chips[row.chip]
        distributions = groups if has_fitted_vendor(chip, known.parts[name]) else ports
        distribution = distributions[name, row.words["group"]]
        shift, halves = departure(chip, known.parts[name], known.stack, distribution)
        work = f"{row.words['model']} {row.words['dtype']}"
        error, rivals = float(ours[place]) + shift, (float(ideal[place]), float(share[place]))
        found.append(Outcome(row.chip, work, error, halves, rivals))
    return found


def reported_ratios(world: World, known: Learnt, rows: list[Row]) -> dict[str, list[Outcome]]:
    """Returns ratios of two chips of one vendor that a group measured alike, by part of the fit.

    Their scatter leaves out the group. The baselines are ratios of the sheets, as in ``pairs``.
    """
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    every = pairs(world, rows, known.stack, known.parts)
    for one in every:
        apart = scatter(every, without=one.group)[one.part]
        chips = world.chips[one.chips[0]], world.chips[one.chips[1]]
        groups = OtherGroups(1.0, 1.0, 1.0, 0.0, 0, 0, apart)
        _, halves = difference(chips, known.parts[one.part], known.stack, (groups, groups))
        bandwidths, rates = zip(*(_on_paper(world, chip, one) for chip in chips), strict=True)
        rivals = (
            bandwidths[1] - bandwidths[0] - one.measured, rates[1] - rates[0] - one.measured,
        )  # fmt: skip
        found[one.part].append(Outcome(" / ".join(one.chips), one.group, one.error, halves, rivals))
    return found


def _on_paper(world: World, chip: Facts, pair: Pair) -> tuple[float, float]:
    """Returns the logs of a chip's memory bandwidth and of its matrix rate for a pair's work."""
    formats = as_served(pair.dtype, chip, world.models[pair.model])
    return math.log(chip.bandwidth or math.nan), math.log(chip.peak(formats.rate))


def set_on(world: World, row: Row) -> bool:
    """Tells whether a constant of the model was set on a row, which therefore does not test it."""
    node = max(world.chips[row.chip].linked or NODE, NODE)
    report, *_ = row.words["stack"].split()
    return report in NETWORK_SET_ON and row["tp"] * row["dp"] * max(row["pp"], 1.0) > node


def without(logs: Logs, group: str) -> Logs:
    """Returns the values of all groups but one."""
    return {key: values for key, values in logs.items() if key[0] != group}


def left_out(rows: Sequence[Row], found: Sequence[Outcome]) -> str:
    """Returns how many rows of which chips have no outcome, as the end of a note; may be empty."""
    lost = Counter(row.chip for row in rows) - Counter(one.chip for one in found)
    words = ", ".join(f"{count:,} of {chip}" for chip, count in lost.most_common())
    return f"; left out, because the sheet says too little: {words}" if words else ""


def _rivals(world: World) -> tuple[Stack, Stack]:
    """Returns the baselines: the roofline, and its single share that fits serving best."""
    ideal = served(world.serving, world.chips, world.models, IDEAL)
    logs = np.log([row["tpot_ms"] * 1e-3 for row in world.serving]) - np.log(ideal)
    return IDEAL, shared(min(1.0, float(np.exp(-np.nanmedian(logs)))))
