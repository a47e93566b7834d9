"""What the views of the export rules tell of the shipped sheets, and under which rule."""

import re
from collections.abc import Callable

import pytest

from bench.chips.load import Catalogue
from bench.report.rules.predicates import explanation
from bench.report.rules.rulings import statuses
from bench.report.rules.timeline import SUPPOSED, periods
from bench.report.rules.whatif import room_report
from bench.report.text.markup import Report
from bench.rules.judged import Judged, judged
from bench.rules.load import Rulebook
from bench.rules.model import Policy
from bench.rules.places import Question
from bench.rules.ruling import CONTROL
from bench.rules.subject import subject
from bench.rules.timeline import timeline
from bench.rules.truth import Truth
from bench.rules.whatif import Supposed, room

Row = dict[str, str]
View = Callable[[Judged, Catalogue, Rulebook], Report]


def asked(on: str, destination: str = "CN") -> Question:
    return Question(on, destination, destination)


def judging(chip: str, question: Question, sheets: Catalogue, book: Rulebook) -> Judged:
    return judged(sheets.find(chip), question, sheets, book)


def line(
    chip: str, on: str, sheets: Catalogue, book: Rulebook, destination: str = "CN"
) -> tuple[Row, Report]:
    """The line of one chip in the status of a day, by column, and the report that it stands in."""
    question = asked(on, destination)
    report = statuses([judging(chip, question, sheets, book)], question, book, sheets)
    return dict(zip(report.table.columns, report.table.cells[0], strict=True)), report


def note(text: str, before: str, report: Report) -> str:
    """The footnote of the first number that stands in a text after some words."""
    found = re.search(rf"{re.escape(before)}.*? (\[\d+\])", text)
    assert found, text
    (footnote,) = [one for one in report.table.notes if one.startswith(f"{found[1]} ")]
    return footnote


# the status of a day


def test_licences_granted_to_named_firms_name_them(sheets: Catalogue, book: Rulebook) -> None:
    row, _ = line("gb300", "2025-12-01", sheets, book, "AE")
    firm = "a named firm: G42 of the United Arab Emirates"
    assert f"licence granted to {firm}" in row["practice and other US rules"]


@pytest.mark.parametrize(
    ("chip", "on", "told"),
    [
        ("mi300a", "2023-01-01", "(link computed, not published: 3 x 256 GB/s)"),
        ("h20", "2024-06-01", "(area computed, not published: area of the GH100 die, as in H100)"),
        ("h100", "2023-01-01", ""),
    ],
)
def test_a_status_that_rests_on_a_computed_figure_says_so(
    chip: str, on: str, told: str, sheets: Catalogue, book: Rulebook
) -> None:
    row, _ = line(chip, on, sheets, book)
    assert ("computed" in row["why"]) == bool(told)
    assert told in row["why"]


def test_a_licence_policy_is_a_reason_with_its_citation(sheets: Catalogue, book: Rulebook) -> None:
    row, report = line("h200", "2026-02-01", sheets, book)
    assert row["US policy"] == "licence (case by case)"
    footnote = note(row["why"], "; licence (case by case): TPP 15,832", report)
    assert "US-2026-CASE-BY-CASE: " in footnote
    assert "91 FR 1684" in footnote
    assert "Sources: " in footnote
    assert "US-2026-CASE-BY-CASE: TPP 15,832" in str(report.flat[0]["why"])
    assert "91 FR 1684" in str(report.flat[0]["citations"])


def test_a_licence_policy_is_no_reason_where_it_has_no_place(
    sheets: Catalogue, book: Rulebook
) -> None:
    for chip, destination in (("rtx4090", "CN"), ("h20", "CN"), ("h200", "TW")):
        row, report = line(chip, "2026-02-01", sheets, book, destination)
        assert "case by case" not in row["why"]
        assert not any("US-2026-CASE-BY-CASE" in one for one in report.table.notes)


def test_a_letter_that_a_part_just_misses_is_told_with_its_margin(
    sheets: Catalogue, book: Rulebook
) -> None:
    row, report = line("rtx6000d", "2025-10-01", sheets, book)
    assert row["US policy"].startswith("none; in dispute: ")
    missed = "just outside a letter: DRAM bandwidth 2.00 GB/s below 1,400 GB/s"
    assert "US-2025-LETTER-BW: " in note(row["why"], missed, report)


@pytest.mark.parametrize("chip", ["h20", "rtx5090d", "l20", "910b4"])
def test_a_letter_that_a_part_meets_or_is_far_from_is_not_just_missed(
    chip: str, sheets: Catalogue, book: Rulebook
) -> None:
    assert "just outside" not in line(chip, "2025-10-01", sheets, book)[0]["why"]


def test_a_letter_to_american_makers_is_not_just_missed_by_a_chinese_one(
    sheets: Catalogue, book: Rulebook
) -> None:
    one = sheets.find("rtx6000d").model_copy(update={"tier": "domestic"})
    question = asked("2025-10-01")
    (cells,) = statuses([judged(one, question, sheets, book)], question, book, sheets).table.cells
    assert "letter" not in cells[5]


