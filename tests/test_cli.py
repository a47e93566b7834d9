"""The program as it is typed: a process of its own, in an empty folder."""

import codecs
import csv
import dataclasses
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import __version__
from bench.__main__ import COMMANDS, _spelled, main
from bench.commands import fakes, run, sweep
from bench.config import compose
from bench.devices.fake import FakeSpec
from bench.errors import UsageError
from bench.records.model import Record
from bench.records.store import read
from bench.report.registry import FORMATS
from bench.shapes import SHAPES, Fake, RunConfig

ROOT = Path(__file__).resolve().parent.parent
SMOKE = ("device=fake", "chip=h20", "suite=smoke")
Done = subprocess.CompletedProcess[str]


class Cli:
    """Runs the program in an empty folder, with a home of its own."""

    def __init__(self, base: Path) -> None:
        self.cwd, self.out, home = base / "cwd", base / "out", base / "home"
        for folder in (self.cwd, home):
            folder.mkdir()
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "data"),
        }

    def __call__(
        self,
        *words: str,
        python: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> Done:
        """Runs ``python -m bench`` with the words given; nothing may be left where it stands."""
        done = subprocess.run(
            [sys.executable, *python, "-m", "bench", *words],
            cwd=self.cwd,
            env={**self.env, **(environment or {})},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert list(self.cwd.iterdir()) == []
        return done

    def measure(self, *words: str, environment: dict[str, str] | None = None) -> Done:
        """Runs a fake measurement whose record goes to ``out``."""
        return self(*SMOKE, f"out={self.out}", *words, environment=environment)

    def records(self) -> list[Path]:
        """The records written."""
        return sorted(self.out.rglob("*.json"))


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program, in folders of this test."""
    return Cli(tmp_path)


# what a run prints and leaves


@pytest.mark.parametrize("style", FORMATS)
def test_a_run_prints_its_report_alone_and_show_prints_the_same_bytes(cli: Cli, style: str) -> None:
    done = cli.measure(f"report={style}")
    assert done.returncode == 0
    (record,) = cli.records()
    again = cli("show", f"record={record}", f"report={style}")
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")


def test_a_run_tells_its_verdicts_and_its_record_on_stderr(cli: Cli) -> None:
    done = cli.measure()
    (path,) = cli.records()
    first, *verdicts, last = done.stderr.splitlines()
    assert first == (
        "onpaper fake device: nvidia-h20-sxm-96gb (chosen), suite smoke, "
        "4 measurements in about 6 s"
    )
    assert len(verdicts) == 4
    assert {line.split()[0] for line in verdicts} <= {"reached", "short", "undecided"}
    assert last == f"record: {path}"
    record = read(path)
    assert (record.state, len(record.measurements), path.parent.name) == (
        "complete",
        4,
        record.started_utc[:10],
    )


def test_the_default_report_is_a_table_for_an_issue(cli: Cli) -> None:
    done = cli.measure()
    lines = done.stdout.splitlines()
    assert lines[0] == "**onpaper fake device beside the sheet nvidia-h20-sxm-96gb**  "
    first = lines[: lines.index("**Identity: doubtful**")]
    assert len([line for line in first if line.startswith("|")]) == 2 + 4
    assert "A FAKE device: these figures are simulated and say nothing of any chip.  " in lines


def test_quiet_says_nothing_on_stderr(cli: Cli) -> None:
    done = cli.measure("quiet=true")
    assert (done.returncode, done.stderr, len(cli.records())) == (0, "", 1)
    assert done.stdout != ""


def test_no_colour_reaches_a_pipe_even_where_colour_is_forced(cli: Cli) -> None:
    plain, forced = (
        cli.measure("report=plain", environment={name: "1"}) for name in ("NO_COLOR", "FORCE_COLOR")
    )
    for done in (plain, forced):
        assert "\x1b" not in done.stdout + done.stderr


def test_the_latest_record_and_an_id_are_found_in_out(cli: Cli) -> None:
    done = cli.measure()
    (path,) = cli.records()
    for words in ((), ("record=latest",), (f"record={path.stem}",)):
        assert cli("show", f"out={cli.out}", *words).stdout == done.stdout


def test_values_that_look_like_grammar_are_taken_as_text(cli: Cli) -> None:
    name = "H20 {a} [b], 'c' = d"
    folder = cli.out / "a,b=c (d)"
    done = cli(*SMOKE, "report=json", f"out={folder}", f"device.fake.name={name}")
    assert done.returncode == 0
    assert json.loads(done.stdout)["rows"][0]["device"] == name
    assert len(list(folder.rglob("*.json"))) == 1


# wrong words


WRONG = [
    ("rnu", "no command 'rnu': did you mean 'run' or 'rules'?"),
    ("devise=cpu", "run has no key 'devise': did you mean 'device'"),
    ("device=fake device.fake.nois=white", "did you mean 'noise' or 'noise_level'?"),
    ("device=fake device.fake.noise=whit", "no noise 'whit': choose from none, white, lognormal"),
    ("device=fake device.fake.noise_level=-1", "noise_level=-1 must be 0 or more, below 1"),
    ("device=fake device.fake.seed=-1", "device.fake.seed=-1 must be 0 or more"),
    ("suite=quik", "no suite 'quik': did you mean 'quick'?"),
    ("device=cuad", "no device 'cuad': did you mean 'cuda' or 'gcu'"),
    ("report=htlm device=fake", "no report 'htlm': did you mean 'html'?"),
    ("device=fake report.format=htlm", "no report 'htlm': did you mean 'html'?"),
    ("device=fake chip=h2o", "no chip 'h2o' in specs/chips: did you mean 'h20' or 'h200'"),
    ("device=fake data=nrmal", "no data 'nrmal': did you mean 'normal'"),
    ("device=fake dtype=bf61", "no dtype 'bf61': did you mean 'bf16'"),
    ("device=fake kernel=gem", "no kernel 'gem': did you mean 'gemm'?"),
    ("device=fake seconds=-1", "seconds=-1 must be above 0"),
    ("device=fake seconds=inf", "seconds=inf must be above 0 and at most 86400"),
    ("device=fake seconds=86401", "seconds=86401 must be above 0 and at most 86400"),
    ("device=fake seconds=soon", "seconds: Value 'soon' of type 'str' could not be converted"),
    ("device=fake precision=2", "precision=2 must be above 0 and at most 0.5"),
    ("device=fake margin=0", "margin=0 must be above 0 and at most 0.9"),
    ("device=fake m=128", "a fixed shape needs m, n and k: n, k missing"),
    ("device=fake m=0 n=1 k=1", "m=0 must be 1 or more, and at most"),
    ("device=fake m=1000001 n=1 k=1", "m=1000001 must be 1 or more, and at most 1,000,000"),
    (
        "device=fake kernel=memory dtype=bf16",
        "kernel=memory has no dtype 'bf16': choose from: fp32",
    ),
    ("device=fake suite.items=[]", "suite quick has nothing to measure: see suite.items"),
    ("device=fake:1", "no device 'fake:1': the fake device is one device"),
    ("device=cpu:1", "no device 'cpu:1' here: the CPU is one device: device=cpu"),
    ("device=fake --verbose", "'--verbose' is no key=value: try 'python -m bench run --help'"),
    ("run -m device=fake dtyp=bf16,fp16", "run has no key 'dtyp': did you mean 'dtype'"),
    ("run -m device=fake suite=smoke,quik", "no suite 'quik': did you mean 'quick'?"),
    ("run -m device=fake seconds=soon,5", "seconds: Value 'soon' of type 'str'"),
    ("run -m device=fake dtype=bf16,fp61", "no dtype 'fp61': did you mean"),
    ("run -m device=fake data=normal,zreos", "no data 'zreos': did you mean 'zeros'?"),
    ("run -m device=fake kernel=choice(gemm,gem)", "no kernel 'gem': did you mean 'gemm'?"),
    ("run -m device=fake chip=h20,h2o", "no chip 'h2o' in specs/chips: did you mean 'h20'"),
    ("run -m device=fake precision=0.01,2", "precision=2 must be above 0 and at most 0.5"),
    ("run -m device=fake margin=0.1,2", "margin=2 must be above 0 and at most 0.9"),
    ("run -m device=fake device.fake.noise=none,wihte", "no noise 'wihte'"),
    ("run -m device=fake kernel=gemm,memory dtype=bf16", "kernel=memory has no dtype 'bf16'"),
    ("run -m device=fake seconds=range(1,200),soon", "'seconds=range(1,200),soon' cannot be read"),
    ("run -m device=fake seconds=range(1,80) dtype=bf16,fp61", "no dtype 'fp61'"),
    ("show record=/nonexistent", "no record '/nonexistent': there is no such file"),
    ("show record=missing.json", "no record 'missing.json': there is no such file"),
    ("show record=missing", "no record 'missing': choose from "),
    ("show chip=h20 record=latest", "give record= or chip=, not both"),
    ("show margin=1", "margin=1 must be above 0 and at most 0.9"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[words for words, _ in WRONG])
def test_a_wrong_word_costs_one_line_and_nothing_is_started(
    words: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    told = words.split()
    if told[0] == "show" or "=" in words:
        told.append("out=records")
    assert main(told) == 2
    heard = capsys.readouterr()
    assert (heard.out, heard.err.count("\n")) == ("", 1)
    assert heard.err.startswith("onpaper: ")
    assert said in heard.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rnu", "onpaper: no command 'rnu': did you mean 'run' or 'rules'?\n"),
        (
            "run devise=cpu",
            "onpaper: run has no key 'devise': did you mean 'device' or 'resume'?\n",
        ),
        ("run -m dtyp=a,b", "onpaper: run has no key 'dtyp': did you mean 'dtype' or 'data'?\n"),
    ],
)
def test_a_wrong_word_ends_the_process_with_code_2(cli: Cli, words: str, said: str) -> None:
    done = cli(*words.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


OTHERS = [
    (("chips", "tier=exprt"), "no tier 'exprt': did you mean 'export'?"),
    (("chips", "vendor=nvidea"), "no vendor 'nvidea': did you mean 'nvidia'?"),
    (("doctor", "quiet=true"), "doctor has no key 'quiet'"),
    (("doctor", "device=fake", "chip=h2o"), "did you mean 'h20'"),
    (("doctor", "device=fake:2"), "no device 'fake:2'"),
    (("check", "specs=nowhere"), "specs=nowhere: there is no chips/ folder in it"),
]


@pytest.mark.parametrize(("words", "said"), OTHERS, ids=[" ".join(words) for words, _ in OTHERS])
def test_other_commands_name_the_wrong_word_too(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith("onpaper: ")
    assert said in told.err


# help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_names_every_key(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "\nExamples\n" in text
    assert "\nExit code: 0" in text
    keys = [one.name for one in dataclasses.fields(SHAPES[command])]
    assert [key for key in keys if not re.search(rf"(^|\W){key}(\.\w+)?=", text)] == []
    assert max(map(len, text.splitlines())) <= 100


def test_help_of_run_names_what_the_fake_takes() -> None:
    line = next(line for line in run.HELP.splitlines() if "device.fake." in line)
    assert [one.name for one in dataclasses.fields(Fake) if one.name not in line] == []


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name}" not in text] == []


def test_help_of_a_command_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "rules"]) == main(["rules", "--help"]) == 0
    text = capsys.readouterr().out
    assert text == 2 * text[: len(text) // 2]
    assert text.startswith("python -m bench rules")


def test_a_python_without_the_packages_costs_one_line(cli: Cli) -> None:
    done = cli("compare", "chips=h20,h100", python=("-S",))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert re.match(r"onpaper: \S+ lacks the package '\w+': 'make run' in the clone", done.stderr)
    assert "pip install ." in done.stderr


def test_a_module_of_our_own_that_is_missing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "nowhere", "has no module")
    with pytest.raises(ModuleNotFoundError, match=r"bench\.commands\.nowhere"):
        main(["nowhere"])


def test_the_version_is_told(cli: Cli) -> None:
    done = cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"onpaper {__version__}\n", "")


# the other commands


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("h20", "**NVIDIA H20 SXM 96GB**  "),
        ("昇腾910B", "**Huawei Ascend 910B (bin unknown)**  "),
        ("NVIDIA-H20-SXM-96GB", "**NVIDIA H20 SXM 96GB**  "),
    ],
)
def test_a_sheet_is_shown_by_alias_id_and_local_name(cli: Cli, word: str, title: str) -> None:
    done = cli("show", f"chip={word}")
    assert (done.returncode, done.stderr, done.stdout.splitlines()[0]) == (0, "", title)


def test_chips_are_listed_by_tier_and_by_word(cli: Cli) -> None:
    table = cli("chips", "tier=export", "report=csv")
    found = list(csv.DictReader(io.StringIO(table.stdout)))
    assert {row["tier"] for row in found} == {"export"}
    assert float(next(r for r in found if r["chip"] == "nvidia-h20-sxm-96gb")["tdp_W"]) == 400.0
    by_word = cli("chips", "find=910", "report=json")
    chips = [row["chip"] for row in json.loads(by_word.stdout)["rows"]]
    assert "huawei-ascend-910b" in chips
    assert (table.returncode, by_word.returncode, table.stderr + by_word.stderr) == (0, 0, "")


def test_the_shipped_data_has_no_fault(cli: Cli) -> None:
    done = cli("check")
    assert (done.returncode, done.stderr) == (0, "")
    counted = (
        r"\d+ sheets, \d+ designs, \d+ rules, \d+ sources, \d+ workloads, \d+ claims, "
        r"\d+ reported values, \d+ rows of tables, \d+ records: no faults\n"
    )
    assert re.fullmatch(counted, done.stdout)


def test_check_names_all_faults_one_a_line(cli: Cli, tmp_path: Path) -> None:
    specs = tmp_path / "specs"
    (specs / "chips").mkdir(parents=True)
    (specs / "sources.yaml").write_text("here: {url: https://example.org, kind: rumour}\n")
    (specs / "chips" / "a-b.yaml").write_text("name: A\nvendro: b\n")
    (specs / "chips" / "c-d.yaml").write_text("- a list\n")
    (specs / "chips" / "e-f.yaml").write_text("name: [\n")
    done = cli("check", f"specs={specs}")
    *faults, last = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    counted = (
        r"0 sheets, 0 designs, 0 rules, 0 sources, 0 workloads, 0 claims, "
        rf"\d+ reported values, \d+ rows of tables, \d+ records: {len(faults)} faults"
    )
    assert re.fullmatch(counted, last)
    for start in (
        "specs/sources.yaml: here.kind: ",
        "specs/sources.yaml: here.accessed: ",
        "specs/chips/a-b.yaml: vendor: ",
        "specs/chips/a-b.yaml: vendro: ",
        "specs/chips/c-d.yaml: is not a mapping; ",
        "specs/chips/e-f.yaml: ",
        "specs/vendors.yaml: ",
    ):
        assert [line for line in faults if line.startswith(start)] != [], start


def test_doctor_describes_device_chip_and_reasons(cli: Cli) -> None:
    done = cli("doctor", "device=fake", "chip=h20")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0] == "device: onpaper fake device (fake:0)"
    assert "chip: nvidia-h20-sxm-96gb (chosen)" in lines


NO_TORCH = [
    ("chips",),
    ("show", "chip=h20"),
    ("check",),
    ("doctor", "device=fake"),
    ("run", *SMOKE),
    ("run", "--help"),
]


@pytest.mark.parametrize("words", NO_TORCH, ids=[" ".join(words) for words in NO_TORCH])
def test_torch_is_not_loaded_where_no_device_is_used(cli: Cli, words: tuple[str, ...]) -> None:
    out = [f"out={cli.out}"] if "chip=h20" in words else []
    done = cli(*words, *out, python=("-X", "importtime"))
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "bench.errors" in loaded
    assert loaded.isdisjoint({"torch", "pandas"})


# ends


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


@pytest.mark.parametrize("place", ["x.json", "here"])
def test_out_is_a_folder(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").touch()
    assert main(["device=fake", f"out={place}"]) == 2
    assert capsys.readouterr().err.startswith(f"onpaper: out={place}: out= is a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_terminal_without_a_dash_is_given_ascii(cli: Cli) -> None:
    done = cli.measure(environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    for text in (done.stdout, done.stderr):
        assert text.isascii()
        assert re.search(r"\([\d.,]+-[\d.,]+\)", text)
    assert "?" not in done.stderr


def test_what_has_no_spelling_in_ascii_is_a_question_mark() -> None:
    codecs.register_error("onpaper", _spelled)
    assert "1–2 × 昇 …".encode("ascii", "onpaper") == b"1-2 x ? ..."


def test_a_sweep_runs_every_job_and_leaves_nothing_where_it_stands(cli: Cli) -> None:
    sweeps = cli.out / "sweeps"
    done = cli(
        "run", "-m", "device=fake", "chip=h20", "suite=smoke", "dtype=bf16,fp16", "quiet=true",
        "report=csv", f"out={cli.out / 'runs'}", f"hydra.sweep.dir={sweeps}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    header, first, second = done.stdout.splitlines()
    assert header.startswith("record,")
    assert [line.split(",")[5] for line in (first, second)] == ["bf16", "fp16"]
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
    monkeypatch.setattr(run, "execute", lambda _: 0)
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
    assert "onpaper fake device beside the sheet" in done.stdout


def test_of_a_large_sweep_every_value_stands_in_a_job() -> None:
    small = list(sweep._jobs([["a=1", "a=2"], [], ["b=1", "b=2"]]))
    assert small == [["a=1", "b=1"], ["a=1", "b=2"], ["a=2", "b=1"], ["a=2", "b=2"]]
    large = list(sweep._jobs([[f"{key}={one}" for one in range(10)] for key in "ab"]))
    assert len(large) == 19
    assert {word for words in large for word in words} == {
        f"{k}={n}" for k in "ab" for n in range(10)
    }


def test_a_sweep_goes_beside_the_runs_by_default() -> None:
    place = ROOT / "results" / "sweeps"
    assert sweep._sweep_folder().startswith(f"hydra.sweep.dir='{place}/${{now:")


def test_a_wrong_value_of_a_sweep_is_found_before_anything_is_measured(cli: Cli) -> None:
    place = f"hydra.sweep.dir={cli.out / 'sweeps'}"
    done = cli("run", "-m", *SMOKE, "dtype=bf16,bf61,fp16", "quiet=true", f"out={cli.out}", place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "onpaper: kernel=gemm has no dtype 'bf61': did you mean 'bf16' or 'fp64' or 'fp16'?\n"
    )
    assert not cli.out.exists()


def test_a_sweep_ends_with_the_worst_code_of_its_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(config: RunConfig) -> int:
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

    def interrupted(config: RunConfig) -> int:
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
    ],
    ids=["commas", "choice", "range", "quotes", "group", "glob"],
)
def test_a_sweep_speaks_the_whole_grammar_of_hydra(
    words: tuple[str, ...],
    jobs: list[tuple[str | None, float | None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[str | None, float | None]] = []

    def noted(config: RunConfig) -> int:
        ran.append((config.dtype, config.seconds))
        return 0

    monkeypatch.setattr(run, "execute", noted)
    monkeypatch.setattr(sys, "argv", [])
    assert main(["run", "-m", "device=fake", *words, f"hydra.sweep.dir={tmp_path}"]) == 0
    assert ran == jobs


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
    ],
    ids=["broken", "eliminated", "unsupported"],
)
def test_only_a_failed_measurement_makes_the_run_exit_1(
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
    monkeypatch.setattr("bench.commands.live.Live._measured", interrupt)
    assert run.execute(smoke()) == 130
    assert signal.getsignal(signal.SIGTERM) == before
    out = capsys.readouterr().out
    assert "The run is interrupted: what was measured until then is shown.  \n" in out
    (path,) = tmp_path.rglob("*.json")
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
    assert (read(path).state, err.splitlines()[-1]) == ("interrupted", f"record: {path}")
    assert gone(process.pid)
    assert list(cli.cwd.iterdir()) == []


def gone(group: int, patience_s: float = 10.0) -> bool:
    """Whether every process of a group has ended within a while."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
