"""A faulty sheet is told by file, field, problem and fix; one that is no sheet is refused whole."""

from pathlib import Path

import pytest

from tests.chips.sheet_cases import ACME, FIGURE, HEAD, SpecFolder


@pytest.fixture
def folder(tmp_path: Path) -> SpecFolder:
    return SpecFolder(tmp_path)


@pytest.mark.parametrize(
    ("figures", "where", "problem", "fix"),
    [
        pytest.param(
            "matrix_bf61: {value: 1 TFLOP/s, source: sheet-a, basis: dense}",
            "figures.matrix_bf61",
            "is no figure",
            "did you mean 'matrix_bf16' or 'matrix_fp6' or 'matrix_fp64'?",
            id="unknown-figure",
        ),
        pytest.param(
            "memory_capacity: {value: 96 GB/s, source: sheet-a}",
            "figures.memory_capacity",
            "96 GB/s is in B/s",
            "write it in B, such as 96 GB",
            id="wrong-dimension",
        ),
        pytest.param(
            "matrix_bf16: {value: 100, source: sheet-a, basis: dense}",
            "figures.matrix_bf16",
            "100 has no unit",
            "write it in FLOP/s, such as 148 TFLOP/s",
            id="no-unit",
        ),
        pytest.param(
            "units: {value: 78 GB, source: sheet-a}",
            "figures.units",
            "78 GB is in B",
            "write a number without a unit",
            id="a-unit-of-a-count",
        ),
        pytest.param(
            "memory_bus: {value: 40 GB, source: sheet-a}",
            "figures.memory_bus",
            "40 GB is in B",
            "write it in bit, such as 100 bit",
            id="unit-without-prefix",
        ),
        pytest.param(
            "matrix_int8: {value: 296 TFLOP/s, source: sheet-a, basis: dense}",
            "figures.matrix_int8",
            "296 TFLOP/s is in FLOP/s",
            "write it in OP/s, such as 296 TOP/s",
            id="flop-for-integers",
        ),
        pytest.param(
            "matrix_bf16: {value: 148 TFLOP/s, source: sheet-a}",
            "figures.matrix_bf16",
            "148 TFLOP/s has no basis",
            "say dense, inferred, halved or unspecified",
            id="missing-basis",
        ),
        pytest.param(
            "memory_bandwidth: {value: 4 TB/s, source: sheet-a, "
            "rivals: [{value: 3 TB/s, source: press-b}]}",
            "figures.memory_bandwidth",
            "has rivals but no 'why'",
            "say why this value stands first",
            id="rivals-without-why",
        ),
        pytest.param(
            "memory_bandwidth: {value: 4 TB/s, source: sheet-a, refuted: a lost digit}",
            "figures.memory_bandwidth",
            "stands first and is refuted",
            "put a better value first, or leave it out",
            id="refuted-and-first",
        ),
        pytest.param(
            "memory_bandwidth: {value: 4 TB/s, source: sheet-x}",
            "figures.memory_bandwidth",
            "cites 'sheet-x', which is not in specs/sources.yaml",
            "add the source",
            id="unlisted-source",
        ),
        pytest.param(
            "memory_bandwidth: {value: 4 TB/s, source: sheet-a, why: firm, "
            "rivals: [{value: 3 TB, source: sheet-a}]}",
            "figures.memory_bandwidth",
            "3 TB is in B",
            "write it in B/s, such as 4 TB/s",
            id="fault-in-a-rival",
        ),
        pytest.param(
            "sparse_bf16: {value: 100 TFLOP/s, source: sheet-a}\n"
            "  matrix_bf16: {value: 200 TFLOP/s, source: sheet-a, basis: dense}",
            "figures.matrix_bf16",
            "dense is above sparse sparse_bf16",
            "check which is which",
            id="dense-above-sparse",
        ),
        pytest.param(
            "units: {value: '78', source: sheet-a}\nexplained: {tdp: low}",
            "explained.tdp",
            "explains a figure the sheet does not have",
            "remove it",
            id="explains-nothing",
        ),
        pytest.param(
            "units: {value: '78', source: sheet-a}\nfacts: {prise: {value: x, source: sheet-a}}",
            "facts.prise",
            "is no fact",
            "did you mean 'price' or 'pcie' or 'process'?",
            id="unknown-fact",
        ),
        pytest.param(
            "units: {value: '78', source: sheet-a}\nfacts: {price: {value: x, source: none}}",
            "facts.price",
            "cites 'none', which is not in specs/sources.yaml",
            "add the source",
            id="fact-without-listed-source",
        ),
        pytest.param(
            "units: {value: unknown, source: sheet-a}",
            "status",
            "the sheet holds no sourced figure",
            "mark it 'status: stub'",
            id="stub-not-marked",
        ),
    ],
)
def test_a_fault_names_its_file_and_field_and_how_to_mend_it(
    figures: str, where: str, problem: str, fix: str, folder: SpecFolder
) -> None:
    folder.chips = {"acme-one.yaml": f"{HEAD}figures:\n  {figures}\n"}
    assert folder.faults() == [(ACME, where, problem, fix)]


