"""Plots show what the record, the verdict, the rules and the predictions say, and nothing else."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.claims.sensitivity import evidence_base
from bench.errors import UsageError
from bench.judging import energy
from bench.judging.standing import nearest
from bench.judging.verdict import Row, Verdict, rows
from bench.plot import cache, draw, figures, latency, ratios, roofline, sustained
from bench.plot.registry import KINDS, RECORD_KINDS, record_pictures
from bench.plot.theme import LIGHT
from bench.records.model import Record
from bench.records.store import read
from bench.report.chips.matrix import FIGURED, WORKED, matrix
from bench.report.record.curve import cache_sections
from bench.report.record.roofline import roofline_sections

RECORDS = paths.data_dir("results") / "records"
NAMES = (
    "figures", "roofline-fp32", "roofline-fp64", "roofline-bf16", "cache", "latency",
    "sustained-bf16-matrix", "sustained-bf16-mixed",
)  # fmt: skip


@pytest.fixture(scope="module")
def full() -> Record:
    return read(RECORDS / "2026-11-26" / "h200-sxm-full.json")


@pytest.fixture(scope="module")
def genoa() -> Record:
    return read(RECORDS / "2026-11-26" / "epyc-genoa-2-cores-standard.json")


@pytest.fixture(scope="module")
def judged(full: Record, sheets: Catalogue) -> Sequence[Row]:
    return rows(full, sheets)


def test_a_full_record_bears_every_kind_in_order(full: Record, sheets: Catalogue) -> None:
    assert tuple(one.name for one in record_pictures(full, sheets)) == NAMES
    assert list(RECORD_KINDS) == [one for one in KINDS if "record" in KINDS[one]]
    for kind in RECORD_KINDS:
        found = [one.name for one in record_pictures(full, sheets, kind=kind)]
        assert found == [one for one in NAMES if one.startswith(kind)] != []


def test_a_record_that_measured_none_of_it_bears_none(full: Record, sheets: Catalogue) -> None:
    bare = full.model_copy(update={"measurements": ()})
    assert list(record_pictures(bare, sheets)) == []


@pytest.mark.parametrize("path", sorted(RECORDS.rglob("*.json")), ids=lambda path: path.stem)
def test_every_plot_of_every_shipped_record_is_drawn(path: Path, sheets: Catalogue) -> None:
    for one in record_pictures(read(path), sheets):
        text = draw.svg(one, LIGHT)
        assert text.startswith("<svg")
        assert text.count("<svg") == 1
        assert one.rows


def test_the_roofline_has_the_rows_of_the_report(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    shown = {one.title: one.flat for one in roofline_sections(full, judged, sheets)}
    for picture in roofline.pictures(full, judged, sheets):
        dtype = picture.name.removeprefix("roofline-")
        bare = [{k: v for k, v in row.items() if k != "believed"} for row in picture.rows]
        assert bare == shown[f"Roofline, {dtype}"]
        peak = max(float(row["flop_per_s"] or 0) for row in picture.rows if row["believed"])
        roof = max(float(row["roof"] or 0) for row in picture.rows)
        assert f"reaches {peak / roof:.0%} of the published peak" in picture.title


def test_what_was_disturbed_is_hollow(genoa: Record, sheets: Catalogue) -> None:
    (picture,) = roofline.pictures(genoa, rows(genoa, sheets), sheets)
    told = {row["believed"] for row in picture.rows}
    assert told == {True, False}
    assert "disturbed or implausible" in draw.svg(picture, LIGHT)


def test_the_bars_are_what_stands_for_each_figure(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    (picture,) = figures.pictures(full, judged, sheets)
    best = list(nearest(judged).values())
    assert [row["title"] for row in picture.rows] == [one.title for one in best]
    for row, one in zip(picture.rows, best, strict=True):
        assert one.fraction
        assert one.measured
        told = (row["achieved"], row["measured"], row["burst"], row["verdict"])
        assert told == (one.fraction.value, one.measured.value, one.burst, one.verdict.value)
        assert math.isclose(float(row["published"] or 0), one.measured.value / one.fraction.value)
    reached = sum(one.verdict is Verdict.REACHED for one in best)
    assert f"{reached} of {len(best)} published figures" in picture.title
    assert "memory bandwidth, write 97.6%, reached, lowest stream: scale 88.9%;" in picture.alt
    assert "lowest stream: scale 88.9%" in draw.svg(picture, LIGHT)


def test_a_margin_moves_line_and_verdicts(full: Record, sheets: Catalogue) -> None:
    wide = rows(full, sheets, 0.4)
    (picture,) = figures.pictures(full, wide, sheets, 0.4)
    assert "within 40%" in picture.title
    assert "margin (60%)" in draw.svg(picture, LIGHT)
    assert sum(row["verdict"] == "reached" for row in picture.rows) > 5


def test_the_curve_has_every_size_and_the_levels_of_the_report(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    (picture,) = cache.pictures(full, judged, sheets)
    sizes = [row for row in picture.rows if row["what"] == "measured"]
    assert len(sizes) == sum(one.kernel == "cache" for one in full.measurements)
    (table,) = cache_sections(full, judged, sheets)
    levels = [row for row in picture.rows if row["what"] == "level"]
    assert [(row["name"], row["bytes_per_s"]) for row in levels] == [
        (row["level"], row["bytes_per_s"]) for row in table.flat
    ]
    for name, rate, *_, remark in table.cells:
        assert f"{name} at {rate}" in picture.title
        assert remark == "–" or f"{name}: {remark}." in picture.note
    steps = [row["bytes_per_s"] for row in picture.rows if row["what"] == "step"]
    (second,) = (row for row in table.flat if row["level"] == "L2 cache")
    ends = second["bytes_per_s_first"], second["bytes_per_s_last"]
    assert (steps[0], steps[-1], len(steps)) == (*ends, 3)
    known = {row["name"]: row["working_set_bytes"] for row in picture.rows
             if row["what"] == "published size"}  # fmt: skip
    assert known["L2 cache"] == sheets.chips["nvidia-h200-sxm-141gb"].number("l2_cache")
    (bandwidth,) = (row for row in picture.rows if row["what"] == "published bandwidth")
    assert bandwidth["bytes_per_s"] == 4.8e12


def test_latency_is_drawn_over_working_sets_beside_the_published_caches(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    (picture,) = latency.pictures(full, judged, sheets)
    drawn = [row["load_s"] for row in picture.rows if row["what"] == "measured"]
    assert drawn == [
        row.measured.value for row in judged if row.measurement.kernel == "latency" and row.measured
    ]
    assert picture.title.endswith("takes 17.2 ns in 16 KiB, 338 ns in 1 GiB")
    assert "published L2 cache 60 MiB" in picture.alt


def test_a_load_has_every_sample_and_reading_and_draws_fewer(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    loads = [one for one in full.measurements if one.kernel == "sustained"]
    for picture, one in zip(sustained.pictures(full, judged, sheets), loads, strict=True):
        assert one.timing
        assert one.work
        samples = [row for row in picture.rows if row["what"] == "sample"]
        assert [row["call_s"] for row in samples] == list(one.timing.samples_s)
        rates = [one.work.flop / call_s for call_s in one.timing.samples_s]
        assert [row["rate_per_s"] for row in samples] == pytest.approx(rates)
        readings = [row for row in picture.rows if row["what"] == "reading"]
        assert [row["power_w"] for row in readings] == list(one.conditions.power_w)
        settled = one.work.flop / energy.settled(one.timing).median_s
        does = "settles" if energy.settled(one.timing).after_s is not None else "does not settle"
        assert f"{does}" in picture.title
        assert f" at {settled / 1e12:.0f} TFLOP/s" in picture.title
        power_w = energy.readings(one, "power_w")
        assert max(power_w) < max(one.conditions.power_w)
        assert f" to {max(power_w):.4g} W" in picture.alt
        told = f"No sample of the rate was kept before {one.timing.at_s[0]:.1f} s."
        assert told in picture.note
        after_s = energy.settled(one.timing).after_s
        assert after_s is not None
        assert f"settled before {after_s:.1f} s" in draw.svg(picture, LIGHT)


def test_a_load_that_never_settles_is_not_said_to(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    row = next(one for one in judged if one.measurement.kernel == "sustained")
    assert row.measurement.timing
    held = row.measurement.timing
    slowing = tuple(
        one * (1 + number / len(held.samples_s)) for number, one in enumerate(held.samples_s)
    )
    timing = held.model_copy(update={"samples_s": slowing})
    changed = replace(row, measurement=row.measurement.model_copy(update={"timing": timing}))
    assert energy.settled(timing).after_s is None
    (picture,) = sustained.pictures(full, [changed], sheets)
    assert "does not settle: its last half is at " in picture.title


def test_a_long_series_is_drawn_as_medians_with_extremes() -> None:
    at_s = [float(number) for number in range(3000)]
    values = [float(number % 10) for number in range(3000)]
    times, middle, low, high = sustained.windowed(at_s, values)
    assert len(times) == sustained.WINDOWS
    assert (set(low), set(high)) == ({0.0}, {9.0})
    assert all(one == 4.5 for one in middle[1:-1])
    assert sustained.windowed(at_s[:9], values[:9]) == (at_s[:9], *[values[:9]] * 3)


def test_ratios_are_the_cells_of_the_matrix_that_have_both(sheets: Catalogue) -> None:
    evidence, base = evidence_base(), sheets.find("h20")
    picture = ratios.picture(base, None, evidence)
    both = [row for row in matrix(None, base, evidence).flat if row["cell"] == "both"]
    bare = [{k: v for k, v in row.items() if k != "cell"} for row in both]
    assert list(picture.rows) == bare
    over = sum(float(row["paper_overstates"] or 0) > 1.1 for row in picture.rows)
    assert f"overstates {over} of {len(both)} ratios" in picture.title
    assert picture.name == "ratios-h20"
    known, idle = len(evidence.whole.every), sum(one.weight == 0 for one in evidence.whole.every)
    assert f"From {known:,} measured values, ours and others', {idle} of them without weight." in (
        picture.note
    )
    with pytest.raises(UsageError, match="no ratio to nvidia-h20"):
        ratios.picture(base, [sheets.find("amd-epyc-9755")], evidence)


def test_a_chip_that_was_asked_for_and_has_no_ratio_is_named(sheets: Catalogue) -> None:
    evidence, base = evidence_base(), sheets.find("h20")
    chips = [sheets.find(one) for one in ("910b2", "mlu590")]
    assert ratios.picture(base, chips, evidence).note.endswith("measured of mlu590.")
    assert "Nothing here" not in ratios.picture(base, chips[:1], evidence).note


def test_a_kind_of_ratio_looks_the_same_whichever_chips_are_drawn(sheets: Catalogue) -> None:
    from matplotlib.figure import Figure

    evidence, base = evidence_base(), sheets.find("h20")
    assert sorted(ratios.KINDS) == sorted((*FIGURED, *WORKED))
    looks = []
    for chips in (None, [sheets.find("910a"), sheets.find("910b")]):
        figure = Figure()
        ratios.picture(base, chips, evidence).paint(figure, LIGHT)
        handles, names = figure.axes[0].get_legend_handles_labels()
        lines = [getattr(one, "lines", [one])[0] for one in handles]
        marks = [(one.get_marker(), one.get_color()) for one in lines]
        looks.append(dict(zip(names, marks, strict=True)))
    every, few = looks
    assert 3 <= len(few) < len(every) == len(set(every.values()))
    assert {kind: every[kind] for kind in few} == few


def test_what_is_derived_or_simulated_is_said(
    genoa: Record, record: Record, sheets: Catalogue
) -> None:
    (derived,) = figures.pictures(genoa, rows(genoa, sheets), sheets)
    assert all("cores x" in str(row["formula"]) for row in derived.rows)
    assert draw.svg(derived, LIGHT).count(" (derived) →") == len(derived.rows)
    (simulated,) = record_pictures(record, sheets)
    assert "a FAKE device, simulated" in simulated.note
