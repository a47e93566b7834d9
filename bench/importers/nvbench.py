"""nvbench: the JSON of ``--json``, as its printer writes it; the bandwidth of streams.

One row a benchmark that is called as a stream is, number format and device: its longest state,
which no cache holds. nvbench counts the bytes that the code declares, read and written, over the
mean time on the device, the cache flushed before each call. It counts no operations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bench.evidence.model import Reported
from bench.importers.base import DTYPES, Found, Given, Importer, decimal, found, head, plain, shown
from bench.importers.jsonfile import Json, document, items, part, word

BANDWIDTH, TIME = "nv/cold/bw/global/bytes_per_second", "nv/cold/time/gpu/mean"
STREAMS = {"mul": "scale", **{one: one for one in ("read", "write", "copy", "scale", "add", "triad",
                                                  "dot")}}  # fmt: skip
TYPES = {"f64": "fp64", "f32": "fp32", "f16": "fp16", "bf16": "bf16", "i8": "int8", "i16": "int16"}
GIVE = "give the file that --json wrote"


@dataclass(frozen=True)
class _State:
    """One configuration of a benchmark: bytes a second, and seconds a call."""

    bench: str
    device: str
    dtype: str | None
    name: str
    rate: Decimal
    seconds: Decimal


def knows(text: str) -> bool:
    """Tells whether a text is the tool's JSON."""
    begun = head(text)
    named = '"benchmarks"' in begun and '"states"' in begun and '"devices"' in begun
    return begun.lstrip().startswith("{") and named and "nv/cold/" in text


def read(text: str, given: Given) -> Found:
    """Returns one row for each stream, number format and device.

    Raises:
        NotUnderstood: another tool's output, or a rate that is none.
    """
    data = document(text, given)
    if not isinstance(data.get("benchmarks"), list):
        raise given.fault("is no output of nvbench: 'benchmarks' is missing", GIVE)
    named = {word(one, "id"): word(one, "name") for one in items(data, "devices")}
    left_out: list[str] = []
    longest: dict[tuple[str, str, str | None], list[_State]] = {}
    for bench in items(data, "benchmarks"):
        for one in _states(bench, named, left_out, given):
            longest.setdefault((one.bench, one.device, one.dtype), []).append(one)
    version = word(part(part(part(data, "meta"), "version"), "nvbench"), "string")
    rows = [_row(states, version, given) for states in longest.values()]
    return found(given, rows, left_out)


def _states(
    bench: dict[str, Json], named: dict[str, str], left_out: list[str], given: Given
) -> Iterator[_State]:
    """Yields the states of a benchmark that have a bandwidth."""
    name = word(bench, "name")[:80]
    if name.lower().removeprefix("babelstream_") not in STREAMS:
        left_out.append(f"{name}: is not the name of a stream")
        return
    for state in items(bench, "states"):
        told = word(state, "name")[:80]
        if state.get("is_skipped"):
            left_out.append(f"{name}, {told}: {word(state, 'skip_reason')[:80] or 'skipped'}")
            continue
        values = {word(one, "tag"): _value(one) for one in items(state, "summaries")}
        if BANDWIDTH not in values:
            left_out.append(f"{name}, {told}: the code declares no bytes")
            continue
        rate, seconds = decimal(values[BANDWIDTH]), decimal(values.get(TIME, ""))
        if not rate or not seconds:
            problem = f"{name}, {told}: {shown(values[BANDWIDTH])} is no rate above 0"
            raise given.fault(problem, "run it again")
        device = named.get(word(state, "device"), "")
        yield _State(name, device, _dtype(state), told, rate, seconds)


def _value(summary: dict[str, Json]) -> str:
    """Returns the one value of a summary; numbers are written as texts, too."""
    return next((word(one, "value") for one in items(summary, "data")
                 if word(one, "name") == "value"), "")  # fmt: skip


def _dtype(state: dict[str, Json]) -> str | None:
    """Returns the number format of the axis T, where it names one that is known."""
    for axis in items(state, "axis_values"):
        if re.fullmatch(r"T(?:\{ct\})?", word(axis, "name")):
            told = word(axis, "value").lower()
            return TYPES.get(told) or DTYPES.get(told)
    return None


def _row(states: list[_State], version: str, given: Given) -> Reported:
    one = max(states, key=lambda state: state.seconds)
    stream = STREAMS[one.bench.lower().removeprefix("babelstream_")]
    several = f"the longest of {len(states)} states" if len(states) > 1 else ""
    return given.row(
        id="-".join(filter(None, ("memory", stream, one.dtype))),
        named=one.device,
        quantity=f"memory_{stream}",
        dtype=one.dtype,
        value=f"{plain(one.rate / 10**9)} GB/s",
        statistic="mean",
        date=given.when(),
        at=f"{one.bench}, {one.name}",
        workload={"size": f"{plain(one.rate * one.seconds / 10**6)} MB a call"},
        conditions={
            "tool": f"nvbench {version}".strip(),
            "method": "mean on the device, cache flushed before each call",
            "other": several,
        },
    )


IMPORTER = Importer("nvbench", "nvbench: bandwidth of streams in its JSON", knows, read)
