"""Rates that were really published and cannot be true are marked, with what would explain them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper, paper
from bench.judging.plausible import Claim, peak_doubts, timing_doubts
from bench.records.model import Check, DeviceInfo, Measurement, Stats, Stopped, Timing, Work

CUDA = DeviceInfo(backend="cuda", name="any")


def _claim(
    sheets: Catalogue, chip: Chip | str, key: str, value: float, clock_hz: float | None = None
) -> Claim:
    sheet = sheets.chips[chip] if isinstance(chip, str) else chip
    found = paper(CUDA, sheet, (key,), sheets)
    assert isinstance(found, Paper)
    return Claim(value, found, sheet, clock_hz)


def _timed(
    *,
    figures: Sequence[str] = ("matrix_bf16",),
    footprint_bytes: float = 8e9,
    wall_ratio: float | None = 0.99,
    spot_check: Check | None = None,
) -> Measurement:
    stats = Stats(
        median_s=1e-3,
        low_s=0.99e-3,
        high_s=1.01e-3,
        level=0.95,
        burst_s=0.98e-3,
        burst_window_s=0.01,
        samples=20,
        effective_samples=20,
    )
    return Measurement(
        kernel="memory" if "memory_bandwidth" in figures else "gemm",
        dtype="bf16",
        data="normal",
        figures=tuple(figures),
        status="ok",
        work=Work(flop=1e12, bytes=8e9, footprint_bytes=footprint_bytes, formula="2 m n k"),
        spot_check=spot_check,
        timing=Timing(
            batch_calls=1,
            samples_s=(1e-3,) * 20,
            at_s=tuple(float(at) for at in range(20)),
            warmup_s=0.1,
            wall_ratio=wall_ratio,
            stats=stats,
            stopped=Stopped(reason="converged", precision=0.01, wanted=0.01),
        ),
    )


def test_an_fp32_product_at_652_percent_fits_the_tf32_peak(sheets: Catalogue) -> None:
    """FlagPerf, A100 40 GB: mm in FP32, 127.29 TFLOP/s against the vector peak of 19.5."""
    claim = _claim(sheets, "nvidia-a100-sxm-40gb", "vector_fp32", 127.29e12)
    assert list(peak_doubts(claim)) == [
        "652.8% of the published peak: it would be 81.6% of tf32 matrix (156 TFLOP/s)"
    ]


def test_a_capacity_above_the_sheets_gb_is_below_its_gib(sheets: Catalogue) -> None:
    """FlagPerf, MetaX C550: 65.25 GB against 64, which are GiB; 65.25 GiB would be too much."""
    claim = _claim(sheets, "metax-c550-oam", "memory_capacity", 65.25e9)
    assert not list(peak_doubts(claim))
    assert list(peak_doubts(replace(claim, value=65.25 * 2**30))) == [
        "102.0% of the published peak: GB taken for GiB would explain it (95.0% in the same unit)"
    ]


def test_an_mfu_of_104_percent_fits_only_the_sparse_peak(sheets: Catalogue) -> None:
    """karpathy/nanoGPT#464, A100 in bf16."""
    claim = _claim(sheets, "nvidia-a100-sxm-80gb", "matrix_bf16", 1.04 * 312e12)
    assert list(peak_doubts(claim)) == [
        (
            "104.0% of the published peak: "
            "it would be 52.0% of bf16 matrix with structured sparsity (624 TFLOP/s)"
        )
    ]


def test_an_mfu_of_563_percent_is_above_every_peak(sheets: Catalogue) -> None:
    """AMD-AGI/Primus#772, a training step on an MI300X in bf16."""
    claim = _claim(sheets, "amd-mi300x-oam-192gb", "matrix_bf16", 5.63 * 1307.4e12)
    assert list(peak_doubts(claim)) == [
        (
            "563.0% of the published peak: it is above every peak of the sheet: "
            "nothing was computed, or not timed to its end"
        )
    ]


RTX_2070 = Chip.model_validate(
    {
        "id": "nvidia-rtx2070",
        "name": "NVIDIA GeForce RTX 2070",
        "vendor": "nvidia",
        "kind": "gpu",
        "status": "sold",
        "tier": "global",
        "architecture": "Turing",
        "figures": {
            "vector_fp32": {"value": "7465 GFLOP/s", "source": "mixbench", "basis": "dense"},
            "clock_boost": {"value": "1620 MHz", "source": "mixbench"},
        },
    }
)


