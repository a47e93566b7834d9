"""Report on a fleet: devices that differ and why, the spread of each measurement, the nodes."""

from collections.abc import Iterator, Sequence
from statistics import median

from bench.archive.entry import KIND, What
from bench.archive.index import Index, unread_note
from bench.fleet.outliers import LEAST_DEVICES, SOME_COMPARED
from bench.fleet.rank import RankedGroup, Ranking, Standing
from bench.report.table import Section, Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Rows, Scalar
from bench.units import Dimension, show
from bench.words import counted, some_of

DEVICE_COLUMNS = ("rank", "device", "node", "records", "median of its ratios", "slow on", "worst",
           "of the fleet's median", "likely cause")  # fmt: skip
SPREAD_COLUMNS = ("measurement", "devices", "median", "deviation", "slowest", "fastest",
          "named beyond", "slow", "fast")  # fmt: skip
NODE_COLUMNS = (
    "node",
    "devices",
    "median of its ratios",
    "slow devices",
    "slowest measurement",
    "ratio",
)
NAMED_FACTS = ("suite", "asked for", "inputs", "driver", "torch", "runtime", "onpaper",
               "power limit",
         "backend")  # fmt: skip
DEVICES_LISTED = 5
"""Number of slow devices that the outcome names."""
LEAST_ON_NODE = 2
"""A node with at least this many devices is listed as a node."""


def fleet_report(
    groups: Sequence[RankedGroup], index: Index, level_least_limit: tuple[float, float, int]
) -> Report:
    """Returns the report on groups of devices.

    Args:
        groups: at least one group, the one with the most devices first.
        index: all records that were read.
        level_least_limit: false-alarm rate, smallest relative difference that is named, and number
            of devices shown (0: all).
    """
    level, least, limit = level_least_limit
    records = sum(ranked.group.records for ranked in groups)
    devices = {key for ranked in groups for key in ranked.group.devices}
    most = "up to " if len(_nameless(groups)) > 1 else ""
    table = Table(
        title=f"Fleet of {most}{counted(len(devices), 'device')}, {counted(records, 'record')}",
        heading=(*_outcome(groups), *_heading(groups, index)),
        columns=DEVICE_COLUMNS,
        cells=tuple(_devices(groups[0], limit)),
        summary=tuple(_hidden(groups[0], limit)),
        notes=(_note(level, least),),
    )
    more = [section for ranked in groups for section in _sections(ranked, limit)]
    return Report(table, Rows(lambda: _flat_rows(groups)), tuple(more))


def _heading(groups: Sequence[RankedGroup], index: Index) -> Iterator[str]:
    head = groups[0].group.head
    facts = dict(zip(KIND, head.kind, strict=True))
    unnamed_facts = [facts[name] for name in ("device", "method", "alone")]
    named = [f"{name} {facts[name]}" for name in NAMED_FACTS if facts[name]]
    yield f"{head.chip or 'chip not known'}: {', '.join([*unnamed_facts, *named])}"
    if head.backend == "fake":
        yield "FAKE devices: these figures are simulated and say nothing about any chip."
    if len(groups) > 1:
        yield f"{len(groups)} kinds of device or run are kept apart; the largest comes first."
    nameless_count = len(_nameless(groups))
    if nameless_count > 1:
        yield (
            f"{nameless_count:,} records have neither serial nor node: each is counted as a "
            "device, and several may be of the same one."
        )
    disturbed = sum(ranked.group.disturbed for ranked in groups)
    if disturbed:
        are = "was disturbed and is" if disturbed == 1 else "were disturbed and are"
        yield f"{counted(disturbed, 'measurement')} {are} left out."
    yield from unread_note(index.unread)


def _nameless(groups: Sequence[RankedGroup]) -> set[str]:
    """Returns the devices that only their record identifies."""
    return {
        key
        for ranked in groups
        for key, device in ranked.group.devices.items()
        if device.is_nameless
    }


