"""Dependent loads: the chain is one cycle, and a walk ends where it should."""

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.kernels import latency
from bench.kernels.common import loads
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.common.machinecode import architecture
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Work

CPU = torch.device("cpu")
LATENCY = kernel("latency")
ROOMY = Limits(1e12, 32e6, is_cpu=False)
pytestmark = pytest.mark.skipif(architecture() is None, reason="no machine code of ours runs here")


def point(held: int = 2**12, count: int = 24) -> Point:
    """A walk over a small working set."""
    return Point("latency", "fp32", parameters={"set": "16KiB", "bytes": held, "loads": count})


def space(named: str, limits: Limits = ROOMY) -> Point:
    """The one configuration of a working set."""
    (found,) = LATENCY.space(LATENCY.pilot("fp32", "normal", named), limits)
    return found


@pytest.mark.parametrize("lines", [1, 2, 3, 64, 1000])
def test_the_chain_goes_through_every_line_once(lines: int) -> None:
    chain = latency._random_chain(lines, CPU)
    words, at, seen = chain.table.tolist(), chain.address(0), set()
    for step in range(lines):
        assert at == chain.address(step)
        seen.add(at)
        at = words[(at - chain.table.data_ptr()) // 8]
    assert at == chain.address(0) == chain.address(lines)
    assert seen == {chain.table.data_ptr() + 64 * line for line in range(lines)}


def test_two_chains_are_in_different_orders() -> None:
    first, second = (latency._random_chain(64, CPU).order.tolist() for _ in range(2))
    assert first != second


@pytest.mark.parametrize("steps", [8, 16, 800])
def test_machine_code_follows_the_chain(steps: int) -> None:
    chain = latency._random_chain(129, CPU)
    assert loads.chain().follow(chain.address(0), steps) == chain.address(steps)


def test_the_work_is_a_load_a_step() -> None:
    assert LATENCY.work(point()) == Work(
        flop=0.0, bytes=192.0, footprint_bytes=4096.0, formula="8 bytes a load", items=24.0
    )


@pytest.mark.parametrize("named", latency.SETS)
def test_a_set_is_named_and_no_call_ends_where_it_began(named: str) -> None:
    found = space(named)
    count = found.size("loads")
    assert found.size("bytes") == loads.size(named)
    assert count % loads.UNROLLED == 0
    for line in latency.LINE_BYTES.values():
        assert count % (loads.size(named) // line) != 0
    words = f"{named[:-3]} {named[-3:]}"
    assert LATENCY.label(found) == f"one load, {words} in random order"
    assert (LATENCY.figures(found), LATENCY.quantity(found)) == ((), "item_seconds")


def test_a_set_that_memory_does_not_hold_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="no working set of 1GiB"):
        space("1GiB", Limits(2.0**30, 32e6, is_cpu=True))
    assert space("64MiB", Limits(2.0**30, 32e6, is_cpu=True)).size("bytes") == 2**26


def test_a_walk_goes_on_where_it_ended() -> None:
    walk = latency._walk(latency._random_chain(100, CPU), 24)
    for calls in range(1, 6):
        walk.go()
        assert (walk.check().passed, walk.check().shape) == (True, f"{24 * calls} loads")


def test_the_spot_check_notices_a_walk_left_out() -> None:
    task = LATENCY.build(point(), CPU, 0.0)
    assert task.spot_check is not None
    assert len(task.calls) == 1
    task.calls[0]()
    assert task.spot_check(None).passed
    task.spoil()
    assert not task.spot_check(None).passed
    task.calls[0]()
    assert task.spot_check(None).passed


@pytest.mark.parametrize("skipped", [8, 2400])
def test_a_walk_of_too_few_steps_fails_the_check(
    skipped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LATENCY.check(point(), CPU).passed
    real = loads.chain()
    lazy = loads.Chain(
        lambda at, steps: real.follow(at, steps - skipped) if steps > skipped else at, real.code
    )
    monkeypatch.setattr(loads, "chain", lambda: lazy)
    assert not LATENCY.check(point(), CPU).passed


def test_a_chain_that_leads_elsewhere_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    real = latency._random_chain

    def crossed(lines: int, device: torch.device) -> latency._Chain:
        chain = real(lines, device)
        chain.table[chain.order[5] * 8] = chain.address(7)
        return chain

    monkeypatch.setattr(latency, "_random_chain", crossed)
    assert not LATENCY.check(point(), CPU).passed


def test_a_set_is_measured_on_the_cpu() -> None:
    done = measure_item(CpuDevice(), Item("latency", "fp32", variant="16KiB"), Plan(0.2))
    assert (done.status, done.reason, done.group) == ("ok", None, "latency of dependent loads")
    assert done.spot_check is not None
    assert done.spot_check.passed
