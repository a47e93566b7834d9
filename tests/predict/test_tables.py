"""Tables of measured times: the shipped ones are sound, and each fault names its file and line."""

from pathlib import Path

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.errors import DataError, sound
from bench.predict.learning.tables import COLUMNS, examine, tables
from bench.workloads.load import workloads

TOLD = """\
source:
  url: https://example.org/times
  title: Times
  by: nobody
  class: academic
  accessed: "2026-11-26"
kind: {kind}
sampled: all of them
statistic: median
"""
GEMM = "chip,stack,dtype,m,n,k,us\n"
GOOD = "one,some,bf16,1,2,3,4.5\n"


def written(folder: Path, rows: str | None, told: str = TOLD, kind: str = "gemm") -> Path:
    """A folder of results with one table."""
    results = folder / "results"
    (results / "tables").mkdir(parents=True)
    text = told.replace("{kind}", kind)
    (results / "tables" / "times.yaml").write_text(text, encoding="utf-8")
    if rows is not None:
        (results / "tables" / "times.csv").write_text(rows, encoding="utf-8")
    return results


def faults(folder: Path, rows: str | None, **more: str) -> list[str]:
    """What is wrong with a table, held against the chip ``one`` and the model ``m``."""
    return [str(one) for one in examine(written(folder, rows, **more), {"one"}, {"m"})[1]]


def test_no_collective_stands_twice_under_two_names() -> None:
    """AMD's files have one time of MI300X for two ways of combining."""
    every = tables()
    for name, table in (
        (name, one) for name, one in every.items() if one.head.kind == "collective"
    ):
        seen = [
            (one.chip, one.words["op"], one.words["dtype"], one["ranks"], one["bytes"], one["us"])
            for one in table.rows
        ]
        assert len(seen) == len(set(seen)), name


def test_the_shipped_tables_are_sound(sheets: Catalogue) -> None:
    folder = paths.data_dir("results")
    found, problems = examine(folder, sheets.chips, workloads())
    assert [str(one) for one in problems] == []
    assert {one.head.kind for one in found.values()} == set(COLUMNS)
    assert {path.stem for path in (folder / "tables").glob("*.csv")} == set(found)
    assert min(len(one.rows) for one in found.values()) > 30


def test_the_chips_for_prefill_are_divided_evenly_too(tmp_path: Path) -> None:
    header = ",".join(COLUMNS["disaggregated"])
    line = SOUND["disaggregated"].replace("fp8,4,4,1", "fp8,4,3,1")
    (told,) = faults(tmp_path, f"{header}\n{line}", kind="disaggregated")
    assert "ep3 does not divide the 4 chips" in told


def test_every_shipped_row_has_the_time_that_it_is_there_for() -> None:
    times = {
        "step": ("prefill_s", "decode_s"), "serving": ("tpot_ms",), "training": ("rate",),
        "disaggregated": ("tpot_ms", "ttft_ms"),
    }  # fmt: skip
    for table in tables().values():
        wanted = times.get(table.head.kind, ("us",))
        assert all(row[column] > 0 for row in table.rows for column in wanted)


def test_rows_are_read_as_words_and_numbers(tmp_path: Path) -> None:
    header = GEMM.replace("us", "us,more")
    folder = written(tmp_path, header + "one,some,bf16,1,2,3,4.5,6\none,some,bf16,8,9,10,7,\n")
    table = examine(folder)[0]["times"]
    first, second = table.rows
    assert first.words == {"chip": "one", "stack": "some", "dtype": "bf16"}
    assert (first.chip, first["m"], first["us"]) == ("one", 1.0, 4.5)
    assert (second["k"], first["more"], second["more"]) == (10.0, 6.0, 0.0)
    assert (table.head.id, table.head.source.by) == ("times", "nobody")


