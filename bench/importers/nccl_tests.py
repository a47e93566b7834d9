"""Importer of nccl-tests and rccl-tests: their printed text, or the JSON of ``-J``.

One row per test: the best out-of-place bus bandwidth over all sizes, with its size. Each rate is a
mean over iterations; unless the best rate is that of the largest size, it has ``Defect.BEST``. A
run with wrong results is refused as a whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from bench.chips.figures import dtype_named
from bench.evidence.model import Defect, Reported
from bench.files.jsonfile import Json, items, part, word
from bench.importers.base import (
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    document,
    lines,
    match_line,
    quoted,
)
from bench.importers.nccl_ranks import Rank, check_bus_factor, device_count, device_name, scope
from bench.importers.nccl_values import bytes_of, nccl_version, size_text

TESTS = {
    "all_reduce": "all_reduce", "all_gather": "all_gather", "reduce_scatter": "reduce_scatter",
    "alltoall": "all_to_all", "broadcast": "broadcast", "sendrecv": "send_receive",
}  # fmt: skip
TAG = re.compile(r"\[[0-9]{1,6},[0-9]{1,6}\]<std(?:out|err)>: ?")
"""Prefix of each line from mpirun --tag-output."""
PROGRAM = re.compile(r"\b([a-z_]{1,40})_perf(?:_mpi)?\b")
RANK = re.compile(
    r"# +Rank +([0-9]{1,7})(?: +Group +([0-9]{1,7}))? +Pid +[0-9]{1,9} on +(\S{1,255}) +device"
    r" +[0-9]{1,4}(?: +\[[0-9A-Fa-fx:.]{1,20}\])? *(.{0,200}?) *"
)
VERSIONS = re.compile(
    r"# nccl-tests version (\S{1,30}) .{0,60}\bnccl-library=([0-9]{1,7})\b.{0,60}"
)
ITERATIONS = re.compile(r"#.{0,200}\bwarmup iters: ([0-9]{1,9}) iters: ([0-9]{1,9})\b.{0,200}")
COLUMN_HEADS = re.compile(r"# +size +.*\bbusbw\b.*")
BOUNDS = re.compile(r"# Out of bounds values +: +([0-9]{1,18}) (\w{1,10})")
RERUN = "run it again with -c 1 and give all that it prints"
NO_COUNT = ("N/A", "0", "0e+00")
"""Cells of the column ``#wrong`` that count no wrong result; N/A means that none was checked."""
INTEGER_TYPES = ("uint8", "int32", "uint32", "int64", "uint64", "char", "int")


class _Rate(NamedTuple):
    """Out-of-place bandwidth (GB/s) at one size (bytes, as printed); JSON has no line."""

    line: int | None
    size: str
    element_type: str
    algorithm_bandwidth: Decimal | None
    bus_bandwidth: Decimal


@dataclass
class _Test:
    """One test, as far as it was read.

    Attributes:
        program: name of the program, without ``_perf``.
        ranks: the ranks that are listed.
        devices_per_rank: number of devices for each entry of ``ranks``.
        software: versions of NCCL and nccl-tests.
        iterations: number of timed and of warm-up iterations.
        columns: column heads of the table.
        rates: the rate at each size.
        is_unchecked: whether the results were not checked.
        date: date on which the test started.
    """

    program: str = ""
    ranks: list[Rank] = field(default_factory=list)
    devices_per_rank: int = 1
    software: str = ""
    iterations: str = ""
    columns: list[str] = field(default_factory=list)
    rates: list[_Rate] = field(default_factory=list)
    is_unchecked: bool = False
    date: str | None = None


