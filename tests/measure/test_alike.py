"""What inputs do is measured on one shape: that found on the run's own."""

from dataclasses import replace

import pytest

from bench.chips.load import Catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.measure.alike import alike
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Record
from tests.conftest import order

PRODUCT = Item("gemm", "bf16")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory, sheets: Catalogue) -> Record:
    """A product searched for, the same on zeros, one of a fixed shape, and another form."""
    items = (
        Item("gemm", "fp16", fixed={"m": 512, "n": 512, "k": 512}),
        Item("gemm", "fp16", variant="acc16"), PRODUCT, replace(PRODUCT, data="zeros"),
    )  # fmt: skip
    session = LocalSession(FakeDevice(FakeSpec(flattered={"zeros": 1.25})))
    return run(session, order(tmp_path_factory.mktemp("out"), *items), sheets, Watcher())


def test_other_inputs_get_the_shape_that_was_found_on_the_runs_own(record: Record) -> None:
    *_, plain, zeros = record.measurements
    assert zeros.parameters == plain.parameters
    assert (plain.search is None, zeros.search is None) == (False, True)
    assert zeros.timing is not None
    assert plain.timing is not None
    gain = plain.timing.stats.median_s / zeros.timing.stats.median_s
    assert gain == pytest.approx(1.25, rel=0.05)


@pytest.mark.parametrize(
    "item",
    [
        PRODUCT,
        replace(PRODUCT, data="zeros", fixed={"m": 64, "n": 64, "k": 64}),
        replace(PRODUCT, data="zeros", dtype="fp8"),
        Item("gemm", "fp16", data="zeros"),
        Item("memory", "fp32", data="zeros", variant="copy"),
    ],
    ids=["its own inputs", "a fixed shape", "another dtype", "never searched", "another kernel"],
)
def test_all_else_is_left_as_it_is(item: Item, record: Record) -> None:
    assert alike(item, record) == item


def test_a_form_follows_its_own_kind(record: Record) -> None:
    found = alike(Item("gemm", "fp16", data="zeros", variant="acc16"), record)
    assert found.fixed == record.measurements[1].parameters


def test_what_a_run_on_zeros_found_is_for_a_run_on_zeros(record: Record) -> None:
    other = record.model_copy(update={"settings": {"data": "zeros"}})
    assert alike(replace(PRODUCT, data="zeros"), other).fixed == {}
    assert alike(PRODUCT, other).fixed == {}
