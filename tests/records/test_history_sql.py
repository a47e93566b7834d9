"""Records are asked in SQL, which reads nothing else and writes nothing."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from bench.__main__ import main
from bench.archive.index import index
from bench.history.sql import _create_views


def test_records_are_asked_in_sql(month: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("duckdb")
    query = (
        "SELECT driver, count(*) AS runs, round(median(measured) / 1e12, 1) AS tflops "
        "FROM records JOIN measurements USING (record) WHERE figure = 'matrix_bf16' "
        "GROUP BY driver ORDER BY driver"
    )
    assert main(["history", f"records={month}", f'sql="{query}"', "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(one["driver"], one["runs"]) for one in rows] == [("570.2", 14), ("580.1", 10)]
    assert rows[0]["tflops"] > rows[1]["tflops"] > 0


def test_text_is_handed_to_duckdb_in_columns_that_every_version_knows(
    month: Path,
) -> None:
    """DuckDB 1.1 does not know the type ``str`` of pandas 3."""
    seen: dict[str, set[str]] = {}

    class Database:
        def register(self, name: str, frame: pd.DataFrame) -> None:
            seen[name] = {str(kind) for kind in frame.dtypes}

    _create_views(Database(), index([month]))
    assert seen.keys() == {"records", "measurements"}
    assert seen["records"] | seen["measurements"] <= {"object", "float64", "int64", "bool"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT record FROM records LIMIT 1", "1 row."),
        ("SELECT record FROM records LIMIT 2", "2 rows."),
    ],
)
def test_rows_of_an_answer_are_counted(
    query: str, told: str, month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    assert main(["history", f"records={month}", f'sql="{query}"', "report=json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"] == [told]


def test_the_files_themselves_are_asked_with_every_sample(
    month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    query = (
        "SELECT sum(len(one.timing.samples_s)) AS n "
        "FROM (SELECT unnest(measurements) AS one FROM files)"
    )
    assert main(["history", f"records={month}", f'sql="{query}"', "report=json"]) == 0
    told = json.loads(capsys.readouterr().out)["rows"]
    wanted = sum(
        one["timing"]["stats"]["samples"]
        for path in month.rglob("*.json")
        for one in json.loads(path.read_text())["measurements"]
    )
    assert told == [{"n": wanted}]


@pytest.mark.parametrize("query", ["SELEC 1", "SELECT nothing FROM records"])
def test_a_query_that_is_none_costs_one_line(
    query: str, month: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    assert main(["history", f"records={month}", f"sql='{query}'"]) == 2
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
    query: str, month: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    before = sorted(tmp_path.iterdir())
    asked = query.format(place=tmp_path)
    assert main(["history", f"records={month}", f'sql="{asked}"']) == 2
    assert "sql=" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_without_duckdb_the_cure_is_told(
    month: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main(["history", f"records={month}", "sql='SELECT 1'"]) == 2
    assert "pip install 'onpaper[duckdb]'" in capsys.readouterr().err
