"""Every change of policy in reach: what a step says holds all over its range, and nowhere else."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chips.load import catalogue
from bench.rules.judge import status
from bench.rules.load import rulebook
from bench.rules.model import Policy
from bench.rules.steps import Step, steps
from bench.rules.whatif import Supposed
from tests.rules.test_whatif import CHIPS, DAYS, asked

SHEETS, BOOK = catalogue(), rulebook()


def found(chip: str, on: str, **changed: float | bool) -> list[Step]:
    """The steps of a chip."""
    return steps(Supposed(SHEETS.find(chip), SHEETS, changed), asked(on), BOOK)


def ranges(chip: str, on: str, policy: Policy) -> list[tuple[object, ...]]:
    """What leads to one certain policy: attribute, its bounds, and the flags that change."""
    return [
        (one.key, one.span and (one.span.low, one.span.high), dict(one.flags))
        for one in found(chip, on)
        if one.policies == (policy,)
    ]


def test_the_h200_stays_case_by_case_up_to_either_threshold() -> None:
    assert ranges("h200", "2026-02-01", Policy.PRESUMPTION_OF_DENIAL) == [
        ("tpp", (21000.0, None), {}),
        ("memory_bandwidth", (6500e9, None), {}),
        ("", None, {"us_sale": False}),
    ]


def test_the_b30a_needs_less_tpp_and_a_sale_in_the_us() -> None:
    assert ranges("b30a", "2026-02-01", Policy.CASE_BY_CASE) == [
        ("tpp", (4800.0, 21000.0), {"us_sale": True})
    ]


def test_a_step_names_the_rule_that_makes_it() -> None:
    (one,) = [one for one in found("h200", "2026-02-01") if one.key == "memory_bandwidth"][:1]
    assert [rule.id for rule in one.rules] == ["US-2026-CASE-BY-CASE"]


def test_where_no_rule_reaches_there_is_no_step() -> None:
    assert found("h20", "2022-08-20") == []


@cache
def known(chip: str, on: str) -> list[Step]:
    """The steps of a chip as it is, found once."""
    return found(chip, on)


@pytest.mark.parametrize("on", DAYS)
@given(chip=st.sampled_from(CHIPS), share=st.floats(0.001, 0.999))
def test_a_policy_holds_all_over_its_range(on: str, chip: str, share: float) -> None:
    sheet = SHEETS.find(chip)
    for one in known(chip, on):
        changed: dict[str, float | bool] = dict(one.flags)
        if one.span:
            low = one.span.low or 0.0
            high = one.span.high if one.span.high is not None else 2 * low
            value = low + share * (high - low)
            changed[one.key] = value
        part = Supposed(sheet, SHEETS, changed).subject()
        assert status(part, asked(on), BOOK).policies == one.policies
