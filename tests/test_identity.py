"""Is it that chip: what speaks for it, what against it, and who would fit better."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.identity import measured as measuring
from bench.identity import reported as reporting
from bench.identity import weigh
from bench.identity.evidence import Evidence, Finding, against, told, values
from bench.identity.weigh import Assessment, State, assess, look_alikes
from bench.records.model import (
    Check,
    DeviceInfo,
    Identity,
    Machine,
    Measurement,
    Program,
    Record,
    Stats,
    Stopped,
    Timing,
    Work,
)
from bench.report.identity import identity_sections, verdict
from bench.units import Dimension

H20 = "nvidia-h20-sxm-96gb"
H100 = "nvidia-h100-sxm-80gb"
A800 = "nvidia-a800-sxm-80gb"
GIB = 2.0**30
H20_DEVICE: dict[str, Any] = {
    "name": "NVIDIA H20", "pci": "10de:2329", "units": 78, "memory_bytes": 95.1 * GIB,
    "l2_bytes": 60.0 * 2**20, "clock_max_hz": 1980e6, "power_limit_w": 500.0,
}  # fmt: skip
H100_DEVICE: dict[str, Any] = {
    "name": "NVIDIA H100 80GB HBM3", "pci": "10de:2330", "units": 132,
    "memory_bytes": 79.2 * GIB, "l2_bytes": 50.0 * 2**20, "clock_max_hz": 1980e6,
    "power_limit_w": 700.0, "memory_bus_bit": 5120,
}  # fmt: skip
A800_DEVICE: dict[str, Any] = {
    "name": "NVIDIA A800-SXM4-80GB", "units": 108, "memory_bytes": 79.2 * GIB,
    "l2_bytes": 40.0 * 2**20, "clock_max_hz": 1410e6, "memory_bus_bit": 5120,
}  # fmt: skip


def measurement(key: str, rate: float, **changes: Any) -> Measurement:
    """A measurement of a figure at a rate, without noise; capacity is held, not moved."""
    held = key == "memory_capacity"
    work = Work(flop=rate, bytes=rate, footprint_bytes=rate if held else 1e12, formula="-")
    stats = Stats(
        median_s=1.0, low_s=1.0, high_s=1.0, level=0.95, burst_s=1.0, burst_window_s=0.02,
        samples=3, effective_samples=3,
    )  # fmt: skip
    timing = Timing(
        batch_calls=1, samples_s=(1.0,) * 3, at_s=(0.0, 1.0, 2.0), warmup_s=0.0, stats=stats,
        stopped=Stopped(reason="converged", precision=0.0, wanted=0.01),
    )  # fmt: skip
    dtype = key.split("_")[1]
    made = Measurement(
        kernel="gemm", dtype=dtype, data="normal", figures=(key,), status="ok", work=work,
        timing=timing, quantity="footprint" if held else "",
    )  # fmt: skip
    return made.model_copy(update=changes)


def record(
    chip: str | None, device: dict[str, Any], *found: Measurement, **settings: Any
) -> Record:
    """A record of a device that was taken for ``chip``."""
    return Record(
        id="x",
        started_utc="2026-11-25T00:00:00+00:00",
        state="complete",
        program=Program(version="1"),
        suite="test",
        settings=settings,
        machine=Machine(system="Linux", kernel="6", python="3", torch="2"),
        device=DeviceInfo.model_validate({"backend": "cuda", **device}),
        identity=Identity(state="chosen" if chip else "unknown", chip=chip),
        measurements=found,
    )


def weighed(
    sheets: Catalogue, chip: str, device: dict[str, Any], *found: Measurement, **settings: Any
) -> Assessment:
    """The assessment of a record made of these."""
    assessment = assess(record(chip, device, *found, **settings), sheets)
    assert assessment is not None
    return assessment


def finding(found: Assessment, what: str) -> Finding:
    """What the one piece of evidence called ``what`` says."""
    (one,) = (piece.finding for piece in found.evidence if piece.what == what)
    return one


def names(found: Assessment) -> list[str]:
    """The look-alikes that would fit better."""
    return [one.chip.id for one in found.better]


# whole devices


def test_an_h20_is_an_h20(sheets: Catalogue) -> None:
    found = weighed(
        sheets, H20, H20_DEVICE,
        measurement("memory_bandwidth", 3.7e12), measurement("matrix_bf16", 142e12),
    )  # fmt: skip
    assert (found.state, found.better) == (State.CONSISTENT, ())
    assert {one.finding for one in found.evidence} == {Finding.FITS}
    assert len(found.evidence) == 9


def test_an_h100_that_claims_to_be_an_h20_is_found_out_and_named(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, H100_DEVICE)
    assert found.state is State.CONTRADICTS
    assert names(found) == [H100]
    assert finding(found, "compute units") is Finding.IMPOSSIBLE
    assert finding(found, "PCI id") is Finding.IMPOSSIBLE
    assert finding(found, "memory") is Finding.DIFFERS
    assert "NVIDIA H100 SXM 80GB would fit better" in verdict(found)


def test_an_h100_under_an_h20s_name_and_id_is_found_out_by_its_silicon(sheets: Catalogue) -> None:
    disguised = {**H100_DEVICE, "name": "NVIDIA H20", "pci": "10de:2329"}
    assert weighed(sheets, H20, disguised).state is State.CONTRADICTS


def test_an_h20_that_claims_to_be_an_h100_is_found_out(sheets: Catalogue) -> None:
    found = weighed(sheets, H100, {**H20_DEVICE, "pci": None}, measurement("matrix_bf16", 142e12))
    assert found.state is State.CONTRADICTS
    assert names(found) == [H20]
    assert [one.what for one in found.evidence if one.finding is Finding.DIFFERS] == [
        "name", "compute units", "memory", "bf16 matrix",
    ]  # fmt: skip
    assert against(found.evidence)[0] == 0


def test_a_rate_alone_finds_out_an_h100_sold_as_an_h20(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, H20_DEVICE, measurement("matrix_bf16", 700e12))
    assert found.state is State.CONTRADICTS
    assert finding(found, "bf16 matrix") is Finding.IMPOSSIBLE


def test_an_a800_is_told_from_an_a100_by_its_links_alone(sheets: Catalogue) -> None:
    found = weighed(sheets, A800, A800_DEVICE, measurement("memory_bandwidth", 1.9e12))
    assert found.state is State.CONSISTENT
    alike = {one.chip.id: one.telling for one in found.alike}
    links = "link bandwidth, both directions (400 GB/s against 600 GB/s)"
    assert alike["nvidia-a100-sxm-80gb"] == (links,)
    assert "nvidia-a100-sxm-40gb" not in alike
    assert "NVIDIA A100 SXM4 80GB looks the same; link bandwidth" in verdict(found)


def test_a_sheet_that_says_less_is_not_alike(sheets: Catalogue) -> None:
    """A sheet without a figure cannot be contradicted, which makes it no look-alike."""
    own = sheets.chips[A800]
    bare = own.model_copy(update={"id": "bare", "figures": {}})
    found = assess(record(A800, A800_DEVICE), Catalogue({A800: own, "bare": bare}, sheets.sources))
    assert found is not None
    assert (found.state, found.alike) == (State.CONSISTENT, ())


def test_links_too_fast_for_an_a800_are_an_a100s(sheets: Catalogue) -> None:
    found = weighed(sheets, A800, A800_DEVICE, measurement("link_bandwidth", 560e9))
    assert found.state is State.CONTRADICTS
    assert names(found) == ["nvidia-a100-pcie-80gb", "nvidia-a100-sxm-80gb"]
    fast = measurement("link_bandwidth", 560e9)
    honest = weighed(sheets, "nvidia-a100-sxm-80gb", A800_DEVICE, fast)
    assert (honest.state, honest.reason) == (State.DOUBTFUL, "differs: name")


def test_links_within_an_a800s_rule_nothing_out_but_fit(sheets: Catalogue) -> None:
    found = weighed(sheets, A800, A800_DEVICE, measurement("link_bandwidth", 380e9))
    assert found.state is State.CONSISTENT
    assert finding(found, "link bandwidth, both directions") is Finding.FITS


def test_an_mi300x_that_claims_to_be_an_mi308x_is_found_out(sheets: Catalogue) -> None:
    device = {"name": "AMD Instinct MI300X OAM", "units": 304, "memory_bytes": 191.5 * GIB}
    found = weighed(sheets, "amd-mi308x-oam-192gb", device)
    assert (found.state, names(found)) == (State.CONTRADICTS, ["amd-mi300x-oam-192gb"])


def test_an_mi308x_that_claims_to_be_an_mi300x_is_found_out(sheets: Catalogue) -> None:
    device = {"name": "AMD Instinct MI308X", "units": 80, "memory_bytes": 191.5 * GIB}
    found = weighed(sheets, "amd-mi300x-oam-192gb", device)
    assert (found.state, names(found)) == (State.CONTRADICTS, ["amd-mi308x-oam-192gb"])


def test_a_chip_cut_in_one_rate_is_found_by_that_rate(sheets: Catalogue) -> None:
    """An H800 under an H100's name: one silicon, and fp64 cut to a sixtieth."""
    slow = measurement("matrix_fp64", 0.97e12)
    found = weighed(sheets, H100, H100_DEVICE, slow)
    assert found.state is State.DOUBTFUL
    (piece,) = (one for one in found.evidence if one.finding is Finding.DIFFERS)
    assert piece.what == "fp64 matrix"
    assert "NVIDIA H800" in piece.why