@pytest.mark.parametrize(
    ("text", "where", "problem", "fix"),
    [
        pytest.param(
            HEAD + FIGURE + "id: acme-two\n",
            "id",
            "is given by the file name",
            "remove it",
            id="id-inside",
        ),
        pytest.param(
            HEAD + FIGURE + "colour: red\n",
            "colour",
            "is no key of it",
            "remove it",
            id="unknown-key",
        ),
        pytest.param(
            HEAD.replace("status: sold", "status: rumoured") + FIGURE,
            "status",
            "'rumoured' is not a word for it",
            "write 'sold', 'announced', 'reported', 'withdrawn', 'hypothetical' or 'stub'",
            id="unknown-status",
        ),
        pytest.param(
            HEAD.replace("name: Acme One\n", "") + FIGURE,
            "name",
            "is missing",
            "add it",
            id="missing-name",
        ),
        pytest.param(
            HEAD + "figures:\n  tdp: {value: 400 watt, source: sheet-a}\n",
            "figures.tdp.value",
            "'watt' is not a unit "
            "(use TFLOP/s, TOP/s, GB/s, GiB, MHz, W, ms, mm², bit, USD or CNY)",
            "write a quantity such as '148 TFLOP/s', or unknown or unsupported",
            id="unknown-unit",
        ),
        pytest.param(
            HEAD + "figures:\n  matrix_bf16: {value: 148 TFLOPS, source: sheet-a, basis: dense}\n",
            "figures.matrix_bf16.value",
            "'TFLOPS' is not a unit (write TFLOP/s)",
            "write a quantity such as '148 TFLOP/s', or unknown or unsupported",
            id="flops",
        ),
        pytest.param(
            HEAD + "figures:\n  tdp: {value: [400 W], source: sheet-a}\n",
            "figures.tdp.value",
            "is not a piece of text",
            "write a quantity such as '148 TFLOP/s', or unknown or unsupported",
            id="value-is-a-list",
        ),
        pytest.param(
            HEAD + "identity: {memory: [unknown]}\n" + FIGURE,
            "identity.memory.0",
            "is not a size",
            "write a size such as '97871 MiB'",
            id="size-is-a-gap",
        ),
        pytest.param(
            HEAD + "identity: {pci: ['10DE:2329']}\n" + FIGURE,
            "identity.pci.0",
            "'10DE:2329' is not of its form",
            "write vendor:device in small hexadecimal, such as 10de:2329",
            id="pci-in-capitals",
        ),
        pytest.param(
            HEAD.replace("vendor: acme", "vendor: ACME") + FIGURE,
            "vendor",
            "'ACME' is not of its form",
            "write small letters, digits, '.', '_' and '-'",
            id="vendor-in-capitals",
        ),
        pytest.param(
            HEAD + FIGURE.replace("basis: dense", "basis: guessed"),
            "figures.matrix_bf16.basis",
            "'guessed' is not a word for it",
            "write 'dense', 'inferred', 'halved' or 'unspecified'",
            id="unknown-basis",
        ),
        pytest.param(
            HEAD + FIGURE + "aliases: one\n",
            "aliases",
            "is not a list",
            "write a list such as [a, b]",
            id="a-word-for-a-list",
        ),
        pytest.param(
            HEAD + FIGURE + "facts: [process]\n",
            "facts",
            "is not a mapping",
            "write 'key: value' lines",
            id="a-list-for-a-mapping",
        ),
        pytest.param(
            HEAD + "figures:\n  matrix_bf16: 148 TFLOP/s\n",
            "figures.matrix_bf16",
            "is not a mapping",
            "write 'key: value' lines",
            id="a-bare-figure",
        ),
        pytest.param(
            HEAD + FIGURE + "notes: [[a]]\n",
            "notes.0",
            "is not a piece of text",
            "write a word or a sentence",
            id="a-list-for-a-sentence",
        ),
        pytest.param(
            HEAD + "facts: {process: {value: '', source: sheet-a}}\n" + FIGURE,
            "facts.process.value",
            "is too short",
            "write at least 1 characters",
            id="empty-fact",
        ),
        pytest.param(
            HEAD
            + "identity: {cpuid: {vendor: GenuineIntel, family: six, models: ['85']}}\n"
            + FIGURE,
            "identity.cpuid.family",
            "is not a whole number",
            "write a whole number",
            id="no-whole-number",
        ),
        pytest.param(
            "- a\n- b\n",
            "",
            "is not a mapping",
            "start with 'key: value' lines",
            id="a-list",
        ),
        pytest.param(
            HEAD + "name: Again\n",
            "",
            "line 7: key 'name' stands twice",
            "write it as plain YAML",
            id="duplicate-key",
        ),
    ],
)
def test_a_sheet_that_is_no_sheet_is_refused_whole_with_the_field(
    text: str, where: str, problem: str, fix: str, folder: SpecFolder
) -> None:
    folder.chips = {"acme-one.yaml": text}
    assert folder.faults() == [(ACME, where, problem, fix)]
    assert folder.examine()[0].chips == {}
