"""What the shipped model predicts for serving that somebody measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.chips.load import catalogue
from bench.errors import UsageError
from bench.evidence.model import Report
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt, chosen
from bench.predict.learning.pooled import LEVELS
from bench.predict.learning.reported import FIRST, QUANTITIES, reported_first, reported_rows
from bench.predict.learning.served import LOAD, as_served
from bench.predict.learning.tables import Row
from bench.predict.model.facts import Facts, all_facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import ITEM
from bench.predict.refusals import refuse_unfit
from bench.predict.scenario import Scenario
from bench.workloads.load import workloads
from bench.workloads.model import Workload

RATE = "serving_output"
"""The quantity that is a rate; a row has the time in which each request gets a token for it."""


@dataclass(frozen=True)
class Beside:
    """One measurement of serving, with its prediction.

    Attributes:
        row: id of the measurement.
        quantity: what was measured: ``serving_output``, ``tpot``, ``ttft`` or ``decode``.
        measured, predicted: tokens/s of all chips for ``serving_output``, else a time in s.
        halves: half-widths of the prediction's interval in log, one per level of ``LEVELS``.
        why: why nothing is predicted; else empty.
    """

    row: str
    quantity: str
    measured: float
    predicted: float = np.nan
    halves: tuple[float, ...] = ()
    why: str = ""


def serving_beside(report: Report) -> Iterator[Beside]:
    """Yields each measurement of serving that states what a prediction needs, with its prediction.

    TTFT is compared for single requests only: the model has no queue.
    """
    models, chips, known = workloads(), all_facts(catalogue()), chosen(None)
    read = [report], chips, models
    for row in (*reported_rows(*read), *reported_first(*read)):
        quantity, name = row.words["quantity"], row.words["stack"].rpartition(" ")[2]
        seconds = 1e-3 * row["ttft_ms" if quantity == FIRST else "tpot_ms"]
        measured = row["concurrency"] / seconds if quantity == RATE else seconds
        try:
            found, halves = _predicted(row, chips[row.chip], models[row.words["model"]], known)
        except UsageError as error:
            yield Beside(name, quantity, measured, why=str(error))
        else:
            yield Beside(name, quantity, measured, found, halves)


def _predicted(
    row: Row, chip: Facts, model: Workload, known: Learnt
) -> tuple[float, tuple[float, ...]]:
    """Returns what is predicted for a row, and the half-widths of its interval.

    Raises:
        UsageError: the sheet lacks a figure or a number format.
    """
    formats = replace(as_served(row.words["dtype"], chip, model), cache=ITEM[row.words["kv_dtype"]])
    phase = "decode" if QUANTITIES.get(row.words["quantity"]) == "decode_s" else "serve"
    split = Parallel(int(row["tp"]), 1, int(row["dp"]), int(row["ep"]))
    batch, prompt, output = (np.array([row[key]]) for key in LOAD)
    asked = Scenario(model, phase, formats, split, batch, prompt, output)
    refuse_unfit(chip, asked)
    return _of(forecast(chip, asked, known), row.words["quantity"])


def _of(found: Prediction, quantity: str) -> tuple[float, tuple[float, ...]]:
    """Returns the predicted value of a quantity, and the half-widths of its interval in log."""
    if quantity == RATE:
        value, interval = found.tokens_per_s, found.rate_interval.half
    elif quantity == FIRST and found.ttft:
        value, interval = found.ttft.seconds, found.ttft.half
    else:
        value, interval = found.seconds, found.half
    return float(value[0]), tuple(float(interval(level)[0]) for level in LEVELS)
