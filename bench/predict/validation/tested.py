"""How predictions of a chip did that were made without it, by the file of the last validation."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
"""How parts end that have every chip of a fit, each predicted without it."""
SEEN = ": another source, no refit"
"""How parts end that others reported, with any engine."""


@dataclass(frozen=True)
class Tested:
    """How predictions of a chip's steps, serving and training did that its cases were not in.

    Attributes:
        count: cases.
        error: mean size of predicted / measured - 1.
        inside: share of cases within the 80% interval.
        biases: of each part the median of predicted / measured - 1, of times.
    """

    count: int
    error: float
    inside: float
    biases: tuple[float, ...]


def left_out(part: str, parts: Mapping[str, Any], chip: str | None = None) -> Tested | None:
    """Returns how a part did that predicted every chip by the others.

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
    """Returns how many chips a part predicted by the others."""
    return len(parts.get(part + LEFT_OUT, {}).get("each", {}))


@once
def errors() -> Mapping[str, Any]:
    """Returns how far predictions are off, by part of the validation."""
    text = (paths.data_dir("results") / FILE).read_text("utf-8")
    parts: Mapping[str, Any] = json.loads(text)["parts"]
    return parts


def held_up(
    chip: str, parts: Mapping[str, Any], starts: Sequence[str] = TESTS, *, engine: str = ""
) -> Tested | None:
    """Returns how predictions of a chip did, or None where nothing could be tested.

    With any engine they are tested by what others reported, with one that was fitted by its own
    runs on the chip: so far as there are such.

    Args:
        chip: id of the sheet.
        parts: of the validation's file; those without intervals repeat others' cases.
        starts: how the names of those begin that are asked for.
        engine: that was asked for; empty: any.
    """
    own = {
        name: part["each"][chip]
        for name, part in parts.items()
        if name.startswith(tuple(starts)) and name not in REPEATED and chip in part["each"]
        if part["each"][chip]["inside"]
    }
    kept = [one for name, one in own.items() if not _beside(name, own, engine)]
    if not kept:
        return None
    count = sum(one["count"] for one in kept)
    error = sum(one["mean"] * one["count"] for one in kept) / count
    inside = sum(one["inside"][0] * one["count"] for one in kept) / count
    return Tested(count, error, inside, tuple(one.get("bias", 0.0) for one in kept))


def _beside(name: str, others: Iterable[str], engine: str) -> bool:
    """Tells whether a part tests another engine than the one asked for, beside one that does."""
    kind = name.split(maxsplit=1)[0]  # serving, training, prefill, decode
    told = {one.endswith(SEEN) for one in others if one.split()[0] == kind}
    return len(told) > 1 and name.endswith(SEEN) == bool(engine)
