"""What the pytest plugin compares a test's call with, and how it times the call."""

import math
import time
from collections.abc import Callable

import pytest
import torch

from bench.calls.call import (
    Given,
    figures,
    measurement,
    opened,
    timed,
    timing_of,
    unpublished_bandwidth,
)
from bench.calls.result import result_of
from bench.chips.load import Catalogue
from bench.devices.base import DeviceError, DeviceLostError, Elapsed, Prepared
from bench.devices.torchdevice import TorchDevice
from bench.errors import UsageError
from bench.judging.plausible import disturbances, result_doubts
from bench.judging.verdict import weigh
from bench.records.model import Conditions, DeviceInfo
from tests.devices.accelerator_cases import plug_in

H20 = DeviceInfo(backend="cuda", name="NVIDIA H20", units=78)


@pytest.mark.parametrize("dtype", [torch.bfloat16, "torch.bfloat16", "bfloat16", "bf16"])
def test_a_dtype_may_be_called_as_torch_calls_it(dtype: str | torch.dtype) -> None:
    assert Given(flop=1e9, dtype=dtype).checked().dtype == "bf16"  # type: ignore[arg-type]  # as of a keyword


def beside(given: Given, sheets: Catalogue, device: DeviceInfo = H20) -> tuple[str, ...]:
    return figures(given, device, sheets.find("h20"), sheets)


def test_the_figure_is_the_one_that_binds_on_paper(sheets: Catalogue) -> None:
    """On an H20, 148 TFLOP/s and 4 TB/s: the ridge lies at 37 FLOP a byte."""
    rate, flow = ("matrix_bf16", "vector_bf16"), ("memory_bandwidth",)
    assert beside(Given(flop=1e9, bytes=1e6, dtype="bf16"), sheets) == rate
    assert beside(Given(flop=1e9, bytes=1e9, dtype="bf16"), sheets) == flow
    assert beside(Given(flop=1e9, dtype="bf16"), sheets) == rate
    assert beside(Given(bytes=1e9), sheets) == flow
    assert beside(Given(items=8), sheets) == ()
    assert beside(Given(flop=1, bytes=1, dtype="bf16", figure="vector_fp32"), sheets) == (
        "vector_fp32",
    )
    assert figures(Given(flop=1, bytes=9, dtype="bf16"), H20, None, sheets) == rate


@pytest.mark.parametrize(
    ("given", "rate", "achieved", "figure"),
    [
        (Given(flop=74e9, bytes=1e6, dtype="bf16"), 74e12, 0.5, "matrix_bf16"),
        (Given(flop=1e6, bytes=2e9, dtype="bf16"), 2e12, 0.5, "memory_bandwidth"),
        (Given(items=7), 7000.0, math.nan, None),
        (Given(), math.nan, math.nan, None),
    ],
)
def test_a_result_is_work_over_time_over_paper(
    given: Given, rate: float, achieved: float, figure: str | None, sheets: Catalogue
) -> None:
    chip = sheets.find("h20")
    seen = timing_of([0.001] * 20, 1), Conditions()
    one = measurement("mine", given, seen, beside(given, sheets))
    result = result_of("mine", weigh(one, H20, chip, sheets), "NVIDIA H20", chip.id)
    assert (result.rate, result.achieved) == pytest.approx((rate, achieved), nan_ok=True)
    assert (result.figure, result.seconds, result.chip) == (figure, 0.001, chip.id)
    assert (result.why == "no sheet prints such a figure") is (figure is None)
    assert str(result).startswith("mine: ")


