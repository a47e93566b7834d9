"""Importer of nvbench: the bandwidth of streams in the JSON of ``--json``.

One row per stream benchmark (recognised by its name), number format and device: the state that
takes longest, which does not fit a cache. nvbench divides the bytes that the code declares, read
and written, by the mean time on the device; the cache is flushed before each call. It counts no
operations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bench.chips.figures import dtype_named
from bench.evidence.model import Reported
from bench.files.jsonfile import Json, items, part, word
from bench.importers.base import (
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    document,
    plain_number,
    quoted,
)

BANDWIDTH, TIME = "nv/cold/bw/global/bytes_per_second", "nv/cold/time/gpu/mean"
STREAMS = {"mul": "scale", **{one: one for one in ("read", "write", "copy", "scale", "add", "triad",
                                                  "dot")}}  # fmt: skip
TYPES = {"f64": "fp64", "f32": "fp32", "f16": "fp16", "bf16": "bf16", "i8": "int8", "i16": "int16"}
GIVE_JSON = "give the file that --json wrote"


@dataclass(frozen=True)
class _State:
    """One configuration of a benchmark: ``rate`` in B/s, ``seconds`` per call."""

    bench: str
    device: str
    dtype: str | None
    name: str
    rate: Decimal
    seconds: Decimal


def recognises(text: str) -> bool:
    """Tells whether a text is the JSON of nvbench."""
    start = beginning(text)
    has_parts = '"benchmarks"' in start and '"states"' in start and '"devices"' in start
    return start.lstrip().startswith("{") and has_parts and "nv/cold/" in text


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each stream, number format and device.

    Raises:
        NotUnderstood: the output is another tool's, or a rate is not a number above 0.
    """
    data = document(text, stated)
    if not isinstance(data.get("benchmarks"), list):
        raise stated.fault("is no output of nvbench: 'benchmarks' is missing", GIVE_JSON)
    device_names = {word(device, "id"): word(device, "name") for device in items(data, "devices")}
    left_out: list[str] = []
    states_by_form: dict[tuple[str, str, str | None], list[_State]] = {}
    for bench in items(data, "benchmarks"):
        for state in _states(bench, device_names, left_out, stated):
            states_by_form.setdefault((state.bench, state.device, state.dtype), []).append(state)
    version = word(part(part(part(data, "meta"), "version"), "nvbench"), "string")
    rows = [_row(states, version, stated) for states in states_by_form.values()]
    return collect(stated, rows, left_out)


def _states(
    bench: dict[str, Json], device_names: dict[str, str], left_out: list[str], stated: Stated
) -> Iterator[_State]:
    """Yields the states of a benchmark that have a bandwidth."""
    name = word(bench, "name")[:80]
    if name.lower().removeprefix("babelstream_") not in STREAMS:
        left_out.append(f"{name}: is not the name of a stream")
        return
    for state in items(bench, "states"):
        state_name = word(state, "name")[:80]
        if state.get("is_skipped"):
            left_out.append(f"{name}, {state_name}: {word(state, 'skip_reason')[:80] or 'skipped'}")
            continue
        values = {word(summary, "tag"): _value(summary) for summary in items(state, "summaries")}
        if BANDWIDTH not in values:
            left_out.append(f"{name}, {state_name}: the code declares no bytes")
            continue
        rate, seconds = decimal(values[BANDWIDTH]), decimal(values.get(TIME, ""))
        if not rate or not seconds:
            problem = f"{name}, {state_name}: {quoted(values[BANDWIDTH])} is no rate above 0"
            raise stated.fault(problem, "run it again")
        device = device_names.get(word(state, "device"), "")
        yield _State(name, device, _dtype(state), state_name, rate, seconds)


def _value(summary: dict[str, Json]) -> str:
    """Returns the value of a summary as text; empty if there is none."""
    return next((word(item, "value") for item in items(summary, "data")
                 if word(item, "name") == "value"), "")  # fmt: skip


def _dtype(state: dict[str, Json]) -> str | None:
    """Returns the number format that the axis T names; None if there is none or it is unknown."""
    for axis in items(state, "axis_values"):
        if re.fullmatch(r"T(?:\{ct\})?", word(axis, "name")):
            type_name = word(axis, "value").lower()
            return TYPES.get(type_name) or dtype_named(type_name)
    return None


def _row(states: list[_State], version: str, stated: Stated) -> Reported:
    longest = max(states, key=lambda state: state.seconds)
    stream = STREAMS[longest.bench.lower().removeprefix("babelstream_")]
    several = f"the longest of {len(states)} states" if len(states) > 1 else ""
    return stated.row(
        id="-".join(filter(None, ("memory", stream, longest.dtype))),
        named=longest.device,
        quantity=f"memory_{stream}",
        dtype=longest.dtype,
        value=f"{plain_number(longest.rate / 10**9)} GB/s",
        statistic="mean",
        date=stated.when(),
        at=f"{longest.bench}, {longest.name}",
        workload={"size": f"{plain_number(longest.rate * longest.seconds / 10**6)} MB a call"},
        conditions={
            "tool": f"nvbench {version}".strip(),
            "method": "mean on the device, cache flushed before each call",
            "other": several,
        },
    )


IMPORTER = Importer("nvbench", "nvbench: bandwidth of streams in its JSON", recognises, read)
