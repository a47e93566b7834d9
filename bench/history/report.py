"""Report on a figure's history: each series with its changes, and the latest points."""

from collections.abc import Iterator, Sequence

from bench.archive.entry import Head
from bench.archive.index import unread_note
from bench.history.changes import MIN_SIDE, fewest
from bench.history.series import LevelChange, Point, Series
from bench.judging.rates import Interval
from bench.judging.titles import PLAIN, inputs
from bench.report.table import Section, Table
from bench.report.text.digits import with_interval
from bench.report.text.markup import Report
from bench.report.text.scalar import Rows, Scalar
from bench.words import counted

SERIES_COLUMNS = ("measurement", "chip", "device", "suite", "points", "devices", "from", "to",
                  "first",
           "last", "changes")  # fmt: skip
CHANGE_COLUMNS = ("from", "before", "after", "new / old (95%)", "chance", "what else changed")
POINT_COLUMNS = (
    "started",
    "value (95%)",
    "device",
    "driver",
    "torch",
    "onpaper",
    "record",
    "level",
)
TOO_SHORT = "– (fewer than {fewest} points)"
MARK = "◀ changed"
NOTE = (
    "A series that never changes has a change of level marked with a chance of {level:g}, at which "
    f"none can be shown in fewer than {{fewest}} points, nor to a level of fewer than {MIN_SIDE}. "
    "Records with another power limit, suite, input or method, and each fixed shape, are another "
    "series."
)

FAKE_ROWS = "Devices named FAKE were simulated: their figures say nothing about any chip."


def history_report(all_series: Sequence[Series], limit: int) -> Report:
    """Returns the report on some series.

    Args:
        all_series: at least one series.
        limit: number of latest points of the first series in the table; the data have all. With 0,
            fixed shapes with a single point have rows as well.
    """
    table = Table(
        title=f"History of {all_series[0].what.title}",
        heading=tuple(_heading(_shown(all_series, limit))),
        columns=SERIES_COLUMNS,
        cells=tuple(map(_cells, _shown(all_series, limit))),
        summary=(*_sentences(all_series), *_hidden(all_series, limit)),
        notes=(NOTE.format(level=(level := all_series[0].level), fewest=fewest(level)),),
    )
    change_sections = [_changed(series) for series in all_series if series.level_changes]
    return Report(
        table,
        Rows(lambda: _flat_points(all_series)),
        (*change_sections, _points(all_series[0], limit)),
    )


def _shown(all_series: Sequence[Series], limit: int) -> Sequence[Series]:
    """Returns the series that get a row: no fixed shapes with one point, unless ``limit`` is 0."""
    followed = [series for series in all_series if len(series.points) > 1 or not series.what.sizes]
    return followed if limit and followed else all_series


def _hidden(all_series: Sequence[Series], limit: int) -> Iterator[str]:
    """Yields the number of series without a row, and that of the records that have no others."""
    shown = _shown(all_series, limit)
    hidden = len(all_series) - len(shown)
    if hidden:
        others = len(_records(all_series) - _records(shown))
        nor = f", nor {counted(others, 'record')} without any other series" if others else ""
        shapes, are = counted(hidden, "fixed shape"), "is" if hidden == 1 else "are"
        yield f"{shapes} of one point {are} not shown{nor}: limit=0 shows them."


def _heading(shown: Sequence[Series]) -> Iterator[str]:
    """Yields the number of records with a point of the series that have a row, and their days."""
    started = [point.head.started_utc[:10] for series in shown for point in series.points]
    days = " to ".join(dict.fromkeys((min(started), max(started))))
    yield f"{counted(len(_records(shown)), 'record')}, {days}"
    if any(series.points[0].head.backend == "fake" for series in shown):
        yield FAKE_ROWS


def _records(all_series: Sequence[Series]) -> set[str]:
    return {point.head.id for series in all_series for point in series.points}


def _cells(series: Series) -> tuple[str, ...]:
    head, first, last = series.points[0].head, series.points[0], series.points[-1]
    return (
        _title_of(series), head.chip or "–", _device(head), _suite(head), f"{len(series.points):,}",
        f"{series.devices:,}", first.head.started_utc[:10], last.head.started_utc[:10],
        _value(series, first), _value(series, last),
        f"{len(series.level_changes)}" if series.is_searched
        else TOO_SHORT.format(fewest=fewest(series.level)),
    )  # fmt: skip


def _title_of(series: Series) -> str:
    """Returns the title of a series, with its input data if it is not that of the run."""
    has_other_inputs = series.what.data != series.points[0].head.data
    return (
        f"{series.what.title}, on {inputs(series.what.data)}"
        if has_other_inputs
        else series.what.title
    )


def _device(head: Head) -> str:
    """Returns the device's name, marked FAKE if the device was simulated."""
    return f"FAKE {head.device}" if head.backend == "fake" else head.device


def _suite(head: Head) -> str:
    alone = f"{head.together} devices at once" if head.together > 1 else ""
    other = f"on {inputs(head.data)}" if head.data != PLAIN else ""
    return ", ".join(part for part in (head.suite, head.asked, other, alone) if part)


def _value(series: Series, point: Point) -> str:
    return with_interval(Interval(point.value, point.low, point.high), series.dimension)


