"""How well a chip was predicted without its own data, by the file of the last validation."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import paths
from bench.files.caches import once
from bench.predict.validation.errorfile import FILE, RATIO

DOMESTIC = "serving as reported, domestic chips: another source, no refit"
"""Part of the validation whose cases are in another part as well."""
TESTS_OF_PHASE = {
    "prefill": ("prefill step",),
    "decode": ("decode step",),
    "serve": ("serving TPOT", "serving as reported"),
    "train": ("training",),
}
"""Prefixes of the names of parts that test each phase."""
INFERENCE = ("serve", "prefill", "decode")
"""Phases of inference, of which a test of one says something of the others."""
TESTS = tuple(start for starts in TESTS_OF_PHASE.values() for start in starts)
"""Prefixes of the names of parts that test any phase."""
LEFT_OUT = ": chip left out"
"""Suffix of the keys of parts in which each chip of the fit is predicted without it."""
FAMILY_LEFT_OUT = ": family left out"
"""Suffix of the keys of parts that predict the same cases as ``LEFT_OUT``, with less data."""
PAIR_LEFT_OUT, VENDOR_LEFT_OUT = ": both chips left out", ": vendor left out"
"""Suffixes of the keys of parts in which ratios are predicted without the two chips, or without
the vendor of one of them."""
DENSE_ONLY = (*TESTS_OF_PHASE["prefill"], *TESTS_OF_PHASE["decode"])
"""Prefixes of the names of parts whose models are all dense, though the names do not say so."""
SEEN = ": another source, no refit"
"""Suffix of the keys of parts that others reported, with any engine."""


@dataclass(frozen=True)
class ChipErrors:
    """Errors of predictions of a chip that were made without its own data.

    Attributes:
        count: number of cases.
        error: mean absolute value of predicted / measured - 1, of times.
        inside: share of cases within the 80% interval; None if ``predict`` prints an interval of
            other errors than the tested one.
        biases: median of predicted / measured - 1 in each part, of times.
    """

    count: int
    error: float
    inside: float | None
    biases: tuple[float, ...]


def left_out(part: str, parts: Mapping[str, Any], chip: str | None = None) -> ChipErrors | None:
    """Returns the errors of a part that predicts every chip from the others.

    Args:
        part: name of the part, without what was held out.
        parts: parts in the validation's file.
        chip: id of the sheet; None for all chips.

    Returns:
        None if the part was not tested, or the chip is not in it.
    """
    found = parts.get(part + LEFT_OUT, {})
    one = found if chip is None else found.get("each", {}).get(chip)
    if not one or not one["inside"]:
        return None
    inside = _inside(found["each"].values() if chip is None else [one])
    return ChipErrors(one["count"], one["mean"], inside, (one.get("bias", 0.0),))


def _inside(groups: Iterable[Mapping[str, Any]]) -> float:
    """Returns the share of all cases within the 80% interval; a part's own is a mean over groups.

    Args:
        groups: figures of chips or of pairs of chips.
    """
    shares, counts = zip(*((one["inside"][0], one["count"]) for one in groups), strict=True)
    return float(np.average(shares, weights=counts))


@dataclass(frozen=True)
class RatioErrors:
    """Errors of ratios of two chips that were predicted without them.

    Attributes:
        count: number of cases.
        error: mean absolute value of predicted / measured - 1.
        inside: as in ``ChipErrors``.
        worst: mean error of the worst pair of chips.
        pair: that pair.
    """

    count: int
    error: float
    inside: float | None
    worst: float
    pair: str


def ratios(
    part: str, parts: Mapping[str, Any], suffix: str, pair: tuple[str, str] | None = None
) -> RatioErrors | None:
    """Returns the errors of ratios on the work of a part; None if they were not tested.

    Args:
        part: name of the part that predicts each chip from the others.
        parts: parts in the validation's file.
        suffix: ``PAIR_LEFT_OUT``, ``VENDOR_LEFT_OUT`` or ``SEEN``.
        pair: ids of two chips, in any order; None for all pairs.
    """
    whole = parts.get(f"{RATIO}{part}{suffix}")
    if not whole or not whole["inside"]:
        return None
    if not pair:
        worst, inside = (whole["worst"], whole["worst_chip"]), _inside(whole["each"].values())
        return RatioErrors(whole["count"], whole["mean"], inside, *worst)
    for name in (" / ".join(pair), " / ".join(reversed(pair))):
        if one := whole["each"].get(name):
            return RatioErrors(one["count"], one["mean"], one["inside"][0], one["mean"], name)
    return None


def tested_chips(part: str, parts: Mapping[str, Any]) -> int:
    """Returns the number of chips that a part predicts from the others."""
    return len(parts.get(part + LEFT_OUT, {}).get("each", {}))


def has_one_vendor(part: str, parts: Mapping[str, Any]) -> bool:
    """Tells whether the chips that a part predicts from the others are all of one vendor."""
    chips = parts.get(part + LEFT_OUT, {}).get("each", {})
    return len({vendor_of(chip) for chip in chips}) == 1


@once
def errors() -> Mapping[str, Any]:
    """Returns the parts of the last validation's file, by key."""
    text = (paths.data_dir("results") / FILE).read_text("utf-8")
    parts: Mapping[str, Any] = json.loads(text)["parts"]
    return parts


