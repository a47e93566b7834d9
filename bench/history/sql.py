"""SQL over records: DuckDB on their summaries and on the files themselves.

Views: ``records``, a row a record; ``measurements``, a row a measurement, with its record; both
have the names of columns that tables have;
``files``, the JSON files as DuckDB reads them, with every sample.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.archive.entry import Head, What
from bench.archive.index import Index
from bench.errors import UsageError
from bench.report.digits import counted
from bench.report.markup import Report
from bench.report.scalar import Rows, Scalar
from bench.report.table import Table

HEAD = tuple("record" if name == "id" else name for name in Head._fields)
WHAT = tuple("figure" if name == "key" else name for name in What._fields)
VALUES = ("status", "measured", "measured_low", "measured_high", "clock_hz", "power_w",
          "temperature_c", "throttle", "disturbed")  # fmt: skip


def asked(index: Index, folders: Sequence[Path], query: str) -> Report:
    """Returns the answer to a query as a table.

    Raises:
        UsageError: DuckDB is not installed, or rejects the query.
    """
    try:
        duckdb: Any = import_module("duckdb")
        import_module("pandas")
    except ImportError:
        raise UsageError("sql= needs DuckDB and pandas: pip install 'onpaper[duckdb]'") from None
    with duckdb.connect(":memory:") as database:
        _views(database, index, folders)
        try:
            answer = database.execute(query)
            columns = [one[0] for one in answer.description or ()]
            rows = answer.fetchall() if columns else []
        except duckdb.Error as error:
            raise UsageError(f"sql=: {' '.join(str(error).split())[:500]}") from None
    return _page(columns, rows, query)


def _views(database: Any, index: Index, folders: Sequence[Path]) -> None:  # noqa: ANN401 -- duckdb is optional
    """Creates the views of a query; frames are read in place."""
    import pandas as pd

    lines = [(head.id, *one.what, *one[1:]) for head, each in index.walk() for one in each]
    database.register("records", pd.DataFrame(index.heads(), columns=list(HEAD)))
    names = ["record", *WHAT, *VALUES]
    database.register("measurements", pd.DataFrame(lines, columns=names))
    globs = [f"{folder}/**/*.json" for folder in folders if any(folder.rglob("*.json"))]
    if globs:
        told = ", ".join("'" + one.replace("'", "''") + "'" for one in globs)
        database.execute(
            f"CREATE VIEW files AS SELECT * FROM read_json([{told}], union_by_name = true, "  # noqa: S608 -- the user's own folders, quoted
            "filename = true, maximum_object_size = 200000000)"
        )


def _page(columns: Sequence[str], rows: Sequence[tuple[object, ...]], query: str) -> Report:
    cells = tuple(tuple("–" if one is None else _word(one) for one in row) for row in rows)
    table = Table(query, (), tuple(columns), cells, (f"{counted(len(rows), 'row')}.",), ())
    flat = [dict(zip(columns, map(_scalar, row), strict=True)) for row in rows]
    return Report(table, Rows(lambda: flat))


def _word(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _scalar(value: object) -> Scalar:
    plain = value is None or isinstance(value, str | int | float | bool)
    return value if plain else str(value)  # type: ignore[return-value]  # of the plain ones
