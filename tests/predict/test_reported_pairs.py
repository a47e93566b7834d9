"""How far ratios of one vendor's chips scatter on other groups' engines."""

from math import sqrt

import pytest

from bench.predict.learning.learn import load
from bench.predict.learning.reportedpairs import Pair, pairs, scatter
from bench.predict.learning.shippeddata import shipped


def found(group: str, *errors: float, part: str = "tpot") -> list[Pair]:
    """Pairs that a group measured."""
    return [Pair(part, group, ("one", "other"), error, 0.0, "model", "bf16") for error in errors]


def test_every_group_has_one_vote_however_many_pairs_it_measured() -> None:
    many = [*found("a", *[0.4] * 40), *found("b", -0.1), *found("c", 0.3, -0.4)]
    assert scatter(many)["tpot"] == pytest.approx((0.4 + 0.1 + sqrt((0.09 + 0.16) / 2)) / 3)
    assert scatter(many)["tpot-experts"] == pytest.approx(scatter(many)["tpot"]), (
        "nothing else known"
    )


def test_the_scatter_of_few_groups_is_shrunk_towards_that_of_the_other_kind() -> None:
    """Seven single pairs gave models with experts a narrower ratio than dense ones."""
    dense = [*found("a", 0.4), *found("b", 0.4), *found("c", -0.4), *found("d", 0.4)]
    few = [*found("e", 0.1, part="tpot-experts"), *found("f", 0.0, part="tpot-experts")]
    told = scatter([*dense, *few])
    assert told["tpot"] == pytest.approx(0.4), "the part with more groups keeps its own"
    assert told["tpot-experts"] == pytest.approx(sqrt((0.1**2 + 3 * 0.4**2) / 5))


def test_a_group_can_be_left_out_and_two_groups_say_nothing() -> None:
    three = [*found("a", 0.4), *found("b", 0.1), *found("c", 0.2)]
    assert scatter([*three, *found("d", 9.0)], without="d") == scatter(three)
    assert scatter(three, without="a")["tpot"] == 0.0


def test_shipped_pairs_are_of_one_vendor_and_of_different_chips() -> None:
    world, known = shipped(), load()
    every = pairs(world, world.reported_serving, known.stack, known.parts)
    assert len(every) > 40
    for one in every:
        first, second = one.chips
        assert first != second
        assert world.chips[first].vendor == world.chips[second].vendor
    assert scatter(every)["tpot"] == pytest.approx(known.others["tpot"].pairs, abs=1e-6)
