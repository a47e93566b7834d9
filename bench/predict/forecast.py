"""A prediction with what it rests on: time, rate, interval, tier, memory, energy.

The middle is the stack's time, moved by what is known of the chip's departure or its siblings'. The
interval has a part for the model (departures and cases, ``pooled``) and one for the sheet, where
rival figures are published; the two are added, for nobody knows how one hangs on the other.
"""

import math
from dataclasses import dataclass

import numpy as np

from bench.predict.assumed import UNKNOWN_LINK, UNKNOWN_NETWORK, assumed, no_link, no_network
from bench.predict.learning.expected import departure, fitted
from bench.predict.learning.learn import DENSE, EXPERTS, Learnt
from bench.predict.learning.others import Others
from bench.predict.learning.pooled import LEVELS
from bench.predict.learning.trained import TRAIN, TRAIN_EXPERTS
from bench.predict.learning.ttft import alone
from bench.predict.model.capacity import Room, room
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array, Points
from bench.predict.model.parallel import Parallel
from bench.predict.model.power import Band, watts
from bench.predict.model.precision import Precision
from bench.predict.model.recipe import PLAIN, Recipe
from bench.predict.model.serving import Load, interrupting, serve
from bench.predict.model.step import Step, step
from bench.predict.model.training import training
from bench.predict.tiers import Tier, lacking, tier
from bench.workloads.model import Workload

PHASES = ("prefill", "decode", "serve", "train")
STEPS = ("prefill", "decode")
TUNED = "tuned"
"""Name of the engines that serving was fitted on: set up with care, for public benchmarks."""
PARTS = {"prefill": "prefill", "decode": "decode", "serve": DENSE, "train": TRAIN}


@dataclass(frozen=True)
class Asked:
    """One question, over arrays of points.

    Attributes:
        phase: one of ``PHASES``.
        batch: sequences in a step, or requests under way, over all chips.
        prompt, output: tokens; of decoding the context is the prompt and half of the output.
        recipe: of training.
        engine: that trains, one that was fitted, or ``TUNED`` of serving; empty: any.
    """

    workload: Workload
    phase: str
    how: Precision
    split: Parallel
    batch: Array
    prompt: Array
    output: Array
    recipe: Recipe = PLAIN
    engine: str = ""

    @property
    def load(self) -> Load:
        """Returns what is asked of an engine."""
        return Load(self.batch, self.prompt, self.output)


@dataclass(frozen=True)
class First:
    """TTFT of a prompt by itself: it rests on what was measured of first tokens under light load.

    Attributes:
        seconds: one a point.
        model, sheet: as of the whole answer.
    """

    seconds: Array
    model: tuple[float, ...]
    sheet: Array

    def half(self, level: float) -> Array:
        """Returns the half-width of the interval of log time."""
        return self.model[LEVELS.index(level)] + self.sheet


