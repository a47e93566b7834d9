"""Predicates as the rule files write them, and what they say of a chip.

A leaf is ``{tpp: ">= 4800"}``, ``{memory_bandwidth + interconnect: ">= 1700 GB/s"}``,
``{datacenter: "yes"}``, ``{chip: [nvidia-a100-*]}`` or ``{eccn: [3A090.a]}``; trees are built with
``all``, ``any`` and ``not``.
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from bench.errors import did_you_mean
from bench.rules.attributes import KINDS, Attribute, Attributes, Reading, absent
from bench.rules.truth import Truth, agreed, every, opposite, some, truth
from bench.units import Dimension, parse, significant

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
WORDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_COMPARED = re.compile(r"^(>=|<=|>|<)\s*(.+)$")


@dataclass(frozen=True)
class Tree:
    """``all`` or ``any`` of several predicates, or ``not`` one."""

    kind: Literal["all", "any", "not"]
    parts: tuple["Predicate", ...]


@dataclass(frozen=True)
class Compare:
    """A sum of attributes beside a threshold; the threshold may be unpublished."""

    keys: tuple[str, ...]
    sign: str
    threshold: float | None

    @property
    def dimension(self) -> Dimension | None:
        """Returns what the threshold is of."""
        return KINDS[self.keys[0]].dimension


@dataclass(frozen=True)
class Flag:
    """An attribute that is to be yes, or no."""

    key: str
    wanted: bool


@dataclass(frozen=True)
class Named:
    """A chip that the rule names, by patterns of its id."""

    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Classified:
    """A part whose paragraph begins with one of these."""

    eccns: tuple[str, ...]


Predicate: TypeAlias = Tree | Compare | Flag | Named | Classified


@dataclass(frozen=True)
class Subject:
    """What a predicate is asked of.

    Attributes:
        chip: its id.
        eccns: the paragraphs that the classification leaves possible, None for no paragraph.
    """

    chip: str
    attributes: Attributes
    eccns: tuple[str | None, ...] = (None,)


@dataclass(frozen=True)
class Trace:
    """What a predicate said, with the values it saw.

    Attributes:
        words: the predicate.
        found: the values, and how they come about.
        title, value: of a comparison, what was compared.
        why: why a known value leaves it open.
        margin: how far the value is from the threshold, as a share of it; None where it cannot be.
        told: the margin in words, such as ``32 below 2,400``.
    """

    truth: Truth
    words: str
    found: str = ""
    margin: float | None = None
    told: str = ""
    title: str = ""
    value: str = ""
    why: str = ""
    parts: tuple["Trace", ...] = ()


def predicate(node: object) -> Predicate:
    """Reads a predicate from YAML.

    Raises:
        ValueError: a key, operator or unit that means nothing, or not one key a mapping.
    """
    if isinstance(node, Tree | Compare | Flag | Named | Classified):
        return node
    if not isinstance(node, dict) or len(node) != 1:
        raise ValueError('is not one predicate such as {tpp: ">= 4800"}')
    ((key, value),) = node.items()
    if key in ("all", "any", "not"):
        return _tree(key, value)
    if key in ("chip", "eccn"):
        words = _words(key, value)
        return Named(words) if key == "chip" else Classified(words)
    return _leaf(key, value)


def _tree(kind: Literal["all", "any", "not"], value: object) -> Tree:
    parts = value if isinstance(value, list) else [value]
    if not parts or (kind == "not" and len(parts) != 1):
        raise ValueError(f"{kind!r} needs {'one predicate' if kind == 'not' else 'predicates'}")
    return Tree(kind, tuple(predicate(part) for part in parts))


def _words(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key!r} is not a list such as [nvidia-a100-*]")
    return tuple(value)


def _leaf(key: str, value: object) -> Compare | Flag:
    keys = tuple(part.strip() for part in key.split("+"))
    for one in keys:
        if one not in KINDS:
            raise ValueError(f"{one!r} is no attribute: {did_you_mean(one, KINDS)}")
    if KINDS[keys[0]].flag:
        if value not in ("yes", "no") or len(keys) > 1:
            raise ValueError(f"{key!r} is yes or no, not {value!r}")
        return Flag(keys[0], value == "yes")
    found = _COMPARED.match(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no comparison such as '>= 4800'")
    return Compare(keys, found[1], _threshold(keys, found[2]))


def _threshold(keys: tuple[str, ...], text: str) -> float | None:
    if text == "unknown":
        return None
    wanted = {KINDS[key].dimension or Dimension.COUNT for key in keys}
    quantity = parse(text)
    if wanted != {quantity.dimension}:
        raise ValueError(f"{text!r} is not in the unit of {' + '.join(keys)}")
    return quantity.si


def evaluate(asked: Predicate, subject: Subject) -> Trace:
    """Returns what a predicate says of a chip: yes, no, or unknown with what is missing."""
    if isinstance(asked, Tree):
        return _evaluate_tree(asked, subject)
    if isinstance(asked, Compare):
        return _evaluate_comparison(asked, subject)
    if isinstance(asked, Flag):
        return _evaluate_flag(asked, subject)
    if isinstance(asked, Named):
        named = any(fnmatchcase(subject.chip, pattern) for pattern in asked.patterns)
        return Trace(truth(named), f"is named: {', '.join(asked.patterns)}", subject.chip)
    met = agreed(truth(_within(one, asked.eccns)) for one in subject.eccns)
    paragraphs = " or ".join(one or "none" for one in subject.eccns)
    return Trace(met, f"is {' or '.join(asked.eccns)}", f"paragraph {paragraphs}")


def _within(eccn: str | None, prefixes: tuple[str, ...]) -> bool:
    return eccn is not None and any(f"{eccn}.".startswith(f"{prefix}.") for prefix in prefixes)


def _evaluate_tree(asked: Tree, subject: Subject) -> Trace:
    parts = tuple(evaluate(part, subject) for part in asked.parts)
    truths = [part.truth for part in parts]
    met = some(truths) if asked.kind == "any" else every(truths)
    met = opposite(met) if asked.kind == "not" else met
    words = {"all": "all of", "any": "any of", "not": "not"}[asked.kind]
    return Trace(met, words, parts=parts)


def _evaluate_flag(asked: Flag, subject: Subject) -> Trace:
    has = subject.attributes.get(asked.key) or absent(asked.key)
    met = agreed(truth(bool(one.value) is asked.wanted) for one in has.readings)
    title, how = KINDS[asked.key].title, has.readings[0].how if has.readings else has.why
    seen = ("yes" if has.readings[0].value else "no") if has.readings else "unknown"
    found = f"{title}: {seen}" + (f" ({how})" if how else "")
    return Trace(met, f"{title}: {'yes' if asked.wanted else 'no'}", found)


def _evaluate_comparison(asked: Compare, subject: Subject) -> Trace:
    has = [subject.attributes.get(key) or absent(key) for key in asked.keys]
    title = " + ".join(KINDS[key].title for key in asked.keys)
    if asked.threshold is None:
        words = f"{title} {WORDS[asked.sign]} a value that is not public"
        return Trace(Truth.UNKNOWN, words, "the threshold was never published")
    words = f"{title} {WORDS[asked.sign]} {amount(asked.threshold, asked.dimension)}"
    missing = [one.why for one in has if not one.readings]
    if missing:
        return Trace(Truth.UNKNOWN, words, "; ".join(missing))
    open_by = "; ".join(one.why for one in has if len(one.readings) > 1)
    return replace(_compared(asked, _sums(has), words), title=title, why=open_by)


def _sums(has: list[Attribute]) -> list[Reading]:
    """Returns every sum that the readings of the attributes allow."""
    sums = [Reading(0.0, "")]
    for one in has:
        sums = [
            Reading(total.value + reading.value, " + ".join(filter(None, (total.how, reading.how))))
            for total in sums
            for reading in one.readings
        ]
    return sums


def _compared(asked: Compare, sums: list[Reading], words: str) -> Trace:
    """Compares every reading; the margin shown is of the one nearest to the threshold."""
    threshold = asked.threshold or 0.0
    test = OPERATORS[asked.sign]
    met = agreed(truth(test(one.value, threshold)) for one in sums)
    nearest = min(sums, key=lambda one: abs(one.value - threshold))
    found = " or ".join(_said(one, asked.dimension) for one in sums)
    margin = nearest.value / threshold - 1
    told = _told(nearest.value, threshold, asked.dimension)
    value = amount(nearest.value, asked.dimension)
    return Trace(met, words, found, margin, told, value=value)


def _said(one: Reading, dimension: Dimension | None) -> str:
    value = amount(one.value, dimension)
    return f"{value} ({one.how})" if one.how else value


def _told(value: float, threshold: float, dimension: Dimension | None) -> str:
    if value == threshold:
        return f"equal to {amount(threshold, dimension)}"
    side = "above" if value > threshold else "below"
    return f"{amount(abs(value - threshold), dimension)} {side} {amount(threshold, dimension)}"


def amount(value: float, dimension: Dimension | None) -> str:
    """Writes a value as the rules do: bare for TPP and densities, GB/s for rates of bytes."""
    if math.isinf(value):
        return "of any height"
    if dimension is Dimension.BYTE_RATE:
        return f"{_plain(value / 1e9)} GB/s"
    if dimension is Dimension.COUNT and value >= 1e9:
        return f"{_plain(value / 1e9)} billion"
    return _plain(value)


def _plain(value: float) -> str:
    """Writes a number whole if it is nearly whole or large, else with three digits."""
    if abs(value - round(value)) < 1e-6 or abs(value) >= 1e4:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else significant(value, 3)
