"""The shapes that a search tries: the favoured first, none twice, none beyond the memory."""

import pytest

from bench.kernels import memory
from bench.kernels.common import products
from bench.kernels.common.base import Limits, Point
from bench.kernels.memory import STREAMS
from tests.kernels.cases import GEMM, MEMORY, WAYS


@pytest.mark.parametrize("pilot_dtype", ["fp32", "bf16", "fp8"])
@pytest.mark.parametrize(("is_cpu", "favoured"), [(True, 4096), (False, 8192)])
def test_the_space_begins_with_favoured_shapes_and_has_no_shape_twice(
    pilot_dtype: str, favoured: int, *, is_cpu: bool
) -> None:
    space = GEMM.space(GEMM.pilot(pilot_dtype, "zeros"), Limits(1e12, 32e6, is_cpu=is_cpu))
    sizes = products.CPU_SIZES if is_cpu else products.ACCELERATOR_SIZES
    layouts = 1 if pilot_dtype == "fp8" else 2
    assert len({str(point) for point in space}) == len(space) == layouts * len(sizes) ** 3
    assert [space[0].size(name) for name in "mnk"] == [favoured] * 3
    assert {point.data for point in space} == {"zeros"}
    assert {point.size(name) for point in space for name in "mnk"} == set(sizes)


@pytest.mark.parametrize("memory_bytes", [1e6, 1e7, 1e8, 1e9])
def test_no_shape_of_the_space_takes_more_than_the_memory_given(memory_bytes: float) -> None:
    pilot = GEMM.pilot("fp32", "normal")
    space = GEMM.space(pilot, Limits(memory_bytes, 32e6, is_cpu=True))
    whole = GEMM.space(pilot, Limits(1e15, 32e6, is_cpu=True))
    assert space == [p for p in whole if GEMM.work(p).footprint_bytes <= memory_bytes]
    assert 0 < len(space) < len(whole) or memory_bytes == 1e9


@pytest.mark.parametrize(
    ("dtype", "cpu", "layouts"),
    [
        ("int8", True, {"nt", "nn"}),
        *((dtype, False, {"nt"}) for dtype in ("int8", "fp8", "mxfp8", "nvfp4")),
        *((dtype, True, {"nt"}) for dtype in ("fp8", "mxfp8", "nvfp4")),
    ],
)
def test_a_layout_that_a_library_does_badly_is_no_part_of_the_space(
    dtype: str, cpu: bool, layouts: set[str]
) -> None:
    space = GEMM.space(GEMM.pilot(dtype, "normal"), Limits(1e12, 32e6, is_cpu=cpu))
    assert {str(point.parameters["layout"]) for point in space} == layouts


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    ("limits", "array_bytes"),
    [
        (Limits(1e12, 32 * 2**20, is_cpu=True), 256 * 2**20),
        (Limits(1e12, 512 * 2**20, is_cpu=True), 4 * 512 * 2**20),
        (Limits(1e12, 50 * 2**20, is_cpu=False), 2**31),
        (Limits(3 * 2**20, 32 * 2**20, is_cpu=True), 2**20),
        (Limits(0.0, 32 * 2**20, is_cpu=True), 4 * 4096),
    ],
    ids=["small cache", "large cache", "accelerator", "little memory", "no memory"],
)
def test_streams_are_sized_by_cache_and_memory(name: str, limits: Limits, array_bytes: int) -> None:
    pilot = Point("memory", "fp32", "zeros", {"stream": name, "elements": 1 << 18})
    space = MEMORY.space(pilot, limits)
    assert {point.size("elements") * 4 for point in space} == {array_bytes}
    ways = [str(point.parameters["way"]) for point in space]
    assert ways == [
        way for one, way in WAYS if one == name and (limits.is_cpu or way not in memory.HOST_ONLY)
    ]
    assert {point.data for point in space} == {"zeros"}
