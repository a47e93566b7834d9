"""The gate in numbers: intervals that hold, spread from run to run, which measurement is which."""

import math
from statistics import fmean

import numpy as np
import pytest
from scipy import stats as oracle

from bench.gate.compare import compare
from bench.gate.group import groups, lone
from bench.gate.match import pairs
from bench.gate.model import Run, Speed, Taken, Terms, Verdict
from bench.gate.report import report
from bench.gate.speed import speed_of_series, student
from bench.gate.spread import Variance, common, moderated, variance_of
from bench.gate.weigh import ratio
from bench.judging.throttle import SWING
from tests.gate.cases import taken


def run(*of: Taken, name: str = "r", whole: tuple[str, ...] = ()) -> Run:
    return Run(name, "2026-01-01", "a device", {}, of, whole)


def test_the_error_of_a_speed_is_that_of_the_median_of_its_samples() -> None:
    random = np.random.default_rng(3)
    found = [speed_of_series(tuple(1 + 0.01 * random.standard_normal(100))) for _ in range(60)]
    seen = np.std([math.log(one.value) for one in found], ddof=1)
    told = fmean((one.down + one.up) / 2 for one in found)
    assert seen < told < 1.8 * seen  # the caution of the interval is kept


def test_few_effective_samples_have_a_wide_error_and_few_degrees_of_freedom() -> None:
    random, level = np.random.default_rng(4), 0.0
    walk = [level := 0.98 * level + 0.01 * random.standard_normal() for _ in range(100)]
    tied = speed_of_series(tuple(1 + one for one in walk))
    loose = speed_of_series(tuple(1 + 0.01 * random.standard_normal(100)))
    assert tied.freedom < 10 < loose.freedom
    assert tied.up + tied.down > 4 * (loose.up + loose.down)


@pytest.mark.parametrize("level", [0.05, 0.001])
def test_a_ratio_holds_the_truth_as_often_as_it_says(level: float) -> None:
    random, pairs_, missed = np.random.default_rng(5), 400, 0
    for _ in range(pairs_):
        now, before = (
            speed_of_series(tuple(1 + 0.02 * random.standard_normal(60))) for _ in range(2)
        )
        found = ratio(now, [before], None, level)
        missed += not found.low <= 1 <= found.high
    assert missed <= oracle.binom.ppf(0.9999, pairs_, level)


def test_students_quantile_is_that_of_scipy() -> None:
    assert student(3.5, 0.999) == pytest.approx(oracle.t.ppf(0.999, 3.5))


def test_the_common_variance_and_its_weight_are_found_again() -> None:
    """Variances drawn as the model says: 1 over chi-square; five runs of 400 measurements."""
    random, freedom, middle = np.random.default_rng(6), 8.0, 4e-6
    true = middle * freedom / random.chisquare(freedom, 400)
    drawn = [Variance(float(one * random.chisquare(4) / 4), 4.0) for one in true]
    found = common(drawn)
    assert found.value == pytest.approx(middle, rel=0.2)
    assert found.freedom == pytest.approx(freedom, rel=0.5)


def test_variances_that_do_not_differ_are_all_one() -> None:
    random = np.random.default_rng(7)
    drawn = [Variance(float(random.chisquare(4) / 4), 4.0) for _ in range(200)]
    assert common(drawn).freedom > 100


def test_a_variance_is_drawn_to_the_common_one_by_its_weight() -> None:
    assert moderated(Variance(4.0, 2.0), Variance(1.0, 6.0)) == Variance(1.75, 8.0)
    assert moderated(None, Variance(1.0, 6.0)) == Variance(1.0, 6.0)
    assert moderated(None, common([])) is None
    assert variance_of([1.0]) is None
    assert variance_of([1.0, 1.0]) == Variance(1e-12, 1.0)
    assert common([Variance(2.0, 3.0)]).freedom == 0.0


def test_what_lies_between_runs_widens_the_interval_and_never_narrows_it() -> None:
    now, before = Speed(100.0, 0.002, 0.002, 50), [Speed(100.0, 0.002, 0.002, 50)] * 4
    alone, calm = ratio(now, before, None, 0.01), ratio(now, before, Variance(1e-12, 9.0), 0.01)
    restless = ratio(now, before, Variance(0.02**2, 9.0), 0.01)
    assert (calm.low, calm.high) == (alone.low, alone.high)
    assert math.log(restless.high) == pytest.approx(student(9, 0.995) * 0.02 * math.sqrt(1.25))


def test_a_run_noisier_than_those_before_has_its_own_noise_added() -> None:
    before, between = [Speed(100.0, 0.001, 0.001, 50)] * 4, Variance(0.01**2, 9.0)
    quiet, noisy = (ratio(Speed(100.0, e, e, 50), before, between, 0.05) for e in (0.001, 0.05))
    assert noisy.low < 0.91
    assert quiet.low > 0.95


