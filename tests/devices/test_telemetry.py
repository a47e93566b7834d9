"""Telemetry tools: what they printed on real machines is read; how they fail costs nothing."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from bench.chips.vendors import vendors
from bench.devices import smi, smi_text, telemetry
from bench.devices.base import Reading
from bench.devices.smi import TOOLS, Smi, visible
from bench.devices.smi_text import Status
from tests.folders import DATA

RECORDED = DATA / "telemetry"
VENDOR = {
    "npu-smi": "huawei", "cnmon": "cambricon", "mx-smi": "metax", "ixsmi": "iluvatar",
    "mthreads-gmi": "mthreads", "hy-smi": "hygon", "xpu-smi": "intel", "amd-smi": "amd",
}  # fmt: skip
READ = {
    "npu-smi-910b2c": [
        Status("0000:5a:00.0", None, 89.9, 53.0, None, None, "23.0.3"),
        Status("0000:29:00.0", None, 93.8, 53.0, None, None, "23.0.3"),
    ],
    "npu-smi-910c": [
        Status("0000:9d:00.0", None, 178.9, 36.0, None, None, "24.1.rc3.7"),
        Status("0000:9f:00.0", None, None, 36.0, None, None, "24.1.rc3.7"),
        Status("0000:99:00.0", None, 186.1, 36.0, None, None, "24.1.rc3.7"),
        Status("0000:9b:00.0", None, None, 36.0, None, None, "24.1.rc3.7"),
    ],
    "cnmon-mlu370": [
        Status("0000:39:00.0", None, 106.0, 32.0, 250.0, None, "5.10.13"),
        Status("0000:3d:00.0", None, 106.0, 39.0, 250.0, None, "5.10.13"),
    ],
    "mx-smi-c550": [
        Status("0000:0f:00.0", None, 53.0, 29.0, 450.0, None, "2.15.9"),
        Status("0000:34:00.0", None, 53.0, 29.0, 450.0, None, "2.15.9"),
        Status("0000:48:00.0", None, 54.0, 30.0, 450.0, None, "2.15.9"),
    ],
    "ixsmi-bi-v100": [Status("00000000:98:00.0", 1.5e9, 40.0, 30.0, 250.0, None, "3.1.0")],
    "mthreads-gmi-s5000": [
        Status("00000000:2a:00.0", None, None, 52.0, None, None, "3.3.5-server"),
        Status("00000000:3a:00.0", None, None, 51.0, None, None, "3.3.5-server"),
    ],
    "hy-smi-z100": [
        Status(None, None, 38.0, 30.0, 280.0),
        Status(None, None, 41.0, 30.0, 280.0),
        Status(None, None, 38.0, 29.0, 280.0),
        Status(None, None, 39.0, 29.0, 280.0),
    ],
    "xpu-smi-pvc": [Status(None, 1.6e9, 264.93, 43.5), Status(None, 1.6e9, 269.64, 38.0)],
    "xpu-smi-pvc-user": [Status(None, 1.6e9, 265.16, None), Status(None, 1.6e9, 269.84, None)],
    "amd-smi-rx7800xt": [Status(None, 49e6, 9.0, 41.0, None, 2.645e9, throttle=())],
    "amd-smi-blind": [Status()],
}  # fmt: skip


def recorded(name: str) -> str:
    """What a tool printed, without the lines that say where it was found."""
    lines = (RECORDED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def vendor_of(name: str) -> str:
    return next(vendor for tool, vendor in VENDOR.items() if name.startswith(tool))


@pytest.mark.parametrize("name", READ)
def test_what_a_tool_printed_is_read(name: str) -> None:
    assert TOOLS[vendor_of(name)].read(recorded(name)) == READ[name]


def test_every_tool_has_a_recorded_output_and_every_output_its_address() -> None:
    found = sorted(RECORDED.glob("*.txt"))
    assert {path.stem for path in found} == set(READ)
    assert {vendor_of(path.stem) for path in found} == set(TOOLS)
    for path in found:
        head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
        assert re.search(r"https://\S+", " ".join(head)), path.name


def test_every_tool_is_the_one_of_its_vendors_entry() -> None:
    ours = {vendor: tool.words[0] for vendor, tool in TOOLS.items()}
    assert ours.pop("amd") == "amd-smi"  # its entry names the older rocm-smi
    assert ours == {vendor: vendors()[vendor].smi for vendor in ours}


@pytest.mark.parametrize("read", {tool.read for tool in TOOLS.values()}, ids=lambda r: r.__name__)
@pytest.mark.parametrize("name", [*READ, ""])
def test_another_tools_output_or_half_of_one_is_no_error(read: Any, name: str) -> None:
    whole = recorded(name) if name else ""
    for text in (whole, whole[: len(whole) // 2], "command not found", "{", "[1, {}]", "\x00|" * 9):
        assert isinstance(read(text), list)


@pytest.mark.parametrize(
    ("state", "expected"), [("THROTTLED", ("throttled",)), ("UNTHROTTLED", ()), ("N/A", None)]
)
def test_amds_tool_says_whether_it_throttles(state: str, expected: tuple[str, ...] | None) -> None:
    text = recorded("amd-smi-rx7800xt").replace("UNTHROTTLED", state)
    assert smi_text.amd(text)[0].throttle == expected


class Machine:
    """A machine with a tool that answers from a recorded output, after some time, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.text, self.took_s, self.fails = recorded(name), 0.0, False
        self.at_s, self.asked_s = 100.0, list[float]()
        monkeypatch.setattr("shutil.which", lambda _: "/somewhere")
        monkeypatch.setattr(subprocess, "run", self.run)
        monkeypatch.setattr(time, "monotonic", lambda: self.at_s)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds

    def run(self, words: tuple[str, ...], **told: Any) -> subprocess.CompletedProcess[bytes]:
        self.asked_s.append(self.at_s)
        self.at_s += self.took_s
        assert told["timeout"] == smi.PATIENCE_S
        if self.fails:
            raise subprocess.TimeoutExpired(words, told["timeout"])
        return subprocess.CompletedProcess(words, 0, self.text.encode())


