"""Every sheet fits itself, and knows its look-alikes."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.match import memory_sizes
from bench.chips.model import Chip
from bench.identity.evidence import values, values_text
from bench.identity.weigh import State, look_alikes
from bench.records.model import DeviceInfo, Measurement
from bench.units import Dimension
from tests.identity.cases import H20, H100, measurement, weighed


def themselves(chip: Chip) -> Iterator[dict[str, Any]]:
    """Devices that report all that the sheet says, under each name that it knows."""
    dies = (chip.number("dies") or 1.0) if chip.identity.reports == "die" else 1.0

    def one(key: str) -> float | None:
        number = chip.number(key)
        return None if number is None else number / dies

    whole: dict[str, Any] = {
        "units": one("units") and round(one("units") or 0),
        "memory_bytes": next(iter(memory_sizes(chip, rivals=False)), None),
        "memory_bus_bit": one("memory_bus") and int(one("memory_bus") or 0),
        "l2_bytes": one("l2_cache"),
        "llc_bytes": chip.number("l3_cache") if chip.kind == "cpu" else one("l2_cache"),
        "clock_max_hz": chip.number("clock_boost"),
        "power_limit_w": one("tdp"),
        "pci": next(iter(chip.identity.pci), None),
        "backend": "cpu" if chip.kind == "cpu" else "cuda",
    }
    cpuid = chip.identity.cpuid
    if cpuid:
        whole |= {"cpu_vendor": cpuid.vendor, "cpu_family": cpuid.family}
        whole |= {"cpu_model": cpuid.models[0], "isa": chip.identity.isa}
    for name in chip.identity.names or ("unnamed",):
        yield {**whole, "name": name.replace("*", "x")}


def at_its_peaks(chip: Chip, share: float) -> list[Measurement]:
    """Measurements of every rate of the sheet at a share of it; a processor of all its cores."""
    dies = (chip.number("dies") or 1.0) if chip.identity.reports == "die" else 1.0
    rates = (Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE)
    return [
        measurement(key, share * (chip.number(key) or 0.0) / dies)
        for key in chip.figures
        if FIGURES[key].dimension in rates and chip.number(key)
    ]


@pytest.mark.parametrize("share", [0.01, 0.8, 1.0])
def test_no_sheets_own_figures_speak_against_itself(share: float, sheets: Catalogue) -> None:
    for chip in sheets.chips.values():
        if chip.kind == "system":
            continue
        for device in themselves(chip):
            found = weighed(sheets, chip.id, device, *at_its_peaks(chip, share), m=1)
            wrong = [
                one for one in found.evidence if one.finding.value in ("differs", "impossible")
            ]
            assert wrong == [], chip.id
            assert found.state is not State.CONTRADICTS, chip.id
            assert found.better == (), chip.id


def test_every_sheet_that_prints_its_units_is_found_out_with_one_more(sheets: Catalogue) -> None:
    for chip in sheets.chips.values():
        if chip.kind in ("gpu", "npu") and chip.number("units"):
            device = {"name": "x", "units": round(max(values(chip, "units"))) + 1}
            assert weighed(sheets, chip.id, device).state is State.CONTRADICTS, chip.id


def test_look_alikes_share_design_name_or_units(sheets: Catalogue) -> None:
    device = DeviceInfo(backend="cuda", name="NVIDIA GeForce RTX 4090", pci="10de:1eb8")
    found = {one.id for one in look_alikes(device, sheets.chips[H20], sheets)}
    assert {H100, "nvidia-h200-sxm-141gb", "nvidia-h800-sxm-80gb", "nvidia-h20-sxm-141gb"} <= found
    assert {"nvidia-rtx4090-24gb", "nvidia-t4-pcie-16gb"} <= found
    assert not {H20, "amd-mi300x-oam-192gb", "intel-emerald-rapids"} & found
    metax = {one.id for one in look_alikes(device, sheets.chips["metax-c500-oam"], sheets)}
    assert "metax-c500-pcie" in metax


def test_systems_and_stubs_are_no_look_alikes(sheets: Catalogue) -> None:
    device = DeviceInfo(backend="cuda", name="x")
    for chip in ("amd-mi300x-oam-192gb", "huawei-ascend-910c"):
        kinds = {(one.kind, one.status) for one in look_alikes(device, sheets.chips[chip], sheets)}
        assert not [one for one in kinds if "system" in one or "stub" in one]


def test_refuted_rivals_are_no_values(sheets: Catalogue) -> None:
    assert values(sheets.chips["amd-mi308x-oam-192gb"], "units") == (80.0,)
    assert values(sheets.chips[H20], "tdp") == (400.0, 500.0)
    assert values(sheets.chips["amd-mi250x-oam-128gb"], "units") == (110.0,)
    assert values(sheets.chips[H20], "memory_bus") == ()


def test_values_are_told_as_they_are_reported() -> None:
    assert values_text([400.0, 500.0, 400.0], "tdp") == "400.0 W or 500.0 W"
    assert values_text([78.0], "units") == "78"
    assert values_text([60.0 * 2**20], "l2_cache") == "60.0 MiB"
