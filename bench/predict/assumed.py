"""What is taken for granted of chips' links and networks, since nobody published it."""

from typing import TYPE_CHECKING

from bench.predict.model.facts import Facts
from bench.predict.model.step import LINKED, NETWORK, NODE

if TYPE_CHECKING:
    from bench.predict.forecast import Asked

UNKNOWN_NETWORK = 0.7
"""Half-width of the log of a network that nobody published: a factor of two either way."""
UNKNOWN_LINK = 1.1
"""The same of a link that is named without its rate: a factor of three either way, within which
four in five of those published lie."""


def assumed(chip: Facts, asked: "Asked") -> str:
    """Returns what was taken for granted, since nobody published it, or nothing."""
    told = []
    if no_link(chip, asked):
        told.append(f"a link of {LINKED / 1e9:.0f} GB/s a chip assumed, whose rate no source gives")
    if no_network(chip, asked):
        told.append(f"a network of {NETWORK / 1e9:.0f} GB/s a chip assumed")
    if chip.name_of(asked.how.rate) in chip.unsaid:
        told.append("its rate taken as dense, which no source says")
    if chip.coded:
        told.append(f"ECC on, as boards were found: {chip.coded:.0%} of the memory's traffic")
    return "; ".join(told)


def no_link(chip: Facts, asked: "Asked") -> bool:
    """Tells whether messages pass a link that the sheet names without its rate."""
    return chip.unrated and _spanned(asked) > 1


def no_network(chip: Facts, asked: "Asked") -> bool:
    """Tells whether messages leave the node by a network that nobody published."""
    return chip.network is None and _spanned(asked) > max(chip.linked or NODE, NODE)


def _spanned(asked: "Asked") -> int:
    """Returns how many chips send to one another at the most."""
    split = asked.split
    shared = [split.tp, split.tp * split.pp if split.pp > 1 else 1]
    shared.append(split.ep if split.ep > split.tp and asked.workload.experts else 1)
    shared.append(split.chips if split.dp * split.cp > 1 and asked.phase == "train" else 1)
    return max(shared)
