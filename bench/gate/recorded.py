"""Converts a record into a run of the gate."""

from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper, paper
from bench.gate.model import Run, Shape, Taken
from bench.gate.speed import clock_of, speed_of
from bench.judging.cpuclock import at_its_clock
from bench.judging.plausible import disturbances, disturbed_by, timing_doubts
from bench.judging.rates import dimension_of, rates
from bench.judging.sizes import SEARCHED, fixed_sizes, named
from bench.judging.titles import own_inputs, sizes
from bench.judging.titles import title as plain_title
from bench.records.model import SIZES, DeviceInfo, Measurement, Record, at_once
from bench.report.text.digits import beside
from bench.units import Dimension, show

ASKED = ("kernel", "dtype", "variant", "suite.items", *SIZES)
"""The settings that choose what is measured, besides the suite."""
ON_CORE = ("cache", "latency")
"""Kernels without a figure whose rate scales with the core clock, such as caches."""
NEAR_RIDGE = 0.5
"""From this share of the ridge point on, a rate goes with the clock: at a fifth of an H200's ridge
(42 FLOP/B), decoding reached 74% of the memory bandwidth, and was 4% slower at a 17% lower clock
(``results/records/2026-11-26``, llama-3.1-70b in ``h200-sxm-full`` and ``h200-sxm-llm``)."""


def run_of(record: Record, catalogue: Catalogue) -> Run:
    """Returns a record as a run of the gate."""
    chip = catalogue.sheet_of(record)
    fixed = tuple(f"{name}={record.settings.get(name)}" for name in SIZES)
    own = own_inputs(record)
    sizes_in_names = fixed_sizes(record.measurements, record.settings)

    def taken(one: Measurement, name_sizes: str) -> Taken:
        key = _tested(one, record.device, chip, catalogue)
        title = named(title_of(one, key, own), name_sizes)
        made = _taken(one, title, record.device, chip, (own, *fixed))
        free = one.kernel in SEARCHED and not name_sizes
        moves, of = made.moves or free, {**made.of, "figure": key}
        return replace(made, sizes=name_sizes, moves=moves, of=of)

    return Run(
        name=record.id,
        day=record.started_utc[:10],
        about=_about(record),
        facts=facts(record),
        taken=tuple(map(taken, record.measurements, sizes_in_names)),
        whole=(record.suite, *(f"{name}={record.settings.get(name)}" for name in ASKED)),
        state=record.state,
        backend=record.device.backend,
    )


def _about(record: Record) -> str:
    return f"{record.device.name}, suite {record.suite}, {record.started_utc[:10]}"


def facts(record: Record) -> dict[str, str | None]:
    """Returns the conditions of a record, by the words of ``allow=``."""
    device, machine, program = record.device, record.machine, record.program
    units = f", {device.units} units" if device.units else ""
    limit = show(device.power_limit_w, Dimension.POWER) if device.power_limit_w else None
    commit = f" {program.commit}{'+' if program.dirty else ''}" if program.commit else ""
    times = {key: record.settings.get(key) for key in ("seconds", "precision", "sustained_seconds")}
    return {
        "method": str(record.method_version),
        "inputs": own_inputs(record),
        "device": f"{device.name} ({device.backend}{units})",
        "machine": machine.system,
        "chip": record.identity.chip,
        "uid": device.uid,
        "node": machine.node,
        "driver": device.driver,
        "runtime": machine.accelerator_runtime,
        "torch": machine.torch,
        "python": machine.python,
        "libraries": _listed(machine.libraries),
        "variables": _listed(machine.variables),
        "kernel": machine.kernel,
        "threads": None if machine.threads is None else str(machine.threads),
        "power_limit": limit,
        "onpaper": f"{program.version}{commit}",
        "together": together(record),
        "suite": ", ".join([record.suite, *(f"{key}={value}" for key, value in times.items())]),
    }


def _listed(words: tuple[str, ...] | None) -> str | None:
    """Returns words in one text; None if the record does not have them."""
    return None if words is None else ", ".join(words)


def together(record: Record) -> str:
    """Returns whether the device was measured alone or together with others, in words."""
    count = at_once(record)
    return "alone" if count == 1 else f"{count} devices at once"


