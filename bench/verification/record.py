"""The verification report of one device: a record compared with its sheet, to be signed."""

from collections.abc import Sequence

from bench import __version__
from bench.verification.acceptance import record_lines
from bench.verification.anomalies import anomaly_blocks
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
from bench.verification.method import method_blocks
from bench.verification.plan import PlanRequest, plan_blocks
from bench.verification.quantities import quantity_blocks
from bench.verification.subject import subject_blocks

Section = tuple[str, Sequence[Block]]
"""A heading and the blocks below it."""


def record_document(
    case: Case, plates: Sequence[Block] = (), request: PlanRequest | None = None
) -> Document:
    """Returns the verification report of a record.

    Args:
        case: the record and what it is compared with.
        plates: the record's pictures, or a note that none could be drawn.
        request: requirements on the sampling plan of the device's shipment, if it is part of one.
    """
    record = case.record
    return Document(
        name=f"verification-{record.id}",
        title=f"Verification report: {device_words(case)}{_beside(case)}",
        subject=f"Record {record.id} of {record.started_utc[:10]}, suite {record.suite}",
        blocks=tuple(block for title, inner in _sections(case, plates, request) if inner
                     for block in (Heading(title), *inner)),
        footer=f"Record {record.id}, SHA-256 {case.sha256}, onpaper {__version__}",
        made_utc=record.started_utc,
    )  # fmt: skip


def _sections(case: Case, plates: Sequence[Block], request: PlanRequest | None) -> list[Section]:
    figures = Figures(case)
    return [
        ("Finding", finding_blocks(case)),
        ("Identity of the device", subject_blocks(case)),
        ("What was tested, and how", method_blocks(case)),
        ("Conditions", condition_blocks(case)),
        ("Published and measured", figures.blocks()),
        ("Quantities an export verification may ask for", quantity_blocks(case)),
        ("Anomalies", anomaly_blocks(case)),
        ("Software", software_blocks(case.record)),
        ("Integrity", integrity_blocks(case)),
        ("Further measurements", figures.others()),
        *([(request.title, _plan(case, request))] if request else []),
        *([("Pictures", plates)] if plates else []),
        ("Sources and notes", source_blocks(figures.notes)),
        ("Limits of the test", limit_blocks(case)),
    ]


def _beside(case: Case) -> str:
    return f" compared with the sheet of {case.chip.name}" if case.chip else ", without a sheet"


def _plan(case: Case, request: PlanRequest) -> list[Block]:
    warnings = [Paragraph(line, strong=True) for line in record_lines(case)]
    return [*warnings, *_demoted(plan_blocks(request))]


def _demoted(blocks: Sequence[Block]) -> list[Block]:
    """Returns the blocks of another document with their headings one level down."""
    return [Heading(one.text, 3) if isinstance(one, Heading) else one for one in blocks]
