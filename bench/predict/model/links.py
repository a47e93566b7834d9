"""What a chip's links and its node's network carry to the chips that it exchanges with."""

from typing import TYPE_CHECKING

import numpy as np

from bench.predict.model.operators import Array, Operator

if TYPE_CHECKING:
    from bench.predict.model.step import Rates

Many = Array | float


def carried(link: Many, pair: Many, chips: Many) -> Array:
    """Returns what a chip sends in one direction to the others of so many on a board, B/s.

    Behind a switch it is all that the chip's links carry. In a full mesh each link leads to one
    chip, and those to chips that take no part stay idle: n of N chips have n - 1 of N - 1 links.
    AMD says so of eight MI300X (README of RCCL), and Huawei's model of its chips counts so
    (Ascend/msmodeling, comm_analytic.py). It is derived, not fitted.

    Args:
        link: published, all links of a chip together.
        pair: published, of two chips of a mesh; infinite where the sheet gives none.
        chips: that exchange with one another at once.
    """
    return np.minimum(link, pair * np.maximum(chips - 1, 1.0))


def on_wire(one: Operator, chip: "Rates") -> Array:
    """Returns the time that a collective's bytes take at the published bandwidths, s.

    Beyond a node the link and the network are busy at once, and the slower of them tells.
    """
    within = carried(chip.link, chip.pair, one.among)
    bridged = np.asarray(chip.linked) < np.asarray(chip.node)
    board = np.where(bridged, np.minimum(chip.link, chip.bus), chip.link)
    network = chip.network * np.clip(one.ports, 1.0, np.maximum(chip.node, 1.0))
    away = one.over > chip.node
    beyond = np.where(away, one.sent * _crossing(one, chip) / np.maximum(network, 1.0), 0.0)
    inside = one.sent / np.maximum(np.where(one.over > chip.linked, board, within), 1.0)
    return np.asarray(np.maximum(inside, beyond))


def _crossing(one: Operator, chip: "Rates") -> Array:
    """Returns the share of an exchange's bytes that passes from node to node.

    Of n nodes a token that goes to k chips, any with any, needs all of 1 - (1 - 1/n)^k; where it is
    limited to t of g groups of experts, no more than lie there: 1 - (1 - t/g)^(g/n).
    """
    nodes = np.maximum(one.over / np.maximum(chip.node, 1.0), 1.0)
    spread = np.maximum(one.spread, 1.0)
    groups = np.maximum(one.groups, 1.0)
    free = np.clip(1 - one.limited / groups, 0.0, 1.0)
    any_ = 1 - (1 - 1 / nodes) ** spread
    met = np.where(spread > 1, np.minimum(any_, 1 - free ** (groups / nodes)), any_)
    copies = spread * np.maximum(1 - 1 / np.maximum(one.over, 1.0), 1e-9)
    return np.where(one.spread > 0, (nodes - 1) * met / copies, 1.0)
