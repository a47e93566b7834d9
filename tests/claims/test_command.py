"""``claims`` as it is typed: the list, one claim unfolded, every key, every format, wrong words."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.claims.evaluate import judgement
from bench.claims.load import claim, claims
from bench.claims.sensitivity import EvidenceBase, Flip
from bench.evidence.gather import observations
from bench.evidence.load import reports
from bench.evidence.model import Kind
from bench.evidence.observe import OWN
from bench.evidence.pool import Evidence
from bench.report.formats import FORMATS
from tests.commands.command_cases import document, looks_like, mislabelled, said

if TYPE_CHECKING:
    from bench.claims.weigh import Finding

ON_PAPER = "2023-12-06-semianalysis-mi300x-paper"
"""A claim of one chip over one other, on several figures, fp8 among them."""
UNLIKE = "2025-04-techgeekwire-910c-h100-bf16"
Row = dict[str, Any]


def rows(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Row]:
    """The claims listed, by id."""
    return {one["claim"]: one for one in document("claims", words, capsys)["rows"]}


# the list


@pytest.mark.parametrize("style", FORMATS)
def test_the_list_is_shown_in_every_format(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("claims", ["side=official", f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def test_every_claim_has_a_line_as_it_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows([], capsys)
    assert [*found] == [*claims()]
    for key, made in claims().items():
        told = [found[key][one] for one in ("statement", "speaker", "side", "date", "source")]
        assert told == [made.statement, made.speaker, made.side, made.date, made.source]
        assert found[key]["pairs"] == len(made.subjects) * len(made.objects)
        assert found[key]["margin"] == made.margin
        assert found[key]["subject"] in made.subjects
        assert found[key]["object"] in made.objects


def test_the_verdict_of_a_line_is_that_of_the_finding_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for one in rows([], capsys).values():
        assert one["claim_verdict"] == one["verdict"]
        if one["scope"] == "both":
            assert one["claim_holds"] == one["holds_measured"]
            assert (one["claim_stands"] == "open") == (one["claim_holds"] is None)
        else:
            assert one["claim_stands"] in ("on paper", "not on paper", "open")


def test_the_summary_counts_what_the_lines_say(capsys: pytest.CaptureFixture[str]) -> None:
    found = document("claims", [], capsys)
    verdicts = [one["claim_verdict"] for one in found["rows"]]
    told = ("match", "exceeds", "falls short", "inconclusive", "untestable", "not comparable")
    counts = ", ".join(f"{verdicts.count(one)} {one}" for one in told if one in verdicts)
    answers = Counter(one["claim_answer"] for one in found["rows"])
    hold, fail, still_open = (answers[one] for one in ("holds", "fails", "open"))
    assert found["summary"][0] == f"{hold} claims hold, {fail} fail, {still_open} are open."
    assert found["summary"][1] == f"Verdicts on their ratios: {counts}."
    assert found["title"] == f"{len(verdicts)} claims tested"


TRUE = "2023-12-tomshardware-s4000-behind-ampere"
FALSE = "2023-mydrivers-a800-70-percent"


def test_the_answer_is_not_the_side_on_which_the_ratio_lies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """That one chip is behind another holds as it falls short; 'only 70%' fails as it exceeds."""
    found = rows([], capsys)
    told = {key: (found[key]["claim_answer"], found[key]["claim_verdict"]) for key in (TRUE, FALSE)}
    assert told == {TRUE: ("holds", "falls short"), FALSE: ("fails", "exceeds")}
    for one in found.values():
        decided = {True: "holds", False: "fails", None: "open"}
        if one["scope"] == "both":
            assert one["claim_answer"] == decided[one["claim_holds"]]
        assert (one["claim_answer"] == "open") == (one["claim_stands"] == "open")
    text = said("claims", [f"claim={TRUE}"], capsys)[1]
    assert "Answer: holds. Verdict on the ratio: falls short." in text


@pytest.mark.parametrize("answer", ["holds", "fails", "open"])
def test_claims_with_one_answer(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows([f"verdict={answer}"], capsys)
    every = rows([], capsys)
    assert found == {key: one for key, one in every.items() if one["claim_answer"] == answer}
    assert 0 < len(found) < len(every)


def test_no_claim_at_all_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    found = document("claims", ["chip=mi308x"], capsys)
    assert found["rows"] == []
    (told,) = found["summary"]
    assert told.startswith("No claim matches all keys: leave one out")
    assert "verdict chips=[A,B]" in told, "what to do where nothing was said of a chip"


def test_what_a_verdict_hangs_on_is_worked_out_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, flips = [], EvidenceBase.flips

    def counted(evidence: EvidenceBase, found: "Finding") -> tuple[Flip, ...]:
        asked.append(found)
        return flips(evidence, found)

    monkeypatch.setattr(EvidenceBase, "flips", counted)
    assert len(rows(["side=official"], capsys)) == len(asked) > 0


@pytest.mark.parametrize("side", ["vendor", "'state media'", "'rival vendor'", "official"])
def test_claims_of_one_side(side: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = rows([f"side={side}"], capsys)
    plain = side.strip("'")
    assert [*found] == [key for key, one in claims().items() if one.side == plain]
    assert found


@pytest.mark.parametrize("word", ["h20", "nvidia-h20-sxm-96gb", "910c"])
def test_claims_of_one_chip_whichever_side_it_stands_on(
    word: str, sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    chip = sheets.find(word).id
    found = rows([f"chip={word}"], capsys)
    made = {key for key, one in claims().items() if chip in (*one.subjects, *one.objects)}
    assert set(found) == made
    assert {chip in claims()[key].subjects for key in made} == {True, False}


@pytest.mark.parametrize("verdict", ["untestable", "'falls short'", "'not comparable'"])
def test_claims_with_one_verdict(verdict: str, capsys: pytest.CaptureFixture[str]) -> None:
    every = rows([], capsys)
    plain = verdict.strip("'")
    found = rows([f"verdict={verdict}"], capsys)
    assert found == {key: one for key, one in every.items() if one["claim_verdict"] == plain}
    assert 0 < len(found) < len(every)


def test_keys_narrow_together(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(["chip=h20", "side=vendor", "verdict=untestable"], capsys)
    assert found
    assert {(one["side"], one["claim_verdict"]) for one in found.values()} == {
        ("vendor", "untestable")
    }
    assert set(found) < set(rows(["chip=h20"], capsys))


def test_another_margin_stands_for_each_claims_own(capsys: pytest.CaptureFixture[str]) -> None:
    own = {one.margin for one in claims().values()}
    assert len(own) > 1
    found = rows(["margin=0.9"], capsys)
    assert {one["margin"] for one in found.values()} == {0.9}
    usual = rows([], capsys)
    matched = [key for key, one in found.items() if one["claim_verdict"] == "match"]
    assert any(usual[key]["claim_verdict"] != "match" for key in matched)


def test_without_everybody_nothing_is_testable(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["own", "independent", "academic", "consortium", "vendor", "user"]
    found = rows([f"without=[{','.join(words)}]"], capsys)
    tested = [one for one in found.values() if one["scope"] == "both"]
    assert {one["claim_verdict"] for one in tested} == {"untestable", "not comparable"}
    assert {one["measured_ratio"] for one in found.values()} == {None}


def test_vendors_left_out_are_out_of_every_verdict(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a model that never saw a vendor's value, not one that was told to pass over them."""
    every = observations(sheets)
    bare = Evidence([one for one in every if one.kind is not Kind.VENDOR])
    usual, less = rows([], capsys), rows(["without=[vendor]"], capsys)
    expected = {key: judgement(made, bare, sheets).word.value for key, made in claims().items()}
    assert {key: one["claim_verdict"] for key, one in less.items()} == expected
    assert any(one["measured_ratio"] != less[key]["measured_ratio"] for key, one in usual.items())


