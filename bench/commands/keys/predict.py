"""Parses the keys of ``predict``: sizes, formats, parallelism, limits."""

import math
import re
from collections.abc import Collection, Container, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from bench.commands.keys.prefill import place_of, sides_of
from bench.errors import UsageError, did_you_mean
from bench.shapes import PredictConfig
from bench.units import Dimension, parse
from bench.words import listed

if TYPE_CHECKING:
    from bench.chips.model import Chip
    from bench.predict.model.operators import Array
    from bench.predict.scenario import Scenario
    from bench.predict.ways import ServingGoal
    from bench.workloads.model import Workload

STATES = ("fp32", "bf16")
"""Formats of gradients and moments in training."""
YES, NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
LARGEST = 10**8
"""The largest number that a key takes."""
SWEPT = ("batch", "input", "output")
"""The keys that may be swept over several values."""
AUTO = "auto"
"""The value of ``input=`` that stands for the usual length."""
MOST_POINTS = 10_000
MOST_DEVICES = 1024
ANY, PARETO = "any", "pareto"
STAND_INS = {"fp16": "bf16"}
"""For a format without fitted products, the one that runs equally fast if a sheet's rates agree."""
SAME = 1e-3
"""Rates within this relative difference are equal but for rounding: 353.89 and 353.9 TFLOP/s."""


def scenario_of(config: PredictConfig) -> "Scenario":
    """Returns the scenario, with every combination of batch, input and output as a point.

    Raises:
        UsageError: a value is not a number, a name is unknown, or the combination is impossible.
    """
    from bench.predict.model.precision import precision
    from bench.predict.model.recipe import Recipe
    from bench.predict.refusals import (
        refuse_batch,
        refuse_sharding,
        refuse_split,
        refuse_training,
    )
    from bench.predict.scenario import Scenario
    from bench.workloads.configured import asked

    name = _workload(config)
    model = asked(name)
    points = _points(config, model)
    train = config.phase == "train"
    split, prefill = sides_of(config, copies=train, experts=model.experts is not None)
    for one in (split, prefill.split) if prefill else (split,):
        refuse_split(model, one, copies=not train)
        if not train:
            refuse_sharding(one)
    recipe = Recipe(
        whole("micro", config.micro),
        split.vp,
        float(_recomputes(config)),
        _states_in_16_bits(config.states),
    )
    formats = precision(config.precision, config.cache, experts=model.experts is not None)
    refuse_batch(points[:, 0], split, recipe)
    if train:
        refuse_training(formats)
    phase = "decode" if config.phase == "fit" else config.phase
    batch, prompt, output = points.T
    sizes = batch, prompt, output
    return Scenario(model, phase, formats, split, *sizes, recipe, _engine(config), prefill)


def _engine(config: PredictConfig) -> str:
    """Returns the engine; an empty text for any."""
    return "" if config.engine == ANY else config.engine


def serving_goals_of(config: PredictConfig, given: Container[str]) -> "list[ServingGoal]":
    """Returns the serving goals to optimise, one per number of chips, lengths and limit of TPOT.

    Args:
        config: the keys and their values.
        given: the keys on the command line; without ``batch=`` the number of requests is optimised.

    Raises:
        UsageError: a value is not a number or time.
    """
    from bench.predict.model.precision import precision
    from bench.predict.ways import ALL, ServingGoal
    from bench.workloads.configured import asked

    model, (place, chip) = asked(_workload(config)), place_of(config)
    prompts, outputs = _lengths(config, model), numbers("output", config.output)
    first = ServingGoal(
        workload=model,
        precision=precision(config.precision, config.cache, experts=model.experts is not None),
        devices=1,
        prompt=1,
        output=1,
        batch=tuple(numbers("batch", config.batch)) if "batch" in given else (),
        ttft=seconds("ttft", config.ttft),
        engine=_engine(config),
        top=ALL if config.top == PARETO else whole("top", config.top),
        prefill=place,
        prefill_chip=chip,
    )
    limits = dict.fromkeys(seconds("tpot", word) for word in config.tpot)
    if not limits:
        raise UsageError("tpot= names no time: write such as tpot=50ms, [30ms,50ms] or any")
    every = product(_devices(config.devices), prompts, outputs, limits)
    return [
        replace(first, devices=devices, prompt=prompt, output=output, tpot=tpot)
        for devices, prompt, output, tpot in every
    ]


def fitted_for(dtype: str, fitted: Collection[str]) -> str:
    """Returns the fitted format from which the times of products in ``dtype`` are predicted.

    Raises:
        UsageError: there is none.
    """
    fit = STAND_INS.get(dtype, dtype)
    if fit in fitted:
        return fit
    pairs = STAND_INS.items()
    more = "; ".join(f"{x} where a sheet prints one rate for it and {y}" for x, y in pairs)
    raise UsageError(f"precision={dtype}: phase=product takes {listed(fitted)}; {more}")


