"""What a record of this program adds to the fit for its chip: its matrix products and layers.

A layer that is replayed as a captured graph does not pay for launches, so its time describes the
chip. What software adds between layers remains as fitted on serving engines.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import UsageError
from bench.predict.learning.learn import DENSE, Learnt
from bench.predict.learning.ownproducts import OwnProducts, fit_own_products
from bench.predict.learning.pooling import Departures
from bench.predict.learning.product import shapes
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import rates, timed
from bench.records.model import Measurement, Record, at_once
from bench.workloads.model import Workload

LEAST = 6
"""Number of products of one format below which no fit of the chip's own is made."""


@dataclass(frozen=True)
class Layer:
    """One measured layer of a model.

    Attributes:
        model: id of the workload.
        phase: ``prefill`` or ``decode``.
        dtype: number format.
        batch: sequences.
        length: tokens per sequence.
        seconds: median time, s.
        low, high: its interval, s.
        graph: whether the layer was replayed as a captured graph.
    """

    model: str
    phase: str
    dtype: str
    batch: float
    length: float
    seconds: float
    low: float
    high: float
    graph: bool


def layers(record: Record) -> list[Layer]:
    """Returns the layers that a record measured."""
    return [_layer(one) for one in record.measurements if one.kernel == "layer" and one.timing]


def _layer(measurement: Measurement) -> Layer:
    parameters = measurement.parameters
    stats = measurement.timing.stats if measurement.timing else None
    if stats is None:
        raise UsageError("the record's layer has no time")
    return Layer(
        model=str(parameters.get("model")),
        phase=str(parameters.get("phase")),
        dtype=measurement.dtype,
        batch=_size(parameters, "batch"),
        length=_size(parameters, "length"),
        seconds=stats.median_s,
        low=stats.low_s,
        high=stats.high_s,
        graph="graph" in str(parameters.get("way", "")),
    )


def _size(parameters: Mapping[str, int | str], key: str) -> float:
    """Returns a size of a layer.

    Raises:
        UsageError: the record does not have it as an integer above 0.
    """
    size = parameters.get(key)
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"the record's layer has no {key} above 0: measure it again")
    return float(size)


def single_layer(workload: Workload) -> Workload:
    """Returns a model with one layer, of the kind that most of its layers are."""
    experts = workload.experts and workload.experts.model_copy(update={"dense_layers": 0})
    return workload.model_copy(update={"layers": 1, "window": None, "experts": experts})


def layer_s(layer: Layer, chip: Facts, workload: Workload, stack: Stack) -> float:
    """Returns the predicted time of one layer in s, without embedding and head.

    Raises:
        UsageError: the sheet lacks a figure, or the chip the format.
    """
    formats, split = precision(layer.dtype), Parallel()
    points = Points(np.array([layer.batch]), np.array([layer.length]))
    found = operators(single_layer(workload), layer.phase, points, formats, split)
    kept = [operator for operator in found if operator.name != "head"]
    launched = replace(stack, layer_s=0.0, experts_s=0.0) if layer.graph else stack
    return float(timed(kept, rates(chip, formats, linked=split.joined), launched).seconds[0])


def calibrated(
    known: Learnt, record: Record, chip: Facts, models: Mapping[str, Workload]
) -> Learnt:
    """Returns the fit with a record's times of its chip included.

    Raises:
        UsageError: the record has neither layers nor enough products of one format, or devices were
            measured at once.
    """
    if at_once(record) > 1:
        raise UsageError(f"record {record.id} was measured beside other devices: give one alone")
    logs_of = _departures(record, chip, models, known.stack)
    own = own_products(known, record, chip)
    if not any(logs_of.values()) and not own:
        raise UsageError(
            f"record {record.id} has no layers, nor {LEAST} products of one format: "
            "run suite=calibrate on the machine"
        )
    shifted, changed = _shifted(known, chip, logs_of)
    measured = {**known.measured, chip.chip: (*changed, *(f"product {one}" for one in own))}
    text = record.model_dump_json()
    records = {**known.records, record.id: hashlib.sha256(text.encode()).hexdigest()}
    own_of = {**known.own, chip.chip: own}
    return replace(shifted, own=own_of, measured=measured, records=records)


