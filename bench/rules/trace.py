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


def traced(asked: Predicate, subject: Subject) -> Trace:
    """Evaluates a predicate for a chip and explains the result."""
    if isinstance(asked, Tree):
        parts = tuple([traced(part, subject) for part in asked.parts])
        return Trace(joined(asked, [part.truth for part in parts]), TREES[asked.kind], parts=parts)
    met = holds(asked, subject)
    if isinstance(asked, Compare):
        return _comparison(asked, subject, met)
    if isinstance(asked, Flag):
        return _flag(asked, subject, met)
    return (
        _named(asked, subject, met) if isinstance(asked, Named) else _paragraph(asked, subject, met)
    )


def grounds(trace: Trace) -> list[str]:
    """Returns the conditions of a predicate that hold or may, in words."""
    if trace.words == "not":
        return [f"not {word}" for part in trace.parts for word in grounds(part)]
    held = [part for part in trace.parts if part.truth is not Truth.NO]
    return [word for part in held for word in grounds(part)] or [trace.words]


def _named(asked: Named, subject: Subject, met: Truth) -> Trace:
    """Tells of a chip that a rule names; one that names makers alone is addressed to them."""
    makers = [pattern.removesuffix("-*") for pattern in asked.patterns]
    if any("-" in maker or "*" in maker for maker in makers):
        found = "named by the rule" if met is Truth.YES else "not named"
        return Trace(met, f"is named: {', '.join(asked.patterns)}", found)
    named = " or ".join(maker for maker in makers if maker != "supposed")
    return Trace(met, f"made by {named}", f"made by {subject.chip.split('-')[0]}")


def _paragraph(asked: Classified, subject: Subject, met: Truth) -> Trace:
    paragraphs = " or ".join(one or "none" for one in subject.eccns)
    return Trace(met, f"is {' or '.join(asked.eccns)}", f"paragraph {paragraphs}")


def _flag(asked: Flag, subject: Subject, met: Truth) -> Trace:
    has = subject.attributes.get(asked.key) or absent(asked.key)
    title, how = KINDS[asked.key].title, has.readings[0].how if has.readings else has.why
    seen = ("yes" if has.readings[0].value else "no") if has.readings else "unknown"
    found = f"{title}: {seen}" + (f" ({how})" if how else "")
    return Trace(met, f"{title}: {'yes' if asked.wanted else 'no'}", found, title, seen)


def _comparison(asked: Compare, subject: Subject, met: Truth) -> Trace:
    has = [subject.attributes.get(key) or absent(key) for key in asked.keys]
    title, words = _asked_words(asked)
    if asked.threshold is None:
        return Trace(met, words, "the threshold was never published", title)
    missing = [one.why for one in has if not one.readings]
    if missing:
        return Trace(met, words, "; ".join(missing), title)
    return _measured(asked, asked.threshold, has, Trace(met, words, title=title))


@lru_cache(maxsize=1024)
def _asked_words(asked: Compare) -> tuple[str, str]:
    """Returns the left side of a comparison, and the whole, in words."""
    title = " + ".join(KINDS[key].title for key in asked.keys)
    if asked.threshold is None:
        return title, f"{title} {WORDS[asked.sign]} a value that is not public"
    return title, f"{title} {WORDS[asked.sign]} {amount(asked.threshold, asked.dimension)}"


def _measured(asked: Compare, threshold: float, has: Sequence[Attribute], trace: Trace) -> Trace:
    """Adds to a trace the values compared; the margin is that of the one nearest to the line."""
    values = list(_sums(has))
    found = " or ".join(_said(value, how, asked.dimension) for value, how in values)
    computed = "; ".join(dict.fromkeys(one.computed for one in has if one.computed))
    nearest = min((value for value, _ in values), key=lambda one: abs(one - threshold))
    return replace(
        trace,
        found=f"{found}; {computed}" if computed else found,
        value=amount(nearest, asked.dimension),
        why="; ".join(one.why for one in has if len(one.readings) > 1),
        margin=nearest / threshold - 1,
        margin_words=_margin(nearest, threshold, asked.dimension),
        computed=computed,
    )


def _sums(has: Sequence[Attribute]) -> Iterator[tuple[float, str]]:
    """Yields every sum that the readings allow, and how it was obtained."""
    for readings in product(*(one.readings for one in has)):
        how = " + ".join(one.how for one in readings if one.how)
        yield sum(float(one.value) for one in readings), how


def _said(value: float, how: str, dimension: Dimension | None) -> str:
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
