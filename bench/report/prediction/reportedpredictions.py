"""Measured serving and training beside its prediction."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from bench.evidence.load import reports
from bench.evidence.model import Reported
from bench.evidence.observe import Observation
from bench.predict.learning.pooling import COVERAGES
from bench.predict.reportedpredictions import (
    RATE,
    RATES,
    TRAINING,
    ReportedPrediction,
    predicted_serving,
    predicted_training,
)
from bench.report.text.scalar import Scalar
from bench.units import significant
from bench.words import duration

NAMES = {
    RATE: "tokens/s", "tpot": "TPOT", "ttft": "TTFT", "decode": "decode step",
    TRAINING: "training, tokens/s",
}  # fmt: skip
"""Names of the quantities."""


def reported_lines(found: Iterable[ReportedPrediction]) -> Iterator[str]:
    """Yields a line per measurement: measured, predicted with its 80% interval, and where it is."""
    for one in found:
        said = one.why and f"not predicted: {one.why}"
        yield f"{one.row}: {NAMES[one.quantity]} {_value(one, one.measured)}, {said or _said(one)}"


def reported_predictions(observations: Iterable[Observation]) -> dict[str, ReportedPrediction]:
    """Returns reported serving and training with its prediction, by reference.

    What has no prediction is left out.
    """
    found: dict[str, ReportedPrediction] = {}
    for name, rows in _by_report(observations).items():
        report = reports()[name].model_copy(update={"rows": tuple(rows)})
        every = chain(predicted_serving(report), predicted_training(report))
        found |= {f"{name}:{one.row}": one for one in every if not one.why}
    return found


def _by_report(observations: Iterable[Observation]) -> Mapping[str, Sequence[Reported]]:
    """Returns the reported rows of observations by the file that they are in."""
    rows: dict[str, list[Reported]] = {}
    for one in observations:
        if one.reported:
            rows.setdefault(one.ref.partition(":")[0], []).append(one.reported)
    return rows


def flat_prediction(one: ReportedPrediction | None, count: float) -> dict[str, Scalar]:
    """Returns the prediction of one chip's share, and its 80% interval, as a flat row.

    Args:
        one: a measurement with its prediction; None if it has none.
        count: number of chips, which share a rate.
    """
    low, middle, high = per_chip(one, count) if one else (None, None, None)
    return {"predicted": middle, "predicted_low_80": low, "predicted_high_80": high}


def per_chip(one: ReportedPrediction, count: float) -> tuple[float, float, float]:
    """Returns low, middle and high of the prediction: a rate per chip, or a time in s."""
    middle = one.predicted / count if one.quantity in RATES else one.predicted
    factor = math.exp(one.halves[0])
    return middle / factor, middle, middle * factor


def _said(one: ReportedPrediction) -> str:
    """Formats ``predicted 31 (24–41), 80%: within``."""
    low, _, high = per_chip(one, 1)
    interval = f"{_value(one, low)} to {_value(one, high)}"
    return f"predicted {_value(one, one.predicted)} ({interval}): {_place(one)}"


def _place(one: ReportedPrediction) -> str:
    """Returns which interval holds the measured value."""
    away = abs(math.log(one.measured / one.predicted))
    held = [level for level, half in zip(COVERAGES, one.halves, strict=True) if away <= half]
    return (
        f"within the {held[0]:.0%} interval" if held else f"outside of the {COVERAGES[-1]:.0%} one"
    )


def _value(one: ReportedPrediction, value: float) -> str:
    return significant(value, 3) if one.quantity in RATES else duration(value, 3)
