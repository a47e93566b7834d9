"""Sentences on how well chips were predicted by fits that had not seen them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bench.chips.model import Chip
from bench.predict.learning.pooling import COVERAGE_80
from bench.predict.scenario import Scenario
from bench.predict.validation.chiperrors import (
    INFERENCE,
    PAIR_LEFT_OUT,
    SEEN,
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
    vendor_of,
)
from bench.report.text.scalar import Scalar
from bench.words import counted, some_of

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
ANY_ENGINE = "serving as reported, {}"
"""The same of serving with any engine."""
WIDER = (
    "The interval of a ratio allows for what a group's engine versions and settings change between "
    "its chips, which phase=decode and engine=tuned leave out"
)
WITHIN = "share within the 80% interval"
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
    known = [test.inside is not None for test, _ in texts.values()]
    shown = f"; {WITHIN}{'' if all(known) else ', if it is the one shown'}" if any(known) else ""
    return (
        "Tested on measurements of these chips that the fit had not seen (mean error"
        f"{shown}): {_listed(texts)}."
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
        f"{what}, each chip tested with a fit that had not seen it (mean error; {WITHIN}): "
        f"{of_chips}all {count} chips tested {_text(whole, '', sides)}."
    )


def ratio_lines(part: str, base: str, others: Sequence[str], any_engine: str = "") -> Iterator[str]:
    """Yields a sentence with the results of ratios that were predicted without them, if any.

    Args:
        part: name of the part of the validation that tests such times of single chips.
        base: id of the baseline.
        others: ids of the chips that are divided by it.
        any_engine: name of the part whose ratios have the interval that is shown, if those of
            ``part`` are without the scatter of other groups' engines; else empty.
    """
    is_same = {vendor_of(one) == vendor_of(base) for one in others}
    tested, left = (any_engine, SEEN) if any_engine else (part, PAIR_LEFT_OUT)
    across = _across(part, any_engine) if False in is_same else None
    within = ratios(tested, errors(), left) if True in is_same or not across else None
    texts = [_ratio_text(within)] if is_same and within else []
    if across:
        tuned = ", with engine=tuned on one side" if any_engine else ""
        texts.append(f"across vendors, one of which it had not seen{tuned}, {_ratio_text(across)}")
    elif texts and False in is_same and (any_engine or has_one_vendor(part, errors())):
        texts.append("no pair was of two vendors")
    pairs = [(one, base) for one in others]
    own = (
        ratios(tested, errors(), left, pair) or _across(part, any_engine, pair) for pair in pairs
    )
    texts += _own_pairs([one for one in own if one])
    if texts:
        what = (
            " that single groups measured on any engine and"
            if any_engine
            else ", of pairs of chips"
        )
        wider = f" {WIDER}." if any_engine and True in is_same else ""
        told = f"{what} that the fit had not seen (mean error; {WITHIN})"
        yield f"Ratios{told}: {'; '.join(texts)}.{wider}"


def _across(part: str, any_engine: str, pair: tuple[str, str] | None = None) -> RatioErrors | None:
    """Returns the results of ratios across vendors; their coverage if it is of what is shown."""
    found = ratios(part, errors(), VENDOR_LEFT_OUT, pair)
    return replace(found, inside=None) if found and any_engine else found


def _own_pairs(tests: Sequence[RatioErrors]) -> Iterator[str]:
    """Yields the results of the pairs of chips that are asked for as a text, if there are any."""
    ordered = sorted(tests, key=lambda one: -one.error)
    named = [f"{one.pair} {_ratio_off(one)}" for one in ordered]
    if named:
        yield f"of those asked {some_of(named, MOST, ', ', ', and {} that did better')}"


def phase_ratio_lines(
    scenario: Scenario, base: Chip | None, chips: Iterable[Chip]
) -> Iterator[str]:
    """Yields the sentence of ``ratio_lines`` for chips that run a model, if there is a baseline.

    Ratios of disaggregated serving have intervals that no test is of.
    """
    kind, is_any = _kind(scenario), scenario.phase == "serve" and not scenario.engine
    part, any_engine = RATIO_PARTS[scenario.phase].format(kind), ANY_ENGINE.format(kind)
    if base and not scenario.prefill:
        others = list(dict.fromkeys(one.id for one in chips if one.id != base.id))
        yield from ratio_lines(part, base.id, others, any_engine if is_any else "")


def _ratio_text(test: RatioErrors) -> str:
    """Returns the test results of ratios as text, and whether their interval is too narrow."""
    return f"{_ratio_off(test)} (worst: {test.pair} {test.worst:.0%} off)"


def _ratio_off(test: RatioErrors) -> str:
    return f"{test.error:.0%} off{_within(test.inside, test.count)}"


def _within(inside: float | None, count: int) -> str:
    """Returns how many cases there were, and lay within the interval if it is the one shown."""
    if inside is None:
        return f" in {counted(count, 'case')}"
    return f", {inside:.0%} of {count:,} within{_few(inside, count)}"


def _few(inside: float, count: int) -> str:
    """Returns that the 80% interval held too few of the cases; empty if it did not.

    Two standard errors below 80% are left to chance: 75% of 63 cases say nothing, 25% of 8 do.
    """
    by_chance = COVERAGE_80 - 2 * math.sqrt(COVERAGE_80 * (1 - COVERAGE_80) / count)
    return NARROW if inside < min(FEW, by_chance) else ""


def _kind(scenario: Scenario) -> str:
    """Returns the kind of the model: ``experts`` or ``dense``."""
    return "experts" if scenario.workload.experts else "dense"


def _listed(texts: dict[str, tuple[ChipErrors, str]]) -> str:
    """Returns chips with the texts of their results, the worst first."""
    ordered = sorted(texts, key=lambda chip: _badness(texts[chip][0]), reverse=True)
    named = [f"{chip} {texts[chip][1]}" for chip in ordered]
    return some_of(named, MOST, "; ", "; and {} that did better")


def _badness(test: ChipErrors) -> tuple[float, float]:
    """Returns what chips are sorted by: the share outside of the interval, then the error."""
    return 0.0 if test.inside is None else 1 - test.inside, test.error


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
    """Returns a chip's results in a phase with such models; or else in others, with their names.

    Disaggregated serving and other phases have intervals of their own, which those do not test.
    """
    kind, phase = _kind(scenario), scenario.phase
    tests = chip_tests(chip, errors(), TESTS_OF_PHASE[phase], engine=scenario.engine, kind=kind)
    if tests and scenario.prefill:
        tests = replace(tests, inside=None)
    if tests or phase == "train":
        return tests, ""
    others = [
        one for one in INFERENCE if chip_tests(chip, errors(), TESTS_OF_PHASE[one], kind=kind)
    ]
    starts = [start for one in others for start in TESTS_OF_PHASE[one]]
    found = chip_tests(chip, errors(), starts, kind=kind) if others else None
    return replace(found, inside=None) if found else None, ", ".join(others)


def _text(test: ChipErrors, at: str, sides: tuple[str, str] = TIMES) -> str:
    """Returns test results as text: error, bias, coverage of the interval, and other phases."""
    side = ""
    if all(bias <= -LEAST_BIAS for bias in test.biases):
        side = f", predicted too {sides[0]}"
    elif all(bias >= LEAST_BIAS for bias in test.biases):
        side = f", predicted too {sides[1]}"
    phases = f" (in {at.replace('serve', 'serving')})" if at else ""
    return f"{test.error:.0%} off{side}{_within(test.inside, test.count)}{phases}"
