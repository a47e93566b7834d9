"""Tables of measured times that the model is fitted on and tested against: ``results/tables``.

Each is a CSV of rows and a YAML file of the same name that says where they come from, of what
kind they are and how they were chosen.
"""

import csv
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from bench import paths, yamlfile
from bench.chips.figures import MATRIX_DTYPES
from bench.datafile import named, relative
from bench.errors import DataError, Fault, did_you_mean
from bench.evidence.model import Origin
from bench.predict.model.precision import BLOCK, ITEM, WEIGHT_ONLY
from bench.strict import Strict

TableKind = Literal["gemm", "attention", "grouped", "collective", "step", "serving", "training"]
WORDS = frozenset({
    "chip", "stack", "dtype", "kv_dtype", "phase", "part", "op", "model", "lengths", "origin",
    "date", "id",
})  # fmt: skip
"""Columns that hold words; all others hold numbers."""
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
    "training": (
        "chip", "stack", "model", "dtype", "chips", "tp", "pp", "cp", "ep", "vp", "micro", "batch",
        "length", "sharded", "recompute", "rate",
    ),
}  # fmt: skip
"""Columns that a table of each kind has; others may stand beside them."""
NOUGHT = frozenset({"latent", "sharded", "recompute"})
"""Columns of a kind that may be nought; no column of a kind may be empty."""
WHOLE = ("chips", "tp", "pp", "cp", "ep", "dp", "vp", "ranks")
"""Columns that count chips or parts of a model."""
FORMATS = frozenset({*ITEM, *BLOCK, *WEIGHT_ONLY})
"""Formats that a model may be kept in: a run of another is in no fit."""
RATES = FORMATS | {*MATRIX_DTYPES, "unknown"}
"""Formats of what is no whole model; it may be unknown what was sent."""
Told = tuple[str, str, str]
Text = Annotated[str, Field(min_length=1)]


class Head(Strict):
    """What the YAML file says of a table."""

    id: str
    source: Origin
    kind: TableKind
    sampled: Text
    statistic: Literal["best", "mean", "median", "unknown"]
    columns: Mapping[str, Text] = {}
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Row:
    """One measured time: its words and its numbers, by column, and its line in the file."""

    words: Mapping[str, str]
    numbers: Mapping[str, float]
    line: int = 0

    def __getitem__(self, column: str) -> float:
        """Returns a number; nought where the file leaves it empty."""
        return self.numbers.get(column, 0.0)

    @property
    def chip(self) -> str:
        """Returns the id of the sheet."""
        return self.words["chip"]


@dataclass(frozen=True)
class Table:
    """A table with its rows and its source."""

    told: Head
    rows: tuple[Row, ...]


def decoding(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Returns rows of serving in which most of the requests under way were decoding.

    By Little's law the share of them that decode at a time is that of the time after the first
    token in a request's own. Where it is under a half, memory or a limit of the engine kept the
    batch below the concurrency, which is all that is given, and the time of a token is no batch's
    of that size. Such rows stay in the table.
    """
    return tuple(row for row in rows if row["ttft_ms"] <= row["tpot_ms"] * (row["output"] - 1))


def tables(folder: Path | None = None) -> Mapping[str, Table]:
    """Loads the tables by id from ``folder`` (default: the shipped ``results/``).

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    loaded, faults = examine(folder or paths.data_dir("results"))
    if faults:
        raise DataError(faults)
    return loaded


def examine(
    folder: Path, chips: Collection[str] | None = None, models: Collection[str] | None = None
) -> tuple[Mapping[str, Table], list[Fault]]:
    """Loads what can be loaded of ``folder/tables``; rows are held against sheets and workloads."""
    found: dict[str, Table] = {}
    faults: list[Fault] = []
    for path in sorted((folder / "tables").glob("*.yaml")):
        told, new = named(Head, path, folder, yamlfile.read)
        faults += new
        if told is None:
            continue
        beside = path.with_suffix(".csv")
        name = relative(beside, folder)
        rows, new = _rows(beside, name, told.kind)
        known = {"chip": chips, "model": models}
        faults += new + [Fault(name, *one) for one in _unknown(rows, known)]
        found[told.id] = Table(told, tuple(rows))
    return MappingProxyType(found), faults


def _rows(path: Path, name: str, kind: TableKind) -> tuple[list[Row], list[Fault]]:
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
        problem = problem or (_missing(row, kind) or _divided(row) if row else "")
        if problem or row is None:
            faults.append(Fault(name, f"line {number}", problem, "correct the line"))
        else:
            rows.append(row)
    return rows, faults


def _row(header: list[str], line: list[str], number: int) -> tuple[Row | None, str]:
    """Returns the row of a line, or what is wrong with it."""
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


def _missing(row: Row, kind: TableKind) -> str:
    """Returns which column of its kind a row leaves empty, or fills with what cannot be."""
    for column in COLUMNS[kind]:
        if not row.words.get(column) and column not in row.numbers:
            return f"{column} is missing"
        if row.numbers.get(column) == 0 and column not in NOUGHT:
            return f"{column} is 0"
        if column in WHOLE and row[column] % 1:
            return f"{column} is {row[column]:g}"
    known = FORMATS if kind in {"step", "training"} else RATES
    for column in ("dtype", "kv_dtype"):
        if column in COLUMNS[kind] and row.words[column] not in known:
            return f"{column}: there is no {row.words[column]!r}"
    return ""


def _divided(row: Row) -> str:
    """Returns what is wrong with how chips share a model, or nothing."""
    tp, pp, cp, ep, dp = (row[key] or 1 for key in ("tp", "pp", "cp", "ep", "dp"))
    chips = row["chips"] or tp * pp * cp * dp
    if chips % (tp * pp * cp):
        return f"tp{tp:g} x pp{pp:g} x cp{cp:g} does not divide {chips:g} chips"
    wide = chips / (pp * cp)
    return f"ep{ep:g} does not divide the {wide:g} chips of tp x dp" if wide % ep else ""


def _unknown(rows: list[Row], known: Mapping[str, Collection[str] | None]) -> Iterator[Told]:
    for column, names in known.items():
        if names is None:
            continue
        first = {row.words[column]: row.line for row in reversed(rows) if column in row.words}
        for word, line in sorted(first.items(), key=lambda one: one[1]):
            if word not in names:
                problem = f"{column}: there is no {word!r}"
                yield f"line {line}", problem, did_you_mean(word, names)
