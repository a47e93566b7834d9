"""Forms of matrix products: scales, sums in fp16, and calls that are replayed."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from bench.kernels import gemm
from bench.kernels.common import inputs, precision
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.common.factors import Factor, scaled
from bench.kernels.common.precision import set_precision
from tests.kernels.cases import multiplies_fp8
from tests.kernels.product_cases import CPU, CUDA, GEMM, plain_products, product

FP8_FORMS = [
    pytest.param(
        form,
        marks=pytest.mark.skipif(
            not multiplies_fp8(by_row=form in gemm.BY_ROW),
            reason="this torch has no such product on a CPU",
        ),
    )
    for form in GEMM.variants("fp8")
]
MATMUL = torch.backends.cuda.matmul
has_fp16_sums = pytest.mark.skipif(
    not precision.can_accumulate_in_fp16(), reason="this torch cannot be told to sum in fp16"
)


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with plain_products(monkeypatch):
        yield


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


@has_fp16_sums
def test_sums_in_fp16_are_for_the_form_that_asks_for_them_alone() -> None:
    seen = []
    for dtype, variant in (("fp16", "acc16"), ("fp16", ""), ("fp16", "acc16"), ("bf16", "")):
        gemm._ready(product(dtype, variant), CUDA)
        seen.append(MATMUL.allow_fp16_accumulation)
    assert seen == [True, False, True, False]


@has_fp16_sums
def test_sums_in_fp16_are_refused_where_torch_or_the_device_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UnsupportedError, match="on CUDA devices only"):
        GEMM.check(product("fp16", "acc16"), CPU)
    monkeypatch.setattr(gemm, "can_accumulate_in_fp16", lambda: False)
    with pytest.raises(UnsupportedError, match=r"torch 2\.7 or later can"):
        gemm._ready(product("fp16", "acc16"), CUDA)


@pytest.mark.parametrize(
    ("dtype", "sizes", "told"),
    [
        ("int8", (16, 32, 32), "for int8 torch needs m above 16, not 16"),
        ("int8", (17, 12, 32), "for int8 torch needs n to be a multiple of 8, not 12"),
        (
            "fp8", (1, 40, 24),
            "torch needs n to be a multiple of 16, not 40, and k to be a multiple of 16, not 24",
        ),
        ("int8", (17, 8, 8), ""),
        ("fp8", (1, 16, 16), ""),
        ("bf16", (1, 3, 5), ""),
    ],
)  # fmt: skip
def test_sizes_that_torch_does_not_multiply_on_a_gpu_are_skipped(
    dtype: str, sizes: tuple[int, int, int], told: str
) -> None:
    point = Point("gemm", dtype, parameters=dict(zip("mnk", sizes, strict=True)))
    gemm._ready(point, CPU)  # which has no such limits
    if not told:
        gemm._ready(point, CUDA)
        return
    with pytest.raises(UnsupportedError, match=told):
        gemm._ready(point, CUDA)


@has_fp16_sums
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


@has_fp16_sums
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
