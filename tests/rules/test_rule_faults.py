"""A rule whose days, places or paragraphs make no sense is a fault on one line, with its field."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.checks import check

RULE = """\
id: US-ONE
title: One
jurisdiction: US
kind: eccn_control
citation: here
effective: "2026-01-10"
destination: {groups: ["D:5"]}
outcomes:
  - {id: caught, eccn: 3A090.a, when: {tpp: ">= 4800"}}
  - {id: none, policy: none}
policies:
  - {eccns: [3A090.a], destination: {worldwide: "yes"}, policy: none}
confidence: official_text
sources: [sheet-a]
"""
PLACES = """\
checked_to: "2026-09-20"
groups: {"D:5": {members: [CN], left: {AE: "2026-07-14"}, source: sheet-a}}
countries:
  AE: {name: United Arab Emirates, also: [uae]}
  CN: {name: China, also: [prc]}
  HK: {name: Hong Kong, as: CN}
"""
SHEET = """\
name: Acme One
vendor: acme
kind: gpu
status: stub
tier: global
architecture: First
"""
ONE, LISTED = "specs/rules/2026-01-10-us-one.yaml", "specs/destinations.yaml"
FILES = {
    "sources.yaml": 'sheet-a: {url: "https://example.com/", kind: regulation, '
    'accessed: "2026-11-24"}\n',
    "vendors.yaml": 'acme: {name: Acme, torch_device: cuda, source: "https://example.com/"}\n',
    "destinations.yaml": PLACES,
    "chips/acme-one.yaml": SHEET,
    "rules/2026-01-10-us-one.yaml": RULE,
}
Told = Callable[[str, str], list[str]]


def lines(folder: Path, files: dict[str, str]) -> list[str]:
    """The faults of a data folder of these files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [str(fault) for fault in check(folder, folder / "records").faults]


@pytest.fixture
def rule(tmp_path: Path) -> Told:
    """The faults after a change of the rule."""

    def told(old: str, new: str) -> list[str]:
        assert RULE.count(old) == 1
        return lines(tmp_path, {**FILES, "rules/2026-01-10-us-one.yaml": RULE.replace(old, new)})

    return told


@pytest.fixture
def places(tmp_path: Path) -> Told:
    """The faults after a change of the destinations."""

    def told(old: str, new: str) -> list[str]:
        assert PLACES.count(old) == 1
        return lines(tmp_path, {**FILES, "destinations.yaml": PLACES.replace(old, new)})

    return told


def test_the_files_are_sound_as_they_are(tmp_path: Path) -> None:
    assert lines(tmp_path, FILES) == []


HEAD, FIRST = "destination: {groups", "{id: caught,"
WRITE = "write a date such as 2026-11-24"


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ("2026-02-30", "is no day of the calendar"),
        ("2025-02-29", "is no day of the calendar"),
        ("2026-04-31", "is no day of the calendar"),
        ("2026-13-01", "is not of its form"),
        ("2026-00-10", "is not of its form"),
        ("2026-01-32", "is not of its form"),
        ("2026-1-1", "is not of its form"),
        ("20260101", "is not of its form"),
        ("２０２６-01-01", "is not of its form"),
    ],
)
@pytest.mark.parametrize("field", ["published", "end", "enforced_since", "enforced_until"])
def test_a_day_is_one_of_the_calendar(field: str, day: str, problem: str, rule: Told) -> None:
    never = ", or never" if field == "enforced_until" and "form" in problem else ""
    assert rule(HEAD, f'{field}: "{day}"\n{HEAD}') == [
        f"{ONE}: {field}: '{day}' {problem}; {WRITE}{never}"
    ]


def test_a_leap_day_and_never_are_days(rule: Told) -> None:
    assert rule(HEAD, f'published: "2024-02-29"\nenforced_until: never\n{HEAD}') == []


