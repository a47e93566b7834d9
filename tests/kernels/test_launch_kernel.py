"""Launch and host: what surrounds a tiny operation, and that the operation is done."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.kernels import launch
from bench.kernels.common.base import Point
from bench.kernels.common.graphs import captured
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from tests.kernels.graph_cases import Cuda

CPU = torch.device("cpu")
LAUNCH = kernel("launch")


def point(what: str) -> Point:
    """One overhead."""
    return LAUNCH.pilot("fp32", "normal", what)


def arrays() -> list[torch.Tensor]:
    """Operands and result."""
    return [torch.randn(launch.ELEMENTS) for _ in range(3)]


@pytest.mark.parametrize(
    ("what", "flop", "items"),
    [("launch", 32, 1), ("launch-wait", 32, 1), ("graph", 3200, 100), ("allocate", 0, 1)],
)
def test_the_work_is_what_a_loop_counts(what: str, flop: int, items: int) -> None:
    work = LAUNCH.work(point(what))
    assert (work.flop, work.items, work.bytes) == (flop, items, 12 * flop)
    assert (LAUNCH.figures(point(what)), LAUNCH.quantity(point(what))) == ((), "item_seconds")


def test_every_overhead_has_a_label_of_its_own() -> None:
    labels = [LAUNCH.label(point(what)) for what in LAUNCH.variants("fp32")]
    assert len(set(labels)) == len(labels) == 4
    assert LAUNCH.pilot("fp32", "normal").parameters == {"what": "launch"}


@pytest.mark.parametrize("what", ["launch", "allocate"])
def test_an_overhead_is_checked_and_one_left_out_is_noticed(what: str) -> None:
    assert LAUNCH.check(point(what), CPU).passed
    task = LAUNCH.build(point(what), CPU, 0.0)
    assert task.spot_check is not None
    task.calls[0]()
    task.spoil()
    assert not task.spot_check(None).passed
    assert task.spot_check(task.calls[0]()).passed


@pytest.mark.parametrize(
    ("what", "reason"), [("launch-wait", "nothing to wait for"), ("graph", "no graphs of kernels")]
)
def test_what_means_nothing_on_a_cpu_says_so(what: str, reason: str) -> None:
    skipped = measure_item(CpuDevice(), Item("launch", "fp32", variant=what), Plan(0.1))
    assert skipped.status == "skipped"
    assert reason in str(skipped.reason)


def test_a_wait_follows_each_operation_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What looks for the call that waits would be timed with it: microseconds, of ten or so."""
    log: list[str] = []

    def looked(_: object) -> SimpleNamespace:
        log.append("look")
        return SimpleNamespace(synchronize=lambda _: log.append("wait"))

    monkeypatch.setattr(torch, "get_device_module", looked)
    monkeypatch.setattr(torch, "add", lambda *_, **__: log.append("add"))
    c: Any = SimpleNamespace(device=torch.device("cuda", 0))
    call = launch._call(point("launch-wait"), (c, c, c))
    for _ in range(2):
        call()
    assert log == ["look", "add", "wait", "add", "wait"]


def test_a_graph_holds_a_hundred_kernels_and_its_replay_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Cuda(monkeypatch)
    monkeypatch.setattr(launch, "captured", lambda body, _: captured(body, torch.device("cuda", 0)))
    a, b, c = arrays()
    replay = launch._graph(a, b, c)
    (made,) = cuda.made
    assert len(made.kernels) == launch.GRAPH_KERNELS
    for _ in range(2):
        c.fill_(float("nan"))
        assert not launch._compared(point("graph"), a, b, c).passed
        replay()
        assert launch._compared(point("graph"), a, b, c).passed
    made.kernels.pop()
    replay()
    assert not launch._compared(point("graph"), a, b, c).passed


def test_it_is_measured_on_the_cpu() -> None:
    done = measure_item(CpuDevice(), Item("launch", "fp32", variant="launch"), Plan(0.2))
    assert (done.status, done.reason, done.group) == ("ok", None, "launch and host")
    assert done.label == "one tiny operation, back to back"
    assert done.spot_check is not None
    assert done.spot_check.passed
