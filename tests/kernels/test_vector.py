"""Vector rates: results as float64 has them, work as a loop counts it, figures of the sheet."""

import importlib.util
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.chips.figures import FIGURES
from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice, FakeSpec
from bench.kernels import vector
from bench.kernels.common import simd
from bench.kernels.common.base import DATA, Limits, UnsupportedError
from bench.kernels.common.machinecode import architecture
from bench.kernels.common.units import UNITS, units
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from tests.kernels.cases import CPU, has_triton, here, interpreted, spot
from tests.kernels.vector_cases import VECTOR, point

HOST, ACCELERATOR = Limits(1e12, 32e6, is_cpu=True), Limits(1e12, 32e6, is_cpu=False)
PAIRS = [
    (way, dtype)
    for way, dtype in simd.NEEDS
    if architecture() == "x86_64" and simd.NEEDS[way, dtype] <= simd.flags()
]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_the_work_is_what_a_loop_counts() -> None:
    told = point("avx512", "fp32", steps=5, programs=2)
    operations = sum(2 for _ in range(2) for _ in range(12) for _ in range(16) for _ in range(5))
    assert operations == 3840
    work = VECTOR.work(told)
    assert work.flop == operations
    assert work.bytes == 2 * (12 * 64 + 64 + 64 + 12 * 64)  # x, a, b read and x written
    assert work.footprint_bytes == work.bytes


@pytest.mark.parametrize(
    ("way", "dtype", "flop"),
    [
        ("avx512", "fp64", 2 * 8), ("avx512", "fp32", 2 * 16), ("avx512", "fp16", 2 * 32),
        ("avx512", "bf16", 2 * 32), ("avx2", "fp64", 2 * 4), ("avx2", "fp32", 2 * 8),
    ],
)  # fmt: skip
def test_an_instruction_does_two_operations_an_element(way: str, dtype: str, flop: int) -> None:
    assert VECTOR.work(point(way, dtype, steps=1, programs=1)).flop == 12 * flop


def test_a_block_of_a_gpu_is_counted_by_its_lanes() -> None:
    told = vector._point("fp16", "normal", "triton", (10, 1, 1024, 100))
    work = VECTOR.work(told)
    assert work.flop == 2.0 * 10 * 1024 * 100
    assert work.bytes == 10 * 2 * (1024 + 1 + 1 + 1024)


@pytest.mark.parametrize("dtype", VECTOR.dtypes)
def test_every_dtype_is_right_or_unsupported_with_a_reason(dtype: str) -> None:
    if not any(dtype == one for _, one in PAIRS):
        with pytest.raises(
            UnsupportedError, match=r"^no (fp16|bf16) instructions|^no machine code"
        ):
            CpuDevice().check(VECTOR, VECTOR.pilot(dtype, "normal"))
        return
    check = CpuDevice().check(VECTOR, VECTOR.pilot(dtype, "normal"))
    assert check.passed
    assert check.shape.endswith("x 48 steps")


@here
@pytest.mark.parametrize(("way", "dtype"), PAIRS)
def test_every_way_is_right_on_one_thread_and_on_several(way: str, dtype: str) -> None:
    for programs in (1, 3):
        check = VECTOR.check(point(way, dtype, programs=programs), CPU)
        assert check.passed
        rows = 12 * programs * simd.WIDTH[way] // (8 if dtype == "fp64" else 4)
        assert check.shape == f"{rows if dtype != 'fp16' else 2 * rows} x 48 steps"


@here
@pytest.mark.parametrize(("way", "dtype"), PAIRS)
@pytest.mark.parametrize("data", DATA)
def test_the_timed_loop_passes_its_spot_check(way: str, dtype: str, data: str) -> None:
    for steps in (8, 4096):  # few enough for x to be remembered, and too many
        task = VECTOR.build(point(way, dtype, steps=steps, data=data), CPU, 0.0)
        for calls in (1, 2):  # a call starts from x anew, so that two leave what one leaves
            assert spot(task, calls).passed


@here
@pytest.mark.parametrize(("way", "dtype"), PAIRS)
def test_a_call_left_out_is_noticed(way: str, dtype: str) -> None:
    task = VECTOR.build(point(way, dtype), CPU, 0.0)
    task.calls[0]()
    assert not spot(task, calls=0).passed


