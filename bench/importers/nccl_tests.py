"""nccl-tests and rccl-tests: the text that is printed, or the JSON of ``-J``.

One row a test: the best bus bandwidth out of place over the sizes tried, with its size. Each rate
is a mean over iterations; one that is not of the largest size was picked out of many. A run whose
results were wrong is refused whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.importers.base import (
    DTYPES,
    Found,
    Given,
    Importer,
    decimal,
    found,
    head,
    matched,
    shown,
)
from bench.importers.base import numbered_lines as lines
from bench.importers.jsonfile import Json, document, items, part, word

TESTS = {
    "all_reduce": "all_reduce", "all_gather": "all_gather", "reduce_scatter": "reduce_scatter",
    "alltoall": "all_to_all", "broadcast": "broadcast", "sendrecv": "send_receive",
}  # fmt: skip
TAG = re.compile(r"\[[0-9]{1,6},[0-9]{1,6}\]<std(?:out|err)>: ?")
"""What mpirun --tag-output puts before a line."""
PROGRAM = re.compile(r"\b([a-z_]{1,40})_perf(?:_mpi)?\b")
RANK = re.compile(
    r"# +Rank +([0-9]{1,7})(?: +Group +([0-9]{1,7}))? +Pid +[0-9]{1,9} on +(\S{1,255}) +device .*"
)
VERSIONS = re.compile(
    r"# nccl-tests version (\S{1,30}) .{0,60}\bnccl-library=([0-9]{1,7})\b.{0,60}"
)
ITERATIONS = re.compile(r"#.{0,200}\bwarmup iters: ([0-9]{1,9}) iters: ([0-9]{1,9})\b.{0,200}")
HEAD = re.compile(r"# +size +.*\bbusbw\b.*")
BOUNDS = re.compile(r"# Out of bounds values +: +([0-9]{1,18}) (\w{1,10})")
RERUN = "run it again with -c 1 and give all that it prints"
EMPTY = ("N/A", "0", "0e+00")
INTEGERS = ("uint8", "int32", "uint32", "int64", "uint64", "char", "int")
UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass
class _Test:
    """One test as far as it was read: its ranks by group and host, and the rate at each size."""

    program: str = ""
    ranks: list[tuple[str, str]] = field(default_factory=list)
    each: int = 1
    software: str = ""
    iterations: str = ""
    columns: list[str] = field(default_factory=list)
    rates: list[tuple[int | None, str, str, Decimal]] = field(default_factory=list)
    unchecked: bool = False
    date: str | None = None


def knows(text: str) -> bool:
    """Tells whether a text has the table's head, or is its JSON."""
    begun = head(text)
    return ("busbw" in begun and "algbw" in begun and "# " in begun) or (
        begun.lstrip().startswith("{") and '"bus_bw"' in text and '"nccl_version"' in begun
    )


def read(text: str, given: Given) -> Found:
    """Returns one row for each test.

    Raises:
        NotUnderstood: another tool's output, a cut one, wrong results, or an unknown test.
    """
    if text.lstrip().startswith("{"):
        return found(given, [_row(_from_json(document(text, given), given), given)])
    tests = list(_from_text(text, given))
    if not tests:
        raise given.fault("has no table of nccl-tests, with its 'busbw'", RERUN)
    return found(given, [_row(one, given) for one in tests])


def _from_text(text: str, given: Given) -> Iterator[_Test]:
    """Yields each test of a text once its end was read."""
    here = _Test()
    for number, raw in lines(text):
        line = TAG.sub("", raw, count=1) if raw.startswith("[") else raw
        if not line.startswith("#") and (told := PROGRAM.search(line[:2_000])):
            here.program = told[1]
        _note(line, here)
        if here.columns and re.match(r" *[0-9]", line):
            _take(line, number, here, given)
        if bounds := matched(BOUNDS, line):
            _sound(bounds[1], bounds[2], number, given)
            yield here
            here = _Test()
    if here.rates or here.columns:
        raise given.fault("the test has no end: 'Out of bounds values' is missing", RERUN)


def _note(line: str, here: _Test) -> None:
    """Keeps what a comment says of the test."""
    if line.startswith("# Collective test starting:") and (told := PROGRAM.search(line[:200])):
        here.program = told[1]
    elif rank := matched(RANK, line):
        here.ranks.append((rank[2] or "0", rank[3]))
    elif told := matched(VERSIONS, line):
        here.software = f"NCCL {_version(int(told[2]))}, nccl-tests {told[1]}"
    elif told := matched(ITERATIONS, line):
        here.iterations = f"{told[2]} after {told[1]}"
    elif matched(HEAD, line):
        here.columns = line.lstrip("# ").split()


def _take(line: str, number: int, here: _Test, given: Given) -> None:
    """Adds the rate of one size."""
    cells = line.split()
    stamped = here.columns[-1:] == ["timestamp"]  # which is two cells, a day and a time
    if len(cells) != len(here.columns) + stamped:
        if len(cells) < 3 or not cells[1].isdigit():
            return
        told = f"the line has {len(cells)} cells, the table's head {len(here.columns)}"
        raise given.fault(told, "give the output as it was printed", number)
    told_of = dict(zip(reversed(here.columns), reversed(cells[: len(here.columns)]), strict=True))
    wrong = told_of.get("#wrong", "0")
    rate = decimal(told_of["busbw"])
    if wrong not in EMPTY and decimal(wrong) != 0:
        raise given.fault(f"{shown(wrong)} results were wrong", "mend that first", number)
    here.unchecked = here.unchecked or wrong == "N/A"
    if rate is None or not _whole(told_of["size"]):
        told = f"{shown(told_of['busbw'])} at size {shown(told_of['size'])} is no rate"
        raise given.fault(told, RERUN, number)
    here.rates.append((number, told_of["size"], told_of.get("type", ""), rate))


