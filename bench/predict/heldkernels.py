"""Attention, experts and collectives foretold by what was measured of other chips.

As products are: nothing of the chip that is left out is seen by the fit, nor by the departures, nor
by the one share that the second baseline multiplies the roofline with.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.predict.errors import Outcome
from bench.predict.heldout import LEAST, told
from bench.predict.kernel import How, Kernel, Known, Work, learnt
from bench.predict.operators import Array


def left_out(kernel: Kernel[Work, How], known: Known[Work], least: int = LEAST) -> list[Outcome]:
    """Returns cases of each chip, foretold by the other chips.

    Args:
        kernel: the formula.
        known: what was measured.
        least: chips without which nothing is fitted.
    """
    found: list[Outcome] = []
    for chip in known.chips:
        kept = known.chosen(lambda one, out=chip: one != out)  # type: ignore[misc]
        if len(kept.chips) >= least:
            found += foretold(kernel, known.chosen(lambda one, out=chip: one == out), kept)  # type: ignore[misc]
    return found


def foretold(
    kernel: Kernel[Work, How], asked: Known[Work], known: Known[Work]
) -> list[Outcome]:
    """Returns cases as they are foretold by what was measured of others."""
    how, departed = learnt(kernel, known)
    share = float(np.median(np.concatenate(_beyond(kernel, known))))
    found: list[Outcome] = []
    rows = zip(asked.chips, asked.works, asked.times, asked.names, strict=True)
    for (chip, work, times, names), paper in zip(rows, _beyond(kernel, asked), strict=True):
        shift, halves = told(departed, chip)
        errors = np.log(kernel.seconds(work, how) / times) + shift
        for name, one, log in zip(names, errors, paper, strict=True):
            rivals = (-float(log), share - float(log))
            found.append(Outcome(chip.chip, name, float(one), halves, rivals))
    return found


def _beyond(kernel: Kernel[Work, How], known: Known[Work]) -> list[Array]:
    """Returns log of measured time over the roofline's, chip by chip."""
    pairs = zip(known.works, known.times, strict=True)
    return [np.log(times / kernel.roofline(work)) for work, times in pairs]
