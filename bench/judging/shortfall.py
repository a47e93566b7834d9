"""Why a rate below paper does not prove that a device falls short of a figure.

Either the work cannot test the figure at all, or something took time from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.paper import Absent, Paper
from bench.judging.plausible import disturbances, disturbed_by
from bench.judging.rates import Interval, held_back_s
from bench.judging.sizes import searched_shapes
from bench.judging.throttle import SWING
from bench.records.model import Measurement

SIDE = 1024
"""The shortest side of a matrix product that counts as a test of a figure."""
SIDES = ("m", "n", "k")
SMALL = "so small a product leaves a chip idle"
FLATTERING = ("constant", "zeros")
"""Inputs that switch so few bits that a power-limited chip runs faster."""
FEW = 24
"""A search that tried fewer, and less than half of all, did not come to all favoured shapes."""
HALVES = ("fp16", "bf16")
"""Formats whose vector rate on an H200 is half of what is said of its design."""
LEAST = "a lower bound: a loop of one kind of packed instruction"
DERIVED = "derived: "
"""Prefix of the remark that gives the formula of a derived peak."""


@dataclass(frozen=True)
class Notes:
    """What qualifies a rate.

    Attributes:
        doubts: why it is implausible.
        cached: why it may be the rate of a cache, of which memory bandwidth is no test.
        below: why the work cannot reach the figure.
        remarks: what else to know of it.
    """

    doubts: tuple[str, ...] = ()
    cached: str = ""
    below: str = ""
    remarks: tuple[str, ...] = ()


def below_reach(measurement: Measurement, peak: Paper | Absent, bandwidth: Paper | Absent) -> str:
    """Returns why a matrix product cannot reach its peak; empty if it can, or is no product.

    Of one that memory bounds, also its share of the memory bandwidth.

    Args:
        measurement: the product.
        peak: the published peak.
        bandwidth: the published memory bandwidth.
    """
    if not all(isinstance(measurement.parameters.get(side), int) for side in SIDES):
        return ""
    work = measurement.work
    if isinstance(peak, Paper) and isinstance(bandwidth, Paper) and work and work.bytes:
        intensity, ridge = work.flop / work.bytes, peak.value / bandwidth.value
        if intensity < ridge:
            told = (
                f"bound by memory: {intensity:.3g} operations per byte, fewer than the "
                f"{ridge:.3g} of peak over memory bandwidth"
            )
            if measurement.timing is None:
                return told
            share = work.bytes / measurement.timing.stats.median_s / bandwidth.value
            return f"{told}; {share:.1%} of {FIGURES[bandwidth.key].title} {bandwidth.text}"
    return SMALL if not searched_shapes(measurement) and _is_small(measurement) else ""


def other_roof(
    measurement: Measurement,
    published: Paper | Absent,
    peak: Paper | Absent,
    memory: Paper | Absent,
) -> Iterator[str]:
    """Yields the share of the roof that bounds a work by its FLOP per byte, if it is the other.

    Nothing if the figure that it is compared with is that roof, or if the work judges its figure.

    Args:
        measurement: the work, such as attention.
        published: the figure that it is compared with: ``peak`` or ``memory``.
        peak: the published peak of its products.
        memory: the published memory bandwidth.
    """
    work, timing = measurement.work, measurement.timing
    if measurement.decides or not work or not work.flop or not work.bytes or not timing:
        return
    if not (isinstance(published, Paper) and isinstance(peak, Paper) and isinstance(memory, Paper)):
        return
    intensity, ridge = work.flop / work.bytes, peak.value / memory.value
    high = intensity > ridge
    compared, roof, amount = (memory, peak, work.flop) if high else (peak, memory, work.bytes)
    if published.key == compared.key:
        share = amount / timing.stats.median_s / roof.value
        yield (
            f"at {intensity:.3g} FLOP/B, {'above' if high else 'below'} the ridge of {ridge:.3g}: "
            f"{share:.1%} of {FIGURES[roof.key].title} {roof.text}"
        )


def _is_small(measurement: Measurement) -> bool:
    """Returns whether a product has a side too short to fill a chip."""
    sides = [measurement.parameters.get(side) for side in SIDES]
    return any(isinstance(one, int) and one < SIDE for one in sides)


def excuse(measurement: Measurement, fraction: Interval, line: float) -> str:
    """Returns what may have made a rate fall below the line; empty if nothing did."""
    troubles = ", ".join((*disturbances(measurement), *_at_least(measurement)))
    found = measurement.search
    if troubles:
        return troubles
    if found is None:
        return ""
    tried = len(found.trials)
    if found.gain_estimate is None or (tried < FEW and 2 * tried < found.space):
        return f"only {tried} of {found.space} shapes were tried"
    reachable = fraction.high * (1 + found.gain_estimate)
    return "a longer search may reach it" if reachable >= line else ""


def remarks_on(
    measurement: Measurement, published: Paper | Absent, burst: float | None
) -> Iterator[str]:
    """Yields what qualifies the verdict."""
    if isinstance(published, Paper) and published.formula:
        yield f"{DERIVED}{published.formula}"
    if measurement.data in FLATTERING:
        data = {"zeros": "zero"}.get(measurement.data, measurement.data)
        yield f"{data} inputs flatter a power-limited chip"
    held = measurement.quantity == "footprint"  # bytes that do not depend on the time taken
    if not held and measurement.timing and measurement.timing.stopped.reason == "noisy":
        yield "noisy"
    yield from _at_least(measurement)
    yield from disturbances(measurement)
    if held and isinstance(published, Paper):
        yield "bytes held"
    yield from _observed(measurement)
    if not held and (loaded_s := held_back_s(measurement)) is not None:
        yield f"only {loaded_s:.1f} s at a power cap: its swings widen the interval to ±{SWING:.1%}"
    if troubles := disturbed_by(measurement.conditions):
        yield f"throttled: {', '.join(troubles)}"
    if not held and burst and isinstance(published, Paper) and burst > published.value:
        yield f"its best window is at {burst / published.value:.1%} of paper"


def _observed(measurement: Measurement) -> Iterator[str]:
    """Yields the device to which a copy went, and memory errors."""
    if isinstance(peer := measurement.observed.get("peer"), float):
        yield f"the peer is device {peer:.0f}"
    for kind in ("corrected", "uncorrected"):
        count = measurement.observed.get(f"ecc_{kind}")
        if isinstance(count, float) and count:
            yield f"memory errors, {kind}: {count:.0f}"


def _at_least(measurement: Measurement) -> Iterator[str]:
    """Yields that a vector rate of 16-bit numbers on a GPU is a lower bound."""
    in_loop = measurement.kernel == "vector" and measurement.parameters.get("way") == "triton"
    if in_loop and measurement.dtype in HALVES:
        yield LEAST
