"""Measurements and records made by hand, for tests of the verdict."""

from typing import Any

from bench.chips.load import Catalogue
from bench.judging.verdict import Row, weigh
from bench.records.model import (
    DeviceInfo,
    Identity,
    Measurement,
    Record,
    Stats,
    Stopped,
    Timing,
    Work,
)

H20 = "nvidia-h20-sxm-96gb"
CUDA = DeviceInfo(backend="cuda", name="NVIDIA H20")
BEST_S = 1e-3


def timing_of(median_s: float, half: float, **changes: Any) -> Timing:
    stats = Stats(
        median_s=median_s,
        low_s=median_s * (1 - half),
        high_s=median_s * (1 + half),
        level=0.95,
        burst_s=median_s * 0.99,
        burst_window_s=0.01,
        samples=4,
        effective_samples=4,
    )
    plain = Timing(
        batch_calls=1,
        samples_s=(median_s,) * 4,
        at_s=(0.0, 1.0, 2.0, 3.0),
        warmup_s=0.1,
        wall_ratio=0.99,
        stats=stats,
        stopped=Stopped(reason="converged", precision=half, wanted=0.01),
    )
    return plain.model_copy(update=changes)


def product_at(
    tflops: float, half: float = 0.001, timing: dict[str, Any] | None = None, **changes: Any
) -> Measurement:
    """A bf16 product at ``tflops``, its interval ``half`` wide to each side."""
    plain = Measurement(
        kernel="gemm",
        dtype="bf16",
        data="normal",
        figures=("matrix_bf16", "vector_bf16"),
        status="ok",
        parameters={"m": 4096, "n": 4096, "k": 8192, "layout": "nt"},
        work=Work(flop=tflops * 1e12 * BEST_S, bytes=1e8, footprint_bytes=1e8, formula="2 m n k"),
        timing=timing_of(BEST_S, half, **(timing or {})),
    )
    return plain.model_copy(update=changes)


def stream_at(gbps: float, stream: str = "copy", **changes: Any) -> Measurement:
    """A memory stream at ``gbps``."""
    moved = gbps * 1e9 * BEST_S
    return product_at(
        1.0,
        kernel="memory",
        dtype="fp32",
        figures=("memory_bandwidth",),
        parameters={"stream": stream, "elements": 10, "way": "copy_"},
        work=Work(flop=0, bytes=moved, footprint_bytes=2**31, formula="2 n"),
        **changes,
    )


def row_of(
    measurement: Measurement, sheets: Catalogue, chip: str | None = H20, margin: float = 0.10
) -> Row:
    sheet = sheets.chips[chip] if chip else None
    return weigh(measurement, CUDA, sheet, sheets, margin=margin)


def record_of(record: Record, *measurements: Measurement, chip: str | None = H20) -> Record:
    return record.model_copy(
        update={
            "measurements": measurements,
            "device": CUDA,
            "identity": Identity(state="matched" if chip else "unknown", chip=chip),
        }
    )
