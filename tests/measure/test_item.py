"""One item from the check of its result to its conditions: what is refused, lost and measured."""

from dataclasses import replace

import pytest

from bench.devices.base import Elapsed, Prepared
from bench.devices.fake import RATES, FakeDevice, FakePrepared, FakeSpec
from bench.judging.plausible import result_doubts
from bench.kernels.common.base import Kernel, Limits, Point, UnsupportedError
from bench.kernels.gemm import KERNEL as GEMM
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from bench.records.model import Check, Measurement

QUICK = Plan(2.0)
SHAPE: dict[str, int | str] = {"m": 2048, "n": 2048, "k": 2048}
SMALL: dict[str, int | str] = {"m": 512, "n": 512, "k": 512}


def done(spec: FakeSpec, item: Item, plan: Plan = QUICK) -> Measurement:
    """What comes of an item on a fake device."""
    return measure_item(FakeDevice(spec), item, plan)


def without(*dtypes: str) -> dict[str, float]:
    """The default rates but for some dtypes."""
    return {dtype: rate for dtype, rate in RATES.items() if dtype not in dtypes}


def test_a_dtype_that_the_device_lacks_is_skipped_with_its_reason() -> None:
    skipped = done(FakeSpec(rates=without("fp8")), Item("gemm", "fp8"))
    assert (skipped.status, skipped.reason) == ("skipped", "no fp8 on this device")
    assert (skipped.timing, skipped.check, skipped.search) == (None, None, None)
    assert skipped.figures == ("matrix_fp8",)


def test_a_dtype_that_the_device_lacks_is_skipped_even_when_forced() -> None:
    skipped = done(FakeSpec(rates=without("fp8")), Item("gemm", "fp8", forced=True))
    assert (skipped.status, skipped.reason) == ("skipped", "no fp8 on this device")


def test_a_wrong_result_fails_with_its_error_and_tolerance() -> None:
    failed = done(FakeSpec(broken=("fp16",)), Item("gemm", "fp16"))
    assert failed.status == "failed"
    assert failed.reason == "the result is wrong: relative error 1, tolerated 1e-06"
    assert failed.check == Check(passed=False, error=1.0, tolerance=1e-6, shape="-")
    assert failed.timing is None


def test_a_dtype_done_in_software_is_caught_by_the_pilot() -> None:
    skipped = done(FakeSpec(software=("fp16",), launch_s=1e-9), Item("gemm", "fp16"))
    assert skipped.status == "skipped"
    assert skipped.reason is not None
    assert skipped.reason.startswith("done in software here: the pilot took ")
    assert skipped.timing is None


def test_a_dtype_done_in_software_is_measured_when_asked_for_by_name() -> None:
    spec = FakeSpec(software=("fp16",), noise="none")
    assert done(spec, Item("gemm", "fp16", fixed=SMALL, forced=True)).status == "ok"


@pytest.mark.parametrize("dtype", ["fp64", "fp32"])
def test_formats_that_vendors_cut_are_measured_however_slow(dtype: str) -> None:
    spec = FakeSpec(software=(dtype,), launch_s=1e-9, noise="none")
    assert done(spec, Item("gemm", dtype, fixed=SMALL)).status == "ok"


def test_a_shape_too_long_for_the_budget_is_skipped_with_what_it_needs() -> None:
    """40 TFLOP/s take 0.4 s for 20480 cubed: nine calls are more than the second given."""
    shape: dict[str, int | str] = {"m": 20480, "n": 20480, "k": 20480}
    skipped = done(FakeSpec(noise="none"), Item("gemm", "fp32", fixed=shape), Plan(1.0))
    assert skipped.status == "skipped"
    assert skipped.reason is not None
    assert "too long for a budget of 1 s: give seconds=" in skipped.reason


def test_a_shape_that_needs_more_than_a_day_is_given_no_time_that_is_refused() -> None:
    """Nine calls of 40 GFLOP at 1 MFLOP/s take four days."""
    shape: dict[str, int | str] = {"m": 2714, "n": 2714, "k": 2714}
    spec = FakeSpec(rates={"fp32": 1e6}, noise="none")
    skipped = done(spec, Item("gemm", "fp32", fixed=shape), Plan(1.0))
    assert skipped.reason is not None
    assert skipped.reason.endswith("too long for a budget of 1 s: it needs more than a day")


