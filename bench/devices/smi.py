"""Runs vendors' telemetry tools: with a timeout, one call at a time, errors never fatal."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.chips.vendors import vendors
from bench.devices import smi_text
from bench.devices.base import Reading
from bench.devices.smi_text import Status

PATIENCE_S = 5.0
"""Timeout of a tool's call."""

LONGEST_PAUSE_S = 1.0
"""The longest pause after a call that failed, however long that took: its gap in the series of
readings is long enough already."""

MOST_FAILURES = 3
"""After this many failures in a row a tool is no longer called."""

LONGEST = 4_000_000
"""The most bytes of an answer that are read."""


@dataclass(frozen=True)
class Tool:
    """A tool's command line and the parser of its output."""

    words: tuple[str, ...]
    read: Callable[[str], list[Status]]


TOOLS: Mapping[str, Tool] = {
    "huawei": Tool(("npu-smi", "info"), smi_text.ascend),
    "cambricon": Tool(("cnmon",), smi_text.paired),
    "mthreads": Tool(("mthreads-gmi",), smi_text.paired),
    "metax": Tool(("mx-smi",), smi_text.paired),
    "iluvatar": Tool(("ixsmi",), smi_text.paired),
    "hygon": Tool(("hy-smi",), smi_text.columns),
    "intel": Tool(("xpu-smi", "dump", "-m", "1,2,3", "-n", "1"), smi_text.dumped),
    "amd": Tool(("amd-smi", "metric", "--json"), smi_text.amd),
}
"""The tools whose output is known, by vendor; Kunlunxin's xpu-smi is not Intel's."""


MASKS = {
    "cuda": ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    "xpu": ("ZE_AFFINITY_MASK",),
}
"""Variables that mask devices from torch, by device type, besides those of the vendor's entry; the
first that is set applies."""

BENEATH = "ROCR_VISIBLE_DEVICES"
"""Masks devices from HIP, which renumbers the rest; HIP's own masks use those numbers."""

OUTSIDE = ("AMD_VISIBLE_DEVICES", "ASCEND_VISIBLE_DEVICES")
"""Masks applied by the container runtime, which hide devices from the tool, too."""


class Smi:
    """One device through its vendor's tool; values that the tool does not report are None.

    Args:
        vendor: the tool's vendor.
        bus: the device's PCI address, if torch reports it.
        index: its number in torch.
        count: torch's number of devices; a tool that lists another number, such as cards of two
            tiles that torch counts separately, cannot be matched by position.
    """

    def __init__(self, vendor: str, bus: str | None, index: int, count: int | None = None) -> None:
        self._tool, self._bus = TOOLS[vendor], bus
        self._place = visible(index, vendor)
        self._count = None if masks(vendor) else count
        self._lock, self._not_before_s, self._failures = threading.Lock(), 0.0, 0
        self.missing = ""
        if shutil.which(self._tool.words[0]) is None:
            self.missing = f"{self._tool.words[0]} is not installed: no clocks, no power"
        elif self._status() is None:
            self.missing = self.missing or f"{self._tool.words[0]} does not list this device"

    def reading(self) -> Reading:
        """Returns the current clock, power, temperature and throttle reasons.

        Between calls of the tool there is a pause as long as the last call took, so that it uses
        the host half of the time at most.
        """
        status = self._status()
        if status is None:
            return Reading()
        return Reading(status.clock_hz, status.power_w, status.temperature_c, status.throttle)

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit and maximum clock, as far as reported."""
        status = self._status() or Status()
        return {
            "driver": status.driver,
            "power_limit_w": status.power_limit_w,
            "clock_max_hz": status.clock_max_hz,
        }

    def limits(self) -> tuple[str, ...]:
        """Returns nothing: no tool reports a default to compare a limit with."""
        return ()

    def _status(self) -> Status | None:
        """Calls the tool, after the pause; returns this device's entry, None after a failure."""
        if self.missing:
            return None
        with self._lock:
            time.sleep(max(0.0, min(self._not_before_s - time.monotonic(), PATIENCE_S)))
            began_s = time.monotonic()
            status = self._of_this_device(self._listed())
            ended_s = time.monotonic()
            pause_s = ended_s - began_s
            self._not_before_s = ended_s + (pause_s if status else min(pause_s, LONGEST_PAUSE_S))
        self._failures = 0 if status else self._failures + 1
        if self._failures >= MOST_FAILURES:
            self.missing = f"{self._tool.words[0]} failed {MOST_FAILURES} times in a row"
        return status

    def _listed(self) -> list[Status]:
        try:
            done = subprocess.run(  # noqa: S603 -- fixed command lines
                self._tool.words, capture_output=True, timeout=PATIENCE_S, check=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return []
        return self._tool.read(done.stdout[:LONGEST].decode(errors="replace"))

    def _of_this_device(self, listed: list[Status]) -> Status | None:
        """Returns torch's device: by its PCI address, else by its position in the list."""
        if self._bus and any(status.bus for status in listed):
            return next((status for status in listed if _same_bus(status.bus, self._bus)), None)
        if self._count not in (None, len(listed)):
            return None
        place = self._place
        return listed[place] if place is not None and place < len(listed) else None


def visible(index: int, vendor: str) -> int | None:
    """Returns the tool's number of the device that is number ``index`` in torch.

    A mask of visible devices, such as ``ASCEND_RT_VISIBLE_DEVICES=2,3``, renumbers them for torch
    but not for the tool. None where the mask does not name devices by number.
    """
    for mask in masks(vendor):
        listed = [word.strip() for word in mask.split(",")]
        word = listed[index] if index < len(listed) else ""
        if not word.isdecimal():
            return None
        index = int(word)
    return index


def masks(vendor: str) -> list[str]:
    """Returns the masks set for a vendor's devices, the one nearest to torch first."""
    entry = vendors()[vendor]
    vendor_masks = [
        name for name in entry.env if name.endswith("_VISIBLE_DEVICES") and name not in OUTSIDE
    ]
    names = (*vendor_masks, *MASKS.get(entry.torch_device, ()))
    above = next((os.environ[name] for name in names if os.environ.get(name)), "")
    beneath = os.environ.get(BENEATH, "") if entry.hip == "true" else ""
    return [mask for mask in (above, beneath) if mask not in ("", "all")]


def _same_bus(one: str | None, other: str) -> bool:
    """Returns whether two PCI addresses are equal: tools pad the domain differently."""
    return one is not None and _parts(one) == _parts(other)


def _parts(bus: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in bus.replace(".", ":").split(":"))
