"""Wrong words cost one line that names the right ones, and help names every word there is."""

import dataclasses
import re
from importlib import import_module
from pathlib import Path

import pytest

from bench import __version__
from bench.__main__ import COMMANDS, main, module_of
from bench.commands import run
from bench.shapes import SHAPES, Fake
from tests.commands.cases import Cli
from tests.folders import ROOT


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program, in folders of this test."""
    return Cli(tmp_path)


WRONG = [
    ("rnu", "no command 'rnu': did you mean 'run' or 'rules'?"),
    ("devise=cpu", "run has no key 'devise': did you mean 'device'"),
    ("device=fake device.fake.nois=white", "did you mean 'noise' or 'noise_level'?"),
    ("device=fake device.fake.noise=whit", "no noise 'whit': choose from none, white, lognormal"),
    ("device=fake device.fake.noise_level=-1", "noise_level=-1 must be 0 or more, below 1"),
    ("device=fake device.fake.seed=-1", "device.fake.seed=-1 must be 0 or more"),
    ("suite=quik", "no suite 'quik': did you mean 'quick'?"),
    ("device=gpu", "no device 'gpu': try device=cuda, or device=accelerator"),
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
    ("device=fake seconds=soon", "seconds=soon: write a number"),
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
    ("resume=", "resume= is blank: name one, or leave the key out"),
    ("device=fake chip=", "chip= is blank: name one, or leave the key out"),
    ("report=md show", "the command comes first: python -m bench show ..."),
    ("run run", "'run' is no key=value"),
    ("device=fake --verbose", "'--verbose' is no key=value: try 'python -m bench run --help'"),
    ("run -m device=fake dtyp=bf16,fp16", "run has no key 'dtyp': did you mean 'dtype'"),
    ("run -m device=fake suite=smoke,quik", "no suite 'quik': did you mean 'quick'?"),
    ("run -m device=fake seconds=soon,5", "seconds=soon: write a number"),
    ("run -m device=fake dtype=bf16,fp61", "no dtype 'fp61': did you mean"),
    ("run -m device=fake data=normal,zreos", "no data 'zreos': did you mean 'zeros'?"),
    ("run -m device=fake kernel=choice(gemm,gem)", "no kernel 'gem': did you mean 'gemm'?"),
    ("run -m device=fake chip=h20,h2o", "no chip 'h2o' in specs/chips: did you mean 'h20'"),
    ("run -m device=fake precision=0.01,2", "precision=2 must be above 0 and at most 0.5"),
    ("run -m device=fake margin=0.1,2", "margin=2 must be above 0 and at most 0.9"),
    ("run -m device=fake device.fake.noise=none,wihte", "no noise 'wihte'"),
    ("run -m device=fake kernel=gemm,memory dtype=bf16", "kernel=memory has no dtype 'bf16'"),
    ("run -m device=fake seconds=range(1,200),soon", "'seconds=range(1,200),soon' cannot be read"),
    ("run -m device=fake seconds=range(1,6) dtype=bf16,fp61", "no dtype 'fp61'"),
    ("show record=/nonexistent", "no record '/nonexistent': there is no such file"),
    ("show record=missing.json", "no record 'missing.json': there is no such file"),
    ("show record=missing", "no record 'missing': choose from "),
    ("show chip=h20 record=latest", "give record= or chip=, not both"),
    ("show chip=", "chip= or record= is blank"),
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


SHUT = "/proc/onpaper" if Path("/proc/self").is_dir() else "/dev/null/onpaper"
"""A folder that nobody can make."""
RECORD = "record=h200-sxm-full"
AMISS = [
    ("report kind=plan devices=0", "devices=0 must be 1 to 1,000,000"),
    ("report kind=plan devices=9 out=FILE", "FILE is a file: out= is a folder"),
    (f"report kind=plan devices=9 out={SHUT}", "cannot be written to"),
    ("report kind=fleet records=NONE", "records=NONE is no"),
    ("report kind=fleet records=FILE", "records=FILE is no"),
    ("report kind=fleet records=EMPTY", "records=EMPTY holds no record"),
    ("report kind=fleet records=BLANK out=OUT", "records=BLANK holds no record: a.json is empty"),
    ("history records=FILE", "records=FILE is no"),
    ("history records=EMPTY", "records=EMPTY holds no record"),
    ("history records=BLANK", "records=BLANK holds no record: BLANK/a.json: is no record"),
    ("history limit=-1", "limit=-1 must be 0 or more"),
    ("bundle record=NONE", "there is no such file"),
    ("bundle record=EMPTY", "the folder holds no record"),
    (f"bundle {RECORD} out={SHUT}.onpaper.json", "cannot be written"),
    (f"bundle {RECORD} out=FILE", "a file ends in .onpaper.json"),
    ("import file=NONE", "there is no file 'NONE'"),
    ("import file=EMPTY", "is no regular file"),
    ("import file=BLANK/a.json", "a.json is empty"),
    ("export out=FILE", "FILE is a file: out= is a folder"),
    (f"export out={SHUT} tables=sources formats=csv", "cannot be written to"),
    ("export out=", "needs a folder"),
    ("site out=OUT records=NONE", "there is no such record or folder of records"),
    ("site out=OUT records=EMPTY", "records=EMPTY: the folder holds no record"),
    ("site out=OUT records=BLANK", "records=BLANK: the folder holds no record"),
    ("site out=FILE", "FILE is a file: out= is a folder"),
    ("site out=OUT on=2025-13-01", "on=2025-13-01 is no day"),
    ("evidence chip=h20 records=EMPTY", "records=EMPTY: the folder holds no record"),
]
"""Of files and folders that are missing, empty, of the other kind or not to be written."""


@pytest.mark.parametrize(("words", "said"), AMISS, ids=[words for words, _ in AMISS])
def test_a_place_that_is_none_costs_one_line_and_leaves_nothing(
    words: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site with records= of an empty folder was built without a word; a fleet of none printed."""
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "BLANK").mkdir()
    for name in ("FILE", "BLANK/a.json"):
        (tmp_path / name).touch()
    there = sorted(tmp_path.rglob("*"))
    given = re.sub("FILE|EMPTY|BLANK|NONE|OUT", rf"{tmp_path}/\g<0>", words)
    assert main(given.split()) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert said in told.err.replace(f"{tmp_path}/", "")
    assert sorted(tmp_path.rglob("*")) == there


