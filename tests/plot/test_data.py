"""Plots of rules and predictions show what the files of data say, and nothing else."""

import csv
import io
import math
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from bench import paths
from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.errors import DataError, UsageError
from bench.plot import draw, rules, trend, validation
from bench.plot.axes import short_name
from bench.plot.lines import Region, lines, outline, regions
from bench.plot.picture import Picture
from bench.plot.theme import LIGHT
from bench.predict.validation.errors import Outcome, Part
from bench.predict.validation.points import MAX_POINTS, read, written
from bench.rules.judge import status
from bench.rules.load import rulebook
from bench.rules.places import Question
from bench.rules.predicate import Compare, predicate
from bench.rules.subject import subject
from bench.rules.truth import Truth
from bench.theory.entry import KEYS
from bench.theory.tpp import density, tpp
from tests.commands.command_cases import document

DAY = Question("2026-11-26", "CN", "CN")


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
        assert row["needs_licence"] == found.need
    missing = [
        one for one in sheets.chips.values()
        if one.id not in there and one.kind not in ("cpu", "system")
        and tpp(one, sheets).value and density(one, sheets).value
    ]  # fmt: skip
    assert missing == []


def test_chips_designed_in_china_are_counted_separately(plane: Picture, sheets: Catalogue) -> None:
    """The title said of 9 of them that they need a licence to reach China."""
    chips = [row for row in plane.rows if row["what"] == "chip"]
    needing = [row for row in chips if row["needs_licence"] not in ("no", "unknown")]
    (needed, total), (supposed, domestic) = (
        [
            sum((row["tier"] == "domestic") is is_domestic for row in rows)
            for rows in (needing, chips)
        ]
        for is_domestic in (False, True)
    )
    assert 0 < supposed < domestic
    assert plane.title.startswith(
        f"{needed} of {total} chips not designed in China with known density need a licence"
    )
    assert (
        f"Chips designed in China ({domestic}) are shown as if exported under US rules; {supposed} "
        "of them would need a licence or a notice."
    ) in plane.note
    few = [sheets.find("910b2"), sheets.find("910c")]
    assert rules.picture(DAY, few, rulebook(), sheets).title == (
        "2 of 2 chips designed in China would need a licence or a notice for China on 2026-11-26, "
        "if exported under US rules"
    )


def test_a_chip_whose_need_is_in_dispute_is_named(plane: Picture) -> None:
    told = {
        row["name"]: row["needs_licence_by_rivals"] for row in plane.rows if row["what"] == "chip"
    }
    assert told["nvidia-rtx6000d-84gb"] == "yes"
    assert told["nvidia-h20-sxm-96gb"] is None
    assert "In dispute, as figures of other sources change it: rtx6000d. " in plane.note


def test_chips_without_a_point_are_named(plane: Picture, sheets: Catalogue) -> None:
    few = [sheets.find(one) for one in ("h20", "mlu590")]
    note = rules.picture(DAY, few, rulebook(), sheets).note
    assert "One of them is not known of mlu590. By a letter alone" in note
    assert "not known" not in rules.picture(DAY, few[:1], rulebook(), sheets).note
    assert "need a licence or a notice, too. By a letter" in plane.note


def test_chips_of_unknown_density_that_need_a_licence_are_counted(
    plane: Picture, sheets: Catalogue
) -> None:
    """The title counted 49 chips, and left out all of TPP 4,800 and more without a known area."""
    few = [sheets.find(one) for one in ("h20", "b200", "gaudi2", "mlu590")]
    assert "; of the 2 of these not designed in China, 2 need a licence or a notice, too. " in (
        rules.picture(DAY, few, rulebook(), sheets).note
    )
    found = re.search(r"of the (\d+) of these not designed in China, (\d+) need", plane.note)
    assert found
    assert int(found[1]) > int(found[2]) > 20


@pytest.mark.parametrize(
    ("word", "label"), [("rtx6000d", "rtx6000d"), ("h20-3e", "h20-141gb"), ("h20", "h20")]
)
def test_a_label_is_the_name_by_which_the_chip_is_known(
    word: str, label: str, sheets: Catalogue
) -> None:
    """Plots called the RTX 6000D b40."""
    assert short_name(sheets.find(word)) == label


