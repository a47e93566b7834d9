"""Chips side by side: every ratio by hand, every doubt marked, nothing unknown made a nought."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.report.chips.comparison import side_by_side
from bench.theory.comparison import BRIEF, MANY, Cell, Ratio, compare, in_words, ratio
from bench.theory.entry import KEYS, Entry, key_of, look_up
from bench.theory.filters import condition, filtered
from bench.theory.systems import many
from tests.chips.comparison_cases import BASE, FAST, RACK, SHEETS, chip
from tests.commands.command_cases import document, said


def cells(key: str, *chips: Chip, baseline: Chip = BASE, per: str | None = None) -> list[Cell]:
    """The cells of one figure, the baseline's first."""
    (row,) = compare(chips or (FAST,), baseline, [key], SHEETS, per).rows
    return list(row.cells)


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


def test_every_figure_of_a_source_enters_the_range_of_what_is_worked_out() -> None:
    ends = [{"value": f"{price} USD", "source": "wiki"} for price in (10, 40)]
    rate = {"value": "100 TFLOP/s", "basis": "dense"}
    sold = chip("sold", {"matrix_bf16": rate, "price_usd": {"value": "20 USD", "rivals": ends}})
    entry = look_up(sold, key_of("matrix_bf16_per_usd"), SHEETS)
    assert (entry.value, entry.others) == (5.0, (2.5, 10.0))


def test_a_price_with_a_share_of_the_server_is_marked_and_as_a_rival_left_out() -> None:
    dear = {"value": "80 USD", "source": "wiki", "counts": "server"}
    rate = {"value": "100 TFLOP/s", "basis": "dense"}
    prices = {"value": "20 USD", "rivals": [dear]}, {"value": "80 USD", "counts": "server"}
    alone, housed = (
        look_up(chip("one", {"matrix_bf16": rate, "price_usd": price}), key, SHEETS)
        for price in prices
        for key in [key_of("matrix_bf16_per_usd")]
    )
    assert (alone.others, alone.has_server, housed.has_server) == ((), False, True)


def test_a_ratio_over_a_rate_of_other_bits_is_not_divided_by_the_baselines() -> None:
    figures = {"matrix_fp8": {"value": "500 TFLOP/s", "basis": "dense"}}
    small = chip("small", {**figures, "memory_bandwidth": {"value": "1 TB/s"}})
    cell = cells("bytes_per_flop", small)[1]
    assert (cell.entry.value, cell.entry.why) == (0.002, "over its fp8 matrix rate")
    assert (cell.ratio, cell.why) == (None, "over a rate of 8 bits, the baseline's of 16")


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
    """147 TFLOP/s is a rival of the 148; 74 is refuted by what was measured, and widens nothing."""
    found = compare([sheets.find("910b2")], sheets.find("h20"), ["matrix_bf16"], sheets)
    told = found.rows[0].cells[1].ratio
    assert told
    assert (told.low, told.high) == pytest.approx((353.9 / 148, 353.9 / 147))


def test_a_chip_without_fp8_has_no_nought(sheets: Catalogue) -> None:
    found = compare([sheets.find("h20")], sheets.find("a100"), ["matrix_fp8"], sheets)
    report = side_by_side(found, sheets)
    base, other = report.table.cells[0][1:]
    assert base.startswith("– [")
    assert other.startswith("296 TFLOP/s")
    assert "×" not in other


def test_gb_and_gib_of_memory_are_counted_alike(sheets: Catalogue) -> None:
    """The sheet of Trainium3 prints GiB, that of the H100 GB: both mean 2**30 bytes."""
    found = compare(
        [sheets.find("aws-trainium3-144gb")],
        sheets.find("nvidia-h100-sxm-80gb"),
        ["memory_capacity"],
        sheets,
    )
    told = found.rows[0].cells[1].ratio
    assert told
    assert told.value == pytest.approx(144 / 80)
    assert "count both as GiB" in " ".join(side_by_side(found, sheets).table.notes)
    for text in ("memory_capacity=96GB", "memory_capacity=96GiB"):
        chosen = filtered(sheets.chips.values(), [condition(text)], sheets).fitting
        assert {"nvidia-h20-sxm-96gb", "aws-trainium2-96gb"} <= {chip.id for chip in chosen}


def test_a_tpp_that_may_be_higher_has_no_ratio(sheets: Catalogue) -> None:
    found = compare([sheets.find("max1100")], sheets.find("h20"), ["tpp"], sheets)
    told = found.rows[0].cells[1]
    assert told.ratio is None
    assert told.why == "the bf16 matrix rate is unknown and may be higher"
    assert side_by_side(found, sheets).table.cells[0][2] == "1,422 [2]"


