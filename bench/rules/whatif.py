"""How far a chip may change before it needs a licence, or must change until it needs none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.rules.attributes import KINDS, Attributes
from bench.rules.judge import Status, enforced, status
from bench.rules.load import Rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question, reaches
from bench.rules.predicate import Compare, Predicate, Subject, Tree
from bench.rules.subject import Changes, subject
from bench.rules.truth import Truth
from bench.theory.tpp import density

LEVERS = ("tpp", "pd", "memory_bandwidth", "interconnect", "io")
HAIR = 1e-9
"""The share by which a value is moved to stand beside a threshold."""


@dataclass(frozen=True)
class Room:
    """How far one attribute alone can go.

    Attributes:
        now: its value, base units; None where it is unknown.
        limit: the threshold at which the answer changes; None where no value of it changes any.
        included: whether the threshold itself still belongs to this side.
        policies: what holds beyond the limit.
        free_now: whether no licence is needed now.
    """

    key: str
    now: float | None
    limit: float | None
    included: bool
    policies: tuple[Policy, ...]
    free_now: Truth


@dataclass(frozen=True)
class Supposed:
    """A chip, or none, with what is supposed of it."""

    chip: Chip | None
    catalogue: Catalogue
    changed: Changes

    def subject(self, more: Mapping[str, float] | None = None) -> Subject:
        """Returns the subject with the changes, and with one more where given."""
        changed = {**self.changed, **(more or {})}
        return subject(self.chip, self.catalogue, changed)


def room(supposed: Supposed, question: Question, book: Rulebook) -> list[Room]:
    """Returns for each attribute how far it alone can go, the others staying as they are."""
    now = supposed.subject()
    here = status(now, question, book)
    return [_room(key, supposed, here, book) for key in LEVERS if _asked_of(key, question, book)]


def _asked_of(key: str, question: Question, book: Rulebook) -> bool:
    return any(key in one.keys for one in _comparisons(question, book))


def _room(key: str, supposed: Supposed, here: Status, book: Rulebook) -> Room:
    attributes = supposed.subject().attributes
    readings = attributes[key].readings
    value = float(readings[0].value) if readings else None
    free = here.needs_licence
    lines = sorted(set(_lines(key, supposed, here.question, book)))
    upward = free is Truth.NO
    chosen = [one for one in lines if value is None or (one >= value if upward else one <= value)]
    for line in chosen if upward else reversed(chosen):
        for at in _beside(line, upward=upward):
            there = status(supposed.subject({key: at}), here.question, book)
            if there.needs_licence is not free:
                included = (at > line) if upward else (at < line)
                return Room(key, value, line, included, there.policies, _opposite(free))
    return Room(key, value, None, included=False, policies=here.policies, free_now=_opposite(free))


def _opposite(needs: Truth) -> Truth:
    return {Truth.YES: Truth.NO, Truth.NO: Truth.YES}.get(needs, Truth.UNKNOWN)


def _beside(line: float, *, upward: bool) -> tuple[float, float]:
    """Returns the threshold and a value a hair beyond it, in the direction of the walk."""
    beyond = line * (1 + HAIR) if upward else line * (1 - HAIR)
    return line, beyond


def _lines(key: str, supposed: Supposed, question: Question, book: Rulebook) -> Iterator[float]:
    """Yields every value of one attribute at which some comparison turns."""
    attributes = supposed.subject().attributes
    for one in _comparisons(question, book):
        if one.threshold is None:
            continue
        if key in one.keys:
            yield from _less_the_others(one, key, attributes)
        elif key == "tpp" and one.keys == ("pd",) and supposed.chip:
            area = density(supposed.chip, supposed.catalogue, 1.0).area_mm2
            yield from (one.threshold * area,) if area else ()


def _less_the_others(one: Compare, key: str, attributes: Attributes) -> Iterator[float]:
    others = [attributes[other] for other in one.keys if other != key]
    if all(other.readings for other in others):
        rest = sum(float(other.readings[0].value) for other in others)
        yield (one.threshold or 0.0) - rest


def _comparisons(question: Question, book: Rulebook) -> Iterator[Compare]:
    for rule in book.rules.values():
        if enforced(rule, question.on) is Truth.NO or rule.jurisdiction != "US":
            continue
        if reaches(rule.destination, question, book.places):
            for asked in _predicates(rule):
                yield from _leaves(asked)


def _predicates(rule: Rule) -> Iterator[Predicate]:
    yield from (outcome.when for outcome in rule.outcomes if outcome.when)


def _leaves(asked: Predicate) -> Iterator[Compare]:
    if isinstance(asked, Compare) and asked.keys[0] in KINDS:
        yield asked
    for part in asked.parts if isinstance(asked, Tree) else ():
        yield from _leaves(part)