@pytest.mark.parametrize("name", ["gemm", "sparse"])
def test_a_shape_that_memory_cannot_hold_is_not_called_too_long(name: str) -> None:
    shape: dict[str, int | str] = dict.fromkeys("mnk", 1_000_000)
    skipped = done(FakeSpec(noise="none"), Item(name, "bf16", fixed=shape), Plan(1.0))
    assert (skipped.status, skipped.reason is None) == ("skipped", False)
    assert str(skipped.reason).endswith("GiB of memory; 89.4 GiB may be used here")


def test_a_shape_is_not_refused_because_small_ones_are_bound_by_their_launch() -> None:
    """A tenth of a millisecond to launch makes 8192 cubed look 15 times as long as its 27 ms."""
    shape: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192}
    spec = FakeSpec(launch_s=1e-4, noise="none")
    assert done(spec, Item("gemm", "fp32", fixed=shape), Plan(1.0)).status == "ok"


@pytest.mark.parametrize(("seconds", "status"), [(1.5, "ok"), (0.5, "skipped"), (1.0, "ok")])
def test_a_large_shape_is_predicted_from_calls_that_fill_the_device(
    seconds: float, status: str
) -> None:
    """512 cubed reaches a thirtieth of the rate at which 32768 cubed takes 0.08 s."""
    shape: dict[str, int | str] = dict.fromkeys("mnk", 32768)
    spec = FakeSpec(rates={"bf16": 900e12, "fp32": 50e12}, units=132, noise="none")
    found = done(spec, Item("gemm", "bf16", fixed=shape), Plan(seconds))
    assert found.status == status
    assert (found.reason or "give seconds=1").endswith("give seconds=1")


def test_sizes_that_are_given_are_tried_in_every_way() -> None:
    """A layer that is decoded eagerly says how fast the host is, not the chip."""
    fixed: dict[str, int | str] = {"batch": 2, "length": 64}
    measured = done(
        FakeSpec(noise="none"), Item("layer", "bf16", variant="llama-3.1-8b-decode", fixed=fixed)
    )
    assert measured.search is not None
    assert measured.search.space > 1


@pytest.mark.parametrize("name", ["attention", "experts", "gemm", "memory", "norm", "vector"])
def test_a_proven_configuration_is_measured_without_a_search(name: str) -> None:
    item = Item(name, "fp32", variant=kernel(name).variants("fp32")[0])
    found = done(FakeSpec(noise="none"), item)
    assert found.search is not None
    again = done(FakeSpec(noise="none"), replace(item, fixed=found.parameters, proven=True))
    assert (again.status, again.parameters, again.search) == ("ok", found.parameters, None)


@pytest.mark.parametrize(
    "error",
    [UnsupportedError("no grouped product"), MemoryError("full"), RuntimeError("no such shape")],
    ids=lambda error: type(error).__name__,
)
def test_where_the_first_way_does_not_run_another_is_measured(error: Exception) -> None:
    """An A100 has no grouped product in torch 2.8, and does the experts one by one."""

    class Ampere(FakeDevice):
        def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
            if point.parameters["way"] == "grouped":
                raise error
            return super().prepare(kernel, point)

    found = measure_item(Ampere(FakeSpec(noise="none")), Item("experts", "bf16"), QUICK)
    assert (found.status, found.parameters["way"]) == ("ok", "loop")
    assert found.search is not None
    assert found.search.left_out == 1


@pytest.mark.parametrize("name", ["spot_check", "observed"])
def test_an_error_after_the_timing_costs_no_sample_but_the_trust_in_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: FakePrepared) -> Check:
        raise MemoryError("out of device memory")

    monkeypatch.setattr(FakePrepared, name, broken)
    found = done(FakeSpec(), Item("memory", "fp32", variant="copy"))
    assert (found.status, found.timing is None) == ("ok", False)
    told = "an error once timed: MemoryError: out of device memory"
    assert (found.reason, list(result_doubts(found))) == (told, [told])
    assert found.spot_check
    assert found.spot_check.passed is (name == "observed")


