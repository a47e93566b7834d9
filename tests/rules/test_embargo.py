"""Embargoed destinations, countries that joined or left a group, and letters to some of them."""

import pytest

from bench.chips.load import Catalogue
from bench.rules.faults import place_faults
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.model import Policy
from bench.rules.places import Places, Question
from bench.rules.subject import subject

DENIAL, APPROVAL = Policy.PRESUMPTION_OF_DENIAL, Policy.PRESUMPTION_OF_APPROVAL


def there(chip: str, on: str, country: str, book: Rulebook, sheets: Catalogue) -> Status:
    return status(subject(sheets.find(chip), sheets), Question(on, country, country), book)


@pytest.mark.parametrize("chip", ["l20", "rtx4090", "h20", "h100-sxm"])
@pytest.mark.parametrize(
    ("country", "on"),
    [
        ("RU", "2022-09-01"),
        ("RU", "2025-06-01"),
        ("BY", "2025-06-01"),
        ("CU", "2025-06-01"),
        ("KP", "2025-06-01"),
        ("IR", "2025-06-01"),
        ("SY", "2025-09-01"),
        ("SY", "2025-09-02"),
    ],
)
def test_nothing_goes_to_an_embargoed_country_without_a_licence(
    chip: str, country: str, on: str, book: Rulebook, sheets: Catalogue
) -> None:
    assert there(chip, on, country, book, sheets).need == "yes"


@pytest.mark.parametrize(
    ("country", "on", "policy"),
    [
        ("RU", "2022-02-23", Policy.NONE),
        ("RU", "2022-02-24", DENIAL),
        ("BY", "2022-03-01", Policy.NONE),
        ("BY", "2022-03-02", DENIAL),
        ("CU", "2024-01-01", DENIAL),
        ("KP", "2024-01-01", Policy.CASE_BY_CASE),
        ("IR", "2024-01-01", Policy.LICENCE_REQUIRED),
        ("SY", "2025-09-01", DENIAL),
        ("SY", "2025-09-02", Policy.CASE_BY_CASE),
        ("UA", "2024-01-01", Policy.NONE),
    ],
)
def test_an_embargo_has_its_days_and_its_policy(
    country: str, on: str, policy: Policy, book: Rulebook, sheets: Catalogue
) -> None:
    assert there("l20", on, country, book, sheets).policies == (policy,)


def test_a_notice_does_not_lift_an_embargo(book: Rulebook, sheets: Catalogue) -> None:
    assert there("rtx4090", "2025-06-01", "CN", book, sheets).need == "notice"
    assert there("rtx4090", "2025-06-01", "IR", book, sheets).policies == (Policy.LICENCE_REQUIRED,)


@pytest.mark.parametrize(
    ("on", "groups", "policy"),
    [("2024-03-14", set(), Policy.NONE), ("2024-03-15", {"D:1", "D:5"}, DENIAL)],
)
def test_nicaragua_joined_its_groups_in_2024(
    on: str, groups: set[str], policy: Policy, book: Rulebook, sheets: Catalogue
) -> None:
    assert book.places.groups_of("NI", on) == groups
    assert there("h100-sxm", on, "NI", book, sheets).policies == (policy,)


@pytest.mark.parametrize(
    ("on", "policy"),
    [("2024-06-01", DENIAL), ("2025-11-06", DENIAL), ("2025-11-07", APPROVAL)],
)
def test_cambodia_was_in_d5_until_november_2025(
    on: str, policy: Policy, book: Rulebook, sheets: Catalogue
) -> None:
    assert there("h100-sxm", on, "KH", book, sheets).policies == (policy,)


def test_a_letter_for_russia_did_not_end_with_the_rule_on_china(
    book: Rulebook, sheets: Catalogue
) -> None:
    found = there("h100-sxm", "2023-01-15", "RU", book, sheets)
    assert "US-2022-LETTER-NVDA-RU" in [one.rule.id for one in found.bringing()]


@pytest.mark.parametrize(
    ("chip", "country", "on", "need"),
    [
        ("t4", "CN", "2022-09-15", "no"),
        ("rtx3090", "CN", "2022-09-15", "no"),
        ("a800-sxm", "CN", "2022-09-15", "unknown"),
        ("h200", "CN", "2022-09-15", "yes"),
        ("h100-sxm", "SA", "2023-09-15", "unknown"),
        ("mi250x", "AE", "2023-09-15", "unknown"),
        ("rtx4090", "SA", "2023-09-15", "no"),
        ("h100-sxm", "SG", "2023-09-15", "no"),
    ],
)
def test_a_letter_whose_bounds_are_unpublished_is_unknown_only_near_them(
    chip: str, country: str, on: str, need: str, book: Rulebook, sheets: Catalogue
) -> None:
    assert there(chip, on, country, book, sheets).need == need


def test_a_country_that_joined_has_to_be_a_member() -> None:
    group: dict[str, object] = {"members": ["AA"], "joined": {"BB": "2024-01-01"}}
    group["source"] = "list"
    node = {"groups": {"D:1": group}, "countries": {"AA": {"name": "A"}, "BB": {"name": "B"}}}
    faults = place_faults(Places.model_validate(node))
    assert [(one.field, one.problem) for one in faults] == [
        ("groups.D:1.joined", "BB is no member")
    ]
    group["left"] = {"BB": "2023-01-01"}
    faults = place_faults(Places.model_validate(node))
    assert [(one.field, one.problem) for one in faults] == [
        ("groups.D:1.left", "BB left before it joined")
    ]


@pytest.mark.parametrize(
    ("chip", "rule"),
    [("sunway-sw26010-pro", "US-2021-ENTITY-SUNWAY"), ("nudt-mt-3000", "US-2015-ENTITY-NUDT")],
)
def test_sunway_and_nudt_are_on_the_entity_list(
    chip: str, rule: str, book: Rulebook, sheets: Catalogue
) -> None:
    found = there(chip, "2026-02-01", "CN", book, sheets)
    assert rule in [one.rule.id for one in found.bringing()]
