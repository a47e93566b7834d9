"""`import bench` gives the catalogue, figures, rules and comparisons, typed and as frames."""

import copy
import doctest
import pickle
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.cells import cell_len

import bench
from bench import library, paths
from bench.chips.conflicts import Conflict, conflicts
from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue, catalogue, examine
from bench.chips.model import Chip, Figure, Published
from bench.errors import UsageError
from bench.notebook import Recorded
from bench.records.store import read
from bench.rules.judge import Status
from bench.rules.load import Rulebook
from bench.rules.places import Places
from bench.rules.truth import Truth
from bench.tables.figures import (
    ConflictRow,
    FigureRow,
    accumulator,
    conflict_rows,
    density,
    dtype,
    figure_rows,
    unit_kind,
)
from bench.tables.frames import DTYPES, frame, loose
from bench.tables.model import Data, cells
from bench.tables.registry import TABLES

SOURCES = """\
maker: {url: "https://maker.test/a", kind: vendor-datasheet, title: A100, accessed: "2026-01-02"}
paper: {url: "https://paper.test/b", kind: press, accessed: "2026-01-03", weak: a rumour}
"""
SHEET = """\
name: Test One
vendor: test
kind: npu
status: sold
tier: domestic
architecture: first
figures:
  matrix_fp16_acc16:
    value: 320 TFLOP/s
    source: maker
    basis: dense
    rivals:
      - {value: 640 TFLOP/s, source: paper, basis: unspecified, counts: sparse}
      - {value: 256 TFLOP/s, source: paper, basis: unspecified, note: at 80 %}
    why: the maker says so
  memory_capacity: {value: 64 GiB, source: maker}
  matrix_fp8: {value: unsupported, source: maker}
explained: {matrix_fp16_acc16: a lower clock}
"""


