"""Tests of the notes that hold whether or not prefill has chips of its own."""

import pytest

from tests.commands.command_cases import said


@pytest.mark.parametrize("how", ["parallel=tp2", "parallel='prefill=tp1 decode=tp1'"])
def test_one_definition_of_tpot_and_of_memory_left_fits_both_forms_of_serving(
    how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = ["chips=h20", "workload=qwen3-32b", how]
    notes = " ".join(said("predict", keys, capsys)[1].split())
    assert "others' prefills in between where they share its chips; " in notes
    assert "Memory left: beyond the 10% and 3.5 GB that are kept free." in notes
