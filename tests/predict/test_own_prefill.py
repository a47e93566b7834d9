"""A request's own prefill counts in energy and in what limits it, as it does in the rate."""

import pytest

from bench.predict.forecast import forecast
from bench.predict.learning.learn import load
from bench.report.prediction.predicted import limit_of
from tests.predict.cases import made
from tests.predict.command_cases import SMALL, one, rows
from tests.predict.test_forecast import asked

LONG = [SMALL, "input=8192", "output=128"]


@pytest.mark.parametrize("chip", ["h20", "h800"])
def test_a_lone_request_takes_the_energy_of_its_prefill_and_of_its_decode_steps(
    chip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It had the power of decode steps during its prefill, too: 3.1 J where 4.7 J is right."""
    whole = one([f"chips={chip}", *LONG, "batch=1"], capsys)["J_per_token"]
    decode = one([f"chips={chip}", *LONG, "batch=1", "phase=decode"], capsys)["J_per_token"]
    alone = [f"chips={chip}", SMALL, "input=8192", "batch=1", "phase=prefill"]
    prefill = one(alone, capsys)["J_per_token"] * 8192 / 128
    assert whole == pytest.approx(decode + prefill, rel=0.1)


@pytest.mark.parametrize("chip", ["h20", "h800"])
def test_each_further_request_adds_its_prefill_and_shares_the_decode_steps(
    chip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So J/token is a prefill and a share of a step, from one request on."""
    found = rows([f"chips={chip}", *LONG, "batch=[1,2,4]"], capsys)
    single, two, four = (row["J_per_token"] for row in found)
    assert single - two == pytest.approx(2 * (two - four), rel=0.02)


def test_what_limits_a_lone_request_is_what_most_of_its_time_goes_to() -> None:
    """With a long prompt and a short answer that is the prefill, which was left out."""
    long = forecast(made(), asked("serve", 1, prompt=8192, output=16), load())
    assert long.work.limit()[0] == "memory"
    assert limit_of(long, 0)[0] == "compute"
    shifted = long.turn.seconds * long.seconds / long.work.seconds
    assert long.tokens_per_s == pytest.approx(1 / shifted)


def test_rival_figures_count_in_the_rate_by_their_share_of_its_time() -> None:
    told = forecast(made(doubt={"bf16": 0.4}), asked("serve", 1, prompt=8192, output=16), load())
    assert told.rate_interval.half(0.8)[0] > told.half(0.8)[0] + 0.1
    assert told.rate_interval.model_halves == told.model_halves
