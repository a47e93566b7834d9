"""The fake device: its times, its readings and its faults are those of its spec."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.chips.match import devices_a_chip
from bench.chips.vendors import like
from bench.commands import run
from bench.commands.running import fakes
from bench.config import compose
from bench.devices.fake import RATES, FakeDevice, FakeSpec
from bench.kernels.common.base import Limits, Point, UnsupportedError
from bench.kernels.registry import kernel
from bench.records.model import DeviceInfo
from bench.shapes import RunConfig
from tests.commands.command_cases import document
from tests.devices.device_cases import SMALL


def test_the_fake_is_what_its_spec_says() -> None:
    spec = FakeSpec(name="part", units=7, memory_bytes=1e9, cache_bytes=1e6)
    device = FakeDevice(spec)
    assert device.info() == DeviceInfo(
        backend="fake", name="part", units=7, memory_bytes=1e9, memory_free_bytes=1e9,
        l2_bytes=1e6, llc_bytes=1e6,
    )  # fmt: skip
    assert device.limits() == Limits(5e8, 1e6, is_cpu=False, units=7)


@pytest.mark.parametrize("dtype", RATES)
def test_the_fakes_call_takes_launch_and_the_longer_of_compute_and_memory(dtype: str) -> None:
    spec = FakeSpec(noise="none")
    device, gemm = FakeDevice(spec), kernel("gemm")
    point = Point("gemm", dtype, parameters={"m": 8192, "n": 8192, "k": 8192, "layout": "nt"})
    work = gemm.work(point)
    compute = work.flop / (spec.rates[dtype] * device.shape_efficiency(point))
    assert device.call_s(work, point) == spec.launch_s + max(compute, work.bytes / spec.bandwidth)
    assert 0 < device.shape_efficiency(point) <= 1


def test_the_fakes_cache_makes_small_streams_faster() -> None:
    device, memory = FakeDevice(FakeSpec(noise="none", launch_s=0.0)), kernel("memory")
    rates = []
    for elements in (1 << 16, 1 << 28):
        point = Point("memory", "fp32", parameters={"stream": "copy", "elements": elements})
        work = memory.work(point)
        rates.append(work.bytes / device.call_s(work, point))
    assert rates == [pytest.approx(device.spec.cache_bandwidth), pytest.approx(3.7e12)]


@pytest.mark.parametrize(
    ("name", "variant", "rate"),
    [
        ("host_link", "to-device", 55e9),
        ("host_link", "both", 110e9),
        ("peer", "local", 3.7e12),
        ("peer", "peer", 400e9),
        ("peer", "peer-both", 800e9),
    ],
)
def test_the_fakes_copies_are_as_fast_as_what_they_cross(
    name: str, variant: str, rate: float
) -> None:
    device = FakeDevice(FakeSpec(noise="none", launch_s=0.0))
    (point,) = kernel(name).space(kernel(name).pilot("fp32", "normal", variant), device.limits())
    work = kernel(name).work(point)
    assert work.bytes / device.call_s(work, point) == pytest.approx(rate)


@pytest.mark.parametrize(("variant", "seconds"), [("16KiB", 250e-9), ("1GiB", 700e-9)])
def test_the_fakes_loads_that_wait_take_its_latency(variant: str, seconds: float) -> None:
    device, walk = FakeDevice(FakeSpec(noise="none", launch_s=0.0)), kernel("latency")
    (point,) = walk.space(walk.pilot(walk.dtypes[0], "normal", variant), device.limits())
    work = walk.work(point)
    assert device.call_s(work, point) / work.items == pytest.approx(seconds)


def test_a_dtype_that_the_fake_lacks_cannot_be_prepared() -> None:
    with pytest.raises(UnsupportedError, match="no fp32 on this device"):
        FakeDevice(FakeSpec(rates={})).prepare(kernel("gemm"), SMALL["gemm"])


def test_the_fakes_readings_follow_its_throttling() -> None:
    device = FakeDevice(FakeSpec(noise="none", throttle_after_s=1.0, throttle_to=0.5))
    cool = device.reading()
    device._heat_s = 2.0
    hot = device.reading()
    device.rest(1.5)
    assert device.reading().throttle == ()
    assert (cool.clock_hz, cool.throttle) == (1.8e9, ())
    assert (hot.clock_hz, hot.throttle) == (0.9e9, ("software thermal slowdown",))


def test_the_fakes_clock_and_software_cut_its_rates() -> None:
    """A call of nothing but compute takes 1 / (0.9 x 0.8) as long."""
    point = Point("gemm", "bf16", parameters={"m": 8192, "n": 8192, "k": 8192, "layout": "nt"})
    work = kernel("gemm").work(point)
    whole, cut = FakeSpec(launch_s=0.0), FakeSpec(launch_s=0.0, clock_share=0.9, software_share=0.8)
    took = [FakeDevice(spec).call_s(work, point) for spec in (whole, cut)]
    assert took[1] == pytest.approx(took[0] / 0.72)
    assert FakeDevice(cut).reading().clock_hz == pytest.approx(0.9 * 1.8e9)


def test_the_fake_tells_the_tile_of_a_product_and_of_nothing_else() -> None:
    device = FakeDevice(FakeSpec(tile=64))
    seen = [device.prepare(kernel(name), SMALL[name]).observed() for name in SMALL]
    assert seen == [{"tile": "64x64"}, {}]


@pytest.mark.parametrize(
    ("limit", "reasons"), [(None, ()), (400.0, ()), (350.0, ("software power cap",))]
)
def test_the_fake_meets_its_power_cap(limit: float | None, reasons: tuple[str, ...]) -> None:
    device = FakeDevice(FakeSpec(power_limit_w=limit))
    assert device.reading().throttle == reasons
    assert device.info().power_limit_w == limit


def test_flattering_data_make_the_fake_faster() -> None:
    device = FakeDevice(FakeSpec(launch_s=0.0, flattered={"zeros": 1.25}))
    sizes: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192, "layout": "nt"}
    work = kernel("gemm").work(Point("gemm", "bf16", parameters=sizes))
    normal, zeros = (
        device.call_s(work, Point("gemm", "bf16", data, sizes)) for data in ("normal", "zeros")
    )
    assert normal / zeros == pytest.approx(1.25)


@pytest.mark.parametrize("chip", ["910c", "mi300x", "l20"])
def test_a_fake_of_a_chip_reaches_near_its_sheet(
    chip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the chip, it was an H20: of the 910C it reached 230% of the memory's bandwidth."""
    words = ["device=fake", f"chip={chip}", "suite=smoke", "quiet=true", f"out={tmp_path}"]
    shares = [each["achieved"] for each in document("run", words, capsys)["rows"]]
    known = [share for share in shares if share is not None]
    assert known
    assert all(0.75 < share < 1 for share in known)


