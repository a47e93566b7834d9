"""Serving reported by others, for comparison with the frozen model: none of it was fitted.

A rate of output tokens per second at a given concurrency is converted to the time per token. In
steady continuous batching, concurrency / rate is a decode step plus the prefills that it has to
wait for. Unlike TPOT, it includes the request's own prefill.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

import numpy as np

from bench.evidence.model import Defect, Report, Reported
from bench.predict.learning.departure import SOFTWARE
from bench.predict.learning.learn import DENSE, EXPERTS, serving_part
from bench.predict.learning.othergroups import OtherGroups, other_groups, shrunk
from bench.predict.learning.pooling import Departures
from bench.predict.learning.servingrows import served
from bench.predict.learning.tables import Row
from bench.predict.learning.world import World, vendors
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.precision import ITEM
from bench.predict.model.stack import Stack
from bench.workloads.load import names, shape_name
from bench.workloads.model import Workload

QUANTITIES = {"serving_output": "turn", "tpot": "tpot", "decode": "decode_s"}
"""Reported quantities that are used, and the attribute of ``Served`` that each is compared with."""
FIRST = "ttft"
"""The reported quantity of TTFT."""
NAMED = {
    "concurrency": ("concurrency", "batch"), "input": ("input", "kv_len"), "output": ("output",),
}  # fmt: skip
"""Numbers that a report must give: name here, and possible keys in the report's workload."""
DIES = 2
"""Largest number of dies per chip; an engine may count each die as a device."""
SPREAD = ("tp", "ep")
"""Kinds of parallelism that are spread over the dies of a chip first."""
NODE = 8
"""Number of chips above which a report must say how they are divided."""
UNDER_WAY = 0.5
"""Least share of the requested concurrency that must decode at once (rate x TPOT, Little's law)."""
UNLIKE = ("speculative", "share a prefix")
"""Words for work that the model does not have."""
FITTED = ("inferencex-aiconfigurator", "inferencex-app", "aiconfigurator")
"""Reports whose values are also in ``results/tables``."""
ALONE_SET_ON = (
    "lmdeploy-a100-fp16", "nim-llama-3.3-70b", "tt-inference-server-gpus", "yobitel-inferencebench",
)  # fmt: skip
"""Reports that ``ttft.ALONE_S`` was set on, so that their TTFT tests nothing."""
Group = tuple[str, str]
"""Who measured, and the vendor of the chips if no engine was fitted on it (otherwise "")."""
Logs = Mapping[Group, Sequence[float]]
"""Log of measured over predicted time of each value, by group."""


def reported_rows(
    reports: Iterable[Report], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Row]:
    """Returns reported serving that states all that a prediction needs, as rows with a TPOT.

    Rates of runs in which most requests queued are left out, because their actual batch is unknown.
    """
    values = values_of(reports, chips, FITTED)
    served_ = ((report, value) for report, value in values if value.quantity in QUANTITIES)
    rows = [row for report, value in served_ if (row := _row(report, value, models)) is not None]
    tpots: dict[object, float] = {}
    for row in rows:
        if row.words["quantity"] == "tpot":
            tpots[_run(row)] = max(row["tpot_ms"], tpots.get(_run(row), 0))
    return [row for row in rows if tpots.get(_run(row), np.inf) >= UNDER_WAY * row["tpot_ms"]]


