"""Importer of SuperBench: ``results-summary.jsonl``, one line per node.

Keys are ``benchmark/metric:rank``. One row per metric: the median over all devices of all nodes;
the range goes into the conditions. Names and units are those of SuperBench's page on
micro-benchmarks; older releases write some in capitals. Results of other tools that it runs (NCCL,
InfiniBand) are left out: those tools' own output says more.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from bench.evidence.model import Defect, Reported
from bench.files.jsonfile import Json
from bench.importers.base import (
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    document,
    lines,
    plain_number,
    quoted,
)

KEY = re.compile(
    r"([a-z0-9_-]{1,40})(?::[^/]{1,80})?/(?:[^/:]{1,80}/)?([^/:]{1,120})(?::[0-9]{1,5})?"
)
GEMM = re.compile(r"(fp64|tf32|bf16|fp16|int8|int4)_tc(?:_(?:flops|iops))?")
XDLOPS = re.compile(r"(fp32|bf16|fp16|int8)_xdlops(?:_(?:flops|iops))?")
BLASLT = re.compile(r"([a-z0-9]{3,8})_(\d{1,4})_(\d{1,7})_(\d{1,7})_(\d{1,7})_flops")
STREAM = re.compile(r"stream_(copy|mul|add|triad|read|dot)_(float|double)_array_(\d{1,14})_bw")
COPY = re.compile(r"(h2d|d2h|d2d)(?:_mem)?_bw")
STREAMS = {"mul": "scale"}
LINKS = {"h2d": "host_to_device", "d2h": "device_to_host", "d2d": "memory_copy"}
METRIC = re.compile(r'"[a-z0-9_-]{1,40}(?::[^"/]{1,80})?/[^"]{1,200}" ?:')
RETURN_CODE = "return_code"
GIVE_FILE = "give results-summary.jsonl as SuperBench wrote it"


@dataclass(frozen=True)
class _Meaning:
    """What a metric measures.

    Attributes:
        quantity: name of the quantity.
        unit: unit of its values.
        dtype: number format; None if the quantity has none.
        shape: fields of the workload.
        defects: known defects of its values.
        other: other conditions.
        size: elements of an array; of several sizes the largest is imported. 0 if there is one.
    """

    quantity: str
    unit: str
    dtype: str | None = None
    shape: tuple[tuple[str, str], ...] = ()
    defects: tuple[Defect, ...] = ()
    other: str = ""
    size: int = 0


def recognises(text: str) -> bool:
    """Tells whether a text begins with the metrics of a node."""
    start = beginning(text)
    has_node = '"node"' in start and start.lstrip().startswith("{")
    return has_node and METRIC.search(start) is not None


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each metric that measures a known quantity.

    Raises:
        NotUnderstood: a line is not the results of a node, a benchmark failed, or a rate is not a
            number above 0.
    """
    rates: dict[tuple[str, str], list[Decimal]] = {}
    for number, line in lines(text):
        if line:
            _read_node(document(line, stated, number - 1), rates, stated, number)
    meanings = {key: meaning for key in rates if (meaning := _meaning(*key, stated)) is not None}
    largest = _largest(meanings)
    others = [_why_not(*key) for key in rates.keys() - meanings.keys()]
    smaller = [f"{name}: smaller arrays" for name, _ in meanings.keys() - largest.keys()]
    rows = [_row(key, largest[key], rates[key], stated) for key in rates if key in largest]
    return collect(stated, rows, sorted([*others, *smaller]))


def _why_not(name: str, metric: str) -> str:
    """Returns why a metric is left out, in the same words for all metrics of most benchmarks."""
    if name == "gemm-flops":
        return f"{name}/{metric}: it does not say whether matrix units ran it"
    if name in ("cublaslt-gemm", "hipblaslt-gemm"):
        return f"{name}/{metric}: it does not say in which number format it ran"
    return f"{name}: {'the rest is' if name in BENCHMARKS else 'is'} no rate that a sheet has"


def _read_node(
    data: dict[str, Json], rates: dict[tuple[str, str], list[Decimal]], stated: Stated, number: int
) -> None:
    """Adds the rates of a node's devices to ``rates``, by benchmark and metric."""
    if not isinstance(data.get("node"), str):
        raise stated.fault("the line names no node", GIVE_FILE, number)
    for key, value in data.items():
        match = KEY.fullmatch(key) if len(key) <= 400 else None
        if match is None:
            continue
        name, metric = match[1], match[2].lower()
        if metric == RETURN_CODE:
            if value not in (0, 0.0):
                raise stated.fault(f"{name} failed: code {quoted(value)}", "run it again", number)
            continue
        rate = decimal(value)
        if _meaning(name, metric, stated) is not None and not rate:
            raise stated.fault(f"{key[:80]}: {quoted(value)} is no rate above 0", GIVE_FILE, number)
        rates.setdefault((name, metric), []).append(rate or Decimal(0))


def _meaning(name: str, metric: str, stated: Stated) -> _Meaning | None:
    """Returns what a metric measures; None if reports have no such quantity."""
    read_metric = BENCHMARKS.get(name)
    return read_metric(metric, stated) if read_metric else None


