"""Finds rates that are implausible: above the peak, explained by a cache, or never computed.

A figure with a doubt is shown and marked, and no ratio of it enters a summary.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.judging.throttle import CALM, Throttle
from bench.records.model import Conditions, DeviceInfo, Measurement
from bench.units import Dimension, show

CACHE_MULTIPLE = 2.0
"""Buffers below this multiple of the last-level cache may be served from it."""
WALL_LEAST = 0.5
WALL_MOST = 1.02
"""Plausible range of the device timer's time over the host's."""
GIB_OVER_GB = 2**30 / 1e9
CLOCK_MARGIN = 1.02
"""A clock above this multiple of the published one may explain a rate above the peak."""
LEAST_FIT = 0.3
"""Smallest fraction of another figure at which that figure may explain a rate."""
STEAL_MOST = 0.02
"""Share of CPU time stolen by the hypervisor above which a measurement is disturbed."""
CPU_SHARE_LEAST = 0.9
"""Share of its cores' time below which the process counts as disturbed."""


@dataclass(frozen=True)
class Claim:
    """A rate to be compared with a published figure.

    Attributes:
        value: the rate, in the base unit of the figure.
        paper: the published figure.
        chip: the sheet of the figure, for the other figures on it.
        clock_hz: the highest clock seen or reported; None if unknown.
    """

    value: float
    paper: Paper
    chip: Chip | None = None
    clock_hz: float | None = None


def disturbed_by(conditions: Conditions) -> tuple[str, ...]:
    """Returns the abnormal throttle reasons; a shared core is reported separately."""
    return tuple(
        word for word in conditions.throttle or () if word not in {*CALM, Throttle.SHARED_CORE}
    )


def disturbances(measurement: Measurement) -> Iterator[str]:
    """Yields disturbances that took time from a measurement, so that a low rate proves nothing."""
    timing, seen = measurement.timing, measurement.conditions
    if timing and len(timing.disturbed) > len(timing.samples_s) / 2:
        yield "most samples disturbed"
    if seen.steal_fraction is not None and seen.steal_fraction > STEAL_MOST:
        yield f"{seen.steal_fraction:.0%} of CPU time stolen"
    if Throttle.SHARED_CORE in (seen.throttle or ()):
        yield "a neighbour's thread shared its cores"
    alone = measurement.quantity == "item_seconds"  # loads that wait for one another, one launch
    if not alone and seen.cpu_share is not None and seen.cpu_share < CPU_SHARE_LEAST:
        yield f"the process got {seen.cpu_share:.0%} of its cores' time"


def timing_doubts(measurement: Measurement, device: DeviceInfo) -> Iterator[str]:
    """Yields what is wrong with a measurement, regardless of any published figure."""
    yield from result_doubts(measurement)
    if cached := cached_by(measurement, device):
        yield f"{cached}: a cache may explain the rate"


FLUSHED = "caches_flushed"
"""Observed of work before each call of which the caches were emptied, outside its time."""


def result_doubts(measurement: Measurement) -> Iterator[str]:
    """Yields why the timed calls did not compute their result, or were not timed to their end."""
    spot = measurement.spot_check
    if measurement.status == "ok" and measurement.reason:
        yield measurement.reason
    elif spot is not None and not spot.passed:
        yield (
            "the timed call did not compute its result (relative error "
            f"{spot.error:.1g}): it was optimised away or left out"
        )
    ratio = measurement.timing.wall_ratio if measurement.timing else None
    if ratio is not None and ratio < WALL_LEAST:
        yield (
            f"the device's timer saw {ratio:.0%} of the host's time: "
            "the calls ran on a stream that was not timed"
        )
    if ratio is not None and ratio > WALL_MOST:
        yield f"the device's timer ran {ratio:.2f} times as long as the host's"


def cached_by(measurement: Measurement, device: DeviceInfo) -> str:
    """Returns why a cache may serve a memory stream; empty if it cannot, or is no such stream."""
    work, cache = measurement.work, device.llc_bytes
    if "memory_bandwidth" not in measurement.figures or not work or not cache:
        return ""
    if FLUSHED in measurement.observed:
        return ""
    if work.footprint_bytes >= CACHE_MULTIPLE * cache:
        return ""
    return (
        f"the buffers ({show(work.footprint_bytes, Dimension.BYTES)}) are below "
        f"{CACHE_MULTIPLE:g} times the last-level cache ({show(cache, Dimension.BYTES)})"
    )


def overcount(measurement: Measurement) -> float:
    """Returns by which factor a rate may overcount the bytes that crossed the link; mostly 1.

    Bus bandwidth assumes that the ranks do the sums of an all-reduce. If a switch does them
    (NVLS), each byte crosses about once, so that 105% of the link's rate is plausible.
    """
    factor = measurement.observed.get("bus_factor", 1.0)
    return max(1.0, factor) if isinstance(factor, float) else 1.0


def peak_doubts(claim: Claim) -> Iterator[str]:
    """Yields why a rate above its peak is implausible, and possible explanations."""
    fraction = claim.value / claim.paper.value
    if fraction <= 1.0:
        return
    causes = [*_unit_cause(claim, fraction), *_clock_cause(claim, fraction), *_other_figure(claim)]
    clock = ", clock" if claim.paper.from_clock else ""
    cause = "; ".join(causes) or f"check units, dtype, shape{clock} and timer"
    word = "derived" if claim.paper.formula else "published"
    yield f"{fraction:.1%} of the {word} peak: {cause}"


def _unit_cause(claim: Claim, fraction: float) -> Iterator[str]:
    binary = claim.paper.dimension in (Dimension.BYTES, Dimension.BYTE_RATE)
    if binary and fraction <= GIB_OVER_GB * 1.005:
        yield f"GB taken for GiB would explain it ({fraction / GIB_OVER_GB:.1%} in the same unit)"


def _clock_cause(claim: Claim, fraction: float) -> Iterator[str]:
    chip = claim.chip
    stated = chip if not claim.paper.from_clock else None
    printed = stated and (stated.number("clock_matrix") or stated.number("clock_boost"))
    if printed and claim.clock_hz and claim.clock_hz / printed > CLOCK_MARGIN:
        ratio = claim.clock_hz / printed
        yield (
            f"the clock reaches {show(claim.clock_hz, Dimension.FREQUENCY)}, the peak was printed "
            f"for {show(printed, Dimension.FREQUENCY)} ({fraction / ratio:.1%} at the same clock)"
        )


def _other_figure(claim: Claim) -> Iterator[str]:
    """Names another sheet figure that the rate matches: tf32 for fp32, or the sparse rate.

    Where the device is one die of the chip, the other figures are scaled to a die, too.
    """
    if claim.chip is None or not FIGURES[claim.paper.key].is_rate:
        return
    share = claim.paper.value / (claim.chip.number(claim.paper.key) or claim.paper.value)
    peaks = [
        (number * share, key)
        for key in claim.chip.figures
        if FIGURES[key].dimension is claim.paper.dimension
        and (number := claim.chip.number(key)) is not None
    ]
    fitting = [one for one in peaks if LEAST_FIT < claim.value / one[0] <= 1.0]
    if fitting:
        number, key = min(fitting)
        figure = f"{FIGURES[key].title} ({show(number, claim.paper.dimension)})"
        yield f"it would be {claim.value / number:.1%} of {figure}"
    elif peaks and claim.value > max(peaks)[0]:
        yield "it is above every peak of the sheet: nothing was computed, or not timed to its end"
