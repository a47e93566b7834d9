"""Pooled evidence: votes, what one group measured of both, work that is alike, and scatter."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import t as student

from bench.chips.paper import of_sheet
from bench.evidence.estimate import Estimate
from bench.evidence.mixed import Mixed, effects
from bench.evidence.model import Kind
from bench.evidence.observe import Observation
from bench.evidence.pool import Evidence
from tests.evidence.cases import seen, sheet

BF16 = "matrix_bf16"
MATMUL = ("matmul_best", "bf16")
COPY = ("memory_copy", None)


def others(
    spread: tuple[float, float] = (0.02, 0.1), of: tuple[str, str | None] = MATMUL, seed: int = 1
) -> list[Observation]:
    """Twelve groups that measured eight other chips each: who tells how far values scatter."""
    rng = np.random.default_rng(seed)
    groups = rng.normal(0, spread[1], 12)
    return [
        seen(f"c{chip}", math.exp(chip + group + rng.normal(0, spread[0])), f"o{place}",
             quantity=of[0], dtype=of[1])
        for place, group in enumerate(groups)
        for chip in range(8)
    ]  # fmt: skip


def ratio(
    found: Sequence[Observation], first: str = "a", second: str = "b", figure: str = BF16
) -> Estimate:
    estimate = Evidence(found).of_figure(figure, {first}, {second})
    assert estimate is not None
    return estimate


def told(found: Sequence[Observation]) -> list[tuple[str, str, float]]:
    return sorted((one.by, one.chip, one.value) for one in found)


def test_a_group_is_one_voice_for_a_chip_and_a_figure_by_its_best_value() -> None:
    found = Evidence(
        [seen("a", 90, "x"), seen("a", 120, "x"), seen("a", 100, "x"), seen("a", 80, "y"),
         seen("b", 50, "x"), seen("a", 60, "x", dtype="fp16")]
    )  # fmt: skip
    assert told(found.votes(BF16)) == [("x", "a", 120), ("x", "b", 50), ("y", "a", 80)]
    assert told(found.votes(BF16, ["b"])) == [("x", "b", 50)]
    assert told(found.votes("matrix_fp16")) == [("x", "a", 60)]
    assert found.votes("matrix_fp8") == ()


def test_the_best_shape_stands_for_a_group_before_a_faster_single_one() -> None:
    large = {"shape": "8192x8192x8192"}
    shapes = [seen("a", value, quantity="matmul_shape", work=large) for value in (105, 110)]
    assert told(Evidence(shapes).votes(BF16)) == [("lab", "a", 110)]
    for found in ([*shapes, seen("a", 100)], [seen("a", 100), *shapes]):
        assert told(Evidence(found).votes(BF16)) == [("lab", "a", 100)]


def test_values_without_weight_and_classes_left_out_have_no_voice() -> None:
    found = [
        seen("a", 130, weight=0.0),
        seen("a", 120, kind=Kind.VENDOR, weight=0.5),
        seen("a", 110, kind=Kind.USER, weight=0.5),
        seen("a", 100),
    ]
    assert told(Evidence(found).votes(BF16)) == [("lab", "a", 120)]
    assert told(Evidence(found, [Kind.VENDOR]).votes(BF16)) == [("lab", "a", 110)]
    left = Evidence(found, (Kind.VENDOR, Kind.USER))
    assert told(left.votes(BF16)) == [("lab", "a", 100)]
    shown = [(one.value, one.weight, one.why) for one in left.every]
    assert shown == [
        (130, 0.0, ()),
        (120, 0.0, ("left out",)),
        (110, 0.0, ("left out",)),
        (100, 1.0, ()),
    ]


def test_what_one_group_measured_of_both_is_nearer_than_what_two_strangers_did() -> None:
    both = ratio([*others(), seen("a", 80, "x"), seen("b", 100, "x")])
    apart = ratio([*others(), seen("a", 80, "x"), seen("b", 100, "y")])
    assert both.ratio == pytest.approx(0.8)
    assert apart.ratio == pytest.approx(0.8)
    assert both.contrast.error**2 == pytest.approx(2 * both.scatter.residual)
    within = apart.scatter.residual + apart.scatter.group
    assert apart.contrast.error**2 == pytest.approx(2 * within)
    assert (both.groups_both, apart.groups_both) == (1, 0)
    assert both.is_single
    assert apart.is_single
    assert apart.contrast.error > 3 * both.contrast.error
    half = student.ppf(0.975, both.contrast.freedom) * both.contrast.error
    assert both.interval() == pytest.approx((0.8 * math.exp(-half), 0.8 * math.exp(half)))


def test_a_third_chip_joins_two_groups_that_share_it() -> None:
    joined = [seen("a", 80, "x"), seen("m", 50, "x"), seen("b", 100, "y"), seen("m", 55, "y")]
    found = ratio([*others(), *joined])
    apart = ratio([*others(), joined[0], joined[2]])
    assert found.contrast.error < 0.6 * apart.contrast.error
    assert 0.8 * (55 / 50) ** 0.9 < found.ratio < 0.8 * 55 / 50
    assert [(one.by, one.chip) for one in (*found.first, *found.second)] == [("x", "a"), ("y", "b")]


def test_weighted_values_give_the_generalised_least_squares_ratio() -> None:
    rng = np.random.default_rng(5)
    spots = [(f"h{h}", c) for h in range(9) for c in "abmnk" if rng.random() < 0.55]
    found = [
        seen(c, float(rng.uniform(50, 150)), h, weight=float(rng.choice([1.0, 0.5, 0.25])))
        for h, c in spots
    ]
    estimate = ratio([*others(), *found])
    every = [*others(), *found]
    same = np.equal.outer([one.by for one in every], [one.by for one in every])
    own = np.diag([1 / one.weight for one in every])
    cover = estimate.scatter.residual * own + estimate.scatter.group * same.astype(float)
    chips = sorted({one.chip for one in every})
    columns = np.array([[float(one.chip == chip) for chip in chips] for one in every])
    pull = np.linalg.solve(cover, columns)
    logs = np.log([one.value for one in every])
    fitted = np.linalg.solve(columns.T @ pull, pull.T @ logs)
    expected = fitted[chips.index("a")] - fitted[chips.index("b")]
    assert estimate.contrast.value == pytest.approx(expected, abs=1e-9)
    assert len({one.weight for one in found}) == 3


def test_a_ratio_turned_over_is_one_over_it_whatever_the_order() -> None:
    found = [*others(), seen("a", 80, "x"), seen("b", 100, "x"), seen("a", 85, "y")]
    one, other = ratio(found), ratio(found[::-1], "b", "a")
    assert other.ratio == pytest.approx(1 / one.ratio)
    low, high = one.interval(0.9)
    assert other.interval(0.9) == pytest.approx((1 / high, 1 / low), rel=1e-4)
    assert told(one.first) == told(other.second)


def test_a_side_without_a_voice_has_no_ratio() -> None:
    found = Evidence([*others(), seen("a", 80, "x"), seen("b", 1, "x", weight=0.0)])
    assert found.of_figure(BF16, {"a"}, {"b"}) is None
    assert found.of_figure(BF16, {"b"}, {"a"}) is None
    assert found.of_figure("matrix_fp8", {"a"}, {"c0"}) is None
    assert found.of_figure(BF16, {"a"}, {"c0"}) is not None


def test_without_anything_to_spare_there_is_no_ratio() -> None:
    assert Evidence([seen("a", 80), seen("b", 90)]).of_figure(BF16, {"a"}, {"b"}) is None
    assert Evidence([seen("a", 80), seen("b", 90)]).achieved(BF16, "a") is None


def test_variants_that_share_a_name_are_one_side() -> None:
    found = [seen("a1", 80, "x"), seen("b", 100, "x"), seen("a2", 60, "y"), seen("b", 90, "y")]
    estimate = Evidence([*others(), *found]).of_figure(BF16, {"a", "a1", "a2"}, {"b"})
    assert estimate is not None
    assert estimate.ratio == pytest.approx(math.sqrt(80 / 100 * 60 / 90))
    assert told(estimate.first) == [("x", "a1", 80), ("y", "a2", 60)]
    assert (estimate.groups_both, estimate.is_single) == (2, False)


def test_a_copy_one_way_is_half_of_a_link_unless_the_group_measured_both_ways() -> None:
    chip = sheet("a")
    paper = of_sheet(chip, ("link_bandwidth_oneway",))
    oneway = seen("a", 390e9, "x", quantity="peer_oneway", dtype=None, paper=paper)
    found = Evidence([oneway, seen("b", 700e9, "x", quantity="peer_bidirectional", dtype=None)])
    (doubled,) = found.votes("link_bandwidth", ["a"])
    assert doubled.value == 780e9
    assert doubled.fraction == pytest.approx(390 / 400)
    assert told(found.votes("link_bandwidth", ["b"])) == [("x", "b", 700e9)]
    assert told(found.votes("link_bandwidth_oneway")) == [("x", "a", 390e9)]
    both = seen("a", 600e9, "x", quantity="peer_bidirectional", dtype=None)
    for every in ([oneway, both], [both, oneway]):
        assert told(Evidence(every).votes("link_bandwidth")) == [("x", "a", 600e9)]


def test_a_family_with_enough_values_tells_its_own_scatter() -> None:
    tight, wide = others((0.01, 0.02)), others((0.2, 0.4), COPY, seed=2)
    both = Evidence([*tight, *wide])
    for family, alone in (("matrix", tight), ("memory", wide)):
        scatter, borrowed = both.scatter(family)
        own, _ = Evidence(alone).scatter(family)
        assert scatter is not None
        assert own is not None
        assert not borrowed
        assert (scatter.residual, scatter.group) == pytest.approx((own.residual, own.group))
    assert 0.15**2 < both.scatter("memory")[0].residual < 0.25**2  # type: ignore[union-attr]


def test_a_family_with_too_few_values_borrows_from_every_figure_and_from_no_work() -> None:
    tight, wide = others((0.01, 0.02)), others((0.2, 0.4), COPY, seed=2)
    few = [
        seen(chip, value, by, quantity="vector_rate", dtype="fp32")
        for chip, value, by in [("a", 10, "x"), ("b", 12, "x"), ("a", 11, "y"), ("b", 13, "y")]
    ]
    work = [
        seen(chip, value * (3 if by == "w1" else 1), by, quantity="decode", dtype="fp8")
        for chip, value in [("a", 10.0), ("b", 90.0)]
        for by in ("w1", "w2")
    ]
    found = Evidence([*tight, *wide, *few, *work])
    scatter, borrowed = found.scatter("vector")
    every = [*tight, *wide, *few]
    model = Mixed(
        [math.log(one.value) for one in every],
        effects([(one.figure, one.chip) for one in every]),
        [(one.figure, one.by) for one in every],
    )
    assert borrowed
    assert scatter is not None
    assert model.scatter is not None
    assert (scatter.residual, scatter.group) == pytest.approx(
        (model.scatter.residual, model.scatter.group), rel=1e-3
    )
    estimate = found.of_figure("vector_fp32", {"a"}, {"b"})
    assert estimate is not None
    assert estimate.borrowed
    assert estimate.scatter is scatter
    assert estimate.ratio == pytest.approx(math.sqrt(10 / 12 * 11 / 13))
    assert not ratio([*every, seen("a", 1, "x"), seen("b", 1, "x")]).borrowed


def test_what_is_held_borrows_from_no_rate() -> None:
    held = [
        seen(chip, value * 1e9, by, quantity="memory_held", dtype=None)
        for chip, value, by in [("a", 94, "x"), ("b", 139, "x"), ("a", 95, "y")]
    ]
    found = Evidence([*others(), *held])
    assert found.of_figure("memory_capacity", {"a"}, {"b"}) is None
    assert found.achieved("memory_capacity", "a") is None
    sizes = others((0.001, 0.002), ("memory_held", None), seed=3)
    own, borrowed = Evidence([*others(), *sizes]).scatter("capacity")
    assert own is not None
    assert not borrowed
    assert own.residual < 2e-6
    rates, _ = Evidence([*others(), *sizes]).scatter("vector")
    alone, _ = Evidence(others()).scatter("matrix")
    assert rates is not None
    assert alone is not None
    assert rates.residual == pytest.approx(alone.residual, rel=1e-3)


def test_what_a_chip_reaches_is_the_mean_of_groups_with_welchs_interval() -> None:
    a, b = np.array([80.0, 95.0, 70.0, 102.0]), np.array([90.0, 101.0, 78.0, 118.0])
    found = Evidence(
        [seen(chip, float(value), f"h{group}") for chip, values in (("a", a), ("b", b))
         for group, value in enumerate(values)]
    )  # fmt: skip
    logs = np.log([a, b])
    groups = 2 * float(np.sum((logs.mean(axis=0) - logs.mean()) ** 2)) / 3
    away = logs[0] - logs[1]
    rest = float(np.sum((away - away.mean()) ** 2)) / 2 / 3
    error = math.sqrt((groups + rest) / 8)
    freedom = (groups + rest) ** 2 / (groups**2 / 3 + rest**2 / 3)
    half = student.ppf(0.975, freedom) * error
    reached = found.achieved(BF16, "a")
    assert reached is not None
    assert reached.rate == pytest.approx(float(np.exp(logs[0].mean())))
    expected = (reached.rate * math.exp(-half), reached.rate * math.exp(half))
    assert (reached.low, reached.high) == pytest.approx(expected, rel=1e-3)
    assert told(reached.votes) == [(f"h{n}", "a", value) for n, value in enumerate(a)]
    assert found.achieved(BF16, "c") is None
    assert found.achieved("matrix_fp8", "a") is None


def test_votes_that_disagree_widen_the_interval_by_the_birge_ratio_and_agreeing_ones_do_not() -> (
    None
):
    votes = [*others(), seen("a", 20.0, "x"), seen("a", 80.0, "y")]
    found = Evidence(votes)
    scatter, _ = found.scatter("matrix")
    reached = found.achieved(BF16, "a")
    assert scatter is not None
    assert reached is not None
    birge = math.log(4) / math.sqrt(2 * (scatter.residual + scatter.group))  # root of Q over one
    assert reached.widened == pytest.approx(birge)
    assert reached.low < 20
    assert reached.high > 80
    assert (reached.least, reached.most) == (20, 80)
    assert ratio(votes, "a", "c0").contrast.widened > 2
    assert ratio(votes, "c1", "c0").contrast.widened == 1


def test_a_chip_never_reaches_more_than_its_best_vote_whatever_its_group_finds_elsewhere() -> None:
    slow = [seen(f"c{chip}", 0.5 * math.exp(chip), "slow") for chip in range(8)]
    votes = [*others(), *slow, seen("a", 50.0, "slow")]
    reached = Evidence(votes).achieved(BF16, "a")
    assert reached is not None
    assert reached.rate == pytest.approx(50.0)
    assert reached.low < 50 < reached.high
    assert ratio(votes, "a", "c0").ratio > 60  # over 50 / exp(0), as the group finds too little
