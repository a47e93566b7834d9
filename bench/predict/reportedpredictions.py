"""What the shipped model predicts for serving and training that somebody measured."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bench.chips.load import catalogue
from bench.errors import UsageError
from bench.evidence.model import Report, Reported
from bench.files.caches import once
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt, chosen
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.reportedserving import (
    FIRST,
    QUANTITIES,
    UNLIKE,
    model_named,
    reported_first,
    reported_rows,
)
from bench.predict.learning.reportedtraining import trained_rows
from bench.predict.learning.servingrows import LOAD, as_served
from bench.predict.learning.tables import Row
from bench.predict.learning.trainingruns import recipe_of, split_of
from bench.predict.model.facts import Facts, all_facts
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import ITEM, precision
from bench.predict.refusals import refuse_batch, refuse_split, refuse_training, refuse_unfit
from bench.predict.scenario import Scenario
from bench.words import counted
from bench.workloads.load import workloads
from bench.workloads.model import Workload

RATE, TRAINING = "serving_output", "training_rate"
"""The quantities that are rates; for the first, a row has the time in which each request gets a
token."""
RATES = (RATE, TRAINING)


@dataclass(frozen=True)
class ReportedPrediction:
    """One measurement of serving or training, with its prediction.

    The measured value is as reported where there is none.

    Attributes:
        row: id of the measurement.
        quantity: what was measured: ``serving_output``, ``tpot``, ``ttft``, ``decode`` or
            ``training_rate``.
        measured, predicted: tokens/s of all chips for ``RATES``, else a time in s.
        halves: half-widths of the prediction's interval in log, one per level of ``COVERAGES``.
        why: why nothing is predicted; else empty.
    """

    row: str
    quantity: str
    measured: float
    predicted: float = np.nan
    halves: tuple[float, ...] = ()
    why: str = ""


@once
def _chips() -> Mapping[str, Facts]:
    """Returns the facts of every accelerator with a sheet."""
    return all_facts(catalogue())


def predicted_serving(report: Report) -> Iterator[ReportedPrediction]:
    """Yields each measurement of serving with its prediction, or why it has none.

    TTFT is compared for single requests only: the model has no queue.
    """
    models, chips, known = workloads(), _chips(), chosen(None)
    read = [report], chips, models
    rows = [*reported_rows(*read), *reported_first(*read)]
    stated = {row.words["stack"].rpartition(" ")[2] for row in rows}
    for value in report.rows:
        if value.id not in stated and value.quantity in (*QUANTITIES, FIRST):
            yield ReportedPrediction(
                value.id, value.quantity, value.value.si, why=_why_not(value, models)
            )
    for row in rows:
        quantity, name = row.words["quantity"], row.words["stack"].rpartition(" ")[2]
        seconds = 1e-3 * row["ttft_ms" if quantity == FIRST else "tpot_ms"]
        measured = row["concurrency"] / seconds if quantity == RATE else seconds
        sheet, model = chips[row.chip], models[row.words["model"]]
        yield _with_prediction(
            name, quantity, measured, partial(_predicted, row, sheet, model, known)
        )


def _why_not(value: Reported, models: Mapping[str, Workload]) -> str:
    """Returns why a measurement of serving has no prediction."""
    work = value.workload
    model = work.get("model", "")
    if model_named(model) not in models:
        return f"no workload {model!r} in specs/workloads: give workload="
    if any(word in work.get("case", "") for word in UNLIKE):
        return work["case"]
    if "pp" in work:
        return "pipeline stages are not compared"
    if value.quantity == FIRST and work.get("concurrency") != "1":
        return "it may hold a queue, except at one request at once"
    return "too little is stated of it, or most requests waited"


def predicted_training(report: Report) -> Iterator[ReportedPrediction]:
    """Yields each measurement of training that states what a prediction needs, with the latter."""
    models, chips, known = workloads(), _chips(), chosen(None)
    for row in trained_rows([report], chips, models):
        name, measured = row.words["row"], row["rate"] * row["chips"]
        sheet, model = chips[row.chip], models[row.words["model"]]
        yield _with_prediction(
            name, TRAINING, measured, partial(_trained, row, sheet, model, known)
        )


def _with_prediction(
    name: str,
    quantity: str,
    measured: float,
    predicted: Callable[[], tuple[float, tuple[float, ...]]],
) -> ReportedPrediction:
    """Returns a measurement with its prediction, or why there is none."""
    try:
        found, halves = predicted()
    except UsageError as error:
        return ReportedPrediction(name, quantity, measured, why=str(error))
    return ReportedPrediction(name, quantity, measured, found, halves)


def _trained(
    row: Row, chip: Facts, model: Workload, known: Learnt
) -> tuple[float, tuple[float, ...]]:
    """Returns the predicted tokens/s of all chips in training, and its interval's half-widths.

    Raises:
        UsageError: the sheet lacks a figure or a number format, or the split is impossible.
    """
    formats = precision(row.words["dtype"], experts=model.experts is not None)
    split, recipe = split_of(row), recipe_of(row)
    batch, length = np.array([row["batch"]]), np.array([row["length"]])
    asked = Scenario(model, "train", formats, split, batch, length, 0 * length, recipe)
    refuse_training(formats)
    refuse_split(model, split)
    refuse_batch(batch, split, recipe)
    refuse_unfit(chip, asked)
    return _of(forecast(chip, asked, known), TRAINING)


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
    refuse_split(model, split, copies=True)
    refuse_unfit(chip, asked)
    found = forecast(chip, asked, known)
    room = found.room()
    if room.fits is False and not room.tight:
        raise UsageError(f"by its sheet it does not fit on {counted(split.chips, 'chip')}")
    return _of(found, row.words["quantity"])


def _of(found: Prediction, quantity: str) -> tuple[float, tuple[float, ...]]:
    """Returns the predicted value of a quantity, and the half-widths of its interval in log."""
    if quantity in RATES:
        value, interval = found.tokens_per_s, found.rate_interval.half
    elif quantity == FIRST and found.ttft:
        value, interval = found.ttft.seconds, found.ttft.half
    else:
        value, interval = found.seconds, found.half
    return float(value[0]), tuple(float(interval(level)[0]) for level in COVERAGES)
