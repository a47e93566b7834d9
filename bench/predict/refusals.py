"""Questions that have no answer: a split that cannot be, a chip without the format."""

from bench.errors import UsageError
from bench.predict.facts import Facts
from bench.predict.forecast import Asked
from bench.predict.operators import Array
from bench.predict.parallel import Parallel
from bench.predict.precision import WEIGHT_ONLY, Precision
from bench.predict.recipe import Recipe
from bench.workloads.model import Workload


def refuse_split(workload: Workload, split: Parallel) -> None:
    """Raises where a model cannot be divided so.

    Raises:
        UsageError: heads that are no multiple, more stages than layers, or experts it has none of.
    """
    if workload.heads % split.tp:
        raise UsageError(
            f"tp{split.tp} does not divide the {workload.heads} heads of {workload.id}"
        )
    if split.pp > workload.layers:
        raise UsageError(f"pp{split.pp}: {workload.id} has {workload.layers} layers")
    if split.ep > (workload.experts.routed if workload.experts else 1):
        held = f"{workload.experts.routed} experts" if workload.experts else "no experts"
        raise UsageError(f"ep{split.ep}: {workload.id} has {held}")


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
    if split.sharded or split.cp > 1:
        raise UsageError(f"parallel={split}: fsdp and cp are of phase=train; else ask dp or tp")


def refuse_training(how: Precision) -> None:
    """Raises where weights are kept narrower than they are computed with: training updates them.

    Raises:
        UsageError: with a format to ask for.
    """
    if how.name in WEIGHT_ONLY or how.rest:
        raise UsageError(
            f"precision={how.name}: weights kept in so few bits are not trained; "
            "ask phase=train in bf16, fp16, fp8 or nvfp4"
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
        raise UsageError(f"{chip.chip}: unknown, for its sheet has no memory bandwidth")
