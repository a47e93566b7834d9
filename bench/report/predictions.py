"""Predictions of chips as a table: ratio first, then rates, times, limits, memory, energy, cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.capacity import least_chips
from bench.predict.facts import Facts, facts
from bench.predict.forecast import Asked, Foretold, Ratio, Tier, forecast, ratio, refuse_unfit
from bench.predict.learn import Learnt
from bench.predict.power import Band, Prices, hourly
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
    "Foretold, not measured: published figures x fractions learnt from other chips' times. In brackets "
    "the 80% interval, after the semicolon the 95% one; the tier says what it rests on.",
    "No prediction proves that two chips match: that takes measurements of both (claims, verdict).",
)


@dataclass(frozen=True)
class Answer:
    """What is said of one chip: a prediction, or why there is none."""

    chip: Chip
    facts: Facts | None
    found: Foretold | None
    over: Ratio | None
    why: str = ""


def predictions(
    chips: Sequence[Chip],
    base: Chip | None,
    asked: Asked,
    known: Learnt,
    prices: Prices,
    *,
    operators: bool,
) -> Report:
    """Returns the predictions of chips; one that cannot be told says why.

    Raises:
        UsageError: nothing can be told of any.
    """
    against = forecast(facts(base), asked, known) if base else None
    every = [_answer(one, asked, known, against) for one in chips]
    if not any(one.found for one in every):
        raise UsageError("; ".join(dict.fromkeys(one.why for one in every)))
    rows = [(one, place) for one in every for place in range(len(asked.batch) if one.found else 1)]
    shown = sorted(rows, key=lambda row: _order(*row))
    cells = tuple(_cells(one, place, asked, prices, base) for one, place in shown)
    flat = [_flat(one, place, asked, prices) for one, place in shown]
    more = [_operators(one, place) for one, place in shown if one.found] if operators else []
    return Report(
        Table(_title(asked, base), HOW, _columns(asked, base), cells, tuple(_summary(every, asked)), ()),
        flat,
        tuple(more),
    )


def _answer(chip: Chip, asked: Asked, known: Learnt, against: Foretold | None) -> Answer:
    try:
        own = facts(chip)
    except UsageError as error:
        return Answer(chip, None, None, None, str(error))
    try:
        refuse_unfit(own, asked)
        found = forecast(own, asked, known)
    except UsageError as error:
        return Answer(chip, own, None, None, str(error))
    return Answer(chip, own, found, ratio(found, against, known) if against else None)


def _order(one: Answer, place: int) -> tuple[int, float]:
    return place, -float(one.found.per_chip()[place]) if one.found else np.inf


def _title(asked: Asked, base: Chip | None) -> str:
    beside = f", over {base.name}" if base else ""
    cache = f", {asked.how.cache:g}-byte cache" if asked.how.cache != 2 else ""
    split = f"{asked.split.chips} chip{'s' if asked.split.chips > 1 else ''} ({asked.split})"
    return f"{asked.workload.name}, {WORDS[asked.phase]} in {asked.how.name}{cache} on {split}{beside}"


def _columns(asked: Asked, base: Chip | None) -> tuple[str, ...]:
    served = asked.phase in ("serve",)
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
        return (one.chip.id, *[NONE] * (len(columns) - 2), one.why.removeprefix(f"{one.chip.id}: "))
    found = one.found
    told = {"batch": asked.batch, "input": asked.prompt, "output": asked.output}
    digits = 2 if found.tier in (Tier.SHEET, Tier.OTHER) else 3
    rates = [found.per_chip()[place]] + ([found.tokens[place]] if asked.split.chips > 1 else [])
    joules, cost = _energy(found, place), _cost(one, place, prices)
    return (
        one.chip.id,
        *(f"{told[key][place]:g}" for key in _points(asked)),
        *((_over(one.over, place, digits),) if base else ()),
        *(_around(float(rate), found, place, digits) for rate in rates),
        duration(float(found.seconds[place]), digits),
        *((duration(float(found.ttft[place]), digits),) if found.ttft is not None and asked.phase == "serve" else ()),
        _limit(found, place),
        _left(found, place),
        _band(joules),
        _band(cost),
        found.tier + (f"; no {' nor '.join(found.lacks)} published" if found.lacks else ""),
    )  # fmt: skip


def _around(value: float, found: Foretold, place: int, digits: int) -> str:
    inner, outer = (float(np.exp(found.half(level)[place])) for level in (INNER, OUTER))
    bounds = [significant(one, 2) for one in (value / inner, value * inner, value / outer, value * outer)]
    return f"{significant(value, digits)} ({bounds[0]}–{bounds[1]}; {bounds[2]}–{bounds[3]})"


def _over(over: Ratio | None, place: int, digits: int) -> str:
    if over is None:
        return NONE
    low, high = (float(one[place]) for one in over.bounds(INNER))
    least, most = (float(one[place]) for one in over.bounds(OUTER))
    told = [significant(one, 2) for one in (low, high, least, most)]
    return f"{significant(float(over.middle[place]), digits)} ({told[0]}–{told[1]}; {told[2]}–{told[3]})"


def duration(seconds: float, digits: int = 3) -> str:
    """Formats a time in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{significant(seconds / size, digits)} {unit}"
    return f"{significant(seconds * 1e6, digits)} µs"


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
        yield "Models with experts: their load is taken as even, and their interval is that of serving."
    if any(one.found and one.found.tier is Tier.OTHER for one in every):
        yield "Across vendors the interval has an assumed part: what fits rests on one vendor's chips."
    yield "Energy: chips alone, by what such work draws. Cost: a sourced price written off, and power."


def _operators(one: Answer, place: int) -> Section:
    columns = ("step", "operator", "time", "share", "limited by", "compute", "memory", "link")
    rows: list[tuple[str, ...]] = []
    flat: list[dict[str, Scalar]] = []
    found = one.found
    names = ("prefill of a prompt", "decode") if found and len(found.parts) > 1 else ("step",)
    for name, step in zip(names, found.parts if found else (), strict=True):
        total = float(step.seconds[place])
        for part in step.parts:
            each = {
                "compute": float(part.compute[place]), "memory": float(part.memory[place]),
                "link": float(part.link[place]),
            }  # fmt: skip
            own = float(part.seconds[place])
            told = [duration(each[key]) if each[key] else NONE for key in each]
            limit = part.limit(place)
            rows.append((name, part.name, duration(own) if own else NONE, f"{own / total:.0%}", limit, *told))
            flat.append({"chip": one.chip.id, "step": name, "operator": part.name, "seconds": own,
                         "limited_by": limit, **{f"{key}_s": each[key] for key in each}})  # fmt: skip
    title = f"{one.chip.id}, batch {found.asked.batch[place]:g}" if found else one.chip.id
    return Section(title, columns, tuple(rows), flat, (), f"operators_{one.chip.id}_{place}")
