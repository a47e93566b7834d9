"""``verdict`` as it is typed: a pair, a matrix, every key, every format, every wrong word."""

import re
from pathlib import Path

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.claims.paper import ids
from bench.evidence.gather import observations
from bench.evidence.load import reports
from bench.evidence.model import Kind
from bench.evidence.observe import OWN
from bench.evidence.pool import Evidence
from bench.report.formats import FORMATS
from tests.commands.command_cases import document, looks_like, mislabelled, said

PAIR = "chips=[h20,h100]"
LENT = "chips=[mi300x,nvidia-l40s-pcie-48gb]"
"""A pair that only a vendor's claim makes testable in fp8."""


# two chips


@pytest.mark.parametrize("style", FORMATS)
def test_a_pair_is_shown_in_every_format(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("verdict", [PAIR, f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


@pytest.mark.parametrize("style", FORMATS)
def test_a_matrix_is_shown_in_every_format(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["baseline=h20", "chips=[h100]", "figures=[matrix_bf16]", f"report={style}"]
    code, out, err = said("verdict", words, capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def test_a_sheets_gb_of_memory_are_gib(capsys: pytest.CaptureFixture[str]) -> None:
    """Both chips reached 107% of their sheets, in the pair's only verdict."""
    rows = document("verdict", ["chips=[910c,h100]"], capsys)["rows"]
    (memory,) = (one for one in rows if one["axis"] == "memory_capacity")
    assert all(0.98 < memory[f"{side}_reaches"] <= 1.0 + 1e-9 for side in ("subject", "object"))


def test_a_pair_has_the_ratio_on_paper_and_what_it_reaches(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {one["axis"]: one for one in document("verdict", [PAIR], capsys)["rows"]}
    found = rows["matrix_bf16"]
    h20, h100 = (sheets.find(one).number("matrix_bf16") for one in ("h20", "h100"))
    assert h20
    assert h100
    assert found["paper_ratio"] == pytest.approx(h20 / h100)
    assert found["paper_overstates"] == pytest.approx(h20 / h100 / found["measured_ratio"])
    assert found["measured_low"] < found["measured_ratio"] < found["measured_high"]
    assert (found["subject"], found["object"]) == ("nvidia-h20-sxm-96gb", "nvidia-h100-sxm-80gb")
    assert (found["relation"], found["factor"], found["margin"]) == ("matches", 1.0, 0.1)


def test_a_pair_shows_the_figures_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    rows = document("verdict", [PAIR, "figures=[tdp,decode,matrix_bf16]"], capsys)["rows"]
    assert [one["axis"] for one in rows] == ["tdp", "decode", "matrix_bf16"]
    usual = {one["axis"]: one for one in document("verdict", [PAIR], capsys)["rows"]}
    assert rows[-1] == usual["matrix_bf16"]


def test_a_pair_says_what_holds_on_paper(capsys: pytest.CaptureFixture[str]) -> None:
    rows = document("verdict", ["chips=[910c,h20]"], capsys)["rows"]
    found = {one["axis"]: one["verdict_on_paper"] for one in rows}
    assert (found["matrix_bf16"], found["memory_bandwidth"]) == ("exceeds", "falls short")
    assert all((one["verdict_on_paper"] == "match") is one["holds_on_paper"] for one in rows)
    text = said("verdict", ["chips=[910c,h20]", "report=github"], capsys)[1]
    assert "| verdict on paper " in text


def test_what_has_to_be_said_of_paper_stands_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    told = document("verdict", ["chips=[h20,910b]"], capsys)["summary"]
    assert "910B (bin unknown) on paper (the variant is not named) and " in told[0]
    assert "not named of" not in " ".join(told)


def test_without_a_published_figure_the_sentence_tells_only_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document("verdict", ["chips=[s5000,h20]"], capsys)
    (row,) = (one for one in found["rows"] if one["axis"] == "matrix_fp16")
    assert row["paper_ratio"] is None
    assert re.fullmatch(
        r"In fp16 matrix, Moore Threads MTT S5000 is [\d.]+ \([\d.–]+\) times NVIDIA H20 SXM 96GB "
        r"measured; no published figures to compare\. Verdict: [a-z ]+\.",
        found["summary"][0],
    )


def test_the_chips_turned_round_are_the_reciprocal(capsys: pytest.CaptureFixture[str]) -> None:
    one, back = (
        {row["axis"]: row for row in document("verdict", [words], capsys)["rows"]}
        for words in (PAIR, "chips=[h100,h20]")
    )
    assert set(one) == set(back)
    turned = {"falls short": "exceeds", "exceeds": "falls short"}
    for axis, row in one.items():
        assert back[axis]["verdict"] == turned.get(row["verdict"], row["verdict"])
        if row["measured_ratio"]:
            assert row["measured_ratio"] * back[axis]["measured_ratio"] == pytest.approx(1)
            assert row["measured_low"] * back[axis]["measured_high"] == pytest.approx(1)
    assert "exceeds" in {row["verdict"] for row in back.values()}


def test_the_margin_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    found = document("verdict", ["chips=[910b2,a100]", "margin=0.9"], capsys)
    assert {one["margin"] for one in found["rows"]} == {0.9}
    assert found["heading"][0].startswith("Margin 90%.")
    words = {one["axis"]: one["verdict"] for one in found["rows"]}
    assert words["matrix_bf16"] == "match"


# every value behind it


def test_rows_bring_every_value_with_its_reference_and_address(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document("verdict", [PAIR, "rows=true"], capsys)["tables"]["values"]
    both = {sheets.find(one).id for one in ("h20", "h100")}
    known = {f"{file}:{row.id}": (report, row) for file, report in reports().items()
             for row in report.rows}  # fmt: skip
    assert {one["chip"] for one in found} == both
    for one in found:
        if one["by"] == OWN:
            assert one["source"].startswith("record ")
            continue
        report, row = known[one["source"].partition(",")[0]]
        assert (one["url"], one["as_written"]) == (report.source.url, str(row.value))
        assert one["url"].startswith("https://")
        assert (one["by"], one["kind"]) == (report.by(row), report.kind_of(row).value)
    shown = {one["source"].partition(",")[0] for one in found}
    products = {
        ref
        for ref, (_, row) in known.items()
        if row.chip in both and row.quantity == "matmul_best" and row.dtype in ("bf16", "fp8")
    }
    assert len(products) > 5
    assert products <= shown
    assert len(shown) == len(found)


def test_without_rows_no_value_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "values" not in document("verdict", [PAIR], capsys)["tables"]


def test_values_of_one_direction_are_shown_where_they_judge_both(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A link's copy in one direction counts as half of both: the verdict hangs on it."""
    found = document("verdict", ["chips=[h20,h800]", "rows=true"], capsys)
    (row,) = (one for one in found["rows"] if one["axis"] == "link_bandwidth")
    assert row["measured_ratio"]
    values = found["tables"]["values"]
    for side in ("subject", "object"):
        links = [
            one for one in values
            if one["chip"] == row[side] and one["quantity"].startswith("peer_") and one["weight"]
        ]  # fmt: skip
        assert len({one["by"] for one in links}) >= row[f"groups_{side}"] > 0


# classes left out


def test_vendors_left_out_are_out_of_every_ratio(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a model that never saw a vendor's value, not one that was told to pass over them."""
    every = observations(sheets)
    bare = Evidence([one for one in every if one.kind is not Kind.VENDOR])
    chips = [sheets.find("mi300x"), sheets.find("nvidia-l40s-pcie-48gb")]
    found = document("verdict", [LENT, "without=[vendor]"], capsys)["rows"]
    for row in (one for one in found if one["axis"].startswith(("matrix_", "memory_b"))):
        expected = bare.of_figure(row["axis"], ids(chips[0]), ids(chips[1]))
        if row["axis"] in ("matrix_bf16", "matrix_fp16") and expected is None:
            continue  # the other format may stand for it
        ratio = expected.ratio if expected else None
        assert row["measured_ratio"] == (ratio and pytest.approx(ratio)), row["axis"]


def test_what_only_a_vendor_measured_is_untestable_without(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, less = (
        {one["axis"]: one for one in document("verdict", [LENT, *words], capsys)["rows"]}
        for words in ([], ["without=[vendor]"])
    )
    assert whole["matrix_fp8"]["measured_ratio"]
    assert (less["matrix_fp8"]["verdict"], less["matrix_fp8"]["measured_ratio"]) == (
        "untestable", None,
    )  # fmt: skip


def test_no_value_of_a_class_left_out_is_said_to_weigh_anything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = document("verdict", [LENT, "rows=true", "without=[vendor]"], capsys)
    weights = {
        one["weight"] for one in found["tables"]["values"] if one["kind"] == Kind.VENDOR.value
    }
    assert weights <= {0.0}


# records


def test_a_committed_record_given_again_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chips=[h200,h100]", "rows=true", "report=csv"]
    records = paths.data_dir("results") / "records"
    (path,) = records.rglob("h200-sxm-full.json")
    usual = said("verdict", words, capsys)
    assert "record " in usual[1]
    for place in (path, records):
        assert said("verdict", [*words, f"records={place}"], capsys) == usual


def test_a_record_of_ones_own_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    made = mislabelled(tmp_path)
    for place in (made, tmp_path):
        before, after = (
            {one["axis"]: one for one in document("verdict", words, capsys)["rows"]}["matrix_bf16"]
            for words in (["chips=[h200,h100]"], ["chips=[h200,h100]", f"records={place}"])
        )
        groups = [after[key] - before[key] for key in ("groups_object", "groups_both")]
        assert groups == [1, 1]


# a matrix


def test_a_matrix_has_a_cell_a_chip_and_figure(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["baseline=h20", "chips=[h100,h20,a100]", "figures=[matrix_bf16,memory_bandwidth]"]
    found = document("verdict", [*words, "margin=0.2"], capsys)["rows"]
    assert [(one["subject"], one["axis"]) for one in found] == [
        (chip, axis)
        for chip in ("nvidia-h100-sxm-80gb", "nvidia-a100-sxm-80gb")
        for axis in ("matrix_bf16", "memory_bandwidth")
    ]
    assert {(one["object"], one["margin"]) for one in found} == {("nvidia-h20-sxm-96gb", 0.2)}
    assert found[0]["cell"] == "both"


def test_a_matrix_of_kinds_of_work_alone(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["baseline=h20", "chips=[910b,h100]"]
    every = document("verdict", words, capsys)["rows"]
    asked = document("verdict", [*words, "figures=[decode,memory_bandwidth]"], capsys)["rows"]
    assert [one["axis"] for one in asked] == 2 * ["decode", "memory_bandwidth"]
    assert asked[0]["measured_ratio"] is not None
    assert [one for one in asked if one not in every] == []


def test_a_matrix_of_one_chip_and_of_nothing_that_compares(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["baseline=h20", "chips=hygon-k100-ai", "figures=training"]
    text = said("verdict", words, capsys)[1]
    assert "1 chip over NVIDIA H20 SXM 96GB" in text
    assert "No measurement compares NVIDIA H20 SXM 96GB with this chip in training." in text


def test_what_no_measurement_compares_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["baseline=h20", "chips=[p800,910c,c550]", "figures=[serving,decode]"]
    none = "No measurement compares NVIDIA H20 SXM 96GB with these chips in serving or decode."
    assert none in said("verdict", words, capsys)[1]
    alone = said("verdict", ["baseline=thead-hanguang-800", "figures=[training]"], capsys)[1]
    assert "with another chip in training." in alone


def test_a_matrix_of_no_chips_named_has_all_that_share_a_measurement(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document("verdict", ["baseline=h20"], capsys)["rows"]
    chips = {one["subject"] for one in found}
    measured = {one["subject"] for one in found if one["measured_ratio"]}
    assert chips == measured
    assert len(chips) > 20
    assert {one["axis"] for one in found} >= {"matrix_bf16", "prefill", "training"}
    assert not {one for one in chips if sheets.chips[one].kind == "cpu"}


def test_a_matrix_takes_groups(capsys: pytest.CaptureFixture[str], sheets: Catalogue) -> None:
    words = ["baseline=h20", "chips=domestic", "figures=[matrix_fp16]"]
    found = document("verdict", words, capsys)["rows"]
    assert {sheets.chips[one["subject"]].tier for one in found} == {"domestic"}
    states = {(bool(one["paper_ratio"]), bool(one["measured_ratio"])): one["cell"] for one in found}
    assert states[True, True] == "both"
    assert states[True, False] == "unmeasured"


# wrong words

WRONG = {
    "": "no chips are named: give two, such as chips=[h20,h100], or baseline=h20",
    "chips=[h20,h100,a100]": (
        "3 chips are named: give two, such as chips=[h20,h100], or baseline=h20"
    ),
    "chips=[h20,h2o]": "no chip or group 'h2o': did you mean 'h20' or 'h200'",
    "baseline=h2o": "no chip 'h2o' in specs/chips: did you mean 'h20' or 'h200'",
    "baseline=h20 chips=[h2o]": "no chip or group 'h2o': did you mean 'h20'",
    "baseline=h20 chips=[h20]": "nvidia-h20-sxm-96gb alone: name another chip in chips=",
    f"{PAIR} figures=[matrix_bf61]": "no figure or kind of work 'matrix_bf61': did you mean",
    "baseline=h20 rows=true": "rows= needs verdict chips=[A,B]",
    "baseline=h20 figures=[matrix_bf61]": (
        "no figure or kind of work 'matrix_bf61': did you mean 'matrix_bf16'"
    ),
    "baseline=h20 figures=[decodes]": "no figure or kind of work 'decodes': did you mean 'decode'",
    "baseline=h20 figures=[zzz]": (
        "no figure or kind of work 'zzz': choose from: matrix_bf16, matrix_fp16, matrix_fp8, "
        "matrix_int8, memory_bandwidth, prefill, decode, serving, training, ..."
    ),
    f"{PAIR} without=[vendr]": "no class of evidence 'vendr': did you mean 'vendor'?",
    f"{PAIR} margin=0": "margin=0 must be above 0 and at most 0.9",
    f"{PAIR} margin=-0.1": "margin=-0.1 must be above 0 and at most 0.9",
    f"{PAIR} margin=0.91": "margin=0.91 must be above 0 and at most 0.9",
    f"{PAIR} margin=nan": "margin=nan must be above 0 and at most 0.9",
    f"{PAIR} margin=wide": "margin=wide: write a number",
    f"{PAIR} rows=maybe": "rows=maybe: write true or false",
    f"{PAIR} records=nowhere": "records=nowhere: there is no such record or folder of records",
    f"{PAIR} report=githb": "no report 'githb': did you mean 'github'?",
    "chip=h20": "verdict has no key 'chip': did you mean 'chips'?",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("verdict", line.split(), capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {WRONG[line]}")


@pytest.mark.parametrize("line", ["chips=[h20]", "chips=[h20,h20]"])
def test_one_chip_is_too_few(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("verdict", [line], capsys)
    assert (code, out) == (2, "")
    assert err.endswith("give two, such as chips=[h20,h100], or baseline=h20\n")