def test_a_rate_at_112_percent_is_the_clock_where_the_clock_is_known(sheets: Catalogue) -> None:
    """mixbench, RTX 2070: 8414 against 7465 GFLOP/s worked out for a clock the card passes."""
    known = _claim(sheets, RTX_2070, "vector_fp32", 8414e9, clock_hz=1830e6)
    assert list(peak_doubts(known)) == [
        (
            "112.7% of the published peak: the clock reaches 1.83 GHz, the peak was printed for "
            "1.62 GHz (99.8% at the same clock); "
            "it is above every peak of the sheet: nothing was computed, or not timed to its end"
        )
    ]
    hidden = _claim(sheets, RTX_2070, "vector_fp32", 8414e9)
    assert list(peak_doubts(hidden)) == [
        (
            "112.7% of the published peak: it is above every peak of the sheet: "
            "nothing was computed, or not timed to its end"
        )
    ]


def test_a_matrix_rate_is_held_against_the_clock_of_the_matrix_peak(sheets: Catalogue) -> None:
    """H100 SXM: 989.5 is printed for 1830 MHz, the part boosts to 1980."""
    claim = _claim(sheets, "nvidia-h100-sxm-80gb", "matrix_bf16", 1040e12, clock_hz=1980e6)
    (doubt,) = peak_doubts(claim)
    assert doubt.startswith(
        "105.1% of the published peak: the clock reaches 1.98 GHz, the peak was printed for "
        "1.83 GHz (97.1% at the same clock)"
    )


def test_a_bandwidth_of_four_times_the_peak_comes_from_a_cache(sheets: Catalogue) -> None:
    """mli/transformers-benchmarks#4, RTX 4090: 3868 GB/s against 1008, L2 cache of 72 MiB."""
    claim = _claim(sheets, "nvidia-rtx4090-24gb", "memory_bandwidth", 3868e9)
    assert list(peak_doubts(claim)) == [
        "383.7% of the published peak: check units, dtype, shape and timer"
    ]
    device = DeviceInfo(backend="cuda", name="NVIDIA GeForce RTX 4090", llc_bytes=72 * 2.0**20)
    small = _timed(figures=("memory_bandwidth",), footprint_bytes=64 * 2.0**20)
    assert list(timing_doubts(small, device)) == [
        (
            "the buffers (67.1 MB) are below 2 times the last-level cache (75.5 MB): "
            "a cache may explain the rate"
        )
    ]


@pytest.mark.parametrize(
    ("figures", "footprint_bytes", "cache_bytes", "doubts"),
    [
        pytest.param(("memory_bandwidth",), 149e6, 75e6, 1, id="just-below"),
        pytest.param(("memory_bandwidth",), 150e6, 75e6, 0, id="twice-is-enough"),
        pytest.param(("memory_bandwidth",), 1e6, None, 0, id="cache-unknown"),
        pytest.param(("matrix_bf16",), 1e6, 75e6, 0, id="a-product-may-live-in-cache"),
    ],
)
def test_buffers_are_doubted_below_twice_the_cache(
    figures: tuple[str, ...], footprint_bytes: float, cache_bytes: float | None, doubts: int
) -> None:
    device = DeviceInfo(backend="cuda", name="any", llc_bytes=cache_bytes)
    found = list(timing_doubts(_timed(figures=figures, footprint_bytes=footprint_bytes), device))
    assert len(found) == doubts


def test_a_call_that_did_not_compute_its_result_is_doubted() -> None:
    """stas00/ml-engineering#115: the compiler removed the product that was timed."""
    spot = Check(passed=False, error=1.0, tolerance=0.01, shape="256 x 256 x 256")
    assert list(timing_doubts(_timed(spot_check=spot), CUDA)) == [
        (
            "the timed call did not compute its result (relative error 1): "
            "it was optimised away or left out"
        )
    ]


