"""The rows of a record for programs: one flat mapping of plain numbers per row."""

from statistics import median

from bench.judging.verdict import Row
from bench.records.model import SIZES, Conditions, Measurement, Record
from bench.report.text.scalar import Scalar, bounds

COLUMNS = ("m", "n", "k", "layout", *SIZES[3:])
"""Parameters that have a column of their own, besides that of all: the sizes and, beside those of a
product, its layout."""


def flat(record: Record, row: Row) -> dict[str, Scalar]:
    """Returns a row in SI base units: first what was run, then figures, verdict and telemetry."""
    measurement = row.measurement
    return {
        **_run(record, measurement),
        "figure": row.key,
        "unit": row.dimension.value,
        **_published(row),
        **_measured(row),
        "verdict": row.verdict.value,
        "reason": row.reason,
        **_samples(measurement),
        **_conditions(measurement.conditions),
        **_moved(row),
    }


def _run(record: Record, measurement: Measurement) -> dict[str, Scalar]:
    """Returns which device was measured, and what it ran."""
    parameters = measurement.parameters.items()
    return {
        "record": record.id,
        "started_utc": record.started_utc,
        "device": record.device.name,
        "backend": record.device.backend,
        "chip": record.identity.chip,
        "kernel": measurement.kernel,
        "dtype": measurement.dtype,
        "data": measurement.data,
        "parameters": " ".join(f"{name}={value}" for name, value in parameters),
        **{name: measurement.parameters.get(name) for name in COLUMNS},
        "label": measurement.label,
        "group": measurement.group,
    }


def _published(row: Row) -> dict[str, Scalar]:
    """Returns the published figure and its rivals."""
    paper = row.paper
    return {
        "published": paper.value if paper else None,
        "published_basis": paper.basis if paper else None,
        "published_formula": paper.formula if paper else None,
        "published_source": " ".join(paper.sources) if paper else None,
        "rivals": "; ".join(f"{rival.value:.6g} {rival.source}" for rival, _ in row.rivals),
    }


def _measured(row: Row) -> dict[str, Scalar]:
    """Returns the measured figure, and its fraction of the published one."""
    return {
        **bounds("measured", row.measured),
        "burst": row.burst,
        **bounds("achieved", row.fraction),
    }


def _samples(measurement: Measurement) -> dict[str, Scalar]:
    """Returns the time and the work of one call, and how it was sampled."""
    timing, work = measurement.timing, measurement.work
    return {
        "seconds": timing.stats.median_s if timing else None,
        "flop": work.flop if work else None,
        "bytes": work.bytes if work else None,
        "samples": timing.stats.samples if timing else None,
        "stopped": timing.stopped.reason if timing else None,
    }


def _moved(row: Row) -> dict[str, Scalar]:
    """Returns the bytes over the time of a call; of a collective also message and algorithm's."""
    measurement = row.measurement
    timing, work = measurement.timing, measurement.work
    seconds = timing.stats.median_s if timing else None
    message = measurement.parameters.get("message_bytes")
    return {
        "bytes_per_s": work.bytes / seconds if work and work.bytes and seconds else None,
        "ranks": measurement.parameters.get("ranks"),
        "message_bytes": message,
        "algorithm_bytes_per_s": message / seconds
        if isinstance(message, int) and seconds
        else None,
    }


def _conditions(seen: Conditions) -> dict[str, Scalar]:
    """Returns the telemetry: median clock and power, highest temperature, throttle reasons."""
    return {
        "clock_hz": median(seen.clock_hz) if seen.clock_hz else None,
        "power_w": median(seen.power_w) if seen.power_w else None,
        "temperature_c": max(seen.temperature_c) if seen.temperature_c else None,
        "throttle": ", ".join(sorted(seen.throttle or ())),
    }
