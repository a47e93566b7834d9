"""Which products a short sweep has to measure: designs beside one another on the public tables.

    python tests/benchmarks/calibration_design.py [repeats]

Of each chip of ``results/tables`` 40 products are known, drawn by each design, and the others
predicted by the chip's own fit. Printed is the mean error, each chip with one vote.
"""

import sys
from collections.abc import Callable
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from bench.chips.load import catalogue
from bench.predict.learning.learn import PRODUCTS
from bench.predict.learning.ownproducts import fit_own_products
from bench.predict.learning.product import Products, Shapes
from bench.predict.learning.productfit import Measured, Prior, fit_all_chips, measured, prior
from bench.predict.learning.tables import tables
from bench.predict.model.facts import all_facts
from bench.predict.model.operators import Array

KNOWN, LARGE = 40, 15
Places = NDArray[np.int_]
Start = tuple[Products, Prior]
Design = Callable[[Shapes, np.random.Generator], Places]


def alike(work: Shapes, draw: np.random.Generator) -> Places:
    """Draws from all products alike."""
    return draw.choice(len(work.m), KNOWN, replace=False)


def large(work: Shapes, draw: np.random.Generator) -> Places:
    """Draws such as large models have."""
    return draw.choice(_large(work), KNOWN, replace=False)


def both(work: Shapes, draw: np.random.Generator) -> Places:
    """Draws some such as large models have, and others from all alike: ``suite=calibrate``."""
    first = draw.choice(_large(work), LARGE, replace=False)
    rest = np.setdiff1d(np.arange(len(work.m)), first)
    return np.concatenate([first, draw.choice(rest, KNOWN - LARGE, replace=False)])


def _large(work: Shapes) -> Places:
    wide = (work.n >= 1024) & (work.k >= 4096) & (work.m <= 4096)
    return np.flatnonzero(wide)


def main(repeats: int) -> None:
    """Prints the error of each design, over chips and of each."""
    table, software = PRODUCTS["bf16"]
    rows = [one for one in tables()[table].rows if one.words["stack"].startswith(software)]
    known = measured(rows, all_facts(catalogue()), "bf16")
    start, _ = fit_all_chips(known, Products())
    usual = prior(known, start)
    for design in (large, alike, both):
        errors = _errors(known, (start, usual), design, repeats)
        told = ", ".join(f"{chip} {error:.1%}" for chip, error in errors.items())
        print(f"{design.__name__}: {np.mean(list(errors.values())):.1%} ({told})")


def _errors(known: Measured, start: Start, design: Design, repeats: int) -> dict[str, float]:
    draw, found = np.random.default_rng(1), {}
    for chip, shapes, times in zip(known.chips, known.works, known.times, strict=True):
        own = [_error(shapes, times, design(shapes, draw), start) for _ in range(repeats)]
        found[chip.chip] = float(np.mean(own))
    return found


def _error(shapes: Shapes, times: Array, known: Places, start: Start) -> float:
    others = np.setdiff1d(np.arange(len(times)), known)
    told, _ = fit_own_products(_some(shapes, known), times[known], *start).seconds(
        _some(shapes, others)
    )
    return float(np.mean(np.abs(told / times[others] - 1)))


def _some(shapes: Shapes, places: Places) -> Shapes:
    return Shapes(*(getattr(shapes, one.name)[places] for one in fields(Shapes)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
