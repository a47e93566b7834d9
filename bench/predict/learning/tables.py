"""Tables of measured times in ``results/tables``, which the model is fitted on and tested with.

Each table is a CSV file of rows, and a YAML file of the same name that states their source, their
kind and how they were chosen.
"""

import csv
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from bench import paths
from bench.chips.figures import MATRIX_DTYPES
from bench.errors import Fault, Flaw, did_you_mean, sound
from bench.evidence.model import Origin
from bench.files import yamlfile
from bench.files.caches import once
from bench.files.datafile import named, relative
from bench.files.strict import Strict
from bench.predict.model.precision import BLOCK, ITEM, WEIGHT_ONLY

TableKind = Literal[
    "gemm", "attention", "grouped", "collective", "step", "serving", "disaggregated", "training"
]
WORDS = frozenset({
    "chip", "stack", "dtype", "kv_dtype", "phase", "part", "op", "model", "lengths", "origin",
    "date", "id",
})  # fmt: skip
"""Columns that contain words; all others contain numbers."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "gemm": ("chip", "stack", "dtype", "m", "n", "k", "us"),
    "attention": (
        "chip", "stack", "phase", "dtype", "kv_dtype", "heads", "kv_heads", "head_dim", "latent",
        "batch", "length", "us",
    ),
    "grouped": (
        "chip", "stack", "phase", "dtype", "experts", "per_token", "tokens", "hidden",
        "intermediate", "part", "us",
    ),
    "collective": ("chip", "stack", "op", "dtype", "ranks", "bytes", "us"),
    "step": (
        "chip", "stack", "model", "dtype", "tp", "batch", "tokens", "squares", "output",
        "prefill_s", "decode_s", "total_s", "repeats",
    ),
    "serving": (
        "chip", "stack", "model", "dtype", "tp", "ep", "dp", "input", "output", "concurrency",
        "ttft_ms", "tpot_ms",
    ),
    "disaggregated": (
        "chip", "stack", "model", "dtype", "prefill_tp", "prefill_ep", "prefill_dp", "tp", "ep",
        "dp", "input", "output", "concurrency", "ttft_ms", "tpot_ms",
    ),
    "training": (
        "chip", "stack", "model", "dtype", "chips", "tp", "pp", "cp", "ep", "vp", "micro", "batch",
        "length", "sharded", "recompute", "rate",
    ),
}  # fmt: skip
"""Columns that a table of each kind must have; it may have others."""
MAY_BE_ZERO = frozenset({"latent", "sharded", "recompute"})
"""Required columns that may be 0. None may be empty."""
PREFILL = "prefill_"
"""Beginning of the columns that say how the chips for prefill divide a model; ``tp`` and such then
say how those that decode do."""
COUNTS = (
    "chips", "tp", "pp", "cp", "ep", "dp", "vp", "ranks",
    *(f"{PREFILL}{key}" for key in ("tp", "ep", "dp")),
)  # fmt: skip
"""Columns that count chips or parts of a model, so that their values are integers."""
FORMATS = frozenset({*ITEM, *BLOCK, *WEIGHT_ONLY})
"""Formats that a model's weights may have; runs with others are not fitted."""
RATES = FORMATS | {*MATRIX_DTYPES, "unknown"}
"""Formats in tables of single kernels and of serving; for messages it may be unknown."""
Text = Annotated[str, Field(min_length=1)]


class Head(Strict):
    """Description of a table, from its YAML file.

    Attributes:
        id: name of the table.
        source: origin of the rows.
        kind: kind of the table, which determines its columns.
        sampled: how the rows were chosen.
        statistic: which of many samples each time is.
        columns: meaning of further columns.
        notes: further remarks.
    """

    id: str
    source: Origin
    kind: TableKind
    sampled: Text
    statistic: Literal["best", "mean", "median", "unknown"]
    columns: Mapping[str, Text] = {}
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of a table, a measured time.

    Attributes:
        words: text by column.
        numbers: number by column; empty columns are left out.
        line: line in the file, from 1; 0 if the row is from no file.
    """

    words: Mapping[str, str]
    numbers: Mapping[str, float]
    line: int = 0

    def __getitem__(self, column: str) -> float:
        """Returns a number; 0 if the column is empty."""
        return self.numbers.get(column, 0.0)

    @property
    def chip(self) -> str:
        """Returns the id of the chip's sheet."""
        return self.words["chip"]


@dataclass(frozen=True)
class Table:
    """A table: its description and its rows."""

    head: Head
    rows: tuple[Row, ...]


