"""Published beside measured: reached, short, undecided or implausible, always with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Absent, Paper, Rival, paper
from bench.plausible import Claim, disturbances, disturbed_by, peak_doubts, timing_doubts
from bench.records.model import DeviceInfo, Measurement, Record
from bench.units import Dimension

MARGIN = 0.10

QUANTITIES: dict[str, Dimension] = {
    "byte_rate": Dimension.BYTE_RATE,
    "item_rate": Dimension.TOKEN_RATE,
    "item_seconds": Dimension.TIME,
    "footprint": Dimension.BYTES,
}
"""What a measurement may be told in, besides operations a second."""


class Verdict(StrEnum):
    """What a measurement says of a published figure.

    ``unrated``: measured, and nothing published to set it beside.
    """

    REACHED = "reached"
    SHORT = "short"
    UNDECIDED = "undecided"
    IMPLAUSIBLE = "implausible"
    UNRATED = "unrated"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Interval:
    """A value with the bounds of its 95% interval."""

    value: float
    low: float
    high: float

    def over(self, divisor: float) -> "Interval":
        """Returns the interval divided by a number."""
        return Interval(self.value / divisor, self.low / divisor, self.high / divisor)


@dataclass(frozen=True)
class Row:
    """One figure of the sheet beside what was measured.

    Attributes:
        title: the figure, and the stream where several test one figure.
        key: the figure's key.
        published: what it is set beside, or why there is nothing.
        measured: the sustained rate (of the median call time), None if there is none.
        burst: the rate of the best short window.
        fraction: measured over published.
        rivals: each rival value with measured over it; none if the rate is not believed.
        verdict, reason: the judgement.
        shape: the configuration, in short.
        dimension: of what was measured.
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
    reason: str
    shape: str
    dimension: Dimension


def rows(record: Record, catalogue: Catalogue, margin: float = MARGIN) -> list[Row]:
    """Returns one row for each measurement of a record.

    Args:
        record: the run.
        catalogue: where the record's chip is looked up.
        margin: how far below the published figure still counts as reached, relative.
    """
    chip = catalogue.chips.get(record.identity.chip or "")
    return [
        judge(one, record.device, chip, catalogue, margin=margin) for one in record.measurements
    ]


def judge(
    measurement: Measurement,
    device: DeviceInfo,
    chip: Chip | None,
    catalogue: Catalogue,
    *,
    margin: float = MARGIN,
) -> Row:
    """Sets one measurement beside the figure it tests."""
    clocked = _at_its_clock(device, measurement)
    published = paper(clocked, chip, measurement.figures, catalogue)
    key = published.key if isinstance(published, Paper) else (*measurement.figures, "")[0]
    dimension = dimension_of(measurement, key)
    measured, burst = rates(measurement, dimension)
    fraction = _fraction(measured, published, measurement) if measured else None
    doubts = _doubts(measurement, clocked, chip, published, measured) if measured else []
    remarks = [*_remarks(measurement, published), *_burst_remark(burst, published)]
    verdict, reason = _verdict(measurement, published, fraction, (doubts, remarks), margin)
    believed = measured if verdict is not Verdict.IMPLAUSIBLE else None
    rivals = published.rivals if isinstance(published, Paper) else ()
    return Row(
        title=_title(measurement, key),
        key=key,
        measurement=measurement,
        published=published,
        measured=measured,
        burst=burst,
        fraction=fraction,
        rivals=tuple((one, believed.over(one.value)) for one in rivals if believed),
        verdict=verdict,
        reason=reason,
        shape=shape(measurement),
        dimension=dimension,
    )


def dimension_of(measurement: Measurement, key: str) -> Dimension:
    """Returns what a measurement is told in: its own quantity, or else its figure's."""
    if measurement.quantity == "flop_rate":
        return Dimension.OP_RATE if measurement.dtype == "int8" else Dimension.FLOP_RATE
    return QUANTITIES.get(measurement.quantity) or FIGURES[key].dimension


def _at_its_clock(device: DeviceInfo, measurement: Measurement) -> DeviceInfo:
    """Returns a CPU with the clock that was measured beside the measurement, if any was."""
    clocks = measurement.conditions.clock_hz
    if device.backend != "cpu" or not clocks:
        return device
    return device.model_copy(update={"clock_measured_hz": median(clocks)})


def _fraction(
    measured: Interval, published: Paper | Absent, measurement: Measurement
) -> Interval | None:
    """Returns measured over published; a peak worked out of a clock carries the clock's spread."""
    if isinstance(published, Absent):
        return None
    plain = measured.over(published.value)
    clocks = measurement.conditions.clock_hz
    if not published.from_clock or not clocks:
        return plain
    middle = median(clocks)
    return Interval(
        plain.value, plain.low * middle / max(clocks), plain.high * middle / min(clocks)
    )


def rates(measurement: Measurement, dimension: Dimension) -> tuple[Interval | None, float | None]:
    """Returns what was sustained, with its interval, and the best short window, in base units.

    Seconds an item are the shorter the better; bytes held have no interval.
    """
    timing, work = measurement.timing, measurement.work
    if timing is None or work is None or measurement.status != "ok":
        return None, None
    stats = timing.stats
    if dimension is Dimension.TIME:
        each = Interval(stats.median_s, stats.low_s, stats.high_s).over(work.items)
        return each, stats.burst_s / work.items
    if dimension is Dimension.BYTES:
        held = work.footprint_bytes
        return Interval(held, held, held), held
    amounts = {Dimension.BYTE_RATE: work.bytes, Dimension.TOKEN_RATE: work.items}
    amount = amounts.get(dimension, work.flop)
    sustained = Interval(amount / stats.median_s, amount / stats.high_s, amount / stats.low_s)
    return sustained, amount / stats.burst_s


