"""Parsers of vendors' telemetry tools: one ``Status`` per device, in the tool's order.

Each was written against the recorded outputs in ``tests/data/telemetry``, which name their source.
What a tool does not report, or another version prints differently, is None.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.judging.throttle import Throttle

BUS = re.compile(r"\b([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f])\b")
DRIVER = re.compile(r"\bDriver(?: Version:)? ?v?(\d[\w.-]*)")
FIRST_ROW = re.compile(r"^\|?\s*(\d+)\s")
TEMPERATURE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)C\b")
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?W ?/ ?(?:(\d+(?:\.\d+)?) ?W|\w+)")
CLOCK = re.compile(r"(?<![\w.])(\d+) ?MHz", re.IGNORECASE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
PLACE = re.compile(r"[0-9]{1,9}")
STATES = {"THROTTLED": (Throttle.UNNAMED,), "UNTHROTTLED": ()}
"""amd-smi's ``throttle_status``, which gives no reason."""
LARGEST = 1e12
"""A larger number, in whatever unit, is garbage."""


@dataclass(frozen=True)
class Status:
    """One device as its tool reports it.

    Attributes:
        bus: PCI address, which no mask of visible devices changes.
    """

    bus: str | None = None
    clock_hz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    power_limit_w: float | None = None
    clock_max_hz: float | None = None
    driver: str | None = None
    throttle: tuple[str, ...] | None = None


def paired(text: str) -> list[Status]:
    """Parses tables with two rows per device, the first with its number and PCI address.

    Printed by cnmon (Cambricon), mx-smi (MetaX), ixsmi (Iluvatar), mthreads-gmi (Moore Threads).
    """
    devices: list[Status] = []
    driver, in_device = _driver(text), False
    for line in text.splitlines():
        bus = BUS.search(line)
        if bus and FIRST_ROW.match(line):
            devices.append(Status(bus=bus[1].lower(), driver=driver, clock_hz=_hertz(line)))
            in_device = True
        elif in_device:
            devices[-1], in_device = _second_row(devices[-1], line), False
    return devices


def _second_row(status: Status, line: str) -> Status:
    """Returns the status with temperature, power and power limit from the second row."""
    temperature, power = TEMPERATURE.search(line), POWER.search(line)
    return replace(
        status,
        temperature_c=_number(temperature[1]) if temperature else None,
        power_w=_number(power[1]) if power else None,
        power_limit_w=_number(power[2]) if power else None,
    )


def _hertz(line: str) -> float | None:
    clock = CLOCK.search(line)
    mhz = _number(clock[1]) if clock else None
    return mhz * 1e6 if mhz is not None else None


def _driver(text: str) -> str | None:
    version = DRIVER.search(text)
    return version[1] if version else None


def ascend(text: str) -> list[Status]:
    """Parses ``npu-smi info``: two rows per die, the second with its PCI address.

    In a package of two dies the first shows the power of both, the second ``-``.
    """
    version = re.search(r"npu-smi \S+\s+Version: ?(\S+)", text)
    devices: list[Status] = []
    first: list[str] | None = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 3 or not cells[0][:1].isdigit():
            continue
        bus = BUS.fullmatch(cells[1])
        if first and bus:
            power, temperature = (*first[2].split(), "", "")[:2]
            devices.append(
                Status(
                    bus=bus[1].lower(),
                    power_w=_number(power),
                    temperature_c=_number(temperature),
                    driver=version[1] if version else None,
                )
            )
        first = None if bus else cells
    return devices


def columns(text: str) -> list[Status]:
    """Parses hy-smi (Hygon): one row per device under a header whose names have no spaces."""
    devices: list[Status] = []
    names: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if "AvgPwr" in words:
            names = words
        elif names and len(words) == len(names) and words[0].isdigit():
            row = dict(zip(names, words, strict=True))
            devices.append(
                Status(
                    clock_hz=_hertz(row.get("SCLK", "")),
                    power_w=_number(row.get("AvgPwr")),
                    temperature_c=_number(row.get("Temp")),
                    power_limit_w=_number(row.get("PwrCap")),
                )
            )
    return devices


def dumped(text: str) -> list[Status]:
    """Parses ``xpu-smi dump`` (Intel): comma-separated under a header of names with units.

    The last row of a device counts.
    """
    devices: dict[str, Status] = {}
    names: list[str] = []
    for line in text.splitlines():
        words = [word.strip() for word in line.split(",")]
        if "DeviceId" in words:
            names = words
        elif names and len(words) == len(names):
            row = dict(zip(names, words, strict=True))
            if not PLACE.fullmatch(row["DeviceId"]):
                continue
            mhz = _number(row.get("GPU Frequency (MHz)"))
            devices[row["DeviceId"]] = Status(
                clock_hz=mhz * 1e6 if mhz else None,
                power_w=_number(row.get("GPU Power (W)")),
                temperature_c=_number(row.get("GPU Core Temperature (Celsius Degree)")),
            )
    return [devices[number] for number in sorted(devices, key=int)]


def amd(text: str) -> list[Status]:
    """Parses ``amd-smi metric --json``: a list, in later versions under ``gpu_data``."""
    starts = [at for sign in "[{" if (at := text.find(sign)) >= 0]
    try:
        data = json.loads(text[min(starts) :]) if starts else []
    except (ValueError, RecursionError):
        return []
    devices = data.get("gpu_data") if isinstance(data, dict) else data
    if not isinstance(devices, list):
        return []
    return [_of_amd(device) for device in devices if isinstance(device, dict)]


def _of_amd(device: dict[str, Any]) -> Status:
    mhz, max_mhz = (_value(device, "clock", "gfx_0", name) for name in ("clk", "max_clk"))
    power, temperature = (device.get(name) for name in ("power", "temperature"))
    state = power.get("throttle_status") if isinstance(power, dict) else None
    return Status(
        clock_hz=mhz * 1e6 if mhz else None,
        clock_max_hz=max_mhz * 1e6 if max_mhz else None,
        power_w=next(_values(power, "socket_power", "current_socket_power"), None),
        temperature_c=next(_values(temperature, "hotspot", "edge"), None),
        throttle=STATES.get(str(state)),
    )


def _values(data: object, *names: str) -> Iterator[float]:
    for name in names:
        value = _value(data, name)
        if value is not None:
            yield value


def _value(data: object, *path: str) -> float | None:
    """Returns the number at a path of keys, plain or as ``{"value": .., "unit": ..}``."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    plain = data.get("value") if isinstance(data, dict) else data
    return _number(str(plain)) if isinstance(plain, int | float) else None


def _number(word: str | None) -> float | None:
    """Returns the leading number of a word such as ``38.0W``, None for ``-``."""
    match = NUMBER.match(word or "")
    value = float(match[0]) if match else math.inf
    return value if abs(value) < LARGEST else None
