"""Why rates stay below published figures: achieved = clock × waves × rest, one row per figure."""

from collections.abc import Iterator, Sequence

from bench.chips.load import Catalogue
from bench.judging.gap import Gap, clock_words, gaps
from bench.judging.verdict import Row
from bench.records.model import Record
from bench.report.table import Section
from bench.report.text.scalar import Scalar

TITLE = "Where the rest goes"
COLUMNS = (
    "figure", "achieved = clock × waves × rest", "clock, measured of stated", "waves, tile",
    "power-capped",
)  # fmt: skip
MAX_REST = 1.005
"""A rest above this means that a term is too small: the peak was stated at another clock."""


def gap_sections(record: Record, judged: Sequence[Row], catalogue: Catalogue) -> Iterator[Section]:
    """Yields the table of gaps, if a clock was read and any of them has a term but the rest."""
    chip = catalogue.sheet_of(record)
    found = list(gaps(list(judged), record.device, chip, catalogue))
    if any(one.clock or (one.waves and one.row.measurement.conditions.clock_hz) for one in found):
        yield Section(
            TITLE, COLUMNS, tuple(map(_cells, found)), [_flat(record, one) for one in found]
        )


def _cells(gap: Gap) -> tuple[str, ...]:
    clock, waves = gap.clock, gap.waves
    clock_text = clock_words(clock) if clock else "–"
    if clock and gap.rest > MAX_REST:
        clock_text += "; rest above 1: the peak was not stated at this clock"
    return gap.row.title, gap.line, clock_text, waves.words if waves else "–", _capped(gap)


def _capped(gap: Gap) -> str:
    """Returns whether the power cap was reached, and in what share of the power readings."""
    if gap.cap is None:
        return "not reported"
    if not gap.cap.met:
        return "no"
    return "at times" if gap.cap.share is None else f"{gap.cap.share:.0%} of the readings"


def _flat(record: Record, gap: Gap) -> dict[str, Scalar]:
    clock, waves, cap = gap.clock, gap.waves, gap.cap
    return {
        "record": record.id,
        "figure": gap.row.key,
        "label": gap.row.measurement.label,
        "achieved": gap.achieved,
        "clock": clock.share if clock else None,
        "waves": waves.share if waves else None,
        "rest": gap.rest,
        "clock_measured_hz": clock.measured_hz if clock else None,
        "clock_stated_hz": clock.stated_hz if clock else None,
        "power_capped": cap.share if cap else None,
    }
