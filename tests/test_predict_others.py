"""What became of serving with other hands: each a voice, told beside what is foretold."""

import math
from collections.abc import Mapping

import pytest

from bench.__main__ import main
from bench.evidence.load import reports
from bench.predict.heldout import World
from bench.predict.heldreported import reported_rows
from bench.predict.learn import EXPERTS, load
from bench.predict.others import FEWEST, Others, others
from bench.predict.world import shipped
from tests.test_evidence_command import document


@pytest.fixture(scope="module")
def world() -> World:
    return shipped()


def hands(*middles: float) -> Mapping[str, list[float]]:
    """Hands with three values each about a middle."""
    return {f"hand {n}": [one - 0.01, one, one + 0.01] for n, one in enumerate(middles)}


def test_the_middle_and_most_of_hands_are_told_as_factors() -> None:
    found = others(hands(*(math.log(1 + n / 10) for n in range(11))))
    assert found
    assert found.middle == pytest.approx(1.5, rel=0.02)
    assert found.low == pytest.approx(1.1, rel=0.03)
    assert found.high == pytest.approx(1.9, rel=0.03)
    assert (found.hands, found.values) == (11, 33)
    assert "took 1.5 times as long" in str(found)


def test_a_hand_of_many_values_has_one_voice() -> None:
    loud = {**hands(0.0, 0.0, 0.0, 0.0), "loud": [2.0] * 500}
    found = others(loud)
    assert found
    assert found.middle == pytest.approx(1.0, abs=0.02)


def test_of_few_hands_nothing_is_said() -> None:
    assert others(hands(*[0.0] * (FEWEST - 1))) is None
    assert others({**hands(*[0.0] * (FEWEST - 1)), "silent": []}) is None
    assert others({}) is None


def test_stages_of_a_pipeline_are_not_taken_for_one_group(world: World) -> None:
    """No formula here has requests of their own in each stage."""
    told = reported_rows(reports().values(), world.chips, world.models)
    by_name = {(report.id, row.id): row for report in reports().values() for row in report.rows}
    for row in told:
        name, _, one = row.words["stack"].partition(" ")
        assert row["tp"] * row["dp"] >= by_name[name, one].count
        assert row.words["hand"]


def test_a_server_is_told_with_what_others_made_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = load().others[EXPERTS]
    assert isinstance(known, Others)
    asked = ["chips=[h20]", "workload=deepseek-v3", "parallel=16", "precision=fp8"]
    assert main(["predict", *asked]) == 0
    assert str(known) in capsys.readouterr().out
    assert main(["predict", *asked, "phase=decode"]) == 0
    assert "other hands" not in capsys.readouterr().out
    assert document("predict", asked, capsys)["rows"]
