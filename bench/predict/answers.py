"""Questions put to many chips at once: each has an answer, or says why it has none."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError, did_you_mean
from bench.predict.forecast import Asked, Prediction, forecast
from bench.predict.learning.expected import difference
from bench.predict.learning.learn import Learnt
from bench.predict.learning.pooled import LEVELS, Departures
from bench.predict.learning.product import Shapes, roofline, shapes
from bench.predict.learning.producttime import ProductTimes, of_all, of_its_own
from bench.predict.model.capacity import Room, least_chips, room, widths
from bench.predict.model.facts import Facts, facts
from bench.predict.model.precision import precision, weights_of
from bench.predict.ratio import Ratio, ratio
from bench.predict.refusals import refuse_unfit
from bench.predict.tiers import known_of

Sizes = tuple[int, int, int]
FIRST = 3
"""So many chips of which nothing is told are named by reason, the others counted."""


@dataclass(frozen=True)
class Answer:
    """What is said of one chip: a prediction with its ratio to the baseline's, or why none."""

    chip: Chip
    found: Prediction | None = None
    over: Ratio | None = None
    why: str = ""


def answers(chips: Sequence[Chip], base: Chip | None, asked: Asked, known: Learnt) -> list[Answer]:
    """Returns what is predicted of each chip.

    Raises:
        UsageError: nothing can be told of the baseline, or of any chip.
    """

    def tell(own: Facts) -> Prediction:
        refuse_unfit(own, asked)
        return forecast(own, asked, known)

    return each(chips, base, tell, known)


def each(
    chips: Sequence[Chip], base: Chip | None, tell: Callable[[Facts], Prediction], known: Learnt
) -> list[Answer]:
    """Returns what is predicted of each chip.

    Args:
        chips: which.
        base: the chip that the others are divided by.
        tell: predicts one, or raises ``UsageError`` with the reason why it cannot.
        known: what was learnt.

    Raises:
        UsageError: nothing can be told of the baseline, or of any chip.
    """
    against = tell(_facts(base)) if base else None
    every = [_answer(one, tell, known, against) for one in chips]
    if not any(one.found for one in every):
        raise UsageError(_reasons((one.chip.id, one.why) for one in every))
    return every


def _reasons(every: Iterable[tuple[str, str]]) -> str:
    """Returns why nothing is told of chips: each reason once, behind the first that have it."""
    chips: dict[str, list[str]] = {}
    for chip, why in every:
        chips.setdefault(why, []).append(chip)
    return "; ".join(f"{_first(found)}: {why}" for why, found in chips.items())


def _first(chips: list[str]) -> str:
    more = f" and {len(chips) - FIRST} more" if len(chips) > FIRST else ""
    return f"{', '.join(chips[:FIRST])}{more}"


def _answer(
    chip: Chip, tell: Callable[[Facts], Prediction], known: Learnt, against: Prediction | None
) -> Answer:
    try:
        found = tell(_facts(chip))
    except UsageError as error:
        return Answer(chip, why=str(error).removeprefix(f"{chip.id}: "))
    return Answer(chip, found, ratio(found, against, known) if against else None)


def _facts(chip: Chip) -> Facts:
    """Returns a chip's facts, or raises for a name that several chips share."""
    if chip.variants:
        raise UsageError(f"{chip.id}: the name of several, choose {', '.join(chip.variants)}")
    return facts(chip)


@dataclass(frozen=True)
class Held:
    """How a model fills one chip.

    Attributes:
        least: the fewest chips that hold it, ``tp`` doubled; None: none up to ``tried``.
        tried: the most chips that were tried.
        lacks: why the chip does not compute the format, or nothing.
        instead: where it does not, formats that it computes, with the fewest chips that hold the
            model in them.
    """

    chip: Facts
    room: Room
    least: int | None
    tried: int
    lacks: str
    instead: tuple[tuple[str, int], ...] = ()


def held(chips: Sequence[Chip], asked: Asked) -> list[Held]:
    """Returns how a model fills each accelerator, the roomiest first.

    Raises:
        UsageError: there is no accelerator among them.
    """
    length, batch = int(asked.prompt[0] + asked.output[0]), float(asked.batch[0])
    tried = max((one.chips for one in widths(asked.workload, asked.split)), default=0)
    found = []
    for chip in chips:
        try:
            own = facts(chip)
        except UsageError:
            continue
        taken = room(own, asked.workload, asked.how, asked.split, batch, length)
        least = least_chips(own, asked.workload, asked.how, asked.split, batch, length)
        lacks = _lacks(own, asked)
        instead = tuple(_instead(own, asked, batch, length)) if lacks else ()
        found.append(Held(own, taken, least, tried, lacks, instead))
    if not found:
        raise UsageError("none of these chips is an accelerator")
    return sorted(found, key=lambda one: (-(one.room.capacity or 0.0), one.chip.chip))


