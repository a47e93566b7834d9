"""The further tables of a record's report, each made by a function, in the order shown."""

from collections.abc import Callable, Iterator, Sequence

from bench.chips.load import Catalogue
from bench.judging.verdict import Row
from bench.records.model import Record
from bench.report.record.collectives import KERNEL as COLLECTIVE
from bench.report.record.collectives import collective_sections
from bench.report.record.curve import cache_sections
from bench.report.record.energy import energy_sections
from bench.report.record.gap import gap_sections
from bench.report.record.identity import identity_sections
from bench.report.record.inputs import input_sections
from bench.report.record.layers import KERNEL as LAYER
from bench.report.record.layers import layer_sections
from bench.report.record.roofline import KERNEL as ROOFLINE
from bench.report.record.roofline import roofline_sections
from bench.report.table import Section

Maker = Callable[[Record, Sequence[Row], Catalogue], Iterator[Section]]
"""Yields tables of a record, given its rows and the catalogue."""

MAKERS: tuple[Maker, ...] = (
    identity_sections, gap_sections, energy_sections, input_sections, cache_sections,
    roofline_sections, layer_sections, collective_sections,
)  # fmt: skip
"""Functions that yield the tables; one without anything to show yields nothing."""

ELSEWHERE = (LAYER, ROOFLINE, COLLECTIVE)
"""Kernels whose rows are only in one of these tables."""


def sections(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Section]:
    """Yields all further tables of a record."""
    for make in MAKERS:
        yield from make(record, judged, catalogue)
