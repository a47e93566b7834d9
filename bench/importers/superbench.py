"""SuperBench: ``results-summary.jsonl``, a line a node, each metric by ``benchmark/metric:rank``.

One row a metric: the median of all devices of all nodes, with the spread told beside it. Names and
units are those of its page on micro-benchmarks; older releases write some in capitals. What it runs
of other tools (NCCL, InfiniBand) is better read from those tools' own output, and left out.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from bench.evidence.model import Defect, Reported
from bench.importers.base import Found, Given, Importer, decimal, found, head, plain, shown
from bench.importers.base import numbered_lines as lines
from bench.importers.jsonfile import Json, document

KEY = re.compile(
    r"([a-z0-9_-]{1,40})(?::[^/]{1,80})?/(?:[^/:]{1,80}/)?([^/:]{1,120})(?::[0-9]{1,5})?"
)
GEMM = re.compile(r"(fp64|tf32|bf16|fp16|int8|int4)_tc(?:_(?:flops|iops))?")
XDLOPS = re.compile(r"(fp32|bf16|fp16|int8)_xdlops(?:_(?:flops|iops))?")
LT = re.compile(r"([a-z0-9]{3,8})_(\d{1,4})_(\d{1,7})_(\d{1,7})_(\d{1,7})_flops")
STREAM = re.compile(r"stream_(copy|mul|add|triad|read|dot)_(float|double)_array_(\d{1,14})_bw")
COPY = re.compile(r"(h2d|d2h|d2d)(?:_mem)?_bw")
STREAMS = {"mul": "scale"}
LINKS = {"h2d": "host_to_device", "d2h": "device_to_host", "d2d": "memory_copy"}
METRIC = re.compile(r'"[a-z0-9_-]{1,40}(?::[^"/]{1,80})?/[^"]{1,200}" ?:')
FAILED = "return_code"
GIVE = "give results-summary.jsonl as SuperBench wrote it"


@dataclass(frozen=True)
class _Meaning:
    """What a metric is of; ``size`` is the larger the better where it has several."""

    quantity: str
    unit: str
    dtype: str | None = None
    shape: tuple[tuple[str, str], ...] = ()
    defects: tuple[Defect, ...] = ()
    other: str = ""
    size: int = 0


def knows(text: str) -> bool:
    """Tells whether a text begins with a node's metrics."""
    begun = head(text)
    named = '"node"' in begun and begun.lstrip().startswith("{")
    return named and METRIC.search(begun) is not None


def read(text: str, given: Given) -> Found:
    """Returns one row for each metric that a sheet has a figure for.

    Raises:
        NotUnderstood: a line is no node's results, a benchmark failed, or a rate is none.
    """
    rates: dict[tuple[str, str], list[Decimal]] = {}
    for number, line in lines(text):
        if line:
            _add(document(line, given, number - 1), rates, given, number)
    known = {key: made for key in rates if (made := _meaning(*key, given)) is not None}
    kept = _largest(known)
    others = [_unfit(*key) for key in rates.keys() - known.keys()]
    smaller = [f"{name}: smaller arrays" for name, _ in known.keys() - kept.keys()]
    rows = [_row(key, kept[key], rates[key], given) for key in rates if key in kept]
    return found(given, rows, sorted([*others, *smaller]))


def _unfit(name: str, metric: str) -> str:
    """Returns why a metric is no row; of whole benchmarks once."""
    if name == "gemm-flops":
        return f"{name}/{metric}: it does not say whether matrix units ran it"
    if name in ("cublaslt-gemm", "hipblaslt-gemm"):
        return f"{name}/{metric}: it does not say in which number format it ran"
    return f"{name}: {'the rest is' if name in BENCHMARKS else 'is'} no rate that a sheet has"


def _add(
    data: dict[str, Json], rates: dict[tuple[str, str], list[Decimal]], given: Given, number: int
) -> None:
    """Adds the rates of a node."""
    if not isinstance(data.get("node"), str):
        raise given.fault("the line names no node", GIVE, number)
    for key, value in data.items():
        told = KEY.fullmatch(key) if len(key) <= 400 else None
        if told is None:
            continue
        name, metric = told[1], told[2].lower()
        if metric == FAILED:
            if value not in (0, 0.0):
                raise given.fault(f"{name} failed: code {shown(value)}", "run it again", number)
            continue
        rate = decimal(value)
        if _meaning(name, metric, given) is not None and not rate:
            raise given.fault(f"{key[:80]}: {shown(value)} is no rate above 0", GIVE, number)
        rates.setdefault((name, metric), []).append(rate or Decimal(0))


def _meaning(name: str, metric: str, given: Given) -> _Meaning | None:
    """Returns what a metric is of, None where it is none that a row can be of."""
    made = BENCHMARKS.get(name)
    return made(metric, given) if made else None


