"""The record of one run; the name of every physical quantity ends with its SI unit.

A record is immutable and self-contained: samples, conditions, environment, the hash of its sheet.
``None`` means unknown. Only ``machine.node`` names a host, if a user or a launcher set it.
"""

import math
from statistics import median
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bench.files.strict import Strict
from bench.records.machine import Machine

SCHEMA: Final = 3
"""Version of the shape below; an older record is read through bench/records/upgrade.py."""
IMPORTED_BY: Final = "imported_by"
"""The setting that names who measured an imported record; absent in records made here."""
IMPORTED_FROM: Final = "imported_sha256"
"""The setting that holds the hash of the bundle that a record was imported from."""
TOGETHER: Final = "together"
"""The setting that holds how many devices of the machine were measured at once."""
SHAPE: Final = ("m", "n", "k", "batch", "length")
"""Sizes that a user or a suite may fix: settings of a run, and parameters of a measurement."""
SIZES: Final = (*SHAPE, "elements")
"""All sizes; the number of elements follows from the device's memory unless the user fixes it."""
ROUNDING = 1e-9
"""Relative tolerance of a stored statistic against the one recomputed from its samples."""
WORST = 1e9
"""The largest error that is stored; NaN and infinity are stored as this value."""
METHOD = 2
"""Version of the measuring method (results/CHANGELOG.md); figures of two methods do not compare."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Program(Strict):
    """The version of onpaper that ran."""

    version: str
    commit: str | None = None
    dirty: bool | None = None


class DeviceInfo(Strict):
    """What a device reports about itself; None where it does not.

    ``units`` are SMs, CUs, AI cores or, on a CPU, the cores available to this process.
    ``markers`` are hints at the vendor behind a CUDA-like device: module and variable names.
    ``uid`` distinguishes devices of one model anonymously: leading digits of its serial's hash.
    """

    backend: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    uid: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")] | None = None
    index: int = 0
    name: str
    cpu_vendor: str | None = None
    cpu_family: int | None = None
    cpu_model: int | None = None
    isa: tuple[str, ...] = ()
    units: int | None = None
    units_in_package: int | None = None
    memory_bytes: NonNegative | None = None
    memory_free_bytes: NonNegative | None = None
    l2_bytes: NonNegative | None = None
    llc_bytes: NonNegative | None = None
    clock_max_hz: NonNegative | None = None
    clock_nominal_hz: NonNegative | None = None
    clock_measured_hz: NonNegative | None = None
    memory_bus_bit: int | None = None
    capability: str | None = None
    pci: str | None = None
    driver: str | None = None
    power_limit_w: NonNegative | None = None
    limits: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()

    @property
    def is_fake(self) -> bool:
        """Tells whether the device is simulated."""
        return self.backend == "fake"


class Identity(Strict):
    """The sheet that the device was matched to, and why.

    ``matched``: exactly one sheet fits what the device reports. ``family``: only a CPU's family is
    known, its peaks are derived. ``chosen``: given by ``chip=``. ``ambiguous``: several sheets
    fit. ``unknown``: none does, and nothing is compared.
    """

    state: Literal["matched", "family", "chosen", "ambiguous", "unknown"]
    chip: str | None = None
    sheet_sha256: str | None = None
    reasons: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


class Work(Strict):
    """The work of one call by formula: operations, bytes moved, bytes of the working set.

    ``items`` counts other units of work in a call: tokens, dependent loads, launches.
    """

    flop: NonNegative
    bytes: NonNegative
    footprint_bytes: NonNegative
    formula: str
    items: Positive = 1.0


def _capped(error: object) -> object:
    """Replaces NaN and errors above ``WORST`` with it; leaves other types to the validation."""
    if not isinstance(error, int | float) or isinstance(error, bool):
        return error
    return WORST if not error <= WORST else error  # also true for NaN


class Check(Strict):
    """A comparison of the kernel's result with a float64 reference; ``error`` is relative."""

    passed: bool
    error: Annotated[NonNegative, BeforeValidator(_capped)]
    tolerance: float
    shape: str


class Stats(Strict):
    """Call time, s: median, its interval, and the best window of ``burst_window_s`` (20 ms up)."""

    median_s: Positive
    low_s: Positive
    high_s: Positive
    level: float
    burst_s: Positive
    burst_window_s: Positive
    samples: int
    effective_samples: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low_s <= self.median_s <= self.high_s:
            raise ValueError("low_s, median_s and high_s are not in this order")
        if self.burst_s > self.median_s * (1 + ROUNDING):
            raise ValueError("burst_s, the best window, is longer than the median")
        return self


