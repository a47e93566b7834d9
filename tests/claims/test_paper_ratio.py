"""Ratios of published figures: rivals, variants, gaps, twins, and what bounds a kind of work."""

from itertools import product
from statistics import median
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.paper import PaperRatio, bounding, ids, paper_ratio, twin
from tests.chips.comparison_cases import MAKER, chip

RIVAL = {"value": "50 TFLOP/s", "source": "wiki", "basis": "halved"}
OTHERS = [
    RIVAL,
    {"value": "120 TFLOP/s", "source": "maker", "counts": "matrix+vector"},
    {"value": "9 TFLOP/s", "source": "wiki", "refuted": "a lost digit"},
]


def rate(value: str, **told: Any) -> dict[str, Any]:
    """A dense rate as a sheet has it."""
    return {"value": f"{value} TFLOP/s", "basis": "dense", **told}


BASE = chip(
    "base",
    {
        "matrix_bf16": rate("100", rivals=OTHERS),
        "matrix_fp16": rate("100"),
        "matrix_fp8": {"value": "unsupported"},
        "matrix_int8": {"value": "200 TOP/s", "basis": "dense"},
        "memory_bandwidth": {"value": "2 TB/s"},
        "link_bandwidth": {"value": "600 GB/s"},
        "memory_capacity": {"value": "unsupported"},
    },
)
FAST = chip(
    "fast",
    {
        "matrix_bf16": rate("250", basis="unspecified"),
        "matrix_fp16": rate("250"),
        "matrix_fp8": rate("500"),
        "matrix_int8": {"value": "600 TOP/s", "basis": "dense"},
        "memory_bandwidth": {
            "value": "4 TB/s", "rivals": [{"value": "3 TB/s", "source": "wiki"}],
        },
        "link_bandwidth": {"value": "900 GB/s"},
        "memory_capacity": {"value": "unknown"},
    },
)  # fmt: skip
LOW = chip("low", {"matrix_bf16": rate("100"), "matrix_fp8": {"value": "unsupported"}})
MIDDLE = chip("middle", {"matrix_bf16": rate("200"), "matrix_fp8": rate("400")})
HIGH = chip(
    "high", {"matrix_bf16": rate("300", rivals=[{"value": "400 TFLOP/s", "source": "wiki"}])}
)
UNNAMED = chip("unnamed", {"matrix_bf16": rate("999")}, variants=("low", "middle", "high"))
TWO = chip("two", {}, variants=("low", "middle"))
RACK = chip("rack", {}, kind="system", members=({"chip": "base", "count": 4},))
PLAIN = chip("plain", {"vector_fp32": rate("20", basis=None)})
SLOW = chip("slow", {"vector_fp32": rate("10", basis=None)})
ALL = (BASE, FAST, LOW, MIDDLE, HIGH, UNNAMED, TWO, RACK, PLAIN, SLOW)


def sheets(*more: Chip) -> Catalogue:
    """All chips of this file."""
    sources = {"maker": MAKER, "wiki": MAKER}
    return Catalogue({one.id: one for one in (*ALL, *more)}, sources)


SHEETS = sheets()


def ratio(key: str, first: Chip, second: Chip) -> PaperRatio:
    """A ratio that there is."""
    found, why, unlike = paper_ratio(key, first, second, SHEETS)
    assert found
    assert (why, unlike) == ("", False)
    return found


# rivals and remarks


@pytest.mark.parametrize(
    ("first", "second", "key", "expected"),
    [
        (FAST, BASE, "matrix_bf16", (2.5, 2.5, 5.0, "sparsity not said")),
        (BASE, FAST, "matrix_bf16", (0.4, 0.2, 0.4, "sparsity not said")),
        (HIGH, BASE, "matrix_bf16", (3.0, 3.0, 8.0, "")),
        (FAST, BASE, "matrix_fp16", (2.5, 2.5, 2.5, "")),
        (FAST, BASE, "memory_bandwidth", (2.0, 1.5, 2.0, "")),
        (FAST, BASE, "matrix_int8", (3.0, 3.0, 3.0, "")),
        (RACK, FAST, "matrix_fp16", (1.6, 1.6, 1.6, "")),
    ],
)
def test_a_ratio_has_the_range_of_rivals_that_count_the_same(
    first: Chip, second: Chip, key: str, expected: tuple[float, float, float, str]
) -> None:
    """Neither a headline that adds the vector units nor a refuted figure widens it."""
    found = ratio(key, first, second)
    assert (found.value, found.low, found.high) == pytest.approx(expected[:3])
    assert (found.key, found.remark) == (key, expected[3])
    assert found.is_disputed == (expected[2] > expected[1])


@pytest.mark.parametrize("pair", [*product((BASE, FAST, HIGH, LOW, UNNAMED), repeat=2)])
def test_a_ratio_turned_round_is_its_reciprocal_with_its_bounds_swapped(
    pair: tuple[Chip, Chip],
) -> None:
    one, back = ratio("matrix_bf16", *pair), ratio("matrix_bf16", *reversed(pair))
    assert (one.value * back.value, one.low * back.high, one.high * back.low) == pytest.approx(
        (1, 1, 1)
    )
    assert one.low <= one.value <= one.high
    assert one.remark == back.remark


