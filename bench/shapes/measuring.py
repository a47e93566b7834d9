"""Keys of the commands that use a device, and the contents of a suite."""

from dataclasses import dataclass, field
from typing import Any

from bench.shapes.choice import ReportChoice

DAY_S = 86_400
"""The longest time that a run or a sustained load may be given, s."""


@dataclass
class SuiteItem:
    """One kernel with number formats, variants and input data.

    Empty ``dtypes`` or ``variants`` mean all that the kernel has; empty ``data`` means the run's.
    ``sizes`` fixes sizes instead of searching for the best: one number per size, or a list of
    numbers, of which every combination is measured as an item of its own.
    """

    kernel: str = "gemm"
    dtypes: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    sizes: Any = None
    weight: float = 1.0


@dataclass
class Suite:
    """What a run measures, and in how many seconds."""

    name: str = ""
    seconds: float = 60.0
    items: list[SuiteItem] = field(default_factory=list)


@dataclass
class Fake:
    """Properties of the fake device.

    The last of ``count`` devices reaches ``slow`` times the others' rates. When all are loaded at
    once, each runs at ``shared`` times its clock. ``like`` is the chip whose sheet the device
    imitates, if it is not that of ``chip=``.
    """

    name: str | None = None
    like: str | None = None
    noise: str = "white"
    noise_level: float = 0.01
    throttle_after_s: float | None = None
    throttle_to: float = 1.0
    seed: int = 1
    count: int = 1
    slow: float = 1.0
    shared: float = 1.0


@dataclass
class DeviceChoice:
    """The device; ``index`` counts devices of one backend, ``among`` lists those of ``all``.

    ``alone`` says whether several devices are measured one by one before all at once.
    """

    name: str = "auto"
    index: int = 0
    among: list[str] = field(default_factory=list)
    alone: bool = True
    fake: Fake = field(default_factory=Fake)


@dataclass
class Sustained:
    """How long the kernel ``sustained`` keeps up each load."""

    seconds: float = 60.0


@dataclass
class RunConfig:
    """Keys of ``run``."""

    suite: Suite = field(default_factory=Suite)
    device: DeviceChoice = field(default_factory=DeviceChoice)
    report: ReportChoice = field(default_factory=ReportChoice)
    chip: str | None = None
    kernel: str | None = None
    dtype: str | None = None
    variant: str | None = None
    m: int | None = None
    n: int | None = None
    k: int | None = None
    batch: int | None = None
    length: int | None = None
    elements: int | None = None
    data: str = "normal"
    seconds: float | None = None
    sustained: Sustained = field(default_factory=Sustained)
    precision: float = 0.01
    margin: float = 0.10
    node: str | None = None
    runs: int = 1
    out: str | None = None
    resume: str | None = None
    reports: bool = False
    quiet: bool = False


@dataclass
class DoctorConfig:
    """Keys of ``doctor``."""

    device: DeviceChoice = field(default_factory=DeviceChoice)
    chip: str | None = None
    conformance: bool = False