def test_a_part_is_in_its_paragraph_wherever_it_goes(sheets: Catalogue, book: Rulebook) -> None:
    row, report = line("h100-sxm", "2024-06-01", sheets, book, "TW")
    assert (row["paragraph"], row["US policy"]) == ("3A090.a.1", "none")
    assert "TPP 15,832, 11,032 above 4,800" in row["why"]
    assert report.flat[0]["needs_licence"] == "no"


@pytest.mark.parametrize("on", ["2022-12-01", "2024-06-01", "2026-02-01"])
@pytest.mark.parametrize("chip", ["h100-sxm", "h20", "rtx4090", "910b2", "v100"])
def test_the_paragraph_does_not_hang_on_the_destination(
    chip: str, on: str, sheets: Catalogue, book: Rulebook
) -> None:
    found = {
        judging(chip, asked(on, place), sheets, book).status.eccns
        for place in ("CN", "TW", "US", "SA", "MO")
    }
    assert len(found) == 1


def test_where_no_control_reaches_none_asks_for_a_licence(
    sheets: Catalogue, book: Rulebook
) -> None:
    here = judging("h100-sxm", asked("2024-06-01", "TW"), sheets, book).status
    (control,) = [one for one in here.of_kind(CONTROL) if one.enforced is Truth.YES][:1]
    assert {finding.policy for finding in control.findings} == {Policy.NONE}
    assert here.policies == (Policy.NONE,)


@pytest.mark.parametrize("destination", ["HK", "MO", "SG", "US"])
def test_chinese_measures_are_those_of_the_mainland_alone(
    destination: str, sheets: Catalogue, book: Rulebook
) -> None:
    assert "discouraged" in line("h20", "2025-12-01", sheets, book)[0]["Chinese measures"]
    row, report = line("h20", "2025-12-01", sheets, book, destination)
    assert (row["Chinese measures"], report.flat[0]["chinese"]) == ("–", "")
    assert not any("CN-20" in one for one in report.table.notes)


@pytest.mark.parametrize(
    ("chip", "on", "told"),
    [
        ("h20", "2022-12-01", "before its launch (2023-11-09); TPP"),
        ("h20", "2023-11-08", "before its launch (2023-11-09); TPP"),
        ("h20", "2023-11-09", None),
        ("b30a", "2024-06-01", "before its launch (2025-08-19); only reported; "),
        ("b30a", "2026-06-01", "only reported; "),
        ("910b2", "2026-06-01", "designed in China: what the control list would say of it; "),
        ("hgx-h20", "2024-06-01", "each nvidia-h20-sxm-96gb; "),
    ],
)
def test_what_must_be_known_of_a_part_is_said_before_the_reasons(
    chip: str, on: str, told: str | None, sheets: Catalogue, book: Rulebook
) -> None:
    why = line(chip, on, sheets, book)[0]["why"]
    assert why.startswith(told or "TPP")


def test_a_licence_policy_is_hypothetical_for_a_chip_designed_in_china(
    sheets: Catalogue, book: Rulebook
) -> None:
    """The policy of a 910C stood as if it were exported from the US to China."""
    on, one = "2026-06-01", judging("910c", asked("2026-06-01"), sheets, book)
    hypothetical = "licence (presumption of denial), if exported under US rules"
    assert line("910c", on, sheets, book)[0]["US policy"] == hypothetical
    assert hypothetical in explained(one, sheets, book).table.heading[0]
    assert hypothetical in supposed(one, sheets, book).table.summary[0]
    assert SUPPOSED in through_time(one, sheets, book).table.heading
    assert "exported" not in line("h100-sxm", on, sheets, book)[0]["US policy"]
    assert line("ascend-310", on, sheets, book)[0]["US policy"] == "none"


def test_a_rule_in_a_note_says_how_each_source_was_read(sheets: Catalogue, book: Rulebook) -> None:
    _, report = line("h20", "2025-06-01", sheets, book)
    (letter,) = [one for one in report.table.notes if "US-2025-LETTER-BW: " in one]
    sources = letter.split("Sources: ")[1]
    assert sources.count("https://") == len(book.rules["US-2025-LETTER-BW"].sources)
    assert "[read: " in sources
    assert "[weak: " in sources
    assert "never published" in letter.split("Sources: ")[0]


# disputes


DISPUTE = (
    r"In dispute: with memory bandwidth 1570 GB/s \[\d+\] nvidia-rtx6000d-84gb is paragraph none, "
    r"licence \(policy not stated\)\."
)


def explained(one: Judged, sheets: Catalogue, book: Rulebook) -> Report:
    return explanation(one, one.status.us, book, sheets)


def through_time(one: Judged, sheets: Catalogue, book: Rulebook) -> Report:
    assert one.chip
    return periods(one, timeline(one.facts, one.status.question, book), book, sheets)


def supposed(one: Judged, sheets: Catalogue, book: Rulebook) -> Report:
    rooms = room(Supposed(one.chip, sheets, {}), one.status.question, book)
    return room_report(one, one.status, rooms, book, sheets)


def on_a_day(one: Judged, sheets: Catalogue, book: Rulebook) -> Report:
    return statuses([one], one.status.question, book, sheets)