class Stopped(Strict):
    """Why sampling ended, and the relative half-width of the interval, reached and wanted."""

    reason: Literal["converged", "budget", "noisy"]
    precision: NonNegative
    wanted: NonNegative


class Conditions(Strict):
    """Conditions during a measurement; the series were sampled at ``at_s``.

    ``throttle`` is None if the device reports no reasons; before 2026-11-27 it was empty then.
    ``cpu_share`` is the process's CPU time over elapsed time times its threads.
    """

    at_s: tuple[float, ...] = ()
    clock_hz: tuple[float, ...] = ()
    power_w: tuple[float, ...] = ()
    temperature_c: tuple[float, ...] = ()
    throttle: tuple[str, ...] | None = None
    load_1min: float | None = None
    steal_fraction: float | None = None
    involuntary_switches: int | None = None
    cpu_share: float | None = None
    power_valid: bool | None = None


class Timing(Strict):
    """The samples of one kernel configuration, in seconds per call, and their statistics.

    ``rested_s`` are call times right after a rest, before warm-up; the burst may be among them.
    """

    batch_calls: int
    samples_s: tuple[Positive, ...]
    at_s: tuple[float, ...]
    disturbed: tuple[int, ...] = ()
    rested_s: tuple[Positive, ...] = ()
    warmup_s: NonNegative
    wall_ratio: float | None = None
    stats: Stats
    stopped: Stopped

    @model_validator(mode="after")
    def _of_these_samples(self) -> Self:
        if len(self.at_s) != len(self.samples_s) or self.stats.samples != len(self.samples_s):
            raise ValueError("samples_s, at_s and stats.samples differ in number")
        if not math.isclose(median(self.samples_s), self.stats.median_s, rel_tol=ROUNDING):
            raise ValueError("stats.median_s is not the median of samples_s")
        return self


class Trial(Strict):
    """One configuration tried in a search: the median call time of its trials, and its calls."""

    parameters: dict[str, int | str]
    median_s: Positive
    calls: int


class Search(Strict):
    """The trials of a search, and what a longer one might still gain.

    ``gain_estimate`` is the expected relative gain of a much longer search, None if too few were
    tried. ``chance_next_beats_at_most`` is a 95% bound on the chance that one more random
    configuration beats the best. ``left_out`` counts those too expensive to try or not runnable.
    """

    space: int
    trials: tuple[Trial, ...]
    left_out: int
    took_s: NonNegative
    gain_estimate: NonNegative | None
    chance_next_beats_at_most: NonNegative


Quantity = Literal["", "flop_rate", "byte_rate", "item_rate", "item_seconds", "footprint"]
"""What a measurement reports; if empty, its figure's dimension decides. ``item_rate``: items per
second, such as tokens. ``item_seconds``: seconds per item. ``footprint``: bytes allocated."""


class Measurement(Strict):
    """One kernel configuration: its work, timing and conditions.

    ``label`` distinguishes measurements of one figure, or names one without; ``group`` is the title
    of a separate table. ``decides`` is False where the figure promises no such rate, as for
    attention: it gives no verdict. ``observed`` is what was seen at run time, such as the tile of
    the code that ran; ``readings_mean_s`` is the time that each reading in ``conditions`` averages.
    """

    kernel: str
    dtype: str
    data: str
    figures: tuple[str, ...]
    status: Literal["ok", "skipped", "failed"]
    reason: str | None = None
    parameters: dict[str, int | str] = Field(default_factory=dict)
    work: Work | None = None
    check: Check | None = None
    spot_check: Check | None = None
    timing: Timing | None = None
    search: Search | None = None
    conditions: Conditions = Conditions()
    setup_s: NonNegative = 0.0
    took_s: NonNegative = 0.0
    label: str = ""
    group: str = ""
    quantity: Quantity = ""
    decides: bool = True
    observed: dict[str, float | str] = Field(default_factory=dict)


class Record(Strict):
    """One execution on one device of one host."""

    schema_version: Literal[3] = SCHEMA
    method_version: int = METHOD
    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]+$")]
    started_utc: str
    state: Literal["running", "complete", "interrupted"] = "running"
    program: Program
    suite: str
    settings: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    machine: Machine
    device: DeviceInfo
    identity: Identity
    took_s: NonNegative = 0.0
    measurements: tuple[Measurement, ...] = ()

    def with_measurement(self, new: Measurement, took_s: float) -> "Record":
        """Returns a copy with one more measurement."""
        return self.model_copy(update={"measurements": (*self.measurements, new), "took_s": took_s})


def at_once(record: Record) -> int:
    """Returns how many devices of the machine were measured at once, including this one."""
    count = record.settings.get(TOGETHER)
    return count if isinstance(count, int) and count > 1 else 1