def test_numbers_of_chips_have_totals(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rates, memory, power and price are multiplied, rivals too; ratios of two of them are not."""
    one, fleet = sheets.find("h20"), many(sheets.find("h20"), 10_000, sheets.chips)
    assert fleet.number("price_usd") == pytest.approx(1e4 * (one.number("price_usd") or 0))
    assert fleet.number("boost_clock") == one.number("boost_clock")
    keys = ["matrix_bf16", "memory_capacity", "tdp", "h100_equivalents", "ridge_matrix_bf16"]
    found = compare([fleet], one, keys, sheets)
    ratios = [row.cells[1].ratio for row in found.rows]
    assert [each and each.value for each in ratios] == pytest.approx([1e4, 1e4, 1e4, 1e4, 1.0])
    power = ratios[2]
    assert power
    assert power.high == pytest.approx(1e4 * 500 / 400)
    words = ["chips=[h20:10000,cm384:2,h100]", "baseline=h100"]
    rows = document("compare", words, capsys)["rows"]
    totals = {(row["chip"], row["figure"]): row["value"] for row in rows}
    assert totals["10000 x nvidia-h20-sxm-96gb", "tdp"] == 4e6
    assert totals["2 x huawei-cloudmatrix-384", "memory_capacity"] == 2 * 49_152e9
    assert totals["nvidia-h100-sxm-80gb", "h100_equivalents"] == pytest.approx(1.0, rel=0.01)
    assert "no hosts, network or cooling" in said("compare", words, capsys)[1]


def test_a_system_among_numbers_of_chips_counts_as_its_boards(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Power is not that of hosts and cooling, TPP is the sum, and a price given stays its own."""
    words = ["chips=[hgx-h20-8:10,h20:80,cm384,910c:384]", "baseline=h20"]
    rows = document("compare", words, capsys)["rows"]
    totals = {(row["chip"], row["figure"]): row["value"] for row in rows}
    for system, boards in (
        ("10 x nvidia-hgx-h20-8", "80 x nvidia-h20-sxm-96gb"),
        ("1 x huawei-cloudmatrix-384", "384 x huawei-ascend-910c"),
    ):
        for key in ("matrix_bf16", "tdp", "memory_capacity", "tpp", "h100_equivalents"):
            assert totals[system, key] == pytest.approx(totals[boards, key]), key
    assert totals["1 x huawei-cloudmatrix-384", "tdp"] == 384 * 700
    assert totals["1 x huawei-cloudmatrix-384", "tpp"] == 384 * 12_032
    words = ["chips=[hgx-h20-8:10,h20:80]", "price=[hgx-h20-8:100000]", "figures=[price_usd]"]
    (row, _) = document("compare", words, capsys)["rows"]
    assert row["value"] == 1e6
    words = ["chips=[hgx-h20-8:10,h20:80]", "price=[h20:15000]", "figures=[price_usd]"]
    assert [row["value"] for row in document("compare", words, capsys)["rows"]] == [1.2e6, 1.2e6]


@pytest.mark.parametrize(
    ("word", "count"),
    [("10k", 10_000), ("1e4", 10_000), ("1.5k", 1500), ("4.1e2", 410), ("1.001k", 1001)],
)
def test_a_number_of_chips_may_be_in_thousands_or_powers_of_ten(
    word: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"chips=[h20:{word},h100]", "baseline=h100", "figures=[tdp]"]
    assert f"{count} x nvidia-h20-sxm-96gb" in said("compare", words, capsys)[1]


@pytest.mark.parametrize(
    ("chips", "told"),
    [
        ("[h20:some,h100]", "chips=h20:some: write a whole number from 1 to 100,000,000 after"),
        ("[h20:0,h100]", "chips=h20:0: write a whole number"),
        ("[h20:1.5,h100]", "chips=h20:1.5: write a whole number"),
        ("[h20:1e9,h100]", "chips=h20:1e9: write a whole number"),
        ("[h20:5,h20:6,h100]", "chips=h20:6: nvidia-h20-sxm-96gb has another number already"),
        ("[h2O0:5,h100]", "no chip or group 'h2O0'"),
    ],
)
def test_a_wrong_number_of_chips_costs_a_line(
    chips: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = said("compare", [f"chips={chips}"], capsys)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert told in error
