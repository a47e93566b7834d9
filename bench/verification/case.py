"""What a verification report is made of: a record, its hash, its rows and the sheet beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.identity.weigh import Assessment, assess
from bench.records.model import Record
from bench.rules.load import Rulebook
from bench.standing import nearest
from bench.verdict import MARGIN, Row, Verdict, rows
from bench.verification.usual import Usual, usual_of


@dataclass(frozen=True)
class Case:
    """A record with all that it is set beside.

    Attributes:
        record: the run.
        sha256: of the record's file.
        catalogue: where chip and sources are looked up.
        rules: where the rule that asks for a test is looked up.
        margin: how far below the published figure still counts as reached, relative.
    """

    record: Record
    sha256: str
    catalogue: Catalogue
    rules: Rulebook
    margin: float = MARGIN

    @cached_property
    def judged(self) -> tuple[Row, ...]:
        """The rows of the record, as ``bench.verdict`` has them."""
        return tuple(rows(self.record, self.catalogue, self.margin))

    @cached_property
    def identity(self) -> Assessment | None:
        """Whether the device is its chip; None if the chip is not known."""
        return assess(self.record, self.catalogue)

    @property
    def chip(self) -> Chip | None:
        """The sheet that the record is set beside, if there is one."""
        return self.catalogue.chips.get(self.record.identity.chip or "")

    @property
    def is_fake(self) -> bool:
        """Whether the device was simulated."""
        return self.record.device.backend == "fake"

    @cached_property
    def best(self) -> Mapping[str, Row]:
        """Of each figure the row that came nearest to it; implausible ones speak for none."""
        return nearest(self.judged)

    @cached_property
    def usual(self) -> Mapping[str, Usual]:
        """Of each figure put to the test what other chips usually reach of it, where known."""
        own = self.chip.id if self.chip else ""
        found = {key: usual_of(key, own) for key in self.best}
        return {key: one for key, one in found.items() if one}

    def of(self, verdict: Verdict) -> list[Row]:
        """The rows that speak for a figure with one verdict, the highest fraction first."""
        found = [row for row in self.best.values() if row.verdict is verdict]
        return sorted(found, key=lambda row: -(row.fraction.value if row.fraction else 0.0))


def device_words(case: Case) -> str:
    """Returns the device with the warning that it is none, if it is none."""
    name = case.record.device.name
    return f"FAKE device {name!r}" if case.is_fake else name