def _note(level: float, least: float) -> str:
    return (
        "A deviation is 1.4826 x the median absolute deviation, over devices, of the medians of "
        "their records. In a fleet of any size whose devices differ by (normal) chance alone, one "
        f"or more are named in {level:.2%} of measurements; differences below {least:.1%} are not "
        f"named. With fewer than {LEAST_DEVICES} devices, none is named."
    )


def _outcome(groups: Sequence[RankedGroup]) -> Iterator[str]:
    """Yields the outcome of each group, one line per group."""
    for ranked in groups:
        slow = [one for one in ranked.overall if one.slow]
        head = ranked.group.head
        kind = f"{head.device} ({head.suite}{', at once' if head.together > 1 else ''})"
        count = len(ranked.group.devices)
        if count < LEAST_DEVICES:
            are = "is" if count == 1 else "are"
            few = f"{counted(count, 'device')} {are} too few to find one that differs"
            yield f"{kind}: {few}{SOME_COMPARED if count > 1 else ''}."
        elif not slow:
            yield f"{kind}: none of {count:,} devices is slower than chance explains."
        else:
            names = [one.device.display_name for one in slow]
            named = some_of(names, DEVICES_LISTED, more=" and {:,} more")
            are = "device is" if len(slow) == 1 else "devices are"
            yield f"{kind}: {len(slow):,} {are} slow of {count:,}: {named}."


def _hidden(ranked: RankedGroup, limit: int) -> Iterator[str]:
    hidden = len(ranked.group.devices) - limit
    if limit and hidden > 0:
        yield f"{hidden:,} more devices are not shown: limit= shows more, report=csv all."


def _devices(ranked: RankedGroup, limit: int) -> Iterator[tuple[str, ...]]:
    """Yields one row per device, the slow ones first."""
    shown = ranked.overall[:limit] if limit else ranked.overall
    for rank, (device, middle, slow) in enumerate(shown, 1):
        worst = min(slow, key=lambda entry: entry[1].ratio, default=None)
        failed = f", {device.failed} failed" if device.failed else ""
        yield (
            f"{rank}", device.display_name, device.node or "–", f"{len(device.records)}{failed}",
            f"{middle:.3f}", f"{len(slow)} of {len(ranked.rankings)}",
            worst[0].what.title if worst else "–", _ratio_text(worst[1]) if worst else "–",
            _causes(slow) or "–",
        )  # fmt: skip


def _ratio_text(standing: Standing) -> str:
    deviations = "" if standing.distance is None else f", {standing.distance:+.1f} deviations"
    return f"{standing.ratio:.3f}{deviations}"


def _causes(slow: Sequence[tuple[Ranking, Standing]]) -> str:
    """Returns the causes of a device's slow measurements, each kind once, most frequent first."""
    causes: dict[str, list[str]] = {}
    for _, standing in sorted(slow, key=lambda pair: pair[1].ratio):
        causes.setdefault(standing.cause.partition(":")[0], []).append(standing.cause)
    ordered = sorted(causes.values(), key=lambda same_kind: -len(same_kind))
    return "; ".join(same_kind[0] for same_kind in ordered)


def _sections(ranked: RankedGroup, limit: int) -> Iterator[Section]:
    head = ranked.group.head
    label = f"{head.device}, {head.suite}{', at once' if head.together > 1 else ''}"
    cells = tuple(map(_spread, ranked.rankings))
    flat = list(_flat_spread(ranked))
    yield Section(f"Spread over devices, {label}", SPREAD_COLUMNS, cells, flat,
                  key="spread")  # fmt: skip
    nodes = list(_nodes(ranked))
    if nodes:
        shown = tuple(cells for _, cells in (nodes[:limit] if limit else nodes))
        hidden_count = len(nodes) - len(shown)
        hidden = (
            (f"{hidden_count:,} of {len(nodes):,} nodes are not shown: limit= shows more.",)
            if hidden_count
            else ()
        )
        yield Section(f"Nodes, {label}", NODE_COLUMNS, shown, [], hidden, "nodes")


