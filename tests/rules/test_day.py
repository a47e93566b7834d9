"""Which rules stand on a day and for a destination, and the policy that they make together."""

from datetime import date, timedelta

import pytest

from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook
from bench.rules.model import Policy
from bench.rules.places import Question, reaches
from bench.rules.ruling import enforced, is_in_text
from bench.rules.subject import subject
from bench.rules.truth import Truth

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("rule", "first", "last"),
    [
        ("US-2022-LETTER-NVDA", "2022-08-26", "2022-10-20"),
        ("US-2022-3A090", "2022-10-21", "2023-11-16"),
        ("US-2023-LETTER-EARLY", "2023-10-23", "2023-11-16"),
        ("US-2023-3A090", "2023-11-17", None),
        ("US-2025-LETTER-BW", "2025-04-09", None),
        ("US-2026-CASE-BY-CASE", "2026-01-15", None),
        ("CN-2026-H200-CUSTOMS", "2026-01-13", "2026-01-27"),
    ],
)
def test_a_rule_stands_from_its_first_day_to_its_last(
    rule: str, first: str, last: str | None, book: Rulebook
) -> None:
    one = book.rules[rule]
    assert (is_in_text(one, before(first)), is_in_text(one, first)) == (False, True)
    if last:
        assert (is_in_text(one, last), is_in_text(one, after(last))) == (True, False)
    else:
        assert is_in_text(one, "2099-01-01")


def before(day: str) -> str:
    from bench.rules.timeline import _day

    return _day(day, -1)


def after(day: str) -> str:
    from bench.rules.timeline import _day

    return _day(day, 1)


def test_what_stands_in_the_text_may_not_be_enforced(book: Rulebook) -> None:
    diffusion = book.rules["US-2025-DIFFUSION"]
    for day in ("2025-01-13", "2025-05-15", "2026-07-23"):
        assert (is_in_text(diffusion, day), enforced(diffusion, day)) == (True, NO)


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2025-09-28", NO),
        ("2025-09-29", YES),
        ("2025-11-09", YES),
        ("2025-11-10", NO),
        ("2026-11-09", NO),
        ("2026-11-10", UNKNOWN),
    ],
)
def test_a_suspended_rule_stands_still_and_then_nobody_knows(
    day: str, told: Truth, book: Rulebook
) -> None:
    assert enforced(book.rules["US-2025-AFFILIATES"], day) is told


def of(chip: str, on: str, sheets: Catalogue, book: Rulebook, **how: str | bool) -> Status:
    asked = Question(
        on,
        str(how.get("destination", "CN")),
        str(how.get("headquarters", how.get("destination", "CN"))),
        bool(how.get("from_us", True)),
    )
    return status(subject(sheets.find(chip), sheets), asked, book)


@pytest.mark.parametrize(
    ("chip", "on", "policy"),
    [
        ("nvidia-a100-sxm-80gb", "2022-08-25", Policy.NONE),
        ("nvidia-a100-sxm-80gb", "2022-08-26", Policy.LICENCE_REQUIRED),
        ("nvidia-a100-sxm-80gb", "2022-10-20", Policy.LICENCE_REQUIRED),
        ("nvidia-a100-sxm-80gb", "2022-10-21", Policy.PRESUMPTION_OF_DENIAL),
        ("a800-sxm", "2022-12-01", Policy.NONE),
        ("a800-sxm", "2023-10-22", Policy.NONE),
        ("a800-sxm", "2023-10-23", Policy.LICENCE_REQUIRED),
        ("a800-sxm", "2023-11-17", Policy.PRESUMPTION_OF_DENIAL),
        ("h20", "2025-04-08", Policy.NONE),
        ("h20", "2025-04-09", Policy.LICENCE_REQUIRED),
        ("h20", "2026-02-01", Policy.LICENCE_REQUIRED),
        ("h200", "2026-01-14", Policy.PRESUMPTION_OF_DENIAL),
        ("h200", "2026-01-15", Policy.CASE_BY_CASE),
        ("b200", "2026-01-15", Policy.PRESUMPTION_OF_DENIAL),
        ("mi325x", "2026-01-15", Policy.CASE_BY_CASE),
        ("b30a", "2026-01-15", Policy.PRESUMPTION_OF_DENIAL),
        ("h800-sxm", "2026-01-15", Policy.PRESUMPTION_OF_DENIAL),
        ("rtx4090", "2023-11-16", Policy.NONE),
        ("rtx4090", "2023-11-17", Policy.NAC_NOTIFICATION),
        ("rtx4090", "2026-02-01", Policy.NAC_NOTIFICATION),
        ("rtx4090d", "2024-06-01", Policy.NONE),
        ("l20", "2026-02-01", Policy.NONE),
        ("l4", "2023-12-01", Policy.PRESUMPTION_OF_DENIAL),
        ("l40", "2023-12-01", Policy.NAC_NOTIFICATION),
        ("a30", "2023-12-01", Policy.NAC_NOTIFICATION),
        ("v100", "2023-12-01", Policy.NONE),
        ("mi250", "2022-12-01", Policy.PRESUMPTION_OF_DENIAL),
        ("rtx4080", "2025-06-01", Policy.NONE),
        ("rtx3090", "2025-06-01", Policy.NONE),
        ("rtx5880ada", "2025-06-01", Policy.NONE),
    ],
)
def test_all_rules_together_give_the_policy_of_the_day(
    chip: str, on: str, policy: Policy, sheets: Catalogue, book: Rulebook
) -> None:
    assert of(chip, on, sheets, book).policies == (policy,)


