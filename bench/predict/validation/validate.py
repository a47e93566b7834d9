"""All validation: each part, what it must reach, and the figures that a later state is held to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bench.predict.learning.figures import FAMILIES
from bench.predict.learning.learn import DENSE, EXPERTS, PRODUCTS, learn
from bench.predict.learning.productfit import Measured, measured
from bench.predict.learning.world import World
from bench.predict.model.facts import Facts
from bench.predict.validation.bars import (
    BARS,
    CHIP,
    GROUP_OUT,
    REPORTED,
    SHAPES,
    SOURCE,
    TWO,
    UNSEEN,
    VENDOR,
)
from bench.predict.validation.errorfile import RATIO, WAYS
from bench.predict.validation.errors import Bar, Outcome, Part
from bench.predict.validation.heldfigures import figures_left_out
from bench.predict.validation.heldfirst import NAMES as FIRST
from bench.predict.validation.heldfirst import NOTE as WAITS
from bench.predict.validation.heldfirst import firsts
from bench.predict.validation.heldkernels import elsewhere, left_out
from bench.predict.validation.heldout import WHOLE, calibrated, chosen, predicted, products, steps
from bench.predict.validation.heldreported import left_out as unserved
from bench.predict.validation.heldreported import told_by_others
from bench.predict.validation.heldserving import NOTE as ABROAD
from bench.predict.validation.heldserving import abroad, frozen, serving
from bench.predict.validation.heldtraining import NAMES as TRAINING
from bench.predict.validation.heldtraining import note_of_others, notes, trained_by_others, training
from bench.predict.validation.heldtraining import training_ratios as trained_ratios
from bench.predict.validation.heldways import NOTE as CHOSEN
from bench.predict.validation.heldways import choices
from bench.predict.validation.pairs import (
    frozen_ratios,
    product_ratios,
    serving_ratios,
    step_ratios,
)

SHORT = "calibrate"
"""The suite whose record stands for a short run on a chip."""
NAMES = {
    "prefill": "prefill step", "decode": "decode step", WHOLE: WHOLE,
    DENSE: "serving TPOT, dense", EXPERTS: "serving TPOT, experts",
}  # fmt: skip
TABLES = (
    ("bf16", "vllm", "gemm-aiconfigurator"), ("bf16", "trtllm", "gemm-aiconfigurator"),
    ("fp8", "trtllm", "gemm-aiconfigurator"), ("fp8", "vllm", "gemm-aiconfigurator"),
    ("fp8", "pipeweave", "gemm-pipeweave"),
)  # fmt: skip
"""Products of one format, software and table that are predicted chip by chip."""
OTHERS = (
    ("bf16", "trtllm", "gemm-aiconfigurator"), ("fp8", "pipeweave", "gemm-pipeweave"),
    ("fp8", "DeepGEMM", "gemm-infersim"),
)  # fmt: skip
"""Products that are predicted by those of another source or software, ``learn.PRODUCTS``."""
CUBLAS = ("trtllm",)
"""Software among them whose kernels are of the library that those of ``PRODUCTS`` are of."""
SOFTWARE = "fitted on other software on the same chips: tests software more than sheets"
GROUP = "a group is one person, team or company that measured"
RING = "each chip beside the next of the table, on products that both ran"
QUANTISED = (
    "; without the quantising of activations that the fitted times include, and without what their "
    "library adds for a family of chips"
)


def validated(world: World, keys: Sequence[str] | None = None) -> list[Part]:
    """Returns every part, or at least those of some keys: the makers of no such part rest."""
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
    for dtype, software, table in TABLES:
        known = _rows(world, dtype, software, table)
        yield _part(f"product {dtype}, {software}", CHIP, products(known, _chip))
        cases = products(known, _vendor)
        if cases:
            note = "other vendors' chips; the reverse would fit on fewer than three chips"
            yield _part(f"product {dtype}, {software}", VENDOR, cases, note)


def _chip(one: Facts) -> str:
    return one.chip


def _vendor(one: Facts) -> str:
    return one.vendor


def _elsewhere(world: World) -> Iterator[Part]:
    """Yields products of other sources than those that the program is fitted on."""
    for dtype, software, table in OTHERS:
        asked, known = _rows(world, dtype, software, table), _known(world, dtype)
        asked = asked if software in CUBLAS else unlike(asked)
        note = SOFTWARE + (QUANTISED if dtype == "fp8" else "")
        yield _part(f"product {dtype}, {software}", SOURCE, predicted(asked, known), note)


def unlike(asked: Measured) -> Measured:
    """Returns products of another library, to which what one has for a family is not lent."""
    bare = (replace(one, family=np.full(len(one.m), "")) for one in asked.shapes)
    return replace(asked, shapes=tuple(bare))


def _known(world: World, dtype: str) -> Measured:
    table, software = PRODUCTS[dtype]
    return _rows(world, dtype, software, table)


def _here(world: World) -> Iterator[Part]:
    """Yields products that this program measured."""
    for dtype in PRODUCTS:
        asked, known = measured(world.own, dict(world.chips), dtype), _known(world, dtype)
        if not asked.chips:
            continue
        without = chosen(known, [one not in asked.chips for one in known.chips])
        name = f"product {dtype}, measured here"
        yield _part(name, UNSEEN, predicted(asked, without))
        yield _part(name, SOURCE, predicted(asked, known))
        own = _suite(world, dtype, lambda suite: suite == SHORT)
        others = _suite(world, dtype, lambda suite: suite != SHORT)
        others = chosen(others, [one in own.chips for one in others.chips])
        if others.chips:
            yield _part(name, SHAPES, calibrated(others, own, known))


def _suite(world: World, dtype: str, wanted: Callable[[str], bool]) -> Measured:
    rows = [one for one in world.own if wanted(one.words["stack"])]
    return measured(rows, dict(world.chips), dtype)


def _kernels(world: World) -> Iterator[Part]:
    """Yields attention, experts and collectives."""
    for split, found in ((CHIP, left_out(world)), (SOURCE, elsewhere(world))):
        yield from (_part(name, split, cases, note) for name, cases, note in found)


def _steps(world: World) -> Iterator[Part]:
    """Yields steps."""
    yield from _named(CHIP, steps(world.cases()))


def _serving(world: World) -> Iterator[Part]:
    """Yields the time a token takes in serving."""
    yield from _named(SOURCE, frozen(world))
    yield from _named(CHIP, serving(world))
    yield from _named(VENDOR, abroad(world), note=ABROAD)


def _choices(world: World) -> Iterator[Part]:
    """Yields what a choice among ways to divide a model is worth."""
    yield _part(WAYS, SOURCE, choices(world), CHOSEN)


def _firsts(world: World) -> Iterator[Part]:
    """Yields the time to a first token."""
    for name, cases in firsts(world).items():
        if cases:
            yield _part(FIRST[name], CHIP, cases, WAITS)


def _product_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in products."""
    for dtype, (table, software) in PRODUCTS.items():
        cases = product_ratios(_rows(world, dtype, software, table))
        yield _part(f"{RATIO}product {dtype}, {software}", TWO, cases, RING)


