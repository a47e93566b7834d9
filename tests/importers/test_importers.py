"""What each importer reads: whole outputs in, whole rows out."""

import json

import pytest

from bench import paths
from bench.chips.figures import DTYPE_NAMES
from bench.evidence.load import row_faults
from bench.evidence.model import Kind
from bench.evidence.quantities import DTYPES
from bench.importers.base import NotUnderstood, Stated
from bench.importers.registry import IMPORTERS, detect, importer
from tests.importers.cases import DATA, RECORD, SOURCES, STATED, briefly, take, text

SHARED = {"base", "flagperf_columns", "flagperf_training", "nccl_ranks", "nccl_values", "registry",
          "sheetcheck", "source", "table", "write"}  # fmt: skip
# the registry


def test_what_is_registered_is_what_is_in_the_folder() -> None:
    there = {path.stem for path in (paths.PACKAGE / "importers").glob("*.py")} - {"__init__"}
    assert there - SHARED == set(IMPORTERS)


@pytest.mark.parametrize("name", IMPORTERS)
def test_every_importer_answers_to_its_word_with_dash_and_underscore(name: str) -> None:
    found = importer(name)
    assert found.key.replace("-", "_") == name
    assert importer(found.key) == found
    assert found.title


def test_every_fixture_has_a_source() -> None:
    assert {path.name for path in DATA.iterdir()} == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_every_output_is_known_by_its_content(name: str) -> None:
    assert detect(text(name), name).key == SOURCES[name]


def test_a_record_is_known_by_its_content() -> None:
    assert detect(RECORD.read_text(encoding="utf-8"), "record").key == "record"


@pytest.mark.parametrize("name", SOURCES)
def test_every_row_fits_its_quantity_and_has_an_id_of_its_own(name: str) -> None:
    rows = take(name).rows
    assert [told for row in rows for told in row_faults(row, None)] == []
    assert len({row.id for row in rows}) == len(rows)
    assert {row.quality for row in rows} == {"B"}


def test_the_names_of_number_formats_lead_to_known_ones() -> None:
    assert set(DTYPE_NAMES.values()) <= set(DTYPES)


def test_an_own_run_is_of_the_first_quality() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="me", kind=Kind.OWN, date="2026")
    assert {row.quality for row in take("babelstream.csv", stated).rows} == {"A"}


# mamf-finder


def test_the_best_mean_of_mamf_finder_stands_and_the_rest_is_told_beside_it() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="A. Tester")
    (row,) = take("mamf-v2.txt", stated).rows
    expected = ("matmul_best", "bf16", "139.7 TFLOP/s", "best", ["best of many"])
    assert briefly(row) == expected
    assert (row.date, row.named, row.count) == ("2026-03-02", "NVIDIA H20", 1)
    assert row.software == "torch=2.6.0+cu126, cuda=12.6"
    assert dict(row.workload) == {"shape": "6144x4096x6144"}
    assert row.conditions["method"] == "best shape of 27, mean of its iterations"
    assert "max 142.8 TFLOP/s at 2048x6144x6144" in row.conditions["other"]


def test_of_newer_mamf_finders_the_sustained_rate_stands() -> None:
    (row,) = take("mamf-v4.txt").rows
    assert briefly(row) == ("matmul_best", "fp8", "1311 TFLOP/s", "mean", [])
    assert row.conditions["other"] == "MAMF 1502 TFLOP/s at 3072x8192x4096"
    assert row.conditions["power"] == "699W 1480MHz"
    assert row.note == "7 devices of the same board were idle"


def test_a_burst_alone_is_the_best_of_a_short_run() -> None:
    log = "\n".join(line for line in text("mamf-v4.txt").split("\n") if "MSMF (" not in line)
    (row,) = importer("mamf-finder").read(log, STATED).rows
    told = ("matmul_best", "fp8", "1502 TFLOP/s", "best", ["best of many", "short run"])
    assert briefly(row) == told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "The best outcome was 251.3TFLOPS @ 2048x1024x8192 (MxNxK) (tried 79 shapes)",
            ("matmul_best", "bf16", "251.3 TFLOP/s", "best", ["best of many"]),
        ),
        (
            "The best outcome was 26.0(max)/25.9(median) TFLOPS @ 8x8x8 (MxNxK) (tried 1 shapes)",
            ("matmul_shape", "bf16", "25.9 TFLOP/s", "median", []),
        ),
    ],
)
def test_the_first_mamf_finders_are_read_too(
    line: str, told: tuple[str, str, str, str, list[str]]
) -> None:
    (row,) = importer("mamf-finder").read(f"** Dtype: torch.bfloat16\n{line}\n", STATED).rows
    assert briefly(row) == told


def test_several_searches_in_one_log_are_several_rows() -> None:
    log = text("mamf-v2.txt")
    rows = importer("mamf-finder").read(log + log.replace("139.7", "141.0"), STATED).rows
    assert [(row.id, str(row.value)) for row in rows] == [
        ("matmul-bf16", "139.7 TFLOP/s"),
        ("matmul-bf16-2", "141.0 TFLOP/s"),
    ]


# FlagPerf


