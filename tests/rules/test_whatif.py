"""How far a chip may go before it needs a licence, and how far it must come down to need none."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.chips.load import Catalogue, catalogue
from bench.rules.judge import Status, status
from bench.rules.load import Rulebook, rulebook
from bench.rules.model import Policy, Rule
from bench.rules.places import Question
from bench.rules.truth import Truth
from bench.rules.whatif import Room, Supposed, room

GB = 1e9
NAC, NONE = Policy.NAC_NOTIFICATION, Policy.NONE
CASE_BY_CASE, LICENCE = Policy.CASE_BY_CASE, Policy.LICENCE_REQUIRED
DENIAL = Policy.PRESUMPTION_OF_DENIAL
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
SHEETS, BOOK = catalogue(), rulebook()
CONTROL = (BOOK.rules["US-2023-3A090"],)
LETTER = (BOOK.rules["US-2025-LETTER-BW"],)


def rounded(density: float) -> float:
    """A density as it is worked out, to ten digits."""
    return float(f"{density:.10g}")


def asked(on: str, destination: str = "CN") -> Question:
    return Question(on, destination, destination)


def rooms(chip: str, on: str, sheets: Catalogue, **changed: float | bool) -> dict[str, Room]:
    """The rooms of a chip by attribute."""
    supposed = Supposed(sheets.find(chip), sheets, changed)
    return {one.key: one for one in room(supposed, asked(on), BOOK)}


def test_the_h20_stays_free_below_tpp_2400_and_density_3_2(sheets: Catalogue) -> None:
    found = rooms("h20", "2024-06-01", sheets)
    assert found == {
        "tpp": Room("tpp", (2368.0,), NO, 2400.0, included=False, beyond=(NAC,), rules=CONTROL),
        "pd": Room(
            "pd", (rounded(2368 / 814),), NO, 3.2, included=False, beyond=(NAC,), rules=CONTROL
        ),
    }


@pytest.mark.parametrize(("chip", "area"), [("a10", 628.0), ("l20", 609.0)])
def test_a_small_die_is_bound_by_its_density(chip: str, area: float, sheets: Catalogue) -> None:
    found = rooms(chip, "2024-06-01", sheets)
    (tpp,) = found["tpp"].now
    limit = 3.2 * area
    assert found == {
        "tpp": Room("tpp", (tpp,), NO, limit, included=False, beyond=(NAC,), rules=CONTROL),
        "pd": Room(
            "pd", (rounded(tpp / area),), NO, 3.2, included=False, beyond=(NAC,), rules=CONTROL
        ),
    }


def test_under_the_letters_the_h20_is_free_only_by_its_memory(sheets: Catalogue) -> None:
    """1,700 GB/s less the link with PCIe counted in: 900 + 128; the link alone leaves 800."""
    found = rooms("h20", "2025-06-01", sheets)
    density = rounded(2368 / 814)
    assert found == {
        "tpp": Room("tpp", (2368.0,), YES, None, included=False, beyond=(LICENCE,)),
        "pd": Room("pd", (density,), YES, None, included=False, beyond=(LICENCE,)),
        "memory_bandwidth": Room(
            "memory_bandwidth", (4000 * GB,), YES, 672 * GB, included=False,
            beyond=(LICENCE, NONE), rules=LETTER,
        ),
        "interconnect": Room(
            "interconnect", (900 * GB, 1028 * GB), YES, None, included=False, beyond=(LICENCE,)
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("memory", "policies"),
    [
        (671.9, (NONE,)),
        (672.0, (LICENCE, NONE)),
        (799.9, (LICENCE, NONE)),
        (800.0, (LICENCE,)),
    ],
)
def test_between_the_readings_of_the_link_nobody_can_tell(
    memory: float, policies: tuple[Policy, ...], sheets: Catalogue, book: Rulebook
) -> None:
    part = Supposed(sheets.find("h20"), sheets, {"memory_bandwidth": memory * GB}).subject()
    assert status(part, asked("2025-06-01"), book).policies == policies


def test_with_less_memory_the_link_has_room_of_its_own(sheets: Catalogue) -> None:
    """What is supposed of the link is the whole of it: 1,100 GB/s, or 1,700 less the memory."""
    found = rooms("h20", "2025-06-01", sheets, memory_bandwidth=500 * GB)
    assert found["interconnect"].limit == 1100 * GB
    found = rooms("h20", "2025-06-01", sheets, memory_bandwidth=1000 * GB, interconnect=0.0)
    assert found["interconnect"] == Room(
        "interconnect", (0.0,), NO, 700 * GB, included=False, beyond=(LICENCE,), rules=LETTER
    )


def test_the_rule_of_2022_gives_room_in_links_as_well(sheets: Catalogue) -> None:
    found = rooms("a100-sxm", "2022-12-01", sheets)
    assert {key: (one.limit, one.included) for key, one in found.items()} == {
        "tpp": (4800.0, False),
        "io": (600 * GB, False),
    }


def test_a_free_consumer_card_has_room_up_to_4800(sheets: Catalogue) -> None:
    found = rooms("rtx4090d", "2024-06-01", sheets)
    assert (found["tpp"].limit, found["tpp"].beyond) == (4800.0, (NAC,))
    assert found["pd"] == Room(
        "pd", found["pd"].now, NO, None, included=False, beyond=(NONE,)
    )  # fmt: skip


def test_a_supposed_part_needs_no_chip(sheets: Catalogue, book: Rulebook) -> None:
    values = {"tpp": 4000.0, "datacenter": True}
    found = room(Supposed(None, sheets, values), asked("2024-06-01"), book)
    assert found == [
        Room(
            "tpp", (4000.0,), UNKNOWN, 1600.0, included=False, beyond=(DENIAL, NAC, NONE),
            rules=CONTROL,
        ),
        Room("pd", (), UNKNOWN, 1.6, included=False, beyond=(NAC,), rules=CONTROL),
    ]  # fmt: skip


def test_what_is_supposed_takes_the_place_of_the_sheet(sheets: Catalogue) -> None:
    found = rooms("h20", "2024-06-01", sheets, tpp=2399.0)
    assert found["tpp"].now == (2399.0,)
    assert found["pd"].now == (rounded(2399 / 814),)
    fixed = rooms("h20", "2024-06-01", sheets, tpp=2399.0, pd=1.0)
    assert fixed["pd"].now == (1.0,)


@pytest.mark.parametrize("on", ["2022-12-01", "2024-06-01", "2025-06-01", "2026-02-01"])
@pytest.mark.parametrize(
    ("system", "chip"),
    [("huawei-atlas-800t-a2", "huawei-ascend-910b2"), ("hgx-h20", "h20")],
)
def test_a_system_has_the_room_of_the_chip_it_is_built_of(
    system: str, chip: str, on: str, sheets: Catalogue
) -> None:
    assert rooms(system, on, sheets) == rooms(chip, on, sheets)


def test_where_no_rule_reaches_nothing_is_asked(sheets: Catalogue, book: Rulebook) -> None:
    supposed = Supposed(sheets.find("h20"), sheets, {})
    assert room(supposed, asked("2022-08-25"), book) == []
    assert room(supposed, asked("2024-06-01", "US"), book) == []


def control(jurisdiction: str, when: dict[str, str]) -> Rule:
    """A control of what meets one condition, for China."""
    node = {
        "id": jurisdiction, "title": "one", "jurisdiction": jurisdiction, "kind": "eccn_control",
        "citation": "x", "effective": "2024-01-01", "destination": {"countries": ["CN"]},
        "outcomes": [{"id": "a", "eccn": "3A090", "when": when, "policy": "case_by_case"}],
        "confidence": "press", "sources": ["x"],
    }  # fmt: skip
    return Rule.model_validate(node)


@pytest.mark.parametrize(
    ("when", "tpp", "needs", "included"),
    [
        ("> 4800", 4000.0, NO, True),
        (">= 4800", 4000.0, NO, False),
        ("> 4800", 5000.0, YES, True),
        (">= 4800", 5000.0, YES, False),
    ],
)
def test_a_limit_is_itself_free_only_where_the_rule_says_above(
    when: str, tpp: float, needs: Truth, included: bool, sheets: Catalogue, book: Rulebook
) -> None:
    ours = Rulebook({"US": control("US", {"tpp": when})}, book.places)
    (found,) = room(Supposed(None, sheets, {"tpp": tpp}), asked("2024-06-01"), ours)
    rules = tuple(ours.rules.values())
    assert found == Room("tpp", (tpp,), needs, 4800.0, included, (CASE_BY_CASE,), rules)


def test_chinese_measures_take_no_room(sheets: Catalogue, book: Rulebook) -> None:
    ours = Rulebook({"CN": control("CN", {"tpp": ">= 4800"})}, book.places)
    assert room(Supposed(None, sheets, {"tpp": 1.0}), asked("2024-06-01"), ours) == []


# beside its limit a chip turns


DAYS = ("2022-12-01", "2023-11-01", "2024-06-01", "2025-06-01", "2026-02-01", "2026-09-01")
CHIPS = (
    "h20", "a10", "l20", "l4", "rtx4090", "rtx4090d", "a100-sxm", "a800-sxm", "h200", "v100",
    "mi325x", "910b2", "gaudi2", "nvidia-hgx-h20-8", "rtx6000d", "b30a",
)  # fmt: skip


def moved(chip: str, on: str, key: str, value: float, place: str) -> Status:
    """The status of a chip with one attribute moved."""
    part = Supposed(SHEETS.find(chip), SHEETS, {key: value}).subject()
    return status(part, asked(on, place), BOOK)


@given(
    chip=st.sampled_from(CHIPS), on=st.sampled_from(DAYS), place=st.sampled_from(["CN", "MO", "SA"])
)
def test_just_inside_a_limit_none_is_needed_and_just_past_it_one_is(
    chip: str, on: str, place: str
) -> None:
    for one in room(Supposed(SHEETS.find(chip), SHEETS, {}), asked(on, place), BOOK):
        if one.limit is None:
            continue
        inside = moved(chip, on, one.key, one.limit * (1 - 1e-7), place)
        at = moved(chip, on, one.key, one.limit, place)
        past = moved(chip, on, one.key, one.limit * (1 + 1e-7), place)
        assert inside.needs_licence is NO
        assert (at.needs_licence is NO) is one.included
        assert past.needs_licence is not NO
        if one.needs is NO:
            assert (at if not one.included else past).policies == one.beyond


@given(
    chip=st.sampled_from(CHIPS),
    on=st.sampled_from(DAYS),
    share=st.floats(1e-3, 1.0, exclude_max=True),
)
def test_without_a_limit_no_value_of_it_alone_changes_the_need(
    chip: str, on: str, share: float
) -> None:
    for one in room(Supposed(SHEETS.find(chip), SHEETS, {}), asked(on), BOOK):
        if one.limit is None and one.now and math.isfinite(max(one.now)):
            value = max(one.now) / share if one.needs is NO else max(one.now) * share
            assume(value > 0)
            there = moved(chip, on, one.key, value, "CN")
            assert (there.needs_licence is NO) is (one.needs is NO)
