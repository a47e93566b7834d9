"""The whole validation: every part with its cases and targets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np

from bench.predict.learning.figures import FAMILIES
from bench.predict.learning.learn import DENSE, EXPERTS, PRODUCTS, learn, serving_part
from bench.predict.learning.productfit import Measured, measured
from bench.predict.learning.world import World
from bench.predict.validation.bars import (
    BARS,
    CHIP,
    FAMILY,
    GROUP_OUT,
    REPORTED,
    SHAPES,
    SOURCE,
    TWO,
    UNSEEN,
    VENDOR,
)
from bench.predict.validation.disaggregated import FIRST as DISAGGREGATED_FIRST
from bench.predict.validation.disaggregated import disaggregated_parts
from bench.predict.validation.errorfile import RATIO, SIDES, WAYS
from bench.predict.validation.errors import FITTED, Bar, Outcome, Part
from bench.predict.validation.figures import figures_left_out
from bench.predict.validation.kernels import left_out, other_sources
from bench.predict.validation.pairs import (
    frozen_ratios,
    product_ratios,
    serving_ratios,
    step_ratios,
)
from bench.predict.validation.reportedserving import left_out as unserved
from bench.predict.validation.reportedserving import reported_ratios, reported_serving, set_on
from bench.predict.validation.serving import NOTE as ABROAD
from bench.predict.validation.serving import frozen, serving, unfitted_vendors
from bench.predict.validation.steps import WHOLE, calibrated, predicted, products, steps
from bench.predict.validation.training import NAMES as TRAINING
from bench.predict.validation.training import notes, reported_note, reported_training, training
from bench.predict.validation.training import training_ratios as trained_ratios
from bench.predict.validation.ttft import FIRST, first_parts
from bench.predict.validation.ways import NOTE as CHOSEN
from bench.predict.validation.ways import choices

SHORT = "calibrate"
"""The suite whose records stand for a short calibration run on a chip."""
NAMES = {
    "prefill": "prefill step", "decode": "decode step", WHOLE: WHOLE,
    DENSE: "serving TPOT, dense", EXPERTS: "serving TPOT, experts",
}  # fmt: skip
"""Names of the validation's parts, by part of the fit."""
TABLES = (
    ("bf16", "vllm", "gemm-aiconfigurator"), ("bf16", "trtllm", "gemm-aiconfigurator"),
    ("fp8", "trtllm", "gemm-aiconfigurator"), ("fp8", "vllm", "gemm-aiconfigurator"),
    ("fp8", "pipeweave", "gemm-pipeweave"),
)  # fmt: skip
"""Products that are predicted chip by chip: number format, software and table."""
OTHER_SOURCES = (
    ("bf16", "trtllm", "gemm-aiconfigurator"), ("fp8", "pipeweave", "gemm-pipeweave"),
    ("fp8", "DeepGEMM", "gemm-infersim"),
)  # fmt: skip
"""Products that are predicted from another source or software, that of ``learn.PRODUCTS``."""
CUBLAS = ("trtllm",)
"""Software among them with kernels of the same library as ``learn.PRODUCTS``."""
SOFTWARE = "fitted on other software on the same chips: tests software more than sheets"
GROUP = "a group is one person, team or company that measured"
SIBLINGS = "all chips of its design are left out, such as H100, H200, H800 and H20 together"
REPORTED_NOTE = (
    "time per token from rates, TPOT or decode steps that single groups reported, on any engine, "
    "each predicted with the slowdown that other groups measured on chips of fitted vendors; on "
    "chips of other vendors, with that on any chips; {} runs over several nodes are left out, "
    "because the start-up time of a network was set on them"
)
KINDS = {DENSE: "dense", EXPERTS: "experts"}
"""Kinds of models, by part of the fit."""
PAIRED = "chips of one vendor that one group measured alike; the scatter leaves out the group"
QUANTISED = (
    "; predicted without activation quantisation, which the fitted times include, and without the "
    "family-specific code of the fitted library"
)


def validated(world: World, keys: Sequence[str] | None = None) -> list[Part]:
    """Returns every part, or at least those with some keys: only their makers are run."""
    makers = [
        make for names, make in MAKERS if keys is None or any(one.startswith(names) for one in keys)
    ]
    return [part for make in makers for part in make(world)]


def _part(name: str, split: str, cases: Sequence[Outcome], note: str = "") -> Part:
    return Part(name, split, tuple(cases), BARS.get((name, split), Bar()), note)


