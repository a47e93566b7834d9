"""Forms and formats of matrix products: scales, block scaling, fp16 sums, the code that ran."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Self

import pytest
import torch

from bench.kernels import gemm
from bench.kernels.common import factors, gpucode, inputs, microscaling, precision, products
from bench.kernels.common.base import Limits, Point, UnsupportedError, torch_dtype
from bench.kernels.common.factors import Factor, scaled
from bench.kernels.common.precision import set_precision
from bench.kernels.registry import kernel

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
GEMM = kernel("gemm")
FP8_FORMS = GEMM.variants("fp8")
BLOCKS = tuple(microscaling.BLOCK)
MATMUL = torch.backends.cuda.matmul


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(products, "LEAST_POOL", 1 << 12)
    inputs.release()
    torch.manual_seed(0)
    yield
    inputs.release()
    set_precision("fp32")


def product(dtype: str, variant: str = "", **sizes: int) -> Point:
    """A matrix product of a form."""
    pilot = GEMM.pilot(dtype, "normal", variant)
    return Point("gemm", dtype, parameters={**pilot.parameters, **sizes})


@pytest.mark.parametrize(
    ("dtype", "variant", "figures", "label"),
    [
        ("fp16", "", ("matrix_fp16", "vector_fp16"), ""),
        ("fp16", "acc16", ("matrix_fp16_acc16",), ""),
        ("fp8", "", ("matrix_fp8",), ""),
        ("fp8", "row", ("matrix_fp8",), "row-wise scales"),
        ("fp8", "exact", ("matrix_fp8",), "full accumulation"),
        ("fp8", "row-exact", ("matrix_fp8",), "row-wise scales, full accumulation"),
        ("mxfp8", "", ("matrix_mxfp8", "matrix_fp8"), "mxfp8"),
        ("nvfp4", "", ("matrix_fp4",), "nvfp4"),
        ("fp32", "", ("matrix_fp32", "vector_fp32"), ""),
    ],
)
def test_a_form_names_the_figure_it_tests_and_what_tells_it_apart(
    dtype: str, variant: str, figures: tuple[str, ...], label: str
) -> None:
    assert variant in GEMM.variants(dtype)
    point = product(dtype, variant)
    assert (GEMM.figures(point), GEMM.label(point)) == (figures, label)


def test_the_plain_form_comes_first_and_leaves_no_trace_in_the_record() -> None:
    assert {GEMM.variants(dtype)[0] for dtype in gemm.DTYPES} == {""}
    assert "variant" not in product("fp8").parameters
    assert product("fp8", "row").parameters["variant"] == "row"


def test_a_search_keeps_the_form() -> None:
    space = GEMM.space(product("fp8", "row-exact"), Limits(1e9, 0.0, is_cpu=True))
    assert {str(point.parameters["variant"]) for point in space} == {"row-exact"}


def test_a_form_that_a_dtype_lacks_is_its_plain_one() -> None:
    """A reference in another dtype is timed with the parameters of the form."""
    told = {**product("fp16", "acc16").parameters}
    assert GEMM.check(Point("gemm", "fp32", parameters=told), CPU).tolerance == 2e-5


@pytest.mark.parametrize("variant", FP8_FORMS)
def test_every_form_of_fp8_is_right(variant: str) -> None:
    assert GEMM.check(product("fp8", variant), CPU).passed


@pytest.mark.parametrize("variant", FP8_FORMS)
def test_a_form_is_multiplied_with_its_scales_and_accumulation(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, ...]] = []
    real = torch._scaled_mm

    def watched(a: Any, b: Any, left: Any, right: Any, **told: Any) -> Any:
        seen.append((tuple(left.shape), tuple(right.shape), told["use_fast_accum"]))
        return real(a, b, left, right, **told)

    monkeypatch.setattr(torch, "_scaled_mm", watched)
    GEMM.check(product("fp8", variant), CPU)
    by_row = ((112, 1), (1, 96)) if "row" in variant else ((), ())
    assert seen == [(*by_row, "exact" not in variant)]


@pytest.mark.parametrize("variant", FP8_FORMS)
@pytest.mark.parametrize("left_out", ["left", "right"])
def test_a_product_that_leaves_a_scale_out_fails_the_check(
    variant: str, left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = torch._scaled_mm

    def careless(a: Any, b: Any, left: Any, right: Any, **told: Any) -> Any:
        kept = [torch.ones_like(one) if name == left_out else one for name, one in
                (("left", left), ("right", right))]  # fmt: skip
        return real(a, b, *kept, **told)

    monkeypatch.setattr(torch, "_scaled_mm", careless)
    assert not GEMM.check(product("fp8", variant), CPU).passed


@pytest.mark.parametrize("variant", FP8_FORMS)
def test_the_timed_product_of_a_form_passes_its_spot_check(variant: str) -> None:
    task = GEMM.build(product("fp8", variant, m=32, n=48, k=64), CPU, 0.0)
    assert task.spot_check is not None
    task.spoil()
    assert not task.spot_check(None).passed
    task.calls[0]()
    assert task.spot_check(None).passed
    assert task.observed() == {}


def test_numbers_have_their_scales_worked_in() -> None:
    vectors = torch.arange(12.0).view(3, 4)
    assert Factor(vectors).numbers([2]).tolist() == [[8.0, 9.0, 10.0, 11.0]]
    assert Factor(vectors, torch.tensor(2.0)).numbers([0]).tolist() == [[0.0, 2.0, 4.0, 6.0]]
    by_row = Factor(vectors, torch.tensor([[1.0], [2.0], [3.0]]))
    assert by_row.numbers([1, 2]).tolist() == [[8, 10, 12, 14], [24, 27, 30, 33]]
    by_block = Factor(vectors, torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert by_block.numbers().tolist() == [[0, 1, 4, 6], [12, 15, 24, 28], [40, 45, 60, 66]]


@pytest.mark.parametrize("by_row", [True, False])
def test_scales_of_fp8_are_never_near_one(*, by_row: bool) -> None:
    drawn = scaled(torch.zeros(500, 16), "fp8", by_row=by_row).scales
    assert drawn is not None
    assert tuple(drawn.shape) == ((500, 1) if by_row else ())
    assert 1.5 <= float(drawn.min()) <= float(drawn.max()) < 2.5
    assert scaled(torch.zeros(2, 2), "bf16").scales is None


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


def test_sums_in_fp16_are_for_the_form_that_asks_for_them_alone() -> None:
    seen = []
    for dtype, variant in (("fp16", "acc16"), ("fp16", ""), ("fp16", "acc16"), ("bf16", "")):
        gemm._ready(product(dtype, variant), CUDA)
        seen.append(MATMUL.allow_fp16_accumulation)
    assert seen == [True, False, True, False]


def test_sums_in_fp16_are_refused_where_torch_or_the_device_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UnsupportedError, match="on CUDA devices only"):
        GEMM.check(product("fp16", "acc16"), CPU)
    monkeypatch.setattr(gemm, "can_accumulate_in_fp16", lambda: False)
    with pytest.raises(UnsupportedError, match=r"torch 2\.7 or later can"):
        gemm._ready(product("fp16", "acc16"), CUDA)


def test_a_torch_without_the_switch_sets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "can_accumulate_in_fp16", lambda: False)
    set_precision("fp16", acc16=True)
    assert not MATMUL.allow_fp16_accumulation


def in_fp16(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The product with sums kept in fp16, 16 terms at a time, while the switch is on."""
    total = torch.zeros(a.shape[0], b.shape[1])
    for start in range(0, a.shape[1], 16):
        part = a[:, start : start + 16].float() @ b[start : start + 16].float()
        total = total + part
        total = total.half().float() if MATMUL.allow_fp16_accumulation else total
    return total.half()


