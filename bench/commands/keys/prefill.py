"""Parses ``prefill=`` and both sides of ``parallel=``: whether prefill has chips of its own."""

import re
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.shapes import PredictConfig

if TYPE_CHECKING:
    from bench.chips.model import Chip
    from bench.predict.model.parallel import Parallel
    from bench.predict.scenario import Prefill

SIDE = re.compile(r"(?:^|(?<=[\s,;]))(prefill|decode)(?:\s*[=:]\s*|\s+|$)")
"""The name of a side in ``parallel=``, as in ``prefill=tp2,dp4 decode=tp8``."""
EXAMPLE = "parallel='prefill=tp2,dp4 decode=tp8'"
BEST = "best"
SEARCH = "parallel=best prefill=apart searches for both"


def place_of(config: PredictConfig) -> "tuple[str, Chip | None]":
    """Returns where prefill runs, as in ``ServingGoal``, and the sheet of other chips for it.

    Raises:
        UsageError: ``prefill=`` is neither a place nor a chip.
    """
    from bench.chips.load import catalogue
    from bench.predict.ways import DISAGGREGATED, EITHER, TOGETHER

    places = (TOGETHER, DISAGGREGATED, EITHER)
    if config.prefill in places:
        return config.prefill, None
    try:
        return DISAGGREGATED, catalogue().find(config.prefill)
    except UsageError as error:
        words = f"write {', '.join(places)} or a chip"
        raise UsageError(f"prefill={config.prefill}: {words}; {error}") from None


def sides_of(
    config: PredictConfig, *, copies: bool, experts: bool
) -> "tuple[Parallel, Prefill | None]":
    """Returns how the model is divided, and over which chips of its own prefill is, if so.

    Args:
        config: the keys and their values.
        copies: whether a bare number stands for copies that share their weights.
        experts: whether the model has experts.

    Raises:
        UsageError: ``parallel=`` cannot be read, or ``prefill=`` does not go with it.
    """
    from bench.predict.model.parallel import parallel
    from bench.predict.scenario import Prefill
    from bench.predict.ways import DISAGGREGATED, TOGETHER

    place, chip = place_of(config)
    both = _sides(config.parallel)
    if not both:
        if place != TOGETHER:
            raise UsageError(
                f"prefill={config.prefill} needs parallel=best, or both sides: {EXAMPLE}"
            )
        return parallel(config.parallel, copies=copies, experts=experts), None
    if config.phase != "serve":
        raise UsageError(f"{EXAMPLE} and such need phase=serve: else divide, as with parallel=8")
    if place not in (TOGETHER, DISAGGREGATED):
        raise UsageError(f"prefill={config.prefill} needs parallel=best: it compares ways")
    decode, prefill = (parallel(both[side], experts=experts) for side in ("decode", "prefill"))
    return decode, Prefill(prefill, chip)


def refuse_together(config: PredictConfig, given: set[str]) -> None:
    """Refuses ``prefill=together``, if given, beside a way for each side.

    Raises:
        UsageError: both are given, or as by ``sides_of`` for the sides.
    """
    from bench.predict.ways import TOGETHER

    if "prefill" in given and config.prefill == TOGETHER and _sides(config.parallel):
        raise UsageError(
            f"prefill={TOGETHER} has no way for each side, as parallel={config.parallel} has: "
            "leave out prefill=, or give one way, as with parallel=tp8"
        )


def _sides(word: str) -> dict[str, str]:
    """Returns the way of each side that ``parallel=`` names, in either order; empty if none.

    Raises:
        UsageError: one side is missing, or named twice, or has no way of its own.
    """
    before, *named = SIDE.split(word.strip())
    if not named:
        return {}
    ways = [one.strip(" ,;") for one in named[1::2]]
    found = dict(zip(named[::2], ways, strict=True))
    if before or len(named) != 4 or len(found) != 2 or not all(ways) or BEST in ways:
        raise UsageError(f"parallel={word}: name each side once, with its way: {EXAMPLE}; {SEARCH}")
    return found
