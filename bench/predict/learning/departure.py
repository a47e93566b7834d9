"""Expected departure of a chip from the stack's time, with variances for what no case has measured.

The serving fit rests on engines that one group tuned, on chips of some vendors. Other groups' runs
are slower in the median, and they scatter; this is what is expected unless the user says that the
engine is tuned. On another vendor's chips an engine is a port with its own kernels and versions,
which the group behind the fitted tables did not tune. How ports perform is learnt from other
groups' ports.
"""

import math

from bench.predict.learning.figures import HEADROOM_SPREAD
from bench.predict.learning.othergroups import OtherGroups
from bench.predict.learning.pooling import COVERAGES, Departures
from bench.predict.model.facts import Facts
from bench.predict.model.stack import Stack

SOFTWARE = 0.25
"""Assumed log spread of a port's speed where no other groups' results exist, as for steps and
products, and of the ports' middle around that of fitted vendors' chips. It was set on the first 26
serving values of Chinese chips, all but one by one group; these values therefore no longer test it,
but later ones do."""
Halves = tuple[float, ...]
"""Half-widths in log time, one per level in ``COVERAGES``."""


def departure(
    chip: Facts,
    part: Departures,
    stack: Stack,
    groups: OtherGroups | None = None,
    engines: float = 0.0,
) -> tuple[float, Halves]:
    """Returns a chip's expected log departure in one part of the fit, and its half-widths.

    Args:
        chip: the chip.
        part: departures of the measured chips in this part.
        stack: fitted software stack.
        groups: how other groups' serving compares with predictions; None for tuned engines, for
            steps and for products.
        engines: log spread of engines that the departures do not include.
    """
    means, covariance = part.predicted([chip.labels])
    slowdown, group_variance = group_effect(chip, part, groups)
    variance = float(covariance[0, 0]) + power_variance(chip, part, stack)
    variance = variance + group_variance + engines**2
    return float(means[0]) + slowdown, tuple(part.half(variance, level) for level in COVERAGES)


def difference(
    pair: tuple[Facts, Facts],
    part: Departures,
    stack: Stack,
    groups: tuple[OtherGroups | None, OtherGroups | None] = (None, None),
) -> tuple[float, Halves]:
    """Returns the expected log ratio of two chips' departures, first over second, and half-widths.

    The half-widths are those of the ratio on one case. What both chips share cancels: a tuned
    engine, and its port to one vendor's chips; other groups' engines differ a little on both.

    Args:
        pair: the chips.
        part: departures of the measured chips in this part.
        stack: fitted software stack.
        groups: for each chip, how other groups' serving compares; see ``departure``.
    """
    means, covariance = part.predicted([chip.labels for chip in pair])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    variance += sum(power_variance(chip, part, stack) for chip in pair)
    middle = float(means[0] - means[1])
    if pair[0].vendor != pair[1].vendor:
        first, second = (
            group_effect(chip, part, own) for chip, own in zip(pair, groups, strict=True)
        )
        middle += first[0] - second[0]
        variance += first[1] + second[1]
    else:
        variance += max((own.pairs for own in groups if own), default=0.0) ** 2
    alike = pair[0].family == pair[1].family
    return middle, tuple(part.half_ratio(variance, level, one_family=alike) for level in COVERAGES)


def power_variance(chip: Facts, part: Departures, stack: Stack) -> float:
    """Returns the log variance that an unknown board power adds; 0 if it is known.

    It is 0 as well for a measured chip, whose own departure includes the effect of its power.
    """
    if chip.tdp is not None or chip.labels in part.labels:
        return 0.0
    return (HEADROOM_SPREAD * stack.headroom / stack.product) ** 2


def has_fitted_vendor(chip: Facts, part: Departures) -> bool:
    """Tells whether any chip of this chip's vendor was in the fit."""
    return any(labels.vendor == chip.vendor for labels in part.labels)


def group_effect(chip: Facts, part: Departures, groups: OtherGroups | None) -> tuple[float, float]:
    """Returns the log slowdown of other groups' engines, and its variance.

    Without ``groups``, the slowdown is 0; its variance is that of ``SOFTWARE`` on a port, else 0.
    """
    if groups:
        return math.log(groups.middle), groups.spread**2
    return 0.0, 0.0 if has_fitted_vendor(chip, part) else SOFTWARE**2
