"""Predictions for a few standing questions, which represent common workloads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.answers import Answer, answers
from bench.predict.learning.learn import chosen
from bench.predict.model.parallel import parallel
from bench.predict.model.precision import precision
from bench.predict.scenario import Scenario, usual_length
from bench.workloads.load import workload

BASE = "nvidia-h20-sxm-96gb"
"""Baseline of the ratios."""
OUTPUT = 512
"""Tokens of an answer, the default of ``predict``."""


@dataclass(frozen=True)
class StandingQuestion:
    """One question to the prediction model.

    Attributes:
        key: anchor on the page.
        title: short description.
        model: name of the workload.
        phase: phase, such as ``serve`` or ``train``.
        precision: number format, as ``predict`` takes it.
        split: layout of the chips, as ``parallel=`` of ``predict``.
        batch: concurrent requests, or prompts.
    """

    key: str
    title: str
    model: str
    phase: str
    precision: str
    split: str
    batch: int

    @property
    def scenario(self) -> Scenario:
        """Returns the question as a scenario with one point."""
        model = workload(self.model)
        how = precision(self.precision, experts=model.experts is not None)
        output = 0 if self.phase in ("prefill", "train") else OUTPUT
        sizes = self.batch, usual_length(model, self.phase), output
        batch, prompt, answer = (np.array([float(one)]) for one in sizes)
        return Scenario(model, self.phase, how, parallel(self.split), batch, prompt, answer)

    def command(self, chip: str) -> str:
        """Returns the command line that asks the question for a chip."""
        split = f"'{self.split}'" if "," in self.split else self.split
        return (
            f"python -m bench predict chips=[{chip}] baseline=h20 workload={self.model} "
            f"phase={self.phase} batch={self.batch} parallel={split} precision={self.precision}"
        )


STANDING = (
    StandingQuestion("one-chip", "Llama 3.1 8B, 1 chip", "llama-3.1-8b", "serve", "bf16", "1", 32),
    StandingQuestion("dense", "Llama 3.1 70B, 8 chips", "llama-3.1-70b", "serve", "bf16", "8", 64),
    StandingQuestion(
        "prompts", "Llama 3.1 70B, prefill only, 8 chips",
        "llama-3.1-70b", "prefill", "bf16", "8", 8,
    ),
    StandingQuestion(
        "experts", "DeepSeek V3, 8-bit weights, 16 chips",
        "deepseek-v3", "serve", "w8a16", "tp8,dp2,ep16", 128,
    ),
    StandingQuestion(
        "training", "Training Llama 3.1 8B, 8 chips", "llama-3.1-8b", "train", "bf16", "fsdp8", 64,
    ),
)  # fmt: skip
"""A model that fits one chip; one on eight chips; its prefill, which is bound by matrix rates; one
with experts, in 8-bit weights so that chips without fp8 can run it; and a training run."""


@dataclass(frozen=True)
class QuestionAnswers:
    """The answers to one question, by chip id."""

    question: StandingQuestion
    answers: Mapping[str, Answer]


def predict(sheets: Catalogue) -> tuple[QuestionAnswers, ...]:
    """Returns the answers of all accelerators to each question that some sheet can answer."""
    fit, base = chosen(None), sheets.chips.get(BASE)
    accelerators = [chip for chip in sheets.chips.values() if is_accelerator(chip)]
    results = []
    for question in STANDING:
        try:
            chip_answers = answers(accelerators, base, question.scenario, fit)
        except UsageError:
            continue
        results.append(
            QuestionAnswers(question, {answer.chip.id: answer for answer in chip_answers})
        )
    return tuple(results)


def is_accelerator(chip: Chip) -> bool:
    """Tells whether a sheet describes a single accelerator."""
    return chip.kind in ("gpu", "npu") and not chip.variants
