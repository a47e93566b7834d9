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


def in_shapes(record: Record, *factors: float) -> Record:
    """A record of its product only, in two fixed shapes, slower by a factor each."""
    (product,) = (one for one in record.measurements if one.kernel == "gemm")
    shapes: list[dict[str, int | str]] = [{"m": m, "n": 512, "k": 512} for m in (64, 512)]
    fixed = tuple(
        slower(product, factor).model_copy(
            update={"search": None, "parameters": {**product.parameters, **shape}}
        )
        for shape, factor in zip(shapes, factors or (1.0, 1.0), strict=True)
    )
    return record.model_copy(update={"measurements": fixed})


def of_fp32(record: Record) -> Record:
    """A record of its product only, in fp32, of which the H20 prints no matrix rate."""
    (product,) = (one for one in record.measurements if one.kernel == "gemm")
    told = {"dtype": "fp32", "figures": ("matrix_fp32", "vector_fp32")}
    return record.model_copy(update={"measurements": (product.model_copy(update=told),)})
