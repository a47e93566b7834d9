"""What is expected of a chip beside the stack's time: its departure, and what no case has told.

Serving was fitted on engines that one group tuned, on some vendors' chips. With other groups it is
slower in the middle, and scattered; so it is expected to be where nobody says that an engine is
tuned. On another vendor's chips an engine is a port, with kernels and versions of its own, to which
the group that measured those here gave no care: others' ports tell what that is like.
"""

import math

from bench.predict.learning.figures import HEADROOM_SPREAD
from bench.predict.learning.others import Others
from bench.predict.learning.pooled import LEVELS, Departures
from bench.predict.model.facts import Facts
from bench.predict.model.stack import Stack

SOFTWARE = 0.25
"""Log spread of a port's speed where other groups say nothing of it: of single steps and products.
It was set on the first 26 values of Chinese chips' serving, all but one by one group, which test it
no more; those that came later do."""
Halves = tuple[float, ...]


def departure(
    chip: Facts,
    part: Departures,
    stack: Stack,
    groups: Others | None = None,
    engines: float = 0.0,
) -> tuple[float, Halves]:
    """Returns a chip's log departure in one part of what was measured, and half-widths by level.

    Args:
        chip: whose.
        part: the departures that it leans on.
        stack: what was fitted.
        groups: what became of such serving with other groups; None of tuned engines, of steps and
            of products.
        engines: log spread of engines that the departures do not have in them.
    """
    means, covariance = part.predicted([chip.labels])
    slower, others = of_groups(chip, part, groups)
    variance = float(covariance[0, 0]) + untold(chip, part, stack) + others + engines**2
    return float(means[0]) + slower, tuple(part.half(variance, level) for level in LEVELS)


def difference(
    pair: tuple[Facts, Facts],
    part: Departures,
    stack: Stack,
    groups: tuple[Others | None, Others | None] = (None, None),
) -> tuple[float, Halves]:
    """Returns the log ratio of two chips' departures, first over second, and a case's half-widths.

    What both have in common cancels: the engine, and its port to one vendor's chips.

    Args:
        pair: the chips.
        part: the departures that they lean on.
        stack: what was fitted.
        groups: of each chip, what became of such serving with other groups; see ``departure``.
    """
    means, both = part.predicted([one.labels for one in pair])
    variance = float(both[0, 0] + both[1, 1] - 2 * both[0, 1])
    variance += sum(untold(one, part, stack) for one in pair)
    middle = float(means[0] - means[1])
    if pair[0].vendor != pair[1].vendor:
        others = [of_groups(one, part, own) for one, own in zip(pair, groups, strict=True)]
        middle += others[0][0] - others[1][0]
        variance += others[0][1] + others[1][1]
    return middle, tuple(part.half_ratio(variance, level) for level in LEVELS)


def untold(chip: Facts, part: Departures, stack: Stack) -> float:
    """Returns the variance of what no fitted case has told of a chip, its vendor's software apart.

    Args:
        chip: of unknown power.
        part: the departures that it leans on.
        stack: what was fitted.
    """
    if chip.tdp is not None or chip.labels in part.labels:  # its own departure has it
        return 0.0
    return (HEADROOM_SPREAD * stack.headroom / stack.product) ** 2


def fitted(chip: Facts, part: Departures) -> bool:
    """Tells whether a chip's vendor has any that was fitted."""
    return any(one[0] == chip.vendor for one in part.labels)


def of_groups(chip: Facts, part: Departures, groups: Others | None) -> tuple[float, float]:
    """Returns by how much other groups' engines are slower, log, and the variance of that."""
    if groups:
        return math.log(groups.middle), groups.spread**2
    return 0.0, 0.0 if fitted(chip, part) else SOFTWARE**2
