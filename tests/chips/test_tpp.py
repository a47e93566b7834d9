"""TPP and performance density: what is a maker's claim, what stays open, and known values."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.theory.entry import KEYS, look_up
from bench.theory.tpp import BITS, Claim, Density, Tpp, density, tpp

SOURCES = {
    key: Source.model_validate(
        {"url": "https://example.org/", "kind": kind, "accessed": "2026-11-01"}
    )
    for key, kind in (
        ("maker", "vendor-datasheet"),
        ("keynote", "vendor-statement"),
        ("survey", "analyst-estimate"),
        ("filing", "regulator-filing"),
    )
}
SHEETS = Catalogue({}, SOURCES)


def rate(value: str, **told: Any) -> dict[str, Any]:
    """A dense rate that its maker prints."""
    return {"value": value, "source": "maker", "basis": "dense", **told}


def chip(figures: dict[str, Any], process: str | None = None, kind: str = "npu") -> Chip:
    facts = {"process": {"value": process, "source": "maker"}} if process else {}
    return Chip.model_validate(
        {
            "id": "acme-one", "name": "Acme One", "vendor": "acme", "kind": kind, "status": "sold",
            "tier": "global", "architecture": "a design", "figures": figures, "facts": facts,
        }
    )  # fmt: skip


def found(key: str, figure: dict[str, Any]) -> Tpp:
    """The TPP of a chip with one figure."""
    return tpp(chip({key: figure}), SHEETS)


# formats


def test_tpp_is_the_highest_over_all_formats_vector_ones_among_them() -> None:
    told = tpp(
        chip(
            {
                "matrix_bf16": rate("100 TFLOP/s"),
                "matrix_int8": rate("250 TOP/s"),
                "matrix_fp4": rate("400 TFLOP/s"),
                "vector_fp64": rate("40 TFLOP/s"),
                "sparse_fp8": rate("9 PFLOP/s"),
                "memory_bandwidth": {"value": "90 TB/s", "source": "maker"},
            }
        ),
        SHEETS,
    )
    assert [(one.figure, one.tpp) for one in told.claims] == [
        ("vector_fp64", 2560.0), ("matrix_int8", 2000.0), ("matrix_bf16", 1600.0),
        ("matrix_fp4", 1600.0),
    ]  # fmt: skip
    assert (told.value, told.least, told.open, told.why) == (2560.0, 2560.0, (), "")


def test_a_multiply_and_its_addition_are_two_operations() -> None:
    macs_per_s = 108 * 1024 * 1.41e9
    told = found("matrix_bf16", rate(f"{2 * macs_per_s:.6e} FLOP/s"))
    assert told.value == pytest.approx(2 * macs_per_s / 1e12 * 16, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "bits"),
    [
        ("matrix_fp64", 64), ("matrix_fp32", 32), ("matrix_tf32", 19), ("matrix_bf16", 16),
        ("matrix_fp16", 16), ("matrix_fp16_acc16", 16), ("matrix_fp8", 8), ("matrix_fp8_acc16", 8),
        ("matrix_mxfp8", 8), ("matrix_fp6", 6), ("matrix_fp4", 4), ("matrix_mxfp4", 4),
        ("matrix_int16", 16), ("matrix_int8", 8), ("matrix_int4", 4), ("vector_fp64", 64),
        ("vector_fp32", 32), ("vector_bf16", 16), ("vector_fp16", 16), ("vector_int32", 32),
        ("vector_int8", 8),
    ],
)  # fmt: skip
def test_a_rate_counts_with_the_bits_of_its_inputs(key: str, bits: int) -> None:
    unit = "OP/s" if "int" in key else "FLOP/s"
    assert found(key, rate(f"10 T{unit}")).value == 10.0 * bits
    assert BITS[key.partition("_")[2]] == bits


@pytest.mark.parametrize("key", ["matrix_hf32", "sparse_bf16", "cycle_fp32"])
def test_what_has_no_documented_bits_or_is_no_dense_rate_is_no_claim(key: str) -> None:
    unit = "FLOP/cycle" if key.startswith("cycle") else "TFLOP/s"
    assert found(key, rate(f"100 {unit}")) == Tpp((), (), "no rate is published")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("matrix_bf16", "150 TFLOP/s", 2400.0),
        ("matrix_fp8", "0.3 PFLOP/s", 2400.0),
        ("matrix_fp4", "0.6 PFLOP/s", 2400.0),
        ("matrix_fp8", "0.07 PFLOP/s", 560.0),
        ("matrix_fp16", "0.14 PFLOP/s", 2240.0),
        ("matrix_fp8", "660.6 TFLOP/s", 5284.8),
    ],
)
def test_a_threshold_reached_exactly_is_reached_to_the_last_bit(
    key: str, value: str, expected: float
) -> None:
    assert found(key, rate(value)).value == expected


@given(st.integers(min_value=1, max_value=10**6), st.sampled_from([4, 6, 8, 16, 32, 64]))
def test_tpp_has_no_digits_that_the_figure_does_not_have(thousandths: int, bits: int) -> None:
    text = f"{thousandths / 1000} PFLOP/s"
    assert found(f"matrix_fp{bits}", rate(text)).value == float(Fraction(thousandths * bits))


# claims


MATRIX = {"matrix_fp16": rate("100 TFLOP/s")}


def beside(**rival: Any) -> dict[str, Any]:
    """A matrix rate with a rival of 120 TFLOP/s."""
    return rate("100 TFLOP/s", rivals=[{**rate("120 TFLOP/s"), **rival}])


@pytest.mark.parametrize(
    ("rival", "value"),
    [
        ({"counts": "matrix+vector"}, 1920.0),
        ({"counts": "matrix+vector", "source": "keynote"}, 1920.0),
        ({"counts": "matrix+vector", "basis": "inferred"}, 1920.0),
        ({"counts": "matrix+vector", "source": "survey"}, 1600.0),
        ({"counts": "matrix+vector", "source": "filing"}, 1600.0),
        ({"counts": "matrix+vector", "basis": "unspecified"}, 1600.0),
        ({"counts": "matrix+vector", "origin": "computed", "formula": "2 x 60"}, 1600.0),
        ({"counts": "matrix+vector", "value": "unknown"}, 1600.0),
        ({"counts": "matrix+vector", "refuted": "a slide misread"}, 1600.0),
        ({"counts": "sparse"}, 1600.0),
        ({}, 1600.0),
    ],
)
def test_of_rivals_only_the_makers_own_sum_over_all_units_counts(
    rival: dict[str, Any], value: float
) -> None:
    assert found("matrix_fp16", beside(**rival)).value == value


def test_a_lower_headline_does_not_lower_the_tpp() -> None:
    low = rate("90 TFLOP/s", counts="matrix+vector")
    assert found("matrix_fp16", rate("100 TFLOP/s", rivals=[low])).value == 1600.0


def test_a_rival_of_an_unknown_figure_decides_nothing() -> None:
    headline = rate("120 TFLOP/s", counts="matrix+vector")
    told = found("matrix_fp16", {"value": "unknown", "source": "maker", "rivals": [headline]})
    assert told == Tpp((), ("matrix_fp16",), "no rate is published")


def test_a_claim_says_how_it_comes_about() -> None:
    assert found("matrix_fp16", rate("100 TFLOP/s")).claims == (
        Claim("matrix_fp16", 1600.0, 1600.0, "fp16 matrix 100 TFLOP/s x 16 bit", "maker"),
    )
    (headline,) = found("matrix_fp16", beside(source="keynote", counts="matrix+vector")).claims
    assert (headline.formula, headline.source) == (
        "fp16 matrix 120 TFLOP/s x 16 bit, vector units counted in", "keynote",
    )  # fmt: skip


def test_a_rate_that_was_worked_out_here_is_no_claim_of_the_makers() -> None:
    guessed = rate("300 TFLOP/s", origin="computed", formula="80 x 2 GHz")
    why = "no rate is published; rates worked out of units and clocks are no claim of the maker's"
    assert found("matrix_bf16", guessed) == Tpp((), (), why)
    told = tpp(chip({**MATRIX, "matrix_bf16": guessed}), SHEETS)
    assert [one.figure for one in told.claims] == ["matrix_fp16"]


def test_rates_that_other_sources_give_are_named_where_the_maker_gives_none() -> None:
    """They stood on the sheet of the MI308X, and its TPP was unknown as nobody published a rate."""
    refuted = {**rate("640 TFLOP/s"), "refuted": "of another chip"}
    rivals = [{**rate("115 TFLOP/s"), "source": "press"}, refuted]
    guessed = rate("300 TFLOP/s", origin="computed", formula="80 x 2 GHz", rivals=rivals)
    told = found("matrix_bf16", guessed)
    assert (told.value, told.why) == (
        None,
        (
            "the maker publishes no rate; rates worked out of units and clocks are no claim of the "
            "maker's; other sources give bf16 matrix 115 TFLOP/s x 16 bit = 1,840 (press)"
        ),
    )


def test_a_pass_mark_of_the_maker_bounds_an_unknown_tpp_from_below() -> None:
    """AMD tests the MI308X for 406 TOP/s in INT8, and only a third party's 1,840 was told."""
    marks = [{**rate(value), "counts": "pass mark"} for value in ("174.5 TFLOP/s", "176 TFLOP/s")]
    guessed = rate("300 TFLOP/s", origin="computed", formula="80 x 2 GHz", rivals=marks)
    told = found("matrix_bf16", guessed)
    assert told.value is None
    assert told.why.endswith(
        "; the maker's own tests imply at least 2,816 (bf16 matrix 176 TFLOP/s x 16 bit, maker)"
    )
    assert "other sources" not in told.why
    assert told.floor
    assert told.floor.tpp == 2816
    others = [{**one, "source": "survey"} for one in marks]
    assert found("matrix_bf16", {**guessed, "rivals": others}).floor is None


