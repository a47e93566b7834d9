"""Predictions for programs: one flat row per chip and point, in SI base units."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from bench.predict.answers import Answer
from bench.predict.forecast import Prediction
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.ranges import outside
from bench.predict.model.power import Band, Prices
from bench.predict.scenario import Scenario
from bench.report.prediction.answered import Answered
from bench.report.prediction.chiperrors import flat_tests
from bench.report.prediction.costs import cost, energy, energy_at_tdp
from bench.report.prediction.predicted import limit_of
from bench.report.text.scalar import Scalar


def flat_rows(
    rows: Iterable[tuple[Answer, Answered | None, int]], scenario: Scenario, prices: Prices
) -> Iterator[dict[str, Scalar]]:
    """Yields one flat row per answer and point.

    Args:
        rows: answer, its values (None: there is no prediction) and index of the point.
        scenario: the question that the answers are for.
        prices: assumptions about the cost of ownership.
    """
    shared: dict[str, dict[str, Scalar]] = {}
    for answer, at, point in rows:
        if answer.chip.id not in shared:
            shared[answer.chip.id] = _shared(answer, scenario)
        sizes: dict[str, Scalar] = {
            "batch": int(scenario.batch[point]), "input": int(scenario.prompt[point]),
            "output": int(scenario.output[point]) or None,
        }  # fmt: skip
        yield shared[answer.chip.id] | sizes | (_numbers(at, point, prices) if at else {})


def _shared(answer: Answer, scenario: Scenario) -> dict[str, Scalar]:
    """Returns the values that all points of a chip share; the keys of the sizes are still None."""
    return {
        "chip": answer.chip.id, "workload": scenario.workload.id, "phase": scenario.phase,
        "batch": None, "input": None, "output": None,
        "context": scenario.workload.context, "precision": scenario.precision.name,
        "cache_B_element": scenario.precision.cache,
        "parallel": scenario.way, "chips": scenario.chips,
        **_recipe(scenario), "engine": scenario.engine or None,
        **flat_tests(answer.chip.id, scenario),
        "unknown": answer.why or None,
    }  # fmt: skip


def _recipe(scenario: Scenario) -> dict[str, Scalar]:
    """Returns the training recipe; None for every key in other phases."""
    train, recipe = scenario.phase == "train", scenario.recipe
    return {
        "micro": int(recipe.micro) if train else None,
        "recompute": recipe.recompute >= 1 if train else None,
        "states": ("bf16" if recipe.narrow else "fp32") if train else None,
    }


def _memory(at: Answered, point: int) -> dict[str, Scalar]:
    """Returns how the model fills the memory of one chip, in bytes.

    In training: weights, gradients and optimiser states, and activations kept for backward.
    """
    room, train = at.room(point), at.prediction.recipe is not None
    return {
        "fits": room.fits, "room": room.word,
        "memory_free_B": room.free, "weights_B": None if train else room.weights,
        "states_B": room.weights if train else None,
        "activations_B": room.activations if train else None,
        "cache_B_sequence": None if train else room.cache,
    }  # fmt: skip


def _numbers(at: Answered, point: int, prices: Prices) -> dict[str, Scalar]:
    """Returns the predicted values of one point."""
    found = at.prediction
    row: dict[str, Scalar] = {
        "tokens_per_s_chip": at.rates[point], "tokens_per_s": at.tokens_per_s[point],
        **_bounded("seconds", at.seconds, at.half, point),
        **_bounded("ttft_s", at.ttft, at.ttft_half, point),
        "model_flops": at.model_flops[point] if at.model_flops else None,
        "mfu": at.mfu[point] if at.mfu else None,
    }  # fmt: skip
    for level in COVERAGES:
        least, most = at.bounds(level, point)
        share = f"{level * 100:.0f}"
        row |= {f"low_{share}": least, f"high_{share}": most}
    row |= {
        "model_half_log_95": found.model_halves[-1],
        "sheet_half_log": float(found.sheet_half[point]),
        "limited_by": limit_of(found, point)[0], "tier": str(found.tier),
        "outside_fit": _outside(found, point),
        **_memory(at, point),
        **_prefill(found, point),
        **_band("J_per_token", energy(at, point)),
        "J_per_token_at_tdp": energy_at_tdp(at, point),
        **_band("usd_per_Mtoken", cost(at, point, prices)),
        **_unpublished(at),
    }  # fmt: skip
    return row | (_ratio(at, point) if at.answer.over else {})


def _prefill(found: Prediction, point: int) -> dict[str, Scalar]:
    """Returns values of the chips for prefill; None for every key if it has none of its own."""
    side = found.prefill
    return {
        "prefill_chip": side.chip.chip if side else None,
        "prefill_chips": side.single.scenario.chips if side else None,
        "prefill_busy": float(side.busy[point]) if side else None,
        "prefill_memory_free_B": side.room(point).free if side else None,
        "transfer_s": float(side.transfer_s[point]) if side else None,
        "requests_decoding": float(side.decoding[point]) if side else None,
    }


def _band(name: str, band: Band | None) -> dict[str, Scalar]:
    return {
        name: band.middle if band else None,
        f"{name}_low": band.low if band else None,
        f"{name}_high": band.high if band and math.isfinite(band.high) else None,
    }


def _outside(found: Prediction, point: int) -> str | None:
    """Returns the sizes of one point that lie far outside of the fit, in words."""
    sizes = {name: [float(values[point])] for name, values in found.sizes.items()}
    return ", ".join(outside(found.ranges, sizes)) or None


def _unpublished(at: Answered) -> dict[str, Scalar]:
    """Returns which inputs of the prediction nobody published, and what replaces them."""
    found = at.prediction
    return {
        "lacks": ", ".join(found.missing) or None, "assumed": found.assumed or None,
        "worked_out": ", ".join(at.computed_figures) or None,
    }  # fmt: skip


def _ratio(at: Answered, point: int) -> dict[str, Scalar]:
    """Returns the ratio to the baseline with both intervals."""
    inner, outer = (at.ratio(level, point) for level in COVERAGES)
    middle = float(at.answer.over.middle[point]) if at.answer.over else None
    return {
        "ratio_low_80": inner[0], "ratio_high_80": inner[1], "ratio": middle,
        "ratio_low_95": outer[0], "ratio_high_95": outer[1],
    }  # fmt: skip


def _bounded(
    name: str, seconds: Sequence[float] | None, half: Callable[[float], list[float]], point: int
) -> dict[str, Scalar]:
    """Returns a time in s and the bounds of its intervals; None for every key without ``seconds``.

    Args:
        name: key of the time, and prefix of the keys of the bounds.
        seconds: the time, one value per point.
        half: half-width of the log of the time for a level, one value per point.
        point: index of the point.
    """
    middle = seconds[point] if seconds else None
    row: dict[str, Scalar] = {name: middle}
    for level in COVERAGES:
        factor = float(np.exp(half(level)[point])) if seconds else None
        share = f"{level * 100:.0f}"
        row[f"{name}_low_{share}"] = middle / factor if middle and factor else None
        row[f"{name}_high_{share}"] = middle * factor if middle and factor else None
    return row