def test_sums_in_fp16_are_right_and_told_from_sums_in_fp32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "mm", in_fp16)
    monkeypatch.setattr(
        gemm, "_ready", lambda point, _: set_precision("fp16", acc16=gemm._form(point) == "acc16")
    )
    check = GEMM.check(product("fp16", "acc16"), CPU)
    assert (check.passed, check.tolerance) == (True, gemm.ACC16_TOLERANCE)
    assert MATMUL.allow_fp16_accumulation
    monkeypatch.setattr(torch, "mm", lambda a, b: (a.float() @ b.float()).half())
    with pytest.raises(UnsupportedError, match="torch sums in fp32 here, though told"):
        GEMM.check(product("fp16", "acc16"), CPU)


XMMA = "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize256x128x64_warpgroupsize2x1x1_execute"
SPARSE_XMMA = "sm80_xmma_sparse_gemm_f16f16_f16f32_f32_tt_t_tilesize128x128x64_stage3_warpsize2x2x1"
CUTLASS_2 = (
    "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_64x128_64x6_tn_align8>"
    "(cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_64x128_64x6_tn_align8::Params)"
)
CUTLASS_3 = (
    "void cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<cute::tuple<int, int, int>, "
    "cutlass::gemm::collective::CollectiveMma<cutlass::gemm::MainloopSm90TmaGmmaWarpSpecialized<4, "
    "cute::tuple<cute::C<2>, cute::C<1>, cute::C<1>>, X>, "
    "cute::tuple<cute::C<64>, cute::C<128>, cute::C<128>>, float>>>"
)
TENSILE = "Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT128x224x64_MI16x16x1_SN_LDSB1_WG32_8_1"
NAMES = [
    ("nvjet_hsh_256x144_64x4_1x2_h_bz_coopA_TNT", "256x144"),
    ("nvjet_sm100_tst_64x32_64x16_2x1_2cta_v_bz_TNN", "64x32"),
    ("nvjet_sm121_hsh_mma_128x208x64_2_32x104x64_tmaAB_bz_NNNN", "128x208"),
    (f"{XMMA}_segment_k_off_kernel__5x_cublas", "256x128"),
    (f"{SPARSE_XMMA}_sptensor16x8x32_execute_kernel_5x_cusparselt", "128x128"),
    (CUTLASS_2, "64x128"),
    ("cutlass_80_wmma_tensorop_bf16_s161616gemm_bf16_32x32_128x2_tn_align8", "32x32"),
    ("ampere_fp16_s16816gemm_fp16_128x256_ldg8_f2f_stages_64x3_nn", "128x256"),
    ("volta_sgemm_128x64_nn", "128x64"),
    (TENSILE, "128x224"),
    (CUTLASS_3, "64x128"),
    ("void cublasLt::splitKreduce_kernel<32, 16, int, float, __half>", None),
    ("void gemmSN_TN_kernel<float, 128, 16, 2, 4, 4, 4, true>", None),
    ("void at::native::reduce_kernel_512x4_<4>", None),
    ("", None),
]


