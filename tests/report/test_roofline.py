"""The measured roofline beside the one on paper: roofs, sides and ridges recovered."""

from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.devices.fake import FakeDevice, FakeSpec
from bench.judging.rates import Interval
from bench.judging.verdict import rows
from bench.kernels.registry import kernel
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import DeviceInfo, Identity, Measurement, Record
from bench.report.formats import FORMATS
from bench.report.record.roofline import roofline_sections
from bench.report.registry import render
from bench.report.table import Section
from bench.units import parse
from tests.conftest import order

PEAK, BANDWIDTH = 40e12, 3.6e12
H20_PEAKS = {"fp32": 44e12, "bf16": 148e12}
PAPER_BANDWIDTH = 4e12


@pytest.fixture
def pilot(tmp_path: Path, sheets: Catalogue) -> Record:
    """A short record of one intensity on the fake H20, whose times are then set."""
    device = LocalSession(FakeDevice(FakeSpec(noise="none")))
    item = Item("roofline", "fp32", variant="1")
    return run(device, order(tmp_path, item), sheets, Watcher())


def point(one: Measurement, dtype: str, intensity: float, rate: float) -> Measurement:
    """A measurement of one intensity at a rate; bf16 is done as products."""
    assert one.work is not None
    assert one.timing is not None
    flop = rate * one.timing.stats.median_s
    told = {**one.parameters, "intensity": f"{intensity:g}"}
    return one.model_copy(
        update={
            "dtype": dtype,
            "label": f"{dtype} at {intensity:g} FLOP/B",
            "parameters": {**told, "way": "product" if dtype == "bf16" else "triton"},
            "work": one.work.model_copy(update={"flop": flop, "bytes": flop / intensity}),
        }
    )


def curve(record: Record, dtype: str = "fp32", powers: range = range(-4, 9)) -> Record:
    """The record of a device that is exactly as fast as its own peak and bandwidth."""
    (one,) = record.measurements
    found = [point(one, dtype, x, min(PEAK, BANDWIDTH * x)) for x in (2.0**p for p in powers)]
    return record.model_copy(update={"measurements": tuple(found)})


def shown(record: Record, sheets: Catalogue) -> list[Section]:
    """The tables of the roofline."""
    return list(roofline_sections(record, rows(record, sheets), sheets))


def without(sheets: Catalogue, chip: str, key: str) -> Catalogue:
    """The catalogue with one chip, whose sheet lacks a figure."""
    found = sheets.chips[chip]
    figures = {name: one for name, one in found.figures.items() if name != key}
    bare = {chip: found.model_copy(update={"figures": figures})}
    return Catalogue(chips=bare, sources=sheets.sources)


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_each_intensity_stands_under_its_roof(dtype: str, pilot: Record, sheets: Catalogue) -> None:
    record, peak = curve(pilot, dtype), H20_PEAKS[dtype]
    (section,) = shown(record, sheets)
    unit = {"fp32": "fp32 vector", "bf16": "bf16 matrix"}[dtype]
    assert section.title == f"Roofline, {dtype}"
    assert section.columns == (
        "FLOP/B",
        "measured (95%)",
        "roof on paper",
        "of it (95%)",
        "bound by",
    )
    for cells, flat in zip(section.cells, section.flat, strict=True):
        at = float(cells[0])
        roof = min(peak, PAPER_BANDWIDTH * at)
        assert flat["roof"] == pytest.approx(roof)
        assert flat["roof_share"] == pytest.approx(min(PEAK, BANDWIDTH * at) / roof)
        assert parse(cells[2]).si == pytest.approx(roof, rel=5e-3)
        assert cells[4] == ("memory" if PAPER_BANDWIDTH * at < peak else unit)


def test_the_ridge_is_where_the_two_sides_measured_cross(pilot: Record, sheets: Catalogue) -> None:
    (section,) = shown(curve(pilot), sheets)
    assert section.flat[0]["ridge"] == pytest.approx(PEAK / BANDWIDTH)
    assert section.flat[0]["ridge_on_paper"] == pytest.approx(44 / 4)
    (line,) = section.lines
    assert line == (
        "Ridge: measured at 11.1 FLOP/B (40.0 TFLOP/s over 3.60 TB/s), on paper at 11.0 FLOP/B "
        "(44 TFLOP/s of fp32 vector over 4000 GB/s)."
    )


