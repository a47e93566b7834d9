"""A figure's history as a report: each series with its changes, and the points where asked."""

from collections.abc import Iterator, Sequence

from bench.archive.entry import Head
from bench.history.series import FEW, Found, Point, Series
from bench.rates import Interval
from bench.report.digits import with_interval
from bench.report.markup import Report
from bench.report.scalar import Rows, Scalar
from bench.report.table import Section, Table
from bench.titles import PLAIN, inputs

COLUMNS = ("measurement", "chip", "device", "suite", "points", "devices", "from", "to", "first",
           "last", "changes")  # fmt: skip
CHANGED = ("from", "before", "after", "new / old (95%)", "chance", "what else changed")
POINTS = ("started", "value (95%)", "device", "driver", "torch", "onpaper", "record", "level")
MARK = "◀ changed"
NOTE = (
    "Changes of level are found by ranks; a series that never changes has one marked with a "
    f"chance of {{level:g}}. Series of fewer than {FEW} points are not searched. Records with "
    "another power limit, suite, input or method, and each fixed shape, are another series."
)


def history_report(found: Sequence[Series], limit: int) -> Report:
    """Returns the report of some series.

    Args:
        found: the series, at least one.
        limit: the number of latest points shown of the first series; as data, all are. With 0,
            fixed shapes with a single point have rows as well.
    """
    table = Table(
        title=f"History of {found[0].what.title}",
        heading=(_span(found),),
        columns=COLUMNS,
        cells=tuple(map(_cells, _shown(found, limit))),
        summary=(*_sentences(found), *_hidden(found, limit)),
        notes=(NOTE.format(level=found[0].level),),
    )
    changed = [_changed(one) for one in found if one.found]
    return Report(table, Rows(lambda: _flat(found)), (*changed, _points(found[0], limit)))


def _shown(found: Sequence[Series], limit: int) -> Sequence[Series]:
    """Returns the series with a row: no fixed shapes with a single point, unless limit is 0."""
    followed = [one for one in found if len(one.points) > 1 or not one.what.sizes]
    return followed if limit and followed else found


def _hidden(found: Sequence[Series], limit: int) -> Iterator[str]:
    spare = len(found) - len(_shown(found, limit))
    if spare:
        yield f"{spare:,} fixed shapes of one point are not shown: limit=0 shows them."


def _span(found: Sequence[Series]) -> str:
    started = [point.head.started_utc[:10] for one in found for point in one.points]
    records = {point.head.id for one in found for point in one.points}
    return f"{len(records):,} records, {min(started)} to {max(started)}"


def _cells(one: Series) -> tuple[str, ...]:
    head, first, last = one.points[0].head, one.points[0], one.points[-1]
    return (
        _named(one), head.chip or "–", head.device, _suite(head), f"{len(one.points):,}",
        f"{one.devices:,}", first.head.started_utc[:10], last.head.started_utc[:10],
        _value(one, first), _value(one, last),
        f"{len(one.found)}" if len(one.points) >= FEW else f"– (fewer than {FEW} points)",
    )  # fmt: skip


def _named(one: Series) -> str:
    """Returns the title of a series, with its inputs if they are not the run's own."""
    other = one.what.data != one.points[0].head.data
    return f"{one.what.title}, on {inputs(one.what.data)}" if other else one.what.title


def _suite(head: Head) -> str:
    alone = f"{head.together} devices at once" if head.together > 1 else ""
    other = f"on {inputs(head.data)}" if head.data != PLAIN else ""
    return ", ".join(word for word in (head.suite, head.asked, other, alone) if word)


def _value(one: Series, point: Point) -> str:
    return with_interval(Interval(point.value, point.low, point.high), one.dimension)


def _sentences(found: Sequence[Series]) -> Iterator[str]:
    """Yields a sentence per series; those too short to be searched share one."""
    few = sum(len(one.points) < FEW for one in found)
    yield from (_sentence(one) for one in found if len(one.points) >= FEW)
    if few:
        yield f"Too few points to find a change: {few} of {len(found)} series."


def _sentence(one: Series) -> str:
    """Returns the finding on a series as a sentence."""
    named = f"{_named(one)} on {one.points[0].head.device}"
    if not one.found:
        return f"{named}: no change of level in {len(one.points):,} points."
    last = one.found[-1]
    word = "fell" if last.change.ratio < 1 else "rose"
    told = f" with {last.beside}" if last.beside else ""
    size = f"{abs(last.change.ratio - 1):.1%}"
    return f"{named}: {word} by {size} from {last.after.head.started_utc[:10]} on{told}."