def test_a_worked_out_power_is_no_worked_out_rate() -> None:
    power = {"value": "400 W", "source": "maker", "origin": "computed", "formula": "2 x 200 W"}
    assert found("tdp", power).why == "no rate is published"


def test_where_sparsity_is_not_said_half_of_it_is_sure() -> None:
    unsaid = {"matrix_fp8": rate("400 TFLOP/s", basis="unspecified")}
    (claim,) = tpp(chip(unsaid), SHEETS).claims
    assert (claim.tpp, claim.least) == (3200.0, 1600.0)
    told = tpp(chip({**unsaid, "matrix_bf16": rate("150 TFLOP/s")}), SHEETS)
    assert (told.value, told.least) == (3200.0, 2400.0)


@pytest.mark.parametrize("basis", ["dense", "inferred", "halved"])
def test_a_rate_known_to_be_dense_counts_whole(basis: str) -> None:
    told = found("matrix_bf16", rate("100 TFLOP/s", basis=basis))
    assert (told.value, told.least) == (1600.0, 1600.0)


def test_matrix_formats_of_unknown_rate_stay_open_and_unsupported_ones_do_not() -> None:
    gaps = {
        key: {"value": value, "source": "maker"}
        for key, value in (
            ("matrix_fp8", "unknown"), ("matrix_int4", "unknown"), ("matrix_fp4", "unsupported"),
            ("vector_fp32", "unknown"), ("sparse_fp8", "unknown"), ("tdp", "unknown"),
        )
    }  # fmt: skip
    told = tpp(chip({**MATRIX, **gaps}), SHEETS)
    assert (told.value, told.open) == (1600.0, ("matrix_fp8", "matrix_int4"))


