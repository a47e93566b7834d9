"""Values of one prediction that the rows of a table need, computed once for all points."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.model.capacity import Room
from bench.predict.model.operators import Array, Points
from bench.predict.model.pipeline import working
from bench.predict.model.power import Band, total, watts
from bench.predict.model.trainwork import model_flop
from bench.predict.scenario import Scenario
from bench.predict.sheetinputs import sheet_inputs
from bench.report.prediction.question import swept_sizes
from bench.report.text.marks import computed_figures


def does_not_fit(room: Room) -> bool:
    """Tells whether a model does not fit, even if no memory is kept free."""
    return room.fits is False and not room.tight


@dataclass(frozen=True)
class Side:
    """Chips of one kind that do the same work.

    Attributes:
        chip: their sheet.
        share: their share of all chips.
        tdp: board power, W; None if unknown.
        busy: share of the time in which the arithmetic units are busy, one value per point.
    """

    chip: Chip
    share: float
    tdp: float | None
    busy: list[float]

    def power(self, point: int) -> Band | None:
        """Returns the power of one chip in W at one point; None if its board power is unknown."""
        return None if self.tdp is None else watts(self.tdp, self.busy[point])


class Answered:
    """An answer that has a prediction, as plain numbers; each list has one value per point.

    Args:
        answer: the answer about one chip.
        prediction: the prediction in it.
    """

    def __init__(self, answer: Answer, prediction: Prediction) -> None:
        self.answer, self.prediction = answer, prediction
        self._halves: dict[float, list[float]] = {}
        self._rate_halves: dict[float, list[float]] = {}
        self._ttft_halves: dict[float, list[float]] = {}
        self._rooms: dict[int, Room] = {}
        self._ratios: dict[float, list[tuple[float, float]]] = {}

    @property
    def chip(self) -> Chip:
        """Returns the sheet of the chip."""
        return self.answer.chip

    @cached_property
    def swept(self) -> tuple[str, ...]:
        """Returns which of batch, input and output vary between the points."""
        return swept_sizes(self.prediction.scenario)

    @cached_property
    def figures_used(self) -> list[str]:
        """Returns the keys of the sheet's figures that the prediction is computed from."""
        return sheet_inputs(self.prediction.chip, self.prediction.scenario, list(self.chip.figures))

    @cached_property
    def computed_figures(self) -> list[str]:
        """Returns the keys of used figures that nobody published: computed for the sheet."""
        return computed_figures(self.chip, self.figures_used)

    @cached_property
    def seconds(self) -> list[float]:
        """Returns the duration of a step, or TPOT, in s."""
        return [float(one) for one in self.prediction.seconds]

    @cached_property
    def tokens_per_s(self) -> list[float]:
        """Returns tokens/s of all chips together."""
        return [float(one) for one in self.prediction.tokens_per_s]

    @cached_property
    def rates(self) -> list[float]:
        """Returns tokens/s per chip."""
        return [float(one) for one in self.prediction.per_chip()]

    @cached_property
    def model_flops(self) -> list[float] | None:
        """Returns the model FLOP/s of a chip in training; None in other phases.

        They are three forward passes of each token, without recomputation.
        """
        found = self.prediction
        if not found.recipe:
            return None
        each = model_flop(found.scenario.workload, found.scenario.prompt, found.scenario.precision)
        return [
            float(one) for one in each * found.scenario.batch / found.seconds / found.scenario.chips
        ]

    @cached_property
    def mfu(self) -> list[float] | None:
        """Returns ``model_flops`` over the sheet's dense rate of the format; None likewise."""
        peak = self.prediction.chip.peak(self.prediction.scenario.precision.rate)
        return [one / peak for one in self.model_flops] if self.model_flops else None

    @cached_property
    def ttft(self) -> list[float] | None:
        """Returns the time to first token in s; None for phases that have none."""
        first = self.prediction.ttft
        return [float(one) for one in first.seconds] if first else None

    def half(self, level: float) -> list[float]:
        """Returns the half-width of the interval of the log of ``seconds``."""
        if level not in self._halves:
            self._halves[level] = [float(one) for one in self.prediction.half(level)]
        return self._halves[level]

    def rate_half(self, level: float) -> list[float]:
        """Returns the half-width of the interval of the log of ``rates``."""
        if level not in self._rate_halves:
            found = self.prediction.rate_interval.half(level)
            self._rate_halves[level] = [float(one) for one in found]
        return self._rate_halves[level]

    def ttft_half(self, level: float) -> list[float]:
        """Returns the half-width of the interval of the log of ``ttft``."""
        first = self.prediction.ttft
        if level not in self._ttft_halves and first:
            self._ttft_halves[level] = [float(one) for one in first.half(level)]
        return self._ttft_halves[level]

    def bounds(self, level: float, point: int) -> tuple[float, float]:
        """Returns the interval of tokens/s per chip at one point."""
        if self.prediction.rate_bounds:
            return self.prediction.per_chip_bounds(level, point)
        rate, factor = self.rates[point], math.exp(self.rate_half(level)[point])
        return rate / factor, rate * factor

    def ratio(self, level: float, point: int) -> tuple[float, float]:
        """Returns the interval of the ratio to the baseline at one point.

        Only for answers that were given a baseline.
        """
        if level not in self._ratios and self.answer.over:
            low, high = self.answer.over.bounds(level)
            pairs = zip(low, high, strict=True)
            self._ratios[level] = [(float(least), float(most)) for least, most in pairs]
        return self._ratios[level][point]

    def room(self, point: int) -> Room:
        """Returns how the memory of a chip is used at one point."""
        if point not in self._rooms:
            self._rooms[point] = self.prediction.room(point)
        return self._rooms[point]

    def unfit(self, point: int) -> bool:
        """Tells whether the model does not fit at one point, even if no memory is kept free."""
        side = self.prediction.prefill
        return does_not_fit(self.room(point)) or bool(side and does_not_fit(side.room(point)))

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """Returns the chips of each side; there is one side unless prefill has its own chips."""
        found = self.prediction
        prefill, asked = found.prefill, found.scenario.prefill
        batch = prefill.decoding if prefill else found.scenario.batch
        busy = found.turn.busy * _at_work(replace(found.scenario, batch=batch))
        if not prefill or not asked:
            return (Side(self.chip, 1.0, found.chip.tdp, [float(one) for one in busy]),)
        share = asked.split.chips / found.scenario.chips
        decoding, filling = busy * prefill.decode_busy, prefill.step.busy * prefill.busy
        return (
            Side(self.chip, 1 - share, found.chip.tdp, [float(one) for one in decoding]),
            Side(asked.chip or self.chip, share, prefill.chip.tdp, [float(one) for one in filling]),
        )

    def power(self, point: int) -> Band | None:
        """Returns the mean power of a chip in W at one point; None if a board power is unknown."""
        return total([(one.share, one.power(point)) for one in self.sides])


def _at_work(scenario: Scenario) -> Array:
    """Returns the share of the time in which a pipeline stage has work (points,)."""
    if scenario.phase == "train":  # its step has the waiting as an operator
        return np.ones_like(scenario.batch)
    phase = "prefill" if scenario.phase == "prefill" else "decode"
    return working(phase, Points(scenario.batch, scenario.prompt), scenario.split)
