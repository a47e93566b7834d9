"""The summary of a fleet as a document: figures over devices, outliers, bounds of a shipment."""

import hashlib
from collections.abc import Iterator, Sequence

from bench import __version__
from bench.chips.figures import FIGURES
from bench.errors import UsageError
from bench.fleet.outliers import FALSE_ALARM, LEAST, LEAST_DEVICES, SOME_COMPARED, Outlier, limit_of
from bench.judging.sizes import named
from bench.judging.verdict import RATED, Verdict
from bench.report.table import Notes, source_line
from bench.report.text.scalar import Scalar
from bench.units import show
from bench.verification.acceptance import fleet_lines
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
from bench.verification.repeats import warnings
from bench.words import counted

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
        devices: number of devices in the shipment that they are a sample of, None if they are not.
        confidence: confidence of the bound on that shipment, such as 0.95.

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
    title = f"Fleet report: {counted(len(members), 'record')}"
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
    """Yields the warnings, how many devices meet their sheet, and how to read that."""
    for warning in warnings([group.members for group in fleet.groups]):
        yield Paragraph(warning, strong=True)
    if _is_fake(fleet):
        yield Paragraph(FAKE, strong=True)
    if fleet.unreadable:
        count = len(fleet.unreadable)
        yield Paragraph(
            f"{counted(count, 'file')} could not be read as a record and "
            f"{'are' if count != 1 else 'is'} not counted; see below.", strong=True,
        )  # fmt: skip
    devices, records = fleet.devices, len(fleet.members) + len(fleet.superseded)
    passed = sum(all(one.passes for one in each) for each in devices)
    failed = sum(any(one.fails for one in each) for each in devices)
    yield Paragraph(
        f"{counted(records, 'record')} of {counted(len(devices), 'device')}: "
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
    """Yields the section of one kind of device."""
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


def _spread_cells(spread: Spread, fleet: Fleet, notes: Notes) -> tuple[str, ...]:
    figure = FIGURES[spread.tested.key]
    dimension = figure.dimension
    papers = {row.paper.text: row.paper for row in spread.rows.values() if row.paper}
    ascending = sorted(papers.values(), key=lambda paper: paper.value)
    ends = dict.fromkeys(paper.text for paper in (*ascending[:1], *ascending[-1:]))
    sources = dict.fromkeys(key for paper in ascending for key in paper.sources)
    marks = "".join(notes.mark(source_line(key, fleet.catalogue)) for key in sources)

    def rate_of(number: int) -> str:
        value = spread.rows[number].measured
        return f"{show(value.value, dimension, 4)} (#{number})" if value else "–"

    return (
        named(figure.title, spread.tested.sizes),
        f"{len(spread.rows)}",
        " to ".join(ends) + marks,
        show(spread.middle, dimension, 4),
        f"{spread.deviation / spread.middle:.2%}" if len(spread.rows) > 1 else "–",
        rate_of(spread.low),
        rate_of(spread.high),
        *(f"{spread.count(verdict)}" for verdict in RATED),
        ", ".join(_outlier(outlier, spread) for outlier in spread.outliers) or "–",
    )


def _outlier(outlier: Outlier, spread: Spread) -> str:
    value = spread.rows[outlier.number].measured
    share = f"{value.value / spread.middle - 1:+.1%}" if value else "–"
    distance = f", {outlier.distance:+.1f} deviations" if outlier.distance is not None else ""
    return f"#{outlier.number} ({share}{distance})"


def _spread_flat(spread: Spread, group: int) -> dict[str, Scalar]:
    return {
        "kind": group,
        "figure": spread.tested.key,
        "sizes": spread.tested.sizes,
        "unit": FIGURES[spread.tested.key].dimension.value,
        "devices": len(spread.rows),
        "median": spread.middle,
        "deviation": spread.deviation,
        "lowest_device": spread.low,
        "highest_device": spread.high,
        **{verdict.value: spread.count(verdict) for verdict in RATED},
        "outliers": " ".join(str(each.number) for each in spread.outliers),
    }


def _rule(group: Group) -> str:
    """Returns how outliers of a group are found, and how often by chance."""
    count = len(group.members)
    if count < LEAST_DEVICES:
        some = SOME_COMPARED if count > 1 else ""
        return f"Outliers are looked for among {LEAST_DEVICES} devices or more{some}."
    return (
        f"Outliers: more than {limit_of(count):.1f} deviations from the median, for {count} "
        "devices. The deviation is 1.4826 x the median absolute deviation. A fleet whose devices "
        f"differ by chance alone, normally, has one or more named in {FALSE_ALARM:.2%} of its "
        f"figures; differences below {LEAST:.1%} are not named. Where more than half are the same "
        "to the digit, any other that far off is named. It is the rule of the command 'fleet', "
        "which ranks devices on every measurement."
    )


def _records(fleet: Fleet) -> Iterator[Block]:
    members = fleet.members
    if members:
        flat = tuple(_device_flat(one) for one in members)
        yield Table("Devices", DEVICE_COLUMNS, tuple(map(_device, members)), flat, "devices")
        hashes = tuple((one.name, one.file, one.sha256) for one in members)
        yield Table("Files of the records", ("device", "file", "SHA-256"), hashes)
    yield from _files("Files that could not be read as a record", "reason", fleet.unreadable)
    yield from _files(
        "Files that hold a record a second time, not counted", "first in", fleet.duplicates
    )
    yield from _files(
        "Further records of a device, not counted: its least favourable stands for it",
        "counted", fleet.superseded,
    )  # fmt: skip


def _files(caption: str, column: str, files: Sequence[tuple[str, str]]) -> Iterator[Block]:
    """Yields a table of files, each with its reason or the file that counts instead."""
    if files:
        flat = tuple({"file": name, column: text} for name, text in files)
        yield Table(f"{caption}: {len(files)}", ("file", column), tuple(files), flat)


def _device(member: Member) -> tuple[str, ...]:
    """Returns the cells of one device's row."""
    device, node = member.record.device, member.record.machine.node
    name = f"{device.name}, node {node}" if node else device.name
    meets = "yes" if member.passes else "no" if member.fails else "undecided"
    return (
        member.name, member.record.id, name, f"{device.index}, {device.pci or 'not reported'}",
        member.identity or "not established", member.record.state,
        *(f"{member.count(verdict)}" for verdict in RATED),
        f"{member.implausible}", f"{member.failed}", meets,
    )  # fmt: skip


def _device_flat(member: Member) -> dict[str, Scalar]:
    return {
        "device": member.number,
        "record": member.record.id,
        "node": member.record.machine.node,
        "file": member.file,
        "sha256": member.sha256,
        "identity": member.identity,
        "state": member.record.state,
        **{verdict.value: member.count(verdict) for verdict in RATED},
        Verdict.IMPLAUSIBLE.value: member.implausible,
        Verdict.FAILED.value: member.failed,
        "meets": member.passes,
        "fails": member.fails,
    }


def _limits(fleet: Fleet) -> Iterator[str]:
    """Yields what the verdicts mean, and what they do not say."""
    yield (
        f"A device does not meet its sheet if a figure is short of it by more than "
        f"{100 * fleet.margin:.4g}%, or if something that it reports or does is impossible for its "
        "chip. It meets it if every figure tested is reached, no measurement failed or is "
        "implausible, the record is complete and its identity consistent. Anything else is "
        "undecided."
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
        "Of several forms of work that test one figure, the one that came nearest counts. Work at "
        "a size that somebody fixed counts for that size alone, and is judged by itself."
    )
    yield "Nothing here is legal advice."
