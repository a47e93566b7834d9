"""A figure over many records: its changes are found where they are, and nowhere else."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import paths
from bench.__main__ import main
from bench.history.changes import MIN_SIDE, changes
from bench.records.model import Conditions, Record
from tests.records.fleet_records import in_shapes, of_device, of_fp32, put

LEVEL = 0.01


def series(seed: int, *levels: tuple[int, float], noise: float = 0.01) -> list[float]:
    """A series of stretches of given lengths at given levels."""
    draw = np.random.default_rng(seed)
    plain = np.concatenate([np.full(length, level) for length, level in levels])
    return list(plain * np.exp(noise * draw.standard_normal(len(plain))))


@pytest.mark.parametrize("count", [12, 40, 300])
def test_a_series_that_never_changes_is_marked_as_seldom_as_stated(count: int) -> None:
    marked = sum(bool(changes(series(seed, (count, 1.0)), 0.05)) for seed in range(300))
    assert marked / 300 < 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.parametrize("count", [20, 200])
def test_heavy_tails_mark_no_more_often(count: int) -> None:
    draw = np.random.default_rng(3)
    drawn: list[list[float]] = np.exp(1e-4 * draw.standard_cauchy((300, count))).tolist()
    marked = sum(bool(changes(one, 0.05)) for one in drawn)
    assert marked / 300 < 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_rounded_values_mark_no_more_often() -> None:
    draw = np.random.default_rng(3)
    drawn: list[list[float]] = draw.choice([1.0, 1.01], (400, 12)).tolist()
    marked = sum(bool(changes(one, 0.01)) for one in drawn)
    assert marked / 400 < 0.01 + 3 * (0.01 * 0.99 / 400) ** 0.5


def test_a_fall_of_3_percent_at_1_percent_noise_is_found_where_it_is() -> None:
    found = [changes(series(seed, (30, 1.0), (15, 0.97)), LEVEL) for seed in range(200)]
    right = [one for one in found if len(one) == 1 and abs(one[0].place - 30) <= 4]
    assert len(right) >= 190
    held = sum(one[0].low <= 0.97 <= one[0].high for one in right)
    assert held / len(right) > 0.9


def test_several_changes_are_told_apart_in_order() -> None:
    found = changes(series(1, (40, 1.0), (30, 0.95), (50, 1.02)), LEVEL)
    assert [one.place for one in found] == [40, 70]
    assert found[0].ratio == pytest.approx(0.95, abs=0.01)
    assert found[1].ratio == pytest.approx(1.02 / 0.95, abs=0.01)


def test_a_long_series_is_searched_in_stretches_and_told_to_the_point() -> None:
    (found,) = changes(series(2, (9000, 1.0), (11_000, 0.98), noise=0.003), LEVEL)
    assert abs(found.place - 9000) <= 1


def test_equal_values_never_change() -> None:
    assert changes([5.0] * 50, LEVEL) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-300, 1e300), max_size=60), st.sampled_from([0.001, 0.2]))
def test_any_series_is_searched_without_an_error(values: list[float], level: float) -> None:
    found = changes(values, level)
    places = [0, *(one.place for one in found), len(values)]
    assert all(b - a >= MIN_SIDE for a, b in pairwise(places)) or not found
    assert all(one.low <= one.ratio <= one.high for one in found)
    assert all(0 < one.chance <= level for one in found)


@pytest.fixture
def folder(record: Record, tmp_path: Path) -> Path:
    """A device's month: from the 15th run on it is slower by 6%, with another driver."""
    for turn in range(24):
        late = turn >= 14
        noise = 1 + 0.002 * ((7 * turn) % 5 - 2)
        one = of_device(record, 0, noise * (1.06 if late else 1.0), turn=turn)
        driver = "580.1" if late else "570.2"
        device = one.device.model_copy(update={"driver": driver})
        put(one.model_copy(update={"device": device}), tmp_path / "records")
    return tmp_path / "records"


