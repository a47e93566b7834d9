"""Reads JSON written by others: strictly as a whole; look-ups in it tolerate other types."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
DIGITS = 40
"""The most digits of a whole number, and the most of a number or key that an error quotes."""


def strict(text: str, *, largest: float = math.inf, depth: int | None = None) -> Json:
    """Returns the JSON value in a text.

    Args:
        text: the whole text.
        largest: the largest absolute value of a number with a fraction or an exponent; an infinite
            one is always refused.
        depth: the deepest that objects and lists may be nested; None for no bound of our own.

    Raises:
        ValueError: it is not JSON (then a JSONDecodeError, which has the line), an object has a key
            twice, a number is NaN, infinite or too large, or it is nested too deeply.
    """
    number = _number_up_to(largest)
    try:
        data: Json = json.loads(
            text,
            object_pairs_hook=_without_repeated_keys,
            parse_constant=number,
            parse_float=number,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if depth is not None and _depth(data) > depth:
        raise ValueError(f"it is nested more than {depth} deep")
    return data


def part(data: Mapping[str, Json], key: str) -> dict[str, Json]:
    """Returns the object under a key; an empty one if there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def items(data: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """Returns the objects in the list under a key; an empty list if there is none."""
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def word(data: Mapping[str, Json], key: str) -> str:
    """Returns the text or number under a key as text; empty if there is none."""
    value = data.get(key)
    is_text_or_number = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if is_text_or_number else ""


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"an object has the key {twice[:DIGITS]!r} twice")
    return entries


def _number_up_to(largest: float) -> Callable[[str], float]:
    def number(digits: str) -> float:
        if not math.isfinite(value := float(digits)):
            raise ValueError(f"{digits[:DIGITS]} is no finite number")
        if abs(value) > largest:
            raise ValueError(f"{digits[:DIGITS]} is larger than {largest:g}")
        return value

    return number


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"{digits[:DIGITS]}... is too long for a number")
    return int(digits)


def _depth(data: Json) -> int:
    level, depth = [data], 0
    while level:
        level = [inner for node in level for inner in _children(node)]
        depth += 1
    return depth


def _children(node: Json) -> Iterator[Json]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node
