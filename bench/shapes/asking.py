"""Keys of the commands that work on data, on any machine."""

from dataclasses import dataclass, field

from bench.shapes.choice import ReportChoice


@dataclass
class ShowConfig:
    """Keys of ``show``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    record: str | None = None
    chip: str | None = None
    figures: list[str] = field(default_factory=list)
    margin: float = 0.10
    trials: bool = False
    sources: bool = False
    out: str | None = None


@dataclass
class ChipsConfig:
    """Keys of ``chips``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    find: str | None = None
    tier: str | None = None
    vendor: str | None = None
    kind: str | None = None
    status: str | None = None
    where: list[str] = field(default_factory=list)
    sort: str | None = None
    columns: list[str] = field(default_factory=list)
    limit: int | None = None
    cny: float | None = None
    sources: bool = False


@dataclass
class CompareConfig:
    """Keys of ``compare``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    chips: list[str] = field(default_factory=list)
    vendor: str | None = None
    baseline: str | None = None
    figures: list[str] = field(default_factory=list)
    per: str | None = None
    price: list[str] = field(default_factory=list)
    cny: float | None = None
    sources: bool = False


@dataclass
class RulesConfig:
    """Keys of ``rules``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    chips: list[str] = field(default_factory=list)
    chip: str | None = None
    on: str | None = None
    destination: str = "CN"
    headquarters: str | None = None
    export_from: str = "us"
    rule: str | None = None
    tpp: str | None = None
    density: str | None = None
    memory_bandwidth: str | None = None
    interconnect: str | None = None
    io: str | None = None
    datacenter: str | None = None
    us_sale: str | None = None
    sources: bool = False


@dataclass
class EvidenceConfig:
    """Keys of ``evidence``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    chip: str | None = None
    figure: str | None = None
    work: str | None = None
    records: str | None = None


@dataclass
class ClaimsConfig:
    """Keys of ``claims``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    claim: str | None = None
    chip: str | None = None
    side: str | None = None
    verdict: str | None = None
    margin: float | None = None
    without: list[str] = field(default_factory=list)
    records: str | None = None
    sources: bool = False


@dataclass
class VerdictConfig:
    """Keys of ``verdict``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    chips: list[str] = field(default_factory=list)
    baseline: str | None = None
    figures: list[str] = field(default_factory=list)
    margin: float = 0.10
    without: list[str] = field(default_factory=list)
    records: str | None = None
    rows: bool = False


@dataclass
class PlotConfig:
    """Keys of ``plot``; without ``kind`` it draws every plot for which the record has data."""

    kind: str | None = None
    record: str | None = None
    chips: list[str] = field(default_factory=list)
    baseline: str | None = None
    on: str | None = None
    figure: str | None = None
    chip: str | None = None
    find: str | None = None
    records: str | None = None
    workload: str | None = None
    precision: str = "bf16"
    devices: list[str] = field(default_factory=lambda: ["8"])
    input: str = "auto"
    output: str = "512"
    theme: str = "light"
    formats: list[str] = field(default_factory=lambda: ["png", "svg"])
    margin: float = 0.10
    out: str | None = None


@dataclass
class SiteConfig:
    """Keys of ``site``."""

    out: str | None = None
    records: str | None = None
    on: str | None = None


@dataclass
class ReportConfig:
    """Keys of ``report``, which writes verification reports; ``show`` renders a record."""

    report: ReportChoice = field(default_factory=ReportChoice)
    kind: str = "verification"
    record: str | None = None
    records: str | None = None
    devices: int | None = None
    confidence: float = 0.95
    faulty: float = 0.05
    accept: int = 0
    seed: str | None = None
    margin: float = 0.10
    formats: list[str] = field(default_factory=lambda: ["html", "pdf"])
    out: str | None = None


@dataclass
class PredictConfig:
    """Keys of ``predict``; a sweep is a list of whole numbers, or a range such as ``1..64``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    chips: list[str] = field(default_factory=list)
    workload: str | None = None
    phase: str = "serve"
    batch: list[str] = field(default_factory=lambda: ["32"])
    input: list[str] = field(default_factory=lambda: ["auto"])
    output: list[str] = field(default_factory=lambda: ["512"])
    parallel: str = "1"
    devices: list[str] = field(default_factory=lambda: ["8"])
    tpot: list[str] = field(default_factory=lambda: ["100ms"])
    ttft: str = "any"
    rate: str | None = None
    top: str = "1"
    prefill: str = "together"
    micro: str = "1"
    recompute: str = "false"
    states: str = "fp32"
    engine: str = "any"
    precision: str = "bf16"
    cache: str = "bf16"
    baseline: str | None = None
    shape: list[str] = field(default_factory=list)
    operators: bool = False
    calibration: str | None = None
    sort: str = "rate"
    years: float = 4.0
    kwh: str = "0.1"
    pue: float = 1.3
    price: list[str] = field(default_factory=list)
    rent: list[str] = field(default_factory=list)
    cny: float | None = None


@dataclass
class ValidateConfig:
    """Keys of ``validate``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    part: str | None = None
    against: str | None = None
    out: str | None = None


@dataclass
class CalibrateConfig:
    """Keys of ``calibrate``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    record: str | None = None
    chip: str | None = None
    out: str | None = None


@dataclass
class CheckConfig:
    """Keys of ``check``."""

    specs: str | None = None


@dataclass
class ExportConfig:
    """Keys of ``export``; without ``formats`` or ``tables`` it writes all of them."""

    out: str | None = None
    formats: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)


@dataclass
class ImportConfig:
    """Keys of ``import``; ``kind`` is the class of evidence, and ``file=-`` is standard input."""

    file: str | None = None
    source: str | None = None
    chip: str | None = None
    by: str | None = None
    kind: str | None = None
    url: str | None = None
    title: str | None = None
    date: str | None = None
    dtype: str | None = None
    count: int | None = None
    workload: str | None = None
    parallel: str | None = None
    software: str | None = None
    out: str | None = None
