"""The gaps of a record below its figures, for tests of what they are made of."""

from dataclasses import replace

from bench.chips.load import Catalogue
from bench.judging.gap import Gap, gaps
from bench.judging.verdict import rows
from bench.records.model import Record

H20_HZ, H20_RATE = 1.98e9, 148e12


def explained(record: Record, sheets: Catalogue) -> list[Gap]:
    """The gaps of a record."""
    chip = sheets.chips[record.identity.chip or ""]
    return list(gaps(rows(record, sheets), record.device, chip, sheets))


def at_boost(sheets: Catalogue) -> Catalogue:
    """The sheets, of which the H20's names no design: its rates then are at its boost clock."""
    h20 = sheets.find("h20")
    chips = {**sheets.chips, h20.id: h20.model_copy(update={"family": None})}
    return replace(sheets, chips=chips)
