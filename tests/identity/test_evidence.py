"""What one thing says of a chip, reported or measured: fits, differs, impossible, unknown."""

import math
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.identity import measured as measuring
from bench.identity import reported as reporting
from bench.identity import weigh
from bench.identity.evidence import Agreement, count_against
from bench.identity.weigh import State
from bench.records.model import Check, DeviceInfo
from tests.identity.cases import (
    GIB,
    H20,
    H20_DEVICE,
    H100,
    H100_DEVICE,
    finding,
    measurement,
    names,
    weighed,
)


@pytest.mark.parametrize(
    ("device", "what", "expected"),
    [
        ({"units": 77}, "compute units", Agreement.DIFFERS),
        ({"units": 79}, "compute units", Agreement.IMPOSSIBLE),
        ({"memory_bytes": 96 * GIB * 1.005}, "memory", Agreement.FITS),
        ({"memory_bytes": 96 * GIB * 1.02}, "memory", Agreement.DIFFERS),
        ({"memory_bytes": 96 * GIB * 0.91}, "memory", Agreement.FITS),
        ({"memory_bytes": 96 * GIB * 0.89}, "memory", Agreement.DIFFERS),
        ({"memory_bus_bit": 6144}, "memory bus", Agreement.UNKNOWN),
        ({"l2_bytes": 60e6}, "L2 cache", Agreement.FITS),
        ({"l2_bytes": 50.0 * 2**20}, "L2 cache", Agreement.UNKNOWN),
        ({"l2_bytes": 30.0 * 2**20}, "L2 cache", Agreement.UNKNOWN),
        ({"l2_bytes": 40.0 * 2**20}, "L2 cache", Agreement.DIFFERS),
        ({"l2_bytes": 1.0 * 2**20}, "L2 cache", Agreement.DIFFERS),
        ({"l2_bytes": 200.0 * 2**20}, "L2 cache", Agreement.DIFFERS),
        ({"clock_max_hz": 1800e6}, "highest clock", Agreement.FITS),
        ({"clock_max_hz": 1755e6}, "highest clock", Agreement.DIFFERS),
        ({"clock_max_hz": 2300e6}, "highest clock", Agreement.UNKNOWN),
        ({"power_limit_w": 400.0}, "power limit", Agreement.FITS),
        ({"power_limit_w": 350.0}, "power limit", Agreement.UNKNOWN),
        ({"power_limit_w": 700.0}, "power limit", Agreement.UNKNOWN),
        ({"power_limit_w": 760.0}, "power limit", Agreement.DIFFERS),
        ({"pci": "10de:ffff"}, "PCI id", Agreement.DIFFERS),
        ({"capability": "9.0"}, "compute capability", Agreement.UNKNOWN),
    ],
)
def test_a_thing_reported_is_weighed_within_its_tolerance(
    device: dict[str, Any], what: str, expected: Agreement, sheets: Catalogue
) -> None:
    assert finding(weighed(sheets, H20, {**H20_DEVICE, **device}), what) is expected


def test_a_bus_is_exact_where_the_sheet_has_one(sheets: Catalogue) -> None:
    assert finding(weighed(sheets, H100, H100_DEVICE), "memory bus") is Agreement.FITS
    wide = weighed(sheets, H100, {**H100_DEVICE, "memory_bus_bit": 6144})
    assert finding(wide, "memory bus") is Agreement.DIFFERS


def test_what_a_device_does_not_report_is_no_evidence(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {"name": "NVIDIA H20"})
    assert [one.what for one in found.evidence] == ["name"]