def test_a_disturbance_is_in_the_summary_and_in_the_result(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    timing, figure = timing_of([0.001] * 20, 1), ("matrix_bf16",)
    for share, told in ((0.48, "the process got 48% of its cores' time"), (1.0, "")):
        seen = timing, Conditions(cpu_share=share)
        one = measurement("mine", Given(flop=30e9, dtype="bf16"), seen, figure)
        result = result_of("mine", weigh(one, H20, chip, sheets), "NVIDIA H20", chip.id)
        assert result.disturbed == told
        assert (f"bf16 matrix ({told})" in str(result)) is bool(told)


def test_an_implausible_rate_passes_no_comparison_and_is_called_so(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    seen = timing_of([0.001] * 20, 1), Conditions()
    one = measurement("mine", Given(flop=30e15, dtype="bf16"), seen, ("matrix_bf16",))
    result = result_of("mine", weigh(one, H20, chip, sheets), "NVIDIA H20", chip.id)
    assert math.isnan(result.achieved)
    assert "(implausible: " in str(result)
    assert "above every peak of the sheet" in result.why


@pytest.mark.parametrize(
    ("given", "achieved", "told"),
    [
        (Given(bytes=3e9), 0.75, ""),
        (
            Given(bytes=3e6),
            math.nan,
            "does not test memory: the buffers (3.00 MB) are below",
        ),
        (Given(bytes=3e6, flush=True), 0.75, ""),
    ],
    ids=["large", "cached", "flushed"],
)
def test_what_a_cache_may_serve_is_no_share_of_memory_bandwidth(
    given: Given, achieved: float, told: str, sheets: Catalogue
) -> None:
    chip, device = sheets.find("h20"), H20.model_copy(update={"llc_bytes": 60 * 2.0**20})
    seen = timing_of([given.bytes / 3e12] * 20, 1), Conditions()
    one = measurement("mine", given, seen, beside(given, sheets, device))
    result = result_of("mine", weigh(one, device, chip, sheets), "NVIDIA H20", chip.id)
    assert result.achieved == pytest.approx(achieved, nan_ok=True)
    assert told in result.why
    assert told in str(result)
    assert "of 4000 GB/s, memory bandwidth" in str(result)


def test_caches_are_emptied_before_each_call_and_outside_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    sizes: list[int] = []

    def flush() -> None:
        done.append("flush")
        time.sleep(0.002)

    def writer(_: object, size: int) -> Callable[[], None]:
        sizes.append(size)
        return flush

    monkeypatch.setattr(TorchDevice, "writer", writer)
    device = opened("cpu")
    timing, _ = timed(device, lambda: done.append("call"), 0.05, flush=True)
    flushed = done[: 2 * done.count("flush")]
    assert flushed == ["flush", "call"] * (len(flushed) // 2)
    assert len(flushed) >= 12
    assert timing.stats.median_s < 0.001
    assert sizes == [int(2 * device.limits().cache_bytes)]


@pytest.mark.parametrize(("share", "doubted"), [(0.1, True), (1.0, False)])
def test_a_flushed_call_is_checked_for_disturbances_and_for_a_stream_that_was_not_timed(
    monkeypatch: pytest.MonkeyPatch, share: float, doubted: bool
) -> None:
    device = opened("cpu")
    plainly = device.time

    def timing_part(prepared: Prepared, calls: int) -> Elapsed:
        wall_s = plainly(prepared, calls).wall_seconds
        return Elapsed(share * wall_s, wall_s, disturbed=doubted)

    monkeypatch.setattr(TorchDevice, "writer", lambda *_: lambda: None)
    monkeypatch.setattr(device, "time", timing_part)
    seen = timed(device, lambda: time.sleep(1e-4), 0.05, flush=True)
    one = measurement("mine", Given(items=2, flush=True), seen, ())
    assert ("on a stream that was not timed" in "".join(result_doubts(one))) is doubted
    assert ("most samples disturbed" in disturbances(one)) is doubted
    assert one.timing
    assert one.timing.wall_ratio == pytest.approx(share)


def test_a_device_without_timing_events_empties_no_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    device = opened("cpu")
    monkeypatch.setattr(device, "overhead_s", 2e-5)
    with pytest.raises(UsageError, match="flush=True needs timing events, which this device lacks"):
        timed(device, lambda: None, 0.01, flush=True)


def test_what_is_written_is_a_buffer_of_that_size() -> None:
    device = opened("cpu")
    assert isinstance(device, TorchDevice)
    assert getattr(device.writer(4096)(), "nbytes", 0) == 4096


def test_a_bandwidth_that_nobody_published_is_said_where_it_may_bind(sheets: Catalogue) -> None:
    chip = sheets.find("h20")
    bare = chip.model_copy(
        update={
            "figures": {key: one for key, one in chip.figures.items() if key != "memory_bandwidth"}
        }
    )
    given = Given(flop=1e9, bytes=1e9, dtype="bf16")
    doubt = unpublished_bandwidth(given, H20, bare, sheets)
    assert doubt == "no memory bandwidth is published, which may bind instead"
    assert unpublished_bandwidth(given, H20, chip, sheets) == ""
    assert unpublished_bandwidth(Given(flop=1e9, dtype="bf16"), H20, bare, sheets) == ""
    seen = timing_of([0.001] * 20, 1), Conditions()
    row = weigh(measurement("mine", given, seen, ("matrix_bf16",)), H20, chip, sheets)
    result = result_of("mine", row, "NVIDIA H20", chip.id, doubt)
    assert f"bf16 matrix ({doubt}); nvidia-h20" in str(result)
    assert result.why.endswith(doubt)


def test_opening_a_device_leaves_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    state = [0]
    plug_in(
        monkeypatch, current_device=lambda: state[0], get_device_properties=lambda _: None,
        set_device=lambda index: state.__setitem__(0, index),
    )  # fmt: skip
    monkeypatch.setattr("bench.calls.call.current", lambda: "xpu")
    monkeypatch.setattr("bench.devices.clocks.events", lambda *_: lambda: Event(state))
    device = opened("xpu:1")
    assert state == [0]
    seen: list[int] = []
    timed(device, lambda: seen.append(state[0]), 0.01)
    assert (set(seen), state) == ({1}, [0])


def test_opening_the_cpu_starts_no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    plug_in(
        monkeypatch, current_device=lambda: started.append("asked"),
        set_device=lambda _: started.append("set"),
    )  # fmt: skip
    monkeypatch.setattr("bench.calls.call.current", lambda: "xpu")
    opened("cpu")
    assert not started


class Event:
    """An event that can only be recorded on device 1."""

    def __init__(self, state: list[int]) -> None:
        self.state, self.at_s = state, 0.0

    def record(self) -> None:
        """Takes the host's time."""
        assert self.state == [1]
        self.at_s = time.perf_counter()

    def elapsed_time(self, end: "Event") -> float:
        """Returns the time between two events in ms."""
        return (end.at_s - self.at_s) * 1e3


def test_the_number_of_threads_is_left_as_the_test_has_it() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        opened("cpu")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_the_fake_device_runs_no_call() -> None:
    with pytest.raises(UsageError, match="the fake device runs no call"):
        opened("fake")


def test_a_device_that_is_not_here_leaves_the_number_of_threads_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def fail(_: str) -> None:
        torch.set_num_threads(1)
        raise DeviceError("none here")

    before = torch.get_num_threads()
    monkeypatch.setattr("bench.calls.call.open_device", fail)
    try:
        torch.set_num_threads(2)
        with pytest.raises(UsageError, match="none here"):
            opened("cpu:7")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("raised", "seen"), [(SystemExit(3), SystemExit), (DeviceLostError("it failed"), RuntimeError)]
)
def test_a_call_that_exits_is_no_device_that_failed(
    raised: BaseException, seen: type[BaseException]
) -> None:
    def call() -> None:
        raise raised

    with pytest.raises(seen, match=str(raised)):
        timed(opened("cpu"), call, 0.01)