def test_a_chip_without_published_rates_is_unknown_not_free(
    sheets: Catalogue, book: Rulebook
) -> None:
    found = of("mi308x", "2024-12-01", sheets, book)
    assert found.needs_licence is UNKNOWN
    assert Policy.NONE in found.policies
    assert Policy.PRESUMPTION_OF_DENIAL in found.policies


@pytest.mark.parametrize(
    ("destination", "headquarters", "policy"),
    [
        ("CN", "CN", Policy.PRESUMPTION_OF_DENIAL),
        ("HK", "HK", Policy.PRESUMPTION_OF_DENIAL),
        ("MO", "MO", Policy.PRESUMPTION_OF_DENIAL),
        ("RU", "RU", Policy.PRESUMPTION_OF_DENIAL),
        ("SA", "SA", Policy.PRESUMPTION_OF_APPROVAL),
        ("SA", "CN", Policy.PRESUMPTION_OF_DENIAL),
        ("VN", "VN", Policy.PRESUMPTION_OF_APPROVAL),
        ("SG", "SG", Policy.NONE),
        ("SG", "CN", Policy.CASE_BY_CASE),
        ("IL", "IL", Policy.NONE),
        ("JP", "MO", Policy.CASE_BY_CASE),
        ("US", "CN", Policy.NONE),
    ],
)
def test_the_destination_and_the_buyers_parent_decide(
    destination: str, headquarters: str, policy: Policy, sheets: Catalogue, book: Rulebook
) -> None:
    where = {"destination": destination, "headquarters": headquarters}
    assert of("h100-sxm", "2024-06-01", sheets, book, **where).policies == (policy,)


def test_the_policy_of_2026_covers_exports_from_the_us_alone(
    sheets: Catalogue, book: Rulebook
) -> None:
    home = of("h200", "2026-02-01", sheets, book)
    abroad = of("h200", "2026-02-01", sheets, book, from_us=False)
    assert (home.policies, abroad.policies) == (
        (Policy.CASE_BY_CASE,),
        (Policy.PRESUMPTION_OF_DENIAL,),
    )


def test_macau_joined_later(book: Rulebook) -> None:
    rule = book.rules["US-2022-3A090"].destination
    for day, told in (("2023-01-16", False), ("2023-01-17", True)):
        assert reaches(rule, Question(day, "MO", "MO"), book.places) is told


def test_the_emirates_left_their_group(book: Rulebook) -> None:
    assert "D:4" in book.places.groups_of("AE", "2026-07-09")
    assert "D:4" not in book.places.groups_of("AE", "2026-07-10")


@pytest.mark.parametrize(
    ("chip", "on", "headquarters", "policies"),
    [
        ("h100-sxm", "2026-07-09", "AE", (Policy.PRESUMPTION_OF_APPROVAL,)),
        ("h100-sxm", "2026-07-10", "AE", (Policy.LICENCE_REQUIRED,)),
        ("a30", "2026-07-09", "AE", (Policy.NONE,)),
        ("a30", "2026-09-01", "AE", (Policy.LICENCE_REQUIRED,)),
        ("rtx4090", "2026-09-01", "US", (Policy.LICENCE_REQUIRED,)),
        ("rtx4090d", "2026-09-01", "AE", (Policy.NONE,)),
    ],
)
def test_the_emirates_left_their_group_and_the_licence_stayed(
    chip: str, on: str, headquarters: str, policies: tuple[Policy, ...], sheets: Catalogue,
    book: Rulebook,
) -> None:  # fmt: skip
    found = of(chip, on, sheets, book, destination="AE", headquarters=headquarters)
    assert found.policies == policies


