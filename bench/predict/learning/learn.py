"""Everything that is fitted on measured times, for software and for chips, kept as a file.

``calibrate`` makes ``results/fitted.json`` from the tables and sheets and stores their hash in it,
so that a prediction requires no fit. A test checks the file against the data.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from bench import paths
from bench.errors import UsageError
from bench.files.caches import once
from bench.predict.learning import ranges, ttft
from bench.predict.learning.experts import experts_stack
from bench.predict.learning.fit import Case, cases, departures, fit
from bench.predict.learning.othergroups import OtherGroups
from bench.predict.learning.ownproducts import OwnProducts
from bench.predict.learning.pooling import COVERAGES, Departures, pooled
from bench.predict.learning.product import Products
from bench.predict.learning.productfit import Measured, Prior, fit_all_chips, measured, prior
from bench.predict.learning.servingrows import same_work, served
from bench.predict.learning.tables import Row, Table, decoding
from bench.predict.learning.trainingruns import TRAIN, TRAIN_EXPERTS, part, runs, training_fit
from bench.predict.learning.ttft import Ttft
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import Stack
from bench.predict.model.training import Trainer
from bench.workloads.model import Workload

FILE = "fitted.json"
STEP_TABLE, SERVING = "step-pipeweave", "serving-inferencex"
"""Tables of steps and of serving that are fitted on."""
UNFITTED = "disaggregated"
"""Kind of the tables that nothing is fitted on."""
LAYERS = "grouped-aiconfigurator"
"""Table of the routed experts of single layers."""
PRODUCTS = {"bf16": ("gemm-aiconfigurator", "vllm"), "fp8": ("gemm-aiconfigurator", "trtllm")}
"""Table and software of the matrix products that are fitted on, by number format."""
STEP_PHASES = ("prefill", "decode")
DENSE, EXPERTS = "tpot", "tpot-experts"
"""Parts of the fit for serving: dense models, and models with experts."""


@dataclass(frozen=True)
class Learnt:
    """Everything that was fitted.

    Attributes:
        stack: software stack, fitted on steps.
        parts: departures of chips from the stack, by what was measured: ``prefill`` and ``decode``
            steps, ``tpot`` in serving and ``train`` in training; the last two also with
            ``-experts``, for models with experts.
        products: formula of single matrix products and departures from it, by number format.
        priors: how far one chip's products lie from that formula, by format.
        data_sha256: hash of the tables and of the sheets that were used.
        own: formula fitted on a chip's own products, by chip and format.
        measured: parts, and formats of products, that a chip's own record changed, by chip.
        records: hashes of such records, by record id.
        first: model of TTFT and departures from it, by part of serving.
        others: how other groups' serving and training compare with predictions on chips of fitted
            vendors, by part. They rest on reported values, which the hash leaves out.
        ports: the same on chips of any vendor.
        trainer: factors of training on the stack's times.
        sizes: the sizes that each part was fitted on.
    """

    stack: Stack
    parts: Mapping[str, Departures]
    products: Mapping[str, tuple[Products, Departures]]
    priors: Mapping[str, Prior]
    first: Mapping[str, tuple[Ttft, Departures]]
    data_sha256: str
    own: Mapping[str, Mapping[str, OwnProducts]] = field(default_factory=dict)
    measured: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, OtherGroups] = field(default_factory=dict)
    ports: Mapping[str, OtherGroups] = field(default_factory=dict)
    trainer: Trainer = field(default_factory=Trainer)
    sizes: ranges.Ranges = field(default_factory=dict)


ADAPTER = TypeAdapter(Learnt)
TEXTS = {"name", "aliases", "sources", "note"}
"""Fields of a workload that no prediction depends on."""


def learn(
    chips: Mapping[str, Facts], models: Mapping[str, Workload], data: Mapping[str, Table]
) -> Learnt:
    """Returns everything that is fitted on the tables."""
    steps = cases(data[STEP_TABLE].rows, chips, models)
    stack = fit(steps, experts_stack(data[LAYERS].rows, chips))
    rows = decoding(data[SERVING].rows)
    step_parts = step_departures(steps, stack)
    training = runs(training_rows(data), chips, models)
    trainer, trained = training_fit(training, models, stack)
    parts = {**step_parts, **tpot_departures(rows, chips, models, stack, step_parts), **trained}
    timed = {dtype: _products(data, chips, dtype) for dtype in PRODUCTS}
    products = {dtype: fit_all_chips(known, Products()) for dtype, known in timed.items()}
    priors = {dtype: prior(known, products[dtype][0]) for dtype, known in timed.items()}
    first = ttft_fits(data[SERVING].rows, chips, models, stack)
    known = Learnt(stack, parts, products, priors, first, digest(chips, models, data))
    sizes = {
        **ranges.of_steps(steps),
        **ranges.of_serving(rows, lambda row: serving_part(row, models)),
        **ranges.of_training([one.row for one in training], lambda row: part(row, models)),
    }
    return replace(known, trainer=trainer, sizes=sizes)


def training_rows(data: Mapping[str, Table]) -> list[Row]:
    """Returns every measured training run of the tables."""
    return [row for one in data.values() if one.head.kind == "training" for row in one.rows]


def _products(data: Mapping[str, Table], chips: Mapping[str, Facts], dtype: str) -> Measured:
    """Returns the measured products of one format that are fitted on."""
    table, software = PRODUCTS[dtype]
    rows = [row for row in data[table].rows if row.words["stack"].startswith(software)]
    return measured(rows, chips, dtype)


def step_departures(steps: Sequence[Case], stack: Stack) -> dict[str, Departures]:
    """Returns the departures of chips from the stack in prefill and decode steps, by phase."""
    logs = departures(steps, stack)
    parts = {}
    for phase in STEP_PHASES:
        kept = [
            (case, float(log)) for case, log in zip(steps, logs, strict=True) if case.phase == phase
        ]
        labels = [case.facts.labels for case, _ in kept]
        rows = [case.row for case, _ in kept]
        same = [(row.words["lengths"], row["tp"], row.words["model"]) for row in rows]
        parts[phase] = pooled(labels, [log for _, log in kept], same)
    return parts


def tpot_departures(
    rows: Sequence[Row],
    chips: Mapping[str, Facts],
    models: Mapping[str, Workload],
    stack: Stack,
    steps: Mapping[str, Departures],
) -> dict[str, Departures]:
    """Returns the departures of chips from the stack in TPOT, by part of serving.

    If nothing was served on two chips, the scatter of the same case between chips is taken from
    decode steps.

    Args:
        rows: rows of serving.
        chips: facts of every chip, by id.
        models: every workload, by id.
        stack: fitted software stack.
        steps: result of ``step_departures``.
    """
    predicted = served(rows, chips, models, stack)
    parts = {}
    for name in (DENSE, EXPERTS):
        kept = [
            (row, seconds)
            for row, seconds in zip(rows, predicted, strict=True)
            if serving_part(row, models) == name and np.isfinite(seconds)
        ]
        logs = [float(np.log(row["tpot_ms"] * 1e-3 / seconds)) for row, seconds in kept]
        same = [same_work(row) for row, _ in kept]
        labels = [chips[row.chip].labels for row, _ in kept]
        parts[name] = pooled(labels, logs, same, otherwise=steps["decode"].apart)
    return parts


def serving_part(row: Row, models: Mapping[str, Workload]) -> str:
    """Returns the part of the fit that a row of serving belongs to: ``DENSE`` or ``EXPERTS``."""
    return EXPERTS if models[row.words["model"]].experts is not None else DENSE


def ttft_fits(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload], stack: Stack
) -> dict[str, tuple[Ttft, Departures]]:
    """Returns the model of TTFT and the departures of chips from it, by part of serving."""
    found = {}
    for name, kept, prefills in ttft_rows(rows, chips, models, stack):
        model = ttft.fit(kept, prefills)
        alone = ttft.EXPERTS_ALONE if name == EXPERTS else (ttft.ALONE_S, model.prefill)
        model = replace(model, alone_s=alone[0], alone_prefill=alone[1])
        logs = [float(log) for log in ttft.departures(kept, prefills, model)]
        same = [same_work(row) for row in kept]
        labels = [chips[row.chip].labels for row in kept]
        engines = [row.words["stack"] for row in kept]
        found[name] = model, pooled(labels, logs, same, groups=engines)
    return found


def ttft_rows(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload], stack: Stack
) -> Iterator[tuple[str, list[Row], Array]]:
    """Yields a part's name, its rows under light load, and the predicted prefill of each in s."""
    for name in (DENSE, EXPERTS):
        light = [row for row in ttft.light(rows) if serving_part(row, models) == name]
        seconds = served(light, chips, models, stack, what="ttft")
        usable = np.isfinite(seconds)
        yield name, [row for row, one in zip(light, usable, strict=True) if one], seconds[usable]


