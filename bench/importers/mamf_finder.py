"""Importer of mamf-finder: the log of a search for the fastest matrix product, from any version.

The best mean represents the search, as in the tool's own tables. From version 3 on, this is the
rate sustained over a window (MSMF); the burst (MAMF) goes into the conditions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.evidence.model import Defect, Reported
from bench.importers.base import (
    NUMBER,
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    lines,
    match_line,
)

SHAPE = r"([0-9]{1,9}x[0-9]{1,9}x[0-9]{1,9})"
STARTED = re.compile(r"Benchmark started on ([0-9]{4}-[0-9]{2}-[0-9]{2})\b.{0,20}")
DTYPE = re.compile(r"\*\* Dtype: (\S{1,40})")
VERSION = re.compile(r"- benchmark version: ([0-9]{1,4})")
STACK = re.compile(r"(?:- )?((?:torch|cuda|hip|hpu|xpu|mps)=.{1,120})")
DEVICE = re.compile(r"(?:- )?_?[A-Za-z]{1,20}DeviceProperties\(name='([^']{1,80})'.{0,500}")
TRIED = re.compile(r"Tried {1,4}([0-9]{1,9}) shapes => the best outcomes were:")
BEST = re.compile(rf"(mean|median|max): {{1,8}}({NUMBER}) TFLOPS @ {SHAPE} \(MxNxK\)")
HEADLINE = re.compile(
    rf"(MAMF|MSMF) \([^)]{{1,60}}\): {{1,8}}({NUMBER}) TFLOPS @ {SHAPE} \(MxNxK\)(.{{0,80}})"
)
BEST_IN_VERSION_1 = re.compile(
    rf"The best outcome was ({NUMBER})(?:\(max\)/({NUMBER})\(median\) )?TFLOPS @ {SHAPE}"
    r"(?: \(MxNxK\))? \(tried ([0-9]{1,9}) shapes\)"
)
OUTCOMES = ("mean:", "median:", "max:", "MAMF (", "MSMF (", "The best outcome was")
UNSTEADY_REMARK = "MSMF is the fastest unsteady one"
THROTTLED_REMARK = "no MAMF candidate reached the boost clock"
IDLE = re.compile(r"note: ([0-9]{1,4}) same-board sibling GPU\(s\) sat idle .{0,80}")
HEADER = {"date": STARTED, "dtype": DTYPE, "version": VERSION, "named": DEVICE, "idle": IDLE}


class _Outcome(NamedTuple):
    """One outcome of a search: line number, rate (TFLOP/s), shape, and the rest of its line."""

    line: int
    rate: str
    shape: str
    note: str = ""


@dataclass
class _Search:
    """One run in the log, as far as it was read.

    Attributes:
        header: facts from the header, by name.
        stack: versions of the software stack.
        remarks: remarks that the tool made on the result.
        tried: number of shapes tried.
        best: outcomes, by name.
    """

    header: dict[str, str] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    tried: int = 0
    best: dict[str, _Outcome] = field(default_factory=dict)


def recognises(text: str) -> bool:
    """Tells whether a text has the line that ends a search, or the header of a search."""
    start = beginning(text)
    has_outcomes = "shapes => the best outcomes were:" in text or "The best outcome was" in text
    return has_outcomes or ("** Dtype: " in start and "MxNxK" in start)


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each search in a log.

    Raises:
        NotUnderstood: the log is another tool's or cut off, or a number is invalid.
    """
    searches = [_Search()]
    for number, line in lines(text):
        searches += _read_line(line, number, searches[-1], stated)
    return collect(
        stated, (_row(search, stated) for search in searches if _has_outcomes(search, text, stated))
    )


