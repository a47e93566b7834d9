"""Importers of suites: nvbench and SuperBench."""

import json

import pytest

from bench.chips.load import Catalogue
from bench.evidence.model import Defect
from bench.evidence.observe import reported
from bench.importers.base import Imported, NotUnderstood, Stated
from bench.importers.registry import importer
from bench.importers.write import report
from tests.importers.cases import STATED, briefly, take, text

AMD = Stated(file="log", chip="amd-mi300x-192gb", by="A. Tester", date="2026-11")


def superbench(metrics: dict[str, object], stated: Stated = STATED) -> Imported:
    """What is found in a node of these metrics."""
    return importer("superbench").read(json.dumps({"node": "n", **metrics}) + "\n", stated)


def test_superbench_is_told_by_metric_as_the_median_of_devices() -> None:
    found = take("superbench.jsonl")
    assert [briefly(row) for row in found.rows][:8] == [
        ("matmul_shape", "fp64", "18943.9 GFLOP/s", "median", ["best of many"]),
        ("matmul_shape", "tf32", "128497 GFLOP/s", "median", ["best of many"]),
        ("matmul_shape", "bf16", "265801.5 GFLOP/s", "median", ["best of many"]),
        ("matmul_shape", "fp16", "280365 GFLOP/s", "median", ["best of many", "fp16 accumulation"]),
        ("matmul_shape", "int8", "476442.5 GOP/s", "median", ["best of many"]),
        ("host_to_device", None, "25.7 GB/s", "median", ["best of many"]),
        ("device_to_host", None, "24.45 GB/s", "median", ["best of many"]),
        ("memory_copy", None, "1116.3 GB/s", "median", ["best of many", "copy engine"]),
    ]
    assert [briefly(row)[:3] for row in found.rows][9:] == [
        ("matmul_shape", "bf16", "251 TFLOP/s"),
        ("memory_triad", "fp64", "1800.5 GB/s"),
        ("memory_scale", "fp32", "1750.25 GB/s"),
    ]
    product = found.rows[9]
    assert dict(product.workload) == {"shape": "8192x8192x8192"}
    assert product.defects == (Defect.CONSTANT,)
    assert (product.count, product.formula) == (2, "median of 2 devices")
    assert product.conditions["other"] == "from 250.5 TFLOP/s to 251.5 TFLOP/s"
    assert found.left_out == (
        "cublaslt-gemm/fp32_1_8192_8192_8192_flops: it does not say in which number format it ran",
        "gemm-flops/fp64: it does not say whether matrix units ran it",
        "gpu-stream: smaller arrays",
        "gpu-stream: the rest is no rate that a sheet has",
        "ib-loopback: is no rate that a sheet has",
        "kernel-launch: is no rate that a sheet has",
        "nccl-bw: is no rate that a sheet has",
        "resnet_models: is no rate that a sheet has",
    )


def test_the_batch_of_a_product_is_told_if_there_is_one() -> None:
    found = superbench({f"hipblaslt-gemm/bf16_{one}_64_64_64_flops:0": 9.0 for one in (0, 1, 4)})
    assert [row.workload.get("batch") for row in found.rows] == [None, None, "4"]
    assert not any(row.defects for row in found.rows)


def test_no_node_is_named() -> None:
    assert "sb-" not in str(take("superbench.jsonl"))


def test_amd_sums_in_fp32_and_its_copies_on_a_device_are_left_out() -> None:
    rates = {"fp16_xdlops_flops": 5e5, "fp32_xdlops_flops": 1e5, "fp64_flops": 5e4}
    told: dict[str, object] = {f"gemm-flops/{key}:0": rate for key, rate in rates.items()}
    found = superbench({**told, "mem-bw/d2d_bw:0": 900.0}, AMD)
    assert [briefly(row) for row in found.rows] == [
        ("matmul_shape", "fp16", "500000 GFLOP/s", "mean", []),
        ("matmul_shape", "fp32", "100000 GFLOP/s", "mean", []),
    ]
    assert found.left_out == (
        "gemm-flops/fp64_flops: it does not say whether matrix units ran it",
        "mem-bw: the rest is no rate that a sheet has",
    )


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        ({"gemm-flops/return_code": 3}, "line 1: gemm-flops failed: code '3'; run it again"),
        ({"gemm-flops/bf16_tc_flops:0": -1}, "'-1' is no rate above 0"),
        ({"gemm-flops/bf16_tc_flops:0": None}, "'None' is no rate above 0"),
        ({"gpu-burn/time": 3.0}, "it holds no measurement that can be imported"),
    ],
)
def test_what_is_no_result_of_superbench_is_refused(metrics: dict[str, object], told: str) -> None:
    with pytest.raises(NotUnderstood, match="log: ") as refused:
        superbench(metrics)
    assert told in str(refused.value)


def test_a_broken_line_is_named() -> None:
    with pytest.raises(NotUnderstood, match="line 2: is no whole JSON"):
        importer("superbench").read('{"node": "a", "mem-bw/h2d_bw:0": 25.0}\n{"node":\n', STATED)
    with pytest.raises(NotUnderstood, match="line 1: the line names no node"):
        importer("superbench").read('{"mem-bw/h2d_bw:0": 25.0}\n', STATED)


def test_nvbench_is_told_by_the_longest_state_of_a_stream() -> None:
    found = take("nvbench.json")
    assert [briefly(row) for row in found.rows] == [
        ("memory_triad", "fp32", "1610 GB/s", "mean", []),
        ("memory_triad", "fp64", "1625 GB/s", "mean", []),
        ("memory_scale", "int8", "1500 GB/s", "mean", []),
    ]
    first = found.rows[0]
    assert (first.named, first.at) == (
        "NVIDIA A800-SXM4-80GB",
        "triad, Device=0 T=F32 Elements=2^28",
    )
    assert (first.workload["size"], first.conditions["tool"]) == ("3220 MB a call", "nvbench 0.1.0")
    assert found.left_out == (
        "reduce: is not the name of a stream",
        "copy, Device=0 T=F32 Elements=2^30: out of memory",
    )


def test_a_rate_of_nvbench_that_is_none_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="'nan' is no rate above 0; run it again"):
        importer("nvbench").read(text("nvbench.json").replace('"1.61e12"', '"nan"'), STATED)


def test_streams_stand_beside_the_bandwidth_of_the_sheet(sheets: Catalogue) -> None:
    made = report(take("nvbench.json"), importer("nvbench"), STATED)
    found = list(reported({made.id: made}, sheets))
    assert {one.figure for one in found} == {"memory_bandwidth"}
    assert all(0.7 < (one.fraction or 0) < 0.9 for one in found)
