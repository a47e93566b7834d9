"""Predicates are read strictly and answer in three values, with margins and what is missing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.rules.attributes import Attribute, Reading, absent
from bench.rules.predicate import (
    Compare,
    Flag,
    Subject,
    Tree,
    predicate,
)
from bench.rules.trace import amount, traced
from bench.rules.truth import Truth, agreed, all_of, any_of, opposite
from bench.units import Dimension

TRUTHS = st.sampled_from(list(Truth))


def has(**values: float | bool | tuple[float, ...] | None) -> Subject:
    """A subject with the attributes given; None is unknown, several numbers are readings."""
    made = {}
    for key, value in values.items():
        several = value if isinstance(value, tuple) else (value,)
        readings = tuple(Reading(one, "") for one in several if one is not None)
        made[key] = Attribute(key, readings, "open") if readings else absent(key)
    return Subject("acme-one", made)


@given(st.lists(TRUTHS), st.lists(TRUTHS))
def test_not_all_is_any_not(left: list[Truth], right: list[Truth]) -> None:
    parts = [*left, *right]
    assert opposite(all_of(parts)) == any_of([opposite(one) for one in parts])


@given(st.lists(TRUTHS, min_size=1))
def test_an_unknown_never_turns_what_the_others_decide(parts: list[Truth]) -> None:
    if all_of(parts) is not Truth.UNKNOWN:
        assert all_of([one for one in parts if one is not Truth.UNKNOWN]) is all_of(parts)


@pytest.mark.parametrize(
    ("readings", "told"),
    [
        ([], Truth.UNKNOWN),
        ([Truth.YES], Truth.YES),
        ([Truth.NO, Truth.NO], Truth.NO),
        ([Truth.YES, Truth.NO], Truth.UNKNOWN),
    ],
)
def test_readings_that_differ_leave_it_open(readings: list[Truth], told: Truth) -> None:
    assert agreed(readings) is told


def test_a_tree_is_read_with_its_units() -> None:
    read = predicate(
        {"all": [{"tpp": ">= 4800"}, {"any": [{"datacenter": "yes"}, {"io": "< 600 GB/s"}]}]}
    )
    assert read == Tree(
        "all",
        (
            Compare(("tpp",), ">=", 4800.0),
            Tree("any", (Flag("datacenter", wanted=True), Compare(("io",), "<", 600e9))),
        ),
    )


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        ("tpp >= 4800", "is not one predicate such as"),
        ({"tpp": ">= 1", "pd": ">= 1"}, "is not one predicate such as"),
        ({"tqp": ">= 4800"}, "'tqp' is no attribute: did you mean 'tpp'"),
        ({"tpp": "4800"}, "'4800' is no comparison such as '>= 4800'"),
        ({"tpp": "== 4800"}, "'== 4800' is no comparison"),
        ({"tpp": ">= 4800 GB/s"}, "'4800 GB/s' is not in the unit of tpp"),
        ({"io": ">= 600"}, "'600' is not in the unit of io"),
        ({"io": ">= 600 Gbyte"}, "'Gbyte' is not a unit"),
        ({"io + tpp": ">= 600 GB/s"}, "'io + tpp' is no sum of rates of bytes, each of them once"),
        ({"datacenter": "perhaps"}, "'datacenter' is yes or no, not 'perhaps'"),
        ({"chip": "nvidia-h20"}, "'chip' is not a list such as"),
        ({"eccn": []}, "'eccn' is not a list such as"),
        ({"all": []}, "'all' needs predicates"),
        ({"not": [{"datacenter": "yes"}, {"datacenter": "no"}]}, "'not' needs one predicate"),
        ({"tpp": ">= -5"}, "is not a positive, finite quantity"),
        ({"tpp": ">= nan"}, "is not a quantity"),
    ],
)
def test_a_predicate_that_means_nothing_is_refused(node: object, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        predicate(node)


@pytest.mark.parametrize(
    ("sign", "value", "met"),
    [
        (">=", 4800.0, Truth.YES),
        (">=", 4799.999, Truth.NO),
        (">", 4800.0, Truth.NO),
        (">", 4800.001, Truth.YES),
        ("<", 4800.0, Truth.NO),
        ("<", 4799.999, Truth.YES),
        ("<=", 4800.0, Truth.YES),
        ("<=", 4800.001, Truth.NO),
    ],
)
def test_a_threshold_is_included_as_its_sign_says(sign: str, value: float, met: Truth) -> None:
    assert traced(predicate({"tpp": f"{sign} 4800"}), has(tpp=value)).truth is met


def test_a_missing_attribute_is_unknown_and_named() -> None:
    found = traced(predicate({"tpp": ">= 4800"}), has(tpp=None))
    assert (found.truth, found.found) == (Truth.UNKNOWN, "TPP is not known")


def test_a_threshold_that_was_never_published_is_unknown() -> None:
    found = traced(predicate({"io": ">= unknown"}), has(io=900e9))
    assert (found.truth, found.found) == (Truth.UNKNOWN, "the threshold was never published")


def test_a_known_part_decides_over_an_unknown_one() -> None:
    both = predicate({"all": [{"tpp": ">= 4800"}, {"pd": ">= 5.92"}]})
    assert traced(both, has(tpp=1000.0, pd=None)).truth is Truth.NO
    assert traced(both, has(tpp=5000.0, pd=None)).truth is Truth.UNKNOWN
    either = predicate({"any": [{"tpp": ">= 4800"}, {"pd": ">= 5.92"}]})
    assert traced(either, has(tpp=5000.0, pd=None)).truth is Truth.YES


def test_a_definition_that_matters_leaves_it_open_and_says_so() -> None:
    asked = predicate({"interconnect": ">= 1000 GB/s"})
    assert traced(asked, has(interconnect=(900e9, 950e9))).truth is Truth.NO
    found = traced(asked, has(interconnect=(900e9, 1028e9)))
    assert (found.truth, found.why) == (Truth.UNKNOWN, "open")


def test_a_sum_needs_all_its_parts_and_tries_all_their_readings() -> None:
    asked = predicate({"memory_bandwidth + interconnect": ">= 1700 GB/s"})
    assert traced(asked, has(memory_bandwidth=1e12, interconnect=None)).truth is Truth.UNKNOWN
    assert traced(asked, has(memory_bandwidth=1e12, interconnect=7e11)).truth is Truth.YES
    two = has(memory_bandwidth=1e12, interconnect=(6.5e11, 7.5e11))
    assert traced(asked, two).truth is Truth.UNKNOWN


def test_a_margin_is_told_with_its_side() -> None:
    found = traced(predicate({"tpp": ">= 2400"}), has(tpp=2368.0))
    assert found.margin_words == "32 below 2,400"
    assert found.margin == pytest.approx(-32 / 2400)
    assert traced(predicate({"tpp": ">= 2400"}), has(tpp=2400.0)).margin_words == "equal to 2,400"
    bandwidth = traced(predicate({"memory_bandwidth": ">= 1400 GB/s"}), has(memory_bandwidth=4e12))
    assert bandwidth.margin_words == "2,600 GB/s above 1,400 GB/s"


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (2368.0, None, "2,368"),
        (5284.8, None, "5,284.8"),
        (3.2, None, "3.20"),
        (0.0153, None, "0.0153"),
        (2.9091, None, "2.91"),
        (20919.2, None, "20,919"),
        (float("inf"), None, "of any height"),
        (1398e9, Dimension.BYTE_RATE, "1,398 GB/s"),
        (30e9, Dimension.COUNT, "30 billion"),
    ],
)
def test_an_amount_is_written_as_the_rules_write_it(
    value: float, dimension: Dimension | None, text: str
) -> None:
    assert amount(value, dimension) == text
