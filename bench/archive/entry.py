"""Summary of a record among many: a head that says what ran where, and one line per measurement."""

import re
from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, cast

from pydantic import ValidationError

from bench.archive.slim import SlimMeasurement, SlimRecord
from bench.chips.figures import FIGURES
from bench.judging.plausible import disturbances
from bench.judging.rates import dimension_of, rates
from bench.judging.sizes import fixed_sizes
from bench.judging.titles import PLAIN
from bench.records.model import SCHEMA, SIZES

if TYPE_CHECKING:
    from bench.records.model import Measurement

MAX_BYTES = 200_000_000
HEAD = 2_000
"""Bytes at the start of a file that are searched for its schema version."""
VERSION = re.compile(rb'"schema_version":\s*([0-9]{1,9})\b')
NARROWING = ("kernel", "dtype", "variant", *SIZES, "ranks")
"""Settings that narrow a run down to single measurements of a suite."""


class Head(NamedTuple):
    """What ran where; empty strings are unknown.

    The field names are also the columns of tables. Those that do not explain themselves:

    Attributes:
        asked: the settings that narrowed the run down; empty for the whole suite.
        data: input data of the run, such as ``normal``.
        chip: id of the sheet.
        number: index of the device within its backend.
        runtime: version of the accelerator's runtime, such as CUDA.
        onpaper: version of this program.
        together: number of devices of the machine that were measured at once.
        measurements: number of measurements.
    """

    id: str
    started_utc: str
    state: str
    suite: str
    asked: str
    data: str
    chip: str
    device: str
    backend: str
    number: int
    uid: str
    node: str
    pci: str
    driver: str
    power_limit_w: float | None
    torch: str
    runtime: str
    onpaper: str
    method: int
    together: int
    measurements: int

    @property
    def device_key(self) -> str:
        """Returns an identifier of the device, as far as the record has one; else the record's id.

        CPUs are identified by node, because their uid is that of the system, which copies of one
        image share.
        """
        where = ":".join((self.node, self.backend, str(self.number)))
        if self.backend == "cpu" and self.node:
            return where
        return self.uid or (where if self.node else self.id)

    @property
    def display_name(self) -> str:
        """Returns the device's name in reports: node and index, or its uid, or the record's id."""
        if self.node:
            return f"{self.node} {self.backend}:{self.number}"
        return self.uid or self.id

    @property
    def kind(self) -> tuple[str, ...]:
        """Returns the facts that must agree before two records are compared."""
        limit = "" if self.power_limit_w is None else f"{self.power_limit_w:g} W"
        alone = f"{self.together} at once" if self.together > 1 else "alone"
        return (
            self.chip, self.device, self.backend, limit, self.driver, self.torch, self.runtime,
            self.onpaper, f"method {self.method}", self.suite, self.asked, self.data, alone,
        )  # fmt: skip


KIND = (
    "chip", "device", "backend", "power limit", "driver", "torch", "runtime", "onpaper", "method",
    "suite", "asked for", "inputs", "alone",
)  # fmt: skip
"""Names of the parts of ``Head.kind``."""


class What(NamedTuple):
    """What was measured; equal for measurements that may be compared.

    The field names are also the columns of tables.

    Attributes:
        key: key of the first figure that the measurement tests; empty if none.
        kernel: name of the kernel.
        dtype: number format.
        data: input data, such as ``normal``.
        label: form of the work, such as ``copy``.
        group: table of its own in which the kernel is reported, if any.
        unit: base unit of the value.
        decides: whether the measurement can decide a figure's verdict.
        figures: keys of all figures that it tests, between blanks.
        sizes: sizes that the user fixed; measurements with other sizes are not comparable.
    """

    key: str
    kernel: str
    dtype: str
    data: str
    label: str
    group: str
    unit: str
    decides: bool
    figures: str
    sizes: str = ""

    @property
    def title(self) -> str:
        """Returns the figure's title, or kernel and dtype, with label and fixed sizes."""
        known = FIGURES.get(self.key)
        words = [known.title if known else f"{self.kernel} {self.dtype}", self.label, self.sizes]
        return ", ".join(word for word in words if word)


