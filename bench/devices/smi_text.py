"""What vendors' telemetry tools print, read into one form: a device each, in the tool's order.

Every reader was written on the recorded outputs in ``tests/data/telemetry``, which name where they
come from. What a tool does not tell, or another version tells otherwise, is None.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.throttle import Throttle

BUS = re.compile(r"\b([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f])\b")
DRIVER = re.compile(r"\bDriver(?: Version:)? ?v?(\d[\w.-]*)")
FIRST_ROW = re.compile(r"^\|?\s*(\d+)\s")
TEMPERATURE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)C\b")
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?W ?/ ?(?:(\d+(?:\.\d+)?) ?W|\w+)")
CLOCK = re.compile(r"(?<![\w.])(\d+) ?MHz", re.IGNORECASE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
PLACE = re.compile(r"[0-9]{1,9}")
STATES = {"THROTTLED": (Throttle.UNNAMED,), "UNTHROTTLED": ()}
"""What AMD's tool says of throttling; by what, it does not say."""
LARGEST = 1e12
"""No tool tells a larger number, in whatever unit."""


@dataclass(frozen=True)
class Told:
    """One device, as a tool tells of it.

    Attributes:
        bus: its PCI address, which no mask of visible devices changes.
    """

    bus: str | None = None
    clock_hz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    power_limit_w: float | None = None
    clock_max_hz: float | None = None
    driver: str | None = None
    throttle: tuple[str, ...] | None = None


def paired(text: str) -> list[Told]:
    """Reads tables with two rows a device, the first with its number and PCI address.

    So print cnmon (Cambricon), mx-smi (MetaX), ixsmi (Iluvatar) and mthreads-gmi (Moore Threads).
    """
    found: list[Told] = []
    driver, rest = _driver(text), 0
    for line in text.splitlines():
        bus = BUS.search(line)
        if bus and FIRST_ROW.match(line):
            found.append(Told(bus=bus[1].lower(), driver=driver, clock_hz=_hertz(line)))
            rest = 1
        elif rest:
            found[-1], rest = _second_row(found[-1], line), 0
    return found


def _second_row(told: Told, line: str) -> Told:
    """Returns a device with what its second row says of temperature and power."""
    warm, power = TEMPERATURE.search(line), POWER.search(line)
    return replace(
        told,
        temperature_c=_number(warm[1]) if warm else None,
        power_w=_number(power[1]) if power else None,
        power_limit_w=_number(power[2]) if power else None,
    )


def _hertz(line: str) -> float | None:
    clock = CLOCK.search(line)
    told = _number(clock[1]) if clock else None
    return told * 1e6 if told is not None else None


def _driver(text: str) -> str | None:
    named = DRIVER.search(text)
    return named[1] if named else None


def ascend(text: str) -> list[Told]:
    """Reads ``npu-smi info``: two rows a die, the second with its PCI address.

    Of a package of two dies the first tells the power of both, the second ``-``.
    """
    version = re.search(r"npu-smi \S+\s+Version: ?(\S+)", text)
    found: list[Told] = []
    first: list[str] | None = None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 3 or not cells[0][:1].isdigit():
            continue
        bus = BUS.fullmatch(cells[1])
        if first and bus:
            told = (*first[2].split(), "", "")
            found.append(
                Told(
                    bus=bus[1].lower(),
                    power_w=_number(told[0]),
                    temperature_c=_number(told[1]),
                    driver=version[1] if version else None,
                )
            )
        first = None if bus else cells
    return found


def columns(text: str) -> list[Told]:
    """Reads hy-smi (Hygon): one row a device under a row of names without blanks."""
    found: list[Told] = []
    names: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if "AvgPwr" in words:
            names = words
        elif names and len(words) == len(names) and words[0].isdigit():
            told = dict(zip(names, words, strict=True))
            found.append(
                Told(
                    clock_hz=_hertz(told.get("SCLK", "")),
                    power_w=_number(told.get("AvgPwr")),
                    temperature_c=_number(told.get("Temp")),
                    power_limit_w=_number(told.get("PwrCap")),
                )
            )
    return found


def dumped(text: str) -> list[Told]:
    """Reads ``xpu-smi dump`` (Intel): values with commas under a row of names with units.

    A device that is dumped more than once is told by its last row.
    """
    found: dict[str, Told] = {}
    names: list[str] = []
    for line in text.splitlines():
        words = [word.strip() for word in line.split(",")]
        if "DeviceId" in words:
            names = words
        elif names and len(words) == len(names):
            told = dict(zip(names, words, strict=True))
            if not PLACE.fullmatch(told["DeviceId"]):
                continue
            clock = _number(told.get("GPU Frequency (MHz)"))
            found[told["DeviceId"]] = Told(
                clock_hz=clock * 1e6 if clock else None,
                power_w=_number(told.get("GPU Power (W)")),
                temperature_c=_number(told.get("GPU Core Temperature (Celsius Degree)")),
            )
    return [found[one] for one in sorted(found, key=int)]


def amd(text: str) -> list[Told]:
    """Reads ``amd-smi metric --json``: a list, or in later versions one under ``gpu_data``."""
    starts = [at for sign in "[{" if (at := text.find(sign)) >= 0]
    try:
        told = json.loads(text[min(starts) :]) if starts else []
    except (ValueError, RecursionError):
        return []
    listed = told.get("gpu_data") if isinstance(told, dict) else told
    every = listed if isinstance(listed, list) else []
    return [_of_amd(one) for one in every if isinstance(one, dict)]


def _of_amd(one: dict[str, Any]) -> Told:
    clock, most = (_value(one, "clock", "gfx_0", name) for name in ("clk", "max_clk"))
    power, warm = (one.get(name) for name in ("power", "temperature"))
    state = power.get("throttle_status") if isinstance(power, dict) else None
    return Told(
        clock_hz=clock * 1e6 if clock else None,
        clock_max_hz=most * 1e6 if most else None,
        power_w=next(_values(power, "socket_power", "current_socket_power"), None),
        temperature_c=next(_values(warm, "hotspot", "edge"), None),
        throttle=STATES.get(str(state)),
    )


def _values(told: object, *names: str) -> Iterator[float]:
    for name in names:
        value = _value(told, name)
        if value is not None:
            yield value


def _value(told: object, *path: str) -> float | None:
    """Returns the number at the end of a path of keys, with or without its unit beside it."""
    for key in path:
        told = told.get(key) if isinstance(told, dict) else None
    plain = told.get("value") if isinstance(told, dict) else told
    return _number(str(plain)) if isinstance(plain, int | float) else None


def _number(word: str | None) -> float | None:
    """Returns the number that a word begins with, such as ``38.0W``, None for ``-``."""
    found = NUMBER.match(word or "")
    value = float(found[0]) if found else math.inf
    return value if abs(value) < LARGEST else None