def test_no_two_labels_of_the_rules_cover_each_other(plane: Picture) -> None:
    """Two labels stood on one line: the axes are lower than was assumed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Annotation, Text

    with draw._figure(plane, LIGHT) as figure:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        names = [one for one in figure.axes[0].texts if isinstance(one, Annotation)]
        for name in names:
            name.update_positions(canvas.get_renderer())  # type: ignore[no-untyped-call]
        boxes = [Text.get_window_extent(one).shrunk(0.9, 0.8) for one in names]  # without the lines
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_what_needs_a_licence_by_a_letter_alone_is_counted_and_named(
    plane: Picture, sheets: Catalogue
) -> None:
    book = rulebook()
    rest = {key: one for key, one in book.rules.items() if one.kind != "is_informed_letter"}
    bare = replace(book, rules=rest)
    chips = [row for row in plane.rows if row["what"] == "chip"]
    alone = {
        str(row["name"]) for row in chips
        if row["needs_licence"] not in ("no", "unknown")
        and status(subject(sheets.chips[str(row["name"])], sheets), DAY, bare).needs_licence
        is not Truth.YES
    }  # fmt: skip
    assert "nvidia-h20-sxm-96gb" in alone
    assert {row["name"] for row in chips if row["by_letter_alone"]} == alone
    assert f", {len(alone)} of them by a letter to the maker, not by TPP or density" in plane.title
    assert "By a letter alone, which no line shows: " in plane.note
    early = rules.picture(Question("2024-06-01", "CN", "CN"), None, book, sheets)
    assert not any(row.get("by_letter_alone") for row in early.rows)
    assert "letter" not in early.title + early.note


def test_chips_within_the_lines_that_are_not_for_datacentres_are_named(plane: Picture) -> None:
    """The RTX 4090 lies in the area of 3A090.a, and nothing said why a notice is enough."""
    chips = (row for row in plane.rows if row["what"] == "chip")
    spared = {row["name"]: row["less_as_not_for_datacentres"] for row in chips}
    named = ("nvidia-rtx4090-24gb", "nvidia-rtx4090d-24gb", "nvidia-rtxa6000-48gb")
    assert [spared[one] for one in named] == [True, True, True]
    assert not any(spared[one] for one in ("nvidia-l40s-pcie-48gb", "nvidia-h20-sxm-96gb"))
    assert "Within the lines, but not sold for datacentres, so that less is needed: " in plane.note
    drawn = draw.svg(plane, LIGHT)
    assert "notice needed, no licence" in drawn


def test_what_was_launched_later_is_not_counted(sheets: Catalogue) -> None:
    day = Question("2022-08-20", "CN", "CN")
    plane = rules.picture(day, None, rulebook(), sheets)
    drawn = {row["name"] for row in plane.rows if row["what"] == "chip"}
    assert "nvidia-a100-sxm-80gb" in drawn
    assert "nvidia-h20-sxm-96gb" not in drawn
    assert "chips launched after that day are left out" in plane.note
    few = [sheets.find(one) for one in ("a100-sxm-80gb", "h20")]
    named = rules.picture(day, few, rulebook(), sheets)
    assert len([row for row in named.rows if row["what"] == "chip"]) == 2
    assert "Launched only after that day: h20." in named.note


def test_a_trend_has_every_dated_chip_and_the_highest_so_far(sheets: Catalogue) -> None:
    few = [sheets.find(one) for one in ("a100-40gb", "h100", "h20", "910b1", "910c", "910b")]
    plane = trend.picture(KEYS["matrix_bf16"], few, sheets)
    found = {row["chip"]: row["highest_so_far"] for row in plane.rows}
    assert found == {
        "nvidia-a100-sxm-40gb": True, "huawei-ascend-910b1": True, "nvidia-h100-sxm-80gb": True,
        "nvidia-h20-sxm-96gb": False, "huawei-ascend-910c": True,
    }  # fmt: skip
    assert plane.title.startswith("The highest bf16 matrix rate designed in China, of 910c (2025)")
    assert "0 chips without a date of launch and 1 without the figure" in plane.note
    assert "<svg" in draw.svg(plane, LIGHT)
    with pytest.raises(UsageError, match="no chip here has both price"):
        trend.picture(KEYS["price_usd"], [sheets.find("mlu370-x4")], sheets)


def test_a_frontier_has_the_ways_that_the_command_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chips=[h20,h800]", "workload=llama-3.1-8b", "devices=[1,2]"]
    assert main(["plot", "kind=pareto", *words, "formats=svg", f"out={tmp_path}"]) == 0
    drawn = list(csv.DictReader(io.StringIO((tmp_path / "pareto.csv").read_text("utf-8"))))
    capsys.readouterr()
    asked = [*words, "parallel=best", "top=pareto", "tpot=any"]
    shown = document("predict", asked, capsys)["rows"]
    assert len({(one["chip"], one["chips"]) for one in drawn}) == 4
    keys = ("tokens_per_s_user", "tokens_per_s_chip", "low_80", "high_80")
    ours, theirs = (
        sorted((one["chip"], *(round(float(one[key]), 6) for key in keys)) for one in rows)
        for rows in (drawn, shown)
    )
    assert ours == theirs
    text = (tmp_path / "pareto.svg").read_text("utf-8")
    assert "is predicted to serve" in text
    assert "Predicted, not measured" in text


def test_bins_are_as_old_as_their_name_and_a_line_says_what_else_it_asks(
    sheets: Catalogue,
) -> None:
    early = rules.picture(Question("2022-01-01", "CN", "CN"), None, rulebook(), sheets)
    assert "huawei-ascend-910b2" not in {row["name"] for row in early.rows}
    assert "The launch of 1 chip drawn is unknown." in early.note
    plane = rules.picture(Question("2022-11-01", "CN", "CN"), None, rulebook(), sheets)
    also = "3A090 also asks for I/O rate >= 600 GB/s, for want of which these are free: rtx4090."
    assert also in plane.note
    assert plane.note.replace("²", "2").isascii()


def test_every_threshold_seen_has_a_label_of_its_own(plane: Picture) -> None:
    drawn = draw.svg(plane, LIGHT)
    for told in ("1,600", "2,400", "4,800", "14,000", "17,500", "20,800", "21,000", "21,100"):
        held = any(
            row["tpp"] == row["to_tpp"] == float(told.replace(",", ""))
            for row in plane.rows if row["what"] == "line"
        )  # fmt: skip
        assert (f">{told}<" in drawn or f"<!-- {told} -->" in drawn) is held


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
    with pytest.raises(UsageError, match="no chip here has a known TPP"):
        rules.picture(DAY, [sheets.find("amd-epyc-9755")], rulebook(), sheets)


def test_a_threshold_that_nobody_knows_draws_no_line() -> None:
    assert list(regions(predicate({"tpp": ">= unknown"}))) == [Region(has_other_conditions=True)]


def _part(name: str, count: int) -> Part:
    cases = [Outcome(f"chip-{n}", "work", 0.1 * (-1) ** n, (0.1, 0.2), (0, 0), 1.0 + n)
             for n in range(count)]  # fmt: skip
    return Part(name, "chip left out", tuple(cases))


def test_points_of_a_validation_are_kept_evenly_with_their_interval(tmp_path: Path) -> None:
    text = written([_part("prefill step", 3), _part("serving TPOT, dense", 3 * MAX_POINTS),
                   _part("product bf16, vllm", 5)])  # fmt: skip
    place = tmp_path / "validation.csv"
    place.write_text(text, "utf-8")
    found = read(place)
    assert [one.part for one in found] == ["prefill"] * 3 + ["serving, dense"] * MAX_POINTS
    first = found[0]
    assert first.predicted == pytest.approx(math.exp(0.1), rel=1e-4)
    assert (first.low, first.high) == pytest.approx((math.exp(-0.1), math.exp(0.3)), rel=1e-4)
    assert [one.measured for one in found[3:6]] == [1.0, 4.0, 7.0]
    assert {one.cases for one in found[3:]} == {3 * MAX_POINTS}


def test_the_shipped_points_say_what_the_shipped_validation_says() -> None:
    found, kept = read(), (paths.data_dir("results") / "validation.json").read_text()
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
        validation.picture(read(place))
    with pytest.raises(UsageError, match="make docs"):
        read(tmp_path / "none.csv")
