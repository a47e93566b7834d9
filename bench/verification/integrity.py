"""What a report is based on: hashes, software and sources; and what one test cannot say."""

from bench import __version__
from bench.records.model import Record
from bench.verification.case import Case
from bench.verification.document import Blanks, Block, Facts, Heading, Items, Paragraph


def software_blocks(record: Record) -> list[Block]:
    """Returns the machine and its software, as recorded."""
    machine, program = record.machine, record.program
    dirty = {True: "modified since its commit", False: "unchanged", None: "not recorded"}
    threads = f"{machine.threads}" if machine.threads is not None else "not recorded"
    facts = (
        ("system", f"{machine.system}, kernel {machine.kernel}"),
        ("Python", machine.python),
        ("torch", machine.torch or "not used"),
        ("runtime of the accelerator", machine.accelerator_runtime or "not recorded"),
        ("libraries", ", ".join(machine.libraries or ()) or "not recorded"),
        ("variables that change their speed", _variables(machine.variables)),
        ("driver", record.device.driver or "not recorded"),
        ("threads", threads),
        ("onpaper that measured", program.version),
        ("its commit", program.commit or "not recorded"),
        ("its source", dirty[program.dirty]),
        ("onpaper that made this report", __version__),
    )
    return [Facts(facts)]


def _variables(found: tuple[str, ...] | None) -> str:
    return "not recorded" if found is None else ", ".join(found) or "none"


def integrity_blocks(case: Case) -> list[Block]:
    """Returns the hashes of record and sheet, and how to check them."""
    record, chip = case.record, case.chip
    recorded = record.identity.sheet_sha256
    facts = [
        ("record", record.id),
        ("SHA-256 of the record's file", case.sha256),
        ("SHA-256 of the sheet at the time of the run", recorded or "not recorded"),
    ]
    if chip:
        today = f"not the same: {chip.sheet_sha256}; the published figures here are those of today"
        if recorded == chip.sheet_sha256:
            today = "the same: the sheet has not changed since"
        facts.append(("SHA-256 of the sheet today", today))
    return [
        Facts(tuple(facts)),
        Paragraph(
            "The same record, sheets, rules, evidence of other chips and options make this report "
            "again, byte for byte, with the same program and libraries. Whoever holds the record "
            "can check its hash with sha256sum."
        ),
    ]


def source_blocks(notes: tuple[str, ...]) -> list[Block]:
    """Returns the sources as numbered notes."""
    return [Items(notes, notes=True) if notes else Paragraph("No published figure is cited.")]


LIMITS = (
    (
        "One device was tested, once, on one host. What it does says nothing about another device "
        "of the same kind: a shipment takes a sample (python -m bench report kind=plan devices=N)."
    ),
    (
        "A figure that is short may be the software's doing, and no fault of the device: a rate "
        "measured is the least that the device can do, not the most."
    ),
    (
        "A figure that is reached shows that the device did so under these conditions, not that it "
        "will in another host, at another temperature or for longer."
    ),
    (
        "The record names no serial number. That the device tested is the one shipped has to be "
        "shown by other means: seals, photographs, a list of serial numbers."
    ),
    "What was not measured in this record was not tested.",
    (
        "The record can be altered before it is hashed. The hash ties this report to a file, not "
        "the file to a device."
    ),
    "Nothing here is legal advice, and no authority has approved this form.",
)
FAKE_LIMIT = "The device is a FAKE and nothing at all was tested."
SIGNATURE = ("laboratory", "name", "function", "place and date", "signature")


def limit_blocks(case: Case) -> list[Block]:
    """Returns what the test does not show, and the lines for the signature."""
    return [
        Items((*([FAKE_LIMIT] if case.record.device.is_fake else []), *LIMITS)),
        Heading("Signature"),
        Paragraph("Whoever signs answers for the test and for the identity of the device tested."),
        Blanks(SIGNATURE),
    ]
