"""The command ``gate``: what it prints, the files that it leaves for CI, and its exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.__main__ import main
from bench.errors import DataError
from bench.gate import pytestfile
from bench.gate.files import junit, markdown
from bench.gate.model import Finding, Row, Verdict
from bench.gate.report import before, change, report
from bench.importers import pytest_benchmark as importer
from bench.importers.base import Given
from bench.rates import Interval
from bench.records.model import Record
from bench.records.store import write
from bench.report.registry import FORMATS, set_in
from bench.report.registry import render as rendered
from tests.gate_cases import record
from tests.test_gate import taken

NASTY = "a<b>&\"'|`*_\x1b[31m\x00\n\ufffe]]>"
Words = Callable[..., int]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a record before and three after."""
    monkeypatch.chdir(tmp_path)
    for name, one in {
        "before": record(1), "same": record(2), "slow": record(2, 0.03),
        "clock": record(2, clock_share=0.96),
    }.items():  # fmt: skip
        write(one, tmp_path / f"{name}.json")
    return tmp_path


def gate(*words: str) -> int:
    return main(["gate", *words])


@pytest.mark.parametrize(("name", "code"), [("same", 0), ("slow", 1), ("clock", 3)])
def test_the_exit_code_tells_ci(
    name: str, code: int, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(f"record={name}.json", "against=before.json", "report=json") == code
    document = json.loads(capsys.readouterr().out)
    assert document["title"].startswith("gate: ")
    assert document["summary"][0].startswith(f"Exit code {code}: ")
    assert len(document["rows"]) == 3
    assert {row["unit"] for row in document["rows"]} == {"B/s", "FLOP/s"}
    assert all(row["ratio_low"] <= row["ratio"] <= row["ratio_high"] for row in document["rows"])
    assert sorted(path.name for path in here.iterdir()) == [
        "before.json", "clock.json", "same.json", "slow.json",
    ]  # fmt: skip


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("style", FORMATS)
def test_every_format_shows_the_rows(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate("record=slow.json", "against=before.json", f"report={style}") == 1
    told = capsys.readouterr().out
    assert all(word in told for word in ("memory bandwidth", "slower"))


def test_a_folder_is_a_set_and_its_newest_record_can_be_judged(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "runs"
    for seed in (1, 3, 4):
        write(record(seed), folder / f"{seed}.json")
    assert gate("record=same.json", "against=runs") == 0
    assert "What lies between the 3 runs before" in capsys.readouterr().out
    assert gate("record=runs", "against=slow.json") == 0  # faster than that
    capsys.readouterr()
    assert gate("record=runs", "against=runs") == 0  # the newest beside the other two
    assert "before 2 runs" in capsys.readouterr().out


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "gate needs against=: a record, a folder of records, or a chip"),
        ("record=same.json against=same.json", "is the run itself"),
        ("record=gone.json against=before.json", "no record 'gone.json'"),
        ("record=same.json against=gone.json", "no record 'gone.json'"),
        ("record=same.json against=h201", "of chips, did you mean 'h20'"),
        ("record=same.json against=h200", "is of nvidia-h20-sxm-96gb, not of nvidia-h200"),
        ("record=same.json against=before.json level=2", "level=2 must be"),
        ("record=same.json against=before.json margin=2", "margin=2 must be"),
        ("record=same.json against=before.json allow=[x]", "allow= knows no 'x'"),
        ("record=same.json against=before.json junit=a/b.xml", "there is no folder a"),
        ("record=same.json against=before.json markdown=.", "is a folder: name a file in it"),
        ("record=. against=empty", "no folder, record or chip 'empty' here"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(*words.split()) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert told in seen.err
    assert len(seen.err.splitlines()) == 1
    assert not Path("a").exists()


def test_an_empty_folder_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "none").mkdir()
    assert gate("record=none", "against=before.json") == 2
    assert gate("record=same.json", "against=none") == 2
    told = capsys.readouterr().err
    assert "the folder holds no record\n" in told
    assert "the folder holds no record besides the run itself" in told


@pytest.mark.parametrize("words", ["record=torn.json against=before.json",
                                   "record=same.json against=torn.json"])  # fmt: skip
def test_a_broken_record_is_not_called_slower(
    words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "torn.json").write_text((here / "slow.json").read_text()[:3000])
    assert gate(*words.split()) == 2
    assert "torn.json: is no JSON" in capsys.readouterr().err


def test_the_value_before_is_the_median_one_in_words_and_in_data(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = [record(seed, loss) for seed, loss in ((1, 0.1), (2, 0.2), (3, 0.0))]
    for seed, one in enumerate(ran):
        write(one, here / "runs" / f"{seed}.json")
    gate("record=same.json", "against=runs", "report=json")
    row = json.loads(capsys.readouterr().out)["rows"][0]
    gate("record=same.json", f"against={here / 'runs' / '0.json'}", "report=json")
    alone = json.loads(capsys.readouterr().out)["rows"]
    assert row["before"] == next(
        one["before"] for one in alone if one["measurement"] == row["measurement"]
    )


def test_a_sheet_has_no_shape_and_no_throttle_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert gate("record=20261126-054043", "against=h200", "report=json") == 1
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["shape_before"], row["throttle_before"]) == ("", "")
    assert row["shape"]
    assert row["throttle"]


@pytest.mark.usefixtures("here")
def test_a_chip_is_a_sheet_to_be_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert gate("record=same.json", "against=H20", "margin=0.5", "junit=gate.xml") == 0
    xml = Path("gate.xml").read_text(encoding="utf-8")
    assert " published, " in xml
    assert " measured<" in xml
    told = capsys.readouterr().out
    assert "against the sheet of nvidia-h20-sxm-96gb" in told
    assert "| published" in told


# JUnit XML


def suite(finding: Finding) -> ET.Element:
    found = ET.fromstring(junit(finding)).find("testsuite")  # noqa: S314 -- our own
    assert found is not None
    return found


def test_junit_tells_failures_from_what_is_not_settled(here: Path) -> None:
    gate("record=slow.json", "against=before.json", "junit=gate.xml")
    root = ET.parse(here / "gate.xml").getroot()  # noqa: S314 -- our own
    found = root.find("testsuite")
    assert found is not None
    assert {key: found.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "3", "errors": "0", "skipped": "0",
    }  # fmt: skip
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "3")
    for case in found.findall("testcase"):
        assert str(case.get("classname")).startswith("onpaper.")
        (failure,) = case.findall("failure")
        assert failure.get("type") == "slower"
        assert "% (-3." in str(failure.text) + str(failure.get("message"))
    gate("record=clock.json", "against=before.json", "junit=gate.xml")
    found = ET.parse(here / "gate.xml").getroot().find("testsuite")  # noqa: S314 -- our own
    assert found is not None
    assert (found.get("failures"), found.get("skipped")) == ("0", "1")
    assert "the clock fell" in str(found.find("testcase/skipped[@message]").attrib)  # type: ignore[union-attr]  # there is one


def row(title: str = NASTY, word: Verdict = Verdict.SLOWER, reason: str = NASTY) -> Row:
    one = taken(title, shown=NASTY)
    return Row(one, (one,), word, reason, Interval(0.9, 0.8, 0.95), counts=True)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_makes_sound_xml_of_the_same_cases(title: str, reason: str) -> None:
    finding = Finding(title, (reason,), (row(title, reason=reason),), (title,))
    found = suite(finding)
    (case,) = found.findall("testcase")
    (failure,) = case.findall("failure")
    assert str(failure.get("message")).startswith("slower")


@pytest.mark.parametrize("text", [NASTY, "x\ud800y", "<script>alert(1)</script>", "| a | b |"])
def test_nothing_of_a_record_breaks_out_of_its_cell(text: str) -> None:
    finding = Finding(text, (text,), (row(text, reason=text),), (text,))
    (case,) = suite(finding).findall("testcase")
    assert "\x1b" not in str(case.get("name"))
    told = markdown(finding)
    assert "<script>" not in told.replace("\\<", "")  # a backslash makes it a word
    assert "\x1b" not in told
    table = [line for line in told.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} <= {4, 6}
    for style in FORMATS:
        set_in(style, report(finding))


# the summary in Markdown


def test_a_summary_is_appended_and_names_what_counts(here: Path) -> None:
    summary = here / "summary.md"
    summary.write_text("## earlier\n", encoding="utf-8")
    gate("record=slow.json", "against=before.json", f"markdown={summary}")
    gate("record=same.json", "against=before.json", f"markdown={summary}")
    told = summary.read_text(encoding="utf-8")
    assert told.startswith("## earlier\n### gate: slower (3 slower)\n")
    assert told.count("### gate: ") == told.count("<details>") == told.count("</details>") == 2
    after = told.split("### gate: ")[2]
    assert after.split("<details>")[0].count("|") == 0  # nothing counts: no table before the fold


def test_a_summary_of_very_many_rows_is_cut_and_says_so() -> None:
    finding = Finding("t", (), tuple(row(f"r{number}", reason="x") for number in range(700)), ())
    told = markdown(finding)
    assert "... and 500 more." in told
    assert len(told) < 200_000


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full")
def test_a_file_that_cannot_be_written_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.is_dir()
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    assert gate("record=same.json", "against=before.json", "markdown=/dev/full") == 2
    assert "markdown=/dev/full cannot be written: No space left" in capsys.readouterr().err


# words


def test_a_change_is_told_with_its_bounds_and_no_bound_beyond_twice() -> None:
    assert change(Interval(0.97, 0.96, 0.98)) == "-3.0% (-4.0 to -2.0)"
    assert change(Interval(1.001, 0.999, 1.003)) == "+0.10% (-0.10 to +0.30)"
    assert change(Interval(1.5, 0.5, 9.0)) == "+50.0% (-50.0 to above +100)"
    assert change(Interval(90.0, 80.0, 100.0)) == "+8900.0% (+7900.0 to +9900.0)"
    assert change(None) == "–"
    several = [taken(value=one, shown=f"{one:g}") for one in (3.0, 1.0, 2.0)]
    assert before(several) == "2 (of 3)"
    assert before([]) == ""


# pytest-benchmark


def exported(one: Record, path: Path) -> Path:
    from bench.chips.load import catalogue

    path.write_text(rendered(one, catalogue(), "pytest-benchmark"), encoding="utf-8")
    return path


def test_a_record_becomes_a_file_that_pytest_benchmark_compares(tmp_path: Path) -> None:
    exported(record(1), tmp_path / "a.json")
    exported(record(2, 0.03), tmp_path / "b.json")
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", "a.json", "b.json",
         "--group-by=fullname", "--columns=min,max,mean,stddev,median,iqr,outliers,ops,rounds"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.strip() == ""
    shown = [line for line in done.stdout.splitlines() if line.startswith("gemm[")]
    assert len(shown) == 2
    assert all("4096x4096x4096" in line for line in shown)


@pytest.mark.parametrize(("name", "code"), [("same", 0), ("slow", 1)])
def test_the_gate_says_the_same_of_files_of_pytest_benchmark(
    name: str, code: int, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for one in ("before", name):
        assert main(["show", f"record={one}.json", "report=pytest-benchmark"]) == 0
        (here / f"{one}-pb.json").write_text(capsys.readouterr().out, encoding="utf-8")
    assert gate(f"record={name}-pb.json", "against=before-pb.json", "report=json") == code
    files = json.loads(capsys.readouterr().out)["rows"]
    gate(f"record={name}.json", "against=before.json", "report=json")
    records = json.loads(capsys.readouterr().out)["rows"]
    seen, wanted = (sorted(round(row["ratio"], 9) for row in rows) for rows in (files, records))
    assert seen == wanted


def test_a_record_and_a_file_of_pytest_benchmark_are_two_kinds(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(record(1), here / "pb.json")
    assert gate("record=same.json", "against=pb.json") == 2
    (here / "pbs").mkdir()
    exported(record(2), here / "pbs" / "pb.json")
    assert gate("record=same.json", "against=pbs") == 2
    told = capsys.readouterr().err
    assert told.count("give two of a kind") == 2
    assert gate("record=pb.json", "against=pbs") == 0


def test_an_export_has_every_sample_the_work_and_no_host(sheets: object) -> None:
    one = record(1)
    document = json.loads(rendered(one, sheets, "pytest-benchmark"))  # type: ignore[arg-type]  # the fixture
    assert document["machine_info"]["node"] == ""
    for found, own in zip(document["benchmarks"], one.measurements, strict=True):
        assert own.timing is not None
        assert own.work is not None
        assert tuple(found["stats"]["data"]) == own.timing.samples_s
        assert found["stats"]["median"] == own.timing.stats.median_s
        assert found["stats"]["iterations"] == own.timing.batch_calls
        assert found["extra_info"]["bytes"] == own.work.bytes
    given = Given(file="x.json", chip="nvidia-h20-sxm-96gb", by="us")
    rows = importer.read(json.dumps(document), given).rows
    assert [row.quantity for row in rows] == ["memory_copy", "memory_triad", "matmul_shape"]


def test_other_reports_are_not_of_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chips", "find=h20", "report=pytest-benchmark"]) == 2
    assert "report=pytest-benchmark is of a record" in capsys.readouterr().err


PLAIN = {
    "machine_info": {"system": "Linux", "cpu": {"brand_raw": "A CPU"}, "node": "secret"},
    "benchmarks": [
        {"fullname": "t.py::test_a", "name": "test_a", "extra_info": {},
         "stats": {"data": [0.001, 0.00101, 0.00099] * 10, "median": 0.001}},
        {"fullname": "t.py::test_b", "name": "test_b", "extra_info": {},
         "stats": {"median": 0.002, "iqr": 0.00001, "rounds": 50}},
    ],
    "datetime": "2026-01-01T00:00:00", "version": "5.3.1",
}  # fmt: skip


def test_times_of_others_are_compared_with_or_without_their_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = json.loads(json.dumps(PLAIN))
    slow["benchmarks"][1]["stats"]["median"] = 0.0022
    for name, data in (("a", PLAIN), ("b", slow)):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    assert gate(f"record={tmp_path / 'b.json'}", f"against={tmp_path / 'a.json'}") == 1
    told = capsys.readouterr().out
    assert "secret" not in told
    assert "t.py::test\\_b" in told or "t.py::test_b" in told


@pytest.mark.parametrize(
    ("change_", "told"),
    [
        ({"benchmarks": 3}, "benchmarks: is missing"),
        ({"benchmarks": [3]}, "holds what is no benchmark"),
        ({"benchmarks": [{"fullname": "a", "stats": {"data": [0]}}]}, "a: tells no times above 0"),
        ({"benchmarks": [{"fullname": "a", "stats": {"data": ["x"]}}]}, "tells no times above 0"),
        ({"benchmarks": [{"fullname": "a", "stats": {"median": 1}}]}, "tells no times above 0"),
        ({"benchmarks": [{"stats": {"data": [1, 2]}}]}, "?: tells no times above 0"),
    ],
)
def test_a_file_without_times_is_told(
    change_: dict[str, object], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**PLAIN, **change_}))
    with pytest.raises(DataError, match=r"x\.json") as caught:
        pytestfile.run_of(path)
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"machine_info": NaN}', "[" * 100_000])
def test_a_file_that_is_no_json_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"x\.json"):
        pytestfile.run_of(path)


def test_a_copy_of_a_run_is_no_other_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "set").mkdir()
    for name in ("own", "again"):
        write(record(2), here / "set" / f"{name}.json")
    assert gate("record=same.json", "against=set/own.json") == 2
    assert "is a copy of the run itself" in capsys.readouterr().err
    assert gate("record=same.json", "against=set") == 2
    assert "no run besides same itself, and copies of it" in capsys.readouterr().err
    for name in ("one", "two"):
        write(record(1), here / "set" / f"{name}.json")
    assert gate("record=same.json", "against=set", "report=json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["runs_before"] for row in told["rows"]} == {1}
