"""The changes of licence policy that a chip can reach by one attribute, or by one and a flag."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question
from bench.rules.subject import Changes
from bench.rules.whatif import HAIR, LEVERS, Supposed, deciding_rules, is_tested, lines

FLAGS = ("datacenter", "us_sale")
"""The flags that may be assumed."""


@dataclass(frozen=True)
class Span:
    """A range of an attribute, base units; an absent bound is None."""

    low: float | None
    high: float | None
    with_low: bool = False
    with_high: bool = False


@dataclass(frozen=True)
class Step:
    """A change of policy.

    Attributes:
        key: the attribute that changes; empty if the flag alone does.
        span: the values of the attribute under which the policy holds; None if a flag alone does.
        flags: the flags that change as well.
        policies: the possible policies then.
        rules: the rules that make the difference.
    """

    key: str
    span: Span | None
    flags: Changes
    policies: tuple[Policy, ...]
    rules: tuple[Rule, ...]


def steps(supposed: Supposed, question: Question, book: Rulebook) -> list[Step]:
    """Returns every other policy that a flag, an attribute, or one of each leads to.

    A flag and an attribute together are listed only for a certain policy that neither of them
    reaches alone.
    """
    here = status(supposed.subject(), question, book)
    keys = [key for key in LEVERS if is_tested(key, question, book)]
    found = [step for key in keys for step in _along(key, supposed, {}, here, book)]
    reached = {here.policies, *(one.policies for one in found)}
    for flags in _flips(supposed):
        there = status(_with(supposed, flags).subject(), question, book)
        if there.policies != here.policies:
            found.append(Step("", None, flags, there.policies, _between(there, here)))
        more = [step for key in keys for step in _along(key, supposed, flags, here, book)]
        known = {*reached, there.policies}
        found += [one for one in more if len(one.policies) == 1 and one.policies not in known]
    return found


def _flips(supposed: Supposed) -> Iterator[Changes]:
    """Yields each flag with the value that it does not have now."""
    attributes = supposed.subject().attributes
    for key in FLAGS:
        values = {bool(one.value) for one in attributes[key].readings}
        yield from ({key: value} for value in (True, False) if values != {value})


def _with(supposed: Supposed, flags: Changes) -> Supposed:
    return Supposed(supposed.chip, supposed.catalogue, {**supposed.changed, **flags})


def _along(
    key: str, supposed: Supposed, flags: Changes, here: Status, book: Rulebook
) -> Iterator[Step]:
    """Yields the ranges of an attribute in which the policy differs from the one that holds now."""
    changed = _with(supposed, flags)
    for span, there in _spans(key, changed, here.question, book):
        if there.policies != here.policies:
            yield Step(key, span, flags, there.policies, _between(there, here))


def _spans(
    key: str, supposed: Supposed, question: Question, book: Rulebook
) -> Iterator[tuple[Span, Status]]:
    """Yields the ranges of an attribute between which the policy changes, each with its status."""
    limits = sorted({one for one in lines(key, supposed, question, book) if one > 0})
    if not limits:
        return
    cells: list[tuple[Span, float]] = [(Span(None, limits[0]), limits[0] * (1 - HAIR))]
    for low, high in pairwise([*limits, None]):
        if low is not None:
            at = low * (1 + HAIR)
            cells += [(Span(low, low, with_low=True, with_high=True), low), (Span(low, high), at)]
    span, last = cells[0][0], None
    for cell, value in cells:
        now = status(supposed.subject({key: value}), question, book)
        if last is not None and now.policies != last.policies:
            yield span, last
            span = cell
        else:
            span = Span(span.low, cell.high, span.with_low, cell.with_high)
        last = now
    if last is not None:
        yield span, last


def _between(there: Status, here: Status) -> tuple[Rule, ...]:
    """Returns the rules that make the difference: those that apply anew, or no longer."""
    return deciding_rules(there, here) or deciding_rules(here, there)
