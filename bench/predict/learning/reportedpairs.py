"""Ratios of two chips of one vendor, as one group measured both: how far they scatter.

A group that measures two chips does not always run the same engine version, settings and host on
both, so what the chips have in common does not cancel as it does on tuned engines.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log, sqrt
from statistics import fmean, median

import numpy as np

from bench.predict.learning.learn import DENSE, EXPERTS, serving_part
from bench.predict.learning.pooling import Departures
from bench.predict.learning.reportedserving import log_errors
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World
from bench.predict.model.stack import Stack

FEWEST = 3
"""Number of groups below which nothing is concluded from them."""
PRIOR_GROUPS = 3
"""Number of groups that the scatter of models of the other kind counts as."""
Key = tuple[str, str, tuple[str, str]]
"""Part of the fit, group and chips."""
ALIKE = ("group", "model", "dtype", "kv_dtype", "quantity")
"""What two values of one ratio have in common, besides all numbers but the time."""


@dataclass(frozen=True)
class Pair:
    """One group's measurements of two chips of one vendor on the same work.

    Attributes:
        part: part of the fit.
        group: who measured.
        chips: ids of both chips.
        error: median over the works of the log of predicted over measured ratio of times.
        measured: median log of the measured ratio.
        model, dtype: of the first of the works.
    """

    part: str
    group: str
    chips: tuple[str, str]
    error: float
    measured: float
    model: str
    dtype: str


def pairs(
    world: World, rows: Sequence[Row], stack: Stack, parts: Mapping[str, Departures]
) -> list[Pair]:
    """Returns all pairs of chips of one vendor that a group measured on the same work."""
    found: dict[Key, list[tuple[Row, float, float]]] = defaultdict(list)
    for by_chip in _works(world, rows, stack).values():
        for chips in combinations(sorted(by_chip), 2):
            facts = [world.chips[chip] for chip in chips]
            if facts[0].vendor != facts[1].vendor:
                continue
            first, other = (np.median(by_chip[chip][1], axis=0) for chip in chips)
            row = by_chip[chips[0]][0]
            part = serving_part(row, world.models)
            means, _ = parts[part].predicted([chip.labels for chip in facts])
            error, measured = first - other
            place = part, row.words["group"], chips
            found[place].append((row, float(error + means[0] - means[1]), float(measured)))
    return [
        Pair(*key, median(errors), median(ratios), works[0].words["model"], works[0].words["dtype"])
        for key, (works, errors, ratios) in (
            (key, zip(*own, strict=True)) for key, own in found.items()
        )
    ]


def _works(
    world: World, rows: Sequence[Row], stack: Stack
) -> dict[tuple[object, ...], dict[str, tuple[Row, list[tuple[float, float]]]]]:
    """Returns the values of each work of a group by chip: a row, and logs of error and time."""
    found: dict[tuple[object, ...], dict[str, tuple[Row, list[tuple[float, float]]]]] = {}
    for row, error in zip(rows, log_errors(world, rows, stack), strict=True):
        if np.isfinite(error):
            words = (row.words[key] for key in ALIKE)
            sizes = sorted((key, size) for key, size in row.numbers.items() if key != "tpot_ms")
            by_chip = found.setdefault((*words, *sizes), {})
            _, values = by_chip.setdefault(row.chip, (row, []))
            values.append((float(error), log(row["tpot_ms"])))
    return found


def scatter(found: Sequence[Pair], without: str = "") -> dict[str, float]:
    """Returns the log scatter of ratios by part, with one vote per group; 0 if there are too few.

    That of the part with fewer groups is shrunk towards the other's, which counts as
    ``PRIOR_GROUPS`` of them.

    Args:
        found: pairs of all parts.
        without: a group to leave out.
    """
    errors: dict[str, dict[str, list[float]]] = {DENSE: {}, EXPERTS: {}}
    for one in found:
        if one.group != without:
            errors[one.part].setdefault(one.group, []).append(one.error)
    votes = {part: [_root_mean_square(own) for own in by.values()] for part, by in errors.items()}
    most = max(votes, key=lambda part: len(votes[part]))
    if len(votes[most]) < FEWEST:
        return dict.fromkeys(votes, 0.0)
    prior = fmean(votes[most])
    return {part: prior if part == most else _shrunk(own, prior) for part, own in votes.items()}


def _shrunk(votes: Sequence[float], prior: float) -> float:
    """Returns the root mean square of groups' scatter and of ``PRIOR_GROUPS`` with the prior's."""
    return _root_mean_square([*votes, *[prior] * PRIOR_GROUPS])


def _root_mean_square(values: Sequence[float]) -> float:
    return sqrt(fmean(one**2 for one in values))