def test_columns_may_stand_in_any_order_with_others_beside(tmp_path: Path) -> None:
    folder = written(tmp_path, "us,more,k,n,m,dtype,stack,chip\n4,5,3,2,1,bf16,some,one\n")
    (row,) = examine(folder)[0]["times"].rows
    assert (row["m"], row["us"], row["more"], row.words["dtype"]) == (1, 4, 5, "bf16")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("one,some,bf16,1,2,x3,4", "k is no number: 'x3'"),
        ("one,some,bf16,1,2,3,-4", "us is -4"),
        ("one,some,bf16,1,2,3,nan", "us is nan"),
        ("one,some,bf16,1,2,3,inf", "us is inf"),
        ("one,some,bf16,1,2,3", "has 6 cells for 7 columns"),
        ("one,some,bf16,1,2,3,4,5", "has 8 cells for 7 columns"),
        ("", "has 0 cells for 7 columns"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_kept(line: str, told: str, tmp_path: Path) -> None:
    folder = written(tmp_path, f"{GEMM}{GOOD}{line}\n{GOOD}")
    found, problems = examine(folder)
    assert [str(one) for one in problems] == [
        f"results/tables/times.csv: line 3: {told}; correct the line"
    ]
    assert len(found["times"].rows) == 2


def test_every_bad_line_is_told(tmp_path: Path) -> None:
    told = faults(tmp_path, f"{GEMM}one,some\n{GOOD}one,some,bf16,1,2,3,no\n")
    assert [one.split(": ")[1] for one in told] == ["line 2", "line 4"]


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_missing_column_is_named(kind: str, tmp_path: Path) -> None:
    wanted = COLUMNS[kind]
    told = faults(tmp_path, ",".join(wanted[1:-1]) + "\n", kind=kind)
    lacks = f"lacks {wanted[0]}, {wanted[-1]}"
    assert told == [f"results/tables/times.csv: line 1: {lacks}; add the columns"]


@pytest.mark.parametrize("rows", ["", "\n"])
def test_an_empty_file_lacks_every_column(rows: str, tmp_path: Path) -> None:
    (told,) = faults(tmp_path, rows)
    assert "line 1: lacks chip, stack, dtype, m, n, k, us" in told


def test_a_missing_file_of_rows_is_named(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, None)
    assert told.startswith("results/tables/times.csv: ")
    assert "No such file" in told
    assert told.endswith("put the rows beside the YAML file")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, None)
    (folder / "tables" / "times.csv").write_bytes(b"chip,\xff\xfe\n")
    (told,) = examine(folder)[1]
    assert told.file == "results/tables/times.csv"


def test_an_unknown_chip_is_told_once_with_the_nearest(tmp_path: Path) -> None:
    line = GOOD.replace("one", "onne")
    (told,) = faults(tmp_path, GEMM + line + line + GOOD)
    assert "there is no 'onne'; did you mean 'one'?" in told
    assert told.startswith("results/tables/times.csv: ")


def test_an_unknown_chip_names_its_line(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, GEMM + GOOD + GOOD.replace("one", "onne"))
    assert "line 3" in told


def test_an_unknown_model_is_told(tmp_path: Path) -> None:
    header = ",".join(COLUMNS["step"])
    line = "one,some,n,bf16" + ",1" * (len(COLUMNS["step"]) - 4)
    (told,) = faults(tmp_path, f"{header}\n{line}\n", kind="step")
    assert "model: there is no 'n'" in told


def test_a_column_that_stands_twice_is_told(tmp_path: Path) -> None:
    """Else the last one is taken, without a word."""
    assert faults(tmp_path, "chip,stack,dtype,m,n,k,us,us\none,some,bf16,1,2,3,4,5\n") != []


@pytest.mark.parametrize("text", ["", "0"])
def test_a_row_without_its_time_is_told(text: str, tmp_path: Path) -> None:
    """Else its logarithm is taken in a fit."""
    assert faults(tmp_path, f"{GEMM}one,some,bf16,1,2,3,{text}\n") != []


