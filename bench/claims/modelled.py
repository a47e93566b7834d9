"""The comparison model's prediction for a claim about work not measured on both sides.

It is the 95% interval of a ratio, over every pair of variants that the names stand for. It proves
nothing, and states the model and setting it is for, or why there is none.
"""

from itertools import product

import numpy as np

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.errors import UsageError
from bench.predict.forecast import forecast
from bench.predict.learning.learn import load
from bench.predict.learning.pooling import COVERAGE_95
from bench.predict.model.facts import facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.recipe import PLAIN, Recipe
from bench.predict.ratio import ratio
from bench.predict.refusals import refuse_split, refuse_training
from bench.predict.scenario import Scenario
from bench.workloads.load import names, workload

PHASE_OF_WORK = {"prefill": "prefill", "decode": "decode", "serving": "serve", "training": "train"}
"""The phase of a language model behind each kind of work that is predicted."""
EIGHT_BITS = ("deepseek-v3",)
"""Models whose weights are published in fp8."""
REFERENCE, TRAINED = "llama-3.1-70b", "llama-3.1-8b"
"""The models assumed for a claim that names none; the second for training, which keeps 18 bytes per
parameter and only each layer's input (full recomputation). With sequences as short as the prompts,
eight chips of 32 GB hold it."""
CHIPS, BATCH, PROMPT, OUTPUT = 8, 32.0, 2048.0, 512.0


def modelled(
    first: Chip, second: Chip, axis: Axis, catalogue: Catalogue
) -> tuple[float, float, str]:
    """Returns the bounds of first over second, and the setting in words.

    Args:
        first: the subject.
        second: the object.
        axis: a kind of work, not a figure.
        catalogue: the sheets, for chips whose name stands for several.

    Raises:
        UsageError: there is no prediction: unknown work or model, a sheet without a needed rate,
            or a model that eight chips do not hold.
    """
    phase = PHASE_OF_WORK.get(axis.work or "")
    if phase is None:
        raise UsageError(f"it does not predict {axis.work}")
    name = model_of(axis)
    dtype = axis.dtype or ("fp8" if name in EIGHT_BITS else "bf16")
    sides = [[catalogue.chips[key] for key in one.variants] or [one] for one in (first, second)]
    scenario = _scenario(name, phase, dtype)
    bounds = [_bounds(one, other, scenario) for one, other in product(*sides)]
    words = f"no proof; by the model: {workload(name).name} in {dtype} on {CHIPS} chips"
    words += ", with recomputation" if phase == "train" else ""
    return min(low for low, _ in bounds), max(high for _, high in bounds), words


def model_of(axis: Axis) -> str:
    """Returns the workload that a claim names, or the reference workload if it names none.

    Raises:
        UsageError: it names an unknown one.
    """
    named = axis.where.get("model")
    if named is None:
        return TRAINED if PHASE_OF_WORK.get(axis.work or "") == "train" else REFERENCE
    name = names().get(named.lower())
    if name is None:
        raise UsageError(f"it has no workload {named}")
    return name


def _scenario(name: str, phase: str, dtype: str) -> Scenario:
    model, train = workload(name), phase == "train"
    answer = 0.0 if phase in ("prefill", "train") else OUTPUT
    batch, prompt, output = (np.array([one]) for one in (BATCH, PROMPT, answer))
    split = Parallel(dp=CHIPS, sharded=True) if train else Parallel(tp=CHIPS)
    recipe = Recipe(recompute=1.0) if train else PLAIN
    refuse_split(model, split)
    if train:
        refuse_training(precision(dtype))
    return Scenario(model, phase, precision(dtype), split, batch, prompt, output, recipe)


def _bounds(first: Chip, second: Chip, scenario: Scenario) -> tuple[float, float]:
    known = load()
    one, other = (forecast(facts(chip), scenario, known) for chip in (first, second))
    for found in (one, other):
        if found.room().fits is False:
            raise UsageError(f"{CHIPS} {found.chip.chip} do not hold {scenario.workload.id}")
    low, high = ratio(one, other, known).bounds(COVERAGE_95)
    return float(low[0]), float(high[0])