@pytest.mark.parametrize(("rate", "told"), [(43.2e12, True), (40.4e12, False)])
def test_a_faster_test_of_the_peak_has_its_own_ridge(
    rate: float, told: bool, pilot: Record, sheets: Catalogue
) -> None:
    record = curve(pilot)
    product = point(record.measurements[0], "fp32", 1000.0, rate).model_copy(
        update={"kernel": "vector", "figures": ("vector_fp32",), "decides": True, "group": ""}
    )
    faster = record.model_copy(update={"measurements": (*record.measurements, product)})
    (section,) = shown(faster, sheets)
    line = "Another measurement of this run reaches 43.2 TFLOP/s: by that rate, the ridge is at 12"
    assert any(one.startswith(line) for one in section.lines) is told


@pytest.mark.parametrize(
    "powers", [range(-4, 3), range(4, 9), range(1)], ids=["memory only", "peak only", "one point"]
)
def test_a_curve_that_does_not_bend_has_no_ridge(
    powers: range, pilot: Record, sheets: Catalogue
) -> None:
    (section,) = shown(curve(pilot, powers=powers), sheets)
    assert section.flat[0]["ridge"] is None
    assert section.lines[0].startswith(
        "Ridge: not found in what was measured undisturbed, on paper at 11.0 "
    )


def test_a_curve_that_was_skipped_for_one_reason_is_one_line(
    pilot: Record, sheets: Catalogue
) -> None:
    record = curve(pilot)
    skipped = {"status": "skipped", "reason": "no bf16 here", "timing": None, "work": None}
    none = [one.model_copy(update=skipped) for one in record.measurements]
    (section,) = shown(record.model_copy(update={"measurements": tuple(none)}), sheets)
    assert section.columns == ("FLOP/B", "remark")
    assert section.cells == (("0.0625 to 256", "skipped: no bf16 here"),)
    assert section.lines == ()
    assert len(section.flat) == 13
    other = none[0].model_copy(update={"reason": "too thin"})
    (apart,) = shown(record.model_copy(update={"measurements": (other, *none[1:])}), sheets)
    assert len(apart.cells) == 13


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"wall_ratio": 0.1}, "implausible: the device's timer saw 10%"),
        ({"disturbed": tuple(range(10**4))}, "most samples disturbed"),
    ],
)
def test_a_rate_that_is_not_believed_moves_no_ridge(
    changes: dict[str, object], remark: str, pilot: Record, sheets: Catalogue
) -> None:
    record = curve(pilot)
    wild = point(pilot.measurements[0], "fp32", 64.0, 9 * PEAK)
    assert wild.timing is not None
    wild = wild.model_copy(update={"timing": wild.timing.model_copy(update=changes)})
    more = record.model_copy(update={"measurements": (*record.measurements, wild)})
    (section,) = shown(more, sheets)
    assert section.flat[0]["ridge"] == pytest.approx(PEAK / BANDWIDTH)
    assert section.cells[-1][-1].startswith(remark)


@pytest.mark.parametrize("key", ["vector_fp32", "memory_bandwidth"])
def test_a_figure_that_the_sheet_lacks_leaves_the_roof_open(
    key: str, pilot: Record, sheets: Catalogue
) -> None:
    record = curve(pilot)
    (section,) = shown(record, without(sheets, record.identity.chip or "", key))
    assert section.columns == ("FLOP/B", "measured (95%)")
    assert section.lines[0].endswith("over 3.60 TB/s), on paper not known.")
    assert section.flat[0]["roof"] is None


def test_without_a_chip_the_measured_side_is_told(pilot: Record, sheets: Catalogue) -> None:
    record = curve(pilot).model_copy(update={"identity": Identity(state="unknown")})
    (section,) = shown(record, sheets)
    assert len(section.cells) == 13
    assert section.lines[0].startswith("Ridge: measured at 11.1 FLOP/B")


