"""Chips side by side: every ratio by hand, every doubt marked, nothing unknown made a nought."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.errors import UsageError
from bench.report.comparison import ON_PAPER, side_by_side
from bench.report.marks import UNSAID
from bench.report.registry import FORMATS, set_in
from bench.theory.comparison import BRIEF, MANY, Cell, Ratio, compare, in_words, ratio
from bench.theory.entry import KEYS, Entry, key_of, look_up

MAKER = Source.model_validate(
    {"url": "https://example.org/", "kind": "vendor-datasheet", "accessed": "2026-11-01"}
)


def chip(name: str, figures: dict[str, Any], **told: Any) -> Chip:
    """A sheet whose figures come from its maker."""
    node = {
        "id": name, "name": name.title(), "vendor": "acme", "kind": "npu", "status": "sold",
        "tier": "global", "architecture": "a design",
        "figures": {key: {"source": "maker", **one} for key, one in figures.items()}, **told,
    }  # fmt: skip
    return Chip.model_validate(node)


BASE = chip(
    "base",
    {
        "matrix_bf16": {
            "value": "100 TFLOP/s",
            "basis": "dense",
            "rivals": [
                {"value": "50 TFLOP/s", "source": "wiki", "basis": "halved"},
                {"value": "120 TFLOP/s", "source": "maker", "counts": "matrix+vector"},
                {"value": "9 TFLOP/s", "source": "wiki", "refuted": "a lost digit"},
            ],
        },
        "matrix_fp8": {"value": "unsupported"},
        "memory_bandwidth": {"value": "2 TB/s"},
        "memory_capacity": {"value": "64 GB"},
        "tdp": {"value": "400 W"},
        "die_area": {"value": "800 mm²"},
        "sparse_bf16": {"value": "200 TFLOP/s"},
    },
    facts={"process": {"value": "7 nm", "source": "maker"}},
)
FAST = chip(
    "fast",
    {
        "matrix_bf16": {"value": "250 TFLOP/s", "basis": "unspecified"},
        "matrix_fp8": {"value": "500 TFLOP/s", "basis": "dense"},
        "memory_bandwidth": {
            "value": "1 TB/s",
            "rivals": [{"value": "1.2 TB/s", "source": "wiki"}],
        },
        "memory_capacity": {"value": "unknown"},
        "tdp": {"value": "500 W", "formula": "2 x 250 W", "origin": "computed"},
    },
)
RACK = chip("rack", {}, kind="system", members=({"chip": "base", "count": 4},))
SHEETS = Catalogue(
    {one.id: one for one in (BASE, FAST, RACK)},
    {"maker": MAKER, "wiki": MAKER.model_copy(update={"kind": "database"})},
)


def cells(key: str, *chips: Chip, baseline: Chip = BASE, per: str | None = None) -> list[Cell]:
    """The cells of one figure, the baseline's first."""
    (row,) = compare(chips or (FAST,), baseline, [key], SHEETS, per).rows
    return list(row.cells)


def table(*chips: Chip, figures: tuple[str, ...] = (), **told: Any) -> dict[str, tuple[str, ...]]:
    """The rows of the table by their first cell, footnotes' numbers left on."""
    report = side_by_side(compare(chips, BASE, figures, SHEETS), SHEETS, **told)
    return {row[0]: row[1:] for row in report.table.cells}


# ratios


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("matrix_bf16", Ratio(2.5, 2.5, 5.0)),
        ("memory_bandwidth", Ratio(0.5, 0.5, 0.6)),
        ("tdp", Ratio(1.25, 1.25, 1.25)),
        ("tpp", Ratio(4000 / 1920, 4000 / 1920, 4000 / 1920)),
        ("ridge_matrix_bf16", Ratio(5.0, 250 / 1.2 / 50, 10.0)),
    ],
)
def test_a_ratio_is_the_chips_over_the_baselines_with_what_rivals_make_of_it(
    key: str, expected: Ratio
) -> None:
    found = cells(key)[1].ratio
    assert found
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_the_baseline_is_once_itself_whatever_others_say() -> None:
    assert cells("matrix_bf16")[0].ratio == Ratio(1.0, 1.0, 1.0)


