"""One prediction and its basis: time, rate, interval, tier, memory and power.

The central value is the fitted stack's time, shifted by the departure of the chip or of its
siblings. The interval has one part for the model (departures and cases, see ``pooled``) and one for
the sheet, where sources publish rival figures. The two parts are added, not summed in quadrature,
because their correlation is unknown.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.predict.assumed import UNKNOWN_LINK, UNKNOWN_NETWORK, assumed, no_link, no_network
from bench.predict.learning.expected import departure, has_fitted_vendor
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt
from bench.predict.learning.others import OtherGroups
from bench.predict.learning.pooled import LEVELS
from bench.predict.learning.trained import TRAIN, TRAIN_EXPERTS
from bench.predict.model.capacity import Room, room
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.recipe import Recipe
from bench.predict.model.serving import interrupting, serve
from bench.predict.model.step import Step, step
from bench.predict.model.training import training
from bench.predict.scenario import TUNED, Scenario
from bench.predict.tiers import Tier, lacking, tier

if TYPE_CHECKING:
    from bench.predict.apart import PrefillSide

STEPS = ("prefill", "decode")
"""Phases that are a single step."""
PARTS = {"prefill": "prefill", "decode": "decode", "serve": DENSE, "train": TRAIN}
"""The part of the fit that applies to a dense model, by phase."""


@dataclass(frozen=True)
class FirstToken:
    """TTFT of a single prompt, fitted on TTFT that was measured under light load.

    Attributes:
        seconds: TTFT in s, one value per point.
        model_halves: the model's part of the interval: half-widths in log time, one per level.
        sheet_half: the sheet's part: half-width in log time, one value per point.
    """

    seconds: Array
    model_halves: tuple[float, ...]
    sheet_half: Array

    def half(self, level: float) -> Array:
        """Returns the half-width of the interval in log time."""
        return self.model_halves[LEVELS.index(level)] + self.sheet_half


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
        work: operators that make up the time, without the chip's departure: those of a step, or
            when serving those of decode steps and a token's share of prefills.
        missing: unpublished figures that would make the prediction more certain.
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
    """

    chip: Facts
    scenario: Scenario
    seconds: Array
    ttft: FirstToken | None
    tokens_per_s: Array
    model_halves: tuple[float, ...]
    sheet_half: Array
    tier: Tier
    work: Step
    missing: tuple[str, ...]
    assumed: str = ""
    other_groups: OtherGroups | None = None
    includes_other_groups: bool = False
    vendor_fitted: bool = True
    rate_bounds: tuple[tuple[float, float], ...] = ()
    fuller: "Prediction | None" = None
    prefill: "PrefillSide | None" = None

    def half(self, level: float) -> Array:
        """Returns the half-width of the interval in log time."""
        return self.model_halves[LEVELS.index(level)] + self.sheet_half

    def per_chip(self) -> Array:
        """Returns tokens/s per chip."""
        return self.tokens_per_s / self.scenario.chips

    def per_chip_bounds(self, level: float, place: int) -> tuple[float, float]:
        """Returns the interval of tokens/s per chip at one point."""
        if self.rate_bounds:
            return self.rate_bounds[LEVELS.index(level)]
        rate, factor = float(self.per_chip()[place]), math.exp(float(self.half(level)[place]))
        return rate / factor, rate * factor

    def room(self, place: int = 0) -> Room:
        """Returns the use of one chip's memory at one point."""
        case = self.scenario
        length = int(case.prompt[place] + case.output[place])
        batch = float(case.batch[place])
        return room(
            self.chip, case.workload, case.precision, case.split, batch, length, self.recipe
        )

    @property
    def recipe(self) -> Recipe | None:
        """Returns the training recipe; None unless the phase is ``train``."""
        return self.scenario.recipe if self.scenario.phase == "train" else None


def forecast(chip: Facts, scenario: Scenario, known: Learnt) -> Prediction:
    """Returns the prediction for one chip.

    Raises:
        UsageError: the sheet lacks a figure or a number format that the prediction requires.
    """
    work, prompt, own_prefill = _work(chip, scenario, known)
    name = part_of(scenario)
    part, (slower, engine_spread) = known.parts[name], _engines(scenario, known)
    groups, included = _other_groups(chip, scenario, known)
    shift, halves = departure(chip, part, known.stack, groups if included else None, engine_spread)
    shift += slower
    seconds = work.seconds * math.exp(shift)
    return Prediction(
        chip=chip,
        scenario=scenario,
        seconds=seconds,
        ttft=_first_token(chip, scenario, prompt, known) if prompt else None,
        tokens_per_s=_tokens(scenario) / (seconds + own_prefill * math.exp(shift)),
        model_halves=halves,
        sheet_half=_sheet_half(chip, scenario, work, known),
        tier=Tier.SHEET if no_link(chip, scenario) else tier(chip, name, known),
        work=work,
        missing=tuple(lacking(chip)),
        assumed=assumed(chip, scenario),
        other_groups=groups,
        includes_other_groups=included,
        vendor_fitted=has_fitted_vendor(chip, part),
    )