@pytest.mark.parametrize(
    ("ratio", "doubts"),
    [
        pytest.param(
            0.02,
            [
                (
                    "the device's timer saw 2% of the host's time: "
                    "the calls ran on a stream that was not timed"
                )
            ],
            id="wrong-stream",
        ),
        pytest.param(0.49, None, id="less-than-half"),
        pytest.param(0.5, [], id="half"),
        pytest.param(1.0, [], id="all"),
        pytest.param(1.02, [], id="rounding"),
        pytest.param(
            1.1, ["the device's timer ran 1.10 times as long as the host's"], id="longer-than-host"
        ),
    ],
)
def test_the_devices_timer_must_agree_with_the_hosts(
    ratio: float, doubts: list[str] | None
) -> None:
    """pytorch/helion#2994: 250 us on another stream were timed as 5 us."""
    found = list(timing_doubts(_timed(wall_ratio=ratio), CUDA))
    assert (found == doubts) if doubts is not None else (len(found) == 1)


def test_a_sound_measurement_has_no_doubts() -> None:
    spot = Check(passed=True, error=1e-3, tolerance=0.01, shape="-")
    assert list(timing_doubts(_timed(spot_check=spot), CUDA)) == []
    assert list(timing_doubts(_timed(wall_ratio=None), CUDA)) == []


@pytest.mark.parametrize("fraction", [0.01, 0.96, 1.0])
def test_a_rate_up_to_its_peak_has_no_doubts(fraction: float, sheets: Catalogue) -> None:
    claim = _claim(sheets, "nvidia-h20-sxm-96gb", "matrix_bf16", fraction * 148e12, 5e9)
    assert list(peak_doubts(claim)) == []


def test_a_peak_that_was_worked_out_is_called_derived(sheets: Catalogue) -> None:
    found = paper(CUDA, sheets.chips["huawei-ascend-910c"], ("matrix_bf16",), sheets)
    assert isinstance(found, Paper)
    assert list(peak_doubts(Claim(1.1 * found.value, found))) == [
        "110.0% of the derived peak: check units, dtype, shape and timer"
    ]


def test_the_other_peaks_of_a_die_are_those_of_a_die(sheets: Catalogue) -> None:
    """A die of the 910C: 353.9 in bf16; the 707.8 of the package explain nothing."""
    claim = _claim(sheets, "huawei-ascend-910c", "matrix_bf16", 400e12)
    assert list(peak_doubts(claim)) == [
        (
            "113.0% of the derived peak: it is above every peak of the sheet: "
            "nothing was computed, or not timed to its end"
        )
    ]


def test_a_printed_figure_with_a_formula_in_its_source_is_called_derived(
    sheets: Catalogue,
) -> None:
    claim = _claim(sheets, "amd-mi308x-oam-192gb", "matrix_bf16", 1.2 * 344.1e12)
    (doubt,) = peak_doubts(claim)
    assert doubt.startswith("120.0% of the derived peak: ")


def test_a_peak_far_above_the_rate_is_no_explanation(sheets: Catalogue) -> None:
    """H20: 1.5 TFLOP/s in fp64 is above its 1; the 44 of fp32 explain nothing."""
    assert list(peak_doubts(_claim(sheets, "nvidia-h20-sxm-96gb", "vector_fp64", 1.5e12))) == [
        "150.0% of the published peak: check units, dtype, shape and timer"
    ]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        pytest.param(1.07 * 4000e9, True, id="within-gib-over-gb"),
        pytest.param(1.10 * 4000e9, False, id="beyond"),
    ],
)
def test_gib_is_offered_only_where_it_explains_the_excess(
    value: float, hint: bool, sheets: Catalogue
) -> None:
    (doubt,) = peak_doubts(_claim(sheets, "nvidia-h20-sxm-96gb", "memory_bandwidth", value))
    assert ("GiB" in doubt) is hint


def test_integer_and_float_peaks_are_never_offered_for_each_other(sheets: Catalogue) -> None:
    """H20: 200 TFLOP/s in fp16 fits the fp8 peak, not that of int8; 200 TOP/s the other way."""
    (doubt,) = peak_doubts(_claim(sheets, "nvidia-h20-sxm-96gb", "matrix_fp16", 200e12))
    assert doubt.endswith("it would be 67.6% of fp8 matrix (296 TFLOP/s)")
    (doubt,) = peak_doubts(_claim(sheets, "nvidia-h20-sxm-96gb", "matrix_int8", 320e12))
    assert "TFLOP/s" not in doubt
