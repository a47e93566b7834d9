"""What paper predicts of work: bias and spread of constructed pairs, and nothing of few."""

import math
from collections.abc import Mapping
from itertools import combinations
from statistics import fmean, pstdev

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.claims.forecast import LEAST, Forecast, forecast
from bench.evidence.model import Defect
from bench.evidence.observe import Observation
from bench.evidence.pool import Evidence
from bench.evidence.quantities import QUANTITIES
from bench.evidence.weigh import weigh
from bench.units import Dimension
from tests.chips.comparison_cases import MAKER, chip
from tests.claims.test_sensitivity import seen

PAPER = {"a": 0.3, "b": 0.9, "c": 2.0, "d": 3.35, "e": 4.8}
"""Memory bandwidths in TB/s, in order."""
T_4 = 2.7764451052
"""Student's t of 97.5% with 4 degrees of freedom, from a table."""
WORKS = ("Llama-3-8B", "Qwen3-32B", "GLM-4")


def sheet(name: str, bandwidth: float | None) -> Chip:
    """A chip with a memory bandwidth, or with a rate alone."""
    if bandwidth is None:
        return chip(name, {"matrix_bf16": {"value": "100 TFLOP/s", "basis": "dense"}})
    return chip(name, {"memory_bandwidth": {"value": f"{bandwidth} TB/s"}})


def sheets(paper: Mapping[str, float | None]) -> Catalogue:
    """Chips with these bandwidths."""
    return Catalogue({name: sheet(name, one) for name, one in paper.items()}, {"maker": MAKER})


def decoding(
    paper: Mapping[str, float], away: Mapping[str, float], defects: tuple[Defect, ...] = ()
) -> list[Observation]:
    """One group's tokens a second of three models: paper's share, times e to what each is away."""
    weight, why = weigh(seen("x", 1).kind, defects, "A")
    return [
        seen(
            name,
            size * bandwidth * math.exp(away.get(name, 0.0)),
            quantity=QUANTITIES["decode"],
            dimension=Dimension.TOKEN_RATE,
            work=(("batch", "1"), ("model", model)),
            ref=f"file:{name}-{model}",
            weight=weight,
            why=why,
            defects=defects,
        )
        for model, size in zip(WORKS, (130.0, 17.0, 90.0), strict=True)
        for name, bandwidth in paper.items()
    ]


def lenders() -> list[Observation]:
    """Enough of another kind of work, on chips of no sheet, to tell how far groups scatter."""
    return [
        seen(
            name,
            100 * math.exp(0.1 * math.sin(7 * group + 3 * place + 5 * work)),
            quantity=QUANTITIES["serving_output"],
            dimension=Dimension.TOKEN_RATE,
            by=f"lender-{group}",
            under=f"lender-{group}",
            work=(("model", WORKS[work]),),
            ref=f"lender-{group}:{name}-{work}",
        )
        for group in range(6)
        for place, name in enumerate("xy")
        for work in range(3)
    ]


def known(
    away: Mapping[str, float], paper: Mapping[str, float] | None = None, work: str = "decode"
) -> Forecast | None:
    """What is learnt from chips that are so far from paper."""
    usual = PAPER if paper is None else paper
    return forecast(work, Evidence([*decoding(usual, away), *lenders()]), sheets(usual))


def deviations(away: Mapping[str, float]) -> list[float]:
    """What each pair is away from its paper ratio, the larger on paper over the smaller."""
    return [away[larger] - away[smaller] for smaller, larger in combinations(PAPER, 2)]


AWAY = (
    {"a": 0.1, "b": -0.2, "c": 0.05, "d": -0.2, "e": 0.1},
    {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1, "e": 0.0},
    {"a": 0.0, "b": 0.1, "c": -0.3, "d": 0.25, "e": 0.5},
)
"""Unbiased; large chips behind their paper; neither even nor in order."""


@pytest.mark.parametrize("away", AWAY)
def test_bias_and_spread_are_those_of_all_pairs(away: Mapping[str, float]) -> None:
    found = known(away)
    assert found
    assert found.chips == 5
    assert found.bias == pytest.approx(fmean(deviations(away)), abs=1e-9)
    assert found.spread == pytest.approx(pstdev(deviations(away)), abs=1e-9)


def test_the_order_in_which_chips_are_called_changes_nothing() -> None:
    """The bias is of the larger on paper over the smaller, not of the first in the alphabet."""
    turned = dict(zip(PAPER, "edcba", strict=True))
    paper = {turned[name]: value for name, value in PAPER.items()}
    away = {turned[name]: value for name, value in AWAY[2].items()}
    one, other = known(AWAY[2]), known(away, paper)
    assert one
    assert other
    assert (one.bias, one.spread) == pytest.approx((other.bias, other.spread))


@pytest.mark.parametrize("ratio", [0.2, 0.9, 1.5, 6.0])
def test_where_work_follows_paper_without_bias_the_interval_is_about_the_paper_ratio(
    ratio: float,
) -> None:
    found = known(AWAY[0])
    assert found
    assert found.bias == pytest.approx(0.0, abs=1e-9)
    low, high = found.interval(ratio)
    half = math.exp(T_4 * pstdev(deviations(AWAY[0])) * math.sqrt(1 + 1 / found.chips))
    assert low < ratio < high
    assert (low, high) == pytest.approx((ratio / half, ratio * half))


def test_where_work_follows_paper_exactly_paper_is_what_is_predicted() -> None:
    found = known({})
    assert found
    assert found.interval(2.5) == pytest.approx((2.5, 2.5))


def test_large_chips_behind_their_paper_are_predicted_behind_whichever_is_asked_first() -> None:
    """Each step up on paper loses 0.1: on average of ten pairs 0.2."""
    found = known(AWAY[1])
    assert found
    assert found.bias == pytest.approx(-0.2)
    low, high = found.interval(4.0)
    assert math.sqrt(low * high) == pytest.approx(4.0 * math.exp(-0.2))
    assert found.interval(0.25) == pytest.approx((1 / high, 1 / low))


def test_a_few_chips_predict_nothing() -> None:
    four = dict([*PAPER.items()][:4])
    assert LEAST == 5
    assert known(AWAY[0], four) is None
    assert known(AWAY[0]) is not None


def test_work_that_nobody_measured_is_predicted_by_nothing() -> None:
    assert known({}, work="training") is None
    assert forecast("decode", Evidence(()), sheets(PAPER)) is None


def test_a_chip_without_the_bounding_figure_is_not_counted() -> None:
    paper = {**PAPER, "f": 1.0}
    found = [*decoding(paper, {}), *lenders()]
    four = {**{name: one for name, one in PAPER.items() if name != "e"}, "e": None, "f": None}
    assert forecast("decode", Evidence(found), sheets(four)) is None
    six = forecast("decode", Evidence(found), sheets({**PAPER, "f": None}))
    assert six
    assert six.chips == 5


def test_what_was_not_admitted_predicts_nothing() -> None:
    spoilt = decoding({"e": PAPER["e"]}, {}, (Defect.SIMULATED,))
    sound = decoding({name: one for name, one in PAPER.items() if name != "e"}, {})
    assert forecast("decode", Evidence([*sound, *spoilt, *lenders()]), sheets(PAPER)) is None
