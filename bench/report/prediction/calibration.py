"""Tables of ``calibrate``: fitted parameters, and a record's times beside the predicted ones."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.predict.learning.learn import Learnt
from bench.predict.learning.ownrecords import Layer, layer_s, layers, products
from bench.predict.learning.pooling import COVERAGE_95, Departures
from bench.predict.learning.product import seconds, shapes
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.records.model import Record
from bench.report.table import Section, Table
from bench.report.text.markup import Report
from bench.units import significant
from bench.words import duration
from bench.workloads.model import Workload

if TYPE_CHECKING:
    from bench.report.text.scalar import Scalar

LAYER_COLUMNS = ("layer", "measured (95%)", "predicted", "predicted 95%", "predicted / measured")
PRODUCT_COLUMNS = (
    "product, m x n x k", "measured", "predicted", "predicted / measured", "own fit / measured",
)  # fmt: skip
HOW = (
    "Predicted from the sheet and from what others measured, without this record; layers replayed "
    "as graphs without the launches between them."
)
MEANINGS = {
    "product": "fraction of the matrix rate reached at 1 TFLOP/s per watt",
    "headroom": "decrease of that fraction with each doubling of TFLOP/s per watt",
    "attention": "the same for attention in prefill, relative to products; fixed",
    "stream": "fraction of memory bandwidth reached by weights and activations",
    "cache": "the same for the key-value cache",
    "ecc": "whether ECC traffic takes memory bandwidth: 1 yes, 0 (on paper) no; fixed",
    "overlap": "exponent of the soft maximum of compute and memory; 1 adds them up",
    "rows": "rows that a product is padded to a multiple of; fixed",
    "experts_rows": "rows of a tile, of which a routed expert fills one or more; fixed",
    "experts_overlap": "overlap of routed experts, from layers of experts only",
    "layer_s": "fixed time per dense layer at 1.92 GHz; other layers scale with their kernels",
    "experts_s": "the same for a layer's routed experts, from layers of experts only",
    "message_s": "time to start a collective; fixed",
    "hop_s": "additional time to start it for each further chip; from collectives only",
    "network_s": "additional time to start a collective over several nodes; fixed",
    "link": "fraction of link and network bandwidth reached; fixed",
    "bus": "the same of PCIe, where messages pass the host; from collectives only",
}
"""What each parameter of the stack means, as shown to users."""
TTFT_COLUMNS = (
    "part", "fixed time", "factor on the prefill", "share of it per other request",
    "fixed time of a request by itself", "factor on its prefill",
)  # fmt: skip
TRAINING_COLUMNS = ("part", "factor")
TRAINING_FACTORS = {
    "product": "products, forward and backward",
    "experts": "products of routed experts",
    "attention": "attention",
    "stream": "norms, activations, casts",
    "link": "collectives in a layer",
    "fixed": "gaps between kernels",
    "slowest": "log growth of a step with each doubling of the chips beyond eight",
    "middle": "mean of engines' log factors on a step",
    "engines": "standard deviation of engines' log factors",
}
"""What each factor of training applies to, as shown to users."""
DEPARTURE_COLUMNS = (
    "part",
    "chips",
    "cases",
    "typical departure",
    "spread of chips",
    "spread of cases",
)


def fitted(found: Learnt) -> Report:
    """Returns the fitted parameters of the software stack and how chips depart from it."""
    rows = [(key, _value(key, value), MEANINGS[key]) for key, value in asdict(found.stack).items()]
    table = Table(
        "The software stack, fitted on measured steps",
        ("Fractions are of published figures.",),
        ("parameter", "value", "meaning"), tuple(rows), (), (f"Data: sha256 {found.data_sha256}",),
    )  # fmt: skip
    flat: list[dict[str, Scalar]] = [
        {"parameter": key, "value": value} for key, value in asdict(found.stack).items()
    ]
    return Report(table, flat, (_ttft(found), _training(found), _departures(found)))


def _value(key: str, value: float) -> str:
    return duration(value) if key.endswith("_s") else significant(value, 3)


def _ttft(found: Learnt) -> Section:
    """Returns the parameters of TTFT: what engines add to the prefill time."""
    fits = {key.replace("tpot", "ttft"): asdict(how) for key, (how, _) in found.first.items()}
    cells = tuple(
        (name, *(_value(key, value) for key, value in fit.items())) for name, fit in fits.items()
    )
    flat: list[dict[str, Scalar]] = [{"of": name, **fit} for name, fit in fits.items()]
    return Section("TTFT: what engines add to a prefill", TTFT_COLUMNS, cells, flat, (), "firsts")


def _training(found: Learnt) -> Section:
    """Returns the fitted factors of training on the stack's times, and those of its engines."""
    factors = asdict(found.trainer)
    engines = {
        f"engine {name}": math.exp(log) for name, (log, _) in sorted(factors.pop("known").items())
    }
    named = {TRAINING_FACTORS[key]: value for key, value in factors.items()} | engines
    cells = tuple((name, significant(value, 3)) for name, value in named.items())
    flat: list[dict[str, Scalar]] = [
        {"of": key, "factor": value} for key, value in (factors | engines).items()
    ]
    return Section(
        "Training: factors on the stack's times", TRAINING_COLUMNS, cells, flat, (), "training"
    )


