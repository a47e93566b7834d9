"""Quantities that an export verification may ask for: measured ones labelled so, published apart.

Total processing performance is worked out of published rates only. A measured rate is the least
that a device can do, not what its maker claims, and is never turned into one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.chips.figures import FIGURES
from bench.chips.paper import Paper
from bench.report.digits import beside, percent, with_interval
from bench.report.table import source_line
from bench.rules.model import Rule
from bench.theory.tpp import tpp
from bench.verdict import Row, Verdict
from bench.verification.case import Case
from bench.verification.document import Block, Items, Paragraph, Table

if TYPE_CHECKING:
    from bench.report.scalar import Scalar

RULE = "US-2026-CASE-BY-CASE"
CONDITIONS = ("third_party_test", "laboratory")
UNREAD = (
    "Which quantities the laboratory has to measure is not known here: that list of the rule was "
    "not read. The ones below are those that the rules of this catalogue speak of (rates of dense "
    "products, memory bandwidth, links between chips), and the memory's capacity and the link to "
    "the host, which tell one chip from another."
)
MEASURED_COLUMNS = (
    "quantity", "measured, sustained (95%)", "measured, burst", "published", "achieved (95%)",
    "verdict and reason",
)  # fmt: skip
PAPER_COLUMNS = ("published rate x bits of its inputs", "TPP, published (from the sheet)", "source")


@dataclass(frozen=True)
class Quantity:
    """What is asked for: its name, the rows that measure it, and the suite that does.

    Attributes:
        name: in words.
        suite: that measures it.
        rows: of the record.
        each: whether every row counts, such as directions of a link, or the best alone.
    """

    name: str
    suite: str
    rows: tuple[Row, ...]
    each: bool = False


def asked_blocks(case: Case) -> list[Block]:
    """Returns the rule's words, the measured quantities, and what the sheet publishes."""
    rule = case.rules.rules.get(RULE)
    cells = tuple(cell for one in _quantities(case) for cell in _cells(one))
    return [
        Items(tuple(_words(rule))) if rule else Paragraph("The rule is not in this catalogue."),
        Paragraph(UNREAD, strong=True),
        Table("Quantities measured on this device", MEASURED_COLUMNS, cells, (), "asked"),
        *_published(case),
    ]


def _words(rule: Rule) -> Iterator[str]:
    """Yields what the rule says of the test, in the words of the catalogue."""
    yield f"{rule.title} ({rule.citation}, {rule.published or 'no date'})."
    for key in CONDITIONS:
        if key in rule.conditions:
            yield f"{key.replace('_', ' ').capitalize()}: {rule.conditions[key].strip()}."
    yield from rule.notes


def _quantities(case: Case) -> Iterator[Quantity]:
    """Yields everything that is asked for, whether or not the record has it."""
    for key in _formats(case):
        found = _rows(case, "gemm", key)
        yield Quantity(f"dense products, {FIGURES[key].title}", "full", found)
    yield Quantity("memory (DRAM) bandwidth", "memory", _rows(case, "memory", "memory_bandwidth"))
    yield Quantity("memory (DRAM) capacity", "memory", _rows(case, "capacity", "memory_capacity"))
    host = _rows(case, "host_link")
    yield Quantity("link to the host (PCIe)", "links", host, each=True)
    peer = tuple(one for one in _rows(case, "peer") if one.measurement.label != LOCAL)
    yield Quantity("link to a peer", "links", peer, each=True)
    collective = _rows(case, "collective")
    yield Quantity("collectives", "links on several devices under torchrun", collective)


LOCAL = "device to device, on one device"
"""A copy within one device crosses no link."""


def _formats(case: Case) -> list[str]:
    """Returns the dense matrix figures that the sheet prints or the record tests."""
    chip = case.chip
    printed = [
        key for key in FIGURES
        if key.startswith("matrix_") and FIGURES[key].is_rate
        and chip and chip.number(key) is not None
    ]  # fmt: skip
    products = [row for row in case.judged if row.measurement.kernel == "gemm" and row.key]
    return list(dict.fromkeys([*printed, *(row.key for row in products if row.measured)]))


def _rows(case: Case, kernel: str, key: str = "") -> tuple[Row, ...]:
    return tuple(
        row for row in case.judged
        if row.measurement.kernel == kernel and not row.apart and key in ("", row.key)
    )  # fmt: skip


def _cells(one: Quantity) -> Iterator[tuple[str, ...]]:
    done = [row for row in one.rows if row.measured]
    if not done:
        reason = one.rows[0].reason if one.rows else f"run suite={one.suite}"
        yield (one.name, "not measured in this record", "–", "–", "–", reason)
        return
    best = max(done, key=lambda row: (_is_believed(row), row.measured.value if row.measured else 0))
    for row in done if one.each else [best]:
        yield _measured(f"{one.name}: {row.title}" if one.each else f"{one.name}: {_how(row)}",
                        row)  # fmt: skip


def _is_believed(row: Row) -> bool:
    return row.verdict is not Verdict.IMPLAUSIBLE


def _how(row: Row) -> str:
    """Returns which of several forms of the work was the fastest."""
    one = row.measurement
    told = one.parameters.get("stream") or one.parameters.get("operation") or one.label or row.shape
    return str(told) or one.kernel


def _measured(name: str, row: Row) -> tuple[str, ...]:
    found = row.published
    text = found.text if isinstance(found, Paper) else ""
    return (
        name,
        with_interval(row.measured, row.dimension, text) if row.measured else "–",
        beside(row.burst, row.measured, row.dimension, text) if row.burst and row.measured else "–",
        text or "–",
        percent(row.fraction) if row.fraction else "–",
        f"{row.verdict.value}: {row.reason}" if row.reason else row.verdict.value,
    )


def _published(case: Case) -> list[Block]:
    """Returns what the sheet claims in the rules' own measure, of published rates alone."""
    if case.chip is None:
        return [Paragraph("No sheet: total processing performance (TPP) is not known.")]
    found = tpp(case.chip, case.catalogue)
    if not found.claims:
        return [Paragraph(f"Total processing performance (TPP): not known: {found.why}.")]
    cells = tuple(
        (one.formula, _claimed(one.tpp, one.least), source_line(one.source, case.catalogue))
        for one in found.claims
    )
    flat: tuple[dict[str, Scalar], ...] = tuple(
        {"figure": one.figure, "tpp": one.tpp, "formula": one.formula, "source": one.source}
        for one in found.claims
    )
    caption = f"Published (from the sheet): total processing performance of {case.chip.name}"
    told = [
        (
            f"Published (from the sheet): TPP {_claimed(found.value or 0.0, found.least or 0.0)}, "
            "the highest over all formats. By the rules it is computed from what the maker claims "
            "for dense matrices, not of what a test reaches."
        )
    ]
    if found.open:
        names = ", ".join(FIGURES[key].title for key in found.open)
        told.append(f"No rate is published of {names}; it may be higher.")
    return [
        Table(caption, PAPER_COLUMNS, cells, flat, "published"),
        *(Paragraph(line) for line in told),
    ]


def _claimed(value: float, least: float) -> str:
    return f"{value:,.0f}" if value == least else f"{value:,.0f}, or {least:,.0f} if sparse"
