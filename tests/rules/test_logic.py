"""How rules add up, what stays in doubt, and what is not looked at: each by one small case."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip, Source
from bench.rules.attributes import Attribute, Reading
from bench.rules.judge import status
from bench.rules.load import Rulebook, rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question
from bench.rules.predicate import Subject
from bench.rules.rivals import overturned
from bench.rules.subject import Changes, attributes, subject
from bench.rules.timeline import BEFORE, timeline
from bench.rules.truth import Truth
from bench.rules.whatif import Room, Supposed, room
from bench.theory.entry import KEYS, look_up

NONE, NAC = Policy.NONE, Policy.NAC_NOTIFICATION
APPROVAL, CASE_BY_CASE = Policy.PRESUMPTION_OF_APPROVAL, Policy.CASE_BY_CASE
LICENCE, DENIAL = Policy.LICENCE_REQUIRED, Policy.PRESUMPTION_OF_DENIAL
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
MAKER = Source.model_validate(
    {"url": "https://example.org/", "kind": "vendor-datasheet", "accessed": "2026-11-01"}
)
SHEETS = Catalogue({}, {"maker": MAKER})
BOOK = rulebook()


def asked(on: str, destination: str = "CN", headquarters: str | None = None) -> Question:
    return Question(on, destination, headquarters or destination)


def rule(**told: object) -> Rule:
    """A US control for China from 2024 on."""
    node = {
        "id": "ONE", "title": "one", "jurisdiction": "US", "kind": "eccn_control", "citation": "x",
        "effective": "2024-01-01", "destination": {"countries": ["CN"]}, "confidence": "press",
        "sources": ["x"], **told,
    }  # fmt: skip
    return Rule.model_validate(node)


def of(*rules: Rule) -> Rulebook:
    return Rulebook({one.id: one for one in rules}, BOOK.places)


def chip(figures: Mapping[str, Any], facts: Mapping[str, str] | None = None, **told: str) -> Chip:
    """A sheet with dense figures of its maker's."""
    made = {
        key: {"source": "maker", **(one if isinstance(one, dict) else {"value": one})}
        for key, one in figures.items()
    }
    said = {key: {"value": value, "source": "maker"} for key, value in (facts or {}).items()}
    return Chip.model_validate(
        {
            "id": "acme-one", "name": "One", "vendor": "acme", "kind": "gpu", "status": "sold",
            "tier": "global", "architecture": "First", "figures": made, "facts": said, **told,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "key", "told"),
    [
        ("link_bandwidth", "io", "link"), ("link_bandwidth_oneway", "io", "link"),
        ("link_bandwidth", "interconnect", "link"), ("die_area", "pd", "area"),
        ("memory_bandwidth", "memory_bandwidth", "memory bandwidth"),
        ("transistors", "transistors", "transistors"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pcie", [{"pcie": "5.0 x16"}, {}])
def test_an_attribute_says_what_behind_it_nobody_published(
    figure: str, key: str, told: str, pcie: dict[str, str]
) -> None:
    value = {"die_area": "800 mm²", "transistors": "80 billion"}.get(figure, "500 GB/s")
    rate = {"value": "500 TFLOP/s", "basis": "dense"}
    printed = {"matrix_bf16": rate, figure: {"value": value}}
    worked = {**printed, figure: {"value": value, "origin": "computed", "formula": "5 x 100"}}
    here, there = (attributes(chip(one, pcie), SHEETS)[key] for one in (worked, printed))
    assert here.computed == f"{told} computed, not published: 5 x 100"
    assert here.readings == there.readings, "it decides as any other"
    assert not there.computed


def supposed(**values: float | bool) -> Subject:
    return subject(None, SHEETS, values)


# how policies add up


def test_a_letter_on_top_of_a_notice_asks_for_a_licence(sheets: Catalogue) -> None:
    part = subject(sheets.find("mi210"), sheets)
    found = [status(part, asked(on), BOOK) for on in ("2025-04-08", "2025-06-01")]
    assert [one.policies for one in found] == [(NAC,), (LICENCE,)]
    assert [one.eccns for one in found] == [("3A090.b.1",), ("3A090.b.1",)]


@pytest.mark.parametrize(
    ("stated", "together"),
    [
        ("none", LICENCE),
        ("nac_notification", LICENCE),
        ("presumption_of_approval", APPROVAL),
        ("case_by_case", CASE_BY_CASE),
        ("presumption_of_denial", DENIAL),
    ],
)
def test_a_letter_leaves_the_review_that_a_control_states(stated: str, together: Policy) -> None:
    control = rule(outcomes=[{"id": "a", "eccn": "3A090", "policy": stated}])
    letter = rule(
        id="TWO", kind="is_informed_letter", outcomes=[{"id": "a", "policy": "licence_required"}]
    )
    for book in (of(control, letter), of(letter, control)):
        assert status(supposed(), asked("2024-06-01"), book).policies == (together,)


def test_a_rule_that_is_perhaps_enforced_may_ask_for_nothing() -> None:
    pause = {"since": "2024-03-01", "until": "2024-03-31", "afterwards": "unknown"}
    outcome = {"id": "a", "eccn": "3A090", "policy": "case_by_case"}
    book = of(rule(suspended=pause, outcomes=[outcome]))
    found = [status(supposed(), asked(f"2024-{day}"), book) for day in ("02-29", "03-31", "04-01")]
    assert [one.policies for one in found] == [(CASE_BY_CASE,), (NONE,), (CASE_BY_CASE, NONE)]
    assert [one.needs_licence for one in found] == [YES, NO, UNKNOWN]


def test_a_licence_policy_that_does_not_apply_leaves_the_one_before() -> None:
    control = rule(outcomes=[{"id": "a", "eccn": "3A090.b", "policy": "presumption_of_denial"}])
    overlay = rule(
        id="TWO", kind="licence_policy", replaces=["presumption_of_denial"],
        outcomes=[
            {"id": "n", "when": {"not": {"eccn": ["3A090.a"]}}, "effect": "not_applicable"},
            {"id": "c", "policy": "case_by_case"},
        ],
    )  # fmt: skip
    assert status(supposed(), asked("2024-06-01"), of(control, overlay)).policies == (DENIAL,)


def test_a_licence_policy_is_asked_of_each_paragraph_that_is_possible() -> None:
    part = supposed(
        tpp=2000.0, datacenter=True, memory_bandwidth=1e9, interconnect=0.0, us_sale=True
    )
    either = Attribute("pd", (Reading(4.0, "with a cache die"), Reading(10.0, "without")))
    part = replace(part, attributes={**part.attributes, "pd": either})
    found = set(status(part, asked("2026-02-01"), BOOK).policies)
    assert {CASE_BY_CASE, NAC} <= found <= {CASE_BY_CASE, NAC, NONE}


@pytest.mark.parametrize(("place", "told"), [("CN", True), ("HK", False), ("MO", False)])
def test_chinese_measures_are_those_of_the_mainland(
    place: str, told: bool, sheets: Catalogue
) -> None:
    part = subject(sheets.find("h20"), sheets)
    found = status(part, asked("2025-12-01", place), BOOK)
    assert bool(found.chinese) is told
    assert found.policies == (LICENCE,)


PARTS: dict[str, Changes] = {
    "a": {"tpp": 5000.0, "pd": 1.0, "datacenter": True},
    "a, not for datacentres": {"tpp": 5000.0, "pd": 1.0, "datacenter": False},
    "b": {"tpp": 3000.0, "pd": 2.0, "datacenter": True},
}
TABLE = [
    ("CN", "CN", DENIAL, NAC),
    ("CN", "US", DENIAL, NAC),
    ("HK", "HK", DENIAL, NAC),
    ("MO", "MO", DENIAL, NAC),
    ("RU", "RU", DENIAL, DENIAL),
    ("NI", "NI", DENIAL, NAC),
    ("VN", "VN", APPROVAL, NONE),
    ("SA", "SA", APPROVAL, NONE),
    ("AE", "AE", APPROVAL, NONE),
    ("VN", "CN", DENIAL, NAC),
    ("SA", "MO", DENIAL, NAC),
    ("AE", "RU", DENIAL, NAC),
    ("SG", "SG", NONE, NONE),
    ("SG", "CN", CASE_BY_CASE, NAC),
    ("DE", "MO", CASE_BY_CASE, NAC),
    ("US", "CN", NONE, NONE),
]


@pytest.mark.parametrize(("place", "party", "datacentre", "other"), TABLE)
def test_the_first_row_of_the_policy_table_that_fits_counts(
    place: str, party: str, datacentre: Policy, other: Policy
) -> None:
    question = asked("2024-06-01", place, party)
    found = {key: status(supposed(**values), question, BOOK) for key, values in PARTS.items()}
    assert {key: one.policies for key, one in found.items()} == {
        "a": (datacentre,), "a, not for datacentres": (other,), "b": (other,),
    }  # fmt: skip
    assert [one.eccns for one in found.values()] == [
        ("3A090.a.1",), ("3A090.a.1",), ("3A090.b.1",),
    ]  # fmt: skip


@pytest.mark.parametrize(("on", "policy"), [("2024-12-30", NONE), ("2024-12-31", LICENCE)])
def test_memory_sold_alone_needs_a_licence_from_the_day_of_compliance(
    on: str, policy: Policy
) -> None:
    part = supposed(tpp=1.0, standalone_memory=True, memory_bandwidth_density=5.0)
    assert status(part, asked(on), BOOK).policies == (policy,)


# what a sheet leaves open


def test_a_rate_that_may_be_sparse_leaves_open_what_it_decides() -> None:
    rate = {"value": "400 TFLOP/s", "basis": "unspecified"}
    facts = {"process": "TSMC 7 nm", "datacenter": "yes"}
    part = subject(chip({"matrix_fp8": rate, "die_area": "1000 mm²"}, facts), SHEETS)
    assert [one.value for one in part.attributes["tpp"].readings] == [3200.0, 1600.0]
    found = status(part, asked("2024-06-01"), BOOK)
    assert (found.needs_licence, found.policies) == (UNKNOWN, (NAC, NONE))
    assert {None, "3A090.b.1"} <= set(found.eccns)


@pytest.mark.parametrize(
    ("state", "launch", "sold"),
    [
        ("sold", "2025", True),
        ("sold", "2025-12", True),
        ("sold", "2026-01-14", True),
        ("sold", "2026-01-15", None),
        ("sold", "2026-01", None),
        ("sold", "2026", None),
        ("announced", "2025-06-01", False),
        ("reported", "2025-06-01", False),
        ("withdrawn", "2025-06-01", None),
    ],
)
def test_a_part_was_sold_in_the_us_only_if_its_launch_leaves_no_doubt(
    state: str, launch: str, sold: bool | None
) -> None:
    """The rule asks for sale at the time of its publication; a launch that day may be later."""
    found = attributes(chip({}, {"launch": launch}, status=state), SHEETS)["us_sale"]
    assert [one.value for one in found.readings] == ([] if sold is None else [sold])


@pytest.mark.parametrize(
    ("process", "told"),
    [("TSMC 5 nm", True), ("14 nm", True), ("16 nm", True), ("20 nm", False), ("28 nm", False)],
)
def test_logic_is_advanced_at_16_nm_and_below(process: str, told: bool) -> None:
    found = attributes(chip({}, {"process": process}), SHEETS)["nonplanar"]
    assert [one.value for one in found.readings] == [told]


@pytest.mark.parametrize(
    ("rate", "memory", "told"),
    [
        ("unspecified", "dense", Basis.UNSPECIFIED),
        ("dense", "unspecified", Basis.UNSPECIFIED),
        ("inferred", "dense", Basis.INFERRED),
        ("inferred", "halved", Basis.HALVED),
        ("dense", "dense", Basis.DENSE),
    ],
)
def test_a_derived_figure_is_as_certain_as_the_least_certain_behind_it(
    rate: str, memory: str, told: Basis
) -> None:
    part = chip(
        {
            "matrix_bf16": {"value": "100 TFLOP/s", "basis": rate},
            "memory_bandwidth": {"value": "1 TB/s", "basis": memory},
        }
    )
    assert look_up(part, KEYS["bytes_per_flop"], SHEETS).basis is told


@pytest.mark.parametrize("counts", [None, "package", "die", "one direction", "sparse"])
def test_a_rival_that_is_not_the_chips_own_figure_is_not_tried(counts: str | None) -> None:
    rival = {"value": "1500 GB/s", "source": "maker"} | ({"counts": counts} if counts else {})
    memory = {"value": "1000 GB/s", "rivals": [rival], "why": "printed"}
    figures = {
        "memory_bandwidth": memory, "matrix_fp8": {"value": "10 TFLOP/s", "basis": "dense"},
        "link_bandwidth": "unsupported",
    }  # fmt: skip
    facts = {"datacenter": "yes", "pcie": "4.0 x16"}
    part = chip(figures, facts, id="nvidia-some-part")
    question = asked("2025-06-01")
    here = status(subject(part, SHEETS), question, BOOK)
    found = overturned(part, here, SHEETS, question, BOOK)
    tried = [("memory_bandwidth", (LICENCE,))] if counts in (None, "package") else []
    assert here.policies == (NONE,)
    assert [(one.figure, one.status.policies) for one in found] == tried


def test_a_rule_that_is_perhaps_enforced_takes_room() -> None:
    pause = {"since": "2024-03-01", "until": "2024-03-31", "afterwards": "unknown"}
    outcome = {"id": "a", "eccn": "3A090", "when": {"tpp": ">= 4800"}, "policy": "case_by_case"}
    one = rule(suspended=pause, outcomes=[outcome, {"id": "none", "policy": "none"}])
    part = Supposed(None, SHEETS, {"tpp": 4000.0})
    assert room(part, asked("2024-03-31"), of(one)) == []
    assert room(part, asked("2024-04-01"), of(one)) == [
        Room(
            "tpp", (4000.0,), NO, 4800.0, included=False, beyond=(CASE_BY_CASE, NONE), rules=(one,)
        )
    ]


def test_a_history_has_a_row_where_the_words_of_a_rule_alone_change() -> None:
    outcomes = [
        {"id": "a", "effect": "licence_assured", "until": "2024-05-31"},
        {"id": "b", "effect": "licence_granted"},
    ]
    one = rule(kind="licence_practice", outcomes=outcomes)
    found = timeline(supposed(), asked(""), of(one))
    assert {period.status.policies for period in found} == {(NONE,)}
    assert [(period.since, [said.words for said in period.rulings]) for period in found] == [
        (BEFORE, []),
        ("2024-01-01", [("licence_assured",)]),
        ("2024-06-01", [("licence_granted",)]),
    ]
