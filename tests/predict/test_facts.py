"""What predictions take from a sheet: figures as they stand, doubts, and who shares silicon."""

import math
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.evidence.load import reports
from bench.evidence.observe import reported
from bench.predict.assumptions import UNKNOWN_LINK
from bench.predict.model.facts import Facts, facts
from bench.predict.model.step import LINKED
from tests.chips.comparison_cases import chip
from tests.predict.cases import chips, made

__all__ = ["chips"]


def test_every_accelerator_is_read_and_nothing_else(
    chips: dict[str, Facts], sheets: Catalogue
) -> None:
    kinds = {one.id: one.kind for one in sheets.chips.values()}
    assert set(chips) == {name for name, kind in kinds.items() if kind in ("gpu", "npu")}
    assert {"cpu", "system"} <= set(kinds.values())


@pytest.mark.parametrize(("word", "share"), [("on", 1 / 16), ("off", 0.0), ("", 0.0)])
def test_ecc_takes_a_sixteenth_of_a_memory_that_has_no_place_of_its_own_for_it(
    word: str, share: float
) -> None:
    told = {"memory_ecc": {"value": word, "source": "maker"}} if word else {}
    assert facts(chip("one", {"tdp": {"value": "1 W"}}, facts=told)).coded == share


def test_figures_of_a_sheet_are_taken_as_they_stand_in_si_units() -> None:
    figures = {
        "matrix_bf16": {"value": "100 TFLOP/s", "basis": "dense"},
        "matrix_fp8": {"value": "unsupported"},
        "memory_bandwidth": {"value": "2 TB/s"},
        "memory_capacity": {"value": "64 GB"},
        "tdp": {"value": "400 W"},
        "clock_boost": {"value": "1.5 GHz"},
    }
    told = facts(chip("sheet", figures))
    assert told.peaks == {"bf16": 100e12}
    assert (told.bandwidth, told.tdp, told.clock) == (2e12, 400.0, 1.5e9)
    assert (told.link, told.network, told.units, told.cache) == (None, None, None, None)
    assert told.needs(["bandwidth", "link", "network"]) == ["link", "network"]


GIB = 2**30


@pytest.mark.parametrize(
    ("size", "ecc", "shown", "found"),
    [
        ("96 GB", "", (), 0.99 * 96 * GIB),
        ("96 GiB", "", (), 0.99 * 96 * GIB),
        ("48 GB", "on", (), 0.99 * 45 * GIB),
        ("48 GB", "off", (), 0.99 * 48 * GIB),
        ("24 GB", "", ("21527 MiB", "44278 MiB"), 21527 * 2**20),
        ("24 GB", "", ("12 GiB", "32 GiB"), 0.99 * 24 * GIB),
        ("unknown", "", ("21527 MiB",), None),
    ],
)
def test_a_program_finds_what_the_driver_shows_or_the_gib_less_what_driver_and_ecc_take(
    size: str, ecc: str, shown: tuple[str, ...], found: float | None
) -> None:
    told = {"memory_ecc": {"value": ecc, "source": "maker"}} if ecc else {}
    one = chip("one", {"memory_capacity": {"value": size}}, facts=told, identity={"memory": shown})
    assert facts(one).capacity == (found and pytest.approx(found))


def test_what_drivers_show_of_half_a_chip_counts_twice() -> None:
    told = {"memory": ("44280 MiB",), "reports": "die"}
    figures = {"memory_capacity": {"value": "96 GB"}, "dies": {"value": "2"}}
    assert facts(chip("two", figures, identity=told)).capacity == 2 * 44280 * 2**20


def test_the_memory_of_a_chip_is_what_drivers_and_runtimes_were_seen_to_show(
    chips: dict[str, Facts], sheets: Catalogue
) -> None:
    """Two boards apart: one with ECC on that others have off, one whose driver keeps 5%."""
    seen = [
        (one.chip, size / one.value)
        for one in reported(reports(), sheets)
        if one.quantity.key == "memory_held" and one.weight and one.chip in chips
        if (size := chips[one.chip].capacity)
    ]
    assert len({name for name, _ in seen}) > 50
    off = {name for name, ratio in seen if not 0.9895 < ratio < 1.015}
    assert off == {"cambricon-mlu370-x8", "enflame-s60"}


PCIE = {"pcie_bandwidth_oneway": {"value": "64 GB/s"}}
RATED = {"link_bandwidth_oneway": {"value": "200 GB/s"}}
NONE = {"link_bandwidth": {"value": "unsupported"}}


@pytest.mark.parametrize(
    ("figures", "named", "link", "unrated"),
    [
        (PCIE, False, 64e9, False), (PCIE, True, None, True), ({}, True, None, True),
        ({**PCIE, **RATED}, True, 200e9, False), ({**PCIE, **NONE}, True, 64e9, False),
        ({**PCIE, "link_bandwidth": {"value": "unknown"}}, True, None, True),
    ],
)  # fmt: skip
def test_a_link_that_is_named_without_its_rate_is_not_taken_for_pcie(
    figures: dict[str, Any], named: bool, link: float | None, unrated: bool
) -> None:
    told = {"link": {"value": "Some Fabric", "source": "maker"}} if named else {}
    one = facts(chip("one", {"tdp": {"value": "1 W"}, **figures}, facts=told))
    assert (one.link, one.unrated) == (link, unrated)


def test_what_says_that_there_is_pcie_only_names_no_link() -> None:
    told = {"link": {"value": "none (PCIe only)", "source": "maker"}}
    one = facts(chip("one", {"tdp": {"value": "1 W"}, **PCIE}, facts=told))
    assert (one.link, one.unrated) == (64e9, False)


