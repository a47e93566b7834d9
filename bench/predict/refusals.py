"""Refuses scenarios that have no answer: an impossible split, a chip without the format."""

import math

from bench.errors import UsageError, did_you_mean
from bench.predict.learning.learn import Learnt
from bench.predict.measuredrates import measured_rate
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import ITEM, TRAINED, Precision, weights_of
from bench.predict.model.recipe import Recipe
from bench.predict.scenario import TUNED, Scenario
from bench.workloads.model import Workload

ENDS = 2
"""Stages that embedding and head may take in addition to the layers: 92 of 122 measured interleaved
pipelines count them as layers (Llama 3.1 405B, 126 layers: 16 x 8)."""


def refuse_split(workload: Workload, split: Parallel, *, copies: bool = False) -> None:
    """Raises if a model cannot be divided this way.

    Args:
        workload: the model.
        split: how it is divided.
        copies: whether chips may hold copies of experts, so that ``ep`` need not divide them.

    Raises:
        UsageError: ``tp`` does not divide the heads, there are more stages than layers, a model
            without experts has an ``ep``, or it does not divide the experts.
    """
    if workload.heads % split.tp:
        raise UsageError(
            f"tp{split.tp} does not divide the {workload.heads} heads of {workload.id}"
        )
    if split.pp > workload.layers:
        raise UsageError(f"pp{split.pp}: {workload.id} has {workload.layers} layers")
    if split.vp > 1 and split.pp * split.vp > workload.layers + ENDS:
        raise UsageError(
            f"pp{split.pp} x vp{split.vp}: {workload.id} has {workload.layers} layers, with "
            "embedding and head in stages of their own"
        )
    if split.ep > 1 and not workload.experts:
        raise UsageError(f"ep{split.ep}: {workload.id} has no experts")
    routed = workload.experts.routed if workload.experts else 1
    if routed % split.ep and not copies:
        even = math.gcd(routed, split.tp * split.dp)
        raise UsageError(
            f"ep{split.ep} does not divide the {routed} experts of {workload.id}: ep{even} does"
        )


def refuse_batch(batch: Array, split: Parallel, recipe: Recipe) -> None:
    """Raises if a copy has no sequence, or fewer than a micro-batch takes.

    Raises:
        UsageError: the message gives the smallest possible batch.
    """
    least = int(batch.min())
    if least < split.dp:
        raise UsageError(
            f"batch={least} is below the {split.dp} copies of {split}: each needs a sequence"
        )
    if recipe.micro * split.dp > least:
        raise UsageError(
            f"micro={recipe.micro:g} on {split.dp} copies takes a batch= of "
            f"{recipe.micro * split.dp:g} or more, not {least}"
        )


def refuse_sharding(split: Parallel) -> None:
    """Raises for parallelism that only training has: ``fsdp``, ``cp`` and ``vp``.

    Raises:
        UsageError: the message says what to ask for instead.
    """
    if split.sharded or split.cp > 1 or split.vp > 1:
        raise UsageError(
            f"parallel={split}: fsdp, cp and vp are of phase=train; else ask dp, tp or pp"
        )


def refuse_training(precision: Precision) -> None:
    """Raises for a format in which no training was measured, nor in another of the same rate.

    Weights that are stored narrower than they are computed with cannot be updated.

    Raises:
        UsageError: the message names formats to ask for.
    """
    if precision.name not in TRAINED:
        raise UsageError(
            f"precision={precision.name}: no training in it was measured; "
            f"ask phase=train in {', '.join(TRAINED[:-1])} or {TRAINED[-1]}"
        )


def refuse_engine(engine: str, phase: str, known: Learnt) -> None:
    """Raises for an engine that was not fitted.

    Raises:
        UsageError: the message names fitted engines.
    """
    fitted = known.trainer.known if phase == "train" else (TUNED,)
    if engine and engine not in fitted:
        hint = did_you_mean(engine, fitted)
        raise UsageError(
            f"engine={engine}: phase={phase} has no fit of it; {hint}, or leave it out"
        )


def refuse_unfit(chip: Facts, scenario: Scenario) -> None:
    """Raises if a chip lacks the memory bandwidth or a format, before any work is done.

    Raises:
        UsageError: the message names what the sheet lacks, the formats that it has, and a rate that
            others measured instead.
    """
    formats = scenario.precision
    products = formats.rate, formats.dense
    for name in dict.fromkeys((*products, formats.attention)):
        try:
            chip.peak(name)
        except UsageError as error:
            why = "" if name in products else f", and attention runs in {name}"
            told = measured_rate(chip, name) or _instead(chip, scenario)
            raise UsageError(f"{error}{why}{f'; {told}' if told else ''}") from None
    chip.require(["bandwidth"])


def _instead(chip: Facts, scenario: Scenario) -> str:
    """Returns the format with weights as small that a chip computes in 16 bits; empty if none.

    Attention takes 16 bits whatever the weights, and training computes in what it stores.
    """
    is_narrow = scenario.precision.weight < ITEM["bf16"]
    if scenario.phase == "train" or not is_narrow or not chip.name_of("bf16"):
        return ""
    word = weights_of(scenario.precision)
    return f"ask one of these, or precision={word}: weights of {word[1]} bits, products in bf16"
