"""What the model predicts of claims: that it speaks where it can, and says why where it cannot."""

from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.claims.load import claims
from bench.claims.model import Axis
from bench.claims.modelled import modelled
from bench.claims.sensitivity import evidence_base
from bench.claims.weigh import Question
from bench.errors import UsageError
from tests.commands.command_cases import said
from tests.predict.command_cases import one

MI355X, B200, H100 = "amd-mi355x-oam-288gb", "nvidia-b200-sxm-180gb", "nvidia-h100-sxm-80gb"
ASKED = {
    "training": (
        "phase=train",
        "parallel=fsdp8",
        "workload=llama-3.1-8b",
        "recompute=true",
        "input=2048",
    ),
    "prefill": ("phase=prefill", "parallel=tp8", "workload=llama-3.1-70b"),
    "serving": ("phase=serve", "parallel=tp8", "workload=llama-3.1-70b"),
}


def told(
    sheets: Catalogue, work: str, first: str = MI355X, second: str = B200, **more: Any
) -> tuple[float, float, str]:
    """What is predicted of two chips' work."""
    axis = Axis.model_validate({"work": work, **more})
    return modelled(sheets.chips[first], sheets.chips[second], axis, sheets)


@pytest.mark.parametrize("work", ASKED)
def test_it_is_what_the_command_tells_of_the_same_question(
    work: str, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    row = one([f"chips={MI355X}", f"baseline={B200}", *ASKED[work]], capsys)
    low, high, _ = told(sheets, work)
    assert (low, high) == pytest.approx((row["ratio_low_95"], row["ratio_high_95"]))


def test_it_says_of_which_model_and_setting_it_speaks(sheets: Catalogue) -> None:
    words = told(sheets, "training")[2]
    assert words == "no proof; by the model: Llama 3.1 8B in bf16 on 8 chips, with recomputation"
    named = told(sheets, "decode", where={"model": "Mixtral-8x7B"}, dtype="fp8")[2]
    assert named == "no proof; by the model: Mixtral 8x7B in fp8 on 8 chips"


def test_a_name_of_several_spans_what_is_predicted_of_each(sheets: Catalogue) -> None:
    low, high, _ = told(sheets, "training", "huawei-ascend-910b", H100)
    variants = sheets.chips["huawei-ascend-910b"].variants
    each = [told(sheets, "training", variant, H100) for variant in variants]
    assert (low, high) == (min(one[0] for one in each), max(one[1] for one in each))
    assert len(each) > 2


@pytest.mark.parametrize(
    ("work", "first", "more", "why"),
    [
        ("training", MI355X, {"where": {"model": "ResNet-50"}}, "it has no workload ResNet-50"),
        ("attention", MI355X, {}, "it does not predict attention"),
        ("inference", MI355X, {}, "it does not predict inference"),
        ("training", "mthreads-s5000", {}, "mthreads-s5000: no dense bf16 matrix rate"),
        ("training", MI355X, {"dtype": "int8"}, "precision=int8: no training in it was measured"),
        ("training", MI355X, {"where": {"model": "Llama-3.1-405B"}}, f"8 {MI355X} do not hold"),
    ],
)
def test_where_it_says_nothing_it_says_why(
    work: str, first: str, more: dict[str, Any], why: str, sheets: Catalogue
) -> None:
    with pytest.raises(UsageError, match=why):
        told(sheets, work, first, **more)


@pytest.mark.parametrize("work", ["training", "serving", "decode"])
def test_it_answers_shipped_claims(work: str) -> None:
    """Of training it answered none: the reference fitted no eight chips."""
    evidence = evidence_base()
    found = []
    for claim in claims().values():
        for axis in (axis for axis in claim.axes if axis.work == work and not claim.unlike):
            first, second = (
                evidence.catalogue.chips[key[0]] for key in (claim.subjects, claim.objects)
            )
            asked = Question(first, second, axis, claim.relation_of(axis))
            found.append(evidence.predicted(evidence.finding(asked)))
    by = [told[2] for told in found if told]
    assert any("by the model: Llama" in words for words in by)
    assert all("by the model: " in words for words in by)


def test_a_claim_of_training_is_predicted_by_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said("claims", ["claim=2025-06-12-amd-mi355x-training"], capsys)
    assert code == 0
    assert "no proof; by the model: Llama 3.1 8B in bf16 on 8 chips, with recomputation" in out
    assert "from paper" not in out
