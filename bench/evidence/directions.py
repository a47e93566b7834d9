"""Independent directions of values that are free of a linear model's fixed effects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
NEGLIGIBLE = 1e-8
"""A number below this counts as zero, compared with numbers of order one."""


def cells(fixed: Floats) -> int:
    """Returns how many leading columns sort the rows into cells: one 1 per row, otherwise 0."""
    whole = np.logical_and.accumulate(np.all((fixed == 0) | (fixed == 1), axis=0))
    sorted_by = np.flatnonzero(whole & np.all(np.cumsum(fixed, axis=1) == 1, axis=0))
    return int(sorted_by[0]) + 1 if len(sorted_by) else 0


def within_cells(scale: Floats, columns: Floats) -> Floats:
    """Returns orthonormal rows that are orthogonal to a scaled level per cell.

    In each cell a Householder reflection turns the scales into one direction; the others are
    returned. A decomposition of the whole matrix would cost the cube of the number of values.
    """
    if not columns.shape[1]:
        return np.eye(len(scale))
    rows = [np.zeros((0, len(scale)))]
    for members in (np.flatnonzero(column) for column in columns.T):
        if len(members) > 1:
            pull = scale[members].copy()
            pull[0] += np.sqrt(pull @ pull)
            block = np.zeros((len(members) - 1, len(scale)))
            block[:, members] = np.eye(len(members))[1:]
            block[:, members] -= np.outer(pull[1:], pull) * (2 / (pull @ pull))
            rows.append(block)
    return np.vstack(rows)


def complement(columns: Floats) -> Floats:
    """Returns orthonormal rows orthogonal to some columns, which may be linearly dependent."""
    from scipy.linalg import qr

    turned, upper, _ = qr(columns, pivoting=True)
    sizes = np.abs(np.diag(upper))
    rank = int(np.sum(sizes > NEGLIGIBLE * max(sizes.max(initial=0.0), 1.0)))
    free: Floats = turned[:, rank:].T
    return free
