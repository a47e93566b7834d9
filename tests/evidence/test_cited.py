"""A refutation by measurement names a reported value, and one that exists."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.evidence.cited import CITED, citation_faults
from bench.evidence.load import examine, reports
from tests.evidence.cases import figure, row, sheet, write


def faults(refuted: str, folder: Path) -> list[str]:
    """What is wrong with a sheet whose rival figure is refuted so, beside one reported value."""
    rival = {"value": "50 TFLOP/s", "refuted": refuted}
    chip = sheet(figures={"matrix_bf16": figure("100 TFLOP/s", rival)})
    write(folder, row(id="fast", chip=chip.id, value="90 TFLOP/s"), name="lab")
    reported, wrong = examine(folder, {chip.id: chip}, fresh=True)
    assert wrong == []
    return [str(one) for one in citation_faults({chip.id: chip}, reported)]


@pytest.mark.parametrize(
    ("refuted", "told"),
    [
        ("90 TFLOP/s were measured [lab:fast]", None),
        ("copied from another chip", None),
        ("90 TFLOP/s were measured", "names no measurement; add [FILE:ID] of results/reported"),
        ("90 TFLOP/s were measured [lab:slow]", "there is no reported value lab:slow; "),
        ("[lab:fast] and [other:fast]", "there is no reported value other:fast; "),
    ],
)
def test_a_refutation_by_measurement_names_one_that_exists(
    refuted: str, told: str | None, tmp_path: Path
) -> None:
    found = faults(refuted, tmp_path)
    assert len(found) == (told is not None)
    if told:
        assert f"figures.matrix_bf16.rivals.refuted: {told}" in found[0]


def test_the_h20_is_refuted_by_values_that_can_be_looked_up(sheets: Catalogue) -> None:
    """Their numbers stand in the reported values that the sheet names."""
    figures = sheets.chips["nvidia-h20-sxm-96gb"].figures
    for key, printed in (
        ("matrix_bf16", "142.25 TFLOP/s"), ("matrix_fp16", "142.09 TFLOP/s"),
        ("matrix_fp8", "281.7 TFLOP/s"),
    ):  # fmt: skip
        (text,) = (one.refuted for one in figures[key].rivals if one.refuted)
        cited = CITED.search(text)
        assert cited
        (found,) = (one for one in reports()[cited[1]].rows if one.id == cited[2])
        assert found.chip == "nvidia-h20-sxm-96gb"
        assert f"measured at {found.value} " in text
        assert str(found.value) == printed
