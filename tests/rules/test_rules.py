"""Every threshold of the rules, from just below to just above."""

import math
from dataclasses import replace

import pytest

from bench.chips.load import Catalogue
from bench.rules.judge import status
from bench.rules.load import Rulebook
from bench.rules.places import Question
from bench.rules.ruling import rule_on
from bench.rules.subject import subject

GB = 1e9


def below(value: float) -> float:
    return math.nextafter(value, -math.inf)


def above(value: float) -> float:
    return math.nextafter(value, math.inf)


def found(rule: str, on: str, book: Rulebook, sheets: Catalogue, **values: float | bool) -> str:
    """The words of a rule for an assumed part going to China."""
    question = Question(on, "CN", "CN")
    part = subject(None, sheets, values)
    part = replace(part, eccns=status(part, question, book).eccns)
    ruling = rule_on(book.rules[rule], part, question, book.places)
    paragraphs = {one.eccn or one.word for one in ruling.findings}
    return " or ".join(sorted(paragraphs))


@pytest.mark.parametrize(
    ("tpp", "io", "told"),
    [
        (4800.0, 600.0, "3A090"),
        (below(4800.0), 600.0, "none"),
        (4800.0, below(600.0), "none"),
        (above(4800.0), above(600.0), "3A090"),
        (4992.0, 464.0, "none"),
    ],
)
def test_the_rule_of_2022_needs_both_its_lines(
    tpp: float, io: float, told: str, book: Rulebook, sheets: Catalogue
) -> None:
    day = "2022-12-01"
    assert found("US-2022-3A090", day, book, sheets, tpp=tpp, io=io * GB) == told


@pytest.mark.parametrize(
    ("tpp", "pd", "datacenter", "told"),
    [
        (4800.0, 0.1, True, "3A090.a.1"),
        (below(4800.0), 0.1, True, "none"),
        (4800.0, 0.1, False, "3A090.a.1"),
        (below(4800.0), 50.0, False, "none"),
        (1600.0, 5.92, True, "3A090.a.2"),
        (below(1600.0), 5.92, True, "none"),
        (1600.0, below(5.92), True, "3A090.b.2"),
        (2400.0, 1.6, True, "3A090.b.1"),
        (below(2400.0), 1.6, True, "none"),
        (2400.0, below(1.6), True, "none"),
        (2400.0, below(5.92), True, "3A090.b.1"),
        (below(4800.0), 1.6, True, "3A090.b.1"),
        (1600.0, 3.2, True, "3A090.b.2"),
        (below(1600.0), 3.2, True, "none"),
        (1600.0, below(3.2), True, "none"),
        (below(2400.0), 3.2, True, "3A090.b.2"),
        (below(2400.0), below(3.2), True, "none"),
        (2400.0, 5.92, True, "3A090.a.2"),
    ],
)
def test_the_rule_of_2023_turns_at_each_of_its_lines(
    tpp: float, pd: float, datacenter: bool, told: str, book: Rulebook, sheets: Catalogue
) -> None:
    values = {"tpp": tpp, "pd": pd, "datacenter": datacenter}
    assert found("US-2023-3A090", "2024-06-01", book, sheets, **values) == told


def test_what_is_missing_leaves_only_what_it_may_change(book: Rulebook, sheets: Catalogue) -> None:
    day, rule = "2024-06-01", "US-2023-3A090"
    assert found(rule, day, book, sheets, tpp=1500.0, datacenter=True) == "none"
    assert found(rule, day, book, sheets, tpp=5000.0, datacenter=True) == "3A090.a.1"
    assert found(rule, day, book, sheets, tpp=2000.0, datacenter=True) == (
        "3A090.a.2 or 3A090.b.2 or none"
    )
    assert found(rule, day, book, sheets, tpp=2000.0, pd=10.0) == "3A090.a.2 or none"
    assert "3A090.a.1" in found(rule, day, book, sheets, datacenter=True)


