"""One matrix product foretold on chips: time, rate, achieved fraction, beside the bare roofline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.chips.model import Chip
from bench.errors import UsageError, did_you_mean
from bench.predict.facts import Facts, facts
from bench.predict.forecast import tier
from bench.predict.learn import Learnt
from bench.predict.pooled import LEVELS
from bench.predict.product import roofline, seconds, shapes
from bench.report.markup import Report
from bench.report.predictions import NONE, duration
from bench.report.scalar import Scalar
from bench.report.table import Table
from bench.units import significant

COLUMNS = ("chip", "time (80%; 95%)", "TFLOP/s", "of the sheet", "roofline on paper", "rests on")


@dataclass(frozen=True)
class Told:
    """One product on one chip; ``halves`` of the log interval by level."""

    chip: Facts
    seconds: float
    paper: float
    halves: tuple[float, ...]
    tier: str


def products(
    chips: Sequence[Chip],
    base: Chip | None,
    sizes: tuple[int, int, int],
    dtype: str,
    known: Learnt,
) -> Report:
    """Returns a product of m x k by k x n on chips, the fastest first.

    Raises:
        UsageError: no product of that format was fitted, or no chip's sheet says enough.
    """
    if dtype not in known.products:
        raise UsageError(f"precision={dtype}: {did_you_mean(dtype, known.products)}")
    told, why = [], []
    for chip in [*chips, *([base] if base and base not in chips else [])]:
        try:
            told.append(_told(facts(chip), sizes, dtype, known))
        except UsageError as error:
            why.append(str(error))
    if not told:
        raise UsageError("; ".join(why))
    told.sort(key=lambda one: one.seconds)
    first = next((one for one in told if base and one.chip.chip == base.id), None)
    m, n, k = sizes
    title = f"{dtype} product, {m} x {k} by {k} x {n}"
    heading = ("Foretold, not measured, of kernels such as serving engines use.",)
    columns = (*COLUMNS[:1], *((f"x {first.chip.chip}",) if first else ()), *COLUMNS[1:])
    cells = tuple(_cells(one, first, sizes, dtype) for one in told)
    flat = [_flat(one, first, sizes, dtype) for one in told]
    return Report(Table(title, heading, columns, cells, tuple(why), ()), flat)


def _told(own: Facts, sizes: tuple[int, int, int], dtype: str, known: Learnt) -> Told:
    if own.bandwidth is None:
        raise UsageError(f"{own.chip}: unknown, for its sheet has no memory bandwidth")
    how, departures = known.products[dtype]
    one = shapes([sizes], own, dtype)
    means, covariance = departures.foretold([own.labels])
    took = float(seconds(one, how)[0]) * math.exp(float(means[0]))
    halves = tuple(departures.half(float(covariance[0, 0]), level) for level in LEVELS)
    return Told(own, took, float(roofline(one)[0]), halves, str(tier(own, departures, known)))


def _rate(one: Told, sizes: tuple[int, int, int]) -> float:
    return 2.0 * math.prod(sizes) / one.seconds


def _cells(
    one: Told, first: Told | None, sizes: tuple[int, int, int], dtype: str
) -> tuple[str, ...]:
    inner, outer = (math.exp(half) for half in one.halves)
    bounds = [duration(one.seconds * by, 2) for by in (1 / inner, inner, 1 / outer, outer)]
    rate = _rate(one, sizes)
    return (
        one.chip.chip,
        *((significant(first.seconds / one.seconds, 3),) if first else ()),
        f"{duration(one.seconds)} ({bounds[0]}–{bounds[1]}; {bounds[2]}–{bounds[3]})",
        significant(rate / 1e12, 3),
        f"{rate / one.chip.peak(dtype):.0%}",
        duration(one.paper),
        one.tier or NONE,
    )


def _flat(
    one: Told, first: Told | None, sizes: tuple[int, int, int], dtype: str
) -> dict[str, Scalar]:
    told: dict[str, Scalar] = {
        "chip": one.chip.chip, "dtype": dtype, "m": sizes[0], "n": sizes[1], "k": sizes[2],
        "seconds": one.seconds, "flop_per_s": _rate(one, sizes),
        "roofline_s": one.paper, "tier": one.tier,
    }  # fmt: skip
    for level, half in zip(LEVELS, one.halves, strict=True):
        told |= {
            f"low_{level * 100:.0f}_s": one.seconds * math.exp(-half),
            f"high_{level * 100:.0f}_s": one.seconds * math.exp(half),
        }
    return told | ({"ratio": first.seconds / one.seconds} if first else {})
