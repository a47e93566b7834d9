"""``evidence`` as it is typed: all that was measured of a chip, by figure and by work."""

import re
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.evidence.gather import observations
from bench.evidence.load import reports
from bench.evidence.observe import OWN
from bench.report.chips import ratios
from bench.report.formats import FORMATS
from tests.commands.command_cases import document, looks_like, mislabelled, said

H20 = "nvidia-h20-sxm-96gb"
Row = dict[str, Any]


def values(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[Row]:
    """Every value listed, whatever its table is called."""
    tables = document("evidence", words, capsys).get("tables", {})
    return [row for rows in tables.values() for row in rows]


def references(found: list[Row]) -> list[str]:
    """Where values stand: file and id, or a record."""
    return sorted(one["source"].partition(",")[0] for one in found)


def known(*chips: str, by_work: str | None = None) -> list[str]:
    """References of the reported values of chips, of one kind of work if it is told."""
    of_work = {
        "decode": {"decode", "tpot"},
        "prefill": {"prefill", "ttft"},
        "serving": {"serving_output", "serving_total", "mlperf_inference", "batch_time"},
    }
    return sorted(
        f"{file}:{row.id}"
        for file, report in reports().items()
        for row in report.rows
        if row.chip in chips and (by_work is None or row.quantity in of_work[by_work])
    )


# one chip


@pytest.mark.parametrize("style", FORMATS)
def test_evidence_is_shown_in_every_format(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("evidence", ["chip=h20", f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def test_every_reported_value_of_a_chip_is_listed_once_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In JSON as in every other format: measured against a figure, and work of its own."""
    assert references(values(["chip=h20"], capsys)) == known(H20)


def test_every_reported_value_of_a_chip_is_listed_for_readers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said("evidence", ["chip=h20"], capsys)[1]
    assert [ref for ref in known(H20) if ref not in text] == []
    urls = {reports()[ref.partition(":")[0]].source.url for ref in known(H20)}
    assert [url for url in urls if url not in text] == []


@pytest.mark.parametrize("style", ["terminal", "plain"])
def test_a_terminal_has_a_row_per_figure_and_says_how_single_values_are_listed(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said("evidence", ["chip=h20", f"report={style}"], capsys)[1]
    assert [ref for ref in known(H20) if ref in text] == []
    assert f"report=csv lists all {len(values(['chip=h20'], capsys))}" in text
    assert "work=decode" in text
    assert "figure=matrix_fp8 " in text
    assert "Weights: 1" not in text
    one = said("evidence", ["chip=h20", "work=decode", f"report={style}"], capsys)[1]
    assert "Weights: 1" in one
    assert [ref for ref in known(H20, by_work="decode") if ref not in one.replace("\n", "")] == []


@pytest.mark.parametrize("work", ["decode", "prefill", "serving"])
def test_one_kind_of_work_alone(work: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document("evidence", ["chip=h20", f"work={work}"], capsys)
    shown = [row for rows in found["tables"].values() for row in rows]
    assert references(shown) == known(H20, by_work=work)
    assert shown
    assert found["rows"] == []


@pytest.mark.parametrize("word", ["work=training", "figure=sparse_fp8"])
def test_what_nobody_measured_is_said(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document("evidence", ["chip=h20", word], capsys)
    assert "tables" not in found
    assert found["summary"][0] == (
        f"No measurement of {word.partition('=')[2]} is known here; of other things there are some."
    )


def test_memory_is_compared_in_gib(capsys: pytest.CaptureFixture[str]) -> None:
    """64 GB on the sheet are 64 GiB, all of which drivers show: it was 107%."""
    (row,) = document("evidence", ["chip=910b2", "figure=memory_capacity"], capsys)["rows"]
    assert (row["published"], round(row["reaches"], 2)) == (64 * 2**30, 1.0)
    text = said("evidence", ["chip=910b2", "figure=memory_capacity"], capsys)[1]
    assert "| 64 GB (as GiB) [1] " in text.replace("\\", "")
    assert "| 64.0 GiB (100.0%), " in text


def test_one_group_is_no_groups(capsys: pytest.CaptureFixture[str]) -> None:
    for chip in ("mlu590", "h20"):
        found = document("evidence", [f"chip={chip}"], capsys)
        ((count, groups),) = re.findall(r" by (\d+) (groups?),", found["heading"][0])
        assert (groups == "group") == (count == "1")


def test_one_figure_alone(capsys: pytest.CaptureFixture[str]) -> None:
    found = document("evidence", ["chip=h20", "figure=matrix_fp8"], capsys)
    shown = [row for rows in found["tables"].values() for row in rows]
    assert [one["figure"] for one in found["rows"]] == ["matrix_fp8"]
    assert {one["figure"] for one in shown} == {"matrix_fp8"}
    assert {one["chip"] for one in shown} == {H20}
    best = max(one["value"] for one in shown if one["weight"])
    assert found["rows"][0]["best_reported"] == best


def test_a_figure_has_its_sheet_its_rivals_and_what_is_reached(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {one["figure"]: one for one in document("evidence", ["chip=h20"], capsys)["rows"]}
    one, sheet = rows["matrix_bf16"], sheets.find("h20")
    published = sheet.number("matrix_bf16")
    assert published == one["published"] == 148e12
    assert one["rivals"] == "147 TFLOP/s; 74 TFLOP/s"
    assert one["sources"] == sheet.figures["matrix_bf16"].source
    assert one["reaches"] == pytest.approx(one["pooled"] / 148e12)
    assert one["pooled_low"] < one["pooled"] < one["pooled_high"]
    assert one["groups"] == len(
        {row["by"] for row in values(["chip=h20", "figure=matrix_bf16"], capsys) if row["weight"]}
    )
    assert 0.6 < one["others_usually"] < 1.0
    assert one["votes_low"] <= one["pooled"] <= one["votes_high"]
    assert one["widened"] == 1


def test_groups_that_disagree_and_our_own_rate_above_the_interval_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, printed, _ = said("evidence", ["chip=t4", "figure=matrix_fp16"], capsys)
    assert "Groups disagree, from 38% to 66%" in printed
    _, printed, _ = said("evidence", ["chip=h200-sxm-141gb", "figure=memory_bandwidth"], capsys)
    assert "Our own run measured 98%, above the interval" in printed
    assert "Groups disagree" not in printed


@pytest.mark.parametrize("word", ["h100", "910b2", "mi300x"])
def test_weights_and_why_are_told(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    for one in values([f"chip={word}"], capsys):
        assert one["weight"] in (0.0, 0.125, 0.25, 0.5, 1.0)
        assert (one["weight"] == 1.0) <= (one["why"] is None or "sheet may be low" in one["why"])
        assert (one["kind"] == "vendor claim") <= (one["weight"] <= 0.5)


@pytest.mark.parametrize(("chip", "some"), [("l20", False), ("mi308x", True)])
def test_the_first_line_counts_values_groups_and_what_weighs_nothing(
    chip: str, some: bool, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [one for one in observations(sheets) if one.chip == sheets.find(chip).id]
    own = sum(one.by == OWN for one in found)
    idle = sum(one.weight == 0 for one in found)
    line = document("evidence", [f"chip={chip}"], capsys)["heading"][0]
    assert line == (
        f"{len(found)} measured values by {len({one.by for one in found})} groups, "
        f"{own} of them our own{f'; {idle} have no weight, only shown' if idle else ''}."
    )
    assert (idle > 0) == some


def test_what_is_asked_for_is_counted_beside_all(capsys: pytest.CaptureFixture[str]) -> None:
    whole = document("evidence", ["chip=h20"], capsys)["heading"][0].partition(" ")[0]
    part = document("evidence", ["chip=h20", "figure=memory_bandwidth"], capsys)
    values = part["tables"]["values"]
    assert part["heading"][0].startswith(f"{len(values)} of {whole} measured values by ")
    assert len(values) < int(whole)


@pytest.mark.parametrize("word", ["figure=memory_bandwidth", "work=serving", "work=prefill"])
def test_what_the_vendor_measured_is_counted_among_the_values_shown(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document("evidence", ["chip=910b2", word], capsys)
    kinds = [one["kind"] for rows in found["tables"].values() for one in rows]
    theirs = sum(kind in ("vendor claim", "vendor gate") for kind in kinds)
    part = f"{theirs} of {len(kinds)} values come from the vendor's side."
    every = "All measured values of Huawei Ascend 910B2 shown here come from its vendor."
    told = [line for line in found["summary"] if "come from" in line]
    assert told == ([every if theirs == len(kinds) else part] if theirs else [])


def test_our_own_rates_say_that_they_are_bursts_and_nothing_else_does(
    sheets: Catalogue,
) -> None:
    """Bytes held are no rate, and others say themselves what they publish."""
    found = [one for one in observations(sheets) if one.chip == sheets.find("h200").id]
    cells = ratios.values("values", found, sheets).cells
    told = [value.endswith(" (burst)") for _, _, _, value, *_ in cells]
    for _, quantity, _, value, _, by, *_ in cells:
        rate = by.startswith(f"{OWN} (own") and quantity != "memory that was held"
        assert value.endswith(" (burst)") == rate
    assert 5 < sum(told) < len(told) - 5


def test_the_best_of_ours_is_told_as_a_burst_and_where_the_sustained_rate_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said("evidence", ["chip=h200", "figure=matrix_bf16"], capsys)[1]
    assert re.search(r"\| [\d.]+ TFLOP/s \(burst, [\d.]+%\), onpaper +\|", text)
    assert "Our own rates are bursts" in text


def test_a_name_that_several_chips_share_has_the_values_of_all(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    umbrella = sheets.find("910b")
    text = said("evidence", ["chip=910b"], capsys)[1]
    wanted = known(umbrella.id, *umbrella.variants)
    assert len(wanted) > len(known(umbrella.id)) > 0
    assert [ref for ref in wanted if ref not in text] == []


def test_of_a_chip_that_nobody_measured_the_sheet_is_all_there_is(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = {one.chip for one in observations(sheets)}
    bare = next(
        key for key, one in sheets.chips.items()
        if key not in measured and "matrix_bf16" in one.figures and not one.variants
    )  # fmt: skip
    found = document("evidence", [f"chip={bare}"], capsys)
    (line,) = found["summary"]
    assert line.startswith(f"No measurement of {sheets.chips[bare].name} is known here")
    assert "tables" not in found
    assert "matrix_bf16" in {one["figure"] for one in found["rows"]}


# records


def test_a_committed_record_given_again_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = paths.data_dir("results") / "records"
    (path,) = records.rglob("h200-sxm-full.json")
    words = ["chip=h200", "report=csv"]
    usual = said("evidence", words, capsys)
    for place in (path, records):
        assert said("evidence", [*words, f"records={place}"], capsys) == usual


def test_a_record_of_ones_own_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chip=h100", "figure=matrix_bf16"]
    made = mislabelled(tmp_path)
    before, after = values(words, capsys), values([*words, f"records={made}"], capsys)
    own = [one for one in after if one["by"] == OWN]
    assert len(own) == len(after) - len(before) > 0
    assert {one["source"] for one in own} == {"record 20261126-000418-cuda-000000"}
    assert {(one["kind"], one["url"], one["weight"]) for one in own} == {("own run", None, 1.0)}


# wrong words

WRONG = {
    "": "which chip? give chip=, such as chip=h20",
    "figure=matrix_bf16": "which chip? give chip=, such as chip=h20",
    "chip=h2o": "no chip 'h2o' in specs/chips: did you mean 'h20' or 'h200'",
    "chip=h20 figure=matrix_bf61": "no figure 'matrix_bf61': did you mean 'matrix_bf16'",
    "chip=h20 figure=bf16": "no figure 'bf16': did you mean 'vector_bf16' or 'sparse_bf16'",
    "chip=h20 work=decod": "no work 'decod': did you mean 'decode'?",
    "chip=h20 figure=matrix_bf16 work=decode": "give figure= or work=, not both",
    "chip=h20 records=nowhere": "records=nowhere: there is no such record or folder of records",
    "chip=h20 report=jsn": "no report 'jsn': did you mean 'json'?",
    "chip=h20 without=[vendor]": "evidence has no key 'without': ",
    "chps=h20": "evidence has no key 'chps': did you mean 'chip'?",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("evidence", line.split(), capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {WRONG[line]}")


def test_help_names_every_work(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said("evidence", ["--help"], capsys)
    works = ("prefill", "decode", "serving", "training", "inference", "attention", "collective")
    assert code == 0
    assert [one for one in (*works, "product") if one not in out] == []


# predictions


def test_serving_stands_beside_what_predict_says_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = {one["source"].partition(",")[0]: one for one in values(["chip=910b2"], capsys)}
    row = found["chitu-performance:910b2-qwen3-32b-4"]
    assert row["work"] == "concurrency=4; input=128; model=Qwen3-32B; output=1024; tp=2"
    words = ["chips=910b2", "workload=qwen3-32b", "parallel=2", "batch=4", "input=128"]
    (said_of_it,) = document("predict", [*words, "output=1024"], capsys)["rows"]
    assert row["predicted"] == pytest.approx(said_of_it["tokens_per_s_chip"])
    assert row["predicted_low_80"] == pytest.approx(said_of_it["low_80"])
    assert row["predicted_high_80"] == pytest.approx(said_of_it["high_80"])


def test_training_stands_beside_what_predict_says_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["chip=h800", "work=training"]
    found = {one["source"].partition(",")[0]: one for one in values(words, capsys)}
    row = found["xtuner-megatron-moe:tp2-ep32"]
    words = ["chips=h800", "workload=qwen3-235b-a22b", "phase=train", "batch=2048", "input=4096"]
    words.append("parallel=tp2,pp8,dp16,ep32,vp4")
    (said_of_it,) = document("predict", words, capsys)["rows"]
    assert row["predicted"] == pytest.approx(said_of_it["tokens_per_s_chip"])
    assert row["predicted_low_80"] == pytest.approx(said_of_it["low_80"])
    assert row["predicted_high_80"] == pytest.approx(said_of_it["high_80"])
    # without a micro-batch, nothing is predicted
    assert found["deepseek-v3-report:h800-2048"]["predicted"] is None


def test_training_that_was_fitted_has_no_prediction(capsys: pytest.CaptureFixture[str]) -> None:
    found = values(["chip=nvidia-h100-sxm-96gb", "work=training"], capsys)
    fitted = [one for one in found if one["source"].startswith("torchtitan-h100:")]
    assert fitted
    assert not any(one["predicted"] for one in fitted)
    assert any(one["predicted"] for one in found)


def test_what_is_no_serving_has_no_prediction(capsys: pytest.CaptureFixture[str]) -> None:
    found = values(["chip=h20", "work=attention"], capsys)
    assert found
    assert not any(one.get("predicted") for one in found)
    assert "predicted (80%)" not in said("evidence", ["chip=h20", "work=attention"], capsys)[1]
