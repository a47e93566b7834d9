"""``rules`` as it is typed: five views, every format, and wrong words that stop before any work."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.chips import load
from bench.commands.rules import SUPPOSED, VIEWS
from bench.report.registry import FORMATS
from bench.report.rulings import AID
from tests.folders import ROOT

DAY = "on=2024-06-01"
Row = dict[str, str]


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``rules`` with these words."""
    code = main(["rules", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def rows(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[Row]:
    """The lines of a view as CSV."""
    code, out, err = said([*words, "report=csv"], capsys)
    assert (code, err) == (0, "")
    return list(csv.DictReader(io.StringIO(out)))


WORDS = {
    "status": ["chips=[h20,rtx4090]", DAY],
    "timeline": ["chip=h20"],
    "explain": ["chip=h20", DAY],
    "whatif": ["chip=h20", DAY],
    "list": [DAY],
}


def test_every_view_is_tried_here() -> None:
    assert tuple(WORDS) == VIEWS


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_shown_in_every_format(
    view: str, style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said([view, *WORDS[view], f"report={style}"], capsys)
    assert (code, err) == (0, "")
    assert out.endswith("\n")
    if style != "csv":
        assert "A research aid, not legal advice" in out


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


# what is supposed


@pytest.mark.parametrize(
    ("typed", "attribute", "value"),
    [
        ("memory_bandwidth=50%", "memory_bandwidth", 2e12),
        ("memory_bandwidth='120 %'", "memory_bandwidth", 4.8e12),
        ("tpp=50%", "tpp", 1184.0),
    ],
)
def test_a_share_is_of_what_the_sheet_has(
    typed: str, attribute: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(["whatif", "chip=h20", "on=2025-06-01", typed], capsys)
    told = {row["attribute"]: row["value"] for row in found if row["attribute"]}
    assert float(told[attribute]) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["chip=b30a", "density=50%"], "performance density of nvidia-b30a-144gb is not known"),
        (["chip=h20", "interconnect=50%"], "has several readings: give a value instead of 50%"),
        (["tpp=50%"], "TPP: 50% of which chip? give chip=, or a value"),
    ],
)
def test_a_share_of_what_is_not_known_is_refused(
    typed: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(["whatif", "on=2025-06-01", *typed], capsys)
    assert (code, out) == (2, "")
    assert why in err


def test_the_step_to_review_case_by_case_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["whatif", "chip=b30a", "on=2026-02-01"], capsys)
    told = [row for row in found if row["policies"] == "case_by_case"]
    assert [(row["varied"], row["low"], row["high"], row["flags"]) for row in told] == [
        ("tpp", "4800.0", "21000.0", "us_sale=yes")
    ]
    text = said(["whatif", "chip=b30a", "on=2026-02-01", "report=github"], capsys)[1]
    assert "| at least 4,800 and below 21,000, sold in the US: yes " in text


@pytest.mark.parametrize(
    ("typed", "attribute", "value"),
    [
        ("memory_bandwidth=1300", "memory_bandwidth", 1.3e12),
        ("memory_bandwidth='4,000'", "memory_bandwidth", 4e12),
        ("memory_bandwidth=1e3", "memory_bandwidth", 1e12),
        ("tpp='2,399'", "tpp", 2399.0),
        ("tpp=1e3", "tpp", 1000.0),
        ("memory_bandwidth=1399.5", "memory_bandwidth", 1.3995e12),
        ("memory_bandwidth='1.3 TB/s'", "memory_bandwidth", 1.3e12),
        ("memory_bandwidth=1300GB/s", "memory_bandwidth", 1.3e12),
        ("interconnect=600", "interconnect", 6e11),
        ("tpp=2399", "tpp", 2399.0),
        ("density=1.5", "pd", 1.5),
    ],
)
def test_a_supposed_value_is_read_in_its_unit_and_a_bare_rate_in_gigabytes(
    typed: str, attribute: str, value: float, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(["whatif", "chip=h20", "on=2025-06-01", typed], capsys)
    assert {row["attribute"]: row["value"] for row in found}[attribute] == str(value)


def test_what_is_supposed_is_set_beside_what_the_sheet_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["whatif", "chip=h20", DAY, "tpp=2400", "report=json"]
    document = json.loads(said(words, capsys)[1])
    assert document["summary"] == [
        "As the sheet has it: paragraph none, US policy none.",
        "Assumed TPP 2,400: paragraph 3A090.b.1, US policy NAC notification.",
    ]


def test_a_part_may_be_supposed_without_a_chip(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["whatif", "tpp=4000", "datacenter=yes", DAY, "report=json"]
    document = json.loads(said(words, capsys)[1])
    assert document["title"] == (
        "Headroom of an assumed part under the rules of 2024-06-01, destination China"
    )
    assert [row["limit"] for row in document["rows"]] == [1600.0, 1.6]


# wrong words


CHNA = "'Chna' in specs/destinations.yaml: did you mean 'china' or 'chad' or 'ghana'?"
WRONG = {
    "stauts": "no view 'stauts' of rules: did you mean 'status'?",
    "timeline chips=[h20,h100]": (
        "chips= belongs to rules status, not to rules timeline: give chip="
    ),
    "chip=h20 chips=h100": (
        "chip= belongs to rules timeline, explain and whatif, not to rules status: give chips="
    ),
    "list chip=h20": "chip= belongs to rules timeline, explain and whatif, not to rules list",
    "timeline chip=h20 tpp=1": "tpp= belongs to rules whatif, not to rules timeline",
    "whatif chip=h20 rule=x": "rule= belongs to rules explain and list, not to rules whatif",
    "timeline chip=h20 on=2024-06-01": ("a timeline covers every day: leave out on="),
    "on=2025-02-30": "on=2025-02-30 is no day such as 2025-08-15",
    "on=yesterday": "on=yesterday is no day such as 2025-08-15",
    "on=15-8-2025": "on=15-8-2025 is no day such as 2025-08-15",
    "on=20250815": "on=20250815 is no day such as 2025-08-15",
    "on=2025-W33-5": "on=2025-W33-5 is no day such as 2025-08-15",
    "destination=Chna": f"no destination {CHNA}",
    "headquarters=Chna": f"no destination {CHNA}",
    "export_from=aboard": "no export_from 'aboard': did you mean 'abroad'?",
    "timeline": "which chip? give chip=, such as chip=h20",
    "explain rule=US-2023-3A090": "which chip? give chip=, such as chip=h20",
    "whatif": "whatif needs chip=, or values such as tpp=4000 datacenter=yes",
    "explain chip=h20 rule=US-2023-3A09": (
        "no rule 'US-2023-3A09' in specs/rules: did you mean 'us-2023-3a090' or 'us-2022-3a090' "
        "or 'us-2023-hq'?"
    ),
    "explain chip=h20 rule=us-2024-corr": (
        "US-2024-CORR sets no condition on a chip: see 'rules list rule=US-2024-CORR'"
    ),
    "whatif chip=h20 tpp='4 TB/s'": "TPP: '4 TB/s' is not a bare number",
    "whatif chip=h20 density='3 W'": "performance density: '3 W' is not a bare number",
    "whatif chip=h20 tpp=-1": "TPP: '-1' is not a positive, finite quantity",
    "whatif chip=h20 tpp=many": "TPP: 'many' is not a quantity such as '148 TFLOP/s'",
    "whatif chip=h20 memory_bandwidth=GB/s": (
        "DRAM bandwidth: 'GB/s' is not a quantity such as '148 TFLOP/s'"
    ),
    "whatif chip=h20 io='4 TFLOP/s'": "I/O rate: '4 TFLOP/s' is not in B/s",
    "whatif chip=h20 datacenter=maybe": "datacentre part is yes or no, not 'maybe'",
    "whatif chip=h20 us_sale=true": "sold in the US is yes or no, not 'true'",
}


def words(line: str) -> list[str]:
    """The words of a line, a quoted blank kept."""
    kept = line.replace("4 TB", "4~TB").replace("3 W", "3~W").replace("4 TF", "4~TF")
    return [one.replace("~", " ") for one in kept.split()]


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line_and_stops_before_any_sheet_is_read(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> None:
        raise AssertionError("the catalogue was read")

    monkeypatch.setattr(load, "catalogue", never)
    assert said(words(line), capsys) == (2, "", f"onpaper: {WRONG[line]}\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("timeline chip=h21", "no chip 'h21' in specs/chips: did you mean 'h20' or "),
        ("chips=[h20,h2o]", "no chip or group 'h2o': did you mean 'h20' or "),
        ("report=githb", "no report 'githb': did you mean 'github'?"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(line.split(), capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {told}")


def test_help_names_every_view_and_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["--help"], capsys)
    keys = ("chips", "chip", "on", "destination", "headquarters", "export_from", "rule", *SUPPOSED)
    assert code == 0
    assert [one for one in VIEWS if f"\n  {one}" not in out] == []
    assert [one for one in keys if f"{one}=" not in out] == []


@pytest.mark.parametrize("view", VIEWS)
def test_rules_need_neither_torch_nor_pandas(view: str, tmp_path: Path) -> None:
    program = (
        "import sys; from bench.__main__ import main; code = main(sys.argv[1:]); "
        "print(sorted({'torch', 'pandas', 'numpy'} & set(sys.modules)), file=sys.stderr); "
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "rules", view, *WORDS[view]],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "[]\n")
