"""Which terminal it is: its width, its colours, and what a real one gets."""

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from bench.config import compose
from bench.report.text.screen import screen_of
from bench.shapes import ChipsConfig, ReportChoice
from tests.folders import ROOT
from tests.report.terminal_cases import COMMANDS, ESCAPE


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
    assert lines[0].startswith("5 chips compared with NVIDIA H20")
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
