"""What was fitted, and a record's layers and products beside what was predicted of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.predict.learning.learn import Learnt
from bench.predict.learning.own import Layer, layer_s, layers, products
from bench.predict.learning.pooled import LEVELS, Departures
from bench.predict.learning.product import seconds, shapes
from bench.predict.model.facts import Facts
from bench.records.model import Record
from bench.report.duration import duration
from bench.report.markup import Report
from bench.report.table import Section, Table
from bench.units import significant
from bench.workloads.model import Workload

if TYPE_CHECKING:
    from bench.report.scalar import Scalar

COLUMNS = ("layer", "measured (95%)", "predicted", "predicted 95%", "predicted / measured")
PRODUCT = (
    "product, m x n x k", "measured", "predicted", "predicted / measured", "own fit / measured",
)  # fmt: skip
HOW = (
    "Predicted from the sheet and from what others measured, without this record; layers replayed "
    "as graphs without the launches between them."
)
MEANS = {
    "product": "fraction of the matrix rate reached at 1 TFLOP/s per watt",
    "headroom": "its fall with each doubling of TFLOP/s per watt",
    "attention": "attention's share of that in prefill; fixed",
    "stream": "fraction of memory bandwidth reached by weights and activations",
    "cache": "the same for the key-value cache",
    "ecc": "whether ECC traffic of the memory counts: 1 yes, 0 (on paper) no; fixed",
    "overlap": "exponent of the soft maximum of compute and memory; 1 adds them up",
    "rows": "rows that a product is padded to; fixed",
    "experts_rows": "rows of a tile, of which a routed expert fills one or more; fixed",
    "experts_overlap": "overlap of routed experts, from layers of experts only",
    "layer_s": "fixed time per dense layer at 1.92 GHz; other layers scale with their kernels",
    "experts_s": "the same for a layer's routed experts, from layers of experts only",
    "message_s": "time to start a collective",
    "network_s": "the same beyond it over several nodes; fixed",
    "link": "fraction of link bandwidth reached by long messages; fixed",
    "link_small": "the same for short messages; fixed",
}
FIRSTS = ("of", "fixed time", "times the prefill", "share of one per other request")
FACTORS = ("of", "factor")
TRAINED = {
    "product": "products, forward and backward",
    "experts": "products of routed experts",
    "attention": "attention",
    "stream": "norms, activations, casts",
    "link": "collectives in a layer",
    "fixed": "gaps between kernels",
    "slowest": "log growth of a step with each doubling of the chips beyond eight",
    "middle": "log by which the middle engine is slower",
    "engines": "log spread of engines around it",
}
PARTS = ("of", "chips", "cases", "typical departure", "spread of chips", "spread of cases")


def fitted(found: Learnt) -> Report:
    """Returns the stack's parameters and what is known of chips' departures."""
    rows = [(key, _value(key, value), MEANS[key]) for key, value in asdict(found.stack).items()]
    table = Table(
        "The software stack, fitted on measured steps",
        ("Fractions are of published figures.",),
        ("parameter", "value", "meaning"), tuple(rows), (), (f"Data: sha256 {found.data_sha256}",),
    )  # fmt: skip
    flat: list[dict[str, Scalar]] = [
        {"parameter": key, "value": value} for key, value in asdict(found.stack).items()
    ]
    return Report(table, flat, (_firsts(found), _trained(found), _departures(found)))


def _value(key: str, value: float) -> str:
    return duration(value) if key.endswith("_s") else significant(value, 3)


def _firsts(found: Learnt) -> Section:
    """Returns what engines make of a prefill before the first token."""
    told = {key.replace("tpot", "ttft"): asdict(how) for key, (how, _) in found.first.items()}
    cells = tuple(
        (name, *(_value(key, value) for key, value in one.items())) for name, one in told.items()
    )
    flat: list[dict[str, Scalar]] = [{"of": name, **one} for name, one in told.items()]
    return Section("TTFT: what engines add to a prefill", FIRSTS, cells, flat, (), "firsts")


def _trained(found: Learnt) -> Section:
    """Returns what training makes of the times of steps."""
    told = asdict(found.trainer)
    engines = {
        f"engine {name}": math.exp(log) for name, (log, _) in sorted(told.pop("known").items())
    }
    named = {TRAINED[key]: value for key, value in told.items()} | engines
    cells = tuple((name, significant(value, 3)) for name, value in named.items())
    flat: list[dict[str, Scalar]] = [
        {"of": key, "factor": value} for key, value in (told | engines).items()
    ]
    return Section("Training: factors on the stack's times", FACTORS, cells, flat, (), "training")


def _departures(found: Learnt) -> Section:
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
    return Section("How chips depart from the stack", PARTS, cells, flat, (), "departures")


def _part(name: str, one: Departures) -> tuple[str, ...]:
    typical = math.exp(float(np.median(np.abs(one.means)))) - 1
    spreads = (f"{math.exp(each) - 1:.1%}" for each in (one.spread, one.within))
    return name, str(len(one.means)), f"{sum(one.counts):.0f}", f"{typical:.1%}", *spreads


@dataclass(frozen=True)
class Row:
    """One layer: its name, what was measured, and the prediction with its 95% interval, in s."""

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
    """Returns a record's layers and products beside what was predicted without it."""
    rows = list(_layers(known, record, chip, models))
    title = f"{chip.name}: layers measured here and as predicted from its sheet"
    cells = tuple(map(_cells, rows))
    summary = (*_summary(rows, record), *_moved(known, found, chip))
    notes = (f"Record {record.id}",)
    table = Table(title, (HOW,), COLUMNS, cells, summary, notes)
    more = [_products(known, found, record, chip, dtype) for dtype in known.products]
    return Report(table, [_flat(one) for one in rows], tuple(one for one in more if one.cells))


