"""A fleet as a report: devices that differ and why, the spread of each measurement, the nodes."""

from collections.abc import Iterator, Sequence
from statistics import median

from bench.archive.entry import KIND, What
from bench.archive.index import Index
from bench.fleet.outliers import LEAST_DEVICES
from bench.fleet.rank import Ranked, Ranking, Standing
from bench.report.markup import Report
from bench.report.scalar import Rows, Scalar
from bench.report.table import Section, Table
from bench.units import Dimension, show

DEVICES = ("rank", "device", "node", "records", "median of its ratios", "slow on", "worst",
           "of the fleet's median", "likely cause")  # fmt: skip
SPREAD = ("measurement", "devices", "median", "deviation", "slowest", "fastest",
          "named beyond", "slow", "fast")  # fmt: skip
NODES = ("node", "devices", "median of its ratios", "slow devices", "slowest measurement", "ratio")
NAMED = ("suite", "asked for", "inputs", "driver", "torch", "runtime", "onpaper", "power limit",
         "backend")  # fmt: skip
LISTED = 5
TOGETHER = 2
"""A node with at least this many devices is listed as a node."""


def fleet_report(found: Sequence[Ranked], index: Index, asked: tuple[float, float, int]) -> Report:
    """Returns the report of groups of devices.

    Args:
        found: the groups, the one with the most devices first; at least one.
        index: all records that were read.
        asked: level, least difference that is named, and number of devices shown.
    """
    level, least, limit = asked
    records = sum(one.group.records for one in found)
    units = {key: unit for one in found for key, unit in one.group.units.items()}
    most = "up to " if len(_nameless(found)) > 1 else ""
    table = Table(
        title=f"Fleet of {most}{_many(len(units), 'device')}, {_many(records, 'record')}",
        heading=(*_outcome(found), *_heading(found, index)),
        columns=DEVICES,
        cells=tuple(_devices(found[0], limit)),
        summary=tuple(_hidden(found[0], limit)),
        notes=(_note(level, least),),
    )
    more = [section for one in found for section in _sections(one, limit)]
    return Report(table, Rows(lambda: _flat(found)), tuple(more))


def _heading(found: Sequence[Ranked], index: Index) -> Iterator[str]:
    head = found[0].group.head
    told = dict(zip(KIND, head.kind, strict=True))
    plain = [told[name] for name in ("device", "method", "alone")]
    named = [f"{name} {told[name]}" for name in NAMED if told[name]]
    yield f"{head.chip or 'chip not known'}: {', '.join([*plain, *named])}"
    if head.backend == "fake":
        yield "FAKE devices: these figures are simulated and say nothing about any chip."
    if len(found) > 1:
        yield f"{len(found)} kinds of device or run are kept apart; the largest comes first."
    nameless = len(_nameless(found))
    if nameless > 1:
        yield (
            f"{nameless:,} records have neither serial nor node: each is counted as a device, and "
            "several may be of the same one."
        )
    disturbed = sum(one.group.disturbed for one in found)
    if disturbed:
        are = "was disturbed and is" if disturbed == 1 else "were disturbed and are"
        yield f"{_many(disturbed, 'measurement')} {are} left out."
    if index.unread:
        first = index.unread[0]
        files = (
            "file cannot be read as a record"
            if len(index.unread) == 1
            else "files cannot be read as records"
        )
        yield f"{len(index.unread):,} {files}: {first[0]}: {first[1]}"


def _nameless(found: Sequence[Ranked]) -> set[str]:
    """Returns the devices that only their record identifies."""
    return {key for one in found for key, unit in one.group.units.items() if unit.nameless}


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _note(level: float, least: float) -> str:
    return (
        "A deviation is 1.4826 x the median absolute deviation, over devices, of the medians of "
        "their records. In a fleet of any size whose devices differ by (normal) chance alone, one "
        f"or more are named in {level:.2%} of measurements; differences below {least:.1%} are not "
        f"named. With fewer than {LEAST_DEVICES} devices, none is named."
    )


def _outcome(found: Sequence[Ranked]) -> Iterator[str]:
    """Yields the outcome of each group, a line each."""
    for one in found:
        slow = [each for each in one.overall if each[2]]
        head = one.group.head
        kind = f"{head.device} ({head.suite}{', at once' if head.together > 1 else ''})"
        count = len(one.group.units)
        if count < LEAST_DEVICES:
            are = "is" if count == 1 else "are"
            yield f"{kind}: {_many(count, 'device')} {are} too few to find one that differs."
        elif not slow:
            yield f"{kind}: none of {count:,} devices is slower than chance explains."
        else:
            named = ", ".join(unit.called for unit, _, _ in slow[:LISTED])
            more = f" and {len(slow) - LISTED:,} more" if len(slow) > LISTED else ""
            are = "device is" if len(slow) == 1 else "devices are"
            yield f"{kind}: {len(slow):,} {are} slow of {count:,}: {named}{more}."


def _hidden(one: Ranked, limit: int) -> Iterator[str]:
    spare = len(one.group.units) - limit
    if limit and spare > 0:
        yield f"{spare:,} more devices are not shown: limit= shows more, report=csv all."


