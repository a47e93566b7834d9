"""A set of sheets: names, sources and gaps, and all of its faults at once."""

from pathlib import Path

import pytest

from bench.chips.faults import uncited
from bench.chips.load import Catalogue, examine
from bench.chips.model import Gap, Source
from bench.chips.vendors import vendors
from bench.commands import check
from bench.errors import DataError, Fault, UsageError, sound
from bench.units import Quantity
from tests.chips.sheet_cases import ACME, FIGURE, HEAD, SOURCES, SpecFolder

OTHER = HEAD.replace("Acme One", "Acme Two")


@pytest.fixture
def folder(tmp_path: Path) -> SpecFolder:
    return SpecFolder(tmp_path)


def test_a_sound_sheet_has_no_fault_and_takes_its_id_from_the_file(folder: SpecFolder) -> None:
    folder.chips = {"acme-one.yaml": HEAD + FIGURE}
    loaded, faults = folder.examine()
    assert faults == []
    chip = loaded.chips["acme-one"]
    assert (chip.id, chip.name, chip.number("matrix_bf16")) == ("acme-one", "Acme One", 100e12)
    assert len(chip.sheet_sha256) == 64


def test_a_file_name_starts_with_the_vendor(folder: SpecFolder) -> None:
    folder.chips = {"other-one.yaml": HEAD + FIGURE}
    assert folder.faults() == [
        (
            "specs/chips/other-one.yaml",
            "vendor",
            "file other-one.yaml does not start with it",
            "name the file vendor-chip",
        )
    ]


def test_a_file_name_in_capitals_is_no_id(folder: SpecFolder) -> None:
    folder.chips = {"Acme-One.yaml": HEAD + FIGURE}
    assert [fault[:2] for fault in folder.faults()] == [("specs/chips/Acme-One.yaml", "id")]


def test_a_stub_needs_no_figure(folder: SpecFolder) -> None:
    folder.chips = {"acme-one.yaml": HEAD.replace("sold", "stub")}
    assert folder.faults() == []


@pytest.mark.parametrize("name", ["one", "ONE", "acme-one"])
def test_a_name_answers_for_one_chip_only(name: str, folder: SpecFolder) -> None:
    folder.chips = {
        "acme-one.yaml": HEAD + "aliases: [one]\n" + FIGURE,
        "acme-two.yaml": OTHER + f"aliases: [{name}]\n" + FIGURE,
    }
    assert folder.faults() == [
        (
            "specs/chips/acme-two.yaml",
            "aliases",
            f"{name.lower()!r} names acme-one too",
            "keep it in one",
        )
    ]


def test_a_local_name_answers_for_one_chip_only(folder: SpecFolder) -> None:
    folder.chips = {
        "acme-one.yaml": HEAD + "local_name: 昇腾\n" + FIGURE,
        "acme-two.yaml": OTHER + "local_name: 昇腾\n" + FIGURE,
    }
    assert folder.faults() == [
        ("specs/chips/acme-two.yaml", "local_name", "'昇腾' names acme-one too", "keep it in one")
    ]


def test_a_broken_source_is_a_fault_of_its_own(folder: SpecFolder) -> None:
    folder.sources = SOURCES + 'bad: {url: "https://example.com", kind: memory, accessed: today}\n'
    folder.chips = {"acme-one.yaml": HEAD + FIGURE}
    (kind, accessed) = folder.faults()
    assert kind[:3] == ("specs/sources.yaml", "bad.kind", "'memory' is not a word for it")
    assert kind[3].startswith("write 'vendor-datasheet', ")
    assert accessed == (
        "specs/sources.yaml",
        "bad.accessed",
        "'today' is not of its form",
        "write a date such as 2026-11-24",
    )