def _spread(ranking: Ranking) -> tuple[str, ...]:
    dimension = Dimension(ranking.what.unit)
    slowest, fastest = ranking.standings[0], ranking.standings[-1]
    few = len(ranking.standings) < LEAST_DEVICES
    return (
        _titled(ranking.what), f"{len(ranking.standings):,}", show(ranking.middle, dimension, 4),
        f"{ranking.deviation:.2%}",
        f"{slowest.ratio:.3f} ({slowest.device.display_name})",
        f"{fastest.ratio:.3f} ({fastest.device.display_name})",
        "– (few)" if few else f"{ranking.limit:.1f} deviations",
        f"{len(ranking.slow)}", f"{len(ranking.fast)}",
    )  # fmt: skip


def _titled(what: What) -> str:
    return what.title if what.decides else f"{what.kernel} {what.title}".strip()


def _nodes(ranked: RankedGroup) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Yields sort key and cells of each node with several devices, the slowest first."""
    devices_by_node: dict[str, list[tuple[float, bool]]] = {}
    for device, middle, slow in ranked.overall:
        if device.node:
            devices_by_node.setdefault(device.node, []).append((middle, bool(slow)))
    lowest = _slowest_measurement(ranked)
    rows = []
    for node, members in devices_by_node.items():
        if len(members) >= LEAST_ON_NODE:
            middle, slow_count = (
                median(ratio for ratio, _ in members),
                sum(slow for _, slow in members),
            )
            whole = " (the whole node)" if slow_count == len(members) else ""
            title, ratio = lowest[node]
            rows.append((middle, (node, f"{len(members)}", f"{middle:.3f}", f"{slow_count}{whole}",
                                   title, f"{ratio:.3f}")))  # fmt: skip
    yield from sorted(rows, key=lambda row: (row[1][3] == "0", row[0]))


def _slowest_measurement(ranked: RankedGroup) -> dict[str, tuple[str, float]]:
    """Returns, for each node, the title and ratio of its devices' slowest measurement."""
    slowest: dict[str, tuple[str, float]] = {}
    for ranking in ranked.rankings:
        for standing in ranking.standings:
            node = standing.device.node
            if node not in slowest or standing.ratio < slowest[node][1]:
                slowest[node] = (_titled(ranking.what), standing.ratio)
    return slowest


def _flat_rows(groups: Sequence[RankedGroup]) -> Iterator[dict[str, Scalar]]:
    """Yields one row per device and measurement."""
    for number, ranked in enumerate(groups, 1):
        head = ranked.group.head
        for ranking in ranked.rankings:
            for rank, standing in enumerate(ranking.standings, 1):
                what, level = ranking.what, standing.level
                yield {
                    "group": number, "chip": head.chip, "device": head.device,
                    "backend": head.backend,
                    "device_key": standing.device.key, "called": standing.device.display_name,
                    "node": standing.device.node,
                    "figure": what.key, "kernel": what.kernel, "dtype": what.dtype,
                    "label": what.label, "sizes": what.sizes, "rank": rank,
                    "unit": what.unit, "measured": level.value,
                    "ratio": standing.ratio, "distance": standing.distance, "limit": ranking.limit,
                    "differs": standing.differs, "may_be": standing.cause,
                    "clock_hz": level.clock_hz,
                    "temperature_c": level.temperature_c, "spread": level.spread,
                    "records": level.records,
                }  # fmt: skip


def _flat_spread(ranked: RankedGroup) -> Iterator[dict[str, Scalar]]:
    for ranking in ranked.rankings:
        what = ranking.what
        yield {
            "figure": what.key, "kernel": what.kernel, "dtype": what.dtype, "label": what.label,
            "sizes": what.sizes, "unit": what.unit, "devices": len(ranking.standings),
            "median": ranking.middle,
            "deviation": ranking.deviation, "limit": ranking.limit,
            "slow": len(ranking.slow), "fast": len(ranking.fast),
        }  # fmt: skip
