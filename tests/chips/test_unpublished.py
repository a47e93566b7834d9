"""Rates that nobody published: each answer that rests on one says so, in the words of ``chips``."""

import re
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.predict.model.facts import facts
from bench.predict.sheetinputs import sheet_inputs
from bench.report.table import Notes
from bench.report.text.marks import computed_figures, computed_notes
from tests.commands.command_cases import document, said

MI308X, A800 = "amd-mi308x-oam-192gb", "nvidia-a800-sxm-80gb"
SERVED = ["workload=llama-3.1-70b", "parallel=8"]


def noted(command: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The footnotes of a table by number."""
    return dict(re.findall(r"^\[(\d+)\] (.*?) *$", said(command, words, capsys)[1], re.MULTILINE))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("predict", ["chips=[mi308x,h800]", *SERVED]),
        ("predict", ["chips=[mi308x,h800]", "phase=figures"]),
        ("predict", ["chips=[mi308x,h800]", "phase=product", "shape=[4096,4096,4096]"]),
        ("evidence", ["chip=mi308x", "figure=matrix_bf16"]),
    ],
)
def test_a_rate_that_was_worked_out_is_marked_as_by_chips(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every one of them stood as a published figure."""
    (known,) = (
        one for one in noted("chips", ["find=mi308x"], capsys).values() if one.startswith("Derived")
    )
    formula = known.removeprefix("Derived for the sheet: ")
    notes = noted(command, words, capsys)
    (number,) = (
        key
        for key, one in notes.items()
        if one.startswith("Derived") and formula.rstrip(".") in one
    )
    (remark,) = (one for one in notes.values() if one.startswith("The sheet says: "))
    assert "400 TFLOP/s FP8 gate" in remark
    assert "BF16 174" in remark
    lines = said(command, words, capsys)[1].splitlines()
    marked = [line for line in lines if line.startswith("|") and f"[{number}]" in line]
    assert marked
    assert not any(A800.replace("a800", "h800") in line for line in marked)


def test_ratios_on_paper_are_marked_where_a_rate_was_worked_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """2.33 times the H20's rate, by a figure that nobody published, stood as a ratio on paper."""
    compared = said("compare", ["chips=[mi308x]", "baseline=h20"], capsys)[1]
    (sentence,) = (one for one in compared.splitlines() if one.startswith("On paper, AMD"))
    assert "2.33 times the bf16 matrix rate of NVIDIA H20 SXM 96GB (computed, not" in sentence
    assert sentence.count("computed") == 1, "its memory is published"
    turned = said("compare", ["chips=[h20]", "baseline=mi308x"], capsys)[1]
    assert "(that of the baseline computed, not published)" in turned
    pair = document(
        "verdict", ["chips=[mi308x,h20]", "figures=[matrix_bf16,memory_bandwidth]"], capsys
    )
    told = {one["axis"]: one["paper_computed"] for one in pair["rows"]}
    assert told == {"matrix_bf16": "mi308x", "memory_bandwidth": None}
    words = ["baseline=h20", "chips=[mi308x,a800]", "report=plain"]
    table = said("verdict", words, capsys)[1]
    assert "2.33* →" in table
    assert "2.11 →" in table
    assert "*: the figure of a chip is computed, not published." in " ".join(table.split())


def test_what_an_answer_rests_on_tells_it_in_every_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=[mi308x,a800]", *SERVED]
    text = said("predict", words, capsys)[1]
    assert re.search(r"; bf16 matrix, link worked out, not published \[1\]", text)
    found = {one["chip"]: one["worked_out"] for one in document("predict", words, capsys)["rows"]}
    assert found == {MI308X: "matrix_bf16, link_bandwidth, pair_link_oneway", A800: None}
    alone = document("predict", ["chips=mi308x", "workload=llama-3.1-8b"], capsys)["rows"]
    assert [one["worked_out"] for one in alone] == ["matrix_bf16"], "one chip has no link"
    for command, chip in (
        ("predict", ["chips=mi308x", "phase=figures"]),
        ("evidence", ["chip=mi308x"]),
    ):
        rates = document(command, chip, capsys)["rows"]
        told = {one["figure"]: one["origin"] for one in rates}
        assert (told["matrix_bf16"], told["memory_bandwidth"]) == ("computed", "published")


def test_a_figure_that_no_answer_uses_is_not_marked(sheets: Catalogue) -> None:
    """Of the H20 only the cache was worked out."""
    from bench.commands.keys.predict import scenario_of
    from bench.shapes import PredictConfig

    asked = scenario_of(PredictConfig(workload="llama-3.1-70b", parallel="8"))
    for name in ("h20", "a800"):
        chip, notes = sheets.find(name), Notes()
        assert computed_figures(chip, chip.figures), "or nothing is tested"
        keys = sheet_inputs(facts(chip), asked, list(chip.figures))
        assert {"matrix_bf16", "memory_bandwidth", "link_bandwidth", "tdp"} <= set(keys)
        assert (computed_notes(chip, keys, notes), notes.lines()) == ("", ())


def test_an_indexer_scores_at_a_figure_of_its_own(sheets: Catalogue) -> None:
    """Of fp8, whatever the weights; where a sheet gives no such rate, at that of attention."""
    from bench.commands.keys.predict import scenario_of
    from bench.shapes import PredictConfig

    for model, name, wanted in (
        ("glm-5", "h20", True), ("deepseek-v3", "h20", False), ("glm-5", "a800", False),
    ):  # fmt: skip
        chip = sheets.find(name)
        asked = scenario_of(PredictConfig(workload=model, parallel="8", precision="bf16"))
        assert ("matrix_fp8" in sheet_inputs(facts(chip), asked, list(chip.figures))) is wanted


def test_the_site_marks_it_where_the_figure_stands(site: Path) -> None:
    text = (site / "chips.html").read_text("utf-8")
    assert "*: derived for the sheet, not published." in text
    rows = {
        name: re.search(rf'data-chip="{name}".*?</tr>', text, re.DOTALL)
        for name in (MI308X, A800, "nvidia-b30a-144gb")
    }
    told = {
        name: re.findall(r">([\d.]+ TFLOP/s)(\*?)≠?<", row[0]) for name, row in rows.items() if row
    }
    assert ("344.1 TFLOP/s", "*") in told[MI308X]
    assert ("1125 TFLOP/s", "*") in told["nvidia-b30a-144gb"]
    assert told[A800]
    assert not any(mark for _, mark in told[A800])
    compared = (site / "compare.html").read_text("utf-8")
    assert "344.1 TFLOP/s*" in compared
    assert "bf16 matrix, link worked out, not published" in (
        site / "chips" / f"{MI308X}.html"
    ).read_text("utf-8")
