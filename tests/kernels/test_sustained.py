"""Loads kept up: their work, their checks, their time of their own beside a suite's."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench.chips.load import Catalogue
from bench.config import compose
from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice, FakeSpec
from bench.errors import UsageError
from bench.kernels import sustained
from bench.kernels.common import inputs, products
from bench.kernels.common.base import DATA, Limits, Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.kernels.sustained import LOADS, SIZE, STREAM_BYTES
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.measure.runner import Order, Watcher, Weighted, budget_s, run
from bench.measure.session import LocalSession
from bench.measure.suite import items
from bench.shapes import RunConfig

CPU = torch.device("cpu")
SUSTAINED = kernel("sustained")
ROOMY = {True: Limits(1e12, 3e7, is_cpu=True), False: Limits(1e12, 5e7, is_cpu=False)}


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Buffers are kept between calls; here each test starts and ends without."""
    monkeypatch.setattr(products, "LEAST_POOL", 1 << 12)
    inputs.release()
    torch.manual_seed(0)
    yield
    inputs.release()


def test_fp8_is_loaded_by_a_product_alone() -> None:
    assert SUSTAINED.variants("fp8") == ("matrix",)
    point = SUSTAINED.pilot("fp8", "normal")
    assert SUSTAINED.figures(point)[0] == "matrix_fp8"
    assert SUSTAINED.label(point) == "sustained"


@pytest.mark.parametrize("dtype", ["bf16", "fp16", "fp32"])
def test_a_mixed_call_is_a_product_and_a_stream(dtype: str) -> None:
    matrix = SUSTAINED.work(SUSTAINED.pilot(dtype, "normal", "matrix"))
    mixed = SUSTAINED.work(SUSTAINED.pilot(dtype, "normal", "mixed"))
    size = {"fp32": 4}.get(dtype, 2)
    assert matrix.flop == mixed.flop == 2.0 * 64**3
    assert matrix.bytes == 3 * 64 * 64 * size
    read = written = sustained.PILOT_ELEMENTS * size
    assert mixed.bytes == mixed.footprint_bytes == matrix.bytes + read + written


@pytest.mark.parametrize("is_cpu", [True, False])
@pytest.mark.parametrize("load", LOADS)
def test_a_load_has_one_shape_on_a_device(load: str, *, is_cpu: bool) -> None:
    pilot = SUSTAINED.pilot("bf16", "zeros", load)
    (point,) = SUSTAINED.space(pilot, ROOMY[is_cpu])
    assert [point.size(name) for name in "mnk"] == [SIZE[is_cpu]] * 3
    assert (point.data, point.parameters["load"]) == ("zeros", load)
    if load == "mixed":
        assert point.size("elements") * 2 == STREAM_BYTES[is_cpu]
    tight = dataclasses.replace(
        ROOMY[is_cpu], memory_bytes=SUSTAINED.work(point).footprint_bytes - 1
    )
    assert SUSTAINED.space(pilot, tight) == []


def test_the_matrix_load_tests_the_matrix_figure_and_the_mixed_one_none() -> None:
    matrix, mixed = (SUSTAINED.pilot("bf16", "normal", load) for load in LOADS)
    assert SUSTAINED.figures(matrix)[0] == "matrix_bf16"
    assert (SUSTAINED.quantity(matrix), SUSTAINED.label(matrix)) == ("", "sustained")
    assert SUSTAINED.figures(mixed) == ()
    assert (SUSTAINED.quantity(mixed), SUSTAINED.label(mixed)) == ("flop_rate", "bf16 mixed load")
    assert SUSTAINED.pilot("bf16", "normal") == matrix


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("dtype", SUSTAINED.dtypes)
def test_every_load_is_right(load: str, dtype: str) -> None:
    check = SUSTAINED.check(SUSTAINED.pilot(dtype, "normal", load), CPU)
    assert check.passed
    assert ("copied" in check.shape) == (load == "mixed")


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("load", LOADS)
def test_a_call_left_out_shows_and_one_made_passes(load: str, data: str) -> None:
    task = SUSTAINED.build(SUSTAINED.pilot("fp32", data, load), CPU, 1e3)
    task.calls[0]()
    task.spoil()
    assert task.spot_check is not None
    assert not task.spot_check(None).passed
    task.calls[0]()
    assert task.spot_check(None).passed


@pytest.mark.parametrize("left_out", ["product", "stream"])
def test_either_half_left_out_of_a_mixed_call_shows(
    left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(product, target, source):  # type: ignore[no-untyped-def]
        return product() if left_out == "stream" else target.copy_(source)

    monkeypatch.setattr(sustained, "_one_after_the_other", half)
    task = SUSTAINED.build(SUSTAINED.pilot("fp32", "normal", "mixed"), CPU, 1e3)
    task.spoil()
    task.calls[0]()
    assert task.spot_check is not None
    assert not task.spot_check(None).passed


def test_a_copy_that_differs_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "copy_", lambda target, _: target)
    check = SUSTAINED.check(SUSTAINED.pilot("fp32", "normal", "mixed"), CPU)
    assert (check.passed, check.error) == (False, 1.0)


