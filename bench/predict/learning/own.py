"""What a record of this program says of its chip: products and layers beside what was predicted.

A layer replayed as a captured graph has no launches to pay for, so that its time tells of the chip;
what software adds between layers stays the stack's, fitted on serving engines.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bench.errors import UsageError
from bench.predict.learning.learn import DENSE, Learnt
from bench.predict.learning.pooled import Departures
from bench.predict.learning.product import shapes
from bench.predict.learning.refined import OwnProducts, refined
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Points, operators
from bench.predict.model.parallel import Parallel
from bench.predict.model.precision import precision
from bench.predict.model.stack import Stack
from bench.predict.model.step import rates, timed
from bench.records.model import Measurement, Record, at_once
from bench.workloads.model import Workload

LEAST = 6
"""Products of one format that a fit of one's own takes."""


@dataclass(frozen=True)
class Layer:
    """One measured layer of a model: sizes, seconds with their interval, and how it was called."""

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


def _layer(one: Measurement) -> Layer:
    told = one.parameters
    stats = one.timing.stats if one.timing else None
    if stats is None:
        raise UsageError("the record's layer has no time")
    return Layer(
        model=str(told.get("model")),
        phase=str(told.get("phase")),
        dtype=one.dtype,
        batch=_size(told, "batch"),
        length=_size(told, "length"),
        seconds=stats.median_s,
        low=stats.low_s,
        high=stats.high_s,
        graph="graph" in str(told.get("way", "")),
    )


def _size(told: Mapping[str, int | str], key: str) -> float:
    """Returns a size of a layer.

    Raises:
        UsageError: the record does not tell it as a number above 0.
    """
    size = told.get(key)
    if not isinstance(size, int) or size < 1:
        raise UsageError(f"the record's layer tells no {key} above 0: measure it again")
    return float(size)


def single(workload: Workload) -> Workload:
    """Returns a model of one layer, of the kind that most of its layers are."""
    experts = workload.experts and workload.experts.model_copy(update={"dense_layers": 0})
    return workload.model_copy(update={"layers": 1, "window": None, "experts": experts})


def layer_s(one: Layer, chip: Facts, workload: Workload, stack: Stack) -> float:
    """Returns the time predicted of one layer, embedding and head apart.

    Raises:
        UsageError: the sheet lacks a figure, or the chip the format.
    """
    how, split = precision(one.dtype), Parallel()
    points = Points(np.array([one.batch]), np.array([one.length]))
    found = operators(single(workload), one.phase, points, how, split)
    kept = [each for each in found if each.name != "head"]
    paid = replace(stack, layer_s=0.0, experts_s=0.0) if one.graph else stack
    return float(timed(kept, rates(chip, how, linked=split.joined), paid).seconds[0])


def calibrated(
    known: Learnt, record: Record, chip: Facts, models: Mapping[str, Workload]
) -> Learnt:
    """Returns what was learnt with a chip's own times in it.

    Raises:
        UsageError: the record has neither layers nor enough products of one format, or is of
            devices that were measured at once.
    """
    if at_once(record) > 1:
        raise UsageError(f"record {record.id} was measured beside other devices: give one alone")
    told = _departures(record, chip, models, known.stack)
    own = own_products(known, record, chip)
    if not any(told.values()) and not own:
        raise UsageError(
            f"record {record.id} has no layers, nor {LEAST} products of one format: "
            "run suite=calibrate on the machine"
        )
    parts, first, moved = dict(known.parts), dict(known.first), []
    for phase, logs in told.items():
        if logs:
            shift = float(np.median(logs)) - float(parts[phase].predicted([chip.labels])[0][0])
            parts[phase] = parts[phase].with_chip(chip.labels, float(np.median(logs)), len(logs))
            moved.append(phase)
            if phase == "decode":
                parts[DENSE] = _moved(known.parts[DENSE], chip, shift, len(logs))
                moved.append(DENSE)
            else:
                how, part = known.first[DENSE]
                first[DENSE] = how, _moved(part, chip, shift, len(logs))
    measured = {**known.measured, chip.chip: (*moved, *(f"product {one}" for one in own))}
    text = record.model_dump_json()
    records = {**known.records, record.id: hashlib.sha256(text.encode()).hexdigest()}
    own_of = {**known.own, chip.chip: own}
    return replace(known, parts=parts, first=first, own=own_of, measured=measured, records=records)


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
    """Returns a part of dense serving, moved by what steps here taught of the chip."""
    middle = float(part.predicted([chip.labels])[0][0])
    return part.with_chip(chip.labels, middle + shift, count)


def own_products(known: Learnt, record: Record, chip: Facts) -> dict[str, OwnProducts]:
    """Returns the products of a record, fitted by format."""
    found = {}
    for dtype, (how, _) in known.products.items():
        sizes, times = products(record, dtype)
        if len(times) >= LEAST and dtype in chip.peaks and chip.bandwidth:
            asked = shapes(sizes, chip, dtype)
            found[dtype] = refined(asked, np.array(times), how, known.priors[dtype])
    return found


def products(record: Record, dtype: str) -> tuple[list[tuple[float, float, float]], list[float]]:
    """Returns sizes and seconds of a record's plain products of one format, on usual inputs."""
    sizes, times = [], []
    for one in record.measurements:
        if not plain(one) or one.dtype != dtype or one.timing is None:
            continue
        m, n, k = (float(one.parameters[key]) for key in "mnk")
        sizes.append((m, n, k))
        times.append(one.timing.stats.median_s)
    return sizes, times


def plain(one: Measurement) -> bool:
    """Tells whether it is a plain product of a size that was given, on usual inputs.

    The best of many shapes is no fair draw.
    """
    timed = one.status == "ok" and one.timing is not None
    tried = one.search.trials if one.search else ()
    sizes = {tuple(trial.parameters.get(key) for key in "mnk") for trial in tried}
    usual = one.data == "normal" and not one.parameters.get("variant")
    sized = all(isinstance(one.parameters.get(key), int) for key in "mnk")
    return one.kernel == "gemm" and timed and usual and sized and len(sizes) <= 1


def matched(record: Record, chips: Mapping[str, Facts], word: str | None = None) -> Facts:
    """Returns the chip that a record was measured on.

    Raises:
        UsageError: nobody knows which, or its sheet is of no accelerator.
    """
    name = word or record.identity.chip
    if word and record.identity.chip and record.identity.chip != word:
        raise UsageError(f"record {record.id} is of {record.identity.chip}, not of {word}")
    if name is None or name not in chips:
        raise UsageError(f"record {record.id}: of no accelerator that has a sheet; give chip=")
    return chips[name]
