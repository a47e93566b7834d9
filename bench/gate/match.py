"""Pairs the measurements of two runs."""

from collections.abc import Iterator

from bench.gate.model import Run, Taken
from bench.records.model import SHAPE

Pair = tuple[Taken | None, Taken | None]


def pairs(now: Run, before: Run) -> Iterator[Pair]:
    """Yields each measurement of both runs with its counterpart, None if it has none.

    Equal sizes are paired first. If one is left on both sides and the program chose the sizes, they
    are one measurement in two shapes.
    """
    names = dict.fromkeys(one.name for one in (*now.taken, *before.taken))
    for name in names:
        here = [one for one in now.taken if one.name == name]
        there = [one for one in before.taken if one.name == name]
        yield from _of_one_name(here, there)


def _of_one_name(here: list[Taken], there: list[Taken]) -> Iterator[Pair]:
    left = list(there)
    alone: list[Taken] = []
    for one in here:
        same = next((other for other in left if other.parameters == one.parameters), None)
        if same is None:
            alone.append(one)
        else:
            left.remove(same)
            yield one, same
    if len(alone) == len(left) == 1 and _alike(alone[0], left[0]):
        yield alone[0], left[0]
        return
    yield from ((one, None) for one in alone)
    yield from ((None, one) for one in left)


def _alike(one: Taken, other: Taken) -> bool:
    """Returns whether two of one name differ only in what the program chose."""
    both_ran = one.status == other.status == "ok"
    same = all(one.parameters.get(size) == other.parameters.get(size) for size in SHAPE)
    return one.moves or other.moves or not both_ran or same
