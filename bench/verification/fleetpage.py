"""The summary of a fleet as a document: figures over devices, outliers, a shipment's bound."""

import hashlib
from collections.abc import Iterator, Sequence

from bench import __version__
from bench.chips.figures import FIGURES
from bench.chips.paper import Paper
from bench.errors import UsageError
from bench.fixed import named
from bench.fleet.outliers import FALSE_ALARM, LEAST_DEVICES, Outlier, limit_of
from bench.report.scalar import Scalar
from bench.report.table import Notes, source_line
from bench.units import show
from bench.verdict import RATED, Verdict
from bench.verification.document import (
    Block,
    Document,
    Facts,
    Heading,
    Items,
    Paragraph,
    Table,
)
from bench.verification.fleet import Fleet, Group, Member, Spread
from bench.verification.fleetbounds import shipment_blocks
from bench.verification.line import fleet_lines
from bench.verification.repeats import warnings

FIGURE_COLUMNS = (
    "figure", "devices", "published", "median", "spread (MAD)", "lowest", "highest", "reached",
    "short", "undecided", "outliers",
)  # fmt: skip
FAKE = "Of these devices some are FAKE: their figures are simulated and say nothing about any chip."
DEVICE_COLUMNS = (
    "device", "record", "name", "index, PCI id", "identity", "state", "reached", "short",
    "undecided", "implausible", "failed", "meets its sheet",
)  # fmt: skip


def fleet_document(fleet: Fleet, devices: int | None, confidence: float) -> Document:
    """Returns the summary of a fleet.

    Args:
        fleet: the records read.
        devices: in the shipment that they are a sample of, if they are one.
        confidence: of the bound on that shipment.

    Raises:
        UsageError: the shipment is smaller than its sample.
    """
    members = fleet.members
    if devices is not None and any(len(one.members) > devices for one in fleet.groups):
        most = max(len(one.members) for one in fleet.groups)
        raise UsageError(f"devices={devices}: {most} devices of a kind were tested")
    notes = Notes()
    blocks: list[Block] = [
        Heading("Finding"), *_finding(fleet),
        *(block for number, group in enumerate(fleet.groups, 1)
          for block in _group(fleet, group, number, notes)),
        *shipment_blocks(fleet, devices, confidence),
        Heading("Records"), *_records(fleet),
        Heading("Sources"), Items(_unnumbered(notes), notes=True),
        Heading("How to read this"), Items(tuple(_limits(fleet))),
    ]  # fmt: skip
    title = f"Fleet report: {len(members)} record{'s' if len(members) != 1 else ''}"
    digest = hashlib.sha256("".join(sorted(one.sha256 for one in members)).encode()).hexdigest()
    return Document(
        name=f"fleet-{len(members)}",
        title=f"{title}, with FAKE devices" if _is_fake(fleet) else title,
        subject="Devices of one kind compared, figure by figure",
        blocks=tuple(blocks),
        footer=f"{title}, SHA-256 of their hashes {digest}, onpaper {__version__}",
        made_utc=max((one.record.started_utc for one in members), default=None),
    )


def _is_fake(fleet: Fleet) -> bool:
    return any(group.is_fake for group in fleet.groups)


def _unnumbered(notes: Notes) -> tuple[str, ...]:
    return tuple(line.partition(" ")[2] for line in notes.lines())


def _finding(fleet: Fleet) -> Iterator[Block]:
    for alike in warnings([group.members for group in fleet.groups]):
        yield Paragraph(alike, strong=True)
    if _is_fake(fleet):
        yield Paragraph(FAKE, strong=True)
    if fleet.unread:
        count = len(fleet.unread)
        yield Paragraph(
            f"{count} file{'s' if count != 1 else ''} could not be read as a record and "
            f"{'are' if count != 1 else 'is'} not counted; see below.", strong=True,
        )  # fmt: skip
    devices, records = fleet.devices, len(fleet.members) + len(fleet.again)
    passed = sum(all(one.passes for one in each) for each in devices)
    failed = sum(any(one.fails for one in each) for each in devices)
    yield Paragraph(
        f"{records} record{'s' if records != 1 else ''} of {len(devices)} "
        f"device{'s' if len(devices) != 1 else ''}: "
        f"{passed} meet{'s' if passed == 1 else ''} the sheet in every figure tested, {failed} "
        f"do{'es' if failed == 1 else ''} not, {len(devices) - passed - failed} "
        f"undecided, at a margin of {100 * fleet.margin:.4g}%.", strong=True,
    )  # fmt: skip
    if len(fleet.groups) > 1:
        yield Paragraph(
            f"They are of {len(fleet.groups)} kinds, which differ in chip, device, driver, power "
            "limit, software, suite, what was asked for, inputs, method, or how many devices were "
            "measured at once; nothing is compared across kinds.",
            strong=True,
        )
    yield from map(Paragraph, fleet_lines(fleet))


def _group(fleet: Fleet, group: Group, number: int, notes: Notes) -> Iterator[Block]:
    chip = fleet.catalogue.chips.get(dict(group.kind)["chip"])
    name = chip.name if chip else group.members[0].record.device.name
    fake = " (FAKE)" if group.is_fake else ""
    yield Heading(f"Kind {number}: {name}{fake}")
    yield Facts((("devices", f"{len(group.members)}"), *group.kind))
    if not group.spreads:
        yield Paragraph("No figure of these devices could be judged.")
        return
    cells = tuple(_spread_cells(one, fleet, notes) for one in group.spreads)
    flat = tuple(_spread_flat(one, number) for one in group.spreads)
    yield Table("Figures over the devices", FIGURE_COLUMNS, cells, flat, f"figures-{number}")
    yield Paragraph(_rule(group))


