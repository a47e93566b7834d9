"""Table of evidence on whether the device is the chip that it was taken for."""

from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.identity.evidence import Agreement, Evidence
from bench.identity.weigh import Assessment, LookAlike, assess
from bench.judging.verdict import Row
from bench.records.model import Record
from bench.report.table import Section
from bench.report.text.scalar import Scalar

COLUMNS = ("evidence", "seen", "sheet", "finding", "why")
MOST_NAMED = 3
"""The most look-alikes, and the most figures that distinguish one, that are named."""


def identity_sections(
    record: Record,
    judged: Sequence[Row],  # noqa: ARG001 -- a maker's signature
    catalogue: Catalogue,
) -> Iterator[Section]:
    """Yields the table of evidence, with the outcome in the title and in the first row."""
    found = assess(record, catalogue)
    if found is None:
        return
    overall = ("overall", record.device.name, found.chip.name, found.state.value, verdict(found))
    cells = (overall, *(_cells(one) for one in found.evidence if _is_shown(one)))
    flat = [_flat(record, found), *(_flat(record, found, one) for one in found.evidence)]
    yield Section(f"Identity: {found.state.value}", COLUMNS, cells, flat, key="identity")


def _is_shown(evidence: Evidence) -> bool:
    """Tells whether evidence is worth a row: the sheet has a value, or there is a finding."""
    return bool(evidence.expected) or evidence.finding is not Agreement.UNKNOWN


def verdict(found: Assessment) -> str:
    """Returns reason, chips that fit better, and what would distinguish look-alikes, in words."""
    clauses = [found.reason]
    if found.better:
        clauses.append(f"{_names(found.better)} would fit better")
    clauses += [_distinguished(one) for one in found.alike[:MOST_NAMED]]
    if len(found.alike) > MOST_NAMED:
        clauses.append(f"also alike: {_names(found.alike[MOST_NAMED:])}")
    return "; ".join(clauses)


def _distinguished(other: LookAlike) -> str:
    """Returns which figures would distinguish a look-alike."""
    if not other.distinguishing:
        return f"{other.chip.name} looks the same, and no figure of its sheet would tell them apart"
    figures = ", ".join(other.distinguishing[:MOST_NAMED])
    return f"{other.chip.name} looks the same; {figures} would tell them apart"


def _names(others: Sequence[LookAlike]) -> str:
    return " or ".join(one.chip.name for one in others)


def _cells(evidence: Evidence) -> tuple[str, ...]:
    what = f"{evidence.what}, measured" if evidence.measured else evidence.what
    expected = evidence.expected or "–"
    return what, evidence.seen, expected, evidence.finding.value, evidence.why


def _flat(record: Record, found: Assessment, piece: Evidence | None = None) -> dict[str, Scalar]:
    """Returns one piece of evidence for programs, or the overall outcome."""
    return {
        "record": record.id,
        "chip": found.chip.id,
        "evidence": piece.what if piece else "overall",
        "figure": piece.key if piece else "",
        "seen": piece.seen if piece else record.device.name,
        "expected": piece.expected if piece else found.chip.name,
        "finding": piece.finding.value if piece else found.state.value,
        "reason": piece.why if piece else verdict(found),
    }
