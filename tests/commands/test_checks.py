"""The check of all data says each fault on one line, file, field, problem, fix, and returns 1."""

from pathlib import Path

import pytest

from bench.commands import check as command
from bench.errors import UsageError
from tests.commands.check_cases import (
    CLAIM,
    FILES,
    LAW,
    ONE,
    OTHER,
    SHEET,
    TWO,
    Data,
    no_results,
)


@pytest.fixture
def data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Data:
    no_results(tmp_path, monkeypatch)
    made = Data(tmp_path / "data", capsys)
    for name, text in FILES.items():
        made.put(name, text)
    return made


def test_the_shipped_data_have_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert capsys.readouterr().out.endswith(" records: no faults\n")


def test_a_sound_folder_has_no_fault_and_its_counts_are_told(data: Data) -> None:
    code, faults, last = data.told()
    assert (code, faults) == (0, [])
    assert last.startswith("1 sheets, 1 designs, 1 rules, 1 sources, ")
    assert last.endswith(" records: no faults")


def test_a_folder_without_sheets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no chips/ folder in it, nor any of "):
        command.main([f"specs={tmp_path}"])


# files


@pytest.mark.parametrize(
    "name", ["chips/acme-one.yml", "notes.txt", "chips/old/acme-one.yaml", "rules/readme.md"]
)
def test_a_file_that_nothing_reads_is_a_fault(name: str, data: Data) -> None:
    data.put(name, "name: stray\n")
    assert data.fault() == f"specs/{name}: is read by nothing; move it where its kind is read"


@pytest.mark.parametrize("name", ["README.md", "schema/chip.json", ".hidden", "chips/.swp"])
def test_pages_schemas_and_hidden_files_may_lie_there(name: str, data: Data) -> None:
    data.put(name, "")
    assert data.told()[:2] == (0, [])


def test_a_source_that_nothing_cites_is_a_fault(data: Data) -> None:
    data.put("sources.yaml", FILES["sources.yaml"] + FILES["sources.yaml"].replace("-a:", "-b:"))
    assert data.fault() == "specs/sources.yaml: sheet-b: is cited nowhere; remove it"


def test_a_missing_vendor_file_is_a_fault(data: Data) -> None:
    (data.path / "vendors.yaml").unlink()
    assert data.fault() == "specs/vendors.yaml: is missing; add it"


def test_each_fault_of_a_vendor_file_is_a_line_with_its_remedy(data: Data) -> None:
    data.put("vendors.yaml", "acme: {name: Acme, colour: red}\n")
    _, faults, _ = data.told()
    assert faults == [
        "specs/vendors.yaml: acme.torch_device: is missing; add it",
        "specs/vendors.yaml: acme.source: is missing; add it",
        "specs/vendors.yaml: acme.colour: is no key of it; remove it",
    ]


def test_every_fault_of_every_kind_is_told_at_once(data: Data) -> None:
    data.edit("chips/acme-one.yaml", "family: first", "family: fist")
    data.edit(LAW, '"D:5"', '"D:6"')
    data.put("stray.txt", "")
    (data.path / "vendors.yaml").unlink()
    code, faults, last = data.told()
    assert (code, last.rpartition(": ")[2]) == (1, "4 faults")
    assert [line.partition(": ")[0] for line in faults] == [
        ONE, "specs/rules", "specs/vendors.yaml", "specs/stray.txt",
    ]  # fmt: skip


