"""Disaggregated serving, predicted from steps and from serving on the same chips, without a refit.

The concurrency of a run stands for the batch of the chips that decode, as in other serving, so TPOT
is tested where most requests decode at a time. The rate is tested in all runs: what the chips for
prefill sustain, or one turn of all requests under way, whichever is lower. TTFT is tested where few
requests wait for their prefill.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import UsageError
from bench.predict.learning.departure import departure, has_fitted_vendor
from bench.predict.learning.learn import DENSE, EXPERTS, SERVING, Learnt, serving_part
from bench.predict.learning.reportedserving import by_ports
from bench.predict.learning.servingrows import as_served
from bench.predict.learning.tables import PREFILL, Row, decoding
from bench.predict.learning.world import World
from bench.predict.model.disaggregated import WIDER, prefill_step, rate_between, transfer_bytes
from bench.predict.model.operators import Points
from bench.predict.model.parallel import Parallel
from bench.predict.model.stack import IDEAL, Stack
from bench.predict.model.step import step
from bench.predict.validation.errorfile import SIDES
from bench.predict.validation.errors import Outcome
from bench.predict.validation.serving import engine, expected_departures, shares
from bench.predict.validation.ttft import first_shares
from bench.predict.validation.ways import LIMITS, Run, chosen, runs

TPOT, RATE, FIRST = (f"disaggregated serving, {one}" for one in ("TPOT", "tokens/s", "TTFT"))
"""Names of the parts that test times and rates."""
FEW = 4
"""Most requests under way per copy for prefill at which TTFT is tested; in most runs all requests
start at once, and far more wait."""
NOTES = {
    TPOT: (
        "runs with prefill on chips of its own, mostly of DeepSeek-R1, predicted from serving with "
        "prefill in between; where most requests were decoding"
    ),
    RATE: "the same runs and those in which most requests waited for their prefill",
    FIRST: (
        f"the runs of them with at most {FEW} requests per copy for prefill, all started at once; "
        "the two constants of a request by itself were set on them, so they do not test these"
    ),
}
CHOICE_NOTE = (
    "of serving with prefill and decode on the same chips and on chips of their own, both run by "
    "one engine's makers on a chip, the one predicted to give most tokens/s a chip within a limit "
    "of TPOT (10, 20, 30, 50, 100 ms); rules of thumb: the same chips, and chips of their own"
)
TOGETHER, DISAGGREGATED = (1, 1, 1), (2, 1, 1)
"""Stand in for the way of a run: with prefill on the chips that decode, or on others."""
MAKERS = {"dynamo-trtllm": "trtllm", "dynamo-sglang": "sglang", "mori-sglang": "sglang"}
"""The engine that each disaggregated stack runs."""


@dataclass(frozen=True)
class Times:
    """Predicted times of one run, s.

    Attributes:
        tpot: a decode step of all requests.
        first: prefill of one request by itself.
        prompt: time per prompt of all chips for prefill together.
        transfer: transfer of a prompt's cache.
    """

    tpot: float
    first: float
    prompt: float
    transfer: float

    def rate(self, row: Row) -> float:
        """Returns tokens/s per chip of a run."""
        turn = self.first + row["output"] * self.tpot
        return row["output"] * min(row["concurrency"] / turn, 1 / self.prompt) / chips(row)


def chips(row: Row) -> float:
    """Returns the number of chips of both sides of a disaggregated run."""
    return row[f"{PREFILL}tp"] * row[f"{PREFILL}dp"] + row["tp"] * row["dp"]


def measured_rate(row: Row) -> float:
    """Returns measured tokens/s per chip; by Little's law where the table does not have it."""
    turn_ms = row["ttft_ms"] + row["tpot_ms"] * (row["output"] - 1)
    return row["tok_s_gpu"] or row["concurrency"] * row["output"] / turn_ms * 1e3 / chips(row)


def times(world: World, row: Row, stack: Stack, factor: float, shift: float = 0.0) -> Times | None:
    """Returns the predicted times of a disaggregated run; None if a sheet lacks a figure.

    Args:
        world: with the chips and models.
        row: the run.
        stack: software stack.
        factor: how much longer a prefill takes than its step, as fitted on TTFT.
        shift: the chip's log departure.
    """
    chip, model = world.chips[row.chip], world.models[row.words["model"]]
    fill, decode = (
        Parallel(int(row[f"{start}tp"]), 1, int(row[f"{start}dp"]), int(row[f"{start}ep"]))
        for start in (PREFILL, "")
    )
    prompt, batch = np.array([row["input"]]), np.array([row["concurrency"]])
    points = Points(batch, prompt + row["output"] / 2)
    alone = Points(np.array([float(fill.dp)]), prompt)
    try:
        formats = as_served(row.words["dtype"], chip, model)
        decoding_ = step(chip, model, "decode", points, formats, decode, stack)
        single = step(chip, model, "prefill", alone, formats, fill, stack)
        joint = prefill_step(chip, model, prompt, formats, fill, stack)
    except UsageError:
        return None
    on_stack = decoding_.seconds, single.seconds * factor, joint.seconds(factor)
    tpot, first, each = (float(one[0]) * math.exp(shift) for one in on_stack)
    sent = transfer_bytes(model, formats, prompt, (fill, decode))
    bandwidth, _ = rate_between(chip, chip, fill.chips + decode.chips)
    return Times(tpot, first, each, float(sent[0]) / bandwidth)


