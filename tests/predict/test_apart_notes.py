"""Tests of the note on TPOT where prefill has chips of its own."""

import pytest

from tests.commands.command_cases import said


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("parallel=tp2", "others' prefills in between; "),
        ("parallel='prefill=tp1 decode=tp1'", "in between where they share the chips; "),
    ],
)
def test_tpot_has_one_definition(how: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    keys = ["chips=h20", "workload=qwen3-32b", how]
    assert told in " ".join(said("predict", keys, capsys)[1].split())
