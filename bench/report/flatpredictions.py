"""Predictions for programs: a flat row a chip and point, in SI base units."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from bench.predict.answers import Answer
from bench.predict.forecast import Asked
from bench.predict.model.power import Band, Prices
from bench.report.answered import Answered
from bench.report.costs import INNER, cost, energy
from bench.report.predicted import OUTER
from bench.report.scalar import Scalar
from bench.report.tested import flat_tests


def flat_rows(
    rows: Iterable[tuple[Answer, Answered | None, int]], asked: Asked, prices: Prices
) -> Iterator[dict[str, Scalar]]:
    """Yields a row an answer and point; what is one at all points of a chip is made once."""
    shared: dict[str, dict[str, Scalar]] = {}
    for one, at, place in rows:
        if one.chip.id not in shared:
            shared[one.chip.id] = _shared(one, asked)
        sizes: dict[str, Scalar] = {
            "batch": int(asked.batch[place]), "input": int(asked.prompt[place]),
            "output": int(asked.output[place]) or None,
        }  # fmt: skip
        yield shared[one.chip.id] | sizes | (_numbers(at, place, prices) if at else {})


def _shared(one: Answer, asked: Asked) -> dict[str, Scalar]:
    """Returns what is one at all points of a chip, with a place for each size."""
    return {
        "chip": one.chip.id, "workload": asked.workload.id, "phase": asked.phase,
        "batch": None, "input": None, "output": None,
        "context": asked.workload.context, "precision": asked.how.name,
        "cache_B_element": asked.how.cache,
        "parallel": str(asked.split), "chips": asked.split.chips,
        **_recipe(asked), "engine": asked.engine or None,
        **flat_tests(one.chip.id, asked.phase, asked.engine), "unknown": one.why or None,
    }  # fmt: skip


def _recipe(asked: Asked) -> dict[str, Scalar]:
    """Returns how a copy is trained; of other phases nothing."""
    train, recipe = asked.phase == "train", asked.recipe
    return {
        "micro": int(recipe.micro) if train else None,
        "recompute": recipe.recompute >= 1 if train else None,
        "states": ("bf16" if recipe.narrow else "fp32") if train else None,
    }


def _kept(at: Answered, place: int) -> dict[str, Scalar]:
    """Returns what a chip keeps of a model, in bytes.

    Of training that is weights, gradients and the optimiser's states, and what backward wants.
    """
    room, train = at.room(place), at.found.recipe is not None
    return {
        "fits": room.fits, "room": room.word,
        "memory_free_B": room.free, "weights_B": None if train else room.weights,
        "states_B": room.weights if train else None,
        "activations_B": room.activations if train else None,
        "cache_B_sequence": None if train else room.cache,
    }  # fmt: skip


def _numbers(at: Answered, place: int, prices: Prices) -> dict[str, Scalar]:
    found = at.found
    told: dict[str, Scalar] = {
        "tokens_per_s_chip": at.rates[place], "tokens_per_s": at.tokens[place],
        **_bounded("seconds", at.seconds, at.half, place),
        **_bounded("ttft_s", at.first, at.first_half, place),
    }  # fmt: skip
    for level in (INNER, OUTER):
        least, most = at.bounds(level, place)
        share = f"{level * 100:.0f}"
        told |= {f"low_{share}": least, f"high_{share}": most}
    told |= {
        "model_half_log_95": found.model[-1], "sheet_half_log": float(found.sheet[place]),
        "limited_by": found.work.limit(place)[0], "tier": str(found.tier),
        **_kept(at, place),
        **_band("J_per_token", energy(at, place)),
        **_band("usd_per_Mtoken", cost(at, place, prices)),
        **_open(at),
    }  # fmt: skip
    return told | (_ratio(at, place) if at.one.over else {})


def _band(name: str, band: Band | None) -> dict[str, Scalar]:
    return {
        name: band.middle if band else None,
        f"{name}_low": band.low if band else None,
        f"{name}_high": band.high if band else None,
    }


def _open(at: Answered) -> dict[str, Scalar]:
    """Returns what nobody published of that on which an answer rests."""
    found = at.found
    return {
        "lacks": ", ".join(found.lacks) or None, "assumed": found.assumed or None,
        "worked_out": ", ".join(at.worked_out) or None,
    }  # fmt: skip


def _ratio(at: Answered, place: int) -> dict[str, Scalar]:
    inner, outer = at.ratio(INNER, place), at.ratio(OUTER, place)
    middle = float(at.one.over.middle[place]) if at.one.over else None
    return {
        "ratio_low_80": inner[0], "ratio_high_80": inner[1], "ratio": middle,
        "ratio_low_95": outer[0], "ratio_high_95": outer[1],
    }  # fmt: skip


def _bounded(
    name: str, seconds: Sequence[float] | None, half: Callable[[float], list[float]], place: int
) -> dict[str, Scalar]:
    """Returns a time in seconds with its intervals, a key each."""
    middle = seconds[place] if seconds else None
    told: dict[str, Scalar] = {name: middle}
    for level in (INNER, OUTER):
        factor = float(np.exp(half(level)[place])) if seconds else None
        share = f"{level * 100:.0f}"
        told[f"{name}_low_{share}"] = middle / factor if middle and factor else None
        told[f"{name}_high_{share}"] = middle * factor if middle and factor else None
    return told
