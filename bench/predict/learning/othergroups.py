"""Measured over predicted time of other groups' serving and training, on any engine.

Predictions describe what the engines of the fitted tables reach, each tuned by one group. Other
groups that report a number of their own have other versions, settings and aims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.predict.learning.groups import one_vote_each
from bench.words import listed

CENTRAL = 0.8
"""Share of the values that lies between the bounds."""
FEWEST = 5
"""Number of groups below which nothing is concluded from them."""


@dataclass(frozen=True)
class OtherGroups:
    """Distribution of measured over predicted time, with one vote per group.

    Attributes:
        low, high: bounds of the central ``CENTRAL`` of the groups' values.
        middle: median.
        spread: standard deviation (log) of the groups' own medians.
        groups, values: number of groups and of values.
        pairs: log scatter of the ratio of two chips of one vendor, measured by one group.
    """

    low: float
    middle: float
    high: float
    spread: float
    groups: int
    values: int
    pairs: float = 0.0

    def note(self, time: str) -> str:
        """Returns the note for a prediction that does not include these groups' slowdown.

        Args:
            time: what was predicted: ``time per token`` or ``time of a step``.
        """
        return (
            f"{self.groups} other groups, each with its own engine, measured {self.middle:.2g} "
            f"times the predicted {time} ({CENTRAL:.0%} of values: {self.low:.2g} to "
            f"{self.high:.2g})."
        )

    def included_note(self, time: str, fitted: str, without: str) -> str:
        """Returns the note for a prediction that already includes these groups' slowdown.

        Args:
            time: as in ``note``.
            fitted: the engines that the fit describes.
            without: how to leave the slowdown and the scatter out.
        """
        return (
            f"Engines differ: the {time} is taken as {self.middle:.3g} times that of {fitted}, "
            f"with the scatter that {self.groups} other groups found, each with its own engine; "
            f"{without}."
        )

    def port_note(self, time: str, vendors: Sequence[str]) -> str:
        """Returns the note for chips of vendors on which no engine was fitted."""
        return (
            f"No engine was fitted on chips of {listed(vendors)}: their {time} is taken as "
            f"{self.middle:.2g} times that of the fit, with the scatter that {self.groups} other "
            "groups found, each with its own engine, on such chips."
        )


def other_groups(logs: Mapping[Any, Sequence[float]]) -> OtherGroups | None:
    """Returns the distribution over groups; None if there are fewer than ``FEWEST``.

    Args:
        logs: log of measured over predicted time of each value, by group.
    """
    groups = [np.sort(np.array(values)) for values in logs.values() if len(values)]
    if len(groups) < FEWEST:
        return None
    votes = one_vote_each(groups)
    levels = ((1 - CENTRAL) / 2, 0.5, (1 + CENTRAL) / 2)
    low, middle, high = (float(np.exp(np.quantile(votes, level))) for level in levels)
    spread = float(np.std([np.median(values) for values in groups], ddof=1))
    return OtherGroups(low, middle, high, spread, len(groups), sum(map(len, groups)))


def shrunk(ports: OtherGroups, home: OtherGroups, spread: float) -> OtherGroups:
    """Returns how ports compare, with their middle shrunk towards that of fitted vendors' chips.

    Few groups ported an engine, and their middle is uncertain by their spread over the root of
    their number. It is weighed against a prior centred on ``home`` (empirical Bayes).

    Args:
        ports: what groups measured on chips of vendors that were not fitted.
        home: what groups measured on chips of fitted vendors.
        spread: prior standard deviation (log) of the ports' middle around that of ``home``.
    """
    error = ports.spread**2 / ports.groups
    slower = float(np.log(ports.middle / home.middle)) * spread**2 / (spread**2 + error)
    return replace(ports, middle=home.middle * float(np.exp(slower)))