@pytest.mark.parametrize(("name", "expected"), NAMES, ids=range(len(NAMES)))
def test_a_tile_is_read_out_of_a_name(name: str, expected: str | None) -> None:
    assert gpucode.tile(name) == expected


class Profiler:
    """torch's profiler, which saw what it is told to have seen."""

    def __init__(self, *seen: tuple[str, str, float]) -> None:
        self.seen, self.ran = seen, 0

    def __call__(self, activities: list[Any]) -> "Profiler":
        assert activities == [torch.profiler.ProfilerActivity.CUDA]
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def events(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                name=name,
                device_type=SimpleNamespace(name=kind),
                time_range=SimpleNamespace(elapsed_us=lambda long=long: long),
            )
            for name, kind, long in self.seen
        ]


def watched(monkeypatch: pytest.MonkeyPatch, *seen: tuple[str, str, float]) -> dict[str, Any]:
    """What is observed of a call of which the profiler saw so much."""
    calls: list[int] = []
    monkeypatch.setattr(torch.profiler, "profile", Profiler(*seen))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: calls.append(2))
    found = gpucode.observed(lambda: calls.append(1), CUDA)
    assert calls == [1, 2] if found else [1, 2, 1, 2]
    return dict(found)


def test_the_code_that_took_longest_is_observed_with_its_tile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "nvjet_hsh_256x128_64x4_1x2_h_bz_coopA_TNT"
    seen = [
        ("aten::mm", "CPU", 9e3), ("Memset (Device)", "CUDA", 8e3), (name, "CUDA", 70.0),
        ("void cublasLt::splitKreduce_kernel<32>", "CUDA", 3.0),
    ]  # fmt: skip
    assert watched(monkeypatch, *seen) == {"code": name, "tile": "256x128"}
    assert watched(monkeypatch, ("x" * 999, "CUDA", 1.0)) == {"code": "x" * 160}
    assert watched(monkeypatch, ("aten::mm", "CPU", 1.0)) == {}


def test_a_profiler_that_fails_costs_the_observation_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_: object) -> None:
        raise RuntimeError("CUPTI_ERROR_INSUFFICIENT_PRIVILEGES")

    monkeypatch.setattr(torch.profiler, "profile", failing)
    assert gpucode.observed(lambda: None, CUDA) == {}
    assert gpucode.observed(lambda: pytest.fail("no call is run again on a CPU"), CPU) == {}


def test_widening_knows_packed_numbers() -> None:
    stored = microscaling.packed(torch.tensor([[[1.0, -2.0], [0.5, 6.0]]]))
    assert factors.Factor(stored).numbers().tolist() == [[1.0, -2.0, 0.5, 6.0]]


def test_a_short_product_is_also_replayed_where_calls_can_be_captured() -> None:
    """13 µs of work take the host as long to launch: a long product needs no replay."""
    limits = Limits(1e11, 5e7, is_cpu=False, graphs=True)
    short = _sized(16, 4096, 4096)
    assert [one.parameters.get("way") for one in GEMM.ways(short, limits)] == ["graph", "eager"]
    assert GEMM.ways(_sized(8192, 8192, 8192), limits) == [_sized(8192, 8192, 8192)]
    assert GEMM.ways(short, Limits(1e11, 5e7, is_cpu=False)) == [short]


def test_a_product_that_is_not_captured_is_not_told_as_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The way that is left, called as it stands, is then found by the search."""

    def refused(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(gemm, "captured", refused)
    (replayed, called) = GEMM.ways(_sized(48, 32, 64), Limits(1e11, 5e7, False, graphs=True))
    with pytest.raises(RuntimeError, match="capturing"):
        GEMM.build(replayed, CPU, 0.0)
    assert GEMM.build(called, CPU, 0.0).calls
    inputs.release()


def _sized(m: int, n: int, k: int) -> Point:
    return Point("gemm", "bf16", "normal", {"m": m, "n": n, "k": k, "layout": "nt"})
