"""The roofline: intensities are those on the label, and sizes what memory and cache allow."""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
import torch

from bench.devices.cpu import CpuDevice
from bench.devices.fake import FakeDevice, FakeSpec
from bench.kernels import roofline
from bench.kernels.common import mixed, simd
from bench.kernels.common.base import Limits, Point, UnsupportedError, itemsize
from bench.kernels.common.machinecode import architecture
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan
from tests.kernels.cases import CPU, has_triton, here, interpreted, none_kept
from tests.kernels.roofline_cases import ROOFLINE, product

HOST, ACCELERATOR = Limits(1e12, 32e6, is_cpu=True), Limits(1e12, 50e6, is_cpu=False)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    with none_kept():
        yield


@pytest.mark.parametrize(
    ("dtype", "first", "last", "count"),
    [("fp32", "1/16", "256", 13), ("fp64", "1/16", "64", 11), ("bf16", "1/16", "512", 14),
     ("fp16", "1/16", "512", 14)],
)  # fmt: skip
def test_intensities_are_powers_of_two_from_the_least(
    dtype: str, first: str, last: str, count: int
) -> None:
    told = ROOFLINE.variants(dtype)
    assert (told[0], told[-1], len(told)) == (first, last, count)
    assert {Fraction(after) / Fraction(one) for one, after in pairwise(told)} == {Fraction(2)}


THIN = ("1/16", "1/8", "1/4", "1/2")
"""Intensities that no product in a format of 2 bytes has."""


@pytest.mark.parametrize("one", THIN)
@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_below_the_thinnest_product_an_accelerator_streams_and_a_cpu_says_so(
    dtype: str, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simd, "flags", lambda: frozenset({"avx512f", "avx512_fp16"}))
    pilot = ROOFLINE.pilot(dtype, "normal", one)
    found = ROOFLINE.space(pilot, ACCELERATOR)
    assert {point.parameters["way"] for point in found} == {"triton"}
    with pytest.raises(UnsupportedError, match=f"no product in {dtype} is that thin"):
        ROOFLINE.space(pilot, HOST)


@pytest.mark.parametrize("limits", [HOST, ACCELERATOR], ids=["host", "accelerator"])
@pytest.mark.parametrize("dtype", ROOFLINE.dtypes)
def test_every_intensity_is_the_labels_within_five_per_cent(
    dtype: str, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simd, "architecture", lambda: "x86_64")
    monkeypatch.setattr(simd, "flags", lambda: frozenset({"avx512f", "avx512_fp16"}))
    thin = THIN if dtype in ("bf16", "fp16") and limits.is_cpu else ()
    for one in ROOFLINE.variants(dtype):
        if one in thin:
            continue
        for point in ROOFLINE.space(ROOFLINE.pilot(dtype, "normal", one), limits):
            work = ROOFLINE.work(point)
            assert work.flop / work.bytes == pytest.approx(float(Fraction(one)), rel=0.05)
            assert ROOFLINE.label(point) == f"{dtype} at {one} FLOP/B"


@pytest.mark.parametrize(
    ("dtype", "intensity", "group", "fmas"),
    [("fp32", "1/16", 8, 1), ("fp32", "1/2", 1, 1), ("fp32", "1", 1, 2), ("fp32", "256", 1, 512),
     ("fp64", "1/16", 4, 1), ("fp64", "1/4", 1, 1), ("fp64", "64", 1, 256)],
)  # fmt: skip
def test_the_work_of_a_stream_is_what_a_loop_counts(
    dtype: str, intensity: str, group: int, fmas: int
) -> None:
    assert mixed.mix(dtype, Fraction(intensity)) == simd.Mix(group, fmas)
    operations, read = 0, 0
    for element in range(4096):
        read += itemsize(dtype)
        operations += 2 * fmas if element // 16 % group == 0 else 0
    told: dict[str, int | str] = {"intensity": intensity, "way": "avx512", "elements": 4096}
    work = ROOFLINE.work(Point("roofline", dtype, "normal", told))
    assert (work.flop, work.bytes, work.footprint_bytes) == (operations, read, read)


def test_the_rows_of_a_product_are_worked_out_by_hand() -> None:
    """m = 512 x 2 x 8192 / (2 x (8192 - 1024)) = 585.1; at 1 FLOP/B a vector does."""
    assert roofline._rows(Fraction(512), 8192, 2) == 585
    assert roofline._rows(Fraction(1), 8192, 2) == 1
    work = ROOFLINE.work(product("4", 256))
    assert work.flop == 2 * 4 * 256 * 256
    assert work.bytes == 2 * (256 * 256 + 4 * 256 + 4 * 256)


@pytest.mark.parametrize(
    ("group", "fmas", "groups", "vectors"),
    [(8, 1, 2, 16), (4, 1, 4, 16), (1, 1, 16, 16), (1, 2, 8, 8), (1, 16, 1, 1), (1, 512, 1, 1)],
)
def test_a_round_is_long_enough_for_its_loop_not_to_count(
    group: int, fmas: int, groups: int, vectors: int
) -> None:
    told = simd.Mix(group, fmas)
    assert (told.groups, told.vectors) == (groups, vectors)