def chip_tests(
    chip: str,
    parts: Mapping[str, Any],
    starts: Sequence[str] = TESTS,
    *,
    engine: str = "",
    kind: str = "",
) -> ChipErrors | None:
    """Returns the errors of predictions of a chip, or None if there is no test.

    Where both exist, predictions for any engine are tested on what others reported, and predictions
    for a fitted engine on its own runs on the chip. Each measurement counts once.

    Args:
        chip: id of the sheet.
        parts: parts in the validation's file; those without intervals repeat others' cases.
        starts: prefixes of the parts to use.
        engine: engine of the prediction; empty for any.
        kind: ``dense`` or ``experts``: leaves out the parts whose models are all of the other kind,
            which have intervals of their own; empty for both.
    """
    own = {
        name: part["each"][chip]
        for name, part in parts.items()
        if name.startswith(tuple(starts)) and chip in part["each"]
        if part["each"][chip]["inside"] and kind in ("", *_kinds(name))
        if not repeats(name, parts, kind)
    }
    kept = {
        name: one
        for name, one in own.items()
        if not _other_engine(name, own, engine) and not _less_data(name, own)
    }
    if not kept:
        return None
    count = sum(one["count"] for one in kept.values())
    error = sum(one["mean"] * one["count"] for one in kept.values()) / count
    printed = all(_printed(name, chip, parts, engine) for name in kept)
    biases = tuple(one.get("bias", 0.0) for one in kept.values())
    return ChipErrors(count, error, _inside(kept.values()) if printed else None, biases)


def repeats(name: str, parts: Mapping[str, Any], kind: str = "") -> bool:
    """Tells whether another part has the cases of a part, as far as they are of a kind of model.

    Args:
        name: key of the part.
        parts: parts in the validation's file.
        kind: ``dense`` or ``experts``: of the parts, those by kind are preferred; empty for both.
    """
    what, split = name.split(": ")
    if kind:
        return name == DOMESTIC or f"{what}, {kind}: {split}" in parts
    both = what.removesuffix(", dense").removesuffix(", experts")
    return name == DOMESTIC or (both != what and f"{both}: {split}" in parts)


def _less_data(name: str, names: Iterable[str]) -> bool:
    """Tells whether another part predicts the same cases with more data."""
    what = name.removesuffix(FAMILY_LEFT_OUT)
    return what != name and what + LEFT_OUT in names


def _printed(name: str, chip: str, parts: Mapping[str, Any], engine: str) -> bool:
    """Tells whether the interval that a part tested is of the errors that ``predict`` allows for.

    It prints single steps with the scatter of engines, which the tests of steps are without.
    Serving and training are printed with other groups' scatter unless an engine is named, and
    always on chips of a vendor that no engine was fitted on.
    """
    if name.startswith(DENSE_ONLY):
        return False
    what, _, _ = name.partition(" ")  # serving or training
    fits = (one for key, one in parts.items() if key.startswith(what) and key.endswith(LEFT_OUT))
    vendors = {vendor_of(known) for one in fits for known in one["each"]}
    return vendor_of(chip) not in vendors or name.endswith(SEEN) != bool(engine)


def vendor_of(chip: str) -> str:
    """Returns the vendor of a chip, with which its id begins."""
    return chip.partition("-")[0]


def _kinds(name: str) -> tuple[str, ...]:
    """Returns the kinds of models in a part: ``dense``, ``experts`` or both."""
    if name.startswith(DENSE_ONLY):
        return ("dense",)
    _, comma, kind = name.partition(":")[0].rpartition(", ")
    return (kind,) if comma and kind in ("dense", "experts") else ("dense", "experts")


def _other_engine(name: str, names: Iterable[str], engine: str) -> bool:
    """Tells whether a part tests other engines than the one asked for, and another part does not.

    Args:
        name: key of the part.
        names: keys of all parts to choose from.
        engine: engine of the prediction; empty for any.
    """
    kind = name.split(maxsplit=1)[0]  # serving, training, prefill, decode
    sources = {one.endswith(SEEN) for one in names if one.split()[0] == kind}
    return len(sources) > 1 and name.endswith(SEEN) == bool(engine)
