"""Training reported by others, as rows of a table; none of it was fitted.

Some engines count the dies of a chip as devices: such a run is converted to one of whole chips.
"""

from collections.abc import Iterable, Mapping

from bench.evidence.model import Kind, Report, Reported
from bench.predict.learning.departure import has_fitted_vendor
from bench.predict.learning.pooling import Departures
from bench.predict.learning.reportedserving import (
    DIES,
    Group,
    model_named,
    over_whole_chips,
    values_of,
)
from bench.predict.learning.tables import Row
from bench.predict.learning.trainingruns import TRAIN, TRAIN_EXPERTS, departures, part, runs
from bench.predict.learning.world import World
from bench.predict.model.facts import Facts
from bench.predict.model.stack import Stack
from bench.predict.model.training import Trainer
from bench.units import Dimension
from bench.workloads.model import Workload

FITTED = ("torchtitan-h100", "torchtitan-h200")
"""Reports whose values are also in ``results/tables``."""
WANTED = {"length": "seq", "micro": "micro_batch", "batch": "global_batch"}
"""Required numbers: column, and key in the report's workload."""
SPLIT = ("tp", "pp", "cp", "ep", "vp")
UNLIKE = {"case", "scenario"}
"""Keys of work that the model does not have, such as adapters or reinforcement learning."""
SHARDED = ("fsdp", "zero3")
"""Values of ``sharding`` with which weights are sharded over the copies."""


def trained_rows(
    reports: Iterable[Report], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Row]:
    """Returns reported training that states all that a prediction needs."""
    return [
        row
        for report, value in values_of(reports, chips, FITTED)
        if report.kind_of(value) != Kind.GATE  # a pass mark is a bound, no measurement
        and (row := _row(report, value, models)) is not None
    ]


def training_logs(
    world: World, stack: Stack, trainer: Trainer, parts: Mapping[str, Departures]
) -> dict[str, dict[Group, list[float]]]:
    """Returns the log of measured over predicted time of reported training, by part and group.

    The prediction is for the median of the fitted engines. As in serving, results on chips of a
    vendor without a fitted engine count as a group of their own.

    Args:
        world: all data.
        stack: fitted on steps.
        trainer: fitted factors of training.
        parts: departures of training from the two.
    """
    reported = runs(world.reported_training, world.chips, world.models)
    logs: dict[str, dict[Group, list[float]]] = {TRAIN: {}, TRAIN_EXPERTS: {}}
    for one, log in zip(reported, departures(reported, stack, trainer), strict=True):
        name = part(one.row, world.models)
        means, _ = parts[name].predicted([one.facts.labels])
        vendor = "" if has_fitted_vendor(one.facts, parts[name]) else one.facts.vendor
        own = logs[name].setdefault((one.row.words["group"], vendor), [])
        own.append(float(log - means[0]))
    return logs


def _row(report: Report, value: Reported, models: Mapping[str, Workload]) -> Row | None:
    """Returns a reported value as a row of training; None if it does not state enough.

    FLOP rates and shares of the peak are left out: a row does not say which FLOP its tool counts
    (all scores of attention or half of them, the head, what is recomputed).
    """
    work = {str(key): word for key, word in value.workload.items()}
    name = model_named(work.get("model", ""))
    sizes = {key: _count(work.get(word, "")) for key, word in WANTED.items()}
    if value.quantity != "training_rate" or value.per == "die" or not value.dtype:
        return None
    if value.value.dimension is not Dimension.TOKEN_RATE or UNLIKE & work.keys():
        return None
    if name not in models or not all(sizes.values()) or not _split_is_stated(value):
        return None
    numbers = {
        **_split(work, value.count),
        **sizes,
        "chips": float(value.count),
        "sharded": float(work.get("sharding") in SHARDED),
        "recompute": float(work.get("recompute") == "full"),
        "rate": value.value.si / (value.count if value.per == "total" else 1),
    }
    words = {
        "chip": value.chip, "model": name, "dtype": value.dtype, "stack": report.id,
        "group": report.by(value), "row": value.id,
    }  # fmt: skip
    return Row(words, numbers)


def _split(work: Mapping[str, str], chips: int) -> dict[str, float]:
    """Returns how a run was divided over whole chips, with copies (``dp``) if stated, else 0."""
    stated = {key: _count(work.get(key, "1")) for key in SPLIT} | {"dp": _count(work.get("dp", ""))}
    ranks = stated["tp"] * stated["pp"] * stated["cp"] * stated["dp"]
    return over_whole_chips(stated) if ranks == DIES * chips else stated


def _count(word: str) -> float:
    """Returns a number that is written as digits, else 0."""
    return float(word) if word.isdecimal() else 0.0


def _split_is_stated(value: Reported) -> bool:
    """Tells whether a report says how several chips share the work."""
    return value.count == 1 or "tp" in value.workload or "sharding" in value.workload
