"""What a person sees: tables that fit, bars, marks, nothing lost."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import fields
from importlib import import_module
from itertools import pairwise

import pytest
from rich.cells import cell_len

from bench.__main__ import main, module_of
from bench.judging.verdict import Verdict
from bench.report.formats import FORMATS, terminal
from bench.report.formats.terminal import bar, folded, set_for
from bench.report.table import Section, Table
from bench.report.text.groups import VERDICT
from bench.report.text.markup import Report, cleaned
from bench.report.text.screen import Screen
from bench.shapes import SHAPES
from tests.report.terminal_cases import COMMANDS, ESCAPE

WIDTHS = (60, 80, 100)


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """What each command hands to the formats, made once."""
    found: dict[str, Report] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, words in COMMANDS.items():
            patch.setattr(terminal, "render", lambda told, name=name: found.setdefault(name, told))
            with redirect_stdout(io.StringIO()):
                _shown(words)
    return found


def _shown(words: list[str]) -> None:
    try:
        main([*words, "report=terminal"])
    except TypeError:  # a report is no text to print
        raise AssertionError(words) from None


def texts(report: Report) -> Iterator[str]:
    """Every text of a report."""
    table = report.table
    yield from (table.title, *table.heading, *table.summary, *table.notes)
    shown = [(table.columns, table.cells)] if report.has_first else []
    for one in report.more:
        yield from (one.title, *one.lines)
        shown.append((one.columns, one.cells))
    for _columns, cells in shown:
        yield from (cell for row in cells for cell in row if cell != "–")


def letters(text: str) -> str:
    """A text without what layout adds or takes: blanks, rules, bars and marks."""
    return re.sub(r"[\s─│▶█▏▎▍▌▋▊▉✓✗]", "", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_wider_than_the_screen(
    reports: dict[str, Report], name: str, width: int
) -> None:
    lines = set_for(reports[name], Screen(width)).splitlines()
    assert [one for one in lines if cell_len(one) > width or one != one.rstrip()] == []
    assert not any(not one and not two for one, two in pairwise(lines))


@pytest.mark.parametrize("name", COMMANDS)
def test_colours_change_no_letter(reports: dict[str, Report], name: str) -> None:
    plain, painted = (set_for(reports[name], Screen(colour=one)) for one in (False, True))
    assert "\x1b" not in plain
    assert ESCAPE.sub("", painted) == plain


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("name", ["record", "sheet", "compare", "claim", "pair", "predict"])
def test_nothing_of_a_report_is_lost(reports: dict[str, Report], name: str, width: int) -> None:
    """Each word is there; where a cell is wrapped beside others its words are apart."""
    shown = set_for(reports[name], Screen(width))
    held = letters(shown)
    missing = [
        word
        for text in texts(reports[name])
        for word in text.split()
        if letters(word) and letters(word) not in held and len(word) < 8
    ]
    assert missing == []


@pytest.mark.parametrize("name", COMMANDS)
def test_ascii_alone_is_set_as_wide_as_it_is_printed(reports: dict[str, Report], name: str) -> None:
    shown = set_for(reports[name], Screen(80, encoding="ascii", errors="onpaper"))
    assert shown.isascii()
    assert max(map(len, shown.splitlines())) <= 80


HOSTILE = "a\x1b[31mred\x07\r\n\u202e" + "x" * 500 + " " + "昇腾" * 90


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_words_are_broken_and_obey_nothing(width: int) -> None:
    names = tuple(f"column {number} {HOSTILE}" for number in range(6))
    rows = tuple(tuple(f"{HOSTILE} {row}" for _ in names) for row in range(3))
    table = Table(HOSTILE, (HOSTILE,), names, rows, (HOSTILE,), (f"[1] {HOSTILE}",))
    more = (Section(HOSTILE, names[:2], tuple(row[:2] for row in rows), [], (HOSTILE,)),)
    shown = set_for(cleaned(Report(table, [], more)), Screen(width))
    assert not set(shown) & set("\x1b\x07\r\u202e")
    assert max(map(cell_len, shown.splitlines())) <= width
    assert shown.count("x" * 30) >= 10
    assert shown.count("昇") >= 90 * 10


@pytest.mark.parametrize("count", [1, 2, 12, 30])
@pytest.mark.parametrize("rows", [0, 1, 50])
def test_any_number_of_columns_and_rows_is_set(count: int, rows: int) -> None:
    names = tuple(f"name {number}" for number in range(count))
    cells = tuple(tuple(f"r{row}c{place} 12.5 TFLOP/s" for place in range(count))
                  for row in range(rows))  # fmt: skip
    shown = set_for(Report(Table("t", (), names, cells, (), ()), []), Screen(60))
    assert max(map(cell_len, shown.splitlines())) <= 60
    assert all(f"r{row}c{place}" in shown for row in range(rows) for place in range(count))


def test_a_number_is_not_parted_from_its_unit_and_wide_signs_count_two() -> None:
    names, cells = ("chip", "rate"), (("昇腾 910B" * 3, "353.9 TFLOP/s"), ("b", "1 GB/s"))
    shown = set_for(Report(Table("t", (), names, cells, (), ()), []), Screen(60))
    head, _, first, *_ = shown.splitlines()[2:]
    assert cell_len(first[: first.index("353.9 TFLOP/s")]) == cell_len(head[: head.index("rate")])


@pytest.mark.parametrize(
    ("share", "drawn", "ascii_drawn"),
    [
        (0.0, "          │", "          |"),
        (0.5, "█████     │", "#####     |"),
        (0.9125, "█████████▏│", "######### |"),
        (0.999, "█████████▉│", "######### |"),
        (1.0, "██████████│", "##########|"),
        (1.08, "██████████▶", "##########>"),
        (3.0, "██████████▶", "##########>"),
    ],
)
def test_a_bar_is_ten_columns_and_marks_the_whole(
    share: float, drawn: str, ascii_drawn: str
) -> None:
    told = [bar(share, Screen(encoding=one)) for one in ("utf-8", "ascii")]
    assert [one.replace("\N{NO-BREAK SPACE}", " ") for one in told] == [drawn, ascii_drawn]


def test_a_bar_is_beside_every_achieved_fraction(reports: dict[str, Report]) -> None:
    found = reports["record"].table
    shares = [row[found.columns.index("achieved (95%)")] for row in found.cells]
    told = [one.partition("; ")[0].split(" ")[0] for one in shares if one != "–"]
    shown = set_for(reports["record"], Screen(100))
    assert len(told) > 20
    assert [one for one in told if not re.search(rf"[│▶] {re.escape(one)}", shown)] == []


@pytest.mark.parametrize(
    ("word", "begins"),
    [
        (Verdict.REACHED, "\x1b[32m✓ reached\x1b[0m"),
        (Verdict.SHORT, "\x1b[31m✗ short\x1b[0m"),
        (Verdict.UNDECIDED, "\x1b[33m? undecided\x1b[0m"),
        (Verdict.IMPLAUSIBLE, "\x1b[35m! implausible\x1b[0m"),
        (Verdict.FAILED, "\x1b[35m! failed\x1b[0m"),
        (Verdict.SKIPPED, "\x1b[2mskipped\x1b[0m"),
    ],
)
def test_a_verdict_has_word_mark_and_colour(word: Verdict, begins: str) -> None:
    names, cells = ("figure", VERDICT), (("a", f"{word.value}: for this reason"),)
    shown = set_for(Report(Table("t", (), names, cells, (), ()), []), Screen(colour=True))
    assert f"{begins}: for this reason" in shown


def test_lines_of_text_are_folded_under_their_own_indent() -> None:
    line = "  isa: " + ", ".join(f"feature_{number}" for number in range(20))
    told = list(folded([line, "", "short"], Screen(60)))
    assert told[-2:] == ["", "short"]
    assert told[0].startswith("  isa: ")
    assert all(one.startswith("      ") and len(one) <= 60 for one in told[1:-2])
    assert " ".join(one.strip() for one in told[:-2]) == line.strip()


PRINTING = [
    name for name, shape in SHAPES.items() if "report" in {one.name for one in fields(shape)}
]
"""The commands that print a report."""


@pytest.mark.parametrize("name", PRINTING)
def test_the_help_of_whatever_prints_a_report_lists_every_format(name: str) -> None:
    told = import_module(module_of(name)).HELP
    formats = ", ".join(one for one in FORMATS if one != "terminal")
    assert re.search(r"^  report=auto  +", told, re.MULTILINE)
    assert f"terminal on a terminal, else github; {formats}" in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_column_without_any_text_takes_no_room(width: int) -> None:
    names = (*(f"column {number}" for number in range(7)), "")
    cells = tuple((*("some words of it",) * 7, "") for _ in range(3))
    shown = set_for(Report(Table("t", (), names, cells, (), ()), []), Screen(width))
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count("some") == 21


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_id_of_a_claim_can_be_copied(reports: dict[str, Report], width: int) -> None:
    """At 80 columns, 22 ids were folded."""
    shown = ESCAPE.sub("", set_for(reports["claims"], Screen(width))).split()
    assert [row[0] for row in reports["claims"].table.cells if row[0] not in shown] == []
