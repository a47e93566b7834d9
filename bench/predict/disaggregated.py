"""Serving with prefill and decode on chips of their own: both sides' predictions, joined.

TPOT is that of the chips that decode, without prefills in between. TTFT is that of the chips for
prefill, with one request at a time, and the transfer of the prompt's cache. The rate is the least
of three: what a full batch of the chips that decode sustains, what chips that do nothing but
prefill do, and what the links between them do. Where it is not the first, fewer requests decode at
a time than asked for (Little's law), and TPOT and power are those of that batch. Nothing is fitted
on disaggregated runs, which validation tests, but the interval's ``WIDER`` and the constants of a
lone request's TTFT.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from bench.predict.assumptions import UNKNOWN_NETWORK, network_assumed
from bench.predict.forecast import FirstToken, Interval, Prediction, forecast
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt
from bench.predict.learning.pooling import COVERAGES
from bench.predict.model.capacity import Room, room
from bench.predict.model.disaggregated import (
    WIDER,
    prefill_step,
    rate_between,
    transfer_bytes,
)
from bench.predict.model.facts import Facts, facts
from bench.predict.model.operators import Array
from bench.predict.model.pipeline import prompts_at_once
from bench.predict.model.step import Step
from bench.predict.scenario import Prefill, Scenario
from bench.predict.tiers import Tier
from bench.predict.uncertainty import sheet_half

ROUNDS = 30
"""At most this many rounds to find the requests that decode at a time."""


@dataclass(frozen=True)
class PrefillSide:
    """The chips for prefill; arrays have one value per point.

    Attributes:
        single: prediction of one request at a time on these chips.
        step: step of as many prompts as a chunk holds, without the chip's departure.
        prompt_s: time per prompt, of all copies together, s.
        tokens_per_s: output tokens/s that the chips have prompts processed for.
        rate_interval: interval of ``tokens_per_s``.
        transfer_s: time to send a prompt's cache, s.
        busy: share of the time that these chips work; 1: they limit the rate.
        decode_busy: share of the time that the chips that decode work, with ``decoding`` requests.
        sending: share of the time that the links between them carry caches.
        decoding: requests that decode at a time; fewer than asked for where prefill or transfer
            limits the rate.
    """

    single: Prediction
    step: Step
    prompt_s: Array
    tokens_per_s: Array
    rate_interval: Interval
    transfer_s: Array
    busy: Array
    decode_busy: Array
    sending: Array
    decoding: Array

    @property
    def chip(self) -> Facts:
        """Returns the chip for prefill."""
        return self.single.chip

    def limiting(self, place: int) -> str:
        """Returns what limits the rate at one point: ``decode``, ``prefill`` or ``transfer``."""
        shares = {"prefill": self.busy, "transfer": self.sending, "decode": self.decode_busy}
        return max(shares, key=lambda key: float(shares[key][place]))

    @property
    def chips(self) -> int:
        """Returns the number of chips for prefill."""
        return self.single.scenario.chips

    def times(self, count: int) -> "PrefillSide":
        """Returns as many such sides, with their prompts divided over them."""
        scenario = self.single.scenario
        split = replace(scenario.split, dp=scenario.split.dp * count)
        single = replace(self.single, scenario=replace(scenario, split=split))
        rate = self.tokens_per_s * count
        return replace(self, single=single, prompt_s=self.prompt_s / count, tokens_per_s=rate)

    def room(self, place: int = 0) -> Room:
        """Returns the use of one chip's memory at one point, with the prompts of a step."""
        return prefill_room(self.chip, self.single.scenario, place)


def prefill_room(chip: Facts, scenario: Scenario, place: int = 0) -> Room:
    """Returns the use of the memory of a chip that does nothing but prefill.

    Args:
        chip: the chip for prefill.
        scenario: with ``split`` as that of prefill.
        place: index of the point.
    """
    split, prompt = scenario.split, scenario.prompt[place]
    prompts = split.dp * float(prompts_at_once(prompt))
    return room(chip, scenario.workload, scenario.precision, split, prompts, int(prompt))


def predicted(chip: Facts, scenario: Scenario, known: Learnt) -> Prediction:
    """Returns the prediction for one chip, with prefill on chips of their own or not.

    Raises:
        UsageError: the sheet lacks a figure or a number format that the prediction requires.
    """
    found = forecast(chip, scenario, known)
    if not scenario.prefill:
        return found
    return _settled(joined(found, prefill_side(chip, scenario, known)), known)


def _settled(found: Prediction, known: Learnt) -> Prediction:
    """Returns a prediction with the requests that decode at a time where decode does not limit it.

    These are the rate times TPOT, which depends on them in turn: from the requests asked for, a few
    rounds of both come within 0.1%. A copy has one request at least.
    """
    side, asked = found.prefill, found.scenario
    if side is None or not (waits := side.decode_busy < 1.0).any():
        return found
    one, batch = found, asked.batch
    for _ in range(ROUNDS):
        fewer = np.clip(found.tokens_per_s * one.seconds, np.minimum(asked.split.dp, batch), batch)
        last, batch = batch, np.where(waits, fewer, asked.batch)
        one = forecast(found.chip, replace(asked, batch=batch), known)
        if np.allclose(batch, last, rtol=1e-3):
            break
    busy = np.minimum(found.tokens_per_s / one.tokens_per_s, 1.0)
    return replace(
        found, seconds=one.seconds, sheet_half=one.sheet_half, work=one.work, turn=one.turn,
        prefill=replace(side, decode_busy=busy, decoding=batch),
    )  # fmt: skip


