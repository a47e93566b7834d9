"""A fleet of devices: its records in comparable groups, the spread of figures, the outliers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from bench.chips.load import Catalogue
from bench.fleet.outliers import Outlier
from bench.identity.weigh import State
from bench.judging.verdict import Row, Verdict
from bench.records.model import Record


class TestedFigure(NamedTuple):
    """A figure that was tested, by its key, and the sizes that the user fixed, if any."""

    key: str
    sizes: str = ""


@dataclass(frozen=True)
class Member:
    """One record of a fleet, which represents its device in its kind.

    Attributes:
        number: the device's number in the report, from 1; the same in every kind.
        file: the record's file, relative to the folder given.
        sha256: SHA-256 of the file.
        record: the record, without its measurements.
        identity: state of the identity check; empty if the chip is not known.
        best: the row that came nearest to each figure, and to each fixed shape of it.
        implausible: number of implausible measurements.
        failed: number of failed measurements, such as those with a wrong result.
    """

    number: int
    file: str
    sha256: str
    record: Record
    identity: str
    best: Mapping[TestedFigure, Row]
    implausible: int
    failed: int

    @property
    def name(self) -> str:
        """Returns the device's name in the report, such as ``#1``."""
        return f"#{self.number}"

    @property
    def fails(self) -> bool:
        """Returns whether the device misses its sheet: a figure is short, or another chip."""
        short = any(row.verdict is Verdict.SHORT for row in self.best.values())
        return short or self.identity == State.CONTRADICTS

    @property
    def passes(self) -> bool:
        """Returns whether the record is complete, all figures reached, the identity consistent."""
        sound = not self.implausible and not self.failed
        complete = self.record.state == "complete" and sound and bool(self.best)
        reached = all(row.verdict is Verdict.REACHED for row in self.best.values())
        return complete and reached and self.identity == State.CONSISTENT

    def count(self, verdict: Verdict) -> int:
        """Returns how many figures have a verdict."""
        return sum(row.verdict is verdict for row in self.best.values())


@dataclass(frozen=True)
class Spread:
    """The rates of one figure over the devices of a group.

    Attributes:
        tested: the figure, and its fixed sizes if any.
        rows: the rows, by device number.
        middle: median of the rates, in base units.
        deviation: median absolute deviation x 1.4826 of their logarithms, which estimates the
            standard deviation of normal data, times the median: in base units.
        low, high: numbers of the devices with the lowest and the highest rate.
        outliers: devices whose rate is an outlier.
    """

    tested: TestedFigure
    rows: Mapping[int, Row]
    middle: float
    deviation: float
    low: int
    high: int
    outliers: tuple[Outlier, ...]

    def count(self, verdict: Verdict) -> int:
        """Returns how many devices have a verdict."""
        return sum(row.verdict is verdict for row in self.rows.values())


@dataclass(frozen=True)
class Group:
    """Devices that may be compared: of one chip, device name, driver, software and method.

    Attributes:
        kind: names and values of what all these records share.
        members: the records that count, one per device.
        spreads: the spread of each figure.
    """

    kind: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]
    spreads: tuple[Spread, ...] = field(default=())

    @property
    def is_fake(self) -> bool:
        """Returns whether its devices were simulated."""
        return self.members[0].record.device.is_fake


@dataclass(frozen=True)
class Fleet:
    """The records of a folder.

    Attributes:
        groups: groups of comparable devices, the largest first.
        unreadable: files that cannot be read as a record, each with the reason.
        duplicates: files with a record that another file holds, each with that file; not counted.
        catalogue: chips and sources.
        margin: relative shortfall from a published figure that still counts as reached.
        superseded: files of a device that another record of its kind represents, with that file.
    """

    groups: tuple[Group, ...]
    unreadable: tuple[tuple[str, str], ...]
    duplicates: tuple[tuple[str, str], ...]
    catalogue: Catalogue
    margin: float
    superseded: tuple[tuple[str, str], ...] = ()

    @property
    def members(self) -> list[Member]:
        """Returns all records that are counted, ordered by device number."""
        found = [one for group in self.groups for one in group.members]
        return sorted(found, key=lambda one: one.number)

    @property
    def devices(self) -> list[list[Member]]:
        """Returns the records that are counted, by device: one per kind that it occurs in."""
        return [list(each) for _, each in groupby(self.members, key=lambda one: one.number)]