def test_a_shape_that_was_asked_for_may_be_slow(sheets: Catalogue) -> None:
    slow = measurement("matrix_fp64", 0.97e12)
    found = weighed(sheets, H100, H100_DEVICE, slow, m=64, n=64, k=64)
    assert found.state is State.CONSISTENT
    assert finding(found, "fp64 matrix") is Finding.UNKNOWN


def test_a_slow_rate_is_no_other_chip_where_the_silicon_is_not_its(sheets: Catalogue) -> None:
    """14% of an H100 is an H20's rate, but 132 SMs are no H20's."""
    found = weighed(sheets, H100, H100_DEVICE, measurement("matrix_bf16", 142e12))
    assert found.state is State.CONSISTENT
    assert finding(found, "bf16 matrix") is Finding.UNKNOWN


def test_a_fake_with_wrong_memory_is_doubtful(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {**H20_DEVICE, "memory_bytes": 47.5 * GIB})
    assert found.state is State.DOUBTFUL
    assert finding(found, "memory") is Finding.DIFFERS
    assert found.reason == "differs: memory"


def test_more_memory_is_no_impossibility_boards_are_refitted(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {**H20_DEVICE, "memory_bytes": 191.0 * GIB})
    assert finding(found, "memory") is Finding.DIFFERS
    assert found.state is State.DOUBTFUL