def test_a_committed_record_given_again_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (path,) = (paths.data_dir("results") / "records").rglob("h200-sxm-full.json")
    words = ["chip=h200", "report=csv"]
    assert said("claims", [*words, f"records={path}"], capsys) == said("claims", words, capsys)


def test_a_record_of_ones_own_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = (
        {
            one["axis"]: one["groups_object"]
            for one in document("claims", [f"claim={ON_PAPER}", *words], capsys)["rows"]
        }
        for words in ([], [f"records={mislabelled(tmp_path)}"])
    )
    assert after["matrix_fp8"] == before["matrix_fp8"] + 1


# one claim in full


@pytest.mark.parametrize("style", FORMATS)
def test_a_claim_is_shown_in_every_format(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("claims", [f"claim={ON_PAPER}", f"report={style}"], capsys)
    assert (code, err) == (0, "")
    looks_like(style, out)


def test_a_claim_unfolds_to_every_pair_and_axis(capsys: pytest.CaptureFixture[str]) -> None:
    made = claim("2025-09-17-cac-domestic-comparable")
    found = document("claims", [f"claim={made.id}"], capsys)
    assert [(one["subject"], one["object"], one["axis"]) for one in found["rows"]] == [
        (subject, other, axis.figure)
        for subject in made.subjects
        for other in made.objects
        for axis in made.axes
    ]
    assert found["title"] == made.statement
    decided = rows(["side=regulator"], capsys)[made.id]
    answer, *rest = found["heading"]
    verdict = decided["claim_verdict"]
    told = f"Verdict on the ratio: {verdict}. Where it holds: open (paper does not say). "
    assert answer.startswith(f"Answer: open. {told}")
    assert f"Decided by {decided['subject']} / {decided['object']}, " in answer
    assert answer.endswith(f" ≥ 1: {decided['reason']}.")
    told = "\n".join(rest)
    assert f"Said by {made.speaker} (regulator), 2025-09-17." in told
    assert "any of 8 subjects and each of 3 objects" in told
    assert "margin 25%" in told
    assert made.reading
    assert made.note
    assert made.reading in told
    assert made.note in told


def test_a_claim_shows_its_limits_and_that_paper_is_exactly_at_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """3.2 over 4.0 TB/s is 0.800, the limit of "at least 1" with a margin of 25%."""
    words = ["claim=2025-12-09-reuters-chinese-match-h20"]
    text = said("claims", words, capsys)[1]
    assert "Where it holds: open (on paper, exactly at the limit)." in text
    assert "≥ 1 (from 0.800)" in text
    assert "paper yes, exactly at the limit, measured open" in text
    assert "lowest published ratio 0.796" in text
    found = document("claims", words, capsys)["rows"]
    (one,) = (each for each in found if each["paper_at_limit"])
    assert (one["subject"], one["axis"]) == ("huawei-ascend-910c", "memory_bandwidth")
    assert (one["limit_low"], one["limit_high"]) == (0.8, None)


def test_a_claim_unfolds_to_every_value_behind_it_with_its_source(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    made = claim(ON_PAPER)
    found = document("claims", [f"claim={ON_PAPER}"], capsys)
    values = found["tables"]["values"]
    shown = {one["source"].partition(",")[0]: one for one in values}
    chips = {*made.subjects, *made.objects}
    expected = {
        f"{file}:{row.id}": (report, row)
        for file, report in reports().items()
        for row in report.rows
        if row.chip in chips and row.quantity == "matmul_best" and row.dtype == "fp8"
    }
    assert {row.chip for _, row in expected.values()} == chips
    assert set(expected) <= set(shown)
    for ref, (report, row) in expected.items():
        assert shown[ref]["url"] == report.source.url
        assert shown[ref]["as_written"] == str(row.value)
    for one in values:
        assert one["chip"] in chips
        assert one["by"] == OWN or one["url"].startswith("https://")
    text = said("claims", [f"claim={ON_PAPER}"], capsys)[1]
    assert sheets.sources[made.source].url in text
    assert [one for one in shown if one.partition(":")[0] not in text] == []


def test_a_claim_of_unlike_quantities_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    found = document("claims", [f"claim={UNLIKE}"], capsys)
    made = claim(UNLIKE)
    assert made.unlike
    assert f"Not comparable: {made.unlike}" in found["heading"]
    for one in found["rows"]:
        assert (one["verdict"], one["stands"]) == ("not comparable", "open")
        assert (one["measured_ratio"], one["holds_on_paper"]) == (None, None)
        assert one["reason"] == made.unlike


# wrong words

WRONG = {
    "claim=2025-07-moolenaar-h20-memry": (
        "no claim '2025-07-moolenaar-h20-memry' in specs/claims: "
        "did you mean '2025-07-moolenaar-h20-memory'"
    ),
    "claim=moolenaar": (
        "no claim 'moolenaar' in specs/claims: did you mean '2025-07-moolenaar-h20-memory' or "
        "'2025-07-moolenaar-h20-outperforms-huawei'?"
    ),
    "chip=h2o": "no chip 'h2o' in specs/chips: did you mean 'h20' or 'h200'",
    "side=vendr": "no side 'vendr': did you mean 'vendor' or 'rival vendor'?",
    "verdict=untestabl": "no verdict 'untestabl': did you mean 'untestable'?",
    "margin=0": "margin=0 must be above 0 and at most 0.9",
    "margin=1": "margin=1 must be above 0 and at most 0.9",
    "margin=wide": "margin=wide: write a number",
    "without=[usr]": "no class of evidence 'usr': did you mean 'user'?",
    "without=[vendor,gate]": "no class of evidence 'gate': ",
    "records=nowhere": "records=nowhere: there is no such record or folder of records",
    "report=tex": "no report 'tex': did you mean 'latex'?",
    "sid=vendor": "claims has no key 'sid': did you mean 'side'?",
    "h20": "'h20' is no key=value: try 'python -m bench claims --help'",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("claims", [line], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {WRONG[line]}")


def test_help_names_every_side(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said("claims", ["--help"], capsys)
    assert code == 0
    assert [one for one in {made.side for made in claims().values()} if one not in out] == []


def test_the_list_begins_with_its_counts_and_has_one_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It had 1,600 lines, most of them footnotes; ``sources=true`` still gives all of that."""
    found = document("claims", [], capsys)
    lines = said("claims", ["report=plain"], capsys)[1].splitlines()
    assert lines[:2] == [found["title"], found["summary"][0]]
    assert len(lines) < len(found["rows"]) + 20
    shown = {line.split()[0]: line for line in lines if line and line.split()[0] in claims()}
    assert [*shown] == [*claims()]
    for one in found["rows"]:
        assert shown[one["claim"]].split()[1] == one["claim_answer"]
        assert shown[one["claim"]].endswith(one["claim_verdict"])
    full = said("claims", ["sources=true", "report=github"], capsys)[1]
    notes = [line for line in full.splitlines() if line.startswith("[")]
    assert len(notes) == len(found["notes"])
    assert all(made.statement in full for made in claims().values())


def test_the_list_says_how_a_claims_words_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Ren's 'a generation behind' stood as 'bf16 matrix = 1, not on paper', as if it denied it."""
    name = "2025-06-10-ren-one-generation-behind"
    reading = claim(name).reading
    assert reading
    found = document("claims", ["chip=910c"], capsys)
    assert {one["claim"]: one["reading"] for one in found["rows"]}[name] == reading
    code, out, _ = said("claims", ["chip=910c", "sources=true", "report=github"], capsys)
    lines = [line.rstrip() for line in out.splitlines()]
    note = next(line for line in lines if line.endswith(f"] Read: {reading}"))
    line = next(line for line in lines if f"{name}:" in line)
    assert code == 0
    assert note.split(" ", 1)[0] in line


def test_the_columns_of_paper_and_of_measurement_are_told_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A claim about paper may hold there and fail by measurement; the help says which is which."""
    one = rows([], capsys)["2023-12-06-semianalysis-mi300x-paper"]
    told = (one["claim_answer"], one["claim_on_paper"], one["claim_holds"])
    assert told == ("holds", True, False)
    words = " ".join(said("claims", ["--help"], capsys)[1].split())
    assert (
        "claim_on_paper and claim_holds say whether it holds on paper and by measurement" in words
    )
