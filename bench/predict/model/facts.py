"""What a prediction uses of a chip's sheet; what nobody published is None."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.chips.figures import MATRIX_DTYPES
from bench.chips.load import Catalogue
from bench.chips.match import devices_a_chip, memory_sizes
from bench.chips.model import Basis, Chip, Gap
from bench.chips.paper import Paper, of_sheet
from bench.chips.pcie import alone
from bench.errors import UsageError

WIDE = {"bf16": ("bf16", "fp16"), "fp16": ("fp16", "bf16"), "mxfp4": ("mxfp4", "fp4")}
"""Formats whose rates stand for one another: 16 bits, and 4 bits with a scale per block."""
LINK = ("link_bandwidth_oneway", "pcie_bandwidth_oneway")
"""Figures for the link between chips, in order of preference."""
REQUIRED = {
    "bandwidth": "memory bandwidth",
    "link": (
        "link bandwidth, nor PCIe: name its link in a sheet of yours (specs=), and a rate for it "
        "is assumed"
    ),
}
"""What a message says of a figure that a prediction needs."""
CODED = 1 / 16
"""Share of capacity, and at least of traffic, that ECC takes in memory without extra ECC bits, such
as GDDR6: with ECC on, drivers show 15/16 of the size (46,068 of 49,140 MiB)."""
KEPT = 1 / 100
"""Share of capacity that driver and runtime keep from programs: NVIDIA's runtimes leave 98 to 99%
of the GiB that a sheet prints as GB, other makers' drivers show up to all of them (driver-memory
in ``results/reported``)."""
LEAST_SHOWN = 7 / 8
"""Least share of the printed size that a driver shows of the same board (LPDDR4X with ECC)."""


class Labels(NamedTuple):
    """Labels of a chip, from the one that most chips share to the one that none does."""

    vendor: str
    family: str
    silicon: str
    chip: str


@dataclass(frozen=True)
class Facts:
    """One chip in numbers; None stands for what nobody published.

    Attributes:
        chip: id of the sheet.
        name: name on the sheet.
        vendor: its maker.
        family: its design; chips of one family inform one another's predictions.
        silicon: label shared by chips that differ only in a cap, the memory or the name.
        peaks: dense matrix rates by number format, operations/s.
        bandwidth: memory bandwidth, B/s.
        capacity: memory that programs find, B: less than the sheet prints, see ``_capacity``.
        link: bandwidth to other chips, B/s in one direction; that of PCIe if the sheet names no
            other link.
        unrated: whether the sheet names a link other than PCIe without its rate.
        pair: bandwidth between two chips, B/s in one direction, if the board is a full mesh.
        network: bandwidth to other nodes, B/s in one direction.
        bus: PCIe bandwidth, B/s in one direction, used between cards of a node without a bridge.
        linked: number of chips joined by the link; None stands for one node's.
        tdp: board power, W.
        units: number of compute units, such as SMs.
        clock: boost clock, Hz.
        cache: last-level cache, B.
        coded: share of memory traffic that ECC takes, on boards as they were found.
        unsaid: number formats for which no source says whether the rate is dense.
        doubt: by key, the largest log ratio between a rival published figure and the one used.
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
    def data_bandwidth(self) -> float | None:
        """Returns the memory bandwidth that ECC leaves for data, B/s."""
        return None if self.bandwidth is None else self.bandwidth * (1 - self.coded)

    @property
    def labels(self) -> Labels:
        """Returns the labels that it may share with other chips, and its own."""
        return Labels(self.vendor, self.family, self.silicon, self.chip)

    def peak(self, precision: str) -> float:
        """Returns the dense matrix rate in a number format, operations/s.

        Raises:
            UsageError: the sheet gives none; another format's rate is never used instead.
        """
        name = self.name_of(precision)
        if name:
            return self.peaks[name]
        known = ", ".join(self.peaks) or "none"
        raise UsageError(
            f"{self.chip}: no dense {precision} matrix rate on its sheet (it gives: {known})"
        )

    def name_of(self, precision: str) -> str:
        """Returns the sheet's format whose rate stands for a format; empty if there is none."""
        return next((one for one in WIDE.get(precision, (precision,)) if one in self.peaks), "")

    def needs(self, keys: Iterable[str]) -> list[str]:
        """Returns those of some attributes that are None."""
        return [key for key in keys if getattr(self, key) is None]

    def require(self, keys: Iterable[str]) -> None:
        """Raises if one of some attributes is None.

        Raises:
            UsageError: the message names what the sheet lacks, and what to do about a link.
        """
        if missing := self.needs(keys):
            names = " and no ".join(REQUIRED[key] for key in missing)
            raise UsageError(f"{self.chip}: unknown, because its sheet has no {names}")


