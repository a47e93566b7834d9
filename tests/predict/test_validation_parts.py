"""Every part of validation on what is shipped: its bar, the earlier state, what it is made of."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench import paths
from bench.commands.validate import world as shipped_world
from bench.predict.learning.learn import EXPERTS
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.world import World
from bench.predict.validation.bars import (
    BARS,
    CHIP,
    GROUP_OUT,
    SHAPES,
    SOURCE,
    TWO,
    UNSEEN,
    VENDOR,
)
from bench.predict.validation.errorfile import FILE, RATIO, state
from bench.predict.validation.errors import Bar, Part, changes
from bench.predict.validation.serving import unfitted_vendors
from bench.predict.validation.validate import MAKERS, validated

MET = (
    ("product bf16, vllm", CHIP),
    ("product bf16, trtllm", CHIP),
    ("product fp8, trtllm", CHIP),
    ("figures of sheets, matrix", GROUP_OUT),
    ("figures of sheets, memory", GROUP_OUT),
    ("figures of sheets, domestic chips", VENDOR),
    ("serving as reported", SOURCE),
    ("serving as reported, domestic chips", SOURCE),
    ("training, dense", CHIP),
    ("training, experts", CHIP),
    ("prefill step", CHIP),
    ("decode step", CHIP),
    ("whole request", CHIP),
    ("serving TPOT, dense", SOURCE),
    ("serving TPOT, experts", SOURCE),
    ("serving TPOT, dense", CHIP),
    ("serving TPOT, experts", CHIP),
    ("serving TPOT, experts", VENDOR),
    ("ratio of serving TPOT, dense", SOURCE),
    ("ratio of serving TPOT, experts", SOURCE),
    ("ratio of serving TPOT, experts", TWO),
    ("ratio of product fp8, trtllm", TWO),
    ("ratio of decode step", TWO),
)
"""Bars that the model reaches."""
MISSED = (
    ("training as reported", SOURCE),
    ("ratio of training, dense", TWO),
    ("ratio of training, experts", TWO),
    ("product fp8, vllm", CHIP),
    ("product bf16, measured here", SHAPES),
    ("ratio of product bf16, vllm", TWO),
    ("ratio of prefill step", TWO),
    ("ratio of serving TPOT, dense", TWO),
    ("ratio of serving TPOT, experts", VENDOR),
)
"""Bars that it does not reach, and that are told so; one that is reached some day is to move up."""


# the shipped tables


@pytest.fixture(scope="module")
def world() -> World:
    """All that is shipped."""
    return shipped_world()


Made = list[tuple[tuple[str, ...], Part]]


@pytest.fixture(scope="module")
def made(world: World) -> Made:
    """The whole validation, each part with what its maker says of names."""
    began = time.perf_counter()
    found = [(names, part) for names, make in MAKERS for part in make(world)]
    print(f"validation took {time.perf_counter() - began:.1f} s")  # noqa: T201 -- pytest -s shows it
    return found


@pytest.fixture(scope="module")
def parts(made: Made) -> dict[tuple[str, str], Part]:
    """The whole validation."""
    return {(one.name, one.split): one for _, one in made}


Parts = dict[tuple[str, str], Part]


def test_each_part_is_called_as_its_maker_says(made: Made) -> None:
    assert [part.key for names, part in made if not part.key.startswith(names)] == []


def test_what_makes_no_part_that_is_asked_for_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: World) -> Iterator[Part]:
        raise AssertionError

    def makes(_: World) -> Iterator[Part]:
        yield Part("decode step", CHIP, ())

    monkeypatch.setattr(
        "bench.predict.validation.validate.MAKERS", ((("pr",), fails), (("de",), makes))
    )
    found = validated(World({}, {}, {}), ["decode step: chip left out"])
    assert [one.name for one in found] == ["decode step"]


def test_every_bar_has_its_part(parts: Parts) -> None:
    assert set(BARS) <= set(parts)
    assert set(MET) | set(MISSED) == set(BARS)
    assert not set(MET) & set(MISSED)


@pytest.mark.parametrize("key", MET, ids=": ".join)
def test_the_bars_that_are_met_stay_met(parts: Parts, key: tuple[str, str]) -> None:
    assert parts[key].misses == []


@pytest.mark.parametrize("key", MISSED, ids=": ".join)
def test_the_bars_that_are_missed_are_told_as_missed(parts: Parts, key: tuple[str, str]) -> None:
    assert parts[key].misses


def test_no_part_is_worse_than_the_shipped_figures(parts: Parts) -> None:
    before = state(paths.data_dir("results") / FILE)
    now = {one.key: one.figures.mean for one in parts.values()}
    assert set(now) == set(before), "make results/validation.json anew"
    found = changes(before, now, whole=True)
    assert [f"{one.name}: {one.before} {one.now}" for one in found if one.worse] == []


def test_the_shipped_figures_are_those_of_the_shipped_tables(parts: Parts) -> None:
    before = state(paths.data_dir("results") / FILE)
    now = {one.key: one.figures.mean for one in parts.values()}
    assert now == pytest.approx(before, abs=1e-3), "make results/validation.json anew"


def test_every_part_beats_the_bare_roofline_on_its_median_but_the_foreign_software(
    parts: Parts,
) -> None:
    """Ratios have ratios of paper beside them; the DeepGEMM table is of other kernels."""
    worse = [
        one.key
        for one in parts.values()
        if not one.name.startswith(RATIO) and one.figures.median > one.figures.rivals[0][1]
    ]
    assert worse == []


def test_intervals_are_ordered(parts: Parts) -> None:
    for part in parts.values():
        for one in part.cases[:50]:
            assert len(one.halves) in (0, len(COVERAGES))
            assert list(one.halves) == sorted(one.halves)
            assert all(half > 0 for half in one.halves)


def test_every_row_of_the_tables_is_tested(world: World, parts: Parts) -> None:
    served = sum(len(parts[f"serving TPOT, {kind}", SOURCE].cases) for kind in ("dense", "experts"))
    other = len(parts["serving TPOT, experts", VENDOR].cases)
    assert served + other == len(world.serving) + len(world.unfitted_serving)
    assert len(world.unfitted_serving) > 400
    for phase in ("prefill step", "decode step", "whole request"):
        assert len(parts[phase, CHIP].cases) == len(world.data["step-pipeweave"].rows)
    rows = world.data["gemm-aiconfigurator"].rows
    left_out = [len(one.cases) for key, one in parts.items() if key[0].startswith("product")
                and key[1] == CHIP and "pipeweave" not in key[0]]  # fmt: skip
    assert sum(left_out) == len(rows)


def test_no_chip_of_the_vendor_left_out_is_in_the_fit(parts: Parts) -> None:
    cases = parts["product bf16, vllm", VENDOR].cases
    assert {one.chip for one in cases} == {"intel-arc-pro-b60-24gb"}


def test_serving_of_another_vendor_is_predicted_apart(world: World, parts: Parts) -> None:
    """No chip of it teaches the others, nor does one that is predicted beside them."""
    amd = {"amd-mi300x-oam-192gb", "amd-mi325x-oam-256gb", "amd-mi355x-oam-288gb"}
    cases = parts["serving TPOT, experts", VENDOR].cases
    assert {one.chip for one in cases} == amd
    assert not amd & {one.chip for one in parts["serving TPOT, experts", CHIP].cases}
    pairs = {one.chip for one in parts["ratio of serving TPOT, experts", VENDOR].cases}
    assert pairs
    assert all(set(pair.split(" / ")) & amd for pair in pairs)
    table = world.data["serving-inferencex-app"]
    alone = tuple(row for row in table.rows if row.chip == "amd-mi300x-oam-192gb")
    data = {**world.data, "serving-inferencex-app": replace(table, rows=alone)}
    found = unfitted_vendors(replace(world, data=data))[EXPERTS]
    assert found == [one for one in cases if one.chip == "amd-mi300x-oam-192gb"]


def test_own_products_are_those_of_the_records(world: World, parts: Parts) -> None:
    key = ("product bf16, measured here", UNSEEN)
    assert {one.chip for one in parts[key].cases} == {"nvidia-h200-sxm-141gb"}
    suites = {one.words["stack"] for one in world.own_products}
    assert suites >= {"calibrate", "heldout"}
    assert "full" not in suites, "the best of a search over sizes"
    held = [one for one in world.own_products
            if one.words["stack"] != "calibrate" and one.words["dtype"] == "bf16"]  # fmt: skip
    calibrated = parts["product bf16, measured here", SHAPES]
    assert len(calibrated.cases) == len(held)


def test_the_page_tells_every_part_with_its_bar(parts: Parts) -> None:
    page = (paths.data_dir("results") / "VALIDATION.md").read_text(encoding="utf-8")
    lines = page.splitlines()
    for one in parts.values():
        (line, *_) = [each for each in lines if each.startswith(f"| {one.key}")]
        told = "MISSED" if one.misses else "met"
        assert line.rstrip(" |").endswith(told if one.bar != Bar() else "none")
