"""Block-scaled products: where scales lie, how numbers are packed, what is missing."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from bench.kernels import gemm
from bench.kernels.common import factors, inputs, microscaling
from bench.kernels.common.base import UnsupportedError, torch_dtype
from tests.kernels.cases import has_blocks
from tests.kernels.product_cases import CPU, CUDA, GEMM, plain_products, product

pytestmark = has_blocks
BLOCKS = tuple(microscaling.BLOCK)


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with plain_products(monkeypatch):
        yield


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (128, 4), (130, 5), (300, 16)])
def test_scales_lie_where_the_library_reads_them(rows: int, columns: int) -> None:
    scales = torch.randint(1, 127, (rows, columns), dtype=torch.uint8)
    across = -(-columns // 4)
    expected = [0] * (-(-rows // 128) * across * 512)
    for row in range(rows):
        for column in range(columns):
            at = (row // 128 * across + column // 4) * 512
            at += row % 32 * 16 + row % 128 // 32 * 4 + column % 4
            expected[at] = int(scales[row, column])
    assert microscaling.swizzled(scales).tolist() == expected


def test_every_e2m1_number_is_packed_low_half_first() -> None:
    numbers = [*microscaling.E2M1, *(-one for one in microscaling.E2M1[1:])]
    stored = microscaling.packed(torch.tensor([[0.5, -6.0], [3.0, 1.0]]))
    assert stored.view(torch.uint8).tolist() == [0xF1, 0x25]
    pairs = torch.tensor([[one, other] for one in numbers for other in numbers])
    assert torch.equal(microscaling.unpacked(microscaling.packed(pairs)), pairs.double().flatten())


def test_numbers_are_rounded_to_the_nearest_e2m1() -> None:
    rough = torch.randn(5000, 2) * 3
    got = microscaling.unpacked(microscaling.packed(rough)).view(-1, 2)
    table = torch.tensor([*microscaling.E2M1, *(-one for one in microscaling.E2M1)])
    least = (rough[..., None] - table).abs().min(dim=-1).values
    assert torch.allclose((got - rough).abs().float(), least)


@pytest.mark.parametrize(
    ("data", "expected"),
    [("constant", {1.0}), ("zeros", {0.0}), ("integers", set(range(-4, 5)))],
)
def test_inputs_of_nvfp4_are_drawn_as_asked_for(data: str, expected: set[float]) -> None:
    (array,) = inputs.buffers(1, 3000, "nvfp4", data, CPU)
    values = set(microscaling.unpacked(array).tolist())
    expected = (
        expected if data != "integers" else {0.0, *(s * x for s in (1, -1) for x in range(5))}
    )
    assert values == expected


def unswizzled(flat: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Scales in float64 as the library reads them, by its documented offsets."""
    values, across = flat.float().double(), -(-columns // 4)
    found = torch.empty(rows, columns, dtype=torch.float64)
    for row in range(rows):
        for column in range(columns):
            at = (row // 128 * across + column // 4) * 512
            found[row, column] = values[at + row % 32 * 16 + row % 128 // 32 * 4 + column % 4]
    return found


def block_scaled(a: Any, b: Any, left: Any, right: Any, **told: Any) -> torch.Tensor:
    """What the hardware does with mxfp8 and nvfp4."""
    assert not told["use_fast_accum"]
    sides = []
    for stored, scales in ((a, left), (b.t(), right)):
        if scales.dtype == torch.float8_e8m0fnu:
            numbers, block = stored.double(), 32
        else:
            numbers, block = microscaling.unpacked(stored), 16
        known = unswizzled(scales, numbers.shape[0], numbers.shape[1] // block)
        sides.append(numbers * known.repeat_interleave(block, dim=1))
    product: torch.Tensor = (sides[0] @ sides[1].t()).to(told["out_dtype"])
    return product


@pytest.mark.parametrize("dtype", BLOCKS)
def test_a_block_scaled_product_is_right(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microscaling, "refuse", lambda *_: None)
    monkeypatch.setattr(torch, "_scaled_mm", block_scaled)
    check = GEMM.check(product(dtype), CPU)
    assert (check.passed, check.tolerance) == (True, 1e-2)
    task = GEMM.build(product(dtype, m=32, n=48, k=64), CPU, 0.0)
    assert task.spot_check is not None


@pytest.mark.parametrize("dtype", BLOCKS)
@pytest.mark.parametrize("fault", ["no swizzle", "no scales"])
def test_block_scales_in_the_wrong_place_fail_the_check(
    dtype: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(scales: torch.Tensor) -> torch.Tensor:
        real = torch.zeros(-(-scales.shape[0] // 128) * 128, -(-scales.shape[1] // 4) * 4)
        values = scales.float() if fault == "no swizzle" else torch.ones(scales.shape)
        real[: scales.shape[0], : scales.shape[1]] = values
        return real.flatten().to(scales.dtype)

    monkeypatch.setattr(microscaling, "refuse", lambda *_: None)
    monkeypatch.setattr(microscaling, "swizzled", plain)
    monkeypatch.setattr(torch, "_scaled_mm", block_scaled)
    assert not GEMM.check(product(dtype), CPU).passed


@pytest.mark.parametrize("dtype", ["fp8", *BLOCKS])
@pytest.mark.parametrize("variant", ["", "row"])
def test_torch_takes_scales_of_that_shape(dtype: str, variant: str) -> None:
    """torch's own shape check, on tensors without memory."""
    point = product(dtype, variant, m=144, n=96, k=192)
    stored = 192 // microscaling.PACKED.get(dtype, 1)
    pool = torch.empty(1 << 17, dtype=torch_dtype(dtype), device="meta")
    left, right = gemm._factors(inputs.Cutter(pool), point)
    result = gemm._call(point, left, right, None)()
    assert tuple(left.vectors.shape) == (144, stored)
    assert (tuple(result.shape), result.dtype) == ((144, 96), torch.bfloat16)


@pytest.mark.parametrize(
    ("device", "capability", "hip", "k", "reason"),
    [
        (CPU, (0, 0), None, 64, "torch has no product of {} on a CPU"),
        (CUDA, (9, 0), None, 64, "{} came with compute capability 10.0, this device has 9.0"),
        (CUDA, (9, 4), "7.0", 64, "AMD lays out the scales of {} otherwise: not written here"),
        (CUDA, (10, 0), None, 48, "{} needs k to be a multiple of 32, not 48"),
        (CUDA, (10, 0), None, 64, None),
        (CUDA, (12, 0), None, 64, None),
    ],
)
@pytest.mark.parametrize("dtype", BLOCKS)
def test_block_scaled_formats_say_what_is_missing(
    dtype: str,
    device: torch.device,
    capability: tuple[int, int],
    hip: str | None,
    k: int,
    reason: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    if reason is None:
        microscaling.refuse(dtype, k, device)
        return
    with pytest.raises(UnsupportedError) as caught:
        microscaling.refuse(dtype, k, device)
    assert str(caught.value) == reason.format(dtype)


@pytest.mark.parametrize(
    ("dtype", "missing"), [("mxfp8", "float8_e8m0fnu"), ("nvfp4", "float4_e2m1fn_x2")]
)
def test_an_older_torch_is_named_with_what_it_lacks(
    dtype: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(torch, missing)
    with pytest.raises(UnsupportedError, match=rf"^torch \S+ has no {missing}$"):
        GEMM.check(product(dtype), CPU) if dtype == "mxfp8" else torch_dtype(dtype)


def test_widening_knows_packed_numbers() -> None:
    stored = microscaling.packed(torch.tensor([[[1.0, -2.0], [0.5, 6.0]]]))
    assert factors.Factor(stored).numbers().tolist() == [[1.0, -2.0, 0.5, 6.0]]
