"""The levels of memory that a curve of bandwidth over working set shows, beside published caches.

A level is a run of sizes at one rate. Where the rate falls to the next, the size at which it
passes the geometric mean of the two is what the level holds.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.records.model import DeviceInfo, Measurement, Record
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.units import Dimension, show
from bench.verdict import Row, Verdict

TITLE = "Caches"
KERNEL = "cache"
COLUMNS = ("level", "rate", "holds up to", "published size", "reported by the device")

FIRST, SECOND, LAST = "L1 cache", "L2 cache", "last-level cache"

STEP_COST = 0.02
"""What a further step must explain of the squares of log rates: 3% of noise never does."""

LEAST_FALL = 1.12
"""Levels whose rates differ by less are one."""

LEAST_POINTS = 3
"""A run of fewer sizes is a slope between levels and none itself."""

FITS = 2.0
"""A cache is what a level shows if their sizes differ by no more than this factor."""

UNDISTURBED = 0.9
"""Share of its cores' time that a process needs for a rate to be the machine's."""


@dataclass(frozen=True)
class Level:
    """A plateau.

    Attributes:
        bytes_per_s: median rate.
        holds_bytes: the size at which the rate falls to the next level's, None for the last.
        largest_bytes: the largest size measured at this rate.
    """

    bytes_per_s: float
    holds_bytes: float | None
    largest_bytes: float


@dataclass(frozen=True)
class Cache:
    """A cache as it is known; ``bytes`` is as published, or else as reported.

    Attributes:
        name: such as ``L2 cache``.
        bytes: its size, as far as one working set can fill it.
        published: as its sheet prints it, with the source; empty if none does.
        source: key of that source.
        published_bytes: the same in bytes.
        reported_bytes: as the device reports it.
    """

    name: str
    bytes: float
    published: str = ""
    source: str | None = None
    published_bytes: float | None = None
    reported_bytes: float | None = None


Points = Sequence[tuple[float, float]]


def levels(points: Points) -> list[Level]:
    """Returns the plateaus of a curve, the fastest first.

    Args:
        points: bytes of the working set and bytes a second, in order of size.
    """
    runs = _merged([run for run in _runs(points) if len(run) >= LEAST_POINTS])
    rates = [_rate(run) for run in runs]
    found = []
    for number, run in enumerate(runs):
        after = rates[number + 1] if number + 1 < len(runs) else None
        holds = _fall(points, run, math.sqrt(rates[number] * after)) if after else None
        found.append(Level(rates[number], holds, run[-1][0]))
    return found


def _runs(points: Points) -> list[Points]:
    """Cuts a curve into runs of one rate: least squares of log rates, with a cost a run."""
    logs = [math.log(rate) for _, rate in points]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(logs) + 1):
        costs = [
            (best[start][0] + _scatter(logs[start:end]) + STEP_COST, start) for start in range(end)
        ]
        best.append(min(costs))
    runs, end = [], len(logs)
    while end:
        start = best[end][1]
        runs.append(points[start:end])
        end = start
    return runs[::-1]


def _scatter(values: Sequence[float]) -> float:
    middle = fmean(values)
    return sum((value - middle) ** 2 for value in values)


def _merged(runs: list[Points]) -> list[Points]:
    """Joins runs that do not fall far enough to be levels, and drops those slower than a later.

    A larger set is never faster for the memory's sake: what came before was held up.
    """
    kept: list[Points] = []
    for run in runs:
        while kept and LEAST_FALL * _rate(kept[-1]) < _rate(run):
            kept.pop()
        if kept and _rate(kept[-1]) < LEAST_FALL * _rate(run):
            kept[-1] = [*kept[-1], *run]
        else:
            kept.append(run)
    return kept


def _rate(run: Points) -> float:
    return median(rate for _, rate in run)


def _fall(points: Points, run: Points, line: float) -> float:
    """Returns the last size, from the run's end on, before the rate is below a line."""
    holds = run[-1][0]
    for size, rate in points:
        if size <= holds:
            continue
        if rate < line:
            break
        holds = size
    return holds


def section(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Section]:
    """Yields the table of levels, where the curve was measured and shows more than one."""
    found = levels(_points(judged))
    if len(found) < 2:
        return
    told = named(found, caches(record, catalogue))
    yield Section(
        TITLE, COLUMNS, tuple(_cells(*one) for one in told), [_flat(*one) for one in told]
    )


def _points(judged: Sequence[Row]) -> list[tuple[float, float]]:
    """Returns size and rate of what was measured undisturbed, in order of size."""
    return sorted(
        (row.measurement.work.footprint_bytes, row.measured.value)
        for row in judged
        if row.measurement.kernel == KERNEL
        and row.measured is not None
        and row.measurement.work is not None
        and row.verdict is not Verdict.IMPLAUSIBLE
        and _undisturbed(row.measurement)
    )


