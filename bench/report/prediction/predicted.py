"""The prediction for one chip at one point as text: rates and times with their intervals."""

from collections.abc import Iterable, Sequence

import numpy as np

from bench.chips.figures import FIGURES
from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.holding import MOST_CHIPS, holding_way
from bench.predict.learning.pooling import COVERAGE_80, COVERAGES
from bench.predict.memorysavings import fewest_chips, memory_savings
from bench.predict.model.parallel import Parallel
from bench.predict.ratio import Ratio
from bench.predict.sheetinputs import sheet_inputs
from bench.predict.tiers import Tier
from bench.report.prediction.answered import Answered, does_not_fit
from bench.report.text.digits import NONE
from bench.report.text.marks import computed_figures
from bench.units import significant
from bench.words import duration

TIGHT = "tight: under 10% of memory left free"


def unfit(prediction: Prediction, place: int) -> bool:
    """Tells whether the model does not fit at a point, even if no memory is kept free."""
    return does_not_fit(prediction.room(place))


def if_fitted(at: Answered, place: int, text: str) -> str:
    """Returns a text, marked as hypothetical where the model does not fit."""
    return f"if it fitted: {text}" if text != NONE and at.unfit(place) else text


def prediction_texts(
    answer: Answer,
    prediction: Prediction,
    place: int,
    levels: Sequence[float] = COVERAGES,
) -> dict[str, str]:
    """Returns the texts of ``point_texts``, and on what the prediction is based (``rests``)."""
    texts = point_texts(Answered(answer, prediction), place, levels)
    return {**texts, "rests": rests_on(answer, prediction)}


def point_texts(at: Answered, place: int, levels: Sequence[float]) -> dict[str, str]:
    """Returns ratio, rate, time, limit and memory left at one point as text.

    Rate and ratio have an interval for each of ``levels``; the time has the inner interval only.
    """
    digits, (limit, share) = digits_of(at.prediction.tier), limit_of(at.prediction, place)
    ratio = at.answer.over
    over = _ratio(ratio, place, digits, [at.ratio(one, place) for one in levels]) if ratio else ""
    return {
        "over": if_fitted(at, place, over) if over else "",
        "rate": if_fitted(at, place, _rate(at, place, digits, levels)),
        "time": time_text(at.seconds, at.half(COVERAGE_80), place, digits),
        "limit": f"{limit} {share:.0%}",
        "left": _left(at, place),
    }


def limit_of(prediction: Prediction, place: int) -> tuple[str, float]:
    """Returns what limits the rate at one point, and its share of the time.

    Where prefill has chips of its own and they sustain less than those that decode, it is what
    limits the prefill; where the links between both do, it is the transfer.
    """
    side = prediction.prefill
    limiting = side.limiting(place) if side else ""
    if side and limiting == "prefill":
        limit, share = side.step.limit(place)
        return f"prefill: {limit}", share
    if side and limiting == "transfer":
        return "transfer: link", float(side.sending[place])
    return prediction.turn.limit(place)


def rests_on(answer: Answer, prediction: Prediction) -> str:
    """Returns on what an answer is based: its tier, and which figures nobody published."""
    gaps = _computed(answer), _missing(prediction), prediction.assumed
    return "; ".join(filter(None, (prediction.tier, *gaps)))


def digits_of(tier: str) -> int:
    """Returns the number of significant digits: two if a chip's sheet is nearly the only basis."""
    return 2 if tier in (Tier.SHEET, Tier.OTHER) else 3


def figures_used(answer: Answer) -> list[str]:
    """Returns the keys of the sheet's figures that an answer is computed from."""
    found = answer.found
    return sheet_inputs(found.chip, found.scenario, list(answer.chip.figures)) if found else []


def figures_for_prefill(answer: Answer) -> tuple[str, list[str]]:
    """Returns another chip that does the prefill, and the keys of its figures that are used."""
    found = answer.found
    asked = found.scenario.prefill if found else None
    if not found or not found.prefill or not asked or not asked.chip:
        return "", []
    figures = list(asked.chip.figures)
    return asked.chip.id, sheet_inputs(found.prefill.chip, found.prefill.single.scenario, figures)