def test_a_sheet_without_figures_says_unknown_and_never_fits(sheets: Catalogue) -> None:
    bare = sheets.chips["enflame-s60"].model_copy(update={"figures": {}, "vendor": "nvidia"})
    assert bare.figures == {}
    device = DeviceInfo.model_validate(
        {**H100_DEVICE, "backend": "cuda", "pci": None, "capability": "9.0"}
    )
    found = [one for one in reporting.reported(device, bare, sheets) if one.what != "name"]
    rate = measuring.measured(device, [measurement("matrix_bf16", 1e12)], bare, sheets)
    assert len(found) == 7
    assert {one.finding for one in (*found, *rate)} == {Agreement.UNKNOWN}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.05, Agreement.UNKNOWN),
        (0.49, Agreement.UNKNOWN),
        (0.5, Agreement.FITS),
        (1.0, Agreement.FITS),
        (1.005, Agreement.UNKNOWN),
        (1.05, Agreement.UNKNOWN),  # the clock of the boost lies above that of the tensor peaks
        (1.10, Agreement.IMPOSSIBLE),
    ],
)
def test_a_rate_is_weighed_by_its_share_of_the_peak(
    share: float, expected: Agreement, sheets: Catalogue
) -> None:
    rate = share * (sheets.chips[H100].number("matrix_bf16") or math.nan)
    found = weighed(sheets, H100, H100_DEVICE, measurement("matrix_bf16", rate))
    assert finding(found, "bf16 matrix") is expected


def test_a_bandwidth_knows_no_clock_but_a_rival(sheets: Catalogue) -> None:
    printed = sheets.chips[H20].number("memory_bandwidth") or math.nan
    for share, expected in [(1.013, Agreement.UNKNOWN), (1.02, Agreement.IMPOSSIBLE)]:
        found = weighed(sheets, H20, H20_DEVICE, measurement("memory_bandwidth", share * printed))
        assert finding(found, "memory bandwidth") is expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [(95.0, Agreement.FITS), (60.0, Agreement.UNKNOWN), (120.0, Agreement.DIFFERS)],
)
def test_memory_that_was_held_is_weighed(
    held: float, expected: Agreement, sheets: Catalogue
) -> None:
    found = weighed(sheets, H20, H20_DEVICE, measurement("memory_capacity", held * GIB))
    assert finding(found, "memory that could be held") is expected


FAILED = Check(passed=False, error=1.0, tolerance=1e-6, shape="-")


@pytest.mark.parametrize(
    "changes",
    [
        {"decides": False},
        {"group": "working set"},
        {"status": "failed"},
        {"figures": ()},
        {"spot_check": FAILED},
    ],
    ids=lambda one: next(iter(one)),
)
def test_what_says_nothing_of_the_chip_is_not_weighed(
    changes: dict[str, Any], sheets: Catalogue
) -> None:
    impossible = measurement("matrix_bf16", 1e16, **changes)
    assert weighed(sheets, H20, H20_DEVICE, impossible).state is State.CONSISTENT


def test_the_best_of_several_rows_speaks_for_a_figure(sheets: Catalogue) -> None:
    rates = [2e12, 3.8e12, 1e12]
    found = weighed(sheets, H20, H20_DEVICE, *(measurement("memory_bandwidth", r) for r in rates))
    (piece,) = (one for one in found.evidence if one.measured)
    assert piece.seen.startswith("3.800 TB/s")


def test_a_processor_of_a_known_family_is_weighed_by_what_it_reports(sheets: Catalogue) -> None:
    device = {
        "backend": "cpu", "name": "Intel(R) Xeon(R) Processor", "cpu_vendor": "GenuineIntel",
        "cpu_family": 6, "cpu_model": 207, "units": 2, "llc_bytes": 260.0 * 2**20,
    }  # fmt: skip
    found = weighed(sheets, "intel-emerald-rapids", device)
    assert found.state is State.CONSISTENT
    assert finding(found, "CPUID") is Agreement.FITS
    assert finding(found, "name") is Agreement.UNKNOWN
    other = weighed(sheets, "intel-sapphire-rapids", device)
    assert (other.state, names(other)) == (State.DOUBTFUL, ["intel-emerald-rapids"])


