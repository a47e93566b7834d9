"""How a run ends: a reader that goes, a full disk, a failure, Ctrl-C, and its exit codes."""

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.commands import run
from bench.commands.running import fakes
from bench.config import compose
from bench.devices.fake import FakeSpec
from bench.records.model import Record
from bench.records.store import read
from bench.shapes import RunConfig
from tests.commands.cases import SMOKE, Cli
from tests.measure.faulty import gone


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program, in folders of this test."""
    return Cli(tmp_path)


def test_a_reader_that_goes_away_is_no_error(cli: Cli) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bench", "chips", "report=html"],
        cwd=cli.cwd,
        env=cli.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)


@pytest.mark.parametrize(
    "words",
    [
        ("chips",),
        ("show", "chip=h20"),
        (*SMOKE, "quiet=true"),
        ("run", "-m", *SMOKE, "quiet=true", "dtype=bf16,fp16"),
    ],
    ids=["chips", "show", "run", "sweep"],
)
def test_a_full_disk_costs_one_line(cli: Cli, words: tuple[str, ...]) -> None:
    folders = {"-m": [f"hydra.sweep.dir={cli.out / 'sweeps'}", f"out={cli.out}"]}
    told = [*words, *folders.get("-m" if "-m" in words else "", [])]
    if words[0] == SMOKE[0]:
        told.append(f"out={cli.out}")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bench", *told],
            cwd=cli.cwd, env=cli.env, stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    said = "onpaper: the report could not be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.fixture
def smoke(tmp_path: Path) -> Callable[..., RunConfig]:
    """Composes a smoke run on the fake device."""

    def made(*words: str) -> RunConfig:
        return compose("run", [*SMOKE, f"out={tmp_path}", *words], RunConfig)

    return made


@pytest.mark.parametrize(
    ("spec", "ending"),
    [
        (FakeSpec(broken=("bf16",)), (1, "failed")),
        (FakeSpec(eliminated=("bf16",)), (0, "implausible")),
        (FakeSpec(rates={"fp32": 40e12}), (0, "skipped")),
        (FakeSpec(rates={"fp64": 1e12}), (1, "skipped")),
    ],
    ids=["broken", "eliminated", "unsupported", "nothing measured"],
)
def test_a_failed_measurement_or_none_at_all_makes_the_run_exit_1(
    spec: FakeSpec,
    ending: tuple[int, str],
    smoke: Callable[..., RunConfig],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fakes, "spec", lambda _: spec)
    code = run.execute(smoke("report=csv", "quiet=true"))
    told = capsys.readouterr()
    verdicts = {row["dtype"]: row["verdict"] for row in csv.DictReader(io.StringIO(told.out))}
    assert (code, verdicts["bf16"]) == ending
    assert told.err == ""


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (FakeSpec(broken=("bf16",)), "gemm bf16: "),
        (FakeSpec(rates={"fp64": 1e12}), "nothing could be measured: "),
    ],
    ids=["one failed", "all were skipped"],
)
def test_the_last_line_says_why_the_exit_code_is_1(
    spec: FakeSpec,
    why: str,
    smoke: Callable[..., RunConfig],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run whose every line said ``skipped`` ended a script, and nothing said that it had."""
    monkeypatch.setattr(fakes, "spec", lambda _: spec)
    assert run.execute(smoke()) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"onpaper: exit code 1: {why}")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_exits_130_with_what_was_measured(
    sign: signal.Signals,
    smoke: Callable[..., RunConfig],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    told: list[str] = []

    def interrupt(_self: object, record: Record, _measurement: object) -> None:
        told.append(record.id)
        os.kill(os.getpid(), sign)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("bench.commands.running.live.Live._measured", interrupt)
    assert run.execute(smoke()) == 130
    assert signal.getsignal(signal.SIGTERM) == before
    out, err = capsys.readouterr()
    assert "The run was interrupted: what was measured before is shown.  \n" in out
    (path,) = tmp_path.rglob("*.json")
    assert err.splitlines()[-1] == (f"onpaper: interrupted: python -m bench resume={path} goes on")
    assert (told, read(path).state, len(read(path).measurements)) == (
        [path.stem],
        "interrupted",
        1,
    )


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_termination_end_a_real_run_cleanly(cli: Cli, sign: signal.Signals) -> None:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "bench", "device=cpu", "suite=quick", "seconds=30",
            f"out={cli.out}",
        ],
        cwd=cli.cwd, env=cli.env, text=True, encoding="utf-8", start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stderr
        process.stderr.readline()
        verdict = process.stderr.readline()
        if sign == signal.SIGINT:
            os.killpg(process.pid, sign)  # as a terminal does: to the worker, too
        else:
            process.terminate()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "memory bandwidth, copy" in verdict
    assert "memory bandwidth, copy" in out
    assert "Traceback" not in err
    (path,) = cli.records()
    assert (read(path).state, err.splitlines()[-2]) == ("interrupted", f"record: {path}")
    assert err.splitlines()[-1].endswith(f"resume={path} goes on")
    assert gone(process.pid)
    assert list(cli.cwd.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "onpaper: interrupted before anything was measured\n"),
        (["suite=smoke"], "onpaper: interrupted before anything was measured\n"),
        (["run"], "onpaper: interrupted before anything was measured\n"),
        (["site"], "onpaper: interrupted\n"),
        (["doctor"], "onpaper: interrupted\n"),
        (["suite=smoke", "quiet=true"], ""),
    ],
)
def test_only_a_command_that_measures_says_that_nothing_was(
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.__main__._dispatch", interrupt)
    assert main(words) == 130
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(("word", "said"), [("quiet=true", ""), ("quiet=false", "bench resume=")])
def test_a_second_interruption_of_a_quiet_run_says_nothing(
    word: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(_: object, begun_at: list[Path], *__: object) -> None:
        begun_at.append(Path("record.json"))
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.commands.run._executed", interrupt)
    assert main(["suite=smoke", "device=fake", "chip=h20", word]) == 130
    err = capsys.readouterr().err
    assert said in err
    assert bool(err) == bool(said)
