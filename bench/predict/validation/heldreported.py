"""Serving that others reported, predicted by the frozen model: no time of it was fitted."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bench.predict.learning.expected import departure, fitted
from bench.predict.learning.learn import Learnt
from bench.predict.learning.others import others
from bench.predict.learning.reported import Logs, at_home, log_errors, logs_by_group
from bench.predict.learning.served import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, kind
from bench.predict.model.stack import IDEAL, Stack, shared
from bench.predict.validation.errors import Outcome


def told_by_others(world: World, known: Learnt, rows: list[Row]) -> list[Outcome]:
    """Returns reported serving beside what was predicted, where the sheet says enough.

    No group tells what its own serving is like, on ports nor on chips of a fitted vendor.
    """
    ours, ideal, share = (log_errors(world, rows, one) for one in (known.stack, *_rivals(world)))
    logs = logs_by_group(world, known.stack, known.parts)
    asked = {(kind(world, row), row.words["group"]) for row in rows}
    ports = {(name, group): others(without(logs[name], group)) for name, group in asked}
    groups = {(name, group): others(at_home(without(logs[name], group))) for name, group in asked}
    found = []
    for place, row in enumerate(rows):
        if not np.isfinite(ours[place]):
            continue
        name, chip = kind(world, row), world.chips[row.chip]
        told = groups if fitted(chip, known.parts[name]) else ports
        with_others = told[name, row.words["group"]]
        shift, halves = departure(chip, known.parts[name], known.stack, with_others)
        work = f"{row.words['model']} {row.words['dtype']}"
        error, rivals = float(ours[place]) + shift, (float(ideal[place]), float(share[place]))
        found.append(Outcome(row.chip, work, error, halves, rivals))
    return found


def without(logs: Logs, group: str) -> Logs:
    """Returns what all groups but one made of serving."""
    return {one: own for one, own in logs.items() if one[0] != group}


def left_out(rows: Sequence[Row], found: Sequence[Outcome]) -> str:
    """Returns of which chips how many rows have no outcome, as the end of a note, or nothing."""
    lost = Counter(row.chip for row in rows) - Counter(one.chip for one in found)
    told = ", ".join(f"{count:,} of {chip}" for chip, count in lost.most_common())
    return f"; left out, because the sheet says too little: {told}" if told else ""


def _rivals(world: World) -> tuple[Stack, Stack]:
    """Returns the roofline, and it at the one share that fits the table of serving best."""
    ideal = served(world.serving, world.chips, world.models, IDEAL)
    logs = np.log([row["tpot_ms"] * 1e-3 for row in world.serving]) - np.log(ideal)
    return IDEAL, shared(min(1.0, float(np.exp(-np.nanmedian(logs)))))
