"""Time of collectives among the chips of one node: a start that grows with their number, and links.

A collective of S bytes among n chips takes ``begin + hop (n - 1) + V / (f L) + sqrt(r V / L)``.
V is the bytes that pass each link in one direction: 2 (n - 1) / n S in an all-reduce,
(n - 1) / n S in the others (nccl-tests, PERFORMANCE.md). L is the published one-direction link
bandwidth. The square root is the transition between short and long messages: a pipeline of p pieces
takes one piece longer and p starts of a piece; the best p leaves that term. f depends on n by a
power: among many chips behind a switch, NVLink reduces in the switch.

Chips with PCIe only are a kind of their own: the path between them belongs to the host and is on no
sheet.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.kernel import Kernel, MeasuredCases, bands, cases_by_chip
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.links import PCIE, usable_link
from bench.predict.model.operators import Array

TWICE = "all_reduce"
"""The operation in which every byte goes round twice."""
BANDS = (
    (2.0**16, "collectives to 64 KiB"), (2.0**24, "collectives to 16 MiB"),
    (math.inf, "collectives over 16 MiB"),
)  # fmt: skip
"""Groups in reports: largest size in bytes, and name."""


@dataclass(frozen=True)
class Collectives:
    """Collectives on chips; each array has one value per case.

    Attributes:
        ranks: chips that take part.
        twice: 1 for an all-reduce, which goes round twice, else 0.
        link_bytes: bytes that pass a link in one direction.
        link: published link bandwidth in one direction, B/s; in a mesh, that of the links between
            these chips.
    """

    ranks: Array
    twice: Array
    link_bytes: Array
    link: Array


@dataclass(frozen=True)
class Linked:
    """Software parameters of collectives.

    Attributes:
        begin_s: fixed time, s.
        hop_s: time per further chip, s.
        again: factor on the hops' time in an all-reduce.
        share: achieved fraction of link bandwidth for long messages between two chips.
        many: exponent of half the number of chips by which that fraction falls.
        ramp_s: time of one piece of a pipeline, s.
    """

    begin_s: float = 8e-6
    hop_s: float = 1e-6
    again: float = 2.0
    share: float = 0.65
    many: float = 0.0
    ramp_s: float = 0.0


def seconds(work: Collectives, params: Linked) -> Array:
    """Returns the time of each case, s."""
    hops = params.hop_s * (work.ranks - 1) * np.where(work.twice > 0, params.again, 1.0)
    wire = work.link_bytes / work.link
    long = wire / params.share * (work.ranks / 2) ** params.many
    return np.asarray(params.begin_s + hops + long + np.sqrt(params.ramp_s * wire))


def roofline(work: Collectives) -> Array:
    """Returns the time of each case's bytes at the published link bandwidth, s."""
    return np.asarray(work.link_bytes / work.link)


PLAIN = {
    "begin_s": (1e-7, 1e-4, True), "hop_s": (1e-8, 1e-4, True), "again": (0.5, 10.0, True),
    "share": (0.01, 1.5, True),
}  # fmt: skip
LINK = Kernel(
    "collectives, chip links", Linked(ramp_s=2e-5), seconds, roofline,
    {**PLAIN, "many": (-1.0, 3.0, False), "ramp_s": (1e-9, 1e-3, True)},
)  # fmt: skip
HOST = Kernel(
    "collectives, PCIe", Linked(share=0.4, again=1.0), seconds, roofline,
    {key: PLAIN[key] for key in ("begin_s", "hop_s", "share")},
)  # fmt: skip
"""Its data, on three chips, determine no more parameters than these."""


def measured(
    rows: Iterable[Row], chips: Mapping[str, Facts], *, pcie: bool
) -> MeasuredCases[Collectives]:
    """Returns the rows of chips with PCIe only, or of those with a link of their own, by chip."""

    def keep(_: Row, chip: Facts) -> bool:
        return chip.link is not None and (chip.link <= PCIE) == pcie

    return cases_by_chip(rows, chips, keep, collectives, bands("bytes", BANDS))


def collectives(rows: Iterable[Row], chip: Facts) -> Collectives:
    """Returns the work of rows on one chip."""
    rows = list(rows)
    ranks = np.array([row["ranks"] for row in rows])
    twice = np.array([float(row.words["op"] == TWICE) for row in rows])
    size = np.array([row["bytes"] for row in rows])
    link_bytes = (1 + twice) * (ranks - 1) / ranks * size
    link = usable_link(chip.link or math.nan, chip.pair or math.inf, ranks)
    return Collectives(ranks, twice, link_bytes, link)