def test_days_inside_a_rule_and_of_the_groups_are_real_too(rule: Told, places: Told) -> None:
    assert rule(FIRST, f'{FIRST} since: "2026-02-30",') == [
        f"{ONE}: outcomes.0.since: '2026-02-30' is no day of the calendar; {WRITE}"
    ]
    assert places("2026-07-14", "2026-06-31") == [
        f"{LISTED}: groups.D:5.left.AE: '2026-06-31' is no day of the calendar; {WRITE}"
    ]
    assert places("2026-09-20", "2026-09-31") == [
        f"{LISTED}: checked_to: '2026-09-31' is no day of the calendar; {WRITE}"
    ]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ("end: 2026-01-09", "end: 2026-01-09 is before 2026-01-10"),
        ("enforced_since: 2026-01-09", "enforced_since: 2026-01-09 is before 2026-01-10"),
        ("enforced_until: 2026-01-09", "enforced_until: 2026-01-09 is before 2026-01-10"),
        (
            "enforced_since: 2026-03-01\nenforced_until: 2026-02-01",
            "enforced_until: 2026-02-01 is before 2026-03-01",
        ),
        (
            "end: 2026-02-01\nenforced_until: 2026-03-01",
            "enforced_until: 2026-03-01 is after the rule's end 2026-02-01",
        ),
        (
            "suspended: {since: 2026-03-01, until: 2026-02-01}",
            "suspended.until: 2026-02-01 is before 2026-03-01",
        ),
        (
            "suspended: {since: 2026-01-01, until: 2026-02-01}",
            "suspended.since: 2026-01-01 is before 2026-01-10",
        ),
        (
            "end: 2026-03-01\nsuspended: {since: 2026-02-01, until: 2026-04-01}",
            "suspended.until: 2026-04-01 is after the rule's end 2026-03-01",
        ),
    ],
)
def test_days_follow_each_other_within_the_rules(days: str, told: str, rule: Told) -> None:
    assert rule(HEAD, f"{days}\n{HEAD}") == [f"{ONE}: {told}; check the dates"]


def test_the_days_of_an_outcome_follow_each_other_within_the_rules(rule: Told) -> None:
    assert rule(FIRST, f"{FIRST} since: 2026-03-01, until: 2026-02-01,") == [
        f"{ONE}: outcomes.0.until: 2026-02-01 is before 2026-03-01; check the dates"
    ]
    assert rule(FIRST, f"{FIRST} until: 2026-01-09,") == [
        f"{ONE}: outcomes.0.until: 2026-01-09 is before 2026-01-10; check the dates"
    ]


def test_an_announcement_does_not_end_before_it_was_published(rule: Told) -> None:
    assert rule('effective: "2026-01-10"', "published: 2026-01-10\nend: 2026-01-09") == [
        f"{ONE}: end: 2026-01-09 is before 2026-01-10; check the dates"
    ]


def test_days_may_be_the_first_and_the_last_of_the_rule(rule: Told) -> None:
    days = 'end: "2026-01-10"\nenforced_since: "2026-01-10"\nenforced_until: "2026-01-10"\n'
    stood = 'suspended: {since: "2026-01-10", until: "2026-01-10"}\n'
    assert rule(HEAD, days + stood + HEAD) == []


LISTS = f"in {LISTED}; choose from: AE, CN, HK"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (HEAD, "destination: {countries: [XX], groups", "destination.countries"),
        (HEAD, "destination: {excluded: [XX], groups", "destination.excluded"),
        (HEAD, 'destination: {since: {XX: "2026-02-01"}, groups', "destination.since"),
        ('{worldwide: "yes"}', "{countries: [CN, XX]}", "policies.0.destination.countries"),
    ],
)
def test_a_rule_names_countries_that_are_listed(old: str, new: str, field: str, rule: Told) -> None:
    assert rule(old, new) == [f"{ONE}: {field}: no country 'XX' {LISTS}"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("members: [CN]", "members: [CN, XX]", "groups.D:5.members"),
        ("left: {AE:", "left: {XX:", "groups.D:5.left"),
        ("as: CN", "as: XX", "countries.HK.as"),
    ],
)
def test_the_destinations_name_countries_that_are_listed(
    old: str, new: str, field: str, places: Told
) -> None:
    assert places(old, new) == [f"{LISTED}: {field}: no country 'XX' {LISTS}"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[uae]", "[uae, ＰＲＣ]", "countries.CN.also: 'prc' names AE too; keep it in one"),
        ("name: China", "name: UAE", "countries.CN.name: 'UAE' names AE too; keep it in one"),
        ("[prc]", "[hk]", "countries.CN.also: 'hk' names HK too; keep it in one"),
        ("[prc]", '[""]', "countries.CN.also: is empty; write a name"),
        ("name: China", 'name: " "', "countries.CN.name: is empty; write a name"),
        (
            "members: [CN]",
            "members: [CN, AE]",
            "groups.D:5.left: AE is a member, too; take it out of one",
        ),
        (
            "  HK: {name",
            "  hong: {name",
            "countries.hong: 'hong' is not of its form; write the code of a country such as CN",
        ),
    ],
)
def test_a_country_is_one_thing(old: str, new: str, told: str, places: Told) -> None:
    assert places(old, new) == [f"{LISTED}: {told}"]


