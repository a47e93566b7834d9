"""Explains a predicate: its words, the values tested, their margins, and what is missing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from bench.rules.attributes import KINDS, Attribute, absent
from bench.rules.predicate import (
    Classified,
    Compare,
    Flag,
    Named,
    Predicate,
    Subject,
    Tree,
    holds,
    joined,
)
from bench.rules.truth import Truth
from bench.units import Dimension, significant

WORDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
TREES = {"all": "all of", "any": "any of", "not": "not"}


@dataclass(frozen=True)
class Trace:
    """The result of a predicate, with the values that it tested.

    Attributes:
        words: the predicate.
        found: the values, and how they were obtained.
        title, value: of a comparison or a flag, the attribute and its value.
        why: why a known value leaves the result open.
        margin: distance of the value from the threshold, as a share of it; None without one.
        margin_words: the margin in words, such as ``32 below 2,400``.
        computed: which figure behind the values nobody published, and how it was derived.
        doubt: the case in which the rule itself is uncertain, if the chip is such a case.
    """

    truth: Truth
    words: str
    found: str = ""
    title: str = ""
    value: str = ""
    why: str = ""
    margin: float | None = None
    margin_words: str = ""
    computed: str = ""
    doubt: str = ""
    parts: tuple["Trace", ...] = ()


def traced(condition: Predicate, subject: Subject) -> Trace:
    """Evaluates a predicate for a chip and explains the result."""
    if isinstance(condition, Tree):
        parts = tuple([traced(part, subject) for part in condition.parts])
        truth = joined(condition, [part.truth for part in parts])
        return Trace(truth, TREES[condition.kind], parts=parts)
    met = holds(condition, subject)
    if isinstance(condition, Compare):
        return _comparison(condition, subject, met)
    if isinstance(condition, Flag):
        return _flag(condition, subject, met)
    if isinstance(condition, Named):
        return _named(condition, subject, met)
    return _paragraph(condition, subject, met)


def in_line(condition: Predicate) -> str:
    """Returns a predicate in words on one line, such as ``TPP below 4,800 and datacentre ...``."""
    return _line(traced(condition, Subject("", {})))


def _line(trace: Trace, *, inner: bool = False) -> str:
    """Returns a trace's words on one line; those of an inner tree are in brackets."""
    if not trace.parts:
        return trace.words
    if trace.words == TREES["not"]:
        return f"not ({_line(trace.parts[0])})"
    joint = " or " if trace.words == TREES["any"] else " and "
    text = joint.join(_line(part, inner=len(trace.parts) > 1) for part in trace.parts)
    return f"({text})" if inner and len(trace.parts) > 1 else text


def grounds(trace: Trace) -> list[str]:
    """Returns the conditions of a predicate that hold or may, in words."""
    if trace.words == "not":
        return [f"not {word}" for part in trace.parts for word in grounds(part)]
    possible = [part for part in trace.parts if part.truth is not Truth.NO]
    return [word for part in possible for word in grounds(part)] or [trace.words]


def _named(condition: Named, subject: Subject, met: Truth) -> Trace:
    """Returns the trace of a rule that names chips; one that names only makers addresses them."""
    makers = [pattern.removesuffix("-*") for pattern in condition.patterns]
    if any("-" in maker or "*" in maker for maker in makers):
        found = "named by the rule" if met is Truth.YES else "not named"
        return Trace(met, f"is named: {', '.join(condition.patterns)}", found)
    named = " or ".join(maker for maker in makers if maker != "supposed")
    return Trace(met, f"made by {named}", f"made by {subject.chip.split('-')[0]}")


def _paragraph(condition: Classified, subject: Subject, met: Truth) -> Trace:
    paragraphs = " or ".join(one or "none" for one in subject.eccns)
    return Trace(met, f"is {' or '.join(condition.eccns)}", f"paragraph {paragraphs}")


def _flag(condition: Flag, subject: Subject, met: Truth) -> Trace:
    has = subject.attributes.get(condition.key) or absent(condition.key)
    title, how = KINDS[condition.key].title, has.readings[0].how if has.readings else has.why
    seen = ("yes" if has.readings[0].value else "no") if has.readings else "unknown"
    found = f"{title}: {seen}" + (f" ({how})" if how else "")
    return Trace(met, f"{title}: {'yes' if condition.wanted else 'no'}", found, title, seen)


def _comparison(condition: Compare, subject: Subject, met: Truth) -> Trace:
    has = [subject.attributes.get(key) or absent(key) for key in condition.keys]
    title, words = _in_words(condition)
    if condition.threshold is None:
        return Trace(met, words, "the threshold was never published", title)
    missing = [one.why for one in has if not one.readings]
    if missing:
        return Trace(met, words, "; ".join(missing), title)
    return _measured(condition, condition.threshold, has, Trace(met, words, title=title))


@lru_cache(maxsize=1024)
def _in_words(condition: Compare) -> tuple[str, str]:
    """Returns the left side of a comparison, and the whole, in words."""
    title = " + ".join(KINDS[key].title for key in condition.keys)
    if condition.threshold is None:
        return title, f"{title} {WORDS[condition.sign]} a value that is not public"
    threshold = amount(condition.threshold, condition.dimension)
    return title, f"{title} {WORDS[condition.sign]} {threshold}"


def _measured(
    condition: Compare, threshold: float, has: Sequence[Attribute], trace: Trace
) -> Trace:
    """Adds to a trace the values compared; the margin is that of the one nearest to the line."""
    values = list(_sums(has))
    found = " or ".join(_with_origin(value, how, condition.dimension) for value, how in values)
    computed = "; ".join(dict.fromkeys(one.computed for one in has if one.computed))
    nearest = min((value for value, _ in values), key=lambda one: abs(one - threshold))
    return replace(
        trace,
        found=f"{found}; {computed}" if computed else found,
        value=amount(nearest, condition.dimension),
        why="; ".join(one.why for one in has if len(one.readings) > 1),
        margin=nearest / threshold - 1,
        margin_words=_margin(nearest, threshold, condition.dimension),
        computed=computed,
    )


def _sums(has: Sequence[Attribute]) -> Iterator[tuple[float, str]]:
    """Yields every sum that the readings allow, and how it was obtained."""
    for readings in product(*(one.readings for one in has)):
        how = " + ".join(one.how for one in readings if one.how)
        yield sum(float(one.value) for one in readings), how


def _with_origin(value: float, how: str, dimension: Dimension | None) -> str:
    return f"{amount(value, dimension)} ({how})" if how else amount(value, dimension)


def _margin(value: float, threshold: float, dimension: Dimension | None) -> str:
    if value == threshold:
        return f"equal to {amount(threshold, dimension)}"
    side = "above" if value > threshold else "below"
    return f"{amount(abs(value - threshold), dimension)} {side} {amount(threshold, dimension)}"


@lru_cache(maxsize=4096)
def amount(value: float, dimension: Dimension | None) -> str:
    """Formats a value as the rules do: no unit for TPP and densities, GB/s for byte rates."""
    if math.isinf(value):
        return "of any height"
    if dimension is Dimension.BYTE_RATE:
        return f"{_plain(value / 1e9)} GB/s"
    if dimension is Dimension.COUNT and value >= 1e9:
        return f"{_plain(value / 1e9)} billion"
    return _plain(value)


def _plain(value: float) -> str:
    """Formats a number without decimals if nearly whole or large, else with three digits."""
    if (abs(value - round(value)) < 1e-6 and abs(value) >= 10) or abs(value) >= 1e4:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else significant(value, 3)
