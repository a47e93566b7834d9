"""Compares measurements with published figures: a verdict for each, always with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from bench.chips.figures import FIGURES, product_keys
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Absent, Paper, Rival, paper
from bench.judging.cpuclock import SHARED, Clock, at_its_clock, clock_of
from bench.judging.plausible import (
    Claim,
    cached_by,
    disturbances,
    overcount,
    peak_doubts,
    result_doubts,
)
from bench.judging.rates import Interval, dimension_of, rates
from bench.judging.shortfall import DERIVED, Notes, below_reach, excuse, other_roof, remarks_on
from bench.judging.sizes import distinct_titles
from bench.judging.titles import inputs, own_inputs, shape, title
from bench.records.model import DeviceInfo, Measurement, Record
from bench.units import Dimension

MARGIN = 0.10
BANDWIDTH = ("memory_bandwidth",)


class Verdict(StrEnum):
    """What a measurement says about a published figure.

    ``unrated``: measured, but there is no published figure to compare with, or the work cannot
    test it.
    """

    REACHED = "reached"
    SHORT = "short"
    UNDECIDED = "undecided"
    IMPLAUSIBLE = "implausible"
    UNRATED = "unrated"
    SKIPPED = "skipped"
    FAILED = "failed"


RATED = (Verdict.REACHED, Verdict.SHORT, Verdict.UNDECIDED)
"""Verdicts that judge a published figure."""
Judged = tuple[Verdict, tuple[str, ...]]
"""A verdict and its reasons."""


@dataclass(frozen=True)
class Row:
    """One figure of the sheet beside what was measured.

    Attributes:
        title: the figure, and the stream if several streams test it.
        key: the figure's key.
        published: the figure to compare with, or why there is none.
        measured: the sustained rate (of the median call time), None if there is none.
        burst: the rate of the best short window.
        fraction: measured over published.
        rivals: each rival value with measured over it; none if the rate is
            implausible or simulated.
        verdict: the judgement.
        reasons: why, the deciding reason first, then remarks that qualify it.
        shape: the configuration, in short.
        dimension: the dimension of the measured quantity.
        apart: whether its inputs differ from the run's own, so that it judges no figure.
        tests: False if such work cannot test its figure: served by a cache, bound by memory, small.
    """

    title: str
    key: str
    measurement: Measurement
    published: Paper | Absent
    measured: Interval | None
    burst: float | None
    fraction: Interval | None
    rivals: tuple[tuple[Rival, Interval], ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    shape: str
    dimension: Dimension
    apart: bool = False
    tests: bool = True

    @property
    def reason(self) -> str:
        """Returns the reasons as one line."""
        return "; ".join(self.reasons)

    @property
    def judgement(self) -> str:
        """Returns the verdict with its reasons, if it has any: ``short: below 90%``."""
        return f"{self.verdict.value}: {self.reason}" if self.reason else self.verdict.value

    @property
    def paper(self) -> Paper | None:
        """Returns the published figure; None if there is none to compare with."""
        return self.published if isinstance(self.published, Paper) else None


def rows(record: Record, catalogue: Catalogue, margin: float = MARGIN) -> list[Row]:
    """Returns one row for each measurement of a record.

    Args:
        record: the run.
        catalogue: looked up for the record's chip.
        margin: the relative shortfall that still counts as reached.
    """
    found = [row_of(record, one, catalogue, margin) for one in record.measurements]
    titles = distinct_titles([one.title for one in found], record.measurements)
    return [replace(one, title=text) for one, text in zip(found, titles, strict=True)]


def row_of(
    record: Record, measurement: Measurement, catalogue: Catalogue, margin: float = MARGIN
) -> Row:
    """Returns the row of one measurement, set apart if it is on other inputs than its run's own."""
    chip = catalogue.sheet_of(record)
    found = weigh(measurement, record.device, chip, catalogue, margin=margin)
    return found if measurement.data == own_inputs(record) else _set_apart(found)


def weigh(
    measurement: Measurement,
    device: DeviceInfo,
    chip: Chip | None,
    catalogue: Catalogue,
    *,
    margin: float = MARGIN,
) -> Row:
    """Compares one measurement with the figure that it tests, whatever its inputs."""
    clocked = at_its_clock(device, measurement)
    published = paper(clocked, chip, measurement.figures, catalogue)
    key = _key_of(published, measurement)
    dimension = dimension_of(measurement, key)
    measured, burst = rates(measurement, dimension)
    clock = _clock_behind(published, clocked, measurement)
    fraction = _fraction(measured, published, clock) if measured else None
    notes = Notes(remarks=tuple(remarks_on(measurement, published, burst)))
    if measured:
        doubts = tuple(_doubts(measurement, clocked, chip, published, measured))
        below, roof = _other_figures(measurement, published, clocked, chip, catalogue)
        notes = Notes(doubts, cached_by(measurement, clocked), below, (*roof, *notes.remarks))
    judged = _verdict(measurement, published, fraction, notes, margin)
    verdict, reasons = _at_unknown_clock(clock, *judged)
    doubted = verdict is Verdict.IMPLAUSIBLE or device.is_fake
    return Row(
        title=title(measurement, key),
        key=key,
        measurement=measurement,
        published=published,
        measured=measured,
        burst=burst,
        fraction=fraction,
        rivals=_over_rivals(published, None if doubted else measured),
        verdict=verdict,
        reasons=reasons,
        shape=shape(measurement),
        dimension=dimension,
        tests=verdict is not Verdict.UNRATED or not (notes.cached or notes.below),
    )