def _spread_cells(one: Spread, fleet: Fleet, notes: Notes) -> tuple[str, ...]:
    figure = FIGURES[one.tested.key]
    dimension = figure.dimension
    papers = {row.published.text: row.published for row in one.rows.values()
              if isinstance(row.published, Paper)}  # fmt: skip
    worth = sorted(papers.values(), key=lambda found: found.value)
    ends = dict.fromkeys(found.text for found in (*worth[:1], *worth[-1:]))
    sources = dict.fromkeys(key for found in worth for key in found.sources)
    marks = "".join(notes.mark(source_line(key, fleet.catalogue)) for key in sources)

    def told(number: int) -> str:
        value = one.rows[number].measured
        return f"{show(value.value, dimension, 4)} (#{number})" if value else "–"

    return (
        named(figure.title, one.tested.sizes),
        f"{len(one.rows)}",
        " to ".join(ends) + marks,
        show(one.middle, dimension, 4),
        f"{one.deviation / one.middle:.2%}" if len(one.rows) > 1 else "–",
        told(one.low),
        told(one.high),
        *(f"{one.count(verdict)}" for verdict in RATED),
        ", ".join(_outlier(each, one) for each in one.strange) or "–",
    )


def _outlier(found: Outlier, spread: Spread) -> str:
    value = spread.rows[found.number].measured
    share = f"{value.value / spread.middle - 1:+.1%}" if value else "–"
    distance = f", {found.distance:+.1f} deviations" if found.distance is not None else ""
    return f"#{found.number} ({share}{distance})"


def _spread_flat(one: Spread, group: int) -> dict[str, Scalar]:
    return {
        "kind": group,
        "figure": one.tested.key,
        "sizes": one.tested.sizes,
        "unit": FIGURES[one.tested.key].dimension.value,
        "devices": len(one.rows),
        "median": one.middle,
        "deviation": one.deviation,
        "lowest_device": one.low,
        "highest_device": one.high,
        **{verdict.value: one.count(verdict) for verdict in RATED},
        "outliers": " ".join(str(each.number) for each in one.strange),
    }


def _rule(group: Group) -> str:
    count = len(group.members)
    if count < LEAST_DEVICES:
        return f"Outliers are looked for among {LEAST_DEVICES} devices or more."
    return (
        f"Outliers: more than {limit_of(count):.1f} deviations from the median, for {count} "
        "devices. The deviation is 1.4826 x the median absolute deviation. A fleet whose devices "
        f"differ by chance alone, normally, has one or more named in {FALSE_ALARM:.0%} of its "
        f"figures: of {len(group.spreads)} figures, in {FALSE_ALARM * len(group.spreads):.1f} on "
        "average. Where more than half are the same to the digit, any that is 1% off is named."
    )


def _records(fleet: Fleet) -> Iterator[Block]:
    members = fleet.members
    if members:
        flat = tuple(_device_flat(one) for one in members)
        yield Table("Devices", DEVICE_COLUMNS, tuple(map(_device, members)), flat, "devices")
        hashes = tuple((one.name, one.file, one.sha256) for one in members)
        yield Table("Files of the records", ("device", "file", "SHA-256"), hashes)
    yield from _files("Files that could not be read as a record", "reason", fleet.unread)
    yield from _files(
        "Files that hold a record a second time, not counted", "first in", fleet.twice
    )
    yield from _files(
        "Further records of a device, not counted: its least favourable stands for it",
        "counted", fleet.again,
    )  # fmt: skip


def _files(caption: str, what: str, found: Sequence[tuple[str, str]]) -> Iterator[Block]:
    if found:
        flat = tuple({"file": name, what: told} for name, told in found)
        yield Table(f"{caption}: {len(found)}", ("file", what), tuple(found), flat)


def _device(one: Member) -> tuple[str, ...]:
    device, node = one.record.device, one.record.machine.node
    named = f"{device.name}, node {node}" if node else device.name
    meets = "yes" if one.passes else "no" if one.fails else "undecided"
    return (
        one.name, one.record.id, named, f"{device.index}, {device.pci or 'not reported'}",
        one.identity or "not established", one.record.state,
        *(f"{one.count(verdict)}" for verdict in RATED),
        f"{one.implausible}", f"{one.failed}", meets,
    )  # fmt: skip


def _device_flat(one: Member) -> dict[str, Scalar]:
    return {
        "device": one.number,
        "record": one.record.id,
        "node": one.record.machine.node,
        "file": one.file,
        "sha256": one.sha256,
        "identity": one.identity,
        "state": one.record.state,
        **{verdict.value: one.count(verdict) for verdict in RATED},
        Verdict.IMPLAUSIBLE.value: one.implausible,
        Verdict.FAILED.value: one.failed,
        "meets": one.passes,
        "fails": one.fails,
    }


def _limits(fleet: Fleet) -> Iterator[str]:
    yield (
        f"A device does not meet its sheet if a figure is short of it by more than "
        f"{100 * fleet.margin:.4g}%, or if something that it reports or does is impossible for its "
        "chip. "
        "It meets it if every figure tested is reached, no measurement failed or is implausible, "
        "the record is complete and its identity consistent. Anything else is undecided."
    )
    yield (
        "If most devices are short alike, it is the chip or the software, not the device: then "
        "look at the outliers, or give a wider margin=."
    )
    yield (
        "A record names no serial number, but the beginning of a hash of it where there is one; a "
        "host only if node= or Slurm gave it. Records of one hash, or of one node and index, "
        "are of one device, and of one kind the least favourable is counted. A record with neither "
        "is taken for a device of its own."
    )
    yield (
        "Of several forms of work that test one figure, the one that came nearest speaks for it. "
        "Work at a size that somebody fixed speaks for that size alone, and is judged by itself."
    )
    yield "Nothing here is legal advice."
