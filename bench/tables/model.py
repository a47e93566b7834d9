"""What a table is: a dataclass of rows whose fields state type, meaning and unit of the columns."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.report.text.scalar import Scalar
from bench.rules.load import Rulebook

TYPES = {str: "string", float: "number", int: "integer", bool: "boolean"}
"""Name of each type of column."""


@dataclass(frozen=True)
class Data:
    """What tables are made from.

    Attributes:
        chips: the chips to export.
        catalogue: all sheets, designs and sources.
        book: the export rules.
    """

    chips: tuple[Chip, ...]
    catalogue: Catalogue
    book: Rulebook


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        type: ``string``, ``number``, ``integer`` or ``boolean``.
        unit: unit of a number, ``1`` for a pure number; empty for other types.
        optional: whether a cell may be empty, which means unknown or not stated.
    """

    name: str
    type: str
    unit: str
    meaning: str
    optional: bool


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: stem of its file.
        title: what it has, in words.
        shape: the dataclass of its rows.
        rows: makes the rows.
    """

    name: str
    title: str
    shape: type[Any]
    rows: Callable[[Data], Iterable[Any]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Returns the columns in order."""
        return columns(self.shape)


def columns(shape: type[Any]) -> tuple[Column, ...]:
    """Returns the columns of a dataclass of rows, from its ``Annotated`` fields: meaning, unit."""
    hints = get_type_hints(shape, include_extras=True)
    return tuple(_column(field.name, hints[field.name]) for field in dataclasses.fields(shape))


def _column(name: str, hint: Any) -> Column:  # noqa: ANN401 -- a type, as typing gives it
    hinted, meaning, *unit = get_args(hint)
    types = get_args(hinted) if get_origin(hinted) is UnionType else (hinted,)
    (plain,) = (one for one in types if one is not NoneType)
    return Column(name, TYPES[plain], unit[0] if unit else "", meaning, NoneType in types)


def cells(row: Any) -> dict[str, Scalar]:  # noqa: ANN401 -- a row of any table
    """Returns a row as a mapping from column to value."""
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}


def joined(words: Iterable[str]) -> str | None:
    """Returns several texts as one cell, separated by "; "; None if there are none."""
    return "; ".join(words) or None