@here
@pytest.mark.parametrize(
    ("limits", "total_bytes"),
    [
        (Limits(1e12, 8e6, is_cpu=True), 64 * 2**20),
        (Limits(1e12, 2.0**26, is_cpu=True), 2**28),
        (Limits(2.0**25, 2.0**26, is_cpu=True), 2**24),
        (Limits(1e12, 50e6, is_cpu=False), 2**30),
        (Limits(1e12, 2.0**29, is_cpu=False), 2**31),
    ],
    ids=["small cache", "large cache", "little memory", "accelerator", "its large cache"],
)
def test_streams_are_far_above_the_cache_and_within_memory(
    limits: Limits, total_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    for one in ("1/16", "1/4", "1", "64"):
        space = ROOFLINE.space(ROOFLINE.pilot("fp32", "zeros", one), limits)
        assert {point.size("elements") * 4 for point in space} == {total_bytes}
        assert {point.data for point in space} == {"zeros"}
        assert len(space) == (1 if limits.is_cpu else len(roofline.PROGRAMS_A_UNIT))


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
@pytest.mark.parametrize("is_cpu", [True, False])
def test_too_little_memory_is_told(dtype: str, *, is_cpu: bool) -> None:
    if is_cpu and dtype == "fp32" and architecture() != "x86_64":
        pytest.skip("machine code for x86-64")
    with pytest.raises(UnsupportedError, match="free memory holds no configuration"):
        ROOFLINE.space(ROOFLINE.pilot(dtype, "normal", "1"), Limits(1000.0, 0.0, is_cpu=is_cpu))


def test_a_cpu_without_fp16_is_spared_its_emulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simd, "flags", lambda: frozenset({"avx2"}))
    pilot = ROOFLINE.pilot("fp16", "normal", "1")
    with pytest.raises(UnsupportedError, match=r"^no fp16 instructions on this processor$"):
        ROOFLINE.check(pilot, CPU)
    monkeypatch.setattr(simd, "flags", lambda: frozenset({"fphp"}))
    assert ROOFLINE.check(pilot, CPU).passed


def test_a_processor_without_machine_code_does_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simd, "architecture", lambda: "aarch64")
    for dtype, least in (("fp32", "1/2"), ("fp64", "1/4")):
        for one in ROOFLINE.variants(dtype):
            pilot = ROOFLINE.pilot(dtype, "normal", one)
            if Fraction(one) < Fraction(least):
                with pytest.raises(UnsupportedError, match=r"^no machine code for this processor$"):
                    ROOFLINE.space(pilot, HOST)
                continue
            (point,) = ROOFLINE.space(pilot, HOST)
            work = ROOFLINE.work(point)
            assert work.flop / work.bytes == pytest.approx(float(Fraction(one)), rel=0.05)
        assert ROOFLINE.check(ROOFLINE.pilot(dtype, "normal", least), CPU).passed


def test_a_rate_of_the_roofline_tests_no_figure_and_has_a_table_of_its_own() -> None:
    point = ROOFLINE.pilot("fp32", "normal", "1/4")
    assert ROOFLINE.figures(point) == ()
    assert ROOFLINE.quantity(point) == "flop_rate"
    assert ROOFLINE.group == "roofline"
    assert ROOFLINE.label(point) == "fp32 at 1/4 FLOP/B"


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_the_fakes_roofline_is_its_bandwidth_and_then_its_peak(dtype: str) -> None:
    spec = FakeSpec(noise="none", launch_s=0.0, tile=1, units=1)
    rates = []
    for one in ROOFLINE.variants(dtype)[::3]:
        done = measure_item(FakeDevice(spec), Item("roofline", dtype, variant=one), Plan(1.0))
        assert done.timing is not None
        assert done.work is not None
        rates.append(done.work.flop / done.timing.stats.median_s)
        bound = min(spec.bandwidth * done.work.flop / done.work.bytes, spec.rates[dtype])
        assert rates[-1] == pytest.approx(bound, rel=0.06)
    assert rates == sorted(rates)
    assert rates[0] < rates[1]


@here
def test_an_item_is_measured_from_check_to_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "LEAST_BYTES", {True: 2**16, False: 2**30})
    device = CpuDevice()
    device.cache_bytes = 2.0**14
    done = measure_item(device, Item("roofline", "fp32", variant="1/4"), Plan(0.2))
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    assert (done.label, done.group, done.quantity) == (
        "fp32 at 1/4 FLOP/B", "roofline", "flop_rate",
    )  # fmt: skip


def test_the_error_of_a_stream_that_left_no_number_is_infinite() -> None:
    data = torch.ones(64)
    one = mixed.Stream(
        data, torch.tensor([[1.0, 0.5]]), torch.full((1, 1, 2), math.nan),
        torch.zeros(1, 2, dtype=torch.int32), 1, lambda _: data.view(32, 1, 1, 2), lambda: None,
    )  # fmt: skip
    assert math.isinf(one.error(0))


INTERPRETED = """
import torch
from bench.kernels import roofline
from bench.kernels.common.base import Point
for dtype in ("fp32", "fp64", "bf16", "fp16"):
    for one in ("1/16", "1/2", *(("16",) if dtype[-2:] != "16" else ())):
        told = {"intensity": one, "way": "triton", "elements": 64 * 16 * 80, "programs": 3,
                "lanes": 64, "warps": 4}
        point = Point("roofline", dtype, "normal", told)
        assert roofline.KERNEL.check(point, torch.device("cpu")).passed
        task = roofline.KERNEL.build(point, torch.device("cpu"), 0.0)
        task.spoil()
        assert not task.spot_check(None).passed
        task.calls[0]()
        assert task.spot_check(None).passed
"""


@pytest.mark.slow
@has_triton
def test_the_stream_of_a_gpu_is_right_as_triton_interprets_it() -> None:
    interpreted(INTERPRETED)
