"""How predictions of a chip did that were made without it, by the file of the last validation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import paths
from bench.loaded import once
from bench.predict.validation.errorfile import FILE

REPEATED = ("serving as reported, domestic chips: another source, no refit",)
"""Parts of the validation whose cases are in another part, too."""
PHASES = {
    "prefill": ("prefill step",),
    "decode": ("decode step",),
    "serve": ("serving TPOT", "serving as reported"),
    "train": ("training",),
}
"""By phase, how the names of parts begin that test it."""
INFERENCE = ("serve", "prefill", "decode")
TESTS = tuple(start for starts in PHASES.values() for start in starts)
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
        biases: of each part the median of foretold / measured - 1, of times.
    """

    count: int
    error: float
    inside: float
    biases: tuple[float, ...]


def left_out(part: str, parts: Mapping[str, Any], chip: str | None = None) -> Tested | None:
    """Returns how a part did that foretold every chip by the others.

    Args:
        part: its name, without how it was split.
        parts: of the validation's file.
        chip: id of the sheet; None for all its chips.

    Returns:
        None where the part was not tested, or the chip is not in it.
    """
    found = parts.get(part + LEFT_OUT, {})
    one = found if chip is None else found.get("each", {}).get(chip)
    if not one or not one["inside"]:
        return None
    return Tested(one["count"], one["mean"], one["inside"][0], (one.get("bias", 0.0),))


def tested_chips(part: str, parts: Mapping[str, Any]) -> int:
    """Returns how many chips a part foretold by the others."""
    return len(parts.get(part + LEFT_OUT, {}).get("each", {}))


@once
def errors() -> Mapping[str, Any]:
    """Returns how far predictions are off, by part of the validation."""
    text = (paths.data_dir("results") / FILE).read_text("utf-8")
    parts: Mapping[str, Any] = json.loads(text)["parts"]
    return parts


def held_up(chip: str, parts: Mapping[str, Any], starts: Sequence[str] = TESTS) -> Tested | None:
    """Returns how predictions of a chip did, or None where nothing could be tested.

    Args:
        chip: id of the sheet.
        parts: of the validation's file; those without intervals repeat others' cases.
        starts: how the names of those begin that are asked for.
    """
    named = {
        name: part["each"][chip]
        for name, part in parts.items()
        if name.startswith(TESTS) and name not in REPEATED and chip in part["each"]
    }
    fitted = any(name.endswith(LEFT_OUT) for name in named)
    own = [
        one
        for name, one in named.items()
        if name.startswith(tuple(starts)) and one["inside"]
        if not (fitted and name.endswith(SEEN))
    ]
    if not own:
        return None
    count = sum(one["count"] for one in own)
    error = sum(one["mean"] * one["count"] for one in own) / count
    inside = sum(one["inside"][0] * one["count"] for one in own) / count
    return Tested(count, error, inside, tuple(one.get("bias", 0.0) for one in own))
