"""Repeated runs: a record of each in one folder, all side by side, and gone on with."""

import json
from pathlib import Path
from statistics import fmean, median, stdev

import pytest

from bench.__main__ import main
from bench.chips.load import catalogue
from bench.commands.running import sweep
from bench.devices.fake import FakeSpec
from bench.judging.verdict import Row, rows
from bench.measure import session
from bench.measure.item import Item
from bench.measure.loop import Plan
from bench.measure.session import LocalSession, Place, Progress, Session
from bench.records.model import Measurement, Record
from bench.records.store import read
from bench.units import Dimension, show
from tests.measure.resume_cases import changed

WORDS = ("device=fake", "chip=h20", "suite=smoke", "report=github")
ITEMS = 4
"""Measurements of the smoke suite."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where records go."""
    return tmp_path / "out"


def records(folder: Path) -> list[Record]:
    """The records of a folder, by the number of their run."""
    found = [read(path) for path in folder.rglob("*.json")]
    return sorted(found, key=lambda one: str(one.settings["run"]))


def stopping(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Has Ctrl-C come at measurement number ``at``, once."""
    whole, calls = LocalSession.measure, iter(range(99))

    def measure(self: LocalSession, item: Item, plan: Plan, progress: Progress) -> Measurement:
        if next(calls) == at:
            raise KeyboardInterrupt
        return whole(self, item, plan, progress)

    monkeypatch.setattr(LocalSession, "measure", measure)


def test_each_run_has_a_record_and_all_are_shown_side_by_side(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "runs=3", f"out={out}"]) == 0
    told = capsys.readouterr()
    found = records(out)
    assert [(one.settings["run"], one.settings["runs"]) for one in found] == [
        (1, 3), (2, 3), (3, 3),
    ]  # fmt: skip
    assert len({one.settings["series"] for one in found}) == 1
    assert len({str(one.measurements[0].timing) for one in found}) == len(found)
    assert told.out.startswith("**3 runs, suite smoke**")
    table = told.out.partition("Spread over runs")[0].splitlines()
    lines = [line.split("|") for line in table if line.startswith("| bf16 matrix ")]
    assert [line[3].strip() for line in lines] == ["run 1", "run 2", "run 3"]
    assert [line[7].strip() for line in lines] == [one.id for one in found]
    assert told.out.count("A FAKE device") == 1
    assert "chosen with chip=" not in told.out
    assert [line for line in told.err.splitlines() if line.startswith("run ")] == [
        "run 1 of 3", "run 2 of 3", "run 3 of 3",
    ]  # fmt: skip


def test_reports_shows_each_in_full_too(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "runs=2", "reports=true", "quiet=true", f"out={out}"]) == 0
    told = capsys.readouterr()
    assert (told.out.count("chosen with chip="), told.err) == (2, "")
    assert "\n**2 runs, suite smoke**" in told.out


def test_csv_has_one_header_and_no_table(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS[:3], "report=csv", "runs=2", "quiet=true", f"out={out}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "record", *(one.id for one in records(out) for _ in range(ITEMS)),
    ]  # fmt: skip


def test_the_spread_of_each_figure_over_the_runs_follows(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "runs=3", "quiet=true", f"out={out}"]) == 0
    _, title, table = capsys.readouterr().out.partition("Spread over runs")
    assert title
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    assert [cell.strip() for cell in lines[0]][1:-1] == [
        "figure", "runs", "median", "minimum", "maximum", "coefficient of variation",
    ]  # fmt: skip
    assert len(lines) == ITEMS + 1
    (line,) = [line for line in lines if line[1].strip() == "bf16 matrix"]
    found = [row.measured.value for one in records(out) if (row := bf16(one)).measured]
    told = [show(one, Dimension.FLOP_RATE, 4) for one in (median(found), min(found), max(found))]
    variation = stdev(found) / fmean(found)
    assert [cell.strip() for cell in line[2:-1]] == ["3", *told, f"{variation:.2%}"]


def bf16(record: Record) -> Row:
    """The row of the bf16 matrix rate."""
    (row,) = [one for one in rows(record, catalogue()) if one.title == "bf16 matrix"]
    return row


@pytest.mark.parametrize("more", [(), ("reports=true",)])
def test_json_is_one_array_of_the_reports(
    more: tuple[str, ...], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*WORDS[:3], "report=json", "runs=2", "margin=0.2", "quiet=true", f"out={out}"]
    assert main([*words, *more]) == 0
    told = json.loads(capsys.readouterr().out)
    found = records(out)
    assert [one["rows"][0]["record"] for one in told] == [one.id for one in found]
    assert main(["show", f"record={found[0].id}", f"out={out}", "report=json", "margin=0.2"]) == 0
    assert json.loads(capsys.readouterr().out) == told[0]


def test_each_run_opens_a_session_of_its_own_and_closes_it(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    opened, closed = session.open_session, LocalSession.close

    def opening(device: str, spec: FakeSpec | None) -> Session:
        told.append("open")
        return opened(device, spec)

    def closing(self: LocalSession) -> None:
        told.append("closed")
        closed(self)

    monkeypatch.setattr(session, "open_session", opening)
    monkeypatch.setattr(LocalSession, "close", closing)
    assert main([*WORDS, "runs=2", "quiet=true", f"out={out}"]) == 0
    assert told == ["open", "closed"] * 2


@pytest.mark.parametrize("word", ["latest", "folder", "first"])
def test_what_ctrl_c_leaves_is_gone_on_with(
    word: str, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        stopping(patch, ITEMS + 2)
        assert main([*WORDS, "runs=3", f"out={out}"]) == 130
    told = capsys.readouterr()
    first, second = records(out)
    assert (first.state, second.state, len(second.measurements)) == ("complete", "interrupted", 2)
    assert told.out.startswith("**2 of 3 runs, suite smoke**")
    assert f"The run was interrupted: record {second.id} has what was measured before." in told.out
    assert told.err.splitlines()[-1].startswith("onpaper: interrupted: python -m bench resume=")
    named = {"folder": str(out), "first": first.id}.get(word, word)
    assert main([f"resume={named}", f"out={out}", "report=github", "quiet=true"]) == 0
    assert capsys.readouterr().out.startswith("**3 runs, suite smoke**")
    again = records(out)
    assert again[0] == first
    assert again[1].measurements[:2] == second.measurements
    assert [one.state for one in again] == ["complete"] * 3
    assert [one.settings["device.fake.seed"] for one in again[1:]] == [2, 3]


def test_ctrl_c_between_two_runs_loses_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, calls = LocalSession.describe, iter(range(9))

    def describe(self: LocalSession) -> Place:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return whole(self)

    with monkeypatch.context() as patch:
        patch.setattr(LocalSession, "describe", describe)
        assert main([*WORDS, "runs=2", f"out={out}"]) == 130
    told = capsys.readouterr()
    (first,) = records(out)
    assert first.state == "complete"
    assert first.id in told.out
    assert "before anything was measured" not in told.err
    assert main(["resume=latest", f"out={out}", "quiet=true"]) == 0
    assert [one.settings["run"] for one in records(out)] == [1, 2]


def test_ctrl_c_before_the_first_record_leaves_none(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def describe(_: LocalSession) -> Place:
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalSession, "describe", describe)
    assert main([*WORDS, "runs=2", "quiet=true", f"out={out}"]) == 130
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")
    assert main([*WORDS, "runs=2", f"out={out}"]) == 130
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("\nonpaper: interrupted before anything was measured\n")


def test_a_failure_of_a_run_that_was_complete_counts_when_the_others_are_gone_on_with(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stopping(patch, ITEMS + 1)
        assert main([*WORDS, "runs=2", "quiet=true", f"out={out}"]) == 130
    (path,) = out.rglob(f"{records(out)[0].id}.json")
    changed(path, measurements__0__status="failed", measurements__0__reason="a wrong result")
    assert main(["resume=latest", "quiet=true", f"out={out}"]) == 1


def test_without_out_they_have_a_folder_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.paths.runs_dir", lambda: tmp_path)
    assert main([*WORDS, "runs=2", "quiet=true"]) == 0
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("runs-")
    assert len(records(folder)) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs=0",), "runs=0 must be 1 to 1000"),
        (("runs=1001",), "runs=1001 must be 1 to 1000"),
        (("runs=2", "device.fake.count=2"), "runs= repeats the run of one device: name one"),
        (("-m", "runs=0,2"), "runs=0 must be 1 to 1000"),
    ],
)
def test_runs_that_make_no_sense_are_refused(
    words: tuple[str, ...], said: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *words, *WORDS, f"out={out}"]) == 2
    assert capsys.readouterr().err.startswith(f"onpaper: {said}")
    assert not out.exists()


def test_under_torchrun_a_run_is_not_repeated(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.measure.ranks.count", lambda: 2)
    assert main([*WORDS, "runs=2", f"out={out}"]) == 2
    assert "runs= does not work under torchrun" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "the 2 runs of record "),
        ({"settings__runs": 3, "program__version": "0.0.1"}, "was measured by onpaper 0.0.1"),
        ({"settings__runs": 3, "settings__imported_by": "x"}, "was imported: measure here instead"),
        ({"settings__runs": "many"}, "is of several runs and lacks runs: measure again"),
        ({"settings__runs": 3, "settings__run": 0}, "is of several runs and lacks run: measure"),
    ],
    ids=["complete", "version", "imported", "runs", "run"],
)
def test_runs_that_cannot_be_gone_on_with_are_left_alone(
    fields: dict[str, object], said: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WORDS, "runs=2", "quiet=true", f"out={out}"]) == 0
    newest = max(out.rglob("*.json"))
    changed(newest, **fields)
    before = {path: path.read_bytes() for path in out.rglob("*.json")}
    capsys.readouterr()
    assert main([f"resume={newest}", f"out={out}"]) == 2
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert said in told.err
    assert {path: path.read_bytes() for path in out.rglob("*.json")} == before


def test_a_sweep_repeats_each_of_its_jobs(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [])
    place = f"hydra.sweep.dir={out / 'sweeps'}"
    words = [*WORDS, "dtype=bf16,fp16", "runs=2", "quiet=true", f"out={out}", place]
    assert main(["run", "-m", *words]) == 0
    told = capsys.readouterr()
    assert (len(list(out.rglob("*.json"))), told.err) == (4, "")
    assert told.out.startswith("**The sweep: 4 records**")
    table = told.out.partition("Spread over runs")[0].splitlines()
    jobs = [line.split("|")[3].strip() for line in table if " matrix " in line]
    assert jobs == [f"dtype={dtype} run {run}" for dtype in ("bf16", "fp16") for run in (1, 2)]


def test_ctrl_c_in_a_sweep_shows_what_there_is_and_how_to_go_on(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [])
    place = f"hydra.sweep.dir={out / 'sweeps'}"
    words = [*WORDS, "data=normal,zeros,constant", f"out={out}", place]
    with monkeypatch.context() as patch:
        stopping(patch, ITEMS + 1)
        assert main(["run", "-m", *words]) == 130
    told = capsys.readouterr()
    paths = sorted(out.rglob("*.json"), key=lambda path: path.stat().st_mtime)
    assert [read(path).state for path in paths] == ["complete", "interrupted"]
    assert told.out.startswith("**The sweep: 2 jobs**")
    goes_on = f"python -m bench resume={paths[1]} goes on with the last job; any jobs after it"
    assert told.err.splitlines()[-1] == f"onpaper: interrupted: {goes_on} were not begun"
    assert main([f"resume={paths[1]}", "quiet=true", f"out={out}"]) == 0
    assert read(paths[1]).state == "complete"


def test_reports_asks_a_sweep_for_all_of_each_job(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [])
    place = f"hydra.sweep.dir={out / 'sweeps'}"
    words = [*WORDS, "dtype=bf16,fp16", "quiet=true", f"out={out}", place]
    assert main(["run", "-m", *words]) == 0
    assert "chosen with chip=" not in capsys.readouterr().out
    assert main(["run", "-m", *words, "reports=true"]) == 0
    told = capsys.readouterr().out
    assert (told.count("chosen with chip="), told.count("The sweep: 2 jobs")) == (2, 1)


def test_of_a_sweep_that_left_one_record_the_report_is_shown(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [])
    place = f"hydra.sweep.dir={out / 'sweeps'}"
    with monkeypatch.context() as patch:
        stopping(patch, 1)
        main(["run", "-m", *WORDS, "data=normal,zeros", "quiet=true", f"out={out}", place])
    told = capsys.readouterr().out
    assert told.count("chosen with chip=") == 1
    assert "The sweep" not in told


@pytest.mark.parametrize(
    ("words", "here"),
    [([], True), (["hydra/launcher=basic"], True), (["hydra/launcher=joblib"], False)],
)
def test_jobs_that_run_elsewhere_print_their_own_reports(words: list[str], *, here: bool) -> None:
    assert sweep._is_here(["dtype=bf16,fp16", *words]) == here
