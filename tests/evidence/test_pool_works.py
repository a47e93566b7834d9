"""Pooled evidence of work: compared only where the same was done, by a group or a suite's rules."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bench.claims.judge import devices_needed
from bench.evidence.estimate import Estimate
from bench.evidence.observe import Observation
from bench.evidence.pool import Evidence
from tests.evidence.cases import seen

WORK = {"model": "llama", "batch": "8"}


def others(spread: tuple[float, float] = (0.05, 0.1), seed: int = 1) -> list[Observation]:
    """Four groups that had each of six other chips decode three models."""
    rng = np.random.default_rng(seed)
    found = []
    for group in range(4):
        for chip in range(6):
            own = chip + rng.normal(0, spread[1])
            found += [
                decoded(f"c{chip}", math.exp(own + model + rng.normal(0, spread[0])), f"o{group}",
                        work={"model": f"m{model}"})
                for model in range(3)
            ]  # fmt: skip
    return found


def decoded(chip: str, value: float, by: str = "lab", **changes: Any) -> Observation:
    return seen(chip, value, by, **{"quantity": "decode", "dtype": "fp8", "work": WORK, **changes})


def ratio(*found: Observation, family: str = "decode") -> Estimate | None:
    return Evidence([*others(), *found]).of_work({"a"}, {"b"}, family)


def value(found: Estimate | None) -> float:
    assert found is not None
    return found.ratio


A = decoded("a", 60)


def test_the_same_work_by_one_group_is_compared() -> None:
    found = ratio(A, decoded("b", 40))
    assert value(found) == pytest.approx(1.5)
    assert found is not None
    assert (found.groups_both, found.is_single, found.borrowed) == (1, True, False)
    both = found.scatter.residual + found.scatter.group
    assert found.contrast.error**2 == pytest.approx(2 * both, rel=0.1)  # at any likely scatter
    assert found.noise == pytest.approx(both)


@pytest.mark.parametrize(
    "changes",
    [
        {"work": {"model": "llama", "batch": "16"}},
        {"work": {"model": "llama"}},
        {"work": {**WORK, "tp": "8"}},
        {"work": {}},
        {"count": 8},
        {"dtype": "bf16"},
        {"dtype": "int4"},
        {"dtype": None},
        {"quantity": "tpot"},
        {"quantity": "serving_output"},
        {"by": "another"},
        {"under": "MLPerf"},
    ],
    ids=lambda one: "-".join(f"{key}-{told}" for key, told in one.items()).replace(" ", ""),
)
def test_other_work_is_not_compared(changes: dict[str, Any]) -> None:
    told = {"by": "lab", **changes}
    assert ratio(A, decoded("b", 40, **told)) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [("fp8", "int8"), ("bf16", "fp16"), ("mxfp4", "nvfp4"), ("int4", "fp4"), ("tf32", "fp32")],
)
def test_formats_of_one_width_are_one_work(first: str, second: str) -> None:
    found = ratio(decoded("a", 60, dtype=first), decoded("b", 40, dtype=second))
    assert value(found) == pytest.approx(1.5)


def test_a_suites_rules_make_the_work_of_two_groups_one() -> None:
    first, second = decoded("a", 60, "x", under="MLPerf"), decoded("b", 40, "y", under="MLPerf")
    found = ratio(first, second)
    assert value(found) == pytest.approx(1.5)
    assert found is not None
    assert (found.groups_both, found.is_single) == (0, True)
    assert ratio(first, decoded("b", 40, "y", under="MLPerf v2")) is None


def test_each_group_of_a_suite_is_heard() -> None:
    found = ratio(
        decoded("a", 60, "x", under="MLPerf"),
        decoded("a", 30, "y", under="MLPerf"),
        decoded("b", 40, "z", under="MLPerf"),
    )
    assert found is not None
    assert sorted((one.by, one.value) for one in found.first) == [("x", 60), ("y", 30)]
    assert found.ratio == pytest.approx(math.sqrt(60 * 30) / 40)


def test_the_best_value_of_one_group_stands_for_its_work() -> None:
    found = ratio(A, decoded("a", 50), decoded("b", 40), decoded("b", 39))
    assert value(found) == pytest.approx(1.5)
    times = [
        decoded(chip, told, quantity="tpot", work={})
        for chip, told in (("a", 0.02), ("a", 0.03), ("b", 0.05), ("b", 0.06))
    ]
    assert value(ratio(*times)) == pytest.approx(0.05 / 0.02)


def test_several_works_are_each_compared_with_themselves() -> None:
    rates = {"llama": (60, 40), "qwen": (600, 500), "glm": (5, 4)}
    found = ratio(
        *(decoded("a", first, work={"model": model}) for model, (first, _) in rates.items()),
        *(decoded("b", second, work={"model": model}) for model, (_, second) in rates.items()),
        decoded("a", 1e6, work={"model": "alone"}),
        decoded("b", 1e6, work={"model": "alone too"}),
    )
    assert value(found) == pytest.approx((1.5 * 1.2 * 1.25) ** (1 / 3))
    assert found is not None
    assert len(found.first) == len(found.second) == 3
    expected = 2 * (found.scatter.residual / 3 + found.scatter.group)
    assert found.contrast.error**2 == pytest.approx(expected, rel=0.1)


def test_only_what_fits_is_compared() -> None:
    found = Evidence([
        *others(),
        A,
        decoded("b", 40),
        decoded("a", 10, work={"model": "qwen"}),
        decoded("b", 40, work={"model": "qwen"}),
    ])  # fmt: skip
    of_qwen = found.of_work({"a"}, {"b"}, "decode", lambda one: ("model", "qwen") in one.work)
    assert value(of_qwen) == pytest.approx(0.25)
    assert value(found.of_work({"a"}, {"b"}, "decode")) == pytest.approx(math.sqrt(1.5 * 0.25))
    assert found.of_work({"a"}, {"b"}, "decode", lambda _: False) is None


def test_variants_of_one_chip_are_no_two_sides() -> None:
    qwen: dict[str, Any] = {"work": {"model": "qwen"}}
    both = [decoded("a1", 60), decoded("a2", 50), decoded("b", 40)]
    found = Evidence([*others(), *both, decoded("a1", 9, **qwen), decoded("a2", 8, **qwen)])
    estimate = found.of_work({"a", "a1", "a2"}, {"b"}, "decode")
    assert value(estimate) == pytest.approx(math.sqrt(60 * 50) / 40)
    assert estimate is not None
    assert [one.value for one in estimate.first] == [60, 50]
    apart = Evidence([*others(), decoded("a1", 60), decoded("a2", 50)])
    assert apart.of_work({"a", "a1", "a2"}, {"b"}, "decode") is None


def test_small_products_are_work_and_no_voice() -> None:
    small: dict[str, Any] = {
        "quantity": "matmul_shape",
        "dtype": "bf16",
        "work": {"shape": "64x7168x2048"},
    }
    found = Evidence([*others(), decoded("a", 60, **small), decoded("b", 40, **small)])
    assert found.votes("matrix_bf16") == ()
    figures = [seen(f"c{n % 5}", 10.0 + n, f"h{n % 7}") for n in range(35)]
    lent = Evidence([*others(), *figures, decoded("a", 60, **small), decoded("b", 40, **small)])
    assert value(lent.of_work({"a"}, {"b"}, "matrix")) == pytest.approx(1.5)


def test_a_kind_of_work_with_too_few_values_borrows_from_other_work() -> None:
    few = [decoded("a", 60, quantity="prefill"), decoded("b", 40, quantity="prefill")]
    figures = [seen(f"c{n % 5}", 10.0 + n**2, f"h{n % 7}") for n in range(35)]
    lent = Evidence([*others(), *few, *figures])
    found = lent.of_work({"a"}, {"b"}, "prefill")
    assert found is not None
    assert found.borrowed
    assert found.ratio == pytest.approx(1.5)
    own, borrowed = lent.scatter("decode")
    assert own is not None
    assert not borrowed
    assert found.scatter.residual == pytest.approx(own.residual, rel=1e-3)
    assert Evidence(few).of_work({"a"}, {"b"}, "prefill") is None


@pytest.mark.parametrize("margin", [0.10, 0.25])
def test_devices_that_would_settle_it_follow_the_scatter_of_one_pair(margin: float) -> None:
    found = ratio(A, decoded("b", 40))
    assert found is not None
    distance = min(abs(math.log(1.5) - edge) for edge in (-math.log1p(margin), math.log1p(margin)))
    expected = 2 * (2 * 1.645) ** 2 * (found.scatter.residual + found.scatter.group) / distance**2
    assert devices_needed(found, 1.0, margin, "matches") == max(2, math.ceil(expected))


def test_the_order_of_values_is_irrelevant() -> None:
    found = [*others(), A, decoded("b", 40), decoded("a", 55, "x"), decoded("b", 41, "x")]
    plain = Evidence(found).of_work({"a"}, {"b"}, "decode")
    turned = Evidence(_turned(found)).of_work({"b"}, {"a"}, "decode")
    assert value(turned) == pytest.approx(1 / value(plain))


def _turned(found: Sequence[Observation]) -> list[Observation]:
    order = np.random.default_rng(0).permutation(len(found))
    return [found[int(one)] for one in order]