def _devices(one: Ranked, limit: int) -> Iterator[tuple[str, ...]]:
    """Yields a row a device, the slow ones first."""
    shown = one.overall[:limit] if limit else one.overall
    for rank, (unit, middle, slow) in enumerate(shown, 1):
        worst = min(slow, key=lambda each: each[1].ratio, default=None)
        failed = f", {unit.failed} failed" if unit.failed else ""
        yield (
            f"{rank}", unit.called, unit.node or "–", f"{len(unit.records)}{failed}",
            f"{middle:.3f}", f"{len(slow)} of {len(one.rankings)}",
            worst[0].what.title if worst else "–", _told(worst[1]) if worst else "–",
            _causes(slow) or "–",
        )  # fmt: skip


def _told(one: Standing) -> str:
    away = "" if one.distance is None else f", {one.distance:+.1f} deviations"
    return f"{one.ratio:.3f}{away}"


def _causes(slow: Sequence[tuple[Ranking, Standing]]) -> str:
    """Returns the causes for a device, the most frequent first, each kind once."""
    causes: dict[str, list[str]] = {}
    for _, one in sorted(slow, key=lambda each: each[1].ratio):
        causes.setdefault(one.cause.partition(":")[0], []).append(one.cause)
    ordered = sorted(causes.values(), key=lambda each: -len(each))
    return "; ".join(each[0] for each in ordered)


def _sections(one: Ranked, limit: int) -> Iterator[Section]:
    head = one.group.head
    named = f"{head.device}, {head.suite}{', at once' if head.together > 1 else ''}"
    cells = tuple(map(_spread, one.rankings))
    yield Section(f"Spread over devices, {named}", SPREAD, cells, list(_flat_spread(one)),
                  key="spread")  # fmt: skip
    nodes = list(_nodes(one))
    if nodes:
        shown = tuple(cells for _, cells in (nodes[:limit] if limit else nodes))
        spare = len(nodes) - len(shown)
        told = (
            (f"{spare:,} of {len(nodes):,} nodes are not shown: limit= shows more.",)
            if spare
            else ()
        )
        yield Section(f"Nodes, {named}", NODES, shown, [], told, "nodes")


def _spread(one: Ranking) -> tuple[str, ...]:
    dimension = Dimension(one.what.unit)
    slowest, fastest = one.standings[0], one.standings[-1]
    few = len(one.standings) < LEAST_DEVICES
    return (
        _titled(one.what), f"{len(one.standings):,}", show(one.middle, dimension, 4),
        f"{one.deviation:.2%}",
        f"{slowest.ratio:.3f} ({slowest.unit.called})",
        f"{fastest.ratio:.3f} ({fastest.unit.called})",
        "– (few)" if few else f"{one.limit:.1f} deviations",
        f"{len(one.slow)}", f"{len(one.fast)}",
    )  # fmt: skip


def _titled(what: What) -> str:
    return what.title if what.decides else f"{what.kernel} {what.title}".strip()


def _nodes(one: Ranked) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Yields the nodes of several devices, the slowest first."""
    held: dict[str, list[tuple[float, bool]]] = {}
    for unit, middle, slow in one.overall:
        if unit.node:
            held.setdefault(unit.node, []).append((middle, bool(slow)))
    lowest = _lowest(one)
    found = []
    for node, each in held.items():
        if len(each) >= TOGETHER:
            middle, bad = median(ratio for ratio, _ in each), sum(slow for _, slow in each)
            whole = " (the whole node)" if bad == len(each) else ""
            title, ratio = lowest[node]
            found.append((middle, (node, f"{len(each)}", f"{middle:.3f}", f"{bad}{whole}",
                                   title, f"{ratio:.3f}")))  # fmt: skip
    yield from sorted(found, key=lambda each: (each[1][3] == "0", each[0]))


def _lowest(one: Ranked) -> dict[str, tuple[str, float]]:
    """Returns for each node the measurement on which one of its devices is slowest."""
    found: dict[str, tuple[str, float]] = {}
    for ranking in one.rankings:
        for each in ranking.standings:
            node = each.unit.node
            if node not in found or each.ratio < found[node][1]:
                found[node] = (_titled(ranking.what), each.ratio)
    return found


def _flat(found: Sequence[Ranked]) -> Iterator[dict[str, Scalar]]:
    """Yields a row a device and measurement."""
    for group, one in enumerate(found, 1):
        for ranking in one.rankings:
            for place, each in enumerate(ranking.standings, 1):
                what, level = ranking.what, each.level
                yield {
                    "group": group, "chip": one.group.head.chip, "device": one.group.head.device,
                    "device_key": each.unit.key, "called": each.unit.called, "node": each.unit.node,
                    "figure": what.key, "kernel": what.kernel, "dtype": what.dtype,
                    "label": what.label, "sizes": what.sizes, "rank": place,
                    "unit": what.unit, "measured": level.value,
                    "ratio": each.ratio, "distance": each.distance, "limit": ranking.limit,
                    "differs": each.strange, "may_be": each.cause, "clock_hz": level.clock_hz,
                    "temperature_c": level.temperature_c, "spread": level.spread,
                    "records": level.records,
                }  # fmt: skip


def _flat_spread(one: Ranked) -> Iterator[dict[str, Scalar]]:
    for ranking in one.rankings:
        what = ranking.what
        yield {
            "figure": what.key, "kernel": what.kernel, "dtype": what.dtype, "label": what.label,
            "sizes": what.sizes, "unit": what.unit, "devices": len(ranking.standings),
            "median": ranking.middle,
            "deviation": ranking.deviation, "limit": ranking.limit,
            "slow": len(ranking.slow), "fast": len(ranking.fast),
        }  # fmt: skip