@pytest.fixture
def data(tmp_path: Path) -> Data:
    """One invented chip."""
    (tmp_path / "chips").mkdir()
    (tmp_path / "chips" / "test-one.yaml").write_text(SHEET, encoding="utf-8")
    (tmp_path / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    (tmp_path / "architectures.yaml").write_text(
        "first: {name: First, unit: core, cycle: {}}\n", encoding="utf-8"
    )
    found, faults = examine(tmp_path)
    assert faults == []
    chips = tuple(found.chips.values())
    return Data(chips, found, Rulebook({}, Places(groups={}, countries={})))


def published(value: str, counts: str | None = None) -> Published:
    """A claim with a value alone."""
    return Published.model_validate({"value": value, "source": "maker", "counts": counts})


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
    assert {*bench.__all__} == {*library.__all__, "__version__"}
    assert {*bench.__all__} <= {*dir(bench)}
    assert all(getattr(bench, name) is getattr(library, name) for name in library.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'bench' has no attribute 'chipz'$"):
        _ = bench.chipz  # type: ignore[attr-defined] # it is the point


def test_every_example_in_the_docs_of_the_library_holds() -> None:
    found = doctest.testmod(library, extraglobs={"bench": bench})
    assert (found.failed, found.attempted > 5) == (0, True)


def test_a_claim_is_a_row_with_its_source_the_preferred_one_first(data: Data) -> None:
    found = [*figure_rows(data)]
    preferred, sparse, lower = [row for row in found if row.figure == "matrix_fp16_acc16"]
    (memory,) = [row for row in found if row.figure == "memory_capacity"]
    assert preferred == FigureRow(
        chip="test-one",
        figure="matrix_fp16_acc16",
        title="fp16, fp16 accumulation matrix",
        claim=0,
        stands="first",
        value=3.2e14,
        unit="FLOP/s",
        gap=None,
        as_written="320 TFLOP/s",
        unit_written="TFLOP/s",
        unit_kind="matrix",
        dtype="fp16",
        accumulator="fp16",
        density="dense",
        basis="dense",
        counts=None,
        origin="published",
        formula=None,
        needs=None,
        refuted=None,
        conflict=True,
        why="the maker says so",
        explained="a lower clock",
        note=None,
        source="maker",
        source_kind="vendor-datasheet",
        source_title="A100",
        source_url="https://maker.test/a",
        weak=None,
        read_via=None,
        accessed="2026-01-02",
    )
    brief = [
        (row.claim, row.stands, row.density, row.conflict, row.weak) for row in (sparse, lower)
    ]
    assert brief == [
        (1, "rival", "sparse", False, "a rumour"),
        (2, "rival", "not said", True, "a rumour"),
    ]
    assert (memory.value, memory.unit, memory.unit_written) == (64 * 2**30, "B", "GiB")


def test_a_gap_is_a_row_without_a_number(data: Data) -> None:
    (row,) = [row for row in figure_rows(data) if row.figure == "matrix_fp8"]
    told = (row.value, row.gap, row.as_written, row.unit_written, row.density, row.conflict)
    assert told == (None, "unsupported", "unsupported", None, "dense", False)


def test_a_conflict_is_a_row_with_both_sides(data: Data) -> None:
    assert [*conflict_rows(data)] == [
        ConflictRow(
            chip="test-one",
            figure="matrix_fp16_acc16",
            title="fp16, fp16 accumulation matrix",
            first="320 TFLOP/s",
            first_source="maker",
            rivals="256 TFLOP/s",
            rival_sources="paper",
            claims=2,
            spread=1.25,
            why="the maker says so",
        )
    ]


@pytest.mark.parametrize(
    ("figure", "rivals", "differ"),
    [
        ("148 TFLOP/s", ["147 TFLOP/s"], ["147 TFLOP/s"]),
        ("989.5 TFLOP/s", ["989 TFLOP/s"], []),
        ("96.5 TFLOP/s", ["97 TFLOP/s"], []),
        ("3.28 TB/s", ["3.2 TB/s"], []),
        ("3.28 TB/s", ["3.1 TB/s"], ["3.1 TB/s"]),
        ("4.0 TB/s", ["4022 GB/s"], []),
        ("2039 GB/s", ["2 TB/s"], []),
        ("12000 USD", ["10000 USD"], ["10000 USD"]),
        ("148", ["150"], ["150"]),
        ("80 billion", ["80.1 billion"], []),
        ("unknown", ["300 W"], ["300 W"]),
        ("unknown", ["unknown"], []),
        ("300 W", ["unsupported"], ["unsupported"]),
        ("148 TFLOP/s", ["296 TFLOP/s:sparse", "100 TFLOP/s"], ["100 TFLOP/s"]),
    ],
)
def test_claims_conflict_if_they_count_the_same_and_differ_by_more_than_rounding(
    data: Data, figure: str, rivals: list[str], differ: list[str]
) -> None:
    claims = tuple(published(*rival.split(":")) for rival in rivals)
    first = Figure.model_validate({**dict(published(figure)), "rivals": claims})
    chip = data.chips[0].model_copy(update={"figures": {"tdp": first}})
    found = [str(rival.value) for one in conflicts([chip]) for rival in one.rivals]
    assert found == differ


def test_a_refuted_claim_conflicts_with_nothing_and_says_why_it_is_refuted(data: Data) -> None:
    wrong = published("200 W").model_copy(update={"refuted": "a lost digit"})
    first = Figure.model_validate({**dict(published("300 W")), "rivals": (wrong,)})
    chip = data.chips[0].model_copy(update={"figures": {"tdp": first}})
    assert [*conflicts([chip])] == []
    rows = figure_rows(replace(data, chips=(chip,)))
    assert [(row.stands, row.conflict, row.refuted) for row in rows] == [
        ("first", False, None), ("rival", False, "a lost digit"),
    ]  # fmt: skip


def test_the_spread_of_a_single_number_is_unknown() -> None:
    first = Figure.model_validate({"value": "unknown", "source": "maker"})
    assert Conflict("test-one", "tdp", first, (published("300 W"),)).spread is None
    both = (published("300 W"), published("450 W"))
    assert Conflict("test-one", "tdp", first, both).spread == 1.5


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("matrix_fp16", ("matrix", "fp16", "fp32")),
        ("matrix_fp8_acc16", ("matrix", "fp8", "fp16")),
        ("matrix_int8", ("matrix", "int8", "int32")),
        ("matrix_int16", ("matrix", "int16", None)),
        ("matrix_mxfp4", ("matrix", "mxfp4", None)),
        ("sparse_bf16", ("matrix", "bf16", "fp32")),
        ("vector_fp32", ("vector", "fp32", None)),
        ("cycle_fp64", ("vector", "fp64", None)),
        ("cycle_matrix_bf16", ("matrix", "bf16", "fp32")),
        ("matrix_units", (None, None, None)),
        ("memory_bandwidth", (None, None, None)),
    ],
)
def test_units_format_and_accumulator_follow_from_the_key(
    key: str, told: tuple[str | None, ...]
) -> None:
    assert (unit_kind(key), dtype(key), accumulator(key)) == told


