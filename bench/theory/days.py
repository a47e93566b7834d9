"""Spans of days that a year, a month or a day stands for, and comparisons of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")


@dataclass(frozen=True)
class Days:
    """The first and the last day of a year, a month or a day, ISO."""

    first: str
    last: str


def days(text: str) -> Days | None:
    """Returns the span of ``2024``, ``2024-03`` or ``2024-03-18``; None for any other text."""
    if not DATE.fullmatch(text):
        return None
    return Days(text + "-01-01"[len(text) - 4 :], text + "-12-31"[len(text) - 4 :])


SURE: Mapping[str, Callable[[Days, Days], bool]] = {
    ">": lambda one, limit: one.first > limit.last,
    ">=": lambda one, limit: one.first >= limit.first,
    "<": lambda one, limit: one.last < limit.first,
    "<=": lambda one, limit: one.last <= limit.last,
    "=": lambda one, limit: limit.first <= one.first and one.last <= limit.last,
    "!=": lambda one, limit: one.last < limit.first or one.first > limit.last,
}
"""Whether a comparison holds for every day of a span."""
OPPOSITE: Mapping[str, str] = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "!=", "!=": "="}


def compared(one: Days, sign: str, limit: Days) -> bool | None:
    """Returns whether a comparison holds; None if it depends on the day within the span."""
    if SURE[sign](one, limit):
        return True
    return False if SURE[OPPOSITE[sign]](one, limit) else None
