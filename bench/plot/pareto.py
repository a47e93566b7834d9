"""Plot of serving: tokens/s per chip against tokens/s per user, of the ways none surpasses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.plot.axes import MARKERS, Label, legend_below, log_axis, place_labels, short_name
from bench.plot.picture import Picture
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.learning.pooling import COVERAGE_80
from bench.predict.ways import ServingGoal
from bench.report.text.scalar import Scalar
from bench.units import significant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bench.plot.theme import Theme

SIZE_PT = (490.0, 250.0)
"""Approximate width and height of the axes, points."""


@dataclass(frozen=True)
class Frontier:
    """The ways of one chip on one number of chips that none surpasses, the fastest first.

    Attributes:
        chip: the sheet.
        ways: predictions of one point each.
    """

    chip: Chip
    ways: tuple[Prediction, ...]

    @property
    def name(self) -> str:
        """Returns the name of the chip and the number of chips."""
        return f"{short_name(self.chip)} x{self.ways[0].scenario.chips}"

    @property
    def users(self) -> list[float]:
        """Returns tokens/s per user."""
        return [1 / float(one.seconds[0]) for one in self.ways]

    @property
    def rates(self) -> list[float]:
        """Returns tokens/s per chip."""
        return [float(one.per_chip()[0]) for one in self.ways]

    def rate_at(self, user: float) -> float:
        """Returns tokens/s per chip at some tokens/s per user, between its ways."""
        logs = np.log(self.users), np.log(self.rates)
        return float(np.exp(np.interp(np.log(user), *logs)))


def picture(goal: ServingGoal, answers: Sequence[Answer]) -> Picture:
    """Returns ``pareto``: a line per chip, and number of chips, through the ways none surpasses.

    Args:
        goal: what is served; its number of chips is not used.
        answers: with all these ways of each chip, see ``ALL``; those of one chip and number of
            chips stand together.

    Raises:
        UsageError: no chip has an answer.
    """
    drawn = list(_frontiers(answers))
    if not drawn:
        raise UsageError("; ".join(f"{one.chip.id}: {one.why}" for one in answers))
    title = _title(drawn)
    halves = [float(way.rate_interval.half(COVERAGE_80)[0]) for one in drawn for way in one.ways]
    factor = significant(float(np.exp(np.median(halves))), 2)
    lacking = [f"{one.chip.id}: {one.why}." for one in answers if not one.found]
    return Picture(
        name="pareto",
        title=f"{goal.workload.name}: {title}",
        alt=f"Tokens per second of a chip against those of a user. {title}.",
        note=(
            f"Predicted, not measured: {goal.workload.name} in {goal.precision.name}, "
            f"{goal.prompt:,} tokens in, {goal.output:,} out; ways and numbers of requests that no "
            f"other surpasses. The {COVERAGE_80:.0%} interval of a rate is a factor of {factor} up "
            f"and down, and an error of a chip shifts its whole line. {' '.join(lacking)}"
        ).rstrip(),
        rows=[row for one in drawn for row in _rows(one)],
        paint=partial(_paint, drawn),
    )


def _frontiers(answers: Sequence[Answer]) -> Iterator[Frontier]:
    found = [(one.chip, one.found) for one in answers if one.found]
    for _, group in groupby(found, key=lambda one: (one[0].id, one[1].scenario.chips)):
        chips, ways = zip(*group, strict=True)
        yield Frontier(chips[0], tuple(ways))


def _title(drawn: Sequence[Frontier]) -> str:
    """Returns which chip serves most where all have a rate, by how much; or the ends of one."""
    low, high = max(min(one.users) for one in drawn), min(max(one.users) for one in drawn)
    if len(drawn) == 1 or low > high:
        ends = (drawn[0].ways[place] for place in (0, -1))
        told = (
            f"{significant(float(one.per_chip()[0]), 2)} tokens/s per chip at "
            f"{significant(1 / float(one.seconds[0]), 2)} per user"
            for one in ends
        )
        return f"{drawn[0].name} is predicted to serve {' to '.join(told)}"
    user = float(np.sqrt(low * high))
    ranked = sorted(drawn, key=lambda one: one.rate_at(user))
    times = significant(ranked[-1].rate_at(user) / ranked[0].rate_at(user), 2)
    return (
        f"at {significant(user, 2)} tokens/s per user, {ranked[-1].name} is predicted to serve "
        f"{times} times the tokens/s per chip of {ranked[0].name}"
    )


def _rows(one: Frontier) -> Iterator[dict[str, Scalar]]:
    for way, user, rate in zip(one.ways, one.users, one.rates, strict=True):
        low, high = way.per_chip_bounds(COVERAGE_80, 0)
        yield {
            "chip": one.chip.id, "chips": way.scenario.chips, "parallel": way.scenario.way,
            "batch": int(way.scenario.batch[0]), "tokens_per_s_user": user,
            "tokens_per_s_chip": rate, "low_80": low, "high_80": high,
        }  # fmt: skip


def _paint(drawn: Sequence[Frontier], figure: "Figure", theme: "Theme") -> None:
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    for number, one in enumerate(drawn):
        axes.plot(
            one.users, one.rates, marker=MARKERS[number % len(MARKERS)], ms=3.5, lw=1.2,
            color=theme.series[number % len(theme.series)], label=one.name,
        )  # fmt: skip
    axes.margins(0.08)
    axes.set_xlabel("tokens/s per user (1 / TPOT)")
    axes.set_ylabel("tokens/s per chip")
    for axis in (axes.xaxis, axes.yaxis):
        log_axis(axis, lambda value: f"{value:,.4g}")
    labels = [label for one in drawn for label in _changes(one)]
    points = [point for one in drawn for point in zip(one.users, one.rates, strict=True)]
    place_labels(axes, labels, points, theme, SIZE_PT)
    legend_below(axes, min(len(drawn), 4))


def _changes(one: Frontier) -> Iterator[Label]:
    """Yields the way beside its first point, wherever it changes along a line."""
    points = zip(one.ways, one.users, one.rates, strict=True)
    for way, group in groupby(points, key=lambda point: point[0].scenario.way):
        _, user, rate = next(group)
        yield Label(user, rate, way)