@pytest.mark.parametrize("key", ["tpp + pd", "io + io", "io + tpp", "datacenter + hbm", "io + hbm"])
def test_only_rates_of_bytes_are_summed_and_each_once(key: str, rule: Told) -> None:
    (line,) = rule('{tpp: ">= 4800"}', f'{{{key}: ">= 4800"}}')
    assert line.startswith(
        f"{ONE}: outcomes.0.when: '{key}' is no sum of rates of bytes, each of them once; write a"
    )


FORM = "is not of its form; write a paragraph such as 3A090.a.1"


@pytest.mark.parametrize("eccn", ["3A09", "3a090", "3A090.A", "3A090.", "3A090.a.", "3F090", "x"])
def test_a_paragraph_has_its_form_wherever_it_stands(eccn: str, rule: Told) -> None:
    assert rule("eccn: 3A090.a", f'eccn: "{eccn}"') == [f"{ONE}: outcomes.0.eccn: '{eccn}' {FORM}"]
    assert rule("[3A090.a]", f'[3A090, "{eccn}"]') == [
        f"{ONE}: policies.0.eccns.1: '{eccn}' {FORM}"
    ]
    assert rule('{tpp: ">= 4800"}', f'{{not: {{eccn: [3A090.b.12, "{eccn}"]}}}}') == [
        f"{ONE}: outcomes.0.when: '{eccn}' {FORM}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "kind: eccn_control",
            "kind: licence_policy",
            "replaces: a licence policy replaces none; name those it stands for",
        ),
        ("eccns: [3A090.a]", "eccns: []", "policies.0.eccns: is empty; name at least 1"),
        (
            'destination: {worldwide: "yes"}',
            "destination: {}",
            "policies.0.destination: reaches nowhere; name groups or countries, or write worldwide",
        ),
        ("id: none", "id: caught", "outcomes.1.id: 'caught' stands twice; give each its own"),
        (
            "eccns: [3A090.a],",
            "eccns: [3A090.a], rivals: [case_by_case],",
            "policies.0.rivals: are not explained; say in 'why' which source reads what",
        ),
        (
            "eccns: [3A090.a],",
            "eccns: [3A090.a], since: 2026-01-09,",
            "policies.0.since: 2026-01-09 is before 2026-01-10; check the dates",
        ),
    ],
)
def test_an_empty_or_doubled_part_is_a_fault(old: str, new: str, told: str, rule: Told) -> None:
    assert rule(old, new) == [f"{ONE}: {told}"]


@pytest.mark.parametrize(
    "when",
    ["{chip: [acme-two]}", "{not: {chip: [acme-*, acme-two]}}", "{any: [{chip: [acme-two]}]}"],
)
def test_a_pattern_of_chips_fits_a_sheet(when: str, rule: Told) -> None:
    assert rule('{tpp: ">= 4800"}', when) == [
        "specs/rules: US-ONE: outcomes.0.when: no chip is 'acme-two'; did you mean 'acme-one'?"
    ]


@pytest.mark.parametrize("pattern", ["acme-one", "acme-*", "supposed-*", "supposed-export"])
def test_a_pattern_may_be_of_parts_that_are_only_supposed(pattern: str, rule: Told) -> None:
    assert rule('{tpp: ">= 4800"}', f"{{chip: [{pattern}]}}") == []


def test_destinations_that_cannot_be_read_make_no_fault_of_every_country(tmp_path: Path) -> None:
    rule = RULE.replace('{groups: ["D:5"]}', "{countries: [CN]}")
    files = {**FILES, "rules/2026-01-10-us-one.yaml": rule, "destinations.yaml": "- a\n"}
    assert lines(tmp_path, files) == [f"{LISTED}: is not a mapping; start with 'key: value' lines"]
