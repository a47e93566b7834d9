"""One matrix product predicted on chips: time, rate, achieved fraction, and the roofline."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.predict.answers import Sizes, TimedProduct
from bench.predict.learning.learn import PRODUCTS
from bench.predict.learning.pooled import LEVELS
from bench.predict.ratio import Ratio
from bench.predict.tiers import RESTS, tier_text
from bench.report.duration import duration
from bench.report.marks import unpublished
from bench.report.markup import Report
from bench.report.predicted import digits_of, over
from bench.report.scalar import Scalar
from bench.report.table import Notes, Table
from bench.report.tested import flat_part, part_said
from bench.units import significant

COLUMNS = ("chip", "time (80%; 95%)", "TFLOP/s", "of the sheet", "roofline on paper", "rests on")


@dataclass(frozen=True)
class Product:
    """What is multiplied: m x k by k x n.

    Attributes:
        sizes: m, n and k.
        dtype: the format that is asked for.
        fit: the format whose times stand for it.
    """

    sizes: Sizes
    dtype: str
    fit: str


def products(
    told: Sequence[TimedProduct],
    why: Sequence[str],
    base: Chip | None,
    asked: Product,
    sheets: Catalogue,
) -> Report:
    """Returns a product of m x k by k x n on chips.

    Args:
        told: the fastest first.
        why: what is said of chips that nothing is told of.
        base: the chip that the others are set beside.
        asked: what is multiplied.
        sheets: the sheets of all.
    """
    sizes, dtype, notes = asked.sizes, asked.dtype, Notes()
    m, n, k = sizes
    title = f"{dtype} product, {m} x {k} by {k} x {n}"
    heading = (
        "Predicted, not measured, for kernels such as serving engines use.",
        (
            "From the sheet and measured times of products on fitted chips. phase=figures rests "
            "on rates that others published: its best product may come out slower than one here, "
            "within the intervals."
        ),
    )
    columns = (*COLUMNS[:1], *((f"x {(*base.aliases, base.id)[0]}",) if base else ()), *COLUMNS[1:])
    cells = tuple(
        (*_cells(one, sizes, dtype), _rests(one, dtype, sheets.chips[one.chip.chip], notes))
        for one in told
    )
    part = f"product {asked.fit}, {PRODUCTS[asked.fit][1]}"
    flat = [_flat(one, asked) | _tests(one, part) for one in told]
    flat += [_untold(one, asked) for one in why]
    fitted = [one.chip.chip for one in told if not one.own]
    tested = part_said(fitted, part, f"Time of {asked.fit} products") if fitted else ""
    summary = (*_stands(told, asked), *filter(None, [tested]), RESTS, *why)
    return Report(Table(title, heading, columns, cells, summary, notes.lines()), flat)


def _stands(told: Sequence[TimedProduct], asked: Product) -> Iterator[str]:
    """Yields that the times are another format's, and where a sheet prints but one of the two."""
    if asked.fit == asked.dtype:
        return
    formats = {asked.dtype, asked.fit}
    alone = {one.chip.chip: formats & one.chip.peaks.keys() for one in told}
    words = [f"{chip} {held}" for chip, has in alone.items() if len(has) == 1 for held in has]
    but = f" (of one format alone: {', '.join(words)})" if words else ""
    yield (
        f"No {asked.dtype} products were fitted: times are those of {asked.fit} products, at the "
        f"rate that the sheet prints for both{but}."
    )


def _tests(one: TimedProduct, part: str) -> dict[str, Scalar]:
    """Returns how predictions of a chip did without it; of one's own times nothing was tested."""
    return flat_part("" if one.own else one.chip.chip, part)


def _rests(one: TimedProduct, dtype: str, chip: Chip, notes: Notes) -> str:
    marks = unpublished(chip, (f"matrix_{one.chip.name_of(dtype)}", "memory_bandwidth"), notes)
    return f"{tier_text(one.tier)} {marks}".rstrip()


def _rate(one: TimedProduct, sizes: Sizes) -> float:
    return 2.0 * math.prod(sizes) / one.seconds


def _cells(one: TimedProduct, sizes: Sizes, dtype: str) -> tuple[str, ...]:
    bounds = [duration(bound, 2) for level in LEVELS for bound in one.bounds(level)]
    rate = _rate(one, sizes)
    return (
        one.chip.chip,
        *((over(one.over, 0, digits_of(one.tier), LEVELS),) if one.over else ()),
        f"{duration(one.seconds)} ({bounds[0]}–{bounds[1]}; {bounds[2]}–{bounds[3]})",
        significant(rate / 1e12, 3),
        f"{rate / one.chip.peak(dtype):.0%}",
        duration(one.paper),
    )


def _flat(one: TimedProduct, asked: Product) -> dict[str, Scalar]:
    told: dict[str, Scalar] = {
        **_asked(one.chip.chip, asked), "unknown": None, "seconds": one.seconds,
        "flop_per_s": _rate(one, asked.sizes),
        "roofline_s": one.paper, "tier": one.tier,
    }  # fmt: skip
    for level in LEVELS:
        low, high = one.bounds(level)
        told |= {f"seconds_low_{level * 100:.0f}": low, f"seconds_high_{level * 100:.0f}": high}
    return told | (_ratio(one.over) if one.over else {})


def _asked(chip: str, asked: Product) -> dict[str, Scalar]:
    m, n, k = asked.sizes
    return {"chip": chip, "dtype": asked.dtype, "fitted_dtype": asked.fit, "m": m, "n": n, "k": k}


def _untold(line: str, asked: Product) -> dict[str, Scalar]:
    chip, _, why = line.partition(": ")
    return {**_asked(chip, asked), "unknown": why}


def _ratio(found: Ratio) -> dict[str, Scalar]:
    told: dict[str, Scalar] = {"ratio": float(found.middle[0])}
    for level in LEVELS:
        low, high = (float(one[0]) for one in found.bounds(level))
        share = f"{level * 100:.0f}"
        told |= {f"ratio_low_{share}": low, f"ratio_high_{share}": high}
    return told
