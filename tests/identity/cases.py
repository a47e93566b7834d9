"""Devices, records of them and what is made of these, for tests of the identity."""

from typing import Any

from bench.chips.load import Catalogue
from bench.identity.evidence import Agreement
from bench.identity.weigh import Assessment, assess
from bench.records.machine import Machine
from bench.records.model import (
    DeviceInfo,
    Identity,
    Measurement,
    Program,
    Record,
    Stats,
    Stopped,
    Timing,
    Work,
)

H20 = "nvidia-h20-sxm-96gb"
H100 = "nvidia-h100-sxm-80gb"
GIB = 2.0**30
H20_DEVICE: dict[str, Any] = {
    "name": "NVIDIA H20", "pci": "10de:2329", "units": 78, "memory_bytes": 95.1 * GIB,
    "l2_bytes": 60.0 * 2**20, "clock_max_hz": 1980e6, "power_limit_w": 500.0,
}  # fmt: skip
H100_DEVICE: dict[str, Any] = {
    "name": "NVIDIA H100 80GB HBM3", "pci": "10de:2330", "units": 132,
    "memory_bytes": 79.2 * GIB, "l2_bytes": 50.0 * 2**20, "clock_max_hz": 1980e6,
    "power_limit_w": 700.0, "memory_bus_bit": 5120,
}  # fmt: skip


def measurement(key: str, rate: float, **changes: Any) -> Measurement:
    """A measurement of a figure at a rate, without noise; capacity is held, not moved."""
    held = key == "memory_capacity"
    work = Work(flop=rate, bytes=rate, footprint_bytes=rate if held else 1e12, formula="-")
    stats = Stats(
        median_s=1.0, low_s=1.0, high_s=1.0, level=0.95, burst_s=1.0, burst_window_s=0.02,
        samples=3, effective_samples=3,
    )  # fmt: skip
    timing = Timing(
        batch_calls=1, samples_s=(1.0,) * 3, at_s=(0.0, 1.0, 2.0), warmup_s=0.0, stats=stats,
        stopped=Stopped(reason="converged", precision=0.0, wanted=0.01),
    )  # fmt: skip
    dtype = key.split("_")[1]
    made = Measurement(
        kernel="gemm", dtype=dtype, data="normal", figures=(key,), status="ok", work=work,
        timing=timing, quantity="footprint" if held else "",
    )  # fmt: skip
    return made.model_copy(update=changes)


def record(
    chip: str | None, device: dict[str, Any], *found: Measurement, **settings: Any
) -> Record:
    """A record of a device that was taken for ``chip``."""
    return Record(
        id="x",
        started_utc="2026-11-25T00:00:00+00:00",
        state="complete",
        program=Program(version="1"),
        suite="test",
        settings=settings,
        machine=Machine(system="Linux", kernel="6", python="3", torch="2"),
        device=DeviceInfo.model_validate({"backend": "cuda", **device}),
        identity=Identity(state="chosen" if chip else "unknown", chip=chip),
        measurements=found,
    )


def weighed(
    sheets: Catalogue, chip: str, device: dict[str, Any], *found: Measurement, **settings: Any
) -> Assessment:
    """The assessment of a record made of these."""
    assessment = assess(record(chip, device, *found, **settings), sheets)
    assert assessment is not None
    return assessment


def finding(found: Assessment, what: str) -> Agreement:
    """What the one piece of evidence called ``what`` says."""
    (one,) = (piece.finding for piece in found.evidence if piece.what == what)
    return one


def names(found: Assessment) -> list[str]:
    """The look-alikes that would fit better."""
    return [one.chip.id for one in found.better]