def _departures(found: Learnt) -> Section:
    """Returns how chips depart from the stack's times, one row per part that was fitted."""
    named = {
        **found.parts,
        **{key.replace("tpot", "ttft"): one for key, (_, one) in found.first.items()},
        **{f"product {key}": one for key, (_, one) in found.products.items()},
    }
    cells = tuple(_part(name, one) for name, one in named.items())
    flat: list[dict[str, Scalar]] = [
        {
            "of": name, "chips": len(one.means), "cases": sum(one.counts), "spread": one.spread,
            "within": one.within,
        }
        for name, one in named.items()
    ]  # fmt: skip
    return Section(
        "How chips depart from the stack", DEPARTURE_COLUMNS, cells, flat, (), "departures"
    )


def _part(name: str, one: Departures) -> tuple[str, ...]:
    typical = math.exp(float(np.median(np.abs(one.means)))) - 1
    spreads = (f"{math.exp(each) - 1:.1%}" for each in (one.spread, one.within))
    return name, str(len(one.means)), f"{sum(one.counts):.0f}", f"{typical:.1%}", *spreads


@dataclass(frozen=True)
class LayerTimes:
    """One layer of a model: measured and predicted time.

    Attributes:
        name: model, phase, sizes, format and way of calling.
        measured: the layer with its measured time.
        predicted: predicted time, s.
        low, high: its 95% interval, s.
    """

    name: str
    measured: Layer
    predicted: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """Returns predicted over measured."""
        return self.predicted / self.measured.seconds

    @property
    def inside(self) -> bool:
        """Tells whether the measured time lies within the interval."""
        return self.low <= self.measured.seconds <= self.high


def beside(
    known: Learnt, found: Learnt, record: Record, chip: Facts, models: Mapping[str, Workload]
) -> Report:
    """Returns the measured layers and products of a record beside their predictions.

    Args:
        known: what was learnt without the record: the predictions are made with it.
        found: what was learnt with the record.
        record: the run.
        chip: the chip that it measured.
        models: shapes of models by id; layers of other models are left out.
    """
    rows = list(_layers(known, record, chip, models))
    title = f"{chip.name}: layers measured here and as predicted from its sheet"
    cells = tuple(map(_cells, rows))
    summary = (*_summary(rows, record), *_moved(known, found, chip))
    notes = (f"Record {record.id}",)
    table = Table(title, (HOW,), LAYER_COLUMNS, cells, summary, notes)
    more = [_products(known, found, record, chip, dtype) for dtype in known.products]
    return Report(table, [_flat(one) for one in rows], tuple(one for one in more if one.cells))


def _layers(
    known: Learnt, record: Record, chip: Facts, models: Mapping[str, Workload]
) -> Iterator[LayerTimes]:
    """Yields the layers of a record with their predictions, made without the record."""
    for layer in layers(record):
        if layer.model not in models:
            continue
        model = models[layer.model]
        part = known.parts["tpot-experts" if model.experts else layer.phase]
        means, covariance = part.predicted([chip.labels])
        predicted = layer_s(layer, chip, model, known.stack) * math.exp(float(means[0]))
        factor = math.exp(part.half(float(covariance[0, 0]), COVERAGE_95))
        way = ", graph" if layer.graph else ""
        name = f"{layer.model} {layer.phase} {layer.batch:g} x {layer.length:g} {layer.dtype}{way}"
        yield LayerTimes(name, layer, predicted, predicted / factor, predicted * factor)