def test_only_rates_have_a_density() -> None:
    rates = {key for key in FIGURES if density(key, published("unknown")) != "not a rate"}
    assert rates == {key for key, kind in FIGURES.items() if kind.is_rate}
    assert density("sparse_fp16", published("2 TFLOP/s")) == "sparse"


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


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^on=2024-13-01 is no day such as 2025-08-15$"):
        bench.classify("h100", on="2024-13-01")


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


def test_what_is_given_back_shows_itself_and_is_what_it_was() -> None:
    found = bench.timeline("a800")
    assert found == tuple(found)
    assert repr(found) == repr(tuple(found))
    assert hash(bench.derived("h20")) == hash(tuple(bench.derived("h20")))
    stored = pickle.loads(pickle.dumps(bench.figures("h20")))  # noqa: S301 -- our own
    assert (type(stored), stored) == (tuple, bench.figures("h20"))
    assert type(copy.copy(found)) is tuple
    assert type(bench.chip("h20")) is Chip
    assert bench.chip("h20") == catalogue().chips["nvidia-h20-sxm-96gb"]
    assert "_repr_html_" not in Chip.model_fields


SHOWN: dict[str, Callable[[], object]] = {
    "chip": lambda: bench.chip("h20"),
    "status": lambda: bench.classify("h20", on="2024-01-01"),
    "comparison": lambda: bench.compare("h20", "910b2", "h100"),
    "timeline": lambda: bench.timeline("a800"),
    "figures": lambda: bench.figures("h20"),
    "derived": lambda: bench.derived("h20"),
    "conflicts": lambda: bench.conflicts("h20"),
    "record": lambda: bench.record("h200-sxm-full"),
    "verdicts": lambda: bench.verdicts("h20", "h100"),
}
"""What a notebook may be given."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_shows_a_fragment_with_its_sources(name: str) -> None:
    text = html_of(SHOWN[name]())
    assert text.startswith('<div class="onpaper"><style>')
    assert text.endswith("</div>")
    assert "<td" in text
    assert "Sources and notes" in text
    if name != "verdicts":  # those cite evidence, which has pages of its own
        assert '<a href="https://' in text
    assert not re.search(r"<(html|body|head|script|link|img|iframe)\b", text)
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    selectors = [one for rule in style.split("}")[:-1] for one in rule.partition("{")[0].split(",")]
    assert all(re.match(r"\.onpaper( |$)", one) for one in selectors)
    assert "max-height" in style


@pytest.mark.parametrize("name", SHOWN)
def test_ipython_in_a_terminal_shows_the_terminals_table(name: str) -> None:
    value = SHOWN[name]()
    told = Said([id(value)])
    printed(value, told)
    lines = told.said.splitlines()
    assert max(map(cell_len, lines)) <= 100
    assert any(set(line) <= {"─", " "} and "─" in line for line in lines)
    inner = Said([1, id(value)])  # one chip of a list of many
    printed(value, inner)
    assert inner.said == repr(value)


@dataclass
class Said:
    """What IPython would print with."""

    stack: list[int]
    said: str = ""

    def text(self, text: str) -> None:
        self.said += text


def html_of(value: Any) -> str:
    """What a notebook shows of a value."""
    found: str = value._repr_html_()
    return found


def printed(value: Any, told: Said) -> None:
    """Prints a value as IPython does."""
    value._repr_pretty_(told, cycle=False)


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">\x1b[31m'


def test_what_is_shown_is_escaped() -> None:
    found = bench.record("h200-sxm-full")
    device = found.record.device.model_copy(update={"name": HOSTILE})
    told = html_of(Recorded(found.record.model_copy(update={"device": device}), 0.1))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert not re.search(r"<(script|img)\b|\x1b", told)


def test_a_chip_of_ones_own_is_shown_as_it_is(data: Data) -> None:
    (chip,) = data.chips
    assert chip._repr_html_() is None  # type: ignore[attr-defined] # attached by the library
    told = Said([id(chip)])
    printed(chip, told)
    assert told.said == repr(chip)


def test_long_tuples_show_their_beginning() -> None:
    text = html_of(bench.figures())
    assert f"The first 300 of {len(bench.figures())}." in text
    assert text.count("<tr>") == 301


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
    assert found.summary[0].startswith("In bf16 matrix, NVIDIA H20 SXM 96GB has ")
    wide = bench.verdicts("h20", "h100", margin=0.5).frame()
    assert list(wide["verdict"]) != list(made["verdict"])


@pytest.mark.parametrize("margin", [0.0, -0.1, 0.91, float("nan")])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(UsageError, match=r"^margin=\S+ must be above 0 and at most 0.9$"):
        bench.record("h200-sxm-full", margin=margin)


def test_a_chip_against_itself_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^h20 and H20 are one chip, nvidia-h20-sxm-96gb: name"):
        bench.verdicts("h20", "H20")


def test_loose_rows_have_the_types_of_what_they_hold() -> None:
    rows: list[dict[str, object]] = [
        {"text": "a", "whole": 1, "truth": True, "number": 1, "none": None},
        {"number": 0.5},
    ]
    made = loose(rows)
    kinds = {name: str(kind) for name, kind in made.dtypes.items()}
    assert kinds == {
        "text": "string", "whole": "Int64", "truth": "boolean", "number": "float64",
        "none": "float64",
    }  # fmt: skip
    assert made["whole"].isna().tolist() == [False, True]
    assert loose([]).empty


USER = """
    import bench
    from bench.chips.model import Chip

    chip: Chip = bench.chip("h20")
    reveal_type(bench.figures("h20")[0].value)
    reveal_type(bench.derived("h20")[0].value)
    reveal_type(bench.frame("figures"))
    reveal_type(bench.classify("h20", on="2024-01-01").policies)
    reveal_type(bench.conflicts()[0].spread)
    reveal_type(bench.compare("h20", "h100").rows[0].cells[0].ratio)
    reveal_type(bench.timeline("h20"))
    reveal_type(bench.record().record.suite)
    reveal_type(bench.verdicts("h20", "h100").frame())
    bench.chip(20)
    bench.chipz
