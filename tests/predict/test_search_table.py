"""The table of the best ways to serve: its rows for one and several chips, lengths and reasons."""

import math
import re

import pytest

from bench.report.formats import FORMATS
from tests.commands.command_cases import document, looks_like, said
from tests.predict.command_cases import LARGE
from tests.predict.command_cases import rows as priced

SMALL = ("chips=h20", "workload=llama-3.1-8b", "parallel=best")
ASCEND = ("chips=910c", "workload=deepseek-v3", "precision=int8", "parallel=best", "devices=8")


@pytest.mark.parametrize("devices", ["[1,2]", "[2,1]"])
@pytest.mark.parametrize("style", FORMATS)
def test_one_chip_and_several_stand_in_one_table(
    style: str, devices: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The heads were those of the first number of chips: all cells of the other were shifted."""
    code, out, err = said("predict", [*SMALL, f"devices={devices}", f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)
    if style == "github":
        rows = [line.count("|") for line in out.splitlines() if line.startswith("|")]
        assert len(rows) == 4
        assert len(set(rows)) == 1
        assert all("from its family" in line.split("|")[-2] for line in out.splitlines()[-40:]
                   if line.startswith("| nvidia"))  # fmt: skip


def test_of_equal_rates_and_tpot_the_lowest_ttft_comes_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=h20", "prefill=h800", "workload=qwen3-32b", "parallel=best", "devices=16"]
    rows = document("predict", [*words, "top=3"], capsys)["rows"]
    alike = [row for row in rows if math.isclose(row["seconds"], rows[0]["seconds"])]
    assert len(alike) == 3
    assert [row["ttft_s"] for row in alike] == sorted(row["ttft_s"] for row in alike)


def test_cost_and_energy_follow_the_rate_that_stays_within_the_limits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = [*ASCEND, "price=10000"]
    (limited,) = document("predict", [*asked, "tpot=50ms"], capsys)["rows"]
    assert limited["low_80"] == 0
    assert limited["usd_per_Mtoken_high"] is None, "a chip that keeps no limit serves at no price"
    fast = limited["usd_per_Mtoken"] * limited["tokens_per_s_chip"] / limited["high_80"]
    assert limited["usd_per_Mtoken_low"] == pytest.approx(fast, rel=0.1)
    text = said("predict", [*asked, "tpot=50ms"], capsys)[1]
    assert re.search(r"\| [0-9.]+ \(from [0-9.]+\) ", text)
    (free,) = document("predict", [*asked, "tpot=any"], capsys)["rows"]
    assert free["usd_per_Mtoken_high"] is not None


def test_lengths_are_swept_like_numbers_of_chips(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*SMALL, "input=[512,8192]", "output=[128,512]"]
    rows = document("predict", words, capsys)["rows"]
    lengths = [(row["input"], row["output"]) for row in rows]
    assert lengths == [(512, 128), (512, 512), (8192, 128), (8192, 512)]
    single = document("predict", [*SMALL, "input=8192", "output=128"], capsys)["rows"]
    assert rows[2]["tokens_per_s"] == pytest.approx(single[0]["tokens_per_s"])
    text = said("predict", words, capsys)[1]
    assert "512 or 8,192 tokens in, 128 or 512 out: the best of" in text
    assert "| input   | output   |" in text


def test_what_does_not_fit_is_not_called_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chips=[h20,mlu590]", "workload=deepseek-v3", "precision=int8", "parallel=best"]
    lines = [line.strip() for line in said("predict", words, capsys)[1].splitlines()]
    assert "cambricon-mlu590: does not fit on 8 chips, needs 16." in lines


@pytest.mark.parametrize("parallel", ["8", "best"])
def test_chips_that_all_lack_a_format_are_told_one_that_they_run(
    parallel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chips=[h20,h800]", "workload=gpt-oss-120b", "precision=mxfp4"]
    code, _, err = said("predict", [*words, f"parallel={parallel}"], capsys)
    assert code == 2
    assert "or precision=w4a16: weights of 4 bits, products in bf16" in err
    assert said("predict", [*words[:2], "precision=w4a16", f"parallel={parallel}"], capsys)[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["parallel=best", "devices=[8,16]", "rate=10000", "top=2"],
        ["parallel=8", "price=[h800:1]"],
        ["parallel=8", "phase=train"],
    ],
)
def test_rows_are_sorted_by_cost_if_asked(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A buyer had to find the cheapest chip in a table that is sorted by rate."""
    asked = ["chips=[h20,h800,mi300x,h100]", LARGE, *words]
    usual, sorted_ = (priced([*asked, *more], capsys) for more in ([], ["sort=cost"]))
    usual = [one for one in usual if one["fits"] is not False]
    sorted_ = [one for one in sorted_ if one["fits"] is not False]
    costs = [one["usd_per_Mtoken"] or math.inf for one in sorted_]
    assert costs == sorted(costs)
    assert sorted(map(str, usual)) == sorted(map(str, sorted_))


def test_what_holds_for_every_limit_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """It was told for each limit, and of no limit it said "TPOT – at most"."""
    words = ["chips=[h20,h800]", LARGE, "parallel=best", "devices=[1,2]", "tpot=[20ms,any]"]
    lines = said("predict", words, capsys)[1].splitlines()
    chips = "nvidia-h20-sxm-96gb, nvidia-h800-sxm-80gb"
    assert [one.rstrip() for one in lines if "does not fit on 1 chip" in one] == [
        f"1 chip: {chips}: does not fit on 1 chip, needs 2"
    ]
    assert any(one.startswith("2 chips, TPOT 20 ms at most: ") for one in lines)
    assert any(one.startswith("2 chips, any TPOT: With under 10% ") for one in lines)