def _rows(world: World, dtype: str, software: str, table: str) -> Measured:
    rows = [one for one in world.data[table].rows if one.words["stack"].startswith(software)]
    return measured(rows, dict(world.chips), dtype)


def _products(world: World) -> Iterator[Part]:
    """Yields products with a chip left out, and with a vendor left out."""
    for dtype, software, table in TABLES:
        known = _rows(world, dtype, software, table)
        yield _part(f"product {dtype}, {software}", CHIP, products(known, lambda one: one.chip))
        cases = products(known, lambda one: one.vendor)
        if cases:
            note = "other vendors' chips; the reverse would fit on fewer than three chips"
            yield _part(f"product {dtype}, {software}", VENDOR, cases, note)


def _products_of_other_sources(world: World) -> Iterator[Part]:
    """Yields products of other sources than those of the fit."""
    for dtype, software, table in OTHER_SOURCES:
        other, known = _rows(world, dtype, software, table), _known(world, dtype)
        other = other if software in CUBLAS else without_family(other)
        note = SOFTWARE + (QUANTISED if dtype == "fp8" else "")
        yield _part(f"product {dtype}, {software}", SOURCE, predicted(other, known), note)


def without_family(products_: Measured) -> Measured:
    """Returns products without their chips' families, for a library with no code for a family."""
    bare = (replace(one, family=np.full(len(one.m), "")) for one in products_.works)
    return replace(products_, works=tuple(bare))


def _known(world: World, dtype: str) -> Measured:
    """Returns the products of the fit."""
    table, software = PRODUCTS[dtype]
    return _rows(world, dtype, software, table)


def _products_measured_here(world: World) -> Iterator[Part]:
    """Yields products that this program measured."""
    for dtype in PRODUCTS:
        own, known = measured(world.own_products, dict(world.chips), dtype), _known(world, dtype)
        if not own.chips:
            continue
        without = known.chosen(lambda chip: chip not in own.chips)  # noqa: B023 -- called at once
        name = f"product {dtype}, measured here"
        yield _part(name, UNSEEN, predicted(own, without))
        yield _part(name, SOURCE, predicted(own, known))
        short = _suite(world, dtype, lambda suite: suite == SHORT)
        others = _suite(world, dtype, lambda suite: suite != SHORT)
        others = others.chosen(lambda chip: chip in short.chips)  # noqa: B023
        if others.chips:
            yield _part(name, SHAPES, calibrated(others, short, known))


def _suite(world: World, dtype: str, wanted: Callable[[str], bool]) -> Measured:
    """Returns our own products that some suites measured."""
    rows = [one for one in world.own_products if wanted(one.words["stack"])]
    return measured(rows, dict(world.chips), dtype)


def _kernels(world: World) -> Iterator[Part]:
    """Yields attention, experts and collectives."""
    for split, found in ((CHIP, left_out(world)), (SOURCE, other_sources(world))):
        yield from (_part(name, split, cases, note) for name, cases, note in found)


def _steps(world: World) -> Iterator[Part]:
    """Yields prefill steps, decode steps and whole requests."""
    yield from _named(CHIP, steps(world.cases()))
    yield from _named(FAMILY, steps(world.cases(), attrgetter("family")), note=SIBLINGS)


def _serving(world: World) -> Iterator[Part]:
    """Yields TPOT in serving."""
    yield from _named(SOURCE, frozen(world))
    yield from _named(CHIP, serving(world))
    yield from _named(FAMILY, serving(world, attrgetter("family")), note=SIBLINGS)
    yield from _named(VENDOR, unfitted_vendors(world), note=ABROAD)


def _choices(world: World) -> Iterator[Part]:
    """Yields the choice among ways to divide a model."""
    yield _part(WAYS, SOURCE, choices(world), CHOSEN)


def _disaggregated(world: World) -> Iterator[Part]:
    """Yields disaggregated serving, and the choice between it and serving on the same chips."""
    if not world.disaggregated:
        return
    known = learn(world.chips, world.models, world.data)
    for name, cases, note in disaggregated_parts(world, known):
        split = FITTED if name == DISAGGREGATED_FIRST else SOURCE
        yield _part(name, split, cases, note)


def _ttft(world: World) -> Iterator[Part]:
    """Yields TTFT in serving, and as others reported it."""
    yield from (_part(*each) for each in first_parts(world) if each[2])


