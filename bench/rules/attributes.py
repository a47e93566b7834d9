"""The attributes that rules test, and their values by the sheet; some have several readings."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.chips.model import Figure
from bench.units import Dimension


@dataclass(frozen=True)
class AttributeKind:
    """The meaning of one attribute key of a predicate.

    Attributes:
        dimension: of its value; None for a flag and for a bare number.
        flag: whether it is yes or no.
        definition: what is counted, and what is easily mistaken for it.
    """

    title: str
    dimension: Dimension | None
    definition: str
    flag: bool = False


KINDS: dict[str, AttributeKind] = {
    "tpp": AttributeKind(
        "TPP",
        None,
        "total processing performance: dense TOPS x bit length of the multiply's inputs, the "
        "highest over all formats, as the maker claims it",
    ),
    "pd": AttributeKind(
        "performance density",
        None,
        "TPP over the area in mm² of all logic dies made in a non-planar process",
    ),
    "io": AttributeKind(
        "I/O rate",
        Dimension.BYTE_RATE,
        "all links to other circuits than volatile memory, PCIe included, both directions",
    ),
    "memory_bandwidth": AttributeKind(
        "DRAM bandwidth", Dimension.BYTE_RATE, "peak bandwidth of all DRAM attached to the chip"
    ),
    "interconnect": AttributeKind(
        "interconnect bandwidth",
        Dimension.BYTE_RATE,
        "the link between chips, both directions; whether PCIe counts beside it is not public",
    ),
    "transistors": AttributeKind(
        "transistors", Dimension.COUNT, "transistors of the packaged circuit"
    ),
    "memory_bandwidth_density": AttributeKind(
        "memory bandwidth density",
        None,
        "bandwidth of a memory package in GB/s over its area in mm²; asked of memory sold alone",
    ),
    "datacenter": AttributeKind(
        "datacentre part", None, "designed or marketed for use in datacentres", flag=True
    ),
    "us_sale": AttributeKind(
        "sold in the US",
        None,
        "sold commercially in the United States when 91 FR 1684 was published, 2026-01-15",
        flag=True,
    ),
    "chinese_designer": AttributeKind(
        "designer in D:5 or Macau",
        None,
        "designed by a company headquartered in Country Group D:5 or Macau",
        flag=True,
    ),
    "hbm": AttributeKind("HBM in the package", None, "the packaged circuit holds HBM", flag=True),
    "standalone_memory": AttributeKind(
        "memory sold alone",
        None,
        "memory not packaged with a circuit whose main function is processing",
        flag=True,
    ),
    "nonplanar": AttributeKind(
        "non-planar or 16/14 nm logic",
        None,
        "logic dies at the 16/14 nm node or below, or with FinFET or GAA transistors",
        flag=True,
    ),
}


@dataclass(frozen=True)
class Reading:
    """One value that an attribute may have, in base units, and how it was obtained."""

    value: float | bool
    how: str


@dataclass(frozen=True)
class Attribute:
    """The value of an attribute for one chip.

    Attributes:
        readings: one, several if a definition or a source leaves it open, none if unknown.
        why: why it is unknown, or why there are several readings.
        sources: keys of the sources behind it.
        computed: which figure behind it nobody published, and how the sheet derives it.
    """

    key: str
    readings: tuple[Reading, ...]
    why: str = ""
    sources: tuple[str, ...] = ()
    computed: str = ""


Attributes = Mapping[str, Attribute]


def computed(one: Figure, name: str) -> str:
    """Returns how a figure that nobody published was derived; empty for a published one.

    Such a figure counts where a rule tests a physical property, such as I/O or die area, and is
    marked there. It does not enter TPP, which follows the maker's claims.
    """
    return f"{name} computed, not published: {one.formula}" if one.origin == "computed" else ""


def absent(key: str) -> Attribute:
    """Returns an attribute without any known value."""
    return Attribute(key, (), f"{KINDS[key].title} is not known")
