"""A table as CSV, JSON or Parquet; each format has the same rows."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from bench.errors import UsageError
from bench.files.spreadsheet import guarded
from bench.report.text.scalar import Scalar
from bench.tables import frames
from bench.tables.model import Table, cells


def as_csv(table: Table, rows: Sequence[Any]) -> bytes:
    """Returns comma-separated values with a header, in UTF-8."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [one.name for one in table.columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in cells(row).items()} for row in rows)
    return out.getvalue().encode()


def _cell(value: Scalar) -> Scalar:
    """Returns a CSV cell: ``true`` or ``false``, and text guarded against formulas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value)


def as_json(_: Table, rows: Sequence[Any]) -> bytes:
    """Returns a JSON list of objects, one per line."""
    lines = [json.dumps(cells(row), ensure_ascii=False, allow_nan=False) for row in rows]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def as_parquet(table: Table, rows: Sequence[Any]) -> bytes:
    """Returns an Apache Parquet file.

    Raises:
        UsageError: pyarrow, which writes it, is not installed.
    """
    if find_spec("pyarrow") is None:
        fix = "pip install 'onpaper[parquet]', or leave parquet out of formats="
        raise UsageError(f"parquet needs pyarrow, which is not installed: {fix}")
    content: bytes = frames.frame(table.shape, rows).to_parquet(index=False, engine="pyarrow")
    return content


WRITERS: dict[str, Callable[[Table, Sequence[Any]], bytes]] = {
    "csv": as_csv,
    "json": as_json,
    "parquet": as_parquet,
}
