"""The record of one run; every key that holds a physical quantity names its SI unit.

A record is frozen and complete in itself: raw samples, conditions, environment and the hash of
the sheet it was set beside. ``None`` means unknown. Nothing in it names a person, a host or a path,
but ``machine.node``, where a user or a launcher told it.
"""

import math
from statistics import median
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bench.strict import Strict

SCHEMA: Final = 2
"""Version of the shape below; an older record is read through bench/records/upgrade.py."""

IMPORTED_BY: Final = "imported_by"
"""The setting that tells who measured a record that was imported; one's own have none."""
IMPORTED_FROM: Final = "imported_sha256"
"""The setting that tells of which bundle it was taken."""
TOGETHER: Final = "together"
"""The setting that tells how many devices of the machine were measured at once."""
ROUNDING = 1e-9
"""How far a number may be from what it was computed of, relative."""
METHOD = 1
"""Version of how figures are measured; figures of different methods are not set side by side."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Program(Strict):
    """The onpaper that ran."""

    version: str
    commit: str | None = None
    dirty: bool | None = None


class Machine(Strict):
    """The environment: systems and versions; ``node`` is what a user or a launcher calls it."""

    node: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")] | None = None
    system: str
    kernel: str
    python: str
    torch: str | None
    accelerator_runtime: str | None = None
    threads: int | None = None
    virtual: bool | None = None


class DeviceInfo(Strict):
    """All that a device reports of itself, as far as it reports it.

    ``units`` are SMs, CUs, AI cores or, on a CPU, the cores in reach of this process.
    ``markers`` are hints at the vendor behind a CUDA-like device: module and variable names.
    ``uid`` tells devices of one kind apart and names none: the beginning of a hash of its serial.
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


class Identity(Strict):
    """Which sheet the device was taken to be described by, and why.

    ``matched``: one sheet fits all that is reported. ``family``: only the family of a CPU is
    known, its peaks are derived. ``chosen``: ``chip=`` said so. ``ambiguous``: several sheets
    fit. ``unknown``: none does; nothing is compared.
    """

    state: Literal["matched", "family", "chosen", "ambiguous", "unknown"]
    chip: str | None = None
    sheet_sha256: str | None = None
    reasons: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


class Work(Strict):
    """What one call does, by formula: operations, bytes moved, bytes touched.

    ``items`` are what else a call gets through: tokens, loads that wait for one another, launches.
    """

    flop: NonNegative
    bytes: NonNegative
    footprint_bytes: NonNegative
    formula: str
    items: Positive = 1.0


WORST = 1e9
"""The largest error that is told; a result that is no number is that wrong."""


def _told(error: object) -> object:
    """Returns the worst error for one that is larger or no number; what is not one at all stays."""
    if not isinstance(error, int | float) or isinstance(error, bool):
        return error
    return WORST if not error <= WORST else error  # NaN is neither below nor above


class Check(Strict):
    """The kernel's result beside a float64 reference on fresh random input."""

    passed: bool
    error: Annotated[NonNegative, BeforeValidator(_told)]
    tolerance: float
    shape: str


class Stats(Strict):
    """The time of one call: median with its interval, and the best short window."""

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
    """Why sampling ended, and the half-width of the interval it had reached."""

    reason: Literal["converged", "budget", "noisy"]
    precision: NonNegative
    wanted: NonNegative


class Conditions(Strict):
    """What went on while it was measured; series are on the clock of ``at_s``.

    ``throttle`` is None where nothing was told of it; before 2026-11-27 it was empty there, too.
    ``cpu_share`` is the CPU time that the process got, over threads times elapsed time.
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
    """The samples of one kernel configuration and what was made of them.

    ``rested_s`` are call times right after a rest, before warm-up: bursts may lie there.
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
    """One configuration tried in a search, the median call time of its trials, and its calls."""

    parameters: dict[str, int | str]
    median_s: Positive
    calls: int


class Search(Strict):
    """All that a search tried, and what a longer one could still gain.

    ``gain_estimate`` is the relative rise of the best rate that a much longer search is
    expected to find, None if too few were tried to tell; ``chance_next_beats_at_most`` bounds,
    at 95%, the chance that one more configuration drawn at random beats the best.
    ``left_out`` counts those too dear for one trial and those that do not run.
    """

    space: int
    trials: tuple[Trial, ...]
    left_out: int
    took_s: NonNegative
    gain_estimate: NonNegative | None
    chance_next_beats_at_most: NonNegative


Quantity = Literal["", "flop_rate", "byte_rate", "item_rate", "item_seconds", "footprint"]
"""What a measurement is told in; where it is empty, its figure's dimension says.

``item_rate``: items of a call a second, such as tokens. ``item_seconds``: seconds an item.
``footprint``: the bytes that were held.
"""


class Measurement(Strict):
    """One kernel configuration: what it did, how long it took, under which conditions.

    ``label`` tells apart what tests one figure, or names what tests none; ``group`` is the table
    of its own that points of a curve belong to. ``decides`` is False for work that no figure
    promises a rate of, such as attention: it is shown beside the figure and judges nothing.
    ``observed`` is what the kernel saw of itself, such as the tile of the code that ran.
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

    schema_version: Literal[2] = SCHEMA
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
        """Returns the record with one more measurement."""
        return self.model_copy(update={"measurements": (*self.measurements, new), "took_s": took_s})


def at_once(record: Record) -> int:
    """Returns how many devices of a machine were measured at once, this one among them."""
    told = record.settings.get(TOGETHER)
    return told if isinstance(told, int) and told > 1 else 1
