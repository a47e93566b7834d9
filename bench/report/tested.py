"""How predictions of chips did that were made without them, in a line beneath a table of others."""

from collections.abc import Sequence

from bench.predict.validation.tested import INFERENCE, PHASES, Tested, errors, held_up
from bench.report.scalar import Scalar

MOST = 6
"""So many chips are named, the worst first."""
ASIDE = 0.1
"""From this median error on it is said to which side."""


def tests_said(chips: Sequence[str], phase: str) -> str:
    """Returns what tests found of those chips that were tested, the worst first, or nothing."""
    every = {one: _tested(one, phase) for one in dict.fromkeys(chips)}
    found = {one: (told, at) for one, (told, at) in every.items() if told}
    if not found:
        return ""
    ordered = sorted(found, key=lambda one: (found[one][0].inside, -found[one][0].error))
    told = "; ".join(f"{one} {_words(*found[one])}" for one in ordered[:MOST])
    more = f"; and {len(ordered) - MOST} that did better" if len(ordered) > MOST else ""
    return (
        "Tested on measurements of these chips that the fit had not seen (mean error; share "
        f"within the 80% interval): {told}{more}."
    )


def flat_tests(chip: str, phase: str) -> dict[str, Scalar]:
    """Returns the same of one chip for programs."""
    one, at = _tested(chip, phase)
    return {
        "tested": one.count if one else None,
        "tested_phase": (at or phase) if one else None,
        "tested_error": one.error if one else None,
        "tested_inside_80": one.inside if one else None,
    }


def _tested(chip: str, phase: str) -> tuple[Tested | None, str]:
    """Returns how predictions of a chip did in one phase, else in what other phases there are."""
    own = held_up(chip, errors(), PHASES[phase])
    if own or phase == "train":
        return own, ""
    others = [one for one in INFERENCE if held_up(chip, errors(), PHASES[one])]
    starts = [start for one in others for start in PHASES[one]]
    return (held_up(chip, errors(), starts), ", ".join(others)) if others else (None, "")


def _words(one: Tested, at: str) -> str:
    side = ""
    if all(bias <= -ASIDE for bias in one.biases):
        side = ", predicted too fast"
    elif all(bias >= ASIDE for bias in one.biases):
        side = ", predicted too slow"
    where = f" (in {at.replace('serve', 'serving')})" if at else ""
    return f"{one.error:.0%} off{side}, {one.inside:.0%} of {one.count:,} within{where}"
