"""Answers for many chips at once: each is a prediction, or the reason why there is none."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError, did_you_mean
from bench.predict.disaggregated import predicted
from bench.predict.forecast import Prediction
from bench.predict.holding import holding_way
from bench.predict.learning.departure import difference
from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooling import COVERAGES, Departures
from bench.predict.learning.product import Shapes, roofline, shapes
from bench.predict.learning.producttime import ProductTimes, from_all_chips, from_own_fit
from bench.predict.microbatch import with_larger_micro
from bench.predict.model.capacity import Room, room
from bench.predict.model.facts import Facts, facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision, weights_of
from bench.predict.ratio import Ratio, ratio
from bench.predict.refusals import refuse_unfit
from bench.predict.scenario import Scenario
from bench.predict.tiers import known_of
from bench.words import some_of

Sizes = tuple[int, int, int]
"""m, n and k of a matrix product."""
Predictions = Sequence[Prediction]
NAMED = 3
"""At most this many chips without an answer are named per reason; the others are counted."""


@dataclass(frozen=True)
class Answer:
    """A prediction for one chip, or why there is none.

    Attributes:
        found: the prediction; None if there is none.
        over: ratio to the baseline; None without a prediction or a baseline.
        why: the reason why there is no prediction; else empty.
        rank: place among the best ways of the chip, from 1.
    """

    chip: Chip
    found: Prediction | None = None
    over: Ratio | None = None
    why: str = ""
    rank: int = 1


def answers(
    chips: Sequence[Chip], base: Chip | None, scenario: Scenario, known: Learnt
) -> list[Answer]:
    """Returns the answer for each chip in one scenario.

    Raises:
        UsageError: there is no prediction for the baseline, or for any chip.
    """

    def predict(chip: Facts) -> list[Prediction]:
        own = scenario.prefill.chip if scenario.prefill else None
        for one in (chip, facts(own)) if own else (chip,):
            refuse_unfit(one, scenario)
        return [with_larger_micro(predicted(chip, scenario, known), known)]

    return each(chips, base, predict, known)


def each(
    chips: Sequence[Chip], base: Chip | None, predict: Callable[[Facts], Predictions], known: Learnt
) -> list[Answer]:
    """Returns the answers for each chip, one per prediction.

    Args:
        chips: the chips to predict.
        base: the chip that the others are divided by, by the first of its predictions.
        predict: predicts one chip, best first, or raises ``UsageError`` with the reason why it
            cannot.
        known: the fitted model.

    Raises:
        UsageError: there is no prediction for the baseline, or for any chip.
    """
    baseline = predict(_facts(base))[0] if base else None
    found = [answer for one in chips for answer in _answers(one, predict, known, baseline)]
    if not any(one.found for one in found):
        raise UsageError(_reasons((one.chip.id, one.why) for one in found))
    return found


def _reasons(failures: Iterable[tuple[str, str]]) -> str:
    """Returns each reason once, after the chips that it applies to.

    Args:
        failures: pairs of a chip's id and its reason.
    """
    chips: dict[str, list[str]] = {}
    for chip, why in failures:
        chips.setdefault(why, []).append(chip)
    return "; ".join(f"{some_of(found, NAMED)}: {why}" for why, found in chips.items())


def _answers(
    chip: Chip, predict: Callable[[Facts], Predictions], known: Learnt, baseline: Prediction | None
) -> Iterator[Answer]:
    """Yields the answers for one chip, or one with the reason if it cannot be predicted."""
    try:
        found = predict(_facts(chip))
    except UsageError as error:
        yield Answer(chip, why=str(error).removeprefix(f"{chip.id}: "))
        return
    for rank, one in enumerate(found, start=1):
        yield Answer(chip, one, ratio(one, baseline, known) if baseline else None, rank=rank)


def _facts(chip: Chip) -> Facts:
    """Returns a chip's facts, or raises ``UsageError`` for a name that stands for several chips."""
    if chip.variants:
        raise UsageError(f"{chip.id}: the name of several, choose {', '.join(chip.variants)}")
    return facts(chip)


@dataclass(frozen=True)
class MemoryFit:
    """How a model fills one chip's memory.

    Attributes:
        room: use of the memory with the parallelism asked for.
        way: the way with the fewest chips that hold the model; see ``holding_way``.
        unsupported: why the chip does not compute the number format; else empty.
        instead: formats that it computes instead, each with the way with the fewest chips that
            then holds the model; empty if it computes the format asked for.
    """

    chip: Facts
    room: Room
    way: Parallel | None
    unsupported: str
    instead: tuple[tuple[str, Parallel], ...] = ()


def memory_fits(chips: Sequence[Chip], scenario: Scenario) -> list[MemoryFit]:
    """Returns how a model fills each accelerator's memory, the largest memory first.

    Raises:
        UsageError: there is no accelerator among the chips.
    """
    found = []
    for chip in chips:
        try:
            accelerator = facts(chip)
        except UsageError:
            continue
        found.append(_memory_fit(accelerator, scenario))
    if not found:
        raise UsageError("none of these chips is an accelerator")
    return sorted(found, key=lambda one: (-(one.room.capacity or 0.0), one.chip.chip))


