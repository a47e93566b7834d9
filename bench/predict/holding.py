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

    A wider ``tp`` goes first. Beyond the key-value heads it holds no more requests, so where none
    suffices, copies and stages are tried as well.

    Args:
        chip: with its memory capacity.
        scenario: the question; its split is widened.
        place: index of the point.

    Returns:
        None if no way of up to ``MOST_CHIPS`` chips holds it.
    """
    length = int(scenario.prompt[place] + scenario.output[place])
    batch, model, formats = float(scenario.batch[place]), scenario.workload, scenario.precision
    copied = sorted(_copied(scenario, batch), key=lambda one: (one.chips, one.pp, one.dp))
    for way in (*widths(model, scenario.split), *copied):
        if room(chip, model, formats, way, batch, length).fits:
            return way
    return None


def _copied(scenario: Scenario, batch: float) -> Iterator[Parallel]:
    """Yields ways with more copies or stages, each copy with a request."""
    doublings = [2**power for power in range(MOST_CHIPS.bit_length())]
    for pp in (scenario.split.pp * more for more in doublings):
        for dp in (scenario.split.dp * more for more in doublings):
            if pp <= scenario.workload.layers and dp <= batch:
                split = replace(scenario.split, pp=pp, dp=dp)
                ways = widths(scenario.workload, split)
                yield from (one for one in ways if one.chips <= MOST_CHIPS)