def test_a_change_is_told_with_what_changed_beside_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["history", "figure=matrix_bf16", f"records={folder}", "chip=h20"]
    assert main([*words, "report=github"]) == 0
    told = capsys.readouterr().out
    assert "driver 570.2 -> 580.1" in told
    assert "fell by 5.7% from 2026-11-15 on with driver 570.2 -> 580.1" in told
    assert main([*words, "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [one["started_utc"][:10] for one in rows if one["changed"]] == ["2026-11-15"]


def test_points_have_a_column_of_changes_where_one_is_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for limit, marked in ((3, False), (20, True)):
        words = [f"records={folder}", "chip=h20", f"limit={limit}", "report=github"]
        assert main(["history", "figure=matrix_bf16", *words]) == 0
        told = capsys.readouterr().out
        assert ("◀ changed" in told) is marked
        assert ("| level " in told) is marked


def test_an_empty_list_says_how_it_is_filled(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "torn.json").write_text("{", encoding="utf-8")
    assert main(["history", f"records={folder}", "chip=mi300x", "report=plain"]) == 0
    told = capsys.readouterr().out
    assert "No record fits. Each run leaves one" in told
    assert "1 file cannot be read as a record: " in " ".join(told.split())  # lines are broken


def test_records_are_listed_the_newest_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", f"records={folder}", "limit=2", "report=json"]) == 0
    told = json.loads(capsys.readouterr().out)["rows"]
    assert [one["started_utc"][:10] for one in told] == ["2026-11-24", "2026-11-23"]


def test_a_record_names_its_node_but_no_path(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", f"records={folder}", "limit=0", "report=plain"]) == 0
    told = capsys.readouterr().out
    assert "n00" in told
    assert str(folder) not in told


def test_a_history_is_drawn_with_its_change(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plot", "kind=history", f"records={folder}", f"out={tmp_path / 'plots'}"]
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
        (["figure=gemm", "level=0.7"], "level=0.7 must lie between 0 and 0.5"),
        (["limit=-1"], "limit=-1 must be 0 or more"),
        (["sql=SELECT 1", "chip=h20"], "leave out chip="),
        (["sql=' '"], "sql= is empty"),
    ],
)
def test_a_wrong_word_costs_one_line(
    words: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", f"records={folder}", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["figure=matrix_bf16"], []])
def test_a_fake_device_is_marked(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", *words, f"records={folder}", "report=github"]) == 0
    assert "FAKE onpaper fake device" in capsys.readouterr().out
    assert main(["history", *words, f"records={folder}", "report=json"]) == 0
    assert {one["backend"] for one in json.loads(capsys.readouterr().out)["rows"]} == {"fake"}


@pytest.mark.parametrize(
    ("figure", "named"), [("vector_fp32", "fp32 vector"), ("matrix_fp32", "fp32 matrix")]
)
def test_what_is_followed_is_called_as_it_was_asked_for(
    figure: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    records = paths.data_dir("results") / "records"
    assert main(["history", f"records={records}", f"figure={figure}", "report=json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == f"History of {named}"


def test_records_are_asked_in_sql(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("duckdb")
    query = (
        "SELECT driver, count(*) AS runs, round(median(measured) / 1e12, 1) AS tflops "
        "FROM records JOIN measurements USING (record) WHERE figure = 'matrix_bf16' "
        "GROUP BY driver ORDER BY driver"
    )
    assert main(["history", f"records={folder}", f'sql="{query}"', "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(one["driver"], one["runs"]) for one in rows] == [("570.2", 14), ("580.1", 10)]
    assert rows[0]["tflops"] > rows[1]["tflops"] > 0


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT record FROM records LIMIT 1", "1 row."),
        ("SELECT record FROM records LIMIT 2", "2 rows."),
    ],
)
def test_rows_of_an_answer_are_counted(
    query: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    assert main(["history", f"records={folder}", f'sql="{query}"', "report=json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"] == [told]


def test_the_files_themselves_are_asked_with_every_sample(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    query = (
        "SELECT sum(len(one.timing.samples_s)) AS n "
        "FROM (SELECT unnest(measurements) AS one FROM files)"
    )
    assert main(["history", f"records={folder}", f'sql="{query}"', "report=json"]) == 0
    told = json.loads(capsys.readouterr().out)["rows"]
    wanted = sum(
        one["timing"]["stats"]["samples"]
        for path in folder.rglob("*.json")
        for one in json.loads(path.read_text())["measurements"]
    )
    assert told == [{"n": wanted}]


@pytest.mark.parametrize("query", ["SELEC 1", "SELECT nothing FROM records"])
def test_a_query_that_is_none_costs_one_line(
    query: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    assert main(["history", f"records={folder}", f"sql='{query}'"]) == 2
    assert "sql=: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "query",
    [
        "COPY records TO '{place}/out.csv'",
        "EXPORT DATABASE '{place}/out'",
        "ATTACH '{place}/out.db'",
        "SELECT * FROM read_text('{place}/secret.csv')",
        "SELECT * FROM '{place}/secret.csv'",
        "SELECT * FROM glob('{place}/*')",
        "SET enable_external_access = true",
        "SELECT count(*) FROM files; COPY files TO '{place}/out.csv'",
    ],
)
def test_a_query_reads_and_writes_no_other_file(
    query: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    before = sorted(tmp_path.iterdir())
    asked = query.format(place=tmp_path)
    assert main(["history", f"records={folder}", f'sql="{asked}"']) == 2
    assert "sql=" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_without_duckdb_the_cure_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for lacking in ("duckdb", "pandas"):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, lacking, None)
            assert main(["history", f"records={folder}", "sql='SELECT 1'"]) == 2
        assert "pip install 'onpaper[duckdb]'" in capsys.readouterr().err


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
    assert ("2 fixed shapes of one point are not shown: limit=0 shows them." in out) is (rows == 1)


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
