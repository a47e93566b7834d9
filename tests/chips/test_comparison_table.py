"""The table of a comparison: cells, footnotes, its summary, and every format."""

import csv
import io
import json
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.report.chips.comparison import ON_PAPER, side_by_side
from bench.report.formats import FORMATS
from bench.report.registry import render_report
from bench.report.text.marks import UNSPECIFIED
from bench.theory.comparison import compare
from tests.chips.comparison_cases import BASE, FAST, RACK, SHEETS, chip


def table(*chips: Chip, figures: tuple[str, ...] = (), **told: Any) -> dict[str, tuple[str, ...]]:
    """The rows of the table by their first cell, footnotes' numbers left on."""
    report = side_by_side(compare(chips, BASE, figures, SHEETS), SHEETS, **told)
    return {row[0]: row[1:] for row in report.table.cells}


def test_each_cell_says_its_value_its_ratio_and_its_doubts() -> None:
    assert table(FAST) == {
        "bf16 matrix": ("100 TFLOP/s [2]", "250 TFLOP/s? (×2.50, others 2.50–5.00) [3]"),
        "fp8 matrix": ("– [4]", "500 TFLOP/s"),
        "memory capacity": ("64 GB", "–"),
        "memory bandwidth": ("2 TB/s", "1 TB/s (×0.500, others 0.500–0.600) [5]"),
        "board power": ("400 W", "500 W (×1.25) [6]"),
        "area of the compute dies": ("800 mm²", "–"),
        "TPP, TOPS x bit [1]": ("1,920", "4,000? (×2.08) [3]"),
        "performance density, TPP/mm² [1]": ("2.400", "– [7]"),
        "ridge point, bf16 matrix, FLOP/B [1]": (
            "50.00", "250.0? (×5.00, others 4.17–10.0) [3]",
        ),
        "process": ("7 nm", "–"),
        "status": ("sold", "sold"),
        "tier": ("global", "global"),
    }  # fmt: skip


def test_footnotes_tell_conflicts_gaps_formulas_and_unsaid_sparsity() -> None:
    report = side_by_side(compare([FAST], BASE, [], SHEETS), SHEETS)
    assert report.table.notes == (
        "[1] Derived here from the sheet's figures; no maker prints it.",
        (
            "[2] bf16 matrix of base: other sources: 50 TFLOP/s (wiki); 120 TFLOP/s (maker; counts "
            "matrix+vector, left out of the range); 9 TFLOP/s (wiki; refuted: a lost digit, left "
            "out of the range)."
        ),
        f"[3] {UNSPECIFIED}",
        "[4] The chip has no such unit.",
        "[5] memory bandwidth of fast: other sources: 1.2 TB/s (wiki).",
        "[6] Derived for the sheet: 2 x 250 W.",
        "[7] Area of the compute dies is not known.",
    )


def test_sources_are_footnotes_when_they_are_asked_for() -> None:
    source = "maker (vendor-datasheet) https://example.org/"
    compared = compare([FAST], BASE, ["die_area", "ridge_matrix_bf16"], SHEETS)
    report = side_by_side(compared, SHEETS, cite=True)
    assert report.table.cells[0] == ("area of the compute dies", "800 mm² [2]", "–")
    assert report.table.notes[1:3] == (
        f"[2] {source}",
        "[3] ridge point, bf16 matrix: 100 TFLOP/s / 2 TB/s.",
    )


def test_the_summary_says_what_paper_says_and_that_it_is_paper() -> None:
    report = side_by_side(compare([FAST], BASE, [], SHEETS), SHEETS)
    assert report.table.title == "Fast compared with Base"
    assert report.table.summary == (
        (
            "On paper, Fast has 2.50 times the bf16 matrix rate of Base (2.50 to 5.00 by rival "
            "figures, sparsity not said), 0.500 times its memory bandwidth (0.500 to 0.600 by "
            "rival figures) and 2.08 times its TPP (sparsity not said)."
        ),
        ON_PAPER,
    )


