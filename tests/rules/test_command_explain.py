"""``rules timeline``, ``explain`` and ``list``: a history, every condition, a rule in full."""

import pytest

from tests.rules.command_cases import DAY, rows, said


def test_a_timeline_shows_the_letter_of_2025(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["since"]: row for row in rows(["timeline", "chip=h20"], capsys)}
    assert found["2025-04-09"] == {
        "chip": "nvidia-h20-sxm-96gb", "since": "2025-04-09", "until": "2025-07-14",
        "paragraph": "none", "policy": "licence_required", "began": "US-2025-LETTER-BW",
        "ended": "",
    }  # fmt: skip


def test_an_explanation_has_every_condition_with_its_margin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows(["explain", "chip=h20", DAY, "rule=us-2023-3a090"], capsys)
    told = [(row["outcome"], row["condition"], row["margin_words"], row["met"]) for row in found]
    assert {row["rule"] for row in found} == {"US-2023-3A090"}
    assert told[2:4] == [
        ("note 2", "TPP below 4,800", "2,432 below 4,800", "yes"),
        ("a.1", "TPP at least 4,800", "2,432 below 4,800", "no"),
    ]
    assert told[-1] == ("none", "otherwise", "", "yes")


@pytest.mark.parametrize(
    ("rule", "standing"),
    [
        ("US-2022-3A090", "(not in the text that day)"),
        ("US-BILL-SAFE-CHIPS", "(not in the text that day)"),
    ],
)
def test_a_rule_may_be_explained_when_it_is_not_in_force(
    rule: str, standing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(["explain", "chip=h20", DAY, f"rule={rule}"], capsys)
    assert code == 0
    assert f"{rule} [1] {standing}" in out


@pytest.mark.parametrize(
    ("word", "rules"),
    [
        ("3A090", ["US-2023-3A090"]),
        ("3a090.a.1", ["US-2023-3A090"]),
        ("4A090.b", ["US-2023-3A090"]),
        ("5A992.z", ["US-2023-3A090"]),
        ("3A090.c", ["US-2024-HBM"]),
    ],
)
def test_a_paragraph_stands_for_the_rules_of_that_day_that_put_parts_in_it(
    word: str, rules: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(["explain", "chip=h20", "on=2026-11-27", f"rule={word}"], capsys)
    assert list(dict.fromkeys(row["rule"] for row in found)) == rules


def test_before_a_paragraph_stood_its_rules_are_shown_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows(["explain", "chip=h20", "on=2022-01-01", "rule=3A090"], capsys)
    assert {row["rule"] for row in found} >= {"US-2022-3A090", "US-2023-3A090"}
    assert {row["in_text"] for row in found} == {"False"}


def test_a_density_that_the_tpp_made_needless_is_shown_as_such(
    capsys: pytest.CaptureFixture[str],
) -> None:
    *asked, last = rows(["explain", "chip=b30a", "on=2026-11-27", "rule=3A090"], capsys)
    assert (asked[-1]["outcome"], asked[-1]["met"]) == ("a.1", "yes")
    assert (last["outcome"], last["met"]) == ("a.2", "not needed: a.1 already met")
    assert last["condition"] == "performance density at least 5.92"


@pytest.mark.parametrize("word", ["2025-8-1", "2025-08-1", "2025-8-01"])
def test_a_day_may_lack_its_noughts(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["chips=h20", f"on={word}"], capsys)
    assert code == 0
    assert "Export status on 2025-08-01" in out


def test_today_is_the_default_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(["chips=h20", "on=today"], capsys) == rows(["chips=h20"], capsys)


def test_a_name_of_several_bins_says_which_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["chips=910b", "on=2025-08-01"], capsys)
    assert code == 0
    assert "910b covers several chips; shown: huawei-ascend-910b1, " in out


@pytest.mark.parametrize("style", ["csv", "json"])
@pytest.mark.parametrize("word", ["chips=910b", "chip=910b"])
def test_a_program_s_format_tells_a_name_of_several_on_stderr(
    style: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """csv had four rows of others' names and not a word of why."""
    _, _, err = said([word, "on=2025-08-01", f"report={style}"], capsys)
    assert err.startswith("910b covers several chips; shown: huawei-ascend-910b1, ")
    _, _, err = said(["chips=910b2", "on=2025-08-01", f"report={style}"], capsys)
    assert not err


def test_a_list_of_one_rule_is_that_rule_whole(capsys: pytest.CaptureFixture[str]) -> None:
    found, *more = rows(["list", "rule=us-2023-hq", DAY], capsys)
    assert (found["rule"], found["standing"]) == ("US-2023-HQ", "in force")
    told = [(row["table"], row["outcome"] or row["about"]) for row in more]
    assert told == [
        ("Outcomes, in order", "follows_headquarters"),
        ("Conditions and notes", "legal basis"), ("Conditions and notes", "destinations"),
        ("Conditions and notes", "note"),
    ]  # fmt: skip


def test_what_is_met_only_if_nothing_before_it_is_remains_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows(["explain", "chip=mi308x", "on=2024-05-01"], capsys)
    assert [row["met"] for row in found if row["condition"] == "otherwise"] == ["unknown"]


def test_a_pass_mark_of_the_maker_answers_what_it_decides(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """AMD tests the MI308X for 3,248, and whether its TPP is at least 1,600 was unknown."""
    found = rows(["explain", "chip=mi308x", "on=2025-08-15", "rule=3A090"], capsys)
    met = {row["condition"]: row["met"] for row in found if row["condition"].startswith("TPP")}
    assert met == {
        "TPP below 4,800": "unknown",
        "TPP at least 4,800": "unknown",
        "TPP at least 1,600": "yes",
        "TPP at least 2,400": "yes",
    }


def test_a_rule_in_full_has_its_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["list", "rule=US-2023-3A090", DAY], capsys)
    told = {row["outcome"]: row["condition"] for row in found if row["outcome"]}
    assert told["note 2"] == "datacentre part: no and TPP below 4,800"
    assert told["a.1"] == "TPP at least 4,800"
    assert told["b.1"] == (
        "TPP at least 2,400 and TPP below 4,800 and performance density at least 1.60 and "
        "performance density below 5.92"
    )
    assert told["none"] == "otherwise"
    policies = [row for row in found if row["paragraph"]]
    assert ("3A090.a", "D:5, Macau", "datacentre part: yes") in [
        (row["paragraph"], row["destination"], row["condition"]) for row in policies
    ]


def test_every_rule_of_a_paragraph_is_listed_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["list", "rule=3A090", DAY], capsys)
    tables = {row["table"] for row in found}
    for key in ("US-2022-3A090", "US-2023-3A090"):
        assert f"{key}: Outcomes, in order" in tables


def test_inner_conditions_of_a_rule_are_in_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["list", "rule=US-2025-LETTER-BW", DAY], capsys)
    told = next(row["condition"] for row in found if row["condition"])
    assert told.startswith("(DRAM bandwidth at least 1,400 GB/s or ")
    assert ") and " in told


@pytest.mark.parametrize("words", [["chip=910b2"], ["chip=c550"], ["chip=910c", "on=2025-06-01"]])
def test_what_keeps_a_chip_out_of_a_letter_is_not_a_line_that_another_line_replaces(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the letter's thresholds one is met; its condition on the designer is not."""
    text = said(["explain", *words], capsys)[1]
    (line,) = (one for one in text.splitlines() if one.startswith("Decided by: "))
    assert "US-2025-LETTER-BW: designer in D:5 or Macau: yes (tier domestic)." in line
