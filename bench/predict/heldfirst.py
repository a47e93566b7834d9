"""Times to the first token, foretold by an engine's part that has not seen the chip."""

from collections.abc import Sequence

import numpy as np

from bench.predict import ttft
from bench.predict.errors import Outcome
from bench.predict.fit import fit
from bench.predict.heldout import World, engine, told
from bench.predict.learn import DENSE, EXPERTS, SERVING, first_rows, of_first, of_steps
from bench.predict.operators import Array
from bench.predict.stack import IDEAL
from bench.predict.tables import Row

NAMES = {DENSE: "serving TTFT, dense", EXPERTS: "serving TTFT, experts"}
NOTE = (
    "rows of light load by an independent test; what the engine adds to a prefill is fitted on the "
    "other chips' rows"
)


def firsts(world: World) -> dict[str, list[Outcome]]:
    """Returns TTFT under light load of each chip, foretold by steps and serving of the others."""
    found: dict[str, list[Outcome]] = {DENSE: [], EXPERTS: []}
    for chip in dict.fromkeys(row.chip for row in ttft.light(world.serving)):
        others = [one for one in world.cases() if one.row.chip != chip]
        stack = fit(others)
        prefill, _ = told(of_steps(others, stack)["prefill"], world.chips[chip])
        kept = [row for row in world.data[SERVING].rows if row.chip != chip]
        known = of_first(kept, world.chips, world.models, stack)
        own = [row for row in world.data[SERVING].rows if row.chip == chip]
        asked = first_rows(own, world.chips, world.models, stack)
        paper = first_rows(own, world.chips, world.models, IDEAL)
        shares = _shares(world, chip)
        for (name, rows, prefills), (_, _, least) in zip(asked, paper, strict=True):
            how, departed = known[name]
            shift, halves = told(departed, world.chips[chip])
            errors = shift - ttft.departures(rows, prefills, how)
            if name == DENSE:
                errors = np.maximum(errors, np.log(prefills) + prefill - _logs(rows))
            logs = np.log(least) - _logs(rows)
            found[name] += [
                Outcome(
                    chip, engine(row), float(one), halves, (float(log), float(log) + shares[name]),
                    row["ttft_ms"] * 1e-3,
                )
                for row, one, log in zip(rows, errors, logs, strict=True)
            ]  # fmt: skip
    return found


def _logs(rows: Sequence[Row]) -> Array:
    """Returns log of each row's TTFT in s."""
    return np.log([row["ttft_ms"] * 1e-3 for row in rows])


def _shares(world: World, but: str) -> dict[str, float]:
    """Returns the median log of measured over the roofline's time of other chips, by part."""
    kept = [row for row in world.data[SERVING].rows if row.chip != but]
    return {
        name: float(np.median(_logs(rows) - np.log(least)))
        for name, rows, least in first_rows(kept, world.chips, world.models, IDEAL)
    }