def recognises(text: str) -> bool:
    """Tells whether a text has the head of the tool's table, or is the tool's JSON."""
    start = beginning(text)
    return ("busbw" in start and "algbw" in start and "# " in start) or (
        start.lstrip().startswith("{") and '"bus_bw"' in text and '"nccl_version"' in start
    )


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each test.

    Raises:
        NotUnderstood: the output is another tool's or cut off, results were wrong, or the test is
            unknown.
    """
    if text.lstrip().startswith("{"):
        return collect(stated, [_row(_from_json(document(text, stated), stated), stated)])
    tests = list(_from_text(text, stated))
    if not tests:
        raise stated.fault("has no table of nccl-tests, with its 'busbw'", RERUN)
    return collect(stated, [_row(test, stated) for test in tests])


def _from_text(text: str, stated: Stated) -> Iterator[_Test]:
    """Yields each test of a text when its end is reached."""
    test = _Test()
    for number, raw_line in lines(text):
        line = TAG.sub("", raw_line, count=1) if raw_line.startswith("[") else raw_line
        if not line.startswith("#") and (program := PROGRAM.search(line[:2_000])):
            test.program = program[1]
        _read_comment(line, test)
        if test.columns and re.match(r" *[0-9]", line):
            _read_rate(line, number, test, stated)
        if bounds := match_line(BOUNDS, line):
            _check_results(bounds[1], bounds[2], number, stated)
            yield test
            test = _Test()
    if test.rates or test.columns:
        raise stated.fault("the test has no end: 'Out of bounds values' is missing", RERUN)


def _read_comment(line: str, test: _Test) -> None:
    """Reads a comment line into the test."""
    if line.startswith("# Collective test starting:") and (found := PROGRAM.search(line[:200])):
        test.program = found[1]
    elif rank := match_line(RANK, line):
        test.ranks.append(Rank(rank[2] or "0", rank[3], rank[4]))
    elif found := match_line(VERSIONS, line):
        test.software = f"NCCL {nccl_version(int(found[2]))}, nccl-tests {found[1]}"
    elif found := match_line(ITERATIONS, line):
        test.iterations = f"{found[2]} after {found[1]}"
    elif match_line(COLUMN_HEADS, line):
        test.columns = line.lstrip("# ").split()


def _read_rate(line: str, number: int, test: _Test, stated: Stated) -> None:
    """Reads a line of the table into the test's rates."""
    cells = line.split()
    has_timestamp = test.columns[-1:] == ["timestamp"]  # which is two cells, a day and a time
    if len(cells) != len(test.columns) + has_timestamp:
        if len(cells) < 3 or not cells[1].isdigit():
            return
        problem = f"the line has {len(cells)} cells, the table's head {len(test.columns)}"
        raise stated.fault(problem, "give the output as it was printed", number)
    cells_by_column = dict(
        zip(reversed(test.columns), reversed(cells[: len(test.columns)]), strict=True)
    )
    wrong = cells_by_column.get("#wrong", "0")
    rate = decimal(cells_by_column["busbw"])
    if wrong not in NO_COUNT and decimal(wrong) != 0:
        raise stated.fault(f"{quoted(wrong)} results were wrong", "mend that first", number)
    test.is_unchecked = test.is_unchecked or wrong == "N/A"
    if rate is None or not bytes_of(cells_by_column["size"]):
        size = quoted(cells_by_column["size"])
        problem = f"{quoted(cells_by_column['busbw'])} at size {size} is no rate"
        raise stated.fault(problem, RERUN, number)
    element_type = cells_by_column.get("type", "")
    algorithm = decimal(cells_by_column.get("algbw"))
    test.rates.append(_Rate(number, cells_by_column["size"], element_type, algorithm, rate))


def _check_results(count: str, verdict: str, line: int | None, stated: Stated) -> None:
    if decimal(count) != 0 or verdict not in ("OK", "true"):
        raise stated.fault(f"{quoted(count)} results were wrong", "mend that first", line)