def test_another_name_alone_is_doubtful(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {**H20_DEVICE, "name": "Graphics Device"})
    assert (found.state, found.reason) == (State.DOUBTFUL, "differs: name")


def test_a_name_and_an_id_alone_are_too_little(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {"name": "NVIDIA H20", "pci": "10de:2329"})
    assert found.state is State.DOUBTFUL
    assert found.reason == "nothing speaks for it but what firmware can rewrite"


def test_another_vendors_device_is_impossible(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {**H20_DEVICE, "pci": "1002:74a1"})
    assert finding(found, "vendor") is Finding.IMPOSSIBLE
    assert found.state is State.CONTRADICTS


def test_a_partition_has_a_part_of_everything(sheets: Catalogue) -> None:
    part = {**H100_DEVICE, "units": 16, "memory_bytes": 9.5 * GIB, "limits": ("MIG on", "ECC on")}
    found = weighed(sheets, H100, part, measurement("memory_bandwidth", 0.4e12))
    assert found.state is State.CONSISTENT
    assert finding(found, "compute units") is Finding.UNKNOWN
    assert finding(found, "memory") is Finding.UNKNOWN
    assert weighed(sheets, H100, {**part, "limits": ()}).state is not State.CONSISTENT


def test_where_the_chip_is_not_known_nothing_is_said(sheets: Catalogue) -> None:
    assert assess(record(None, H20_DEVICE), sheets) is None
    assert list(identity_sections(record(None, H20_DEVICE), [], sheets)) == []


# one thing at a time


@pytest.mark.parametrize(
    ("device", "what", "expected"),
    [
        ({"units": 77}, "compute units", Finding.DIFFERS),
        ({"units": 79}, "compute units", Finding.IMPOSSIBLE),
        ({"memory_bytes": 96 * GIB * 1.005}, "memory", Finding.FITS),
        ({"memory_bytes": 96 * GIB * 1.02}, "memory", Finding.DIFFERS),
        ({"memory_bytes": 96 * GIB * 0.91}, "memory", Finding.FITS),
        ({"memory_bytes": 96 * GIB * 0.89}, "memory", Finding.DIFFERS),
        ({"memory_bus_bit": 6144}, "memory bus", Finding.UNKNOWN),
        ({"l2_bytes": 60e6}, "L2 cache", Finding.FITS),
        ({"l2_bytes": 50.0 * 2**20}, "L2 cache", Finding.UNKNOWN),
        ({"l2_bytes": 30.0 * 2**20}, "L2 cache", Finding.UNKNOWN),
        ({"l2_bytes": 40.0 * 2**20}, "L2 cache", Finding.DIFFERS),
        ({"l2_bytes": 1.0 * 2**20}, "L2 cache", Finding.DIFFERS),
        ({"l2_bytes": 200.0 * 2**20}, "L2 cache", Finding.DIFFERS),
        ({"clock_max_hz": 1800e6}, "highest clock", Finding.FITS),
        ({"clock_max_hz": 1755e6}, "highest clock", Finding.DIFFERS),
        ({"clock_max_hz": 2300e6}, "highest clock", Finding.UNKNOWN),
        ({"power_limit_w": 400.0}, "power limit", Finding.FITS),
        ({"power_limit_w": 350.0}, "power limit", Finding.UNKNOWN),
        ({"power_limit_w": 700.0}, "power limit", Finding.UNKNOWN),
        ({"power_limit_w": 760.0}, "power limit", Finding.DIFFERS),
        ({"pci": "10de:ffff"}, "PCI id", Finding.DIFFERS),
        ({"capability": "9.0"}, "compute capability", Finding.UNKNOWN),
    ],
)
def test_a_thing_reported_is_weighed_within_its_tolerance(
    device: dict[str, Any], what: str, expected: Finding, sheets: Catalogue
) -> None:
    assert finding(weighed(sheets, H20, {**H20_DEVICE, **device}), what) is expected


