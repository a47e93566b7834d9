"""What sheets say of measurements: each that they name exists, and one may prove a rate dense."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip
from bench.evidence.cited import CITED, citation_faults
from bench.evidence.gather import observations
from bench.evidence.load import examine, reports
from bench.evidence.observe import Observation
from tests.evidence.cases import figure, row, sheet, write


def faults(refuted: str, folder: Path, **told: str) -> list[str]:
    """What is wrong with a sheet whose rival figure is refuted so, beside one reported value."""
    rival = {"value": "50 TFLOP/s", "refuted": refuted}
    chip = sheet(figures={"matrix_bf16": {**figure("100 TFLOP/s", rival), **told}})
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


def test_a_note_names_a_measurement_that_exists(tmp_path: Path) -> None:
    assert faults("", tmp_path, note="90 TFLOP/s were measured [lab:fast]") == []
    (one,) = faults("", tmp_path, note="dense: 90 TFLOP/s were measured [lab:slow]")
    assert "figures.matrix_bf16.note: there is no reported value lab:slow; " in one


SIXTEEN = {"matrix_bf16": "matrix_fp16", "matrix_fp16": "matrix_bf16"}
"""16-bit rates: of a sheet that gives one of the two, a measurement of the other tests it."""


def test_no_rate_is_of_unknown_sparsity_of_which_more_than_half_was_measured(
    sheets: Catalogue,
) -> None:
    """Products are dense: TPP stood as 7,680 or 3,840, with 456 of 480 TFLOP/s measured."""
    found = {
        f"{chip.id}: {key}, {one.ref}"
        for one in observations(sheets)
        if (key := _tested(one, chip := sheets.chips[one.chip]))
        and chip.figures[key].basis is Basis.UNSPECIFIED
        and one.weight
        and one.value > (chip.number(key) or 0) / 2
    }
    assert not found, "write basis: inferred, with a note that names the measurement"


def _tested(one: Observation, chip: Chip) -> str:
    keys = (one.figure or "", SIXTEEN.get(one.figure or "", ""))
    rates = (key for key in keys if key.startswith("matrix_") and chip.number(key))
    return next(rates, "")


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
