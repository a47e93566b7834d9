"""Table of caches that a curve of bandwidth over working set shows, beside published caches."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from bench.chips.load import Catalogue
from bench.chips.paper import Paper, paper
from bench.judging.levels import Level, levels
from bench.judging.verdict import Row, Verdict
from bench.records.model import DeviceInfo, Measurement, Record
from bench.report.table import Section
from bench.report.text.groups import REMARK, without_empty
from bench.report.text.scalar import Scalar
from bench.units import Dimension, binary, show

TITLE = "Caches"
KERNEL = "cache"
COLUMNS = ("level", "rate", "holds up to", "published size", "reported by the device", REMARK)

FIRST, SECOND, LAST = "L1 cache", "L2 cache", "last-level cache"

FITS = 2.0
"""A level is taken for a cache if their sizes differ by no more than this factor."""

BEYOND = 1.3
"""A level that holds more than this multiple of its cache has a remark."""

UNCACHED = 8.0
"""Working sets of this multiple of the last-level cache are served from memory, by 7/8 at least."""

MEMORY = "memory"

MOST_ON_CPU = 4
"""The most levels that a CPU has: three caches and memory."""

APART = "Each core reads its own part: sizes are totals over all cores."
"""Note below the table of a CPU."""
ALL_READ = "Each unit reads the whole set, beyond all caches a part: an L1 cache is one unit's."
FOLLOWED = f"{ALL_READ} By method 1 programs read the same blocks in turn: caches look larger."
"""Notes below the table of an accelerator, the second of a record of method 1."""

UNDISTURBED = 0.9
"""Least share of its cores' time that a process must get for its rate to be the machine's."""


@dataclass(frozen=True)
class Cache:
    """A cache of the device, by its sheet or its own report.

    Attributes:
        name: such as ``L2 cache``.
        bytes: size that one working set can fill, B: as published, or else as reported.
        published: size as the sheet prints it, with the source; empty if none does.
        source: key of that source.
        published_bytes: published size, B.
        reported_bytes: size that the device reports, B.
    """

    name: str
    bytes: float
    published: str = ""
    source: str | None = None
    published_bytes: float | None = None
    reported_bytes: float | None = None


def cache_sections(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> Iterator[Section]:
    """Yields the table of levels, if the curve was measured and shows more than one level."""
    shared = ALL_READ if record.method_version > 1 else FOLLOWED
    on_cpu, shown = record.device.backend == "cpu", shown_levels(record, judged, catalogue)
    if len(shown) < 2:
        return
    cells, flat = tuple(_cells(*one) for one in shown), [_flat(*one) for one in shown]
    columns, cells = without_empty(COLUMNS, cells)
    yield Section(TITLE, columns, cells, flat, (APART if on_cpu else shared, *left_out(judged)))


def shown_levels(
    record: Record, judged: Sequence[Row], catalogue: Catalogue
) -> list[tuple[str, Level, Cache | None]]:
    """Returns the name, level and cache of each level of the curve, the fastest first."""
    known, on_cpu = caches(record, catalogue), record.device.backend == "cpu"
    points = _points(judged)
    found = named(levels(points, MOST_ON_CPU if on_cpu else _most(known)), known)
    least = UNCACHED * max((one.bytes for one in known), default=math.inf)
    uncached = [one for one in points if one[0] >= least]
    of_memory = bool(found) and found[-1][0] == MEMORY
    return _of_memory(found, uncached) if of_memory and uncached else found


def _of_memory(
    found: Sequence[tuple[str, Level, Cache | None]], uncached: Sequence[tuple[float, float]]
) -> list[tuple[str, Level, Cache | None]]:
    """Returns the levels with memory, the last, made of the sets that no cache serves.

    Args:
        found: the levels.
        uncached: working set in B and rate in B/s of those sets.
    """
    *caches_found, (name, level, cache) = found
    memory = replace(level, bytes_per_s=median(rate for _, rate in uncached), steps=())
    if caches_found:
        before, last, shown = caches_found[-1]
        caches_found[-1] = before, replace(last, gone_bytes=uncached[0][0]), shown
    return [*caches_found, (name, memory, cache)]


def left_out(judged: Sequence[Row]) -> Iterator[str]:
    """Yields how many working sets were disturbed, so that no level is made of them, if any."""
    sets = [row for row in judged if row.measurement.kernel == KERNEL and row.measured is not None]
    count = sum(not undisturbed(row.measurement) for row in sets)
    if count:
        yield f"{count} of {len(sets)} working sets are left out: disturbed, as their remarks say."


def _most(known: Sequence[Cache]) -> int | None:
    """Returns the most levels that an accelerator has; None if no cache of it is known.

    These are its known caches, the first-level cache even if unknown, and memory.
    """
    unknown = 0 if any(one.name == FIRST for one in known) else 1
    return len(known) + unknown + 1 if known else None


def _points(judged: Sequence[Row]) -> list[tuple[float, float]]:
    """Returns working set in B and rate in B/s of the undisturbed measurements, by size."""
    return sorted(
        (row.measurement.work.footprint_bytes, row.measured.value)
        for row in judged
        if row.measurement.kernel == KERNEL
        and row.measured is not None
        and row.measurement.work is not None
        and row.verdict is not Verdict.IMPLAUSIBLE
        and undisturbed(row.measurement)
    )


def undisturbed(measurement: Measurement) -> bool:
    """Tells whether a measurement had its cores to itself, so that its rate is the machine's."""
    timing, share = measurement.timing, measurement.conditions.cpu_share
    mostly = timing is not None and len(timing.disturbed) > len(timing.samples_s) / 2
    return not mostly and (share is None or share >= UNDISTURBED)


