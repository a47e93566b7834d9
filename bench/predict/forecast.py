"""One prediction and its basis: time, rate, interval, tier, memory and power.

The central value is the fitted stack's time, shifted by the departure of the chip or of its
siblings. The interval has one part for the model (departures and cases, see ``pooled``) and one for
the sheet, where sources publish rival figures. The two parts are added, not summed in quadrature,
because their correlation is unknown.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.predict.assumptions import assumed, no_link
from bench.predict.learning.departure import departure, has_fitted_vendor
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt
from bench.predict.learning.othergroups import OtherGroups
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.ranges import SEQUENCES, TOKENS, Range
from bench.predict.learning.trainingruns import TRAIN, TRAIN_EXPERTS
from bench.predict.model.capacity import Room, room
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.recipe import Recipe
from bench.predict.model.serving import Served, interrupting, serve
from bench.predict.model.step import Step, step
from bench.predict.model.training import training
from bench.predict.scenario import Scenario
from bench.predict.tiers import Tier, lacking, tier
from bench.predict.uncertainty import sheet_half

if TYPE_CHECKING:
    from bench.predict.disaggregated import PrefillSide

STEPS = ("prefill", "decode")
"""Phases that are a single step."""
PARTS = {"prefill": "prefill", "decode": "decode", "serve": DENSE, "train": TRAIN}
"""The part of the fit that applies to a dense model, by phase."""


@dataclass(frozen=True)
class Interval:
    """The interval of a time or rate, as half-widths in log.

    Attributes:
        model_halves: the model's part, one per level; each may be an array with one per point.
        sheet_half: the sheet's part, one value per point.
    """

    model_halves: tuple[float | Array, ...]
    sheet_half: Array

    def half(self, level: float) -> Array:
        """Returns the half-width of the interval in log, one value per point."""
        return np.asarray(self.model_halves[COVERAGES.index(level)] + self.sheet_half)


@dataclass(frozen=True)
class FirstToken(Interval):
    """TTFT of a single prompt, fitted on TTFT that was measured under light load.

    Attributes:
        seconds: TTFT in s, one value per point.
    """

    seconds: Array


@dataclass(frozen=True)
class Prediction:
    """The answer for one chip; arrays have one value per point.

    Attributes:
        seconds: duration of a prefill, decode or training step, or TPOT when serving, in s.
        ttft: time to a request's first token; None except for phases ``prefill`` and ``serve``.
        tokens_per_s: throughput of all chips: prompt tokens in prefill and training, else output
            tokens. When serving, it includes the time of all prefills.
        model_halves: the model's part of the interval: half-widths in log time, one per level.
        sheet_half: the sheet's part: half-width in log time, one value per point.
        rate_interval: interval of ``tokens_per_s``.
        work: operators that make up the time, without the chip's departure: those of a step, or
            when serving those of decode steps and a token's share of others' prefills.
        turn: operators of the time that the rate follows from, likewise; when serving, with a
            token's share of its own request's prefill, else ``work``.
        missing: unpublished figures that would make the prediction more certain.
        ranges: the sizes that the fit was made on.
        assumed: what is assumed in place of unpublished figures, in words; may be empty.
        other_groups: measured over predicted time of other groups' serving, or on a chip whose
            vendor was not fitted, of ports to any chip; None if too few groups reported it.
        includes_other_groups: whether ``seconds`` and the interval already include
            ``other_groups``, as they do for any untuned engine and for ports.
        vendor_fitted: whether any chip of this vendor was in the fit.
        rate_bounds: set for the best way within latency limits only: low and high tokens/s per
            chip, one pair per level, that still meet the limits if all times are longer or shorter
            by the interval's half-width.
        fuller: likewise, a way with more tokens/s that leaves less memory free; None if none has.
        prefill: the chips for prefill, if prefill has chips of its own.
        larger_micro: a larger micro-batch of training that fits and is faster, and by which factor.
    """

    chip: Facts
    scenario: Scenario
    seconds: Array
    ttft: FirstToken | None
    tokens_per_s: Array
    model_halves: tuple[float, ...]
    sheet_half: Array
    rate_interval: Interval
    tier: Tier
    work: Step
    turn: Step
    missing: tuple[str, ...]
    ranges: Mapping[str, Range]
    assumed: str = ""
    other_groups: OtherGroups | None = None
    includes_other_groups: bool = False
    vendor_fitted: bool = True
    rate_bounds: tuple[tuple[float, float], ...] = ()
    fuller: "Prediction | None" = None
    prefill: "PrefillSide | None" = None
    larger_micro: tuple[int, float] | None = None

    def half(self, level: float) -> Array:
        """Returns the half-width of the interval in log time."""
        return self.model_halves[COVERAGES.index(level)] + self.sheet_half

    def per_chip(self) -> Array:
        """Returns tokens/s per chip."""
        return self.tokens_per_s / self.scenario.chips

    def per_chip_bounds(self, level: float, place: int) -> tuple[float, float]:
        """Returns the interval of tokens/s per chip at one point."""
        if self.rate_bounds:
            return self.rate_bounds[COVERAGES.index(level)]
        rate, half = self.per_chip()[place], self.rate_interval.half(level)[place]
        return float(rate * np.exp(-half)), float(rate * np.exp(half))

    def room(self, place: int = 0) -> Room:
        """Returns the use of one chip's memory at one point."""
        case = self.scenario
        length = int(case.prompt[place] + case.output[place])
        batch = float(case.batch[place])
        return room(
            self.chip, case.workload, case.precision, case.split, batch, length, self.recipe
        )

    @property
    def sizes(self) -> dict[str, Array]:
        """Returns the sizes of which ``ranges`` has those of the fit (points,)."""
        case = self.scenario
        generated = {"decode": 0.5, "serve": 1.0}.get(case.phase, 0.0) * case.output
        return {SEQUENCES: case.batch / case.split.dp, TOKENS: case.prompt + generated}

    @property
    def recipe(self) -> Recipe | None:
        """Returns the training recipe; None unless the phase is ``train``."""
        return self.scenario.recipe if self.scenario.phase == "train" else None


