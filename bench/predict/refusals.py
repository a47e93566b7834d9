"""Questions that have no answer: a split that cannot be, a chip without the format."""

from bench.errors import UsageError
from bench.predict.facts import Facts
from bench.predict.forecast import Asked
from bench.predict.parallel import Parallel
from bench.predict.precision import WEIGHT_ONLY, Precision
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


def refuse_training(how: Precision) -> None:
    """Raises where weights are kept narrower than they are computed with: training updates them.

    Raises:
        UsageError: with a format to ask for.
    """
    if how.name in WEIGHT_ONLY or how.rest:
        raise UsageError(
            f"precision={how.name}: weights kept in so few bits are not trained; "
            "ask phase=train in bf16, fp16 or fp8"
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
