"""How predictions of chips did that were made without them, in a line beneath a table of others."""

from collections.abc import Sequence

from bench.predict.validation.tested import (
    INFERENCE,
    PHASES,
    Tested,
    errors,
    chip_tests,
    left_out,
    tested_chips,
)
from bench.report.scalar import Scalar

MOST = 6
"""So many chips are named, the worst first."""
ASIDE = 0.1
"""From this median error on it is said to which side."""
TIMES, RATES = ("fast", "slow"), ("low", "high")
"""How a time and a rate are predicted where they come out too small, and too large."""


def tests_line(chips: Sequence[str], phase: str, engine: str) -> str:
    """Returns what tests found of those chips that were tested, the worst first, or nothing.

    Args:
        chips: ids of the sheets.
        phase: what is predicted.
        engine: that was asked for; empty: any.
    """
    every = {one: _tested(one, phase, engine) for one in dict.fromkeys(chips)}
    found = {one: (told, at) for one, (told, at) in every.items() if told}
    if not found:
        return ""
    words = {one: (told, _words(told, at)) for one, (told, at) in found.items()}
    return (
        "Tested on measurements of these chips that the fit had not seen (mean error; share "
        f"within the 80% interval): {_listed(words)}."
    )


def part_line(chips: Sequence[str], part: str, what: str, sides: tuple[str, str] = TIMES) -> str:
    """Returns what a part of the validation found of some chips and of all, or nothing.

    Args:
        chips: ids of the sheets.
        part: that predicted each chip by the others; without how it was split.
        what: was predicted, in words that begin the line.
        sides: how it is predicted where it comes out too small, and too large.
    """
    whole, count = left_out(part, errors()), tested_chips(part, errors())
    if not whole:
        return ""
    found = {one: told for one in dict.fromkeys(chips) if (told := left_out(part, errors(), one))}
    words = {one: (told, _words(told, "", sides)) for one, told in found.items()}
    own = f"{_listed(words)}; " if words else ""
    return (
        f"{what}, each chip tested with a fit that had not seen it (mean error; share within the "
        f"80% interval): {own}all {count} chips tested {_words(whole, '', sides)}."
    )


def _listed(words: dict[str, tuple[Tested, str]]) -> str:
    """Returns chips with what is said of them, the worst first."""
    ordered = sorted(words, key=lambda one: (words[one][0].inside, -words[one][0].error))
    told = "; ".join(f"{one} {words[one][1]}" for one in ordered[:MOST])
    more = f"; and {len(ordered) - MOST} that did better" if len(ordered) > MOST else ""
    return f"{told}{more}"


def flat_tests(chip: str, phase: str, engine: str = "") -> dict[str, Scalar]:
    """Returns the same of one chip for programs."""
    return _flat(*_tested(chip, phase, engine), phase)


def flat_part(chip: str, part: str) -> dict[str, Scalar]:
    """Returns what a part of the validation found of one chip for programs."""
    return _flat(left_out(part, errors(), chip), "", part)


def _flat(one: Tested | None, at: str, phase: str) -> dict[str, Scalar]:
    return {
        "tested": one.count if one else None,
        "tested_phase": (at or phase) if one else None,
        "tested_error": one.error if one else None,
        "tested_inside_80": one.inside if one else None,
    }


def _tested(chip: str, phase: str, engine: str) -> tuple[Tested | None, str]:
    """Returns how predictions of a chip did in one phase, else in what other phases there are."""
    own = chip_tests(chip, errors(), PHASES[phase], engine=engine)
    if own or phase == "train":
        return own, ""
    others = [one for one in INFERENCE if chip_tests(chip, errors(), PHASES[one])]
    starts = [start for one in others for start in PHASES[one]]
    return (chip_tests(chip, errors(), starts), ", ".join(others)) if others else (None, "")


def _words(one: Tested, at: str, sides: tuple[str, str] = TIMES) -> str:
    side = ""
    if all(bias <= -ASIDE for bias in one.biases):
        side = f", predicted too {sides[0]}"
    elif all(bias >= ASIDE for bias in one.biases):
        side = f", predicted too {sides[1]}"
    where = f" (in {at.replace('serve', 'serving')})" if at else ""
    return f"{one.error:.0%} off{side}, {one.inside:.0%} of {one.count:,} within{where}"
