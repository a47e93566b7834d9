"""Units survive the way to text and back, for any number and any unit."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.units import UNITS, Dimension, parse, scale, show, significant

NUMBERS = st.floats(min_value=1e-12, max_value=1e18, allow_nan=False, allow_infinity=False)


@given(number=NUMBERS, unit=st.sampled_from(sorted(UNITS)))
def test_a_number_with_a_unit_is_read_as_their_product(number: float, unit: str) -> None:
    dimension, factor = UNITS[unit]
    found = parse(f"{number!r} {unit}")
    exact = Decimal(repr(number)) * Decimal(factor)
    assert (found.si, found.dimension) == (float(exact), dimension)


@given(value=st.floats(min_value=1e-9, max_value=1e20), dimension=st.sampled_from(Dimension))
def test_what_is_shown_is_read_back_to_the_digits_shown(value: float, dimension: Dimension) -> None:
    found = parse(show(value, dimension, 6).replace(",", ""))
    assert found.dimension is dimension
    assert found.si == pytest.approx(value, rel=1e-5)


@given(value=st.floats(min_value=1.0, max_value=9.99e20))
def test_the_prefix_leaves_about_1_to_1000(value: float) -> None:
    number, unit = scale(value, Dimension.FLOP_RATE)
    assert 1 - 1e-9 <= number < 1000
    dimension, factor = UNITS[unit]
    assert dimension is Dimension.FLOP_RATE
    assert number * factor == pytest.approx(value)


@given(number=NUMBERS, digits=st.integers(1, 8))
def test_rounding_stays_within_half_of_the_last_digit(number: float, digits: int) -> None:
    shown = float(significant(number, digits).replace(",", ""))
    last = 10.0 ** min(0, math.floor(math.log10(number)) - digits + 1)
    assert abs(shown - number) <= 0.5 * last * (1 + 1e-6) + 1e-15 * number


@given(text=st.text(max_size=30))
def test_any_text_is_a_positive_quantity_or_a_value_error(text: str) -> None:
    try:
        found = parse(text)
    except ValueError:
        return
    assert found.si > 0
    assert math.isfinite(found.si)
