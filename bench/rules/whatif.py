"""How far one attribute may change before a chip needs a licence, or until it needs none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.rules.attributes import KINDS, Attributes
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question, reaches
from bench.rules.predicate import Compare, Predicate, Subject, Tree
from bench.rules.ruling import TAKING_PART, enforced
from bench.rules.subject import Changes, subject
from bench.rules.truth import Truth
from bench.theory.tpp import density

LEVERS = ("tpp", "pd", "memory_bandwidth", "interconnect", "io")
HAIR = 1e-9
"""The relative step from a threshold to a value just beside it."""


@dataclass(frozen=True)
class Room:
    """How far one attribute alone can go.

    Attributes:
        now: its value, base units; several if a definition leaves it open, none if unknown.
        needs: whether a licence or a notice is needed now.
        limit: below it, none is needed; None if no threshold of the attribute decides.
        included: whether none is needed at the limit itself.
        beyond: policies past the limit; without a limit, those that hold now.
        rules: the rules behind them.
    """

    key: str
    now: tuple[float, ...]
    needs: Truth
    limit: float | None
    included: bool
    beyond: tuple[Policy, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Supposed:
    """A chip, or none, with supposed attributes."""

    chip: Chip | None
    catalogue: Catalogue
    changed: Changes

    @property
    def deciding(self) -> Chip | None:
        """Returns the chip whose figures decide: for a system, the chip that it is built of."""
        return self.catalogue.chips.get(self.subject().chip, self.chip)

    def subject(self, more: Mapping[str, float] | None = None) -> Subject:
        """Returns the subject with the changes, and with one more where given."""
        changed = {**self.changed, **(more or {})}
        return subject(self.chip, self.catalogue, changed)


def room(supposed: Supposed, question: Question, book: Rulebook) -> list[Room]:
    """Returns for each attribute how far it alone can go, the others staying as they are."""
    now = supposed.subject()
    here = status(now, question, book)
    return [_room(key, supposed, here, book) for key in LEVERS if is_tested(key, question, book)]


def is_tested(key: str, question: Question, book: Rulebook) -> bool:
    """Returns whether a rule of the day compares an attribute with a threshold."""
    return any(key in one.keys for one in _comparisons(question, book))


def _room(key: str, supposed: Supposed, here: Status, book: Rulebook) -> Room:
    """Tests the thresholds of one attribute: up to the first licence, or down to none."""
    attributes = supposed.subject().attributes
    now = tuple(float(one.value) for one in attributes[key].readings)
    value = max(now, default=None)
    limits = sorted(set(lines(key, supposed, here.question, book)))
    free = here.needs_licence is Truth.NO
    ahead = [one for one in limits if value is None or (one >= value if free else one <= value)]
    before = here
    for line in ahead if free else reversed(ahead):
        for at in (line, line * (1 + HAIR) if free else line * (1 - HAIR)):
            there = status(supposed.subject({key: at}), here.question, book)
            if (there.needs_licence is Truth.NO) is not free:
                bound, loose = (there, before) if free else (before, there)
                included = (at != line) if free else (at == line)
                rules = deciding_rules(bound, loose)
                return Room(key, now, here.needs_licence, line, included, bound.policies, rules)
            before = there
    return Room(key, now, here.needs_licence, None, included=False, beyond=here.policies)


def deciding_rules(bound: Status, loose: Status) -> tuple[Rule, ...]:
    """Returns the rules whose outcome differs between the two sides of a threshold."""
    there = {(one.rule.id, one.words) for one in loose.bringing()}
    taking = [one for one in bound.bringing() if one.rule.kind in TAKING_PART]
    return tuple(one.rule for one in taking if (one.rule.id, one.words) not in there)


def lines(key: str, supposed: Supposed, question: Question, book: Rulebook) -> Iterator[float]:
    """Yields every value of one attribute at which the result of a comparison changes."""
    attributes = supposed.subject().attributes
    for one in _comparisons(question, book):
        if one.threshold is None:
            continue
        if key in one.keys:
            yield from _without_others(one, key, attributes)
        elif key == "tpp" and one.keys == ("pd",) and supposed.deciding:
            area = density(supposed.deciding, supposed.catalogue, 1.0).area_mm2
            yield from (one.threshold * area,) if area else ()


def _without_others(one: Compare, key: str, attributes: Attributes) -> Iterator[float]:
    """Yields the threshold minus every value that the rest of a sum may have."""
    rests = [0.0]
    for other in one.keys:
        if other != key:
            readings = attributes[other].readings
            rests = [rest + float(reading.value) for rest in rests for reading in readings]
    yield from ((one.threshold or 0.0) - rest for rest in rests)


def _comparisons(question: Question, book: Rulebook) -> Iterator[Compare]:
    for rule in book.rules.values():
        if enforced(rule, question.on) is Truth.NO or rule.jurisdiction != "US":
            continue
        if reaches(rule.destination, question, book.places):
            for condition in _predicates(rule):
                yield from _leaves(condition)


def _predicates(rule: Rule) -> Iterator[Predicate]:
    yield from (outcome.when for outcome in rule.outcomes if outcome.when)


def _leaves(condition: Predicate) -> Iterator[Compare]:
    if isinstance(condition, Compare) and condition.keys[0] in KINDS:
        yield condition
    for part in condition.parts if isinstance(condition, Tree) else ():
        yield from _leaves(part)
