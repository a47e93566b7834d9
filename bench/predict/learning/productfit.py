"""Fit of the formula in ``product`` on measured times.

All chips are fitted together, with one vote each. What the formula leaves is kriged over sizes and
families, and each chip departs from the result. One chip's own products are fitted with a prior on
how far chips usually lie from the fit on all chips.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.predict.learning.kernel import SMOOTH, MeasuredCases, bands, cases_by_chip, joined
from bench.predict.learning.leastsquares import Free, best_values, chip_votes, named, robust, scaled
from bench.predict.learning.pooling import Departures, pooled
from bench.predict.learning.product import Products, Shapes, seconds, shapes
from bench.predict.learning.remainder import left_out_residuals, remainder
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array

BANDS = ((16, "m to 16"), (256, "m 17 to 256"), (4096, "m 257 to 4096"), (math.inf, "m over 4096"))
"""Groups in reports: largest m, and name."""
FREE: Free = {
    "fraction": (0.2, 1.2, False), "headroom": (-0.1, 0.4, False), "stream": (0.3, 1.1, False),
    "overlap": (1.0, 10.0, False), "idle": (0.0, 2.0, False), "launch_s": (1e-7, 1e-4, True),
    "depth_s": (1e-12, 1e-8, True), "held": (0.3, 3.0, True), "cached": (2.0, 64.0, True),
    "passes": (0.2, 5.0, True), "row": (1.0, 1e5, True), "quantise_s": (1e-7, 1e-4, True),
}  # fmt: skip
"""Parameters that products determine."""
QUANTISING = ("passes", "row", "quantise_s")
"""Parameters of quantising."""
LEAST = 1e-3
"""Lower bound of a parameter's standard deviation over chips, in the scale of the fit."""
WIDE = 1.0
"""Standard deviation of a nearly flat prior, over the distance between a parameter's bounds."""
OVER_MEDIAN = 1.4826
"""Standard deviation over median absolute value, of a normal distribution."""

Measured = MeasuredCases[Shapes]
"""Measured products of one format and software, by chip."""


@dataclass(frozen=True)
class Prior:
    """How far one chip lies from the formula fitted on all chips.

    Attributes:
        spread: standard deviation of each parameter over chips, in the scale of the fit.
        noise: standard deviation (log) of single products around a chip's own formula.
    """

    spread: Mapping[str, float]
    noise: float


def fit(
    work: Shapes, measured: Array, votes: Array, start: Products, usual: Prior | None = None
) -> Products:
    """Returns the parameters that explain the log of measured times best; outliers count little.

    Parameters that the times cannot determine keep their start value: those of quantising if no
    time includes it; the launch of a product if all include it, as all launches add up to one time;
    the headroom if all chips have the same.

    Args:
        work: the products.
        measured: their times, s.
        votes: weights that give each chip one vote.
        start: parameters to start from; their remainder is kept.
        usual: prior around ``start``; without it, all values within the bounds are as likely.
    """
    bare = replace(start, left=None)
    logs = np.log(measured) - (start.left.log(work.sizes, work.family) if start.left else 0.0)
    free = _free(work)
    begun = np.array([scaled(free, key, getattr(start, key)) for key in free])

    def errors(values: Array) -> Array:
        away = np.log(seconds(work, _products(bare, free, values))) - logs
        residuals = robust(away, SMOOTH, votes)
        if usual is None:
            return residuals
        spread = np.array([usual.spread[key] for key in free])
        return np.concatenate([residuals * SMOOTH / usual.noise, (values - begun) / spread])

    return _products(start, free, best_values(free, begun, errors))


def prior(known: Measured, params: Products) -> Prior:
    """Returns how far chips lie from the formula on all chips, each chip fitted by itself.

    These fits have a prior of width ``WIDE``, so that parameters that a chip cannot determine stay
    at those of all chips. Parameters that no chip can determine keep that width.
    """
    wide = Prior(
        {
            key: WIDE * (scaled(FREE, key, most) - scaled(FREE, key, least))
            for key, (least, most, _) in FREE.items()
        },
        SMOOTH,
    )
    distances: dict[str, list[float]] = {}
    residuals: list[float] = []
    for work, times in zip(known.works, known.times, strict=True):
        own = fit(work, times, np.ones(len(times)), params, wide)
        residuals += np.log(times / seconds(work, own)).tolist()
        for key in _free(work):
            fitted, usual = (scaled(FREE, key, getattr(one, key)) for one in (own, params))
            distances.setdefault(key, []).append(fitted - usual)
    spread = {
        key: max(LEAST, float(np.sqrt(np.mean(np.square(values)))))
        for key, values in distances.items()
    }
    return Prior({**wide.spread, **spread}, OVER_MEDIAN * float(np.median(np.abs(residuals))))


def _free(work: Shapes) -> Free:
    """Returns the parameters that these products can determine; see ``fit``."""
    fixed = set() if np.any(work.quantised) else set(QUANTISING)
    if np.all(work.quantised):
        fixed = {"launch_s"}
    if len(np.unique(work.headroom)) < 2:
        fixed.add("headroom")
    return {key: bounds for key, bounds in FREE.items() if key not in fixed}


def _products(start: Products, free: Free, values: Array) -> Products:
    """Returns ``start`` with the free parameters set to values in the scale of the fit."""
    return Products(**{**vars(start), **named(free, values)})


def measured(rows: Iterable[Row], chips: Mapping[str, Facts], dtype: str) -> Measured:
    """Returns the rows of one format as cases by chip, where the sheet has the figures needed."""

    def keep(row: Row, chip: Facts) -> bool:
        return row.words["dtype"] == dtype and chip.bandwidth is not None and dtype in chip.peaks

    def work(kept: Sequence[Row], chip: Facts) -> Shapes:
        timed = ([row[key] for row in kept] for key in ("copies", "quantised"))
        return shapes([(row["m"], row["n"], row["k"]) for row in kept], chip, dtype, *timed)

    return cases_by_chip(rows, chips, keep, work, bands("m", BANDS))


def fit_all_chips(known: Measured, start: Products) -> tuple[Products, Departures]:
    """Returns the formula fitted on all chips with its remainder, and the departures of chips."""
    votes, times = chip_votes(known.labels), np.concatenate(known.times)
    params = fit(joined(known.works), times, votes, start)
    left = known.beyond(lambda work: seconds(work, params))
    sizes, families = [one.sizes for one in known.works], [one.family for one in known.chips]
    logs = [float(log) for log in np.concatenate(left_out_residuals(sizes, left, families))]
    same = [tuple(size) for size in np.concatenate(sizes).tolist()]
    departures = pooled(known.labels, logs, same)
    return replace(params, left=remainder(sizes, left, families)), departures
