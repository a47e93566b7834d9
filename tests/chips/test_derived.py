"""What follows from a sheet by arithmetic: every formula by hand, and what is missing by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Fact, Source
from bench.theory.derived import Derived, derived, lead, per

MAKER = Source.model_validate(
    {"url": "https://example.org/", "kind": "vendor-datasheet", "accessed": "2026-11-01"}
)
FULL = {
    "matrix_bf16": "100 TFLOP/s", "matrix_int8": "300 TOP/s", "vector_fp32": "25 TFLOP/s",
    "memory_bandwidth": "2 TB/s", "memory_capacity": "64 GB", "link_bandwidth": "400 GB/s",
    "tdp": "500 W", "price_usd": "20000 USD", "price_cny": "160000 CNY", "die_area": "800 mm²",
    "transistors": "50 billion",
}  # fmt: skip


def chip(figures: dict[str, str], **changes: dict[str, Any]) -> Chip:
    """A sheet with dense rates; each figure's source has the figure's name."""
    made = {
        key: {"value": value, "source": key, "basis": "dense", **changes.get(key, {})}
        for key, value in figures.items()
    }
    return Chip.model_validate(
        {
            "id": "acme-one", "name": "Acme One", "vendor": "acme", "kind": "gpu",
            "status": "sold", "tier": "global", "architecture": "First", "figures": made,
        }
    )  # fmt: skip


def less(*keys: str) -> dict[str, str]:
    return {key: value for key, value in FULL.items() if key not in keys}


def of(part: Chip) -> dict[str, Derived]:
    sheets = Catalogue({part.id: part}, dict.fromkeys(FULL, MAKER))
    return {one.key: one for one in derived(part, sheets)}


@pytest.mark.parametrize(
    ("key", "value", "unit", "formula", "inputs"),
    [
        (
            "tpp", 300 * 8, "TOPS x bit", "int8 matrix 300 TOP/s x 8 bit, the highest of 3",
            ("matrix_int8",),
        ),
        ("performance_density", 2400 / 800, "TPP/mm²", "TPP 2,400 / 800 mm²",
         ("matrix_int8", "die_area")),
        ("h100_equivalents", 2400 / 15832, "H100", "TPP 2,400 / 15,832 of an H100, 90 FR 4544",
         ("matrix_int8",)),
        ("tpp_matrix_int8", 300 * 8, "TOPS x bit", "int8 matrix 300 TOP/s x 8 bit",
         ("matrix_int8",)),
        ("tpp_matrix_bf16", 100 * 16, "TOPS x bit", "bf16 matrix 100 TFLOP/s x 16 bit",
         ("matrix_bf16",)),
        ("tpp_vector_fp32", 25 * 32, "TOPS x bit", "fp32 vector 25 TFLOP/s x 32 bit",
         ("vector_fp32",)),
        ("ridge_matrix_bf16", 100e12 / 2e12, "FLOP/B", "100 TFLOP/s / 2 TB/s",
         ("matrix_bf16", "memory_bandwidth")),
        ("ridge_matrix_int8", 300e12 / 2e12, "OP/B", "300 TOP/s / 2 TB/s",
         ("matrix_int8", "memory_bandwidth")),
        ("ridge_vector_fp32", 25e12 / 2e12, "FLOP/B", "25 TFLOP/s / 2 TB/s",
         ("vector_fp32", "memory_bandwidth")),
        ("bytes_per_flop", 2e12 / 100e12, "B/FLOP", "2 TB/s / 100 TFLOP/s",
         ("memory_bandwidth", "matrix_bf16")),
        ("capacity_per_rate", 64 / 100, "GB per TFLOP/s", "64 GB / 100 TFLOP/s",
         ("memory_capacity", "matrix_bf16")),
        ("interconnect_per_flop", 400e9 / 100e12, "B/FLOP", "400 GB/s / 100 TFLOP/s",
         ("link_bandwidth", "matrix_bf16")),
        ("matrix_bf16_per_watt", 100 / 500, "TFLOP/s per W", "100 TFLOP/s / 500 W",
         ("matrix_bf16", "tdp")),
        ("matrix_bf16_per_usd", 100 / 20000, "TFLOP/s per USD", "100 TFLOP/s / 20000 USD",
         ("matrix_bf16", "price_usd")),
        ("matrix_bf16_per_cny", 100 / 160000, "TFLOP/s per CNY", "100 TFLOP/s / 160000 CNY",
         ("matrix_bf16", "price_cny")),
        ("matrix_bf16_per_mm2", 100 / 800, "TFLOP/s per mm²", "100 TFLOP/s / 800 mm²",
         ("matrix_bf16", "die_area")),
        ("matrix_bf16_per_transistor", 100 / 50, "TFLOP/s per billion transistors",
         "100 TFLOP/s / 50 billion", ("matrix_bf16", "transistors")),
    ],
)  # fmt: skip
def test_a_derived_figure_has_its_value_unit_formula_inputs_and_sources(
    key: str, value: float, unit: str, formula: str, inputs: tuple[str, ...]
) -> None:
    one = of(chip(FULL))[key]
    assert one.value == pytest.approx(value, rel=1e-12)
    assert (one.unit, one.formula, one.inputs, one.sources) == (unit, formula, inputs, inputs)
    assert one.why == ""


def test_nothing_else_is_derived() -> None:
    assert list(of(chip(FULL))) == [
        "tpp", "performance_density", "h100_equivalents", "tpp_matrix_int8", "tpp_matrix_bf16",
        "tpp_vector_fp32", "ridge_matrix_bf16", "ridge_matrix_int8", "ridge_vector_fp32",
        "bytes_per_flop", "capacity_per_rate", "interconnect_per_flop", "matrix_bf16_per_watt",
        "matrix_bf16_per_usd", "matrix_bf16_per_cny", "matrix_bf16_per_mm2",
        "matrix_bf16_per_transistor",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "keys", "why"),
    [
        (
            "memory_bandwidth",
            ["ridge_matrix_bf16", "ridge_matrix_int8", "ridge_vector_fp32", "bytes_per_flop"],
            "memory bandwidth is not known",
        ),
        ("memory_capacity", ["capacity_per_rate"], "memory capacity is not known"),
        (
            "link_bandwidth",
            ["interconnect_per_flop"],
            "link bandwidth, both directions is not known",
        ),
        ("tdp", ["matrix_bf16_per_watt"], "board power is not known"),
        ("price_usd", ["matrix_bf16_per_usd"], "price in US dollars is not known"),
        ("price_cny", ["matrix_bf16_per_cny"], "price in yuan is not known"),
        (
            "die_area",
            ["performance_density", "matrix_bf16_per_mm2"],
            "area of the compute dies is not known",
        ),
        ("transistors", ["matrix_bf16_per_transistor"], "transistors is not known"),
    ],
)
@pytest.mark.parametrize("unsaid", [True, False])
def test_what_lacks_an_input_has_no_value_and_names_it(
    missing: str, keys: list[str], why: str, unsaid: bool
) -> None:
    figures = {**FULL, missing: "unknown"} if unsaid else less(missing)
    told = {key: one for key, one in of(chip(figures)).items() if one.value is None}
    assert {key: one.why for key, one in told.items()} == dict.fromkeys(keys, why)
    assert {one.text for one in told.values()} == {"–"}
    assert {one.formula for one in told.values()} == {""}
    assert all(missing in one.inputs and one.sources == () for one in told.values())


def test_without_a_rate_nothing_is_a_ratio_to_it() -> None:
    told = of(chip(less("matrix_bf16", "matrix_int8", "vector_fp32")))
    assert [(one.key, one.value, one.why) for one in told.values()] == [
        ("tpp", None, "no rate is published"),
        ("performance_density", None, "TPP is not known"),
        ("h100_equivalents", None, "TPP is not known"),
    ]


@pytest.mark.parametrize(
    ("missing", "key"),
    [
        ((), "matrix_bf16"),
        (("matrix_bf16",), "matrix_int8"),
        (("matrix_bf16", "matrix_int8"), None),
    ],
)
def test_the_first_known_matrix_rate_stands_for_the_chip(
    missing: tuple[str, ...], key: str | None
) -> None:
    part = chip({**less(*missing), "matrix_fp16": "unknown"})
    assert lead(part) == key


def test_a_rate_in_operations_is_divided_in_its_own_unit() -> None:
    one = of(chip(less("matrix_bf16")))["matrix_int8_per_watt"]
    assert (one.value, one.unit, one.title) == (0.6, "TOP/s per W", "int8 matrix per W")


@pytest.mark.parametrize(
    ("figure", "value", "unit"),
    [
        ("memory_bandwidth", 2000 / 500, "GB/s per W"),
        ("memory_capacity", 64 / 500, "GB per W"),
        ("matrix_int8", 300 / 500, "TOP/s per W"),
    ],
)
def test_any_divisible_figure_is_divided_with_its_prefix(
    figure: str, value: float, unit: str
) -> None:
    one = per(chip(FULL), figure, "watt")
    assert one.value == pytest.approx(value)
    assert (one.unit, one.key) == (unit, f"{figure}_per_watt")


def test_all_logic_dies_stand_for_the_area_where_they_are_told() -> None:
    told = of(chip({**FULL, "logic_area": "1000 mm²"}))
    area = [told[key] for key in ("performance_density", "matrix_bf16_per_mm2")]
    assert [one.value for one in area] == pytest.approx([2.4, 0.1])
    assert [one.inputs[1] for one in area] == ["logic_area", "logic_area"]
    assert [one.sources[1] for one in area] == ["logic_area", "logic_area"]


def test_a_tpp_says_what_may_be_higher_and_what_may_be_sparse() -> None:
    part = chip({**FULL, "matrix_fp4": "unknown"}, matrix_int8={"basis": "unspecified"})
    told = of(part)
    assert told["tpp"].why == "the fp4 matrix rate is unknown and may be higher"
    assert told["tpp_matrix_int8"].why == "sparsity not said: at least 1200"


def test_a_planar_chip_has_no_density_and_the_reason() -> None:
    process = Fact(value="28 nm", source="tdp")
    old = chip(FULL).model_copy(update={"facts": {"process": process}})
    one = of(old)["performance_density"]
    assert (one.value, one.why) == (None, "no non-planar die (28 nm): no performance density")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("ridge_matrix_bf16", "50.00 FLOP/B"),
        ("tpp", "2,400 TOPS x bit"),
        ("bytes_per_flop", "0.02000 B/FLOP"),
        ("matrix_bf16_per_usd", "0.005000 TFLOP/s per USD"),
    ],
)
def test_a_derived_figure_is_told_with_four_digits_and_its_unit(key: str, text: str) -> None:
    assert of(chip(FULL))[key].text == text


POSITIVE = st.floats(min_value=1e-3, max_value=1e6)


@given(rate=POSITIVE, bandwidth=POSITIVE)
def test_the_ridge_point_is_the_bytes_an_operation_turned_round(
    rate: float, bandwidth: float
) -> None:
    told = of(chip({"matrix_bf16": f"{rate} TFLOP/s", "memory_bandwidth": f"{bandwidth} GB/s"}))
    ridge, bytes_per_flop = told["ridge_matrix_bf16"].value, told["bytes_per_flop"].value
    assert ridge
    assert bytes_per_flop
    assert ridge * bytes_per_flop == pytest.approx(1.0, rel=1e-12)


def test_everything_derived_of_shipped_sheets_is_positive_or_says_why(sheets: Catalogue) -> None:
    told = [one for part in sheets.chips.values() for one in derived(part, sheets)]
    assert [one for one in told if one.value is None and not (one.why and not one.formula)] == []
    assert [one for one in told if one.value is not None and not one.value > 0] == []
    assert [
        one for one in told if one.value is not None and not (one.formula and one.sources)
    ] == []
    cited = {key for one in told for key in one.sources}
    assert cited <= set(sheets.sources)
