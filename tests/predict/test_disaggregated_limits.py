"""Prefill on chips of its own: what limits the rate, and the intervals of TPOT and of the rate."""

from dataclasses import replace

import numpy as np
import pytest

from bench.chips.load import Catalogue
from bench.predict import disaggregatedways
from bench.predict.assumptions import UNKNOWN_NETWORK
from bench.predict.disaggregated import PrefillSide, joined, predicted
from bench.predict.forecast import Prediction, forecast
from bench.predict.learning.learn import Learnt, load
from bench.predict.learning.pooling import COVERAGES
from bench.predict.model.disaggregated import WIDER
from bench.predict.model.facts import Facts, facts
from bench.predict.scenario import Prefill, Scenario
from bench.predict.search import best
from bench.report.prediction.disaggregated import disaggregated_lines
from bench.report.prediction.predicted import limit_of
from tests.commands.command_cases import said
from tests.predict.command_cases import LARGE, one
from tests.predict.test_disaggregated import asked, wanted

FEW, MANY = 2.0, 256.0
"""Requests at which the chips that decode limit the rate, and at which those for prefill do."""


@pytest.fixture(scope="module")
def known() -> Learnt:
    return load()


@pytest.fixture(scope="module")
def h800(sheets: Catalogue) -> Facts:
    return facts(sheets.find("h800"))


def on(sheets: Catalogue, chip: str, known: Learnt, batch: float, prefill: str) -> Prediction:
    """Returns the prediction of one chip that decodes, with prefill on another."""
    scenario = asked("tp4", "tp4", batch)
    assert scenario.prefill
    other = Prefill(scenario.prefill.split, sheets.find(prefill))
    return predicted(facts(sheets.find(chip)), replace(scenario, prefill=other), known)


def alone(scenario: Scenario) -> Scenario:
    """Returns one request with prefill on the chips that decode."""
    return replace(scenario, prefill=None, batch=np.ones(1))


@pytest.mark.parametrize("batch", [FEW, MANY])
def test_a_chip_for_prefill_that_is_less_certain_does_not_widen_tpot(
    sheets: Catalogue, known: Learnt, batch: float
) -> None:
    """TPOT is a step of the chips that decode; it had the wider interval of both."""
    own, other = (on(sheets, "h800", known, batch, prefill) for prefill in ("h800", "910b2"))
    assert other.prefill
    assert other.prefill.single.model_halves[0] > own.model_halves[0] + 0.1
    assert other.seconds <= own.seconds  # with prefill as the limit, fewer requests decode
    assert other.model_halves == pytest.approx(own.model_halves)


def test_the_rate_has_the_interval_of_the_side_that_limits_it(
    sheets: Catalogue, known: Learnt
) -> None:
    few, many = (on(sheets, "h800", known, batch, "910b2") for batch in (FEW, MANY))
    assert few.prefill
    assert [limit_of(few, 0)[0], limit_of(many, 0)[0]] == ["memory", "prefill: compute"]
    for place, level in enumerate(COVERAGES):
        assert few.rate_interval.half(level)[0] == pytest.approx(float(few.half(level)[0]))
        side = few.prefill.single.model_halves[place] + few.prefill.rate_interval.sheet_half[0]
        assert many.rate_interval.half(level)[0] == pytest.approx(side + WIDER)
        low, high = many.per_chip_bounds(level, 0)
        assert high / low == pytest.approx(np.exp(2 * (side + WIDER)))


def test_the_interval_of_the_rate_passes_from_one_side_to_the_other_without_a_jump(
    sheets: Catalogue, known: Learnt
) -> None:
    base = asked("tp4", "tp4")
    assert base.prefill
    batch = np.geomspace(FEW, MANY, 400)
    sizes = (np.full_like(batch, float(one[0])) for one in (base.prompt, base.output))
    prompt, output = sizes
    prefill = Prefill(base.prefill.split, sheets.find("910b2"))
    swept = replace(base, batch=batch, prompt=prompt, output=output, prefill=prefill)
    half = predicted(facts(sheets.find("h800")), swept, known).rate_interval.half(0.8)
    assert half[-1] > half[0] + 0.1
    assert np.abs(np.diff(half)).max() < 0.1
    assert half.min() >= half[0] - 1e-9
    assert half.max() <= half[-1] + 0.02  # the sheets' part of one side and the model's of another


def test_rival_figures_of_prefill_count_by_the_time_of_prefill(h800: Facts, known: Learnt) -> None:
    """A decode step of the chips for prefill stood in for it."""
    torn = replace(h800, silicon="other", chip="other", doubt={"bandwidth": 0.4})
    scenario = asked("tp4", "tp4", MANY)
    many = predicted(torn, scenario, known)
    step = forecast(torn, replace(alone(scenario), phase="decode"), known)
    assert limit_of(many, 0)[0] == "prefill: compute"
    assert many.rate_interval.sheet_half[0] < 0.5 * step.sheet_half[0]


