"""One answer with what the rows of a table ask of it, worked out over all its points at once."""

import math
from functools import cached_property

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.model.capacity import Room
from bench.predict.model.power import Band, watts
from bench.predict.used import used
from bench.report.marks import worked_out
from bench.report.question import points


def unheld(room: Room) -> bool:
    """Tells whether a model does not fit, however little is kept free."""
    return room.fits is False and not room.tight


class Answered:
    """What is predicted of one chip, point by point; each list has one value a point.

    Args:
        one: the answer.
        found: what it tells.
    """

    def __init__(self, one: Answer, found: Prediction) -> None:
        self.one, self.found = one, found
        self._halves: dict[float, list[float]] = {}
        self._firsts: dict[float, list[float]] = {}
        self._rooms: dict[int, Room] = {}
        self._ratios: dict[float, list[tuple[float, float]]] = {}

    @property
    def chip(self) -> Chip:
        """Returns the sheet."""
        return self.one.chip

    @cached_property
    def swept(self) -> tuple[str, ...]:
        """Returns which of batch, input and output are not one at all points."""
        return points(self.found.asked)

    @cached_property
    def resting(self) -> list[str]:
        """Returns the keys of the sheet's figures that it rests on."""
        return used(self.found.chip, self.found.asked, list(self.chip.figures))

    @cached_property
    def worked_out(self) -> list[str]:
        """Returns those of them that nobody published."""
        return worked_out(self.chip, self.resting)

    @cached_property
    def seconds(self) -> list[float]:
        """Returns the time of a step, or TPOT."""
        return [float(one) for one in self.found.seconds]

    @cached_property
    def tokens(self) -> list[float]:
        """Returns tokens a second over all chips."""
        return [float(one) for one in self.found.tokens]

    @cached_property
    def rates(self) -> list[float]:
        """Returns tokens a second and chip."""
        return [float(one) for one in self.found.per_chip()]

    @cached_property
    def first(self) -> list[float] | None:
        """Returns the time to the first token; None where none is asked for."""
        return [float(one) for one in self.found.first.seconds] if self.found.first else None

    def half(self, level: float) -> list[float]:
        """Returns the half-width of the interval of log time."""
        if level not in self._halves:
            self._halves[level] = [float(one) for one in self.found.half(level)]
        return self._halves[level]

    def first_half(self, level: float) -> list[float]:
        """Returns the same of the time to the first token."""
        if level not in self._firsts and self.found.first:
            self._firsts[level] = [float(one) for one in self.found.first.half(level)]
        return self._firsts[level]

    def bounds(self, level: float, place: int) -> tuple[float, float]:
        """Returns the interval of tokens a second and chip at one point."""
        if self.found.within:
            return self.found.per_chip_bounds(level, place)
        rate, factor = self.rates[place], math.exp(self.half(level)[place])
        return rate / factor, rate * factor

    def ratio(self, level: float, place: int) -> tuple[float, float]:
        """Returns the interval of the ratio to the baseline at one point; of none there is none."""
        if level not in self._ratios and self.one.over:
            low, high = self.one.over.bounds(level)
            pairs = zip(low, high, strict=True)
            self._ratios[level] = [(float(least), float(most)) for least, most in pairs]
        return self._ratios[level][place]

    def room(self, place: int) -> Room:
        """Returns how memory is taken at one point."""
        if place not in self._rooms:
            self._rooms[place] = self.found.room(place)
        return self._rooms[place]

    def unfit(self, place: int) -> bool:
        """Tells whether the model does not fit, however little is kept free."""
        return unheld(self.room(place))

    @cached_property
    def _busy(self) -> list[float]:
        return [float(one) for one in self.found.work.busy]

    def power(self, place: int) -> Band | None:
        """Returns the power of one chip in W at one point; None: its board power is unknown."""
        board = self.found.chip.tdp
        return None if board is None else watts(board, self._busy[place])