"""


@pytest.mark.slow
def test_a_user_of_the_library_has_its_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = pytest.importorskip("mypy.api")
    user = tmp_path / "user.py"
    user.write_text(textwrap.dedent(USER), encoding="utf-8")
    monkeypatch.setenv("MYPYPATH", str(Path(bench.__file__).parent.parent))
    told, _, _ = api.run(["--strict", "--config-file=", f"--cache-dir={tmp_path}", str(user)])
    told = told.replace("pandas.core.frame.", "pandas.")
    lines = [line.partition(": ")[2] for line in told.splitlines() if line.startswith(str(user))]
    assert lines == [
        'note: Revealed type is "float | None"',
        'note: Revealed type is "float | None"',
        'note: Revealed type is "pandas.DataFrame"',
        'note: Revealed type is "tuple[bench.rules.model.Policy, ...]"',
        'note: Revealed type is "float | None"',
        'note: Revealed type is "bench.theory.comparison.Ratio | None"',
        'note: Revealed type is "bench.notebook.Shown[bench.rules.timeline.Period]"',
        'note: Revealed type is "str"',
        'note: Revealed type is "pandas.DataFrame"',
        'error: Argument 1 to "chip" has incompatible type "int"; expected "str"  [arg-type]',
        'error: Module has no attribute "chipz"; maybe "chip"?  [attr-defined]',
    ]
