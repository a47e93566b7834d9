"""Predictions of chips as a table: ratio first, then rates, times, limits, memory, energy, cost."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.chips.model import Chip
from bench.predict.answers import Answer
from bench.predict.capacity import least_chips
from bench.predict.forecast import Asked, Foretold, Ratio
from bench.predict.power import Band, Prices, hourly
from bench.predict.step import Step
from bench.predict.tiers import Tier
from bench.report.duration import duration
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.table import Section, Table
from bench.units import significant

NONE = "–"
WORDS = {
    "serve": "serving", "prefill": "prefill", "decode": "decoding", "train": "training",
}  # fmt: skip
STEPS = {"serve": "TPOT", "prefill": "prefill", "decode": "TPOT", "train": "step"}
INNER, OUTER = 0.8, 0.95
HOW = (
    (
        "Foretold, not measured: published figures x fractions learnt from measured times. In "
        "brackets the 80% interval, after the semicolon the 95% one; then what it rests on."
    ),
    "No prediction proves that two chips match: that takes measurements of both (claims, verdict).",
)


def predictions(
    every: Sequence[Answer], base: Chip | None, asked: Asked, prices: Prices, *, operators: bool
) -> Report:
    """Returns the predictions of chips, the fastest first; one that cannot be told says why.

    Args:
        every: an answer a chip.
        base: the chip that they are divided by.
        asked: the question.
        prices: what ownership is taken to cost.
        operators: whether each operator's time is told, too.
    """
    rows = [(one, place) for one in every for place in range(len(asked.batch) if one.found else 1)]
    shown = sorted(rows, key=lambda row: _order(*row))
    table = Table(
        _title(asked, base),
        HOW,
        _columns(asked, base),
        tuple(_cells(one, place, asked, prices, base) for one, place in shown),
        tuple(_summary(every, asked)),
        (),
    )
    told = [(one, one.found, place) for one, place in shown if one.found]
    more = [_operators(one, found, place) for one, found, place in told] if operators else []
    return Report(table, [_flat(one, place, asked, prices) for one, place in shown], tuple(more))


def _order(one: Answer, place: int) -> tuple[int, float]:
    return place, -float(one.found.per_chip()[place]) if one.found else np.inf


def _title(asked: Asked, base: Chip | None) -> str:
    beside = f", over {base.name}" if base else ""
    cache = f", {asked.how.cache:g}-byte cache" if asked.how.cache != 2 else ""
    split = f"{asked.split.chips} chip{'s' if asked.split.chips > 1 else ''} ({asked.split})"
    named = f"{asked.workload.name}, {WORDS[asked.phase]} in {asked.how.name}{cache}"
    return f"{named} on {split}{beside}"


def _columns(asked: Asked, base: Chip | None) -> tuple[str, ...]:
    served = asked.phase == "serve"
    return (
        "chip",
        *_points(asked),
        *((f"x {(*base.aliases, base.id)[0]}, per chip",) if base else ()),
        "tokens/s, per chip",
        *(("tokens/s, all",) if asked.split.chips > 1 else ()),
        STEPS[asked.phase],
        *(("TTFT, no queue",) if served else ()),
        "limited by", "memory left", "J/token", "USD/Mtoken", "rests on",
    )  # fmt: skip


def _points(asked: Asked) -> tuple[str, ...]:
    """Returns which of batch, input and output a sweep changes."""
    told = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    return tuple(key for key, values in told.items() if len(np.unique(values)) > 1)


def _cells(
    one: Answer, place: int, asked: Asked, prices: Prices, base: Chip | None
) -> tuple[str, ...]:
    columns = _columns(asked, base)
    if one.found is None:
        return (one.chip.id, *[NONE] * (len(columns) - 2), one.why)
    found = one.found
    told = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    digits = 2 if found.tier in (Tier.SHEET, Tier.OTHER) else 3
    rates = [found.per_chip()[place]] + ([found.tokens[place]] if asked.split.chips > 1 else [])
    joules, cost = _energy(found, place), _cost(one, place, prices)
    first = found.ttft if asked.phase == "serve" else None
    return (
        one.chip.id,
        *(f"{told[key][place]:g}" for key in _points(asked)),
        *((_over(one.over, place, digits),) if base else ()),
        *(_around(float(rate), found, place, digits) for rate in rates),
        duration(float(found.seconds[place]), digits),
        *((duration(float(first[place]), digits),) if first is not None else ()),
        _limit(found, place),
        _left(found, place),
        _band(joules),
        _band(cost),
        found.tier + (f"; no {' nor '.join(found.lacks)} published" if found.lacks else ""),
    )  # fmt: skip


def _around(value: float, found: Foretold, place: int, digits: int) -> str:
    inner, outer = (float(np.exp(found.half(level)[place])) for level in (INNER, OUTER))
    return _bracketed(value, (value / inner, value * inner, value / outer, value * outer), digits)


def _bracketed(value: float, bounds: Sequence[float], digits: int) -> str:
    """Formats a value with the bounds of its inner and its outer interval."""
    low, high, least, most = (significant(one, 2) for one in bounds)
    return f"{significant(value, digits)} ({low}–{high}; {least}–{most})"


def _over(over: Ratio | None, place: int, digits: int) -> str:
    if over is None:
        return NONE
    low, high = (float(one[place]) for one in over.bounds(INNER))
    least, most = (float(one[place]) for one in over.bounds(OUTER))
    return _bracketed(float(over.middle[place]), (low, high, least, most), digits)


def _limit(found: Foretold, place: int) -> str:
    """Returns the resource that takes most of the last step, with its share."""
    last = found.parts[-1]
    taken: dict[str, float] = {}
    for one in last.parts:
        taken[one.limit(place)] = taken.get(one.limit(place), 0.0) + float(one.seconds[place])
    longest = max(taken, key=lambda key: taken[key])
    return f"{longest} {taken[longest] / sum(taken.values()):.0%}"


def _left(found: Foretold, place: int) -> str:
    room = found.room(place)
    if room.free is None:
        return "capacity unknown"
    if room.fits:
        return f"{room.free / 1e9:.0f} GB"
    asked = found.asked
    length = int(asked.prompt[place] + asked.output[place])
    if asked.phase == "train":
        return f"does not fit: {-room.free / 1e9:.0f} GB short"
    least = least_chips(found.chip, asked.workload, asked.how, float(asked.batch[place]), length)
    takes = f", takes {least} chips" if least else ""
    return f"does not fit: {-room.free / 1e9:.0f} GB short{takes}"


def _energy(found: Foretold, place: int) -> Band | None:
    power = found.power(place)
    return power.times(1 / float(found.per_chip()[place])) if power else None


def _cost(one: Answer, place: int, prices: Prices) -> Band | None:
    power = one.found.power(place) if one.found else None
    hour = hourly(one.chip, power, prices) if power else None
    if hour is None or one.found is None:
        return None
    return hour.times(1e6 / 3600 / float(one.found.per_chip()[place]))


def _band(band: Band | None) -> str:
    if band is None:
        return NONE
    low, middle, high = (significant(one, 2) for one in (band.low, band.middle, band.high))
    return f"{middle} ({low}–{high})"


def _flat(one: Answer, place: int, asked: Asked, prices: Prices) -> dict[str, Scalar]:
    told: dict[str, Scalar] = {
        "chip": one.chip.id, "workload": asked.workload.id, "phase": asked.phase,
        "batch": int(asked.batch[place]), "input": int(asked.prompt[place]),
        "output": int(asked.output[place]), "precision": asked.how.name,
        "parallel": str(asked.split), "chips": asked.split.chips, "unknown": one.why or None,
    }  # fmt: skip
    return told | (_numbers(one, place, prices) if one.found else {})


def _numbers(one: Answer, place: int, prices: Prices) -> dict[str, Scalar]:
    found = one.found
    if found is None:
        return {}
    room, joules, cost = found.room(place), _energy(found, place), _cost(one, place, prices)
    rate = float(found.per_chip()[place])
    told: dict[str, Scalar] = {
        "tokens_per_s_chip": rate, "tokens_per_s": float(found.tokens[place]),
        "seconds": float(found.seconds[place]),
        "ttft_s": float(found.ttft[place]) if found.ttft is not None else None,
    }  # fmt: skip
    for level in (INNER, OUTER):
        factor = float(np.exp(found.half(level)[place]))
        told |= {f"low_{level:.0%}"[:-1]: rate / factor, f"high_{level:.0%}"[:-1]: rate * factor}
    told |= {
        "model_half_log_95": found.model[-1], "sheet_half_log": float(found.sheet[place]),
        "limited_by": _limit(found, place), "tier": str(found.tier), "fits": room.fits,
        "memory_free_B": room.free, "weights_B": room.weights, "cache_B_sequence": room.cache,
        "J_per_token": joules.middle if joules else None,
        "J_per_token_low": joules.low if joules else None,
        "J_per_token_high": joules.high if joules else None,
        "usd_per_Mtoken": cost.middle if cost else None,
    }  # fmt: skip
    if one.over is not None:
        low, high = one.over.bounds(OUTER)
        told |= {
            "ratio": float(one.over.middle[place]), "ratio_low_95": float(low[place]),
            "ratio_high_95": float(high[place]),
        }  # fmt: skip
    return told


def _summary(every: Sequence[Answer], asked: Asked) -> Iterator[str]:
    if asked.phase == "train":
        yield "No training step was fitted: its interval has an assumed part."
    if asked.workload.experts:
        yield "Experts' load is taken as even, and the interval is that of serving such models."
    if any(one.found and one.found.tier is Tier.OTHER for one in every):
        yield "Across vendors the interval has an assumed part: what was fitted is mostly of one."
    yield "Energy: chips alone, by what such work draws. Cost: a sourced price written off, power."


def _operators(one: Answer, found: Foretold, place: int) -> Section:
    columns = ("step", "operator", "time", "share", "limited by", "compute", "memory", "link")
    names = ("prefill of a prompt", "decode") if len(found.parts) > 1 else ("step",)
    told = [
        (name, *row)
        for name, step in zip(names, found.parts, strict=True)
        for row in _parts(step, place)
    ]
    flat: list[dict[str, Scalar]] = [
        {
            "chip": one.chip.id, "step": name, "operator": operator, "seconds": seconds,
            "limited_by": limit, "compute_s": each[0], "memory_s": each[1], "link_s": each[2],
        }
        for name, operator, seconds, _, limit, each in told
    ]  # fmt: skip
    cells = tuple(
        (name, operator, _time(seconds), f"{share:.0%}", limit, *map(_time, each))
        for name, operator, seconds, share, limit, each in told
    )
    title = f"{one.chip.id}, batch {found.asked.batch[place]:g}"
    return Section(title, columns, cells, flat, (), f"operators_{one.chip.id}_{place}")


Part = tuple[str, float, float, str, tuple[float, float, float]]


def _parts(step: Step, place: int) -> Iterator[Part]:
    """Yields each operator's name, time, share, limit, and what each resource takes."""
    total = float(step.seconds[place])
    for one in step.parts:
        each = float(one.compute[place]), float(one.memory[place]), float(one.link[place])
        seconds = float(one.seconds[place])
        yield one.name, seconds, seconds / total, one.limit(place), each


def _time(seconds: float) -> str:
    return duration(seconds) if seconds else NONE
