"""The series that the points of many records make, and what is counted of those that make none."""

import json
from pathlib import Path

import pytest

from bench import paths
from bench.__main__ import main
from bench.records.model import Conditions, Record
from tests.records.fleet_records import in_shapes, of_device, of_fp32, put


def test_a_fall_with_the_clock_says_so(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing but the clock changed, that is what the records tell."""
    for turn in range(20):
        late = turn >= 10
        seen = Conditions(
            at_s=(0.0,),
            clock_hz=(1.69e9 if late else 1.8e9,),
            throttle=("software thermal slowdown",) if late else (),
        )
        one = of_device(record, 0, (1.06 if late else 1.0) * (1 + 0.001 * (turn % 5)), turn=turn)
        ran = tuple(each.model_copy(update={"conditions": seen}) for each in one.measurements)
        put(one.model_copy(update={"measurements": ran}), tmp_path / "records")
    words = ["history", "figure=matrix_bf16", f"records={tmp_path / 'records'}"]
    told = "clock 1.80 GHz -> 1.69 GHz (-6.1%); throttled: software thermal slowdown"
    assert main([*words, "report=github"]) == 0
    out = capsys.readouterr().out
    assert "nothing else that the records show" not in out
    assert out.count(told) == 2
    assert main([*words, "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {(one["clock_hz"], one["throttle"]) for one in rows} == {
        (1.8e9, ""),
        (1.69e9, "software thermal slowdown"),
    }


def test_series_on_other_inputs_are_told_apart(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for turn, data in enumerate(("normal", "zeros")):
        one = of_device(record, 0, turn=turn)
        measured = tuple(each.model_copy(update={"data": data}) for each in one.measurements)
        told = {**one.settings, "data": data, "m": 8}
        changed = {"settings": told, "measurements": measured}
        put(one.model_copy(update=changed), tmp_path / "records")
    words = ["history", "figure=matrix_bf16", f"records={tmp_path / 'records'}"]
    assert main([*words, "report=github"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| bf16")]
    assert ["on zeros" in line for line in lines] == [False, True]
    assert main([*words, "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(one["data"], one["asked"]) for one in rows] == [("normal", "m=8"), ("zeros", "m=8")]


def test_each_fixed_shape_is_a_series(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(in_shapes(record), tmp_path / "records")
    for figure in ("matrix_bf16", "gemm"):
        words = ["history", f"figure={figure}", f"records={tmp_path / 'records'}", "report=json"]
        assert main(words) == 0
        rows = json.loads(capsys.readouterr().out)["rows"]
        assert {one["sizes"] for one in rows} == {"64 x 512 x 512", "512 x 512 x 512"}


@pytest.mark.parametrize(("limit", "rows"), [("20", 1), ("0", 3)])
def test_fixed_shapes_of_one_point_are_counted_and_not_listed(
    limit: str, rows: int, record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows of a suite of fixed shapes hid the one series that goes on."""
    put(record, tmp_path / "records")
    put(in_shapes(record).model_copy(update={"id": f"{record.id}0"}), tmp_path / "records")
    words = ["history", "figure=matrix_bf16", f"records={tmp_path / 'records'}", "report=github"]
    assert main([*words, f"limit={limit}"]) == 0
    out = capsys.readouterr().out
    assert out.partition("Points of")[0].count("| bf16 matrix") == rows
    hidden = (
        "2 fixed shapes of one point are not shown, nor 1 record without any other series: limit=0"
    )
    assert (hidden in out) is (rows == 1)


def test_a_kernel_is_followed_by_the_figure_that_the_sheet_prints(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(of_fp32(record), tmp_path / "records")
    words = ["history", "figure=gemm", f"records={tmp_path / 'records'}", "report=json"]
    assert main(words) == 0
    assert [one["figure"] for one in json.loads(capsys.readouterr().out)["rows"]] == ["vector_fp32"]


def test_a_series_of_few_points_is_drawn_as_one_that_is_too_short(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for turn in range(5):
        put(of_device(record, 0, turn=turn), tmp_path / "few")
    words = ["plot", "kind=history", f"records={tmp_path / 'few'}", f"out={tmp_path / 'plots'}"]
    assert main([*words, "figure=matrix_bf16", "formats=svg"]) == 0
    drawn = Path(capsys.readouterr().out.split()[0]).read_text(encoding="utf-8")
    assert "5 runs, too few to find a change" in drawn
    assert "no change of level" not in drawn


@pytest.mark.parametrize(
    ("suites", "told"),
    [
        (["quick"], "1 record of matrix_bf16 here: a plot over time needs 2; records=FOLDER"),
        (["quick", "full"], "2 records of matrix_bf16 here, no two alike in device, suite and"),
    ],
)
def test_records_that_make_no_plot_are_counted(
    suites: list[str], told: str, record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for turn, suite in enumerate(suites):
        made = of_device(record, 0, turn=turn)
        put(made.model_copy(update={"suite": suite}), tmp_path / "few")
    words = ["plot", "kind=history", f"records={tmp_path / 'few'}", f"out={tmp_path / 'plots'}"]
    assert main([*words, "figure=matrix_bf16"]) == 2
    assert told in capsys.readouterr().err


def test_only_records_with_a_point_that_is_shown_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The heading said "3 records", of which two had nothing but shapes that are not shown."""
    records = paths.data_dir("results") / "records"
    words = ["history", "figure=matrix_bf16", "chip=h200", f"records={records}", "report=json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["heading"] == ["1 record, 2026-11-26"]
    hidden = "are not shown, nor 2 records without any other series: limit=0 shows them."
    assert document["summary"][-1].endswith(hidden)
    assert main([*words, "limit=0"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["heading"] == ["3 records, 2026-11-26"]
