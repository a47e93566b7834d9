"""The result of a call: a rate with its interval, and the published figure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.judging.plausible import disturbances, disturbed_by
from bench.judging.rates import Interval
from bench.judging.verdict import Row, Verdict
from bench.records.model import Measurement
from bench.report.text.digits import percent, with_interval
from bench.units import Dimension, show


@dataclass(frozen=True)
class Result:
    """One kernel compared with the chip's sheet.

    Attributes:
        name: name of the test, or the name given for the call.
        seconds: median duration of one call, in s.
        rate: work per second in base units (FLOP/s, B/s, items/s); nan where no work was given.
        low, high: bounds of its 95% interval.
        achieved: rate over the published figure; nan where there is none, where the rate is
            implausible, or where a cache may serve what is compared with memory, so that every
            comparison with it is false: ``why`` says which.
        achieved_low, achieved_high: bounds of its 95% interval.
        published: the published figure in base units; None if there is none.
        figure, chip: keys of the figure and the chip that the call is compared with.
        device: name of the device that ran the call.
        why: why there is no achieved fraction, or what qualifies it.
        disturbed: what disturbed the call, so that a low rate proves nothing; empty for nothing.
        text: the row of the terminal summary.
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
    disturbed: str
    text: str

    def __str__(self) -> str:
        """Returns the row of the terminal summary."""
        return self.text


def result_of(name: str, row: Row, device: str, chip: str | None, doubt: str = "") -> Result:
    """Returns the result of a measurement that was compared with its figure.

    Args:
        name: name of the test, or the name given for the call.
        row: the measurement and the published figure.
        device: name of the device.
        chip: key of the chip that the device was identified as.
        doubt: a remark on the choice of the figure.
    """
    timing, found = row.measurement.timing, row.measured
    seconds = timing.stats.median_s if timing else math.nan
    paper = row.paper
    rate = None if row.dimension is Dimension.TIME else found
    why = row.reason if paper else getattr(row.published, "reason", "")
    doubt = doubt if paper else ""
    why = "; ".join(one for one in (why, doubt) if one)
    disturbed = "; ".join(_troubles(row.measurement))
    believed = row.fraction if row.tests and row.verdict is not Verdict.IMPLAUSIBLE else None
    shown = with_interval(found, row.dimension) if found else show(seconds, Dimension.TIME)
    remarks = (doubt, disturbed) if believed else (why,)
    comparison = _comparison(row, [one for one in remarks if one]) or why
    return Result(
        name=name,
        seconds=seconds,
        **_bounds(rate, "rate", "low", "high"),
        **_bounds(believed, "achieved", "achieved_low", "achieved_high"),
        published=paper.value if paper else None,
        figure=paper.key if paper else None,
        chip=chip,
        device=device,
        why=why,
        disturbed=disturbed,
        text="; ".join(filter(None, (f"{name}: {shown}", comparison, chip or device))),
    )


def _comparison(row: Row, remarks: Sequence[str]) -> str:
    """Returns the share of the published figure, with remarks; empty without such a share."""
    if not (row.paper and row.fraction):
        return ""
    share = f"{percent(row.fraction)} of {row.paper.text}, {FIGURES[row.paper.key].title}"
    said = "; ".join(remarks)
    if row.verdict is Verdict.IMPLAUSIBLE:
        said = f"implausible: {said}"
    return f"{share} ({said})" if said else share


def _troubles(measurement: Measurement) -> Iterator[str]:
    """Yields what took time from a call, and what throttled it."""
    yield from disturbances(measurement)
    if throttled := disturbed_by(measurement.conditions):
        yield f"throttled: {', '.join(throttled)}"


def _bounds(found: Interval | None, *names: str) -> dict[str, float]:
    values = (found.value, found.low, found.high) if found else (math.nan,) * 3
    return dict(zip(names, values, strict=True))
