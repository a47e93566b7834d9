"""Sentences on how well chips were predicted by fits that had not seen them."""

import math
from collections.abc import Iterable, Iterator, Sequence

from bench.chips.model import Chip
from bench.predict.learning.pooling import COVERAGE_80
from bench.predict.scenario import Scenario
from bench.predict.validation.chiperrors import (
    INFERENCE,
    PAIR_LEFT_OUT,
    TESTS_OF_PHASE,
    VENDOR_LEFT_OUT,
    ChipErrors,
    RatioErrors,
    chip_tests,
    errors,
    has_one_vendor,
    left_out,
    ratios,
    tested_chips,
)
from bench.report.text.scalar import Scalar
from bench.words import some_of

MOST = 6
"""Maximum number of chips that are named, the worst first."""
LEAST_BIAS = 0.1
"""Least bias, the median signed error, at which its direction is stated."""
FEW = 0.75
"""Share of cases within the 80% interval below which it is called too narrow, as in validation, if
chance does not explain so few."""
NARROW = ", too few: the interval is too narrow"
RATIO_PARTS = {
    "prefill": "prefill step", "decode": "decode step",
    "serve": "serving TPOT, {}", "train": "training, {}",
}  # fmt: skip
"""Part of the validation that tests ratios in each phase, by ``dense`` or ``experts``."""
TIMES, RATES = ("fast", "slow"), ("low", "high")
"""Words for predictions that are too small and too large: of times, and of rates."""


def tests_line(chips: Sequence[str], scenario: Scenario) -> str:
    """Returns a sentence with the test results of chips, the worst first; empty if there are none.

    Args:
        chips: ids of the chips.
        scenario: the question: its phase, engine and kind of model choose the tests.
    """
    results = {chip: _tested(chip, scenario) for chip in dict.fromkeys(chips)}
    texts = {chip: (test, _text(test, at)) for chip, (test, at) in results.items() if test}
    if not texts:
        return ""
    return (
        "Tested on measurements of these chips that the fit had not seen (mean error; share "
        f"within the 80% interval): {_listed(texts)}."
    )


def part_line(chips: Sequence[str], part: str, what: str, sides: tuple[str, str] = TIMES) -> str:
    """Returns a sentence with a validation part's results for chips and for all; or nothing.

    Args:
        chips: ids of the chips.
        part: name of the part that predicted each chip by the others, without its split.
        what: what was predicted, the beginning of the sentence.
        sides: words for predictions that are too small and too large.
    """
    whole, count = left_out(part, errors()), tested_chips(part, errors())
    if not whole:
        return ""
    tests = {chip: left_out(part, errors(), chip) for chip in dict.fromkeys(chips)}
    texts = {chip: (test, _text(test, "", sides)) for chip, test in tests.items() if test}
    of_chips = f"{_listed(texts)}; " if texts else ""
    return (
        f"{what}, each chip tested with a fit that had not seen it (mean error; share within the "
        f"80% interval): {of_chips}all {count} chips tested {_text(whole, '', sides)}."
    )


def ratio_lines(part: str, vendor: str, others: Iterable[str]) -> Iterator[str]:
    """Yields a sentence with the results of ratios that were tested without both chips, if any.

    Args:
        part: name of the part of the validation that tests such times of single chips.
        vendor: vendor of the baseline.
        others: vendors of the chips that are divided by it.
    """
    is_same = {one == vendor for one in others}
    across = ratios(part, errors(), VENDOR_LEFT_OUT) if False in is_same else None
    within = ratios(part, errors(), PAIR_LEFT_OUT) if True in is_same or not across else None
    texts = [_ratio_text(within)] if is_same and within else []
    if across:
        texts.append(f"across vendors, one of which it had not seen, {_ratio_text(across)}")
    elif texts and False in is_same and has_one_vendor(part, errors()):
        texts.append("no pair was of two vendors")
    if texts:
        yield (
            "Ratios, of pairs of chips that the fit had not seen (mean error; share within the "
            f"80% interval): {'; '.join(texts)}."
        )