def test_setting_up_is_told_apart_from_measuring() -> None:
    class Slow(FakeDevice):
        def prepare(self, kernel: Kernel, point: Point) -> FakePrepared:
            self._clock += 3.0
            return super().prepare(kernel, point)

    copy = Item("memory", "fp32", variant="scale")
    found = measure_item(Slow(), copy, Plan(1.0))
    assert found.setup_s == pytest.approx(3.0, abs=0.01)
    assert found.took_s - found.setup_s <= 1.1


class Breaking(FakeDevice):
    """A device on which the n-th timing raises."""

    def __init__(self, error: Exception, after: int = 0) -> None:
        super().__init__(FakeSpec())
        self.error, self.left = error, after

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().time(prepared, calls)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("out of memory\nand a trace"), "RuntimeError: out of memory"),
        (ValueError(""), "ValueError"),
        (KeyError("m"), "KeyError: 'm'"),
        (
            FileNotFoundError(2, "No such file", "/home/ada/secret/a.so"),
            "FileNotFoundError: [Errno 2] No such file: '<path>'",
        ),
        (OSError("in C:\\Users\\ada\\x.dll: gone"), "OSError: in <path>: gone"),
        (RuntimeError("10 GB/s of 20 TFLOP/s"), "RuntimeError: 10 GB/s of 20 TFLOP/s"),
        (RuntimeError("x" * 500), "RuntimeError: " + "x" * 200),
    ],
    ids=["two lines", "no words", "key", "path", "windows path", "units", "long"],
)
@pytest.mark.parametrize("after", [0, 60])
def test_an_exception_fails_the_measurement_in_one_line_without_a_path(
    error: Exception, reason: str, after: int
) -> None:
    failed = measure_item(Breaking(error, after), Item("gemm", "bf16"), QUICK)
    assert (failed.status, failed.reason) == ("failed", reason)


def test_ctrl_c_is_no_failure_of_the_measurement() -> None:
    class Interrupted(FakeDevice):
        def time(self, prepared: Prepared, calls: int) -> Elapsed:
            super().time(prepared, calls)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_item(Interrupted(), Item("gemm", "bf16"), QUICK)


def test_a_call_that_was_optimised_away_fails_its_spot_check() -> None:
    measured = done(FakeSpec(eliminated=("bf16",)), Item("gemm", "bf16", fixed=SHAPE))
    assert measured.status == "ok"
    assert measured.spot_check == Check(passed=False, error=1.0, tolerance=1e-6, shape="-")


@pytest.mark.parametrize("size", [64, 100, 2048])
def test_a_fixed_shape_is_measured_without_a_search(size: int) -> None:
    fixed: dict[str, int | str] = {"m": size, "n": size, "k": size}
    measured = done(FakeSpec(noise="none"), Item("gemm", "bf16", fixed=fixed))
    assert measured.parameters == {**fixed, "layout": "nt"}
    assert measured.search is None
    assert measured.work is not None
    assert measured.work.flop == 2.0 * size**3


def test_a_searched_item_is_complete() -> None:
    measured = done(FakeSpec(noise="none"), Item("gemm", "bf16", data="zeros"))
    device, gemm = FakeDevice(FakeSpec(noise="none")), kernel("gemm")
    point = Point("gemm", "bf16", "zeros", measured.parameters)
    assert (measured.status, measured.reason, measured.data) == ("ok", None, "zeros")
    assert measured.work == gemm.work(point)
    assert measured.check is not None
    assert measured.check.passed
    assert measured.search is not None
    assert measured.timing is not None
    assert measured.timing.stats.median_s == pytest.approx(
        device.call_s(gemm.work(point), point), rel=1e-6
    )
    assert set(measured.conditions.clock_hz) == {1.8e9}


