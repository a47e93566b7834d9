"""The time of collectives among the chips of one node: a begin that grows with them, and the link.

A collective of S bytes among n chips takes ``begin + hop (n - 1) + V / (f L) + sqrt(r V / L)``.
V passes each link in one direction: 2 (n - 1) / n S of an all-reduce, (n - 1) / n S of the others
(nccl-tests, PERFORMANCE.md), L is its published one-direction bandwidth. The root is the ramp
between the two: with p pieces a pipeline takes a piece more, and p piece begins; the best p leaves
that. f changes with n by a power: among many chips of a switch NVLink is reduced in the switch.

Chips that have PCIe alone are another kind: what lies between them is the host's, on no sheet.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.predict.learning.kernel import Kernel, Known, gathered
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.links import carried
from bench.predict.model.operators import Array

PCIE = 64e9
"""Link of 16 lanes of PCIe 5 one way, B/s; a sheet whose link is no faster is taken to have no
other, and what is faster to be a link between chips."""
TWICE = "all_reduce"
BANDS = (
    (2.0**16, "collectives to 64 KiB"), (2.0**24, "collectives to 16 MiB"),
    (math.inf, "collectives over 16 MiB"),
)  # fmt: skip


@dataclass(frozen=True)
class Collectives:
    """Collectives on chips, one a place of every array.

    Attributes:
        ranks: chips that take part.
        twice: 1 for an all-reduce, which goes round twice, else 0.
        passed: bytes that pass a link in one direction.
        link: published, one direction, B/s; of a mesh that of the links between these chips.
    """

    ranks: Array
    twice: Array
    passed: Array
    link: Array


@dataclass(frozen=True)
class Linked:
    """What software makes of collectives.

    Attributes:
        begin_s, hop_s: fixed time, and time a further chip.
        again: how much longer the hops of an all-reduce are.
        share: achieved fraction of link bandwidth of long messages between two chips.
        many: power of half the chips by which it falls.
        ramp_s: time of one piece of a pipeline.
    """

    begin_s: float = 8e-6
    hop_s: float = 1e-6
    again: float = 2.0
    share: float = 0.65
    many: float = 0.0
    ramp_s: float = 0.0


def seconds(one: Collectives, how: Linked) -> Array:
    """Returns the time of each case."""
    hops = how.hop_s * (one.ranks - 1) * np.where(one.twice > 0, how.again, 1.0)
    wire = one.passed / one.link
    long = wire / how.share * (one.ranks / 2) ** how.many
    return np.asarray(how.begin_s + hops + long + np.sqrt(how.ramp_s * wire))


def roofline(one: Collectives) -> Array:
    """Returns what paper says of each: its bytes at the published link bandwidth."""
    return np.asarray(one.passed / one.link)


PLAIN = {
    "begin_s": (1e-7, 1e-4, True), "hop_s": (1e-8, 1e-4, True), "again": (0.5, 10.0, True),
    "share": (0.01, 1.5, True),
}  # fmt: skip
LINK = Kernel(
    "collectives, chip links", Collectives, Linked(ramp_s=2e-5), seconds, roofline,
    {**PLAIN, "many": (-1.0, 3.0, False), "ramp_s": (1e-9, 1e-3, True)},
)  # fmt: skip
HOST = Kernel(
    "collectives, PCIe", Collectives, Linked(share=0.4, again=1.0), seconds, roofline,
    {key: PLAIN[key] for key in ("begin_s", "hop_s", "share")},
)  # fmt: skip
"""Three chips tell no more than these."""


def measured(rows: Iterable[Row], chips: Mapping[str, Facts], *, pcie: bool) -> Known[Collectives]:
    """Returns the rows of chips that have PCIe alone, or of those that have a link of their own."""

    def takes(_: Row, chip: Facts) -> bool:
        return chip.link is not None and (chip.link <= PCIE) == pcie

    return gathered(rows, chips, takes, collectives, _bands)


def _bands(rows: Iterable[Row], _: Facts) -> tuple[str, ...]:
    return tuple(next(name for most, name in BANDS if one["bytes"] <= most) for one in rows)


def collectives(rows: Iterable[Row], chip: Facts) -> Collectives:
    """Returns rows on one chip."""
    every = list(rows)
    ranks = np.array([one["ranks"] for one in every])
    twice = np.array([float(one.words["op"] == TWICE) for one in every])
    size = np.array([one["bytes"] for one in every])
    passed = (1 + twice) * (ranks - 1) / ranks * size
    link = carried(chip.link or math.nan, chip.pair or math.inf, ranks)
    return Collectives(ranks, twice, passed, link)
