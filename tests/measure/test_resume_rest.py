"""What is left of a run, and the device that it goes on with."""

from pathlib import Path

import pytest

from bench.config import device_word
from bench.errors import UsageError
from bench.measure import resume
from bench.measure.item import Item
from bench.measure.resume import check_place, rest
from bench.measure.runner import Begun, Order, Weighted
from bench.measure.session import Place
from bench.records.model import Record
from bench.shapes import RunConfig

COPY, TRIAD = (Item("memory", "fp32", variant=stream) for stream in ("copy", "triad"))
PRODUCT = Item("gemm", "bf16")


def order(*weighted: Weighted) -> Order:
    """An order of ten seconds for these items."""
    return Order("test", 10.0, weighted, 0.01, None, Path(), {})


def test_what_is_missing_gets_the_time_it_had(record: Record) -> None:
    """Of weights 1, 1, 3 and one minute apart, the last three are left: 4 of 5 parts."""
    begun = Begun(record.model_copy(update={"measurements": record.measurements[:1]}), Path("x"))
    whole = order(
        Weighted(COPY, 1.0), Weighted(PRODUCT, 1.0), Weighted(PRODUCT, 3.0),
        Weighted(TRIAD, 1.0, seconds=60.0),
    )  # fmt: skip
    left, after = rest(begun, whole)
    assert left.seconds == pytest.approx(8.0)
    assert after.places == (1, 2, 3)
    assert left.items == whole.items[1:]
    assert after.record.state == "running"


def test_more_measurements_than_items_are_another_suites(record: Record) -> None:
    with pytest.raises(UsageError, match="suite test has changed since"):
        rest(Begun(record, Path("x")), order(Weighted(COPY, 1.0)))


@pytest.mark.parametrize(("index", "word"), [(0, "cuda"), (3, "cuda:3")])
def test_it_goes_on_on_the_device_of_the_same_number(index: int, word: str, record: Record) -> None:
    device = record.device.model_copy(update={"backend": "cuda", "index": index})
    begun = record.model_copy(update={"suite": "smoke", "device": device})
    assert device_word(resume.config_of(begun, RunConfig()).device) == word


@pytest.mark.parametrize(("factor", "same"), [(0.992, True), (1.009, True), (0.98, False)])
def test_memory_is_that_of_another_device_if_it_differs_by_more_than_a_percent(
    factor: float, same: bool, record: Record
) -> None:
    assert record.device.memory_bytes is not None
    device = record.device.model_copy(update={"memory_bytes": record.device.memory_bytes * factor})
    assert resume._same_memory(record.device, device) is same
    assert resume._same_memory(device, record.device) is same


def test_a_little_more_memory_and_less_free_are_the_same_device(record: Record) -> None:
    device = record.device.model_copy(
        update={"memory_bytes": 96e9 * 1.005, "memory_free_bytes": 1.0, "clock_measured_hz": 1e9}
    )
    check_place(record, Place(record.machine, device))
    unknown = record.device.model_copy(update={"memory_bytes": None})
    with pytest.raises(UsageError, match="memory_bytes"):
        check_place(record, Place(record.machine, unknown))
