"""The shipped sheets: no faults, every figure sourced, every source used, known facts in place."""

import re

import pytest

from bench import paths
from bench.chips.faults import uncited
from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue, examine
from bench.chips.model import Chip, Published
from bench.chips.vendors import vendor_behind
from bench.claims.load import cited as claim_sources
from bench.claims.load import claims
from bench.rules.load import rulebook
from bench.workloads.load import cited as workload_sources
from bench.workloads.load import workloads
from tests.folders import DATA

SPECS = paths.data_dir("specs")
WEAK_WORDS = ("memory", "unverified", "unattributed")


def _published(chip: Chip) -> list[Published]:
    return [one for figure in chip.figures.values() for one in (figure, *figure.rivals)]


def test_the_shipped_set_has_no_fault() -> None:
    loaded, faults = examine(SPECS)
    assert [str(fault) for fault in faults] == []
    assert set(loaded.chips) == {path.stem for path in (SPECS / "chips").iterdir()}
    assert len(loaded.chips) >= 200


def test_every_figure_fact_and_rule_cites_a_listed_source(sheets: Catalogue) -> None:
    cited = {one.source for chip in sheets.chips.values() for one in _published(chip)}
    cited |= {fact.source for chip in sheets.chips.values() for fact in chip.facts.values()}
    assert cited <= sheets.cited()
    everything = sheets.cited() | rulebook().cited() | workload_sources(workloads())
    everything |= claim_sources(claims())
    assert everything == set(sheets.sources)
    assert uncited(everything, sheets.sources) == []


def test_no_source_is_anybodys_memory(sheets: Catalogue) -> None:
    for key, source in sheets.sources.items():
        assert source.url.startswith(("https://", "http://")), key
        assert not any(word in key for word in WEAK_WORDS), key


def test_no_data_file_speaks_of_what_a_reader_cannot_have() -> None:
    """A source is an address or a public search, never somebody's own papers."""
    hidden = re.compile(r"private|research note|DATA\.md|shared/", re.IGNORECASE)
    files = [*SPECS.rglob("*.yaml"), *DATA.rglob("*.*")]
    assert len(files) > 200
    found = {path.name: hidden.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: words for name, words in found.items() if words} == {}


def test_an_area_is_written_one_way(sheets: Catalogue) -> None:
    areas = [one for chip in sheets.chips.values() for one in _published(chip)]
    assert {str(one.value).split()[-1] for one in areas if "mm" in str(one.value)} == {"mm²"}


def test_a_file_is_named_for_its_vendor_and_is_the_id(sheets: Catalogue) -> None:
    for path in sorted((SPECS / "chips").iterdir()):
        chip = sheets.chips[path.stem]
        assert (path.suffix, chip.id) == (".yaml", path.stem)
        assert chip.id.startswith(f"{chip.vendor}-")


def test_no_quantity_is_zero_or_out_of_any_range(sheets: Catalogue) -> None:
    """A slip of a prefix shows: every rate is between 10 G and 200 P operations a second."""
    for chip in sheets.chips.values():
        rates = [
            (key, one.number)
            for key, figure in chip.figures.items()
            if FIGURES[key].is_rate and chip.kind != "system"
            for one in (figure, *figure.rivals)
        ]
        for key, number in rates:
            assert number is None or 1e10 < number < 2e17, (chip.id, key, number)


def test_a_halved_rate_is_half_of_the_sparse_one_beside_it(sheets: Catalogue) -> None:
    pairs = [
        (chip.id, key, figure.number, chip.number(f"sparse_{key.removeprefix('matrix_')}"))
        for chip in sheets.chips.values()
        for key, figure in chip.figures.items()
        if figure.basis == "halved"
    ]
    both = [(chip, key, dense, sparse) for chip, key, dense, sparse in pairs if dense and sparse]
    assert len(both) > 40
    for chip, key, dense, sparse in both:
        assert sparse == pytest.approx(2 * dense, rel=0.012), (chip, key)


def test_a_name_that_a_sheet_answers_to_is_of_its_vendor(sheets: Catalogue) -> None:
    for chip in sheets.chips.values():
        for name in chip.identity.names if chip.kind in ("gpu", "npu") else ():
            assert vendor_behind(name.replace("*", "1"), None, ()) in (chip.vendor, None), name
        for pci in chip.identity.pci:
            assert vendor_behind("", pci, ()) in (chip.vendor, None), pci


def test_no_pci_id_stands_on_two_sheets(sheets: Catalogue) -> None:
    ids = [pci for chip in sheets.chips.values() for pci in chip.identity.pci]
    assert sorted(ids) == sorted(set(ids))


