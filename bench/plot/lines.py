"""The lines that export rules draw on the plane of TPP and performance density, as their files say.

A rule's outcomes are looked at in their order, as a chip's are: where an earlier one that asks for
nothing but TPP and density holds, a later one does not.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from bench.rules.load import Rulebook
from bench.rules.model import Outcome, Policy, Rule
from bench.rules.places import Question, reaches
from bench.rules.predicate import Compare, Predicate, Tree
from bench.rules.ruling import CONTROL, is_in_text

NOTHING = ("none", "not_applicable")


@dataclass(frozen=True)
class Region:
    """A rectangle of the plane; ``also`` tells whether more is asked than TPP and density."""

    tpp: tuple[float, float] = (0.0, math.inf)
    pd: tuple[float, float] = (0.0, math.inf)
    also: bool = False

    @property
    def is_bounded(self) -> bool:
        """Tells whether it asks for TPP or density at all."""
        return (*self.tpp, *self.pd) != (0.0, math.inf, 0.0, math.inf)

    def holds(self, tpp: float, pd: float) -> bool:
        """Tells whether a point inside a cell of the plane is in it."""
        return self.tpp[0] < tpp < self.tpp[1] and self.pd[0] < pd < self.pd[1]


@dataclass(frozen=True)
class Segment:
    """A straight piece of a line, from one corner to another, as (TPP, density)."""

    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Line:
    """The edge of all that one paragraph, or one outcome, of a rule holds.

    Attributes:
        name: the paragraph, or the rule's title.
        since: first day it is in force.
        segments: its edge; an end may be 0 or infinite.
        also: whether something else is asked, so that not all on its side is caught.
    """

    rule: str
    name: str
    since: str
    segments: tuple[Segment, ...]
    also: bool


def lines(question: Question, book: Rulebook) -> list[Line]:
    """Returns the lines of the US rules in force that ask for TPP or density, the oldest first."""
    found = [
        line
        for rule in book.rules.values()
        if _concerns(rule, question, book)
        for line in _of(rule, question.on)
    ]
    return sorted(found, key=lambda one: one.since)


def _concerns(rule: Rule, question: Question, book: Rulebook) -> bool:
    if rule.jurisdiction != "US" or not is_in_text(rule, question.on):
        return False
    return rule.kind == CONTROL or reaches(rule.destination, question, book.places)


def _of(rule: Rule, on: str) -> Iterator[Line]:
    """Yields a line for each paragraph of a rule, or for the outcomes of one effect."""
    whole: dict[str, list[Region]] = {}
    above: dict[str, list[Region]] = {}
    certain: list[Region] = []
    since: dict[str, str] = {}
    for outcome in rule.outcomes:
        if outcome.when is None or not (outcome.since or "") <= on <= (outcome.until or "9999"):
            continue
        own = list(regions(outcome.when))
        if _brings(outcome) and any(one.is_bounded for one in own):
            name = _name(rule, outcome)
            whole.setdefault(name, []).extend(own)
            above.setdefault(name, list(certain))
            since.setdefault(name, outcome.since or rule.enforced_since or rule.effective or "")
        certain += [one for one in own if not one.also]
    for name, held in whole.items():
        edges = tuple(outline(held, above[name]))
        yield Line(rule.id, name, since[name], edges, any(one.also for one in held))


def _brings(outcome: Outcome) -> bool:
    return outcome.policy is not Policy.NONE and outcome.effect not in NOTHING


def _name(rule: Rule, outcome: Outcome) -> str:
    """Returns the paragraph without its numbers, such as ``3A090.a``, or the rule's title."""
    return ".".join(outcome.eccn.split(".")[:2]) if outcome.eccn else rule.title


def regions(asked: Predicate) -> Iterator[Region]:
    """Yields the rectangles of a predicate, one of which must be met."""
    if isinstance(asked, Tree) and asked.kind != "not":
        parts = [list(regions(part)) for part in asked.parts]
        if asked.kind == "any":
            yield from (one for part in parts for one in part)
            return
        for chosen in product(*parts):
            yield _meet(chosen)
    elif isinstance(asked, Compare) and asked.keys in (("tpp",), ("pd",)) and asked.threshold:
        above = asked.sign in (">", ">=")
        bounds = (asked.threshold, math.inf) if above else (0.0, asked.threshold)
        yield Region(tpp=bounds) if asked.keys == ("tpp",) else Region(pd=bounds)
    else:
        yield Region(also=True)


def _meet(chosen: Sequence[Region]) -> Region:
    """Returns what all of some rectangles hold."""
    found = Region()
    for one in chosen:
        found = replace(
            found,
            tpp=(max(found.tpp[0], one.tpp[0]), min(found.tpp[1], one.tpp[1])),
            pd=(max(found.pd[0], one.pd[0]), min(found.pd[1], one.pd[1])),
            also=found.also or one.also,
        )
    return found


def outline(held: Sequence[Region], before: Sequence[Region] = ()) -> Iterator[Segment]:
    """Yields the edges of all that some rectangles hold and others do not hold before them."""
    every = [*held, *before]
    columns = sorted({bound for one in every for bound in one.tpp} | {0.0, math.inf})
    rows = sorted({bound for one in every for bound in one.pd} | {0.0, math.inf})

    def is_in(x: float, y: float) -> bool:
        return any(one.holds(x, y) for one in held) and not any(one.holds(x, y) for one in before)

    for (left, right), (low, high) in product(pairwise(columns), pairwise(rows)):
        x, y = _middle(left, right), _middle(low, high)
        here = is_in(x, y)
        if left > 0 and here is not is_in(_below(columns, left), y):
            yield Segment((left, low), (left, high))
        if low > 0 and here is not is_in(x, _below(rows, low)):
            yield Segment((left, low), (right, low))


def _middle(low: float, high: float) -> float:
    return low + 1.0 if math.isinf(high) else (low + high) / 2


def _below(bounds: Sequence[float], edge: float) -> float:
    """Returns a place in the cell that ends at an edge."""
    return (bounds[bounds.index(edge) - 1] + edge) / 2