def test_a_folder_named_like_a_sheet_is_a_fault(folder: SpecFolder) -> None:
    (folder.path / "chips" / "acme-one.yaml").mkdir(parents=True)
    assert folder.faults() == [
        (ACME, "", "cannot be read as a file: it is no regular one", "write it as plain YAML")
    ]


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        pytest.param(HEAD + FIGURE, True, id="sound"),
        pytest.param(HEAD + FIGURE.replace("bf16", "bf61"), False, id="a-faulty-figure"),
        pytest.param(HEAD + FIGURE.replace("TFLOP/s", "TFLOPS"), False, id="not-loaded"),
        pytest.param("name: [", False, id="not-read"),
    ],
)
def test_check_calls_a_source_uncited_only_if_every_sheet_was_understood(
    sheet: str, told: bool, folder: SpecFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.chips = {"acme-one.yaml": sheet}
    folder.examine()
    assert check.main([f"specs={folder.path}"]) == 1
    assert ("press-b: is cited nowhere" in capsys.readouterr().out) is told


def test_missing_sources_are_a_fault(folder: SpecFolder) -> None:
    (folder.path / "chips").mkdir()
    _, faults = examine(folder.path)
    assert faults == [Fault("specs/sources.yaml", "", "is missing", "add it")]


def test_every_fault_of_every_file_is_reported_at_once(folder: SpecFolder) -> None:
    folder.sources = SOURCES + "bad: {kind: press}\n"
    folder.chips = {
        "acme-one.yaml": HEAD + "figures:\n  matrix_bf61: {value: 1 W, source: sheet-a}\n",
        "acme-two.yaml": OTHER + "aliases: [acme-one]\nfigures:\n"
        "  memory_capacity: {value: 96 GB/s, source: nowhere}\n",
        "acme-three.yaml": "a: &x 1\n",
        "acme-four.yaml": HEAD + FIGURE + "id: x\n",
    }
    folder.examine()
    with pytest.raises(DataError) as raised:
        sound(*examine(folder.path))
    assert {(fault.file, fault.field) for fault in raised.value.faults} == {
        ("specs/sources.yaml", "bad.url"),
        ("specs/sources.yaml", "bad.accessed"),
        ("specs/chips/acme-one.yaml", "figures.matrix_bf61"),
        ("specs/chips/acme-two.yaml", "figures.memory_capacity"),
        ("specs/chips/acme-two.yaml", "aliases"),
        ("specs/chips/acme-three.yaml", ""),
        ("specs/chips/acme-four.yaml", "id"),
    }
    assert len(str(raised.value).splitlines()) == len(raised.value.faults)
    assert all(fault.problem and fault.fix for fault in raised.value.faults)


def test_a_fault_is_one_line_with_place_problem_and_fix() -> None:
    assert str(Fault("specs/chips/a.yaml", "figures.tdp", "is no figure", "remove it")) == (
        "specs/chips/a.yaml: figures.tdp: is no figure; remove it"
    )
    assert str(Fault("specs/chips/a.yaml", "", "is missing", "add it")) == (
        "specs/chips/a.yaml: is missing; add it"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("- a\n", " is not a mapping", id="a-list"),
        pytest.param("a: 1\na: 2\n", "line 2: key 'a' stands twice", id="no-plain-yaml"),
        pytest.param(
            "acme: {name: Acme, torch_device: cuda}\n", "acme.source is missing", id="no-source"
        ),
    ],
)
def test_a_vendor_file_with_a_fault_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "vendors.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        vendors(tmp_path)
    (fault,) = raised.value.faults
    assert fault.file == "specs/vendors.yaml"
    assert problem in f"{fault.field} {fault.problem}"


def test_a_source_that_nothing_cites_is_found(folder: SpecFolder) -> None:
    folder.chips = {"acme-one.yaml": HEAD + FIGURE}
    loaded, _ = folder.examine()
    assert uncited(loaded.cited(), loaded.sources) == [
        Fault("specs/sources.yaml", "press-b", "is cited nowhere", "remove it")
    ]


def test_a_gap_is_kept_apart_from_a_number(folder: SpecFolder) -> None:
    text = (
        "figures:\n"
        "  matrix_fp8: {value: unsupported, source: sheet-a}\n"
        "  tdp: {value: unknown, source: sheet-a}\n"
        "  units: {value: '78', source: sheet-a}\n"
    )
    folder.chips = {"acme-one.yaml": HEAD + text}
    loaded, faults = folder.examine()
    chip = loaded.chips["acme-one"]
    assert faults == []
    assert [chip.figures[key].value for key in ("matrix_fp8", "tdp")] == [
        Gap.UNSUPPORTED,
        Gap.UNKNOWN,
    ]
    assert [chip.number(key) for key in ("matrix_fp8", "tdp", "vector_fp32", "units")] == [
        None,
        None,
        None,
        78.0,
    ]
    assert isinstance(chip.figures["units"].value, Quantity)


def test_a_sheets_hash_changes_with_its_bytes(folder: SpecFolder) -> None:
    folder.chips = {"acme-one.yaml": HEAD + FIGURE}
    before = folder.examine()[0].chips["acme-one"].sheet_sha256
    folder.chips = {"acme-one.yaml": HEAD + FIGURE + "# a remark\n"}
    assert folder.examine()[0].chips["acme-one"].sheet_sha256 != before


@pytest.mark.parametrize("word", ["h20", "H20", " nvidia-h20-sxm-96gb ", "H20-96GB"])
def test_a_chip_is_found_by_id_or_alias_in_any_case(word: str, sheets: Catalogue) -> None:
    assert sheets.find(word).id == "nvidia-h20-sxm-96gb"


def test_a_chip_is_found_by_its_local_name(sheets: Catalogue) -> None:
    assert sheets.find("昇腾910C").id == "huawei-ascend-910c"


def test_a_word_that_names_no_chip_is_refused_with_the_nearest(sheets: Catalogue) -> None:
    with pytest.raises(UsageError, match=r"^no chip 'h2000' in specs/chips: did you mean "):
        sheets.find("h2000")


def test_a_source_of_kind_memory_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="Input should be 'vendor-datasheet'"):
        Source.model_validate(
            {"url": "https://example.com", "kind": "memory", "accessed": "2026-11-24"}
        )


def test_every_card_says_whether_it_has_a_link_beside_pcie(sheets: Catalogue) -> None:
    told = {"link_bandwidth", "link_bandwidth_oneway", "link"}
    cards = [one for one in sheets.chips.values() if one.form == "PCIe" and one.status != "stub"]
    assert [one.id for one in cards if told.isdisjoint({*one.figures, *one.facts})] == []
