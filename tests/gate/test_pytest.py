"""Files of pytest-benchmark: written of a record, and judged as records are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.errors import DataError
from bench.gate import pytestfile
from bench.gate.compare import compare
from bench.gate.model import Terms
from bench.importers import pytest_benchmark as importer
from bench.importers.base import Stated
from bench.records.model import Record
from bench.records.store import write
from bench.report.registry import render as rendered
from tests.gate.cases import gate, record


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


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_operations_of_integers_are_no_flop_and_sizes_are_a_shape(dtype: str, here: Path) -> None:
    path = exported(record(1), here / "integers.json")
    document = json.loads(path.read_text())
    for one in document["benchmarks"]:
        one["extra_info"]["dtype"] = dtype
        one["extra_info"]["shape"] += " x 2"
    path.write_text(json.dumps(document))
    shown = [one.shown for one in pytestfile.run_of(path).taken]
    assert any(one.endswith(" TOP/s") for one in shown)
    assert not any("FLOP" in one for one in shown)
    slower = exported(record(2, 0.03), here / "b.json")
    now, before = pytestfile.run_of(path), pytestfile.run_of(slower)
    rows = compare(now, [before], Terms(allow=("device", "machine"))).rows
    assert any(row.reason.startswith("another shape won") for row in rows)


def test_a_file_of_pytest_benchmark_is_compared_with_no_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "now.json"
    path.write_text(json.dumps({"machine_info": {}, "benchmarks": []}))
    assert gate(f"record={path}", "against=h20") == 2
    assert "now.json is a file of pytest-benchmark, which gate compares" in capsys.readouterr().err


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
    stated = Stated(file="x.json", chip="nvidia-h20-sxm-96gb", by="us")
    rows = importer.read(json.dumps(document), stated).rows
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
        ({"benchmarks": [3]}, "holds an entry that is not a benchmark"),
        ({"benchmarks": [{"fullname": "a", "stats": {"data": [0]}}]}, "a: has no times above 0"),
        ({"benchmarks": [{"fullname": "a", "stats": {"data": ["x"]}}]}, "has no times above 0"),
        ({"benchmarks": [{"fullname": "a", "stats": {"median": 1}}]}, "has no times above 0"),
        ({"benchmarks": [{"stats": {"data": [1, 2]}}]}, "?: has no times above 0"),
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
