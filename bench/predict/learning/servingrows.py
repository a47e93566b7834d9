"""Rows of serving with their predictions: how each was run, and which rows are the same work."""

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
"""Number of leading characters of a date that give its month."""
LOAD = ("concurrency", "input", "output")
Layout = tuple[str, str, str, str, int, int, int]
"""What rows have in common that are predicted alike: chip, model, dtype, KV cache's dtype, tp, dp,
ep."""
Division = tuple[str, Precision, Parallel]
"""What rows have in common that are predicted in one call, each on its own chip: model, formats,
split."""


def same_work(row: Row) -> tuple[str | float, ...]:
    """Returns a key that is equal for rows of the same work on two chips.

    The engine's version must be the same, or the month if no version is given. Otherwise a ratio of
    two chips would include the difference of two versions.
    """
    words = tuple(row.words[key] for key in ("model", "dtype"))
    engine, _, version = row.words["stack"].partition(" ")
    numbers = tuple(row[key] for key in ("tp", "ep", "dp", "input", "output", "concurrency"))
    return (*words, engine, version or row.words.get("date", "")[:MONTH], *numbers)


def served(
    rows: Sequence[Row],
    chips: Mapping[str, Facts],
    models: Mapping[str, Workload],
    stack: Stack,
    *,
    what: str = "tpot",
) -> Array:
    """Returns the predicted time of each row in s; NaN if a sheet lacks a figure.

    Args:
        rows: rows of serving.
        chips: facts of every chip, by id.
        models: every workload, by id.
        stack: software stack.
        what: ``tpot``; ``turn``, concurrency over rate, which includes a request's own prefill;
            ``ttft``, the prefill before the first token; or ``decode_s``, a step of all requests.
    """
    seconds = np.full(len(rows), np.nan)
    for (model, formats, split), published in _alike(rows, chips, models).items():
        places = list(published)
        load = Load(*(np.array([rows[place][key] for place in places]) for key in LOAD))
        chip = side_by_side(list(published.values()))
        answer = serve_at(chip, models[model], load, formats, split, stack)
        seconds[places] = getattr(answer, what)
    return seconds


def _alike(
    rows: Sequence[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload]
) -> dict[Division, dict[int, Rates]]:
    """Returns the indices of rows by how their model was run, each with its chip's rates."""
    found: dict[Division, dict[int, Rates]] = {}
    for layout, places in _layouts(rows).items():
        chip, model, dtype, cache, tp, dp, ep = layout
        split = Parallel(tp, 1, dp, ep)
        try:
            formats = replace(as_served(dtype, chips[chip], models[model]), cache=ITEM[cache])
            published = rates(chips[chip], formats, linked=split.joined)
        except UsageError:
            continue
        found.setdefault((model, formats, split), {}).update(dict.fromkeys(places, published))
    return found


def _layouts(rows: Iterable[Row]) -> dict[Layout, list[int]]:
    """Returns the indices of rows by layout."""
    found: dict[Layout, list[int]] = {}
    for place, row in enumerate(rows):
        words = row.words
        split = int(row["tp"]), int(row["dp"]), int(row["ep"])
        dtypes = words["dtype"], words.get("kv_dtype") or "bf16"
        found.setdefault((row.chip, words["model"], *dtypes, *split), []).append(place)
    return found


def as_served(dtype: str, chip: Facts, model: Workload) -> Precision:
    """Returns the formats in which engines run a model: 16-bit products if a chip lacks a format.

    For a model published with 4-bit experts and 8 bits elsewhere, ``mxfp4`` means that mixture. On
    chips without 4-bit units, some engines multiply its experts in 16 bits (Marlin), which is not
    modelled.
    """
    if dtype == "mxfp4" and model.published in MIXED:
        return precision(model.published)
    weight_only = dtype == "int4" or (dtype == "mxfp4" and not {"mxfp4", "fp4"} & set(chip.peaks))
    word = f"{dtype}-a16" if weight_only else dtype
    return precision(word, experts=model.experts is not None)
