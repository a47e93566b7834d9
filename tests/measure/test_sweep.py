"""A sweep: every job is run, every wrong value found before, and nothing left behind."""

import csv
import json
import sys
from pathlib import Path

import pytest

from bench import paths
from bench.__main__ import main
from bench.commands import run
from bench.commands.running import sweep, sweepwords
from bench.errors import UsageError
from bench.records.store import read
from bench.shapes import RunConfig
from tests.commands.cases import SMOKE, Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program, in folders of this test."""
    return Cli(tmp_path)


def test_a_sweep_runs_every_job_and_leaves_nothing_where_it_stands(cli: Cli) -> None:
    sweeps = cli.out / "sweeps"
    done = cli(
        "run", "-m", "device=fake", "chip=h20", "suite=smoke", "dtype=bf16,fp16", "quiet=true",
        "report=csv", f"out={cli.out / 'runs'}", f"hydra.sweep.dir={sweeps}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    header, first, second = done.stdout.splitlines()
    assert header.startswith("record,")
    assert [line.split(",")[6] for line in (first, second)] == ["bf16", "fp16"]
    told = [read(path).settings["dtype"] for path in cli.out.glob("runs/*/*.json")]
    assert sorted(map(str, told)) == ["bf16", "fp16"]
    assert list(sweeps.rglob("*")) == []


def test_what_lies_in_the_folder_of_a_sweep_is_left_there(cli: Cli) -> None:
    place = f"hydra.sweep.dir={cli.out}"
    done = cli("run", "-m", *SMOKE, "dtype=bf16,fp16", "quiet=true", f"out={cli.out}", place)
    assert (done.returncode, len(cli.records())) == (0, 2)
    assert (cli.out / "multirun.yaml").is_file()


def test_the_default_folder_of_a_sweep_is_removed_when_it_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_sweeps", lambda: tmp_path / "sweeps")
    monkeypatch.setattr(run, "execute", lambda _, **__: 0)
    monkeypatch.setattr(sys, "argv", [])
    assert main(["run", "-m", *SMOKE, "dtype=bf16,fp16"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_only_csv_is_printed_without_its_header_again(cli: Cli) -> None:
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    done = cli(
        "run", "-m", *SMOKE, "dtype=bf16", "report=csv,plain,csv", "quiet=true",
        f"out={cli.out}", place,
    )  # fmt: skip
    assert done.returncode == 0
    assert [line[:7] for line in done.stdout.splitlines()].count("record,") == 1
    assert "NVIDIA H20 compared with the sheet" in done.stdout


def test_a_sweep_ends_with_its_jobs_side_by_side(cli: Cli) -> None:
    words = (
        "device=fake",
        "chip=h20",
        "kernel=gemm",
        "data=normal,zeros",
        "dtype=bf16",
        "seconds=1",
    )
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    done = cli("run", "-m", *words, "report=github", "quiet=true", f"out={cli.out}", place)
    _, title, table = done.stdout.partition("**The sweep: 2 jobs**")
    assert (done.returncode, bool(title)) == (0, True)
    assert "All with device=fake" in table
    assert "In 1 of 2 jobs: inputs: zeros in the whole run" in table
    assert "\nA FAKE device" in table
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| bf16 matrix ")]
    assert [line[3].strip() for line in lines] == ["data=normal", "data=zeros"]
    assert sorted(line[7].strip() for line in lines) == sorted(one.stem for one in cli.records())


def test_of_a_sweep_of_repeated_runs_each_job_has_its_spread(cli: Cli) -> None:
    words = ("device=fake", "chip=h20", "kernel=gemm", "dtype=bf16,fp16", "seconds=1", "runs=2")
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    done = cli("run", "-m", *words, "report=github", "quiet=true", f"out={cli.out}", place)
    table = done.stdout.partition("Spread over runs")[2]
    lines = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    told = [line[1:4] for line in lines if len(line) > 4 and "matrix" in line[1]]
    assert told == [["bf16 matrix", "dtype=bf16", "2"], ["fp16 matrix", "dtype=fp16", "2"]]


@pytest.mark.parametrize("words", [("report=csv",), ("report=json",), ("report=plain,github",)])
def test_reports_for_programs_are_followed_by_no_table(words: tuple[str, ...], cli: Cli) -> None:
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    told = ("seed=1",) if "," in words[0] else ("seed=1,2",)
    seed = f"device.fake.{told[0]}"
    done = cli("run", "-m", *SMOKE, seed, *words, "quiet=true", f"out={cli.out}", place)
    assert (done.returncode, len(cli.records())) == (0, 2)
    assert "The sweep" not in done.stdout


def test_a_sweep_has_its_sizes_in_columns_and_its_json_is_one_array(cli: Cli) -> None:
    words = ("device=fake", "chip=h20", "kernel=gemm", "dtype=bf16", "m=512,1024", "n=64", "k=128")
    quick = ("seconds=1", "quiet=true", f"hydra.sweep.dir={cli.out / 'sweeps'}")
    rows = list(csv.DictReader(cli("run", "-m", *words, *quick, "report=csv").stdout.splitlines()))
    told = [(row["m"], row["n"], row["k"], row["layout"], row["elements"]) for row in rows]
    assert told == [("512", "64", "128", "nt", ""), ("1024", "64", "128", "nt", "")]
    assert rows[0]["parameters"] == "m=512 n=64 k=128 layout=nt"
    documents = json.loads(cli("run", "-m", *words, *quick, "report=json").stdout)
    assert [one["rows"][0]["m"] for one in documents] == [512, 1024]


def test_the_json_of_a_sweep_judges_each_record_by_its_own_margin(cli: Cli) -> None:
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    done = cli(
        "run", "-m", *SMOKE, "dtype=bf16", "margin=0.001,0.5", "report=json", "quiet=true",
        f"out={cli.out}", place,
    )  # fmt: skip
    assert [one["rows"][0]["verdict"] for one in json.loads(done.stdout)] == ["short", "reached"]


def test_of_a_large_sweep_every_value_stands_in_a_job() -> None:
    small = list(sweepwords._jobs([["a=1", "a=2"], [], ["b=1", "b=2"]]))
    assert small == [["a=1", "b=1"], ["a=1", "b=2"], ["a=2", "b=1"], ["a=2", "b=2"]]
    large = list(sweepwords._jobs([[f"{key}={one}" for one in range(10)] for key in "ab"]))
    assert len(large) == 19
    assert {word for words in large for word in words} == {
        f"{k}={n}" for k in "ab" for n in range(10)
    }


def test_a_sweep_goes_beside_the_runs_by_default() -> None:
    place = paths.runs_dir().parent / "sweeps"
    assert sweep._sweep_folder().startswith(f"hydra.sweep.dir='{place}/${{now:")


def test_a_wrong_value_of_a_sweep_is_found_before_anything_is_measured(cli: Cli) -> None:
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    done = cli("run", "-m", *SMOKE, "dtype=bf16,bf61,fp16", "quiet=true", f"out={cli.out}", place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "onpaper: kernel=gemm has no dtype 'bf61': did you mean 'bf16' or 'fp64' or 'fp16'?\n"
    )
    assert not cli.out.exists()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("variant=glob(*)", "variant=glob(*) stands for no value: write its values with commas"),
        ("m=range(5,1)", "m=range(5,1) stands for no value"),
        ("suite=glob(zz*)", "suite=glob(zz*) fits no suite: there are calibrate, full, "),
        ("seconds=interval(1,3)", "seconds=interval(1,3) is an interval: list its values, "),
    ],
)
def test_a_sweep_without_a_job_is_refused(
    word: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    sizes = ["n=8", "k=8"] if word.startswith("m=") else []
    told = ["device=fake", "chip=h20", *sizes, word, f"out={out}", f"hydra.sweep.dir={out}"]
    assert main(["run", "-m", *told]) == 2
    found = capsys.readouterr()
    assert (found.out, len(found.err.splitlines())) == ("", 1)
    assert found.err.startswith(f"onpaper: {said}")
    assert not out.exists()


def test_an_interval_is_left_to_the_sweeper_that_is_named() -> None:
    told = ["hydra/sweeper=other", "seconds=interval(1,3)", "dtype=bf16,fp16"]
    assert sweepwords._parsed(told) == [[told[0]], [], ["dtype=bf16", "dtype=fp16"]]


def test_a_sweep_ends_with_the_worst_code_of_its_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(config: RunConfig, **_: object) -> int:
        if config.dtype == "fp16":
            raise UsageError("it is not here")
        return 1 if config.dtype == "bf16" else 0

    monkeypatch.setattr(run, "execute", ended)
    monkeypatch.setattr(sys, "argv", [])
    sweep = ["run", "-m", *SMOKE, "dtype=bf16,fp16,fp32", f"hydra.sweep.dir={tmp_path}"]
    assert main(sweep) == 2
    assert capsys.readouterr().err == "onpaper: it is not here\n"


def test_ctrl_c_ends_the_sweep_and_not_only_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[RunConfig] = []

    def interrupted(config: RunConfig, **_: object) -> int:
        ran.append(config)
        return 130

    monkeypatch.setattr(run, "execute", interrupted)
    monkeypatch.setattr(sys, "argv", [])
    sweep = ["run", "-m", *SMOKE, "dtype=bf16,fp16", f"hydra.sweep.dir={tmp_path}"]
    assert main(sweep) == 130
    assert [config.dtype for config in ran] == ["bf16"]


@pytest.mark.parametrize(
    ("words", "jobs"),
    [
        (("dtype=bf16,fp16", "chip=昇腾910B"), [("bf16", None), ("fp16", None)]),
        (("dtype=choice(bf16,fp16)", "chip=h20"), [("bf16", None), ("fp16", None)]),
        (("seconds=range(1,3)", "chip=h20"), [(None, 1.0), (None, 2.0)]),
        (("dtype='bf16','fp16'", "out='a,b'"), [("bf16", None), ("fp16", None)]),
        (("suite=choice(smoke,quick)",), [(None, None), (None, None)]),
        (("suite=glob(s*)",), [(None, None)] * 3),
        (("dtype=[bf16,fp16]", "seconds=1,2"), [("[bf16,fp16]", 1.0), ("[bf16,fp16]", 2.0)]),
        (("dtype=[bf16, fp16],[fp8]",), [("[bf16, fp16]", None), ("[fp8]", None)]),
    ],
    ids=["commas", "choice", "range", "quotes", "group", "glob", "list", "lists"],
)
def test_a_sweep_speaks_the_whole_grammar_of_hydra(
    words: tuple[str, ...],
    jobs: list[tuple[str | None, float | None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str | None, float | None]] = []

    def noted(config: RunConfig, **_: object) -> int:
        ran.append((config.dtype, config.seconds))
        return 0

    monkeypatch.setattr(run, "execute", noted)
    monkeypatch.setattr(sys, "argv", [])
    assert main(["run", "-m", "device=fake", *words, f"hydra.sweep.dir={tmp_path}"]) == 0
    assert ran == jobs