def with_equal_rates(
    chips: "Sequence[Chip]", dtype: str, fit: str, base: "Chip | None"
) -> "tuple[list[Chip], list[str]]":
    """Returns the chips whose two formats run equally fast, and why each other is left out.

    Args:
        chips: the chips to choose from.
        dtype: the requested format.
        fit: the fitted format used in its place.
        base: the baseline.

    Raises:
        UsageError: the baseline is left out, or every chip.
    """
    why = {one.id: _difference(one, dtype, fit) for one in (*([base] if base else []), *chips)}
    left_out = [f"{chip}: {reason}" for chip, reason in why.items() if reason]
    equal = [one for one in chips if not why[one.id]]
    if left_out and (not equal or (base and why[base.id])):
        raise UsageError("; ".join(left_out))
    return equal, left_out


def _difference(chip: "Chip", dtype: str, fit: str) -> str:
    """Returns why a chip's two formats differ in speed; empty if they do not."""
    rate, fitted = chip.number(f"matrix_{dtype}"), chip.number(f"matrix_{fit}")
    if rate is None or fitted is None or math.isclose(rate, fitted, rel_tol=SAME):
        return ""
    return (
        f"its sheet prints {rate / 1e12:g} TFLOP/s in {dtype} and {fitted / 1e12:g} in {fit}, and "
        f"only {fit} products were fitted: ask precision={fit}"
    )


def _workload(config: PredictConfig) -> str:
    from bench.workloads.load import workloads

    if not config.workload:
        raise UsageError(f"which workload? give workload=, one of {', '.join(workloads())}")
    return config.workload


def _devices(words: list[str]) -> list[int]:
    found = numbers("devices", words)
    if max(found) > MOST_DEVICES:
        raise UsageError(
            f"devices={','.join(words)}: one model is divided over at most {MOST_DEVICES:,}"
        )
    return found


def seconds(key: str, word: str) -> float:
    """Returns a time such as ``50ms`` or ``2 s`` in s; infinity for ``any``, which is no limit.

    Raises:
        UsageError: the word is no time.
    """
    if word == ANY:
        return math.inf
    match = re.fullmatch(r"([\d.]+)\s*([a-zµ]+)", word.strip())
    try:
        quantity = parse(f"{match[1]} {match[2]}") if match else None
    except ValueError:
        quantity = None
    if quantity is None or quantity.dimension is not Dimension.TIME:
        raise UsageError(f"{key}={word}: write a time with its unit, such as {key}=50ms or 2s")
    return quantity.si


def rate_of(config: PredictConfig) -> float | None:
    """Returns the total rate wanted, in tokens/s; None if ``rate=`` is not given."""
    return float(whole("rate", config.rate)) if config.rate else None


def _lengths(config: PredictConfig, model: "Workload") -> list[int]:
    """Returns the lengths of prompts, or in training of sequences."""
    from bench.predict.scenario import usual_length

    usual = str(usual_length(model, config.phase))
    return numbers("input", [usual if one == AUTO else one for one in config.input])


def _points(config: PredictConfig, model: "Workload") -> "Array":
    """Returns every combination of batch, input and output: (points, 3)."""
    batches, outputs = numbers("batch", config.batch), numbers("output", config.output)
    prompts = _lengths(config, model)
    points = np.array([[b, i, o] for i in prompts for o in outputs for b in batches], float)
    if len(points) > MOST_POINTS:
        raise UsageError(f"{len(points):,} points: give at most {MOST_POINTS:,}")
    if config.phase == "fit" and len(points) > 1:
        raise UsageError("phase=fit answers for one batch, input and output: give one of each")
    if config.phase in ("prefill", "train"):
        points[:, 2] = 0
    return points


def _recomputes(config: PredictConfig) -> bool:
    """Returns whether activations are recomputed in the backward pass."""
    word = config.recompute.lower()
    if word not in YES | NO:
        raise UsageError(
            f"recompute={word}: write true, which is of all layers, or false, which is also "
            "selective recomputation of attention: flash attention keeps no scores"
        )
    return word in YES


def _states_in_16_bits(word: str) -> bool:
    """Returns whether gradients and moments are kept in 16 bits."""
    if word not in STATES:
        raise UsageError(f"states={word}: {did_you_mean(word, STATES)}")
    return word == STATES[1]


def numbers(key: str, words: list[str]) -> list[int]:
    """Returns the numbers of a key; ``1..64`` is 1, 2, 4 and so on up to 64.

    Raises:
        UsageError: there is no number, or one is not whole.
    """
    found: list[int] = []
    for word in words:
        low, dots, high = str(word).partition("..")
        number, last = whole(key, low), whole(key, high if dots else low)
        if number > last:
            raise UsageError(f"{key}={word}: write the smaller number first")
        while number <= last:
            found.append(number)
            number *= 2
    if not found:
        raise UsageError(f"{key}= names no number: write such as {key}=32, [1,8,64] or 1..64")
    return list(dict.fromkeys(found))


def whole(key: str, word: str) -> int:
    """Returns the number that a word gives, from 1 to ``LARGEST``.

    Raises:
        UsageError: the word is no such number.
    """
    if not str(word).isdecimal() or not 1 <= int(word) <= LARGEST:
        several = "" if key in ("shape", "micro", "rate") else "; several as [1,8,64] or 1..64"
        several = f"; or {PARETO}" if key == "top" else several
        raise UsageError(f"{key}={word}: write a whole number from 1 to {LARGEST:,}{several}")
    return int(word)