def test_a_rival_that_counts_something_else_or_is_refuted_moves_no_ratio() -> None:
    entry = look_up(BASE, key_of("matrix_bf16"), SHEETS)
    assert (len(entry.rivals), entry.others) == (3, (50e12,))


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("matrix_fp8", "of the baseline: the chip has no such unit"),
        ("memory_capacity", "nobody published it"),
        ("die_area", "no sourced figure"),
        ("performance_density", "area of the compute dies is not known"),
        ("process", ""),
    ],
)
def test_without_a_number_there_is_no_ratio_and_a_reason(key: str, why: str) -> None:
    cell = cells(key)[1]
    assert (cell.ratio, cell.why) == (None, why)


def test_a_source_that_disagrees_is_read_as_a_whole_for_what_is_worked_out() -> None:
    entry = look_up(BASE, key_of("ridge_matrix_bf16"), SHEETS)
    assert (entry.value, entry.others) == (50.0, (25.0,))


def test_a_system_is_its_members_added_up() -> None:
    entry = cells("memory_capacity", RACK)[1].entry
    assert (entry.value, entry.origin, entry.formula) == (256e9, "computed", "4 x 64 GB")


NUMBER = st.floats(min_value=1e-3, max_value=1e18)


@given(one=NUMBER, other=NUMBER, rivals=st.lists(NUMBER, max_size=3))
def test_turning_a_comparison_round_turns_its_ratio_and_range(
    one: float, other: float, rivals: list[float]
) -> None:
    left = Entry(KEYS["tdp"], one, others=tuple(rivals))
    right = Entry(KEYS["tdp"], other)
    there, back = ratio(left, right), ratio(right, left)
    assert there
    assert back
    assert there.value * back.value == pytest.approx(1.0)
    assert there.low * back.high == pytest.approx(1.0)
    assert there.low <= there.value <= there.high


# per watt and so on


@pytest.mark.parametrize(
    ("per", "value"),
    [("watt", 0.5), ("mm2", None), ("usd", None), ("transistor", None)],
)
def test_rates_are_divided_by_what_is_asked_for(per: str, value: float | None) -> None:
    base, fast = cells("matrix_bf16", per=per)
    assert fast.entry.key.name == f"matrix_bf16_per_{per}"
    assert fast.entry.value == value
    assert (fast.ratio is None) == (value is None)
    assert base.entry.value == {"watt": 0.25, "mm2": 0.125}.get(per)


def test_what_cannot_be_divided_stands_as_it_is() -> None:
    assert cells("tdp", per="watt")[1].entry.key is KEYS["tdp"]


def test_divided_figures_stand_with_what_they_are_divided_by() -> None:
    rows = compare([FAST], BASE, [], SHEETS, "watt").rows
    assert [row.key.name for row in rows] == [
        "matrix_bf16_per_watt", "matrix_fp8_per_watt", "memory_capacity_per_watt",
        "memory_bandwidth_per_watt", "tdp",
    ]  # fmt: skip


# which figures


def test_only_figures_that_a_chip_has_are_shown_and_no_sparse_ones() -> None:
    rows = compare([FAST], BASE, [], SHEETS).rows
    assert [row.key.name for row in rows] == [
        "matrix_bf16", "matrix_fp8", "memory_capacity", "memory_bandwidth", "tdp", "die_area",
        "tpp", "performance_density", "ridge_matrix_bf16", "process", "status", "tier",
    ]  # fmt: skip


def test_figures_asked_for_are_shown_in_that_order_even_if_nobody_has_them() -> None:
    rows = compare([FAST], BASE, ["sparse_bf16", "matrix_fp4", "tier"], SHEETS).rows
    assert [row.key.name for row in rows] == ["sparse_bf16", "matrix_fp4", "tier"]


