"""Rows of claims: what each says, which of them conflict, and where there is a gap."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.chips.conflicts import Conflict, conflicts
from bench.chips.figures import FIGURES
from bench.chips.model import Figure, Published
from bench.tables.figures import (
    ConflictRow,
    FigureRow,
    accumulator,
    conflict_rows,
    density,
    dtype,
    figure_rows,
    unit_kind,
)
from bench.tables.model import Data
from tests.library.cases import invented


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """One invented chip."""
    return invented(tmp_path)


def published(value: str, counts: str | None = None) -> Published:
    """A claim with a value alone."""
    return Published.model_validate({"value": value, "source": "maker", "counts": counts})


def test_a_claim_is_a_row_with_its_source_the_preferred_one_first(data: Data) -> None:
    found = [*figure_rows(data)]
    preferred, sparse, lower = [row for row in found if row.figure == "matrix_fp16_acc16"]
    (memory,) = [row for row in found if row.figure == "memory_capacity"]
    assert preferred == FigureRow(
        chip="test-one",
        figure="matrix_fp16_acc16",
        title="fp16, fp16 accumulation matrix",
        claim=0,
        stands="first",
        value=3.2e14,
        unit="FLOP/s",
        gap=None,
        as_written="320 TFLOP/s",
        unit_written="TFLOP/s",
        unit_kind="matrix",
        dtype="fp16",
        accumulator="fp16",
        density="dense",
        basis="dense",
        counts=None,
        origin="published",
        formula=None,
        needs=None,
        refuted=None,
        conflict=True,
        why="the maker says so",
        explained="a lower clock",
        note=None,
        source="maker",
        source_kind="vendor-datasheet",
        source_title="A100",
        source_url="https://maker.test/a",
        weak=None,
        read_via=None,
        accessed="2026-01-02",
    )
    brief = [
        (row.claim, row.stands, row.density, row.conflict, row.weak) for row in (sparse, lower)
    ]
    assert brief == [
        (1, "rival", "sparse", False, "a rumour"),
        (2, "rival", "not said", True, "a rumour"),
    ]
    assert (memory.value, memory.unit, memory.unit_written) == (64 * 2**30, "B", "GiB")


def test_a_gap_is_a_row_without_a_number(data: Data) -> None:
    (row,) = [row for row in figure_rows(data) if row.figure == "matrix_fp8"]
    told = (row.value, row.gap, row.as_written, row.unit_written, row.density, row.conflict)
    assert told == (None, "unsupported", "unsupported", None, "dense", False)


def test_a_conflict_is_a_row_with_both_sides(data: Data) -> None:
    assert [*conflict_rows(data)] == [
        ConflictRow(
            chip="test-one",
            figure="matrix_fp16_acc16",
            title="fp16, fp16 accumulation matrix",
            first="320 TFLOP/s",
            first_source="maker",
            rivals="256 TFLOP/s",
            rival_sources="paper",
            claims=2,
            spread=1.25,
            why="the maker says so",
        )
    ]


@pytest.mark.parametrize(
    ("figure", "rivals", "differ"),
    [
        ("148 TFLOP/s", ["147 TFLOP/s"], ["147 TFLOP/s"]),
        ("989.5 TFLOP/s", ["989 TFLOP/s"], []),
        ("96.5 TFLOP/s", ["97 TFLOP/s"], []),
        ("3.28 TB/s", ["3.2 TB/s"], []),
        ("3.28 TB/s", ["3.1 TB/s"], ["3.1 TB/s"]),
        ("4.0 TB/s", ["4022 GB/s"], []),
        ("2039 GB/s", ["2 TB/s"], []),
        ("12000 USD", ["10000 USD"], ["10000 USD"]),
        ("148", ["150"], ["150"]),
        ("80 billion", ["80.1 billion"], []),
        ("unknown", ["300 W"], ["300 W"]),
        ("unknown", ["unknown"], []),
        ("300 W", ["unsupported"], ["unsupported"]),
        ("148 TFLOP/s", ["296 TFLOP/s:sparse", "100 TFLOP/s"], ["100 TFLOP/s"]),
    ],
)
def test_claims_conflict_if_they_count_the_same_and_differ_by_more_than_rounding(
    data: Data, figure: str, rivals: list[str], differ: list[str]
) -> None:
    claims = tuple(published(*rival.split(":")) for rival in rivals)
    first = Figure.model_validate({**dict(published(figure)), "rivals": claims})
    chip = data.chips[0].model_copy(update={"figures": {"tdp": first}})
    found = [str(rival.value) for one in conflicts([chip]) for rival in one.rivals]
    assert found == differ


def test_a_refuted_claim_conflicts_with_nothing_and_says_why_it_is_refuted(data: Data) -> None:
    wrong = published("200 W").model_copy(update={"refuted": "a lost digit"})
    first = Figure.model_validate({**dict(published("300 W")), "rivals": (wrong,)})
    chip = data.chips[0].model_copy(update={"figures": {"tdp": first}})
    assert [*conflicts([chip])] == []
    rows = figure_rows(replace(data, chips=(chip,)))
    assert [(row.stands, row.conflict, row.refuted) for row in rows] == [
        ("first", False, None), ("rival", False, "a lost digit"),
    ]  # fmt: skip


def test_the_spread_of_a_single_number_is_unknown() -> None:
    first = Figure.model_validate({"value": "unknown", "source": "maker"})
    assert Conflict("test-one", "tdp", first, (published("300 W"),)).spread is None
    both = (published("300 W"), published("450 W"))
    assert Conflict("test-one", "tdp", first, both).spread == 1.5


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("matrix_fp16", ("matrix", "fp16", "fp32")),
        ("matrix_fp8_acc16", ("matrix", "fp8", "fp16")),
        ("matrix_int8", ("matrix", "int8", "int32")),
        ("matrix_int16", ("matrix", "int16", None)),
        ("matrix_mxfp4", ("matrix", "mxfp4", None)),
        ("sparse_bf16", ("matrix", "bf16", "fp32")),
        ("vector_fp32", ("vector", "fp32", None)),
        ("cycle_fp64", ("vector", "fp64", None)),
        ("cycle_matrix_bf16", ("matrix", "bf16", "fp32")),
        ("matrix_units", (None, None, None)),
        ("memory_bandwidth", (None, None, None)),
    ],
)
def test_units_format_and_accumulator_follow_from_the_key(
    key: str, told: tuple[str | None, ...]
) -> None:
    assert (unit_kind(key), dtype(key), accumulator(key)) == told


def test_only_rates_have_a_density() -> None:
    rates = {key for key in FIGURES if density(key, published("unknown")) != "not a rate"}
    assert rates == {key for key, kind in FIGURES.items() if kind.is_rate}
    assert density("sparse_fp16", published("2 TFLOP/s")) == "sparse"
