"""A small rulebook of invented rules, its reports beside golden files.

After a wanted change: ``ONPAPER_GOLDEN=write python -m pytest tests/rules/test_rulings.py``,
then read the difference before it is committed.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.report.formats import FORMATS
from bench.report.registry import render_report
from bench.report.rules.predicates import explanation
from bench.report.rules.rulelist import rule_list, standing
from bench.report.rules.rulings import statuses
from bench.report.rules.timeline import periods
from bench.report.rules.whatif import room_report
from bench.report.text.markup import Report
from bench.rules.judge import status
from bench.rules.judged import Judged, judged
from bench.rules.load import Rulebook
from bench.rules.model import Rule
from bench.rules.places import Places, Question
from bench.rules.subject import subject
from bench.rules.timeline import timeline
from bench.rules.whatif import Supposed, room
from tests.folders import beside_golden

HOSTILE = "=1+1 <script>alert(1)</script> | `x` & co_ 100%\n\x1b[31m*red*\u202e [x](http://e.il)"
CHINA = {"countries": ["CN"]}
ASKED = Question("2024-06-01", "CN", "CN")
LATER = Question("2026-06-01", "CN", "CN")


def source(title: str, kind: str) -> Source:
    node = {"url": f"https://example.org/{kind}", "kind": kind, "title": title}
    return Source.model_validate({**node, "accessed": "2026-11-01"})


def chip(name: str, memory: object, rate: str | None, **facts: str) -> Chip:
    """A chip with what the rules look at."""
    figures: dict[str, object] = {"memory_bandwidth": memory}
    if rate:
        figures["matrix_bf16"] = {"value": rate, "source": "maker", "basis": "dense"}
    told = {"memory_type": "HBM3", "datacenter": "yes", **facts}
    node = {
        "id": name, "name": f"The {name}", "vendor": "acme", "kind": "gpu", "status": "sold",
        "tier": "export", "architecture": "a design", "figures": figures,
        "facts": {key: {"value": value, "source": "maker"} for key, value in told.items()},
    }  # fmt: skip
    return Chip.model_validate(node)


def rule(name: str, kind: str, **told: object) -> Rule:
    """A rule for China, read in the press."""
    node = {
        "id": name, "title": f"The rule {name}", "jurisdiction": name[:2], "kind": kind,
        "citation": f"1 FR {len(name)}", "destination": CHINA, "confidence": "press",
        "sources": ["press"], **told,
    }  # fmt: skip
    return Rule.model_validate(node)


RIVAL = {"value": "2 TB/s", "source": "press"}
FREE = chip("test-free", {"value": "1 TB/s", "source": "maker", "rivals": [RIVAL], "why": "x"},
            "148 TFLOP/s", launch="2023-11-09")  # fmt: skip
CAUGHT = chip("test-caught", {"value": "4 TB/s", "source": "maker"}, "320 TFLOP/s")
UNTOLD = chip("test-untold", {"value": "unknown", "source": "maker"}, None, datacenter="no")
CHIPS = {one.id: one for one in (FREE, CAUGHT, UNTOLD)}
SHEETS = Catalogue(
    CHIPS, {"maker": source("A maker", "vendor-datasheet"), "press": source(HOSTILE, "press")}
)
RULES = [
    rule("US-CONTROL", "eccn_control", effective="2023-01-01", outcomes=[
        {"id": "note", "policy": "none", "when": {"all": [{"datacenter": "no"}, {"tpp": "< 10"}]}},
        {"id": "a", "eccn": "3A090.a", "when": {"tpp": ">= 4800"}},
        {"id": "b", "eccn": "3A090.b", "when": {"all": [{"tpp": ">= 2400"}, {"pd": ">= 1.6"}]}},
        {"id": "none", "policy": "none"},
    ], policies=[
        {"eccns": ["3A090.a"], "destination": CHINA, "policy": "presumption_of_denial"},
        {"eccns": ["3A090"], "destination": CHINA, "policy": "nac_notification"},
    ]),
    rule("US-LETTER", "is_informed_letter", effective="2024-01-01", title=HOSTILE,
         citation=HOSTILE, uncertain="never printed", outcomes=[
             {"id": "licence", "policy": "licence_required",
              "when": {"memory_bandwidth": ">= 1400 GB/s"}},
         ]),
    rule("US-TARIFF", "tariff", effective="2024-02-01", named=[HOSTILE], outcomes=[
        {"id": "tariff", "effect": "tariff_25pct", "when": {"tpp": ">= 4800"}},
    ]),
    rule("US-UNUSED", "announcement", published="2024-03-01", effective="2024-03-01",
         enforced_until="never", outcomes=[
             {"id": "told", "effect": "licence_assured", "when": {"chip": ["test-free"]}},
         ]),
    rule("US-PAUSED", "guidance", effective="2024-04-01",
         suspended={"since": "2025-01-01", "until": "2025-12-31", "afterwards": "unknown"},
         outcomes=[{"id": "told", "effect": "red_flag", "when": {"hbm": "yes"}}]),
    rule("CN-CUSTOMS", "customs_enforcement", effective="2024-05-01", end="2024-08-31", outcomes=[
        {"id": "checked", "effect": HOSTILE, "when": {"chip": ["test-c*"]}},
    ]),
    rule("US-BILL", "bill", published="2025-01-01", status="in committee", outcomes=[
        {"id": "ban", "effect": "ban", "when": {"tpp": ">= unknown"}},
    ]),
    rule("US-TOLD", "announcement", published="2025-02-01", end="2025-04-30"),
]  # fmt: skip
PLACES = Places.model_validate({
    "checked_to": "2026-01-01", "groups": {"D:5": {"members": ["CN"], "source": "press"}},
    "countries": {"CN": {"name": "China"}, "US": {"name": "United States"}},
})  # fmt: skip
BOOK = Rulebook({one.id: one for one in RULES}, PLACES)


def status_report(question: Question = ASKED) -> Report:
    found = [judged(one, question, SHEETS, BOOK) for one in CHIPS.values()]
    return statuses(found, question, BOOK, SHEETS)


def periods_report() -> Report:
    found = timeline(subject(CAUGHT, SHEETS), ASKED, BOOK)
    last = judged(CAUGHT, replace(ASKED, on=found[-1].since), SHEETS, BOOK)
    return periods(last, found, BOOK, SHEETS)


def explain_report() -> Report:
    found = judged(FREE, LATER, SHEETS, BOOK)
    return explanation(found, (*found.status.us, *found.status.chinese), BOOK, SHEETS)


def room_reported() -> Report:
    supposed = Supposed(FREE, SHEETS, {"memory_bandwidth": 1.5e12})
    plain = judged(FREE, ASKED, SHEETS, BOOK)
    here = status(supposed.subject(), ASKED, BOOK)
    shown = Judged(FREE, supposed.subject(), here, plain.disputed, supposed.changed)
    return room_report(shown, plain.status, room(supposed, ASKED, BOOK), BOOK, SHEETS)


REPORTS: dict[str, Callable[[], Report]] = {
    "status": status_report,
    "timeline": periods_report,
    "explain": explain_report,
    "whatif": room_reported,
    "list": lambda: rule_list(RULES, "2024-06-01", BOOK, SHEETS),
}
GOLDENS = [("status", style) for style in FORMATS] + [
    (view, style) for view in REPORTS for style in ("github", "csv") if view != "status"
]  # fmt: skip


@pytest.mark.parametrize(("view", "style"), GOLDENS)
def test_a_view_is_rendered_as_its_golden_file(view: str, style: str) -> None:
    beside_golden(render_report(style, REPORTS[view]()), f"rules.{view}.{style}")


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("view", REPORTS)
def test_no_character_that_a_terminal_obeys_is_printed(view: str, style: str) -> None:
    text = render_report(style, REPORTS[view]())
    assert [one for one in text if not one.isprintable() and one != "\n"] == []


class Tags(HTMLParser):
    """Collects the names of all tags of a page, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: set[str | None] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links.update(value for name, value in attrs if tag == "a" or name == "href")