def _shifted(
    known: Learnt, chip: Facts, logs_of: Mapping[str, list[float]]
) -> tuple[Learnt, list[str]]:
    """Returns the fit with a chip's departures as measured, and the names of the changed parts.

    Decode steps shift the chip's TPOT too, and prefill steps its TTFT.
    """
    parts, first, changed = dict(known.parts), dict(known.first), []
    for phase, logs in logs_of.items():
        if not logs:
            continue
        middle, count = float(np.median(logs)), len(logs)
        shift = middle - float(parts[phase].predicted([chip.labels])[0][0])
        parts[phase] = parts[phase].with_chip(chip.labels, middle, count)
        changed.append(phase)
        if phase == "decode":
            parts[DENSE] = _moved(known.parts[DENSE], chip, shift, count)
            changed.append(DENSE)
        else:
            model, part = known.first[DENSE]
            first[DENSE] = model, _moved(part, chip, shift, count)
    return replace(known, parts=parts, first=first), changed


def _departures(
    record: Record, chip: Facts, models: Mapping[str, Workload], stack: Stack
) -> dict[str, list[float]]:
    """Returns log of measured over predicted time of a record's dense layers, by phase."""
    return {
        phase: [
            math.log(one.seconds / layer_s(one, chip, models[one.model], stack))
            for one in layers(record)
            if one.phase == phase and one.model in models and models[one.model].experts is None
        ]
        for phase in ("prefill", "decode")
    }


def _moved(part: Departures, chip: Facts, shift: float, count: int) -> Departures:
    """Returns departures in which the chip's own is shifted, as if ``count`` cases showed it."""
    middle = float(part.predicted([chip.labels])[0][0])
    return part.with_chip(chip.labels, middle + shift, count)


def own_products(known: Learnt, record: Record, chip: Facts) -> dict[str, OwnProducts]:
    """Returns the fit on a record's products, by format with at least ``LEAST`` of them."""
    found = {}
    for dtype, (params, _) in known.products.items():
        sizes, times = products(record, dtype)
        if len(times) >= LEAST and dtype in chip.peaks and chip.bandwidth:
            work = shapes(sizes, chip, dtype)
            found[dtype] = fit_own_products(work, np.array(times), params, known.priors[dtype])
    return found


def products(record: Record, dtype: str) -> tuple[list[tuple[float, float, float]], list[float]]:
    """Returns sizes (m, n, k) and times in s of a record's plain products of one format."""
    sizes, times = [], []
    for one in record.measurements:
        if not is_plain_product(one) or one.dtype != dtype or one.timing is None:
            continue
        m, n, k = (float(one.parameters[key]) for key in "mnk")
        sizes.append((m, n, k))
        times.append(one.timing.stats.median_s)
    return sizes, times


def is_plain_product(measurement: Measurement) -> bool:
    """Tells whether a measurement is a plain matrix product of a given size, on normal inputs.

    The best of many shapes is left out: it is no representative sample.
    """
    timed = measurement.status == "ok" and measurement.timing is not None
    trials = measurement.search.trials if measurement.search else ()
    sizes = {tuple(trial.parameters.get(key) for key in "mnk") for trial in trials}
    usual = measurement.data == "normal" and not measurement.parameters.get("variant")
    sized = all(isinstance(measurement.parameters.get(key), int) for key in "mnk")
    return measurement.kernel == "gemm" and timed and usual and sized and len(sizes) <= 1


def chip_of(record: Record, chips: Mapping[str, Facts], word: str | None) -> Facts:
    """Returns the chip that a record was measured on; ``word`` names it if the record does not.

    Raises:
        UsageError: the chip is unknown, contradicts ``word``, or is no accelerator with a sheet.
    """
    name = word or record.identity.chip
    if word and record.identity.chip and record.identity.chip != word:
        raise UsageError(f"record {record.id} is of {record.identity.chip}, not of {word}")
    if name is None or name not in chips:
        raise UsageError(f"record {record.id}: of no accelerator that has a sheet; give chip=")
    return chips[name]
