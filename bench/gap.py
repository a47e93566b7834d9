"""Why a rate stays below its figure: achieved = clock x waves x rest.

``clock``: the median clock under the load over the clock that the printed peak is stated at.
``waves``: the share of the tiles' area and of the waves over all units that does useful work.
``rest``: what neither explains; software, mostly, and memory. A term that is not known is left
out, and its loss is in the rest.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench import energy
from bench.chips.figures import FIGURES, dense_twin
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.cpuclock import clock_of
from bench.records.model import DeviceInfo, Measurement
from bench.standing import standing
from bench.throttle import Throttle
from bench.units import Dimension, show
from bench.verdict import Row, Verdict

PRODUCTS = ("gemm", "sustained")
TILES = ((256, 128), (128, 256), (128, 128), (256, 256))
"""Tiles of fast code, of which the best fitting is taken where the one that ran is not known."""

TILE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")
AT_CAP = 0.97
"""A reading of the power at this share of its limit or above is one at the cap."""

NEAR = 0.03
LOWEST = 0.6
"""A printed rate whose own clock is below this share of the boost clock is capped otherwise."""


@dataclass(frozen=True)
class Clock:
    """The clock under the load, the one that the peak is stated at, and what that one is."""

    measured_hz: float
    stated_hz: float
    words: str

    @property
    def share(self) -> float:
        """Returns measured over stated."""
        return self.measured_hz / self.stated_hz


@dataclass(frozen=True)
class Waves:
    """How a product's tiles fit the units: the share that is useful, and the tile in words."""

    share: float
    words: str


@dataclass(frozen=True)
class Cap:
    """Whether the power cap was met, and in what share of the readings, None if not known."""

    met: bool
    share: float | None


@dataclass(frozen=True)
class Gap:
    """The achieved fraction of one figure as a product.

    Attributes:
        row: the figure and what was measured.
        achieved: measured over published; of a load kept up, once it has settled.
        clock, waves: the terms, None where they are not known or mean nothing.
        cap: of the power, None where the device does not tell.
    """

    row: Row
    achieved: float
    clock: Clock | None
    waves: Waves | None
    cap: Cap | None

    @property
    def rest(self) -> float:
        """Returns what is left of the achieved fraction when it is divided by the known terms."""
        return self.achieved / math.prod(one.share for one in (self.clock, self.waves) if one)

    @property
    def line(self) -> str:
        """Returns ``81% = 0.93 clock × 0.98 waves × 0.89 rest (power-capped)``."""
        terms = [(self.clock, "clock"), (self.waves, "waves")]
        words = [f"{one.share:.2f} {name}" for one, name in terms if one]
        told = " × ".join([*words, f"{self.rest:.2f} rest"])
        return f"{self.achieved:.0%} = {told}{self._capped()}"

    def _capped(self) -> str:
        if self.cap is None or not self.cap.met:
            return ""
        share = "" if self.cap.share is None else f" {self.cap.share:.0%} of the time"
        return f" (power-capped{share})"


def gaps(
    judged: list[Row], device: DeviceInfo, chip: Chip | None, catalogue: Catalogue
) -> Iterator[Gap]:
    """Yields the gap of each figure and of each of its forms, such as a load kept up."""
    believed = (row for row in judged if row.fraction and row.verdict is not Verdict.IMPLAUSIBLE)
    for figure in standing(row for row in believed if row.dimension is not Dimension.BYTES):
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
    one, paper = row.measurement, row.published
    if energy.keeps_up(one) and one.timing and one.work and isinstance(paper, Paper):
        return one.work.flop / energy.settled(one.timing).median_s / paper.value
    return row.fraction.value if row.fraction else math.nan