@pytest.mark.parametrize(
    ("chip", "lacking"),
    [
        ("h20", {"mxfp8": "unsupported", "nvfp4": "unsupported"}),
        ("910c", {
            "fp8": "unsupported, says the sheet of huawei-ascend-910c", "tf32": "Da Vinci",
            "fp64": "Da Vinci", "mxfp8": "", "nvfp4": "",
        }),
        ("b200-sxm-180gb", {}),
        ("mi355x", {"tf32": "AMD CDNA 4 (gfx950) has no such", "nvfp4": "no such format"}),
    ],
)  # fmt: skip
def test_a_fake_of_a_chip_has_name_cache_and_formats_of_its_sheet(
    chip: str, lacking: dict[str, str], sheets: Catalogue
) -> None:
    spec = fakes.spec(compose("run", ["device=fake", f"chip={chip}"], RunConfig))
    assert spec is not None
    device, sheet = FakeDevice(spec), sheets.find(chip)
    assert any(like(spec.name, pattern) for pattern in sheet.identity.names)
    held, second = devices_a_chip(sheet), sheet.number("l2_cache")
    told = device.info()
    assert (told.l2_bytes or 0) * held == second
    assert (told.llc_bytes or 0) * held == (sheet.number("l3_cache") or second)
    found = {dtype: why for dtype in RATES if (why := device.lacks(dtype))}
    assert found.keys() == lacking.keys() | (RATES.keys() - spec.rates.keys())
    assert {dtype for dtype, words in lacking.items() if words not in found[dtype]} == set()
    named = compose("run", ["device=fake", f"chip={chip}", "device.fake.name=mine"], RunConfig)
    mine = fakes.spec(named)
    assert mine is not None
    assert mine.name == "mine"


def test_a_format_that_the_sheet_of_a_fake_lacks_is_skipped_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["device=fake", "chip=910c", "dtype=fp8", "quiet=true", f"out={tmp_path}"]
    assert run.main([*words, "report=csv"]) == 1
    (row,) = csv.DictReader(StringIO(capsys.readouterr().out))
    assert (row["verdict"], row["reason"]) == (
        "skipped", "no fp8: unsupported, says the sheet of huawei-ascend-910c",
    )  # fmt: skip


def test_the_vector_units_of_a_fake_are_no_faster_than_their_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 910B2's chain in fp32 was at 760% of its vector units, for it ran at the matrix rate."""
    words = [
        "device=fake",
        "chip=910b2",
        "suite=full",
        "quiet=true",
        f"out={tmp_path}",
        "seconds=9",
    ]
    told = document("run", [*words, "kernel=roofline", "dtype=fp32"], capsys)["tables"]
    shares = [each["roof_share"] for each in told["Roofline, fp32"] if each["roof_share"]]
    assert shares
    assert max(shares) < 1
    lines = document("run", [*words, "kernel=vector"], capsys)["rows"]
    rate = {each["dtype"]: each["measured"] for each in lines}
    assert rate["bf16"] == pytest.approx(rate["fp32"], rel=0.05), "the sheet has no bf16 vector"
    assert rate["fp16"] == pytest.approx(2 * rate["fp32"], rel=0.05)


def test_a_fake_is_like_a_chip_when_its_record_is_completed(sheets: Catalogue) -> None:
    """A record keeps no word ``chip=``, but what was said of the fake."""
    config = compose("run", ["device=fake", "chip=910c"], RunConfig)
    begun = fakes.spec(config)
    told = [f"{key}={value}" for key, value in fakes.settings(config).items()]
    assert told == ["device.fake.like=910c"]
    assert fakes.spec(compose("run", ["device=fake", *told], RunConfig)) == begun
    assert begun is not None
    assert begun.memory_bytes == (sheets.find("910c").number("memory_capacity") or 0) / 2
    plain = compose("run", ["device=fake"], RunConfig)
    assert (fakes.settings(plain), fakes.spec(plain)) == ({}, FakeSpec())
