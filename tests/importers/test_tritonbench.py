"""The importer of tritonbench: its printed table, its CSV, its JSON."""

import json
from dataclasses import replace

import pytest

from bench.importers.base import NotUnderstood
from bench.importers.registry import importer
from tests.importers.cases import HALF, STATED, briefly, take, text

READ = importer("tritonbench").read


@pytest.mark.parametrize("form", ["txt", "csv"])
def test_each_implementation_has_its_fastest_shape(form: str) -> None:
    found = take(f"tritonbench.{form}", HALF)
    assert [briefly(row) for row in found.rows] == [
        ("matmul_best", "fp16", "757.886 TFLOP/s", "best", ["best of many"]),
        ("matmul_best", "fp16", "673.615 TFLOP/s", "best", ["best of many"]),
    ]
    assert [dict(row.workload)["shape"] for row in found.rows] == [
        "8192x8192x4096", "8192x8192x8192",
    ]  # fmt: skip
    assert found.rows[1].conditions["kernel"] == "triton_tma_persistent_matmul"
    assert "fastest of 2 shapes" in found.rows[0].conditions["method"]


def test_an_empty_cell_of_the_table_moves_no_other() -> None:
    """The baseline has no speed-up: split at blanks, its rate would be taken for one."""
    (row,) = [one for one in take("tritonbench.txt", HALF).rows if "tma" in one.id]
    assert str(row.value) == "673.615 TFLOP/s"


def test_the_json_tells_device_day_and_software() -> None:
    found = take("tritonbench.json", replace(HALF, date=None))
    (row,) = found.rows
    assert briefly(row) == ("matmul_shape", "fp16", "757.886 TFLOP/s", "median", [])
    assert (row.named, row.date) == ("NVIDIA H100", "2026-02-26")
    assert row.software == (
        "cuda_version 12.8, pytorch_commit aa019efbc3137e971c1a81b1f61a18ac9998d930"
    )
    assert found.left_out == ("addmm_fwd: is no single dense product",)


def test_without_its_environment_the_json_is_read_too() -> None:
    metrics = json.loads(text("tritonbench.json"))["metrics"]
    (row,) = READ(json.dumps(metrics), HALF).rows
    assert (row.named, row.date, row.software) == (None, "2026-11", None)


@pytest.mark.parametrize("form", ["txt", "csv", "json"])
def test_the_number_format_has_to_be_given(form: str) -> None:
    with pytest.raises(NotUnderstood, match="does not say of which number format"):
        take(f"tritonbench.{form}", STATED)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nothing of the kind\n", r"no column \(M, N, K\)"),
        ("(M, N, K);a-tflops\n(1, 2, 3);fast\n", "line 2: a: 'fast' is no rate above 0"),
        ("(M, N, K);a-tflops\n(1, 2, 3);0\n", "line 2: a: '0' is no rate above 0"),
        ("(M, N, K);a-tflops\n(1, 2, 3);-5\n", "'-5' is no rate above 0"),
        ("(M, N, K);a-latency\n(1, 2, 3);0.5\n", "no measurement that can be imported"),
        ('{"tritonbench_gemm_fwd[x_(1, 2, 3)-a]_tflops": true}', "'True' is no rate above 0"),
        ('{"tritonbench_softmax_fwd[x_(1, 2, 3)-a]_tflops": 5.0}', "no single dense product"),
        ("{", "is no whole JSON"),
        (f"(M, N, K);a-tflops\n(1, 2, 3);{'9' * 200_000}\n", "no measurement that can be imported"),
        ("(M, N, K);a-tflops\n(1, 2, 3);5\r6\n", "no measurement that can be imported"),
    ],
)
def test_what_is_not_understood_is_refused(content: str, told: str) -> None:
    with pytest.raises(NotUnderstood, match=told):
        READ(content, HALF)
