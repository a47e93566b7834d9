"""The errors of a validation as a file: the reference for later states and for the website."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bench.errors import DataError, Fault, UsageError
from bench.predict.validation.errors import Figures, Part, figures, grouped

FILE = "validation.json"
"""Name of the file, in ``results/``."""
RATIO = "ratio of "
"""Prefix of the names of parts that predict ratios of two chips."""
WAYS = "choice of a way to divide"
"""Name of the part that tests choices instead of times."""
SIDES = "choice of prefill on chips of its own"
"""Name of the part that tests whether prefill on chips of its own is chosen rightly."""
FLAT = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
"""The innermost JSON objects and arrays, which are written on one line each."""


def written(parts: Sequence[Part]) -> str:
    """Returns the figures of parts as the text of a file."""
    kept = {one.key: {**_kept(one.figures), "each": _each(one)} for one in parts}
    text = json.dumps({"parts": kept}, indent=1) + "\n"
    return FLAT.sub(_on_a_line, text)


def _on_a_line(group: re.Match[str]) -> str:
    """Returns a JSON object or array on one line."""
    opening, inner, closing = group[0][0], group[0][1:-1], group[0][-1]
    return f"{opening}{' '.join(inner.split())}{closing}"


def _each(part: Part) -> dict[str, dict[str, object]]:
    """Returns the figures of each chip of a part; for ratios, of each pair of chips."""
    chips = grouped(part.cases, lambda one: one.chip)
    return {chip: _rounded(figures(cases), ("mean", "bias")) for chip, cases in chips.items()}


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
    """A part's figures in a file, as far as later states are compared with them."""

    mean: float


@dataclass(frozen=True)
class State:
    """A file's parts, by key."""

    parts: Mapping[str, Kept]


def state(path: Path) -> dict[str, float]:
    """Reads the mean error of each part from a file that ``written`` made.

    Raises:
        UsageError: the file cannot be read.
        DataError: it is not such a file.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        hint = f"{why}: give a file that 'validate out=' made"
        raise UsageError(f"against={path} cannot be read: {hint}") from None
    try:
        found = TypeAdapter(State).validate_json(text)
    except ValidationError:
        fault = Fault(path.name, "", "holds no figures of a validation", "make it with out=")
        raise DataError([fault]) from None
    return {key: one.mean for key, one in found.parts.items()}