@pytest.mark.parametrize(
    ("calls_s", "refused"),
    [([0.5] * 9, True), ([0.5, 0.5, 0.5, 0.005], True), ([0.5, 0.5, 0.019], False)],
    ids=["software", "too late", "a neighbour"],
)
def test_a_product_in_software_is_refused_before_it_hangs(
    calls_s: list[float], monkeypatch: pytest.MonkeyPatch, *, refused: bool
) -> None:
    """Beside 1 ms in fp32, 20 ms are still hardware; of longer ones three are enough."""
    now, left = [0.0], list(calls_s)

    def product(a: torch.Tensor, _: torch.Tensor) -> None:
        now[0] += 1e-3 if a.dtype == torch.float32 else left.pop(0)

    monkeypatch.setattr("bench.kernels.sustained.time.perf_counter", lambda: now[0])
    monkeypatch.setattr(torch, "mm", product)
    pilot = SUSTAINED.pilot("fp16", "normal")
    if refused:
        with pytest.raises(UnsupportedError, match=r"^done in software here: .* took 500 times"):
            sustained._refuse_software(pilot, CPU)
        assert len(left) == len(calls_s) - sustained.PROBES
    else:
        sustained._refuse_software(pilot, CPU)
        assert left == []


def test_fp32_is_never_called_software(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "mm", lambda *_: pytest.fail("it was probed"))
    sustained._refuse_software(SUSTAINED.pilot("fp32", "normal"), CPU)


def test_a_load_is_measured_on_this_cpu_to_the_end_of_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sustained, "SIZE", {True: 128, False: 128})
    monkeypatch.setattr(sustained, "STREAM_BYTES", {True: 1 << 20, False: 1 << 20})
    device, threads = CpuDevice(), torch.get_num_threads()
    torch.set_num_threads(1)  # so short a call waits for its second thread where others work, too
    done = measure_item(device, Item("sustained", "fp32", variant="mixed"), Plan(0.9))
    torch.set_num_threads(threads)
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.search is None
    assert done.timing is not None
    assert done.timing.at_s[-1] + done.timing.samples_s[-1] * done.timing.batch_calls > 0.85


def test_a_load_is_sampled_to_its_end_on_the_fake() -> None:
    done = measure_item(FakeDevice(FakeSpec(noise="none")), Item("sustained", "bf16"), Plan(60.0))
    assert done.timing is not None
    assert len(done.timing.samples_s) > 500
    assert done.timing.at_s[-1] == pytest.approx(60.0, abs=0.2)


@pytest.mark.parametrize(
    ("number", "spent_s", "expected"), [(0, 0.0, 10.0), (1, 10.0, 7.0), (2, 17.0, 20.0)]
)
def test_a_load_has_its_time_to_itself(number: int, spent_s: float, expected: float) -> None:
    """The suite's 30 s are shared by weight among the others."""
    copy, load = Item("memory", "fp32", variant="copy"), Item("sustained", "bf16")
    chosen = (Weighted(copy, 1.0), Weighted(load, 5.0, 7.0), Weighted(copy, 2.0))
    whole = Order("t", 30.0, chosen, 0.01, None, Path(), {})
    assert budget_s(whole, number, spent_s) == pytest.approx(expected)
    assert whole.seconds_of_items() == (10.0, 7.0, 20.0)
    assert whole.whole_s == 37.0
    alone = dataclasses.replace(whole, items=chosen[1:2])
    assert (budget_s(alone, 0, 0.0), alone.whole_s) == (7.0, 7.0)


def test_the_time_asked_for_reaches_the_loads_alone() -> None:
    words = ["kernel=sustained", "dtype=bf16", "sustained.seconds=15"]
    found = items(compose("run", words, RunConfig))
    assert [one.seconds for one in found] == [15.0, 15.0]
    assert [one.item.variant for one in found] == list(LOADS)
    others = items(compose("run", ["sustained.seconds=15"], RunConfig))
    assert {one.seconds for one in others if one.item.kernel != "sustained"} == {None}
    default = items(compose("run", ["kernel=sustained"], RunConfig))
    assert {one.seconds for one in default} == {60.0}


@pytest.mark.parametrize("seconds", ["0", "-1", "100000"])
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    config = compose("run", ["kernel=sustained", f"sustained.seconds={seconds}"], RunConfig)
    with pytest.raises(UsageError, match=r"^sustained\.seconds="):
        items(config)


def test_a_suite_and_a_load_keep_to_their_times(tmp_path: Path, sheets: Catalogue) -> None:
    copy, load = Item("memory", "fp32", variant="copy"), Item("sustained", "bf16")
    order = Order(
        "t", 4.0, (Weighted(load, 1.0, 20.0), Weighted(copy, 1.0)), 1e-5, "h20", tmp_path, {}
    )
    record = run(LocalSession(FakeDevice()), order, sheets, Watcher())
    long, short = record.measurements
    assert long.took_s - long.setup_s == pytest.approx(20.0, abs=0.5)
    assert 0.5 < short.took_s - short.setup_s < 4.5


def test_the_pilot_names_its_load() -> None:
    assert SUSTAINED.pilot("bf16", "normal", "mixed") == Point(
        "sustained", "bf16", "normal",
        {"load": "mixed", "m": 64, "n": 64, "k": 64, "layout": "nt", "elements": 4096,
         "way": "copy"},
    )  # fmt: skip
