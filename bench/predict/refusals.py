"""Questions that have no answer: a split that cannot be, a chip without the format."""

import math

from bench.errors import UsageError, did_you_mean
from bench.predict.forecast import TUNED, Asked
from bench.predict.learning.learn import Learnt
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import TRAINED, Precision
from bench.predict.model.recipe import Recipe
from bench.workloads.model import Workload

ENDS = 2
"""Stages that embedding and head may be beside the layers: of 122 measured pipelines whose stages
take turns, 92 count them in (Llama 3.1 405B, 126 layers: 16 x 8)."""


def refuse_split(workload: Workload, split: Parallel) -> None:
    """Raises where a model cannot be divided so.

    Raises:
        UsageError: heads that are no multiple, more stages than layers, experts it has none of, or
            that do not come out even.
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
    routed = workload.experts.routed if workload.experts else 1
    if split.ep > routed:
        held = f"{routed} experts" if workload.experts else "no experts"
        raise UsageError(f"ep{split.ep}: {workload.id} has {held}")
    if routed % split.ep:
        even = math.gcd(routed, split.tp * split.dp)
        raise UsageError(
            f"ep{split.ep} does not divide the {routed} experts of {workload.id}: ep{even} does"
        )


def refuse_batch(batch: Array, split: Parallel, recipe: Recipe) -> None:
    """Raises where copies have no sequence, or a micro-batch takes more than a copy has.

    Raises:
        UsageError: with the least batch.
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
    """Raises for ways of dividing that training alone has.

    Raises:
        UsageError: with what to ask instead.
    """
    if split.sharded or split.cp > 1 or split.vp > 1:
        raise UsageError(
            f"parallel={split}: fsdp, cp and vp are of phase=train; else ask dp, tp or pp"
        )


def refuse_training(how: Precision) -> None:
    """Raises for a format in which no training was measured, nor one of the same rate.

    Weights that are kept narrower than they are computed with cannot be updated.

    Raises:
        UsageError: with a format to ask for.
    """
    if how.name not in TRAINED:
        raise UsageError(
            f"precision={how.name}: no training in it was measured; "
            f"ask phase=train in {', '.join(TRAINED[:-1])} or {TRAINED[-1]}"
        )


def refuse_engine(engine: str, phase: str, known: Learnt) -> None:
    """Raises for an engine that nothing was fitted on.

    Raises:
        UsageError: with those that something was.
    """
    fitted = known.trainer.known if phase == "train" else (TUNED,)
    if engine and engine not in fitted:
        told = did_you_mean(engine, fitted)
        raise UsageError(
            f"engine={engine}: phase={phase} has no fit of it; {told}, or leave it out"
        )


def refuse_unfit(chip: Facts, asked: Asked) -> None:
    """Raises where a chip lacks a format, so that a table can tell it before any work.

    Raises:
        UsageError: with the formats that the sheet has.
    """
    chip.peak(asked.how.rate)
    if asked.how.rest:
        chip.peak(asked.how.dense)
    if chip.bandwidth is None:
        raise UsageError(f"{chip.chip}: unknown, because its sheet has no memory bandwidth")
