"""The parts of a record that its summary needs, read from the file without the rest.

The shape is that of ``bench.records.model`` without the parts that are slow to read, such as the
trials of a search. Records of every schema are read; fields that an older schema lacks are unknown.
"""

import math
from statistics import median
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench.records.model import ROUNDING, SCHEMA, NonNegative, Positive, Quantity


class Slim(BaseModel):
    """A part of a record; fields that are not declared are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class SlimProgram(Slim):
    """The version of onpaper that ran."""

    version: str
    commit: str | None = None


class SlimMachine(Slim):
    """The machine and its software."""

    node: str | None = None
    torch: str | None = None
    accelerator_runtime: str | None = None


class SlimDevice(Slim):
    """The device."""

    backend: str
    uid: str | None = None
    index: int = 0
    name: str
    pci: str | None = None
    driver: str | None = None
    power_limit_w: float | None = None


class SlimIdentity(Slim):
    """The sheet that the device was matched with."""

    chip: str | None = None


class SlimWork(Slim):
    """The work of one call."""

    flop: NonNegative
    bytes: NonNegative
    footprint_bytes: NonNegative
    items: Positive = 1.0


class SlimSearch(Slim):
    """The number of configurations that a search could choose from."""

    space: int


class SlimStats(Slim):
    """Statistics of the time of one call."""

    median_s: Positive
    low_s: Positive
    high_s: Positive
    burst_s: Positive
    samples: int


class SlimTiming(Slim):
    """Times of calls with their statistics, which are checked for consistency as in any record."""

    batch_calls: int
    samples_s: tuple[Positive, ...]
    rested_s: tuple[Positive, ...] = ()
    warmup_s: NonNegative
    stats: SlimStats
    disturbed: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _of_these_samples(self) -> Self:
        stats = self.stats
        if stats.samples != len(self.samples_s):
            raise ValueError("samples_s and stats.samples differ in number")
        if not math.isclose(median(self.samples_s), stats.median_s, rel_tol=ROUNDING):
            raise ValueError("stats.median_s is not the median of samples_s")
        if not stats.low_s <= stats.median_s <= stats.high_s:
            raise ValueError("low_s, median_s and high_s are not in this order")
        if stats.burst_s > stats.median_s * (1 + ROUNDING):
            raise ValueError("burst_s, the best window, is longer than the median")
        return self


class SlimConditions(Slim):
    """Readings taken during a measurement."""

    clock_hz: tuple[float, ...] = ()
    power_w: tuple[float, ...] = ()
    temperature_c: tuple[float, ...] = ()
    throttle: tuple[str, ...] | None = None
    steal_fraction: float | None = None
    cpu_share: float | None = None


class SlimCheck(Slim):
    """Whether a result was correct."""

    passed: bool


class SlimMeasurement(Slim):
    """One kernel configuration."""

    kernel: str
    dtype: str
    data: str
    figures: tuple[str, ...]
    status: Literal["ok", "skipped", "failed"]
    parameters: dict[str, int | str] = Field(default_factory=dict)
    work: SlimWork | None = None
    check: SlimCheck | None = None
    spot_check: SlimCheck | None = None
    timing: SlimTiming | None = None
    search: SlimSearch | None = None
    conditions: SlimConditions = SlimConditions()
    label: str = ""
    group: str = ""
    quantity: Quantity = ""
    decides: bool = True


class SlimRecord(Slim):
    """One run."""

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA)]
    method_version: int
    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]+$")]
    started_utc: str
    state: Literal["running", "complete", "interrupted"]
    program: SlimProgram
    suite: str
    settings: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    machine: SlimMachine
    device: SlimDevice
    identity: SlimIdentity
    measurements: tuple[SlimMeasurement, ...]
