"""Reads JSON written by others: complete, with finite numbers; lookups tolerate other types."""

import json
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

from bench.importers.base import Stated, quoted

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
AS_WRITTEN = "give the file as the tool wrote it"


def document(text: str, stated: Stated, lines_before: int = 0) -> dict[str, Json]:
    """Returns the JSON object in a text.

    Args:
        text: one JSON object.
        stated: names the file in errors.
        lines_before: number of lines of the file before the text.

    Raises:
        NotUnderstood: it is no JSON object, it is cut off, or a number is NaN or infinite.
    """
    try:
        data: Json = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise stated.fault("it is nested too deeply", AS_WRITTEN) from None
    except json.JSONDecodeError as error:
        raise stated.fault(
            f"is no whole JSON: {error.msg}", AS_WRITTEN, lines_before + error.lineno
        ) from None
    except ValueError as error:
        raise stated.fault(f"is not JSON: {quoted(error)}", AS_WRITTEN) from None
    if not isinstance(data, dict):
        raise stated.fault("is JSON, but no object", AS_WRITTEN)
    return data


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


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