def test_a_processors_roof_is_worked_out_at_the_clock_beside_each_rate(
    pilot: Record, sheets: Catalogue
) -> None:
    cpu = DeviceInfo(
        backend="cpu", name="A CPU", units=4, clock_measured_hz=2e9, cpu_vendor="AuthenticAMD",
        cpu_family=25, cpu_model=17, isa=("avx512f",),
    )  # fmt: skip
    (one,) = pilot.measurements
    seen = one.conditions.model_copy(update={"clock_hz": (3e9,)})
    record = pilot.model_copy(
        update={
            "device": cpu,
            "identity": Identity(state="family", chip="amd-zen4-genoa"),
            "measurements": (one.model_copy(update={"conditions": seen}),),
        }
    )
    (row,) = rows(record, sheets)
    (section,) = shown(record, sheets)
    assert isinstance(row.measured, Interval)
    assert section.flat[0]["roof"] is None, "no bandwidth of some cores is published"
    assert section.lines[0].endswith("on paper not known.")


def test_a_rate_above_its_roof_is_remarked_upon(pilot: Record, sheets: Catalogue) -> None:
    record = curve(pilot)
    first, *others = record.measurements
    assert first.work
    more = first.work.model_copy(
        update={"flop": 100 * first.work.flop, "bytes": 10 * first.work.bytes}
    )
    here = record.model_copy(
        update={"measurements": (first.model_copy(update={"work": more}), *others)}
    )
    (section,) = shown(here, sheets)
    assert section.columns[-1] == "remark"
    told = [cells[-1] for cells in section.cells]
    assert told[0].startswith("above its roof: ")
    assert set(told[1:]) == {""}


def test_what_failed_says_why(pilot: Record, sheets: Catalogue) -> None:
    record = curve(pilot)
    gone = {"status": "failed", "reason": "no memory", "timing": None, "work": None}
    first, *others = record.measurements
    here = record.model_copy(update={"measurements": (first.model_copy(update=gone), *others)})
    (section,) = shown(here, sheets)
    assert section.columns[-1] == "remark"
    assert section.cells[0][1:] == ("–", "–", "–", "–", "failed: no memory")
    assert section.flat[0]["roof"] is None


@pytest.mark.parametrize("style", [one for one in FORMATS if one != "csv"])
def test_every_format_has_a_table_a_dtype_and_no_other_of_these_rows(
    style: str, pilot: Record, sheets: Catalogue
) -> None:
    both = (*curve(pilot).measurements, *curve(pilot, "bf16").measurements)
    text = render(pilot.model_copy(update={"measurements": both}), sheets, style)
    assert text.count("Roofline, fp32") >= 1
    assert text.count("Roofline, bf16") >= 1
    if style != "json":
        assert "fp32 at 1 FLOP/B" not in text
        assert "Ridge: measured at" in text


def test_the_intensities_of_the_kernel_are_those_of_the_table(
    tmp_path: Path, sheets: Catalogue
) -> None:
    """What the kernel counts is what its label says, so that a roof stands where it should."""
    items = [Item("roofline", "fp64", variant=one) for one in kernel("roofline").variants("fp64")]
    device = LocalSession(FakeDevice(FakeSpec(noise="none")))
    record = run(device, order(tmp_path, *items), sheets, Watcher())
    (section,) = shown(record, sheets)
    told = [cells[0] for cells in section.cells]
    assert told == list(kernel("roofline").variants("fp64"))
    assert section.flat[0]["intensity"] == pytest.approx(1 / 16)


def test_thin_streams_of_narrow_formats_stand_under_the_roof_of_their_products(
    pilot: Record, sheets: Catalogue
) -> None:
    """Below 1 FLOP/B bf16 is streamed; the sheet's fp32 and fp64 streams are of vector units."""
    both = (*curve(pilot, "bf16").measurements, *curve(pilot).measurements)
    streamed = [
        one.model_copy(update={"parameters": {**one.parameters, "way": "triton"}}) for one in both
    ]
    thin, plain = shown(pilot.model_copy(update={"measurements": tuple(streamed)}), sheets)
    assert (thin.title, plain.title) == ("Roofline, bf16", "Roofline, fp32")
    assert "bf16 matrix" in {cells[-1] for cells in thin.cells}
    assert "fp32 vector" in {cells[-1] for cells in plain.cells}