@pytest.mark.parametrize("view", [on_a_day, explained, through_time, supposed])
def test_every_view_tells_the_figures_that_would_overturn_it(
    view: View, sheets: Catalogue, book: Rulebook
) -> None:
    report = view(judging("rtx6000d", asked("2025-10-01"), sheets, book), sheets, book)
    (told,) = [one for one in report.table.summary if re.fullmatch(DISPUTE, one)]
    (mark,) = re.findall(r"\[\d+\]", told)
    assert any(one.startswith(f"{mark} ") for one in report.table.notes)


def test_refuted_figures_of_the_shipped_sheets_overturn_nothing(
    sheets: Catalogue, book: Rulebook
) -> None:
    wrong = {
        (chip.id, key, str(rival.value))
        for chip in sheets.chips.values()
        for key, figure in chip.figures.items()
        for rival in figure.rivals
        if rival.refuted
    }
    assert wrong
    for chip in sorted({chip for chip, _, _ in wrong}):
        for one in judging(chip, asked("2025-10-01"), sheets, book).disputed:
            assert one.rival.refuted is None


# the other views


def test_an_explanation_says_first_what_decides(sheets: Catalogue, book: Rulebook) -> None:
    report = explained(judging("h20", asked("2025-06-01"), sheets, book), sheets, book)
    assert report.table.heading[0] == "Paragraph none; US policy licence (policy not stated)."
    decides = report.table.heading[1]
    assert decides.startswith("Decided by: US-2023-3A090: TPP 2,368, 32 below 2,400; ")
    assert "US-2025-LETTER-BW: DRAM bandwidth 4,000 GB/s, 2,600 GB/s above 1,400 GB/s" in decides


def test_the_room_names_the_rule_that_ends_it(sheets: Catalogue, book: Rulebook) -> None:
    report = supposed(judging("h20", asked("2024-06-01"), sheets, book), sheets, book)
    for row in report.table.cells:
        words = dict(zip(report.table.columns, row, strict=True))
        assert words["beyond it"] == "NAC notification"
        assert "88 FR 73458" in note(f" {words['by']}", "US-2023-3A090", report)
    assert {row["rules"] for row in report.flat} == {"US-2023-3A090"}


def test_an_open_definition_shows_every_value_that_it_leaves(
    sheets: Catalogue, book: Rulebook
) -> None:
    report = supposed(judging("h20", asked("2025-06-01"), sheets, book), sheets, book)
    values = {row[0]: row[1] for row in report.table.cells}
    assert values["interconnect bandwidth"] == "900 GB/s or 1,028 GB/s"
    assert [row["value"] for row in report.flat if row["attribute"] == "interconnect"] == [None]


def test_a_history_leaves_out_what_ended_before_the_launch_and_says_so(
    sheets: Catalogue, book: Rulebook
) -> None:
    one = judging("h20", asked("2026-06-01"), sheets, book)
    report = through_time(one, sheets, book)
    rows = [dict(zip(report.table.columns, row, strict=True)) for row in report.table.cells]
    assert (rows[0]["from"], rows[0]["to"]) == ("2022-10-21", "2023-11-16")
    assert rows[0]["what changed"].startswith("not in it: TPP 2,368, 2,432 below 4,800 [")
    assert rows[1]["what changed"].startswith("not in it: TPP 2,368, 32 below 2,400; ")
    assert rows[1]["what changed"].endswith("; US-2022-3A090 ends")
    assert rows[2]["what changed"].startswith("China: below the energy efficiency asked for [")
    assert rows[3]["what changed"].startswith("letter: licence (policy not stated) [")
    assert "; rules that ended before it are left out. " in report.table.heading[1]


def test_a_history_elsewhere_has_the_paragraphs_and_no_licence(
    sheets: Catalogue, book: Rulebook
) -> None:
    question = asked("2026-06-01", "TW")
    report = through_time(judging("h100-sxm", question, sheets, book), sheets, book)
    assert [row[2:4] for row in report.table.cells] == [
        ("none", "none"), ("3A090", "none"), ("3A090.a.1", "none"),
    ]  # fmt: skip


def test_a_supposed_part_has_no_history(sheets: Catalogue, book: Rulebook) -> None:
    part = judging("h20", asked("2024-06-01"), sheets, book)
    nobody = Judged(None, subject(None, sheets), part.status)
    with pytest.raises(ValueError, match="an assumed part has no history"):
        periods(nobody, [], book, sheets)


def test_a_letter_that_does_not_reach_a_chip_is_told_as_one_in_force(
    sheets: Catalogue, book: Rulebook
) -> None:
    """The RTX 4090 on 2022-09-15 had 'no rule was in force', beside the letters of August 2022."""
    told = line("rtx4090", "2022-09-15", sheets, book)[0]["why"]
    assert "; outside US-2022-LETTER-NVDA: I/O rate 64 GB/s, 236 GB/s below 300 GB/s [" in told
    assert "outside US-2022-LETTER-AMD: not named [" in told
    assert line("rtx4090", "2022-08-01", sheets, book)[0]["why"].endswith("no rule was in force")