def _changed(one: Series) -> Section:
    head = one.points[0].head
    cells = tuple(_change(one, change) for change in one.found)
    title = f"Changes of {_named(one)}, {head.device}, {_suite(head)}"
    return Section(title, CHANGED, cells, list(_flat_changes(one)), key="changes")


def _change(one: Series, found: Found) -> tuple[str, ...]:
    change = found.change
    chance = f"{change.chance:.4f}"
    return (
        found.after.head.started_utc, _value(one, found.before), _value(one, found.after),
        f"{change.ratio:.3f} ({change.low:.3f}–{change.high:.3f})", chance,
        found.beside or "nothing else that the records show",
    )  # fmt: skip


def _points(one: Series, limit: int) -> Section:
    """Returns the last points of a series, the newest first."""
    changed = {found.change.place for found in one.found}
    shown = list(enumerate(one.points))[-limit:][::-1] if limit else []
    cells = tuple(
        (
            point.head.started_utc, _value(one, point), point.head.called, point.head.driver or "–",
            point.head.torch or "–", point.head.onpaper, point.head.id,
            MARK if place in changed else "",
        )
        for place, point in shown
    )  # fmt: skip
    more = len(one.points) - len(cells)
    told = (f"{more:,} older points are not shown: limit= shows more.",) if more else ()
    marked = any(row[-1] for row in cells)
    columns = POINTS if marked else POINTS[:-1]
    rows = tuple(row[: len(columns)] for row in cells)
    return Section(f"Points of {_named(one)}", columns, rows, [], told, "points")


def _flat(found: Sequence[Series]) -> Iterator[dict[str, Scalar]]:
    for one in found:
        changed = {found.change.place for found in one.found}
        for place, point in enumerate(one.points):
            head = point.head
            yield {
                "started_utc": head.started_utc, "record": head.id, "figure": one.what.key,
                "kernel": one.what.kernel, "dtype": one.what.dtype, "label": one.what.label,
                "sizes": one.what.sizes, "data": one.what.data, "asked": head.asked,
                "chip": head.chip, "device": head.device, "uid": head.uid, "node": head.node,
                "suite": head.suite, "driver": head.driver, "torch": head.torch,
                "onpaper": head.onpaper, "unit": one.what.unit, "measured": point.value,
                "measured_low": point.low, "measured_high": point.high, "clock_hz": point.clock_hz,
                "throttle": point.throttle, "changed": place in changed,
            }  # fmt: skip


def _flat_changes(one: Series) -> Iterator[dict[str, Scalar]]:
    for found in one.found:
        change = found.change
        yield {
            "started_utc": found.after.head.started_utc, "record": found.after.head.id,
            "figure": one.what.key, "ratio": change.ratio, "ratio_low": change.low,
            "ratio_high": change.high, "chance": change.chance,
            "software": "; ".join(found.software), "ran": "; ".join(found.ran),
        }  # fmt: skip


def listing_report(heads: Sequence[Head], total: int, unread: Sequence[tuple[str, str]]) -> Report:
    """Returns the report that lists records.

    Args:
        heads: those shown, the newest first.
        total: how many there are.
        unread: files that could not be read as records, with the reason.
    """
    columns = ("started", "chip", "device", "node", "suite", "driver", "torch", "onpaper", "state",
               "measurements", "record")  # fmt: skip
    cells = tuple(
        (
            head.started_utc, head.chip or "–", head.device, head.node or "–", _suite(head),
            head.driver or "–", head.torch or "–", head.onpaper, head.state,
            f"{head.measurements}", head.id,
        )
        for head in heads
    )  # fmt: skip
    more = total - len(heads)
    summary = [f"{more:,} older records are not shown: limit= shows more."] if more else []
    if not total:
        summary = ["No record fits. Each run leaves one; records= names another folder."]
    if unread:
        first = unread[0]
        files = (
            "file cannot be read as a record"
            if len(unread) == 1
            else "files cannot be read as records"
        )
        summary.append(f"{len(unread):,} {files}: {first[0]}: {first[1]}.")
    table = Table(
        f"{total:,} record{'' if total == 1 else 's'}", (), columns, cells, tuple(summary), ()
    )
    return Report(table, Rows(lambda: map(_flat_head, heads)))


def _flat_head(one: Head) -> dict[str, Scalar]:
    """Returns the summary of a record as a flat row, with its id under ``record``."""
    told = one._asdict()
    return {"record": told.pop("id"), **told}
