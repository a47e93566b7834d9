"""The result of a call: a rate with its interval, and the published figure."""

import math
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.paper import Paper
from bench.rates import Interval
from bench.report.digits import percent, with_interval
from bench.units import Dimension, show
from bench.verdict import Row


@dataclass(frozen=True)
class Result:
    """One kernel compared with the chip's sheet.

    Attributes:
        name: of the test, or as it was called.
        seconds: of one call, the median.
        rate: work a second in base units (FLOP/s, B/s, items/s); nan where no work was told.
        low, high: the bounds of its 95% interval.
        achieved: rate over the published figure; nan where there is none to set it beside, so that
            no comparison with it holds: ask ``published`` first.
        achieved_low, achieved_high: the bounds of its 95% interval.
        published: the figure in base units, None if there is none.
        figure, chip, device: which figure of which chip, and what ran.
        why: why there is no achieved fraction, or what is to be said of it.
    """

    name: str
    seconds: float
    rate: float
    low: float
    high: float
    achieved: float
    achieved_low: float
    achieved_high: float
    published: float | None
    figure: str | None
    chip: str | None
    device: str
    why: str
    text: str

    def __str__(self) -> str:
        """Returns the row of the terminal summary."""
        return self.text


def result_of(name: str, row: Row, device: str, chip: str | None, doubt: str = "") -> Result:
    """Returns the result of a measurement that was set beside its figure.

    Args:
        name: of the test, or as it was called.
        row: the measurement and what is published.
        device: what ran.
        chip: what it was taken for.
        doubt: what is to be said of the figure that was chosen.
    """
    timing, found = row.measurement.timing, row.measured
    seconds = timing.stats.median_s if timing else math.nan
    paper = row.published if isinstance(row.published, Paper) else None
    rate = None if row.dimension is Dimension.TIME else found
    why = row.reason if paper else getattr(row.published, "reason", "")
    doubt = doubt if paper else ""
    why = "; ".join(one for one in (why, doubt) if one)
    shown = with_interval(found, row.dimension) if found else show(seconds, Dimension.TIME)
    told = why
    if paper and row.fraction:
        told = f"{percent(row.fraction)} of {paper.text}, {FIGURES[paper.key].title}"
        told += f" ({doubt})" if doubt else ""
    return Result(
        name=name,
        seconds=seconds,
        **_bounds(rate, "rate", "low", "high"),
        **_bounds(row.fraction, "achieved", "achieved_low", "achieved_high"),
        published=paper.value if paper else None,
        figure=paper.key if paper else None,
        chip=chip,
        device=device,
        why=why,
        text="; ".join(one for one in (f"{name}: {shown}", told, chip or device) if one),
    )


def _bounds(found: Interval | None, *names: str) -> dict[str, float]:
    values = (found.value, found.low, found.high) if found else (math.nan,) * 3
    return dict(zip(names, values, strict=True))
