"""Lines that export rules draw in the plane of TPP and performance density (PD).

A rule's outcomes apply in their order, as for a chip: where an earlier outcome holds that depends
on TPP and density alone, later outcomes do not apply.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from bench.rules.attributes import KINDS
from bench.rules.load import Rulebook
from bench.rules.model import Outcome, Policy, Rule
from bench.rules.places import Question, reaches
from bench.rules.predicate import Compare, Predicate, Tree
from bench.rules.ruling import CONTROL, is_in_text
from bench.rules.trace import amount

NO_REQUIREMENT = ("none", "not_applicable")
"""Effects of outcomes that require nothing."""


@dataclass(frozen=True)
class Region:
    """A rectangle of the plane.

    Attributes:
        tpp: lower and upper bound of TPP.
        pd: lower and upper bound of performance density.
        has_other_conditions: whether the rule also depends on something besides TPP and density.
        asks: the numbers among these conditions, in words.
    """

    tpp: tuple[float, float] = (0.0, math.inf)
    pd: tuple[float, float] = (0.0, math.inf)
    has_other_conditions: bool = False
    asks: tuple[str, ...] = ()

    @property
    def is_bounded(self) -> bool:
        """Tells whether the rectangle is limited in TPP or density at all."""
        return (*self.tpp, *self.pd) != (0.0, math.inf, 0.0, math.inf)

    def contains(self, tpp: float, pd: float) -> bool:
        """Tells whether a point, which must not lie on an edge, is in the rectangle."""
        return self.tpp[0] < tpp < self.tpp[1] and self.pd[0] < pd < self.pd[1]


@dataclass(frozen=True)
class Segment:
    """A straight piece of a line between two corners, each given as (TPP, density)."""

    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Line:
    """The edge of the area that one paragraph, or one outcome, of a rule covers.

    Attributes:
        rule: id of the rule.
        name: the paragraph, or the rule's title.
        since: first day on which it is in force.
        segments: pieces of the edge; an end may be 0 or infinite.
        has_other_conditions: whether the rule depends on more than TPP and density, so that it
            does not catch every chip on its side of the line.
        areas: the rectangles behind the line of a control; none for other rules.
    """

    rule: str
    name: str
    since: str
    segments: tuple[Segment, ...]
    has_other_conditions: bool
    areas: tuple[Region, ...] = ()

    @property
    def asks(self) -> str:
        """Returns the numbers that the rule asks for besides TPP and density; empty if none."""
        return ", ".join(dict.fromkeys(word for one in self.areas for word in one.asks))

    def spares(self, tpp: float, pd: float) -> bool:
        """Tells whether a point beyond the line may be free for want of what the rule ``asks``."""
        return any(one.asks and one.contains(tpp, pd) for one in self.areas)


def lines(question: Question, book: Rulebook) -> list[Line]:
    """Returns the lines of US rules in force that limit TPP or density, oldest first."""
    rule_lines = [
        line
        for rule in book.rules.values()
        if _concerns(rule, question, book)
        for line in _lines_of(rule, question.on)
    ]
    return sorted(rule_lines, key=lambda line: line.since)


def _concerns(rule: Rule, question: Question, book: Rulebook) -> bool:
    if rule.jurisdiction != "US" or not is_in_text(rule, question.on):
        return False
    return rule.kind == CONTROL or reaches(rule.destination, question, book.places)


def _lines_of(rule: Rule, on: str) -> Iterator[Line]:
    """Yields a line for each paragraph of a rule, or one for outcomes without a paragraph."""
    areas: dict[str, list[Region]] = {}
    earlier: dict[str, list[Region]] = {}
    unconditional: list[Region] = []
    since: dict[str, str] = {}
    for outcome in rule.outcomes:
        if outcome.when is None or not (outcome.since or "") <= on <= (outcome.until or "9999"):
            continue
        rectangles = list(regions(outcome.when))
        if _requires_something(outcome) and any(one.is_bounded for one in rectangles):
            name = _name(rule, outcome)
            areas.setdefault(name, []).extend(rectangles)
            earlier.setdefault(name, list(unconditional))
            since.setdefault(name, outcome.since or rule.enforced_since or rule.effective or "")
        unconditional += [one for one in rectangles if not one.has_other_conditions]
    for name, rectangles in areas.items():
        edges = tuple(outline(rectangles, earlier[name]))
        yield Line(
            rule.id, name, since[name], edges,
            any(one.has_other_conditions for one in rectangles),
            tuple(rectangles) if rule.kind == CONTROL else (),
        )  # fmt: skip


def _requires_something(outcome: Outcome) -> bool:
    return outcome.policy is not Policy.NONE and outcome.effect not in NO_REQUIREMENT


def _name(rule: Rule, outcome: Outcome) -> str:
    """Returns the paragraph without its sub-numbers, such as ``3A090.a``, or the rule's title."""
    return ".".join(outcome.eccn.split(".")[:2]) if outcome.eccn else rule.title