class Remembering(FakeDevice):
    """A device that remembers when each batch began, and how long it took."""

    def __init__(self) -> None:
        super().__init__(FakeSpec())
        self.log: list[float] = []

    def time(self, prepared: Prepared, calls: int) -> Elapsed:
        elapsed = super().time(prepared, calls)
        self.log.append(elapsed.seconds / calls)
        return elapsed


def test_the_winner_is_measured_anew_and_not_taken_from_the_search() -> None:
    device = Remembering()
    measured = measure_item(device, Item("gemm", "bf16"), QUICK)
    assert measured.timing is not None
    assert measured.search is not None
    count = len(measured.timing.samples_s)
    last = [pytest.approx(seconds) for seconds in device.log[-count:]]
    assert list(measured.timing.samples_s) == last
    assert device.log.index(measured.timing.samples_s[0]) > 3 * len(measured.search.trials)


@pytest.mark.parametrize(
    "item",
    [Item("gemm", "bf16"), Item("memory", "fp32", variant="read"),
     Item("gemm", "bf16", fixed=SHAPE)],
    ids=["product", "stream", "fixed"],
)  # fmt: skip
@pytest.mark.parametrize("budget_s", [0.5, 2.0, 8.0])
def test_search_and_sampling_keep_to_the_budget_together(item: Item, budget_s: float) -> None:
    spec = FakeSpec(noise="correlated", noise_level=0.01)
    measured = done(spec, item, Plan(budget_s, 1e-4))
    assert measured.took_s <= 1.1 * budget_s


def test_progress_covers_search_and_sampling() -> None:
    told: list[float] = []
    spec = FakeSpec(noise_level=0.02)
    measure_item(FakeDevice(spec), Item("gemm", "bf16"), Plan(4.0, 2e-3), told.append)
    assert told == sorted(told)
    assert told[0] < 0.1
    assert GEMM.searches < told[-1] <= 1.0


def test_a_device_without_memory_skips_what_it_cannot_hold() -> None:
    class Full(FakeDevice):
        def limits(self) -> Limits:
            return Limits(1000.0, 0.0, is_cpu=False)

    skipped = measure_item(Full(), Item("gemm", "bf16"), QUICK)
    assert (skipped.status, skipped.reason) == (
        "skipped", "free memory holds no configuration of this kernel",
    )  # fmt: skip


@pytest.mark.parametrize("wrong", ["nothing", "pilot only"])
def test_the_winner_is_checked_as_well_as_the_pilot(wrong: str) -> None:
    class Picky(FakeDevice):
        def check(self, kernel: Kernel, point: Point) -> Check:
            super().check(kernel, point)
            fine = wrong == "nothing" or point.parameters["m"] == 64
            return Check(passed=fine, error=0.0 if fine else 3.0, tolerance=1.0, shape="-")

    measured = measure_item(Picky(), Item("gemm", "bf16"), QUICK)
    assert measured.status == ("ok" if wrong == "nothing" else "failed")


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (Item("gemm", "bf16"), "gemm bf16"),
        (Item("memory", "fp32", variant="triad"), "memory triad"),
    ],
)
def test_an_item_is_called_by_kernel_and_dtype_or_stream(item: Item, label: str) -> None:
    assert item.label == label


def test_the_fakes_preparation_says_what_its_call_takes() -> None:
    prepared = FakeDevice(FakeSpec(noise="none")).prepare(
        kernel("gemm"), Point("gemm", "bf16", parameters={**SHAPE, "layout": "nt"})
    )
    assert isinstance(prepared, FakePrepared)
    assert prepared.spot_check().passed


@pytest.mark.parametrize("seconds", [60.0, 600.0])
def test_a_sustained_load_lasts_for_its_time_with_a_bounded_number_of_samples(
    seconds: float,
) -> None:
    timing = done(FakeSpec(), Item("sustained", "bf16"), Plan(seconds)).timing
    assert timing is not None
    lasted_s = timing.at_s[-1] + timing.batch_calls * timing.samples_s[-1]
    assert lasted_s == pytest.approx(seconds, rel=0.01)
    assert 500 < len(timing.samples_s) < QUICK.max_samples