def facts(chip: Chip) -> Facts:
    """Returns the facts of a chip's sheet.

    Raises:
        UsageError: it is the sheet of a system of chips, or of a CPU.
    """
    if chip.kind in ("system", "cpu"):
        why = "is a system: name the chip it is built of" if chip.members else "is no accelerator"
        raise UsageError(f"{chip.id}: it {why}")
    rates = {word: of_sheet(chip, (f"matrix_{word}",)) for word in MATRIX_DTYPES}
    found = {word: paper for word, paper in rates.items() if paper}
    unrated = _unrated(chip)
    keys_of = {**FIGURES, "link": LINK[:1]} if unrated else FIGURES
    more = {key: of_sheet(chip, keys) for key, keys in keys_of.items()}
    ecc = chip.facts.get("memory_ecc")
    coded = CODED if ecc and ecc.value == "on" else 0.0
    values = {key: one.value if one else None for key, one in more.items()}
    return Facts(
        chip=chip.id,
        name=chip.name,
        vendor=chip.vendor,
        family=chip.family or chip.architecture,
        silicon=_silicon(chip),
        peaks={word: one.value for word, one in found.items()},
        coded=coded,
        unrated=unrated,
        unsaid=frozenset(word for word, one in found.items() if one.basis == Basis.UNSPECIFIED),
        doubt={word: _doubt(one) for word, one in (*found.items(), *more.items()) if one},
        **{**values, "capacity": _capacity(chip, coded)},
    )


FIGURES: dict[str, tuple[str, ...]] = {
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
"""The figures of a sheet that give an attribute of ``Facts``, in order of preference."""


def all_facts(catalogue: Catalogue) -> dict[str, Facts]:
    """Returns the facts of every accelerator."""
    kept = (one for one in catalogue.chips.values() if one.kind in ("gpu", "npu"))
    return {one.id: facts(one) for one in kept}


def _capacity(chip: Chip, coded: float) -> float | None:
    """Returns the bytes of memory that programs find on a chip; None if its sheet has no size.

    It is the size that drivers report, if the sheet names it; else the printed one, of which ECC,
    driver and runtime take a share. Memory chips come in powers of two, so a sheet's GB are GiB.

    Args:
        chip: the sheet.
        coded: share that ECC takes.
    """
    if chip.number("memory_capacity") is None:
        return None
    printed, *shown = (one * devices_a_chip(chip) for one in memory_sizes(chip, rivals=False))
    reported = [one for one in shown if LEAST_SHOWN <= one / printed <= 1]
    return min(reported, default=printed * (1 - coded) * (1 - KEPT))


def _unrated(chip: Chip) -> bool:
    """Tells whether a sheet names a link between chips other than PCIe, but not its rate."""
    named, rate = chip.facts.get("link"), chip.figures.get("link_bandwidth")
    if named is None or alone(named.value) or (rate and rate.value is Gap.UNSUPPORTED):
        return False
    return of_sheet(chip, LINK[:1]) is None


def _silicon(chip: Chip) -> str:
    """Returns a label shared by chips of the same design, unit count and 16-bit rate."""
    rate = chip.number("matrix_bf16") or chip.number("matrix_fp16")
    units = chip.number("units")
    if rate is None or units is None:
        return chip.id
    return f"{chip.vendor} {chip.family or chip.architecture} {units:g} units {rate / 1e12:.2g}"


def _doubt(paper: Paper) -> float:
    """Returns the largest log ratio to a rival figure that measures the same thing."""
    logs = [abs(math.log(rival.value / paper.value)) for rival in paper.rivals if rival.alike]
    return max((log for log in logs if math.isfinite(log)), default=0.0)