def _step_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in steps."""
    yield from _named(TWO, step_ratios(world.cases()), RATIO)


def _serving_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in serving."""
    yield from _named(SOURCE, frozen_ratios(world), RATIO)
    yield from _named(TWO, serving_ratios(world), RATIO)
    yield from _named(VENDOR, serving_ratios(world, home=False), RATIO, ABROAD)


def _named(
    split: str, found: Mapping[str, Sequence[Outcome]], before: str = "", note: str = ""
) -> Iterator[Part]:
    for name, cases in found.items():
        if cases:
            yield _part(f"{before}{NAMES[name]}", split, cases, note)


def _figures(world: World) -> Iterator[Part]:
    """Yields what chips reach of their figures; of domestic ones whether the interval covers it."""
    if world.evidence is None:
        return
    asked = world.evidence, world.chips
    for family in FAMILIES:
        name = f"figures of sheets, {family}"
        yield _part(name, GROUP_OUT, figures_left_out(*asked, family, lambda one: one.by), GROUP)
        yield _part(name, CHIP, figures_left_out(*asked, family, lambda one: one.chip.chip))
    held = [
        case
        for family in FAMILIES
        for case in figures_left_out(*asked, family, lambda one: one.chip.vendor, world.domestic)
    ]
    yield _part("figures of sheets, domestic chips", VENDOR, held)


def _reported(world: World) -> Iterator[Part]:
    """Yields serving that others reported, of all chips and of those designed in China."""
    if not world.reported:
        return
    known = learn(world.chips, world.models, world.data)
    every = told_by_others(world, known, list(world.reported))
    note = (
        "time per token from rates, TPOT or decode steps that single groups reported, on any "
        "engine, each predicted as others' serving was on chips of fitted vendors; on chips of "
        "other vendors, as others' was on any chips"
    )
    yield _part(REPORTED, SOURCE, every, note + unserved(world.reported, every))
    domestic = [one for one in every if one.chip in world.domestic]
    rows = [row for row in world.reported if row.chip in world.domestic]
    yield _part(f"{REPORTED}, domestic chips", SOURCE, domestic, note + unserved(rows, domestic))


def _training(world: World) -> Iterator[Part]:
    """Yields training steps of chips that were left out."""
    said = notes(world)
    for name, cases in training(world).items():
        yield _part(TRAINING[name], CHIP, cases, said.get(name, ""))
    if world.trained:
        yield _part("training as reported", SOURCE, trained_by_others(world), note_of_others(world))


def _training_ratios(world: World) -> Iterator[Part]:
    """Yields ratios of two chips in training."""
    for name, cases in trained_ratios(world).items():
        yield _part(f"{RATIO}{TRAINING[name]}", TWO, cases)


MAKERS: tuple[tuple[tuple[str, ...], Callable[[World], Iterator[Part]]], ...] = (
    (("product ",), _products),
    (("product ",), _elsewhere),
    (("product ",), _here),
    (("attention ", "experts ", "collectives"), _kernels),
    (("figures of sheets",), _figures),
    ((REPORTED,), _reported),
    ((NAMES["prefill"], NAMES["decode"], WHOLE), _steps),
    ((NAMES[DENSE], NAMES[EXPERTS]), _serving),
    (tuple(FIRST.values()), _firsts),
    ((WAYS,), _choices),
    ((*TRAINING.values(), "training as reported"), _training),
    ((f"{RATIO}product",), _product_ratios),
    ((f"{RATIO}{NAMES['prefill']}", f"{RATIO}{NAMES['decode']}"), _step_ratios),
    ((f"{RATIO}{NAMES[DENSE]}", f"{RATIO}{NAMES[EXPERTS]}"), _serving_ratios),
    (tuple(f"{RATIO}{name}" for name in TRAINING.values()), _training_ratios),
)
"""What makes parts, each with how the names of its parts begin."""
