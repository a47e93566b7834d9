"""The report of one device: a record set beside its sheet, to be signed and handed over."""

from collections.abc import Sequence

from bench import __version__
from bench.verification.anomalies import anomaly_blocks
from bench.verification.asked import asked_blocks
from bench.verification.case import Case, device_words
from bench.verification.conditions import condition_blocks
from bench.verification.document import Block, Document, Heading, Paragraph
from bench.verification.figures import Figures
from bench.verification.finding import finding_blocks
from bench.verification.integrity import (
    integrity_blocks,
    limit_blocks,
    software_blocks,
    source_blocks,
)
from bench.verification.line import record_lines
from bench.verification.method import method_blocks
from bench.verification.plan import Asked, plan_blocks
from bench.verification.subject import subject_blocks

Section = tuple[str, Sequence[Block]]


def record_document(
    case: Case, plates: Sequence[Block] = (), asked: Asked | None = None
) -> Document:
    """Returns the verification report of a record.

    Args:
        case: the record and what it is set beside.
        plates: its pictures, if any were drawn, or why there are none.
        asked: the shipment that it is a part of, for a sample plan.
    """
    figures = Figures(case)
    record = case.record
    sections: list[Section] = [
        ("Finding", finding_blocks(case)),
        ("Identity of the device", subject_blocks(case)),
        ("What was tested, and how", method_blocks(case)),
        ("Conditions", condition_blocks(case)),
        ("Published and measured", figures.blocks()),
        ("Quantities an export verification may ask for", asked_blocks(case)),
        ("Anomalies", anomaly_blocks(case)),
        ("Software", software_blocks(record)),
        ("Integrity", integrity_blocks(case)),
        ("Further measurements", figures.others()),
        *([(_shipment(asked), _plan(case, asked))] if asked else []),
        *([("Pictures", plates)] if plates else []),
        ("Sources and notes", source_blocks(figures.notes)),
        ("Limits of the test", limit_blocks(case)),
    ]
    return Document(
        name=f"verification-{record.id}",
        title=f"Verification report: {device_words(case)}{_beside(case)}",
        subject=f"Record {record.id} of {record.started_utc[:10]}, suite {record.suite}",
        blocks=tuple(block for title, inner in sections if inner
                     for block in (Heading(title), *inner)),
        footer=f"Record {record.id}, SHA-256 {case.sha256}, onpaper {__version__}",
        made_utc=record.started_utc,
    )  # fmt: skip


def _beside(case: Case) -> str:
    return f" compared with the sheet of {case.chip.name}" if case.chip else ", without a sheet"


def _shipment(asked: Asked) -> str:
    return f"Sampling plan for a shipment of {asked.devices:,} devices"


def _plan(case: Case, asked: Asked) -> list[Block]:
    told = [Paragraph(one, strong=True) for one in record_lines(case)]
    return [*told, *_under(plan_blocks(asked))]


def _under(blocks: Sequence[Block]) -> list[Block]:
    """Returns the sections of another document one level down."""
    return [Heading(one.text, 3) if isinstance(one, Heading) else one for one in blocks]
