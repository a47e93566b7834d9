"""Vendors' telemetry tools as they are called: within a time, never two at once, never fatal."""

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
from bench.devices.smi_text import Told

PATIENCE_S = 5.0
"""A tool that has not answered by then is ended."""

LONGEST_PAUSE_S = 1.0
"""After so long at the most a tool is asked again that gave no answer, and not after as long
again: what is read of a load has a gap of that already."""

MOST_FAILURES = 3
"""Failures in a row after which a tool is asked no more."""

LONGEST = 4_000_000
"""Characters of an answer that are read."""


@dataclass(frozen=True)
class Tool:
    """How a tool is called, and what reads its answer."""

    words: tuple[str, ...]
    read: Callable[[str], list[Told]]


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
"""The tools whose outputs were seen, by vendor; Kunlunxin's xpu-smi is not Intel's."""


MASKS = {
    "cuda": ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    "xpu": ("ZE_AFFINITY_MASK",),
}
"""Variables that hide devices from torch, by device type, besides those of the vendor's entry; the
first that is set counts."""

BENEATH = "ROCR_VISIBLE_DEVICES"
"""Hides devices from HIP, which numbers those that are left; its own masks name those numbers."""

OUTSIDE = ("AMD_VISIBLE_DEVICES", "ASCEND_VISIBLE_DEVICES")
"""Read by what starts a container: what they hide, they hide from the tool, too."""


class Smi:
    """One device through its vendor's tool; what the tool does not tell is None.

    Args:
        vendor: whose tool it is.
        bus: the device's PCI address, where torch tells it.
        index: its number in torch.
        count: how many devices torch has; a tool that lists others, such as cards of two tiles
            that torch counts apart, tells nothing by their places.
    """

    def __init__(self, vendor: str, bus: str | None, index: int, count: int | None = None) -> None:
        self._tool, self._bus = TOOLS[vendor], bus
        self._place = visible(index, vendor)
        self._count = None if masks(vendor) else count
        self._free, self._again_s, self._failures = threading.Lock(), 0.0, 0
        self.missing = ""
        if shutil.which(self._tool.words[0]) is None:
            self.missing = f"{self._tool.words[0]} is not here: no clocks, no power"
        elif self._told() is None:
            self.missing = self.missing or f"{self._tool.words[0]} tells nothing of this device"

    def reading(self) -> Reading:
        """Returns clock, power, temperature and throttle reasons now.

        A tool is not asked again before as much time has passed as its last answer took, so that
        it has the host half of the time at the most.
        """
        told = self._told()
        if told is None:
            return Reading()
        return Reading(told.clock_hz, told.power_w, told.temperature_c, told.throttle)

    def facts(self) -> dict[str, Any]:
        """Returns driver, power limit and highest clock, as far as told."""
        told = self._told() or Told()
        return {
            "driver": told.driver,
            "power_limit_w": told.power_limit_w,
            "clock_max_hz": told.clock_max_hz,
        }

    def limits(self) -> tuple[str, ...]:
        """Returns nothing: none of the tools tells a default to hold a limit against."""
        return ()

    def _told(self) -> Told | None:
        if self.missing:
            return None
        with self._free:
            time.sleep(max(0.0, min(self._again_s - time.monotonic(), PATIENCE_S)))
            began_s = time.monotonic()
            found = self._chosen(self._asked())
            ended_s = time.monotonic()
            pause_s = ended_s - began_s
            self._again_s = ended_s + (pause_s if found else min(pause_s, LONGEST_PAUSE_S))
        self._failures = 0 if found else self._failures + 1
        if self._failures >= MOST_FAILURES:
            self.missing = f"{self._tool.words[0]} failed {MOST_FAILURES} times in a row"
        return found

    def _asked(self) -> list[Told]:
        try:
            done = subprocess.run(  # noqa: S603 -- words of our own table
                self._tool.words, capture_output=True, timeout=PATIENCE_S, check=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return []
        return self._tool.read(done.stdout[:LONGEST].decode(errors="replace"))

    def _chosen(self, told: list[Told]) -> Told | None:
        """Returns the device that torch means: by its address, else by its place in the list."""
        if self._bus and any(one.bus for one in told):
            return next((one for one in told if _same_bus(one.bus, self._bus)), None)
        if self._count not in (None, len(told)):
            return None
        place = self._place
        return told[place] if place is not None and place < len(told) else None


def visible(index: int, vendor: str) -> int | None:
    """Returns the tool's number of a device that torch numbers among the visible ones.

    A mask of visible devices, such as ``ASCEND_RT_VISIBLE_DEVICES=2,3``, renumbers them for torch
    and not for the tool. None where the mask names devices otherwise than by numbers.
    """
    for mask in masks(vendor):
        listed = [word.strip() for word in mask.split(",")]
        word = listed[index] if index < len(listed) else ""
        if not word.isdecimal():
            return None
        index = int(word)
    return index


def masks(vendor: str) -> list[str]:
    """Returns the masks that are set for a vendor's devices, that which torch sees last first."""
    told = vendors()[vendor]
    own = [one for one in told.env if one.endswith("_VISIBLE_DEVICES") and one not in OUTSIDE]
    names = (*own, *MASKS.get(told.torch_device, ()))
    above = next((os.environ[name] for name in names if os.environ.get(name)), "")
    beneath = os.environ.get(BENEATH, "") if told.hip == "true" else ""
    return [mask for mask in (above, beneath) if mask not in ("", "all")]


def _same_bus(one: str | None, other: str) -> bool:
    """Tells whether two PCI addresses are one: tools differ in the zeros of the domain."""
    return one is not None and _parts(one) == _parts(other)


def _parts(bus: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in bus.replace(".", ":").split(":"))
