"""Which figures of a sheet a prediction uses."""

from collections.abc import Sequence

from bench.predict.model.facts import LINK, Facts
from bench.predict.scenario import Scenario


def sheet_inputs(chip: Facts, scenario: Scenario, available: Sequence[str]) -> list[str]:
    """Returns the keys of the figures that a chip's prediction uses.

    Args:
        chip: the chip.
        scenario: the question.
        available: keys of the figures that its sheet gives.
    """
    precision = scenario.precision
    scores = ("fp8",) if scenario.workload.indexer else ()
    formats = dict.fromkeys((precision.rate, precision.dense, precision.attention, *scores))
    rates = [f"matrix_{name}" for word in formats if (name := chip.name_of(word))]
    link = [key for key in (*LINK[:1], "link_bandwidth") if key in available][:1]
    links = [*link, "pair_link_oneway"] if scenario.chips > 1 else []
    keys = (*rates, "memory_bandwidth", "memory_capacity", *links, "tdp")
    return [key for key in dict.fromkeys(keys) if key in available]