HOSTILE_VIEWS = ("status", "timeline", "explain", "list")


@pytest.mark.parametrize("view", HOSTILE_VIEWS)
def test_text_of_a_rule_is_no_tag_of_a_page(view: str) -> None:
    page, tags = render_report("html", REPORTS[view]()), Tags()
    tags.feed(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert tags.seen.isdisjoint({"script", "img"})
    assert tags.links == {"http://e.il", "https://example.org/press"}


@pytest.mark.parametrize("view", HOSTILE_VIEWS)
def test_text_of_a_rule_is_no_markup_of_an_issue(view: str) -> None:
    lines = render_report("github", REPORTS[view]()).splitlines()
    assert any(r"\<script>alert(1)\</script> \| \`x\` & co\_ 100% " in line for line in lines)
    assert any(r"[31m\*red\* [x]\(http://e.il)" in line for line in lines)
    pipes = {line.replace(r"\|", "").count("|") for line in lines if line.startswith("|")}
    assert pipes == {len(REPORTS[view]().table.columns) + 1}


@pytest.mark.parametrize("view", ["status", "timeline", "list"])  # others cite it in comments
def test_text_of_a_rule_is_no_command_of_a_paper(view: str) -> None:
    rows = [
        line for line in render_report("latex", REPORTS[view]()).splitlines() if "script" in line
    ]
    body = [line for line in rows if not line.startswith("%")]
    escaped = r"\textless{}script\textgreater{}alert(1)\textless{}/script\textgreater{}"
    assert body
    assert all(escaped in line and r"100\%" in line for line in body)


def test_a_rule_named_as_a_formula_is_text_in_a_spreadsheet() -> None:
    rows = list(csv.DictReader(io.StringIO(render_report("csv", REPORTS["list"]()))))
    assert rows[1]["title"].startswith("'=1+1 <script>")


@pytest.mark.parametrize("view", REPORTS)
def test_csv_and_json_hold_the_same_rows(view: str) -> None:
    report = REPORTS[view]()
    rows = json.loads(render_report("json", report))["rows"]
    lines = list(csv.DictReader(io.StringIO(render_report("csv", report))))
    assert [list(line) for line in lines] == [list(row) for row in rows]
    assert len(lines) == len(report.flat)


READ_TO = "2025-11-01"


@pytest.mark.parametrize(
    ("name", "on", "told"),
    [
        ("US-CONTROL", "2022-12-31", "not yet"),
        ("US-CONTROL", "2023-01-01", "in force"),
        ("US-UNUSED", "2024-03-01", "reported"),
        ("US-PAUSED", "2025-06-01", "reported"),
        ("CN-CUSTOMS", "2024-08-31", "reported"),
        ("CN-CUSTOMS", "2024-09-01", "no longer"),
        ("US-BILL", "2024-01-01", "a bill: in committee"),
        ("US-TOLD", "2025-01-31", "not yet"),
        ("US-TOLD", "2025-02-01", "announced"),
        ("US-TOLD", "2025-05-01", "no longer"),
    ],
)
def test_a_rule_stands_in_the_text_apart_from_being_enforced(name: str, on: str, told: str) -> None:
    assert standing(BOOK.rules[name], on, READ_TO) == told


@pytest.mark.parametrize(
    ("name", "on", "told"),
    [
        ("US-UNUSED", "2024-03-01", "in the text, not enforced"),
        ("US-PAUSED", "2024-12-31", "in force"),
        ("US-PAUSED", "2025-06-01", "in the text, not enforced"),
        ("US-PAUSED", "2026-01-01", "in the text, enforcement unknown"),
    ],
)
def test_of_what_is_more_than_told_it_is_said_whether_it_is_enforced(
    name: str, on: str, told: str
) -> None:
    assert standing(BOOK.rules[name].model_copy(update={"kind": "tariff"}), on, READ_TO) == told


def test_a_rule_that_its_own_text_brings_back_says_so_and_how_far_rules_were_read() -> None:
    stood = {"since": "2025-01-01", "until": "2025-12-31", "afterwards": "by_its_text"}
    one = rule("US-BACK", "end_user_control", effective="2024-04-01", suspended=stood)
    told = [standing(one, on, READ_TO) for on in ("2025-12-31", "2026-01-01")]
    assert told == [
        "in the text, not enforced",
        "in force again by its own text; no extension found, rules read to 2025-11-01",
    ]


def test_a_draft_is_told_by_what_became_of_it() -> None:
    draft = rule("US-DRAFT", "draft_rule", published="2024-04-01", status="withdrawn")
    assert standing(draft, "2026-01-01", READ_TO) == "a draft: withdrawn"


def test_a_rule_that_pauses_does_not_end_and_what_follows_is_doubtful() -> None:
    told = [row[-1] for row in periods_report().table.cells[-3:]]
    assert told == ["CN-CUSTOMS ends", "US-PAUSED is not enforced", "perhaps red flag [4]"]


def test_one_rule_is_told_by_its_name() -> None:
    title = rule_list(RULES[:1], "2024-06-01", BOOK, SHEETS).table.title
    assert title == "US-CONTROL, and its state on 2024-06-01"


def test_a_day_after_the_last_look_says_so() -> None:
    assert status_report(LATER).table.heading[3] == (
        "Rules were collected up to 2026-01-01. This day is later: newer rules are not included."
    )


def test_no_chip_is_said_to_be_none() -> None:
    assert statuses([], ASKED, BOOK, SHEETS).table.heading[0] == "No chip was chosen."