def test_a_bus_is_exact_where_the_sheet_has_one(sheets: Catalogue) -> None:
    assert finding(weighed(sheets, H100, H100_DEVICE), "memory bus") is Finding.FITS
    wide = weighed(sheets, H100, {**H100_DEVICE, "memory_bus_bit": 6144})
    assert finding(wide, "memory bus") is Finding.DIFFERS


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
    assert {one.finding for one in (*found, *rate)} == {Finding.UNKNOWN}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.05, Finding.UNKNOWN),
        (0.49, Finding.UNKNOWN),
        (0.5, Finding.FITS),
        (1.0, Finding.FITS),
        (1.005, Finding.UNKNOWN),
        (1.05, Finding.UNKNOWN),  # the clock of the boost lies above that of the tensor peaks
        (1.10, Finding.IMPOSSIBLE),
    ],
)
def test_a_rate_is_weighed_by_its_share_of_the_peak(
    share: float, expected: Finding, sheets: Catalogue
) -> None:
    rate = share * (sheets.chips[H100].number("matrix_bf16") or math.nan)
    found = weighed(sheets, H100, H100_DEVICE, measurement("matrix_bf16", rate))
    assert finding(found, "bf16 matrix") is expected


def test_a_bandwidth_knows_no_clock_but_a_rival(sheets: Catalogue) -> None:
    printed = sheets.chips[H20].number("memory_bandwidth") or math.nan
    for share, expected in [(1.013, Finding.UNKNOWN), (1.02, Finding.IMPOSSIBLE)]:
        found = weighed(sheets, H20, H20_DEVICE, measurement("memory_bandwidth", share * printed))
        assert finding(found, "memory bandwidth") is expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [(95.0, Finding.FITS), (60.0, Finding.UNKNOWN), (120.0, Finding.DIFFERS)],
)
def test_memory_that_was_held_is_weighed(held: float, expected: Finding, sheets: Catalogue) -> None:
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


# processors


def test_a_processor_of_a_known_family_is_weighed_by_what_it_reports(sheets: Catalogue) -> None:
    device = {
        "backend": "cpu", "name": "Intel(R) Xeon(R) Processor", "cpu_vendor": "GenuineIntel",
        "cpu_family": 6, "cpu_model": 207, "units": 2, "llc_bytes": 260.0 * 2**20,
    }  # fmt: skip
    found = weighed(sheets, "intel-emerald-rapids", device)
    assert found.state is State.CONSISTENT
    assert finding(found, "CPUID") is Finding.FITS
    assert finding(found, "name") is Finding.UNKNOWN
    other = weighed(sheets, "intel-sapphire-rapids", device)
    assert (other.state, names(other)) == (State.DOUBTFUL, ["intel-emerald-rapids"])


@pytest.mark.parametrize(
    ("units", "expected"),
    [(64, Finding.FITS), (128, Finding.FITS), (8, Finding.UNKNOWN), (96, Finding.UNKNOWN)],
)
def test_cores_in_reach_fit_as_whole_sockets(
    units: int, expected: Finding, sheets: Catalogue
) -> None:
    device = {"backend": "cpu", "name": "AMD EPYC 7763 64-Core Processor", "units": units}
    found = weighed(sheets, "amd-epyc-7763", device)
    assert finding(found, "cores in reach") is expected


def test_a_processors_cache_fits_or_says_nothing(sheets: Catalogue) -> None:
    device = {"backend": "cpu", "name": "AMD EPYC 7763 64-Core Processor", "units": 64}
    for size, expected in [(256e6, Finding.FITS), (32e6, Finding.UNKNOWN), (7e6, Finding.UNKNOWN)]:
        found = weighed(sheets, "amd-epyc-7763", {**device, "llc_bytes": size})
        assert finding(found, "last-level cache") is expected


