"""Printed rates beside units x clock x operations a cycle: what passes, what must be explained."""

from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Architecture, Chip
from bench.errors import Fault
from bench.theory.crosscheck import TOLERANCE, Crosscheck, crosscheck, crosscheck_faults

DESIGN = Architecture.model_validate(
    {
        "name": "First",
        "unit": "SM",
        "cycle": {
            "matrix_bf16": {"value": "1000 FLOP/cycle", "source": "maker"},
            "vector_fp32": {"value": "100 FLOP/cycle", "source": "maker"},
        },
    }
)


def rate(value: str, **told: Any) -> dict[str, Any]:
    return {"value": value, "source": "maker", "basis": "dense", **told}


CLOCKED = {
    "units": {"value": "100", "source": "maker"},
    "clock_boost": {"value": "2 GHz", "source": "maker"},
}
MATRIX_CLOCK = {"clock_matrix": {"value": "1500 MHz", "source": "maker"}}


def chip(figures: dict[str, Any], family: str | None = "first", **told: Any) -> Chip:
    return Chip.model_validate(
        {
            "id": "acme-one", "name": "Acme One", "vendor": "acme", "kind": "gpu",
            "status": "sold", "tier": "global", "architecture": "First", "family": family,
            "figures": {**CLOCKED, **figures}, **told,
        }
    )  # fmt: skip


def sheet(part: Chip, design: Architecture = DESIGN) -> Catalogue:
    return Catalogue({part.id: part}, {}, {"first": design})


def checks(part: Chip, design: Architecture = DESIGN) -> list[Crosscheck]:
    return crosscheck(part, sheet(part, design))


def faults(part: Chip) -> list[Fault]:
    return crosscheck_faults(sheet(part))


def test_a_printed_rate_stands_beside_the_product_of_its_design() -> None:
    words = "100 units x 2000 MHz (clock_boost) x 1000 a cycle"
    part = chip({"matrix_bf16": rate("200 TFLOP/s")})
    assert checks(part) == [Crosscheck("acme-one", "matrix_bf16", 2e14, 2e14, words, None)]
    (one,) = checks(part)
    assert (one.deviation, one.passed, faults(part)) == (0.0, True, [])


@pytest.mark.parametrize(
    ("printed", "passed"),
    [
        ("206 TFLOP/s", True), ("194 TFLOP/s", True), ("206.1 TFLOP/s", False),
        ("193.9 TFLOP/s", False), ("400 TFLOP/s", False),
    ],
)  # fmt: skip
def test_three_per_cent_either_way_pass(printed: str, passed: bool) -> None:
    assert TOLERANCE == 0.03
    (one,) = checks(chip({"matrix_bf16": rate(printed)}))
    assert one.deviation == pytest.approx(float(printed.split(maxsplit=1)[0]) / 200 - 1)
    assert one.passed is passed


def test_a_deviation_that_nobody_explains_is_a_fault_with_the_product_in_words() -> None:
    assert faults(chip({"matrix_bf16": rate("400 TFLOP/s")})) == [
        Fault(
            "specs/chips/acme-one.yaml",
            "figures.matrix_bf16",
            "+100.0% from 100 units x 2000 MHz (clock_boost) x 1000 a cycle",
            "correct it, or say why in 'explained'",
        )
    ]
    (low,) = faults(chip({"vector_fp32": rate("15 TFLOP/s")}))
    assert low.problem == "-25.0% from 100 units x 2000 MHz (clock_boost) x 100 a cycle"


def test_an_explained_deviation_is_none_the_less_told() -> None:
    why = "the maker prints the sparse rate"
    part = chip({"matrix_bf16": rate("400 TFLOP/s")}, explained={"matrix_bf16": why})
    (one,) = checks(part)
    assert (one.passed, one.deviation, one.explained) == (False, 1.0, why)
    assert faults(part) == []


def test_matrix_rates_take_the_clock_of_the_matrix_peaks_and_vector_rates_the_boost() -> None:
    rates = {"matrix_bf16": rate("150 TFLOP/s"), "vector_fp32": rate("20 TFLOP/s")}
    told = checks(chip({**rates, **MATRIX_CLOCK}))
    assert [(one.figure, one.formula, one.passed) for one in told] == [
        ("matrix_bf16", "100 units x 1500 MHz (clock_matrix) x 1000 a cycle", True),
        ("vector_fp32", "100 units x 2000 MHz (clock_boost) x 100 a cycle", True),
    ]


@pytest.mark.parametrize(
    "missing",
    [
        {"units": {"value": "unknown", "source": "maker"}},
        {"clock_boost": {"value": "unknown", "source": "maker"}},
        {"matrix_bf16": {"value": "unknown", "source": "maker"}},
        {"matrix_bf16": {"value": "unsupported", "source": "maker"}},
    ],
)
def test_what_cannot_be_worked_out_is_not_held_against_anything(missing: dict[str, Any]) -> None:
    assert checks(chip({"matrix_bf16": rate("400 TFLOP/s"), **missing})) == []


def test_a_vector_rate_is_not_held_against_the_clock_of_the_matrix_peaks() -> None:
    clock = {**MATRIX_CLOCK, "clock_boost": {"value": "unknown", "source": "maker"}}
    assert checks(chip({"vector_fp32": rate("20 TFLOP/s"), **clock})) == []


def test_a_rate_that_was_worked_out_here_proves_nothing() -> None:
    worked_out = rate("200 TFLOP/s", origin="computed", formula="100 x 2 GHz x 1000")
    assert checks(chip({"matrix_bf16": worked_out})) == []


@pytest.mark.parametrize("family", [None, "second"])
def test_a_chip_without_a_known_design_is_not_checked(family: str | None) -> None:
    assert checks(chip({"matrix_bf16": rate("400 TFLOP/s")}, family)) == []


def test_a_design_of_unknown_rate_is_not_checked() -> None:
    cycle = {"matrix_bf16": {"value": "unknown", "source": "maker"}}
    design = Architecture.model_validate({"name": "First", "unit": "SM", "cycle": cycle})
    assert checks(chip({"matrix_bf16": rate("400 TFLOP/s")}), design) == []


# the shipped sheets


def test_every_shipped_deviation_is_explained(sheets: Catalogue) -> None:
    assert [str(fault) for fault in crosscheck_faults(sheets)] == []


def test_every_design_is_of_a_shipped_chip(sheets: Catalogue) -> None:
    assert set(sheets.architectures) - {part.family for part in sheets.chips.values()} == set()
