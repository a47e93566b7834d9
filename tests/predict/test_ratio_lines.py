"""What ``predict`` says of how far ratios to a baseline were off, by the last validation."""

import re

import pytest

from bench.predict.validation.chiperrors import (
    LEFT_OUT,
    PAIR_LEFT_OUT,
    SEEN,
    VENDOR_LEFT_OUT,
    errors,
    has_one_vendor,
    left_out,
    ratios,
)
from bench.report.prediction.chiperrors import RATIO_PARTS, ratio_lines
from tests.commands.command_cases import said

START = "Ratios"
REPORTED = "serving as reported, dense"
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
        (["workload=llama-3.1-8b", "engine=tuned"], DENSE),
        (["workload=llama-3.1-8b", "parallel=best", "engine=tuned"], DENSE),
        (["workload=deepseek-v3", "precision=fp8", "parallel=8", "engine=tuned"], EXPERTS),
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
    of_all, *_ = line.partition(" (worst: ")
    assert ("the interval is too narrow" in of_all) == ((test.inside or 0) < 0.75)
    assert f"(worst: {test.pair} {test.worst:.0%} off)" in line
    assert not lines_of(asked, capsys)
    assert not lines_of(["chips=h100", *words, "baseline=h100"], capsys)


def test_the_share_within_is_of_all_ratios_and_not_a_mean_over_pairs() -> None:
    """It said 65% of 59 where 32 of 59 lay within."""
    each = {"a / b": (1.0, 10), "a / c": (0.0, 30)}
    kept = {key: {"count": n, "mean": 0.1, "inside": [share]} for key, (share, n) in each.items()}
    whole = {"count": 40, "mean": 0.1, "inside": [0.5], "worst": 0.1, "worst_chip": "a / b"}
    parts = {
        "ratio of x" + PAIR_LEFT_OUT: {**whole, "each": kept},
        "x" + LEFT_OUT: {**whole, "each": kept},
    }
    tested, times = ratios("x", parts, PAIR_LEFT_OUT), left_out("x", parts)
    assert tested
    assert times
    assert (tested.inside, times.inside) == (0.25, 0.25)


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


def test_ratios_of_any_engine_are_tested_by_what_single_groups_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those of tuned engines, 6% off, stood below intervals that allow for other engines."""
    asked = ["workload=llama-3.1-70b", "parallel=8", "baseline=h200", "chips=[h20-141gb,h200]"]
    every, own = (
        ratios(REPORTED, errors(), SEEN, pair)
        for pair in (None, ("nvidia-h200-sxm-141gb", "nvidia-h20-sxm-141gb"))
    )
    assert every
    assert own
    (line,) = lines_of(asked, capsys)
    assert line.startswith("Ratios that single groups measured on any engine and that ")
    assert f": {every.error:.0%} off, {every.inside:.0%} of {every.count} within" in line
    assert f"; of those asked {own.pair} {own.error:.0%} off, " in line, "in any order"
    assert line.endswith("which phase=decode and engine=tuned leave out.")
    (tuned,) = lines_of([*asked, "engine=tuned"], capsys)
    assert "phase=decode" not in tuned
    assert "of those asked" not in tuned, "no tuned engine was measured on both"


def test_a_pair_of_two_vendors_is_told_its_own_error() -> None:
    pair = "nvidia-b200-sxm-180gb", "amd-mi325x-oam-256gb"
    own = ratios(EXPERTS, errors(), VENDOR_LEFT_OUT, pair)
    assert own
    (tuned,) = ratio_lines(EXPERTS, pair[0], [pair[1]])
    (usual,) = ratio_lines(EXPERTS, pair[0], [pair[1]], "serving as reported, experts")
    assert f"of those asked {own.pair} {own.error:.0%} off, " in tuned
    assert f"of those asked {own.pair} {own.error:.0%} off in {own.count} cases." in usual
    assert "within" not in usual.partition(": ")[2], "they were tested with a narrower interval"