def decoding(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Returns the rows of serving in which most of the requests under way were decoding.

    By Little's law, the share of requests that decode at a time is the share of a request's
    duration that comes after its first token. If it is below a half, memory or a limit of the
    engine kept the batch below the concurrency. As only the concurrency is known, such a row's TPOT
    cannot be assigned to a batch size. These rows remain in the table.
    """
    return tuple(row for row in rows if row["ttft_ms"] <= row["tpot_ms"] * (row["output"] - 1))


@once
def tables() -> Mapping[str, Table]:
    """Loads the tables of ``results/`` by id.

    Raises:
        DataError: any file has a fault; the error lists all faults of all files.
    """
    return sound(*examine(paths.data_dir("results")))


def examine(
    folder: Path, chips: Collection[str] | None = None, models: Collection[str] | None = None
) -> tuple[Mapping[str, Table], list[Fault]]:
    """Loads the tables of ``folder/tables`` that can be loaded, with the faults of all.

    Args:
        folder: the folder ``results``.
        chips: ids of sheets that rows may name; None accepts any.
        models: ids of workloads that rows may name; None accepts any.
    """
    found: dict[str, Table] = {}
    faults: list[Fault] = []
    for path in sorted((folder / "tables").glob("*.yaml")):
        head, new = named(Head, path, folder, yamlfile.read)
        faults += new
        if head is None:
            continue
        csv_file = path.with_suffix(".csv")
        name = relative(csv_file, folder)
        rows, new = _rows(csv_file, name, head.kind)
        known = {"chip": chips, "model": models}
        faults += new + [Fault(name, *problem) for problem in _unknown(rows, known)]
        found[head.id] = Table(head, tuple(rows))
    return MappingProxyType(found), faults


def _rows(path: Path, name: str, kind: TableKind) -> tuple[list[Row], list[Fault]]:
    """Returns the sound rows of a CSV file, and the faults of the others.

    Args:
        path: the file.
        name: its name in faults.
        kind: kind of the table.
    """
    try:
        lines = list(csv.reader(path.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return [], [Fault(name, "", str(error), "put the rows beside the YAML file")]
    header = lines[0] if lines else []
    missing = [one for one in COLUMNS[kind] if one not in header]
    if missing:
        return [], [Fault(name, "line 1", f"lacks {', '.join(missing)}", "add the columns")]
    twice = sorted({one for one in header if header.count(one) > 1})
    if twice:
        return [], [Fault(name, "line 1", f"has {', '.join(twice)} twice", "leave one")]
    rows, faults = [], []
    for number, line in enumerate(lines[1:], start=2):
        row, problem = _row(header, line, number)
        problem = problem or (_bad_cell(row, kind) or _bad_splits(row) if row else "")
        if problem or row is None:
            faults.append(Fault(name, f"line {number}", problem, "correct the line"))
        else:
            rows.append(row)
    return rows, faults


def _row(header: list[str], line: list[str], number: int) -> tuple[Row | None, str]:
    """Returns the row of a line, or None and what is wrong with it."""
    if len(line) != len(header):
        return None, f"has {len(line)} cells for {len(header)} columns"
    cells = dict(zip(header, line, strict=True))
    numbers: dict[str, float] = {}
    for column, text in cells.items():
        if column in WORDS or not text:
            continue
        try:
            numbers[column] = float(text)
        except ValueError:
            return None, f"{column} is no number: {text!r}"
        if not (math.isfinite(numbers[column]) and numbers[column] >= 0):
            return None, f"{column} is {text}"
    return Row({key: cells[key] for key in cells if key in WORDS}, numbers, number), ""


def _bad_cell(row: Row, kind: TableKind) -> str:
    """Returns the first missing or impossible value of a row's required columns, or ""."""
    for column in COLUMNS[kind]:
        if not row.words.get(column) and column not in row.numbers:
            return f"{column} is missing"
        if row.numbers.get(column) == 0 and column not in MAY_BE_ZERO:
            return f"{column} is 0"
        if column in COUNTS and row[column] % 1:
            return f"{column} is {row[column]:g}"
    known = FORMATS if kind in {"step", "training"} else RATES
    for column in ("dtype", "kv_dtype"):
        if column in COLUMNS[kind] and row.words[column] not in known:
            return f"{column}: there is no {row.words[column]!r}"
    return ""


def _bad_splits(row: Row) -> str:
    """Returns why a row's division over chips is impossible on either side, or ""."""
    return _bad_split(row) or _bad_split(row, PREFILL)


def _bad_split(row: Row, start: str = "") -> str:
    """Returns why a row's division over chips is impossible, or "".

    Args:
        row: the row.
        start: beginning of the columns that state the division.
    """
    tp, pp, cp, ep, dp = (row[f"{start}{key}"] or 1 for key in ("tp", "pp", "cp", "ep", "dp"))
    chips = row["chips"] or tp * pp * cp * dp
    if chips % (tp * pp * cp):
        return f"tp{tp:g} x pp{pp:g} x cp{cp:g} does not divide {chips:g} chips"
    group = chips / (pp * cp)
    return f"ep{ep:g} does not divide the {group:g} chips of tp x dp" if group % ep else ""


def _unknown(rows: list[Row], known: Mapping[str, Collection[str] | None]) -> Iterator[Flaw]:
    """Yields each name of a chip or model that is unknown, once, at its first line."""
    for column, names in known.items():
        if names is None:
            continue
        first = {row.words[column]: row.line for row in reversed(rows) if column in row.words}
        for word, line in sorted(first.items(), key=lambda one: one[1]):
            if word not in names:
                problem = f"{column}: there is no {word!r}"
                yield f"line {line}", problem, did_you_mean(word, names)
