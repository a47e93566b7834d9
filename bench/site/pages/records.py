"""Our own records: a list, and a page for each with all its tables and plots."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.report.markup import Report, cleaned, one_line
from bench.report.registry import report_of
from bench.site.blocks import badge, blocks
from bench.site.page import Page
from bench.site.pictures import of_record
from bench.site.words import Words
from bench.site.world import Held, World
from bench.standing import nearest
from bench.verdict import Verdict


def pages(world: World, names: dict[str, str]) -> Iterator[Page]:
    """Yields the list and a page for each record."""
    words = Words(names, "", "records.html")
    yield Page(
        path="records.html",
        title=_title(world),
        description="What this program measured, on which device, with verdicts.",
        template="records.html",
        part="records.html",
        data={
            "rows": [_row(one, words) for one in world.records],
            "unread": world.unread,
        },
    )
    yield from (_page(one, world, names) for one in world.records)


def _title(world: World) -> str:
    """Returns how many records are our own, and how many were imported or are simulated."""
    others = len(world.measured) - len(world.own)
    fakes = len(world.records) - len(world.measured)
    told = ((others, "imported"), (fakes, "simulated"))
    more = "".join(f", {count} {word}" for count, word in told if count)
    return f"{len(world.own)} records of our own{more}"


def _device(held: Held) -> str:
    """Returns the device's name, and what has to be said of what ran or who measured."""
    more = ", simulated" if held.is_simulated else f", measured by {held.by}" if held.by else ""
    return one_line(held.record.device.name + more)


def _row(held: Held, words: Words) -> dict[str, Any]:
    record = held.record
    told = Counter(row.verdict for row in nearest(held.rows).values())
    return {
        "link": words.link(record.id),
        "day": record.started_utc[:10],
        "device": _device(held),
        "chip": words.link(record.identity.chip, record.identity.chip)
        if record.identity.chip
        else "no sheet",
        "suite": record.suite,
        "measurements": len(record.measurements),
        "verdicts": [(badge(one.value), told[one]) for one in Verdict if told[one]],
        "torch": record.machine.torch or "–",
        "state": record.state,
    }


def _page(held: Held, world: World, names: dict[str, str]) -> Page:
    record = held.record
    path = f"records/{record.id}.html"
    words = Words(names, "../", path)
    report: Report = cleaned(report_of(record, world.catalogue))
    return Page(
        path=path,
        title=report.table.title,
        description=f"Record {record.id}: {one_line(record.device.name)}, suite {record.suite}.",
        template="record.html",
        part="records.html",
        data={
            "blocks": list(blocks(report, words, "record")),
            "pictures": of_record(held, world),
            "id": record.id,
            "digest": held.digest,
            "size": f"{len(held.content) / 1e3:,.0f} kB",
            "fake": held.is_simulated,
        },
    )
