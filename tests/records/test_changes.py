"""Changes of a series are found where they are, and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.history.changes import MIN_SIDE, RANKED, changes, fewest

LEVEL = 0.01


def series(seed: int, *levels: tuple[int, float], noise: float = 0.01) -> list[float]:
    """A series of stretches of given lengths at given levels."""
    draw = np.random.default_rng(seed)
    plain = np.concatenate([np.full(length, level) for length, level in levels])
    return list(plain * np.exp(noise * draw.standard_normal(len(plain))))


@pytest.mark.parametrize("count", [9, 10, 12, 40, 300])
def test_a_series_that_never_changes_is_marked_as_seldom_as_stated(count: int) -> None:
    marked = sum(bool(changes(series(seed, (count, 1.0)), 0.05)) for seed in range(300))
    assert marked / 300 < 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.parametrize("count", [10, 20, 200])
def test_heavy_tails_mark_no_more_often(count: int) -> None:
    draw = np.random.default_rng(3)
    drawn: list[list[float]] = np.exp(1e-4 * draw.standard_cauchy((300, count))).tolist()
    marked = sum(bool(changes(one, 0.05)) for one in drawn)
    assert marked / 300 < 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.parametrize("level", [0.05, 0.01, 0.001])
def test_a_clear_step_is_found_in_as_few_points_as_are_said_to_do(level: float) -> None:
    least = fewest(level)
    assert least < RANKED
    for count in (least, least + 1, RANKED - 1, RANKED):
        half = count // 2
        found = changes(series(count, (half, 1.0), (count - half, 0.93), noise=0.002), level)
        assert [one.place for one in found] == [half]
    half = (least - 1) // 2
    assert not changes(series(1, (half, 1.0), (least - 1 - half, 0.93), noise=0.002), level)


@pytest.mark.parametrize("before", range(6, RANKED - 4))
def test_four_points_at_a_new_level_are_found_however_many_came_before(before: int) -> None:
    found = changes(series(before, (before, 635.0), (4, 588.0), noise=0.003), LEVEL)
    assert [one.place for one in found] == [before]
    assert found[0].ratio == pytest.approx(588 / 635, abs=0.01)


def test_rounded_values_mark_no_more_often() -> None:
    draw = np.random.default_rng(3)
    drawn: list[list[float]] = draw.choice([1.0, 1.01], (400, 12)).tolist()
    marked = sum(bool(changes(one, 0.01)) for one in drawn)
    assert marked / 400 < 0.01 + 3 * (0.01 * 0.99 / 400) ** 0.5


def test_a_fall_of_3_percent_at_1_percent_noise_is_found_where_it_is() -> None:
    found = [changes(series(seed, (30, 1.0), (15, 0.97)), LEVEL) for seed in range(200)]
    right = [one for one in found if len(one) == 1 and abs(one[0].place - 30) <= 4]
    assert len(right) >= 190
    held = sum(one[0].low <= 0.97 <= one[0].high for one in right)
    assert held / len(right) > 0.9


def test_several_changes_are_told_apart_in_order() -> None:
    found = changes(series(1, (40, 1.0), (30, 0.95), (50, 1.02)), LEVEL)
    assert [one.place for one in found] == [40, 70]
    assert found[0].ratio == pytest.approx(0.95, abs=0.01)
    assert found[1].ratio == pytest.approx(1.02 / 0.95, abs=0.01)


def test_a_long_series_is_searched_in_stretches_and_told_to_the_point() -> None:
    (found,) = changes(series(2, (9000, 1.0), (11_000, 0.98), noise=0.003), LEVEL)
    assert abs(found.place - 9000) <= 1


def test_equal_values_never_change() -> None:
    assert changes([5.1] * 50, LEVEL) == changes([5.1] * 11, LEVEL) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1e-300, 1e300), max_size=60), st.sampled_from([0.001, 0.2]))
def test_any_series_is_searched_without_an_error(values: list[float], level: float) -> None:
    found = changes(values, level)
    places = [0, *(one.place for one in found), len(values)]
    assert all(b - a >= MIN_SIDE for a, b in pairwise(places)) or not found
    assert all(one.low <= one.ratio <= one.high for one in found)
    assert all(0 < one.chance <= level for one in found)
