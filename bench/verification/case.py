"""The inputs of a verification report: a record, its hash, its judged rows and its chip's sheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.identity.weigh import Assessment, assess
from bench.judging.standing import nearest
from bench.judging.verdict import MARGIN, Row, Verdict, rows
from bench.records.model import Record
from bench.rules.load import Rulebook
from bench.verification.usual import Usual, usual_of


@dataclass(frozen=True)
class Case:
    """A record with the data that it is compared with.

    Attributes:
        record: the record of the run.
        sha256: SHA-256 of the record's file.
        catalogue: catalogue in which chip and sources are looked up.
        rules: rulebook in which the rule that asks for a test is looked up.
        margin: relative shortfall from a published figure that still counts as reached.
    """

    record: Record
    sha256: str
    catalogue: Catalogue
    rules: Rulebook
    margin: float = MARGIN

    @cached_property
    def judged(self) -> tuple[Row, ...]:
        """Returns the record's measurements, each with its verdict."""
        return tuple(rows(self.record, self.catalogue, self.margin))

    @cached_property
    def identity(self) -> Assessment | None:
        """Returns whether the device is the chip of the sheet; None if no chip is known."""
        return assess(self.record, self.catalogue)

    @property
    def chip(self) -> Chip | None:
        """Returns the chip whose sheet the record is compared with, None if there is none."""
        return self.catalogue.sheet_of(self.record)

    @cached_property
    def best(self) -> Mapping[str, Row]:
        """Returns the row that came nearest to each figure, by key, without implausible rows."""
        return nearest(self.judged)

    @cached_property
    def usual(self) -> Mapping[str, Usual]:
        """Returns what other chips usually reach of each figure tested, by key, where known."""
        chip_id = self.chip.id if self.chip else ""
        found = {key: usual_of(key, chip_id) for key in self.best}
        return {key: usual for key, usual in found.items() if usual}

    def with_verdict(self, verdict: Verdict) -> list[Row]:
        """Returns the best rows of the figures with a verdict, the highest fraction first."""
        found = [row for row in self.best.values() if row.verdict is verdict]
        return sorted(found, key=lambda row: -(row.fraction.value if row.fraction else 0.0))


def device_words(case: Case) -> str:
    """Returns the device's name, marked FAKE if the device was simulated."""
    name = case.record.device.name
    return f"FAKE device {name!r}" if case.record.device.is_fake else name
