"""Parses ``prefill=`` and both sides of ``parallel=``: whether prefill has chips of its own."""

import re
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.shapes import PredictConfig

if TYPE_CHECKING:
    from bench.chips.model import Chip
    from bench.predict.model.parallel import Parallel
    from bench.predict.scenario import Prefill

SIDES = re.compile(r"prefill[=:\s]\s*(\S.*?)[\s,;]+decode[=:\s]\s*(\S.*)")
"""``parallel=`` with a way for each side, such as ``prefill=tp2,dp4 decode=tp8``."""
EXAMPLE = "parallel='prefill=tp2,dp4 decode=tp8'"


def place_of(config: PredictConfig) -> "tuple[str, Chip | None]":
    """Returns where prefill runs, as in ``ServingGoal``, and the sheet of other chips for it.

    Raises:
        UsageError: ``prefill=`` is neither a place nor a chip.
    """
    from bench.chips.load import catalogue
    from bench.predict.ways import APART, EITHER, TOGETHER

    places = (TOGETHER, APART, EITHER)
    if config.prefill in places:
        return config.prefill, None
    try:
        return APART, catalogue().find(config.prefill)
    except UsageError as error:
        words = f"write {', '.join(places)} or a chip"
        raise UsageError(f"prefill={config.prefill}: {words}; {error}") from None


def sides_of(config: PredictConfig, *, copies: bool = False) -> "tuple[Parallel, Prefill | None]":
    """Returns how the model is divided, and over which chips of its own prefill is, if so.

    Args:
        config: the keys and their values.
        copies: whether a bare number stands for copies that share their weights.

    Raises:
        UsageError: ``parallel=`` cannot be read, or ``prefill=`` does not go with it.
    """
    from bench.predict.model.parallel import parallel
    from bench.predict.scenario import Prefill
    from bench.predict.ways import APART, TOGETHER

    place, chip = place_of(config)
    both = SIDES.fullmatch(config.parallel.strip())
    if not both:
        if place != TOGETHER:
            raise UsageError(
                f"prefill={config.prefill} needs parallel=best, or both sides: {EXAMPLE}"
            )
        return parallel(config.parallel, copies=copies), None
    if config.phase != "serve":
        raise UsageError(f"{EXAMPLE} and such need phase=serve: else divide, as with parallel=8")
    if place not in (TOGETHER, APART):
        raise UsageError(f"prefill={config.prefill} needs parallel=best: it compares ways")
    return parallel(both[2]), Prefill(parallel(both[1]), chip)