def _sentences(all_series: Sequence[Series]) -> Iterator[str]:
    """Yields one sentence per series; series too short to be searched share one."""
    too_short = sum(not series.is_searched for series in all_series)
    yield from (_sentence(series) for series in all_series if series.is_searched)
    if too_short:
        few = f"Too few points to find a change: {too_short} of {len(all_series)} series"
        yield f"{few}. `gate` compares a run with fewer earlier ones."


def _sentence(series: Series) -> str:
    """Returns the finding on a series as a sentence."""
    subject = f"{_title_of(series)} on {_device(series.points[0].head)}"
    if not series.level_changes:
        return f"{subject}: no change of level shown in {len(series.points):,} points."
    last = series.level_changes[-1]
    word = "fell" if last.change.ratio < 1 else "rose"
    cause = f" with {last.other_changes}" if last.other_changes else ""
    size = f"{abs(last.change.ratio - 1):.1%}"
    return f"{subject}: {word} by {size} from {last.after.head.started_utc[:10]} on{cause}."


def _changed(series: Series) -> Section:
    head = series.points[0].head
    cells = tuple(_change(series, change) for change in series.level_changes)
    title = f"Changes of {_title_of(series)}, {_device(head)}, {_suite(head)}"
    return Section(title, CHANGE_COLUMNS, cells, list(_flat_changes(series)), key="changes")


def _change(series: Series, found: LevelChange) -> tuple[str, ...]:
    change = found.change
    chance = f"{change.chance:.4f}"
    return (
        found.after.head.started_utc, _value(series, found.before), _value(series, found.after),
        f"{change.ratio:.3f} ({change.low:.3f}–{change.high:.3f})", chance,
        found.other_changes or "nothing else that the records show",
    )  # fmt: skip


def _points(series: Series, limit: int) -> Section:
    """Returns the latest points of a series, the newest first."""
    changed = {found.change.place for found in series.level_changes}
    shown = list(enumerate(series.points))[-limit:][::-1] if limit else []
    cells = tuple(
        (
            point.head.started_utc, _value(series, point), point.head.display_name,
            point.head.driver or "–", point.head.torch or "–", point.head.onpaper, point.head.id,
            MARK if place in changed else "",
        )
        for place, point in shown
    )  # fmt: skip
    hidden = len(series.points) - len(cells)
    hidden_note = (_older(hidden, "point"),) if hidden else ()
    has_mark = any(row[-1] for row in cells)
    columns = POINT_COLUMNS if has_mark else POINT_COLUMNS[:-1]
    rows = tuple(row[: len(columns)] for row in cells)
    return Section(f"Points of {_title_of(series)}", columns, rows, [], hidden_note, "points")


def _older(hidden: int, noun: str) -> str:
    are = "is" if hidden == 1 else "are"
    return f"{counted(hidden, f'older {noun}')} {are} not shown: limit= shows more."


def _flat_points(all_series: Sequence[Series]) -> Iterator[dict[str, Scalar]]:
    for series in all_series:
        changed = {found.change.place for found in series.level_changes}
        for place, point in enumerate(series.points):
            head = point.head
            yield {
                "started_utc": head.started_utc, "record": head.id, "figure": series.what.key,
                "kernel": series.what.kernel, "dtype": series.what.dtype,
                "label": series.what.label, "sizes": series.what.sizes,
                "data": series.what.data, "asked": head.asked, "chip": head.chip,
                "device": head.device, "backend": head.backend, "uid": head.uid,
                "node": head.node, "suite": head.suite,
                "driver": head.driver, "torch": head.torch, "onpaper": head.onpaper,
                "unit": series.what.unit, "measured": point.value,
                "measured_low": point.low, "measured_high": point.high, "clock_hz": point.clock_hz,
                "throttle": point.throttle, "changed": place in changed,
            }  # fmt: skip


def _flat_changes(series: Series) -> Iterator[dict[str, Scalar]]:
    for found in series.level_changes:
        change = found.change
        yield {
            "started_utc": found.after.head.started_utc, "record": found.after.head.id,
            "figure": series.what.key, "ratio": change.ratio, "ratio_low": change.low,
            "ratio_high": change.high, "chance": change.chance,
            "software": "; ".join(found.software), "ran": "; ".join(found.conditions),
        }  # fmt: skip


def listing_report(heads: Sequence[Head], total: int, unread: Sequence[tuple[str, str]]) -> Report:
    """Returns the report that lists records.

    Args:
        heads: summaries of the records to show, newest first.
        total: number of all records.
        unread: files that could not be read as records, with the reason.
    """
    columns = ("started", "chip", "device", "node", "suite", "driver", "torch", "onpaper", "state",
               "measurements", "record")  # fmt: skip
    cells = tuple(
        (
            head.started_utc, head.chip or "–", _device(head), head.node or "–", _suite(head),
            head.driver or "–", head.torch or "–", head.onpaper, head.state,
            f"{head.measurements}", head.id,
        )
        for head in heads
    )  # fmt: skip
    hidden = total - len(heads)
    summary = [_older(hidden, "record")] if hidden else []
    if not total:
        summary = ["No record fits. Each run leaves one; records= names another folder."]
    summary += [f"{note}." for note in unread_note(unread)]
    table = Table(counted(total, "record"), (), columns, cells, tuple(summary), ())
    return Report(table, Rows(lambda: map(_flat_record, heads)))


def _flat_record(head: Head) -> dict[str, Scalar]:
    """Returns the summary of a record as a flat row, with its id under ``record``."""
    row = head._asdict()
    return {"record": row.pop("id"), **row}