SOUND = {
    "gemm": GOOD,
    "attention": "one,some,decode,bf16,fp8,32,8,128,0,1,4096,5.5\n",
    "grouped": "one,some,decode,fp8,8,2,16,4096,14336,all,5.5\n",
    "collective": "one,some,all_reduce,unknown,8,4096,5.5\n",
    "step": "one,some,m,bf16,1,1,64,4096,8,0.5,0.01,0.6,3\n",
    "serving": "one,some,m,int4,8,8,1,1024,1024,4,200.5,9.5\n",
    "disaggregated": "one,some,m,fp8,4,4,1,1,8,8,1024,1024,64,200.5,9.5\n",
    "training": "one,some,m,mxfp8,16,2,2,1,4,1,1,64,4096,0,0,5000\n",
}
"""A sound line of each kind."""


@pytest.mark.parametrize("kind", COLUMNS)
def test_no_column_of_its_kind_may_be_empty(kind: str, tmp_path: Path) -> None:
    cells = SOUND[kind].strip().split(",")
    lines = [SOUND[kind].strip()]
    lines += [",".join([*cells[:at], "", *cells[at + 1 :]]) for at in range(len(cells))]
    told = faults(tmp_path, "\n".join([",".join(COLUMNS[kind]), *lines, ""]), kind=kind)
    assert [one.split(": ", 1)[1] for one in told[: len(cells)]] == [
        f"line {line}: {column} is missing; correct the line"
        for line, column in enumerate(COLUMNS[kind], 3)
    ]
    assert len(told) == len(cells)


@pytest.mark.parametrize(
    ("kind", "column", "text", "told"),
    [
        ("training", "micro", "0", "micro is 0"),
        ("gemm", "k", "0", "k is 0"),
        ("serving", "concurrency", "0", "concurrency is 0"),
        ("training", "tp", "3", "tp3 x pp2 x cp1 does not divide 16 chips"),
        ("training", "cp", "32", "tp2 x pp2 x cp32 does not divide 16 chips"),
        ("training", "ep", "3", "ep3 does not divide the 8 chips of tp x dp"),
        ("training", "ep", "16", "ep16 does not divide the 8 chips of tp x dp"),
        ("training", "tp", "0.5", "tp is 0.5"),
        ("serving", "ep", "3", "ep3 does not divide the 8 chips of tp x dp"),
        ("collective", "ranks", "2.5", "ranks is 2.5"),
        ("training", "dtype", "fp88", "dtype: there is no 'fp88'"),
        ("training", "dtype", "tf32", "dtype: there is no 'tf32'"),
        ("step", "dtype", "unknown", "dtype: there is no 'unknown'"),
        ("gemm", "dtype", "float16", "dtype: there is no 'float16'"),
        ("attention", "kv_dtype", "fp88", "kv_dtype: there is no 'fp88'"),
    ],
)
def test_what_cannot_be_is_named(
    kind: str, column: str, text: str, told: str, tmp_path: Path
) -> None:
    cells = dict(zip(COLUMNS[kind], SOUND[kind].strip().split(","), strict=True))
    lines = [",".join(one.values()) for one in (cells, {**cells, column: text})]
    found = faults(tmp_path, "\n".join([",".join(COLUMNS[kind]), *lines, ""]), kind=kind)
    assert found == [f"results/tables/times.csv: line 3: {told}; correct the line"]


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("kind: {kind}", "kind: other", "kind: 'other' is not a word for it"),
        ("statistic: median\n", "", "statistic: is missing"),
        ("statistic: median", "statistic: middle", "statistic: 'middle' is not a word"),
        ("sampled: all of them", "sampled: ''", "sampled: is too short"),
        ("sampled", "more: 1\nsampled", "more: is no key of it"),
        ("sampled", "id: other\nsampled", "id: is given by the file name"),
    ],
)
def test_what_is_said_of_a_table_is_held_to_its_form(
    was: str, now: str, told: str, tmp_path: Path
) -> None:
    assert any(told in one for one in faults(tmp_path, GEMM + GOOD, told=TOLD.replace(was, now)))


def test_loading_raises_every_fault(tmp_path: Path) -> None:
    folder = written(tmp_path, f"{GEMM}one,some\nx,y\n")
    with pytest.raises(DataError) as raised:
        sound(*examine(folder))
    assert len(raised.value.faults) == 2


def test_a_folder_without_tables_has_none(tmp_path: Path) -> None:
    assert examine(tmp_path) == ({}, [])