def _other_figures(
    measurement: Measurement,
    published: Paper | Absent,
    device: DeviceInfo,
    chip: Chip | None,
    catalogue: Catalogue,
) -> tuple[str, tuple[str, ...]]:
    """Returns why the work cannot reach the figure (or ""), and its share of the other roof."""
    bandwidth = paper(device, chip, BANDWIDTH, catalogue)
    peak = paper(device, chip, product_keys(measurement.dtype), catalogue)
    below = below_reach(measurement, published, bandwidth)
    return below, tuple(other_roof(measurement, published, peak, bandwidth))


def _over_rivals(
    published: Paper | Absent, measured: Interval | None
) -> tuple[tuple[Rival, Interval], ...]:
    """Returns each rival figure with the measured rate over it; none for a doubted rate."""
    if measured is None or isinstance(published, Absent):
        return ()
    return tuple((rival, measured.over(rival.value)) for rival in published.rivals)


def _key_of(published: Paper | Absent, measurement: Measurement) -> str:
    """Returns the figure that is compared, or else the first that the measurement tests."""
    first = next((one for one in measurement.figures if one in FIGURES), "")
    return published.key if isinstance(published, Paper) else first


def _at_unknown_clock(clock: Clock | None, verdict: Verdict, reasons: tuple[str, ...]) -> Judged:
    """Returns the verdict, or ``undecided`` if nobody knows at which clock the work ran."""
    if clock is None or clock.is_known or verdict not in RATED:
        return verdict, reasons
    first, *rest = reasons
    return Verdict.UNDECIDED, (f"{clock.doubt} ({first})", *rest)


def _set_apart(row: Row) -> Row:
    """Returns a row as unrated, as its inputs are not the run's own; its remarks stay."""
    marked = replace(row, title=title(row.measurement, row.key, apart=True), apart=True)
    if row.verdict not in RATED:
        return marked
    why = f"on {inputs(row.measurement.data)}, not the run's own inputs"
    return replace(marked, verdict=Verdict.UNRATED, reasons=(why, *row.reasons[1:]))


def _clock_behind(
    published: Paper | Absent, device: DeviceInfo, measurement: Measurement
) -> Clock | None:
    """Returns the clock that a derived peak was computed from; None for a printed peak."""
    if isinstance(published, Absent) or not published.from_clock:
        return None
    return clock_of(device, measurement.conditions.clock_hz)


def _fraction(
    measured: Interval, published: Paper | Absent, clock: Clock | None
) -> Interval | None:
    """Returns measured over published; its upper end allows for the lowest clock that was read."""
    if isinstance(published, Absent):
        return None
    found = measured.over(published.value)
    return replace(found, high=found.high * clock.high / clock.low) if clock else found


def _doubts(
    measurement: Measurement,
    device: DeviceInfo,
    chip: Chip | None,
    published: Paper | Absent,
    measured: Interval,
) -> list[str]:
    doubts = list(result_doubts(measurement))
    if isinstance(published, Absent) or measurement.quantity == "footprint":
        return doubts
    crossed = measured.value / overcount(measurement)
    clock = _clock_behind(published, device, measurement)
    unsure = published.from_clock and any(disturbances(measurement))
    unsure = unsure or (clock is not None and not clock.is_known)
    if not unsure or crossed > SHARED * published.value:
        clocks = [*measurement.conditions.clock_hz, device.clock_measured_hz or 0.0]
        above = list(peak_doubts(Claim(crossed, published, chip, max(clocks) or None)))
        cached = cached_by(measurement, device) if above else ""
        doubts += [f"{cached}: a cache may explain the rate"] if cached else []
        doubts += above
    return doubts


def _verdict(
    measurement: Measurement,
    published: Paper | Absent,
    fraction: Interval | None,
    notes: Notes,
    margin: float,
) -> Judged:
    """Returns verdict and reasons; any doubt decides."""
    remarks = notes.remarks
    if measurement.timing is None or measurement.status != "ok":
        word = Verdict.FAILED if measurement.status == "failed" else Verdict.SKIPPED
        return word, (measurement.reason or "no reason given",)
    if notes.doubts:
        derived = [one for one in remarks if one.startswith(DERIVED)]
        return Verdict.IMPLAUSIBLE, (*notes.doubts, *derived)
    if unrated := list(_unrated(measurement, published, notes)):
        return Verdict.UNRATED, (*unrated, *remarks)
    if fraction is None:
        return Verdict.UNRATED, ("the work of a call was not counted",)
    return _compare(fraction, margin, measurement, notes)


def _unrated(measurement: Measurement, published: Paper | Absent, notes: Notes) -> Iterator[str]:
    """Yields why a rate is compared with no figure, whatever it is."""
    if isinstance(published, Absent):
        yield published.reason
    elif not measurement.decides:
        yield "no sheet promises that such work reaches it"
    if notes.cached:
        yield f"does not test memory: {notes.cached}"


def _compare(fraction: Interval, margin: float, measurement: Measurement, notes: Notes) -> Judged:
    line = 1 - margin
    if fraction.low >= line:
        verdict, reason = Verdict.REACHED, f"at or above {line:.0%}"
    elif notes.below:
        verdict, reason = Verdict.UNRATED, notes.below
    elif fraction.high >= line:
        verdict, reason = Verdict.UNDECIDED, f"the interval lies across {line:.0%}"
    elif why := excuse(measurement, fraction, line):
        verdict, reason = Verdict.UNDECIDED, f"below {line:.0%}, but {why}"
    else:
        verdict, reason = Verdict.SHORT, f"below {line:.0%}"
    return verdict, (reason, *(one for one in notes.remarks if one not in reason))
