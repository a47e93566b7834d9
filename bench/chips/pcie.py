"""What a PCIe link carries on paper: lanes x the nominal rate of one, as vendors print it."""

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
        """Returns nominal bytes a second in one direction."""
        return GBYTES_A_LANE[self.generation] * self.lanes * 1e9

    @property
    def words(self) -> str:
        """Returns how that comes about: ``16 lanes of PCIe 5.0 x 4 GB/s``."""
        return f"{self.lanes} lanes of PCIe {self.generation}.0 x {self.rate:g} GB/s"

    @property
    def rate(self) -> float:
        """Returns nominal GB/s of a lane in one direction."""
        return GBYTES_A_LANE[self.generation]


def alone(fact: str) -> bool:
    """Tells whether a sheet's words of the link between chips say that PCIe is all there is."""
    return "PCIe only" in fact


def link(text: str) -> Link | None:
    """Returns the link that a sheet's words name, such as ``Gen5 x16``; None if they name none."""
    found = LINK.search(text)
    return Link(int(found[1]), int(found[2])) if found else None
