"""What a request sees: time to the first token, and between tokens, of an engine under load.

TPOT is the time between two tokens of one request, prefills of others in between: in steady
continuous batching each of the ``concurrency`` requests asks for one prefill in ``output`` steps,
so that a token takes a decode step and ``(concurrency - 1) / output`` prefills: its own is before
its first token. It takes time of the chips all the same, and the rate has all prefills in it. TTFT
is the prefill of one prompt: what engines add to it is fitted (``ttft``), and what waiting in a
queue adds depends on arrivals, and is told as a range.
"""

from dataclasses import dataclass

import numpy as np

from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, Step, rates, timed
from bench.workloads.model import Workload


@dataclass(frozen=True)
class Load:
    """What is asked of an engine; arrays over the points.

    Attributes:
        concurrency: requests under way, over all chips.
        prompt, output: tokens a request.
    """

    concurrency: Array
    prompt: Array
    output: Array


@dataclass(frozen=True)
class Served:
    """What is predicted.

    Attributes:
        prefill: of one prompt, the chips to itself.
        joined: its share of the prefill of all prompts that begin in one step of decoding: of few
            output tokens several do, and the weights are read once for them.
        decode: a step of all requests, in the middle of their outputs.
        tpot, ttft: seconds.
        turn: seconds in which each request under way gets a token, all prefills in them.
        tokens: output tokens a second, over all chips.
    """

    prefill: Step
    joined: Step
    decode: Step
    tpot: Array
    ttft: Array
    turn: Array
    tokens_per_s: Array

    @property
    def decode_s(self) -> Array:
        """Returns the time of a step of all requests, no prefill in it."""
        return self.decode.seconds


def serve(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Facts, workload: Workload, load: Load, how: Precision, split: Parallel, stack: Stack
) -> Served:
    """Returns what a model's requests see on chips.

    Raises:
        UsageError: the sheet lacks a figure that this needs.
    """
    return serve_at(rates(chip, how, linked=split.joined), workload, load, how, split, stack)


def serve_at(  # noqa: PLR0913, PLR0917 -- owners of parameters kept apart
    chip: Rates, workload: Workload, load: Load, how: Precision, split: Parallel, stack: Stack
) -> Served:
    """Returns what a model's requests see, from what chips promise.

    Args:
        chip: the rates of the chip of all points, or arrays with one chip a point.
        workload: the model.
        load: what is asked, over the points.
        how: formats.
        split: how the model is divided over chips.
        stack: of the software.
    """

    def step(phase: str, points: Points) -> Step:
        return timed(operators(workload, phase, points, how, split), chip, stack)

    one = np.ones_like(load.prompt)
    first = step("prefill", Points(split.dp * one, load.prompt))
    together = np.maximum(one, load.concurrency / split.dp / load.output)
    several = step("prefill", Points(split.dp * together, load.prompt))
    joined = Step(tuple(part.times(1 / together) for part in several.parts))
    then = step("decode", Points(load.concurrency, load.prompt + load.output / 2))
    tpot = then.seconds + interrupting(load, split) * joined.seconds
    turn = tpot + joined.seconds / load.output
    return Served(first, joined, then, tpot, first.seconds, turn, load.concurrency / turn)


def interrupting(load: Load, split: Parallel) -> Array:
    """Returns how many prefills of others come between two tokens of a request."""
    return np.asarray(np.maximum(load.concurrency / split.dp - 1, 0.0) / load.output)