def _from_json(data: dict[str, Json], stated: Stated) -> _Test:
    """Returns the test in a JSON file; its ``env``, the environment variables, is not read."""
    bounds, config, results = part(data, "out_of_bounds"), part(data, "config"), data.get("results")
    args = data.get("args")
    program = PROGRAM.search(str(args[0])[:2_000]) if isinstance(args, list) and args else None
    if not isinstance(results, list):
        raise stated.fault("has no 'results'", "give the file that -J names")
    if not bounds:
        raise stated.fault("the test has no end: 'out_of_bounds' is missing", RERUN)
    _check_results(word(bounds, "count"), word(bounds, "okay"), None, stated)
    threads, gpus = (int(decimal(word(config, name)) or 1) for name in ("nthreads", "ngpus"))
    devices = items(config, "devices")
    names = ("group", "hostname", "device_info")
    ranks = [Rank(*(word(one, name) for name in names)) for one in devices]
    version = decimal(word(data, "nccl_version"))
    return _Test(
        program=program[1] if program else "",
        ranks=ranks,
        devices_per_rank=threads * gpus,  # one device per process is listed
        software=f"NCCL {nccl_version(int(version))}" if version else "",
        iterations=word(config, "iterations"),
        rates=[*_rates_in_json(items(data, "results"), stated)],
        date=word(data, "start_time")[:10] or None,
    )


def _rates_in_json(results: list[dict[str, Json]], stated: Stated) -> Iterator[_Rate]:
    for result in results:
        out_of_place = part(result, "out_of_place")
        if not out_of_place:
            continue
        rate, wrong = decimal(out_of_place.get("bus_bw")), out_of_place.get("nwrong")
        size = word(result, "size")
        if rate is None or decimal(size) is None:
            problem = f"{quoted(out_of_place.get('bus_bw'))} at size {quoted(size)} is no rate"
            raise stated.fault(problem, RERUN)
        if wrong is not None and decimal(wrong) != 0:
            raise stated.fault(f"{quoted(wrong)} results were wrong", "mend that first")
        algorithm = decimal(out_of_place.get("alg_bw"))
        yield _Rate(None, size, word(result, "type"), algorithm, rate)


def _row(test: _Test, stated: Stated) -> Reported:
    """Returns the row of a test, for the size with the best rate."""
    quantity = _quantity(test, stated)
    rates = [rate for rate in test.rates if rate.bus_bandwidth]
    if not rates:
        raise stated.fault("there is no size with a rate out of place above 0", RERUN)
    best = max(rates, key=lambda rate: (rate.bus_bandwidth, bytes_of(rate.size)))
    count = device_count(test.ranks, test.devices_per_rank, stated)
    if best.algorithm_bandwidth:
        both = best.algorithm_bandwidth, best.bus_bandwidth
        check_bus_factor(test.program, count, both, stated, best.line)
    largest_size = max(bytes_of(rate.size) for rate in rates)
    is_integer = best.element_type.lower() in INTEGER_TYPES
    dtype = None if is_integer else stated.format_of(best.element_type or None, best.line)
    return stated.row(
        best.line,
        id=f"{quantity.replace('_', '-')}-{dtype or 'integer'}",
        count=count,
        quantity=quantity,
        dtype=dtype,
        value=f"{best.bus_bandwidth} GB/s",
        named=device_name(test.ranks, stated),
        statistic="mean",
        defects=() if bytes_of(best.size) == largest_size else (Defect.BEST,),
        date=stated.when(test.date),
        software=stated.software or test.software,
        workload={"size": size_text(best.size), "scope": scope(test.ranks)},
        conditions={
            "tool": f"{test.program}_perf",
            "method": f"bus bandwidth out of place, best of {len(rates)} size(s)",
            "iterations": test.iterations,
        },
        note="; ".join(_notes(test, best.element_type)),
    )


def _quantity(test: _Test, stated: Stated) -> str:
    """Returns the quantity that a test measures."""
    if not test.program:
        fix = "put the command (./all_reduce_perf -b ...) on a line above the output"
        raise stated.fault("no test is named", fix)
    if test.program not in TESTS:
        problem = f"of {test.program}_perf there is no quantity"
        raise stated.fault(problem, f"choose from {', '.join(TESTS)}")
    return TESTS[test.program]


def _notes(test: _Test, element_type: str) -> Iterator[str]:
    if dtype_named(element_type) is None:
        yield f"of {element_type}"
    if test.is_unchecked:
        yield "results were not checked"


IMPORTER = Importer(
    "nccl-tests", "nccl-tests, rccl-tests: text or JSON, best bus bandwidth of a test", recognises,
    read,
)  # fmt: skip
