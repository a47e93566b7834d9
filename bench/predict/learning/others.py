"""How long a token took with others, beside what was predicted: any engine, any care.

What is predicted is what the engines of the fitted tables reach, which one group tuned. Those who
report a number of their own have other versions, other settings and other aims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.8
FEWEST = 5
"""Groups without which nothing is said of them."""


@dataclass(frozen=True)
class Others:
    """Measured over predicted time a token, a group a voice.

    Attributes:
        low, high: between them lie ``LEVEL`` of the groups' values.
        middle: median.
        spread: standard deviation of groups' own medians, log.
        groups, values: how many.
    """

    low: float
    middle: float
    high: float
    spread: float
    groups: int
    values: int

    def __str__(self) -> str:
        return (
            f"{self.groups} other groups, each with its own engine, measured {self.middle:.2g} "
            f"times the predicted time per token ({LEVEL:.0%} of values: {self.low:.2g} to "
            f"{self.high:.2g})."
        )

    def counted(self) -> str:
        """Returns what is said where the answer has them in it already."""
        return (
            f"Engines differ: the time per token is taken as {self.middle:.3g} times that of "
            f"engines tuned for public benchmarks, with the scatter that {self.groups} other "
            "groups found, each with its own engine; engine=tuned leaves both out."
        )

    def ported(self, vendors: Sequence[str]) -> str:
        """Returns what is said of the chips of vendors that no engine was fitted on."""
        told = " and ".join([", ".join(vendors[:-1]), vendors[-1]] if vendors[1:] else vendors)
        return (
            f"No engine was fitted on chips of {told}: their time per token is taken as "
            f"{self.middle:.2g} times that of the fit, with the scatter that {self.groups} other "
            "groups found, each with its own engine, on chips of any vendor."
        )


def others(logs: Mapping[Any, Sequence[float]]) -> Others | None:
    """Returns what hands make of it; None where they are too few.

    Args:
        logs: by group, log of measured over predicted of each of its values.
    """
    held = [np.sort(np.array(one)) for one in logs.values() if len(one)]
    if len(held) < FEWEST:
        return None
    grid = np.linspace(0, 1, 200)
    every = np.concatenate([np.quantile(one, grid) for one in held])
    asked = ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
    low, middle, high = (float(np.exp(np.quantile(every, one))) for one in asked)
    spread = float(np.std([np.median(one) for one in held], ddof=1))
    return Others(low, middle, high, spread, len(held), sum(map(len, held)))