class Line(NamedTuple):
    """One measurement; None is unknown.

    Attributes:
        what: what was measured.
        status: ``ok``, ``skipped`` or ``failed``.
        value: measured value, in base units.
        low: lower end of its 95% interval.
        high: upper end of that interval.
        clock_hz: median clock.
        power_w: median power.
        temperature_c: highest temperature.
        throttle: throttle reasons, between commas.
        disturbed: what disturbed the measurement, so that a low rate proves nothing; else empty.
    """

    what: What
    status: str
    value: float | None
    low: float | None
    high: float | None
    clock_hz: float | None
    power_w: float | None
    temperature_c: float | None
    throttle: str
    disturbed: str


class Entry(NamedTuple):
    """Summary of a record; if it could not be read, ``head`` is None and ``fault`` says why."""

    head: Head | None
    lines: tuple[Line, ...] = ()
    fault: str = ""


def entry(content: bytes) -> Entry:
    """Returns the summary of a record from its file's content, or why it is not a record."""
    if len(content) > MAX_BYTES:
        return Entry(None, fault="is larger than a record can be")
    try:
        slim = SlimRecord.model_validate_json(content)
    except ValidationError as error:
        version = VERSION.search(content[:HEAD])
        if version and int(version[1]) > SCHEMA:
            return Entry(None, fault=later(int(version[1])))
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        problem = f"{field}: {first['msg']}" if field else first["msg"]
        return Entry(None, fault=f"is no record: {problem}"[:200])
    as_measurements = cast("tuple[Measurement, ...]", slim.measurements)  # as in _line
    sizes = fixed_sizes(as_measurements, slim.settings)
    return Entry(_head(slim), tuple(map(_line, slim.measurements, sizes)))


def later(version: int) -> str:
    """Returns the fault of a record with a later schema, which this program cannot read."""
    return f"schema_version: has schema {version}, this program reads 1 to {SCHEMA}; update onpaper"


def _head(record: SlimRecord) -> Head:
    device, machine, settings = record.device, record.machine, record.settings
    together = settings.get("together")
    return Head(
        id=record.id,
        started_utc=record.started_utc,
        state=record.state,
        suite=record.suite,
        asked=selected_settings(settings),
        data=str(settings.get("data") or PLAIN),
        chip=record.identity.chip or "",
        device=device.name,
        backend=device.backend,
        number=device.index,
        uid=device.uid or "",
        node=machine.node or "",
        pci=device.pci or "",
        driver=device.driver or "",
        power_limit_w=device.power_limit_w,
        torch=machine.torch or "",
        runtime=machine.accelerator_runtime or "",
        onpaper=record.program.version,
        method=record.method_version,
        together=together if isinstance(together, int) else 1,
        measurements=len(record.measurements),
    )


def selected_settings(settings: Mapping[str, object]) -> str:
    """Returns the settings that narrowed a run down, as typed; empty for the whole suite."""
    words = [f"{key}={settings[key]}" for key in NARROWING if settings.get(key) is not None]
    items = settings.get("suite.items")
    return " ".join([*words, str(items)] if items else words)


def _line(measurement: SlimMeasurement, sizes: str) -> Line:
    key = next((name for name in measurement.figures if name in FIGURES), "")
    as_measurement = cast("Measurement", measurement)  # it has every attribute that is used here
    dimension = dimension_of(as_measurement, key)
    status = _status(measurement)
    measured = rates(as_measurement, dimension)[0] if status == "ok" else None
    label = measurement.label or str(measurement.parameters.get("stream") or "")
    what = What(
        key, measurement.kernel, measurement.dtype, measurement.data, label, measurement.group,
        dimension.value, measurement.decides, " ".join(measurement.figures), sizes,
    )  # fmt: skip
    conditions = measurement.conditions
    return Line(
        what=what,
        status=status,
        value=measured.value if measured else None,
        low=measured.low if measured else None,
        high=measured.high if measured else None,
        clock_hz=median(conditions.clock_hz) if conditions.clock_hz else None,
        power_w=median(conditions.power_w) if conditions.power_w else None,
        temperature_c=max(conditions.temperature_c) if conditions.temperature_c else None,
        throttle=", ".join(sorted(conditions.throttle or ())),
        disturbed="; ".join(disturbances(as_measurement)),
    )


def _status(measurement: SlimMeasurement) -> str:
    """Returns the status; a measurement with a wrong result counts as failed."""
    checks = (measurement.check, measurement.spot_check)
    wrong = any(check is not None and not check.passed for check in checks)
    return "failed" if wrong and measurement.status == "ok" else measurement.status