def test_a_system_has_no_tpp() -> None:
    told = tpp(chip(MATRIX, kind="system"), SHEETS)
    assert told == Tpp((), (), "it is asked of a chip, not of a system of them")
    assert (told.value, told.least) == (None, None)


# ranges


def test_a_tpp_that_a_source_states_is_among_the_readings(sheets: Catalogue) -> None:
    """Bernstein's 4,493 of the MLU590 was hidden by the INT8 rate of another source."""
    stated = look_up(sheets.chips["cambricon-mlu590"], KEYS["tpp"], sheets)
    assert stated.value == 5024
    assert min(stated.others) == pytest.approx(4493, abs=0.5)
    assert max(stated.others) == 5520
    pressed = {**rate("50 TFLOP/s", formula="half of it"), "source": "press"}
    told = {"matrix_bf16": rate("100 TFLOP/s", rivals=[pressed]), "matrix_int8": rate("200 TOP/s")}
    assert look_up(chip(told), KEYS["tpp"], SHEETS).others == (), "a rate alone states no TPP"


# density


DIE = {"die_area": {"value": "800 mm²", "source": "survey"}}
LOGIC = {"logic_area": {"value": "1000 mm²", "source": "maker"}}
NO_LOGIC = {"logic_area": {"value": "unknown", "source": "maker"}}