@dataclass(frozen=True)
class Prediction:
    """The answer for one chip; arrays over the points.

    Attributes:
        seconds: of a step (prefill, decode, train), or TPOT.
        first: the time to a request's first token; None where none is asked for.
        tokens: a second over all chips: of the prompt in prefill and training, else of the output;
            of serving with all prefills in the time.
        model: half-widths of the log interval by level, the model's part; ``sheet`` the sheet's.
        work: of what the time is made, the chip's departure left out: a step, of serving a token's
            share of prefills and decode steps.
        lacks: what nobody published that would make it firmer.
        others: what became of such serving with other groups, of a port on any chips; None where
            too few told.
        counted: whether that is in the answer already: with any engine, and of a port.
        within: of the best way within limits, tokens a second and chip that they leave if all
            times are as much longer or shorter as the interval says: low and high by level.
        abroad: whether its vendor has nothing that was fitted.
    """

    chip: Facts
    asked: Asked
    seconds: Array
    first: "First | None"
    tokens: Array
    model: tuple[float, ...]
    sheet: Array
    tier: Tier
    work: Step
    lacks: tuple[str, ...]
    assumed: str = ""
    others: Others | None = None
    counted: bool = False
    abroad: bool = False
    within: tuple[tuple[float, float], ...] = ()

    def half(self, level: float) -> Array:
        """Returns the half-width of the interval of log time."""
        return self.model[LEVELS.index(level)] + self.sheet

    def per_chip(self) -> Array:
        """Returns tokens a second and chip."""
        return self.tokens / self.asked.split.chips

    def per_chip_bounds(self, level: float, place: int) -> tuple[float, float]:
        """Returns the interval of tokens a second and chip at one point."""
        if self.within:
            return self.within[LEVELS.index(level)]
        rate, factor = float(self.per_chip()[place]), math.exp(float(self.half(level)[place]))
        return rate / factor, rate * factor

    def room(self, place: int = 0) -> Room:
        """Returns how memory is taken at one point."""
        asked = self.asked
        length = int(asked.prompt[place] + asked.output[place])
        batch = float(asked.batch[place])
        return room(self.chip, asked.workload, asked.how, asked.split, batch, length, self.recipe)

    @property
    def recipe(self) -> Recipe | None:
        """Returns how a copy is trained, where it is."""
        return self.asked.recipe if self.asked.phase == "train" else None

    def power(self, place: int = 0) -> Band | None:
        """Returns the power of one chip in W at one point; None: its board power is unknown."""
        if self.chip.tdp is None:
            return None
        return watts(self.chip.tdp, float(self.work.busy[place]))


def forecast(chip: Facts, asked: Asked, known: Learnt) -> Prediction:
    """Returns what is predicted of one chip.

    Raises:
        UsageError: the sheet lacks a figure or a format without which nothing can be told.
    """
    work, prompt, own = _work(chip, asked, known)
    name = part_of(asked)
    part, (slower, unsure) = known.parts[name], _engines(asked, known)
    others, counted = _others(chip, asked, known)
    shift, model = departure(chip, part, known.stack, others if counted else None, unsure)
    shift += slower
    seconds = work.seconds * math.exp(shift)
    return Prediction(
        chip=chip,
        asked=asked,
        seconds=seconds,
        first=_first(chip, asked, prompt, known) if prompt else None,
        tokens=_tokens(asked) / (seconds + own * math.exp(shift)),
        model=model,
        sheet=_doubt(chip, asked, work, known),
        tier=Tier.SHEET if no_link(chip, asked) else tier(chip, name, known),
        work=work,
        lacks=tuple(lacking(chip)),
        assumed=assumed(chip, asked),
        others=others,
        counted=counted,
        abroad=not fitted(chip, part),
    )


def _others(chip: Facts, asked: Asked, known: Learnt) -> tuple[Others | None, bool]:
    """Returns what became of serving with other groups, and whether it is to be counted.

    Tuned engines are those of the fit; nobody can tell what a tuned port is like.
    """
    if asked.phase != "serve":
        return None, False
    name = part_of(asked)
    if not fitted(chip, known.parts[name]):
        return known.ports.get(name), True
    return known.others.get(name), asked.engine != TUNED


def _engines(asked: Asked, known: Learnt) -> tuple[float, float]:
    """Returns what an engine adds, log, that a part's departures have not, and its spread.

    Steps are one engine's, or tuned ones'. Of others it is known how long tokens took in serving.
    """
    if asked.phase == "train":
        return known.trainer.of(asked.engine)
    name = EXPERTS if asked.workload.experts else DENSE
    groups = known.others.get(name) if asked.phase in STEPS else None
    return 0.0, groups.spread if groups else 0.0