def caches(record: Record, catalogue: Catalogue) -> list[Cache]:
    """Returns the known caches of a record's device, the smallest first.

    Each core of a CPU has its own L2 cache and reads its own part of the working set, so the L2
    caches of all cores are added up.
    """
    device = record.device
    on_cpu = device.backend == "cpu"
    second = device.l2_bytes and device.l2_bytes * ((device.units or 1) if on_cpu else 1)
    last = device.llc_bytes if device.llc_bytes != device.l2_bytes else None
    known = [
        None if on_cpu else _first(record, catalogue),
        _cache(SECOND, second, None if on_cpu else _published("l2_cache", record, catalogue)),
        _cache(LAST, last, _published("l3_cache", record, catalogue)),
    ]
    return sorted((one for one in known if one), key=lambda one: one.bytes)


def _first(record: Record, catalogue: Catalogue) -> Cache | None:
    """Returns the first-level cache of one compute unit, from the description of the design."""
    chip = catalogue.sheet_of(record)
    design = catalogue.architectures.get((chip and chip.family) or "")
    size = design.l1_cache if design else None
    if design is None or size is None or size.number is None:
        return None
    title = catalogue.sources[size.source].title or size.source
    text = f"{size.value} per {design.unit}, shared memory included ({title})"
    return Cache(FIRST, size.number, text, size.source, size.number)


def _published(key: str, record: Record, catalogue: Catalogue) -> tuple[Paper, str] | None:
    """Returns a cache size of the sheet, and its text with the source.

    None if there is none, or if the device is only a part of a processor's cores.
    """
    chip = catalogue.sheet_of(record)
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
    """Tells whether a CPU device has only some of its processor's cores, as a virtual machine."""
    whole = not cores or not device.units or device.units % cores == 0
    return device.backend == "cpu" and not whole


def _cache(name: str, reported: float | None, published: tuple[Paper, str] | None) -> Cache | None:
    if published:
        figure, text = published
        return Cache(name, figure.value, text, figure.sources[0], figure.value, reported)
    return Cache(name, reported, reported_bytes=reported) if reported else None


