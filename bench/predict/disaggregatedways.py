"""Ways to serve with prefill on chips of its own: workers of each side, and how many of each.

A worker is a copy of the model, or a set of copies that share experts. Each side has equal workers
of 1, 2, 4, ... chips, and together they use all chips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bench.errors import UsageError
from bench.predict.candidates import Way, way_of
from bench.predict.disaggregated import PrefillSide, joined, prefill_room, prefill_side, transfers
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt
from bench.predict.model.facts import Facts, facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.scenario import Prefill
from bench.predict.ways import ServingGoal, requests, workers


@dataclass(frozen=True)
class Pair:
    """A kind of worker for each side.

    Attributes:
        prefill: worker for prefill.
        decode: worker that decodes.
        counts: every two numbers of workers, for prefill and to decode, that use all chips.
    """

    prefill: Parallel
    decode: Parallel
    counts: tuple[tuple[int, int], ...]


def pairs(goal: ServingGoal) -> list[Pair]:
    """Returns the kinds of workers that together can use all chips."""
    sizes = [2**power for power in range(goal.devices.bit_length()) if 2**power < goal.devices]
    every = [one for size in sizes for one in workers(goal.workload, size)]
    both = ((fill, decode) for fill in every for decode in every)
    found = (Pair(*one, _counts(*one, goal.devices)) for one in both)
    return [one for one in found if one.counts]


def _counts(prefill: Parallel, decode: Parallel, devices: int) -> tuple[tuple[int, int], ...]:
    """Returns every two numbers of workers that use all chips."""
    most = (devices - decode.chips) // prefill.chips
    left = ((count, devices - count * prefill.chips) for count in range(1, most + 1))
    return tuple((count, rest // decode.chips) for count, rest in left if not rest % decode.chips)


def disaggregated_ways(
    chip: Facts, goal: ServingGoal, known: Learnt, tried: Sequence[Pair]
) -> list[Way]:
    """Returns the ways to choose from, with a point for each number of concurrent requests.

    Of each pair of workers, only the numbers of them are there that sustain most at any point.

    Raises:
        UsageError: a sheet lacks a figure or a number format that the prediction requires.
    """
    fills = _prefills(chip, goal, known, dict.fromkeys(one.prefill for one in tried))
    decodes = _decodes(chip, goal, known, tried)
    return [
        way
        for one in tried
        if one.prefill in fills
        for way in _matched(one, fills[one.prefill], decodes)
    ]


def _prefills(
    chip: Facts, goal: ServingGoal, known: Learnt, splits: Iterable[Parallel]
) -> dict[Parallel, PrefillSide]:
    """Returns a worker for prefill of each kind that holds the model, and no other surpasses.

    Raises:
        UsageError: its sheet has no memory capacity.
    """
    on = facts(goal.prefill_chip) if goal.prefill_chip else chip
    if on.capacity is None:
        raise UsageError(f"{on.chip}: unknown, because its sheet has no memory capacity")
    found: dict[Parallel, PrefillSide] = {}
    for split in splits:
        asked = goal.scenario(split, [split.dp], Prefill(split, goal.prefill_chip))
        if prefill_room(on, asked).fits:
            found[split] = prefill_side(chip, asked, known)
    return {split: one for split, one in found.items() if not _surpassed(one, found.values())}


def _surpassed(one: PrefillSide, others: Iterable[PrefillSide]) -> bool:
    """Tells whether a worker on as many chips has a higher rate and a lower TTFT."""
    rate, first = _worth(one)
    rivals = (_worth(other) for other in others if other.chips == one.chips)
    return any(more > rate and less < first for more, less in rivals)


def _worth(one: PrefillSide) -> tuple[float, float]:
    """Returns the rate of a worker and its TTFT."""
    return float(one.tokens_per_s[0]), float(one.single.ttft.seconds[0]) if one.single.ttft else 0.0


Decodes = dict[tuple[Parallel, int], Prediction]
"""Predictions of the chips that decode, by worker and number of workers."""


def _decodes(chip: Facts, goal: ServingGoal, known: Learnt, tried: Iterable[Pair]) -> Decodes:
    """Returns the chips that decode, for each kind and number of workers that hold the requests."""
    wanted = dict.fromkeys((one.decode, count) for one in tried for _, count in one.counts)
    workers_: dict[Parallel, Prediction | None] = {}
    found: Decodes = {}
    for worker, count in wanted:
        split = replace(worker, dp=worker.dp * count)
        if goal.batch:
            one = _decode(chip, goal, known, split)
        else:
            if worker not in workers_:
                workers_[worker] = _decode(chip, goal, known, worker)
            one = workers_[worker]
            one = _several(one, split, count) if one else None
        if one:
            found[worker, count] = one
    return found


def _decode(chip: Facts, goal: ServingGoal, known: Learnt, split: Parallel) -> Prediction | None:
    """Returns the prediction of chips that decode only; None if they hold no request."""
    batch = requests(chip, goal, split)
    prefill = Prefill(Parallel(), goal.prefill_chip)  # stands in for any
    return forecast(chip, goal.scenario(split, batch, prefill), known) if batch else None


def _several(one: Prediction, split: Parallel, count: int) -> Prediction:
    """Returns the prediction of several workers, each with as many requests as the one given."""
    scenario = replace(one.scenario, split=split, batch=one.scenario.batch * count)
    return replace(one, scenario=scenario, tokens_per_s=one.tokens_per_s * count)


def _matched(pair: Pair, fill: PrefillSide, decodes: Decodes) -> list[Way]:
    """Returns both sides together, with the numbers of workers that sustain most at any point."""
    found = [
        (count, decodes[pair.decode, other])
        for count, other in pair.counts
        if (pair.decode, other) in decodes
    ]
    if len({len(one.tokens_per_s) for _, one in found}) != 1:  # none, or batch= too large for some
        return [way_of(_together(fill, *one)) for one in found]
    rates, ttft = _sustained(fill, found)
    return [
        Way(found[place][1].seconds, ttft, rates[place], partial(_together, fill, *found[place]))
        for place in np.unique(np.argmax(rates, axis=0)).tolist()
    ]


def _sustained(fill: PrefillSide, found: Sequence[tuple[int, Prediction]]) -> tuple[Array, Array]:
    """Returns what ``joined`` does of tokens/s and TTFT, for all numbers of workers at once.

    Returns:
        Tokens/s (numbers, points), and TTFT in s, which the numbers share (points,).
    """
    (count, decode), split = found[0], fill.single.scenario.split
    chips = count * fill.chips + decode.scenario.split.chips
    (filling_s, decoding_s), _ = transfers(decode, fill, chips)
    first = fill.single.ttft.seconds if fill.single.ttft else 0.0
    counts = np.array([[count] for count, _ in found])
    copies = np.array([[one.scenario.split.dp] for _, one in found])
    sends = decode.scenario.output / np.maximum(
        filling_s / (split.dp * counts), decoding_s / copies
    )
    rates = np.array([one.tokens_per_s for _, one in found])
    tokens = np.minimum(np.minimum(rates, fill.tokens_per_s * counts), sends)
    return tokens, first + np.maximum(filling_s, decoding_s)


def _together(fill: PrefillSide, count: int, decode: Prediction) -> Prediction:
    """Returns the prediction of this number of workers for prefill, and those that decode."""
    scenario, side = decode.scenario, fill.times(count)
    chip = scenario.prefill.chip if scenario.prefill else None
    prefill = Prefill(side.single.scenario.split, chip)
    return joined(replace(decode, scenario=replace(scenario, prefill=prefill)), side)
