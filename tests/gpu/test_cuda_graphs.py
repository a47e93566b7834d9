"""On a CUDA or ROCm device: what is captured is replayed, and what cannot be costs nothing else.

pytest tests/gpu -m gpu -s
"""

import gc

import pytest
import torch

from bench.devices.cuda import CudaDevice
from bench.kernels.common.graphs import captured, captured_if_possible
from bench.kernels.gemm import DTYPES
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan

SHORT: dict[str, int | str] = {"m": 32, "n": 4096, "k": 4096}


def assert_whole(device: CudaDevice) -> None:
    """Fails unless torch draws numbers, works where it did, and captures again."""
    main = torch.cuda.default_stream(device.device)
    assert torch.cuda.current_stream(device.device) == main
    assert torch.randn(8, device=device.device).isfinite().all()
    total = torch.zeros(4, device=device.device)
    replay = captured(lambda: total.add_(1.0), device.device)
    total.zero_()
    replay()
    assert total.tolist() == [1.0] * 4


def test_a_call_that_waits_is_refused_before_any_capture(device: CudaDevice) -> None:
    ones = torch.ones(4, device=device.device)
    with pytest.raises(RuntimeError, match="synchronizing"):
        captured(lambda: ones.sum().item(), device.device)
    assert_whole(device)


def test_a_capture_that_fails_leaves_torch_as_it_was(device: CudaDevice) -> None:
    ones = torch.ones(4, device=device.device)

    def waits_while_captured() -> torch.Tensor:
        if torch.cuda.is_current_stream_capturing():
            torch.cuda.synchronize(device.device)
        return ones.add_(1.0)

    with pytest.raises(RuntimeError):
        captured(waits_while_captured, device.device)
    assert_whole(device)
    calls = [waits_while_captured]
    assert captured_if_possible(calls, device.device) == calls
    assert_whole(device)


def test_the_memory_of_a_capture_that_fails_is_given_back(device: CudaDevice) -> None:
    def takes_and_waits() -> torch.Tensor:
        room = torch.empty(2**28, dtype=torch.uint8, device=device.device)
        if torch.cuda.is_current_stream_capturing():
            torch.cuda.synchronize(device.device)
        return room

    device.release()
    before = torch.cuda.memory_reserved(device.device)
    calls = [takes_and_waits]
    assert captured_if_possible(calls, device.device) == calls
    gc.collect()  # the error's frames hold the tensor
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved(device.device) <= before


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_short_product_is_replayed_or_called_whichever_is_faster(
    device: CudaDevice, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measure_item(device, Item("gemm", dtype, fixed=SHORT), Plan(1.5))
    if done.status == "skipped":
        pytest.skip(str(done.reason))
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.search is not None
    assert {one.parameters["way"] for one in done.search.trials} == {"graph", "eager"}
    with capsys.disabled():
        assert done.timing is not None
        print(f"\n{dtype}: {done.parameters['way']} {done.timing.stats.median_s * 1e6:.1f} µs")  # noqa: T201 -- read by whoever runs it


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_a_layer_of_experts_is_decoded_with_and_without_a_grouped_product(
    device: CudaDevice, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """torch 2.11 has one of its own for bf16 only, and only on some devices."""
    item = Item("layer", dtype, variant="deepseek-v3-decode")
    done = measure_item(device, item, Plan(3.0))
    if done.status == "skipped" and "GiB" in str(done.reason):
        pytest.skip(str(done.reason))
    assert (done.status, done.reason) == ("ok", None)
    with capsys.disabled():
        print(f"\n{dtype}: {done.parameters['way']} {done.observed}")  # noqa: T201 -- read by whoever runs it
    assert_whole(device)