def named(found: Sequence[Level], known: Sequence[Cache]) -> list[tuple[str, Level, Cache | None]]:
    """Returns the name of each level, the level, and the cache that it shows.

    A level shows the known cache nearest in size, within ``FITS``. The last level is memory if
    working sets beyond every known cache were measured; the level before an L2 cache is the
    first-level cache.

    Args:
        found: levels, the fastest first.
        known: caches of the device.
    """
    shown = _matched(found, known)
    names = [f"level {number}" for number, _ in enumerate(found, 1)]
    for index, cache in shown.items():
        names[index] = cache.name
        if cache.name == SECOND and index:
            names[index - 1] = FIRST
    beyond = FITS * max((one.bytes for one in known), default=0.0)
    if found and found[-1].holds_bytes is None and found[-1].largest_bytes > beyond:
        names[-1] = MEMORY
    return [(names[index], level, shown.get(index)) for index, level in enumerate(found)]


def _matched(found: Sequence[Level], known: Sequence[Cache]) -> dict[int, Cache]:
    """Returns the cache that each level shows, by index of the level; nearest pairs match first."""
    pairs = sorted(
        (_distance(level, cache), cache.name, index, cache)
        for index, level in enumerate(found)
        for cache in known
        if level.holds_bytes is not None
    )
    shown: dict[int, Cache] = {}
    for distance, _, index, cache in pairs:
        if distance <= math.log(FITS) and index not in shown and cache not in shown.values():
            shown[index] = cache
    return shown


def _distance(level: Level, cache: Cache) -> float:
    """Returns the log distance of a cache's size from the end of a level; 0 on its slope."""
    holds = level.holds_bytes or math.inf
    gone = max(holds, level.gone_bytes or holds)
    return max(math.log(holds / cache.bytes), math.log(cache.bytes / gone), 0.0)


def _cells(name: str, level: Level, cache: Cache | None) -> tuple[str, ...]:
    reported = cache.reported_bytes if cache else None
    last = "–" if name == MEMORY else f"{binary(level.largest_bytes)} or more"
    return (
        name,
        rate_words(level),
        binary(level.holds_bytes) if level.holds_bytes else last,
        (cache.published if cache else "") or "–",
        binary(reported) if reported else "–",
        beyond(level, cache) or "–",
    )


def rate_words(level: Level) -> str:
    """Returns the rate of a level; of a cache in several parts, first, last and number."""
    if not level.steps:
        return show(level.bytes_per_s, Dimension.BYTE_RATE)
    ends = level.steps[0], level.steps[-1]
    first, last = (show(one.bytes_per_s, Dimension.BYTE_RATE) for one in ends)
    return f"{first} to {last} in {len(level.steps)} steps"


def beyond(level: Level, cache: Cache | None) -> str:
    """Returns the remark on a level that holds much more than its cache; empty if it does not."""
    known = max((cache.published_bytes or 0.0, cache.reported_bytes or 0.0)) if cache else 0.0
    if not (known and level.holds_bytes and level.holds_bytes > BEYOND * known):
        return ""
    kind = "published" if cache and cache.published_bytes == known else "reported"
    more = f"{level.holds_bytes / known:.2g} times the {kind} size"
    return (
        f"{more}: reads that several units share, or a measuring artefact; the rate is at most this"
    )


def _flat(name: str, level: Level, cache: Cache | None) -> dict[str, Scalar]:
    return {
        "level": name,
        "bytes_per_s": level.bytes_per_s,
        "bytes_per_s_first": level.steps[0].bytes_per_s if level.steps else level.bytes_per_s,
        "bytes_per_s_last": level.steps[-1].bytes_per_s if level.steps else level.bytes_per_s,
        "holds_bytes": level.holds_bytes,
        "gone_bytes": level.gone_bytes,
        "published_bytes": cache.published_bytes if cache else None,
        "source": cache.source if cache else None,
        "reported_bytes": cache.reported_bytes if cache else None,
        "remark": beyond(level, cache) or None,
    }
