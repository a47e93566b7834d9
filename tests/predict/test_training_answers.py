"""What ``predict phase=train`` says beside its times: memory, uneven batches, use of the peak."""

import re

import pytest

from tests.commands.command_cases import said
from tests.predict.command_cases import one


@pytest.mark.parametrize(
    "words",
    [
        [
            "chips=h800", "workload=deepseek-v3", "precision=fp8", "states=bf16", "batch=15360",
            "input=4096", "parallel=pp16,ep64,dp128",
        ],
        [
            "chips=h100", "workload=llama-3.1-405b", "batch=252", "input=8192",
            "parallel=tp8,pp16,dp4",
        ],
    ],
)  # fmt: skip
def test_no_more_chips_are_said_to_be_needed_where_those_asked_for_hold_it(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It said that 2,048 chips needed to be 8,192, and then how 2,048 hold it.

    Copies of a pipeline keep their weights whole, so that no way names them ``fsdp``.
    """
    asked = [*words, "phase=train"]
    text = said("predict", asked, capsys)[1]
    (told,) = re.findall(r"does not fit: \d+ GB short([^|]*)\|", text)
    assert ("needs" in told, "; fits with " in told, "fsdp" in told) == (False, True, False)
    (way,) = re.findall(r"parallel=(\S+)", told)
    held = one([*words[:-1], "phase=train", f"parallel={way}"], capsys)
    assert (held["fits"], held["chips"]) == (True, one(asked, capsys)["chips"])
