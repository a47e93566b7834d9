"""Training that others reported, as rows of a table: no rate of it was fitted.

Where the dies of a chip were counted as devices, as some engines do, a run is taken as one of whole
chips, for sheets are of those. What was spread over the two dies of a chip (parts of tensors, and
experts, which then are twice as many a chip) lies on one chip, to which it is the same work; what
its dies send one another is inside of it, and no sheet tells its cost.
"""

from collections.abc import Iterable, Mapping

from bench.evidence.model import Kind, Report, Reported
from bench.predict.learning.reported import DIES, model_named, values_of
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.workloads.model import Workload

FITTED = ("torchtitan-h100", "torchtitan-h200")
"""Reports of what tables of ``results/tables`` hold, too."""
WANTED = {"length": "seq", "micro": "micro_batch", "batch": "global_batch"}
SPLIT = ("tp", "pp", "cp", "ep", "vp")
SPREAD = ("tp", "ep")
"""Kinds of split that lie within a chip first."""
SHARDED = ("fsdp", "zero3")


def trained_rows(
    reports: Iterable[Report], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Row]:
    """Returns reported training with everything told that a prediction needs."""
    return [
        row
        for report, one in values_of(reports, chips, FITTED)
        if report.kind_of(one) != Kind.GATE  # a pass mark is a bound, no measurement
        and (row := _row(report, one, models)) is not None
    ]


def _row(report: Report, one: Reported, models: Mapping[str, Workload]) -> Row | None:
    work = {str(key): word for key, word in one.workload.items()}
    name = model_named(work.get("model", ""))
    sizes = {key: _count(work.get(word, "")) for key, word in WANTED.items()}
    if one.quantity != "training_rate" or one.per == "die" or not one.dtype:
        return None
    if name not in models or "case" in work or not all(sizes.values()) or not _split_told(one):
        return None
    numbers = {
        **_split(work, one.count),
        **sizes,
        "chips": float(one.count),
        "sharded": float(work.get("sharding") in SHARDED),
        "recompute": float(work.get("recompute") == "full"),
        "rate": one.value.si / (one.count if one.per == "total" else 1),
    }
    words = {"chip": one.chip, "model": name, "dtype": one.dtype, "stack": report.id}
    return Row(words, numbers)


def _split(work: Mapping[str, str], chips: int) -> dict[str, float]:
    """Returns how chips shared a run, and copies (``dp``) where they are told, else 0."""
    told = {key: _count(work.get(key, "1")) for key in SPLIT} | {"dp": _count(work.get("dp", ""))}
    if told["tp"] * told["pp"] * told["cp"] * told["dp"] != DIES * chips:
        return told
    spread = {key: told[key] / DIES for key in SPREAD if told[key] > 1}
    whole = "tp" in spread and all(one.is_integer() for one in spread.values())
    return {**told, **spread} if whole else told


def _count(word: str) -> float:
    return float(word) if word.isdecimal() else 0.0


def _split_told(one: Reported) -> bool:
    """Tells whether it is told how several chips share the work."""
    return one.count == 1 or "tp" in one.workload or "sharding" in one.workload