def _gemm(metric: str, given: Given) -> _Meaning | None:  # noqa: ARG001 -- as its fellows
    """Returns the product of one shape, in GFLOP/s: CUTLASS's fastest kernel, or rocBLAS's own.

    Those of fp16 sum in fp16 on CUDA (``h16816gemm``, ``h884gemm``), and what the page calls
    tensor-float32 on AMD is run in fp32 (``-r f32_r``). What is not said to run on matrix units is
    left out: on AMD it may.
    """
    by_cutlass = GEMM.fullmatch(metric)
    told = by_cutlass or XDLOPS.fullmatch(metric)
    if told is None:
        return None
    dtype = told[1]
    unit = "GOP/s" if dtype.startswith("int") else "GFLOP/s"
    best = (Defect.BEST,) if by_cutlass else ()
    sums = (Defect.ACC16,) if by_cutlass and dtype == "fp16" else ()
    other = "n = m = k = 16384 unless configured otherwise"
    return _Meaning("matmul_shape", unit, dtype, defects=(*best, *sums), other=other)


def _lt(metric: str, given: Given) -> _Meaning | None:
    """Returns the product of one shape through cuBLASLt or hipBLASLt, in TFLOP/s.

    In fp32 it may run as tf32, which the output does not tell.
    """
    told = LT.fullmatch(metric)
    if told is None or told[1] == "fp32":
        return None
    unit = "TOP/s" if told[1].startswith("int") else "TFLOP/s"
    batch = (("batch", told[2]),) if told[2] != "1" else ()
    shape = (("shape", "x".join(told.groups()[2:])), *batch)
    name = {"fp8e4m3": "f8e4m3", "fp8e5m2": "f8e5m2", "fp4e2m1": "fp4"}.get(told[1], told[1])
    return _Meaning("matmul_shape", unit, given.format_of(name), shape)


def _stream(metric: str, given: Given) -> _Meaning | None:
    """Returns a stream of BabelStream: the best of its runs."""
    told = STREAM.fullmatch(metric)
    if told is None:
        return None
    quantity = f"memory_{STREAMS.get(told[1], told[1])}"
    size = (("size", f"{told[3]} elements an array"),)
    return _Meaning(
        quantity, "GB/s", given.format_of(told[2]), size, (Defect.BEST, Defect.WALL),
        size=int(told[3]),
    )  # fmt: skip


def _copy(metric: str, given: Given) -> _Meaning | None:
    """Returns a copy of the CUDA sample ``bandwidthTest``; on a device it counts reads and writes.

    Of AMD's tool it is not known what it counts there.
    """
    told = COPY.fullmatch(metric)
    if told is None or (told[1] == "d2d" and not given.chip.startswith("nvidia-")):
        return None
    defects = (Defect.BEST, Defect.COPY) if told[1] == "d2d" else (Defect.BEST,)
    other = "" if told[1] == "d2d" else "pinned memory unless configured otherwise"
    return _Meaning(LINKS[told[1]], "GB/s", defects=defects, other=other)


BENCHMARKS: dict[str, Callable[[str, Given], _Meaning | None]] = {
    "gemm-flops": _gemm, "cublaslt-gemm": _lt, "hipblaslt-gemm": _lt, "gpu-stream": _stream,
    "mem-bw": _copy,
}  # fmt: skip


def _largest(known: dict[tuple[str, str], _Meaning]) -> dict[tuple[str, str], _Meaning]:
    """Returns, of streams over arrays of several sizes, those of the largest only."""
    most: dict[tuple[str, str | None], int] = {}
    for one in known.values():
        form = one.quantity, one.dtype
        most[form] = max(most.get(form, 0), one.size)
    return {
        key: one for key, one in known.items()
        if not one.size or one.size == most[one.quantity, one.dtype]
    }  # fmt: skip


def _row(key: tuple[str, str], one: _Meaning, rates: Iterable[Decimal], given: Given) -> Reported:
    """Returns the row of a metric: the median of its devices."""
    told = sorted(rates)
    spread = f"from {plain(told[0])} {one.unit} to {plain(told[-1])} {one.unit}"
    several = len(told) > 1
    return given.row(
        id="-".join(filter(None, (one.quantity.replace("_", "-"), one.dtype, key[0]))),
        count=given.count or len(told),
        quantity=one.quantity,
        dtype=one.dtype,
        value=f"{plain(median(told))} {one.unit}",
        statistic="median" if several else "best" if Defect.BEST in one.defects else "mean",
        defects=one.defects,
        date=given.when(),
        at=f"{key[0]}/{key[1]}",
        formula=f"median of {len(told)} devices" if several else "",
        workload=dict(one.shape),
        conditions={
            "tool": f"SuperBench, {key[0]}",
            "other": "; ".join(filter(None, (one.other, spread if several else ""))),
        },
    )


IMPORTER = Importer("superbench", "SuperBench: results-summary.jsonl", knows, read)
