"""What was tested and how: the method in words, the run's settings, each kernel with its formula.

The description of the method belongs to a method version; everything else is from the record.
"""

from collections.abc import Iterator

from bench.judging.titles import inputs, own_inputs
from bench.records.model import Check, Measurement, Record
from bench.verification.case import Case
from bench.verification.document import Block, Facts, Items, Paragraph, Table
from bench.words import some_of

TIMING = (
    "Timing: calls are batched until a sample is long enough for the timer; device events "
    "on accelerators, a monotonic clock on processors. Where memory is measured, buffers "
    "are far larger than the last-level cache."
)
WARM_UP = (
    "Warm-up: until the medians of two successive windows of 5 samples agree within 2%, or "
    "30% of the time allowed is spent. Then sampling: until the 95% interval of the median "
    "is as narrow as wanted, with 12 samples or more; or until the time is spent, with 6 "
    "or more; or until the noise leaves no hope of it. The record says which. A load to be "
    "kept up is sampled to the end of its time."
)
HELD_BACK = (
    "A load that a power or thermal limit holds back (3% slower than after a rest) is sampled for "
    "2.5 s at least, within the time allowed."
)
REST = (
    (
        "Sustained: the rate of the median call time, with the distribution-free 95% interval "
        "of the median, widened for samples that are not independent. If a load at a power cap was "
        "sampled for less than two of its swings (1.1 s each), it reaches 3.5% both ways at least."
    ),
    (
        "Burst: the rate of the best short window, also right after a rest; it is shown beside "
        "the sustained rate and decides no verdict."
    ),
    (
        "Result: a kernel's output is compared with a reference on fresh random input at a "
        "small size before its speed counts, and after timing a part of what the timed calls "
        "left is checked again. The table of kernels counts the checks of this record."
    ),
)
SEARCH = (
    "Shapes: the largest rate of a product is searched for over sizes and layouts; the "
    "best that was found is measured. What a longer search might still gain is estimated."
)
AGAIN = (
    "Before the choice, up to 12 of the fastest, within 10% of the best, are tried again, as far "
    "as the time allows; only these trials of them count."
)
METHODS: dict[int, tuple[str, ...]] = {
    1: (TIMING, WARM_UP, *REST, SEARCH),
    2: (TIMING, f"{WARM_UP} {HELD_BACK}", *REST, f"{SEARCH} {AGAIN}"),
}
"""How figures are measured, by method version."""

KERNELS = {
    "memory": "streams through memory",
    "gemm": "dense matrix products",
    "sparse": "products with 2:4 structured sparsity",
    "vector": "multiply-add of the vector units",
    "capacity": "memory that can be held",
    "cache": "bandwidth over the working set",
    "latency": "dependent loads",
    "gather": "random rows of memory",
    "roofline": "rate over arithmetic intensity",
    "attention": "attention of a language model",
    "experts": "mixture of experts",
    "norm": "normalisation and softmax",
    "layer": "transformer layers",
    "host_link": "link between host and device",
    "peer": "link between devices",
    "collective": "collectives over several devices",
    "launch": "overhead of launches",
    "sustained": "sustained loads",
}
"""What each kernel measures, by its name."""
SETTINGS = {
    "seconds": "time for the suite, s",
    "sustained_seconds": "time of a sustained load, s",
    "precision": "target half-width of the 95% interval",
    "margin": "margin at the time of the run",
    "data": "inputs",
}
"""Names of settings in words; other settings are shown by their keys."""
MOST_FORMULAS = 6
"""Maximum number of formulas shown of one kernel."""
COLUMNS = ("kernel", "what", "formats", "measured", "operations and bytes of a call",
           "result check: worst error of tolerance")  # fmt: skip


