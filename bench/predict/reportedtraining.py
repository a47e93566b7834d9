"""Training that others reported, as rows of a table: no rate of it was fitted."""

from collections.abc import Iterable, Mapping

from bench.evidence.model import Kind, Report, Reported
from bench.predict.facts import Facts
from bench.predict.reported import model_named, values_of
from bench.predict.tables import Row
from bench.workloads.model import Workload

FITTED = ("torchtitan-h100", "torchtitan-h200")
"""Reports of what tables of ``results/tables`` hold, too."""
SAME = {"llama-7b": "llama-2-7b", "llama-13b": "llama-2-13b"}
"""Models of another's shape that only training was reported of."""
WANTED = {"length": "seq", "micro": "micro_batch", "batch": "global_batch"}
SPLIT = ("tp", "pp", "cp", "ep", "vp")
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
    told = model_named(work.get("model", ""))
    name = SAME.get(told, told)
    sizes = {key: _count(work.get(word, "")) for key, word in WANTED.items()}
    if one.quantity != "training_rate" or one.per == "die" or not one.dtype:
        return None
    if name not in models or "case" in work or not all(sizes.values()) or not _split_told(one):
        return None
    numbers = {
        **{key: _count(work.get(key, "1")) for key in SPLIT},
        **sizes,
        "chips": float(one.count),
        "sharded": float(work.get("sharding") in SHARDED),
        "recompute": float(work.get("recompute") == "full"),
        "rate": one.value.si / (one.count if one.per == "total" else 1),
    }
    if numbers["tp"] * numbers["pp"] * numbers["cp"] > one.count:
        return None
    words = {"chip": one.chip, "model": name, "dtype": one.dtype, "stack": report.id}
    return Row(words, numbers)


def _count(word: str) -> float:
    return float(word) if word.isdecimal() else 0.0


def _split_told(one: Reported) -> bool:
    """Tells whether it is told how several chips share the work."""
    return one.count == 1 or "tp" in one.workload or "sharding" in one.workload