def test_the_same_sizes_go_together_and_a_searched_shape_is_one_measurement() -> None:
    small, large = (taken(parameters={"m": size}) for size in (1, 2))
    assert list(pairs(run(small, large), run(large, small))) == [(small, small), (large, large)]
    one, other = (taken(parameters={"m": size}, moves=True) for size in (3, 4))
    assert list(pairs(run(small, one), run(small, other))) == [(small, small), (one, other)]


def test_fixed_sizes_that_differ_are_two_measurements() -> None:
    small, large = (taken(parameters={"m": size}) for size in (1, 2))
    assert list(pairs(run(small), run(large))) == [(small, None), (None, large)]
    more = taken(parameters={"m": 1, "elements": 9})
    assert list(pairs(run(small), run(more))) == [(small, more)]  # memory was less: no other work
    failed = taken(parameters={"m": 2}, status="failed", speed=None)
    assert list(pairs(run(failed), run(small))) == [(failed, small)]


def test_what_is_missing_counts_where_most_runs_that_were_asked_the_same_had_it() -> None:
    one, other = taken("a"), taken("b")
    now, whole = run(one), [run(one, other), run(one, other), run(one)]
    found = [lone(group, 3) for group in groups(now, whole)]
    assert [(row.verdict, row.counts) for row in found if row] == [
        (Verdict.NEW, False),  # what is compared is no business of ``lone``
        (Verdict.MISSING, True),
    ]
    seldom = [run(one, other), run(one), run(one)]
    assert lone(groups(now, seldom)[1], 3) is None
    of_another_suite = run(one, other, whole=("full",))
    assert len(groups(now, [of_another_suite])) == 1


@pytest.mark.parametrize(
    ("now", "before", "word", "reason", "counts"),
    [
        ("failed", "ok", Verdict.FAILED, "why", True),
        ("skipped", "ok", Verdict.MISSING, "skipped now: why", True),
        ("failed", "failed", Verdict.SAME, "fails as before: why", False),
        ("ok", "failed", Verdict.NEW, "failed before: why", False),
        ("skipped", "skipped", None, "", False),
    ],
)
def test_what_has_no_two_speeds_has_a_row_that_says_so(
    now: str, before: str, word: Verdict | None, reason: str, *, counts: bool
) -> None:
    here, there = (
        taken() if one == "ok" else taken(status=one, reason="why", speed=None)
        for one in (now, before)
    )
    row = lone(groups(run(here), [run(there)])[0], 1)
    if word is None:
        assert row is None
    else:
        assert row is not None
        assert (row.verdict, row.reason, row.counts) == (word, reason, counts)


def test_the_reason_names_the_shape_that_its_columns_have() -> None:
    def shaped(value: float, shape: str) -> Taken:
        return taken(value=value, parameters={"shape": shape}, shape=shape, moves=True)

    before = [run(shaped(*one)) for one in ((100.0, "middle"), (120.0, "fast"), (90.0, "last"))]
    found = compare(run(shaped(50.0, "now")), before, Terms())
    (flat,) = report(found).flat
    assert flat["shape_before"] == "middle"
    assert "now instead of middle" in str(flat["reason"])


def swinging(draw: np.random.Generator, *, loss: float = 0.0, sine: float = 0.0) -> Run:
    """A run with eight rows of short loads at a power cap, 0.3% apart from run to run."""
    errors = 0.003 * draw.standard_normal(8) + sine * np.sin(draw.uniform(0, 2 * np.pi, 8))
    speeds = (1 - loss) * 100 * np.exp(errors)
    rows = [
        taken(f"{place}", speed=Speed(float(value), 0.001, 0.001, 30, swing=0.0115))
        for place, value in enumerate(speeds)
    ]
    return Run("a", "", "", {}, tuple(rows))


@pytest.mark.parametrize(("runs", "word"), [(1, "ambiguous"), (4, "ambiguous"), (6, "slower")])
def test_enough_runs_at_a_power_cap_show_a_loss_that_its_swings_hide(runs: int, word: str) -> None:
    draw = np.random.default_rng(runs)
    before = [swinging(draw) for _ in range(runs)]
    found = compare(swinging(draw, loss=0.04), before, Terms())
    assert {row.verdict.value for row in found.rows} == {word}
    told = (
        "a short load at a power cap, with ±3.5% for the swings of its clock: 5 such earlier runs"
    )
    assert all((told in row.reason) is (word == "ambiguous") for row in found.rows)


@pytest.mark.parametrize("runs", [4, 5, 8])
def test_swings_of_the_clock_at_a_power_cap_are_not_called_slower(runs: int) -> None:
    draw, half = np.random.default_rng(runs), SWING / 2
    hits = 0
    for _ in range(100):
        before = [swinging(draw, sine=half) for _ in range(runs)]
        found = compare(swinging(draw, sine=half), before, Terms(level=0.05))
        hits += any(row.verdict in (Verdict.SLOWER, Verdict.FASTER) for row in found.rows)
    assert hits <= 5
