"""Where the rest of a figure goes: a line a figure, achieved = clock × waves × rest."""

from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.gap import Gap, clock_words, gaps
from bench.records.model import Record
from bench.report.scalar import Scalar
from bench.report.table import Section
from bench.verdict import Row

TITLE = "Where the rest goes"
COLUMNS = (
    "figure", "achieved = clock × waves × rest", "clock, measured of stated", "waves, tile",
    "power-capped",
)  # fmt: skip
TOO_MUCH = 1.005
"""A rest above it says that a term is too small: the peak is stated otherwise."""


def gap_sections(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Section]:
    """Yields the table of gaps, where a clock was measured that explains some of one."""
    chip = catalogue.chips.get(record.identity.chip or "")
    found = list(gaps(list(judged), record.device, chip, catalogue))
    if any(one.clock for one in found):
        yield Section(
            TITLE, COLUMNS, tuple(map(_cells, found)), [_flat(record, one) for one in found]
        )


def _cells(one: Gap) -> tuple[str, ...]:
    clock, waves = one.clock, one.waves
    words = clock_words(clock) if clock else "–"
    if clock and one.rest > TOO_MUCH:
        words += "; rest above 1: the peak was not stated at this clock"
    return one.row.title, one.line, words, waves.words if waves else "–", _capped(one)


def _capped(one: Gap) -> str:
    if one.cap is None:
        return "not reported"
    if not one.cap.met:
        return "no"
    return "at times" if one.cap.share is None else f"{one.cap.share:.0%} of the readings"


def _flat(record: Record, one: Gap) -> dict[str, Scalar]:
    clock, waves, cap = one.clock, one.waves, one.cap
    return {
        "record": record.id,
        "figure": one.row.key,
        "label": one.row.measurement.label,
        "achieved": one.achieved,
        "clock": clock.share if clock else None,
        "waves": waves.share if waves else None,
        "rest": one.rest,
        "clock_measured_hz": clock.measured_hz if clock else None,
        "clock_stated_hz": clock.stated_hz if clock else None,
        "power_capped": cap.share if cap else None,
    }