# every sheet


def themselves(chip: Chip) -> Iterator[dict[str, Any]]:
    """Devices that report all that the sheet says, under each name that it knows."""
    dies = (chip.number("dies") or 1.0) if chip.identity.reports == "die" else 1.0

    def one(key: str) -> float | None:
        number = chip.number(key)
        return None if number is None else number / dies

    memory = one("memory_capacity")
    whole: dict[str, Any] = {
        "units": one("units") and round(one("units") or 0),
        "memory_bytes": memory and memory / 1e9 * GIB,
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


# look-alikes, words and the table


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
    assert told([400.0, 500.0, 400.0], "tdp") == "400.0 W or 500.0 W"
    assert told([78.0], "units") == "78"
    assert told([60.0 * 2**20], "l2_cache") == "60.0 MiB"


def test_the_table_begins_with_the_outcome(sheets: Catalogue) -> None:
    (table,) = identity_sections(record(H20, H100_DEVICE), [], sheets)
    assert table.title == "Identity: contradicts"
    assert table.columns == ("evidence", "seen", "sheet", "finding", "why")
    assert table.cells[0][:4] == (
        "all together", "NVIDIA H100 80GB HBM3", "NVIDIA H20 SXM 96GB", "contradicts",
    )  # fmt: skip
    assert (
        "compute units",
        "132",
        "78",
        "impossible",
        "no chip has more units than its sheet",
    ) in (table.cells)
    assert {len(row) for row in table.cells} == {5}
    shown = [row for row in table.flat if row["evidence"] != "memory bus"]
    assert [row["evidence"] for row in shown] == [row[0] for row in table.cells]
    assert [row["finding"] for row in shown] == [row[3] for row in table.cells]


def test_what_the_sheet_has_nothing_for_takes_no_row_but_is_kept_for_programs(
    sheets: Catalogue,
) -> None:
    bus = {**H20_DEVICE, "memory_bus_bit": 6144}
    made = record(H20, bus, measurement("vector_bf16", 1e12), measurement("matrix_bf16", 10e12))
    (table,) = identity_sections(made, [], sheets)
    told = {row[0] for row in table.cells}
    assert not {"memory bus", "bf16 vector, measured"} & told
    assert "bf16 matrix, measured" in told, "a low rate of a figure that the sheet has"
    assert {"memory bus", "bf16 vector"} <= {row["evidence"] for row in table.flat}


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
    pieces = [(one.what, one.beside) for one in found.evidence if one.measured]
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
    assert finding(weighed(sheets, H100, bare, slow), "fp32 vector") is Finding.DIFFERS
    assert finding(weighed(sheets, H100, bare, slow, fast), "fp32 vector") is Finding.UNKNOWN


def test_a_figure_that_is_low_in_every_form_differs_once(sheets: Catalogue) -> None:
    forms = [
        measurement("vector_fp32", rate, label=form) for form, rate in (("", 33e12), ("o", 31e12))
    ]
    found = weighed(sheets, H100, {"name": H100_DEVICE["name"]}, *forms)
    assert against(found.evidence) == (0, 1)


def test_each_figure_speaks_for_a_chip_once(sheets: Catalogue) -> None:
    forms = [measurement("vector_fp32", 40e12, label=label) for label in ("", "one", "two")]
    found = weighed(sheets, H20, H20_DEVICE, *forms)
    once = weighed(sheets, H20, H20_DEVICE, forms[0])
    assert weigh._fits(found.evidence) == weigh._fits(once.evidence)
    assert weigh._fitting(found.evidence) == weigh._fitting(once.evidence)


def test_what_is_measured_is_marked_as_such(sheets: Catalogue) -> None:
    (table,) = identity_sections(
        record(H20, H20_DEVICE, measurement("matrix_bf16", 142e12)), [], sheets
    )
    assert table.title == "Identity: consistent"
    assert table.cells[-1] == (
        "bf16 matrix, measured", "142.0 TFLOP/s (142.0 TFLOP/s to 142.0 TFLOP/s)",
        "148 TFLOP/s", "fits", "95.9% of the peak",
    )  # fmt: skip


def test_impossible_weighs_more_than_any_number_of_differences() -> None:
    one = Evidence("a", "", "", Finding.IMPOSSIBLE, "")
    other = Evidence("b", "", "", Finding.DIFFERS, "")
    assert against([one]) > against([other] * 9) > against([]) == weigh.CLEAN
