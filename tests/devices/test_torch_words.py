"""What torch says and is told: fp32 in full, errors told apart, the fp8 of the chip."""

from types import SimpleNamespace

import pytest
import torch

from bench.devices.torchdevice import translated
from bench.kernels.common.base import UnsupportedError, torch_dtype
from bench.kernels.common.precision import set_precision


def test_fp32_is_full_unless_tf32_is_asked_for() -> None:
    matmul = torch.backends.cuda.matmul
    seen = []
    for dtype in ("tf32", "fp32", "tf32", "bf16"):
        set_precision(dtype)
        seen.append(matmul.allow_tf32)  # torch raises here where its two switches differ
        if hasattr(matmul, "fp32_precision"):  # torch 2.9
            assert (matmul.fp32_precision == "tf32") is seen[-1]
    assert seen == [True, False, True, False]


@pytest.mark.parametrize(
    ("error", "unsupported"),
    [
        (NotImplementedError(""), True),
        (RuntimeError("\"addmm_impl_cpu_\" not implemented for 'Float8_e4m3fn'"), True),
        (RuntimeError("Could not run 'aten::_int_mm'"), True),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_NOT_SUPPORTED when calling `cublasLtMatmul`"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ARCH_MISMATCH when calling `cublas`"), True),
        (RuntimeError("torch._scaled_mm is only supported on CUDA devices with compute"), True),
        (RuntimeError("Now _scaled_mm only supports per-tensor scaling for CPU backend."), True),
        (RuntimeError("0 active drivers ([]). There should only be one."), True),  # Triton's
        (TypeError("MPS backend does not support float64 dtype"), True),
        (TypeError("Cannot convert: bfloat16 is not supported on this device"), True),
        (TypeError("unsupported operand type(s) for *: 'NoneType' and 'float'"), False),
        (TypeError("'float' object does not support item assignment"), False),
        (
            RuntimeError("CUDA error: no kernel image is available for execution on the device"),
            False,
        ),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (RuntimeError(""), False),
    ],
)
def test_a_missing_operation_is_told_from_a_failure(error: Exception, *, unsupported: bool) -> None:
    told = translated(error)
    assert isinstance(told, UnsupportedError) is unsupported
    assert (told is error) is not unsupported


@pytest.mark.parametrize(
    "text", ["CUDA out of memory", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublas`"]
)
def test_want_of_room_is_told_from_a_failure(text: str) -> None:
    assert isinstance(translated(RuntimeError(text)), MemoryError)


@pytest.mark.parametrize(
    ("hip", "architecture", "kind", "expected"),
    [
        (None, "NVIDIA H100", "cuda", torch.float8_e4m3fn),
        ("6.4", "gfx942:sramecc+:xnack-", "cuda", torch.float8_e4m3fnuz),
        ("7.0", "gfx950:sramecc+:xnack-", "cuda", torch.float8_e4m3fn),
        ("6.4", "gfx942:sramecc+:xnack-", "cpu", torch.float8_e4m3fn),
    ],
)
def test_fp8_is_the_kind_that_the_chip_multiplies(
    hip: str | None,
    architecture: str,
    kind: str,
    expected: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.version, "hip", hip)
    told = SimpleNamespace(gcnArchName=architecture)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: told)
    assert torch_dtype("fp8", torch.device(kind)) == expected
    assert torch_dtype("bf16", torch.device(kind)) == torch.bfloat16
