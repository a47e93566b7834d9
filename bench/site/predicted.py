"""What chips are predicted to do in a few questions that stand for many."""

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
from bench.predict.scenario import Scenario
from bench.workloads.load import workload

BASE = "nvidia-h20-sxm-96gb"
"""The chip that the others are divided by."""
PROMPT, OUTPUT = 2048, 512
"""Tokens a request, as ``predict`` takes them where it is not told."""


@dataclass(frozen=True)
class Standing:
    """One question as it is typed.

    Attributes:
        key: its anchor.
        title: in few words.
        model, phase, precision, split: the words of ``predict``.
        batch: requests, or prompts at once.
    """

    key: str
    title: str
    model: str
    phase: str
    precision: str
    split: str
    batch: int

    @property
    def asked(self) -> Scenario:
        """Returns the question, of one point."""
        model = workload(self.model)
        how = precision(self.precision, experts=model.experts is not None)
        output = 0 if self.phase in ("prefill", "train") else OUTPUT
        batch, prompt, answer = (np.array([float(one)]) for one in (self.batch, PROMPT, output))
        return Scenario(model, self.phase, how, parallel(self.split), batch, prompt, answer)

    def words(self, chip: str) -> str:
        """Returns the command that asks it of a chip."""
        split = f"'{self.split}'" if "," in self.split else self.split
        return (
            f"python -m bench predict chips=[{chip}] baseline=h20 workload={self.model} "
            f"phase={self.phase} batch={self.batch} parallel={split} precision={self.precision}"
        )


STANDING = (
    Standing("one-chip", "Llama 3.1 8B, 1 chip", "llama-3.1-8b", "serve", "bf16", "1", 32),
    Standing("dense", "Llama 3.1 70B, 8 chips", "llama-3.1-70b", "serve", "bf16", "8", 64),
    Standing(
        "prompts", "Llama 3.1 70B, prefill only, 8 chips",
        "llama-3.1-70b", "prefill", "bf16", "8", 8,
    ),
    Standing(
        "experts", "DeepSeek V3, 8-bit weights, 16 chips",
        "deepseek-v3", "serve", "w8a16", "tp8,dp2,ep16", 128,
    ),
    Standing(
        "training", "Training Llama 3.1 8B, 8 chips", "llama-3.1-8b", "train", "bf16", "fsdp8", 64,
    ),
)  # fmt: skip
"""A model that one chip holds, one of eight chips, its prompts, which matrix rates bound, and one
with experts, whose weights are of 8 bits so that chips without fp8 can be asked, too; and one that
is trained."""


@dataclass(frozen=True)
class Told:
    """The answers to one question, by chip."""

    question: Standing
    answers: Mapping[str, Answer]


def predict(sheets: Catalogue) -> tuple[Told, ...]:
    """Returns what is predicted of every accelerator; nothing where no sheet tells enough."""
    known, base = chosen(None), sheets.chips.get(BASE)
    chips = [one for one in sheets.chips.values() if is_asked(one)]
    found = []
    for one in STANDING:
        try:
            told = answers(chips, base, one.asked, known)
        except UsageError:
            continue
        found.append(Told(one, {answer.chip.id: answer for answer in told}))
    return tuple(found)


def is_asked(chip: Chip) -> bool:
    """Tells whether a sheet is of one accelerator."""
    return chip.kind in ("gpu", "npu") and not chip.variants
