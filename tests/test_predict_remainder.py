"""What a formula leaves of products, lent from chip to chip and from size to size."""

import numpy as np
import pytest
from numpy.random import default_rng

from bench.predict.product import Measured, Products, learnt, seconds, shapes
from bench.predict.remainder import REACH, Remainder, remainder, unseen
from tests.predict_cases import made

SIZES = [(float(m), float(n), float(k)) for m in (16, 256, 4096) for n in (1024, 8192)
         for k in (512, 4096)]  # fmt: skip
LOGS = np.log(np.array(SIZES))


def told(off: dict[tuple[float, float, float], float], dtype: str = "bf16") -> Measured:
    """Five chips' products, all of them off by the same at some sizes, in log."""
    chips = [made(f"chip{one}", (200 + 300 * one) * 1e12) for one in range(5)]
    every = [shapes(SIZES, one, dtype) for one in chips]
    factor = np.exp([off.get(size, 0.0) for size in SIZES])
    times = [seconds(one, Products()) * factor for one in every]
    return Measured(tuple(chips), tuple(every), tuple(times))


def test_what_all_chips_leave_at_a_size_is_left_there() -> None:
    off = [0.3 if size == SIZES[4] else 0.0 for size in SIZES]
    found = remainder([LOGS] * 4, [np.array(off)] * 4)
    left = found.log(LOGS)
    assert left[4] == max(left)
    assert 0.1 < left[4] < 0.3, "one size among neighbours without is believed in part"


def test_a_chips_own_speed_is_no_remainder() -> None:
    found = remainder([LOGS] * 3, [np.full(len(SIZES), one) for one in (-0.5, 0.1, 2.0)])
    assert found.log(LOGS) == pytest.approx(0.0, abs=1e-9)


def test_neighbours_lend_and_far_sizes_do_not() -> None:
    found = Remainder((tuple(LOGS[0].tolist()),), (1.0,))
    near = LOGS[0] + np.array(REACH)
    far = LOGS[0] + 6 * np.array(REACH)
    at, beside, beyond = (float(found.log(one[None, :])[0]) for one in (LOGS[0], near, far))
    assert at > beside > 0
    assert beside == pytest.approx(at * np.exp(-1.5))
    assert beyond == pytest.approx(0.0, abs=1e-9)


def test_products_are_foretold_with_what_others_left() -> None:
    off = dict.fromkeys(SIZES[:4], 0.25)
    known = told(off)
    how, _ = learnt(known, Products())
    assert how.left is not None
    asked = shapes(SIZES, made("new", 900e12), "bf16")
    errors = np.log(seconds(asked, how) / seconds(asked, Products()))
    assert np.mean(errors[:4]) > np.mean(errors[4:]) + 0.1


def test_departures_are_told_of_chips_that_the_remainder_has_not_seen() -> None:
    """Noise that no two chips share scatters as much as it does, not less by being remembered."""
    logs = [0.2 * default_rng(seed).normal(size=len(SIZES)) for seed in range(4)]
    seen = [one - remainder([LOGS] * 4, logs).log(LOGS) for one in logs]
    apart = unseen([LOGS] * 4, logs)
    for place, one in enumerate(apart):
        rest = [log for other, log in enumerate(logs) if other != place]
        assert one == pytest.approx(logs[place] - remainder([LOGS] * 3, rest).log(LOGS))
    assert np.std(np.concatenate(apart)) > np.std(np.concatenate(seen))


def test_a_chip_alone_has_no_others_to_lend_it_anything() -> None:
    (left,) = unseen([LOGS], [np.arange(len(SIZES)) / 10.0])
    assert left.tolist() == (np.arange(len(SIZES)) / 10.0).tolist()
