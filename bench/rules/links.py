"""What a chip sends to other circuits: its link, PCIe, and both, as the rules count them."""

import math

from bench.chips.model import Chip, Gap
from bench.chips.pcie import link as pcie_link
from bench.rules.attributes import Attribute, Reading, absent


def link(chip: Chip) -> Attribute:
    """Returns the rate of the link between chips, both directions; nought where there is none."""
    both, one_way = chip.figures.get("link_bandwidth"), chip.figures.get("link_bandwidth_oneway")
    if both and both.number is not None:
        return Attribute("interconnect", (Reading(both.number, "link"),), sources=(both.source,))
    if one_way and one_way.number is not None:
        twice = Reading(2 * one_way.number, f"2 x {one_way.value}")
        return Attribute("interconnect", (twice,), sources=(one_way.source,))
    fact = chip.facts.get("link")
    if (both and both.value is Gap.UNSUPPORTED) or (fact and "PCIe only" in fact.value):
        return Attribute("interconnect", (Reading(0.0, "no link but PCIe"),))
    return absent("interconnect")


def pcie(chip: Chip) -> Attribute:
    """Returns the nominal PCIe rate, both directions."""
    printed, fact = chip.figures.get("pcie_bandwidth"), chip.facts.get("pcie")
    if printed and printed.number is not None:
        return Attribute("io", (Reading(printed.number, "PCIe"),), sources=(printed.source,))
    found = pcie_link(fact.value) if fact else None
    if fact is None or found is None:
        return Attribute("io", (), "PCIe generation and width are not known")
    reading = Reading(2 * found.oneway, f"PCIe {fact.value}")
    return Attribute("io", (reading,), sources=(fact.source,))


def io(between: Attribute, host: Attribute) -> Attribute:
    """Returns all I/O: link and PCIe, as the 2022 rule sums it.

    Where PCIe is not known the link alone is the least that it can be.
    """
    if not between.readings:
        return Attribute("io", (), f"I/O rate is not known: {between.why}")
    first = between.readings[0]
    rate = float(first.value)
    if not host.readings:
        ends = (Reading(rate, f"{first.how} alone"), Reading(math.inf, "with PCIe"))
        return Attribute("io", ends, host.why, between.sources)
    second = host.readings[0]
    both = Reading(rate + float(second.value), f"{first.how} + {second.how}")
    return Attribute("io", (both,), sources=(*between.sources, *host.sources))


def interconnect(between: Attribute, host: Attribute) -> Attribute:
    """Returns the link's rate, and with PCIe: whether that counts beside it is not public."""
    if not between.readings:
        return between
    rate = float(between.readings[0].value)
    beside = [Reading(rate + float(one.value), "PCIe counted in") for one in host.readings]
    if not rate:
        return Attribute("interconnect", tuple(beside), "" if beside else host.why, host.sources)
    why = "whether PCIe counts beside the link is not public"
    return Attribute("interconnect", (*between.readings, *beside), why, between.sources)
