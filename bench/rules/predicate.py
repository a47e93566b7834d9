"""Predicates as written in the rule files, and their evaluation for a chip.

A leaf is ``{tpp: ">= 4800"}``, ``{memory_bandwidth + interconnect: ">= 1700 GB/s"}``,
``{datacenter: "yes"}``, ``{chip: [nvidia-a100-*]}`` or ``{eccn: [3A090.a]}``; trees are built with
``all``, ``any`` and ``not``.
"""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from typing import Literal, TypeAlias

from bench.errors import did_you_mean
from bench.rules.attributes import KINDS, Attribute, Attributes, absent
from bench.rules.truth import Truth, agreed, all_of, any_of, opposite, truth
from bench.units import Dimension, parse

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
LONGEST = 200
"""Most characters of a pattern or a quotation; translating a pattern takes quadratic time."""
_COMPARED = re.compile(r"^(>=|<=|>|<)\s*(.+)$")


@dataclass(frozen=True)
class Tree:
    """``all`` or ``any`` of several predicates, or ``not`` one."""

    kind: Literal["all", "any", "not"]
    parts: tuple["Predicate", ...]


@dataclass(frozen=True)
class Compare:
    """A sum of attributes compared with a threshold, which may be unpublished."""

    keys: tuple[str, ...]
    sign: str
    threshold: float | None

    @property
    def dimension(self) -> Dimension | None:
        """Returns the dimension of the threshold."""
        return KINDS[self.keys[0]].dimension


@dataclass(frozen=True)
class Flag:
    """A flag that has to be yes, or no."""

    key: str
    wanted: bool


@dataclass(frozen=True)
class Named:
    """A chip that the rule names, by patterns of its id."""

    patterns: tuple[str, ...]

    @cached_property
    def _matches(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(pattern) for pattern in self.patterns))

    def names(self, chip: str) -> bool:
        """Returns whether a chip's id fits one of the patterns."""
        return self._matches.match(chip) is not None


@dataclass(frozen=True)
class Classified:
    """A part classified in one of these paragraphs, or below one."""

    eccns: tuple[str, ...]


Predicate: TypeAlias = Tree | Compare | Flag | Named | Classified


@dataclass(frozen=True)
class Subject:
    """The facts that a predicate is evaluated on.

    Attributes:
        chip: its id.
        attributes: what rules test, by key, with every reading of a disputed figure.
        eccns: the possible paragraphs by classification; None stands for no paragraph.
        system: id of the system that contains the chip, if the question is about a system.
    """

    chip: str
    attributes: Attributes
    eccns: tuple[str | None, ...] = (None,)
    system: str | None = None


def predicate(node: object) -> Predicate:
    """Reads a predicate from YAML.

    Raises:
        ValueError: an unknown key, operator or unit, or a mapping without exactly one key.
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
    if any(len(one) > LONGEST for one in value):
        raise ValueError(f"{key!r} holds a pattern of more than {LONGEST} characters")
    return tuple(value)


def _shown(value: object) -> str:
    """Returns the value of a file for an error message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _leaf(key: str, value: object) -> Compare | Flag:
    keys = tuple(part.strip() for part in key.split("+"))
    for one in keys:
        if one not in KINDS:
            raise ValueError(f"{_shown(one)} is no attribute: {did_you_mean(one, KINDS)}")
    rates = all(KINDS[one].dimension is Dimension.BYTE_RATE for one in keys)
    if len(keys) > 1 and not (rates and len(set(keys)) == len(keys)):
        raise ValueError(f"{_shown(key)} is no sum of rates of bytes, each of them once")
    if KINDS[keys[0]].flag:
        if value not in ("yes", "no"):
            raise ValueError(f"{key!r} is yes or no, not {_shown(value)}")
        return Flag(keys[0], value == "yes")
    found = _COMPARED.match(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{_shown(value)} is no comparison such as '>= 4800'")
    return Compare(keys, found[1], _threshold(keys, found[2]))


def _threshold(keys: tuple[str, ...], text: str) -> float | None:
    if text == "unknown":
        return None
    wanted = {KINDS[key].dimension or Dimension.COUNT for key in keys}
    quantity = parse(text)
    if wanted != {quantity.dimension}:
        raise ValueError(f"{_shown(text)} is not in the unit of {' + '.join(keys)}")
    return quantity.si


def holds(condition: Predicate, subject: Subject) -> Truth:
    """Returns whether a predicate holds for a chip; unknown if a missing value decides."""
    if isinstance(condition, Tree):
        return joined(condition, (holds(part, subject) for part in condition.parts))
    if isinstance(condition, Compare):
        return _compared(condition, subject)
    if isinstance(condition, Flag):
        has = subject.attributes.get(condition.key) or absent(condition.key)
        return agreed(truth(bool(one.value) is condition.wanted) for one in has.readings)
    if isinstance(condition, Named):
        return truth(condition.names(subject.chip))
    return agreed(truth(within(one, condition.eccns)) for one in subject.eccns)


def joined(tree: Tree, parts: Iterable[Truth]) -> Truth:
    """Combines the truth of a tree's parts."""
    met = any_of(parts) if tree.kind == "any" else all_of(parts)
    return opposite(met) if tree.kind == "not" else met


def within(eccn: str | None, prefixes: tuple[str, ...]) -> bool:
    """Returns whether a paragraph is one of those given, or below one."""
    return eccn is not None and any(f"{eccn}.".startswith(f"{prefix}.") for prefix in prefixes)


def _compared(condition: Compare, subject: Subject) -> Truth:
    """Compares every reading with the threshold; unknown if they disagree."""
    if condition.threshold is None:
        return Truth.UNKNOWN
    test = OPERATORS[condition.sign]
    values = sums([subject.attributes.get(key) or absent(key) for key in condition.keys])
    return agreed(truth(test(value, condition.threshold)) for value in values)


def sums(has: Sequence[Attribute]) -> list[float]:
    """Returns every sum that the readings of the attributes allow; none if one is unknown."""
    totals = [0.0]
    for one in has:
        totals = [total + reading.value for total in totals for reading in one.readings]
    return totals if len(has) == 1 else [float(f"{total:.12g}") for total in totals]
