"""Which figures of a sheet a prediction rests on."""

from collections.abc import Sequence

from bench.predict.forecast import Asked
from bench.predict.model.facts import LINK, Facts


def used(chip: Facts, asked: Asked, has: Sequence[str]) -> list[str]:
    """Returns the keys of the figures that a prediction of a chip makes use of.

    Args:
        chip: whose.
        asked: the question.
        has: the keys of the figures that its sheet gives.
    """
    scores = ("fp8",) if asked.workload.indexer else ()
    formats = dict.fromkeys((asked.how.rate, asked.how.dense, asked.how.attention, *scores))
    rates = [f"matrix_{name}" for word in formats if (name := chip.name_of(word))]
    link = [key for key in (*LINK[:1], "link_bandwidth") if key in has][:1]
    links = [*link, "pair_link_oneway"] if asked.split.chips > 1 else []
    every = (*rates, "memory_bandwidth", "memory_capacity", *links, "tdp")
    return [key for key in dict.fromkeys(every) if key in has]
