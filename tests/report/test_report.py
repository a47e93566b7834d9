"""One record written out by hand, rendered in every format, beside golden files.

After a wanted change: ``ONPAPER_GOLDEN=write python -m pytest tests/report/test_report.py``,
then read the difference before it is committed.
"""

import csv
import io
import re

import pytest

from bench.chips.load import Catalogue
from bench.judging.verdict import Verdict, rows
from bench.records.model import DeviceInfo
from bench.report.chips.listing import listing
from bench.report.chips.sheet import sheet
from bench.report.formats import FORMATS
from bench.report.record.figures import build
from bench.report.registry import render, render_report
from tests.folders import beside_golden
from tests.report.cases import H20, RECORD, SHEETS, product, record, timing

DERIVED = record(
    DeviceInfo(backend="cpu", name="A CPU", units=4, clock_measured_hz=3e9),
    "test-cpu",
    product("fp32", ("vector_fp32",), 7e9, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2)),
)


def test_the_heading_names_what_alone_was_asked_for_of_a_suite() -> None:
    asked = {**RECORD.settings, "kernel": "gemm", "dtype": "bf16", "variant": None}
    core = RECORD.device.model_copy(update={"backend": "cpu", "units": 1})
    part = RECORD.model_copy(update={"settings": asked, "device": core})
    first = build(part, rows(part, SHEETS), SHEETS)[0].heading[0]
    assert f", suite {RECORD.suite}, kernel gemm, dtype bf16, 1 core, torch " in first
    told = part.model_copy(update={"settings": {"suite.items": "[{kernel:norm}]"}})
    own = build(told, rows(told, SHEETS), SHEETS)[0].heading[0]
    assert f", suite {RECORD.suite} (custom items), 1 core, " in own
    whole = build(RECORD, rows(RECORD, SHEETS), SHEETS)[0].heading[0]
    assert f", suite {RECORD.suite}, 78 compute units, torch " in whole


@pytest.mark.parametrize("style", FORMATS)
def test_a_record_is_rendered_as_its_golden_file(style: str) -> None:
    beside_golden(render(RECORD, SHEETS, style), f"report.{style}")


def test_a_derived_peak_shows_how_it_was_worked_out() -> None:
    beside_golden(render(DERIVED, SHEETS, "github"), "derived.github")


def test_the_fixed_record_holds_every_verdict() -> None:
    assert {row.verdict for row in rows(RECORD, SHEETS)} == set(Verdict)


@pytest.mark.parametrize("style", FORMATS)
def test_no_character_that_a_terminal_obeys_is_printed(style: str) -> None:
    text = render(RECORD, SHEETS, style)
    assert [one for one in text if not one.isprintable() and one != "\n"] == []


def marks(texts: list[str]) -> list[int]:
    """The numbers of the footnote marks in texts, in order of first use."""
    return list(dict.fromkeys(int(one) for text in texts for one in re.findall(r"\[(\d+)\]", text)))


def test_every_mark_of_a_report_has_its_note_and_every_note_its_mark() -> None:
    table, _ = build(RECORD, rows(RECORD, SHEETS), SHEETS)
    used = marks([cell for row in table.cells for cell in row])
    assert used == list(range(1, len(table.notes) + 1))
    assert [note.split(" ")[0] for note in table.notes] == [f"[{number}]" for number in used]
    assert len(set(table.notes)) == 4


def test_every_mark_of_every_sheet_has_its_note_and_every_note_its_mark(sheets: Catalogue) -> None:
    for chip in sheets.chips.values():
        table = sheet(chip, sheets).table
        numbers = list(range(1, len(table.notes) + 1))
        assert marks([row[column] for row in table.cells for column in (1, 3)]) == numbers, chip.id
        assert [note.split(" ")[0] for note in table.notes] == [f"[{one}]" for one in numbers]


def test_what_a_sheet_says_of_its_own_figure_is_a_footnote() -> None:
    doubt = "needs more than 78 SMs can give"
    figures = dict(H20.figures)
    figures["matrix_fp64"] = figures["matrix_fp64"].model_copy(update={"note": "which unit?"})
    chip = H20.model_copy(update={"explained": {"vector_fp32": doubt}, "figures": figures})
    sheets = Catalogue(chips={"test-h20": chip}, sources=SHEETS.sources)
    table, _ = build(RECORD, rows(RECORD, sheets), sheets)
    for title, words in (("fp32 vector", doubt), ("fp64 matrix", "which unit?")):
        (cell,) = [row[1] for row in table.cells if row[0] == title]
        (note,) = [note for note in table.notes if note.endswith(f"The sheet says: {words}")]
        assert cell.endswith(note.split(" ")[0])


def test_an_inferred_figure_says_so() -> None:
    table, _ = build(RECORD, rows(RECORD, SHEETS), SHEETS)
    told = {row[0]: row[1] for row in table.cells}
    assert told["bf16 matrix"].startswith("148 TFLOP/s (inferred) [")
    assert told["fp32 vector"].startswith("44 TFLOP/s [")


def test_what_was_measured_has_the_unit_of_what_is_published() -> None:
    table, _ = build(RECORD, rows(RECORD, SHEETS), SHEETS)
    triad, fp64 = table.cells[0], table.cells[6]
    assert (triad[2], triad[3]) == ("3,810 GB/s (3,791–3,828)", "3,902 GB/s")
    assert fp64[2] == "0.9970 TFLOP/s (0.9960–0.9980)"


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("running", "The run did not finish: what was measured before is shown."),
        ("interrupted", "The run was interrupted: what was measured before is shown."),
    ],
)
def test_a_run_that_did_not_end_says_so(state: str, line: str) -> None:
    ended = RECORD.model_copy(update={"state": state})
    assert build(ended, rows(ended, SHEETS), SHEETS)[0].heading[-1] == line


@pytest.mark.parametrize("style", FORMATS)
def test_a_sheet_and_the_list_are_set_in_every_format(style: str, sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    assert "148" in render_report(style, sheet(chip, sheets))
    assert chip.id.replace("_", r"\_") in render_report(
        style, listing(sheets.chips.values(), sheets)
    )


def test_a_sheet_as_csv_holds_first_figures_and_rivals() -> None:
    text = render_report("csv", sheet(H20, SHEETS))
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    told = [(row["value"], row["stands"]) for row in read if row["figure"] == "matrix_bf16"]
    assert told == [
        ("148000000000000.0", "first"),
        ("147000000000000.0", "rival"),
        ("74000000000000.0", "rival"),
    ]