@here
@pytest.mark.parametrize(("way", "dtype"), PAIRS)
def test_steps_left_out_are_noticed_by_the_lanes_that_count(
    way: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = simd.placed

    def lazy(code: bytes) -> Any:
        loop = real(code)
        return lambda x, a, b, out, rounds: loop(x, a, b, out, rounds - 1)

    monkeypatch.setattr(simd, "placed", lazy)
    assert not spot(VECTOR.build(point(way, dtype, steps=200), CPU, 0.0)).passed


@here
@pytest.mark.parametrize(("way", "dtype"), PAIRS)
@pytest.mark.parametrize("wrong", ["one accumulator fewer", "a and b exchanged"])
def test_a_wrong_loop_fails_the_check(
    way: str, dtype: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = simd.register_loop
    if wrong == "a and b exchanged" and dtype in simd.DOTS:
        pytest.skip("a . b is b . a")
    if wrong == "one accumulator fewer":
        monkeypatch.setattr(
            simd,
            "register_loop",
            lambda way, dtype, count, times: real(way, dtype, count - 1, times),
        )
    else:
        fma = simd.Code.fma
        monkeypatch.setattr(
            simd.Code, "fma", lambda code, dtype, x, a, b: fma(code, dtype, x, b, a)
        )
    assert not VECTOR.check(point(way, dtype), CPU).passed


def test_a_lane_that_counts_is_nothing_plus_one_a_step() -> None:
    told = vector._point("fp32", "normal", "triton", (33, 1, 64, 64))
    x, a, b = vector.counting(told, vector._state(told, CPU))
    counters = (a == 1).flatten()
    assert counters.nonzero().flatten().tolist() == [0, 16, 32]
    assert float(a[~counters].abs().max()) <= vector.LARGEST_FACTOR
    assert set(b.flatten()[counters].tolist()) == {1.0}
    assert float(x[counters].abs().max()) == 0.0
    assert float(x[~counters].abs().min()) > 0.0


@pytest.mark.parametrize("data", DATA)
def test_nothing_shrinks_to_a_subnormal(data: str) -> None:
    """Where b were 0 and x not, x would end as the least number there is, which takes long."""
    told = vector._point("fp32", data, "triton", (1000, 1, 64, 64))
    x, a, b = vector._state(told, CPU)
    assert bool((b == 0).all()) == bool((x == 0).all()) == (data == "zeros")
    assert data == "zeros" or bool((b != 0).all())
    assert float(a.abs().max()) <= vector.LARGEST_FACTOR


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "fp16", "bf16"])
def test_a_format_counts_by_ones_as_far_as_is_said(dtype: str) -> None:
    kind = getattr(
        torch, {"fp64": "float64", "fp32": "float32", "fp16": "float16"}.get(dtype, "bfloat16")
    )
    last = torch.tensor(float(vector.COUNTED[dtype]), dtype=kind)
    assert last + 1 == last
    assert last - 1 < last


@here
def test_a_cpu_is_asked_for_each_instruction_set_in_all_threads() -> None:
    space = VECTOR.space(VECTOR.pilot("fp32", "zeros"), HOST)
    assert [one.parameters["way"] for one in space] == list(simd.ways("fp32"))
    assert {one.size("programs") for one in space} == {torch.get_num_threads()}
    assert {one.data for one in space} == {"zeros"}
    assert {one.size("steps") % vector.UNROLLED for one in space} == {0}
    assert max(one.size("steps") for one in space) <= vector.COUNTED["fp32"]


@pytest.mark.parametrize("dtype", VECTOR.dtypes)
def test_every_configuration_of_a_gpu_does_about_the_same_work(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    space = VECTOR.space(VECTOR.pilot(dtype, "normal"), ACCELERATOR)
    assert len({str(one) for one in space}) == len(space) == 18
    assert {VECTOR.work(one).flop for one in space} == {2.0 * UNITS * 2**28}
    assert {one.size("steps") % 16 for one in space} == {0}
    assert {one.size("lanes") & (one.size("lanes") - 1) for one in space} == {0}


def test_a_gpu_is_asked_for_its_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    told = SimpleNamespace(multi_processor_count=132)
    monkeypatch.setattr(torch.cuda, "get_device_properties", {3: told}.__getitem__)
    assert units() == 132
    space = VECTOR.space(VECTOR.pilot("fp32", "normal"), ACCELERATOR)
    assert {one.size("programs") for one in space} == {264, 528, 1056}


def test_the_figures_are_the_sheets_vector_figures() -> None:
    for dtype in VECTOR.dtypes:
        (figure,) = VECTOR.figures(VECTOR.pilot(dtype, "normal"))
        assert figure == f"vector_{dtype}"
        assert figure in FIGURES


@pytest.mark.skipif(importlib.util.find_spec("triton") is not None, reason="triton is here")
def test_a_torch_without_triton_says_so() -> None:
    with pytest.raises(UnsupportedError, match=r"^no triton beside this torch"):
        VECTOR.check(vector._point("fp32", "normal", "triton", (2, 1, 64, 64)), CPU)


INTERPRETED = """
import torch
from bench.kernels import vector
for dtype in ("fp32", "fp64", "fp16"):
    told = vector._point(dtype, "normal", "triton", (18, 1, 64, 64))
    assert vector.KERNEL.check(told, torch.device("cpu")).passed
    task = vector.KERNEL.build(told, torch.device("cpu"), 0.0)
    task.spoil()
    assert not task.spot_check(None).passed
    task.calls[0]()
    assert task.spot_check(None).passed
"""


@pytest.mark.slow
@has_triton
def test_the_loop_of_a_gpu_is_right_as_triton_interprets_it() -> None:
    interpreted(INTERPRETED)


def test_an_item_is_measured_from_check_to_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector, "CPU_STEPS", (1 << 12, 0))
    done = measure_item(CpuDevice(), Item("vector", "fp32"), Plan(0.3))
    if architecture() != "x86_64":
        assert done.status == "skipped"
        return
    assert (done.status, done.reason) == ("ok", None)
    assert done.check is not None
    assert done.check.passed
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert done.label == "multiply-add in registers"
    assert done.figures == ("vector_fp32",)


def test_the_fakes_rate_is_found_within_a_percent() -> None:
    spec = FakeSpec(noise="none")
    done = measure_item(FakeDevice(spec), Item("vector", "fp32"), Plan(2.0))
    assert done.timing is not None
    assert done.work is not None
    rate = done.work.flop / done.timing.stats.median_s
    assert math.isclose(rate, spec.rates["fp32"], rel_tol=0.01)
