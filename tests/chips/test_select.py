"""Chips are picked by name, by group and by pattern; a wrong word gets the nearest."""

from itertools import chain
from typing import Any

import pytest

from bench.chips.conflicts import conflicts
from bench.chips.groups import APART, GROUPS
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.select import covered, select
from bench.errors import UsageError


def chip(name: str, **told: Any) -> Chip:
    """A sheet without a figure."""
    node = {
        "id": name, "name": name.title(), "vendor": name.split("-", maxsplit=1)[0], "kind": "npu",
        "status": "sold", "tier": "global", "architecture": "a design", **told,
    }  # fmt: skip
    return Chip.model_validate(node)


CHIPS = (
    chip("acme-one", tier="export", kind="gpu", aliases=("one", "one-8gb"), local_name="壹号"),
    chip("acme-two", tier="domestic"),
    chip("acme-host", tier="domestic", kind="cpu"),
    chip("acme-rack", tier="domestic", kind="system"),
    chip("bold-paper", status="stub", tier="export"),
    chip("core-host", kind="cpu"),
)
SHEETS = Catalogue({one.id: one for one in CHIPS}, {})


def picked(*words: str, vendor: str | None = None) -> str:
    """The ids picked, in one line."""
    return " ".join(chip.id for chip in select(words, SHEETS, vendor))


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("acme-one", "acme-one"),
        ("ONE", "acme-one"),
        ("壹号", "acme-one"),
        ("Acme-One", "acme-one"),
        ("all", "acme-one acme-two acme-rack"),
        ("export-tier", "acme-one"),
        ("Export Tier", "acme-one"),
        ("export", "acme-one"),
        ("domestic", "acme-two acme-rack"),
        ("gpus", "acme-one"),
        ("npus", "acme-two"),
        ("systems", "acme-rack"),
        ("cpus", "acme-host core-host"),
        ("stubs", "bold-paper"),
        ("acme", "acme-one acme-two acme-rack"),
        ("acme-*", "acme-one acme-two acme-host acme-rack"),
        ("on?", "acme-one"),
        ("壹*", "acme-one"),
        ("ACME_*", "acme-one acme-two acme-host acme-rack"),
        ("acme t*", "acme-two"),
        ("acmet*", "acme-two"),
        ("a-c-m-e two*", "acme-two"),
        ("export_tier", "acme-one"),
        ("exporttier", "acme-one"),
        ("STUB-S", "bold-paper"),
    ],
)
def test_a_word_is_a_name_a_group_or_a_pattern(word: str, ids: str) -> None:
    assert picked(word) == ids


@pytest.mark.parametrize("word", ["rtx pro*", "RTX-PRO*", "rtx_pro*", "rtxpro*", "rtx  p*ro*"])
def test_a_pattern_joins_its_parts_as_a_name_does(word: str, sheets: Catalogue) -> None:
    """The first held no chip, the second two and the last but one three."""
    assert [one.id for one in select([word], sheets)] == [
        "nvidia-rtx6000d-84gb",
        "nvidia-rtxpro5500-84gb",
        "nvidia-rtxpro6000-server-96gb",
        "nvidia-rtxpro6000-workstation-96gb",
    ]


def test_what_joins_two_numbers_or_stands_beside_a_star_counts() -> None:
    sheets = Catalogue({one: chip(one) for one in ("a-b20-48gb", "a-gb20-8gb", "a-b204-8gb")}, {})
    assert [one.id for one in select(["*-8gb"], sheets)] == ["a-gb20-8gb", "a-b204-8gb"]
    assert [one.id for one in select(["*-b20*"], sheets)] == ["a-b20-48gb", "a-b204-8gb"]
    assert [one.id for one in select(["*b20 48*"], sheets)] == ["a-b20-48gb"]
    assert [one.id for one in select(["*b20?8*"], sheets)] == ["a-gb20-8gb"]
    with pytest.raises(UsageError, match="holds no chip"):
        select(["*b2048*"], sheets)


def test_chips_stand_in_the_order_asked_for_and_once() -> None:
    assert picked("acme-two", "all", "one") == "acme-two acme-one acme-rack"


