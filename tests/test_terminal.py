"""What a person sees: tables that fit, bars, colours where they are wanted, nothing lost."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import fields
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from rich.cells import cell_len

from bench.__main__ import main, module_of
from bench.config import compose
from bench.report import registry, terminal
from bench.report.groups import VERDICT
from bench.report.markup import Report, cleaned
from bench.report.screen import Screen, screen_of
from bench.report.table import Section, Table
from bench.report.terminal import bar, folded, set_for
from bench.shapes import SHAPES, ChipsConfig, ReportChoice
from bench.verdict import Verdict

ROOT = Path(__file__).resolve().parent.parent
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
RECORD = str(ROOT / "results/records/2026-11-26/h200-sxm-full.json")
COMMANDS = {
    "record": ["show", f"record={RECORD}"],
    "sheet": ["show", "chip=h20"],
    "chips": ["chips"],
    "compare": ["compare", "baseline=h20", "chips=[910b,a800]"],
    "rules": ["rules", "chips=export-tier"],
    "rule list": ["rules", "list"],
    "explain": ["rules", "explain", "chip=h20", "on=2024-06-01"],
    "claims": ["claims"],
    "claim": ["claims", "claim=2024-huawei-910c-comparable-h100"],
    "pair": ["verdict", "chips=[h20,h100]"],
    "matrix": ["verdict", "baseline=h20"],
    "evidence": ["evidence", "chip=h20"],
    "predict": [
        "predict", "chips=[h20,910b2,h800]", "workload=llama-3.1-70b", "parallel=8",
        "baseline=h800",
    ],
}  # fmt: skip
"""What an analyst types, on the data that is shipped."""
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


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": ""}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"FORCE_COLOR": "0"}, False),
    ],
)
def test_colour_is_what_the_environment_asks_for(
    environ: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert screen_of(Terminal()).colour is coloured


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("columns", "width"), [("20", 60), ("60", 60), ("80", 80), ("100", 100), ("200", 100)]
)
def test_the_width_is_the_terminals_within_bounds(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert screen_of(Terminal()).width == width
    assert screen_of(io.StringIO()).width == 100
    assert screen_of(None).width == 100


def test_auto_is_terminal_on_a_terminal_and_github_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert compose("chips", [], ChipsConfig).report.format == "github"
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert compose("chips", [], ChipsConfig).report.format == "terminal"
    assert compose("chips", ["report=auto"], ChipsConfig).report.format == "terminal"
    assert compose("chips", ["report=csv"], ChipsConfig).report.format == "csv"
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert ReportChoice().format == "github"
    monkeypatch.setattr(sys, "stdout", None)
    assert ReportChoice().format == "github"


def test_lines_of_text_are_folded_under_their_own_indent() -> None:
    line = "  isa: " + ", ".join(f"feature_{number}" for number in range(20))
    told = list(folded([line, "", "short"], Screen(60)))
    assert told[-2:] == ["", "short"]
    assert told[0].startswith("  isa: ")
    assert all(one.startswith("      ") and len(one) <= 60 for one in told[1:-2])
    assert " ".join(one.strip() for one in told[:-2]) == line.strip()


def typed(words: list[str], columns: int, **environ: str) -> tuple[str, int]:
    """What a command prints on a real terminal of so many columns, and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environ}
    env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "bench", *words], env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        told = b""
        try:
            while part := os.read(ours, 65536):
                told += part
        except OSError:  # Linux says so that the other end is closed
            pass
        finally:
            os.close(ours)
    return told.decode(environ.get("PYTHONIOENCODING", "utf-8")), process.returncode


@pytest.mark.parametrize(
    ("columns", "most", "environ"),
    [
        (40, 60, {}),
        (60, 60, {}),
        (80, 80, {"NO_COLOR": "1"}),
        (100, 100, {"TERM": "dumb"}),
        (200, 100, {"PYTHONIOENCODING": "ascii"}),
    ],
)
def test_a_real_terminal_gets_what_fits_it(
    columns: int, most: int, environ: dict[str, str]
) -> None:
    told, code = typed(COMMANDS["compare"], columns, **environ)
    assert code == 0
    assert ("\x1b[" in told) == (not environ or "PYTHONIOENCODING" in environ)
    lines = ESCAPE.sub("", told).splitlines()
    assert most - 12 < max(map(cell_len, lines)) <= most
    assert lines[0].startswith("5 chips beside NVIDIA H20")
    assert "|--" not in told


def test_a_run_on_a_real_terminal_fits_it_and_ends_with_its_table(tmp_path: Path) -> None:
    words = ["suite=smoke", "device=fake", "chip=h20", f"out={tmp_path}"]
    told, code = typed(words, 60)
    assert code == 0
    lines = [one for part in ESCAPE.sub("", told).splitlines() for one in part.split("\r")]
    assert [one for one in lines if cell_len(one) > 60 and not one.startswith("record: ")] == []
    assert "\x1b[32m✓ reached\x1b[0m" in told
    assert "about 6 s left" in told


def test_the_doctor_folds_its_lines_on_a_terminal() -> None:
    told, code = typed(["doctor", "device=cpu"], 60)
    assert code == 0
    assert told.startswith("device: ")
    assert max(map(cell_len, told.splitlines())) <= 60


def test_piped_terminal_is_a_hundred_columns_without_colour(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "70"}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *COMMANDS["pair"], "report=terminal"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "\x1b" not in done.stdout
    assert 90 < max(map(cell_len, done.stdout.splitlines())) <= 100


PRINTING = [
    name for name, shape in SHAPES.items() if "report" in {one.name for one in fields(shape)}
]
"""The commands that print a report."""


@pytest.mark.parametrize("name", PRINTING)
def test_the_help_of_whatever_prints_a_report_lists_every_format(name: str) -> None:
    told = import_module(module_of(name)).HELP
    formats = ", ".join(one for one in registry.FORMATS if one != "terminal")
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