def _clock(row: Row, device: DeviceInfo, chip: Chip | None, catalogue: Catalogue) -> Clock | None:
    """Returns the clock term of a rate of operations; memory has a clock of its own, untold."""
    seen = energy.readings(row.measurement, "clock_hz")
    if not seen or not isinstance(row.published, Paper) or not FIGURES[row.key].is_rate:
        return None
    if energy.keeps_up(row.measurement):
        seen = seen[len(seen) // 2 :]
    measured = median(seen)
    if measured <= 0:  # a tool that tells no clock may tell nought
        return None
    if row.published.from_clock:
        behind = clock_of(device, row.measurement.conditions.clock_hz)
        words = "the highest reported, from which the peak is derived"
        return Clock(measured, behind.high if behind else measured, words)
    stated = stated_clock(chip, row.key, catalogue) if chip else None
    return Clock(measured, *stated) if stated else None


def stated_clock(chip: Chip, key: str, catalogue: Catalogue) -> tuple[float, str] | None:
    """Returns the clock in Hz that a printed rate is stated at, and what it is.

    The rate itself gives a clock: rate / (units x operations a cycle). That is it, or the printed
    one near it. Where the design is not known, or the rate is cut, it is the clock that the sheet
    prints for matrix rates, else the boost clock.
    """
    names = ("clock_boost",) if key.startswith("vector_") else ("clock_matrix", "clock_boost")
    printed = [(hertz, FIGURES[name].title) for name in names if (hertz := chip.number(name))]
    own, boost = _own_clock(chip, key, catalogue), chip.number("clock_boost")
    if not own or not printed:
        return printed[0] if printed else None
    near = [one for one in printed if abs(own / one[0] - 1) <= NEAR]
    if near:
        return min(near, key=lambda one: abs(own - one[0]))
    if boost and LOWEST * boost <= own <= boost:
        return own, "clock that the printed rate gives"
    hertz, title = printed[0]
    return hertz, f"{title}; the printed rate does not follow from it"


def _own_clock(chip: Chip, key: str, catalogue: Catalogue) -> float | None:
    """Returns rate / (units x operations a unit and cycle), None where one is not known."""
    dense = dense_twin(key) or key
    rate, units = chip.number(key), chip.number("units")
    design = catalogue.architectures.get(chip.family or "")
    cycle = design.cycle.get(dense) if design else None
    if not rate or not units or not cycle or not cycle.number:
        return None
    return rate / (units * cycle.number * (1 if dense == key else 2))


def _waves(measurement: Measurement, device: DeviceInfo) -> Waves | None:
    """Returns the term of a product; a CPU's code fits its blocks to the shape."""
    told, observed = measurement.parameters, str(measurement.observed.get("tile", ""))
    known = TILE.match(observed)
    m, n, k = (told.get(name) for name in "mnk")
    if not (isinstance(m, int) and isinstance(n, int) and isinstance(k, int)) or min(m, n, k) < 1:
        return None
    product = known or measurement.kernel in PRODUCTS
    if not product or not device.units or device.units < 1 or device.backend == "cpu":
        return None
    if known:
        tile = (int(known[2]), int(known[1]))  # libraries count columns of torch's result first
        return Waves(wave_share(m, n, tile, device.units), f"tile {known[0]}")
    share, tile = max((wave_share(m, n, one, device.units), one) for one in TILES)
    return Waves(share, f"tile not known, at best {tile[0]}x{tile[1]}")


def wave_share(m: int, n: int, tile: tuple[int, int], units: int) -> float:
    """Returns m n / (tile area x waves x units): edges of tiles and idle units of the last wave.

    Args:
        m: rows of the result.
        n: columns of the result.
        tile: rows and columns that one unit works out at a time.
        units: that work side by side.
    """
    tiles = math.ceil(m / tile[0]) * math.ceil(n / tile[1])
    waves = math.ceil(tiles / units)
    return m * n / (tile[0] * tile[1] * waves * units)


def _cap(measurement: Measurement, device: DeviceInfo) -> Cap | None:
    """Returns whether the power cap was met, as throttle reasons tell, None where they do not.

    Reasons are recorded without their times, so the share is that of the power readings at the
    limit.
    """
    told = measurement.conditions.throttle
    if device.backend == "cpu" or not measurement.conditions.clock_hz or told is None:
        return None
    if Throttle.POWER_CAP not in told:
        return None if Throttle.UNNAMED in told else Cap(met=False, share=0.0)
    seen, limit = energy.readings(measurement, "power_w"), device.power_limit_w
    if not seen or not limit:
        return Cap(met=True, share=None)
    return Cap(met=True, share=sum(one >= AT_CAP * limit for one in seen) / len(seen))


def clock_words(clock: Clock) -> str:
    """Returns ``1.71 of 1.83 GHz (clock behind the matrix peaks)`` with both units."""
    measured, stated = (
        show(one, Dimension.FREQUENCY) for one in (clock.measured_hz, clock.stated_hz)
    )
    return f"{measured} of {stated} ({clock.words})"
