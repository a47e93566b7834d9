"""Rows of serving as they are foretold: how each was run, and what of two rows is one work."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bench.errors import UsageError
from bench.predict.facts import Facts
from bench.predict.operators import Array
from bench.predict.parallel import Parallel
from bench.predict.precision import Precision, precision
from bench.predict.serving import Load, serve
from bench.predict.stack import Stack
from bench.predict.tables import Row
from bench.workloads.model import Workload

MONTH = len("2026-01")
"""Of a date, the letters that tell its month."""
LOAD = ("concurrency", "input", "output")
Layout = tuple[str, str, str, int, int, int]


def same_work(row: Row) -> tuple[str | float, ...]:
    """Returns what two rows of serving share when they are one work on two chips.

    The engine is of one version, or of one month where none is told: what differs between two
    versions is no chip's, and a ratio of chips would have it in.
    """
    words = tuple(row.words[key] for key in ("model", "dtype"))
    engine, _, version = row.words["stack"].partition(" ")
    asked = tuple(row[key] for key in ("tp", "ep", "dp", "input", "output", "concurrency"))
    return (*words, engine, version or row.words.get("date", "")[:MONTH], *asked)


def served(
    rows: Sequence[Row],
    chips: Mapping[str, Facts],
    models: Mapping[str, Workload],
    stack: Stack,
    *,
    what: str = "tpot",
) -> Array:
    """Returns the time foretold of each row in seconds; nan where a sheet says too little.

    Args:
        rows: of serving.
        chips: the facts of every chip.
        models: every workload.
        stack: of the software.
        what: ``tpot``; ``turn``, concurrency over the rate, with a request's own prefill in it; or
            ``ttft``, the prefill before the first token; or ``decode_s``, a step of all requests.
    """
    told = np.full(len(rows), np.nan)
    for layout, places in _layouts(rows).items():
        chip, model, dtype, *split = layout
        load = Load(*(np.array([rows[one][key] for one in places]) for key in LOAD))
        try:
            how = as_served(dtype, chips[chip], models[model])
            made = serve(
                chips[chip], models[model], load, how, Parallel(split[0], 1, *split[1:]), stack
            )
        except UsageError:
            continue
        told[places] = getattr(made, what)
    return told


def _layouts(rows: Iterable[Row]) -> dict[Layout, list[int]]:
    found: dict[Layout, list[int]] = {}
    for place, row in enumerate(rows):
        words = row.words
        split = int(row["tp"]), int(row["dp"]), int(row["ep"])
        found.setdefault((row.chip, words["model"], words["dtype"], *split), []).append(place)
    return found


def as_served(dtype: str, chip: Facts, model: Workload) -> Precision:
    """Returns how engines run a model's format: in 16 bits where a chip has no units for it."""
    weights = dtype == "int4" or (dtype == "mxfp4" and not {"mxfp4", "fp4"} & set(chip.peaks))
    word = f"{dtype}-a16" if weights else dtype
    return precision(word, experts=model.experts is not None)