def method_blocks(case: Case) -> list[Block]:
    """Returns the method, the settings and the table of kernels."""
    record = case.record
    method = METHODS.get(record.method_version)
    unknown = (
        f"The record was measured by method version {record.method_version}, which this program "
        "does not describe."
    )
    table = Table("Kernels", COLUMNS, tuple(_kernels(record)), (), "kernels")
    return [
        Paragraph(_statement(case)),
        Items(method) if method else Paragraph(unknown, strong=True),
        Facts(tuple(_settings(record))),
        *([table] if table.cells else [Paragraph("Nothing was measured.")]),
    ]


def _statement(case: Case) -> str:
    return (
        f"Suite {case.record.suite}, method version {case.record.method_version}. A figure is "
        f"reached if the 95% interval of measured over published lies at or above "
        f"{100 * (1 - case.margin):.4g}%, short if it lies below, undecided if it lies across or "
        "if something else explains the loss, implausible if it cannot be."
    )


def _settings(record: Record) -> Iterator[tuple[str, str]]:
    """Yields settings and numbers of samples, each as name and value."""
    yield "inputs of the run", inputs(own_inputs(record))
    for key, value in record.settings.items():
        if value is not None and key != "data":
            yield SETTINGS.get(key, key), f"{value:g}" if isinstance(value, float) else f"{value}"
    done = [one for one in record.measurements if one.timing]
    if done:
        samples = [one.timing.stats.samples for one in done if one.timing]
        yield "samples of a measurement", f"{min(samples)} to {max(samples):,}"
        reasons = [one.timing.stopped.reason for one in done if one.timing]
        kinds = ", ".join(f"{reasons.count(one)} {one}" for one in dict.fromkeys(reasons))
        yield "why sampling ended", kinds
    tried = sum(len(one.search.trials) for one in record.measurements if one.search)
    if tried:
        yield "configurations tried in searches", f"{tried:,}"


def _kernels(record: Record) -> Iterator[tuple[str, ...]]:
    """Yields the table row of each kernel."""
    for kernel in dict.fromkeys(one.kernel for one in record.measurements):
        measurements = [one for one in record.measurements if one.kernel == kernel]
        done = [one for one in measurements if one.status == "ok"]
        formats = dict.fromkeys(one.dtype for one in measurements)
        yield (
            kernel,
            KERNELS.get(kernel, "–"),
            ", ".join(formats),
            f"{len(done)} of {len(measurements)}",
            _formulas(measurements),
            _checks(measurements),
        )


def _formulas(measurements: list[Measurement]) -> str:
    """Returns the formulas of a kernel: the first few, and how many more there are."""
    formulas = list(dict.fromkeys(one.work.formula for one in measurements if one.work))
    texts = [_formula(measurements, formula) for formula in formulas]
    return some_of(texts, MOST_FORMULAS, "; ", "; and {} more of the kind") or "–"


def _formula(measurements: list[Measurement], formula: str) -> str:
    """Returns a formula with the FLOP and bytes of its largest call."""
    works = [one.work for one in measurements if one.work and one.work.formula == formula]
    if all(one.quantity == "footprint" for one in measurements):
        return f"{formula} ({max(one.footprint_bytes for one in works):.3g} B)"
    flop, moved = max(one.flop for one in works), max(one.bytes for one in works)
    parts = [f"{flop:.3g} FLOP" if flop else "", f"{moved:.3g} B" if moved else ""]
    amounts = ", ".join(part for part in parts if part)
    return f"{formula} (up to {amounts})" if amounts else formula


def _checks(measurements: list[Measurement]) -> str:
    """Returns how many checks passed, and the worst error relative to its tolerance."""
    checks: list[Check] = [
        check for one in measurements for check in (one.check, one.spot_check) if check is not None
    ]
    if not checks:
        return "none recorded"
    passed = sum(one.passed for one in checks)
    worst = max(checks, key=lambda one: one.error / one.tolerance if one.tolerance else one.error)
    error = f"{worst.error:.2g} of {worst.tolerance:.2g}"
    if not worst.tolerance:
        error = f"{worst.error:.2g} where none is allowed" if worst.error else "exact results"
    return f"{passed} of {len(checks)} passed; {error}"
