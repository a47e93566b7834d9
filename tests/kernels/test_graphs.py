"""Calls captured as graphs: replayed, and torch is as it was where one cannot be captured."""

import gc
import weakref
from functools import partial

import pytest
import torch

from bench.kernels.common import grouped, inputs
from bench.kernels.common.base import UnsupportedError
from bench.kernels.common.graphs import captured, captured_if_possible
from tests.kernels.graph_cases import REFUSED, Cuda

CUDA = torch.device("cuda", 0)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    return Cuda(monkeypatch)


def test_a_replay_does_the_work_again_in_the_same_place(cuda: Cuda) -> None:
    total = torch.zeros(3)
    replay = captured(lambda: total.add_(1.0), CUDA)
    before = total.clone()
    assert replay() is replay()
    assert torch.equal(total, before + 2)
    assert (len(cuda.made), cuda.current, cuda.generator.is_captured) == (1, cuda.main, False)


def test_a_replay_keeps_what_only_the_call_holds(cuda: Cuda) -> None:
    """A graph has the addresses of its inputs; their memory may be reused once nothing holds it."""
    total, held = torch.zeros(3), torch.ones(3)
    seen = weakref.ref(held)

    def add(one: torch.Tensor) -> None:
        total.add_(one)

    replay = captured(partial(add, held), CUDA)
    cuda.made[0].kernels.clear()  # a graph of the device's holds no tensor
    del held
    gc.collect()
    assert seen() is not None
    del replay
    assert seen() is None


@pytest.mark.parametrize("kind", ["cpu", "xpu"])
def test_graphs_are_of_cuda_devices(kind: str) -> None:
    with pytest.raises(UnsupportedError, match="graphs are captured on CUDA devices only"):
        captured(lambda: torch.zeros(1), torch.device(kind))


def test_a_call_that_waits_is_refused_before_any_capture(cuda: Cuda) -> None:
    cuda.waits = "warn"  # as somebody else may have set it
    with pytest.raises(RuntimeError, match="a synchronizing CUDA operation"):
        captured(cuda.wait, CUDA)
    assert (cuda.made, cuda.waits, cuda.current) == ([], "warn", cuda.main)


def test_a_capture_that_fails_leaves_torch_as_it_was(cuda: Cuda) -> None:
    """Else work goes on in another stream, and whatever draws numbers raises."""

    def refused() -> None:
        if cuda.generator.is_captured:
            raise RuntimeError(REFUSED)

    with pytest.raises(RuntimeError, match=REFUSED):
        captured(refused, CUDA)
    assert len(cuda.made) == 1
    assert cuda.current is cuda.main
    assert (cuda.generator.is_captured, cuda.generator.is_seeded) == (False, True)
    assert (cuda.underway, len(cuda.released)) == ([], 1)
    captured(lambda: torch.zeros(1), CUDA)  # which the allocator refuses while one is under way


def test_a_call_that_fails_while_it_is_captured_and_ends_well_gives_nothing_back_twice(
    cuda: Cuda,
) -> None:
    def fails() -> None:
        if cuda.generator.is_captured:
            raise RuntimeError("a fault of the program")

    with pytest.raises(RuntimeError, match="a fault of the program"):
        captured(fails, CUDA)
    assert (cuda.underway, cuda.released) == ([], [])


def test_torch_has_what_ends_a_capture_that_failed() -> None:
    """Both are private: with a torch that calls them otherwise, memory would stay taken."""
    names = ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool")
    assert any(hasattr(torch._C, name) for name in names)
    assert hasattr(torch._C, "_cuda_releasePool")


def test_all_captures_share_one_stream_beside(cuda: Cuda) -> None:
    """cuBLAS keeps room of its own, for good, for every stream that it has met."""
    for _ in range(3):
        captured(lambda: torch.zeros(1), CUDA)
    assert (len(cuda.made), len(cuda.streams)) == (3, 1)


def test_all_calls_are_replayed_or_none(cuda: Cuda) -> None:
    total = torch.zeros(1)
    first, second = captured_if_possible([total.zero_, lambda: total.add_(1.0)], CUDA)
    first()
    second()
    assert (len(cuda.made), float(total)) == (2, 1.0)
    calls = [total.zero_, cuda.wait]
    assert captured_if_possible(calls, CUDA) == calls
    assert captured_if_possible(calls, torch.device("cpu")) == calls


@pytest.mark.parametrize(("waits", "way"), [(True, "loop"), (False, "grouped")])
def test_a_grouped_product_that_waits_for_its_sizes_is_done_by_a_loop(
    waits: bool, way: str, cuda: Cuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch has code of its own for bf16 on some devices; else it copies the sizes to the host."""
    product = cuda.wait if waits else lambda: None
    monkeypatch.setattr(inputs, "draw", lambda *_: torch.zeros(1))
    monkeypatch.setattr(grouped, "group_ends", lambda *_: cuda.waits == 0 or pytest.fail("waits"))
    monkeypatch.setattr(grouped, "grouped_product", lambda *_: product())
    assert grouped.grouped_way.__wrapped__("fp16", CUDA) == way
    assert cuda.waits == 0
