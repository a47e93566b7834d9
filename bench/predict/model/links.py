"""Bandwidth and time of exchanges between chips, over links within a node and over the network."""

from typing import TYPE_CHECKING

import numpy as np

from bench.predict.model.operators import Array, Operator

if TYPE_CHECKING:
    from bench.predict.model.step import Rates

Many = Array | float
"""One value for all points, or one value per point."""
PCIE = 64e9
"""Bandwidth of 16 lanes of PCIe 5 in one direction, B/s. A chip whose link is no faster is taken to
have PCIe only; a faster link is taken to be one between chips."""


def usable_link(link: Many, pair: Many, chips: Many) -> Array:
    """Returns the bandwidth from one chip to the rest of its group on a board, B/s one way.

    Behind a switch it is the rate of all the chip's links. In a full mesh each link leads to one
    chip, and links to chips outside the group stay idle: a group of n of N chips uses n - 1 of
    N - 1 links. AMD says so of eight MI300X (README of RCCL), and Huawei's model of its chips
    counts this way (Ascend/msmodeling, comm_analytic.py). It is derived, not fitted.

    Args:
        link: published rate of all links of a chip together, B/s.
        pair: published rate between two chips of a mesh, B/s; infinite if the sheet gives none.
        chips: number of chips that exchange with one another at the same time.
    """
    return np.minimum(link, pair * np.maximum(chips - 1, 1.0))


def on_wire(operator: Operator, chip: "Rates") -> Array:
    """Returns the time of a collective's bytes at the published bandwidths, s (points,).

    Beyond a node, the link and the network are busy at the same time, and the slower one decides.
    """
    group = usable_link(chip.link, chip.pair, operator.peers)
    bridged = np.asarray(chip.linked) < np.asarray(chip.node)
    board = np.where(bridged, np.minimum(chip.link, chip.bus), chip.link)
    network = chip.network * np.clip(operator.ports, 1.0, np.maximum(chip.node, 1.0))
    crossing_s = operator.sent * _crossing(operator, chip) / np.maximum(network, 1.0)
    network_s = np.where(operator.ranks > chip.node, crossing_s, 0.0)
    link = np.where(operator.ranks > chip.linked, board, group)
    link_s = operator.sent / np.maximum(link, 1.0)
    return np.asarray(np.maximum(link_s, network_s))


def through_host(operator: Operator, chip: "Rates") -> Array:
    """Tells whether a collective passes PCIe and the host (points,), to the network, too.

    It does if the chip has no other link, or if a bridge joins fewer chips than take part.
    """
    bridged = np.asarray(chip.linked) < np.asarray(chip.node)
    beyond = bridged & (operator.ranks > np.asarray(chip.linked))
    return np.asarray((np.asarray(chip.link) <= PCIE) | beyond)


def _crossing(operator: Operator, chip: "Rates") -> Array:
    """Returns the share of an exchange's bytes that crosses from node to node.

    A token that goes to k chips, spread at random over n nodes, needs 1 - (1 - 1/n)^k of the nodes.
    If it is limited to t of g groups of experts, it needs at most 1 - (1 - t/g)^(g/n) of them.
    """
    nodes = np.maximum(operator.ranks / np.maximum(chip.node, 1.0), 1.0)
    fanout = np.maximum(operator.fanout, 1.0)
    groups = np.maximum(operator.groups, 1.0)
    unused_groups = np.clip(1 - operator.groups_per_token / groups, 0.0, 1.0)
    at_random = 1 - (1 - 1 / nodes) ** fanout
    limited = np.minimum(at_random, 1 - unused_groups ** (groups / nodes))
    nodes_share = np.where(fanout > 1, limited, at_random)
    copies = fanout * np.maximum(1 - 1 / np.maximum(operator.ranks, 1.0), 1e-9)
    return np.where(operator.fanout > 0, (nodes - 1) * nodes_share / copies, 1.0)
