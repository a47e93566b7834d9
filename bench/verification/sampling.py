"""Acceptance sampling of a shipment, exact: sample size, bounds and the draw.

The number of faulty devices in a sample drawn without replacement is hypergeometric. Every
probability here is a fraction of whole numbers, so that no plan that just reaches its confidence is
missed because of rounding.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb

MOST_DEVICES, MOST_ACCEPTED = 1_000_000, 1_000
"""Limits up to which the exact calculation takes only a moment."""


@dataclass(frozen=True)
class Plan:
    """The smallest sample that detects a shipment with too many faulty devices.

    Attributes:
        devices: number of devices in the shipment.
        faulty: least number of faulty devices in the shipment that has to be detected.
        accept: number of faulty devices in the sample that still pass.
        sample: number of devices to test.
        chance: probability that a shipment with ``faulty`` faulty devices does not pass.
    """

    devices: int
    faulty: int
    accept: int
    sample: int
    chance: Fraction


def faulty_devices(devices: int, share: float) -> int:
    """Returns a share of a shipment as a number of devices, rounded up: 5% of 101 is 6."""
    return ceil(exact(share) * devices)


def exact(number: float) -> Fraction:
    """Returns the fraction that a number's decimal notation stands for: 0.05 is 1/20."""
    return Fraction(repr(number))


def chance_at_most(allowed: int, devices: int, faulty: int, sample: int) -> Fraction:
    """Returns the probability that a sample has at most ``allowed`` faulty devices.

    Args:
        allowed: number of faulty devices in the sample.
        devices: number of devices in the shipment.
        faulty: number of faulty devices in the shipment.
        sample: number of devices drawn, each at most once.
    """
    draws, marked = sorted((faulty, sample))  # the distribution is the same with the two exchanged
    others = devices - marked
    least, most = max(0, draws - others), min(allowed, draws)
    if most < least:
        return Fraction(0)
    term = ways = comb(marked, least) * comb(others, draws - least)
    for hit in range(least, most):  # each term from the one before: exact, and far cheaper
        term = term * (marked - hit) * (draws - hit) // ((hit + 1) * (others - draws + hit + 1))
        ways += term
    return Fraction(ways, comb(devices, draws))


def plan(devices: int, share: float, accept: int, confidence: float) -> Plan | None:
    """Returns the smallest plan, None if such a shipment passes even if all its devices are tested.

    Args:
        devices: number of devices in the shipment, 1 or more.
        share: share of faulty devices that has to be detected, above 0 and at most 1.
        accept: number of faulty devices in the sample that still pass.
        confidence: least probability that a shipment with that share or more does not pass.
    """
    faulty, wanted = faulty_devices(devices, share), exact(confidence)
    if faulty <= accept:
        return None
    low = high = accept + 1
    while 1 - chance_at_most(accept, devices, faulty, high) < wanted:
        low, high = high + 1, min(devices, 2 * high)  # most samples are small: search from below
    while low < high:
        middle = (low + high) // 2
        if 1 - chance_at_most(accept, devices, faulty, middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return Plan(devices, faulty, accept, low, 1 - chance_at_most(accept, devices, faulty, low))


def most_faulty(devices: int, sample: int, found: int, confidence: float) -> int:
    """Returns the upper confidence bound of the faulty devices in a shipment, given a sample.

    It is the largest number of faulty devices with which the probability of finding at most
    ``found`` is above 1 - ``confidence`` (one-sided; exact by inverting the hypergeometric).

    Args:
        devices: number of devices in the shipment.
        sample: number of devices tested.
        found: number of tested devices that were faulty.
        confidence: confidence of the bound, such as 0.95.
    """
    least = 1 - exact(confidence)
    low, top = found, devices - (sample - found)
    step, high = 1, found
    while high < top and chance_at_most(found, devices, high, sample) > least:
        low, high, step = high, min(top, high + step), 2 * step  # few are likely: start from below
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
        range(1, devices + 1), key=lambda k: hashlib.sha256(f"{seed}:{k}".encode()).digest()
    )
    return tuple(sorted(ranked[:sample]))
