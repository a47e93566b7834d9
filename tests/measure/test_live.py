"""What a run says while it goes on: lines into a file, a bar on a terminal."""

import io
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.commands.running.live import (
    PLANNED,
    Live,
    _spelled_s,
    done_s,
    fitting,
    left_s,
    left_words,
    line,
)
from bench.commands.running.planned import order_of
from bench.config import compose
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.verdict import Verdict, rows
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Record
from bench.report.text.wrap import width_of
from bench.shapes import RunConfig
from tests.folders import ROOT

WORDS = ("device=fake", "chip=h20", "suite=smoke")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """A smoke run whose record goes to this test's folder."""
    return order_of(compose("run", [*WORDS, f"out={tmp_path}"], RunConfig))


def followed(order: Order, sheets: Catalogue, *, quiet: bool = False) -> Record:
    """Runs an order on the fake device with what is said of it."""
    live = Live(order, sheets, margin=0.1, quiet=quiet)
    with live:
        return run(LocalSession(FakeDevice(FakeSpec(noise="none"))), order, sheets, live.watcher())


def test_without_a_terminal_plain_lines_are_said(
    order: Order, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    record = followed(order, sheets)
    told = capsys.readouterr()
    first, *verdicts, last = told.err.splitlines()
    assert told.out == ""
    assert first.endswith("(chosen), suite smoke, 4 measurements in up to 6 s")
    assert verdicts == [line(row) for row in rows(record, sheets)]
    assert last == f"record: {order.folder / record.started_utc[:10] / record.id}.json"


SEVERAL = (
    "{kernel:gemm,dtypes:[bf16]}",
    "{kernel:gemm,dtypes:[bf16],sizes:{m:[1024,2048],n:2048,k:2048}}",
    "{kernel:gemm,dtypes:[fp16],sizes:{m:1024,n:2048,k:2048}}",
    "{kernel:attention,dtypes:[bf16],variants:[decode],sizes:{batch:[4,8],length:1024}}",
)
"""One figure by search and in two shapes, one in a single shape, a form of work in two sizes."""


TOLD = (
    "bf16 matrix, 1024 x 2048 x 2048",
    "bf16 matrix, 2048 x 2048 x 2048",
    "fp16 matrix",
    "memory bandwidth, attention decode bf16, batch 4, length 1024",
    "memory bandwidth, attention decode bf16, batch 8, length 1024",
)


def test_lines_tell_the_sizes_of_what_a_run_has_several_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line was called "bf16 matrix", whatever its shape: of each device alone, and of both."""
    words = [f"suite.items=[{','.join(SEVERAL)}]", "seconds=2", f"out={tmp_path}", "chip=h20"]
    main(["run", "device=fake", "device.fake.count=2", *words, "report=csv"])
    said = capsys.readouterr().err
    for title in TOLD:
        lines = re.findall(rf"^(fake:\d )?\w+ +{title} [\d,.]+ [GT]", said, re.MULTILINE)
        assert sorted(lines) == ["", "", "fake:0 ", "fake:1 "]
    assert len(re.findall(r" bf16 matrix \d", said)) == 2  # of the search, whose shape is none's


def test_what_lies_below_paper_for_a_reason_says_it_at_once(
    order: Order, sheets: Catalogue
) -> None:
    record = followed(order, sheets, quiet=True)
    *_, last = rows(record, sheets)
    assert isinstance(last.published, Paper)
    slow = replace(
        last,
        verdict=Verdict.UNDECIDED,
        reasons=("below 90%, but most samples disturbed", "derived: x"),
    )
    assert line(slow).endswith(f" of {last.published.text} (below 90%, but most samples disturbed)")
    assert line(replace(slow, verdict=Verdict.SHORT)).endswith(f" of {last.published.text}")
    doubt = "104% of the published peak: GB taken for GiB; the clock is higher"
    high = replace(slow, verdict=Verdict.IMPLAUSIBLE, reasons=(doubt, "derived: x"))
    assert line(high).endswith(f" ({doubt})")


def test_one_measurement_is_not_several(
    order: Order, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    followed(replace(order, items=order.items[:1]), sheets)
    assert ", 1 measurement in up to" in capsys.readouterr().err


def test_quiet_says_nothing_even_on_a_terminal(
    order: Order, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    followed(order, sheets, quiet=True)
    assert stream.getvalue() == ""


def test_a_terminal_shows_a_bar_and_the_same_lines(
    order: Order, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    record = followed(order, sheets)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    shown = [one.rstrip() for one in re.split(r"[\r\n]+", text)]
    wanted = [part for row in rows(record, sheets) for part in fitting(line(row), 80)]
    assert [part for part in wanted if part not in shown] == []
    assert max(map(width_of, wanted)) <= 80
    assert any("━" in one and "%" in one for one in shown)


PLANS = st.lists(st.floats(0.1, 600.0), min_size=1, max_size=12)


@given(PLANS, st.data())
def test_what_is_left_is_never_negative_and_none_at_the_end(
    seconds: list[float], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(seconds) - 1))
    share = data.draw(st.floats(-0.5, 1.5))
    elapsed = data.draw(st.floats(-1.0, 1e5))
    assert left_s(seconds, number, share, elapsed) >= 0.0
    assert left_s(seconds, len(seconds) - 1, 1.0, elapsed) == pytest.approx(0.0, abs=1e-9)


@given(PLANS, st.data())
def test_a_run_that_keeps_to_its_plan_has_left_what_is_not_done(
    seconds: list[float], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(seconds) - 1))
    done = done_s(seconds, number, 0.5)
    assert left_s(seconds, number, 0.5, done) == pytest.approx(sum(seconds) - done)


def test_what_is_left_follows_what_the_run_has_taken() -> None:
    plan = [10.0] * 10
    on_time = left_s(plan, 5, 0.0, 50.0)
    slow, quick = left_s(plan, 5, 0.0, 100.0), left_s(plan, 5, 0.0, 10.0)
    assert on_time == pytest.approx(50.0)
    assert slow == pytest.approx(50.0 * (100.0 + 100 * PLANNED) / (50.0 + 100 * PLANNED))
    assert quick < on_time < slow < 100.0
    assert left_s(plan, 0, 0.0, 0.0) == pytest.approx(100.0)  # the plan is believed at the start
    late = left_s(plan, 0, 0.0, 20.0)  # set-up took long: so may the rest
    assert late == pytest.approx(100.0 * (20.0 + 100 * PLANNED) / (100 * PLANNED))


@pytest.mark.parametrize(
    ("seconds", "words"), [(48.0, "48 s"), (0.5, "0.5 s"), (6.0, "6 s"), (170.4, "170 s")]
)
def test_the_time_of_a_run_is_never_told_as_none(seconds: float, words: str) -> None:
    """With seconds=0.5 it was to take "about 0 s"."""
    assert _spelled_s(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "done soon"),
        (0.99, "done soon"),
        (1.0, "about 1 s left"),
        (89.6, "about 90 s left"),
        (119.0, "about 119 s left"),
        (130.0, "about 2 min left"),
        (7200.0, "about 120 min left"),
    ],
)
def test_what_is_left_is_told_as_exactly_as_it_is_known(seconds: float, words: str) -> None:
    assert left_words(seconds) == words


@pytest.mark.parametrize("width", [20, 60, 80, 100])
def test_lines_fit_a_terminal_and_a_path_stays_whole(
    order: Order, sheets: Catalogue, width: int
) -> None:
    record = followed(order, sheets, quiet=True)
    lines = [line(row) for row in rows(record, sheets)]
    parts = [part for one in lines for part in fitting(one, width)]
    assert max(map(width_of, parts)) <= width
    assert "".join("".join(parts).split()) == "".join("".join(lines).split())
    path = f"record: {'/folder' * 30}/a.json"
    assert list(fitting(path, width)) == [path]
    assert list(fitting(lines[0], None)) == [lines[0]]


def test_a_dumb_terminal_gets_lines_alone_that_fit(
    order: Order, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    followed(order, sheets)
    *lines, path = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert path.startswith("record: ")
    assert max(map(width_of, lines)) <= 60


def test_a_failure_leaves_the_terminal_as_it_was(
    order: Order, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    with pytest.raises(ValueError, match="broken"), Live(order, sheets, margin=0.1, quiet=False):
        raise ValueError("broken")
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")
    assert "record:" not in stream.getvalue()


def test_the_share_of_the_budget_never_goes_back_and_ends_at_the_last_item(
    order: Order, sheets: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    live = Live(order, sheets, margin=0.1, quiet=False)
    seen: list[float] = []

    def item(what: Item, number: int, share: float) -> None:
        watcher.item(what, number, share)
        assert live._bar
        seen.append(live._bar.tasks[0].completed)

    with live:
        watcher = live.watcher()
        told = Watcher(watcher.started, item, watcher.measured, watcher.unsaved)
        run(LocalSession(FakeDevice(FakeSpec(noise="none"))), order, sheets, told)
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert 1 - order.items[-1].weight / 6 < seen[-1] <= 1.0


def test_what_a_terminal_would_obey_is_not_said(
    order: Order, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    live = Live(order, sheets, margin=0.1, quiet=False)
    spec = FakeSpec(name="a\x1b[31mb\nc")
    with live:
        run(LocalSession(FakeDevice(spec)), order, sheets, live.watcher())
    assert capsys.readouterr().err.startswith("a [31mb c (simulated): nvidia-h20")


def test_a_real_terminal_without_colour_gets_bar_and_lines(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "bench", *WORDS, "report=csv", f"out={tmp_path / 'out'}"],
        cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        told = heard(ours)
        assert process.stdout
        table = process.stdout.read()
    assert (process.returncode, table.count(b"\n")) == (0, 1 + 4)
    assert b"\x1b" not in table
    assert re.findall(rb"\x1b\[[0-9;]*3[0-9]m", told) == []
    lines = [one.strip() for one in re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", told).splitlines()]
    assert len([one for one in lines if re.match(rb"(reached|short|undecided) ", one)]) == 4


def heard(terminal: int) -> bytes:
    """All that is written to a terminal until its last writer has gone."""
    told = b""
    try:
        while part := os.read(terminal, 4096):
            told += part
    except OSError:  # Linux says so that the other end is closed
        pass
    finally:
        os.close(terminal)
    return told
