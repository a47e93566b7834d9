"""A record as the JSON of pytest-benchmark, so that its own ``compare`` sees the same samples.

Times are seconds per call. ``extra_info`` has the work of one call, under the keys that
``import source=pytest-benchmark`` reads. The document has no name of a host, user or folder.
"""

import json
from collections.abc import Sequence
from statistics import fmean, median, stdev

from bench.judging.rates import dimension_of
from bench.judging.sizes import searched_shapes
from bench.records.model import SHAPE, DeviceInfo, Measurement, Record, Timing
from bench.units import Dimension

FORMAT = "5.3.1"
"""Version of pytest-benchmark whose layout this is."""
RATE_OF = {
    Dimension.FLOP_RATE: "flop", Dimension.OP_RATE: "flop", Dimension.BYTE_RATE: "bytes",
}  # fmt: skip
"""The work that a rate counts per second, by the dimension of the rate."""
OF_FIGURE = {"vector": "vector_rate", "sparse": "sparse_matmul"}


def render(record: Record) -> str:
    """Returns a JSON document with every measurement that has times."""
    taken: dict[str, int] = {}
    timed = [(one, one.timing) for one in record.measurements if one.timing is not None]
    listed = [_benchmark(one, timing, taken) for one, timing in timed]
    program = record.program
    document = {
        "machine_info": _machine(record),
        "commit_info": {"id": program.commit or "unversioned", "dirty": bool(program.dirty)},
        "benchmarks": listed,
        "datetime": record.started_utc,
        "version": FORMAT,
    }
    return json.dumps(document, indent=4, ensure_ascii=False, allow_nan=False) + "\n"


def _machine(record: Record) -> dict[str, object]:
    device, machine = record.device, record.machine
    return {
        "node": "",
        "processor": "",
        "machine": "",
        "python_compiler": "",
        "python_implementation": "",
        "python_implementation_version": machine.python,
        "python_version": machine.python,
        "python_build": [],
        "release": machine.kernel,
        "system": machine.system,
        "cpu": {"brand_raw": device.name if device.backend == "cpu" else ""},
        "onpaper": _run_info(record, device),
    }


def _run_info(record: Record, device: DeviceInfo) -> dict[str, str | None]:
    return {
        "record": record.id,
        "device": device.name,
        "backend": device.backend,
        "chip": record.identity.chip,
        "driver": device.driver,
        "torch": record.machine.torch,
        "onpaper": record.program.version,
    }


def _benchmark(one: Measurement, timing: Timing, taken: dict[str, int]) -> dict[str, object]:
    """Returns one benchmark; ``taken`` counts uses of each name, to number repeats."""
    form = str(one.parameters.get("variant") or one.parameters.get("stream") or "")
    words = [one.dtype, form, one.label if one.label != form else "", one.data]
    plain = "-".join(word for word in words if word)
    param = "-".join(word for word in (plain, _sizes(one)) if word)
    taken[param] = taken.get(param, 0) + 1
    param += f"-{taken[param]}" if taken[param] > 1 else ""
    name = f"{one.kernel}[{param}]"
    return {
        "group": None,
        "name": name,
        "fullname": f"onpaper::{name}",
        "params": {"kernel": one.kernel, "dtype": one.dtype, "data": one.data},
        "param": param,
        "extra_info": {"measurement": f"{one.kernel}[{plain}]", **_extra(one)},
        "options": {"timer": "onpaper", "warmup": timing.warmup_s > 0},
        "stats": {
            **_stats(timing.samples_s),
            "data": list(timing.samples_s),
            "iterations": timing.batch_calls,
        },
    }


def _sizes(one: Measurement) -> str:
    """Returns the sizes as text: times of calls with different sizes must not be compared."""
    return "x".join(str(one.parameters[size]) for size in SHAPE if size in one.parameters)


def _extra(one: Measurement) -> dict[str, object]:
    """Returns the work of a call, and its quantity if a published figure promises such a rate."""
    work = one.work
    info: dict[str, object] = {"quantity": _quantity(one), "dtype": one.dtype}
    if work is not None:
        info |= {"flop": work.flop or None, "bytes": work.bytes or None, "formula": work.formula}
    info["rate_of"] = RATE_OF.get(dimension_of(one, (*one.figures, "")[0]))
    shape = " ".join(f"{name}={value}" for name, value in one.parameters.items())
    info |= {"data": one.data, "shape": shape, "figure": (*one.figures, None)[0]}
    return {key: value for key, value in info.items() if value is not None}


def _quantity(one: Measurement) -> str | None:
    if not one.decides or not one.figures:
        return None
    stream, unit = one.parameters.get("stream"), one.figures[0].partition("_")[0]
    if stream:
        return f"memory_{stream}"
    if unit == "matrix":
        return "matmul_best" if searched_shapes(one) else "matmul_shape"
    return OF_FIGURE.get(unit)


def _stats(samples_s: Sequence[float]) -> dict[str, float | int | str]:
    """Returns the statistics of pytest-benchmark; quartiles are medians of the halves."""
    ordered = sorted(samples_s)
    count, middle, mean = len(ordered), median(ordered), fmean(ordered)
    spread = stdev(ordered) if count > 1 else 0.0
    half = max(1, count // 2)
    low, high = median(ordered[:half]), median(ordered[-half:])
    reach = 1.5 * (high - low)
    within = [one for one in ordered if low - reach <= one <= high + reach]
    far = sum(abs(one - mean) > spread for one in ordered)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": count,
        "median": middle,
        "iqr": high - low,
        "q1": low,
        "q3": high,
        "iqr_outliers": count - len(within),
        "stddev_outliers": far,
        "outliers": f"{far};{count - len(within)}",
        "ld15iqr": within[0],
        "hd15iqr": within[-1],
        "ops": 1 / mean,
        "total": sum(ordered),
    }