def test_a_vendor_narrows_what_was_asked_for() -> None:
    assert picked("cpus", "one", vendor="core") == "core-host"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("domestik", "no chip or group 'domestik': did you mean 'domestic'?"),
        ("壹", "no chip or group '壹': did you mean '壹号'?"),
        ("one-9gb", "no chip or group 'one-9gb': did you mean 'one-8gb' or 'one'?"),
        ("onne", "no chip or group 'onne': did you mean 'one'"),
        ("zzz", "no chip or group 'zzz': 'python -m bench chips' lists them, find= searches; gr"),
        ("core", "'core' holds no chip: ask for 'cpus' or 'stubs', or for a name or a pattern"),
        ("x*", "'x*' holds no chip: ask for"),
    ],
)
def test_a_word_that_means_nothing_gets_the_nearest(word: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        picked(word)
    assert str(caught.value).startswith(said)


def test_what_begins_with_the_word_goes_before_what_is_like_it() -> None:
    sheets = Catalogue({name: chip(name) for name in ("a-x1-pcie", "a-x1-sxm", "a-x2")}, {})
    with pytest.raises(UsageError, match=r"did you mean 'a-x1-sxm' or 'a-x1-pcie'\?$"):
        sheets.find("a-x1")


def test_a_list_may_take_every_chip_that_begins_with_a_word(sheets: Catalogue) -> None:
    with pytest.raises(UsageError) as caught:
        select(["c500"], sheets)
    assert str(caught.value).endswith("'c500-oam' or 'c500-pcie'? c500* takes them all")
    assert [one.id for one in select(["c500*"], sheets)] == ["metax-c500-oam", "metax-c500-pcie"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("one,two", "no chip 'one,two' in specs/chips: one chip is asked for here, not several"),
        ("zzz", "no chip 'zzz' in specs/chips: 'python -m bench chips' lists them, find= searches"),
    ],
)
def test_a_chip_that_nothing_is_near_to_says_where_to_look(word: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        SHEETS.find(word)
    assert str(caught.value) == said


@pytest.mark.parametrize("word", ["two", "T-W-O", "tw*"])
def test_an_id_may_lack_its_vendor(word: str) -> None:
    assert picked(word) == "acme-two"


def test_an_id_without_its_vendor_gives_way_to_names_groups_and_other_vendors_chips() -> None:
    made = (
        chip("a-x1"), chip("b-x1"), chip("a-x2"), chip("b-y2", aliases=("x2",)), chip("a-b"),
        chip("b-cpus"),
    )  # fmt: skip
    sheets = Catalogue({one.id: one for one in made}, {})
    assert sheets.find("x2").id == "b-y2"
    assert sheets.named("x1") is None
    assert {"b", "cpus"} & sheets.names.keys() == set()


def test_every_shipped_id_may_lack_its_vendor(sheets: Catalogue) -> None:
    """a800-sxm-80gb got the 40 GB chip for a hint."""
    for one in sheets.chips.values():
        assert sheets.find(one.id.removeprefix(f"{one.vendor}-")) == one


def test_an_unknown_vendor_and_one_without_a_chip_are_named() -> None:
    with pytest.raises(UsageError, match=r"^no vendor 'acne': did you mean 'acme' or"):
        picked("all", vendor="acne")
    with pytest.raises(UsageError, match=r"^none of the chips asked for is of vendor=core$"):
        picked("all", vendor="core")


def test_a_group_is_no_baseline() -> None:
    assert SHEETS.find("壹号").id == "acme-one"
    for group in ("domestic", "Export-Tier", "cpus"):
        with pytest.raises(UsageError, match=r": one chip is asked for here, not several$"):
            SHEETS.find(group)


# the shipped sheets


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("h20", "nvidia-h20-sxm-96gb"),
        ("h100", "nvidia-h100-sxm-80gb"),
        ("NVIDIA H20 SXM 96GB", "nvidia-h20-sxm-96gb"),
        ("910B2", "huawei-ascend-910b2"),
        ("H20 141GB", "nvidia-h20-sxm-141gb"),
        ("rtx pro 6000", "nvidia-rtxpro6000-server-96gb"),
        ("910 C", "huawei-ascend-910c"),
        ("Ascend_910C", "huawei-ascend-910c"),
    ],
)
def test_names_of_the_shipped_sheets_are_found(word: str, ids: str, sheets: Catalogue) -> None:
    assert [chip.id for chip in select([word], sheets)] == [ids]


