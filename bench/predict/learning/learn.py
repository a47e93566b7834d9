"""What all measured times say of software and of chips: fitted once, kept as a file of results.

``results/fitted.json`` is made by ``calibrate`` of the tables and sheets and carries their hash, so
that a prediction needs no fit; a test holds it to the data.
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
from bench.loaded import once
from bench.predict.learning import ttft
from bench.predict.learning.experts import fixed
from bench.predict.learning.fit import Case, cases, departures, fit
from bench.predict.learning.others import Others
from bench.predict.learning.pooled import LEVELS, Departures, pooled
from bench.predict.learning.product import Products
from bench.predict.learning.productfit import Measured, Prior, learnt, measured, prior
from bench.predict.learning.refined import OwnProducts
from bench.predict.learning.served import same_work, served
from bench.predict.learning.tables import Row, Table, decoding
from bench.predict.learning.trained import TRAIN, TRAIN_EXPERTS, of_training, runs
from bench.predict.learning.ttft import Ttft
from bench.predict.model.facts import Facts
from bench.predict.model.operators import Array
from bench.predict.model.stack import Stack
from bench.predict.model.training import Trainer
from bench.workloads.model import Workload

FILE = "fitted.json"
STEPS, SERVING = "step-pipeweave", "serving-inferencex"
LAYERS = "grouped-aiconfigurator"
"""Of routed experts alone."""
PRODUCTS = {"bf16": ("gemm-aiconfigurator", "vllm"), "fp8": ("gemm-aiconfigurator", "trtllm")}
"""By format, the table and the kind of software whose products speak for it."""
PHASES = ("prefill", "decode")
DENSE, EXPERTS = "tpot", "tpot-experts"


@dataclass(frozen=True)
class Learnt:
    """Everything that was fitted.

    Attributes:
        stack: of steps.
        trainer: of training, beside it.
        parts: how chips depart from it, by what was measured: ``prefill`` and ``decode`` steps,
            ``tpot`` of serving and ``train`` of training, either with ``-experts`` of models that
            have them.
        products: by number format, of single matrix products.
        priors: by format, how far one chip's products are from them.
        data_sha256: of the tables and of what the sheets say.
        own: by chip and format, its own products.
        measured: by chip, the parts and formats of products that its own record told.
        records: hashes of such records, by their ids.
        first: by part of serving, the time to the first token.
        others: the same, what became of it with other groups on chips of fitted vendors; of
            reported values, which the hash leaves out.
        ports: the same with their chips of any vendor.
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
    others: Mapping[str, Others] = field(default_factory=dict)
    ports: Mapping[str, Others] = field(default_factory=dict)
    trainer: Trainer = field(default_factory=Trainer)


ADAPTER = TypeAdapter(Learnt)


def learn(
    chips: Mapping[str, Facts], models: Mapping[str, Workload], data: Mapping[str, Table]
) -> Learnt:
    """Returns what the tables say."""
    found = cases(data[STEPS].rows, chips, models)
    stack = fit(found, fixed(data[LAYERS].rows, chips))
    rows = decoding(data[SERVING].rows)
    steps = of_steps(found, stack)
    trainer, trained = of_training(runs(training_rows(data), chips, models), models, stack)
    parts = {**steps, **of_serving(rows, chips, models, stack, steps), **trained}
    timed = {dtype: _products(data, chips, dtype) for dtype in PRODUCTS}
    products = {dtype: learnt(known, Products()) for dtype, known in timed.items()}
    priors = {dtype: prior(known, products[dtype][0]) for dtype, known in timed.items()}
    first = of_first(data[SERVING].rows, chips, models, stack)
    known = Learnt(stack, parts, products, priors, first, digest(chips, data))
    return replace(known, trainer=trainer)


def training_rows(data: Mapping[str, Table]) -> list[Row]:
    """Returns every measured run of training."""
    return [row for one in data.values() if one.told.kind == "training" for row in one.rows]


def _products(data: Mapping[str, Table], chips: Mapping[str, Facts], dtype: str) -> Measured:
    table, software = PRODUCTS[dtype]
    rows = [one for one in data[table].rows if one.words["stack"].startswith(software)]
    return measured(rows, chips, dtype)


def of_steps(found: Sequence[Case], stack: Stack) -> dict[str, Departures]:
    """Returns how chips depart from the stack in prefill and decode steps."""
    logs = departures(found, stack)
    parts = {}
    for phase in PHASES:
        own = [
            (one, float(log)) for one, log in zip(found, logs, strict=True) if one.phase == phase
        ]
        same = [(one.row.words["lengths"], one.row["tp"], one.row.words["model"]) for one, _ in own]
        parts[phase] = pooled([one.facts.labels for one, _ in own], [log for _, log in own], same)
    return parts


