"""AMD SMI without its library: what it tells, and which device it asks."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from bench.devices.amd import Amd
from bench.devices.base import Reading


class AmdStub(SimpleNamespace):
    """An amdsmi that answers from a table, and raises for what is not in it."""

    AmdSmiClkType = SimpleNamespace(GFX="gfx")
    AmdSmiTemperatureType = SimpleNamespace(HOTSPOT="hotspot")
    AmdSmiTemperatureMetric = SimpleNamespace(CURRENT="now")

    def __init__(self, **answers: Any) -> None:
        super().__init__(answers=answers, asked=[])

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("amdsmi_"):
            raise AttributeError(name)

        def answer(*arguments: object) -> Any:
            self.asked.append((name, arguments))
            if name in ("amdsmi_init", "amdsmi_shut_down"):
                return self.answers.get(name)
            if name not in self.answers:
                raise RuntimeError("AMDSMI_STATUS_NOT_SUPPORTED")
            return self.answers[name]

        return answer


def amd(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Amd:
    """AMD SMI over a stub."""
    stub = AmdStub(**{"amdsmi_get_processor_handles": ["h"], **answers})
    monkeypatch.setitem(sys.modules, "amdsmi", stub)
    return Amd(None, 0)


def test_amd_reads_clock_power_and_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    told = amd(
        monkeypatch,
        amdsmi_get_clock_info={"clk": 2100, "max_clk": 2100},
        amdsmi_get_power_info={"socket_power": "N/A", "current_socket_power": 690},
        amdsmi_get_temp_metric=71,
    )
    assert told.missing == ""
    assert told.reading() == Reading(2.1e9, 690.0, 71.0)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ()),
        (
            {"amdsmi_get_power_cap_info": {"power_cap": 550_000_000,
                                           "default_power_cap": 750_000_000}},
            ("power capped at 550 of 750 W",),
        ),
        (
            {"amdsmi_get_power_cap_info": {"power_cap": 550, "power_cap_default": 750}},
            ("power capped at 550 of 750 W",),
        ),
        (
            {"amdsmi_get_power_cap_info": {"power_cap": 750_000_000,
                                           "default_power_cap": 750_000_000}},
            (),
        ),
        ({"amdsmi_get_power_cap_info": {"power_cap": "N/A", "default_power_cap": "N/A"}}, ()),
        (
            {"amdsmi_get_gpu_ptl_state": True, "amdsmi_get_gpu_ptl_formats": (6, 5)},
            ("peak tops limiter on, preferring VECTOR and F8",),
        ),
        ({"amdsmi_get_gpu_ptl_state": True}, ("peak tops limiter on",)),
        ({"amdsmi_get_gpu_ptl_state": False}, ("peak tops limiter off",)),
        (
            {"amdsmi_get_gpu_compute_partition": "CPX", "amdsmi_get_gpu_memory_partition": "NPS4"},
            ("compute partition CPX", "memory partition NPS4"),
        ),
        (
            {"amdsmi_get_gpu_compute_partition": "SPX", "amdsmi_get_gpu_memory_partition": "NPS1"},
            (),
        ),
        ({"amdsmi_get_gpu_compute_partition": "N/A"}, ()),
    ],
)  # fmt: skip
def test_amd_tells_what_limits_the_device(
    answers: dict[str, Any], expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert amd(monkeypatch, **answers).limits() == expected


def test_amd_tells_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    told = amd(
        monkeypatch,
        amdsmi_get_gpu_driver_info={"driver_version": "6.12.12"},
        amdsmi_get_power_cap_info={"power_cap": 750_000_000},
        amdsmi_get_clock_info={"clk": 132, "max_clk": 2100},
    )
    assert told.facts() == {"driver": "6.12.12", "power_limit_w": 750.0, "clock_max_hz": 2.1e9}


def test_what_amds_driver_refuses_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    told = amd(monkeypatch)
    assert told.reading() == Reading()
    assert set(told.facts().values()) == {None}
    assert told.limits() == ()


def test_amd_finds_the_device_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    stub = AmdStub(amdsmi_get_processor_handle_from_bdf="h")
    monkeypatch.setitem(sys.modules, "amdsmi", stub)
    assert Amd("00000000:c1:00.0", 3).missing == ""
    assert stub.asked[-1] == ("amdsmi_get_processor_handle_from_bdf", ("0000:c1:00.0",))


@pytest.mark.parametrize(
    ("masks", "index", "hip_ids", "found"),
    [
        ({}, 1, None, "h1"),
        ({"HIP_VISIBLE_DEVICES": "3,2"}, 0, None, "h3"),
        ({"CUDA_VISIBLE_DEVICES": "2"}, 0, None, "h2"),
        ({"ROCR_VISIBLE_DEVICES": "2,3", "HIP_VISIBLE_DEVICES": "1"}, 0, None, "h3"),
        ({"HIP_VISIBLE_DEVICES": "1"}, 0, [3, 2, 1, 0], "h2"),
        ({"AMD_VISIBLE_DEVICES": "6,7"}, 1, None, "h1"),
        ({"ROCR_VISIBLE_DEVICES": "GPU-ab12"}, 0, None, None),
    ],
)
def test_amd_finds_the_device_without_its_address_behind_masks(
    masks: dict[str, str],
    index: int,
    hip_ids: list[int] | None,
    found: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("HIP", "CUDA", "ROCR", "AMD")
    for name in (f"{one}_VISIBLE_DEVICES" for one in names):
        monkeypatch.delenv(name, raising=False)
    for name, mask in masks.items():
        monkeypatch.setenv(name, mask)
    handles = [f"h{number}" for number in range(4)]
    stub = AmdStub(amdsmi_get_processor_handles=handles)
    if hip_ids:
        numbers = dict(zip(handles, hip_ids, strict=True))
        stub.amdsmi_get_gpu_enumeration_info = lambda one: {"hip_id": numbers[one]}
    monkeypatch.setitem(sys.modules, "amdsmi", stub)
    told = Amd(None, index)
    told.reading()
    asked = {arguments[0] for name, arguments in stub.asked if name == "amdsmi_get_power_info"}
    assert asked == ({found} if found else set())
    assert bool(told.missing) == (found is None)


@pytest.mark.parametrize("module", [None, AmdStub()], ids=["no library", "no device"])
def test_without_amds_library_nothing_is_known(
    module: AmdStub | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "amdsmi", module)
    told = Amd(None, 0)
    assert told.missing
    assert (told.reading(), told.facts(), told.limits()) == (Reading(), {}, ())


@pytest.mark.parametrize(
    ("blocks", "told"),
    [(0x5, ("ECC on",)), (0x4, ("ECC off",)), (0, ("ECC off",)), ("N/A", ()), (None, ())],
)
def test_amd_tells_whether_the_memory_corrects_errors(
    blocks: object, told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {} if blocks is None else {"amdsmi_get_gpu_ecc_enabled": lambda _: blocks}
    driver = {"amdsmi_init": lambda: None, "amdsmi_get_processor_handles": lambda: ["h"]}
    monkeypatch.setitem(sys.modules, "amdsmi", SimpleNamespace(**driver, **calls))
    assert Amd(None, 0).limits() == told