def _cells(row: LayerTimes) -> tuple[str, ...]:
    measured = row.measured
    return (
        row.name,
        f"{duration(measured.seconds)} ({duration(measured.low)}–{duration(measured.high)})",
        duration(row.predicted),
        f"{duration(row.low, 2)}–{duration(row.high, 2)}",
        f"{significant(row.ratio, 3)}{'' if row.inside else ', outside'}",
    )


def _flat(row: LayerTimes) -> "dict[str, Scalar]":
    return {
        "layer": row.name, "measured_s": row.measured.seconds, "predicted_s": row.predicted,
        "predicted_s_low_95": row.low, "predicted_s_high_95": row.high, "ratio": row.ratio,
    }  # fmt: skip


def _summary(rows: Sequence[LayerTimes], record: Record) -> Iterator[str]:
    if not rows:
        yield f"Record {record.id} has no layers: run suite=calibrate or suite=llm."
        return
    yield _errors([one.ratio for one in rows])
    yield f"{sum(one.inside for one in rows)} of {len(rows)} lie within their 95% intervals."


def _errors(ratios: Sequence[float] | Array) -> str:
    """Returns mean and median error of predictions; ``ratios`` are predicted over measured."""
    errors = np.abs(np.asarray(ratios) - 1)
    return f"Mean error {errors.mean():.1%}, median {np.median(errors):.1%}, of {len(errors)}."


def _moved(known: Learnt, found: Learnt, chip: Facts) -> Iterator[str]:
    """Yields by how much the record changes the predicted times of this chip."""
    changes = [
        f"{name} {_expected(found, chip, name) / _expected(known, chip, name) - 1:+.1%}"
        for name in found.measured.get(chip.chip, ())
        if name in found.parts
    ]
    if changes:
        yield f"With this record, predicted times of this chip change: {', '.join(changes)}."
    yield "What other engines add, and their scatter, stays: intervals of serving hardly narrow."


def _expected(known: Learnt, chip: Facts, name: str) -> float:
    """Returns the chip's expected time over the stack's in one part."""
    return math.exp(float(known.parts[name].predicted([chip.labels])[0][0]))


def _products(known: Learnt, found: Learnt, record: Record, chip: Facts, dtype: str) -> Section:
    """Returns the measured products of one format beside their predictions.

    The table has no rows where the record has no such products, or the sheet too few figures.
    """
    sizes, times = products(record, dtype)
    title = f"{dtype} products"
    own_fit = found.own.get(chip.chip, {}).get(dtype)
    if not times or dtype not in chip.peaks or chip.bandwidth is None:
        return Section(title, PRODUCT_COLUMNS, (), [], (), f"products_{dtype}")
    how, departures = known.products[dtype]
    shaped, measured = shapes(sizes, chip, dtype), np.array(times)
    shift = math.exp(float(departures.predicted([chip.labels])[0][0]))
    ratios = seconds(shaped, how) * shift / measured
    own_ratios = own_fit.seconds(shaped)[0] / measured if own_fit else np.full(len(times), np.nan)
    cells = tuple(
        (
            " x ".join(f"{one:g}" for one in size), duration(time), duration(time * ratio),
            significant(ratio, 3), significant(own_ratio, 3) if own_fit else "–",
        )
        for size, time, ratio, own_ratio in zip(sizes, times, ratios, own_ratios, strict=True)
    )  # fmt: skip
    flat: list[dict[str, Scalar]] = [
        {"m": m, "n": n, "k": k, "measured_s": time, "ratio": float(ratio)}
        for (m, n, k), time, ratio in zip(sizes, times, ratios, strict=True)
    ]
    return Section(title, PRODUCT_COLUMNS, cells, flat, (_errors(ratios),), f"products_{dtype}")
