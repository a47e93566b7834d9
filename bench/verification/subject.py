"""Which device was tested, and the evidence that it is the chip of the sheet."""

from collections.abc import Iterator

from bench.identity.evidence import Evidence
from bench.records.model import DeviceInfo
from bench.report.record.identity import verdict
from bench.units import Dimension, show
from bench.verification.case import Case
from bench.verification.document import Block, Facts, Paragraph, Table

STATES = {
    "matched": "one sheet fits all that the device reports",
    "family": "only the family of the processor is known; its peaks are derived",
    "chosen": "whoever ran the test chose the sheet",
    "ambiguous": "several sheets fit; none was chosen",
    "unknown": "no sheet fits; nothing is compared",
}
"""The states of an identity in words."""
COLUMNS = ("evidence", "seen", "sheet", "finding", "why")


def subject_blocks(case: Case) -> list[Block]:
    """Returns what the device reports, how its sheet was found, and the evidence for it."""
    identity = case.record.identity
    blocks: list[Block] = [
        Facts(tuple(_reported(case.record.device))),
        Paragraph(
            f"Sheet: {identity.state}: {STATES[identity.state]}. "
            f"Reasons: {'; '.join(identity.reasons) or 'none recorded'}."
        ),
    ]
    if identity.near:
        blocks.append(Paragraph(f"Similar sheets: {', '.join(identity.near)}."))
    assessment = case.identity
    if assessment is None:
        why = "Nothing that it reports could be compared with a sheet."
        return [*blocks, Paragraph(f"Identity: not established. {why}", strong=True)]
    cells = tuple(map(_cells, assessment.evidence))
    flat = tuple(
        {"evidence": one.what, "figure": one.key, "seen": one.seen, "expected": one.expected,
         "finding": one.finding.value, "reason": one.why, "measured": one.measured}
        for one in assessment.evidence
    )  # fmt: skip
    caption = f"Evidence compared with the sheet of {assessment.chip.name}"
    return [
        *blocks,
        Paragraph(f"Identity: {assessment.state.value}: {verdict(assessment)}.", strong=True),
        Table(caption, COLUMNS, cells, flat, "identity"),
        Paragraph(
            "A name and a PCI id can be rewritten by firmware or a driver and prove little; what "
            "was measured cannot. 'Impossible' is what no chip of the sheet can show; 'unknown' is "
            "what proves nothing either way. The device does not report a serial number here."
        ),
    ]


def _cells(one: Evidence) -> tuple[str, ...]:
    what = f"{one.what}, measured" if one.measured else one.what
    return what, one.seen or "–", one.expected or "–", one.finding.value, one.why


def _reported(device: DeviceInfo) -> Iterator[tuple[str, str]]:
    """Yields names and values of what the device reports about itself."""
    yield "name", device.name
    yield "backend, index", f"{device.backend}, {device.index}"
    quantities = (
        ("units", device.units, None),
        ("memory", device.memory_bytes, Dimension.BYTES),
        ("L2 cache", device.l2_bytes, Dimension.BYTES),
        ("highest clock", device.clock_max_hz, Dimension.FREQUENCY),
        ("memory bus, bit", device.memory_bus_bit, None),
        ("power limit", device.power_limit_w, Dimension.POWER),
    )
    for name, value, dimension in quantities:
        if value is not None:
            yield name, show(value, dimension, 4) if dimension else f"{value:g}"
    for name, text in (
        ("compute capability", device.capability),
        ("PCI id", device.pci),
        ("driver", device.driver),
        ("limits", ", ".join(device.limits)),
        ("instruction sets", ", ".join(device.isa)),
        ("traces of a vendor", ", ".join(device.markers)),
    ):
        if text:
            yield name, text
