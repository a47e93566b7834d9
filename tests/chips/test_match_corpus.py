"""Every device name of the corpus resolves to its sheet, stays ambiguous, or is refused."""

from dataclasses import dataclass

import pytest

from bench import units
from bench.chips.load import Catalogue
from bench.chips.match import identify
from bench.chips.vendors import like
from bench.files import yamlfile
from bench.records.model import DeviceInfo
from tests.folders import DATA

CORPUS = DATA / "device_names.yaml"


@dataclass(frozen=True)
class Reported:
    """One row of the corpus."""

    device: DeviceInfo
    expect: tuple[str, ...]
    state: str
    seen: str
    constructed: bool


def _markers(row: dict[str, str]) -> tuple[str, ...]:
    found = [f"torch {row['torch']}"] if "torch" in row else []
    found += ["hip"] if row.get("hip") == "true" else []
    return (*found, *([f"module {row['module']}"] if "module" in row else []))


def _number(row: dict[str, str], key: str) -> int | None:
    return int(row[key]) if key in row else None


def _reported(node: yamlfile.Node) -> Reported:
    assert isinstance(node, dict)
    expect = node["expect"]
    row = {key: value for key, value in node.items() if isinstance(value, str)}
    device = DeviceInfo(
        backend="cpu" if row["backend"] == "cpu" else "cuda",
        name=row["name"],
        memory_bytes=units.parse(row["memory"]).si if "memory" in row else None,
        units=_number(row, "units"),
        pci=row.get("pci"),
        markers=_markers(row),
        cpu_vendor=row.get("cpu_vendor"),
        cpu_family=_number(row, "cpu_family"),
        cpu_model=_number(row, "cpu_model"),
    )
    several = isinstance(expect, list)
    ids = tuple(str(one) for one in expect) if isinstance(expect, list) else (str(expect),)
    state = "ambiguous" if several else "unknown" if ids == ("unknown",) else "matched"
    seen, constructed = row["seen"], row.get("constructed") == "true"
    return Reported(
        device,
        () if state == "unknown" else ids,
        row.get("state", state),
        seen,
        constructed,
    )


def _corpus() -> list[Reported]:
    rows = yamlfile.read(CORPUS)
    assert isinstance(rows, list)
    return [_reported(row) for row in rows]


ROWS = _corpus()


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{at}-{row.device.name}") for at, row in enumerate(ROWS)]
)
def test_a_reported_device_is_resolved_or_refused_as_the_corpus_says(
    row: Reported, sheets: Catalogue
) -> None:
    found = identify(row.device, sheets)
    named = found.near if found.state == "ambiguous" else (found.chip,) if found.chip else ()
    assert (found.state, sorted(named)) == (row.state, sorted(row.expect)), found.reasons
    assert found.reasons


def test_the_corpus_is_large_and_mostly_read_from_real_reports() -> None:
    addressed = {
        (row.device.name, row.seen)
        for row in ROWS
        if row.seen.startswith("https://") and not row.constructed
    }
    assert len(ROWS) >= 237
    assert len(addressed) >= 40
    assert sum(row.state == "matched" for row in ROWS) >= 100
    assert sum(row.state == "unknown" for row in ROWS) >= 60


def test_every_row_says_where_it_was_seen() -> None:
    said = {
        "address" if row.seen.startswith("https://") else row.seen.partition(",")[0] for row in ROWS
    }
    assert said == {"address", "public code search", "constructed"}
    assert all(row.constructed == (row.seen == "constructed") for row in ROWS)


def test_every_sheet_the_corpus_expects_exists(sheets: Catalogue) -> None:
    assert {chip for row in ROWS for chip in row.expect} <= set(sheets.chips)


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm-80gb"),
        ("NVIDIA H200", "nvidia-h200-sxm-141gb"),
        ("NVIDIA H20", "nvidia-h20-sxm-96gb"),
        ("NVIDIA H800", "nvidia-h800-sxm-80gb"),
        ("NVIDIA A800-SXM4-80GB", "nvidia-a800-sxm-80gb"),
        ("NVIDIA L20", "nvidia-l20-pcie-48gb"),
        ("NVIDIA B200", "nvidia-b200-sxm-180gb"),
        ("NVIDIA A100-SXM4-80GB", "nvidia-a100-sxm-80gb"),
        ("AMD Instinct MI308X", "amd-mi308x-oam-192gb"),
    ],
)
def test_the_names_for_which_torch_knows_no_peak_have_a_sheet_with_one(
    name: str, chip: str, sheets: Catalogue
) -> None:
    """torch 2.13 looks all nine up in its device_info and finds None."""
    assert identify(DeviceInfo(backend="cuda", name=name), sheets).chip == chip
    assert sheets.chips[chip].number("matrix_bf16")


def test_only_these_names_are_taken_by_several_sheets(sheets: Catalogue) -> None:
    """Each of them needs memory, units or the form of the card to be told apart."""
    names = {name for chip in sheets.chips.values() for name in chip.identity.names}
    shared = {
        name: {
            chip.id
            for chip in sheets.chips.values()
            if any(like(name.replace("*", "x"), pattern) for pattern in chip.identity.names)
        }
        for name in names
    }
    several = {name: ids for name, ids in shared.items() if len(ids) != 1}
    assert several == {
        "AMD Instinct MI300X OAM": {"amd-mi300x-oam-192gb", "amd-mi308x-oam-192gb"},
        "AMD Instinct MI250X/MI250": {"amd-mi250x-oam-128gb", "amd-mi250-oam-128gb"},
        "Ascend910": {
            "huawei-ascend-910",
            "huawei-ascend-910c",
            "huawei-ascend-910c-9362",
            "huawei-ascend-910c-9372",
        },
        "MetaX C500": {"metax-c500-oam", "metax-c500-pcie"},
        "MXC500": {"metax-c500-oam", "metax-c500-pcie"},
    }
