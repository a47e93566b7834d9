"""Quantities that an export verification may ask for, with measured and published ones apart.

Total processing performance (TPP) is computed from published rates only. A measured rate is a lower
bound of what a device can do, not what its maker claims, and is never converted into TPP.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.chips.figures import FIGURES
from bench.judging.verdict import Row, Verdict
from bench.report.table import source_line
from bench.report.text.digits import beside, percent, with_interval
from bench.rules.model import Rule
from bench.theory.tpp import tpp
from bench.verification.case import Case
from bench.verification.document import Block, Items, Paragraph, Table

if TYPE_CHECKING:
    from bench.report.text.scalar import Scalar

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
    """One quantity that may be asked for, with its measurements in the record.

    Attributes:
        name: the quantity's name in words.
        suite: the suite that measures it.
        rows: the record's rows that measure it.
        shows_all: whether every row is shown, such as the directions of a link, or only the best.
    """

    name: str
    suite: str
    rows: tuple[Row, ...]
    shows_all: bool = False


def quantity_blocks(case: Case) -> list[Block]:
    """Returns the rule's text, the table of measured quantities, and the sheet's published TPP."""
    rule = case.rules.rules.get(RULE)
    cells = tuple(row for quantity in _quantities(case) for row in _cells(quantity))
    absent = Paragraph("The rule is not in this catalogue.")
    return [
        Items(tuple(_rule_lines(rule))) if rule else absent,
        Paragraph(UNREAD, strong=True),
        Table("Quantities measured on this device", MEASURED_COLUMNS, cells, (), "asked"),
        *_published(case),
    ]


def _rule_lines(rule: Rule) -> Iterator[str]:
    """Yields what the rule says about the test, as the catalogue words it."""
    yield f"{rule.title} ({rule.citation}, {rule.published or 'no date'})."
    for key in CONDITIONS:
        if key in rule.conditions:
            yield f"{key.replace('_', ' ').capitalize()}: {rule.conditions[key].strip()}."
    yield from rule.notes


def _quantities(case: Case) -> Iterator[Quantity]:
    """Yields every quantity that may be asked for, whether or not the record has it."""
    for key in _formats(case):
        rows = _rows(case, "gemm", key)
        yield Quantity(f"dense products, {FIGURES[key].title}", "full", rows)
    yield Quantity("memory (DRAM) bandwidth", "memory", _rows(case, "memory", "memory_bandwidth"))
    yield Quantity("memory (DRAM) capacity", "memory", _rows(case, "capacity", "memory_capacity"))
    host = _rows(case, "host_link")
    yield Quantity("link to the host (PCIe)", "links", host, shows_all=True)
    peer = tuple(row for row in _rows(case, "peer") if row.measurement.label != LOCAL)
    yield Quantity("link to a peer", "links", peer, shows_all=True)
    collective = _rows(case, "collective")
    yield Quantity("collectives", "links on several devices under torchrun", collective)


LOCAL = "device to device, on one device"
"""Label of copies within one device, which cross no link and are left out."""


def _formats(case: Case) -> list[str]:
    """Returns the keys of the dense matrix rates that the sheet publishes or the record tests."""
    chip = case.chip
    printed = [
        key for key in FIGURES
        if key.startswith("matrix_") and FIGURES[key].is_rate
        and chip and chip.number(key) is not None
    ]  # fmt: skip
    products = [row for row in case.judged if row.measurement.kernel == "gemm" and row.key]
    return list(dict.fromkeys([*printed, *(row.key for row in products if row.measured)]))


def _rows(case: Case, kernel: str, key: str = "") -> tuple[Row, ...]:
    """Returns the rows of a kernel, and of a figure if ``key`` is given."""
    return tuple(
        row for row in case.judged
        if row.measurement.kernel == kernel and not row.apart and key in ("", row.key)
    )  # fmt: skip


def _cells(quantity: Quantity) -> Iterator[tuple[str, ...]]:
    """Yields the table rows of a quantity: of all measurements or of the fastest plausible one."""
    rows, name = [row for row in quantity.rows if row.measured], quantity.name
    if not rows:
        reason = quantity.rows[0].reason if quantity.rows else f"run suite={quantity.suite}"
        yield (name, "not measured in this record", "–", "–", "–", reason)
    elif quantity.shows_all:
        for row in rows:
            yield _measured(f"{name}: {row.title}", row)
    else:
        best = max(rows, key=_rank)
        yield _measured(f"{name}: {_variant(best)}", best)


def _rank(row: Row) -> tuple[bool, float]:
    """Returns the key by which plausible rows come before implausible ones, then fast ones."""
    believed = row.verdict is not Verdict.IMPLAUSIBLE and row.tests
    return believed, row.measured.value if row.measured else 0


def _variant(row: Row) -> str:
    """Returns which variant of the work a row measured, such as a stream or an operation."""
    measurement = row.measurement
    parameters = measurement.parameters
    variant = parameters.get("stream") or parameters.get("operation")
    return str(variant or measurement.label or row.shape) or measurement.kernel


def _measured(name: str, row: Row) -> tuple[str, ...]:
    """Returns the cells of one measured row."""
    text = row.paper.text if row.paper else ""
    return (
        name,
        with_interval(row.measured, row.dimension, text),
        beside(row.burst, row.measured, row.dimension, text) if row.burst and row.measured else "–",
        text or "–",
        percent(row.fraction),
        row.judgement,
    )


def _published(case: Case) -> list[Block]:
    """Returns the TPP that follows from the sheet's published rates, with the formulas."""
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
    lines = [
        (
            f"Published (from the sheet): TPP {_claimed(found.value or 0.0, found.least or 0.0)}, "
            "the highest over all formats. By the rules it is computed from what the maker claims "
            "for dense matrices, not of what a test reaches."
        )
    ]
    if found.open:
        names = ", ".join(FIGURES[key].title for key in found.open)
        lines.append(f"No rate is published of {names}; it may be higher.")
    return [
        Table(caption, PAPER_COLUMNS, cells, flat, "published"),
        *(Paragraph(line) for line in lines),
    ]


def _claimed(value: float, least: float) -> str:
    return f"{value:,.0f}" if value == least else f"{value:,.0f}, or {least:,.0f} if sparse"
