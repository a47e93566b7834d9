"""The rows of a record as plain numbers: one flat mapping a row, for programs."""

from statistics import median

from bench.chips.paper import Paper
from bench.records.model import Conditions, Record
from bench.report.scalar import Scalar
from bench.verdict import Row


def flat(record: Record, row: Row) -> dict[str, Scalar]:
    """Returns a row with SI values: parameters first, measures after."""
    one, found = row.measurement, row.published
    printed = found if isinstance(found, Paper) else None
    timing = one.timing
    return {
        "record": record.id,
        "started_utc": record.started_utc,
        "device": record.device.name,
        "chip": record.identity.chip,
        "kernel": one.kernel,
        "dtype": one.dtype,
        "data": one.data,
        "parameters": " ".join(f"{name}={value}" for name, value in one.parameters.items()),
        "label": one.label,
        "group": one.group,
        "figure": row.key,
        "unit": row.dimension.value,
        "published": printed.value if printed else None,
        "published_basis": printed.basis if printed else None,
        "published_formula": printed.formula if printed else None,
        "published_source": " ".join(printed.sources) if printed else None,
        "rivals": "; ".join(f"{rival.value:.6g} {rival.source}" for rival, _ in row.rivals),
        "measured": row.measured.value if row.measured else None,
        "measured_low": row.measured.low if row.measured else None,
        "measured_high": row.measured.high if row.measured else None,
        "burst": row.burst,
        "achieved": row.fraction.value if row.fraction else None,
        "achieved_low": row.fraction.low if row.fraction else None,
        "achieved_high": row.fraction.high if row.fraction else None,
        "verdict": row.verdict.value,
        "reason": row.reason,
        "seconds": timing.stats.median_s if timing else None,
        "flop": one.work.flop if one.work else None,
        "bytes": one.work.bytes if one.work else None,
        "samples": timing.stats.samples if timing else None,
        "stopped": timing.stopped.reason if timing else None,
        **_beside(one.conditions),
    }


def _beside(seen: Conditions) -> dict[str, Scalar]:
    """Returns what was read beside the samples: medians of clock and power, the highest heat."""
    return {
        "clock_hz": median(seen.clock_hz) if seen.clock_hz else None,
        "power_w": median(seen.power_w) if seen.power_w else None,
        "temperature_c": max(seen.temperature_c) if seen.temperature_c else None,
        "throttle": ", ".join(sorted(seen.throttle or ())),
    }