def test_four_in_five_published_links_lie_within_the_range_of_one_without_a_rate(
    chips: dict[str, Facts], sheets: Catalogue
) -> None:
    printed = ("link_bandwidth", "link_bandwidth_oneway")
    own = [
        one.link
        for name, one in chips.items()
        if one.link and any(sheets.find(name).number(key) for key in printed)
    ]
    assert len(own) > 50
    within = [abs(math.log(one / LINKED)) < UNKNOWN_LINK for one in own]
    assert sum(within) / len(own) > 0.79
    assert sorted(own)[len(own) // 2] == pytest.approx(LINKED, rel=0.1)


def test_a_link_of_its_own_goes_before_pcie() -> None:
    both = {
        "link_bandwidth_oneway": {"value": "200 GB/s"},
        "pcie_bandwidth_oneway": {"value": "64 GB/s"},
    }
    assert facts(chip("both", both)).link == 200e9
    assert (
        facts(chip("pcie", {"pcie_bandwidth_oneway": both["pcie_bandwidth_oneway"]})).link == 64e9
    )


def test_the_doubt_is_how_far_the_farthest_alike_rival_lies() -> None:
    rivals = [
        {"value": "1.6 TB/s", "source": "wiki"},
        {"value": "3 TB/s", "source": "wiki"},
        {"value": "90 TB/s", "source": "wiki", "refuted": "a lost dot"},
    ]
    told = facts(chip("torn", {"memory_bandwidth": {"value": "2 TB/s", "rivals": rivals}}))
    assert told.doubt["bandwidth"] == pytest.approx(math.log(1.5))
    assert facts(chip("sure", {"memory_bandwidth": {"value": "2 TB/s"}})).doubt["bandwidth"] == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nvidia-h20-sxm-141gb", "nvidia-h20-sxm-96gb"),
        ("nvidia-h800-sxm-80gb", "nvidia-h100-sxm-80gb"),
        ("nvidia-h200-sxm-141gb", "nvidia-h100-sxm-80gb"),
        ("nvidia-a800-sxm-80gb", "nvidia-a100-sxm-80gb"),
    ],
)
def test_chips_that_differ_by_a_cap_or_memory_share_silicon(
    one: str, other: str, chips: dict[str, Facts]
) -> None:
    assert chips[one].silicon == chips[other].silicon
    assert chips[one].labels[:3] == chips[other].labels[:3]
    assert chips[one].labels != chips[other].labels


def test_fewer_units_are_other_silicon_of_one_family(chips: dict[str, Facts]) -> None:
    h20, h100 = chips["nvidia-h20-sxm-96gb"], chips["nvidia-h100-sxm-80gb"]
    assert h20.family == h100.family
    assert h20.silicon != h100.silicon


def test_no_two_vendors_share_silicon(chips: dict[str, Facts]) -> None:
    vendors: dict[str, set[str]] = {}
    for one in chips.values():
        vendors.setdefault(one.silicon, set()).add(one.vendor)
    assert [silicon for silicon, told in vendors.items() if len(told) > 1] == []


def test_a_chip_whose_units_nobody_gives_is_its_own_silicon() -> None:
    rate = {"matrix_bf16": {"value": "100 TFLOP/s", "basis": "dense"}}
    assert facts(chip("alone", rate)).silicon == "alone"


@pytest.mark.parametrize("kind", ["system", "cpu"])
def test_systems_and_processors_are_refused(kind: str, sheets: Catalogue) -> None:
    for one in sheets.chips.values():
        if one.kind == kind:
            with pytest.raises(UsageError, match=one.id):
                facts(one)


def test_a_system_of_chips_is_told_to_name_them(sheets: Catalogue) -> None:
    one = next(one for one in sheets.chips.values() if one.kind == "system" and one.members)
    with pytest.raises(UsageError, match="name the chip it is built of"):
        facts(one)


def test_sixteen_bits_stand_for_one_another_and_no_other_width_does() -> None:
    wide = made(peaks={"fp16": 5.0, "fp4": 40.0})
    assert wide.peak("bf16") == wide.peak("fp16") == 5.0
    assert wide.peak("mxfp4") == 40.0
    for word in ("fp8", "int8", "nvfp4", "fp32"):
        with pytest.raises(UsageError, match=rf"one: no dense {word} .*it gives: fp16, fp4"):
            wide.peak(word)


def test_its_own_rate_goes_before_one_that_stands_for_it() -> None:
    both = made(peaks={"fp16": 5.0, "bf16": 4.0})
    assert (both.peak("fp16"), both.peak("bf16")) == (5.0, 4.0)


def test_a_chip_without_rates_says_that_it_has_none() -> None:
    with pytest.raises(UsageError, match="it gives: none"):
        made(peaks={}).peak("bf16")


def test_what_a_prediction_lacks_is_named_with_what_to_do_about_a_link() -> None:
    bare = facts(chip("bare", {"tdp": {"value": "1 W"}}))
    told = (
        "bare: unknown, because its sheet has no memory bandwidth and no link bandwidth, nor PCIe"
    )
    with pytest.raises(UsageError, match=f"^{told}: name its link in a sheet of yours"):
        bare.require(["bandwidth", "link"])
    bare.require(["tdp"])


@pytest.mark.parametrize("name", ["cambricon-mlu590", "hygon-bw1000"])
def test_a_link_that_is_known_by_name_only_is_on_the_sheet(
    name: str, chips: dict[str, Facts]
) -> None:
    assert (chips[name].unrated, chips[name].link) == (True, None)