@pytest.mark.parametrize(
    ("destination", "on", "policies"),
    [
        ("MY", "2026-01-14", {Policy.CASE_BY_CASE}),
        ("MY", "2026-01-15", {Policy.CASE_BY_CASE, Policy.PRESUMPTION_OF_DENIAL}),
        ("AE", "2026-09-01", {Policy.CASE_BY_CASE, Policy.PRESUMPTION_OF_DENIAL}),
    ],
)
def test_of_a_chinese_parent_elsewhere_sources_differ(
    destination: str, on: str, policies: set[Policy], sheets: Catalogue, book: Rulebook
) -> None:
    found = of("b200", on, sheets, book, destination=destination, headquarters="CN")
    assert set(found.policies) == policies
    assert found.needs_licence is YES


@pytest.mark.parametrize("word", ["CN", "cn", "China", "PRC", "中国", " mainland china "])
def test_a_country_is_found_by_code_or_name(word: str, book: Rulebook) -> None:
    assert book.places.find(word) == "CN"


def test_an_unknown_country_names_the_nearest(book: Rulebook) -> None:
    with pytest.raises(UsageError, match=r"^no destination 'Chna' in .*: did you mean 'china'"):
        book.places.find("Chna")


@pytest.mark.parametrize(
    ("chip", "listed"),
    [
        ("910b2", "2019-05-16"),
        ("hygon-k100-ai", "2019-06-24"),
        ("mlu370-x8", "2022-12-16"),
        ("loongson-lg200", "2023-03-02"),
        ("br100", "2023-10-17"),
        ("mthreads-s4000", "2023-10-17"),
    ],
)
def test_a_maker_is_listed_from_its_day_on_and_no_policy_follows_for_its_chips(
    chip: str, listed: str, sheets: Catalogue, book: Rulebook
) -> None:
    before = (date.fromisoformat(listed) - timedelta(days=1)).isoformat()
    found = {on: of(chip, on, sheets, book) for on in (before, listed, "2026-11-20")}
    told = [[one.rule.effective for one in there.of_kind("entity_listing") if one.caught is YES]
            for there in found.values()]  # fmt: skip
    assert told == [[], [listed], [listed]]
    assert found[before].policies == found[listed].policies


@pytest.mark.parametrize("chip", ["h20", "enflame-s60", "metax-c500-pcie"])
def test_a_maker_that_is_not_listed_brings_no_listing(
    chip: str, sheets: Catalogue, book: Rulebook
) -> None:
    found = of(chip, "2026-11-20", sheets, book).of_kind("entity_listing")
    assert [one.rule.id for one in found if one.caught is YES] == []


def test_chinese_measures_stand_apart_and_bind_no_exporter(
    sheets: Catalogue, book: Rulebook
) -> None:
    found = of("h20", "2025-08-20", sheets, book)
    assert {one.rule.id for one in found.chinese if one.caught is YES} >= {"CN-2025-H20-DISCOURAGE"}
    assert all(one.rule.jurisdiction == "US" for one in found.us)
    elsewhere = of("h20", "2025-08-20", sheets, book, destination="SG", headquarters="SG")
    assert elsewhere.chinese == ()


@pytest.mark.parametrize(
    ("chip", "on", "destination", "told"),
    [
        ("h100-sxm", "2025-07-13", "MY", []),
        ("h100-sxm", "2025-07-14", "MY", ["MY-2025-AI-CHIPS"]),
        ("h100-sxm", "2025-07-14", "SG", []),
        ("910b2", "2025-07-14", "MY", []),
        ("rtx4090d", "2025-07-14", "MY", []),
    ],
)
def test_malaysia_asks_for_a_notice_of_chips_from_the_us(
    chip: str, on: str, destination: str, told: list[str], sheets: Catalogue, book: Rulebook
) -> None:
    found = of(chip, on, sheets, book, destination=destination, headquarters=destination)
    assert [one.rule.id for one in found.local if one.caught is YES] == told
    assert found.chinese == ()
    assert found.needs_licence is NO
