"""What is asked of a record among many, read straight from its bytes; the rest is passed over.

It is the shape of ``bench.records.model`` without what takes long: samples are not looked at.
Records of every schema are read; what an older one lacks is unknown.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bench.records.model import SCHEMA, NonNegative, Positive, Quantity


class Slim(BaseModel):
    """A part of a record; fields that are not asked for are left out."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class SlimProgram(Slim):
    """The onpaper that ran."""

    version: str
    commit: str | None = None


class SlimMachine(Slim):
    """The environment."""

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
    """The sheet."""

    chip: str | None = None


class SlimWork(Slim):
    """What a call does."""

    flop: NonNegative
    bytes: NonNegative
    footprint_bytes: NonNegative
    items: Positive = 1.0


class SlimStats(Slim):
    """The time of a call."""

    median_s: Positive
    low_s: Positive
    high_s: Positive
    burst_s: Positive
    samples: int


class SlimTiming(Slim):
    """Times, without the samples; which of them were disturbed is told."""

    stats: SlimStats
    disturbed: tuple[int, ...] = ()

    @property
    def samples_s(self) -> range:
        """Returns something as long as the samples are many."""
        return range(self.stats.samples)


class SlimConditions(Slim):
    """What went on meanwhile."""

    clock_hz: tuple[float, ...] = ()
    power_w: tuple[float, ...] = ()
    temperature_c: tuple[float, ...] = ()
    throttle: tuple[str, ...] = ()
    steal_fraction: float | None = None
    cpu_share: float | None = None


class SlimCheck(Slim):
    """Whether a result was right."""

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