def prefill_side(chip: Facts, scenario: Scenario, known: Learnt) -> PrefillSide:
    """Returns what the chips for prefill of a scenario sustain, if nothing else limits them.

    Args:
        chip: the chip that decodes, which does the prefill if the scenario names no other.
        scenario: with ``prefill``.
        known: the fitted model.

    Raises:
        UsageError: the sheet lacks a figure or a number format that the prediction requires.
    """
    own = scenario.prefill or Prefill(scenario.split)
    on = facts(own.chip) if own.chip else chip
    one = np.full_like(scenario.prompt, own.split.dp)
    alone = replace(scenario, split=own.split, batch=one, prefill=None)
    single = forecast(on, alone, known)
    work = prefill_step(
        on, scenario.workload, scenario.prompt, scenario.precision, own.split, known.stack
    )
    fit, _ = known.first[EXPERTS if scenario.workload.experts else DENSE]
    departure = single.seconds / single.work.seconds
    prompt_s = work.seconds(fit.prefill) * departure
    nothing, full = np.zeros_like(prompt_s), np.ones_like(prompt_s)
    rate = scenario.output / prompt_s
    halves = Interval(single.model_halves, sheet_half(on, alone, work.step, known))
    return PrefillSide(
        single, work.step, prompt_s, rate, halves, nothing, full, full, nothing, decoding=nothing
    )


def joined(decode: Prediction, side: PrefillSide) -> Prediction:
    """Returns the prediction of both sides together.

    Args:
        decode: prediction of the chips that decode, without prefills; its scenario has the number
            of chips for prefill.
        side: the chips for prefill.
    """
    single = side.single
    transfer_s, sends, published = _transfer(decode, side)
    doubt = 0.0 if published else UNKNOWN_NETWORK
    transfer = Interval((0.0,) * len(COVERAGES), np.full_like(sends, doubt))
    tokens = _minimum(decode.tokens_per_s, side.tokens_per_s, sends)
    return replace(
        decode,
        tokens_per_s=tokens,
        ttft=_first(single.ttft, transfer_s, doubt) if single.ttft else None,
        model_halves=tuple(one + WIDER for one in decode.model_halves),
        rate_interval=_least(
            (decode.tokens_per_s, decode.rate_interval),
            (side.tokens_per_s, side.rate_interval),
            (sends, transfer),
        ),
        tier=max(decode.tier, single.tier, key=list(Tier).index),
        missing=tuple(dict.fromkeys((*decode.missing, *single.missing))),
        assumed=_assumed(decode, single, published=published),
        prefill=replace(
            side,
            transfer_s=transfer_s,
            busy=tokens / side.tokens_per_s,
            decode_busy=tokens / decode.tokens_per_s,
            sending=tokens / sends,
            decoding=decode.scenario.batch,
        ),
    )


def _transfer(decode: Prediction, side: PrefillSide) -> tuple[Array, Array, bool]:
    """Returns the transfer of a prompt's cache between the two sides.

    Returns:
        Its time in s, the output tokens/s for which all copies' links carry caches, and whether the
        rate of the links is published.
    """
    scenario = decode.scenario
    (filling_s, decoding_s), published = transfers(decode, side, scenario.chips)
    most_s = np.maximum(filling_s / side.single.scenario.split.dp, decoding_s / scenario.split.dp)
    return np.maximum(filling_s, decoding_s), scenario.output / most_s, published


def transfers(
    decode: Prediction, side: PrefillSide, chips: int
) -> tuple[tuple[Array, Array], bool]:
    """Returns how long the links of one copy of each side carry a prompt's cache, s (points,).

    Args:
        decode: prediction of the chips that decode.
        side: the chips for prefill.
        chips: number of chips of both sides together.

    Returns:
        The times of the side for prefill and of that which decodes, and whether the rate of the
        links is published.
    """
    scenario = decode.scenario
    model, formats, prompt = scenario.workload, scenario.precision, scenario.prompt
    bandwidth, published = rate_between(side.chip, decode.chip, chips)
    splits = side.single.scenario.split, scenario.split
    filling, decoding = (transfer_bytes(model, formats, prompt, (one,)) for one in splits)
    return (filling / bandwidth, decoding / bandwidth), published


def _least(*rates: tuple[Array, Interval]) -> Interval:
    """Returns the interval of the least of some rates, with ``WIDER``.

    Its lower end is the least of their lower ends: a rate far above the others adds nothing, and
    equal rates have the widest of their intervals.
    """
    least = _minimum(*(rate for rate, _ in rates))

    def half(halves: Iterable[Array | float]) -> Array:
        """Returns by how much in log the lower end is below the least rate."""
        lows = (rate * np.exp(-one) for (rate, _), one in zip(rates, halves, strict=True))
        return np.asarray(np.log(least / _minimum(*lows)))

    levels = zip(*(one.model_halves for _, one in rates), strict=True)
    models = tuple(half(level) + WIDER for level in levels)
    return Interval(models, half(one.sheet_half for _, one in rates))


def _minimum(*values: Array) -> Array:
    """Returns the least of some values at each point; a single one counts for all points."""
    return np.asarray(reduce(np.minimum, values))


def _first(alone: FirstToken, transfer_s: Array, doubt: float) -> FirstToken:
    """Returns TTFT with the transfer, whose doubt counts by its share of the time."""
    seconds = alone.seconds + transfer_s
    sheet_half = alone.sheet_half + doubt * transfer_s / seconds
    return replace(alone, seconds=seconds, sheet_half=sheet_half)


def _assumed(decode: Prediction, single: Prediction, *, published: bool) -> str:
    """Returns what is assumed in place of unpublished figures of either side, each once."""
    between = [] if published else [network_assumed()]
    words = [one for text in (decode.assumed, single.assumed) for one in text.split("; ") if one]
    return "; ".join(dict.fromkeys((*words, *between)))