def _undisturbed(measurement: Measurement) -> bool:
    timing, share = measurement.timing, measurement.conditions.cpu_share
    often = timing is not None and len(timing.disturbed) > len(timing.samples_s) / 2
    return not often and (share is None or share >= UNDISTURBED)


def caches(record: Record, catalogue: Catalogue) -> list[Cache]:
    """Returns the caches known of a record's device, the smallest first.

    Every core of a CPU has an L2 of its own, and what is read is shared out among them.
    """
    device = record.device
    on_cpu = device.backend == "cpu"
    second = device.l2_bytes and device.l2_bytes * ((device.units or 1) if on_cpu else 1)
    last = device.llc_bytes if device.llc_bytes != device.l2_bytes else None
    known = [
        _cache(SECOND, second, None if on_cpu else _published("l2_cache", record, catalogue)),
        _cache(LAST, last, _published("l3_cache", record, catalogue)),
    ]
    return sorted((one for one in known if one), key=lambda one: one.bytes)


def _published(key: str, record: Record, catalogue: Catalogue) -> tuple[Paper, str] | None:
    """Returns a size of the sheet with its source in words; none for some cores of a processor."""
    chip = catalogue.chips.get(record.identity.chip or "")
    found = paper(record.device, chip, (key,), catalogue)
    if (
        not isinstance(found, Paper)
        or chip is None
        or _is_part(record.device, chip.number("units"))
    ):
        return None
    titles = [catalogue.sources[one].title or one for one in found.sources]
    return found, f"{found.text} ({', '.join(titles)})"


def _is_part(device: DeviceInfo, cores: float | None) -> bool:
    whole = not cores or not device.units or device.units % cores == 0
    return device.backend == "cpu" and not whole


def _cache(name: str, reported: float | None, published: tuple[Paper, str] | None) -> Cache | None:
    if published:
        found, words = published
        return Cache(name, found.value, words, found.sources[0], found.value, reported)
    return Cache(name, reported, reported_bytes=reported) if reported else None


def named(found: Sequence[Level], known: Sequence[Cache]) -> list[tuple[str, Level, Cache | None]]:
    """Returns each level with its name and the cache that it shows.

    That is the cache nearest in size, within ``FITS``; the last level is memory, if sizes beyond
    every known cache were measured; the one before an L2 is the first-level cache.
    """
    free, told = list(known), list[tuple[str, Level, Cache | None]]()
    for number, level in enumerate(found, 1):
        cache = _nearest(level, free)
        if cache:
            free.remove(cache)
            told = _with_first(told) if cache.name == SECOND else told
        name = cache.name if cache else f"level {number}"
        told.append((name, level, cache))
    beyond = FITS * max((one.bytes for one in known), default=0.0)
    if told and told[-1][1].holds_bytes is None and told[-1][1].largest_bytes > beyond:
        told[-1] = ("memory", *told[-1][1:])
    return told


def _with_first(
    told: list[tuple[str, Level, Cache | None]],
) -> list[tuple[str, Level, Cache | None]]:
    """Names the last level so far the first-level cache: what comes next is an L2."""
    if not told:
        return told
    _, level, cache = told[-1]
    return [*told[:-1], (FIRST, level, cache)]


def _nearest(level: Level, free: list[Cache]) -> Cache | None:
    if level.holds_bytes is None:
        return None
    apart = [(abs(math.log(one.bytes / level.holds_bytes)), one.name, one) for one in free]
    fitting = [one for one in apart if one[0] <= math.log(FITS)]
    return min(fitting)[2] if fitting else None


def _cells(name: str, level: Level, cache: Cache | None) -> tuple[str, ...]:
    reported = cache.reported_bytes if cache else None
    return (
        name,
        show(level.bytes_per_s, Dimension.BYTE_RATE),
        binary(level.holds_bytes) if level.holds_bytes else "–",
        (cache.published if cache else "") or "–",
        binary(reported) if reported else "–",
    )


def _flat(name: str, level: Level, cache: Cache | None) -> dict[str, Scalar]:
    return {
        "level": name,
        "bytes_per_s": level.bytes_per_s,
        "holds_bytes": level.holds_bytes,
        "published_bytes": cache.published_bytes if cache else None,
        "source": cache.source if cache else None,
        "reported_bytes": cache.reported_bytes if cache else None,
    }


def binary(size: float) -> str:
    """Formats bytes in KiB, MiB or GiB: ``48 KiB``."""
    power = next((power for power in (30, 20) if size >= 2**power), 10)
    unit = {30: "GiB", 20: "MiB", 10: "KiB"}[power]
    return f"{size / 2**power:.4g} {unit}"
