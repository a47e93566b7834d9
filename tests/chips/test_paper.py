"""What a measurement is set beside: printed, worked out for the device, or absent and why."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import Absent, Paper, Rival, paper
from bench.records.model import DeviceInfo
from bench.units import Dimension

CUDA = DeviceInfo(backend="cuda", name="any")


def test_a_printed_figure_comes_as_published_with_its_rivals(sheets: Catalogue) -> None:
    chip = sheets.chips["nvidia-h20-sxm-96gb"]
    assert paper(CUDA, chip, ("matrix_bf16", "vector_bf16"), sheets) == Paper(
        key="matrix_bf16",
        value=148e12,
        dimension=Dimension.FLOP_RATE,
        text="148 TFLOP/s",
        sources=("tomshardware-h20-l20-l2",),
        basis="inferred",
        formula=None,
        rivals=(
            Rival(
                147e12,
                "147 TFLOP/s",
                "nvidia-tensorrt-llm-cluster-info",
                chip.figures["matrix_bf16"].rivals[0].note,
                firm=False,
            ),
            Rival(
                74e12,
                "74 TFLOP/s",
                "baidu-baike-h20",
                "refuted: dense products in bf16 were measured at 142.25 TFLOP/s "
                "[torch-performance-test-data:h20-issue-77-bf16]; "
                "reads 148 as a rate with sparsity",
                alike=False,
            ),
        ),
        why=chip.figures["matrix_bf16"].why,
        firm=False,
    )


def test_a_rival_says_what_its_headline_counts(sheets: Catalogue) -> None:
    found = paper(CUDA, sheets.chips["huawei-ascend-910b2"], ("matrix_fp16",), sheets)
    assert isinstance(found, Paper)
    assert (found.value, found.rivals) == (
        353.89e12,
        (
            Rival(
                376e12,
                "376 TFLOP/s",
                "huawei-atlas-800t-a2-whitepaper",
                "counts matrix+vector; headline of the Atlas 800T A2",
                alike=False,
                firm=False,
            ),
        ),
    )


def test_the_first_key_that_the_sheet_prints_is_taken(sheets: Catalogue) -> None:
    found = paper(
        CUDA, sheets.chips["nvidia-a100-sxm-80gb"], ("matrix_fp32", "vector_fp32"), sheets
    )
    assert isinstance(found, Paper)
    assert (found.key, found.value) == ("vector_fp32", 19.5e12)


@pytest.mark.parametrize(
    ("chip_id", "keys", "reason"),
    [
        pytest.param(None, ("matrix_bf16",), "the chip is not known", id="no-chip"),
        pytest.param(
            "nvidia-a100-sxm-80gb",
            ("matrix_fp8",),
            "the chip has no such unit for fp8 matrix",
            id="unsupported",
        ),
        pytest.param(
            "huawei-ascend-910b",
            ("matrix_fp16",),
            "no sourced figure for fp16 matrix",
            id="unknown",
        ),
        pytest.param(
            "nvidia-l20-pcie-48gb",
            ("vector_bf16",),
            "no sourced figure for bf16 vector",
            id="not-on-the-sheet",
        ),
    ],
)
def test_an_absent_figure_says_whether_the_unit_or_the_source_is_missing(
    chip_id: str | None, keys: tuple[str, ...], reason: str, sheets: Catalogue
) -> None:
    chip = sheets.chips[chip_id] if chip_id else None
    assert paper(CUDA, chip, keys, sheets) == Absent(reason)


def test_an_accelerators_rate_a_cycle_is_no_peak(sheets: Catalogue) -> None:
    """The 910B family has a rate a cycle and no core count: nothing is worked out of it."""
    device = CUDA.model_copy(update={"units": 24, "clock_max_hz": 1.8e9})
    chip = sheets.chips["huawei-ascend-910b"]
    assert chip.number("cycle_matrix_fp16") == 8192
    assert isinstance(paper(device, chip, ("matrix_fp16",), sheets), Absent)


def test_a_packages_figures_are_divided_where_each_die_is_a_device(sheets: Catalogue) -> None:
    found = paper(CUDA, sheets.chips["huawei-ascend-910c"], ("matrix_bf16",), sheets)
    assert isinstance(found, Paper)
    assert (found.value, found.text, found.formula) == (
        353.9e12,
        "353.9 TFLOP/s",
        "707.8 TFLOP/s / 2 dies",
    )
    assert found.rivals == (
        Rival(
            376e12,
            "752 TFLOP/s / 2 dies",
            "huawei-cloudmatrix384-paper",
            "counts matrix+vector",
            alike=False,
        ),
    )


def test_a_rival_that_counts_a_die_is_that_of_the_device(sheets: Catalogue) -> None:
    found = paper(CUDA, sheets.chips["huawei-ascend-910c"], ("memory_bandwidth",), sheets)
    assert isinstance(found, Paper)
    of_die, divided = sorted(found.rivals, key=lambda rival: not rival.of_die)[:2]
    assert (of_die.value, of_die.text, of_die.alike) == (found.value, "1.6 TB/s", True)
    assert (divided.value, divided.alike) == (0.9e12, False)


def test_a_chip_of_several_dies_that_is_one_device_is_left_whole(sheets: Catalogue) -> None:
    chip = sheets.chips["amd-mi300x-oam-192gb"]
    assert chip.number("dies") == 8
    found = paper(CUDA, chip, ("matrix_bf16",), sheets)
    assert isinstance(found, Paper)
    assert (found.value, found.formula) == (1307.4e12, None)


@pytest.mark.parametrize(
    ("told", "oneway", "words"),
    [
        ("Gen5 x16", 64e9, "16 lanes of PCIe 5.0 x 4 GB/s"),
        ("4.0 x8", 16e9, "8 lanes of PCIe 4.0 x 2 GB/s"),
        ("Gen3 x16", 16e9, "16 lanes of PCIe 3.0 x 1 GB/s"),
    ],
)
def test_a_pcie_rate_is_worked_out_of_the_lanes(
    told: str, oneway: float, words: str, sheets: Catalogue
) -> None:
    """PCI-SIG: 8, 16 and 32 GT/s a lane; vendors print 64 and 128 GB/s for Gen4 and Gen5 x16."""
    chip = sheets.chips["nvidia-h100-sxm-80gb"]
    fact = chip.facts["pcie"].model_copy(update={"value": told})
    changed = chip.model_copy(update={"facts": {**chip.facts, "pcie": fact}})
    one, both = (
        paper(CUDA, changed, (key,), sheets) for key in ("pcie_bandwidth_oneway", "pcie_bandwidth")
    )
    assert isinstance(one, Paper)
    assert isinstance(both, Paper)
    assert (one.value, both.value) == (oneway, 2 * oneway)
    assert (one.formula, both.formula) == (
        f"{words}, nominal", f"{words}, both directions, nominal"
    )  # fmt: skip
    assert one.sources == (fact.source,)


@pytest.mark.parametrize("told", ["Gen4", "a PCIe card exists", "Gen5/6"])
def test_a_pcie_link_without_lanes_has_no_rate(told: str, sheets: Catalogue) -> None:
    chip = sheets.chips["nvidia-h100-sxm-80gb"]
    fact = chip.facts["pcie"].model_copy(update={"value": told})
    changed = chip.model_copy(update={"facts": {**chip.facts, "pcie": fact}})
    assert paper(CUDA, changed, ("pcie_bandwidth",), sheets) == Absent(
        "no sourced figure for PCIe bandwidth, both directions"
    )


@pytest.mark.parametrize(
    ("name", "key", "value", "formula"),
    [
        ("nvidia-h100-sxm-80gb", "link_bandwidth_oneway", 450e9, "900 GB/s / 2 directions"),
        ("nvidia-h100-sxm-80gb", "link_bandwidth", 900e9, None),
    ],
)
def test_one_direction_of_a_link_follows_from_both(
    name: str, key: str, value: float, formula: str | None, sheets: Catalogue
) -> None:
    found = paper(DeviceInfo(backend="cuda", name="-"), sheets.find(name), (key,), sheets)
    assert isinstance(found, Paper)
    assert (found.key, found.value, found.formula) == (key, value, formula)


def test_both_directions_of_a_link_follow_from_one(sheets: Catalogue) -> None:
    chip = sheets.find("nvidia-h100-sxm-80gb")
    one = chip.figures["link_bandwidth"]
    turned = chip.model_copy(update={"figures": {"link_bandwidth_oneway": one}})
    device = DeviceInfo(backend="cuda", name="-")
    found = paper(device, turned, ("link_bandwidth",), sheets)
    assert isinstance(found, Paper)
    assert (found.key, found.value) == ("link_bandwidth", 1800e9)
    assert found.formula == "2 directions x 900 GB/s"
    bare = chip.model_copy(update={"figures": {}})
    assert isinstance(paper(device, bare, ("link_bandwidth_oneway",), sheets), Absent)
