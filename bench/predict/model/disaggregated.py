"""TTFT, TPOT and throughput where prefill and decode run on chips of their own (disaggregated).

Prompts are processed on one set of chips, their key-value cache is sent to another set, and that
set decodes. No prefill comes between two tokens of a request, and the rate is the least of what
both sides and the links between them sustain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.predict.model.attention import kept_heads
from bench.predict.model.facts import Facts
from bench.predict.model.linearattention import chip_state_bytes
from bench.predict.model.operators import Array, Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.pipeline import prompts_at_once
from bench.predict.model.precision import Precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import NETWORK, NODE, Step, rates, timed
from bench.workloads.counts import kv_sequence_bytes
from bench.workloads.model import Workload

WIDER = 0.1
"""Half-width in log that serving with prefill apart adds to intervals of serving. With it, the 80%
intervals of TPOT and of tokens/s hold 82% and 79% of the disaggregated runs in ``results/tables``
(72% and 71% without, chips alike), on which it was set; they no longer test the width."""


@dataclass(frozen=True)
class PrefillStep:
    """What the chips for prefill do; arrays over the points.

    Attributes:
        step: prefill step of as many prompts as a chunk holds, on all copies at once, through all
            stages of a pipeline.
        prompts: prompts in such a step, over all copies.
        stages: number of stages, each of which has a chunk.
    """

    step: Step
    prompts: Array
    stages: int = 1

    def seconds(self, factor: float) -> Array:
        """Returns the time per prompt of all copies together, s, with steps longer by a factor."""
        return np.asarray(self.step.seconds * factor / self.prompts / self.stages)


def prefill_step(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Facts,
    workload: Workload,
    prompt: Array,
    formats: Precision,
    split: Parallel,
    stack: Stack,
) -> PrefillStep:
    """Returns a step of chips that do nothing but prefill.

    Args:
        chip: the chip.
        workload: the model.
        prompt: tokens per request (points,).
        formats: number formats.
        split: how the model is divided over the chips for prefill; ``dp`` counts its copies.
        stack: parameters of the software stack.

    Raises:
        UsageError: the sheet lacks a figure that this needs.
    """
    prompts = split.dp * prompts_at_once(prompt)
    work = operators(workload, "prefill", Points(prompts, prompt), formats, split)
    found = timed(work, rates(chip, formats, linked=split.joined), stack)
    return PrefillStep(found, prompts, split.pp)


def transfer_bytes(
    workload: Workload, formats: Precision, prompt: Array, splits: Sequence[Parallel]
) -> Array:
    """Returns the bytes of a prompt's cache that pass the link of one chip (points,).

    A chip sends or receives the heads and layers that it holds; latents belong to no head, so that
    each chip that shares a layer needs all of them. States of linear attention are sent, too.

    Args:
        workload: the model.
        formats: with the format of the cache.
        prompt: tokens per request (points,).
        splits: how each side divides the model.
    """
    size = int(formats.cache)
    whole = {one: float(kv_sequence_bytes(workload, int(one), size)) for one in {*prompt.tolist()}}
    share = max(1 / kept_heads(workload, one.tp) / one.pp for one in splits)
    states = max(chip_state_bytes(workload, one.tp) / one.pp for one in splits)
    return np.array([whole[one] for one in prompt.tolist()]) * share + states


def rate_between(prefill: Facts, decode: Facts, chips: int) -> tuple[float, bool]:
    """Returns the bandwidth of a chip to the other side, B/s one way, and whether it is published.

    Equal chips of one node use the link; all others use the network of the slower side, for which
    ``NETWORK`` stands in where a sheet gives none.

    Args:
        prefill: the chip for prefill.
        decode: the chip that decodes.
        chips: number of chips, of both sides together.
    """
    node = max(decode.linked or NODE, NODE)
    if prefill.chip == decode.chip and chips <= node and decode.link:
        return decode.link, True
    networks = prefill.network, decode.network
    return min(one or NETWORK for one in networks), all(networks)
