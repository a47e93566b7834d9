"""Explains why a rate stays below its published figure: achieved = clock x waves x rest.

``clock``: the median clock under load over the clock that the published peak is stated at.
``waves``: tile and wave quantisation, that is the share of the tiles' area, and of the waves over
all units, that does useful work. ``rest``: what neither explains, mostly software and memory. An
unknown term is left out, and its loss is in the rest.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench.chips.figures import FIGURES, dense_twin
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.judging import energy
from bench.judging.cpuclock import clock_of
from bench.judging.shortfall import SMALL
from bench.judging.standing import standing
from bench.judging.throttle import Throttle
from bench.judging.verdict import Row, Verdict
from bench.records.model import DeviceInfo, Measurement
from bench.units import Dimension, show

PRODUCTS = ("gemm", "sustained")
"""Kernels that are dense matrix products."""
TILES = ((256, 128), (128, 256), (128, 128), (256, 256))
"""Common tiles of fast kernels; the one that fits best is assumed where the real one is unknown."""

TILE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")
AT_CAP = 0.97
"""A power reading of at least this share of the limit counts as at the cap."""

NEAR = 0.03
"""Largest relative difference at which a published clock is the one that a rate implies."""
LOWEST = 0.6
"""If a rate implies a clock below this share of boost, something other than the clock cuts it."""
STEADY = 1.05
"""If a CPU's highest reading is more than this many times the lowest, their median says little."""


@dataclass(frozen=True)
class Clock:
    """The clock term of a gap.

    Attributes:
        measured_hz: median clock under load.
        stated_hz: clock that the published peak is stated at.
        words: what the stated clock is.
    """

    measured_hz: float
    stated_hz: float
    words: str

    @property
    def share(self) -> float:
        """Returns measured clock over stated clock."""
        return self.measured_hz / self.stated_hz


@dataclass(frozen=True)
class Waves:
    """The quantisation term of a gap: the useful share of the tiles and waves, and the tile."""

    share: float
    words: str


@dataclass(frozen=True)
class Cap:
    """Whether the power cap was reached, and in what share of the readings (None if unknown)."""

    met: bool
    share: float | None


@dataclass(frozen=True)
class Gap:
    """The achieved fraction of one figure, factored into terms.

    Attributes:
        row: the figure and its measurement.
        achieved: measured over published; for a sustained load, once it has settled.
        clock, waves: the terms; None where unknown or without meaning.
        cap: the power cap; None where the device does not report it.
    """

    row: Row
    achieved: float
    clock: Clock | None
    waves: Waves | None
    cap: Cap | None

    @property
    def rest(self) -> float:
        """Returns the achieved fraction divided by the known terms."""
        return self.achieved / math.prod(one.share for one in (self.clock, self.waves) if one)

    @property
    def line(self) -> str:
        """Returns ``81% = 0.93 clock × 0.98 waves × 0.89 rest (power-capped)``."""
        terms = [(self.clock, "clock"), (self.waves, "waves")]
        factors = [f"{term.share:.2f} {name}" for term, name in terms if term]
        product = " × ".join([*factors, f"{self.rest:.2f} rest"])
        return f"{self.achieved:.0%} = {product}{self._capped()}"

    def _capped(self) -> str:
        if self.cap is None or not self.cap.met:
            return ""
        share = "" if self.cap.share is None else f" {self.cap.share:.0%} of the time"
        return f" (power-capped{share})"


def gaps(
    judged: list[Row], device: DeviceInfo, chip: Chip | None, catalogue: Catalogue
) -> Iterator[Gap]:
    """Yields the gap of each figure, and of each of its forms, such as a sustained load."""
    believed = (row for row in judged if row.fraction and row.verdict is not Verdict.IMPLAUSIBLE)
    tested = (
        row for row in believed
        if (row.tests or row.reasons[0] == SMALL) and row.dimension is not Dimension.BYTES
    )  # fmt: skip
    for figure in standing(tested):
        yield from (_gap(row, device, chip, catalogue) for row in figure)


def _gap(row: Row, device: DeviceInfo, chip: Chip | None, catalogue: Catalogue) -> Gap:
    return Gap(
        row=row,
        achieved=_achieved(row),
        clock=_clock(row, device, chip, catalogue),
        waves=_waves(row.measurement, device),
        cap=_cap(row.measurement, device),
    )


def _achieved(row: Row) -> float:
    one, paper = row.measurement, row.paper
    if energy.keeps_up(one) and one.timing and one.work and paper:
        return one.work.flop / energy.settled(one.timing).median_s / paper.value
    return row.fraction.value if row.fraction else math.nan