# a name that several chips share


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (UNNAMED, BASE, (2.0, 1.0, 8.0, "the variant is not named")),
        (BASE, UNNAMED, (0.5, 0.125, 1.0, "the variant is not named")),
        (TWO, LOW, (1.5, 1.0, 2.0, "the variant is not named")),
        (UNNAMED, FAST, (0.8, 0.4, 1.6, "sparsity not said, the variant is not named")),
    ],
)
def test_of_an_unnamed_variant_the_middle_stands_and_the_range_is_of_all(
    first: Chip, second: Chip, expected: tuple[float, float, float, str]
) -> None:
    """Not the figure of the name that they share: 999 stands nowhere."""
    found = ratio("matrix_bf16", first, second)
    assert (found.value, found.low, found.high) == pytest.approx(expected[:3])
    assert found.remark == expected[3]


def test_a_variant_without_the_figure_leaves_it_to_the_others() -> None:
    found = ratio("matrix_fp8", UNNAMED, FAST)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.8, 0.8))


def test_the_sheets_of_a_name_are_its_own_and_its_variants() -> None:
    assert ids(UNNAMED) == {"unnamed", "low", "middle", "high"}
    assert ids(BASE) == {"base"}


def test_the_shipped_910b_is_the_middle_of_its_bins(sheets: Catalogue) -> None:
    umbrella, a100 = sheets.find("910b"), sheets.find("a100")
    assert len(umbrella.variants) >= 4
    bins = [sheets.chips[one].number("matrix_fp16") for one in umbrella.variants]
    known, below = [one for one in bins if one], a100.number("matrix_fp16")
    assert below
    assert len(known) >= 3
    found, _, _ = paper_ratio("matrix_fp16", umbrella, a100, sheets)
    assert found
    assert found.value == pytest.approx(median(known) / below)
    assert found.low <= min(known) / below
    assert found.high >= max(known) / below
    assert "the variant is not named" in found.remark


# gaps


@pytest.mark.parametrize(
    ("key", "first", "second", "expected"),
    [
        ("matrix_fp8", FAST, BASE, ("Base has no such unit", True)),
        ("matrix_fp8", BASE, FAST, ("Base has no such unit", True)),
        ("matrix_fp8", FAST, HIGH, ("High has no sourced figure for fp8 matrix", False)),
        ("tdp", FAST, BASE, ("Fast has no sourced figure for board power", False)),
        ("memory_capacity", BASE, FAST, ("Base has no such unit", True)),
        ("memory_capacity", FAST, BASE, ("Base has no such unit", True)),
    ],
)
def test_without_a_figure_it_is_told_of_which_chip_and_whether_it_could_compare(
    key: str, first: Chip, second: Chip, expected: tuple[str, bool]
) -> None:
    """A chip without the unit cannot be compared, whatever nobody published of the other."""
    assert paper_ratio(key, first, second, SHEETS) == (None, *expected)


# twins


def pair_with(bf16: str, fp16: str) -> Chip:
    """A chip to set beside the base, whose rates are 100 in both formats."""
    return chip("other", {"matrix_bf16": rate(bf16), "matrix_fp16": rate(fp16)})


@pytest.mark.parametrize(
    ("bf16", "fp16", "agree"),
    [
        ("250", "250", True), ("250", "255", True), ("255", "250", True),
        ("250", "256", False), ("256", "250", False), ("250", "500", False),
    ],
)  # fmt: skip
def test_one_16_bit_format_stands_for_the_other_only_where_paper_ratios_agree(
    bf16: str, fp16: str, agree: bool
) -> None:
    one = pair_with(bf16, fp16)
    found = [twin(key, one, BASE, sheets(one)) for key in ("matrix_bf16", "matrix_fp16")]
    assert found == (["matrix_fp16", "matrix_bf16"] if agree else [None, None])


@pytest.mark.parametrize("key", ["matrix_fp8", "matrix_int8", "memory_bandwidth"])
def test_no_other_figure_has_a_twin(key: str) -> None:
    assert twin(key, FAST, BASE, SHEETS) is None


@pytest.mark.parametrize("key", ["matrix_bf16", "matrix_fp16"])
def test_a_twin_needs_both_ratios(key: str) -> None:
    assert twin(key, MIDDLE, BASE, SHEETS) is None


# what bounds work


@pytest.mark.parametrize(
    ("work", "dtype", "key", "value"),
    [
        ("prefill", None, "matrix_bf16", 2.5),
        ("prefill", "int8", "matrix_int8", 3.0),
        ("prefill", "fp16", "matrix_fp16", 2.5),
        ("training", None, "matrix_bf16", 2.5),
        ("attention", None, "matrix_bf16", 2.5),
        ("inference", "int8", "matrix_int8", 3.0),
        ("product", None, "matrix_bf16", 2.5),
        ("decode", None, "memory_bandwidth", 2.0),
        ("decode", "int8", "memory_bandwidth", 2.0),
        ("serving", None, "memory_bandwidth", 2.0),
        ("collective", None, "link_bandwidth", 1.5),
    ],
)
def test_work_is_bounded_by_its_rate_or_a_bandwidth(
    work: str, dtype: str | None, key: str, value: float
) -> None:
    found = bounding(work, dtype, FAST, BASE, SHEETS)
    assert found
    assert found.key == key
    assert found.value == pytest.approx(value)


def test_a_format_that_one_chip_lacks_leaves_it_to_the_usual_rate() -> None:
    found = bounding("prefill", "fp8", FAST, BASE, SHEETS)
    assert found
    assert found.key == "matrix_bf16"


def test_chips_without_matrix_units_are_bounded_by_their_vectors() -> None:
    found = bounding("prefill", "fp8", PLAIN, SLOW, SHEETS)
    assert found
    assert found.key == "vector_fp32"
    assert found.value == 2.0


@pytest.mark.parametrize("work", ["decode", "collective", "nothing"])
def test_without_a_figure_nothing_bounds(work: str) -> None:
    assert bounding(work, None, PLAIN, SLOW, SHEETS) is None
