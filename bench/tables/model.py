"""What a table is: a typed row whose columns say what they mean."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.rules.load import Rulebook

Scalar: TypeAlias = str | int | float | bool | None
TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}


@dataclass(frozen=True)
class Data:
    """What tables are made of: the chips asked for, and all that they refer to."""

    chips: tuple[Chip, ...]
    catalogue: Catalogue
    book: Rulebook


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        type: ``string``, ``number``, ``integer`` or ``boolean``.
        unit: unit of a number, ``1`` for a bare one; empty where there is none.
        optional: whether a cell may be empty, which means unknown or not said.
    """

    name: str
    type: str
    unit: str
    meaning: str
    optional: bool


@dataclass(frozen=True)
class Table:
    """One table: its name, what one row of it is, and how the rows are made."""

    name: str
    title: str
    shape: type[Any]
    rows: Callable[[Data], Iterable[Any]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Returns the columns in order."""
        return columns(self.shape)


def columns(shape: type[Any]) -> tuple[Column, ...]:
    """Returns the columns of a row class, read from its ``Annotated`` fields: meaning, unit."""
    hints = get_type_hints(shape, include_extras=True)
    return tuple(_column(one.name, hints[one.name]) for one in dataclasses.fields(shape))


def _column(name: str, hint: Any) -> Column:  # noqa: ANN401 -- a type, as typing gives it
    kind, meaning, *unit = get_args(hint)
    kinds = get_args(kind) if get_origin(kind) is UnionType else (kind,)
    (plain,) = (one for one in kinds if one is not NoneType)
    return Column(name, TYPES[plain], unit[0] if unit else "", meaning, NoneType in kinds)


def cells(row: Any) -> dict[str, Scalar]:  # noqa: ANN401 -- a row of any table
    """Returns a row as a mapping of its columns."""
    return {one.name: getattr(row, one.name) for one in dataclasses.fields(row)}


def joined(words: Iterable[str]) -> str | None:
    """Returns several words in one cell, or None for none."""
    return "; ".join(words) or None