def test_many_chips_show_few_figures() -> None:
    chips = [chip(f"c{number}", {"tdp": {"value": "1 W"}}) for number in range(MANY)]
    sheets = Catalogue({**SHEETS.chips, **{one.id: one for one in chips}}, SHEETS.sources)
    rows = compare(chips, BASE, [], sheets).rows
    assert {row.key.name for row in rows} <= set(BRIEF)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("bf16", "no figure 'bf16': did you mean 'matrix_bf16' or 'vector_bf16' or 'sparse_bf16'?"),
        ("power", "no figure 'power': did you mean 'tdp'?"),
        ("tpps", "no figure 'tpps': did you mean 'tpp' or 'tdp'?"),
    ],
)
def test_a_figure_that_there_is_not_gets_the_nearest(word: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        compare([FAST], BASE, [word], SHEETS)
    assert str(caught.value) == said


def test_one_chip_and_an_unknown_divisor_are_refused() -> None:
    with pytest.raises(UsageError, match=r"^base alone: name a second chip or another baseline="):
        compare([BASE], BASE, [], SHEETS)
    with pytest.raises(UsageError, match=r"^no per 'wat': did you mean 'watt'\?$"):
        compare([FAST], BASE, [], SHEETS, "wat")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("matrix_bf16", "bf16 matrix rate"),
        ("tdp", "board power"),
        ("tpp", "TPP"),
        ("matrix_bf16_per_watt", "bf16 matrix rate per W"),
        ("capacity_per_rate", "memory capacity per rate"),
    ],
)
def test_a_key_in_the_middle_of_a_sentence(key: str, words: str) -> None:
    assert in_words(KEYS[key]) == words


# the table


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
        "[1] Worked out here of the sheet's figures; no maker prints it.",
        (
            "[2] bf16 matrix of base: elsewhere 50 TFLOP/s (wiki); 120 TFLOP/s (maker; counts "
            "matrix+vector, left out of the range); 9 TFLOP/s (wiki; refuted: a lost digit, left "
            "out of the range)."
        ),
        f"[3] {UNSAID}",
        "[4] The chip has no such unit.",
        "[5] memory bandwidth of fast: elsewhere 1.2 TB/s (wiki).",
        "[6] Worked out for the sheet: 2 x 250 W.",
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
    assert report.table.title == "Fast beside Base"
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
    assert report.table.summary[0] == "No figure here is known of both Bare and Base."


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
        "baseline": "base", "ratio": 2.5, "ratio_low": 2.5, "ratio_high": 5.0, "source": "maker",
        "conflict": None, "note": None,
    }  # fmt: skip
    assert (rows[1]["value"], rows[1]["as_written"], rows[1]["note"]) == (
        None, "unsupported", "the chip has no such unit",
    )  # fmt: skip


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_sets_a_comparison(style: str, sheets: Catalogue) -> None:
    chips = [sheets.find(word) for word in ("910b2", "h100")]
    report = side_by_side(compare(chips, sheets.find("h20"), [], sheets), sheets)
    text = set_in(style, report)
    assert "2.39" in text
    if style == "json":
        assert json.loads(text)["rows"][0]["baseline"] == "nvidia-h20-sxm-96gb"
    if style == "csv":
        assert len(list(csv.DictReader(io.StringIO(text)))) == len(report.flat)


# the shipped sheets


@pytest.mark.parametrize(
    ("key", "by_hand"),
    [
        ("matrix_bf16", 353.9 / 148),
        ("memory_bandwidth", 1.6 / 4.0),
        ("memory_capacity", 64 / 96),
        ("link_bandwidth", 392 / 900),
        ("vector_fp32", 11 / 44),
        ("tpp", 376 * 16 / (148 * 16)),
        ("ridge_matrix_bf16", (353.9 / 1.6) / (148 / 4.0)),
    ],
)
def test_the_910b2_beside_the_h20_by_hand(key: str, by_hand: float, sheets: Catalogue) -> None:
    found = compare([sheets.find("910b2")], sheets.find("h20"), [key], sheets)
    told = found.rows[0].cells[1].ratio
    assert told
    assert told.value == pytest.approx(by_hand)


def test_the_disputed_rate_of_the_h20_gives_the_910b2_a_range(sheets: Catalogue) -> None:
    """147 and 74 TFLOP/s are rivals of the 148; the headline of the 910B2 counts vector units."""
    found = compare([sheets.find("910b2")], sheets.find("h20"), ["matrix_bf16"], sheets)
    told = found.rows[0].cells[1].ratio
    assert told
    assert (told.low, told.high) == pytest.approx((353.9 / 148, 353.9 / 74))


def test_a_chip_without_fp8_has_no_nought(sheets: Catalogue) -> None:
    found = compare([sheets.find("h20")], sheets.find("a100"), ["matrix_fp8"], sheets)
    report = side_by_side(found, sheets)
    base, other = report.table.cells[0][1:]
    assert base.startswith("– [")
    assert other.startswith("296 TFLOP/s")
    assert "×" not in other
