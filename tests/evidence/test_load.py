"""Files of reported values: each fault on one line with file, field, problem and fix."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.errors import DataError, sound
from bench.evidence.load import examine, reports
from bench.evidence.model import Defect, Kind
from bench.files import yamlfile
from bench.files.parsecache import LEAST
from bench.files.yamlfile import Node
from bench.units import Dimension
from tests.evidence.cases import row, write

FILE = "results/reported/lab.yaml"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def faults(folder: Path, sheets: Catalogue | None = None) -> list[str]:
    _, found = examine(folder, sheets.chips if sheets else None, fresh=True)
    return [str(one) for one in found]


def test_a_sound_file_is_read_whole(results: Path, sheets: Catalogue) -> None:
    full = row(
        id="h20-fp8", count="8", per="total", dtype="fp8", value="2.1 PFLOP/s", kind="vendor claim",
        defects=["wall clock", "rounded"], quality="B", date="2026-05", by="Somebody else",
        at="table 3", software="CUDA 13", named="H20", formula="a / b", note="a note",
        workload={"shape": "8192x8192x8192"}, conditions={"engine": "vLLM", "power": "500 W"},
    )  # fmt: skip
    path = write(results, row(), full, protocol="MLPerf", weak="a blog", read_via="a copy")
    loaded, found = examine(results, sheets.chips, fresh=True)
    assert found == []
    assert list(loaded) == [path.stem] == ["lab"]
    report = loaded["lab"]
    assert (report.source.by, report.source.kind) == ("Lab", Kind.ACADEMIC)
    assert (report.source.protocol, report.source.accessed) == ("MLPerf", "2026-11-20")
    plain, other = report.rows
    assert (plain.count, plain.per, plain.defects, dict(plain.workload)) == (1, "device", (), {})
    assert (plain.value.si, plain.value.dimension) == (1.4e14, Dimension.FLOP_RATE)
    assert (report.kind_of(plain), report.by(plain)) == (Kind.ACADEMIC, "Lab")
    assert (other.count, other.per, other.value.si) == (8, "total", 2.1e15)
    assert other.defects == (Defect.WALL, Defect.ROUNDED)
    assert (report.kind_of(other), report.by(other)) == (Kind.VENDOR, "Somebody else")
    assert dict(other.conditions) == {"engine": "vLLM", "power": "500 W"}
    assert dict(other.workload) == {"shape": "8192x8192x8192"}


def test_one_row_at_fault_is_one_fault(results: Path) -> None:
    write(results, row(quality="D"))
    assert faults(results) == [
        f"{FILE}: rows.0.quality: 'D' is not a word for it; write 'A', 'B' or 'C'"
    ]


def test_every_fault_of_every_file_is_told_at_once(results: Path, sheets: Catalogue) -> None:
    write(results, row(chip="acme", dtype="fp7", quantity="speed"), row(per="die"))
    write(results, row(), id="given", name="other")
    write(results, row(id="a"), row(id="b", dtype=None, value="3 W"), name="third")
    found = faults(results, sheets)
    assert [one.split(":")[0] for one in found] == [FILE] * 5 + [
        "results/reported/other.yaml",
        *["results/reported/third.yaml"] * 2,
    ]
    fields = [one.split(": ")[1] for one in found]
    assert fields[:5] == ["one.quantity", "one.dtype", "one.chip", "one", "one.per"]
    assert fields[5:] == ["source.id", "b.value", "b.dtype"]
    with pytest.raises(DataError) as refused:
        sound(*examine(results))
    assert str(refused.value).splitlines() == [
        one for one in found if ".chip" not in one and ".per" not in one
    ]


def test_a_row_that_stands_twice_is_told_once_for_each_repetition(results: Path) -> None:
    write(results, row(), row(id="two"), row(), row(), row(id="two"))
    line = "stands twice in the file; give each row an id of its own"
    assert faults(results) == [f"{FILE}: {one}: {line}" for one in ("one", "one", "two")]


@pytest.mark.parametrize("kind", ["vendor claim", "vendor gate"])
@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("Intel", True),
        ("AMD (Primus team)", True),
        ("NVIDIA", False),
        ("NVIDIA and Intel", False),
        ("Example Lab", False),
    ],
)
def test_a_maker_of_other_chips_makes_no_claim_of_this_ones_vendor(
    kind: str, by: str, told: bool, results: Path, sheets: Catalogue
) -> None:
    write(results, row(kind=kind), by=by)
    line = f"{FILE}: one.class: {by} does not make nvidia-h20-sxm-96gb; write third party"
    assert faults(results, sheets) == ([line] if told else [])
    write(results, row(kind="third party"), by=by)
    assert faults(results, sheets) == []


def test_two_files_may_use_one_id(results: Path) -> None:
    write(results, row())
    write(results, row(), name="other")
    assert faults(results) == []


HEADS: list[tuple[dict[str, Any], str]] = [
    ({"by": None}, "source.by: is missing; add it"),
    ({"url": "x.org"}, "source.url: is too short; write at least 8 characters"),
    (
        {"accessed": "2026-02-30"},
        "source.accessed: '2026-02-30' is no day of the calendar; write a date such as 2026-11-24",
    ),
    (
        {"accessed": "2026-02"},
        "source.accessed: '2026-02' is not of its form; write a date such as 2026-11-24",
    ),
    ({"mood": "good"}, "source.mood: is no key of it; remove it"),
]


@pytest.mark.parametrize(("changes", "line"), HEADS, ids=["by", "url", "day", "month", "key"])
def test_a_source_at_fault_is_told(changes: dict[str, Any], line: str, results: Path) -> None:
    write(results, row(), **changes)
    assert faults(results) == [f"{FILE}: {line}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"id": "lab", "rows": []}', "id: is given by the file name; remove it"),
        ("[1]", "is not a mapping; start with 'key: value' lines"),
        ("a: b: c", "line 1: mapping values are not allowed in this context; write it as plain "),
        ("source: &a x\nrows: *a", "line 1: "),
    ],
    ids=["id", "list", "broken", "anchor"],
)
def test_a_file_of_another_kind_is_refused_whole(text: str, line: str, results: Path) -> None:
    write(results, row()).write_text(text, encoding="utf-8")
    (found,) = faults(results)
    assert found.startswith(f"{FILE}: {line}")


def test_a_file_without_rows_is_a_fault(results: Path) -> None:
    write(results)
    assert faults(results) == [f"{FILE}: rows: is empty; name at least 1"]
    assert examine(results, fresh=True)[0] == {}


def test_the_store_of_parsed_files_changes_no_result(
    results: Path, sheets: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    texts: list[str] = []
    parse = yamlfile.parse

    def counted(text: str) -> Node:
        texts.append(text)
        return parse(text)

    monkeypatch.setattr(yamlfile, "parse", counted)
    for number in range(LEAST + 1):
        faulty = {"quality": "D"} if number == 3 else {"chip": "acme"} if number == 4 else {}
        write(results, row(value=f"{number + 1} TFLOP/s", **faulty), name=f"lab-{number}")
    fresh = examine(results, sheets.chips, fresh=True)
    assert {one.file for one in fresh[1]} == {f"results/reported/lab-{n}.yaml" for n in (3, 4)}
    for times in (1, 0):
        texts.clear()
        assert examine(results, sheets.chips) == fresh
        assert len(texts) == times * (LEAST + 1)
    path = write(results, row(value="900 TFLOP/s"), name="lab-7")
    assert examine(results, sheets.chips)[0]["lab-7"].rows[0].value.si == 9e14
    assert json.loads(path.read_text(encoding="utf-8"))["rows"][0]["value"] == "900 TFLOP/s"


def test_the_shipped_reports_are_sound(sheets: Catalogue) -> None:
    loaded, found = examine(paths.data_dir("results"), sheets.chips)
    assert [str(one) for one in found] == []
    assert loaded == reports()
    assert len(loaded) > 50