def test_a_transfer_that_limits_the_rate_is_named(h800: Facts, known: Learnt) -> None:
    """It was the limit of a decode step, or of a prefill, whatever the links sustained."""
    scenario = asked("tp4,dp2", "tp4", MANY)
    told = predicted(replace(h800, network=1e9), scenario, known)
    side = told.prefill
    assert side
    assert side.limiting(0) == "transfer"
    limit, share = limit_of(told, 0)
    assert limit == "transfer: link"
    assert share == pytest.approx(1.0)
    assert side.busy[0] < 1
    assert 1 <= side.decoding[0] < MANY
    # each chip of two workers sends a quarter of a cache; one that decodes receives two of them
    assert told.tokens_per_s[0] == pytest.approx(512 / side.transfer_s[0])
    faster = predicted(replace(h800, network=50e9), scenario, known)
    assert faster.prefill
    assert faster.prefill.limiting(0) == "decode"
    assert limit_of(faster, 0) == faster.work.limit()
    assert faster.tokens_per_s[0] > told.tokens_per_s[0]


def test_an_unpublished_network_widens_a_rate_that_it_limits_and_no_other(
    h800: Facts, known: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, far = asked("tp4,dp2", "tp4", MANY), replace(h800, network=None)
    assert predicted(far, scenario, known).rate_interval.sheet_half[0] < UNKNOWN_NETWORK / 2
    monkeypatch.setattr("bench.predict.model.disaggregated.NETWORK", 1e9)
    slow = predicted(far, scenario, known)
    assert limit_of(slow, 0)[0] == "transfer: link"
    assert slow.rate_interval.sheet_half[0] == pytest.approx(UNKNOWN_NETWORK)
    assert slow.half(0.8) == predicted(h800, scenario, known).half(0.8)


def test_the_command_names_what_limits_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h800", LARGE, "parallel='prefill=tp4 decode=tp4'"]
    assert one([*words, f"batch={FEW:.0f}"], capsys)["limited_by"] == "memory"
    assert one([*words, f"batch={MANY:.0f}"], capsys)["limited_by"] == "prefill: compute"
    notes = " ".join(said("predict", [*words, "batch=8"], capsys)[1].split())
    assert "the least of what the chips for prefill, the transfer of a prompt's cache" in notes


def test_the_note_names_the_transfer_as_a_limit(h800: Facts, known: Learnt) -> None:
    (note, *_) = disaggregated_lines([predicted(h800, asked("tp4", "tp4"), known)])
    assert "limited by names prefill or transfer" in note


def test_only_ways_that_are_chosen_are_joined(
    sheets: Catalogue, known: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 1,024 chips 79,000 ways took half a minute, all but a few for their rate alone."""
    calls = []

    def counted(decode: Prediction, side: PrefillSide) -> Prediction:
        calls.append(side)
        return joined(decode, side)

    monkeypatch.setattr(disaggregatedways, "joined", counted)
    goal = wanted(devices=64, top=2)
    answers, tried = best([sheets.find("h800")], None, goal, known)
    assert [one.rank for one in answers] == [1, 2]
    assert len(calls) < 10 < tried


def test_no_more_requests_decode_than_prefill_supplies(
    h800: Facts, known: Learnt, capsys: pytest.CaptureFixture[str]
) -> None:
    """With 128 to 512 requests the rate stayed, while TPOT rose and J/token fell."""
    twice = [predicted(h800, asked("tp4", "tp4", batch), known) for batch in (MANY, 2 * MANY)]
    sides = [one.prefill for one in twice if one.prefill]
    assert [one.limiting(0) for one in sides] == ["prefill", "prefill"]
    assert sides[0].decoding[0] == pytest.approx(sides[1].decoding[0], rel=0.01)
    assert twice[0].seconds[0] == pytest.approx(twice[1].seconds[0], rel=0.01)
    for each, side in zip(twice, sides, strict=True):
        assert side.decoding[0] == pytest.approx(each.tokens_per_s[0] * each.seconds[0], rel=0.01)
        fewer = replace(each.scenario, batch=side.decoding)
        assert predicted(h800, fewer, known).tokens_per_s[0] >= 0.99 * each.tokens_per_s[0]
    words = ["chips=h800", LARGE, "parallel='prefill=tp4 decode=tp4'", f"batch={MANY:.0f}"]
    told = sides[0].decoding[0]
    assert one(words, capsys)["requests_decoding"] == pytest.approx(told, rel=0.01)
    notes = " ".join(said("predict", words, capsys)[1].split())
    assert f"nvidia-h800-sxm-80gb {told:,.0f} of {MANY:,.0f}" in notes
