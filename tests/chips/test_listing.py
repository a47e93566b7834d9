"""A list of chips: what fits its conditions, in which order, in which columns."""

from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.errors import UsageError
from bench.report.chips.listing import listing
from bench.theory.entry import KEYS
from bench.theory.filters import condition, filtered, ordered

MAKER = Source.model_validate(
    {"url": "https://example.org/", "kind": "vendor-datasheet", "accessed": "2026-11-01"}
)


def chip(name: str, figures: dict[str, Any], **told: Any) -> Chip:
    """A sheet whose figures come from its maker."""
    node = {
        "id": name, "name": f"The {name}", "vendor": "acme", "kind": "npu", "status": "sold",
        "tier": "global", "architecture": "a design",
        "figures": {key: {"source": "maker", **one} for key, one in figures.items()}, **told,
    }  # fmt: skip
    return Chip.model_validate(node)


SHEETS = Catalogue(
    {
        one.id: one
        for one in (
            chip("small", {"tdp": {"value": "75 W"}, "units": {"value": "20"}}, form="PCIe"),
            chip(
                "large",
                {
                    "tdp": {"value": "1 kW", "rivals": [{"value": "900 W", "source": "maker"}]},
                    "matrix_fp16": {"value": "300 TFLOP/s", "basis": "unspecified"},
                    "matrix_fp8": {"value": "unsupported"},
                },
                facts={"memory_type": {"value": "HBM3e", "source": "maker"}},
            ),
            chip("bare", {}),
        )
    },
    {"maker": MAKER},
)


# conditions


@pytest.mark.parametrize(
    ("text", "fitting", "undecided"),
    [
        ("tdp>=75W", "small large", "bare"),
        ("tdp>75 W", "large", "bare"),
        ("tdp<=1000W", "small large", "bare"),
        ("tdp<1kW", "small", "bare"),
        ("tdp=1000 W", "large", "bare"),
        ("tdp==1kW", "large", "bare"),
        ("tdp!=1kW", "small", "bare"),
        ("units>=20", "small", "large bare"),
        ("tpp>=4800", "large", "small bare"),
        ("matrix_fp16_per_watt<0.31", "large", "small bare"),
        ("memory_type=hbm3*", "large", "small bare"),
        ("form!=PCIe", "", "large bare"),
        ("id=*ar*", "large bare", ""),
    ],
)
def test_a_condition_parts_what_fits_from_what_nobody_knows(
    text: str, fitting: str, undecided: str
) -> None:
    found = filtered(SHEETS.chips.values(), [condition(text)], SHEETS)
    assert " ".join(one.id for one in found.fitting) == fitting
    assert " ".join(one.id for one in found.undecided) == undecided


def test_a_chip_that_fails_one_condition_is_not_undecided_for_another() -> None:
    both = [condition("tdp>100W"), condition("units>1")]
    found = filtered(SHEETS.chips.values(), both, SHEETS)
    assert [one.id for one in found.undecided] == ["large", "bare"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tdp", "where=tdp: write a comparison such as 'memory_bandwidth>=4TB/s'"),
        ("tdp<400", "where=tdp<400: '400' is not in W; write 'tdp<400W'"),
        ("units>3GB", "where=units>3GB: '3GB' is not a bare number; write 'units>3'"),
        ("tdp<4 kw", "where=tdp<4 kw: 'kw' is not a unit (write kW)"),
        ("tpp<2TOPS", "where=tpp<2TOPS: '2TOPS' is no bare number; write 'tpp<2'"),
        (
            "memory_bandwidth>4",
            "where=memory_bandwidth>4: '4' is not in B/s; write 'memory_bandwidth>4GB/s'",
        ),
        (
            "memory_bandwidth>1.4TB",
            "where=memory_bandwidth>1.4TB: '1.4TB' is not in B/s; write 'memory_bandwidth>1.4TB/s'",
        ),
        (
            "memory_capacity>80GiB/s",
            "where=memory_capacity>80GiB/s: '80GiB/s' is not in B; write 'memory_capacity>80GB'",
        ),
        ("form<3", "where=form<3: form is no number: use = or !="),
        (
            "price<9",
            "where=price<9: price is no number: use = or !=; price_usd and price_cny are numbers",
        ),
        (
            "launch>soon",
            (
                "where=launch>soon: 'soon' is no date: write a year, month or day such as 2024, "
                "2024-03 or 2024-03-18"
            ),
        ),
        ("tpd<3W", "no figure 'tpd': did you mean 'tpp' or 'tdp'?"),
    ],
)
def test_a_condition_that_cannot_be_is_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        condition(text)
    assert str(caught.value) == words


LAUNCHES = ("2024", "2024-03", "2024-03-18 (announced)", "March 2023: 2023-03-21", "soon")
DATED = Catalogue(
    {
        name: chip(name, {}, facts={"launch": {"value": day, "source": "maker"}})
        for name, day in zip("abcde", LAUNCHES, strict=True)
    },
    {"maker": MAKER},
)


