"""Plots show what the record, the verdict, the rules and the predictions say, and nothing else."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import energy, paths
from bench.chips.load import Catalogue
from bench.claims.sensitivity import bench_of
from bench.errors import DataError, UsageError
from bench.plot import cache, draw, figures, ratios, roofline, rules, sustained, validation
from bench.plot.lines import Region, lines, outline, regions
from bench.plot.picture import Picture
from bench.plot.registry import KINDS, OF_A_RECORD, record_pictures
from bench.plot.theme import LIGHT
from bench.predict.errors import Outcome, Part
from bench.records.model import Record
from bench.records.store import read
from bench.reference.validation import MOST, points
from bench.report.curve import section as cache_sections
from bench.report.matrix import matrix
from bench.report.roofline import roofline_sections
from bench.rules.judge import status
from bench.rules.load import rulebook
from bench.rules.places import Question
from bench.rules.predicate import Compare, predicate
from bench.rules.subject import subject
from bench.theory.tpp import density, tpp
from bench.verdict import Row, Verdict, rows, standing

RECORDS = paths.data_dir("results") / "records"
NAMES = (
    "figures", "roofline-fp32", "roofline-fp64", "roofline-bf16", "cache", "sustained-bf16-matrix",
    "sustained-bf16-mixed",
)  # fmt: skip
DAY = Question("2026-11-26", "CN", "CN")


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
    assert list(OF_A_RECORD) == [one for one in KINDS if "record" in KINDS[one].keys]
    for kind in OF_A_RECORD:
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
        assert f"ends at {peak / roof:.0%} of the published peak" in picture.title


def test_what_was_disturbed_is_hollow(genoa: Record, sheets: Catalogue) -> None:
    (picture,) = roofline.pictures(genoa, rows(genoa, sheets), sheets)
    told = {row["believed"] for row in picture.rows}
    assert told == {True, False}
    assert "disturbed or implausible" in draw.svg(picture, LIGHT)


def test_the_bars_are_what_stands_for_each_figure(
    full: Record, judged: Sequence[Row], sheets: Catalogue
) -> None:
    (picture,) = figures.pictures(full, judged, sheets)
    best = [row for row, *_ in standing(judged) if row.fraction]
    assert [row["title"] for row in picture.rows] == [one.title for one in best]
    for row, one in zip(picture.rows, best, strict=True):
        assert one.fraction
        assert one.measured
        told = (row["achieved_fraction"], row["measured"], row["burst"], row["verdict"])
        assert told == (one.fraction.value, one.measured.value, one.burst, one.verdict.value)
        assert math.isclose(float(row["published"] or 0), one.measured.value / one.fraction.value)
    reached = sum(one.verdict is Verdict.REACHED for one in best)
    assert f"{reached} of {len(best)} figures" in picture.title


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
    known = {row["name"]: row["working_set_bytes"] for row in picture.rows
             if row["what"] == "published size"}  # fmt: skip
    assert known["L2 cache"] == sheets.chips["nvidia-h200-sxm-141gb"].number("l2_cache")
    (bandwidth,) = (row for row in picture.rows if row["what"] == "published bandwidth")
    assert bandwidth["bytes_per_s"] == 4.8e12


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
        assert f"settles at {settled / 1e12:.0f} TFLOP/s" in picture.title


def test_a_long_series_is_drawn_as_medians_with_extremes() -> None:
    at_s = [float(number) for number in range(3000)]
    values = [float(number % 10) for number in range(3000)]
    times, middle, low, high = sustained.drawn(at_s, values)
    assert len(times) == sustained.WINDOWS
    assert (set(low), set(high)) == ({0.0}, {9.0})
    assert all(one == 4.5 for one in middle[1:-1])
    assert sustained.drawn(at_s[:9], values[:9]) == (at_s[:9], *[values[:9]] * 3)


def test_ratios_are_the_cells_of_the_matrix_that_have_both(sheets: Catalogue) -> None:
    bench, base = bench_of(), sheets.find("h20")
    picture = ratios.picture(base, None, bench)
    both = [row for row in matrix(None, base, bench).flat if row["cell"] == "both"]
    bare = [{k: v for k, v in row.items() if k != "cell"} for row in both]
    assert list(picture.rows) == bare
    over = sum(float(row["paper_overstates"] or 0) > 1.1 for row in picture.rows)
    assert f"overstates {over} of {len(both)} ratios" in picture.title
    assert picture.name == "ratios-h20"
    with pytest.raises(UsageError, match="no ratio to nvidia-h20"):
        ratios.picture(base, [sheets.find("amd-epyc-9755")], bench)


@pytest.fixture(scope="module")
def plane(sheets: Catalogue) -> Picture:
    return rules.picture(DAY, None, rulebook(), sheets)


def test_chips_stand_where_tpp_and_density_put_them(plane: Picture, sheets: Catalogue) -> None:
    there = {str(row["name"]): row for row in plane.rows if row["what"] == "chip"}
    for key, row in there.items():
        chip = sheets.chips[key]
        assert row["tpp"] == tpp(chip, sheets).value
        assert row["performance_density_per_mm2"] == density(chip, sheets).value
        found = status(subject(chip, sheets), DAY, rulebook())
        assert row["needs_licence"] == found.needs_licence.value
    missing = [
        one for one in sheets.chips.values()
        if one.id not in there and one.kind not in ("cpu", "system")
        and tpp(one, sheets).value and density(one, sheets).value
    ]  # fmt: skip
    assert missing == []
    needed = sum(row["needs_licence"] == "yes" for row in there.values())
    assert plane.title.startswith(f"{needed} of {len(there)} chips need a licence")


def test_every_threshold_in_force_has_its_line(plane: Picture) -> None:
    drawn = {
        (str(row["name"]).partition(":")[0], key, row[column])
        for row in plane.rows if row["what"] == "line"
        for key, column, other in (("tpp", "tpp", "to_tpp"),
                                   ("pd", "performance_density_per_mm2",
                                    "to_performance_density_per_mm2"))
        if row[column] == row[other]
    }  # fmt: skip
    for name in ("US-2023-3A090", "US-2026-CASE-BY-CASE", "US-2026-TARIFF"):
        outcomes = rulebook().rules[name].outcomes
        asked = {leaf for one in outcomes if one.when for leaf in _leaves(one.when)}
        assert {(name, *leaf) for leaf in asked} <= drawn


def _leaves(asked: object) -> set[tuple[str, float]]:
    parts = getattr(asked, "parts", ())
    found = {leaf for part in parts for leaf in _leaves(part)}
    if isinstance(asked, Compare) and asked.keys in (("tpp",), ("pd",)) and asked.threshold:
        found.add((asked.keys[0], asked.threshold))
    return found


@pytest.mark.parametrize(
    ("on", "named"),
    [
        ("2022-06-01", set()),
        ("2023-01-01", {("US-2022-3A090", "2022-10-21")}),
        ("2024-06-01", {("US-2023-3A090", "2023-11-17")}),
        ("2026-11-26", {("US-2023-3A090", "2023-11-17"), ("US-2026-CASE-BY-CASE", "2026-01-15"),
                        ("US-2026-TARIFF", "2026-01-15")}),
    ],
)  # fmt: skip
def test_lines_are_those_in_force_with_the_day_they_took_force(
    on: str, named: set[tuple[str, str]]
) -> None:
    found = lines(Question(on, "CN", "CN"), rulebook())
    assert {(one.rule, one.since) for one in found} == named


def test_an_outline_is_the_edge_of_all_rectangles_together() -> None:
    held = [Region(tpp=(4800, math.inf)), Region(tpp=(1600, math.inf), pd=(6, math.inf))]
    edges = {(one.start, one.end) for one in outline(held)}
    assert edges == {
        ((1600, 6), (1600, math.inf)), ((1600, 6), (4800, 6)), ((4800, 0), (4800, 6)),
    }  # fmt: skip
    within = [Region(tpp=(2000, 5000), pd=(1, 8))]
    assert not any(one.start[0] > 4800 for one in outline(within, held))


def test_a_day_without_a_line_is_drawn_and_a_chip_without_figures_refused(
    sheets: Catalogue,
) -> None:
    early = rules.picture(Question("2020-01-01", "CN", "CN"), None, rulebook(), sheets)
    assert draw.svg(early, LIGHT).startswith("<svg")
    assert early.title.startswith("0 of ")
    with pytest.raises(UsageError, match="known of none"):
        rules.picture(DAY, [sheets.find("amd-epyc-9755")], rulebook(), sheets)


def test_a_threshold_that_nobody_knows_draws_no_line() -> None:
    assert list(regions(predicate({"tpp": ">= unknown"}))) == [Region(also=True)]


def _part(name: str, count: int) -> Part:
    cases = [Outcome(f"chip-{n}", "work", 0.1 * (-1) ** n, (0.1, 0.2), (0, 0), 1.0 + n)
             for n in range(count)]  # fmt: skip
    return Part(name, "chip left out", tuple(cases))


def test_points_of_a_validation_are_kept_evenly_with_their_interval(tmp_path: Path) -> None:
    text = points([_part("prefill step", 3), _part("serving TPOT, dense", 3 * MOST),
                   _part("product bf16, vllm", 5)])  # fmt: skip
    place = tmp_path / "validation.csv"
    place.write_text(text, "utf-8")
    found = validation.read(place)
    assert [one.part for one in found] == ["prefill"] * 3 + ["serving, dense"] * MOST
    first = found[0]
    assert first.foretold == pytest.approx(math.exp(0.1), rel=1e-4)
    assert (first.low, first.high) == pytest.approx((math.exp(-0.1), math.exp(0.3)), rel=1e-4)
    assert [one.measured for one in found[3:6]] == [1.0, 4.0, 7.0]
    assert {one.cases for one in found[3:]} == {3 * MOST}


def test_the_shipped_points_say_what_the_shipped_validation_says() -> None:
    found, kept = validation.read(), (paths.data_dir("results") / "validation.json").read_text()
    picture = validation.picture(found)
    for part in ("prefill", "serving, experts", "matrix figures"):
        (median,) = {one.median_error for one in found if one.part == part}
        assert f"{median:.1%}" in picture.title
        assert f'"median": {median:g}' in kept
    assert len(found) <= 1500
    assert list(csv.DictReader(io.StringIO(draw.table(picture)))) != []


@pytest.mark.parametrize("text", ["", "part,cases\nx,1\n", "\0"])
def test_a_file_that_holds_no_points_is_refused(text: str, tmp_path: Path) -> None:
    place = tmp_path / "validation.csv"
    place.write_text(text, "utf-8")
    with pytest.raises((DataError, UsageError)):
        validation.picture(validation.read(place))
    with pytest.raises(UsageError, match="make docs"):
        validation.read(tmp_path / "none.csv")
