"""Samples of a shipment: how many to test, what a passed sample says; exact, in whole numbers.

The number of faulty devices in a sample drawn without replacement is hypergeometric. Every chance
here is a fraction of whole numbers, so that a plan that just reaches its confidence is not missed
by a rounding.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb

MOST_DEVICES, MOST_ACCEPTED = 1_000_000, 1_000
"""What is still worked out exactly in a moment."""


@dataclass(frozen=True)
class Plan:
    """The smallest sample that finds out a shipment with too many faulty devices.

    Attributes:
        devices: in the shipment.
        faulty: so many faulty devices, or more, have to be found out.
        accept: so many faulty devices in the sample still pass.
        sample: devices to test.
        chance: that a shipment with ``faulty`` faulty devices does not pass.
    """

    devices: int
    faulty: int
    accept: int
    sample: int
    chance: Fraction


def faulty_devices(devices: int, share: float) -> int:
    """Returns the least number of devices that is a share or more of a shipment: 5% of 101 is 6."""
    return ceil(exact(share) * devices)


def exact(number: float) -> Fraction:
    """Returns a number as it is written: 0.05 is 1/20."""
    return Fraction(repr(number))


def chance_at_most(allowed: int, devices: int, faulty: int, sample: int) -> Fraction:
    """Returns the chance that a sample has at most ``allowed`` faulty devices.

    Args:
        allowed: faulty devices in the sample.
        devices: in the shipment, of which ``faulty`` are faulty.
        faulty: in the shipment.
        sample: devices drawn, each at most once.
    """
    draws, marked = sorted((faulty, sample))  # the distribution is the same with the two exchanged
    others = devices - marked
    least, most = max(0, draws - others), min(allowed, draws)
    if most < least:
        return Fraction(0)
    one = ways = comb(marked, least) * comb(others, draws - least)
    for hit in range(least, most):  # each from the one before it: exact, and far cheaper
        one = one * (marked - hit) * (draws - hit) // ((hit + 1) * (others - draws + hit + 1))
        ways += one
    return Fraction(ways, comb(devices, draws))


def plan(devices: int, share: float, accept: int, confidence: float) -> Plan | None:
    """Returns the smallest plan, None where even a test of every device could not fail a shipment.

    Args:
        devices: in the shipment, 1 or more.
        share: of faulty devices that has to be found out, above 0 and at most 1.
        accept: faulty devices in the sample that still pass.
        confidence: least chance that a shipment with that share or more does not pass.
    """
    faulty, wanted = faulty_devices(devices, share), exact(confidence)
    if faulty <= accept:
        return None
    low = high = accept + 1
    while 1 - chance_at_most(accept, devices, faulty, high) < wanted:
        low, high = high + 1, min(devices, 2 * high)  # most samples are small: from below
    while low < high:
        middle = (low + high) // 2
        if 1 - chance_at_most(accept, devices, faulty, middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return Plan(devices, faulty, accept, low, 1 - chance_at_most(accept, devices, faulty, low))


def most_faulty(devices: int, sample: int, found: int, confidence: float) -> int:
    """Returns the upper bound of the faulty devices in a shipment, of what was found in a sample.

    It is the largest number of faulty devices with which so few, or fewer, would be found with a
    chance above 1 - ``confidence`` (one-sided; exact by inverting the hypergeometric).

    Args:
        devices: in the shipment.
        sample: devices tested.
        found: of them, faulty.
        confidence: of the bound.
    """
    least = 1 - exact(confidence)
    low, top = found, devices - (sample - found)
    step, high = 1, found
    while high < top and chance_at_most(found, devices, high, sample) > least:
        low, high, step = high, min(top, high + step), 2 * step  # few are likely: from below
    while low < high:
        middle = (low + high + 1) // 2
        if chance_at_most(found, devices, middle, sample) > least:
            low = middle
        else:
            high = middle - 1
    return low


def draw(devices: int, sample: int, seed: str) -> tuple[int, ...]:
    """Returns the serial positions, from 1, of a random sample in ascending order.

    Position k is ranked by the SHA-256 of the text ``seed:k``; the first ``sample`` in this order
    are the sample. Anybody can repeat that in any language.
    """
    ranked = sorted(
        range(1, devices + 1), key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest()
    )
    return tuple(sorted(ranked[:sample]))
