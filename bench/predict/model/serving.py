"""TTFT, TPOT and throughput of an engine that serves requests by continuous batching.

TPOT is the time between two tokens of one request, with prefills of other requests in between. In
steady state each of the ``concurrency`` requests needs one prefill in ``output`` steps, so a token
takes one decode step and ``(concurrency - 1) / output`` prefills. A request's own prefill comes
before its first token, so it is not in its TPOT; but it takes time on the chips, so the throughput
includes all prefills. TTFT here is the prefill of one prompt; what engines add to it is fitted
(``ttft``), and queueing, which depends on arrivals, is left out.
"""

from dataclasses import dataclass

import numpy as np

from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.pipeline import micro_batch
from bench.predict.model.precision import Precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, Step, rates, timed
from bench.workloads.model import Workload


@dataclass(frozen=True)
class Load:
    """The requests that an engine serves; arrays over the points.

    Attributes:
        concurrency: concurrent requests, over all chips.
        prompt, output: tokens per request.
    """

    concurrency: Array
    prompt: Array
    output: Array


@dataclass(frozen=True)
class Served:
    """Predicted times and throughput; arrays over the points.

    Attributes:
        prefill: prefill of one prompt with the chips to itself.
        joined: one prompt's share of a joint prefill of all prompts that start in the same decode
            step. With few output tokens there are several, and weights are read once for all.
        decode: decode step of all requests, in the middle of their outputs; stages of a pipeline
            have a micro-batch each.
        tpot, ttft: TPOT and TTFT, s.
        turn: time in which each concurrent request gets one token, including all prefills, s.
        tokens_per_s: output tokens/s, over all chips.
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
        """Returns the time of a decode step of all requests, without prefills, s (points,).

        ``served`` reads it by its name, for decode steps that others reported.
        """
        return self.decode.seconds


def serve(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Facts, workload: Workload, load: Load, formats: Precision, split: Parallel, stack: Stack
) -> Served:
    """Returns the latency and throughput of a model on one kind of chip.

    Raises:
        UsageError: the sheet lacks a figure that this needs.
    """
    return serve_at(
        rates(chip, formats, linked=split.joined), workload, load, formats, split, stack
    )


def serve_at(  # noqa: PLR0913, PLR0917 -- chip, workload and stack kept apart
    chip: Rates, workload: Workload, load: Load, formats: Precision, split: Parallel, stack: Stack
) -> Served:
    """Returns the latency and throughput of a model from chips' published rates.

    Args:
        chip: the rates of one chip for all points, or arrays with one chip per point.
        workload: the model.
        load: the requests (points,).
        formats: number formats.
        split: how the model is divided over chips.
        stack: parameters of the software stack.
    """

    def step(phase: str, points: Points) -> Step:
        return timed(operators(workload, phase, points, formats, split), chip, stack)

    ones = np.ones_like(load.prompt)
    prefill = step("prefill", Points(split.dp * ones, load.prompt))
    prompts = np.maximum(ones, load.concurrency / split.dp / load.output)  # that start together
    several = step("prefill", Points(split.dp * prompts, load.prompt))
    joined = Step(tuple(part.times(1 / prompts) for part in several.parts))
    sequences = Points(load.concurrency, load.prompt + load.output / 2)
    decode = step("decode", micro_batch("decode", sequences, split))
    tpot = decode.seconds + interrupting(load, split) * joined.seconds
    turn = tpot + joined.seconds / load.output
    return Served(prefill, joined, decode, tpot, prefill.seconds, turn, load.concurrency / turn)


def interrupting(load: Load, split: Parallel) -> Array:
    """Returns the number of other requests' prefills between two tokens of a request (points,).

    In a pipeline, each takes the time of one stage.
    """
    others = np.maximum(load.concurrency / split.dp - 1, 0.0)
    return np.asarray(others / load.output / split.pp)