def disaggregated_parts(
    world: World, known: Learnt
) -> Iterator[tuple[str, Sequence[Outcome], str]]:
    """Yields the name of each part, its cases and a note."""
    times_and_rates = disaggregated(world, known)
    yield from ((name, cases, NOTES[name]) for name, cases in times_and_rates.items())
    yield FIRST, disaggregated_first_tokens(world, known), NOTES[FIRST]
    yield SIDES, sides_chosen(world, known), CHOICE_NOTE


def disaggregated(world: World, known: Learnt) -> dict[str, list[Outcome]]:
    """Returns TPOT and tokens/s of disaggregated runs, by name of the part.

    Args:
        world: with the runs.
        known: fitted on serving and steps, none of it disaggregated.
    """
    found: dict[str, list[Outcome]] = {TPOT: [], RATE: []}
    rows = [row for row in world.disaggregated if row.chip in world.chips]
    steady, share = set(map(id, decoding(rows))), shares(world, world.serving)
    parts = {name: known.parts[name] for name in (DENSE, EXPERTS)}
    expected = {
        chip: expected_departures(world, chip, parts, known.stack)
        for chip in dict.fromkeys(row.chip for row in rows)
    }
    for row in rows:
        name = serving_part(row, world.models)
        shift, alone = expected[row.chip][name]
        halves = tuple(one + WIDER for one in alone)
        ours = times(world, row, known.stack, known.first[name][0].prefill, shift)
        paper = times(world, row, IDEAL, 1.0)
        if not ours or not paper:
            continue

        def outcome(measured: float, predicted: float, ideal: float, usual: float) -> Outcome:
            """Returns the case of one value of the run."""
            log = math.log(ideal / measured)
            error = math.log(predicted / measured)
            return Outcome(row.chip, engine(row), error, halves, (log, log + usual))  # noqa: B023

        if id(row) in steady:
            tpot = row["tpot_ms"] * 1e-3
            found[TPOT].append(outcome(tpot, ours.tpot, paper.tpot, share[name]))
        rates = measured_rate(row), ours.rate(row), paper.rate(row)
        found[RATE].append(outcome(*rates, -share[name]))
    return found


def disaggregated_first_tokens(world: World, known: Learnt) -> list[Outcome]:
    """Returns TTFT of disaggregated runs in which few requests wait for their prefill."""
    share = first_shares(world, world.data[SERVING].rows)
    parts = {name: known.parts[name] for name in (DENSE, EXPERTS)}
    found = []
    for row in world.disaggregated:
        if row["concurrency"] > FEW * row[f"{PREFILL}dp"]:
            continue
        name, chip = serving_part(row, world.models), world.chips[row.chip]
        fit, part = known.first[name]
        ports = None
        if not has_fitted_vendor(chip, part):
            ports = by_ports(world, known.stack, parts, {row.chip}).get(name)
        shift, halves = departure(chip, part, known.stack, ports)
        ours, paper = (times(world, row, stack, 1.0) for stack in (known.stack, IDEAL))
        if ours and paper:
            measured = row["ttft_ms"] * 1e-3
            seconds = float(fit.alone(np.array(ours.first))) * math.exp(shift) + ours.transfer
            log = math.log(paper.first / measured)
            error, rivals = math.log(seconds / measured), (log, log + share[name])
            found.append(Outcome(row.chip, engine(row), error, halves, rivals))
    return found


def sides_chosen(world: World, known: Learnt) -> list[Outcome]:
    """Returns a case for each choice between prefill on the same chips and on chips of their own.

    It is made for one chip, model, number format, engine, prompt length and output length, within
    one limit of TPOT. The case is the measured rate of the side chosen over that of the better one.
    """
    groups: dict[tuple[str, ...], list[Run]] = {}
    for row, run in runs(world, [*world.serving, *world.unfitted_serving]):
        groups.setdefault(_same(row), []).append(replace(run, way=TOGETHER))
    for row in world.disaggregated:
        factor = known.first[serving_part(row, world.models)][0].prefill
        found = times(world, row, known.stack, factor)
        if found and _same(row) in groups:
            tpot, rate = row["tpot_ms"] * 1e-3, measured_rate(row)
            groups[_same(row)].append(Run(DISAGGREGATED, tpot, rate, found.tpot, found.rate(row)))
    return [
        case
        for (chip, *rest), own in groups.items()
        for limit in LIMITS
        for case in chosen(chip, " ".join((rest[0], rest[2], rest[1])), own, limit)
    ]


def _same(row: Row) -> tuple[str, ...]:
    """Returns a key that is equal for runs of the same work by the same engine."""
    stack = row.words["stack"].split()[0]
    words = row.words["model"], row.words["dtype"], MAKERS.get(stack, stack)
    return (row.chip, *words, f"{row['input']:g}", f"{row['output']:g}")
