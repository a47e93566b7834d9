"""What is predicted of one chip at one point, in words: rates and times with their intervals."""

from collections.abc import Iterable, Sequence

import numpy as np

from bench.chips.figures import FIGURES
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.lighter import lighter, wider
from bench.predict.model.capacity import least_chips
from bench.predict.ratio import Ratio
from bench.predict.tiers import Tier
from bench.predict.used import used
from bench.report.answered import Answered, does_not_fit
from bench.report.costs import INNER
from bench.report.digits import NONE
from bench.report.duration import duration
from bench.report.marks import worked_out
from bench.units import significant

OUTER = 0.95
TIGHT = "tight: under 10% of memory left free"


def unfit(found: Prediction, place: int) -> bool:
    """Tells whether the model does not fit, however little is kept free."""
    return does_not_fit(found.room(place))


def if_fitted(at: Answered, place: int, told: str) -> str:
    """Returns what is told of one point; where the model does not fit, that it is as if it did."""
    return f"if it fitted: {told}" if told != NONE and at.unfit(place) else told


def in_words(
    one: Answer,
    found: Prediction,
    place: int,
    levels: Sequence[float] = (INNER, OUTER),
) -> dict[str, str]:
    """Returns what is predicted of a chip at one point: rate, ratio, time, limit, memory, tier.

    Rate and ratio have the intervals of ``levels``, the time the inner one alone.
    """
    return {**at_point(Answered(one, found), place, levels), "rests": rests_on(one, found)}


def at_point(at: Answered, place: int, levels: Sequence[float]) -> dict[str, str]:
    """Returns the same but for what it rests on, which is one at all points."""
    digits, (limit, share) = digits_of(at.prediction.tier), at.prediction.work.limit(place)
    ratio = at.answer.over
    told = _over(ratio, place, digits, [at.ratio(one, place) for one in levels]) if ratio else ""
    return {
        "over": if_fitted(at, place, told) if told else "",
        "rate": if_fitted(at, place, _rate(at, place, digits, levels)),
        "time": lasting(at.seconds, at.half(INNER), place, digits),
        "limit": f"{limit} {share:.0%}",
        "left": _left(at, place),
    }


def rests_on(one: Answer, found: Prediction) -> str:
    """Returns what an answer rests on: tier, and what nobody published."""
    return "; ".join(filter(None, (found.tier, *_open(one, found))))


def digits_of(tier: str) -> int:
    """Returns how many digits a number bears: two where it rests on little but the sheet."""
    return 2 if tier in (Tier.SHEET, Tier.OTHER) else 3


def resting(one: Answer) -> list[str]:
    """Returns the keys of the sheet's figures that an answer rests on."""
    return used(one.found.chip, one.found.scenario, list(one.chip.figures)) if one.found else []


def _open(one: Answer, found: Prediction) -> tuple[str, ...]:
    """Returns what nobody published of that on which an answer rests, and what stands for it."""
    return _computed(one), _lacks(found), found.assumed


def _computed(one: Answer) -> str:
    found = worked_out(one.chip, resting(one))
    links = ("link_", "pair_link_")
    named = ("link" if key.startswith(links) else FIGURES[key].title for key in found)
    told = ", ".join(dict.fromkeys(named))
    return f"{told} worked out, not published" if told else ""


def _lacks(found: Prediction) -> str:
    return f"no {' nor '.join(found.missing)} published" if found.missing else ""


def _rate(at: Answered, place: int, digits: int, levels: Sequence[float]) -> str:
    return _bracketed(at.rates[place], [at.bounds(one, place) for one in levels], digits)


def lasting(seconds: Sequence[float], half: Sequence[float], place: int, digits: int) -> str:
    """Returns a time with its inner interval."""
    middle, inner = float(seconds[place]), float(np.exp(half[place]))
    low, high = (_time(one, 2) for one in (middle / inner, middle * inner))
    return f"{_time(middle, digits)} ({low.removesuffix(high[high.rindex(' ') :])}–{high})"


def _time(seconds: float, digits: int) -> str:
    return duration(float(f"{seconds:.{digits}g}"), digits)


def _bracketed(value: float, bounds: Iterable[tuple[float, float]], digits: int) -> str:
    """Formats a value with its intervals."""
    told = "; ".join(f"{number(low, 2)}–{number(high, 2)}" for low, high in bounds)
    return f"{number(value, digits)} ({told})"


def number(value: float, digits: int) -> str:
    """Formats a number with so many significant digits, padded with zeros."""
    return significant(float(f"{value:.{digits}g}"), digits)


def over(found: Ratio, place: int, digits: int, levels: Sequence[float]) -> str:
    """Returns a ratio with its intervals, or 1 of what is divided by itself."""
    pairs = [found.bounds(level) for level in levels]
    return _over(
        found, place, digits, [(float(low[place]), float(high[place])) for low, high in pairs]
    )


def _over(found: Ratio, place: int, digits: int, bounds: Sequence[tuple[float, float]]) -> str:
    if all(low == high for low, high in bounds):
        return "1"
    return _bracketed(float(found.middle[place]), bounds, digits)


def _left(at: Answered, place: int) -> str:
    found, room = at.prediction, at.room(place)
    if room.free is None:
        return "capacity unknown"
    if room.fits:
        return f"{number(room.free / 1e9, 2)} GB"
    if room.tight:
        return TIGHT
    asked = found.scenario
    length = int(asked.prompt[place] + asked.output[place])
    sequences = float(asked.batch[place])
    least = least_chips(
        found.chip, asked.workload, asked.precision, asked.split, sequences, length, found.recipe
    )
    takes = f", needs {least} chips" if least else f", even {_most(found)}"
    fits = _remedy(found, place, alone=not least) if found.recipe else ""
    return f"does not fit: {-room.free / 1e9:.0f} GB short{takes}{fits}"


def _most(found: Prediction) -> str:
    """Returns the most chips that were tried, in words: more copies than the batch feeds idle."""
    if not found.scenario.split.sharded:
        return "at the widest tp"
    micro = found.recipe.micro if found.recipe else 1
    each = "each sequence" if micro == 1 else f"every {micro} sequences"
    return f"with a copy for {each} of the batch"


def _remedy(found: Prediction, place: int, *, alone: bool) -> str:
    """Returns how training fits as many chips; else how more, where ``alone`` tells of no other."""
    ways = lighter(found.chip, found.scenario, place)
    if ways:
        return f"; fits with {' or '.join(ways)}"
    more = wider(found.chip, found.scenario, place) if alone else None
    return f"; {more[1]} chips hold it with {more[0]}" if more else ""
