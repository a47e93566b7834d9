"""Training reported by others, as rows of a table; none of it was fitted.

Some engines count the dies of a chip as devices: such a run is converted to one of whole chips.
"""

from collections.abc import Iterable, Mapping

from bench.evidence.model import Kind, Report, Reported
from bench.predict.learning.reported import DIES, model_named, over_whole_chips, values_of
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.workloads.model import Workload

FITTED = ("torchtitan-h100", "torchtitan-h200")
"""Reports whose values are also in ``results/tables``."""
WANTED = {"length": "seq", "micro": "micro_batch", "batch": "global_batch"}
"""Required numbers: column, and key in the report's workload."""
SPLIT = ("tp", "pp", "cp", "ep", "vp")
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


def _row(report: Report, value: Reported, models: Mapping[str, Workload]) -> Row | None:
    """Returns a reported value as a row of training; None if it does not state enough."""
    work = {str(key): word for key, word in value.workload.items()}
    name = model_named(work.get("model", ""))
    sizes = {key: _count(work.get(word, "")) for key, word in WANTED.items()}
    if value.quantity != "training_rate" or value.per == "die" or not value.dtype:
        return None
    if (
        name not in models
        or "case" in work
        or not all(sizes.values())
        or not _split_is_stated(value)
    ):
        return None
    numbers = {
        **_split(work, value.count),
        **sizes,
        "chips": float(value.count),
        "sharded": float(work.get("sharding") in SHARDED),
        "recompute": float(work.get("recompute") == "full"),
        "rate": value.value.si / (value.count if value.per == "total" else 1),
    }
    words = {"chip": value.chip, "model": name, "dtype": value.dtype, "stack": report.id}
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