def reported_first(
    reports: Iterable[Report], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> list[Row]:
    """Returns reported TTFT of requests that have the chips to themselves, as rows of serving."""
    values = values_of(reports, chips, (*FITTED, *ALONE_SET_ON))
    firsts = ((report, value) for report, value in values if value.quantity == FIRST)
    rows = [_row(report, value, models) for report, value in firsts]
    return [row for row in rows if row and row["concurrency"] == 1]


def values_of(
    reports: Iterable[Report], chips: Container[str], fitted: Container[str]
) -> Iterator[tuple[Report, Reported]]:
    """Yields the reported values of these chips, except from reports that a fit already uses."""
    for report in reports:
        if report.id not in fitted:
            yield from ((report, value) for value in report.rows if value.chip in chips)


def _run(row: Row) -> tuple[object, ...]:
    """Returns a key that is equal for a rate and a TPOT of the same run."""
    words = {key: word for key, word in row.words.items() if key != "quantity"}
    report, *_ = words.pop("stack").split()
    numbers = {key: number for key, number in row.numbers.items() if key != "tpot_ms"}
    return report, *words.items(), *numbers.items()


def _row(report: Report, value: Reported, models: Mapping[str, Workload]) -> Row | None:
    """Returns a reported value as a row of serving; None if it does not state enough.

    Software before its release is left out: it says nothing of what the chip will do.
    """
    work, model = value.workload, model_named(value.workload.get("model", ""))
    if value.quantity not in (*QUANTITIES, FIRST) or model not in models or not value.dtype:
        return None
    if Defect.PRERELEASE in value.defects:
        return None
    load, split = _load(value), _split(value)
    if load is None or split is None:
        return None
    if value.quantity == FIRST:
        numbers = {**load, **split, "ttft_ms": 1e3 * value.value.si}
    else:
        numbers = {**load, **split, "tpot_ms": 1e3 * _tpot(value, load["concurrency"])}
    cache = work.get("kv_dtype", "")
    words = {
        "chip": value.chip, "model": model, "dtype": value.dtype,
        "kv_dtype": cache if cache in ITEM else "bf16",
        "stack": f"{report.id} {value.id}", "group": report.by(value), "quantity": value.quantity,
    }  # fmt: skip
    return Row(words, numbers)


def _split(value: Reported) -> dict[str, float] | None:
    """Returns tp, ep and dp; None if not stated, or in a form that the model does not have.

    A split that leaves chips over means pipeline stages, each with requests of its own. What one
    die of a chip serves by itself is no split of whole chips.
    """
    work, chips = value.workload, value.count
    if value.per == "die":
        return None
    ep, dp = (float(work.get(key, "1")) for key in ("ep", "dp"))
    tp = float(work.get("tp", chips / dp))
    if ("tp" not in work and chips > NODE) or max(tp, ep) > DIES * chips or tp * dp < chips:
        return None
    split = {"tp": tp, "ep": ep, "dp": dp}
    return over_whole_chips(split) if tp * dp == DIES * chips else split


def over_whole_chips(split: Mapping[str, float]) -> dict[str, float]:
    """Returns a split over dies as one over chips of two dies; unchanged if that has no whole form.

    Sheets describe whole chips. What is spread over the two dies of one (tensor parallelism, and
    experts, of which a chip then has twice as many) is the same work on the chip. Communication
    between its dies is internal; its cost is on no sheet.
    """
    halved = {key: split[key] / DIES for key in SPREAD if split[key] > 1}
    whole = "tp" in halved and all(number.is_integer() for number in halved.values())
    return {**split, **halved} if whole else dict(split)


def _load(value: Reported) -> dict[str, float] | None:
    """Returns concurrency and lengths in tokens; None if one is missing, or for ``UNLIKE`` work."""
    work = {str(key): word for key, word in value.workload.items()}
    if any(word in work.get("case", "") for word in UNLIKE):
        return None
    defaults = {"output": "1"} if value.quantity in ("decode", FIRST) else {}
    if value.quantity == FIRST and "requests" not in work:  # of one prompt, if it tells of no more
        defaults["concurrency"] = "1"
    stated = {
        name: next((work[key] for key in keys if key in work), defaults.get(name, ""))
        for name, keys in NAMED.items()
    }
    if not _are_counts(stated.values()):
        return None
    return {name: float(word) for name, word in stated.items()}


def _are_counts(words: Iterable[str]) -> bool:
    return all(word.isdecimal() and int(word) > 0 for word in words)


def model_named(reported: str) -> str:
    """Returns the id of the workload that a report's model name stands for, else that name."""
    name = shape_name(reported)
    return names().get(name, name)


def _tpot(value: Reported, concurrency: float) -> float:
    """Returns the time per token in s: as reported, or concurrency over the rate of all chips."""
    if value.quantity == "tpot":
        return value.value.si
    chips = 1 if value.per == "total" else value.count
    return concurrency / (value.value.si * chips)


def by_groups(
    world: World, stack: Stack, parts: Mapping[str, Departures]
) -> dict[str, OtherGroups]:
    """Returns how other groups' serving compares on chips of fitted vendors, by part."""
    logs = logs_by_group(world, stack, parts)
    return _distributions({name: on_fitted_vendors(groups) for name, groups in logs.items()})


def on_fitted_vendors(logs: Logs) -> Logs:
    """Returns the values that were measured on chips of fitted vendors."""
    return {group: values for group, values in logs.items() if not group[1]}


def by_ports(
    world: World, stack: Stack, parts: Mapping[str, Departures], without: Collection[str] = ()
) -> dict[str, OtherGroups]:
    """Returns how other groups' serving compares on chips of vendors that were not fitted, by part.

    Args:
        world: all data.
        stack: fitted on steps.
        parts: departures of serving from the stack.
        without: chips to be predicted: they are left out, and so are ports to their vendors' chips.
    """
    left_out = {world.chips[chip].vendor for chip in without}
    logs = logs_by_group(world, stack, parts, without)
    found = {
        name: port_groups({key: own for key, own in groups.items() if key[1] not in left_out})
        for name, groups in logs.items()
    }
    return {name: one for name, one in found.items() if one}


def port_groups(logs: Logs) -> OtherGroups | None:
    """Returns how ports compare; of all groups together if too few ported, None if too few in all.

    Groups on fitted vendors' chips alone cannot show how ports perform: they reach what the fit
    predicts, and ports less.
    """
    home = other_groups(on_fitted_vendors(logs))
    ports = other_groups({group: values for group, values in logs.items() if group[1]})
    return shrunk(ports, home, SOFTWARE) if ports and home else other_groups(logs)


def _distributions(logs: Mapping[str, Logs]) -> dict[str, OtherGroups]:
    """Returns the distribution over groups by part, for parts with enough groups."""
    found = {name: other_groups(groups) for name, groups in logs.items()}
    return {name: one for name, one in found.items() if one}


def logs_by_group(
    world: World, stack: Stack, parts: Mapping[str, Departures], without: Collection[str] = ()
) -> dict[str, dict[Group, list[float]]]:
    """Returns the log of measured over predicted time per token, by part and group.

    Results on chips of a vendor without a fitted engine count as a group of their own, so that a
    group's results with one engine are not mixed with those of a port.

    Args:
        world: all data.
        stack: fitted on steps.
        parts: departures of serving from the stack.
        without: chips to leave out.
    """
    known = vendors(world)
    rows = world.reported_serving
    if stack not in world.errors:
        world.errors[stack] = tuple(log_errors(world, rows, stack).tolist())
    logs: dict[str, dict[Group, list[float]]] = {DENSE: {}, EXPERTS: {}}
    for row, error in zip(rows, world.errors[stack], strict=True):
        if row.chip not in without and np.isfinite(error):
            name, chip = serving_part(row, world.models), world.chips[row.chip]
            means, _ = parts[name].predicted([chip.labels])
            group = row.words["group"], "" if chip.vendor in known else chip.vendor
            logs[name].setdefault(group, []).append(-float(error + means[0]))
    return logs


def log_errors(world: World, rows: Sequence[Row], stack: Stack) -> Array:
    """Returns log of predicted over measured time of each row; NaN if a sheet lacks a figure."""
    measured = np.log([row["tpot_ms"] * 1e-3 for row in rows])
    return np.asarray(np.log(_predicted(world, rows, stack)) - measured)


def _predicted(world: World, rows: Sequence[Row], stack: Stack) -> Array:
    """Returns the predicted time per token in s: TPOT, concurrency over rate, or a decode step."""
    wanted = np.array([QUANTITIES[row.words["quantity"]] for row in rows])
    seconds = np.full(len(rows), np.nan)
    for what in dict.fromkeys(wanted):
        alike = [row for row, one in zip(rows, wanted, strict=True) if one == what]
        seconds[wanted == what] = served(alike, world.chips, world.models, stack, what=what)
    return seconds
