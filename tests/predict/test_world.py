"""The stack that a world teaches: dense layers by steps, experts by layers of such alone."""

from dataclasses import replace

import pytest

from bench.predict.learning.experts import by_blocks, experts_stack
from bench.predict.learning.learn import LAYERS, STEP_TABLE
from bench.predict.learning.shippeddata import shipped
from bench.predict.learning.world import World
from bench.predict.model.stack import Stack

FREE = ("experts_overlap", "experts_s")


@pytest.fixture(scope="module")
def world() -> World:
    return shipped()


def test_what_experts_cost_is_fitted_and_no_figure_of_the_program(world: World) -> None:
    found, layers = world.stack(), experts_stack(world.data[LAYERS].rows, world.chips)
    for key in FREE:
        assert getattr(found, key) == getattr(layers, key) != getattr(Stack(), key)
    assert found.product != layers.product == Stack().product  # steps tell that


def test_slower_launches_of_experts_are_found(world: World) -> None:
    rows = by_blocks(world.data[LAYERS].rows)
    slower = [replace(row, numbers={**row.numbers, "us": row["us"] + 100.0}) for row in rows]
    before, after = (experts_stack(one, world.chips) for one in (rows, slower))
    assert after.experts_s - before.experts_s == pytest.approx(100e-6, rel=0.25)


def test_without_layers_of_experts_the_stack_is_as_it_was() -> None:
    assert experts_stack((), {}) == Stack()


@pytest.mark.parametrize("table", [STEP_TABLE, LAYERS])
def test_a_chip_that_is_left_out_tells_nothing(world: World, table: str) -> None:
    rows = world.data[table].rows
    chip = (by_blocks(rows) or rows)[0].chip
    kept = {
        name: replace(one, rows=tuple(row for row in one.rows if row.chip != chip))
        for name, one in world.data.items()
    }
    assert world.stack({chip}) == replace(world, data=kept, _stacks={}).stack()
    assert world.stack({chip}) != world.stack()
    assert all(one.row.chip != chip for one in world.cases({chip}))
