"""`import bench` gives the catalogue, figures, rules and comparisons, typed and as frames."""

import copy
import csv
import doctest
import io
import re
import subprocess
import sys
from dataclasses import fields
from types import ModuleType

import pandas as pd
import pytest

import bench
from bench import library, paths
from bench.__main__ import main
from bench.calls import compared
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.records.store import read
from bench.rules.judge import Status
from bench.rules.truth import Truth
from bench.tables.figures import FigureRow
from bench.tables.frames import DTYPES, frame
from bench.tables.model import cells
from bench.tables.registry import TABLES


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("torch", "pandas", "numpy", "pydantic", "yaml", "hydra", "omegaconf", "bench.library")
    program = f"import sys, bench; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_typed_values_need_neither_torch_nor_hydra_nor_pandas() -> None:
    program = (
        "import sys, bench; bench.figures('h20'); bench.classify('h20', on='2024-01-01');"
        "print([one for one in ('torch', 'hydra', 'pandas') if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_package_offers_what_the_library_offers() -> None:
    assert {*bench.__all__} == {*library.__all__, "__version__", "benchmark"}
    assert {*bench.__all__} <= {*dir(bench)}
    assert all(getattr(bench, name) is getattr(library, name) for name in library.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'bench' has no attribute 'chipz'$"):
        _ = bench.chipz  # type: ignore[attr-defined] # it is the point


@pytest.mark.parametrize(("module", "least"), [(library, 6), (compared, 1)])
def test_every_example_in_the_docs_of_the_library_holds(module: ModuleType, least: int) -> None:
    found = doctest.testmod(module, extraglobs={"bench": bench})
    assert (found.failed, found.attempted >= least) == (0, True)


@pytest.mark.parametrize("name", TABLES)
def test_a_frame_has_the_rows_and_columns_of_its_table(name: str) -> None:
    made, table = bench.frame(name, "h20", "910b2"), TABLES[name]
    assert list(made.columns) == [one.name for one in table.columns]
    for one in table.columns:
        plain = {"integer": "int64", "boolean": "bool"}
        expected = DTYPES[one.type] if one.optional else plain.get(one.type, DTYPES[one.type])
        assert str(made[one.name].dtype) == expected
        assert one.optional or not made[one.name].isna().any(), one.name


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("chips", ["chip"]),
        ("figures", ["chip", "figure", "claim"]),
        ("facts", ["chip", "fact"]),
        ("derived", ["chip", "figure"]),
        ("crosschecks", ["chip", "figure"]),
        ("conflicts", ["chip", "figure"]),
        ("sources", ["source"]),
        ("rules", ["rule"]),
    ],
)
def test_rows_of_the_catalogue_are_told_apart_by_their_key(name: str, key: list[str]) -> None:
    made = bench.frame(name)
    assert len(made) > 0
    assert not made.duplicated(key).any()


def test_every_table_of_the_catalogue_holds_what_its_columns_promise() -> None:
    for table in TABLES.values():
        kinds = {"string": str, "number": float, "integer": int, "boolean": bool}
        for row in table.rows(library._data(())):
            found = cells(row)
            for one in table.columns:
                value = found[one.name]
                assert value is None or type(value) is kinds[one.type]
                assert one.optional or value not in (None, ""), (table.name, one.name, row)


def test_figures_and_frame_say_the_same(sheets: Catalogue) -> None:
    rows = bench.figures("h20")
    pd.testing.assert_frame_equal(bench.frame("figures", "h20"), frame(FigureRow, rows))
    assert {row.chip for row in rows} == {"nvidia-h20-sxm-96gb"}
    assert len(bench.figures()) == sum(
        1 + len(figure.rivals) for chip in sheets.chips.values() for figure in chip.figures.values()
    )


def test_nothing_is_a_frame_of_no_rows_with_its_columns() -> None:
    made = frame(FigureRow, ())
    assert (len(made), list(made.columns)) == (0, [one.name for one in fields(FigureRow)])


def test_a_group_of_chips_may_be_asked_for(sheets: Catalogue) -> None:
    tiers = {chip.id for chip in sheets.chips.values() if chip.tier == "export"}
    found = set(bench.frame("chips", "export-tier")["chip"])
    assert found
    assert found <= tiers


def test_a_table_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^no table 'figure': did you mean 'figures'\?$"):
        bench.frame("figure")


def test_a_chip_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^no chip 'h2o' in specs/chips: did you mean .*'h20'"):
        bench.chip("h2o")


def test_a_classification_is_typed_and_a_row() -> None:
    found = bench.classify("h100", on="2024-01-15", destination="China")
    assert (type(found), found.needs_licence) == (Status, Truth.YES)
    made = bench.classification_frame("h100", on="2024-01-15")
    (row,) = made.to_dict("records")
    told = {key: row[key] for key in ("chip", "on", "destination", "headquarters", "eccns")}
    assert told == {
        "chip": "nvidia-h100-sxm-80gb",
        "on": "2024-01-15",
        "destination": "CN",
        "headquarters": "CN",
        "eccns": "3A090.a.1",
    }
    assert (row["policies"], row["needs_licence"]) == ("presumption_of_denial", "yes")


@pytest.mark.parametrize("day", ["2024-13-01", "20240115", "2024-W03-1"])
def test_a_day_that_is_none_or_written_otherwise_is_refused(day: str) -> None:
    with pytest.raises(UsageError, match=rf"^on={day} is no day such as 2025-08-15$"):
        bench.classify("h100", on=day)


