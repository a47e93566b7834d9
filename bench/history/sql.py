"""SQL over records: DuckDB on their summaries and on the files themselves.

Views: ``records``, one row per record; ``measurements``, one row per measurement with its record's
id, both with the column names of our tables; and ``files``, the JSON files as DuckDB reads them,
with every sample. A query reads nothing else and writes no file.
"""

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.archive.entry import Head, What
from bench.archive.index import Index
from bench.errors import UsageError
from bench.report.table import Table
from bench.report.text.markup import Report
from bench.report.text.scalar import Rows, Scalar
from bench.words import counted

HEAD_COLUMNS = tuple("record" if name == "id" else name for name in Head._fields)
WHAT_COLUMNS = tuple("figure" if name == "key" else name for name in What._fields)
VALUE_COLUMNS = ("status", "measured", "measured_low", "measured_high", "clock_hz", "power_w",
          "temperature_c", "throttle", "disturbed")  # fmt: skip

CLOSED = "SET enable_external_access = false; SET lock_configuration = true"
"""Settings under which a query can neither read nor write a file, nor load an extension."""
ONLY = (
    "reads records, measurements and files only, and writes no file (report=csv prints the answer)"
)


def run_query(index: Index, folders: Sequence[Path], query: str) -> Report:
    """Returns the result of a query as a table.

    Raises:
        UsageError: DuckDB is not installed, or rejects the query, or the query reads or writes
            other files.
    """
    try:
        duckdb: Any = import_module("duckdb")
    except ImportError:
        raise UsageError("sql= needs DuckDB: pip install 'onpaper[duckdb]'") from None
    with duckdb.connect(":memory:") as database:
        _create_views(database, index)
        if re.search(r"\bfiles\b", query, re.IGNORECASE):
            _load_files(database, folders)
        database.execute(CLOSED)
        try:
            answer = database.execute(query)
            columns = [column[0] for column in answer.description or ()]
            rows = answer.fetchall() if columns else []
        except duckdb.PermissionException as error:
            raise UsageError(f"sql= {ONLY}: {_short(error)}") from None
        except duckdb.Error as error:
            raise UsageError(f"sql=: {_short(error)}") from None
    return _result_table(columns, rows, query)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:500]


def _create_views(database: Any, index: Index) -> None:  # noqa: ANN401 -- duckdb is optional
    """Creates the views; data frames are read in place.

    Text is in columns of objects: DuckDB 1.1 does not know the type of text of pandas 3.
    """
    import pandas as pd

    def view(name: str, rows: Sequence[Sequence[object]], columns: Sequence[str]) -> None:
        frame = pd.DataFrame(rows, columns=list(columns))
        text = {key: object for key, kind in frame.dtypes.items() if kind == "str"}
        database.register(name, frame.astype(text))

    rows = [(head.id, *line.what, *line[1:]) for head, lines in index.walk() for line in lines]
    view("records", index.heads(), HEAD_COLUMNS)
    view("measurements", rows, ("record", *WHAT_COLUMNS, *VALUE_COLUMNS))


def _load_files(database: Any, folders: Sequence[Path]) -> None:  # noqa: ANN401 -- duckdb is optional
    """Reads the JSON files into a table, since a query may not read from the disk."""
    globs = [f"{folder}/**/*.json" for folder in folders if any(folder.rglob("*.json"))]
    if globs:
        quoted = ", ".join("'" + line.replace("'", "''") + "'" for line in globs)
        database.execute(
            f"CREATE TABLE files AS SELECT * FROM read_json([{quoted}], union_by_name = true, "  # noqa: S608 -- the user's own folders, quoted
            "filename = true, maximum_object_size = 200000000)"
        )


def _result_table(columns: Sequence[str], rows: Sequence[tuple[object, ...]], query: str) -> Report:
    cells = tuple(tuple("–" if value is None else _cell(value) for value in row) for row in rows)
    table = Table(query, (), tuple(columns), cells, (f"{counted(len(rows), 'row')}.",), ())
    flat = [dict(zip(columns, map(_scalar, row), strict=True)) for row in rows]
    return Report(table, Rows(lambda: flat))


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _scalar(value: object) -> Scalar:
    plain = value is None or isinstance(value, str | int | float | bool)
    return value if plain else str(value)  # type: ignore[return-value]  # of the plain ones
