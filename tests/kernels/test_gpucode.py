"""The code that ran on a GPU: its name, its tile, and what it costs to see it."""

from types import SimpleNamespace
from typing import Any, Self

import pytest
import torch

from bench.kernels.common import gpucode
from tests.kernels.product_cases import CPU, CUDA

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
