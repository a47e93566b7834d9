"""``engine=``: any engine, or one that was fitted, whose own pace narrows the interval."""

import pytest

from bench.predict.learning.learn import load
from tests.commands.command_cases import said
from tests.predict.command_cases import LARGE, SMALL, one, rows


def test_an_engine_narrows_training_and_moves_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=h100", SMALL, "phase=train", "input=8192", "parallel=8"]
    whole = said("predict", words, capsys)[1]
    assert "engine= names one" in whole
    own = [*words, "engine=torchtitan"]
    assert "With torchtitan:" in said("predict", own, capsys)[1]
    any_, named = one(words, capsys), one(own, capsys)
    assert (any_["engine"], named["engine"]) == (None, "torchtitan")
    assert named["seconds"] < any_["seconds"], "other groups were slower"
    wide, narrow = (each["seconds_high_80"] / each["seconds_low_80"] for each in (any_, named))
    assert narrow < wide


def test_serving_is_that_of_any_engine_unless_it_is_tuned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of what others reported on fitted chips half lay in the 80% interval, and most was slower."""
    words = ["chips=[h200,h20,910b2]", LARGE, "parallel=8", "baseline=h200"]
    every, tuned = rows(words, capsys), rows([*words, "engine=tuned"], capsys)
    slower = load().others["tpot"].middle
    for one_, other in zip(every, tuned, strict=True):
        home = one_["chip"].startswith("nvidia")
        assert one_["seconds"] / other["seconds"] == pytest.approx(slower if home else 1.0)
        wide, narrow = (each["seconds_high_80"] / each["seconds"] for each in (one_, other))
        assert (wide > narrow) == home
    h20, likewise = every[1], tuned[1]
    assert h20["ratio"] == pytest.approx(likewise["ratio"]), "two chips of one vendor share it"
    assert h20["ratio_low_80"] < 0.9 * likewise["ratio_low_80"], "but for versions and settings"
    ascend, same = every[2], tuned[2]
    assert ascend["ratio"] / same["ratio"] == pytest.approx(slower), "a port against any engine"
    best = [*words[:2], "parallel=best", "devices=8", "tpot=30ms"]
    any_, picked = rows(best, capsys), rows([*best, "engine=tuned"], capsys)
    assert any_[0]["tokens_per_s"] < picked[0]["tokens_per_s"]


def test_an_engine_that_no_training_was_fitted_with_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=h100", SMALL, "parallel=8"]
    code, _, told = said("predict", [*words, "phase=train", "engine=megatron"], capsys)
    assert code == 2
    assert "did you mean 'megatron-bridge'?" in told
    code, _, told = said("predict", [*words, "engine=torchtitan"], capsys)
    assert (code, "phase=serve has no fit of it; choose from: tuned" in told) == (2, True)
    code, _, told = said("predict", [*words[:2], "parallel=best", "engine=vllm"], capsys)
    assert (code, "choose from: tuned" in told) == (2, True)
    code, _, told = said("predict", [*words, "phase=decode", "engine=tuned"], capsys)
    assert (code, "does not apply to phase=decode" in told) == (2, True)
    assert said("predict", [*words, "phase=decode", "engine=any"], capsys)[0] == 0
