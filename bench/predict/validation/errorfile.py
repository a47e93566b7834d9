"""The errors of a validation as a file: what a later state is held to, and what the site tells."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bench.errors import DataError, Fault, UsageError
from bench.predict.validation.errors import Figures, Part, by, figures

FILE = "validation.json"
RATIO = "ratio of "
"""Begins the names of parts of two chips."""
WAYS = "choice of a way to divide"
"""The part of choices, not of times."""
FLAT = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
"""What stands on a line of its own in the file: the innermost groups."""


def written(parts: Sequence[Part]) -> str:
    """Returns the figures of parts as the text of a file; of ratios, none of single pairs."""
    kept = {one.key: {**_kept(figures(one.cases)), "each": _each(one)} for one in parts}
    text = json.dumps({"parts": kept}, indent=1) + "\n"
    return FLAT.sub(_on_a_line, text)


def _on_a_line(group: re.Match[str]) -> str:
    opening, inner, closing = group[0][0], group[0][1:-1], group[0][-1]
    return f"{opening}{' '.join(inner.split())}{closing}"


def _each(part: Part) -> dict[str, dict[str, object]]:
    """Returns the figures of each chip of a part."""
    if part.name.startswith(RATIO):
        return {}
    own = {chip: figures(cases) for chip, cases in by(part.cases, lambda one: one.chip).items()}
    return {chip: _rounded(found, ("mean", "bias")) for chip, found in own.items()}


def _kept(found: Figures) -> dict[str, object]:
    return {
        "chips": found.chips,
        **_rounded(found, ("mean", "by_chip", "median", "bias", "worst")),
        "worst_chip": found.worst_chip,
        "rivals": [[round(value, 4) for value in one] for one in found.rivals],
    }


def _rounded(found: Figures, keys: Sequence[str]) -> dict[str, object]:
    return {
        "count": found.count,
        **{key: round(getattr(found, key), 4) for key in keys},
        "inside": [round(one, 4) for one in found.inside],
    }


@dataclass(frozen=True)
class Kept:
    """A part's figures in a file, as far as a later state is held to them."""

    mean: float


@dataclass(frozen=True)
class State:
    """The parts of a file, by key."""

    parts: Mapping[str, Kept]


def state(path: Path) -> dict[str, float]:
    """Reads the mean error of each part of a file that ``written`` made.

    Raises:
        UsageError: there is no such file.
        DataError: it is none of ours.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        told = f"{why}: give a file that 'validate out=' made"
        raise UsageError(f"against={path} cannot be read: {told}") from None
    try:
        found = TypeAdapter(State).validate_json(text)
    except ValidationError:
        fault = Fault(path.name, "", "holds no figures of a validation", "make it with out=")
        raise DataError([fault]) from None
    return {key: one.mean for key, one in found.parts.items()}