def phase_ratio_lines(
    scenario: Scenario, base: Chip | None, chips: Iterable[Chip]
) -> Iterator[str]:
    """Yields the sentence of ``ratio_lines`` for chips that run a model, if there is a baseline."""
    part = RATIO_PARTS[scenario.phase].format(_kind(scenario))
    if base:
        yield from ratio_lines(part, base.vendor, [one.vendor for one in chips if one != base])


def _ratio_text(test: RatioErrors) -> str:
    """Returns the test results of ratios as text, and whether their interval is too narrow."""
    return (
        f"{test.error:.0%} off, {test.inside:.0%} of {test.count:,} within{_few(test)} "
        f"(worst: {test.pair} {test.worst:.0%} off)"
    )


def _few(test: ChipErrors | RatioErrors) -> str:
    """Returns that the 80% interval held too few of the cases; empty if it did not.

    Two standard errors below 80% are left to chance: 75% of 63 cases say nothing, 25% of 8 do.
    """
    by_chance = COVERAGE_80 - 2 * math.sqrt(COVERAGE_80 * (1 - COVERAGE_80) / test.count)
    return NARROW if test.inside < min(FEW, by_chance) else ""


def _kind(scenario: Scenario) -> str:
    """Returns the kind of the model: ``experts`` or ``dense``."""
    return "experts" if scenario.workload.experts else "dense"


def _listed(texts: dict[str, tuple[ChipErrors, str]]) -> str:
    """Returns chips with the texts of their results, the worst first."""
    ordered = sorted(texts, key=lambda chip: (texts[chip][0].inside, -texts[chip][0].error))
    named = [f"{chip} {texts[chip][1]}" for chip in ordered]
    return some_of(named, MOST, "; ", "; and {} that did better")


def flat_tests(chip: str, scenario: Scenario) -> dict[str, Scalar]:
    """Returns the test results of one chip for a question as a flat row."""
    return _flat(*_tested(chip, scenario), scenario.phase)


def flat_part(chip: str, part: str) -> dict[str, Scalar]:
    """Returns the results of a part of the validation for one chip as a flat row."""
    return _flat(left_out(part, errors(), chip), "", part)


def _flat(test: ChipErrors | None, at: str, phase: str) -> dict[str, Scalar]:
    return {
        "tested": test.count if test else None,
        "tested_phase": (at or phase) if test else None,
        "tested_error": test.error if test else None,
        "tested_inside_80": test.inside if test else None,
    }


def _tested(chip: str, scenario: Scenario) -> tuple[ChipErrors | None, str]:
    """Returns a chip's results in a phase with such models; or else in others, with their names."""
    kind, phase = _kind(scenario), scenario.phase
    tests = chip_tests(chip, errors(), TESTS_OF_PHASE[phase], engine=scenario.engine, kind=kind)
    if tests or phase == "train":
        return tests, ""
    others = [
        one for one in INFERENCE if chip_tests(chip, errors(), TESTS_OF_PHASE[one], kind=kind)
    ]
    starts = [start for one in others for start in TESTS_OF_PHASE[one]]
    found = chip_tests(chip, errors(), starts, kind=kind) if others else None
    return found, ", ".join(others)


def _text(test: ChipErrors, at: str, sides: tuple[str, str] = TIMES) -> str:
    """Returns test results as text: error, bias, coverage of the interval, and other phases."""
    side = ""
    if all(bias <= -LEAST_BIAS for bias in test.biases):
        side = f", predicted too {sides[0]}"
    elif all(bias >= LEAST_BIAS for bias in test.biases):
        side = f", predicted too {sides[1]}"
    phases = f" (in {at.replace('serve', 'serving')})" if at else ""
    within = f"{test.inside:.0%} of {test.count:,} within{_few(test)}"
    return f"{test.error:.0%} off{side}, {within}{phases}"
