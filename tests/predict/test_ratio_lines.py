"""What ``predict`` says of how far ratios to a baseline were off, by the last validation."""

import re

import pytest

from bench.predict.validation.chiperrors import PAIR_LEFT_OUT, errors, has_one_vendor, ratios
from bench.report.prediction.chiperrors import RATIO_PARTS, ratio_lines
from tests.commands.command_cases import said

START = "Ratios, of pairs of chips that the fit had not seen "
DENSE, EXPERTS = "serving TPOT, dense", "serving TPOT, experts"


def lines_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The sentences about ratios below a table of predictions."""
    text = said("predict", ["report=plain", *words], capsys)[1]
    joined = re.sub(r"\n  +", " ", text)
    return [line for line in joined.splitlines() if line.startswith(START)]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["workload=llama-3.1-8b", "phase=prefill"], "prefill step"),
        (["workload=llama-3.1-8b", "phase=decode"], "decode step"),
        (["workload=llama-3.1-8b"], DENSE),
        (["workload=llama-3.1-8b", "parallel=best"], DENSE),
        (["workload=deepseek-v3", "precision=fp8", "parallel=8"], EXPERTS),
        (["workload=llama-3.1-8b", "phase=train", "parallel=8"], "training, dense"),
        (["phase=product", "shape=[4096,4096,4096]"], "product bf16, vllm"),
    ],
)
def test_ratios_tell_the_errors_that_such_ratios_had(
    words: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their intervals held 65% where 80% stood, and only the errors of times were told."""
    asked = ["chips=[h20,h100]", *words]
    test = ratios(part, errors(), PAIR_LEFT_OUT)
    assert test
    (line,) = lines_of([*asked, "baseline=h100"], capsys)
    told = f"{test.error:.0%} off, {test.inside:.0%} of {test.count:,} within"
    assert told in line
    assert ("the interval is too narrow" in line) == (test.inside < 0.75)
    assert f"(worst: {test.pair} {test.worst:.0%} off)" in line
    assert not lines_of(asked, capsys)
    assert not lines_of(["chips=h100", *words, "baseline=h100"], capsys)


def test_every_phase_has_a_part_that_tests_ratios() -> None:
    parts = [part.format(kind) for part in RATIO_PARTS.values() for kind in ("dense", "experts")]
    assert all(ratios(part, errors(), PAIR_LEFT_OUT) for part in parts)
    assert not list(ratio_lines("no such part", "nvidia", ["nvidia", "amd"]))


def test_ratios_across_vendors_are_told_apart() -> None:
    """Where no pair of two vendors was tested, the sentence says so."""
    (same,), (both,), (other,) = (
        list(ratio_lines(EXPERTS, "nvidia", others))
        for others in (["nvidia"], ["nvidia", "amd"], ["amd"])
    )
    assert "across vendors" not in same
    assert both.startswith(same.removesuffix("."))
    assert "; across vendors, one of which it had not seen, " in both
    assert other.count("off,") == 1
    assert "): across vendors, " in other
    assert has_one_vendor(DENSE, errors())
    (dense,) = ratio_lines(DENSE, "nvidia", ["huawei"])
    assert dense.endswith("; no pair was of two vendors.")
    assert not has_one_vendor("product bf16, vllm", errors())
    (product,) = ratio_lines("product bf16, vllm", "nvidia", ["huawei"])
    assert "two vendors" not in product
