"""Is it that chip: what speaks for it, what against it, and who would fit better."""

from typing import Any

from bench.chips.load import Catalogue
from bench.identity import weigh
from bench.identity.evidence import Agreement, Evidence, count_against
from bench.identity.weigh import State, assess
from bench.report.record.identity import identity_sections, verdict
from tests.identity.cases import (
    GIB,
    H20,
    H20_DEVICE,
    H100,
    H100_DEVICE,
    finding,
    measurement,
    names,
    record,
    weighed,
)

A800 = "nvidia-a800-sxm-80gb"
A800_DEVICE: dict[str, Any] = {
    "name": "NVIDIA A800-SXM4-80GB", "units": 108, "memory_bytes": 79.2 * GIB,
    "l2_bytes": 40.0 * 2**20, "clock_max_hz": 1410e6, "memory_bus_bit": 5120,
}  # fmt: skip


def test_an_h20_is_an_h20(sheets: Catalogue) -> None:
    found = weighed(
        sheets, H20, H20_DEVICE,
        measurement("memory_bandwidth", 3.7e12), measurement("matrix_bf16", 142e12),
    )  # fmt: skip
    assert (found.state, found.better) == (State.CONSISTENT, ())
    assert {one.finding for one in found.evidence} == {Agreement.FITS}
    assert len(found.evidence) == 9


def test_an_h100_that_claims_to_be_an_h20_is_found_out_and_named(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, H100_DEVICE)
    assert found.state is State.CONTRADICTS
    assert names(found) == [H100]
    assert finding(found, "compute units") is Agreement.IMPOSSIBLE
    assert finding(found, "PCI id") is Agreement.IMPOSSIBLE
    assert finding(found, "memory") is Agreement.DIFFERS
    assert "NVIDIA H100 SXM 80GB would fit better" in verdict(found)


def test_an_h100_under_an_h20s_name_and_id_is_found_out_by_its_silicon(sheets: Catalogue) -> None:
    disguised = {**H100_DEVICE, "name": "NVIDIA H20", "pci": "10de:2329"}
    assert weighed(sheets, H20, disguised).state is State.CONTRADICTS


def test_an_h20_that_claims_to_be_an_h100_is_found_out(sheets: Catalogue) -> None:
    found = weighed(sheets, H100, {**H20_DEVICE, "pci": None}, measurement("matrix_bf16", 142e12))
    assert found.state is State.CONTRADICTS
    assert names(found) == [H20]
    assert [one.what for one in found.evidence if one.finding is Agreement.DIFFERS] == [
        "name", "compute units", "memory", "bf16 matrix",
    ]  # fmt: skip
    assert count_against(found.evidence)[0] == 0


def test_a_rate_alone_finds_out_an_h100_sold_as_an_h20(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, H20_DEVICE, measurement("matrix_bf16", 700e12))
    assert found.state is State.CONTRADICTS
    assert finding(found, "bf16 matrix") is Agreement.IMPOSSIBLE


def test_an_a800_is_told_from_an_a100_by_its_links_alone(sheets: Catalogue) -> None:
    found = weighed(sheets, A800, A800_DEVICE, measurement("memory_bandwidth", 1.9e12))
    assert found.state is State.CONSISTENT
    alike = {one.chip.id: one.distinguishing for one in found.alike}
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
    assert finding(found, "link bandwidth, both directions") is Agreement.FITS


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
    (piece,) = (one for one in found.evidence if one.finding is Agreement.DIFFERS)
    assert piece.what == "fp64 matrix"
    assert "NVIDIA H800" in piece.why


def test_a_shape_that_was_asked_for_may_be_slow(sheets: Catalogue) -> None:
    slow = measurement("matrix_fp64", 0.97e12)
    found = weighed(sheets, H100, H100_DEVICE, slow, m=64, n=64, k=64)
    assert found.state is State.CONSISTENT
    assert finding(found, "fp64 matrix") is Agreement.UNKNOWN


def test_a_slow_rate_is_no_other_chip_where_the_silicon_is_not_its(sheets: Catalogue) -> None:
    """14% of an H100 is an H20's rate, but 132 SMs are no H20's."""
    found = weighed(sheets, H100, H100_DEVICE, measurement("matrix_bf16", 142e12))
    assert found.state is State.CONSISTENT
    assert finding(found, "bf16 matrix") is Agreement.UNKNOWN


def test_a_fake_with_wrong_memory_is_doubtful(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {**H20_DEVICE, "memory_bytes": 47.5 * GIB})
    assert found.state is State.DOUBTFUL
    assert finding(found, "memory") is Agreement.DIFFERS
    assert found.reason == "differs: memory"


def test_more_memory_is_no_impossibility_boards_are_refitted(sheets: Catalogue) -> None:
    found = weighed(sheets, H20, {**H20_DEVICE, "memory_bytes": 191.0 * GIB})
    assert finding(found, "memory") is Agreement.DIFFERS
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
    assert finding(found, "vendor") is Agreement.IMPOSSIBLE
    assert found.state is State.CONTRADICTS


def test_a_partition_has_a_part_of_everything(sheets: Catalogue) -> None:
    part = {**H100_DEVICE, "units": 16, "memory_bytes": 9.5 * GIB, "limits": ("MIG on", "ECC on")}
    found = weighed(sheets, H100, part, measurement("memory_bandwidth", 0.4e12))
    assert found.state is State.CONSISTENT
    assert finding(found, "compute units") is Agreement.UNKNOWN
    assert finding(found, "memory") is Agreement.UNKNOWN
    assert weighed(sheets, H100, {**part, "limits": ()}).state is not State.CONSISTENT


def test_where_the_chip_is_not_known_nothing_is_said(sheets: Catalogue) -> None:
    assert assess(record(None, H20_DEVICE), sheets) is None
    assert list(identity_sections(record(None, H20_DEVICE), [], sheets)) == []


def test_impossible_weighs_more_than_any_number_of_differences() -> None:
    one = Evidence("a", "", "", Agreement.IMPOSSIBLE, "")
    other = Evidence("b", "", "", Agreement.DIFFERS, "")
    assert (
        count_against([one])
        > count_against([other] * 9)
        > count_against([])
        == weigh.NOTHING_AGAINST
    )