def test_a_tpp_of_rates_that_were_worked_out_here_is_refused_with_the_reason() -> None:
    rate = {"value": "300 TFLOP/s", "basis": "dense", "origin": "computed", "formula": "80 x 2 GHz"}
    guessed = chip("guessed", {"matrix_bf16": rate})
    report = side_by_side(compare([guessed], BASE, ["tpp"], SHEETS), SHEETS)
    assert report.table.cells[0][2] == "– [2]"
    assert report.table.notes[1] == (
        "[2] No rate is published; rates worked out of units and clocks are no claim of the "
        "maker's."
    )


def test_chips_without_a_common_figure_are_said_to_have_none() -> None:
    bare = chip("bare", {})
    report = side_by_side(compare([bare], BASE, [], SHEETS), SHEETS)
    assert report.table.summary[0] == "No figure shown is known of both Bare and Base."


def test_many_chips_stand_in_rows_and_systems_are_not_the_highest_of_chips() -> None:
    chips = [chip(f"c{n}", {"tdp": {"value": f"{n}00 W"}}) for n in (3, 4, 5, 6)]
    sheets = Catalogue({**SHEETS.chips, **{one.id: one for one in chips}}, SHEETS.sources)
    report = side_by_side(compare([*chips, RACK], BASE, ["tdp"], sheets), sheets)
    assert report.table.columns == ("chip", "board power")
    assert report.table.cells == (
        ("base", "400 W"),
        ("c3", "300 W (×0.750)"),
        ("c4", "400 W (×1.00)"),
        ("c5", "500 W (×1.25)"),
        ("c6", "600 W (×1.50)"),
        ("rack", "–"),
    )
    assert report.table.summary[0] == (
        "On paper, above Base in board power: 2 of 4 with a figure; highest: C6, 600 W, 1.50 "
        "times the baseline's."
    )


def test_a_comparison_per_watt_says_what_it_is_divided_by() -> None:
    heading = side_by_side(compare([FAST], BASE, [], SHEETS, "watt"), SHEETS).table.heading
    assert heading[-1] == "Rates, capacities and bandwidths are divided by the board power (W)."


def test_sparse_rates_are_marked() -> None:
    report = side_by_side(compare([FAST], BASE, ["sparse_bf16"], SHEETS), SHEETS)
    assert report.table.cells == (("bf16 matrix with structured sparsity [1]", "200 TFLOP/s", "–"),)
    assert report.table.notes == (
        "[1] With structured sparsity: to be compared with other sparse rates only.",
    )


def test_flat_rows_are_one_a_chip_and_figure_in_base_units() -> None:
    found = compare([FAST], BASE, ["matrix_bf16", "matrix_fp8"], SHEETS)
    rows = side_by_side(found, SHEETS).flat
    assert [(row["chip"], row["figure"]) for row in rows] == [
        ("base", "matrix_bf16"), ("base", "matrix_fp8"), ("fast", "matrix_bf16"),
        ("fast", "matrix_fp8"),
    ]  # fmt: skip
    assert rows[2] == {
        "chip": "fast", "figure": "matrix_bf16", "unit": "FLOP/s", "value": 250e12,
        "as_written": "250 TFLOP/s", "basis": "unspecified", "origin": "published",
        "baseline": "base", "ratio": 2.5, "ratio_low": 2.5, "ratio_high": 5.0, "sources": "maker",
        "conflict": None, "note": None,
    }  # fmt: skip
    assert (rows[1]["value"], rows[1]["as_written"], rows[1]["note"]) == (
        None, "unsupported", "the chip has no such unit",
    )  # fmt: skip


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_sets_a_comparison(style: str, sheets: Catalogue) -> None:
    chips = [sheets.find(word) for word in ("910b2", "h100")]
    report = side_by_side(compare(chips, sheets.find("h20"), [], sheets), sheets)
    text = render_report(style, report)
    assert "2.39" in text
    if style == "json":
        assert json.loads(text)["rows"][0]["baseline"] == "nvidia-h20-sxm-96gb"
    if style == "csv":
        assert len(list(csv.DictReader(io.StringIO(text)))) == len(report.flat)
