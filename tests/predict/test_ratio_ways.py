"""Ratios of rates in several ways, and with prefill and decode on chips of their own."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from bench.chips.load import Catalogue, catalogue
from bench.predict.disaggregated import predicted
from bench.predict.forecast import Prediction
from bench.predict.learning.groups import one_vote_each
from bench.predict.learning.learn import Learnt, load, serving_part
from bench.predict.learning.pooling import COVERAGES
from bench.predict.learning.shippeddata import shipped
from bench.predict.model.disaggregated import WIDER
from bench.predict.model.facts import facts
from bench.predict.model.parallel import parallel
from bench.predict.model.precision import precision
from bench.predict.ratio import WAYS, ratio
from bench.predict.scenario import Prefill, Scenario
from bench.predict.search import best
from bench.predict.validation.ways import runs_by_work
from bench.predict.ways import ServingGoal
from bench.workloads.load import workload


@pytest.fixture(scope="module")
def known() -> Learnt:
    return load()


def asked(decode: str, fill: str = "", on: str = "", batch: float = 64.0) -> Scenario:
    requests, prompt, output = (np.array([one]) for one in (batch, 2048.0, 512.0))
    plain = workload("llama-3.1-70b"), "serve", precision("bf16"), parallel(decode)
    own = Prefill(parallel(fill), catalogue().find(on) if on else None) if fill else None
    return Scenario(*plain, requests, prompt, output, prefill=own)


def of(sheets: Catalogue, known: Learnt, chip: str, scenario: Scenario) -> Prediction:
    return predicted(facts(sheets.find(chip)), scenario, known)


def test_only_the_same_way_with_as_many_requests_has_no_interval(
    sheets: Catalogue, known: Learnt
) -> None:
    """The second way of the baseline's chip had a ratio of 0.896 (0.896-0.896)."""
    one = of(sheets, known, "h20", asked("tp8"))
    for level in COVERAGES:
        low, high = ratio(one, one, known).bounds(level)
        assert low[0] == high[0] == 1
    for other in (asked("tp4 dp2"), asked("tp8", batch=32.0)):
        over = ratio(of(sheets, known, "h20", other), one, known)
        assert over.model_halves == pytest.approx(WAYS["tpot"])
    goal = ServingGoal(workload("llama-3.1-70b"), precision("bf16"), 8, 2048, 512, top=2)
    answers, _ = best([sheets.find("h20")], sheets.find("h20"), goal, known)
    first, second = (answer.over for answer in answers)
    assert first
    assert second
    assert first.bounds(0.8)[0] == first.bounds(0.8)[1]
    assert second.bounds(0.8)[0][0] < 0.9 * second.middle[0]


def test_ways_of_two_chips_scatter_too(sheets: Catalogue, known: Learnt) -> None:
    base = of(sheets, known, "h800", asked("tp8"))
    same, other = (
        ratio(of(sheets, known, "h20", asked(way)), base, known) for way in ("tp8", "tp4 dp2")
    )
    for narrow, wide, ways in zip(same.model_halves, other.model_halves, WAYS["tpot"], strict=True):
        assert wide == pytest.approx(math.hypot(float(narrow), ways))


@pytest.mark.parametrize("part", WAYS)
def test_the_scatter_of_ways_is_what_was_measured(part: str) -> None:
    """Each kind of work, on one chip by one engine, has one vote."""
    world = shipped()
    rows = *world.serving, *world.unfitted_serving
    kept = [row for row in rows if serving_part(row, world.models) == part]
    pairs = (combinations(own, 2) for own in runs_by_work(world, kept).values())
    errors = [
        [
            abs(math.log(one.predicted_rate / one.rate * two.rate / two.predicted_rate))
            for one, two in own
            if one.way != two.way
        ]
        for own in pairs
    ]
    votes = one_vote_each(filter(None, errors))
    for level, half in zip(COVERAGES, WAYS[part], strict=True):
        assert float(np.quantile(votes, level)) == pytest.approx(half, abs=0.008)


def test_disaggregated_serving_widens_a_ratio(sheets: Catalogue, known: Learnt) -> None:
    """Each rate of disaggregated serving has ``WIDER`` of its own."""
    together, apart = asked("tp4"), asked("tp4", "tp8 dp2")
    first, second = (of(sheets, known, chip, apart) for chip in ("h20", "h800"))
    assert {one.prefill and one.prefill.limiting(0) for one in (first, second)} == {"decode"}
    one, other = (of(sheets, known, chip, together) for chip in ("h20", "h800"))
    alone = ratio(one, other, known).model_halves
    for half, usual in zip(ratio(first, second, known).model_halves, alone, strict=True):
        assert half >= math.hypot(float(usual), WIDER, WIDER) * (1 - 1e-9)


def test_the_chips_that_limit_both_rates_cancel(sheets: Catalogue, known: Learnt) -> None:
    """Where an H800 for prefill limits both, only what disaggregation adds is left, if nothing else
    is near; where it limits one, its own error counts."""
    limited = replace(asked("tp8", "tp4", "h800", batch=512.0), output=np.array([64.0]))
    domestic, other = (of(sheets, known, chip, limited) for chip in ("910b2", "h20"))
    for one in (domestic, other):
        assert one.prefill
        assert one.prefill.limiting(0) == "prefill"
    (half, _) = ratio(domestic, other, known).model_halves
    assert half == pytest.approx(math.hypot(WIDER, WIDER), abs=0.02)
    unlike = replace(limited, prefill=Prefill(parallel("tp4")))
    assert ratio(of(sheets, known, "910b2", unlike), other, known).model_halves[0] > 2 * half
