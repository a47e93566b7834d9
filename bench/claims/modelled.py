"""What the comparison model foretells of a claim about work that nobody measured on both sides.

The model's interval is that of a ratio, at 95%, over every pair of variants that a name stands for.
It proves nothing, and says of which model and setting it speaks.
"""

from itertools import product

import numpy as np

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.model import Axis
from bench.errors import OnpaperError, UsageError
from bench.predict.facts import facts
from bench.predict.forecast import Asked, forecast
from bench.predict.learn import load
from bench.predict.parallel import Parallel
from bench.predict.precision import precision
from bench.predict.ratio import ratio
from bench.predict.refusals import refuse_split
from bench.predict.reported import SAME
from bench.workloads.load import workload, workloads

PHASES = {
    "prefill": "prefill", "decode": "decode", "serving": "serve", "inference": "serve",
    "training": "train",
}  # fmt: skip
EIGHT_BITS = ("deepseek-v3",)
"""Models that are published in fp8."""
REFERENCE = "llama-3.1-70b"
"""Whose work a claim is taken to be about that names none."""
CHIPS, BATCH, PROMPT, OUTPUT = 8, 32.0, 2048.0, 512.0
LEVEL = 0.95


def modelled(
    first: Chip, second: Chip, axis: Axis, catalogue: Catalogue
) -> tuple[float, float, str] | None:
    """Returns low and high bound of first over second, and of what; None where nothing is told.

    Nothing is told where a chip lacks the format, or eight of it do not hold the model.

    Args:
        first: the subject.
        second: the object.
        axis: a kind of work; a figure is none.
        catalogue: the sheets, for chips whose name stands for several.
    """
    phase, name = PHASES.get(axis.work or ""), model_of(axis)
    if phase is None or name is None:
        return None
    how = axis.dtype or ("fp8" if name in EIGHT_BITS else "bf16")
    sides = [[catalogue.chips[key] for key in one.variants] or [one] for one in (first, second)]
    try:
        asked = _asked(name, phase, how)
        bounds = [_bounds(one, other, asked) for one, other in product(*sides)]
    except OnpaperError:
        return None
    words = f"no proof; the model, {workload(name).name} in {how} on {CHIPS} chips"
    return min(low for low, _ in bounds), max(high for _, high in bounds), words


def model_of(axis: Axis) -> str | None:
    """Returns the workload that a claim names, the reference where it names none."""
    named = axis.where.get("model")
    if named is None:
        return REFERENCE
    name = named.lower()
    name = SAME.get(name, name)
    return name if name in workloads() else None


def _asked(name: str, phase: str, how: str) -> Asked:
    batch, prompt, output = (np.array([one]) for one in (BATCH, PROMPT, OUTPUT))
    split = Parallel(dp=CHIPS, sharded=True) if phase == "train" else Parallel(tp=CHIPS)
    refuse_split(workload(name), split)
    return Asked(workload(name), phase, precision(how), split, batch, prompt, output)


def _bounds(first: Chip, second: Chip, asked: Asked) -> tuple[float, float]:
    known = load()
    one, other = (forecast(facts(chip), asked, known) for chip in (first, second))
    if one.room().fits is False or other.room().fits is False:
        raise UsageError(f"{asked.workload.id} does not fit")
    low, high = ratio(one, other, known).bounds(LEVEL)
    return float(low[0]), float(high[0])
