"""The question that a prediction answers, over arrays of points."""

from dataclasses import dataclass

from bench.chips.model import Chip
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import Precision
from bench.predict.model.recipe import PLAIN, Recipe
from bench.predict.model.serving import Load
from bench.workloads.model import Workload

PHASES = ("prefill", "decode", "serve", "train")
"""What can be predicted: a single step, serving of requests, or a training step."""
TUNED = "tuned"
"""Value of ``engine`` for serving: engines tuned for public benchmarks, as in the fitted tables."""
PROMPT, TRAINED_LENGTH = 2048, 8192
"""Tokens of a prompt, and of a sequence in training (that of most of torchtitan's runs in
``results/tables``), unless asked otherwise."""


def usual_length(workload: Workload, phase: str) -> int:
    """Returns the tokens of a prompt, or of a sequence in training, unless asked otherwise."""
    return min(TRAINED_LENGTH, workload.context) if phase == "train" else PROMPT


@dataclass(frozen=True)
class Prefill:
    """Chips of their own for prefill (disaggregated serving).

    Attributes:
        split: how the model is divided over them; ``dp`` counts copies, each with prompts of its
            own.
        chip: the sheet of these chips; None: the same chip as decodes.
    """

    split: Parallel
    chip: Chip | None = None


@dataclass(frozen=True)
class Scenario:
    """What to predict: model, phase, formats, parallelism and sizes; one value per point.

    Attributes:
        phase: one of ``PHASES``.
        precision: number formats of weights, products and cache.
        split: how the model is divided over chips; with ``prefill``, over those that decode.
        batch: sequences in a step, or concurrent requests, over all chips (points,).
        prompt, output: tokens per sequence (points,). A decode step has a context of the prompt
            plus half of the output.
        recipe: how a copy is trained; used by phase ``train`` only.
        engine: name of a fitted training engine, or ``TUNED`` for serving; empty means any engine.
        prefill: chips of their own for prefill, in serving; None: the chips that decode do it.
    """

    workload: Workload
    phase: str
    precision: Precision
    split: Parallel
    batch: Array
    prompt: Array
    output: Array
    recipe: Recipe = PLAIN
    engine: str = ""
    prefill: Prefill | None = None

    @property
    def chips(self) -> int:
        """Returns the number of chips, of both sides together."""
        return self.split.chips + (self.prefill.split.chips if self.prefill else 0)

    @property
    def way(self) -> str:
        """Returns how the model is divided over all chips, in words."""
        if not self.prefill:
            return str(self.split)
        chip = self.prefill.chip
        on = f" on {chip.short}" if chip else ""
        return f"prefill {self.prefill.split}{on}, decode {self.split}"

    @property
    def load(self) -> Load:
        """Returns the requests that a serving engine handles."""
        return Load(self.batch, self.prompt, self.output)