def _read_line(line: str, number: int, search: _Search, stated: Stated) -> list[_Search]:
    """Reads a line into its search; returns a new search if the line starts one."""
    started = match_line(STARTED, line)
    if started and (search.best or search.header):
        return [_Search(header={"date": started[1]})]
    for name, pattern in HEADER.items():
        if match := match_line(pattern, line):
            search.header[name] = match[1]
    if stack := match_line(STACK, line):
        search.stack.append(stack[1])
    search.remarks += [remark for remark in (UNSTEADY_REMARK, THROTTLED_REMARK) if remark in line]
    if tried := match_line(TRIED, line):
        search.tried = int(tried[1])
    if line.startswith(OUTCOMES) and (search.tried or line.startswith("The best")):
        _read_outcome(line, number, search, stated)
    return []


def _read_outcome(line: str, number: int, search: _Search, stated: Stated) -> None:
    if match := match_line(BEST, line):
        search.best[match[1]] = _Outcome(number, match[2], match[3])
    elif match := match_line(HEADLINE, line):
        search.best[match[1]] = _Outcome(number, match[2], match[3], match[4].strip())
    elif match := match_line(BEST_IN_VERSION_1, line):
        search.tried = int(match[4])
        name = "median" if match[2] else "mean"
        search.best[name] = _Outcome(number, match[2] or match[1], match[3])
    else:
        raise stated.fault(
            "the outcome holds no rate with a shape", "give the log as it was", number
        )


def _has_outcomes(search: _Search, text: str, stated: Stated) -> bool:
    """Tells whether a search has outcomes.

    Raises:
        NotUnderstood: the search started and has no outcomes, or the text is no such log.
    """
    if search.best:
        return True
    if search.header or search.tried or "(MxNxK)" in text or "TFLOPS" in text:
        fix = "let it end, or stop it with Ctrl-C, which prints the best so far"
        raise stated.fault(
            "the search has no end: 'Tried N shapes' with its outcomes is missing", fix
        )
    raise stated.fault("is no log of mamf-finder", "give the file named by its --output_file")


def _row(search: _Search, stated: Stated) -> Reported:
    """Returns the row of a search."""
    name = next(one for one in ("MSMF", "mean", "median", "MAMF", "max") if one in search.best)
    best = search.best[name]
    dtype = stated.format_of(search.header.get("dtype"))
    is_burst, is_picked = name in ("MAMF", "max"), search.tried > 1 and name != "MSMF"
    return stated.row(
        best.line,
        id=f"matmul-{dtype}",
        named=search.header.get("named"),
        quantity="matmul_best" if search.tried > 1 else "matmul_shape",
        dtype=dtype,
        value=f"{best.rate} TFLOP/s",
        statistic="best" if is_picked or is_burst else "median" if name == "median" else "mean",
        defects=((Defect.BEST,) if is_picked or is_burst else ())
        + ((Defect.BRIEF,) if is_burst else ()),
        date=stated.when(search.header.get("date")),
        software=stated.software or ", ".join(search.stack),
        workload={"shape": best.shape},
        conditions=_conditions(search, name),
        note="; ".join(_notes(search)),
    )


def _conditions(search: _Search, name: str) -> dict[str, str]:
    version = search.header.get("version", "not told")
    others = [
        f"{other_name} {outcome.rate} TFLOP/s at {outcome.shape}"
        for other_name, outcome in search.best.items()
        if other_name != name
    ]
    return {
        "tool": f"mamf-finder, benchmark version {version}",
        "method": f"best shape of {search.tried}, {name} of its iterations",
        "power": search.best[name].note,
        "other": "; ".join(others),
    }


def _notes(search: _Search) -> Iterator[str]:
    if UNSTEADY_REMARK in search.remarks:
        yield "no shape held a steady rate"
    if THROTTLED_REMARK in search.remarks:
        yield "the burst did not reach the boost clock"
    if "idle" in search.header:
        yield f"{search.header['idle']} devices of the same board were idle"


IMPORTER = Importer(
    "mamf-finder", "mamf-finder: the log of a search, its best mean", recognises, read
)
