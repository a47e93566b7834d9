"""The way to divide a model with the fewest chips that hold it, with its requests."""

from collections.abc import Iterator
from dataclasses import replace

from bench.predict.model.capacity import room, widths
from bench.predict.model.facts import Facts
from bench.predict.model.parallel import Parallel
from bench.predict.scenario import Scenario

MOST_CHIPS = 256
"""Largest number of chips that is tried."""


def holding_way(chip: Facts, scenario: Scenario, place: int = 0) -> Parallel | None:
    """Returns the way with the fewest chips that holds the model and its requests.

    Of ways with as many chips, that with fewer stages, then copies, goes first: the widest ``tp``.
    Beyond the key-value heads a wider ``tp`` holds no more requests; copies and stages do.

    Args:
        chip: with its memory capacity.
        scenario: the question; its split is widened.
        place: index of the point.

    Returns:
        None if no way of up to ``MOST_CHIPS`` chips holds it.
    """
    length = int(scenario.prompt[place] + scenario.output[place])
    batch, model, formats = float(scenario.batch[place]), scenario.workload, scenario.precision
    ways = (one for one in _ways(scenario, batch) if one.chips <= MOST_CHIPS)
    for way in sorted(ways, key=lambda one: (one.chips, one.pp, one.dp)):
        if room(chip, model, formats, way, batch, length).fits:
            return way
    return None


def _ways(scenario: Scenario, batch: float) -> Iterator[Parallel]:
    """Yields the split at each ``tp``, and with more stages or copies, each copy with a request."""
    yield from widths(scenario.workload, scenario.split)
    doublings = [2**power for power in range(MOST_CHIPS.bit_length())]
    for pp in (scenario.split.pp * more for more in doublings):
        for dp in (scenario.split.dp * more for more in doublings):
            if pp <= scenario.workload.layers and dp <= batch:
                yield from widths(scenario.workload, replace(scenario.split, pp=pp, dp=dp))
