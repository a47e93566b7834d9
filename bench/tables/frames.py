"""Rows as pandas frames, each column with the type that its table states."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bench.tables.model import Column, cells, columns

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {"string": "string", "number": "float64", "integer": "Int64", "boolean": "boolean"}
"""Pandas type of each type of column; all but ``float64`` have a value for empty cells."""


def frame(shape: type[Any], rows: Iterable[Any]) -> "pd.DataFrame":
    """Returns the rows of one table as a frame; an empty cell is NA in text, NaN in numbers.

    Args:
        shape: dataclass of the rows.
        rows: the rows.
    """
    import pandas as pd

    known = columns(shape)
    untyped = pd.DataFrame([cells(row) for row in rows], columns=[one.name for one in known])
    typed: pd.DataFrame = untyped.astype({one.name: _dtype(one) for one in known})
    return typed


def loose(rows: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Returns rows without stated columns as a frame, with types inferred from the values.

    A column with any text is ``string``, one of whole numbers ``Int64``, one of truth values
    ``boolean``, any other ``float64``; an empty column is NaN.
    """
    import pandas as pd

    mappings = [dict(row) for row in rows]
    names = dict.fromkeys(name for row in mappings for name in row)
    types = {name: {type(row.get(name)) for row in mappings} - {type(None)} for name in names}
    untyped = pd.DataFrame(mappings, columns=list(names))
    typed: pd.DataFrame = untyped.astype({name: _inferred(found) for name, found in types.items()})
    return typed


def _inferred(types: set[type]) -> str:
    """Returns the pandas type of a column whose values have these types."""
    if str in types:
        return DTYPES["string"]
    if types == {bool}:
        return DTYPES["boolean"]
    return DTYPES["integer"] if types == {int} else DTYPES["number"]


def _dtype(column: Column) -> str:
    """Returns the pandas type of a column: integers and truth values are nullable if optional."""
    required = {"integer": "int64", "boolean": "bool"}
    return (
        DTYPES[column.type] if column.optional else required.get(column.type, DTYPES[column.type])
    )