def _first(chip: Facts, asked: Asked, prompt: Step, known: Learnt) -> First:
    """Returns the time to the first token, of a single request with the chips to itself.

    A port's is taken as much longer as its tokens are; other groups' scatter as their tokens do.
    """
    dense = asked.workload.experts is None
    name = DENSE if dense else EXPERTS
    how, part = known.first[name]
    others, counted = _others(chip, asked, known)
    if fitted(chip, part):
        wide = others.spread if others and counted else 0.0
        shift, model = departure(chip, part, known.stack, engines=wide)
    else:
        shift, model = departure(chip, part, known.stack, others)
    single = asked.batch <= asked.split.dp
    told = np.where(single, alone(prompt.seconds), how.seconds(prompt.seconds))
    seconds = told * math.exp(shift)
    if dense:
        own, _ = departure(chip, known.parts["prefill"], known.stack)
        seconds = np.maximum(seconds, prompt.seconds * math.exp(own))
    return First(seconds, model, _doubt(chip, asked, prompt, known))


def part_of(asked: Asked) -> str:
    """Returns which measurements speak for a question."""
    if asked.workload.experts:
        return TRAIN_EXPERTS if asked.phase == "train" else EXPERTS
    return PARTS[asked.phase]


def _tokens(asked: Asked) -> Array:
    return asked.batch * (asked.prompt if asked.phase in ("prefill", "train") else 1.0)


def _work(chip: Facts, asked: Asked, known: Learnt) -> tuple[Step, Step | None, Array | float]:
    """Returns the step, or a token's share of steps; the prefill before a first token; own time.

    The last is a token's share of its own request's prefill: no part of TPOT, but of the rate.
    """
    workload, how, split, stack = asked.workload, asked.how, asked.split, known.stack
    if asked.phase == "serve":
        made = serve(chip, workload, asked.load, how, split, stack)
        share = interrupting(asked.load, split)
        first = [one.times(share, "prefill: ") for one in made.joined.parts]
        share_of_steps = (*first, *(one.times(1.0, "decode: ") for one in made.decode.parts))
        return Step(share_of_steps), made.prefill, made.joined.seconds / asked.output
    if asked.phase == "decode":
        points = Points(asked.batch, asked.prompt + asked.output / 2)
        return step(chip, workload, "decode", points, how, split, stack), None, 0.0
    prompts = Points(asked.batch, asked.prompt)
    if asked.phase == "train":
        step_ = training(chip, workload, prompts, how, split, stack, asked.recipe, known.trainer)
        return step_, None, 0.0
    done = step(chip, workload, "prefill", prompts, how, split, stack)
    return done, done, 0.0


def _doubt(chip: Facts, asked: Asked, work: Step, known: Learnt) -> Array:
    """Returns how far rival figures move the log time: each by its share of it.

    A rate that steps were measured by stands firm whatever else is printed: of the silicon in
    prefill or training, of the chip's memory in decoding. It widens what users are told, and not
    what validation tests: there the question is whether the model's own part is as wide as its
    errors, and disputes over the sheets of a few measured chips would only hide that it is not.
    """
    computed = known.parts[part_of(asked) if asked.phase == "train" else "prefill"]
    firm = {
        "compute": any(one[2] == chip.silicon for one in computed.labels),
        "memory": any(one[3] == chip.chip for one in known.parts["decode"].labels),
        "link": False,
    }
    doubts = {
        "compute": chip.doubt.get(chip.name_of(asked.how.rate), 0.0),
        "memory": chip.doubt.get("bandwidth", 0.0),
        "link": chip.doubt.get("link", 0.0),
    }
    if no_link(chip, asked):
        doubts["link"] = UNKNOWN_LINK
    elif no_network(chip, asked):
        doubts["link"] = UNKNOWN_NETWORK
    total = work.seconds
    moved = np.zeros_like(total)
    for one in work.parts:
        busy = np.maximum(one.compute + one.memory + one.link, 1e-30)
        for key in (key for key in doubts if not firm[key]):
            moved = moved + doubts[key] * getattr(one, key) / busy * one.seconds / total
    return moved