def _other_groups(
    chip: Facts, scenario: Scenario, known: Learnt
) -> tuple[OtherGroups | None, bool]:
    """Returns how other groups' serving compares with predictions, and whether to include that.

    Tuned engines are those of the fit, so nothing is included for them. On chips of a vendor that
    was not fitted it is always included, because how well a tuned port performs is unknown.
    """
    if scenario.phase != "serve":
        return None, False
    name = part_of(scenario)
    if not has_fitted_vendor(chip, known.parts[name]):
        return known.ports.get(name), True
    return known.others.get(name), scenario.engine != TUNED


def _engines(scenario: Scenario, known: Learnt) -> tuple[float, float]:
    """Returns the engine's log slowdown beyond the part's departures, and its log spread.

    Steps were measured on one engine, or on tuned ones. For other engines, the spread is that of
    the time per token in serving.
    """
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
    return FirstToken(seconds, halves, _sheet_half(chip, scenario, prompt, known))


def part_of(scenario: Scenario) -> str:
    """Returns the name of the part of the fit that applies to a scenario."""
    if scenario.workload.experts:
        return TRAIN_EXPERTS if scenario.phase == "train" else EXPERTS
    return PARTS[scenario.phase]


def _tokens(scenario: Scenario) -> Array:
    """Returns the tokens that one step processes."""
    return scenario.batch * (scenario.prompt if scenario.phase in ("prefill", "train") else 1.0)


def _work(
    chip: Facts, scenario: Scenario, known: Learnt
) -> tuple[Step, Step | None, Array | float]:
    """Returns the operators of the predicted time, the prefill for TTFT, and extra time in s.

    The extra time is a token's share of its own request's prefill: it counts in the rate, but not
    in TPOT.
    """
    workload, formats, split = scenario.workload, scenario.precision, scenario.split
    stack = known.stack
    if scenario.phase == "serve" and not scenario.prefill:
        made = serve(chip, workload, scenario.load, formats, split, stack)
        share = interrupting(scenario.load, split)
        prefills = [one.times(share, "prefill: ") for one in made.joined.parts]
        operators = (*prefills, *(one.times(1.0, "decode: ") for one in made.decode.parts))
        return Step(operators), made.prefill, made.joined.seconds / scenario.output
    if scenario.phase in ("decode", "serve"):
        points = Points(scenario.batch, scenario.prompt + scenario.output / 2)
        return step(chip, workload, "decode", points, formats, split, stack), None, 0.0
    prompts = Points(scenario.batch, scenario.prompt)
    if scenario.phase == "train":
        recipe, trainer = scenario.recipe, known.trainer
        step_ = training(chip, workload, prompts, formats, split, stack, recipe, trainer)
        return step_, None, 0.0
    prefill = step(chip, workload, "prefill", prompts, formats, split, stack)
    return prefill, prefill, 0.0


def _sheet_half(chip: Facts, scenario: Scenario, work: Step, known: Learnt) -> Array:
    """Returns how far rival figures move the log time: each by its share of the time.

    A rate at which steps were measured counts as certain, whatever else is printed: the compute
    rate if prefill or training ran on the same silicon, the bandwidth if decode ran on this chip.
    Messages that overlap with other work count in full, because a slower link would expose them.

    Users see this wider interval, but validation leaves it out. Validation asks whether the model's
    own part is as wide as its errors; disputes over the sheets of a few measured chips would only
    hide it if that part were too narrow.
    """
    doubts = _doubts(chip, scenario, known)
    total = work.seconds
    half = np.zeros_like(total)
    for one in work.parts:
        busy = np.maximum(one.compute + one.memory + one.link, 1e-30)
        spent = np.maximum(one.seconds, one.link)
        for key, doubt in doubts.items():
            half = half + doubt * getattr(one, key) / busy * spent / total
    return half


def _doubts(chip: Facts, scenario: Scenario, known: Learnt) -> dict[str, float]:
    """Returns the log range of rival figures by resource, leaving out rates that are certain."""
    computed = known.parts[part_of(scenario) if scenario.phase == "train" else "prefill"]
    certain = {
        "compute": any(one[2] == chip.silicon for one in computed.labels),
        "memory": any(one[3] == chip.chip for one in known.parts["decode"].labels),
        "link": False,
    }
    doubts = {
        "compute": chip.doubt.get(chip.name_of(scenario.precision.rate), 0.0),
        "memory": chip.doubt.get("bandwidth", 0.0),
        "link": chip.doubt.get("link", 0.0),
    }
    if no_link(chip, scenario):
        doubts["link"] = UNKNOWN_LINK
    elif no_network(chip, scenario):
        doubts["link"] = UNKNOWN_NETWORK
    return {key: doubt for key, doubt in doubts.items() if not certain[key]}