def _sound(count: str, verdict: str, line: int | None, given: Given) -> None:
    if decimal(count) != 0 or verdict not in ("OK", "true"):
        raise given.fault(f"{shown(count)} results were wrong", "mend that first", line)


def _from_json(data: dict[str, Json], given: Given) -> _Test:
    """Returns the test that a JSON file is of; its ``env`` is left where it is."""
    bounds, config, results = part(data, "out_of_bounds"), part(data, "config"), data.get("results")
    args = data.get("args")
    program = PROGRAM.search(str(args[0])[:2_000]) if isinstance(args, list) and args else None
    if not isinstance(results, list):
        raise given.fault("has no 'results'", "give the file that -J names")
    if not bounds:
        raise given.fault("the test has no end: 'out_of_bounds' is missing", RERUN)
    _sound(word(bounds, "count"), word(bounds, "okay"), None, given)
    each = [int(decimal(word(config, name)) or 1) for name in ("nthreads", "ngpus")]
    devices = items(config, "devices")
    own = [(word(one, "group"), word(one, "hostname")) for one in devices]
    version = decimal(word(data, "nccl_version"))
    return _Test(
        program=program[1] if program else "",
        ranks=own,
        each=each[0] * each[1],  # of each process one device is listed
        software=f"NCCL {_version(int(version))}" if version else "",
        iterations=word(config, "iterations"),
        rates=[*_sizes(items(data, "results"), given)],
        date=word(data, "start_time")[:10] or None,
    )


def _sizes(
    results: list[dict[str, Json]], given: Given
) -> Iterator[tuple[int | None, str, str, Decimal]]:
    for one in results:
        outer = part(one, "out_of_place")
        if not outer:
            continue
        rate, size, wrong = decimal(outer.get("bus_bw")), word(one, "size"), outer.get("nwrong")
        if rate is None or decimal(size) is None:
            told = f"{shown(outer.get('bus_bw'))} at size {shown(size)} is no rate"
            raise given.fault(told, RERUN)
        if wrong is not None and decimal(wrong) != 0:
            raise given.fault(f"{shown(wrong)} results were wrong", "mend that first")
        yield None, size, word(one, "type"), rate


def _row(test: _Test, given: Given) -> Reported:
    """Returns the row of a test: its best size."""
    quantity = _quantity(test, given)
    rates = [one for one in test.rates if one[3]]
    if not rates:
        raise given.fault("there is no size with a rate out of place above 0", RERUN)
    number, size, kind, rate = max(rates, key=lambda one: (one[3], _whole(one[1])))
    largest = max(_whole(one[1]) for one in rates)
    dtype = None if kind.lower() in INTEGERS else given.format_of(kind or None, number)
    return given.row(
        number,
        id=f"{quantity.replace('_', '-')}-{dtype or 'integer'}",
        count=_count(test, given),
        quantity=quantity,
        dtype=dtype,
        value=f"{rate} GB/s",
        statistic="mean",
        defects=() if _whole(size) == largest else (Defect.BEST,),
        date=given.when(test.date),
        software=given.software or test.software,
        workload={"size": _bytes(size), "scope": _scope(test)},
        conditions={
            "tool": f"{test.program}_perf",
            "method": f"bus bandwidth out of place, best of {len(rates)} size(s)",
            "iterations": test.iterations,
        },
        note="; ".join(_notes(test, kind)),
    )


def _quantity(test: _Test, given: Given) -> str:
    """Returns the word for what a test measures."""
    if not test.program:
        fix = "put the command (./all_reduce_perf -b ...) on a line above the output"
        raise given.fault("no test is named", fix)
    if test.program not in TESTS:
        told = f"of {test.program}_perf there is no quantity"
        raise given.fault(told, f"choose from {', '.join(TESTS)}")
    return TESTS[test.program]


def _whole(size: str) -> int:
    """Returns a size as a number, 0 for what is none."""
    return int(decimal(size) or 0)


def _notes(test: _Test, kind: str) -> Iterator[str]:
    if kind.lower() not in DTYPES:
        yield f"of {kind}"
    if test.unchecked:
        yield "results were not checked"


def _count(test: _Test, given: Given) -> int:
    """Returns how many devices worked together: those of one group, of which each has a rate."""
    groups = len({group for group, _ in test.ranks}) or 1
    counted = len(test.ranks) * test.each // groups
    if not (given.count or counted):
        raise given.fault("no devices are listed", "give count=, the devices that took part")
    return given.count or counted


def _scope(test: _Test) -> str:
    nodes = len({host for _, host in test.ranks if host})
    return "" if not nodes else "1 node" if nodes == 1 else f"{nodes} nodes"


def _bytes(size: str) -> str:
    count = _whole(size)
    for factor, unit in UNITS:
        if count and count % factor == 0:
            return f"{count // factor} {unit}"
    return f"{count} B"


def _version(code: int) -> str:
    """Returns a version of NCCL from its number: 22703 is 2.27.3, 2708 is 2.7.8."""
    major = 10_000 if code >= 10_000 else 1_000
    return f"{code // major}.{code % major // 100}.{code % 100}"


IMPORTER = Importer(
    "nccl-tests", "nccl-tests, rccl-tests: text or JSON, best bus bandwidth of a test", knows, read
)