def _memory_fit(chip: Facts, scenario: Scenario) -> MemoryFit:
    model, formats, split = scenario.workload, scenario.precision, scenario.split
    length, batch = int(scenario.prompt[0] + scenario.output[0]), float(scenario.batch[0])
    used = room(chip, model, formats, split, batch, length)
    way = holding_way(chip, scenario)
    unsupported = _unsupported(chip, scenario)
    instead = tuple(_instead(chip, scenario)) if unsupported else ()
    return MemoryFit(chip, used, way, unsupported, instead)


def _unsupported(chip: Facts, scenario: Scenario) -> str:
    """Returns why the chip does not compute the format; empty if it does."""
    rate = scenario.precision.rate
    try:
        chip.peak(rate)
    except UsageError:
        return f"no {rate} rate on its sheet"
    return ""


def _instead(chip: Facts, scenario: Scenario) -> Iterator[tuple[str, Parallel]]:
    """Yields formats with 16-bit products that a chip computes, and ``holding_way`` of each."""
    if not chip.name_of("bf16"):
        return
    for name in ("bf16", weights_of(scenario.precision)):
        formats = replace(precision(name), cache=scenario.precision.cache)
        if way := holding_way(chip, replace(scenario, precision=formats)):
            yield name, way


@dataclass(frozen=True)
class TimedProduct:
    """The predicted time of one matrix product on one chip.

    Attributes:
        times: predicted time and interval; arrays of one point.
        paper: time on the roofline, s.
        sheet: half-width in log time that rival figures of the sheet add.
        tier: the basis of the prediction.
        own: whether the chip's own measured times are the basis.
        over: rate over the baseline's; None without a baseline.
    """

    chip: Facts
    times: ProductTimes
    paper: float
    sheet: float
    tier: str
    own: bool
    over: Ratio | None = None

    @property
    def seconds(self) -> float:
        """Returns the predicted time in s."""
        return float(self.times.seconds[0])

    def bounds(self, level: float) -> tuple[float, float]:
        """Returns the interval of the time in s."""
        return self.times.bounds(0, level, self.sheet)


def timed_products(
    chips: Sequence[Chip], base: Chip | None, sizes: Sizes, dtype: str, known: Learnt
) -> tuple[list[TimedProduct], list[str]]:
    """Returns a product's time on each chip, the fastest first, and why some have none.

    Raises:
        UsageError: no product of that format was fitted, or the sheet of the baseline, or of every
            chip, lacks a figure.
    """
    if dtype not in known.products:
        raise UsageError(f"precision={dtype}: {did_you_mean(dtype, known.products)}")
    baseline = _timed(_facts(base), sizes, dtype, known) if base else None
    more = [base] if base and base.id not in [one.id for one in chips] else []
    timed, failures = [], []
    for chip in (*chips, *more):
        try:
            one = _timed(_facts(chip), sizes, dtype, known)
        except UsageError as error:
            failures.append(str(error))
            continue
        over = product_ratio(one, baseline, known.products[dtype][1], known) if baseline else None
        timed.append(replace(one, over=over))
    if not timed:
        parts = (one.partition(": ") for one in failures)
        raise UsageError(_reasons((chip, reason) for chip, _, reason in parts))
    return sorted(timed, key=lambda one: one.seconds), failures


def _timed(chip: Facts, sizes: Sizes, dtype: str, known: Learnt) -> TimedProduct:
    """Returns a product's time on one chip."""
    if chip.bandwidth is None:
        raise UsageError(f"{chip.chip}: unknown, because its sheet has no memory bandwidth")
    shape = shapes([sizes], chip, dtype)
    paper = float(roofline(shape)[0])
    if calibrated := known.own.get(chip.chip, {}).get(dtype):
        times = from_own_fit(shape, calibrated)
        return TimedProduct(chip, times, paper, 0.0, "measured here", own=True)
    fit, departures = known.products[dtype]
    fitted = chip.chip in [labels.chip for labels in departures.labels]
    sheet = 0.0 if fitted else _doubt(chip, shape, dtype)
    times = from_all_chips(chip, shape, fit, departures, known.stack)
    return TimedProduct(chip, times, paper, sheet, str(known_of(chip, departures)), own=False)


def product_ratio(one: TimedProduct, base: TimedProduct, part: Departures, known: Learnt) -> Ratio:
    """Returns the rate of one chip over that of another on one product.

    Shared errors cancel, except where one prediction is based on the chip's own times, which share
    no error with others.
    """
    if one.chip.chip == base.chip.chip:
        return Ratio(np.ones(1), (0.0,) * len(COVERAGES), np.zeros(1))
    if one.own or base.own:
        pairs = zip(one.times.halves, base.times.halves, strict=True)
        halves = tuple(math.hypot(float(mine[0]), float(other[0])) for mine, other in pairs)
    else:
        _, halves = difference((one.chip, base.chip), part, known.stack)
    return Ratio(np.array([base.seconds / one.seconds]), halves, np.array([one.sheet + base.sheet]))


def _doubt(chip: Facts, shape: Shapes, dtype: str) -> float:
    """Returns the log range of rivals of the figure that bounds a product on the roofline."""
    compute = float((2 * shape.m * shape.n * shape.k / shape.rate)[0])
    is_bound = compute >= float(roofline(shape)[0])
    return chip.doubt.get(chip.name_of(dtype) if is_bound else "bandwidth", 0.0)
