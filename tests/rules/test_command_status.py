"""``rules`` of chips on a day: who needs a licence, by which rule, and where sources differ."""

import json
from datetime import UTC, datetime

import pytest

from bench.__main__ import main
from bench.report.rules.rulings import AID
from tests.rules.command_cases import DAY, rows, said


@pytest.mark.parametrize(
    ("chip", "on", "need"),
    [
        ("rtx4090", "2023-11-20", "notice"),
        ("h100", "2023-11-20", "yes"),
        ("h20", "2023-11-20", "no"),
        ("mi308x", "2024-06-01", "unknown"),
    ],
)
def test_a_notice_is_no_licence(
    chip: str, on: str, need: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = rows(["status", f"chips={chip}", f"on={on}"], capsys)
    assert found["needs_licence"] == need


def test_a_chip_judged_before_its_launch_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["status", "chips=[h20,a100-sxm]", "on=2022-08-20"]
    found = rows(words, capsys)
    assert found[0]["launched"] == "2023-11-09"
    text = said([*words, "report=plain"], capsys)[1]
    assert "as if they had existed: nvidia-h20-sxm-96gb." in text
    later = said(["status", "chips=h20", "on=2023-11-09", "report=plain"], capsys)[1]
    assert "as if they had existed" not in later


def test_a_status_has_a_line_a_chip(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["status", "chips=[h20,rtx4090]", DAY], capsys)
    keys = ("chip", "on", "destination", "paragraph", "policy", "needs_licence", "near")
    assert [[row[key] for key in keys] for row in found] == [
        ["nvidia-h20-sxm-96gb", "2024-06-01", "CN", "none", "none", "no", "TPP 32 below 2,400"],
        [
            "nvidia-rtx4090-24gb", "2024-06-01", "CN", "3A090.a.1", "nac_notification",
            "notice", "",
        ],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("chip", "day", "answer"),
    [
        ("h20", "2025-03-01", "By US rules no licence and no notice is needed."),
        (
            "h20", "2026-02-01",
            (
                "By US rules a licence or a notice is needed: licence (policy not stated), by "
                "US-2025-LETTER-BW."
            ),
        ),
        (
            "a800", "2024-06-01",
            (
                "By US rules a licence or a notice is needed: licence (presumption of denial), by "
                "US-2023-3A090."
            ),
        ),
        (
            "mi308x", "2024-06-01",
            (
                "By US rules what is published does not decide whether a licence is needed by "
                "US-2023-3A090."
            ),
        ),
        (
            "910c", "2026-02-01",
            (
                "Designed in China. If exported under US rules, a licence or a notice would be "
                "needed: licence (presumption of denial), by US-2023-3A090 and "
                "US-2026-CASE-BY-CASE."
            ),
        ),
        (
            "ascend-310", "2026-02-01",
            (
                "Designed in China. If exported under US rules, no licence and no notice would be "
                "needed."
            ),
        ),
        (
            "rtx6000d", "2026-02-01",
            (
                "By US rules and the first figures of its sheet, no licence and no notice is "
                "needed. In dispute: by figures of other sources, licence (policy not stated)."
            ),
        ),
    ],
)  # fmt: skip
def test_of_one_chip_the_first_line_answers_and_names_the_rule(
    chip: str, day: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said([f"chips={chip}", f"on={day}", "report=json"], capsys)
    assert json.loads(out)["heading"][0] == answer


def test_chips_designed_in_china_are_counted_separately(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They counted as chips that need a US licence to reach China."""
    others = "0 cannot be decided from what is published."
    heading = {
        chips: json.loads(said([f"chips=[{chips}]", "on=2026-02-01", "report=json"], capsys)[1])[
            "heading"
        ][:2]
        for chips in ("910c,h20,rtx4090", "910c,910b2", "h20,a800")
    }
    assert heading["910c,h20,rtx4090"] == [
        f"Of 2, a licence or a notice is needed for 2 and none for 0; {others}",
        (
            "Of 1 more, designed in China, if exported under US rules: a licence or a notice would "
            f"be needed for 1 and none for 0; {others}"
        ),
    ]
    assert heading["910c,910b2"] == [
        (
            "Of 2, designed in China, if exported under US rules: a licence or a notice would be "
            f"needed for 2 and none for 0; {others}"
        ),
        AID,
    ]
    assert not any("China" in one for one in heading["h20,a800"])


def test_a_need_that_is_in_dispute_has_a_word_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two of four sources bring the RTX 6000D under the letters, and a flat 'no' was said of it."""
    on = "on=2026-02-01"
    told = {one["chip"]: one for one in rows([on, "chips=[rtx6000d,h20]"], capsys)}
    needs = {chip: one["needs_licence"] for chip, one in told.items()}
    assert needs == {"nvidia-rtx6000d-84gb": "no", "nvidia-h20-sxm-96gb": "yes"}
    rivals = {chip: one["needs_licence_by_rivals"] for chip, one in told.items()}
    assert rivals["nvidia-rtx6000d-84gb"] == "yes"
    assert not rivals["nvidia-h20-sxm-96gb"]
    out = said([on, "chips=[rtx6000d,h20]", "report=github"], capsys)[1]
    assert "In dispute, as figures of other sources change the answer: nvidia-rtx6000d" in out
    assert "| none; in dispute: licence (policy not stated) |" in out


EXEMPT = (
    "the UAE government, a party of Supplement 8 to part 740, or an AI firm headquartered in the "
    "US with its UAE subsidiaries"
)
DIFFER = (
    "Sources differ: for parties headquartered in D:5 or Macau and located outside D:1, D:4 and "
    "D:5, CSET's account of the 2023 rule has case by case, and readings of 91 FR 1684 have them "
    "stay at presumption of denial."
)
OF_THREE = (
    "Of 3, a licence or a notice is needed for 2 and none for 1; 0 cannot be decided from what is "
    "published."
)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["chips=[gb300]", "destination=UAE"],
            [
                (
                    "By US rules a licence or a notice is needed: licence (policy not stated), by "
                    f"US-2023-3A090, unless the recipient is {EXEMPT}."
                )
            ],
        ),
        (
            ["chips=[a30,l40s,rtx4090d]", "destination=UAE"],
            [
                OF_THREE,
                f"Exempt: {EXEMPT}.",
            ],
        ),
        (
            ["chips=[h100-sxm]", "destination=Malaysia", "headquarters=China"],
            [
                (
                    "By US rules a licence or a notice is needed: licence (presumption of denial "
                    "or case by case: sources differ), by US-2023-3A090 and US-2025-LETTER-BW."
                ),
                DIFFER,
            ],
        ),
        (
            ["chips=[a30,h100-sxm,rtx4090d]", "destination=Malaysia", "headquarters=China"],
            [
                OF_THREE,
                DIFFER,
            ],
        ),
    ],
)
def test_who_is_exempt_and_where_sources_differ_is_said_first(
    words: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said([*words, "on=2026-09-01", "report=json"], capsys)
    heading = json.loads(out)["heading"]
    assert heading[: len(lines) + 1] == [*lines, AID]


@pytest.mark.parametrize("view", ["explain", "timeline"])
def test_every_view_of_a_chip_says_who_is_exempt(
    view: str, capsys: pytest.CaptureFixture[str]
) -> None:
    on = ["on=2026-09-01"] if view == "explain" else []
    _, out, _ = said([view, "chip=h100-sxm", "destination=UAE", *on, "report=json"], capsys)
    assert f"Exempt: {EXEMPT}." in json.loads(out)["heading"]


@pytest.mark.parametrize("view", ["status", "timeline", "explain"])
def test_one_chip_may_be_given_by_either_key(view: str, capsys: pytest.CaptureFixture[str]) -> None:
    on = [] if view == "timeline" else ["on=2025-05-01"]
    assert main(["rules", view, "chip=h20", *on]) == 0
    one = capsys.readouterr().out
    assert main(["rules", view, "chips=h20", *on]) == 0
    assert capsys.readouterr().out == one


@pytest.mark.parametrize("word", ["h20,h100", "[h20,h100]"])
def test_several_chips_may_be_given_by_the_key_of_one(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rows([f"chip={word}", DAY], capsys) == rows(["chips=[h20,h100]", DAY], capsys)


def test_status_of_the_chips_made_for_export_is_what_no_view_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = rows([DAY], capsys)
    assert plain == rows(["status", "chips=[export-tier]", DAY], capsys)
    assert "nvidia-h20-sxm-96gb" in {row["chip"] for row in plain}


def test_the_day_is_today_unless_it_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    before = datetime.now(UTC).date().isoformat()
    (found,) = rows(["chips=[h20]"], capsys)
    assert before <= found["on"] <= datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ([], "presumption_of_denial"),
        (["destination=SA"], "presumption_of_approval"),
        (["destination='Saudi Arabia'", "headquarters=China"], "presumption_of_denial"),
        (["destination=SG"], "none"),
        (["destination=SG", "headquarters=CN"], "case_by_case"),
        (["destination=中国"], "presumption_of_denial"),
    ],
)
def test_destination_and_headquarters_are_heard(
    words: list[str], policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = rows(["chips=[h100-sxm]", DAY, *words], capsys)
    assert found["policy"] == policy


@pytest.mark.parametrize(
    ("word", "policy"), [("us", "case_by_case"), ("abroad", "presumption_of_denial")]
)
def test_where_it_is_exported_from_is_heard(
    word: str, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = rows(["chips=[h200]", "on=2026-02-01", f"export_from={word}"], capsys)
    assert found["policy"] == policy


def test_an_export_from_abroad_says_when_us_rules_reach_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It said nothing of foreign-direct products and US content."""
    views = (
        ["chips=[h200]", DAY],
        ["explain", "chip=h200", DAY],
        ["whatif", "chip=h200", DAY],
        ["timeline", "chip=h200"],
    )
    for view in views:
        words = [*view, "report=github"]
        abroad = said([*words, "export_from=abroad"], capsys)[1]
        assert "Not exported from the US: US rules reach it only as" in abroad
        assert "15 CFR 734.9(h)" in abroad
        assert "734.9(h)" not in said(words, capsys)[1]
    assert "10 % for E:1 and E:2" in said(["list", "rule=US-2023-3A090"], capsys)[1]


@pytest.mark.parametrize(
    ("chip", "on", "expected"),
    [("mlu590", "2026-11-10", True), ("mlu590", "2026-11-09", False), ("h20", "2026-11-10", False)],
)
def test_the_entity_list_hinges_on_the_rule_on_affiliates(
    chip: str, on: str, expected: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said([f"chips=[{chip}]", f"on={on}", "report=github"], capsys)[1]
    assert ("hinges on US-2025-AFFILIATES" in text) is expected
