"""Which sizes are part of a measurement's name."""

import pytest

from bench.judging.sizes import OTHER_SIZES, SEARCHED, WAYS, fixed_sizes, named
from bench.kernels.registry import KERNELS, kernel
from bench.measure.search import LEADERS
from bench.records.model import Measurement, Record, Search

CUBE: dict[str, int | str] = {"m": 512, "n": 256, "k": 128, "layout": "nt"}
HUNT = Search(
    space=1024, trials=(), left_out=0, took_s=1.0, gain_estimate=None, chance_next_beats_at_most=1.0
)
OF_WAYS = HUNT.model_copy(update={"space": 2})


@pytest.fixture
def product(record: Record) -> Measurement:
    """A product whose shape was found by search."""
    (found,) = (one for one in record.measurements if one.kernel == "gemm")
    assert found.search
    return found


def told(*measurements: Measurement) -> list[str]:
    return fixed_sizes(measurements)


def of(one: Measurement, **changes: object) -> Measurement:
    return one.model_copy(update=changes)


def test_what_is_known_of_kernels_is_what_they_are() -> None:
    assert WAYS == LEADERS
    for name in KERNELS:
        sizes = set(kernel(name).sizes)
        assert sizes == {"m", "n", "k"} if name in SEARCHED else sizes <= set(OTHER_SIZES)
    for name, size in SEARCHED.items():
        assert kernel(name).pilot("bf16", "normal").parameters["m"] == size


def test_a_fixed_shape_is_named_and_a_found_one_is_not(product: Measurement) -> None:
    fixed = of(product, parameters=CUBE, search=None)
    assert told(product, fixed) == ["", "512 x 256 x 128"]
    assert told(of(fixed, search=OF_WAYS)) == ["512 x 256 x 128"]


def test_a_shape_taken_over_from_a_search_is_none_that_was_fixed(product: Measurement) -> None:
    zeros = of(product, search=None, data="zeros")
    assert told(product, zeros) == ["", ""]
    assert told(of(product, search=None)) != [""]
    assert told(of(product, search=None), zeros) == [told(zeros)[0]] * 2


def test_a_search_that_found_nothing_names_no_pilot(product: Measurement) -> None:
    pilot: dict[str, int | str] = {**dict.fromkeys("mnk", SEARCHED["gemm"]), "layout": "nt"}
    failed = of(product, parameters=pilot, search=None, status="failed", timing=None)
    assert told(failed) == [""]
    assert told(of(failed, parameters=CUBE)) == ["512 x 256 x 128"]
    assert told(of(failed, status="ok")) == ["64 x 64 x 64"]


def test_other_sizes_are_told_where_they_tell_rows_apart(record: Record) -> None:
    (stream,) = (one for one in record.measurements if one.kernel == "memory")
    less = of(stream, parameters={**stream.parameters, "elements": 4096})
    assert told(stream) == [""]
    many = stream.parameters["elements"]
    assert told(stream, less) == [f"elements {many}", "elements 4096"]
    assert told(stream, stream) == ["", ""]
    decode = of(stream, kernel="attention", parameters={"batch": 4, "length": 128})
    longer = of(decode, parameters={"batch": 4, "length": 256})
    assert told(decode, longer) == ["batch 4, length 128", "batch 4, length 256"]


def test_a_title_tells_sizes_once() -> None:
    assert named("bf16 matrix", "1 x 2 x 3") == "bf16 matrix, 1 x 2 x 3"
    assert named("bf16 matrix, 1 x 2 x 3", "1 x 2 x 3") == "bf16 matrix, 1 x 2 x 3"
    assert (named("bf16 matrix", ""), named("", "1 x 2 x 3")) == ("bf16 matrix", "1 x 2 x 3")


def test_devices_at_once_take_over_shapes_that_nobody_fixed(product: Measurement) -> None:
    taken = of(product, parameters=CUBE, search=None)
    large = of(taken, parameters={**CUBE, "m": 1024})
    at_once: dict[str, object] = {"together": 4}
    assert fixed_sizes([taken], at_once) == [""]
    assert fixed_sizes([taken], {"together": 1}) == ["512 x 256 x 128"]
    assert fixed_sizes([taken], {**at_once, "m": 512}) == ["512 x 256 x 128"]
    items = "[{kernel:gemm,dtypes:[bf16],sizes:{m:512,n:256,k:128}}]"
    assert fixed_sizes([taken], {**at_once, "suite.items": items}) == ["512 x 256 x 128"]
    assert fixed_sizes([large], {**at_once, "suite.items": items}) == [""]
    assert fixed_sizes([taken, large], at_once) == ["512 x 256 x 128", "1024 x 256 x 128"]
