"""Known classifications come out as stated, from the values given and from our own sheets."""

from dataclasses import replace

import pytest

from bench.chips.load import Catalogue
from bench.files import yamlfile
from bench.rules.attributes import KINDS
from bench.rules.judge import status
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.ruling import CONTROL, Ruling, rule_on
from bench.rules.subject import subject
from bench.units import parse
from tests.folders import DATA

Row = dict[str, str | dict[str, str]]
KNOWN: dict[str, Row] = yamlfile.read(DATA / "rules_known.yaml")  # type: ignore[assignment]  # checked by the test of its shape


def test_the_known_rows_are_of_their_shape() -> None:
    assert len(KNOWN) == 46
    keys = {"chip", "on", "rule", "given", "evidence", "paragraph", "outcome", "certain"}
    assert all(set(row) <= keys for row in KNOWN.values())
    assert {row["evidence"] for row in KNOWN.values()} == {"stated", "derived", "reported"}


def value(key: str, text: str) -> float | bool:
    return text == "yes" if KINDS[key].flag else parse(text).si


def from_values(row: Row, sheets: Catalogue) -> Subject:
    given = row["given"]
    assert isinstance(given, dict)
    changed = {key: value(key, text) for key, text in given.items()}
    return replace(subject(None, sheets, changed), chip=str(row["chip"]))


def ruling(row: Row, asked: Subject, book: Rulebook) -> Ruling:
    question = Question(str(row["on"]), "CN", "CN")
    rule = book.rules[str(row["rule"])]
    eccns = (None,) if rule.kind == CONTROL else status(asked, question, book).eccns
    return rule_on(rule, replace(asked, eccns=eccns), question, book.places)


def held(row: Row, found: Ruling) -> None:
    """Holds a ruling against a row; an uncertain one must leave more than one outcome."""
    assert (found.in_text, found.enforced) == (True, "yes")
    if row.get("certain") == "no":
        assert len(found.words) > 1
        assert row["outcome"] in found.words
        return
    assert found.words == (row["outcome"],)
    if "paragraph" in row:
        paragraph = None if row["paragraph"] == "none" else row["paragraph"]
        assert {one.eccn for one in found.findings} == {paragraph}


@pytest.mark.parametrize("key", KNOWN)
def test_a_known_row_comes_out_of_the_values_given(
    key: str, sheets: Catalogue, book: Rulebook
) -> None:
    row = KNOWN[key]
    held(row, ruling(row, from_values(row, sheets), book))


@pytest.mark.parametrize("key", KNOWN)
def test_a_known_row_comes_out_of_our_sheet(key: str, sheets: Catalogue, book: Rulebook) -> None:
    row = KNOWN[key]
    held(row, ruling(row, subject(sheets.chips[str(row["chip"])], sheets), book))


@pytest.mark.parametrize("key", KNOWN)
def test_our_sheet_gives_the_values_of_a_known_row(key: str, sheets: Catalogue) -> None:
    """What a row was reached with is what the sheet says, or the sheet's own note says why not."""
    row = KNOWN[key]
    ours = subject(sheets.chips[str(row["chip"])], sheets).attributes
    given = row["given"]
    assert isinstance(given, dict)
    differing = {
        name
        for name, text in given.items()
        if ours[name].readings
        and not any(
            one.value == pytest.approx(value(name, text), rel=0.003) for one in ours[name].readings
        )
    }
    assert differing <= DIFFERENT.get(str(row["chip"]), set())


DIFFERENT = {
    "nvidia-b200-sxm-180gb": {"memory_bandwidth"},  # 7.7 on the sheet, 8 in the row: both printed
    "nvidia-b30a-144gb": {"tpp"},  # 7,500 by most of the press, 7,000 in the row
    "amd-mi350x-oam-288gb": {"tpp", "interconnect"},  # fp6 runs at the fp4 rate; 7 links x 153.6
}
