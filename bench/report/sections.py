"""The further tables of a record's report: one function each, in the order they are shown."""

from collections.abc import Callable, Iterator, Sequence

from bench.chips.load import Catalogue
from bench.records.model import Record
from bench.report.collectives import KERNEL as COLLECTIVE
from bench.report.collectives import collective_sections
from bench.report.curve import section as cache_sections
from bench.report.energy import energy_sections
from bench.report.gap import gap_sections
from bench.report.identity import identity_sections
from bench.report.inputs import input_sections
from bench.report.layers import KERNEL as LAYER
from bench.report.layers import layer_sections
from bench.report.roofline import KERNEL as ROOFLINE
from bench.report.roofline import roofline_sections
from bench.report.table import Section
from bench.verdict import Row

Maker = Callable[[Record, Sequence[Row], Catalogue], Iterator[Section]]

MAKERS: tuple[Maker, ...] = (
    identity_sections, gap_sections, energy_sections, input_sections, cache_sections,
    roofline_sections, layer_sections, collective_sections,
)  # fmt: skip
"""A new table is a function here; one that has nothing to tell yields nothing."""

ELSEWHERE = (LAYER, ROOFLINE, COLLECTIVE)
"""Kernels whose rows stand in one of these tables, and in no other."""


def sections(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Section]:
    """Yields every further table that a record bears."""
    for make in MAKERS:
        yield from make(record, judged, catalogue)
