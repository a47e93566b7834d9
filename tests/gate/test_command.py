"""The command ``gate``: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest

from bench.gate.report import before, change
from bench.judging.rates import Interval
from bench.judging.titles import FAKE
from bench.paths import data_dir
from bench.records.store import write
from bench.report.formats import FORMATS
from bench.units import Dimension
from tests.gate.cases import gate, record, taken


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
    assert "The spread of the 3 earlier runs" in capsys.readouterr().out
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
        (
            "record=same.json against=before.json margin=0.3",
            "margin= only applies against a",
        ),
        ("record=same.json against=h20 least=0.5", "least= only applies against runs"),
        ("record=same.json against=h20 level=0.1", "level= only applies against runs"),
        ("record=same.json against=before.json allow=[x]", "allow= knows no 'x'"),
        ("record=same.json against=before.json junit=same.json/b.xml", "cannot be written"),
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
    assert "torn.json: is not JSON" in capsys.readouterr().err


def test_the_value_before_is_the_one_that_the_change_is_told_from(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = [record(seed, loss) for seed, loss in ((1, 0.1), (2, 0.5), (3, 0.0))]
    for seed, one in enumerate(ran):
        write(one, here / "runs" / f"{seed}.json")
    gate("record=same.json", "against=runs", "report=json")
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["ratio"] == pytest.approx(row["measured"] / row["measured_before"])


def test_a_sheet_has_no_shape_and_no_throttle_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert gate("record=20261126-054043", "against=h200", "report=json") == 1
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["verdict"], row["row_code"], row["exit_code"]) == ("short", 1, 1)
    assert row["record"].startswith("20261126-054043-cuda-")
    assert row["against"] == "nvidia-h200-sxm-141gb"
    assert (row["measured_before"], row["limit"]) == (None, 0.9)
    assert row["ratio"] == pytest.approx(row["measured"] / row["published"])
    assert (row["level"], row["least"], row["margin"]) == (None, None, 0.1)
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


def test_a_change_is_told_with_its_bounds_and_no_bound_beyond_twice() -> None:
    assert change(Interval(0.97, 0.96, 0.98)) == "-3.0% (-4.0 to -2.0)"
    assert change(Interval(1.001, 0.999, 1.003)) == "+0.10% (-0.10 to +0.30)"
    assert change(Interval(1.5, 0.5, 9.0)) == "+50.0% (-50.0 to above +100)"
    assert change(Interval(90.0, 80.0, 100.0)) == "+8900.0% (+7900.0 to +9900.0)"
    assert change(None) == "–"


def test_the_value_before_is_the_geometric_mean_of_several_runs() -> None:
    several = [taken(value=one) for one in (4e12, 1e12, 2e12)]
    assert before(several) == "2.000 TFLOP/s (of 3)"
    assert before([taken(value=one, dimension=Dimension.TIME) for one in (4.0, 1.0)]) == (
        "500.0 ms (of 2)"
    )
    assert before([*several[:1], taken(speed=None, shown="")]) == several[0].shown
    assert before([]) == ""


def test_a_row_for_programs_says_what_of_which_runs_and_how_strictly(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.is_dir()
    assert gate("record=slow.json", "against=before.json", "report=json", "least=0.02") == 1
    told = {row["measurement"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    row = told["memory bandwidth, copy"]
    assert (row["record"], row["against"]) == (record(2, 0.03).id, record(1).id)
    assert (row["exit_code"], row["row_code"], row["verdict"]) == (1, 1, "slower")
    assert (row["figure"], row["kernel"], row["dtype"]) == ("memory_bandwidth", "memory", "fp32")
    assert row["name"] == "memory fp32 normal copy memory_bandwidth"
    assert (row["level"], row["least"], row["margin"]) == (0.01, 0.02, None)
    assert (row["published"], row["runs_before"]) == (None, 1)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("against", ["before.json", "h20"])
def test_a_fake_device_is_marked_in_every_output(
    against: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gate("record=same.json", f"against={against}", "junit=gate.xml", "markdown=gate.md")
    summary = Path("gate.md").read_text(encoding="utf-8")
    assert FAKE in summary.partition("<details>")[0]
    assert FAKE in Path("gate.xml").read_text(encoding="utf-8")
    assert FAKE in capsys.readouterr().out
    gate("record=same.json", f"against={against}", "report=json")
    assert {row["backend"] for row in json.loads(capsys.readouterr().out)["rows"]} == {"fake"}


def test_many_new_rows_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    day = data_dir("results") / "records" / "2026-11-26"
    words = [f"record={day / 'h200-sxm-full.json'}", f"against={day / 'h200-sxm-llm.json'}"]
    gate(*words, "report=github")
    table = capsys.readouterr().out
    assert "New, with nothing to compare it with: memory bandwidth, copy; " in table
    assert "| new" not in table
    gate(*words, "report=json")
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert sum(row["verdict"] == "new" for row in rows) > 100