def digest(
    chips: Mapping[str, Facts], models: Mapping[str, Workload], data: Mapping[str, Table]
) -> str:
    """Returns the hash of what is fitted on: the tables' rows, and their chips and models."""
    fitted = {name: one for name, one in sorted(data.items()) if one.head.kind != UNFITTED}
    rows = {
        name: [[*sorted(row.words.items()), *sorted(row.numbers.items())] for row in table.rows]
        for name, table in fitted.items()
    }
    used = sorted({row.chip for table in fitted.values() for row in table.rows} & set(chips))
    sheets = {chip: TypeAdapter(Facts).dump_python(chips[chip]) for chip in used}
    names = {row.words.get("model", "") for table in fitted.values() for row in table.rows}
    shapes = {name: models[name].model_dump(exclude=TEXTS) for name in sorted(names & set(models))}
    text = json.dumps([rows, sheets, shapes], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def written(fitted: Learnt) -> str:
    """Returns the fit as the text of its file."""
    return json.dumps(_rounded(ADAPTER.dump_python(fitted, mode="json")), indent=1) + "\n"


def _rounded(node: object) -> object:
    """Returns a tree with its numbers rounded to six digits, as the last bits differ by machine."""
    if isinstance(node, float):
        return float(f"{node:.6g}")
    if isinstance(node, dict):
        return {key: _rounded(one) for key, one in node.items()}
    return [_rounded(one) for one in node] if isinstance(node, list) else node


@once
def load(path: Path | None = None) -> Learnt:
    """Reads a fit from its file (default: the shipped one).

    Raises:
        UsageError: the file cannot be read, or is not a fit by this version of the program.
    """
    place = path or paths.data_dir("results") / FILE
    problem = "is no calibration, or one of an older program"
    try:
        fitted = ADAPTER.validate_json(place.read_text("utf-8"))
        if _is_sound(fitted):
            return fitted
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        problem = getattr(error, "strerror", None) or problem
    raise UsageError(f"calibration={place}: {problem}: make it with calibrate record= out=")


def _is_sound(fitted: Learnt) -> bool:
    """Tells whether all numbers are finite, no part is missing, and all departures are complete."""
    serving = {DENSE, EXPERTS}
    complete = {*STEP_PHASES, *serving, TRAIN, TRAIN_EXPERTS} <= fitted.parts.keys()
    if not (_is_finite(fitted) and complete and serving <= fitted.first.keys()):
        return False
    pairs = (*fitted.products.values(), *fitted.first.values())
    return all(map(_is_complete, [*fitted.parts.values(), *(part for _, part in pairs)]))


def _is_finite(fitted: Learnt) -> bool:
    """Tells whether every number of a fit is finite."""
    waiting: list[object] = [ADAPTER.dump_python(fitted, mode="python")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, float) and not math.isfinite(node):
            return False
        waiting += node.values() if isinstance(node, dict) else ()
        waiting += node if isinstance(node, list | tuple) else ()
    return True


def _is_complete(part: Departures) -> bool:
    """Tells whether departures have every number of every chip, in its range."""
    return (
        len(part.labels) == len(part.means) == len(part.counts) == len(part.weights)
        and min((*part.counts, *part.weights, part.heavy)) > 0 <= part.spread
        and len(part.tails) == len(part.apart.tails) == len(COVERAGES)
    )


def chosen(word: str | None) -> Learnt:
    """Returns the fit in the file named ``word``, or the shipped one.

    Raises:
        UsageError: the file cannot be read, or is not a fit by this version of the program.
    """
    return load(Path(word)) if word else load()
