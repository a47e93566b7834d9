"""A figure over many records, as a list, a table of points, and a plot."""

import json
from pathlib import Path

import pytest

from bench import paths
from bench.__main__ import main
from bench.records.model import Record
from tests.records.fleet_records import of_device, of_fp32, put


def test_a_change_is_told_with_what_changed_beside_it(
    month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["history", "figure=matrix_bf16", f"records={month}", "chip=h20"]
    assert main([*words, "report=github"]) == 0
    told = capsys.readouterr().out
    assert "driver 570.2 -> 580.1" in told
    assert "fell by 5.7% from 2026-11-15 on with driver 570.2 -> 580.1" in told
    assert main([*words, "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [one["started_utc"][:10] for one in rows if one["changed"]] == ["2026-11-15"]


def test_points_have_a_column_of_changes_where_one_is_shown(
    month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for limit, marked in ((3, False), (20, True)):
        words = [f"records={month}", "chip=h20", f"limit={limit}", "report=github"]
        assert main(["history", "figure=matrix_bf16", *words]) == 0
        told = capsys.readouterr().out
        assert ("◀ changed" in told) is marked
        assert ("| level " in told) is marked


def test_an_empty_list_says_how_it_is_filled(
    month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (month / "torn.json").write_text("{", encoding="utf-8")
    assert main(["history", f"records={month}", "chip=mi300x", "report=plain"]) == 0
    told = capsys.readouterr().out
    assert "No record fits. Each run leaves one" in told
    assert "1 file cannot be read as a record: " in " ".join(told.split())  # lines are broken


def test_records_are_listed_the_newest_first(
    month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", f"records={month}", "limit=2", "report=json"]) == 0
    told = json.loads(capsys.readouterr().out)["rows"]
    assert [one["started_utc"][:10] for one in told] == ["2026-11-24", "2026-11-23"]


def test_a_record_names_its_node_but_no_path(
    month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", f"records={month}", "limit=0", "report=plain"]) == 0
    told = capsys.readouterr().out
    assert "n00" in told
    assert str(month) not in told


def test_a_history_is_drawn_with_its_change(
    month: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plot", "kind=history", f"records={month}", f"out={tmp_path / 'plots'}"]
    assert main([*words, "figure=matrix_bf16", "formats=svg"]) == 0
    drawn, table = map(Path, capsys.readouterr().out.split())
    told = drawn.read_text(encoding="utf-8")
    assert "fell by 5.7% from 2026-11-15 on" in told
    assert "-5.7%" in told
    rows = table.read_text(encoding="utf-8").splitlines()
    assert sum(row.endswith(",True") for row in rows) == 1
    assert len(rows) == 25
    assert main(words) == 2
    assert "give figure=" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["figure=matrix_bf61"], "no record tests 'matrix_bf61': did you mean 'matrix_bf16'"),
        (["figure=gem"], "did you mean 'gemm'"),
        (["figure=gemm", "find=h999"], "no device with 'h999' in its name"),
        (["figure=gemm", "chip=h100-sxm"], "no record of chip 'nvidia-h100-sxm-80gb'"),
        (["level=0.01"], "level= needs figure="),
        (["figure=gemm", "level=0.7"], "level=0.7 must lie between 0.0005 and 0.5"),
        (["limit=-1"], "limit=-1 must be 0 or more"),
        (["sql=SELECT 1", "chip=h20"], "leave out chip="),
        (["sql=' '"], "sql= is empty"),
    ],
)
def test_a_wrong_word_costs_one_line(
    words: list[str], said: str, month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", f"records={month}", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["figure=matrix_bf16"], []])
def test_a_fake_device_is_marked(
    words: list[str], month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", *words, f"records={month}", "report=github"]) == 0
    assert "FAKE onpaper fake device" in capsys.readouterr().out
    assert main(["history", *words, f"records={month}", "report=json"]) == 0
    assert {one["backend"] for one in json.loads(capsys.readouterr().out)["rows"]} == {"fake"}


@pytest.mark.parametrize(
    ("figure", "labels"),
    [("matrix_bf16", {"", "sustained"}), ("vector_bf16", {"multiply-add in registers"})],
)
def test_a_product_is_of_the_figure_that_its_chips_sheet_has(
    figure: str, labels: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The H200's sheet has both rates in bf16; its matrix product is not a vector rate."""
    records = paths.data_dir("results") / "records"
    words = [f"records={records}", "chip=h200", f"figure={figure}", "report=json"]
    assert main(["history", *words]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {one["label"] for one in rows} == labels
    assert {one["figure"] for one in rows} == {figure}


def test_a_figure_that_no_chips_sheet_has_was_not_tested(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(of_fp32(record), tmp_path / "records")
    for figure, code in (("vector_fp32", 0), ("matrix_fp32", 2)):
        words = [f"figure={figure}", f"records={tmp_path / 'records'}", "report=json"]
        assert main(["history", *words]) == code
        assert "vector_fp32" in "".join(capsys.readouterr())


def test_a_change_of_the_device_is_told_as_one(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for turn in range(16):
        one = of_device(record, 0 if turn < 8 else 1, 1.0 if turn < 8 else 1.05, turn=turn)
        put(one, tmp_path / "all")
    assert (
        main(["history", "figure=matrix_bf16", f"records={tmp_path / 'all'}", "report=github"]) == 0
    )
    assert "with device n00 fake:0 -> n00 fake:1" in capsys.readouterr().out


def test_points_go_by_the_moment_and_not_by_the_zone_that_it_is_told_in(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for turn, start in enumerate(("2026-11-02T01:00:00+08:00", "2026-11-01T20:00:00+00:00")):
        one = of_device(record, turn).model_copy(update={"started_utc": start})
        put(one, tmp_path / "all")
    assert (
        main(["history", "figure=matrix_bf16", f"records={tmp_path / 'all'}", "report=json"]) == 0
    )
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [one["started_utc"][-6:] for one in rows] == ["+08:00", "+00:00"]


def test_records_of_one_id_are_two_where_their_devices_are(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        one = of_device(record, number).model_copy(update={"id": "20261101-000000-fake"})
        put(one, tmp_path / "all" / f"{number}")
        put(one, tmp_path / "all" / f"copy{number}")
    assert (
        main(["history", "figure=matrix_bf16", f"records={tmp_path / 'all'}", "report=json"]) == 0
    )
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 2