def _computed(answer: Answer) -> str:
    keys = computed_figures(answer.chip, figures_used(answer))
    links = ("link_", "pair_link_")
    titles = ("link" if key.startswith(links) else FIGURES[key].title for key in keys)
    text = ", ".join(dict.fromkeys(titles))
    return f"{text} worked out, not published" if text else ""


def _missing(prediction: Prediction) -> str:
    return f"no {' nor '.join(prediction.missing)} published" if prediction.missing else ""


def _rate(at: Answered, place: int, digits: int, levels: Sequence[float]) -> str:
    return _bracketed(at.rates[place], [at.bounds(one, place) for one in levels], digits)


def time_text(seconds: Sequence[float], half: Sequence[float], place: int, digits: int) -> str:
    """Returns the time at one point with its inner interval.

    Args:
        seconds: times in s, one per point.
        half: half-widths of the interval in log time, one per point.
        place: index of the point.
        digits: significant digits of the time; its bounds have two.
    """
    middle, factor = float(seconds[place]), float(np.exp(half[place]))
    low, high = (_time(one, 2) for one in (middle / factor, middle * factor))
    return f"{_time(middle, digits)} ({low.removesuffix(high[high.rindex(' ') :])}–{high})"


def _time(seconds: float, digits: int) -> str:
    return duration(float(f"{seconds:.{digits}g}"), digits)


def _bracketed(value: float, bounds: Iterable[tuple[float, float]], digits: int) -> str:
    """Formats a value with its intervals."""
    intervals = "; ".join(f"{number(low, 2)}–{number(high, 2)}" for low, high in bounds)
    return f"{number(value, digits)} ({intervals})"


def number(value: float, digits: int) -> str:
    """Formats a number with ``digits`` significant digits, padded with zeros."""
    return significant(float(f"{value:.{digits}g}"), digits)


def ratio_text(ratio: Ratio, place: int, digits: int, levels: Sequence[float]) -> str:
    """Returns the ratio at one point with its intervals; ``1`` for the baseline itself."""
    pairs = [ratio.bounds(level) for level in levels]
    return _ratio(
        ratio, place, digits, [(float(low[place]), float(high[place])) for low, high in pairs]
    )


def _ratio(ratio: Ratio, place: int, digits: int, bounds: Sequence[tuple[float, float]]) -> str:
    if all(low == high for low, high in bounds):
        return "1" if np.isclose(ratio.middle[place], 1.0) else number(ratio.middle[place], digits)
    return _bracketed(float(ratio.middle[place]), bounds, digits)


def _left(at: Answered, place: int) -> str:
    """Returns the memory left, or by how much the model does not fit and what would fit."""
    prediction, room = at.prediction, at.room(place)
    side = prediction.prefill
    if room.fits and side and (free := side.room(place).free) is not None:
        on_prefill = f"{number(free / 1e9, 2)} GB" if free >= 0 else "does not fit"
        return f"{number((room.free or 0.0) / 1e9, 2)} GB, prefill {on_prefill}"
    if room.free is None:
        return "capacity unknown"
    if room.fits:
        return f"{number(room.free / 1e9, 2)} GB"
    if room.tight:
        return TIGHT
    return f"does not fit: {-room.free / 1e9:.0f} GB short{_remedy(prediction, place)}"


def _remedy(prediction: Prediction, place: int) -> str:
    """Returns how a model would fit, or how many chips it takes, as the end of a sentence.

    Training may fit on as many chips by other keys; only where it does not are more chips named.
    """
    chip, scenario = prediction.chip, prediction.scenario
    if prediction.recipe:
        if ways := memory_savings(chip, scenario, place):
            return f"; fits with {' or '.join(ways)}"
        more = fewest_chips(chip, scenario, place)
        least = ", even at the widest tp with recompute=true and a copy for each sequence"
        return f"; {more[1]} chips hold it with {more[0]}" if more else least
    if way := holding_way(chip, scenario, place):
        return f", needs {way.chips} chips{with_way(way, scenario.split)}"
    return f", even on {MOST_CHIPS} chips"


def with_way(way: Parallel, asked: Parallel) -> str:
    """Returns the way that more chips need, as the end of a phrase; empty if only ``tp`` grows."""
    wider = way.dp == asked.dp and way.pp == asked.pp
    return "" if wider else f" as {way.typed}"