def regions(predicate: Predicate) -> Iterator[Region]:
    """Yields rectangles whose union is the area in which a predicate holds."""
    if isinstance(predicate, Tree) and predicate.kind != "not":
        parts = [list(regions(part)) for part in predicate.parts]
        if predicate.kind == "any":
            yield from (one for part in parts for one in part)
            return
        for chosen in product(*parts):
            yield _intersection(chosen)
    elif (
        isinstance(predicate, Compare)
        and predicate.keys in (("tpp",), ("pd",))
        and predicate.threshold
    ):
        above = predicate.sign in (">", ">=")
        bounds = (predicate.threshold, math.inf) if above else (0.0, predicate.threshold)
        yield Region(tpp=bounds) if predicate.keys == ("tpp",) else Region(pd=bounds)
    else:
        yield Region(has_other_conditions=True, asks=_asked(predicate))


def _asked(predicate: Predicate) -> tuple[str, ...]:
    """Returns a comparison with a known number in words, such as ``I/O rate >= 600 GB/s``."""
    if not isinstance(predicate, Compare) or not predicate.threshold:
        return ()
    names = " + ".join(KINDS[key].title for key in predicate.keys)
    return (f"{names} {predicate.sign} {amount(predicate.threshold, predicate.dimension)}",)


def _intersection(rectangles: Sequence[Region]) -> Region:
    """Returns the area that all rectangles have in common."""
    result = Region()
    for one in rectangles:
        result = replace(
            result,
            tpp=(max(result.tpp[0], one.tpp[0]), min(result.tpp[1], one.tpp[1])),
            pd=(max(result.pd[0], one.pd[0]), min(result.pd[1], one.pd[1])),
            has_other_conditions=result.has_other_conditions or one.has_other_conditions,
            asks=(*result.asks, *one.asks),
        )
    return result


def outline(included: Sequence[Region], excluded: Sequence[Region] = ()) -> Iterator[Segment]:
    """Yields the edges of the union of some rectangles, minus the union of the excluded ones."""
    rectangles = [*included, *excluded]
    columns = sorted({bound for one in rectangles for bound in one.tpp} | {0.0, math.inf})
    rows = sorted({bound for one in rectangles for bound in one.pd} | {0.0, math.inf})

    def is_in(x: float, y: float) -> bool:
        return any(one.contains(x, y) for one in included) and not any(
            one.contains(x, y) for one in excluded
        )

    for (left, right), (low, high) in product(pairwise(columns), pairwise(rows)):
        x, y = _inner_point(left, right), _inner_point(low, high)
        here = is_in(x, y)
        if left > 0 and here is not is_in(_inner_point_below(columns, left), y):
            yield Segment((left, low), (left, high))
        if low > 0 and here is not is_in(x, _inner_point_below(rows, low)):
            yield Segment((left, low), (right, low))


def _inner_point(low: float, high: float) -> float:
    """Returns a coordinate inside a cell, whose upper bound may be infinite."""
    return low + 1.0 if math.isinf(high) else (low + high) / 2


def _inner_point_below(bounds: Sequence[float], edge: float) -> float:
    """Returns a coordinate inside the cell that ends at an edge."""
    return (bounds[bounds.index(edge) - 1] + edge) / 2