def forecast(chip: Facts, scenario: Scenario, known: Learnt) -> Prediction:
    """Returns the prediction for one chip.

    Raises:
        UsageError: the sheet lacks a figure or a number format that the prediction requires.
    """
    work, turn, prompt = _work(chip, scenario, known)
    name = part_of(scenario)
    part = known.parts[name]
    groups, included = _other_groups(chip, scenario, known)
    slower, engine_spread = _engines(scenario, known, included=bool(groups) and included)
    shift, halves = departure(chip, part, known.stack, groups if included else None, engine_spread)
    shift += slower
    return Prediction(
        chip=chip,
        scenario=scenario,
        seconds=work.seconds * math.exp(shift),
        ttft=_first_token(chip, scenario, prompt, known) if prompt else None,
        tokens_per_s=_tokens(scenario) / (turn.seconds * math.exp(shift)),
        model_halves=halves,
        sheet_half=sheet_half(chip, scenario, work, known),
        rate_interval=Interval(halves, sheet_half(chip, scenario, turn, known)),
        tier=Tier.SHEET if no_link(chip, scenario) else tier(chip, name, known),
        work=work,
        turn=turn,
        missing=tuple(lacking(chip)),
        ranges=known.sizes.get(name, {}),
        assumed=assumed(chip, scenario),
        other_groups=groups,
        includes_other_groups=included,
        vendor_fitted=has_fitted_vendor(chip, part),
    )


def _other_groups(
    chip: Facts, scenario: Scenario, known: Learnt
) -> tuple[OtherGroups | None, bool]:
    """Returns how other groups' work compares with predictions, and whether to include that.

    A named engine is one of the fit, so nothing is included for it. On chips of a vendor that was
    not fitted it is always included, because how well a port of the engine performs is unknown.
    """
    if scenario.phase in STEPS:
        return None, False
    name = part_of(scenario)
    if not has_fitted_vendor(chip, known.parts[name]):
        return known.ports.get(name), True
    return known.others.get(name), not scenario.engine