def _doubts(
    measurement: Measurement,
    device: DeviceInfo,
    chip: Chip | None,
    published: Paper | Absent,
    measured: Interval,
) -> list[str]:
    doubts = list(timing_doubts(measurement, device))
    printed = isinstance(published, Paper) and not published.from_clock
    unsure = not printed and any(disturbances(measurement))
    if isinstance(published, Paper) and measurement.quantity != "footprint" and not unsure:
        clocks = [*measurement.conditions.clock_hz, device.clock_measured_hz or 0.0]
        doubts += peak_doubts(Claim(measured.value, published, chip, max(clocks) or None))
    return doubts


def _verdict(
    measurement: Measurement,
    published: Paper | Absent,
    fraction: Interval | None,
    said: tuple[list[str], list[str]],
    margin: float,
) -> tuple[Verdict, str]:
    """Returns verdict and reason; ``said`` are doubts, which decide, and remarks."""
    doubts, remarks = said
    if measurement.timing is None or measurement.status != "ok":
        word = Verdict.FAILED if measurement.status == "failed" else Verdict.SKIPPED
        return word, measurement.reason or "no reason given"
    if doubts:
        return Verdict.IMPLAUSIBLE, "; ".join(doubts)
    if isinstance(published, Absent):
        return Verdict.UNRATED, "; ".join([published.reason, *remarks])
    if not measurement.decides:
        return Verdict.UNRATED, "; ".join(["no sheet promises that such work reaches it", *remarks])
    if fraction is None:
        return Verdict.UNRATED, "the work of a call was not counted"
    return _compare(fraction, margin, measurement, remarks)


def _compare(
    fraction: Interval, margin: float, measurement: Measurement, remarks: list[str]
) -> tuple[Verdict, str]:
    line = 1 - margin
    if fraction.low >= line:
        verdict, reason = Verdict.REACHED, f"at or above {line:.0%}"
    elif fraction.high >= line:
        verdict, reason = Verdict.UNDECIDED, f"the interval lies across {line:.0%}"
    elif excuse := _excuse(measurement, fraction, line):
        verdict, reason = Verdict.UNDECIDED, f"below {line:.0%}, but {excuse}"
    else:
        verdict, reason = Verdict.SHORT, f"below {line:.0%}"
    return verdict, "; ".join([reason, *(one for one in remarks if one not in reason)])


def _excuse(measurement: Measurement, fraction: Interval, line: float) -> str:
    """Returns why a rate below the line does not prove that the device falls short."""
    disturbed = ", ".join(disturbances(measurement))
    if disturbed:
        return disturbed
    found = measurement.search
    if found and found.gain_estimate is None:
        return f"only {len(found.trials)} shapes were tried"
    if found and fraction.high * (1 + (found.gain_estimate or 0.0)) >= line:
        return "a longer search may reach it"
    return ""


def _remarks(measurement: Measurement, published: Paper | Absent) -> Iterator[str]:
    """Yields what a reader must know to weigh the verdict."""
    if isinstance(published, Paper) and published.formula:
        yield f"derived: {published.formula}"
    if measurement.data in ("constant", "zeros"):
        yield f"{measurement.data} inputs flatter a power-limited chip"
    if measurement.timing and measurement.timing.stopped.reason == "noisy":
        yield "noisy"
    yield from disturbances(measurement)
    if isinstance(published, Paper) and measurement.quantity == "footprint":
        yield "bytes held; a sheet may print GB for what is counted in GiB"
    troubles = disturbed_by(measurement.conditions)
    if troubles:
        yield f"throttled: {', '.join(troubles)}"


def _burst_remark(burst: float | None, published: Paper | Absent) -> list[str]:
    if burst is None or isinstance(published, Absent) or burst <= published.value:
        return []
    return [f"its best window is at {burst / published.value:.1%} of paper"]


def _title(measurement: Measurement, key: str) -> str:
    label = measurement.label or measurement.parameters.get("stream")
    words = (FIGURES[key].title if key else "", str(label or ""))
    return ", ".join(word for word in words if word) or measurement.kernel


def shape(measurement: Measurement) -> str:
    """Returns the configuration in short: sizes, layout, how it was found, unusual inputs."""
    told, found = measurement.parameters, measurement.search
    words = []
    if measurement.timing is None:
        return ""
    if "m" in told:
        words.append(" x ".join(str(told[name]) for name in "mnk") + f" {told.get('layout', '')}")
    if "elements" in told and measurement.work:
        words.append(f"{show_bytes(measurement.work.footprint_bytes)} {told.get('way', '')}")
    if found and found.gain_estimate != 0.0:
        more = "unknown" if found.gain_estimate is None else f"{found.gain_estimate:.1%}"
        words.append(f"best of {len(found.trials)} tried (more may gain {more})")
    if measurement.data != "normal":
        words.append(measurement.data)
    return ", ".join(word.strip() for word in words)


def show_bytes(value: float) -> str:
    """Returns bytes in GiB or MiB, as buffers are sized."""
    return f"{value / 2**30:.1f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"