def _layers(
    known: Learnt, record: Record, chip: Facts, models: Mapping[str, Workload]
) -> Iterator[Row]:
    for one in layers(record):
        if one.model not in models:
            continue
        model = models[one.model]
        part = known.parts["tpot-experts" if model.experts else one.phase]
        means, covariance = part.predicted([chip.labels])
        told = layer_s(one, chip, model, known.stack) * math.exp(float(means[0]))
        by = math.exp(part.half(float(covariance[0, 0]), LEVELS[-1]))
        way = ", graph" if one.graph else ""
        name = f"{one.model} {one.phase} {one.batch:g} x {one.length:g} {one.dtype}{way}"
        yield Row(name, one, told, told / by, told * by)


def _cells(one: Row) -> tuple[str, ...]:
    own = one.measured
    return (
        one.name,
        f"{duration(own.seconds)} ({duration(own.low)}–{duration(own.high)})",
        duration(one.predicted),
        f"{duration(one.low, 2)}–{duration(one.high, 2)}",
        f"{significant(one.ratio, 3)}{'' if one.inside else ', outside'}",
    )


def _flat(one: Row) -> "dict[str, Scalar]":
    return {
        "layer": one.name, "measured_s": one.measured.seconds, "predicted_s": one.predicted,
        "predicted_s_low_95": one.low, "predicted_s_high_95": one.high, "ratio": one.ratio,
    }  # fmt: skip


def _summary(rows: Sequence[Row], record: Record) -> Iterator[str]:
    if not rows:
        yield f"Record {record.id} has no layers: run suite=calibrate or suite=llm."
        return
    errors = [abs(one.ratio - 1) for one in rows]
    yield f"Mean error {np.mean(errors):.1%}, median {np.median(errors):.1%}, of {len(rows)}."
    yield f"{sum(one.inside for one in rows)} of {len(rows)} lie within their 95% intervals."


def _moved(known: Learnt, found: Learnt, chip: Facts) -> Iterator[str]:
    """Yields what the record taught: by how much times of this chip are predicted anew."""
    told = [
        f"{name} {_expected(found, chip, name) / _expected(known, chip, name) - 1:+.1%}"
        for name in found.measured.get(chip.chip, ())
        if name in found.parts
    ]
    if told:
        yield f"With this record, predicted times of this chip change: {', '.join(told)}."
    yield "What other engines add, and their scatter, stays: intervals of serving hardly narrow."


def _expected(known: Learnt, chip: Facts, name: str) -> float:
    return math.exp(float(known.parts[name].predicted([chip.labels])[0][0]))


def _products(known: Learnt, found: Learnt, record: Record, chip: Facts, dtype: str) -> Section:
    sizes, times = products(record, dtype)
    title = f"{dtype} products"
    own = found.own.get(chip.chip, {}).get(dtype)
    if not times or dtype not in chip.peaks or chip.bandwidth is None:
        return Section(title, PRODUCT, (), [], (), f"products_{dtype}")
    how, departures = known.products[dtype]
    made, measured = shapes(sizes, chip, dtype), np.array(times)
    shift = math.exp(float(departures.predicted([chip.labels])[0][0]))
    ratios = seconds(made, how) * shift / measured
    fit = own.seconds(made)[0] / measured if own else np.full(len(times), np.nan)
    cells = tuple(
        (
            " x ".join(f"{one:g}" for one in size), duration(time), duration(time * ratio),
            significant(ratio, 3), significant(mine, 3) if own else "–",
        )
        for size, time, ratio, mine in zip(sizes, times, ratios, fit, strict=True)
    )  # fmt: skip
    flat: list[dict[str, Scalar]] = [
        {"m": m, "n": n, "k": k, "measured_s": time, "ratio": float(ratio)}
        for (m, n, k), time, ratio in zip(sizes, times, ratios, strict=True)
    ]
    errors = np.abs(ratios - 1)
    line = f"Mean error {errors.mean():.1%}, median {np.median(errors):.1%}, of {len(times)}."
    return Section(title, PRODUCT, cells, flat, (line,), f"products_{dtype}")