@pytest.mark.parametrize(
    ("figures", "process", "expected"),
    [
        ({**MATRIX, **DIE}, "7 nm", Density(800.0, 2.0, "", "survey")),
        ({**MATRIX, **DIE}, None, Density(800.0, 2.0, "", "survey")),
        ({**MATRIX, **DIE, **LOGIC}, "7 nm", Density(1000.0, 1.6, "", "maker")),
        (
            {**MATRIX, **DIE, **NO_LOGIC},
            "7 nm",
            Density(None, None, "area of all non-planar logic dies is not known"),
        ),
        (MATRIX, "7 nm", Density(None, None, "area of the compute dies is not known")),
        (DIE, "7 nm", Density(800.0, None, "TPP is not known", "survey")),
        (
            {**MATRIX, **DIE},
            "28 nm",
            Density(0.0, 0.0, "no non-planar die (28 nm): no performance density"),
        ),
        (
            MATRIX,
            "TSMC 20 nm",
            Density(0.0, 0.0, "no non-planar die (20 nm): no performance density"),
        ),
    ],
)
def test_performance_density_is_tpp_over_the_area_of_non_planar_logic(
    figures: dict[str, Any], process: str | None, expected: Density
) -> None:
    assert density(chip(figures, process), SHEETS) == expected


def test_performance_density_can_be_asked_at_another_tpp() -> None:
    assert density(chip({**MATRIX, **DIE}), SHEETS, at_tpp=4000.0).value == 5.0
    assert density(chip({**MATRIX, **DIE}), SHEETS, at_tpp=0.0).value == 0.0


# the shipped sheets


@pytest.mark.parametrize(
    ("word", "value", "dense"),
    [
        ("nvidia-a100-sxm-80gb", 4992.0, 6.044),
        ("nvidia-h100-sxm-80gb", 15832.0, 19.450),
        ("nvidia-h20-sxm-96gb", 2368.0, 2.909),
        ("nvidia-l40s-pcie-48gb", 5864.0, 9.629),
        ("nvidia-rtx4090-24gb", 5284.8, 8.678),
        ("amd-mi250x-oam-128gb", 6128.0, None),
        ("nvidia-b200-sxm-180gb", 36000.0, None),
        ("huawei-ascend-910c", 12032.0, None),
    ],
)
def test_known_chips_come_out_as_known(
    word: str, value: float, dense: float | None, sheets: Catalogue
) -> None:
    part = sheets.chips[word]
    assert tpp(part, sheets).value == value
    if dense:
        assert density(part, sheets).value == pytest.approx(dense, abs=5e-4)
