"""What the importers of bandwidth tools read: nccl-tests, nvbandwidth, BabelStream."""

import pytest

from bench.importers.base import Stated
from bench.importers.registry import importer
from tests.importers.cases import STATED, briefly, take, text

# nccl-tests


def test_of_each_collective_the_best_size_out_of_place_stands() -> None:
    first, second = take("nccl.txt").rows
    assert briefly(first) == ("all_reduce", "fp32", "309.50 GB/s", "mean", [])
    assert dict(first.workload) == {"size": "256 MiB", "scope": "2 nodes"}
    assert (first.count, first.software) == (4, "NCCL 2.27.3, nccl-tests 2.17.6")
    assert first.conditions["iterations"] == "20 after 1"
    assert briefly(second) == ("all_to_all", "bf16", "69.67 GB/s", "mean", [])
    assert (second.count, second.workload["scope"]) == (2, "1 node")
    assert (first.note, second.note) == (None, "results were not checked")


def test_the_json_of_nccl_tests_is_read_without_its_environment() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="A. Tester")
    (row,) = take("nccl.json", stated).rows
    assert briefly(row) == ("reduce_scatter", "fp16", "284.661 GB/s", "mean", [])
    assert (row.count, row.date, row.software) == (8, "2026-07-20", "NCCL 2.29.1")
    assert dict(row.workload) == {"size": "1 GiB", "scope": "2 nodes"}
    assert "not-a-real-one" not in repr(row)
    assert "node0" not in repr(row)


def test_a_rate_of_a_smaller_size_than_the_largest_was_picked_out() -> None:
    log = text("nccl.txt").replace("165.29  247.94", "231.96  347.94")
    row = importer("nccl-tests").read(log, STATED).rows[0]
    assert (briefly(row)[2:], row.workload["size"]) == (
        ("347.94 GB/s", "mean", ["best of many"]),
        "16 MiB",
    )


def test_an_output_without_the_tests_name_is_read_by_the_command_above_it() -> None:
    log = "\n".join(line for line in text("nccl.txt").split("\n") if "Collective test" not in line)
    assert (
        importer("nccl-tests").read(log.split("\n\n")[0], STATED).rows[0].quantity == "all_reduce"
    )


def test_the_lines_of_mpirun_carry_a_tag() -> None:
    log = "\n".join(f"[1,0]<stdout>:{line}" for line in text("nccl.txt").split("\n"))
    assert [row.quantity for row in importer("nccl-tests").read(log, STATED).rows] == [
        "all_reduce",
        "all_to_all",
    ]


# nvbandwidth


def test_of_each_matrix_of_nvbandwidth_the_best_pair_stands() -> None:
    found = take("nvbandwidth.txt")
    assert [briefly(row) for row in found.rows] == [
        ("host_to_device", None, "54.85 GB/s", "best", ["best of many"]),
        ("device_to_host", None, "53.01 GB/s", "best", ["best of many"]),
        ("peer_oneway", None, "392.1 GB/s", "best", ["best of many", "copy engine"]),
        ("peer_bidirectional", None, "681.5 GB/s", "best", ["best of many"]),
        ("memory_copy", None, "3802.4 GB/s", "best", ["best of many", "copy engine"]),
    ]
    assert [row.count for row in found.rows] == [1, 1, 2, 2, 1]
    assert found.rows[4].formula == "2 x 1901.2 GB/s: a copy reads and writes"
    assert found.rows[0].software == "CUDA 12.8, driver 570.86.15"
    assert len(found.left_out) == 3


def test_of_several_matrices_in_json_the_last_is_the_total() -> None:
    found = take("nvbandwidth.json")
    assert [str(row.value) for row in found.rows] == ["54.6 GB/s", "741.6 GB/s"]
    assert found.rows[1].conditions["other"] == "2 pairs from 740 GB/s"
    assert {row.named for row in found.rows} == {"NVIDIA H200"}


def test_one_direction_beside_a_busy_other_is_left_out() -> None:
    log = text("nvbandwidth.txt").replace("bidirectional_memcpy_write_sm", "x_sm")
    single = log + (
        "Running device_to_device_bidirectional_memcpy_read_ce.\n"
        "memcpy CE GPU(row) <-> GPU(column) bandwidth (GB/s)\n"
        "           0         1\n 0      0.00    300.00\n 1    301.00      0.00\n"
    )
    told = importer("nvbandwidth").read(single, STATED).left_out[-1]
    assert told.endswith("one direction, measured while the other is busy")


# BabelStream


@pytest.mark.parametrize(
    ("name", "dtype", "values"),
    [
        (
            "babelstream.csv", "fp64",
            ["4100210.5", "4081120.0", "4205000", "4210333.25", "4.4201e+06"],
        ),
        (
            "babelstream.txt", "fp32",
            ["3900123.456", "3899001.000", "3801555.500", "3800777.250", "3650000.000"],
        ),
    ],
)  # fmt: skip
def test_the_streams_of_babelstream_are_the_best_of_many(
    name: str, dtype: str, values: list[str]
) -> None:
    streams = ("copy", "scale", "add", "triad", "dot")
    assert [briefly(row) for row in take(name).rows] == [
        (f"memory_{stream}", dtype, f"{value} MB/s", "best", ["best of many", "wall clock"])
        for stream, value in zip(streams, values, strict=True)
    ]
    assert {row.workload["size"] for row in take(name).rows} == {"268.4 MB an array"}


@pytest.mark.parametrize(
    ("column", "unit"),
    [("max_mibytes_per_sec", "MiB/s"), ("max_GB_per_sec", "GB/s"), ("max_TiB_per_sec", "TiB/s")],
)
def test_the_unit_of_a_csv_is_the_one_of_its_head(column: str, unit: str) -> None:
    csv = text("babelstream.csv").replace("max_mbytes_per_sec", column)
    assert str(importer("babelstream").read(csv, STATED).rows[0].value) == f"4100210.5 {unit}"


def test_calls_timed_together_give_a_mean() -> None:
    log = text("babelstream.txt").replace("in  Classic order", "in  Isolated order")
    row = importer("babelstream").read(log, STATED).rows[0]
    assert briefly(row)[3:] == ("mean", ["wall clock"])
