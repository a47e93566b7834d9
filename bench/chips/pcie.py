"""Nominal PCIe rates, lanes x the rate of a lane, as vendors print them."""

import re
from dataclasses import dataclass

GBYTES_A_LANE = {1: 0.25, 2: 0.5, 3: 1.0, 4: 2.0, 5: 4.0, 6: 8.0}
"""Nominal GB/s of one lane in one direction, by generation (PCI-SIG: 2.5 to 64 GT/s)."""

LINK = re.compile(r"(?:Gen ?)?([1-6])(?:\.0)?\s*[x×X]\s*(\d+)")


@dataclass(frozen=True)
class Link:
    """A PCIe link: its generation and its lanes."""

    generation: int
    lanes: int

    @property
    def oneway(self) -> float:
        """Returns the nominal rate in one direction, B/s."""
        return GBYTES_A_LANE[self.generation] * self.lanes * 1e9

    @property
    def formula(self) -> str:
        """Returns the formula: ``16 lanes of PCIe 5.0 x 4 GB/s``."""
        return f"{self.lanes} lanes of PCIe {self.generation}.0 x {self.rate:g} GB/s"

    @property
    def rate(self) -> float:
        """Returns the nominal rate of one lane in one direction, GB/s."""
        return GBYTES_A_LANE[self.generation]


def alone(fact: str) -> bool:
    """Returns whether a sheet's text on the link between chips means PCIe only."""
    return "PCIe only" in fact


def link(text: str) -> Link | None:
    """Returns the link that a text such as ``Gen5 x16`` names, None if it names none."""
    found = LINK.search(text)
    return Link(int(found[1]), int(found[2])) if found else None
