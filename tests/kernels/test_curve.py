"""Levels of memory from a curve: found where they are, and none where none is."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.judging.levels import Level, levels
from tests.kernels.curve_cases import GIB, GRID, KIB, MIB, STEPPED, curve, measured_points


@st.composite
def machines(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Two to four levels of five sizes or more, each at most seven tenths as fast as the last."""
    count = draw(st.integers(1, 3))
    room = len(GRID) - 5 * (count + 1)
    spare = [draw(st.integers(0, room // count)) for _ in range(count)]
    ends = [sum(5 + one for one in spare[: number + 1]) - 1 for number in range(count)]
    rate, found = draw(st.floats(1e11, 1e14)), []
    for end in ends:
        found.append((GRID[end], rate))
        rate *= draw(st.floats(0.1, 0.7))
    return [*found, (GRID[-1], rate)]


@settings(deadline=None, max_examples=60)
@given(machines(), st.integers(0, 10**6))
def test_known_levels_are_recovered_within_a_step_of_the_grid(
    held: list[tuple[float, float]], seed: int
) -> None:
    found = levels(curve(held, 0.03, seed))
    assert len(found) == len(held)
    for level, (most, rate) in zip(found, held, strict=True):
        assert level.bytes_per_s == pytest.approx(rate, rel=0.06)
        if level.holds_bytes is not None:
            assert abs(GRID.index(level.holds_bytes) - GRID.index(most)) <= 1
    assert [one.holds_bytes is None for one in found] == [False] * (len(held) - 1) + [True]


def test_levels_without_noise_are_exact() -> None:
    assert levels(curve(STEPPED)) == [
        Level(420e9, 64 * KIB, 64 * KIB, 96 * KIB),
        Level(230e9, 2 * MIB, 2 * MIB, 3 * MIB),
        Level(150e9, 32 * MIB, 32 * MIB, 48 * MIB),
        Level(55e9, None, 4 * GIB),
    ]


def test_a_level_holds_what_is_read_before_a_slope_and_is_gone_after_it() -> None:
    sloping = dict(curve(STEPPED))
    sloping |= {24 * MIB: 145e9, 32 * MIB: 125e9, 48 * MIB: 93e9, 64 * MIB: 75e9, 96 * MIB: 60e9}
    third = levels(list(sloping.items()))[2]
    assert (third.holds_bytes, third.bytes_per_s) == (24 * MIB, 150e9)
    assert third.gone_bytes in (64 * MIB, 96 * MIB, 128 * MIB)


def test_more_noise_than_a_knee_does_not_end_a_level() -> None:
    """The last of a level that scatters by 5% is 8% below it, and still of it."""
    held = dict(curve(STEPPED))
    rates = [157e9, 143e9, 158e9, 142e9, 157e9, 143e9, 150e9, 138e9]
    sizes = [one for one in GRID if 2 * MIB < one <= 32 * MIB]
    third = levels(list((held | dict(zip(sizes, rates, strict=True))).items()))[2]
    assert third.holds_bytes == 32 * MIB


def test_a_level_that_scatters_ends_no_nearer_to_the_next_than_to_itself() -> None:
    """Rates 9% to each side of 100 would let 64 pass for it, were the next level not at 50."""
    first = [(at, 100e9 * (1.09 if place % 2 else 0.91)) for place, at in enumerate(GRID[:8])]
    points = [*first, (GRID[8], 64e9), *((at, 50e9) for at in GRID[9:])]
    assert levels(points)[0].holds_bytes == GRID[7]


def test_slopes_and_halves_of_a_cache_are_no_levels_of_their_own() -> None:
    first, second, memory = levels(measured_points(), 3)
    assert first.bytes_per_s == pytest.approx(32.9e12, rel=0.01)
    assert first.holds_bytes == 256 * KIB
    assert (second.holds_bytes, second.gone_bytes) == (64 * MIB, 192 * MIB)
    assert [one.bytes_per_s for one in second.steps] == [15.06e12, 10.92e12, 9.134e12]
    ends = [(one.first_bytes, one.last_bytes) for one in second.steps]
    assert all(end < start for (_, end), (start, _) in pairwise(ends))
    assert memory.bytes_per_s == pytest.approx(3.1e12, rel=0.02)
    assert memory.holds_bytes is None


def test_no_bound_joins_nothing_and_a_bound_joins_the_nearest() -> None:
    assert len(levels(measured_points())) == 5
    steps = [[step.bytes_per_s for step in one.steps] for one in levels(curve(STEPPED), 3)]
    assert steps == [[], [230e9, 150e9], []]
    assert levels(curve(STEPPED), 4) == levels(curve(STEPPED))


def test_the_smallest_caches_of_few_cores_need_two_sizes() -> None:
    held = [(48 * KIB, 420e9), (2 * MIB, 230e9), (8 * GIB, 55e9)]
    assert [one.holds_bytes for one in levels(curve(held))] == [48 * KIB, 2 * MIB, None]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_noise_makes_no_levels(seed: int) -> None:
    assert len(levels(curve([(8 * GIB, 1e12)], 0.03, seed))) == 1


def test_a_few_sizes_between_two_levels_are_none() -> None:
    held = [(MIB, 400e9), (2 * MIB, 200e9), (8 * GIB, 50e9)]
    assert [one.bytes_per_s for one in levels(curve(held))] == [400e9, 50e9]


def test_what_was_held_up_before_a_faster_level_is_none() -> None:
    held = [(2 * MIB, 100e9), (32 * MIB, 400e9), (8 * GIB, 50e9)]
    assert [one.bytes_per_s for one in levels(curve(held))] == [400e9, 50e9]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_show_no_level(count: int) -> None:
    assert levels(curve(STEPPED)[:count]) == []


def test_the_grid_of_these_tests_grows() -> None:
    assert all(one < other for one, other in pairwise(GRID))