def _lacks(own: Facts, asked: Asked) -> str:
    try:
        own.peak(asked.how.rate)
    except UsageError:
        return f"no {asked.how.rate} rate on its sheet"
    return ""


def _instead(own: Facts, asked: Asked, batch: float, length: int) -> Iterator[tuple[str, int]]:
    """Yields formats whose products a chip computes in 16 bits, with the chips that each takes."""
    if not own.name_of("bf16"):
        return
    for word in ("bf16", weights_of(asked.how)):
        how = replace(precision(word), cache=asked.how.cache)
        least = least_chips(own, asked.workload, how, asked.split, batch, length)
        if least:
            yield word, least


@dataclass(frozen=True)
class Timed:
    """One product on one chip.

    Attributes:
        times: predicted, of one place.
        paper: of the roofline, s.
        sheet: half-width of log time that rival figures of the sheet add.
        tier: what it rests on.
        own: whether that is the chip's own times.
        over: rate over the baseline's; None where there is none.
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
        """Returns the time that is predicted."""
        return float(self.times.seconds[0])

    def bounds(self, level: float) -> tuple[float, float]:
        """Returns the interval of the time, in s."""
        return self.times.bounds(0, level, self.sheet)


def timed_products(
    chips: Sequence[Chip], base: Chip | None, sizes: Sizes, dtype: str, known: Learnt
) -> tuple[list[Timed], list[str]]:
    """Returns a product's time on each chip, the fastest first, and why some have none.

    Raises:
        UsageError: no product of that format was fitted, the baseline's sheet says too little, or
            every chip's does.
    """
    if dtype not in known.products:
        raise UsageError(f"precision={dtype}: {did_you_mean(dtype, known.products)}")
    against = _timed(_facts(base), sizes, dtype, known) if base else None
    more = [base] if base and base.id not in [one.id for one in chips] else []
    told, why = [], []
    for chip in (*chips, *more):
        try:
            one = _timed(_facts(chip), sizes, dtype, known)
        except UsageError as error:
            why.append(str(error))
            continue
        over = product_ratio(one, against, known.products[dtype][1], known) if against else None
        told.append(replace(one, over=over))
    if not told:
        parts = (one.partition(": ") for one in why)
        raise UsageError(_reasons((chip, reason) for chip, _, reason in parts))
    return sorted(told, key=lambda one: one.seconds), why


def _timed(own: Facts, sizes: Sizes, dtype: str, known: Learnt) -> Timed:
    """Returns a product's time."""
    if own.bandwidth is None:
        raise UsageError(f"{own.chip}: unknown, because its sheet has no memory bandwidth")
    one = shapes([sizes], own, dtype)
    paper = float(roofline(one)[0])
    if mine := known.own.get(own.chip, {}).get(dtype):
        return Timed(own, of_its_own(one, mine), paper, 0.0, "measured here", own=True)
    how, departed = known.products[dtype]
    fitted = own.chip in [each[3] for each in departed.labels]
    sheet = 0.0 if fitted else _doubt(own, one, dtype)
    times, rests = of_all(own, one, how, departed, known.stack), str(known_of(own, departed))
    return Timed(own, times, paper, sheet, rests, own=False)


def product_ratio(one: Timed, base: Timed, part: Departures, known: Learnt) -> Ratio:
    """Returns the rate of one chip over that of another on one product.

    What both share cancels, but for times of a chip's own, which share nothing with others'.
    """
    if one.chip.chip == base.chip.chip:
        return Ratio(np.ones(1), (0.0,) * len(LEVELS), np.zeros(1))
    if one.own or base.own:
        pairs = zip(one.times.halves, base.times.halves, strict=True)
        model = tuple(math.hypot(float(mine[0]), float(other[0])) for mine, other in pairs)
    else:
        _, model = difference((one.chip, base.chip), part, known.stack)
    return Ratio(np.array([base.seconds / one.seconds]), model, np.array([one.sheet + base.sheet]))


def _doubt(own: Facts, one: Shapes, dtype: str) -> float:
    """Returns how far rivals of the figure that bounds a product lie from the one used."""
    bound = float((2 * one.m * one.n * one.k / one.rate)[0]) >= float(roofline(one)[0])
    return own.doubt.get(own.name_of(dtype) if bound else "bandwidth", 0.0)