def test_the_headquarters_are_where_it_goes_unless_said() -> None:
    found = bench.classify("h100", on="2024-01-15", destination="AE", headquarters="CN")
    assert (found.question.destination, found.question.headquarters) == ("AE", "CN")


def test_a_comparison_is_typed_and_a_frame() -> None:
    found = bench.compare("h20", "h100", baseline="h100", figures=["memory_capacity", "process"])
    made = bench.comparison_frame(found)
    told = made[["figure", "chip", "value", "unit", "ratio"]].astype(object)
    told = told.where(told.notna(), None)
    assert told.to_numpy().tolist() == [
        ["memory_capacity", "nvidia-h100-sxm-80gb", 80e9, "B", 1.0],
        ["memory_capacity", "nvidia-h20-sxm-96gb", 96e9, "B", 1.2],
        ["process", "nvidia-h100-sxm-80gb", None, None, None],
        ["process", "nvidia-h20-sxm-96gb", None, None, None],
    ]
    assert set(made["baseline"]) == {"nvidia-h100-sxm-80gb"}


def test_a_comparison_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^compare needs chips"):
        bench.compare()


def test_a_record_is_found_shown_and_a_frame() -> None:
    path = paths.data_dir("results") / "records" / "2026-11-26" / "h200-sxm-full.json"
    found = bench.record(str(path))
    assert found == bench.record("h200-sxm-full")
    assert found.record == read(path)
    assert (found.device, found.suite) == (found.record.device, "full")
    made = found.frame()
    assert len(made) == len(found.measurements) == len(found.rows)
    assert list(made["verdict"]) == [row.verdict.value for row in found.rows]
    assert [str(made[one].dtype) for one in ("chip", "measured", "samples")] == [
        "string", "float64", "Int64",
    ]  # fmt: skip
    strict = bench.record(str(path), margin=0.01).frame()["verdict"].eq("reached").sum()
    assert strict < made["verdict"].eq("reached").sum()
    assert repr(found) == "<record 20261126-000418-cuda-b73922 of NVIDIA H200>"
    assert copy.copy(found) == found
    with pytest.raises(AttributeError, match="velocity"):
        _ = found.velocity


def test_a_record_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^no record 'h200-sxm-fulll': did you mean 'h200-sxm-f"):
        bench.record("h200-sxm-fulll")


def test_verdicts_are_a_pair_with_findings_and_a_frame() -> None:
    found = bench.verdicts("h20", "h100")
    made = found.frame()
    assert len(made) == len(found.findings) > 5
    assert set(made["subject"]) == {"nvidia-h20-sxm-96gb"}
    assert list(made["verdict"]) == [one.word.value for one in found.findings]
    assert found.summary[0].startswith("In bf16 matrix, NVIDIA H20 SXM 96GB is ")
    wide = bench.verdicts("h20", "h100", margin=0.5).frame()
    assert list(wide["verdict"]) != list(made["verdict"])


@pytest.mark.parametrize("margin", [0.0, -0.1, 0.91, float("nan")])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(UsageError, match=r"^margin=\S+ must be above 0 and at most 0.9$"):
        bench.record("h200-sxm-full", margin=margin)


def test_a_chip_against_itself_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^h20 and H20 are one chip, nvidia-h20-sxm-96gb: name"):
        bench.verdicts("h20", "H20")


def test_predictions_come_as_a_frame_with_the_lines_of_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keys = {"workload": "llama-3.1-8b", "batch": [1, 8], "phase": "decode"}
    made = bench.prediction_frame("h20", "910b2", **keys)
    words = ["chips=[h20,910b2]", "workload=llama-3.1-8b", "batch=[1,8]", "phase=decode"]
    assert main(["predict", *words, "report=csv"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(made.columns) == list(lines[0])
    assert [*map(float, made["tokens_per_s_chip"])] == pytest.approx(
        [float(one["tokens_per_s_chip"]) for one in lines]
    )


def test_chips_may_be_given_in_a_list_and_prices_in_a_dict() -> None:
    keys = {"workload": "llama-3.1-8b", "batch": range(1, 3), "phase": "decode"}
    prices = {"price": {"h20": 12000, "h800": "180000CNY"}, "cny": 7.2}
    made = bench.prediction_frame(["h20", "h800"], **keys, **prices)
    typed = {"price": "[h20:12000,h800:180000CNY]", "cny": "7.2"}
    assert made.equals(bench.prediction_frame("h20", "h800", **keys, **typed))
    assert bench.figures(["h20"], "h800") == bench.figures("h20", "h800")
    assert bench.frame("facts", ("h20", "h800")).equals(bench.frame("facts", "h20", "h800"))
    assert bench.compare(["h20", "h100"]) == bench.compare("h20", "h100")


def test_an_empty_list_of_chips_does_not_stand_for_all() -> None:
    for asked in (bench.figures, bench.compare, bench.prediction_frame):
        with pytest.raises(UsageError, match=r"^which chips\? the list is empty$"):
            asked([])


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"workload": "llama-3.1-8c"}, "llama-3.1-8b"),
        ({"works": "llama-3.1-8b"}, "predict has no key 'works'"),
        ({"workload": "llama-3.1-8b", "report": "csv"}, "report= is of the command"),
        ({"phase": "figures", "operators": True}, "operators= does not apply to phase=figures"),
    ],
)
def test_predictions_refuse_what_the_command_refuses(keys: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        bench.prediction_frame("h20", **keys)
