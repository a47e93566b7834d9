"""Forms and formats of matrix products on a CUDA or ROCm device; nothing here asserts a speed.

pytest tests/gpu -m gpu -s
"""

import pytest
import torch

from bench.devices.cuda import CudaDevice
from bench.kernels import gemm, sparse
from bench.kernels.common import inputs
from bench.kernels.common.base import Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.measure.item import Item, measure_item
from bench.measure.loop import Plan

SHAPE: dict[str, int | str] = {"m": 4096, "n": 4096, "k": 4096}
FORMS = [
    (dtype, variant) for dtype in gemm.DTYPES for variant in kernel("gemm").variants(dtype)
]  # fmt: skip
ALL = [("gemm", *form) for form in FORMS] + [("sparse", dtype, "") for dtype in sparse.DTYPES]


@pytest.mark.parametrize(("name", "dtype", "variant"), ALL)
def test_every_form_is_right_or_unsupported_with_a_reason(
    device: CudaDevice, name: str, dtype: str, variant: str
) -> None:
    try:
        check = device.check(kernel(name), kernel(name).pilot(dtype, "normal", variant))
    except UnsupportedError as error:
        pytest.skip(str(error))
    assert check.passed
    assert check.error <= check.tolerance


@pytest.mark.parametrize(("name", "dtype", "variant"), ALL)
def test_every_form_is_measured_and_names_the_code_that_ran(
    device: CudaDevice, name: str, dtype: str, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = measure_item(device, Item(name, dtype, variant=variant, fixed=SHAPE), Plan(1.5))
    if done.status == "skipped":
        pytest.skip(str(done.reason))
    assert (done.status, done.reason) == ("ok", None)
    assert done.spot_check is not None
    assert done.spot_check.passed
    with capsys.disabled():
        print(f"\n{name} {dtype} {variant}: {done.observed}")  # noqa: T201 -- read by whoever runs it
    assert done.observed.get("code"), "the profiler saw no code"


def test_sums_in_fp16_are_off_after_another_product(device: CudaDevice) -> None:
    point = Point("gemm", "fp16", parameters={**SHAPE, "layout": "nt"})
    summed = Point("gemm", "fp16", parameters={**point.parameters, "variant": "acc16"})
    try:
        rough = device.check(kernel("gemm"), summed).error
    except UnsupportedError as error:
        pytest.skip(str(error))
    plain = device.check(kernel("gemm"), point).error
    assert plain < rough / 1.5


def test_a_pool_of_every_format_is_filled(device: CudaDevice) -> None:
    for dtype in gemm.DTYPES:
        if device.lacks(dtype):
            continue
        (array,) = inputs.buffers(1, 1 << 23, dtype, "normal", device.device)
        raw = array.view(torch.uint8)
        assert torch.equal(raw[: raw.numel() // 2], raw[raw.numel() // 2 :])
