"""Serving with prefill and decode on chips of their own: both sides' predictions, joined.

TPOT is that of the chips that decode, without prefills in between. TTFT is that of the chips for
prefill, with one request at a time, and the transfer of the prompt's cache. The rate is the lower
of what both sides sustain: a full batch of the chips that decode, and steps of chips that do
nothing but prefill. Nothing but the interval's ``WIDER`` is fitted on disaggregated runs, which
validation tests.
"""

from dataclasses import dataclass, replace

import numpy as np

from bench.predict.assumed import UNKNOWN_NETWORK, network_assumed
from bench.predict.forecast import FirstToken, Prediction, forecast
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt
from bench.predict.model.apart import (
    WIDER,
    prefill_step,
    prompts_at_once,
    rate_between,
    transfer_bytes,
)
from bench.predict.model.capacity import Room, room
from bench.predict.model.facts import Facts, facts
from bench.predict.model.operators import Array
from bench.predict.model.step import Step
from bench.predict.scenario import Prefill, Scenario
from bench.predict.tiers import Tier


@dataclass(frozen=True)
class PrefillSide:
    """The chips for prefill; arrays have one value per point.

    Attributes:
        single: prediction of one request at a time on these chips.
        step: step of as many prompts as a chunk holds, without the chip's departure.
        prompt_s: time per prompt, of all copies together, s.
        tokens_per_s: output tokens/s that the chips have prompts processed for.
        transfer_s: time to send a prompt's cache, s.
        busy: share of the time that these chips work; 1: they limit the rate.
        decode_busy: share of the time that the chips that decode work with a full batch.
    """

    single: Prediction
    step: Step
    prompt_s: Array
    tokens_per_s: Array
    transfer_s: Array
    busy: Array
    decode_busy: Array

    @property
    def chip(self) -> Facts:
        """Returns the chip for prefill."""
        return self.single.chip

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
    return joined(found, prefill_side(chip, scenario, known)) if scenario.prefill else found


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
    return PrefillSide(single, work.step, prompt_s, rate, nothing, full, full)


def joined(decode: Prediction, side: PrefillSide) -> Prediction:
    """Returns the prediction of both sides together.

    Args:
        decode: prediction of the chips that decode, without prefills; its scenario has the number
            of chips for prefill.
        side: the chips for prefill.
    """
    scenario, single = decode.scenario, side.single
    bandwidth, published = rate_between(side.chip, decode.chip, scenario.chips)
    splits = (single.scenario.split, scenario.split)
    sent = transfer_bytes(scenario.workload, scenario.precision, scenario.prompt, splits)
    transfer_s = sent / bandwidth
    sending_s = transfer_s / single.scenario.split.dp
    sends = scenario.output / np.maximum(side.prompt_s, sending_s)
    tokens = np.minimum(decode.tokens_per_s, sends)
    doubt = 0.0 if published else UNKNOWN_NETWORK
    bound = np.where((sends < decode.tokens_per_s) & (sending_s > side.prompt_s), doubt, 0.0)
    pairs = zip(decode.model_halves, single.model_halves, strict=True)
    return replace(
        decode,
        tokens_per_s=tokens,
        ttft=_first(single.ttft, transfer_s, doubt) if single.ttft else None,
        model_halves=tuple(max(pair) + WIDER for pair in pairs),
        sheet_half=np.maximum(decode.sheet_half, single.sheet_half) + bound,
        tier=max(decode.tier, single.tier, key=list(Tier).index),
        missing=tuple(dict.fromkeys((*decode.missing, *single.missing))),
        assumed=_assumed(decode, single, published=published),
        prefill=replace(
            side,
            transfer_s=transfer_s,
            busy=tokens * side.prompt_s / scenario.output,
            decode_busy=tokens / decode.tokens_per_s,
        ),
    )


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
