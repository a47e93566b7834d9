"""What chips are foretold to do in a few questions that stand for many."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.predict.answers import Answer, answers
from bench.predict.forecast import Asked
from bench.predict.learn import chosen
from bench.predict.parallel import parallel
from bench.predict.precision import precision
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
    def asked(self) -> Asked:
        """Returns the question, of one point."""
        model = workload(self.model)
        how = precision(self.precision, experts=model.experts is not None)
        output = 0 if self.phase in ("prefill", "train") else OUTPUT
        batch, prompt, answer = (np.array([float(one)]) for one in (self.batch, PROMPT, output))
        return Asked(model, self.phase, how, parallel(self.split), batch, prompt, answer)

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
        "prompts", "Llama 3.1 70B, prompts alone, 8 chips",
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


REPEATED = ("serving as reported, domestic chips: another source, no refit",)
"""Parts of the validation whose cases are in another part, too."""
TESTS = ("prefill step", "decode step", "serving TPOT", "serving as reported", "training")
"""How the names of parts begin that test what the questions ask for."""
LEFT_OUT = ": chip left out"
"""How parts end that have every chip of a fit, each foretold without it."""
SEEN = ": another source, no refit"
"""How parts end whose fit has seen those chips."""


@dataclass(frozen=True)
class Tested:
    """How predictions of a chip's steps, serving and training did that were made without it.

    What others reported of it is among them only where no fit has the chip at all.

    Attributes:
        count: cases.
        error: mean size of foretold / measured - 1.
        inside: share of cases within the 80% interval.
    """

    count: int
    error: float
    inside: float


def held_up(chip: str, errors: Mapping[str, Any]) -> Tested | None:
    """Returns how predictions of a chip did, or None where nothing could be tested.

    Args:
        chip: id of the sheet.
        errors: the parts of the validation's file; those without intervals repeat others' cases.
    """
    parts = {
        name: part["each"][chip]
        for name, part in errors.items()
        if name.startswith(TESTS) and name not in REPEATED and chip in part["each"]
    }
    fitted = any(name.endswith(LEFT_OUT) for name in parts)
    own = [
        one for name, one in parts.items() if one["inside"] and not (fitted and name.endswith(SEEN))
    ]
    if not own:
        return None
    count = sum(one["count"] for one in own)
    error = sum(one["mean"] * one["count"] for one in own) / count
    return Tested(count, error, sum(one["inside"][0] * one["count"] for one in own) / count)


@dataclass(frozen=True)
class Told:
    """The answers to one question, by chip."""

    question: Standing
    answers: Mapping[str, Answer]


def foretell(sheets: Catalogue) -> tuple[Told, ...]:
    """Returns what is foretold of every accelerator; nothing where no sheet tells enough."""
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