ACCELERATORS = (
    "nvidia-h20-sxm-96gb",
    "nvidia-h20-sxm-141gb",
    "nvidia-h100-sxm-80gb",
    "nvidia-h100-pcie-80gb",
    "nvidia-h100-nvl-94gb",
    "nvidia-h200-sxm-141gb",
    "nvidia-h200-nvl-141gb",
    "nvidia-h800-sxm-80gb",
    "nvidia-h800-pcie-80gb",
    "nvidia-a100-sxm-80gb",
    "nvidia-a100-pcie-80gb",
    "nvidia-a800-sxm-80gb",
    "nvidia-a800-pcie-80gb",
    "nvidia-l20-pcie-48gb",
    "nvidia-l40s-pcie-48gb",
    "nvidia-rtx4090-24gb",
    "nvidia-rtx4090d-24gb",
    "nvidia-rtx5090d-32gb",
    "nvidia-b200-sxm-180gb",
    "amd-mi300x-oam-192gb",
    "amd-mi308x-oam-192gb",
    "huawei-ascend-910b1",
    "huawei-ascend-910b2",
    "huawei-ascend-910b3",
    "huawei-ascend-910b4",
    "huawei-ascend-910b4-1",
    "huawei-ascend-910c",
)


@pytest.mark.parametrize("chip_id", ACCELERATORS)
def test_a_first_sheet_has_its_main_figures(chip_id: str, sheets: Catalogue) -> None:
    chip = sheets.chips[chip_id]
    main = (
        "matrix_bf16",
        "matrix_fp16",
        "memory_capacity",
        "memory_bandwidth",
        "units",
    )
    assert [key for key in main if chip.number(key) is None] == []
    assert {figure.basis for figure in (chip.figures["matrix_bf16"],)} <= {
        "dense",
        "inferred",
        "halved",
    }


@pytest.mark.parametrize(
    "chip_id",
    [
        "intel-xeon-platinum-8160",
        "intel-xeon-platinum-8280",
        "intel-xeon-platinum-8380",
        "intel-xeon-platinum-8480-plus",
        "intel-xeon-platinum-8592-plus",
        "amd-epyc-7742",
        "amd-epyc-7763",
        "amd-epyc-9654",
    ],
)
def test_a_server_cpu_has_cores_clocks_and_bandwidth(chip_id: str, sheets: Catalogue) -> None:
    chip = sheets.chips[chip_id]
    main = ("units", "clock_base", "clock_boost", "memory_bandwidth", "tdp", "l3_cache")
    assert [key for key in main if chip.number(key) is None] == []


@pytest.mark.parametrize(
    ("chip_id", "figure", "per_cycle"),
    [
        ("intel-skylake-sp", "cycle_fp32", 64.0),
        ("intel-ice-lake-sp", "cycle_fp32", 64.0),
        ("intel-sapphire-rapids", "cycle_matrix_bf16", 1024.0),
        ("intel-emerald-rapids", "cycle_matrix_bf16", 1024.0),
        ("amd-zen2-rome", "cycle_fp32", 32.0),
        ("amd-zen3-milan", "cycle_fp32", 32.0),
        ("amd-zen4-genoa", "cycle_fp32", 32.0),
        ("amd-zen5-turin", "cycle_fp32", 64.0),
    ],
)
def test_a_cpu_family_has_its_operations_a_cycle(
    chip_id: str, figure: str, per_cycle: float, sheets: Catalogue
) -> None:
    assert sheets.chips[chip_id].number(figure) == per_cycle


