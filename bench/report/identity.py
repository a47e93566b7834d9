"""Whether the device is the chip it was taken for, with every piece of evidence."""

from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.identity.evidence import Evidence, Finding
from bench.identity.weigh import Assessment, LookAlike, assess
from bench.records.model import Record
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.verdict import Row

COLUMNS = ("evidence", "seen", "sheet", "finding", "why")
MOST_NAMED = 3
"""So many look-alikes, and figures that tell them apart, are named."""


def identity_sections(
    record: Record,
    judged: Sequence[Row],  # noqa: ARG001 -- a maker's signature
    catalogue: Catalogue,
) -> Iterator[Section]:
    """Yields the table of evidence, its outcome in the title and in the first line."""
    found = assess(record, catalogue)
    if found is None:
        return
    whole = ("overall", record.device.name, found.chip.name, found.state.value, verdict(found))
    cells = (whole, *(_cells(one) for one in found.evidence if _says_something(one)))
    flat = [_flat(record, found), *(_flat(record, found, one) for one in found.evidence)]
    yield Section(f"Identity: {found.state.value}", COLUMNS, cells, flat, key="identity")


def _says_something(one: Evidence) -> bool:
    """Tells whether a piece is worth a row for people: the sheet has it, or it speaks of it."""
    return bool(one.expected) or one.finding is not Finding.UNKNOWN


def verdict(found: Assessment) -> str:
    """Returns the outcome in sentences: the reason, who would fit better, what would tell."""
    words = [found.reason]
    if found.better:
        words.append(f"{_names(found.better)} would fit better")
    words += [_told_apart(one) for one in found.alike[:MOST_NAMED]]
    if len(found.alike) > MOST_NAMED:
        words.append(f"also alike: {_names(found.alike[MOST_NAMED:])}")
    return "; ".join(words)


def _told_apart(other: LookAlike) -> str:
    """Returns what would tell a look-alike apart."""
    if not other.telling:
        return f"{other.chip.name} looks the same, and no figure of its sheet would tell them apart"
    telling = ", ".join(other.telling[:MOST_NAMED])
    return f"{other.chip.name} looks the same; {telling} would tell them apart"


def _names(others: Sequence[LookAlike]) -> str:
    return " or ".join(one.chip.name for one in others)


def _cells(one: Evidence) -> tuple[str, ...]:
    what = f"{one.what}, measured" if one.measured else one.what
    return what, one.seen, one.expected or "–", one.finding.value, one.why


def _flat(record: Record, found: Assessment, one: Evidence | None = None) -> dict[str, Scalar]:
    """Returns a piece of evidence for programs, or what all of it says together."""
    return {
        "record": record.id,
        "chip": found.chip.id,
        "evidence": one.what if one else "overall",
        "figure": one.key if one else "",
        "seen": one.seen if one else record.device.name,
        "expected": one.expected if one else found.chip.name,
        "finding": one.finding.value if one else found.state.value,
        "reason": one.why if one else verdict(found),
    }