# chips


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "family: first", "family: fist",
            f"{ONE}: family: no design 'fist'; did you mean 'first'?",
            id="dead-family",
        ),
        pytest.param(
            "kind: gpu", "kind: system\nmembers: [{chip: acme-on, count: 2}]",
            f"{ONE}: members.0: 'acme-on' is no chip; did you mean 'acme-one'?",
            id="unknown-member",
        ),
        pytest.param(
            "kind: gpu", "kind: system\nmembers: [{chip: acme-one, count: 2}]",
            f"{ONE}: members.0: 'acme-one' is a system itself; name the chips it is built of",
            id="system-in-a-system",
        ),
        pytest.param(
            "kind: gpu", "kind: gpu\nvariants: [acme-on]",
            f"{ONE}: variants: 'acme-on' is no chip; did you mean 'acme-one'?",
            id="unknown-variant",
        ),
        pytest.param(
            "kind: gpu", "kind: gpu\nvariants: [acme-one]",
            f"{ONE}: variants: 'acme-one' is this sheet itself; name the chips that share its name",
            id="variant-of-itself",
        ),
        pytest.param(
            "basis: dense}", "basis: dense, origin: computed}",
            f"{ONE}: figures.matrix_bf16: 100 TFLOP/s is computed without a formula; "
            "say how in 'formula'",
            id="computed-without-formula",
        ),
        pytest.param(
            "figures:", "facts: {datacenter: {value: maybe, source: sheet-a}}\nfigures:",
            f"{ONE}: facts.datacenter: 'maybe' is not a word for it; write yes or no",
            id="fact-of-another-word",
        ),
        pytest.param(
            "name: Acme One", "name: Acme One\nnotes: [&a one, *a, *a]",
            f"{ONE}: line 2: anchors and aliases are not used in data files; "
            "write it as plain YAML",
            id="anchors",
        ),
        pytest.param(
            "name: Acme One", "name: Acme One\nname: Acme Two",
            f"{ONE}: line 2: key 'name' stands twice; write it as plain YAML",
            id="duplicate-key",
        ),
        pytest.param(
            "{value: 2 GHz, source: sheet-a}", "{value: 2 GHz}",
            f"{ONE}: figures.clock_boost.source: is missing; add it",
            id="no-source",
        ),
        pytest.param(
            "{value: 2 GHz, source: sheet-a}", "{value: 2 GHz, source: sheet-b}",
            f"{ONE}: figures.clock_boost: cites 'sheet-b', which is not in specs/sources.yaml; "
            "add the source",
            id="unlisted-source",
        ),
        pytest.param(
            "  units:", "  sparse_bf16: {value: 90 TFLOP/s, source: sheet-a}\n  units:",
            f"{ONE}: figures.matrix_bf16: dense is above sparse sparse_bf16; check which is which",
            id="dense-above-sparse",
        ),
        pytest.param(
            "2 GHz", "1 GHz",
            f"{ONE}: figures.matrix_bf16: +100.0% from 50 units x 1000 MHz (clock_boost) x 1000 "
            "a cycle; correct it, or say why in 'explained'",
            id="unexplained",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_sheet_is_one_line(old: str, new: str, line: str, data: Data) -> None:
    data.edit("chips/acme-one.yaml", old, new)
    assert data.fault() == line


def test_members_are_for_systems_alone(data: Data) -> None:
    two = OTHER.replace("kind: gpu", "kind: gpu\nmembers: [{chip: acme-one, count: 2}]")
    data.put("chips/acme-two.yaml", two)
    assert data.fault() == f"{TWO}: members: gpu has members; mark it kind: system"


def test_a_faulty_sheet_is_one_fault_though_a_claim_and_a_system_name_it(data: Data) -> None:
    data.put("chips/acme-two.yaml", OTHER.replace("100 TFLOP/s", "100 TFLOPS"))
    rack = "kind: system\nmembers: [{chip: acme-two, count: 2}]\nvariants: [acme-two]"
    data.edit("chips/acme-one.yaml", "kind: gpu", rack)
    data.put("claims/one.yaml", CLAIM)
    assert data.fault().startswith(f"{TWO}: figures.matrix_bf16.value: 'TFLOPS' is not a unit")


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("sources.yaml", "kind: ", "knd: regulation, kind: ", "sheet-a.knd: is no key of it"),
        ("sources.yaml", "kind: regulation", "kind: {", ": "),
        ("architectures.yaml", "unit: SM", "unt: SM, unit: SM", "first.unt: is no key of it"),
        ("architectures.yaml", "unit: SM", "unit: {", ": "),
    ],
)
def test_a_faulty_entry_is_one_fault_though_sheets_rules_and_claims_name_it(
    file: str, old: str, new: str, fault: str, data: Data
) -> None:
    """Each figure that cites a faulty source was told to cite an unknown one."""
    data.put("chips/acme-two.yaml", OTHER.replace("acme-one", "acme-two"))
    data.put("claims/one.yaml", CLAIM)
    data.edit(file, old, new)
    assert data.fault().startswith(f"specs/{file}: {fault}".replace(": : ", ": "))


def test_two_chips_do_not_share_an_alias(data: Data) -> None:
    data.put("chips/acme-one.yaml", SHEET + "aliases: [Fast]\n")
    data.put("chips/acme-two.yaml", OTHER + "aliases: [fast]\n")
    assert data.fault() == f"{TWO}: aliases: 'fast' names acme-one too; keep it in one"


def test_an_anchor_bomb_is_refused_at_its_first_anchor(data: Data) -> None:
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    data.put("chips/acme-one.yaml", "\n".join(["a0: &a0 x", *lines, SHEET]))
    assert data.fault() == (
        f"{ONE}: line 1: anchors and aliases are not used in data files; write it as plain YAML"
    )


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("{value: 256 KiB/s, source: sheet-a}", "256 KiB/s is not in B; write it in B"),
        ("{value: unknown, source: sheet-a}", "unknown is not in B; write it in B"),
        ("{value: 256 KiB, source: b}", "cites 'b', which is not in specs/sources.yaml; add the s"),
    ],
)
def test_a_designs_cache_has_bytes_and_a_source(told: str, fault: str, data: Data) -> None:
    data.edit("architectures.yaml", "unit: SM,", f"unit: SM, l1_cache: {told},")
    assert data.fault().startswith(f"specs/architectures.yaml: first.l1_cache: {fault}")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("unknown", "unknown is not in FLOP/cycle"),
        ("1000 OP/cycle", "1000 OP/cycle is not in FLOP/cycle"),
    ],
)
def test_a_design_of_another_unit_or_of_none_is_a_fault(
    value: str, problem: str, data: Data
) -> None:
    data.edit("architectures.yaml", "1000 FLOP/cycle", value)
    assert data.fault() == (
        f"specs/architectures.yaml: first.matrix_bf16: {problem}; write it in FLOP/cycle"
    )
