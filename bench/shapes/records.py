"""Keys of the commands that compare, list or bundle records."""

from dataclasses import dataclass, field

from bench.shapes.choice import ReportChoice


@dataclass
class GateConfig:
    """Keys of ``gate``; ``against`` is a record, a folder of them, or a chip."""

    report: ReportChoice = field(default_factory=ReportChoice)
    record: str | None = None
    against: str | None = None
    level: float = 0.01
    least: float = 0.01
    margin: float = 0.10
    figures: list[str] = field(default_factory=list)
    limits: str | None = None
    out: str | None = None
    allow: list[str] = field(default_factory=list)
    junit: str | None = None
    markdown: str | None = None


@dataclass
class HistoryConfig:
    """Keys of ``history``; without a figure it lists the records."""

    report: ReportChoice = field(default_factory=ReportChoice)
    figure: str | None = None
    chip: str | None = None
    find: str | None = None
    records: str | None = None
    limit: int | None = None
    level: float = 0.01
    sql: str | None = None


@dataclass
class FleetConfig:
    """Keys of ``fleet``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    records: str | None = None
    figure: str | None = None
    chip: str | None = None
    level: float = 0.002
    least: float = 0.01
    limit: int = 20
    devices: int | None = None
    at_once: int | None = None
    seconds: float = 60.0
    chips: float = 0.005
    noise: float = 0.003
    slow: float = 0.05


@dataclass
class BundleConfig:
    """Keys of ``bundle``."""

    record: str | None = None
    out: str | None = None
