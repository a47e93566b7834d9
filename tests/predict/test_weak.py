"""An answer says which figures behind it one weak source gives, with no other to check it by."""

import re

import pytest

from bench.chips.load import Catalogue
from bench.chips.paper import of_sheet
from bench.predict.tiers import Tier
from bench.report.prediction.weak import WEAK, untested_figures, weakly_sourced
from tests.commands.command_cases import document, said

B30A, H800 = "nvidia-b30a-144gb", "nvidia-h800-sxm-80gb"
SAID = "From one weak source, with no second one to check it by"
BOTH = "memory_bandwidth, memory_capacity"
SERVED = ["workload=llama-3.1-70b"]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ([*SERVED, "parallel=8"], BOTH),
        ([*SERVED, "phase=decode"], BOTH),
        ([*SERVED, "phase=train", "parallel=8"], BOTH),
        ([*SERVED, "parallel=best", "devices=8"], BOTH),
        ([*SERVED, "phase=fit"], "memory_capacity"),
        (["phase=product", "shape=[512,512,512]"], "memory_bandwidth"),
    ],
    ids=["serve", "decode", "train", "best", "fit", "product"],
)
def test_an_answer_says_what_it_has_from_one_weak_source(
    words: list[str], keys: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was said of it, and no interval was wider, where two such sources widen it."""
    asked = [f"chips=[{B30A},{H800}]", *words]
    (line,) = [one for one in said("predict", asked, capsys)[1].splitlines() if SAID in one]
    titles = keys.replace("_", " ")
    assert f"{B30A}: {titles} (analyst, half of B300)" in line
    rows = document("predict", asked, capsys)["rows"]
    assert {one["weakly_sourced"] for one in rows if one["chip"] == B30A} == {keys}


def test_figures_tell_their_own_source(capsys: pytest.CaptureFixture[str]) -> None:
    rows = document("predict", [f"chips={B30A}", "phase=figures"], capsys)["rows"]
    told = {(one["figure"], one["weakly_sourced"]) for one in rows}
    assert ("memory_bandwidth", "memory_bandwidth") in told
    assert ("matrix_bf16", None) in told


def test_what_the_chip_was_measured_by_needs_no_second_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its times have put the sheet's rates right; what memory holds they do not tell."""
    text = said("predict", ["chips=l20", "workload=llama-3.1-8b", "phase=decode"], capsys)[1]
    assert "| fitted on this chip" in text
    assert re.search(rf"{SAID}.*: nvidia-l20-pcie-48gb: memory capacity \(", text)
    keys = ["matrix_bf16", "memory_bandwidth", "memory_capacity"]
    assert untested_figures(keys, Tier.CHIP) == untested_figures(keys, Tier.HERE) == keys[2:]
    assert untested_figures(keys, Tier.SILICON) == keys[1:]
    assert untested_figures(keys, Tier.FAMILY) == keys


def test_a_figure_that_another_source_gives_or_a_firm_one_is_not_named(sheets: Catalogue) -> None:
    found = 0
    for chip in sheets.chips.values():
        told = weakly_sourced(chip, list(chip.figures), sheets)
        found += len(told)
        for key, why in told.items():
            paper = of_sheet(chip, (key,))
            assert paper
            assert not any(one.alike for one in paper.rivals)
            sources = [sheets.sources[one] for one in paper.sources]
            assert all(one.weak or one.kind in WEAK for one in sources)
            assert all((one.weak or one.kind) in why for one in sources)
    assert found > 100
    assert weakly_sourced(sheets.find("h100"), ["matrix_bf16", "memory_bandwidth"], sheets) == {}


def test_of_many_chips_some_are_named_and_the_others_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said("predict", ["chips=domestic", *SERVED, "phase=fit"], capsys)[1]
    (line,) = [one for one in text.splitlines() if SAID in one]
    assert line.count(": memory capacity (") == 6
    assert re.search(r"; and \d+ more chips\.", line)
