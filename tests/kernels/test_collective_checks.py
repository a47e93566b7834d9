"""Collectives: what they leave behind is checked, however many there were."""

from functools import partial
from typing import Any

import pytest
import torch

from bench.kernels import collective
from bench.records.model import Check
from tests.kernels.cases import spot
from tests.kernels.link_cases import COLLECTIVE, CPU, OPERATIONS, World, collected


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_collective_is_right_on_every_rank(
    operation: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(count, monkeypatch)
    checks = world.all(lambda: COLLECTIVE.check(collected(operation, count), CPU))
    assert [(check.passed, check.tolerance) for check in checks] == [(True, 1e-5)] * count
    whole = 1200 // (count if operation == "reduce_scatter" else 1)
    assert checks[0].shape == f"{whole} of {whole}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_collective_fails_its_check(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)
    world.broken = "a little off"
    checks = world.all(lambda: COLLECTIVE.check(collected(operation, 3), CPU))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("calls", "passed"), [(0, False), (1, True), (2, True), (7, True), (300, True)]
)
def test_what_timed_calls_leave_behind_is_checked_however_many_they_were(
    operation: str, calls: int, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)

    def work() -> tuple[Check, dict[str, float | str]]:
        task = COLLECTIVE.build(collected(operation, 3), CPU, 0.0)
        return spot(task, calls), task.observed()

    factor = 4 / 3 if operation == "all_reduce" else 2 / 3
    seen = {"ranks": 3.0, "bus_factor": pytest.approx(factor), "backend": "threads"}
    assert [(check.passed, told) for check, told in world.all(work)] == [(passed, seen)] * 3


def test_a_sum_in_place_that_left_one_rank_out_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many calls, but what was summed is a share of what all put in."""
    world = World(2, monkeypatch)

    monkeypatch.setattr(collective, "_call", lambda *told: partial(told[2].mul_, 2.0))
    checks = world.all(lambda: spot(COLLECTIVE.build(collected("all_reduce"), CPU, 0.0), 3))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_results_of_calls_before_do_not_pass_for_those_of_calls_left_out(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(2, monkeypatch)

    def work() -> tuple[bool, bool]:
        task = COLLECTIVE.build(collected(operation), CPU, 0.0)
        assert task.spot_check is not None
        return spot(task, 1).passed, spot(task, 0).passed

    assert world.all(work) == [(True, False)] * 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_larger_of_a_ranks_buffers_is_as_long_as_the_message(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(2, monkeypatch)
    sizes: set[tuple[int, int]] = set()

    def noted(operation_: str, source: torch.Tensor, target: torch.Tensor) -> Any:
        sizes.add((source.numel() * 4, target.numel() * 4))
        return world.call(operation_, source, target)

    monkeypatch.setattr(collective, "_call", noted)
    world.all(lambda: COLLECTIVE.build(collected(operation, 2, 4800), CPU, 0.0))
    part = {"all_gather": (2400, 4800), "reduce_scatter": (4800, 2400)}
    assert sizes == {part.get(operation, (4800, 4800))}


@pytest.mark.parametrize("scale", [1e3, 1.0, 1e-3])
@pytest.mark.parametrize(("off", "passed"), [(5e-6, True), (2e-5, False)])
def test_an_error_is_told_relative_to_the_largest_element(
    scale: float, off: float, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = torch.tensor([0.5, -1.0, 0.0], dtype=torch.float64) * scale
    monkeypatch.setattr(collective, "_wanted", lambda *_: wanted)
    target = wanted + torch.tensor([0.0, 0.0, off * scale], dtype=torch.float64)
    side = collective._Side("all_gather", target, target[None], [lambda: None], 0)
    check = side.compared([0, 1, 2])
    assert check.passed is passed
    assert check.error == pytest.approx(off, rel=1e-6)


@pytest.mark.parametrize("calls", [1, 2, 5])
def test_sums_in_place_that_are_a_little_off_fail_however_many_they_were(
    calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(3, monkeypatch)
    world.broken = "a little off"
    checks = world.all(lambda: spot(COLLECTIVE.build(collected("all_reduce", 3), CPU, 0.0), calls))
    assert not any(check.passed for check in checks)


@pytest.mark.parametrize(
    ("operation", "each", "rows", "expected"),
    [
        ("all_reduce", 3, 1, [1, 2, 3, 1, 2, 3, 1]),
        ("all_reduce", 2, 3, [1, 2, 3, 4, 5, 6, 1]),
        ("all_gather", 0, 1, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_sums_in_place_start_anew_where_they_would_grow_too_far_and_never_else(
    operation: str, each: int, rows: int, expected: list[int]
) -> None:
    """Each doubles the last: of 1 they become 8, and the next target starts at 1."""
    source, targets = torch.ones(4), torch.ones(rows, 4)
    bodies = [partial(target.mul_, 2.0) for target in targets]
    side = collective._Side(operation, source, targets, bodies, each)
    side.spoil()
    seen, values = [], []
    for _ in expected:
        side.run()
        seen.append(side.calls)
        values.append(targets[:, 0].tolist())
    assert seen == expected
    if operation == "all_reduce":
        within = [[min(max(calls - each * row, 0), each) for row in range(rows)] for calls in seen]
        assert values == [[2.0**sums for sums in row] for row in within]


@pytest.mark.parametrize(
    ("count", "message", "each", "rows"),
    [(2, 64, 96, 64), (8, 2**21, 32, 8), (64, 8, 16, 64), (1024, 2**24, 9, 1), (64, 2**30, 16, 1)],
)
def test_sums_in_place_never_leave_what_fp32_holds_and_short_ones_have_many_targets(
    count: int, message: int, each: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collective, "_call", lambda *_: lambda: None)
    assert collective.KERNEL.most(collected("all_gather", count)) == 0
    point = collected("all_reduce", count, message)
    assert collective.KERNEL.most(point) == each * rows
    side = collective._side(point, torch.ones(16), torch.ones(rows, 16))
    assert (side.each, len(side.bodies)) == (each, rows)
    assert float(count) ** (each + 1) * 100 < torch.finfo(torch.float32).max
    assert rows * message <= max(message, collective.TARGETS_BYTES)


def test_each_target_of_short_sums_is_aligned_and_a_part_of_one_buffer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts: list[int] = []
    World(2, monkeypatch)
    monkeypatch.setattr(
        collective, "_call", lambda *told: partial(starts.append, told[2].storage_offset())
    )
    side = collective._kept_side(collected("all_reduce", 2, 8), 2, CPU)
    assert (side.targets.shape, side.each) == ((64, 2), 96)
    for _ in range(96 * 64):
        side.run()
    assert starts == [128 * row for row in range(64) for _ in range(96)]