def _gemm(metric: str, stated: Stated) -> _Meaning | None:  # noqa: ARG001 -- as its fellows
    """Returns the meaning of a product of one shape, GFLOP/s, by CUTLASS or rocBLAS.

    Of CUTLASS it is the fastest kernel. On CUDA, fp16 products accumulate in fp16 (``h16816gemm``,
    ``h884gemm``); what SuperBench's page calls tensor-float32 runs in fp32 on AMD (``-r f32_r``).
    Metrics that do not say that they ran on matrix units are left out: on AMD they may have.
    """
    by_cutlass = GEMM.fullmatch(metric)
    match = by_cutlass or XDLOPS.fullmatch(metric)
    if match is None:
        return None
    dtype = match[1]
    unit = "GOP/s" if dtype.startswith("int") else "GFLOP/s"
    best = (Defect.BEST,) if by_cutlass else ()
    sums = (Defect.ACC16,) if by_cutlass and dtype == "fp16" else ()
    other = "n = m = k = 16384 unless configured otherwise"
    return _Meaning("matmul_shape", unit, dtype, defects=(*best, *sums), other=other)


def _cublaslt(metric: str, stated: Stated) -> _Meaning | None:
    """Returns the meaning of a product of one shape by cuBLASLt, TFLOP/s: of constant factors.

    SuperBench's ``cublaslt_gemm.cu`` fills one with 1, the other with 2.
    """
    found = _hipblaslt(metric, stated)
    return replace(found, defects=(Defect.CONSTANT,)) if found else None


def _hipblaslt(metric: str, stated: Stated) -> _Meaning | None:
    """Returns the meaning of a product of one shape by hipBLASLt, TFLOP/s.

    A batch of 0 is one product that was not run as a batch. fp32 is left out: it may have run as
    tf32, which the output does not say.
    """
    match = BLASLT.fullmatch(metric)
    if match is None or match[1] == "fp32":
        return None
    unit = "TOP/s" if match[1].startswith("int") else "TFLOP/s"
    batch = (("batch", match[2]),) if int(match[2]) > 1 else ()
    shape = (("shape", "x".join(match.groups()[2:])), *batch)
    name = {"fp8e4m3": "f8e4m3", "fp8e5m2": "f8e5m2", "fp4e2m1": "fp4"}.get(match[1], match[1])
    return _Meaning("matmul_shape", unit, stated.format_of(name), shape)


def _stream(metric: str, stated: Stated) -> _Meaning | None:
    """Returns the meaning of a stream of BabelStream, the best of its runs."""
    match = STREAM.fullmatch(metric)
    if match is None:
        return None
    quantity = f"memory_{STREAMS.get(match[1], match[1])}"
    size = (("size", f"{match[3]} elements an array"),)
    return _Meaning(
        quantity, "GB/s", stated.format_of(match[2]), size, (Defect.BEST, Defect.WALL),
        size=int(match[3]),
    )  # fmt: skip


def _copy(metric: str, stated: Stated) -> _Meaning | None:
    """Returns the meaning of a copy by the CUDA sample ``bandwidthTest``.

    A copy on the device counts reads and writes. What AMD's tool counts there is unknown, so those
    are left out.
    """
    match = COPY.fullmatch(metric)
    if match is None or (match[1] == "d2d" and not stated.chip.startswith("nvidia-")):
        return None
    defects = (Defect.BEST, Defect.COPY) if match[1] == "d2d" else (Defect.BEST,)
    other = "" if match[1] == "d2d" else "pinned memory unless configured otherwise"
    return _Meaning(LINKS[match[1]], "GB/s", defects=defects, other=other)


BENCHMARKS: dict[str, Callable[[str, Stated], _Meaning | None]] = {
    "gemm-flops": _gemm, "cublaslt-gemm": _cublaslt, "hipblaslt-gemm": _hipblaslt,
    "gpu-stream": _stream, "mem-bw": _copy,
}  # fmt: skip


def _largest(meanings: dict[tuple[str, str], _Meaning]) -> dict[tuple[str, str], _Meaning]:
    """Returns the metrics without streams over arrays smaller than the largest."""
    largest: dict[tuple[str, str | None], int] = {}
    for meaning in meanings.values():
        kind = meaning.quantity, meaning.dtype
        largest[kind] = max(largest.get(kind, 0), meaning.size)
    return {
        key: meaning for key, meaning in meanings.items()
        if not meaning.size or meaning.size == largest[meaning.quantity, meaning.dtype]
    }  # fmt: skip


def _row(
    key: tuple[str, str], meaning: _Meaning, rates: Iterable[Decimal], stated: Stated
) -> Reported:
    """Returns the row of a metric, for the median of its devices."""
    ordered = sorted(rates)
    low, high = (f"{plain_number(rate)} {meaning.unit}" for rate in (ordered[0], ordered[-1]))
    several = len(ordered) > 1
    return stated.row(
        id="-".join(filter(None, (meaning.quantity.replace("_", "-"), meaning.dtype, key[0]))),
        count=stated.count or len(ordered),
        quantity=meaning.quantity,
        dtype=meaning.dtype,
        value=f"{plain_number(median(ordered))} {meaning.unit}",
        statistic="median" if several else "best" if Defect.BEST in meaning.defects else "mean",
        defects=meaning.defects,
        date=stated.when(),
        at=f"{key[0]}/{key[1]}",
        formula=f"median of {len(ordered)} devices" if several else "",
        workload=dict(meaning.shape),
        conditions={
            "tool": f"SuperBench, {key[0]}",
            "other": "; ".join(
                filter(None, (meaning.other, f"from {low} to {high}" if several else ""))
            ),
        },
    )


IMPORTER = Importer("superbench", "SuperBench: results-summary.jsonl", recognises, read)
