"""What inputs do to a rate: rows on others than the run's own speak for nothing but themselves."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.commands.running.live import line
from bench.devices.fake import FakeDevice, FakeSpec
from bench.identity.measured import usable
from bench.judging.gap import gaps
from bench.judging.rates import Interval
from bench.judging.titles import own_inputs
from bench.judging.verdict import Verdict, rows
from bench.measure.item import Item
from bench.measure.runner import Watcher, run
from bench.measure.session import LocalSession
from bench.records.model import Measurement, Record
from bench.report.chips.dossier import _best
from bench.report.formats import FORMATS
from bench.report.record.figures import build
from bench.report.record.inputs import TITLE, families, input_sections, ratio, sentence
from bench.report.record.summary import summary
from bench.report.registry import render
from bench.report.table import Section
from tests.conftest import order

INPUTS = ("normal", "uniform", "integers", "constant", "zeros")
FIXED: dict[str, int | str] = {"m": 8192, "n": 8192, "k": 8192}
OTHER: dict[str, int | str] = {"m": 4096, "n": 8192, "k": 8192}


@pytest.fixture
def family(tmp_path: Path, sheets: Catalogue) -> Record:
    """One product on five kinds of data, two of which flatter, and another product."""
    spec = FakeSpec(flattered={"zeros": 1.05, "constant": 1.03, "integers": 0.99}, noise_level=1e-3)
    items = [Item("gemm", "bf16", data, fixed=FIXED) for data in INPUTS]
    more = (*items, Item("gemm", "fp16", "normal", fixed=FIXED), Item("gemm", "bf16"))
    device = LocalSession(FakeDevice(spec))
    return run(device, order(tmp_path, *more, seconds=10.0), sheets, Watcher())


def shown(record: Record, sheets: Catalogue) -> Section:
    """The one table of what the inputs do."""
    (found,) = input_sections(record, rows(record, sheets), sheets)
    return found


def told(section: Section, number: int = 0) -> dict[str, str]:
    """A row of the table by its columns."""
    return dict(zip(section.columns, section.cells[number], strict=True))


def pair(record: Record, one: Measurement, other: Measurement) -> Record:
    """The record with two measurements and no more."""
    return record.model_copy(update={"measurements": (one, other)})


def test_one_row_tells_what_the_inputs_do(family: Record, sheets: Catalogue) -> None:
    section = shown(family, sheets)
    (flat,) = section.flat
    assert told(section)["product"] == "bf16 gemm, 8192 x 8192 x 8192 nt"
    assert told(section)["a flattering input"].startswith("Zeros inflate this chip by 5.")
    for data, factor in (("zeros", 1.05), ("constant", 1.03), ("integers", 0.99), ("uniform", 1.0)):
        value = flat[f"{data}_over_normal"]
        low, high = flat[f"{data}_over_normal_low"], flat[f"{data}_over_normal_high"]
        assert isinstance(value, float)
        assert isinstance(low, float)
        assert isinstance(high, float)
        assert value == pytest.approx(factor, rel=2e-3)
        assert low < value < high


def test_each_rate_is_told_with_its_interval(family: Record, sheets: Catalogue) -> None:
    section, judged = shown(family, sheets), rows(family, sheets)
    (words,) = section.lines
    (flat,) = section.flat
    for row in judged[1:5]:
        assert row.measured is not None
        data = row.measurement.data
        assert flat[data] == row.measured.value
        assert (flat[f"{data}_low"], flat[f"{data}_high"]) == (row.measured.low, row.measured.high)
    assert words.startswith("bf16 gemm, 8192 x 8192 x 8192 nt: uniform data 13")
    assert words.count(" TFLOP/s (") == 4


@pytest.mark.parametrize("style", [one for one in FORMATS if one != "csv"])
def test_every_format_shows_the_table_and_its_line(
    style: str, family: Record, sheets: Catalogue
) -> None:
    text = render(family, sheets, style)
    assert TITLE in text
    if style == "json":
        assert "zeros_over_normal_low" in text
    else:
        assert "on zeros" not in text
        assert "zeros 1" in text.replace("\n    ", " ")


def test_the_first_table_has_no_row_on_other_inputs(family: Record, sheets: Catalogue) -> None:
    judged = rows(family, sheets)
    table, _ = build(family, judged, sheets)
    assert len(judged) == 7
    assert [one[0] for one in table.cells] == ["bf16 matrix", "fp16 matrix", "bf16 matrix"]


def test_other_inputs_are_said_in_the_title_and_judge_nothing(
    family: Record, sheets: Catalogue
) -> None:
    plain, *others = rows(family, sheets)[:5]
    assert plain.title == "bf16 matrix"
    assert [row.title for row in others] == [
        "bf16 matrix, on uniform data", "bf16 matrix, on integers", "bf16 matrix, on a constant",
        "bf16 matrix, on zeros",
    ]  # fmt: skip
    assert {row.verdict for row in others} <= {Verdict.UNRATED, Verdict.IMPLAUSIBLE}
    assert others[0].reason == "on uniform data, not the run's own inputs"
    assert others[0].fraction is not None


def test_what_is_said_while_a_run_goes_on_names_other_inputs(
    family: Record, sheets: Catalogue
) -> None:
    said = line(rows(family, sheets)[1])
    assert said.startswith("unrated     bf16 matrix, on uniform data 13")


def test_no_other_input_speaks_for_a_figure(family: Record, sheets: Catalogue) -> None:
    fast = family.measurements[4]
    assert fast.data == "zeros"
    here = family.model_copy(update={"measurements": (family.measurements[0], fast)})
    judged, chip = rows(here, sheets), sheets.chips[here.identity.chip or ""]
    assert [one.data for one in usable(here)] == ["normal"]
    assert [one.row.measurement.data for one in gaps(judged, here.device, chip, sheets)] == [
        "normal"
    ]
    assert "zeros" not in " ".join(summary(judged))


def test_a_sheet_shows_no_rate_on_other_inputs(family: Record, sheets: Catalogue) -> None:
    judged = rows(family, sheets)[:5]
    (best,) = _best(judged)
    assert best is judged[0]


def on_zeros(record: Record) -> Record:
    """The record as one of a run on zeros, with a row on normal data beside."""
    one = record.measurements[1]
    zeros = one.model_copy(update={"data": "zeros"})
    settings = {**record.settings, "data": "zeros"}
    return record.model_copy(update={"measurements": (zeros, one), "settings": settings})


def test_a_run_on_zeros_judges_by_them_and_says_so(record: Record, sheets: Catalogue) -> None:
    here = on_zeros(record)
    zeros, normal = rows(here, sheets)
    assert (zeros.title, zeros.apart, normal.apart) == ("bf16 matrix", False, True)
    assert zeros.verdict is not Verdict.UNRATED
    table, _ = build(here, [zeros, normal], sheets)
    assert "Inputs: zeros in the whole run: such inputs let a power-limited chip run faster." in (
        table.heading
    )
    assert [one.data for one in usable(here)] == ["zeros"]
    assert shown(here, sheets).columns[1:3] == ("on zeros (95%)", "normal / zeros (95%)")
    assert "Inputs:" not in " ".join(build(record, rows(record, sheets), sheets)[0].heading)


def test_all_that_was_measured_on_one_kind_of_inputs_is_a_run_on_them(record: Record) -> None:
    zeros = record.measurements[1].model_copy(update={"data": "zeros"})
    assert own_inputs(record.model_copy(update={"measurements": (zeros,)})) == "zeros"
    assert own_inputs(record.model_copy(update={"measurements": ()})) == "normal"


def test_no_gain_is_no_inflation(record: Record, sheets: Catalogue) -> None:
    one = record.measurements[1].model_copy(update={"search": None})
    here = pair(record, one, one.model_copy(update={"data": "zeros"}))
    section = shown(here, sheets)
    assert told(section)["a flattering input"] == "none of them is clearly faster than normal data"
    assert len(section.columns) == 4


def test_a_gain_within_the_intervals_is_no_inflation() -> None:
    """One percent more, give or take two."""
    unsure = {"zeros": Interval(1.01, 0.99, 1.03), "uniform": Interval(1.0, 0.98, 1.02)}
    assert sentence(unsure).startswith("none of them")
    sure = {**unsure, "zeros": Interval(1.01, 1.002, 1.018)}
    assert sentence(sure) == "Zeros inflate this chip by 1.0% (0.2–1.8)"


def test_products_searched_for_are_held_to_one_another(record: Record, sheets: Catalogue) -> None:
    searched = record.measurements[1]
    assert searched.search is not None
    zeros = searched.model_copy(update={"data": "zeros"})
    (found,) = families(rows(pair(record, searched, zeros), sheets))
    assert found.plain is not None
    assert list(found.others) == ["zeros"]
    assert families(rows(record, sheets)) == []


def test_a_search_that_ends_at_other_sizes_says_so_and_inflates_nothing_at_one(
    record: Record, sheets: Catalogue
) -> None:
    searched = record.measurements[1]
    apart = {"data": "zeros", "parameters": {**OTHER, "layout": "nt"}}
    section = shown(pair(record, searched, searched.model_copy(update=apart)), sheets)
    assert told(section)["zeros / normal (95%)"].endswith(", at other sizes")
    assert "(4096 x 8192 x 8192 nt)" in section.lines[0]
    both = record.model_copy(
        update={
            "measurements": (
                searched,
                searched.model_copy(update=apart),
                searched.model_copy(update={"data": "uniform"}),
            )
        }
    )
    assert told(shown(both, sheets))["a flattering input"].startswith("none of them")


def test_what_has_nothing_to_be_held_to_is_shown_all_the_same(
    record: Record, sheets: Catalogue
) -> None:
    one = record.measurements[1].model_copy(update={"data": "zeros", "search": None})
    section = shown(pair(record, record.measurements[0], one), sheets)
    assert told(section)["on normal data (95%)"] == "–"
    assert told(section)["zeros / normal (95%)"] == "nothing to compare with"
    assert " TFLOP/s (" in section.lines[0]


def test_what_failed_on_other_inputs_is_told_with_its_reason(
    record: Record, sheets: Catalogue
) -> None:
    one = record.measurements[1]
    broken = {"data": "zeros", "status": "failed", "reason": "out of memory", "timing": None}
    section = shown(pair(record, one, one.model_copy(update=broken)), sheets)
    assert told(section)["zeros / normal (95%)"] == "failed"
    assert section.lines[0].endswith(": zeros (failed: out of memory).")


def test_the_intervals_of_two_rates_add_as_independent_ones(
    family: Record, sheets: Catalogue
) -> None:
    plain, other = rows(family, sheets)[0], rows(family, sheets)[2]
    found = ratio(other, plain)
    assert found is not None
    assert plain.measured is not None
    assert other.measured is not None
    widest = other.measured.high / plain.measured.low
    assert found.value < found.high <= widest
    assert found.high >= max(
        other.measured.high / plain.measured.value, other.measured.value / plain.measured.low
    )


def test_what_is_not_believed_has_no_ratio(family: Record, sheets: Catalogue) -> None:
    plain, *_, zeros = rows(family, sheets)[:5]
    assert ratio(replace(zeros, verdict=Verdict.IMPLAUSIBLE), plain) is None
