"""The program as it is typed: a process of its own, in an empty folder."""

import codecs
import csv
import io
import json
import re
from pathlib import Path

import pytest

from bench import __version__
from bench.__main__ import _spelled, main
from bench.records.store import read
from bench.report.formats import FORMATS
from tests.commands.cases import SMOKE, Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program, in folders of this test."""
    return Cli(tmp_path)


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
        "NVIDIA H20 (simulated): nvidia-h20-sxm-96gb (chosen), suite smoke, "
        "4 measurements in up to 6 s"
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
    assert lines[0] == "**NVIDIA H20 compared with the sheet nvidia-h20-sxm-96gb**  "
    first = lines[: lines.index("**Identity: consistent**")]
    assert len([line for line in first if line.startswith("|")]) == 2 + 4
    assert "A FAKE device: these figures are simulated and say nothing about any chip.  " in lines


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
    (specs / "vendors.yaml").write_text("b: {name: B}\n")
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
    assert lines[0] == "device: NVIDIA H20 (fake:0)"
    assert "chip: nvidia-h20-sxm-96gb (chosen)" in lines


def test_doctor_shows_the_fake_that_a_run_would_measure(cli: Cli) -> None:
    """Whatever chip was asked for, the default fake was shown: 78 units."""
    lines = cli("doctor", "device=fake", "chip=h100").stdout.splitlines()
    assert ("  units: 132" in lines, "  memory: 76,294 MiB" in lines) == (True, True)


@pytest.mark.parametrize(
    ("nominal_hz", "warned"),
    [
        pytest.param(2.46e9, ["the clock could not be told: 1.43 GHz to 2.46 GHz"], id="far-below"),
        pytest.param(1.5e9, [], id="about-nominal"),
        pytest.param(None, [], id="nominal-not-known"),
    ],
)
def test_doctor_warns_of_a_clock_that_cannot_be_told(
    nominal_hz: float | None, warned: list[str]
) -> None:
    from bench.commands.doctor import _warnings
    from bench.records.model import DeviceInfo

    device = DeviceInfo(
        backend="cpu", name="A CPU", clock_measured_hz=1.429e9, clock_nominal_hz=nominal_hz
    )
    told = [one.split(": ", 1)[1] for one in _warnings(device) if "clock" in one]
    assert [one.rsplit(":", 1)[0] for one in told] == warned


def test_doctor_tells_a_small_cache_in_its_own_unit() -> None:
    from bench.commands.doctor import _words

    told = [_words(*one) for one in (("l2_bytes", 524288.0), ("memory_bytes", 25769803776.0))]
    assert told == ["l2: 512 KiB", "memory: 24,576 MiB"]


@pytest.mark.parametrize("place", ["x.json", "here"])
def test_out_is_a_folder(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").touch()
    assert main(["device=fake", f"out={place}"]) == 2
    assert capsys.readouterr().err.startswith(f"onpaper: out={place}: out= is a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize(
    "words",
    [("gate", "record=nosuch", "against=base"), ("show", "chip=nosuch"), ("nosuch",), ("kernl=x",)],
)
def test_an_error_is_an_object_where_json_was_asked_for(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli(*words, "report=json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit_code"]) == (2, 2)
    assert document["onpaper"] == __version__
    assert done.stderr == f"onpaper: {document['error']}\n"
    assert cli(*words).stdout == ""


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
