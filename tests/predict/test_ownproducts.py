"""One chip's own products: fitted beside what is usual of chips, and kriged among neighbours."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from bench.predict.learning.kernel import joined
from bench.predict.learning.ownproducts import fit_own_products
from bench.predict.learning.product import Products, Shapes, seconds, shapes
from bench.predict.learning.productfit import FREE, Measured, Prior, fit, fit_all_chips, prior
from bench.predict.model.operators import Array
from tests.predict.cases import made

HOW = Products(launch_s=4e-6, stream=0.85, fraction=0.8)
SPREAD = {"launch_s": 0.3, "stream": 0.05, "fraction": 0.05}
NOISE = 0.03


def drawn(rng: Generator, count: int) -> list[tuple[float, float, float]]:
    """Sizes from a few rows to thousands."""
    return [tuple(size) for size in (2.0 ** rng.integers((0, 9, 9), 14, size=(count, 3))).tolist()]


def one_chip(rng: Generator) -> Products:
    """Parameters of a chip that lies from ``HOW`` as chips do."""
    fars = {key: spread * rng.normal() for key, spread in SPREAD.items()}
    return replace(
        HOW,
        launch_s=HOW.launch_s * math.exp(fars["launch_s"]),
        stream=HOW.stream + fars["stream"],
        fraction=HOW.fraction + fars["fraction"],
    )


def timed(rng: Generator, one: Shapes, how: Products) -> Array:
    """Times with the scatter of single products."""
    return seconds(one, how) * np.exp(NOISE * rng.normal(size=one.m.size))


def world(rng: Generator, chips: int = 12) -> Measured:
    """Chips that were measured at length."""
    facts = tuple(made(f"c{place}") for place in range(chips))
    works = tuple(shapes(drawn(rng, 150), chip, "bf16") for chip in facts)
    return Measured(facts, works, tuple(timed(rng, one, one_chip(rng)) for one in works), ())


def test_what_is_usual_of_chips_is_found() -> None:
    """Of twelve chips a spread is known to a fifth or so; the rest of them do not differ."""
    found = prior(world(default_rng(5)), HOW)
    assert found.noise == pytest.approx(NOISE, rel=0.15)
    for key, spread in SPREAD.items():
        assert found.spread[key] == pytest.approx(spread, rel=0.6), key
    assert found.spread["passes"] > 1, "none was timed with it: it may be anything"


def test_what_is_usual_hangs_on_no_rounding() -> None:
    """One chip has one headroom, and a few tell next to nothing of some parameters."""
    known = world(default_rng(11), 4)
    moved = (times * (1 + 1e-9 * default_rng(12).normal(size=times.size)) for times in known.times)
    other = Measured(known.chips, known.works, tuple(moved), ())
    assert prior(other, HOW).spread == pytest.approx(prior(known, HOW).spread, rel=1e-4)


def test_a_short_run_tells_a_chip_better_beside_what_is_usual() -> None:
    """Ten products say little of eight parameters: chip after chip others are predicted closer."""
    rng, errors = default_rng(6), []
    usual = prior(world(rng), HOW)
    for _ in range(12):
        chip, how = made("new"), one_chip(rng)
        known, asked = (shapes(drawn(rng, count), chip, "bf16") for count in (10, 100))
        times, votes = timed(rng, known, how), np.ones(10)
        fits = fit(known, times, votes, HOW, usual), fit(known, times, votes, HOW)
        true = seconds(asked, how)
        errors.append([np.mean(np.abs(np.log(seconds(asked, one) / true))) for one in fits])
    beside, alone = np.mean(errors, axis=0)
    assert beside < 0.8 * alone


def test_many_products_outweigh_what_is_usual() -> None:
    chip, far = made("far"), replace(HOW, stream=0.6, launch_s=1e-5)
    one = shapes(drawn(default_rng(7), 400), chip, "bf16")
    usual = Prior(dict.fromkeys(vars(HOW), 0.05), NOISE)
    found = fit(one, seconds(one, far), np.ones_like(one.m), HOW, usual)
    assert found.stream == pytest.approx(far.stream, rel=0.05)
    assert found.launch_s == pytest.approx(far.launch_s, rel=0.1)


def test_no_product_at_all_is_as_usual() -> None:
    usual = Prior(dict.fromkeys(vars(HOW), 0.05), NOISE)
    none = shapes([], made(), "bf16")
    found = fit(none, none.m, none.m, HOW, usual)
    for key in FREE:
        assert getattr(found, key) == pytest.approx(getattr(HOW, key), rel=1e-6), key


def test_intervals_hold_what_they_say_on_known_truth() -> None:
    rng, held = default_rng(8), []
    usual = prior(world(rng), HOW)
    for _ in range(12):
        chip, how = made("new"), one_chip(rng)
        known, asked = (shapes(drawn(rng, count), chip, "bf16") for count in (30, 100))
        own = fit_own_products(known, timed(rng, known, how), HOW, usual)
        told, wide = own.seconds(asked)
        held.append(np.mean(np.abs(np.log(told / timed(rng, asked, how))) < 1.2816 * wide))
    assert np.mean(held) > 0.75, "what neighbours may leave is more than this world has"


def test_a_wild_time_widens_itself_and_hardly_moves_its_neighbours() -> None:
    rng, usual = default_rng(9), Prior(dict.fromkeys(vars(HOW), 0.05), NOISE)
    sizes = [(2.0**row, 4096.0, 4096.0) for row in range(12)]
    one = shapes(sizes, made(), "bf16")
    times = timed(rng, one, HOW)
    wild = times.copy()
    wild[5] *= 1.8
    own = fit_own_products(one, wild, HOW, usual)
    assert own.noises[5] == max(own.noises) > 2 * NOISE
    beside = shapes([(48.0, 4096.0, 4096.0)], made(), "bf16")
    moved = own.seconds(beside)[0] / fit_own_products(one, times, HOW, usual).seconds(beside)[0]
    assert 1 <= float(moved[0]) < 1.2


def test_what_all_chips_leave_stays_with_one_chips_fit() -> None:
    """It is held while the formula is fitted, and is there again in what is predicted."""
    rng = default_rng(10)
    how, _ = fit_all_chips(world(rng, 4), Products())
    one = joined([shapes(drawn(rng, 40), made(), "bf16")])
    found = fit(one, 1.1 * seconds(one, how), np.ones_like(one.m), how)
    assert found.left is how.left is not None
    assert seconds(one, found) == pytest.approx(1.1 * seconds(one, how), rel=0.02)