def test_a_device_is_found_by_its_address_whatever_is_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASCEND_RT_VISIBLE_DEVICES", "1")
    Machine(monkeypatch, "npu-smi-910b2c")
    told = Smi("huawei", "00000000:29:00.0", 0)
    assert told.missing == ""
    assert told.reading() == Reading(None, 93.8, 53.0)
    assert told.facts() == {"driver": "23.0.3", "power_limit_w": None, "clock_max_hz": None}
    assert told.limits() == ()


@pytest.mark.parametrize(
    ("mask", "index", "place"),
    [("", 1, 1), ("all", 1, 1), ("2,3", 1, 3), ("3", 1, None), ("GPU-ab", 0, None)],
)
def test_without_an_address_a_device_is_found_by_its_place_among_the_visible(
    mask: str, index: int, place: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MLU_VISIBLE_DEVICES", "CAMBRICON_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    if mask:
        monkeypatch.setenv("MLU_VISIBLE_DEVICES", mask)
    assert visible(index, "cambricon") == place


def test_a_device_that_the_tool_does_not_list_is_not_taken_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Machine(monkeypatch, "cnmon-mlu370")
    for bus, index in (("0000:99:00.0", 0), (None, 7)):
        told = Smi("cambricon", bus, index)
        assert told.missing == "cnmon does not list this device"
        assert told.reading() == Reading()


@pytest.mark.parametrize(
    ("mask", "count", "power_w"),
    [(None, 2, 269.64), (None, 4, None), (None, None, 269.64), ("1,0", 4, 264.93)],
)
def test_places_tell_nothing_where_torch_counts_other_devices_than_the_tool(
    mask: str | None, count: int | None, power_w: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch counts the two tiles of each of two cards: its second device is on the first card."""
    monkeypatch.delenv("ZE_AFFINITY_MASK", raising=False)
    if mask:
        monkeypatch.setenv("ZE_AFFINITY_MASK", mask)
    Machine(monkeypatch, "xpu-smi-pvc")
    assert Smi("intel", None, 1, count).reading().power_w == power_w


def test_what_hides_devices_from_the_tool_too_is_no_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that was given two devices of eight has a tool that numbers them from nought."""
    monkeypatch.delenv("ASCEND_RT_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("ASCEND_VISIBLE_DEVICES", "4,5")
    assert visible(1, "huawei") == 1


def test_a_tool_is_asked_no_oftener_than_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, "hy-smi-z100")
    machine.took_s = 0.5
    told = Smi("hygon", None, 2)
    for _ in range(3):
        assert told.reading() == Reading(None, 38.0, 29.0)
    assert machine.asked_s == [100.0, 101.0, 102.0, 103.0]


def test_a_tool_that_hung_is_soon_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause as long as its silence would double the gap in what is read of a load."""
    machine = Machine(monkeypatch, "hy-smi-z100")
    told = Smi("hygon", None, 2)
    machine.took_s, machine.fails = smi.PATIENCE_S, True
    assert told.reading() == Reading()
    machine.fails = False
    assert told.reading().power_w == 38.0
    assert machine.asked_s[-1] - machine.asked_s[-2] == smi.PATIENCE_S + smi.LONGEST_PAUSE_S


def test_a_tool_that_keeps_failing_is_asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, "ixsmi-bi-v100")
    told = Smi("iluvatar", None, 0)
    machine.fails = True
    for _ in range(2):
        assert told.reading() == Reading()
    machine.fails = False
    assert told.reading().power_w == 40.0
    machine.fails = True
    for _ in range(smi.MOST_FAILURES + 3):
        assert told.reading() == Reading()
    assert told.missing == "ixsmi failed 3 times in a row"
    assert len(machine.asked_s) == 1 + 2 + 1 + smi.MOST_FAILURES


def test_a_real_tool_is_called_and_one_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "cnmon"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{recorded('cnmon-mlu370')}\nEND\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    told = Smi("cambricon", None, 1)
    assert told.reading() == Reading(None, 106.0, 39.0)
    monkeypatch.setattr(smi, "PATIENCE_S", 0.1)
    tool.write_text("#!/bin/sh\nexec sleep 20\n")
    began_s = time.monotonic()
    assert told.reading() == Reading()
    assert time.monotonic() - began_s < 5


def test_a_tool_that_is_not_there_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert Smi("metax", None, 0).missing == "mx-smi is not installed: no clocks, no power"
    assert telemetry.of("enflame", None, 0).missing
    assert telemetry.of(None, None, 0).reading() == Reading()


def test_who_tells_of_a_device_that_looks_like_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    kinds = {
        vendor: type(telemetry.of_cuda(vendor, None, None, 0)).__name__
        for vendor in ("nvidia", None, "metax", "hygon", "kunlunxin", "amd")
    }
    assert kinds == {
        "nvidia": "Nvml", None: "Nvml", "metax": "Smi", "hygon": "Smi", "kunlunxin": "Nvml",
        "amd": "Smi",
    }  # fmt: skip