def test_flagperfs_own_benchmarks_carry_what_is_known_of_their_code() -> None:
    found = take("flagperf-benchmark.md")
    assert [briefly(row) for row in found.rows] == [
        ("matmul_shape", "bf16", "255.5 TFLOP/s", "mean", ["wall clock"]),
        ("matmul_shape", "int8", "480 TOP/s", "mean", ["wall clock", "constant inputs"]),
        ("matmul_shape", "fp16", "80.1 %", "mean", ["wall clock", "percent only"]),
        ("memory_copy", None, "1301.5 GB/s", "mean", ["wall clock"]),
        ("host_to_device", None, "7.5 GB/s", "mean", ["wall clock", "pageable memory"]),
        ("peer_oneway", None, "255.25 GB/s", "mean", ["wall clock"]),
        ("all_reduce", None, "230 GB/s", "mean", ["wall clock"]),
        ("network_oneway", None, "18.90 GB/s", "mean", ["wall clock"]),
    ]
    assert found.rows[5].formula == "510.50 GB/s / 2: both directions are counted"
    assert [row.count for row in found.rows] == [8, 8, 8, 8, 8, 2, 8, 2]
    assert found.rows[0].conditions["power"] == "mean 331.5W, TDP 400W"
    assert found.left_out == (
        "主存储容量: is no rate that a row can be of",
        "FP32算力: the cell is empty",
    )


def test_a_vendors_own_program_has_none_of_these_defects() -> None:
    found = take("flagperf-toolkit.md")
    assert [briefly(row) for row in found.rows] == [
        ("matmul_shape", "int8", "79.5 TOP/s", "mean", []),
        ("host_to_device", None, "25.8 GB/s", "mean", []),
        ("peer_bidirectional", None, "560.2 GB/s", "mean", []),
        ("network_oneway", None, "19.5 GB/s", "mean", []),
        ("all_reduce", None, "227.5 GB/s", "mean", []),
        ("reduce_scatter", None, "220 GB/s", "mean", []),
    ]


def test_training_tables_give_the_rows_of_the_chip_asked_for() -> None:
    found = take("flagperf-training.md")
    assert [(row.quantity, str(row.value), row.count) for row in found.rows] == [
        ("training_rate", "4011.5 token/s", 8),
        ("training_mfu", "54.1 %", 8),
        ("training_rate", "3900 token/s", 16),
    ]
    assert dict(found.rows[0].workload) == {
        "model": "toy_7b", "seq": "2048", "micro_batch": "3", "grad_acc": "64",
        "tp": "1", "pp": "1", "dp": "8",
    }  # fmt: skip
    assert found.left_out == ("H800单机8卡(1x8): is another chip",)


# pytest-benchmark


def test_medians_become_rates_by_the_work_of_a_call() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="A. Tester")
    found = take("pytest-benchmark.json", stated)
    assert [briefly(row) for row in found.rows] == [
        ("matmul_shape", "bf16", "137438953472000 FLOP/s", "median", ["wall clock"]),
        ("memory_copy", "fp32", "3355443200000 B/s", "median", ["wall clock"]),
        ("ttft", None, "0.125 s", "median", ["wall clock"]),
    ]
    assert found.rows[0].id == "test_matmul-4096-bf16"
    assert found.rows[0].formula == "137438953472 flop / 0.001 s"
    assert (found.rows[0].date, found.rows[0].software) == ("2026-10-05", "CPython 3.11.9")
    assert dict(found.rows[0].workload) == {"shape": "4096x4096x4096"}
    assert found.left_out == ("'test_other' does not state its work",)


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        ({"figure": "matrix_bf16", "flop": 2e9}, "quantity; add quantity='matmul_shape', 'memory_"),
        ({"figure": "memory_bandwidth", "bytes": 2e9}, "quantity; add quantity="),
        ({}, "work; add benchmark."),
    ],
)
def test_no_quantity_is_guessed_from_the_figure_that_work_was_compared_with(
    info: dict[str, object], problem: str
) -> None:
    data = json.loads(text("pytest-benchmark.json"))
    data["benchmarks"] = data["benchmarks"][:1]
    data["benchmarks"][0]["extra_info"] = {"dtype": "bf16", **info}
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="us")
    with pytest.raises(NotUnderstood, match=f"does not state its {problem}"):
        importer("pytest-benchmark").read(json.dumps(data), stated)
    data["benchmarks"][0]["extra_info"] |= {"quantity": "attention_forward", "flop": 2e9}
    (row,) = importer("pytest-benchmark").read(json.dumps(data), stated).rows
    assert (row.quantity, row.value.text) == ("attention_forward", "2000000000000 FLOP/s")


# our own records


def test_every_standing_row_of_a_record_becomes_one() -> None:
    stated = Stated(file="log", by="us", kind=Kind.OWN)
    found = importer("record").read(RECORD.read_text(encoding="utf-8"), stated)
    assert (found.chip, {row.chip for row in found.rows}) == (
        "nvidia-h200-sxm-141gb",
        {"nvidia-h200-sxm-141gb"},
    )
    rows = {row.id: row for row in found.rows}
    assert briefly(rows["matmul-best-bf16"]) == (
        "matmul_best", "bf16", "785.154 TFLOP/s", "best", [],
    )  # fmt: skip
    assert rows["matmul-best-fp16_acc16-acc16"].dtype == "fp16_acc16"
    assert rows["matmul-shape-bf16-sustained"].quantity == "matmul_shape"
    assert rows["memory-write-fp32"].quantity == "memory_write"
    assert rows["matmul-best-int8"].value.text.endswith(" POP/s")
    products = {rows[key].value.text for key in ("matmul-best-fp32", "vector-rate-fp32")}
    assert products == {"52.4311 TFLOP/s", "65.7301 TFLOP/s"}, "no sheet has a matrix rate of fp32"
    assert {row.date for row in found.rows} == {"2026-11-26"}
    assert rows["sparse-matmul-fp8"].quantity == "sparse_matmul"
    assert [row.value.text for row in found.rows if row.quantity == "memory_held"] == ["149.099 GB"]
    assert found.left_out == ()


def test_a_record_of_another_chip_than_asked_for_is_refused() -> None:
    with pytest.raises(NotUnderstood, match=r"is a record of nvidia-h200-sxm-141gb, not of"):
        importer("record").read(RECORD.read_text(encoding="utf-8"), STATED)
