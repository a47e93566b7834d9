"""JSON that others wrote: read whole, every number finite, and looked into without surprise."""

import json
from collections.abc import Mapping
from typing import NoReturn, TypeAlias

from bench.importers.base import Given, shown

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
AS_WRITTEN = "give the file as the tool wrote it"


def document(text: str, given: Given, before: int = 0) -> dict[str, Json]:
    """Returns the JSON object that a text is.

    Args:
        text: of one object.
        given: how it is called where it is refused.
        before: lines of the file that stand before it.

    Raises:
        NotUnderstood: it is none, it is cut off, or a number in it is none.
    """
    try:
        read: Json = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise given.fault("it is nested too deeply", AS_WRITTEN) from None
    except json.JSONDecodeError as error:
        raise given.fault(
            f"is no whole JSON: {error.msg}", AS_WRITTEN, before + error.lineno
        ) from None
    except ValueError as error:
        raise given.fault(f"is not JSON: {shown(error)}", AS_WRITTEN) from None
    if not isinstance(read, dict):
        raise given.fault("is JSON, but no object", AS_WRITTEN)
    return read


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def part(data: Mapping[str, Json], key: str) -> dict[str, Json]:
    """Returns the object under a key, or an empty one."""
    inner = data.get(key)
    return inner if isinstance(inner, dict) else {}


def items(data: Mapping[str, Json], key: str) -> list[dict[str, Json]]:
    """Returns the objects of a list under a key."""
    inner = data.get(key)
    return [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []


def word(data: Mapping[str, Json], key: str) -> str:
    """Returns a text or a number under a key as text, or nothing."""
    inner = data.get(key)
    known = isinstance(inner, str | int | float) and not isinstance(inner, bool)
    return str(inner) if known else ""
