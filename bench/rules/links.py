"""A chip's I/O as the rules count it: its link, PCIe, and both together."""

import math

from bench.chips.model import Chip, Figure, Gap
from bench.chips.pcie import alone
from bench.chips.pcie import link as pcie_link
from bench.rules.attributes import Attribute, Reading, absent, computed


def link(chip: Chip) -> Attribute:
    """Returns the rate of the chip-to-chip link, both directions; 0 if the chip has none."""
    both, one_way = chip.figures.get("link_bandwidth"), chip.figures.get("link_bandwidth_oneway")
    if both and both.number is not None:
        return _of_figure(both, Reading(both.number, "link"))
    if one_way and one_way.number is not None:
        return _of_figure(one_way, Reading(2 * one_way.number, f"2 x {one_way.value}"))
    fact = chip.facts.get("link")
    if (both and both.value is Gap.UNSUPPORTED) or (fact and alone(fact.value)):
        return Attribute("interconnect", (Reading(0.0, "no link but PCIe"),))
    return absent("interconnect")


def _of_figure(figure: Figure, reading: Reading) -> Attribute:
    origin = computed(figure, "link")
    return Attribute("interconnect", (reading,), sources=(figure.source,), computed=origin)


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

    If PCIe is unknown, the link alone is a lower bound.
    """
    if not between.readings:
        return Attribute("io", (), f"I/O rate is not known: {between.why}")
    first = between.readings[0]
    rate = float(first.value)
    if not host.readings:
        ends = (Reading(rate, f"{first.how} alone"), Reading(math.inf, "with PCIe"))
        return Attribute("io", ends, host.why, between.sources, between.computed)
    second = host.readings[0]
    both = Reading(rate + float(second.value), f"{first.how} + {second.how}")
    sources = (*between.sources, *host.sources)
    return Attribute("io", (both,), sources=sources, computed=between.computed)


def interconnect(between: Attribute, host: Attribute) -> Attribute:
    """Returns the link's rate with and without PCIe; whether PCIe counts is not public."""
    if not between.readings:
        return between
    rate = float(between.readings[0].value)
    with_pcie = [Reading(rate + float(one.value), "PCIe counted in") for one in host.readings]
    if not rate:
        why = "" if with_pcie else host.why
        return Attribute("interconnect", tuple(with_pcie), why, host.sources)
    why = "whether PCIe counts beside the link is not public"
    readings = (*between.readings, *with_pcie)
    return Attribute("interconnect", readings, why, between.sources, between.computed)