@pytest.mark.parametrize(
    ("memory", "link", "told"),
    [
        (1400.0, 0.0, "licence_required"),
        (below(1400.0), 0.0, "none"),
        (100.0, 1100.0, "licence_required"),
        (100.0, below(1100.0), "none"),
        (1000.0, 700.0, "licence_required"),
        (1000.0, 699.0, "none"),
        (1398.0, 128.0, "none"),
        (1344.0, 128.0, "none"),
    ],
)
def test_the_letters_of_2025_turn_at_each_of_their_lines(
    memory: float, link: float, told: str, book: Rulebook, sheets: Catalogue
) -> None:
    values = {"memory_bandwidth": memory * GB, "interconnect": link * GB, "datacenter": True}
    assert found("US-2025-LETTER-BW", "2025-06-01", book, sheets, **values) == told


@pytest.mark.parametrize(
    ("tpp", "memory", "us_sale", "told"),
    [
        (20999.0, 6499.0, True, "case_by_case"),
        (21000.0, 6499.0, True, "presumption_of_denial"),
        (below(21000.0), below(6500.0 * GB) / GB, True, "case_by_case"),
        (20999.0, 6500.0, True, "presumption_of_denial"),
        (20999.0, 6499.0, False, "presumption_of_denial"),
        (4799.0, 6499.0, True, "not_applicable"),
    ],
)
def test_the_policy_of_2026_turns_at_each_of_its_lines(
    tpp: float, memory: float, us_sale: bool, told: str, book: Rulebook, sheets: Catalogue
) -> None:
    values = {
        "tpp": tpp, "pd": 0.5, "memory_bandwidth": memory * GB, "us_sale": us_sale,
        "datacenter": True,
    }  # fmt: skip
    assert found("US-2026-CASE-BY-CASE", "2026-02-01", book, sheets, **values) == told


@pytest.mark.parametrize(
    ("tpp", "memory", "told"),
    [
        (14000.0, 4800.0, "none"),
        (14001.0, 4800.0, "tariff_25pct"),
        (17500.0, 4800.0, "none"),
        (15832.0, 4500.0, "none"),
        (15832.0, 4501.0, "tariff_25pct"),
        (15832.0, 5000.0, "none"),
        (20800.0, 6000.0, "none"),
        (20919.2, 6000.0, "tariff_25pct"),
        (21100.0, 6000.0, "none"),
        (20919.2, 5800.0, "none"),
        (20919.2, 6200.0, "none"),
    ],
)
def test_the_tariff_turns_at_each_of_its_lines(
    tpp: float, memory: float, told: str, book: Rulebook, sheets: Catalogue
) -> None:
    values = {"tpp": tpp, "memory_bandwidth": memory * GB}
    assert found("US-2026-TARIFF", "2026-02-01", book, sheets, **values) == told


@pytest.mark.parametrize(
    ("density", "told"), [(2.0, "none"), (above(2.0), "3A090.c"), (3.3, "3A090.c")]
)
def test_memory_sold_alone_is_caught_above_its_density(
    density: float, told: str, book: Rulebook, sheets: Catalogue
) -> None:
    values = {"standalone_memory": True, "memory_bandwidth_density": density}
    assert found("US-2024-HBM", "2025-01-15", book, sheets, **values) == told


def test_every_rule_cites_what_was_read(book: Rulebook, sheets: Catalogue) -> None:
    assert len(book.rules) >= 40
    assert book.cited() <= set(sheets.sources)
    for rule in book.rules.values():
        assert rule.citation
        assert rule.kind == "bill" or rule.effective or rule.published


def test_the_numbers_of_the_rules_stand_in_the_rule_files_alone() -> None:
    """A threshold in the code would not follow its file."""
    from bench import paths

    code = "\n".join(path.read_text() for path in (paths.PACKAGE / "rules").glob("*.py"))
    for number in ("5.92", "21000", "6500", "14000", "2400"):
        assert number not in code
