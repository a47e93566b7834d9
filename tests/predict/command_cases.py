"""What the tests of ``predict`` on the command line share."""

from typing import Any

import pytest

from tests.commands.command_cases import document

H20, H800, B2 = "nvidia-h20-sxm-96gb", "nvidia-h800-sxm-80gb", "huawei-ascend-910b2"
SMALL, LARGE = "workload=llama-3.1-8b", "workload=llama-3.1-70b"
CHIP = f"chips=h20 {SMALL}"
EXPERTS = ["workload=deepseek-v3", "precision=fp8"]
TIMED = ("serve", "prefill", "decode", "train")
SHAPE = "shape=[64,4096,4096]"
ASKED = {
    **{phase: ["chips=[h20,910b2]", SMALL, f"phase={phase}"] for phase in TIMED},
    "fit": ["chips=[h20,910b2]", SMALL, "phase=fit"],
    "product": ["chips=[h20,910b2]", "phase=product", SHAPE],
    "figures": ["chips=[h20,910b2]", "phase=figures"],
}
Row = dict[str, Any]


def rows(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[Row]:
    """The rows of a prediction."""
    found: list[Row] = document("predict", words, capsys)["rows"]
    return found


def one(words: list[str], capsys: pytest.CaptureFixture[str]) -> Row:
    """The row of a prediction that has one."""
    (found,) = rows(words, capsys)
    return found


def nested(bounds: list[float]) -> None:
    """Holds positive numbers to be told from low to high."""
    assert bounds == sorted(set(bounds))
    assert bounds[0] > 0
