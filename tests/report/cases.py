"""One record and its sheets, written out by hand, for tests of the report."""

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.records.machine import Machine
from bench.records.model import (
    Check,
    Conditions,
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

HOSTILE = "=1+1 <script>alert(1)</script> | `H20` & co_ 100%\n\x1b[31m*red*\u202e [x](http://e.il)"
REASON = '@SUM(A1)\t"quoted" \\input{x} #$^~ <img src=x onerror=alert(1)> | _end_'


def source(title: str, kind: str, weak: str | None = None) -> Source:
    """A source as the shipped list holds it."""
    return Source.model_validate(
        {
            "url": f"https://example.org/{kind}/a_b_c.html",
            "kind": kind,
            "title": title,
            "accessed": "2026-11-01",
            "weak": weak,
        }
    )


H20 = Chip.model_validate(
    {
        "id": "test-h20",
        "name": "Test H20",
        "vendor": "nvidia",
        "kind": "gpu",
        "status": "sold",
        "tier": "export",
        "architecture": "Hopper",
        "figures": {
            "matrix_bf16": {
                "value": "148 TFLOP/s",
                "source": "leak",
                "basis": "inferred",
                "rivals": [
                    {"value": "147 TFLOP/s", "source": "maker", "basis": "inferred"},
                    {
                        "value": "74 TFLOP/s",
                        "source": "wiki",
                        "basis": "halved",
                        "note": "reads 148 as a rate with sparsity",
                    },
                ],
                "why": "measured",
            },
            "matrix_fp16": {"value": "148 TFLOP/s", "source": "leak", "basis": "halved"},
            "matrix_tf32": {"value": "74 TFLOP/s", "source": "leak", "basis": "inferred"},
            "matrix_fp64": {"value": "1 TFLOP/s", "source": "wiki", "basis": "unspecified"},
            "matrix_int8": {"value": "296 TOP/s", "source": "leak", "basis": "inferred"},
            "matrix_fp8": {"value": "unsupported", "source": "maker"},
            "vector_fp32": {"value": "44 TFLOP/s", "source": "maker", "basis": "dense"},
            "memory_bandwidth": {"value": "4000 GB/s", "source": "maker"},
        },
    }
)
CPU = Chip.model_validate(
    {
        "id": "test-cpu",
        "name": "Test CPU",
        "vendor": "intel",
        "kind": "cpu",
        "status": "sold",
        "tier": "global",
        "architecture": "a core",
        "figures": {"cycle_fp32": {"value": "64 FLOP/cycle", "source": "maker"}},
    }
)
SHEETS = Catalogue(
    chips={"test-h20": H20, "test-cpu": CPU},
    sources={
        "leak": source("A <b>leaked</b> sheet & 50% of_it", "press", "a leak"),
        "maker": source("The maker's page", "vendor-statement"),
        "wiki": source("A | wiki", "database", "anybody writes it"),
    },
)


def timing(median: float, low: float, high: float, burst: float) -> Timing:
    """Samples whose statistics are given, not worked out."""
    return Timing(
        batch_calls=2,
        samples_s=(median, low, high),
        at_s=(0.0, 1.0, 2.0),
        warmup_s=0.5,
        stats=Stats(
            median_s=median,
            low_s=low,
            high_s=high,
            level=0.95,
            burst_s=burst,
            burst_window_s=0.02,
            samples=3,
            effective_samples=2.5,
        ),
        stopped=Stopped(reason="converged", precision=0.004, wanted=0.01),
    )


def product(
    dtype: str, figures: tuple[str, ...], flop: float, time: Timing, data: str = "normal"
) -> Measurement:
    """A matrix product of 4096 x 8192 x 16384."""
    return Measurement(
        kernel="gemm",
        dtype=dtype,
        data=data,
        figures=figures,
        status="ok",
        parameters={"m": 4096, "n": 8192, "k": 16384, "layout": "nt"},
        work=Work(flop=flop, bytes=1e9, footprint_bytes=1e9, formula="2 m n k"),
        check=Check(passed=True, error=1e-4, tolerance=1e-2, shape="64 x 64 x 64"),
        timing=time,
    )


def stream(name: str, footprint: float, time: Timing, conditions: Conditions) -> Measurement:
    """A memory stream that moves 8 GB."""
    return Measurement(
        kernel="memory",
        dtype="fp32",
        data="normal",
        figures=("memory_bandwidth",),
        status="ok",
        parameters={"stream": name, "elements": 1000, "way": "torch"},
        work=Work(flop=0.0, bytes=8e9, footprint_bytes=footprint, formula="bytes"),
        timing=time,
        conditions=conditions,
    )


STEADY = Conditions()
HOT = Conditions(throttle=("hardware thermal slowdown",), steal_fraction=0.05)
MEASUREMENTS = (
    stream("triad", 8 * 2**30, timing(2.1e-3, 2.09e-3, 2.11e-3, 2.05e-3), STEADY),
    stream("copy", 64 * 2**20, timing(1e-3, 0.99e-3, 1.01e-3, 0.98e-3), STEADY),
    stream("read", 8 * 2**30, timing(2.5e-3, 2.4e-3, 2.6e-3, 2.3e-3), HOT),
    product("bf16", ("matrix_bf16",), 1.2e12, timing(1e-2, 0.995e-2, 1.01e-2, 0.99e-2)),
    product("fp16", ("matrix_fp16",), 1.33e12, timing(1e-2, 0.95e-2, 1.05e-2, 0.94e-2)),
    product("tf32", ("matrix_tf32",), 8e11, timing(1e-2, 1e-2, 1e-2, 1e-2)),
    product("fp64", ("matrix_fp64",), 9.97e11, timing(1.0, 0.999, 1.001, 0.99)),
    product("fp32", ("matrix_fp32", "vector_fp32"), 4e11, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2)),
    product("fp8", ("matrix_fp8",), 2e12, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2)),
    Measurement(
        kernel="gemm",
        dtype="int8",
        data="normal",
        figures=("matrix_int8",),
        status="failed",
        reason=REASON,
    ),
    Measurement(
        kernel="gemm",
        dtype="tf32",
        data="normal",
        figures=("matrix_tf32",),
        status="skipped",
        reason="no tf32 on this device",
    ),
)
ON_ZEROS = product(
    "fp16", ("matrix_fp16",), 1.4e12, timing(1e-2, 0.99e-2, 1.01e-2, 0.98e-2), "zeros"
)
"""The one row that stands in no table but that of what the inputs do."""


def record(device: DeviceInfo, chip: str, *measurements: Measurement) -> Record:
    """A record of literal values: the same bytes on every machine and day."""
    return Record(
        id="20261124-120000-test-abcdef",
        started_utc="2026-11-24T12:00:00+00:00",
        state="interrupted",
        program=Program(version="9.8.7"),
        suite="quick",
        machine=Machine(system="Linux", kernel="6.1", python="3.11.9", torch="2.9.0"),
        device=device,
        identity=Identity(
            state="chosen", chip=chip, reasons=(f"chosen with chip={chip}", HOSTILE), near=("h2o",)
        ),
        measurements=measurements,
    )


RECORD = record(
    DeviceInfo(
        backend="cuda", name=HOSTILE, units=78, llc_bytes=60 * 2**20, limits=("a quota of 50%",)
    ),
    "test-h20",
    *MEASUREMENTS,
    ON_ZEROS,
)