@pytest.mark.parametrize(
    ("units", "expected"),
    [(64, Agreement.FITS), (128, Agreement.FITS), (8, Agreement.UNKNOWN), (96, Agreement.UNKNOWN)],
)
def test_cores_in_reach_fit_as_whole_sockets(
    units: int, expected: Agreement, sheets: Catalogue
) -> None:
    device = {"backend": "cpu", "name": "AMD EPYC 7763 64-Core Processor", "units": units}
    found = weighed(sheets, "amd-epyc-7763", device)
    assert finding(found, "cores in reach") is expected


def test_a_processors_cache_fits_or_says_nothing(sheets: Catalogue) -> None:
    device = {"backend": "cpu", "name": "AMD EPYC 7763 64-Core Processor", "units": 64}
    for size, expected in [
        (256e6, Agreement.FITS),
        (32e6, Agreement.UNKNOWN),
        (7e6, Agreement.UNKNOWN),
    ]:
        found = weighed(sheets, "amd-epyc-7763", {**device, "llc_bytes": size})
        assert finding(found, "last-level cache") is expected


@pytest.mark.parametrize("plain", [30e12, 44e12])
def test_the_plain_form_stands_for_a_figure_and_others_beside_it(
    plain: float, sheets: Catalogue
) -> None:
    forms = (
        measurement("vector_fp32", 40e12, label="multiply-add in registers"),
        measurement("vector_fp32", plain),
        measurement("vector_fp32", 41e12, decides=False, label="attention"),
    )
    found = weighed(sheets, H20, H20_DEVICE, *forms)
    pieces = [(one.what, one.is_other_form) for one in found.evidence if one.measured]
    assert pieces == [
        ("fp32 vector", False), ("fp32 vector, multiply-add in registers", True),
    ]  # fmt: skip
    assert found.evidence[-2].seen.startswith(f"{plain / 1e12:.2f} TFLOP/s")


def test_a_form_that_no_chip_of_the_sheet_can_show_contradicts_though_the_plain_one_fits(
    sheets: Catalogue,
) -> None:
    forms = (measurement("vector_fp32", 30e12), measurement("vector_fp32", 66e12, label="other"))
    found = weighed(sheets, H20, H20_DEVICE, *forms)
    assert (found.state, found.reason) == (
        State.CONTRADICTS, "impossible for this chip: fp32 vector, other",
    )  # fmt: skip


def test_a_slow_plain_form_is_no_other_chip_where_another_form_fits(sheets: Catalogue) -> None:
    """33 TFLOP/s of fp32 on an H100 are what an H20 would reach; but it does 65 in registers."""
    slow = measurement("vector_fp32", 33e12)
    fast = measurement("vector_fp32", 65e12, label="multiply-add in registers")
    bare = {"name": H100_DEVICE["name"]}
    assert finding(weighed(sheets, H100, bare, slow), "fp32 vector") is Agreement.DIFFERS
    assert finding(weighed(sheets, H100, bare, slow, fast), "fp32 vector") is Agreement.UNKNOWN


def test_a_figure_that_is_low_in_every_form_differs_once(sheets: Catalogue) -> None:
    forms = [
        measurement("vector_fp32", rate, label=form) for form, rate in (("", 33e12), ("o", 31e12))
    ]
    found = weighed(sheets, H100, {"name": H100_DEVICE["name"]}, *forms)
    assert count_against(found.evidence) == (0, 1)


def test_each_figure_speaks_for_a_chip_once(sheets: Catalogue) -> None:
    forms = [measurement("vector_fp32", 40e12, label=label) for label in ("", "one", "two")]
    found = weighed(sheets, H20, H20_DEVICE, *forms)
    once = weighed(sheets, H20, H20_DEVICE, forms[0])
    assert weigh._count_fits(found.evidence) == weigh._count_fits(once.evidence)
    assert weigh._fitting(found.evidence) == weigh._fitting(once.evidence)
