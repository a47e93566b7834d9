"""Serving that others reported, beside the frozen model: no time of it was fitted.

Output tokens a second of so many requests under way are turned into the time a token takes: in
steady batching concurrency / rate is a decode step with the prefills that fall to it, the request's
own among them, which TPOT has not.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

import numpy as np

from bench.evidence.model import Report, Reported
from bench.predict.learning.learn import DENSE, EXPERTS
from bench.predict.learning.others import Others, others
from bench.predict.learning.pooled import Departures
from bench.predict.learning.served import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, kind, vendors
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.precision import ITEM
from bench.predict.model.stack import Stack
from bench.workloads.load import names
from bench.workloads.model import Workload

QUANTITIES = {"serving_output": "turn", "tpot": "tpot", "decode": "decode_s"}
"""What is taken, and the time of a server that it is set beside."""
NAMED = {
    "concurrency": ("concurrency", "batch"), "input": ("input", "kv_len"), "output": ("output",),
}  # fmt: skip
"""Words for what must be told, by what it is called here."""
DIES = 2
"""Dies of a chip at the most, each of which an engine may count as a device."""
NODE = 8
"""Chips beyond which how they are divided must be told."""
UNDER_WAY = 0.5
"""Share of the requests asked for that must decode at once (rate x TPOT, by Little's law)."""
FITTED = ("inferencex-aiconfigurator", "inferencex-app", "aiconfigurator")
"""Reports of what tables of ``results/tables`` hold, too."""
Group = tuple[str, str]
"""Who measured, and the vendor of the chips where no engine was fitted on its chips."""
Logs = Mapping[Group, Sequence[float]]
"""By group, log of measured over predicted of each of its values."""
ENDINGS = ("-instruct", "-chat")


def reported_rows(
    reports: Iterable[Report], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Row]:
    """Returns reported serving with everything told that a prediction needs, as rows of TPOT.

    A rate whose requests mostly queued is not taken: of the batch that it had nobody tells.
    """
    values = values_of(reports, chips, FITTED)
    rows = [row for report, one in values if (row := _row(report, one, models)) is not None]
    tokens: dict[object, float] = {}
    for row in rows:
        if row.words["quantity"] == "tpot":
            tokens[_run(row)] = max(row["tpot_ms"], tokens.get(_run(row), 0))
    return [row for row in rows if tokens.get(_run(row), np.inf) >= UNDER_WAY * row["tpot_ms"]]


def values_of(
    reports: Iterable[Report], chips: Container[str], fitted: Container[str]
) -> Iterator[tuple[Report, Reported]]:
    """Yields what was reported of these chips, but for reports that a fit has already."""
    for report in reports:
        if report.id not in fitted:
            yield from ((report, one) for one in report.rows if one.chip in chips)


def _run(row: Row) -> tuple[object, ...]:
    """Returns what is the same where a rate and a time a token are of one run."""
    words = {key: word for key, word in row.words.items() if key != "quantity"}
    report, *_ = words.pop("stack").split()
    numbers = {key: number for key, number in row.numbers.items() if key != "tpot_ms"}
    return report, *words.items(), *numbers.items()


def _row(report: Report, one: Reported, models: Mapping[str, Workload]) -> Row | None:
    work, name = one.workload, model_named(one.workload.get("model", ""))
    asked, split = _asked(one), {key: float(work.get(key, "1")) for key in ("ep", "dp")}
    if one.quantity not in QUANTITIES or name not in models or asked is None or not one.dtype:
        return None
    tp = float(work.get("tp", one.count / split["dp"]))
    if ("tp" not in work and one.count > NODE) or max(tp, split["ep"]) > DIES * one.count:
        return None
    if tp * split["dp"] < one.count:
        return None  # pipeline stages, each with requests of its own, which no formula here has
    numbers = {
        **asked, "tp": tp, **split, "tpot_ms": 1e3 * _tpot(one, asked["concurrency"]),
    }  # fmt: skip
    cache = work.get("kv_dtype", "")
    words = {
        "chip": one.chip, "model": name, "dtype": one.dtype,
        "cache": cache if cache in ITEM else "bf16",
        "stack": f"{report.id} {one.id}", "group": report.by(one), "quantity": one.quantity,
    }  # fmt: skip
    return Row(words, numbers)


def _asked(one: Reported) -> dict[str, float] | None:
    """Returns requests under way and their lengths; None where one is not told."""
    work = {str(key): word for key, word in one.workload.items()}
    if "speculative" in work.get("case", ""):
        return None
    spare = {"output": "1"} if one.quantity == "decode" else {}
    told = {
        key: next((work[word] for word in words if word in work), spare.get(key, ""))
        for key, words in NAMED.items()
    }
    return {key: float(word) for key, word in told.items()} if _whole(told.values()) else None


def _whole(words: Iterable[str]) -> bool:
    return all(word.isdecimal() and int(word) > 0 for word in words)


def model_named(told: str) -> str:
    """Returns the workload that a report's name of a model stands for, or that name."""
    name = told.lower()
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return names().get(name, name)


def _tpot(one: Reported, concurrency: float) -> float:
    """Returns seconds a token: as reported, or concurrency over the rate of all chips."""
    if one.quantity == "tpot":
        return one.value.si
    chips = 1 if one.per == "total" else one.count
    return concurrency / (one.value.si * chips)


def by_groups(world: World, stack: Stack, parts: Mapping[str, Departures]) -> dict[str, Others]:
    """Returns, by part of serving, what became of it with others on chips of fitted vendors."""
    logs = logs_by_group(world, stack, parts)
    return _told({name: at_home(own) for name, own in logs.items()})


def at_home(logs: Logs) -> Logs:
    """Returns what hands made of serving on chips of fitted vendors."""
    return {group: own for group, own in logs.items() if not group[1]}


def by_ports(
    world: World, stack: Stack, parts: Mapping[str, Departures], without: Collection[str] = ()
) -> dict[str, Others]:
    """Returns, by part of serving, what became of it with others on any chips.

    Chips that were fitted cannot tell what a port is like: groups reach on them what the fit
    predicts, and less on others.

    Args:
        world: all that is known.
        stack: of steps.
        parts: departures of serving from it.
        without: chips that are predicted by it: neither they nor ports of their vendors tell it.
    """
    ported = {world.chips[one].vendor for one in without}
    logs = logs_by_group(world, stack, parts, without)
    return _told(
        {
            name: {group: one for group, one in own.items() if group[1] not in ported}
            for name, own in logs.items()
        }
    )


def _told(logs: Mapping[str, Logs]) -> dict[str, Others]:
    found = {name: others(groups) for name, groups in logs.items()}
    return {name: one for name, one in found.items() if one}


def logs_by_group(
    world: World, stack: Stack, parts: Mapping[str, Departures], without: Collection[str] = ()
) -> dict[str, dict[Group, list[float]]]:
    """Returns, by part and group, the log of how much longer a token took than was predicted.

    A group's chips of a vendor that has no fitted engine are a group of their own: what it makes of
    one engine is not mixed with what another vendor's is like.

    Args:
        world: all that is known.
        stack: of steps.
        parts: departures of serving from it.
        without: chips that tell nothing.
    """
    known = vendors(world)
    rows = [row for row in world.reported if row.chip not in without]
    logs: dict[str, dict[Group, list[float]]] = {DENSE: {}, EXPERTS: {}}
    for row, error in zip(rows, log_errors(world, rows, stack), strict=True):
        if np.isfinite(error):
            name, chip = kind(world, row), world.chips[row.chip]
            means, _ = parts[name].predicted([chip.labels])
            group = row.words["group"], "" if chip.vendor in known else chip.vendor
            logs[name].setdefault(group, []).append(-float(error + means[0]))
    return logs


def log_errors(world: World, rows: Sequence[Row], stack: Stack) -> Array:
    """Returns log of predicted over measured time; nan where a sheet says too little."""
    measured = np.log([row["tpot_ms"] * 1e-3 for row in rows])
    return np.asarray(np.log(_served(world, rows, stack)) - measured)


def _served(world: World, rows: Sequence[Row], stack: Stack) -> Array:
    """Returns the time a token takes in what was reported: TPOT, or concurrency over the rate."""
    wanted = np.array([QUANTITIES[row.words["quantity"]] for row in rows])
    told = np.full(len(rows), np.nan)
    for what in dict.fromkeys(wanted):
        own = [row for row, one in zip(rows, wanted, strict=True) if one == what]
        told[wanted == what] = served(own, world.chips, world.models, stack, what=what)
    return told