def test_an_empty_out_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a variable that is not set: two files lay in the folder where one happened to be."""
    monkeypatch.chdir(tmp_path)
    assert main(["report", "kind=plan", "devices=9", "seed=1", "out="]) == 0
    assert "plan" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


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


RECORDS = ROOT / "results" / "records" / "2026-11-26"
READING = {
    "run": ("device=fake",), "show": ("chip=h20",), "compare": ("chips=h20,h100",),
    "rules": ("chip=h20",), "evidence": ("chip=h20",), "verdict": ("chips=h20,h100",),
    "predict": ("chips=h20", "workload=llama-3.1-8b"), "plot": ("kind=rules",),
    "gate": ("record=h200-sxm-full", "against=h200"), "history": ("figure=matrix_bf16",),
    "report": ("record=h200-sxm-full",), "bundle": ("record=h200-sxm-full",),
    "calibrate": ("record=h200-sxm-calibrate",), "fleet": (f"records={RECORDS}",),
    "import": (f"file={RECORDS / 'h200-sxm-full.json'}", "by=me"),
}  # fmt: skip
"""What has each command read the sheets, where it does not always."""


OFTEN = ("run", "doctor", "show", "chips", "import", "plot", "validate", "gate", "fleet", "bundle")
"""Commands that read sheets in ways of their own; the others read them as ``chips`` does."""


@pytest.mark.parametrize("command", OFTEN)
def test_help_names_the_exit_code_of_a_data_file_with_a_fault(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Half of the commands told of 0 and 2 alone, "evidence" among them."""
    monkeypatch.chdir(tmp_path)
    sheet = tmp_path / "own" / "chips" / "a.yaml"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("name: A", encoding="utf-8")
    out = (f"out={tmp_path / 'out'}",) if command in ("run", "site", "export") else ()
    code = main([command, *READING.get(command, ()), *out, f"specs={tmp_path / 'own'}"])
    assert "a.yaml: vendor" in "".join(capsys.readouterr())
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    told = " ".join(import_module(module_of(command)).HELP.partition("Exit code:")[2].split())
    means = dict(re.findall(r"\b(\d) ([^\d]+)", told.replace("5%", "").replace("10%", "")))
    assert re.search("fault|data file that cannot be read", means[str(code)])


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
