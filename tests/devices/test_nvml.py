"""NVML without NVML: what it tells, what limits the device, and who is absent."""

import builtins
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest

from bench.devices import cuda
from bench.devices import nvml as nvml_module
from bench.devices.base import Reading
from bench.devices.nvml import THROTTLE, Nvml

EVENT_REASONS = "nvmlDeviceGetCurrentClocksEventReasons"


class NVMLError(Exception):
    """What the stub of pynvml raises."""


class Stub:
    """A pynvml that answers from a table; what is not in it the driver refuses."""

    NVMLError = NVMLError

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    def nvmlInit(self) -> None:  # noqa: N802 -- NVML's name
        if "init" in self.answers:
            raise self.answers["init"]

    def __getattr__(self, name: str) -> Any:
        def answer(*arguments: object) -> Any:
            self.asked.append((name, arguments))
            if name not in self.answers:
                raise NVMLError(name)
            return self.answers[name]

        return answer


HANDLES = {
    "nvmlDeviceGetHandleByIndex": "h", "nvmlDeviceGetHandleByPciBusId": "h",
    "nvmlDeviceGetHandleByUUID": "h",
}  # fmt: skip


def nvml(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Nvml:
    """NVML over a stub."""
    monkeypatch.setitem(sys.modules, "pynvml", Stub(**{**HANDLES, **answers}))
    return Nvml(None, None, 0)


def test_nvml_reads_clock_power_temperature_and_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    told = nvml(
        monkeypatch,
        nvmlDeviceGetClockInfo=1980, nvmlDeviceGetPowerUsage=650_500,
        nvmlDeviceGetTemperature=61, nvmlDeviceGetCurrentClocksEventReasons=0x4 | 0x40,
    )  # fmt: skip
    assert told.missing == ""
    assert told.reading() == Reading(
        1.98e9, 650.5, 61, ("software power cap", "hardware thermal slowdown")
    )


@pytest.mark.parametrize(("bit", "word"), list(THROTTLE.items()))
def test_each_throttle_bit_has_its_word(
    bit: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nvmlDeviceGetCurrentClocksThrottleReasons", EVENT_REASONS):
        assert nvml(monkeypatch, **{name: bit}).reading() == Reading(throttle=(word,))
    told = nvml(monkeypatch, **{EVENT_REASONS: bit, "nvmlDeviceGetCurrentClocksThrottleReasons": 0})
    assert told.reading() == Reading(throttle=(word,))


@pytest.mark.parametrize(
    ("code", "milliwatts", "expected"), [(0, 690_000, 690.0), (0, 0, 400.0), (3, 690_000, 400.0)]
)
def test_power_is_that_of_the_moment_where_the_driver_tells_it(
    code: int, milliwatts: int, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = SimpleNamespace(nvmlReturn=code, value=SimpleNamespace(uiVal=milliwatts))
    told = nvml(monkeypatch, nvmlDeviceGetFieldValues=[field], nvmlDeviceGetPowerUsage=400_000)
    assert told.reading().power_w == expected


def test_nvml_tells_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    told = nvml(
        monkeypatch,
        nvmlSystemGetDriverVersion=b"570.1", nvmlDeviceGetEnforcedPowerLimit=700_000,
        nvmlDeviceGetMaxClockInfo=1980, nvmlDeviceGetMemoryBusWidth=5120,
        nvmlDeviceGetPciInfo=SimpleNamespace(pciDeviceId=0x233010DE),
    )  # fmt: skip
    assert told.facts() == {
        "driver": "570.1", "power_limit_w": 700.0, "clock_max_hz": 1.98e9,
        "memory_bus_bit": 5120, "pci": "10de:2330",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ()),
        (
            {"nvmlDeviceGetEnforcedPowerLimit": 400_000,
             "nvmlDeviceGetPowerManagementDefaultLimit": 700_000},
            ("power capped at 400 of 700 W",),
        ),
        (
            {"nvmlDeviceGetEnforcedPowerLimit": 700_000,
             "nvmlDeviceGetPowerManagementDefaultLimit": 700_000},
            (),
        ),
        ({"nvmlDeviceGetMigMode": [1, 1]}, ("MIG on",)),
        ({"nvmlDeviceGetMigMode": [0, 1]}, ()),
        ({"nvmlDeviceGetEccMode": [1, 1]}, ("ECC on",)),
        ({"nvmlDeviceGetEccMode": [0, 1]}, ("ECC off",)),
    ],
    ids=["silent", "capped", "uncapped", "mig", "no mig", "ecc", "no ecc"],
)  # fmt: skip
def test_nvml_tells_what_limits_the_device(
    answers: dict[str, Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nvml(monkeypatch, **answers).limits() == expected


def test_what_the_driver_refuses_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = nvml(monkeypatch)
    assert told.reading() == Reading(throttle=None)
    assert set(told.facts().values()) == {None}
    assert told.limits() == ()


@pytest.mark.parametrize(
    ("pci", "uuid", "asked"),
    [
        (None, None, ("nvmlDeviceGetHandleByIndex", (3,))),
        (None, "ab-12", ("nvmlDeviceGetHandleByUUID", (b"GPU-ab-12",))),
        ("00000000:1b:00.0", "x", ("nvmlDeviceGetHandleByPciBusId", (b"00000000:1b:00.0",))),
    ],
)
def test_nvml_finds_the_device_that_torch_means(
    pci: str | None,
    uuid: str | None,
    asked: tuple[str, tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stub = Stub(**HANDLES)
    monkeypatch.setitem(sys.modules, "pynvml", stub)
    Nvml(pci, uuid, 3)
    assert stub.asked == [asked]


def test_a_pynvml_that_lacks_calls_costs_their_readings_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = SimpleNamespace(
        nvmlInit=lambda: None, nvmlDeviceGetHandleByIndex=lambda _: "h",
        nvmlDeviceGetPowerUsage=lambda _: 90_000, NVMLError=NVMLError,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "pynvml", old)
    told = Nvml(None, None, 0)
    assert told.reading() == Reading(power_w=90.0)
    assert set(told.facts().values()) == {None}


def silent(told: Nvml) -> bool:
    """Whether nothing is known."""
    return (told.reading(), told.facts(), told.limits()) == (Reading(), {}, ())


def test_a_driver_that_does_not_start_is_said_and_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = nvml(monkeypatch, init=NVMLError("Driver Not Loaded"))
    assert told.missing == "NVML: Driver Not Loaded"
    assert silent(told)


def test_without_pynvml_nothing_is_known_and_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "pynvml":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    told = Nvml(None, None, 0)
    assert told.missing == "install the extra 'nvidia' for clocks and power"
    assert silent(told)


def test_the_address_of_a_device_is_written_as_nvml_reads_it() -> None:
    told = SimpleNamespace(pci_domain_id=0, pci_bus_id=0x1B, pci_device_id=0)
    assert cuda._pci_bus(told) == "00000000:1b:00.0"
    assert cuda._pci_bus(SimpleNamespace()) is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            {"nvmlDeviceGetApplicationsClock": 1200, "nvmlDeviceGetDefaultApplicationsClock": 1980},
            ("application clock at 1200 of 1980 MHz",),
        ),
        (
            {"nvmlDeviceGetApplicationsClock": 1980, "nvmlDeviceGetDefaultApplicationsClock": 1980},
            (),
        ),
        (
            {"nvmlDeviceGetMaxCustomerBoostClock": 1755, "nvmlDeviceGetMaxClockInfo": 1980},
            ("boost clock capped at 1755 of 1980 MHz",),
        ),
        ({"nvmlDeviceGetMaxCustomerBoostClock": 1755}, ()),
    ],
    ids=["application", "default", "boost", "one alone"],
)
def test_nvml_tells_of_clocks_that_were_set(
    answers: dict[str, Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nvml(monkeypatch, **answers).limits() == expected


def test_nvml_is_asked_for_the_clock_of_the_sms(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = Stub(**HANDLES)
    monkeypatch.setitem(sys.modules, "pynvml", stub)
    Nvml(None, None, 0).limits()
    asked = {arguments for name, arguments in stub.asked if "Clock" in name}
    assert asked == {("h", 1)}


@pytest.mark.parametrize(
    ("daemon", "share", "expected"),
    [
        (False, None, ()),
        (True, None, ("MPS on",)),
        (True, "50", ("MPS on", "MPS gives this process 50% of the threads")),
        (False, "12.5", ("MPS gives this process 12.5% of the threads",)),
        (False, "100", ()),
        (False, "many", ()),
        (False, "", ()),
    ],
)
def test_mps_is_told_by_its_pipe_and_its_share(
    share: str | None, expected: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    *, daemon: bool,
) -> None:  # fmt: skip
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    monkeypatch.delenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", raising=False)
    if share is not None:
        monkeypatch.setenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", share)
    if daemon:
        (tmp_path / "control").touch()
    assert nvml_module.mps() == expected
    assert nvml(monkeypatch).limits() == expected


@pytest.mark.parametrize(
    ("lanes", "most", "told"),
    [(8, 16, ("PCIe at 8 of 16 lanes",)), (16, 16, ()), (None, 16, ()), (8, None, ())],
)
def test_a_link_to_the_host_that_is_narrower_than_it_could_be_limits_the_device(
    lanes: int | None, most: int | None, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"nvmlDeviceGetCurrPcieLinkWidth": lanes, "nvmlDeviceGetMaxPcieLinkWidth": most}
    calls = {name: lambda _, value=value: value for name, value in answers.items() if value}
    driver = {"nvmlInit": lambda: None, "nvmlDeviceGetHandleByIndex": lambda _: "h"}
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(**driver, **calls))
    monkeypatch.setattr("bench.devices.nvml.mps", lambda: ())
    assert Nvml(None, None, 0).limits() == told


def test_each_call_is_one_that_nvidias_library_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that it lacks, or with other arguments, would be taken as refused by the driver."""
    library = create_autospec(pytest.importorskip("pynvml"))
    monkeypatch.setitem(sys.modules, "pynvml", library)

    def called(told: Nvml, name: str, *given: object) -> None:
        getattr(told._lib, name)(*given)

    monkeypatch.setattr(Nvml, "_call", called)
    told = Nvml("00000000:06:00.0", None, 0)
    assert told.missing == ""
    told.reading()
    told.facts()
    told.limits()
    asked = {name for name, *_ in library.method_calls}
    assert {"nvmlDeviceGetFieldValues", "nvmlDeviceGetComputeRunningProcesses"} <= asked
    assert len(asked) > 20


def test_memory_errors_are_counted_where_the_driver_counts_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = nvml(monkeypatch, nvmlDeviceGetTotalEccErrors=7)
    assert counted.ecc() == (7, 7)
    kinds = [told for name, told in counted._lib.asked if name == "nvmlDeviceGetTotalEccErrors"]
    assert kinds == [("h", 0, 0), ("h", 1, 0)]
    assert nvml(monkeypatch).ecc() is None
