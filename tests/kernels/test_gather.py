"""Random gather: every row is copied once, from a table no cache holds."""

import sys

import pytest
import torch

from bench.kernels import gather
from bench.kernels.common import inputs
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.search import amount
from bench.records.model import Check, Work

CPU = torch.device("cpu")
GATHER = kernel("gather")
CASES = [(row, way) for row in gather.ROWS for way in gather.WAYS]


def point(row: str = "256B", way: str = "index_select", count: int = 500) -> Point:
    """A small gather."""
    return Point("gather", "fp32", parameters={"row": row, "rows": count, "way": way})


@pytest.mark.parametrize(("row", "size"), [("64B", 64), ("4KiB", 4096)])
def test_the_work_is_what_a_loop_counts(row: str, size: int) -> None:
    moved = 0
    for _ in range(500):
        moved += 8
        for _ in range(size // 4):
            moved += 4 + 4
    assert GATHER.work(point(row)) == Work(
        flop=0.0, bytes=moved, footprint_bytes=moved, formula="rows x (2 row + 8)"
    )


@pytest.mark.parametrize(("row", "way"), CASES)
def test_every_row_and_way_is_right(row: str, way: str) -> None:
    check = GATHER.check(point(row, way), CPU)
    assert (check.passed, check.shape) == (True, f"999 x {gather.ROWS[row] // 4}")


def spot(row: str, way: str, *, called: bool) -> Check:
    """The spot check of a gather after its output was spoilt."""
    task = GATHER.build(point(row, way), CPU, 0.0)
    task.calls[0]()
    task.spoil()
    last = task.calls[0]() if called else None
    assert task.spot_check is not None
    return task.spot_check(last)


@pytest.mark.parametrize(("row", "way"), CASES)
def test_the_spot_check_tells_a_gather_from_one_left_out(row: str, way: str) -> None:
    assert spot(row, way, called=True).passed
    assert spot(row, way, called=False).error == 1.0


def test_a_gather_in_another_order_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    real = gather._call
    monkeypatch.setattr(
        gather, "_call", lambda one, table, order, out: real(one, table, order.roll(1), out)
    )
    assert not GATHER.check(point(), CPU).passed
    assert not spot("256B", "index", called=True).passed


def test_every_row_is_copied_once_and_not_in_order() -> None:
    inputs.outputs(500 * 64, torch.float32, CPU)
    (pool,) = inputs.buffers(1, 500 * 64, "fp32", "normal", CPU)
    out = GATHER.build(point(), CPU, 0.0).calls[0]()
    assert isinstance(out, torch.Tensor)
    table = pool.view(500, 64)
    assert not torch.equal(out, table)
    assert torch.equal(out.sort(dim=0).values, table.sort(dim=0).values)


@pytest.mark.parametrize("row", gather.ROWS)
@pytest.mark.parametrize(
    ("limits", "table_bytes"),
    [
        (Limits(1e12, 32 * 2**20, is_cpu=True), 2**28),
        (Limits(1e12, 512 * 2**20, is_cpu=True), 2**31),
        (Limits(1e12, 50 * 2**20, is_cpu=False), 2**30),
    ],
    ids=["small cache", "large cache", "accelerator"],
)
def test_the_table_is_far_above_the_cache(row: str, limits: Limits, table_bytes: int) -> None:
    found = GATHER.space(GATHER.pilot("fp32", "zeros", row), limits)
    ways = gather.WAYS if limits.is_cpu else (*gather.WAYS, gather.TRITON)
    assert [one.parameters["way"] for one in found] == list(ways)
    assert {one.size("rows") * gather.ROWS[row] for one in found} == {table_bytes}
    assert {one.data for one in found} == {"zeros"}


def test_a_torch_without_triton_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "bench.kernels.common.loads_triton", raising=False)
    with pytest.raises(UnsupportedError, match="need Triton"):
        GATHER.build(point(way=gather.TRITON), CPU, 0.0)


def test_a_table_that_memory_does_not_hold_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="no table far above the cache"):
        GATHER.space(GATHER.pilot("fp32", "normal"), Limits(2.0**29, 32e6, is_cpu=True))


def test_it_stands_beside_the_bandwidth_and_judges_nothing() -> None:
    assert GATHER.figures(point()) == ("memory_bandwidth",)
    assert not GATHER.decides
    assert amount(GATHER, point()) == GATHER.work(point()).bytes
    labels = [GATHER.label(point(row)) for row in gather.ROWS]
    assert labels == [
        f"random rows of {one}" for one in ("64 bytes", "256 bytes", "1 KiB", "4 KiB")
    ]


def test_the_pilot_is_small() -> None:
    for row in GATHER.variants("fp32"):
        assert GATHER.work(GATHER.pilot("fp32", "normal", row)).footprint_bytes < 3 * 2**20