@pytest.mark.parametrize(
    ("text", "fitting", "undecided"),
    [
        ("launch>2023", "a b c", "e"),
        ("launch>=2024", "a b c", "e"),
        ("launch>=2024-03", "b c", "a e"),
        ("launch>2024-03-01", "c", "a b e"),
        ("launch<2024-03", "d", "a e"),
        ("launch<=2024-03-18", "c d", "a b e"),
        ("launch=2024", "a b c", "e"),
        ("launch=2024-03-18", "c", "a b e"),
        ("launch!=2024", "d", "e"),
        ("launch=*announced*", "c", ""),
    ],
)
def test_launches_compare_as_dates(text: str, fitting: str, undecided: str) -> None:
    found = filtered(DATED.chips.values(), [condition(text)], DATED)
    assert " ".join(one.id for one in found.fitting) == fitting
    assert " ".join(one.id for one in found.undecided) == undecided


def test_launches_stand_in_time_and_the_unknown_last() -> None:
    for word, ids in (("launch", "d a b c e"), ("-launch", "c b a d e")):
        assert " ".join(one.id for one in ordered(DATED.chips.values(), word, DATED)) == ids


@pytest.mark.parametrize("word", ["price", "-price"])
def test_prices_sort_by_their_numbers_alone(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        ordered(SHEETS.chips.values(), word, SHEETS)
    assert str(caught.value) == (
        f"sort={word}: price is a text; price_usd and price_cny are numbers"
    )


# order


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("tdp", "large small bare"),
        ("-tdp", "small large bare"),
        ("id", "bare large small"),
        ("-id", "small large bare"),
        ("tpp", "large small bare"),
        ("form", "small large bare"),
    ],
)
def test_figures_stand_largest_first_words_from_a_and_the_unknown_last(word: str, ids: str) -> None:
    assert " ".join(one.id for one in ordered(SHEETS.chips.values(), word, SHEETS)) == ids


# the list


def test_a_list_shows_the_columns_asked_for_with_their_doubts() -> None:
    columns = ["form", "tdp", "matrix_fp16", "matrix_fp8", "tpp"]
    table = listing(SHEETS.chips.values(), SHEETS, columns).table
    assert table.title == "3 spec sheets"
    assert table.columns == (
        "chip", "form", "board power", "fp16 matrix", "fp8 matrix", "TPP, TOPS x bit",
    )  # fmt: skip
    assert table.cells == (
        ("small", "PCIe", "75 W", "–", "–", "–"),
        ("large", "–", "1 kW [1]", "300 TFLOP/s? [2]", "unsupported", "4,800? [2]"),
        ("bare", "–", "–", "–", "–", "–"),
    )
    assert [note[:24] for note in table.notes] == [
        "[1] Sources disagree: 'p", "[2] ?: the source does n",
    ]  # fmt: skip


def test_flat_rows_say_how_a_rate_is_known_and_where_from() -> None:
    chips = [SHEETS.chips["large"]]
    rows = listing(chips, SHEETS, ["matrix_fp16", "tpp", "memory_type"], cite=True).flat
    assert rows == [
        {
            "chip": "large", "name": "The large", "vendor": "acme", "kind": "npu",
            "tier": "global", "status": "sold", "matrix_fp16_FLOP_per_s": 300e12,
            "matrix_fp16_basis": "unspecified", "matrix_fp16_source": "maker", "tpp": 4800.0,
            "tpp_source": "maker", "memory_type": "HBM3e", "memory_type_source": "maker",
            "launch_date": None,
        }
    ]  # fmt: skip


def test_sources_are_footnotes_when_they_are_asked_for() -> None:
    table = listing([SHEETS.chips["small"]], SHEETS, ["tdp"], cite=True).table
    assert table.cells == (("small", "75 W [1]"),)
    assert table.notes == ("[1] maker (vendor-datasheet) https://example.org/",)


def test_every_key_has_an_entry_for_every_shipped_chip(sheets: Catalogue) -> None:
    some = [sheets.find(word) for word in ("h20", "910b2", "cloudmatrix-384", "昇腾910B")]
    rows = listing(some, sheets, list(KEYS)).flat
    assert [row["chip"] for row in rows] == [one.id for one in some]


def test_a_rate_that_nobody_published_leaves_the_highest_open() -> None:
    """300 TFLOP/s at 16 bits are a TPP of 4,800 or more, as the rate at 8 bits is not known."""
    figures = {
        "matrix_fp16": {"value": "300 TFLOP/s", "basis": "dense"},
        "matrix_fp8": {"value": "unknown"},
    }
    half = Catalogue({"half": chip("half", figures)}, {"maker": MAKER})
    told = {"tpp>=4800": "fits", "tpp<4800": "fails", "tpp=4000": "fails", "tpp!=4000": "fits"}
    told |= {"tpp<6000": "open", "tpp>=6000": "open", "tpp=6000": "open", "tpp>4800": "open"}
    for text, word in told.items():
        found = filtered(half.chips.values(), [condition(text)], half)
        asked = "fits" if found.fitting else "open" if found.undecided else "fails"
        assert asked == word, text
