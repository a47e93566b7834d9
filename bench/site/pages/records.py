"""The list of records, and a page per record with all its tables and plots."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.judging.standing import nearest
from bench.judging.verdict import Verdict
from bench.report.registry import report_of
from bench.report.text.markup import Report, cleaned, one_line
from bench.site.blocks import badge, blocks
from bench.site.page import Page
from bench.site.pictures import of_record
from bench.site.words import Linker
from bench.site.world import JudgedRecord, World


def pages(world: World, addresses: dict[str, str]) -> Iterator[Page]:
    """Yields the list of records and a page for each record."""
    linker = Linker(addresses, "", "records.html")
    yield Page(
        path="records.html",
        title=_title(world),
        description="What this program measured, on which device, with verdicts.",
        template="records.html",
        part="records.html",
        data={
            "rows": [_row(record, linker) for record in world.records],
            "unread": world.unread,
        },
    )
    yield from (_page(record, world, addresses) for record in world.records)


def _title(world: World) -> str:
    """Returns the title: how many records are our own, imported and simulated."""
    others = len(world.measured) - len(world.our_records)
    fakes = len(world.records) - len(world.measured)
    extra = ((others, "imported"), (fakes, "simulated"))
    more = "".join(f", {count} {word}" for count, word in extra if count)
    return f"{len(world.our_records)} records of our own{more}"


def _device(judged: JudgedRecord) -> str:
    """Returns the device's name, and whether it was simulated or who measured it."""
    more = (
        ", simulated"
        if judged.record.device.is_fake
        else f", measured by {judged.imported_by}"
        if judged.imported_by
        else ""
    )
    return one_line(judged.record.device.name + more)


def _row(judged: JudgedRecord, linker: Linker) -> dict[str, Any]:
    record = judged.record
    counts = Counter(row.verdict for row in nearest(judged.rows).values())
    return {
        "link": linker.link(record.id),
        "day": record.started_utc[:10],
        "device": _device(judged),
        "chip": linker.link(record.identity.chip, record.identity.chip)
        if record.identity.chip
        else "no sheet",
        "suite": record.suite,
        "measurements": len(record.measurements),
        "verdicts": [(badge(one.value), counts[one]) for one in Verdict if counts[one]],
        "torch": record.machine.torch or "–",
        "state": record.state,
    }


def _page(judged: JudgedRecord, world: World, addresses: dict[str, str]) -> Page:
    record = judged.record
    path = f"records/{record.id}.html"
    linker = Linker(addresses, "../", path)
    report: Report = cleaned(report_of(record, world.catalogue))
    return Page(
        path=path,
        title=report.table.title,
        description=f"Record {record.id}: {one_line(record.device.name)}, suite {record.suite}.",
        template="record.html",
        part="records.html",
        data={
            "blocks": list(blocks(report, linker, "record")),
            "pictures": of_record(judged, world),
            "id": record.id,
            "digest": judged.digest,
            "size": f"{len(judged.content) / 1e3:,.0f} kB",
            "fake": judged.record.device.is_fake,
        },
    )
