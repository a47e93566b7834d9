"""Records of many devices for tests, from one of the fake device: what differs is told."""

from pathlib import Path

from bench.records.model import Measurement, Record, Timing
from bench.records.store import write


def slower(one: Measurement, factor: float) -> Measurement:
    """A measurement whose every time is longer by a factor."""
    timing = one.timing
    assert timing
    samples = tuple(value * factor for value in timing.samples_s)
    told = {"median_s", "low_s", "high_s", "burst_s"}
    stats = {key: getattr(timing.stats, key) * factor for key in told}
    changed = {
        "samples_s": samples,
        "rested_s": tuple(value * factor for value in timing.rested_s),
        "stats": timing.stats.model_copy(update=stats),
    }
    return one.model_copy(update={"timing": Timing(**{**vars(timing), **changed})})


def of_device(
    record: Record, number: int, factor: float = 1.0, *, kernel: str = "", turn: int = 0
) -> Record:
    """A record of device ``number`` that is slower by ``factor``, all over or in one kernel."""
    node, index = f"n{number // 4:02}", number % 4
    measurements = tuple(
        slower(one, factor if kernel in ("", one.kernel) else 1.0) for one in record.measurements
    )
    return record.model_copy(
        update={
            "id": f"202611{1 + turn:02}-{number:06}-fake",
            "started_utc": f"2026-11-{1 + turn:02}T00:{number // 60:02}:{number % 60:02}+00:00",
            "machine": record.machine.model_copy(update={"node": node}),
            "device": record.device.model_copy(update={"index": index}),
            "measurements": measurements,
        }
    )


def put(record: Record, folder: Path) -> Path:
    """Writes a record where a run would."""
    path = folder / record.started_utc[:10] / f"{record.id}.json"
    write(record, path)
    return path