@pytest.mark.parametrize("word", ["昇腾910B", "910b", "huawei-ascend-910b"])
def test_a_name_that_several_chips_share_stands_for_all_of_them(
    word: str, sheets: Catalogue
) -> None:
    bins = [f"huawei-ascend-910b{number}" for number in (1, 2, 3, 4)]
    assert [chip.id for chip in select([word], sheets)] == bins
    assert sheets.find(word).id == "huawei-ascend-910b"


def test_chips_that_share_a_name_have_its_launch_and_price(sheets: Catalogue) -> None:
    family, one = sheets.chips["huawei-ascend-910b"], sheets.chips["huawei-ascend-910b2"]
    assert one.launched == family.launched == "2022-03-17"
    price = one.figures["price_usd"]
    assert (price.number, len(price.rivals)) == (family.number("price_usd"), 2)
    assert price.formula == "of the name huawei-ascend-910b, without a bin"
    noted = one.facts["launch"].note or ""
    assert noted == f"{family.facts['launch'].note}; {price.formula}"
    listed = {(found.chip, found.figure) for found in conflicts([family, one])}
    assert (family.id, "price_usd") in listed
    assert (one.id, "price_usd") not in listed


def test_what_a_shared_name_covers_is_told_with_what_it_leaves_out(sheets: Catalogue) -> None:
    (told,) = covered(["h20", "910B"], sheets)
    shown, left_out = told.split("; not shown: ")
    assert shown.startswith("910B covers several chips; shown: huawei-ascend-910b1, ")
    assert "huawei-ascend-910b2c" in left_out
    assert "huawei-ascend-910b4-1" in left_out
    assert covered(["h20", "domestic", "*910b*"], sheets) == []


def test_blanks_and_hyphens_that_would_leave_two_chips_name_none() -> None:
    chips = (chip("acme-one", aliases=("a-10", "b-1")), chip("acme-two", aliases=("a10",)))
    both = Catalogue({one.id: one for one in chips}, {})
    assert [both.find("a-10").id, both.find("a10").id] == ["acme-one", "acme-two"]
    assert both.find("B 1").id == "acme-one"
    with pytest.raises(UsageError, match=r"^no chip 'a 10'"):
        both.find("a 10")


def test_no_chip_is_called_like_a_group(sheets: Catalogue) -> None:
    vendors = {chip.vendor for chip in sheets.chips.values()}
    assert {*GROUPS, *APART, *vendors} & sheets.names.keys() == set()


def test_every_shipped_sheet_is_in_one_of_all_cpus_and_stubs(sheets: Catalogue) -> None:
    found = {word: {chip.id for chip in select([word], sheets)} for word in ("all", *APART)}
    assert set(chain(*found.values())) == set(sheets.chips)
    assert found["all"].isdisjoint(found["cpus"] | found["stubs"])


@pytest.mark.parametrize("tier", ["export", "domestic", "global"])
def test_a_tier_of_the_shipped_sheets_is_what_its_sheets_say(tier: str, sheets: Catalogue) -> None:
    found = select([tier], sheets)
    assert {chip.tier for chip in found} == {tier}
    assert {chip.kind for chip in found} <= {"gpu", "npu", "system"}


@pytest.mark.parametrize("word", ["mxc500", "mx-c500", "MX C500"])
def test_a_family_s_name_leads_to_its_members_however_it_is_joined(
    word: str, sheets: Catalogue
) -> None:
    with pytest.raises(UsageError, match=r"c500-oam' or 'mx-?c500-pcie'\? .*\* takes them all"):
        select([word], sheets)


def test_every_dcu_is_found_by_that_word(sheets: Catalogue) -> None:
    found = {chip.id for chip in select(["dcu*"], sheets)}
    assert {"hygon-bw1000", "hygon-bw1100", "hygon-k100", "hygon-k100-ai", "hygon-z100"} <= found
