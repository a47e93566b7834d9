"""What predictions assume about links and networks whose rates nobody published."""

from bench.predict.model.facts import Facts
from bench.predict.model.step import LINKED, NETWORK, NODE
from bench.predict.scenario import Scenario

UNKNOWN_NETWORK = 0.7
"""Half-width, in log rate, for a network that nobody published: a factor of two either way."""
UNKNOWN_LINK = 1.1
"""Half-width, in log rate, for a link that the sheet names without its rate: a factor of three
either way, which covers four in five of the published ones."""


def assumed(chip: Facts, scenario: Scenario) -> str:
    """Returns the assumptions made in place of unpublished figures, in words; may be empty."""
    words = []
    if no_link(chip, scenario):
        words.append(
            f"a link of {LINKED / 1e9:.0f} GB/s a chip assumed, whose rate no source gives"
        )
    if no_network(chip, scenario):
        words.append(network_assumed())
    if chip.name_of(scenario.precision.rate) in chip.unsaid:
        words.append("its rate taken as dense, which no source says")
    if chip.coded:
        words.append(f"ECC on, as boards were found: {chip.coded:.0%} of the memory's traffic")
    return "; ".join(words)


def network_assumed() -> str:
    """Returns what is assumed of a network that nobody published."""
    return f"a network of {NETWORK / 1e9:.0f} GB/s a chip assumed"


def no_link(chip: Facts, scenario: Scenario) -> bool:
    """Tells whether messages pass a link that the sheet names without its rate."""
    return chip.unrated and _largest_group(scenario) > 1


def no_network(chip: Facts, scenario: Scenario) -> bool:
    """Tells whether messages leave the node over a network that nobody published."""
    return chip.network is None and _largest_group(scenario) > max(chip.linked or NODE, NODE)


def _largest_group(scenario: Scenario) -> int:
    """Returns the number of chips in the largest group that exchanges messages."""
    split = scenario.split
    groups = [split.tp, split.tp * split.pp if split.pp > 1 else 1]
    groups.append(split.ep if split.ep > split.tp and scenario.workload.experts else 1)
    groups.append(split.chips if split.dp * split.cp > 1 and scenario.phase == "train" else 1)
    return max(groups)
