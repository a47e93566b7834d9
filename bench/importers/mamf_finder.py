"""mamf-finder: the log of a search for the fastest matrix product, of all its versions.

The best mean stands for the search, as in the tool's own tables; from version 3 on it is the
rate held over a window (MSMF), with the burst (MAMF) told beside it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.evidence.model import Defect, Reported
from bench.importers.base import NUMBER, Found, Given, Importer, found, head, matched
from bench.importers.base import numbered_lines as lines

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
FIRST = re.compile(
    rf"The best outcome was ({NUMBER})(?:\(max\)/({NUMBER})\(median\) )?TFLOPS @ {SHAPE}"
    r"(?: \(MxNxK\))? \(tried ([0-9]{1,9}) shapes\)"
)
OUTCOMES = ("mean:", "median:", "max:", "MAMF (", "MSMF (", "The best outcome was")
UNSTEADY = "MSMF is the fastest unsteady one"
THROTTLED = "no MAMF candidate reached the boost clock"
IDLE = re.compile(r"note: ([0-9]{1,4}) same-board sibling GPU\(s\) sat idle .{0,80}")
HEADER = {"date": STARTED, "dtype": DTYPE, "version": VERSION, "named": DEVICE, "idle": IDLE}


@dataclass
class _Search:
    """One run in the log, as far as it was read: what its header says, and its outcomes."""

    told: dict[str, str] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    tried: int = 0
    best: dict[str, tuple[int, str, str, str]] = field(default_factory=dict)


def knows(text: str) -> bool:
    """Tells whether a text has the line that ends a search, or the header of one."""
    begun = head(text)
    ended = "shapes => the best outcomes were:" in text or "The best outcome was" in text
    return ended or ("** Dtype: " in begun and "MxNxK" in begun)


def read(text: str, given: Given) -> Found:
    """Returns one row for each search in a log.

    Raises:
        NotUnderstood: it is another tool's, was cut off, or a number in it is none.
    """
    searches = [_Search()]
    for number, line in lines(text):
        searches += _take(line, number, searches[-1], given)
    return found(given, (_row(one, given) for one in searches if _ended(one, text, given)))


def _take(line: str, number: int, here: _Search, given: Given) -> list[_Search]:
    """Adds what a line says to its search; returns the next search where one begins."""
    started = matched(STARTED, line)
    if started and (here.best or here.told):
        return [_Search(told={"date": started[1]})]
    for name, pattern in HEADER.items():
        if told := matched(pattern, line):
            here.told[name] = told[1]
    if stack := matched(STACK, line):
        here.stack.append(stack[1])
    here.remarks += [one for one in (UNSTEADY, THROTTLED) if one in line]
    if tried := matched(TRIED, line):
        here.tried = int(tried[1])
    if line.startswith(OUTCOMES) and (here.tried or line.startswith("The best")):
        _outcome(line, number, here, given)
    return []


def _outcome(line: str, number: int, here: _Search, given: Given) -> None:
    if one := matched(BEST, line):
        here.best[one[1]] = (number, one[2], one[3], "")
    elif one := matched(HEADLINE, line):
        here.best[one[1]] = (number, one[2], one[3], one[4].strip())
    elif one := matched(FIRST, line):
        here.tried = int(one[4])
        here.best["median" if one[2] else "mean"] = (number, one[2] or one[1], one[3], "")
    else:
        raise given.fault(
            "the outcome holds no rate with a shape", "give the log as it was", number
        )


def _ended(search: _Search, text: str, given: Given) -> bool:
    """Tells whether a search has outcomes; one that never began is skipped.

    Raises:
        NotUnderstood: it began and has none.
    """
    if search.best:
        return True
    if search.told or search.tried or "(MxNxK)" in text or "TFLOPS" in text:
        fix = "let it end, or stop it with Ctrl-C, which prints the best so far"
        raise given.fault(
            "the search has no end: 'Tried N shapes' with its outcomes is missing", fix
        )
    raise given.fault("is no log of mamf-finder", "give the file named by its --output_file")


def _row(search: _Search, given: Given) -> Reported:
    """Returns the row that stands for a search."""
    name = next(one for one in ("MSMF", "mean", "median", "MAMF", "max") if one in search.best)
    number, rate, shape, held = search.best[name]
    dtype = given.format_of(search.told.get("dtype"))
    burst, picked = name in ("MAMF", "max"), search.tried > 1 and name != "MSMF"
    return given.row(
        number,
        id=f"matmul-{dtype}",
        named=search.told.get("named"),
        quantity="matmul_best" if search.tried > 1 else "matmul_shape",
        dtype=dtype,
        value=f"{rate} TFLOP/s",
        statistic="best" if picked or burst else "median" if name == "median" else "mean",
        defects=((Defect.BEST,) if picked or burst else ()) + ((Defect.BRIEF,) if burst else ()),
        date=given.when(search.told.get("date")),
        software=given.software or ", ".join(search.stack),
        workload={"shape": shape},
        conditions=_conditions(search, name, held),
        note="; ".join(_notes(search)),
    )


def _conditions(search: _Search, name: str, held: str) -> dict[str, str]:
    version = search.told.get("version", "not told")
    beside = [
        f"{word} {rate} TFLOP/s at {shape}"
        for word, (_, rate, shape, _) in search.best.items()
        if word != name
    ]
    return {
        "tool": f"mamf-finder, benchmark version {version}",
        "method": f"best shape of {search.tried}, {name} of its iterations",
        "power": held,
        "other": "; ".join(beside),
    }


def _notes(search: _Search) -> Iterator[str]:
    if UNSTEADY in search.remarks:
        yield "no shape held a steady rate"
    if THROTTLED in search.remarks:
        yield "the burst did not reach the boost clock"
    if "idle" in search.told:
        yield f"{search.told['idle']} devices of the same board were idle"


IMPORTER = Importer("mamf-finder", "mamf-finder: the log of a search, its best mean", knows, read)
