"""Rows of serving as they are predicted: how each was run, and what of two rows is one work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bench.errors import UsageError
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import ITEM, MIXED, Precision, precision
from bench.predict.model.serving import Load, serve_at
from bench.predict.model.stack import Stack
from bench.predict.model.step import Rates, rates, side_by_side
from bench.workloads.model import Workload

MONTH = len("2026-01")
"""Of a date, the letters that tell its month."""
LOAD = ("concurrency", "input", "output")
Layout = tuple[str, str, str, str, int, int, int]
"""What rows of one chip share that are predicted alike: chip, model, dtypes, tp, dp, ep."""
Way = tuple[str, Precision, Parallel]
"""What rows share that are predicted at once, each on its own chip: model, formats, split."""


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
    """Returns the time predicted of each row in seconds; nan where a sheet says too little.

    Args:
        rows: of serving.
        chips: the facts of every chip.
        models: every workload.
        stack: of the software.
        what: ``tpot``; ``turn``, concurrency over the rate, with a request's own prefill in it; or
            ``ttft``, the prefill before the first token; or ``decode_s``, a step of all requests.
    """
    told = np.full(len(rows), np.nan)
    for (model, how, split), promised in _alike(rows, chips, models).items():
        places = list(promised)
        load = Load(*(np.array([rows[one][key] for one in places]) for key in LOAD))
        chip = side_by_side(list(promised.values()))
        told[places] = getattr(serve_at(chip, models[model], load, how, split, stack), what)
    return told


def _alike(
    rows: Sequence[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> dict[Way, dict[int, Rates]]:
    """Returns places of rows by how their model was run, with what each row's chip promises."""
    found: dict[Way, dict[int, Rates]] = {}
    for layout, places in _layouts(rows).items():
        chip, model, dtype, cache, tp, dp, ep = layout
        split = Parallel(tp, 1, dp, ep)
        try:
            how = replace(as_served(dtype, chips[chip], models[model]), cache=ITEM[cache])
            promised = rates(chips[chip], how, linked=split.joined)
        except UsageError:
            continue
        found.setdefault((model, how, split), {}).update(dict.fromkeys(places, promised))
    return found


def _layouts(rows: Iterable[Row]) -> dict[Layout, list[int]]:
    found: dict[Layout, list[int]] = {}
    for place, row in enumerate(rows):
        words = row.words
        split = int(row["tp"]), int(row["dp"]), int(row["ep"])
        formats = words["dtype"], words.get("cache", "bf16")
        found.setdefault((row.chip, words["model"], *formats, *split), []).append(place)
    return found


def as_served(dtype: str, chip: Facts, model: Workload) -> Precision:
    """Returns how engines run a model's format: in 16 bits where a chip has no units for it.

    Of a model published with its experts in 4 bits and all else in 8, 4 bits mean that. On chips
    without units for 4 bits some engines multiply its experts in 16 (Marlin), which this has not.
    """
    if dtype == "mxfp4" and model.published in MIXED:
        return precision(model.published)
    weights = dtype == "int4" or (dtype == "mxfp4" and not {"mxfp4", "fp4"} & set(chip.peaks))
    word = f"{dtype}-a16" if weights else dtype
    return precision(word, experts=model.experts is not None)
