"""Single products: rows, waves, cache and launch where known; a fit that finds them again."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from bench.errors import UsageError
from bench.predict.learning.kernel import joined
from bench.predict.learning.product import Products, Shapes, roofline, seconds, shapes
from bench.predict.learning.productfit import QUANTISING, Measured, fit, fit_all_chips, measured
from bench.predict.learning.tables import Row
from bench.predict.model.stack import CLOCK
from tests.predict.cases import made

SHARP = Products(
    fraction=1.0, headroom=0.0, stream=1.0, overlap=64.0, idle=0.0, launch_s=0.0, depth_s=0.0,
    held=1e-9,
)  # fmt: skip
"""Everything reached, nothing between, no cache."""
TRUE = Products(0.75, 0.08, 0.8, 2.2, 0.3, 5e-6, 2e-10, 0.8, 8.0, 1.7, 900.0, 8e-6)
KNOWN = {"units": 100.0, "clock": CLOCK, "cache": 50e6}


def one(m: float, n: float, k: float, **told: object) -> Shapes:
    """One product on a chip of known units, clock and cache, or of others."""
    timed = {key: float(str(told.pop(key))) for key in ("copies", "quantised") if key in told}
    return shapes([(m, n, k)], made(**{**KNOWN, **told}), "bf16", **timed)


def took(how: Products, m: float, n: float, k: float, **told: object) -> float:
    """Its time."""
    return float(seconds(one(m, n, k, **told), how)[0])


@pytest.mark.parametrize("size", [(4096, 4096, 4096), (16, 8192, 8192), (128, 12800, 512)])
def test_with_everything_reached_it_is_the_roofline(size: tuple[int, int, int]) -> None:
    paper = float(roofline(one(*size))[0])
    assert paper <= took(SHARP, *size) * (1 + 1e-12) <= 1.011 * paper


def test_the_roofline_is_the_longer_of_flop_and_bytes() -> None:
    assert roofline(one(8192, 8192, 8192))[0] == pytest.approx(2 * 8192**3 / 1e15)
    moved = 2 * (16 * 8192 + 8192 * 8192) + 2 * 16 * 8192
    assert roofline(one(16, 8192, 8192))[0] == pytest.approx(moved / 4e12)
    eight = shapes([(16, 8192, 8192)], made(), "fp8")
    assert roofline(eight)[0] == pytest.approx((moved / 2 + 16 * 8192) / 4e12)


def test_rows_are_filled_up_to_sixteen() -> None:
    huge = {"bandwidth": 1e20}
    base = took(SHARP, 16, 8192, 8192, **huge)
    assert took(SHARP, 1, 8192, 8192, **huge) == pytest.approx(base)
    assert took(SHARP, 17, 8192, 8192, **huge) == pytest.approx(2 * base)


def test_a_wave_that_is_not_filled_costs_its_share() -> None:
    """A hundred units: a hundred tiles are one wave, a hundred and one are two."""
    how, huge = replace(SHARP, idle=1.0), {"bandwidth": 1e20}
    full, more = (took(how, 128, 128 * n, 4096, **huge) for n in (100, 101))
    assert more / full == pytest.approx(2.0)
    assert took(replace(how, idle=0.5), 128, 128 * 101, 4096, **huge) / full == pytest.approx(
        1.01 * (1 + 0.5 * (2 / 1.01 - 1))
    )
    lone = took(how, 128, 128, 4096, **huge)
    assert lone == pytest.approx(4 * took(SHARP, 128, 128, 4096, **huge))  # no more than four


def test_what_nobody_gives_is_no_error_and_counts_no_wave() -> None:
    none = {"units": None, "clock": None, "cache": None, "tdp": None}
    how = replace(SHARP, idle=1.0)
    assert took(how, 128, 128, 4096, **none) == pytest.approx(took(SHARP, 128, 128, 4096))
    assert took(Products(), 4096, 4096, 4096, **none) > 0


def test_a_product_in_the_cache_is_faster_where_the_cache_is() -> None:
    """100 units at 1.92 GHz give 15 bytes a cycle each: 2.88 TB/s."""
    size, how = (16, 1024, 1024), replace(SHARP, held=1.0, cached=15.0)
    slow = {"bandwidth": 1e12, "copies": 1.0}
    assert took(how, *size, **slow) == pytest.approx(took(SHARP, *size, **slow) / 2.88, rel=1e-3)
    fast = {"bandwidth": 4e12, "copies": 1.0}
    assert took(how, *size, **fast) == pytest.approx(took(SHARP, *size, **fast), rel=1e-9)
    large = (16, 32768, 32768)
    assert took(how, *large, **slow) == pytest.approx(took(SHARP, *large, **slow), rel=1e-3)


@pytest.mark.parametrize(("copies", "share"), [(1, 2.88), (16, 2.88), (36, 1.0), (0, 1.0)])
def test_a_loop_finds_its_weights_in_the_cache_where_all_copies_fit(
    copies: float, share: float
) -> None:
    """Sixteen copies of 2 MiB fit into 50 MB, thirty-six do not; nought: nothing is read again."""
    size, how = (16, 1024, 1024), replace(SHARP, held=1.0, cached=15.0)
    slow = {"bandwidth": 1e12}
    found = took(how, *size, copies=copies, **slow)
    assert found == pytest.approx(took(SHARP, *size, **slow) / share, rel=0.05)


def test_quantising_is_a_pass_rows_and_launches_of_its_own() -> None:
    """Five bytes an element at 4 TB/s, a hundred units at ``CLOCK``."""
    how = replace(SHARP, passes=2.0, row=1000.0, quantise_s=3e-6)
    size = (4096, 1024, 2048)
    added = took(how, *size, quantised=1.0) - took(how, *size)
    assert added == pytest.approx(2 * 5 * 4096 * 2048 / 4e12 + 1000 * 40.96 / CLOCK + 3e-6)
    wide = (4096, 8192, 2048)
    assert took(how, *wide, quantised=1.0) - took(how, *wide) == pytest.approx(added)


def test_launch_and_depth_shrink_with_the_clock() -> None:
    how = replace(SHARP, launch_s=4e-6, depth_s=1e-9)
    for clock, share in ((CLOCK, 1.0), (2 * CLOCK, 0.5), (None, 1.0)):
        added = took(how, 16, 128, 1000, clock=clock) - took(SHARP, 16, 128, 1000, clock=clock)
        assert added == pytest.approx(5e-6 * share)


def test_more_power_at_one_rate_is_never_slower() -> None:
    told = [took(Products(), 4096, 4096, 4096, tdp=one) for one in (100.0, 300.0, 1000.0, 9000.0)]
    assert told == sorted(told, reverse=True)


def test_a_format_that_a_sheet_lacks_is_refused() -> None:
    with pytest.raises(UsageError, match="no dense int8"):
        shapes([(1, 1, 1)], made(), "int8")


@pytest.mark.parametrize("dtype", ["fp32", "fp4"])
def test_a_format_whose_products_nobody_measured_is_refused_in_words(dtype: str) -> None:
    with pytest.raises(UsageError):
        shapes([(1, 1, 1)], made(peaks={dtype: 1e15}), dtype)


CHIPS = tuple(
    made(f"c{n}", rate * 1e12, bandwidth=bandwidth, tdp=tdp, units=units, clock=clock, cache=cache)
    for n, (rate, bandwidth, tdp, units, clock, cache) in enumerate([
        (300.0, 2e12, 400.0, 108.0, 1.4e9, 40e6),
        (1000.0, 3.3e12, 700.0, 132.0, 1.9e9, 50e6),
        (150.0, 4e12, 500.0, 78.0, 1.9e9, 60e6),
        (2200.0, 8e12, 1000.0, 148.0, 1.9e9, 120e6),
        (360.0, 0.86e12, 350.0, 142.0, 2.5e9, 96e6),
        (500.0, 1.8e12, 200.0, 188.0, 2.4e9, 128e6),
    ])
)  # fmt: skip


def grid(quantised: float = 0.0) -> list[Shapes]:
    """Sixty products on each of six chips, in a loop over six weights."""
    rng = default_rng(1)
    sizes = 2.0 ** rng.integers((0, 8, 8), (15, 15, 15), size=(60, 3))
    return [shapes([tuple(size) for size in sizes], chip, "bf16", 6, quantised) for chip in CHIPS]


def close(found: Products, wanted: Products, rel: float) -> None:
    """Holds what was fitted to what was put in."""
    for key in ("fraction", "headroom", "stream", "overlap", "launch_s", "depth_s"):
        assert getattr(found, key) == pytest.approx(getattr(wanted, key), rel=rel), key


def test_a_fit_finds_what_was_put_in() -> None:
    every = joined(grid())
    found = fit(every, seconds(every, TRUE), np.ones_like(every.m), Products())
    close(found, TRUE, 0.02)
    for key in ("idle", "held", "cached"):
        assert getattr(found, key) == pytest.approx(getattr(TRUE, key), rel=0.1), key

    for key in QUANTISING:
        assert getattr(found, key) == getattr(Products(), key), "none was timed with it"


def test_a_fit_tells_quantising_where_it_was_timed_and_then_no_launch_of_a_product() -> None:
    every, known = joined(grid(1.0)), replace(TRUE, launch_s=Products().launch_s)
    found = fit(every, seconds(every, known), np.ones_like(every.m), Products())
    for key in ("fraction", "stream", *QUANTISING):
        assert getattr(found, key) == pytest.approx(getattr(TRUE, key), rel=0.05), key
    assert found.launch_s == Products().launch_s


def test_outliers_and_noise_hardly_move_a_fit() -> None:
    rng, every = default_rng(2), joined(grid())
    times = seconds(every, TRUE) * np.exp(0.02 * rng.normal(size=every.m.size))
    times[:: every.m.size // 10] *= 5.0  # one in thirty-six, five times too slow
    close(fit(every, times, np.ones_like(every.m), Products()), TRUE, 0.15)


def test_departures_of_chips_are_found_beside_the_fit() -> None:
    slower = dict(zip((chip.chip for chip in CHIPS), (0, 0.05, -0.05, 0.02, 0, -0.02), strict=True))
    kept = grid()
    times = [
        seconds(one, TRUE) * np.exp(slower[chip.chip])
        for one, chip in zip(kept, CHIPS, strict=True)
    ]
    _, parts = fit_all_chips(Measured(CHIPS, tuple(kept), tuple(times), ()), Products())
    assert [one[3] for one in parts.labels] == list(slower)
    far = np.array(parts.means) - np.mean(parts.means)
    assert far == pytest.approx(list(slower.values()), abs=0.035)


def row(chip: str, dtype: str, us: float) -> Row:
    """One line of a table."""
    words = {"chip": chip, "dtype": dtype, "stack": "some"}
    return Row(words, {"m": 16.0, "n": 128.0, "k": 64.0, "us": us})


def test_rows_of_a_format_go_to_their_chips_and_what_sheets_lack_is_left_out() -> None:
    chips = {
        "a": made("a"), "b": made("b"), "dark": made("dark", bandwidth=None),
        "old": made("old", peaks={"fp16": 1e14}),
    }  # fmt: skip
    rows = [row("b", "bf16", 2), row("a", "bf16", 3), row("b", "bf16", 4), row("a", "fp8", 9)]
    more = [row("dark", "bf16", 1), row("old", "bf16", 1), row("nobody", "bf16", 1)]
    found = measured([*rows, *more], chips, "bf16")
    assert [one.chip for one in found.chips] == ["b", "a"]
    assert [one.tolist() for one in found.times] == [pytest.approx([2e-6, 4e-6]), [3e-6]]
    assert found.works[0].m.tolist() == [16, 16]
    assert found.works[0].copies.tolist() == found.works[0].quantised.tolist() == [0, 0]


def test_how_rows_were_timed_is_read_of_their_table() -> None:
    told = row("a", "bf16", 3)
    more = replace(told, numbers={**told.numbers, "copies": 5.0, "quantised": 1.0})
    found = measured([told, more], {"a": made("a")}, "bf16").works[0]
    assert found.copies.tolist() == [0, 5]
    assert found.quantised.tolist() == [0, 1]