@pytest.mark.parametrize(
    ("chip_id", "key", "value", "basis"),
    [
        ("nvidia-h20-sxm-96gb", "matrix_bf16", "148 TFLOP/s", "inferred"),
        ("nvidia-h20-sxm-96gb", "matrix_fp8", "296 TFLOP/s", "inferred"),
        ("nvidia-h20-sxm-96gb", "vector_fp32", "44 TFLOP/s", "dense"),
        ("nvidia-h20-sxm-96gb", "memory_bandwidth", "4000 GB/s", None),
        ("nvidia-h20-sxm-96gb", "units", "78", None),
        ("nvidia-h20-sxm-141gb", "memory_bandwidth", "4800 GB/s", None),
        ("nvidia-h100-sxm-80gb", "matrix_bf16", "989.5 TFLOP/s", "halved"),
        ("nvidia-h100-sxm-80gb", "sparse_bf16", "1979 TFLOP/s", None),
        ("nvidia-h100-sxm-80gb", "matrix_fp8", "1979 TFLOP/s", "halved"),
        ("nvidia-h100-sxm-80gb", "memory_bandwidth", "3350 GB/s", None),
        ("nvidia-h100-sxm-80gb", "clock_matrix", "1830 MHz", None),
        ("nvidia-h100-pcie-80gb", "matrix_bf16", "756.5 TFLOP/s", "halved"),
        ("nvidia-h100-nvl-94gb", "matrix_bf16", "835.5 TFLOP/s", "halved"),
        ("nvidia-h200-sxm-141gb", "memory_bandwidth", "4800 GB/s", None),
        ("nvidia-h800-sxm-80gb", "link_bandwidth", "400 GB/s", None),
        ("nvidia-a100-sxm-80gb", "matrix_bf16", "312 TFLOP/s", "dense"),
        ("nvidia-a100-sxm-80gb", "matrix_tf32", "156 TFLOP/s", "dense"),
        ("nvidia-a100-sxm-80gb", "vector_fp32", "19.5 TFLOP/s", "dense"),
        ("nvidia-a100-sxm-80gb", "memory_bandwidth", "2039 GB/s", None),
        ("nvidia-a800-sxm-80gb", "link_bandwidth", "400 GB/s", None),
        ("nvidia-l20-pcie-48gb", "matrix_bf16", "119.5 TFLOP/s", "inferred"),
        ("nvidia-l40s-pcie-48gb", "matrix_bf16", "362.05 TFLOP/s", "dense"),
        ("nvidia-rtx4090-24gb", "matrix_fp8", "330.3 TFLOP/s", "dense"),
        ("nvidia-rtx4090-24gb", "matrix_fp8_acc16", "660.6 TFLOP/s", "dense"),
        ("nvidia-rtx4090-24gb", "memory_bandwidth", "1008 GB/s", None),
        ("nvidia-b200-sxm-180gb", "matrix_fp8", "4500 TFLOP/s", "halved"),
        ("amd-mi300x-oam-192gb", "matrix_bf16", "1307.4 TFLOP/s", "inferred"),
        ("amd-mi308x-oam-192gb", "units", "80", None),
        ("huawei-ascend-910b1", "matrix_fp16", "378.88 TFLOP/s", "dense"),
        ("huawei-ascend-910b2", "matrix_fp16", "353.89 TFLOP/s", "dense"),
        ("huawei-ascend-910b3", "matrix_fp16", "294.91 TFLOP/s", "dense"),
        ("huawei-ascend-910c", "matrix_fp16", "707.8 TFLOP/s", "dense"),
        ("huawei-ascend-910b", "matrix_fp16", "unknown", None),
    ],
)
def test_a_known_figure_stands_as_published(
    chip_id: str, key: str, value: str, basis: str | None, sheets: Catalogue
) -> None:
    figure = sheets.chips[chip_id].figures[key]
    assert (str(figure.value), figure.basis) == (value, basis)


@pytest.mark.parametrize(
    ("chip_id", "key", "rivals"),
    [
        (
            "nvidia-h20-sxm-96gb",
            "matrix_bf16",
            [("147 TFLOP/s", "inferred", None), ("74 TFLOP/s", "halved", None)],
        ),
        (
            "huawei-ascend-910b2",
            "matrix_fp16",
            [("376 TFLOP/s", "inferred", "matrix+vector")],
        ),
        (
            "huawei-ascend-910c",
            "matrix_bf16",
            [("752 TFLOP/s", "dense", "matrix+vector")],
        ),
    ],
)
def test_a_disputed_figure_keeps_its_rivals_and_says_why(
    chip_id: str, key: str, rivals: list[tuple[str, str, str | None]], sheets: Catalogue
) -> None:
    figure = sheets.chips[chip_id].figures[key]
    assert [(str(one.value), one.basis, one.counts) for one in figure.rivals] == rivals
    assert figure.why


@pytest.mark.parametrize(
    ("chip_id", "cores", "clock_ghz"),
    [
        ("huawei-ascend-910b1", 25, 1.85),
        ("huawei-ascend-910b2", 24, 1.8),
        ("huawei-ascend-910b3", 20, 1.8),
        ("huawei-ascend-910c", 48, 1.8),
    ],
)
def test_an_ascend_matrix_rate_is_its_cores_times_8192_a_cycle(
    chip_id: str, cores: int, clock_ghz: float, sheets: Catalogue
) -> None:
    chip = sheets.chips[chip_id]
    assert chip.number("units") == cores
    assert chip.number("matrix_fp16") == pytest.approx(cores * clock_ghz * 8192e9, rel=1e-3)
