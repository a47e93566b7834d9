"""The table of one matrix product on chips: time, rate, share of the sheet, and the roofline."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.predict.answers import Sizes, TimedProduct
from bench.predict.learning.learn import PRODUCTS
from bench.predict.learning.pooling import COVERAGES
from bench.predict.ratio import Ratio
from bench.predict.tiers import RESTS, tier_text
from bench.predict.validation.chiperrors import errors
from bench.report.prediction.chiperrors import flat_part, part_line, ratio_lines
from bench.report.prediction.predicted import digits_of, ratio_text
from bench.report.table import Notes, Table
from bench.report.text.marks import computed_notes
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.units import significant
from bench.words import counted, duration

COLUMNS = ("chip", "time (80%; 95%)", "TFLOP/s", "of the sheet", "roofline on paper", "rests on")
HOW = (
    "Predicted, not measured, for kernels such as serving engines use.",
    (
        "From the sheet and measured times of products on fitted chips. phase=figures rests "
        "on rates that others published, also on chips of vendors that were not fitted here: where "
        "it has a lower rate for such a chip, believe that one."
    ),
)
BLOCKS = "product fp8, DeepGEMM: another source, no refit"
"""The part of the validation whose products have a scale per block of weights and activations."""
SHORT_S = 20e-6
"""Time in s below which launching a product takes a share of it that matters."""


@dataclass(frozen=True)
class Product:
    """A matrix product of m x k by k x n.

    Attributes:
        sizes: m, n and k.
        dtype: the number format that was asked for.
        fit: the number format whose measured times it is predicted from.
    """

    sizes: Sizes
    dtype: str
    fit: str


def product_report(
    timed: Sequence[TimedProduct],
    unknown: Sequence[str],
    base: Chip | None,
    product: Product,
    sheets: Catalogue,
) -> Report:
    """Returns the predicted time of a matrix product on chips.

    Args:
        timed: the predictions, the fastest first.
        unknown: a line ``chip: reason`` for each chip without a prediction.
        base: the chip that the others are divided by.
        product: the product.
        sheets: the catalogue.
    """
    (m, n, k), notes = product.sizes, Notes()
    cells = tuple(
        (*_cells(one, product), _rests(one, product.dtype, sheets.chips[one.chip.chip], notes))
        for one in timed
    )
    title = f"{product.dtype} product, {m} x {k} by {k} x {n}"
    summary = (
        *_other_format(timed, product), *_short(timed), *_scales(product),
        *_tests(timed, product, base), RESTS, *unknown,
    )  # fmt: skip
    table = Table(title, HOW, _columns(base), cells, summary, notes.lines())
    flat = [_flat(one, product) | _flat_tests(one, product) for one in timed]
    flat += [_unknown_flat(line, product) for line in unknown]
    return Report(table, flat)


def _short(timed: Sequence[TimedProduct]) -> Iterator[str]:
    """Yields what times of short products leave out."""
    if any(one.seconds < SHORT_S for one in timed):
        yield (
            "Times are of the kernel alone. A program that launches products one by one and waits "
            "for each sees more: the 42 that OpenXLA lists for an H100 took 2.6 us longer."
        )


def _scales(product: Product) -> Iterator[str]:
    """Yields how much longer fp8 products took than predicted if each block has a scale."""
    tested = errors().get(BLOCKS)
    if product.fit == "fp8" and tested and tested["bias"] < 0:
        longer = 1 / (1 + tested["bias"]) - 1
        yield (
            "Of products with one scale per tensor. With scales by blocks, as DeepSeek-V3 is "
            f"published, {tested['count']:,} of DeepGEMM on {counted(tested['chips'], 'chip')} "
            f"took {longer:.0%} longer than predicted in the median. Serving is not predicted from "
            "products, and experts in fp8 rest on layers with scales by blocks."
        )


def _columns(base: Chip | None) -> tuple[str, ...]:
    return (*COLUMNS[:1], *((f"x {base.short}",) if base else ()), *COLUMNS[1:])


def _other_format(timed: Sequence[TimedProduct], product: Product) -> Iterator[str]:
    """Yields whether times are those of another format, and which sheets have one rate only."""
    if product.fit == product.dtype:
        return
    formats = {product.dtype, product.fit}
    published = {one.chip.chip: formats & one.chip.peaks.keys() for one in timed}
    single = [
        f"{chip} {dtype}" for chip, has in published.items() if len(has) == 1 for dtype in has
    ]
    but = f" (of one format alone: {', '.join(single)})" if single else ""
    yield (
        f"No {product.dtype} products were fitted: times are those of {product.fit} products, at "
        f"the rate that the sheet prints for both{but}."
    )


def _tests(timed: Sequence[TimedProduct], product: Product, base: Chip | None) -> Iterator[str]:
    """Yields how well such predictions did on chips that are not predicted by their own times."""
    chips = [one.chip.chip for one in timed if not one.own]
    if chips and (line := part_line(chips, _part(product), f"Time of {product.fit} products")):
        yield line
    if base:
        others = [one.chip.chip for one in timed if one.chip.chip != base.id and not one.own]
        yield from ratio_lines(_part(product), base.id, others)


def _part(product: Product) -> str:
    """Returns the name of the part of the validation that tests such products."""
    return f"product {product.fit}, {PRODUCTS[product.fit][1]}"


def _flat_tests(timed: TimedProduct, product: Product) -> dict[str, Scalar]:
    """Returns how predictions of a chip did with a fit without it; none if its own times count."""
    return flat_part("" if timed.own else timed.chip.chip, _part(product))


def _rests(timed: TimedProduct, dtype: str, chip: Chip, notes: Notes) -> str:
    """Returns on what a prediction is based, with notes on figures that nobody published."""
    marks = computed_notes(chip, (f"matrix_{timed.chip.name_of(dtype)}", "memory_bandwidth"), notes)
    return f"{tier_text(timed.tier)} {marks}".rstrip()


def _rate(timed: TimedProduct, sizes: Sizes) -> float:
    """Returns the rate in FLOP/s."""
    return 2.0 * math.prod(sizes) / timed.seconds


def _cells(timed: TimedProduct, product: Product) -> tuple[str, ...]:
    bounds = [duration(bound, 2) for level in COVERAGES for bound in timed.bounds(level)]
    rate = _rate(timed, product.sizes)
    return (
        timed.chip.chip,
        *((ratio_text(timed.over, 0, digits_of(timed.tier), COVERAGES),) if timed.over else ()),
        f"{duration(timed.seconds)} ({bounds[0]}–{bounds[1]}; {bounds[2]}–{bounds[3]})",
        significant(rate / 1e12, 3),
        f"{rate / timed.chip.peak(product.dtype):.0%}",
        duration(timed.paper),
    )


def _flat(timed: TimedProduct, product: Product) -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {
        **_question(timed.chip.chip, product), "unknown": None, "seconds": timed.seconds,
        "flop_per_s": _rate(timed, product.sizes),
        "roofline_s": timed.paper, "tier": timed.tier,
    }  # fmt: skip
    for level in COVERAGES:
        low, high = timed.bounds(level)
        flat |= {f"seconds_low_{level * 100:.0f}": low, f"seconds_high_{level * 100:.0f}": high}
    return flat | (_flat_ratio(timed.over) if timed.over else {})


def _question(chip: str, product: Product) -> dict[str, Scalar]:
    (m, n, k), fit = product.sizes, product.fit
    return {"chip": chip, "dtype": product.dtype, "fitted_dtype": fit, "m": m, "n": n, "k": k}


def _unknown_flat(line: str, product: Product) -> dict[str, Scalar]:
    chip, _, reason = line.partition(": ")
    return {**_question(chip, product), "unknown": reason}


def _flat_ratio(ratio: Ratio) -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {"ratio": float(ratio.middle[0])}
    for level in COVERAGES:
        low, high = (float(bound[0]) for bound in ratio.bounds(level))
        percent = f"{level * 100:.0f}"
        flat |= {f"ratio_low_{percent}": low, f"ratio_high_{percent}": high}
    return flat