def _tested(one: Measurement, device: DeviceInfo, chip: Chip | None, catalogue: Catalogue) -> str:
    """Returns the figure that titles a measurement in the record's own report, else empty."""
    found = paper(at_its_clock(device, one), chip, one.figures, catalogue)
    return found.key if isinstance(found, Paper) else (*one.figures, "")[0]


def _taken(
    one: Measurement, title: str, device: DeviceInfo, chip: Chip | None, fixed: tuple[str, ...]
) -> Taken:
    own, *given_sizes = fixed
    key = (*one.figures, "")[0]
    dimension = dimension_of(one, key)
    status, reason = _status(one)
    speed = speed_of(one, dimension) if status == "ok" else None
    found, _ = rates(one, dimension)
    form = str(one.parameters.get("variant") or one.parameters.get("stream") or "")
    words = (one.kernel, one.dtype, one.data, one.label, form, *one.figures, *given_sizes)
    if status == "ok" and speed is None:
        status, reason = "skipped", "no work is recorded from which to compute a rate"
    return Taken(
        name=words,
        title=title,
        parameters=one.parameters,
        shape=sizes(one),
        moves=one.search is not None or one.data != own,
        status=status,
        reason=reason,
        speed=speed,
        shown=beside(found.value, found, dimension) if found and speed else "",
        dimension=dimension,
        clock=clock_of(one),
        clocked=goes_with_clock(one, chip),
        troubles=(*_troubles(one, device),),
        throttle=one.conditions.throttle or (),
        tried=_tried(one),
        of={"figure": key, "kernel": one.kernel, "dtype": one.dtype},
    )


def _tried(one: Measurement) -> dict[Shape, float]:
    """Returns the call time of each configuration of a search."""
    trials = one.search.trials if one.search else ()
    return {frozenset(trial.parameters.items()): trial.median_s for trial in trials}


def title_of(one: Measurement, key: str, own: str) -> str:
    """Returns a measurement's title, with its dtype if the figure's title lacks it."""
    words = plain_title(one, key, apart=one.data != own)
    clear = one.dtype in words or key.startswith(("memory_", "link_", "pcie_", "die_"))
    return words if clear or not one.dtype else f"{words}, {one.dtype}"


def _status(one: Measurement) -> tuple[str, str]:
    """Returns the status (``failed`` if the result is wrong), and the reason."""
    for check in (one.check, one.spot_check):
        if one.status == "ok" and check is not None and not check.passed:
            return "failed", one.reason or f"wrong result: relative error {check.error:.1g}"
    return one.status, one.reason or ""


def _troubles(one: Measurement, device: DeviceInfo) -> list[str]:
    throttled = disturbed_by(one.conditions)
    doubts = [*disturbances(one), *timing_doubts(one, device)]
    return [*doubts, *([f"throttled: {', '.join(throttled)}"] if throttled else [])]


def goes_with_clock(one: Measurement, chip: Chip | None) -> bool:
    """Returns whether a rate scales with the clock of the device's cores, as far as is known.

    Operation rates and caches do; memory and links have clocks of their own. For products and for
    work without a figure, such as decoding, the sheet's ridge point decides. If that is unknown,
    memory-bound kernels do not, and all others do.
    """
    first = FIGURES.get((*one.figures, "")[0])
    if first and one.decides and not first.is_rate:
        return False
    if one.kernel in ON_CORE:
        return True
    if one.kernel == "launch" or one.quantity == "footprint":
        return False
    ridge = _ridge(one.dtype, chip)
    if one.work is None or ridge is None or not one.work.bytes:
        return not one.figures or (first is not None and first.is_rate)
    return one.work.flop / one.work.bytes >= NEAR_RIDGE * ridge


def _ridge(dtype: str, chip: Chip | None) -> float | None:
    """Returns a dtype's ridge point in FLOP/B, of the matrix rate where the sheet has one."""
    if chip is None:
        return None
    peak = chip.number(f"matrix_{dtype}") or chip.number(f"vector_{dtype}")
    bandwidth = chip.number("memory_bandwidth")
    return peak / bandwidth if peak and bandwidth else None
