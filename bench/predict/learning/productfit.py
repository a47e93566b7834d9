"""What measured products say of software: the formula of ``product`` fitted on times.

All chips are fitted together, one vote each; what that leaves is kriged among sizes and families,
and each chip departs from it. A chip by itself is fitted beside what is usual of chips.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.learning.kernel import SMOOTH
from bench.predict.learning.pooled import Departures, pooled
from bench.predict.learning.product import Products, Shapes, joined, seconds, shapes
from bench.predict.learning.remainder import remainder, unseen
from bench.predict.learning.robust import robust
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array

FREE = {
    "fraction": (0.2, 1.2, False), "headroom": (-0.1, 0.4, False), "stream": (0.3, 1.1, False),
    "overlap": (1.0, 10.0, False), "idle": (0.0, 2.0, False), "launch_s": (1e-7, 1e-4, True),
    "depth_s": (1e-12, 1e-8, True), "held": (0.3, 3.0, True), "cached": (2.0, 64.0, True),
    "passes": (0.2, 5.0, True), "row": (1.0, 1e5, True), "quantise_s": (1e-7, 1e-4, True),
}  # fmt: skip
QUANTISING = ("passes", "row", "quantise_s")
LEAST = 1e-3
"""Spread of a parameter below which chips cannot tell it, as a fit looks for it."""
WIDE = 1.0
"""Spread of a prior that says next to nothing, over the distance of a parameter's bounds."""
NORMAL = 1.4826
"""Standard deviation over the median size, of a normal scatter."""


@dataclass(frozen=True)
class Prior:
    """How far one chip is from all chips' formula.

    Attributes:
        spread: of each parameter, as a fit looks for it: standard deviation over chips.
        noise: standard deviation of what a chip's own formula leaves of one product, log.
    """

    spread: Mapping[str, float]
    noise: float


def fit(
    one: Shapes, measured: Array, votes: Array, start: Products, usual: Prior | None = None
) -> Products:
    """Returns what explains measured times best, in log time, outliers counting little.

    What they cannot tell stays as it begins: quantising where none was timed with it, a product's
    launch where all were, for all launches are one time; headroom where all chips have the same.

    Args:
        one: the products.
        measured: seconds.
        votes: weights; such that each chip has one.
        start: where to begin; what it leaves stays.
        usual: how far from there a chip is; without it any parameters are as good.
    """
    from scipy.optimize import least_squares

    bare = replace(start, left=None)
    logs = np.log(measured) - (start.left.log(one.sizes, one.family) if start.left else 0.0)
    free = _free(one)
    begun = np.array([_in(key, getattr(start, key)) for key in free])

    def errors(values: Array) -> Array:
        missed = robust(np.log(seconds(one, _made(bare, free, values))) - logs, SMOOTH, votes)
        if usual is None:
            return missed
        wide = np.array([usual.spread[key] for key in free])
        return np.concatenate([missed * SMOOTH / usual.noise, (values - begun) / wide])

    low, high = (np.array([_in(key, FREE[key][place]) for key in free]) for place in (0, 1))
    first = np.clip(begun, low + 1e-9, high - 1e-9)
    best = least_squares(errors, first, bounds=(low, high), x_scale=np.maximum(np.abs(first), 0.1))
    return _made(start, free, best.x)


def prior(known: "Measured", how: Products) -> Prior:
    """Returns how far chips are from all chips' formula, each fitted by itself.

    What a chip cannot tell stays at all chips', for it is fitted beside a prior that is ``WIDE``;
    what none can tell is as wide for the next.
    """
    wide = Prior(
        {key: WIDE * (_in(key, most) - _in(key, least)) for key, (least, most, _) in FREE.items()},
        SMOOTH,
    )
    parted: dict[str, list[float]] = {}
    left: list[float] = []
    for one, times in zip(known.shapes, known.times, strict=True):
        own = fit(one, times, np.ones(len(times)), how, wide)
        left += np.log(times / seconds(one, own)).tolist()
        for key in _free(one):
            far = _in(key, getattr(own, key)) - _in(key, getattr(how, key))
            parted.setdefault(key, []).append(far)
    told = {
        key: max(LEAST, float(np.sqrt(np.mean(np.square(fars))))) for key, fars in parted.items()
    }
    return Prior({**wide.spread, **told}, NORMAL * float(np.median(np.abs(left))))


def _free(one: Shapes) -> list[str]:
    """Returns the parameters that products can tell, by chips and by which were quantised."""
    fixed = set() if np.any(one.quantised) else set(QUANTISING)
    if np.all(one.quantised):
        fixed = {"launch_s"}
    if len(np.unique(one.headroom)) < 2:
        fixed.add("headroom")
    return [key for key in FREE if key not in fixed]


def _in(key: str, value: float) -> float:
    return math.log(value) if FREE[key][2] else value


def _made(start: Products, free: Sequence[str], values: Array) -> Products:
    told = zip(free, values, strict=True)
    made = {key: math.exp(one) if FREE[key][2] else float(one) for key, one in told}
    return Products(**{**vars(start), **made})


@dataclass(frozen=True)
class Measured:
    """Measured products by chip, of one format and kind of software."""

    chips: tuple[Facts, ...]
    shapes: tuple[Shapes, ...]
    times: tuple[Array, ...]


def measured(rows: Sequence[Row], chips: Mapping[str, Facts], dtype: str) -> Measured:
    """Returns the rows of one format, chip by chip; what their sheets lack is left out."""
    kept = [one for one in rows if one.words["dtype"] == dtype]
    ids = dict.fromkeys(one.chip for one in kept)
    found, made, times = [], [], []
    for chip in (chips[one] for one in ids if one in chips):
        own = [one for one in kept if one.chip == chip.chip]
        if chip.bandwidth is None or dtype not in chip.peaks:
            continue
        found.append(chip)
        timed = ([one[key] for one in own] for key in ("copies", "quantised"))
        made.append(shapes([(one["m"], one["n"], one["k"]) for one in own], chip, dtype, *timed))
        times.append(np.array([one["us"] * 1e-6 for one in own]))
    return Measured(tuple(found), tuple(made), tuple(times))


def learnt(known: Measured, start: Products) -> tuple[Products, Departures]:
    """Returns what all chips say of products, and each chip's departure from it."""
    votes = np.concatenate([np.full(len(one), math.sqrt(1 / len(one))) for one in known.times])
    how = fit(joined(known.shapes), np.concatenate(known.times), votes, start)
    left = [np.log(t / seconds(one, how)) for one, t in zip(known.shapes, known.times, strict=True)]
    at, names = [one.sizes for one in known.shapes], [one.family for one in known.chips]
    labels = [chip.labels for chip, one in zip(known.chips, known.times, strict=True) for _ in one]
    logs = [float(one) for one in np.concatenate(unseen(at, left, names))]
    works = [tuple(one) for one in np.concatenate(at).tolist()]
    departed = pooled(labels, logs, works)
    return replace(how, left=remainder(at, left, names)), departed
