"""One record among many: a head that says what ran where, and a line a measurement."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, cast

from pydantic import ValidationError

from bench.archive.slim import SlimMeasurement, SlimRecord
from bench.chips.figures import FIGURES
from bench.fixed import fixed_sizes
from bench.plausible import disturbances
from bench.rates import dimension_of, rates
from bench.records.model import SCHEMA

if TYPE_CHECKING:
    from bench.records.model import Measurement

MAX_BYTES = 200_000_000
HEAD = 2_000
VERSION = re.compile(rb'"schema_version":\s*([0-9]{1,9})\b')
SIZES = ("kernel", "dtype", "variant", "m", "n", "k", "batch", "length", "elements", "ranks")
"""Settings that say what was measured, besides the suite."""


class Head(NamedTuple):
    """What ran where; empty strings are unknown.

    ``number`` counts devices of a backend, ``together`` is how many devices of the machine were
    measured at once, ``asked`` what was measured where it is not the whole suite.
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
    def unit(self) -> str:
        """Returns the device that was measured, as far as the record tells it from others.

        A node's name tells CPUs apart: their uid is their system's, which copies of an image share.
        """
        where = ":".join((self.node, self.backend, str(self.number)))
        if self.backend == "cpu" and self.node:
            return where
        return self.uid or (where if self.node else self.id)

    @property
    def called(self) -> str:
        """Returns how a report calls the device: node and index, or its uid, or the record."""
        if self.node:
            return f"{self.node} {self.backend}:{self.number}"
        return self.uid or self.id

    @property
    def kind(self) -> tuple[str, ...]:
        """Returns all that must be the same for two records to be set side by side."""
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
"""The names of the parts of a kind."""


class What(NamedTuple):
    """What was measured: equal for measurements that may be set side by side.

    ``sizes`` are those that are part of its name: what somebody fixed is no match for another.
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
        """Returns the figure with the form of the work, or the kernel; and a fixed shape."""
        known = FIGURES.get(self.key)
        words = [known.title if known else f"{self.kernel} {self.dtype}", self.label, self.sizes]
        return ", ".join(word for word in words if word)


class Line(NamedTuple):
    """One measurement: in base units, watts, hertz, degrees Celsius; None is unknown.

    ``disturbed`` says what took time from it, so that a low rate proves nothing.
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
    """A record among many; ``fault`` says why it could not be read."""

    head: Head | None
    lines: tuple[Line, ...] = ()
    fault: str = ""


def entry(content: bytes) -> Entry:
    """Returns what is asked of a record among many; what is no record says why."""
    if len(content) > MAX_BYTES:
        return Entry(None, fault="is larger than a record can be")
    try:
        found = SlimRecord.model_validate_json(content)
    except ValidationError as error:
        version = VERSION.search(content[:HEAD])
        if version and int(version[1]) > SCHEMA:
            return Entry(None, fault=later(int(version[1])))
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        told = f"{place}: {first['msg']}" if place else first["msg"]
        return Entry(None, fault=f"is no record: {told}"[:200])
    alike = cast("tuple[Measurement, ...]", found.measurements)  # as in _line
    sizes = fixed_sizes(alike, found.settings)
    return Entry(_head(found), tuple(map(_line, found.measurements, sizes)))


def later(version: int) -> str:
    """Returns why a record of a later schema is not read, and what to do."""
    return f"schema_version: has schema {version}, this program reads 1 to {SCHEMA}; update onpaper"


def _head(one: SlimRecord) -> Head:
    device, machine, told = one.device, one.machine, one.settings
    together = told.get("together")
    return Head(
        id=one.id,
        started_utc=one.started_utc,
        state=one.state,
        suite=one.suite,
        asked=asked_for(told),
        data=str(told.get("data") or "normal"),
        chip=one.identity.chip or "",
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
        onpaper=one.program.version,
        method=one.method_version,
        together=together if isinstance(together, int) else 1,
        measurements=len(one.measurements),
    )


def asked_for(settings: Mapping[str, object]) -> str:
    """Returns what a run was asked to measure, as it was typed; empty where it is the suite."""
    told = [f"{key}={settings[key]}" for key in SIZES if settings.get(key) is not None]
    items = settings.get("suite.items")
    return " ".join([*told, str(items)] if items else told)


def _line(one: SlimMeasurement, sizes: str) -> Line:
    key = next((word for word in one.figures if word in FIGURES), "")
    alike = cast("Measurement", one)  # it has all that is asked of it, and no samples
    dimension = dimension_of(alike, key)
    status = _status(one)
    measured = rates(alike, dimension)[0] if status == "ok" else None
    label = one.label or str(one.parameters.get("stream") or "")
    what = What(
        key, one.kernel, one.dtype, one.data, label, one.group, dimension.value, one.decides,
        " ".join(one.figures), sizes,
    )  # fmt: skip
    seen = one.conditions
    return Line(
        what=what,
        status=status,
        value=measured.value if measured else None,
        low=measured.low if measured else None,
        high=measured.high if measured else None,
        clock_hz=median(seen.clock_hz) if seen.clock_hz else None,
        power_w=median(seen.power_w) if seen.power_w else None,
        temperature_c=max(seen.temperature_c) if seen.temperature_c else None,
        throttle=", ".join(sorted(seen.throttle or ())),
        disturbed="; ".join(disturbances(alike)),
    )


def _status(one: SlimMeasurement) -> str:
    """Returns the status; how fast a wrong result came says nothing, so that it is a failure."""
    told = (one.check, one.spot_check)
    wrong = any(check is not None and not check.passed for check in told)
    return "failed" if wrong and one.status == "ok" else one.status


def packed(one: Entry) -> tuple[str, str, dict[str, str]]:
    """Returns head and lines as JSON, and what the lines name by the beginning of a hash.

    Few things are measured of many records: what a line is of is kept once for all.
    """
    whats: dict[str, str] = {}
    lines = [[_named(line.what, whats), *line[1:]] for line in one.lines]
    return json.dumps(one.head), json.dumps(lines), whats


def _named(what: What, whats: dict[str, str]) -> str:
    name, text = _hashed(what)
    whats[name] = text
    return name


@lru_cache(maxsize=4096)
def _hashed(what: What) -> tuple[str, str]:
    text = json.dumps(what)
    return hashlib.sha256(text.encode()).hexdigest()[:12], text


def heads_of(texts: Sequence[str]) -> list[Head]:
    """Returns the heads that ``packed`` wrote; many are read faster together."""
    return [Head(*one) for one in json.loads(f"[{','.join(texts)}]")]


def what_of(text: str) -> What:
    """Returns what a line is of, as ``packed`` wrote it."""
    return What(*json.loads(text))


def lines_of(texts: Sequence[str], whats: Mapping[str, What]) -> list[list[Line]]:
    """Returns the lines that ``packed`` wrote, of each record."""
    told = json.loads(f"[{','.join(texts)}]")
    return [[Line(whats[name], *rest) for name, *rest in one] for one in told]