def _product_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in products."""
    for dtype, (table, software) in PRODUCTS.items():
        cases = product_ratios(_rows(world, dtype, software, table))
        yield _part(f"{RATIO}product {dtype}, {software}", TWO, cases)


def _step_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in steps."""
    yield from _named(TWO, step_ratios(world.cases()), RATIO)


def _serving_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in serving."""
    yield from _named(SOURCE, frozen_ratios(world), RATIO)
    yield from _named(TWO, serving_ratios(world), RATIO)
    yield from _named(VENDOR, serving_ratios(world, vendor_fitted=False), RATIO, ABROAD)


def _named(
    split: str, found: Mapping[str, Sequence[Outcome]], prefix: str = "", note: str = ""
) -> Iterator[Part]:
    """Yields a part for each part of the fit that has cases."""
    for name, cases in found.items():
        if cases:
            yield _part(f"{prefix}{NAMES[name]}", split, cases, note)


def _figures(world: World) -> Iterator[Part]:
    """Yields the shares that chips reach of their figures; chips designed in China separately."""
    if world.evidence is None:
        return
    data = world.evidence, world.chips
    for family in FAMILIES:
        name = f"figures of sheets, {family}"
        yield _part(name, GROUP_OUT, figures_left_out(*data, family, lambda one: one.by), GROUP)
        yield _part(name, CHIP, figures_left_out(*data, family, lambda one: one.chip.chip))
    domestic = [
        case
        for family in FAMILIES
        for case in figures_left_out(*data, family, lambda one: one.chip.vendor, world.domestic)
    ]
    yield _part("figures of sheets, domestic chips", VENDOR, domestic)


def _reported(world: World) -> Iterator[Part]:
    """Yields serving that others reported: all, by kind of model, and on chips of China."""
    if not world.reported_serving:
        return
    known = learn(world.chips, world.models, world.data)
    tests = [row for row in world.reported_serving if not set_on(world, row)]
    by_kind = {
        kind: reported_serving(
            world, known, [row for row in tests if serving_part(row, world.models) == name]
        )
        for name, kind in KINDS.items()
    }
    cases = [one for own in by_kind.values() for one in own]
    note = REPORTED_NOTE.format(len(world.reported_serving) - len(tests))
    yield _part(REPORTED, SOURCE, cases, note + unserved(tests, cases))
    yield from (_part(f"{REPORTED}, {kind}", SOURCE, own) for kind, own in by_kind.items())
    domestic = [one for one in cases if one.chip in world.domestic]
    rows = [row for row in tests if row.chip in world.domestic]
    yield _part(f"{REPORTED}, domestic chips", SOURCE, domestic, note + unserved(rows, domestic))
    for name, ratios in reported_ratios(world, known, tests).items():
        yield _part(f"{RATIO}{REPORTED}, {KINDS[name]}", SOURCE, ratios, PAIRED)


def _training(world: World) -> Iterator[Part]:
    """Yields training with a chip left out, and as others reported it."""
    notes_ = notes(world)
    for name, cases in training(world).items():
        yield _part(TRAINING[name], CHIP, cases, notes_.get(name, ""))
    if world.reported_training:
        yield _part("training as reported", SOURCE, reported_training(world), reported_note(world))


def _training_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in training."""
    for name, cases in trained_ratios(world).items():
        yield _part(f"{RATIO}{TRAINING[name]}", TWO, cases)


MAKERS: tuple[tuple[tuple[str, ...], Callable[[World], Iterator[Part]]], ...] = (
    (("product ",), _products),
    (("product ",), _products_of_other_sources),
    (("product ",), _products_measured_here),
    (("attention ", "experts ", "collectives"), _kernels),
    (("figures of sheets",), _figures),
    ((REPORTED, f"{RATIO}{REPORTED}"), _reported),
    ((NAMES["prefill"], NAMES["decode"], WHOLE), _steps),
    ((NAMES[DENSE], NAMES[EXPERTS]), _serving),
    (FIRST, _ttft),
    ((WAYS,), _choices),
    (("disaggregated serving", SIDES), _disaggregated),
    ((*TRAINING.values(), "training as reported"), _training),
    ((f"{RATIO}product",), _product_ratios),
    ((f"{RATIO}{NAMES['prefill']}", f"{RATIO}{NAMES['decode']}"), _step_ratios),
    ((f"{RATIO}{NAMES[DENSE]}", f"{RATIO}{NAMES[EXPERTS]}"), _serving_ratios),
    (tuple(f"{RATIO}{name}" for name in TRAINING.values()), _training_ratios),
)
"""Functions that make parts, each with the prefixes of its parts' names."""