def of_serving(
    rows: Sequence[Row],
    chips: Mapping[str, Facts],
    models: Mapping[str, Workload],
    stack: Stack,
    steps: Mapping[str, Departures],
) -> dict[str, Departures]:
    """Returns how chips depart from the stack in TPOT, models with experts apart.

    Where nothing was served on two chips, how far a case on one lies from the same on another is
    taken from steps of decoding.

    Args:
        rows: of serving.
        chips: the facts of every chip.
        models: every workload.
        stack: of the software.
        steps: what ``of_steps`` returns.
    """
    told = served(rows, chips, models, stack)
    parts = {}
    for name in (DENSE, EXPERTS):
        own = [
            (row, one)
            for row, one in zip(rows, told, strict=True)
            if (models[row.words["model"]].experts is not None) == (name == EXPERTS)
            and np.isfinite(one)
        ]
        logs = [float(np.log(row["tpot_ms"] * 1e-3 / one)) for row, one in own]
        same = [same_work(row) for row, _ in own]
        labels = [chips[row.chip].labels for row, _ in own]
        parts[name] = pooled(labels, logs, same, otherwise=steps["decode"].apart)
    return parts


def of_first(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload], stack: Stack
) -> dict[str, tuple[Ttft, Departures]]:
    """Returns what engines make of prefills until a first token, models with experts apart."""
    found = {}
    for name, own, prefills in first_rows(rows, chips, models, stack):
        how = ttft.fit(own, prefills)
        logs = [float(one) for one in ttft.departures(own, prefills, how)]
        same = [same_work(row) for row in own]
        found[name] = how, pooled([chips[row.chip].labels for row in own], logs, same)
    return found


def first_rows(
    rows: Iterable[Row], chips: Mapping[str, Facts], models: Mapping[str, Workload], stack: Stack
) -> Iterator[tuple[str, list[Row], Array]]:
    """Yields a part's name, its rows of light load, and the prefill predicted of each in s."""
    for name in (DENSE, EXPERTS):
        own = [
            row
            for row in ttft.light(rows)
            if (models[row.words["model"]].experts is not None) == (name == EXPERTS)
        ]
        told = served(own, chips, models, stack, what="ttft")
        kept = np.isfinite(told)
        yield name, [row for row, one in zip(own, kept, strict=True) if one], told[kept]


def digest(chips: Mapping[str, Facts], data: Mapping[str, Table]) -> str:
    """Returns the hash of what is fitted: rows of the tables, and the sheets of their chips."""
    rows = {
        name: [[*sorted(row.words.items()), *sorted(row.numbers.items())] for row in table.rows]
        for name, table in sorted(data.items())
    }
    used = sorted({row.chip for table in data.values() for row in table.rows} & set(chips))
    sheets = {one: TypeAdapter(Facts).dump_python(chips[one]) for one in used}
    text = json.dumps([rows, sheets], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def written(found: Learnt) -> str:
    """Returns what was learnt as the text of its file."""
    return json.dumps(_rounded(ADAPTER.dump_python(found, mode="json")), indent=1) + "\n"


def _rounded(node: object) -> object:
    """Returns a tree with numbers of six digits: one machine's last bits are not another's."""
    if isinstance(node, float):
        return float(f"{node:.6g}")
    if isinstance(node, dict):
        return {key: _rounded(one) for key, one in node.items()}
    return [_rounded(one) for one in node] if isinstance(node, list) else node


@once
def load(path: Path | None = None) -> Learnt:
    """Reads what was learnt (default: the shipped file).

    Raises:
        UsageError: there is no such file, or it is none of ours.
    """
    place = path or paths.data_dir("results") / FILE
    told = "is no calibration, or one of an older program"
    try:
        found = ADAPTER.validate_json(place.read_text("utf-8"))
        if _is_sound(found):
            return found
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        told = getattr(error, "strerror", None) or told
    raise UsageError(f"calibration={place}: {told}: make it with calibrate record= out=")


def _is_sound(found: Learnt) -> bool:
    """Tells whether every number is one, and every chip of a fit has each of its numbers."""
    waiting: list[object] = [ADAPTER.dump_python(found, mode="python")]
    while waiting:
        one = waiting.pop()
        if isinstance(one, float) and not math.isfinite(one):
            return False
        waiting += one.values() if isinstance(one, dict) else ()
        waiting += one if isinstance(one, list | tuple) else ()
    serving = {DENSE, EXPERTS}
    if (
        not {*PHASES, *serving, TRAIN, TRAIN_EXPERTS} <= found.parts.keys()
        or not serving <= found.first.keys()
    ):
        return False
    pairs = (*found.products.values(), *found.first.values())
    fits = [*found.parts.values(), *(one for _, one in pairs)]
    return all(
        len(one.labels) == len(one.means) == len(one.counts) == len(one.weights)
        and min((*one.counts, *one.weights, one.heavy)) > 0 <= one.spread
        and len(one.tails) == len(one.apart.tails) == len(LEVELS)
        for one in fits
    )


def chosen(word: str | None) -> Learnt:
    """Returns the shipped fit, or the calibration in a file.

    Raises:
        UsageError: there is no such file, or it is none of ours.
    """
    return load(Path(word)) if word else load()
