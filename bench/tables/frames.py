"""Rows as pandas frames, each column with the type its table states."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.tables.model import Column, cells, columns

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {"string": "string", "number": "float64", "integer": "Int64", "boolean": "boolean"}


def _pandas() -> Any:  # noqa: ANN401 -- a module; an environment may lack it
    """Returns pandas, imported where a frame is made.

    Raises:
        UsageError: it is not here, as where torch's own image was left as it is.
    """
    try:
        return import_module("pandas")
    except ImportError:
        raise UsageError("frames need pandas: pip install pandas") from None


def frame(shape: type[Any], rows: Iterable[Any]) -> "pd.DataFrame":
    """Returns rows of one table as a frame; an empty cell is NA in text, NaN in numbers.

    Raises:
        UsageError: pandas is not here.
    """
    pandas = _pandas()
    known = columns(shape)
    made = pandas.DataFrame([cells(row) for row in rows], columns=[one.name for one in known])
    typed: pd.DataFrame = made.astype({one.name: _dtype(one) for one in known})
    return typed


def loose(rows: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Returns rows without a stated shape as a frame; a column's type is that of what it holds.

    Text is ``string``, whole numbers ``Int64``, truth ``boolean``, else numbers ``float64``; a
    column that holds nothing is NaN.

    Raises:
        UsageError: pandas is not here.
    """
    pandas = _pandas()
    told = [dict(row) for row in rows]
    names = dict.fromkeys(name for row in told for name in row)
    held = {name: {type(row.get(name)) for row in told} - {type(None)} for name in names}
    made = pandas.DataFrame(told, columns=list(names))
    typed: pd.DataFrame = made.astype({name: _held(kinds) for name, kinds in held.items()})
    return typed


def _held(kinds: set[type]) -> str:
    """Returns the pandas type of a column that holds these types."""
    if str in kinds:
        return DTYPES["string"]
    if kinds == {bool}:
        return DTYPES["boolean"]
    return DTYPES["integer"] if kinds == {int} else DTYPES["number"]


def _dtype(column: Column) -> str:
    """Returns the pandas type: nullable only where a cell may be empty."""
    plain = {"integer": "int64", "boolean": "bool"}
    return plain[column.type] if _is_full(column) else DTYPES[column.type]


def _is_full(column: Column) -> bool:
    return column.type in ("integer", "boolean") and not column.optional