def _clock(row: Row, device: DeviceInfo, chip: Chip | None, catalogue: Catalogue) -> Clock | None:
    """Returns the clock term of a compute rate; memory has a clock of its own, not reported.

    A CPU has few readings; where they disagree, there is no term.
    """
    seen = energy.readings(row.measurement, "clock_hz")
    if not seen or row.paper is None or not FIGURES[row.key].is_rate:
        return None
    if energy.keeps_up(row.measurement):
        seen = seen[len(seen) // 2 :]
    measured = median(seen)
    if measured <= 0:  # a tool that cannot read the clock may report 0
        return None
    if device.backend == "cpu" and max(seen) > STEADY * min(seen):
        return None
    if row.paper.from_clock:
        behind = clock_of(device, row.measurement.conditions.clock_hz)
        words = "the highest reported, from which the peak is derived"
        return Clock(measured, behind.high if behind else measured, words)
    stated = stated_clock(chip, row.key, catalogue) if chip else None
    return Clock(measured, *stated) if stated else None


def stated_clock(chip: Chip, key: str, catalogue: Catalogue) -> tuple[float, str] | None:
    """Returns the clock in Hz that a published rate is stated at, and a description of it.

    The rate implies a clock: rate / (units x operations per unit and cycle). The result is that
    clock, or the published clock near it. Where the design is unknown, it is the clock that the
    sheet gives for matrix rates, else the boost clock. It is None where the sheet gives no clock,
    and where the rate follows from none, because something else cuts it.
    """
    names = ("clock_boost",) if key.startswith("vector_") else ("clock_matrix", "clock_boost")
    printed = [(hertz, FIGURES[name].title) for name in names if (hertz := chip.number(name))]
    implied, boost = _implied_clock(chip, key, catalogue), chip.number("clock_boost")
    if not implied or not printed:
        return printed[0] if printed else None
    near = [one for one in printed if abs(implied / one[0] - 1) <= NEAR]
    if near:
        return min(near, key=lambda one: abs(implied - one[0]))
    if boost and LOWEST * boost <= implied <= boost:
        return implied, "clock that the printed rate gives"
    return None


def _implied_clock(chip: Chip, key: str, catalogue: Catalogue) -> float | None:
    """Returns rate / (units x operations per unit and cycle) in Hz; None if one is unknown."""
    dense = dense_twin(key) or key
    rate, units = chip.number(key), chip.number("units")
    design = catalogue.architectures.get(chip.family or "")
    cycle = design.cycle.get(dense) if design else None
    if not rate or not units or not cycle or not cycle.number:
        return None
    return rate / (units * cycle.number * (1 if dense == key else 2))


def _waves(measurement: Measurement, device: DeviceInfo) -> Waves | None:
    """Returns the quantisation term of a matrix product.

    None on a CPU, whose code fits its blocks to the shape.
    """
    sizes, observed = measurement.parameters, str(measurement.observed.get("tile", ""))
    known = TILE.match(observed)
    m, n, k = (sizes.get(name) for name in "mnk")
    if not (isinstance(m, int) and isinstance(n, int) and isinstance(k, int)) or min(m, n, k) < 1:
        return None
    product = known or measurement.kernel in PRODUCTS
    if not product or not device.units or device.units < 1 or device.backend == "cpu":
        return None
    if known:
        tile = (int(known[2]), int(known[1]))  # libraries put the columns of torch's result first
        return Waves(wave_share(m, n, tile, device.units), f"tile {known[0]}")
    share, tile = max((wave_share(m, n, one, device.units), one) for one in TILES)
    return Waves(share, f"tile not known, at best {tile[0]}x{tile[1]}")


def wave_share(m: int, n: int, tile: tuple[int, int], units: int) -> float:
    """Returns m n / (tile area x waves x units), which accounts for partial tiles and waves.

    Args:
        m: rows of the result.
        n: columns of the result.
        tile: rows and columns that one unit computes at a time.
        units: number of units that work in parallel.
    """
    tiles = math.ceil(m / tile[0]) * math.ceil(n / tile[1])
    waves = math.ceil(tiles / units)
    return m * n / (tile[0] * tile[1] * waves * units)


def _cap(measurement: Measurement, device: DeviceInfo) -> Cap | None:
    """Returns whether the power cap was reached; None if the throttle reasons do not say.

    Reasons are recorded without their times, so the share is that of the power readings at the
    limit.
    """
    reasons = measurement.conditions.throttle
    if device.backend == "cpu" or not measurement.conditions.clock_hz or reasons is None:
        return None
    if Throttle.POWER_CAP not in reasons:
        return None if Throttle.UNNAMED in reasons else Cap(met=False, share=0.0)
    seen, limit = energy.readings(measurement, "power_w"), device.power_limit_w
    if not seen or not limit:
        return Cap(met=True, share=None)
    return Cap(met=True, share=sum(one >= AT_CAP * limit for one in seen) / len(seen))


def clock_words(clock: Clock) -> str:
    """Returns ``1.71 GHz of 1.83 GHz (clock behind the matrix peaks)``."""
    measured, stated = (
        show(one, Dimension.FREQUENCY) for one in (clock.measured_hz, clock.stated_hz)
    )
    return f"{measured} of {stated} ({clock.words})"