def _engines(scenario: Scenario, known: Learnt, *, included: bool) -> tuple[float, float]:
    """Returns the engine's log slowdown beyond the part's departures, and its log spread.

    Both are 0 where other groups' work is included. Steps were measured on one engine, or on tuned
    ones. For other engines, the spread is that of the time per token in serving.
    """
    if included:
        return 0.0, 0.0
    if scenario.phase == "train":
        return known.trainer.of(scenario.engine)
    name = EXPERTS if scenario.workload.experts else DENSE
    groups = known.others.get(name) if scenario.phase in STEPS else None
    return 0.0, groups.spread if groups else 0.0


def _first_token(chip: Facts, scenario: Scenario, prompt: Step, known: Learnt) -> FirstToken:
    """Returns the TTFT of a single request that has the chips to itself.

    On a port, TTFT is assumed longer by the same factor as the time per token; other groups' TTFT
    is assumed to scatter as their time per token does.
    """
    dense = scenario.workload.experts is None
    name = DENSE if dense else EXPERTS
    fit, part = known.first[name]
    groups, included = _other_groups(chip, scenario, known)
    if has_fitted_vendor(chip, part):
        spread = groups.spread if groups and included else 0.0
        shift, halves = departure(chip, part, known.stack, engines=spread)
    else:
        shift, halves = departure(chip, part, known.stack, groups)
    single = scenario.batch <= scenario.split.dp
    on_stack = np.where(single, fit.alone(prompt.seconds), fit.seconds(prompt.seconds))
    seconds = on_stack * math.exp(shift)
    if dense:  # no first token comes before the prefill of the prompt
        prefill_shift, _ = departure(chip, known.parts["prefill"], known.stack)
        seconds = np.maximum(seconds, prompt.seconds * math.exp(prefill_shift))
    return FirstToken(halves, sheet_half(chip, scenario, prompt, known), seconds)


def part_of(scenario: Scenario) -> str:
    """Returns the name of the part of the fit that applies to a scenario."""
    if scenario.workload.experts:
        return TRAIN_EXPERTS if scenario.phase == "train" else EXPERTS
    return PARTS[scenario.phase]


def _tokens(scenario: Scenario) -> Array:
    """Returns the tokens that one step processes."""
    return scenario.batch * (scenario.prompt if scenario.phase in ("prefill", "train") else 1.0)


def _work(chip: Facts, scenario: Scenario, known: Learnt) -> tuple[Step, Step, Step | None]:
    """Returns the operators of the predicted time, those of the rate, and the prefill for TTFT."""
    workload, formats, split = scenario.workload, scenario.precision, scenario.split
    stack = known.stack
    if scenario.phase == "serve" and not scenario.prefill:
        made = serve(chip, workload, scenario.load, formats, split, stack)
        others = interrupting(scenario.load, split)
        work, turn = (_token(made, share) for share in (others, others + 1 / scenario.output))
        return work, turn, made.prefill
    if scenario.phase in ("decode", "serve"):
        points = Points(scenario.batch, scenario.prompt + scenario.output / 2)
        one = step(chip, workload, "decode", points, formats, split, stack)
        return one, one, None
    prompts = Points(scenario.batch, scenario.prompt)
    if scenario.phase == "train":
        recipe, trainer = scenario.recipe, known.trainer
        one = training(chip, workload, prompts, formats, split, stack, recipe, trainer)
        return one, one, None
    prefill = step(chip, workload, "prefill", prompts, formats, split, stack)
    return prefill, prefill, prefill


def _token(made: Served, share: Array) -> Step:
    """Returns a decode step with a share of a prefill."""
    prefills = [one.times(share, "prefill: ") for one in made.joined.parts]
    return Step((*prefills, *(one.times(1.0, "decode: ") for one in made.decode.parts)))
