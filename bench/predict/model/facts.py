"""What a prediction needs of a chip, from its sheet alone; what nobody published stays absent."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.chips.figures import MATRIX_DTYPES
from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip, Gap
from bench.chips.paper import Paper, of_sheet
from bench.chips.pcie import alone
from bench.errors import UsageError

WIDE = {"bf16": ("bf16", "fp16"), "fp16": ("fp16", "bf16"), "mxfp4": ("mxfp4", "fp4")}
"""Formats that stand for one another: of 16 bits, and of 4 bits with a scale a block."""
LINK = ("link_bandwidth_oneway", "pcie_bandwidth_oneway")
CODED = 1 / 16
"""What ECC takes of a memory that has no place of its own for it, as GDDR6, and at least of its
traffic: where it is on, drivers show 15/16 of the size (46,068 of 49,140 MiB)."""


@dataclass(frozen=True)
class Facts:
    """One chip in numbers.

    Attributes:
        chip: id of the sheet.
        vendor, family: whose, and of which design; chips of one family lend to one another.
        silicon: chips that differ by a cap, memory or name only share this label.
        peaks: dense matrix rates by number format, operations/s.
        bandwidth: of memory, B/s.
        capacity: of memory, B.
        link: to other chips in one direction, B/s; over PCIe where the sheet names no other.
        unrated: whether the sheet names a link without its rate; it is not PCIe, and not known.
        pair: of two chips in one direction, B/s, where a board is a full mesh of them.
        network: to other nodes in one direction, B/s.
        bus: PCIe in one direction, B/s, by which cards of a node exchange that no bridge joins.
        linked: chips that the link joins; a node's where the sheet names none.
        tdp: W.
        units: compute units, such as SMs.
        clock: boost clock, Hz.
        cache: last-level cache, B.
        coded: share of the memory's traffic that ECC takes on boards as they were found.
        unsaid: formats of which no source says whether the rate is dense.
        doubt: by key, how far rival published figures lie from the one used, as a log ratio.
    """

    chip: str
    name: str
    vendor: str
    family: str
    silicon: str
    peaks: dict[str, float]
    bandwidth: float | None
    capacity: float | None
    link: float | None
    network: float | None
    tdp: float | None
    pair: float | None = None
    bus: float | None = None
    linked: float | None = None
    units: float | None = None
    clock: float | None = None
    cache: float | None = None
    coded: float = 0.0
    unrated: bool = False
    unsaid: frozenset[str] = frozenset()
    doubt: dict[str, float] = field(default_factory=dict)

    @property
    def carried(self) -> float | None:
        """Returns the memory's bandwidth that ECC leaves for data, B/s."""
        return None if self.bandwidth is None else self.bandwidth * (1 - self.coded)

    @property
    def labels(self) -> tuple[str, str, str, str]:
        """Returns what it may share with other chips: vendor, family, silicon, id."""
        return self.vendor, self.family, self.silicon, self.chip

    def peak(self, precision: str) -> float:
        """Returns the dense rate of a format.

        Raises:
            UsageError: the sheet gives none; no other format's is put in its place.
        """
        name = self.name_of(precision)
        if name:
            return self.peaks[name]
        known = ", ".join(self.peaks) or "none"
        raise UsageError(
            f"{self.chip}: no dense {precision} matrix rate on its sheet (it gives: {known})"
        )

    def name_of(self, precision: str) -> str:
        """Returns which of the sheet's formats stands for one, or nothing."""
        return next((one for one in WIDE.get(precision, (precision,)) if one in self.peaks), "")

    def needs(self, keys: Iterable[str]) -> list[str]:
        """Returns those of some attributes that nobody published."""
        return [key for key in keys if getattr(self, key) is None]


def facts(chip: Chip) -> Facts:
    """Returns what a sheet says for predictions.

    Raises:
        UsageError: it is of a system of chips, or of a processor.
    """
    if chip.kind in ("system", "cpu"):
        told = "is a system: name the chip it is built of" if chip.members else "is no accelerator"
        raise UsageError(f"{chip.id}: it {told}")
    rates = {word: of_sheet(chip, (f"matrix_{word}",)) for word in MATRIX_DTYPES}
    found = {word: paper for word, paper in rates.items() if paper}
    unrated = _unrated(chip)
    others = {**OTHERS, "link": LINK[:1]} if unrated else OTHERS
    more = {key: of_sheet(chip, keys) for key, keys in others.items()}
    ecc = chip.facts.get("memory_ecc")
    return Facts(
        chip=chip.id,
        name=chip.name,
        vendor=chip.vendor,
        family=chip.family or chip.architecture,
        silicon=_silicon(chip),
        peaks={word: one.value for word, one in found.items()},
        coded=CODED if ecc and ecc.value == "on" else 0.0,
        unrated=unrated,
        unsaid=frozenset(word for word, one in found.items() if one.basis == Basis.UNSPECIFIED),
        doubt={word: _doubt(one) for word, one in (*found.items(), *more.items()) if one},
        **{key: one.value if one else None for key, one in more.items()},
    )


OTHERS: dict[str, tuple[str, ...]] = {
    "bandwidth": ("memory_bandwidth",),
    "capacity": ("memory_capacity",),
    "link": LINK,
    "pair": ("pair_link_oneway",),
    "network": ("network_oneway",),
    "bus": ("pcie_bandwidth_oneway",),
    "linked": ("linked_chips",),
    "tdp": ("tdp",),
    "units": ("units",),
    "clock": ("clock_boost",),
    "cache": ("l2_cache",),
}


def every(catalogue: Catalogue) -> dict[str, Facts]:
    """Returns the facts of every accelerator."""
    kept = (one for one in catalogue.chips.values() if one.kind in ("gpu", "npu"))
    return {one.id: facts(one) for one in kept}


def _unrated(chip: Chip) -> bool:
    """Tells whether a sheet names a link between chips and gives it no rate."""
    named, told = chip.facts.get("link"), chip.figures.get("link_bandwidth")
    if named is None or alone(named.value) or (told and told.value is Gap.UNSUPPORTED):
        return False
    return of_sheet(chip, LINK[:1]) is None


def _silicon(chip: Chip) -> str:
    """Returns a label that chips of one design, unit count and 16-bit rate share."""
    rate = chip.number("matrix_bf16") or chip.number("matrix_fp16")
    units = chip.number("units")
    if rate is None or units is None:
        return chip.id
    return f"{chip.vendor} {chip.family or chip.architecture} {units:g} units {rate / 1e12:.2g}"


def _doubt(one: Paper) -> float:
    """Returns the largest log ratio of a rival that counts the same."""
    logs = [abs(math.log(rival.value / one.value)) for rival in one.rivals if rival.alike]
    return max((log for log in logs if math.isfinite(log)), default=0.0)
