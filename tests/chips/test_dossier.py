"""``show chip=``: all that is known of a chip, as one report of several tables."""

import csv
import io
import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source
from bench.records import latest, store
from bench.records.model import IMPORTED_BY, Measurement, Record
from bench.report.chips.dossier import dossier
from bench.report.formats import FORMATS
from bench.report.registry import render_report
from bench.report.text.markup import Report
from bench.rules.load import Rulebook

SHEET, BUILT, DERIVED = "", "Built of", "Derived figures"
CHECKED, RULES, HERE = (
    "Cross-check of the printed rates", "Export rules over time", "Measured here",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the records of this repository, which others add to, out of what is shown."""
    monkeypatch.setattr(latest, "record_folders", lambda out: [out])


@pytest.fixture
def record(record: Record) -> Record:
    """A record as of a real H20: what a fake device gives is measured of no chip."""
    return record.model_copy(
        update={"device": record.device.model_copy(update={"backend": "cuda"})}
    )


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``show`` with these words."""
    code = main(["show", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def shown(report: Report) -> list[str]:
    """The titles of the further tables."""
    return [one.title for one in report.more]


@pytest.mark.parametrize(
    ("chip", "sections"),
    [
        ("h20", [DERIVED, CHECKED, RULES]),
        ("hgx-h20", [BUILT, DERIVED]),
        ("nvidia-gb200-nvl72", [BUILT, DERIVED]),
        ("intel-xeon-platinum-8480-plus", [DERIVED]),
    ],
)
def test_only_what_there_is_is_shown_in_one_order(
    chip: str, sections: list[str], sheets: Catalogue, book: Rulebook
) -> None:
    found = shown(dossier(sheets.find(chip), sheets, book, []))
    order = [BUILT, DERIVED, CHECKED, RULES, HERE]
    assert [one for one in order if one in found] == found
    assert set(sections) <= set(found)


def test_a_system_names_the_chips_it_is_built_of(sheets: Catalogue, book: Rulebook) -> None:
    section = dossier(sheets.find("hgx-h20"), sheets, book, []).more[0]
    assert (section.title, section.columns) == (BUILT, ("count", "chip", "name"))
    assert section.cells == (("8 x", "nvidia-h20-sxm-96gb", "NVIDIA H20 SXM 96GB"),)
    assert section.flat == [
        {
            "chip": "nvidia-hgx-h20-8", "member": "nvidia-h20-sxm-96gb", "count": 8,
            "name": "NVIDIA H20 SXM 96GB",
        }
    ]  # fmt: skip


def test_a_cpu_has_no_history_of_rules_and_a_system_that_of_its_chip(
    sheets: Catalogue, book: Rulebook
) -> None:
    told = {
        chip.kind
        for chip in sheets.chips.values()
        if RULES in shown(dossier(chip, sheets, book, []))
    }
    assert "cpu" not in told
    assert {"gpu", "npu", "system"} <= told


def test_the_history_is_that_of_rules_timeline(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["rules", "timeline", "chip=h20", "report=json"])
    history = json.loads(capsys.readouterr().out)["rows"]
    code, out, _ = said(["chip=h20", f"out={tmp_path}", "report=json"], capsys)
    assert code == 0
    assert json.loads(out)["tables"][RULES] == history


# records


def test_what_a_record_measured_stands_at_the_end(
    record: Record, sheets: Catalogue, book: Rulebook
) -> None:
    found = dossier(sheets.find("h20"), sheets, book, [record]).more[-1]
    assert (found.title, found.columns) == (
        HERE,
        ("date", "record", "figure", "measured", "of paper", "verdict"),
    )
    day, name = record.started_utc[:10], record.id
    assert [row[:3] for row in found.cells] == [
        (day, name, "memory bandwidth, copy"),
        (day, name, "bf16 matrix"),
    ]
    assert [row["figure"] for row in found.flat] == ["memory_bandwidth", "matrix_bf16"]
    values = [row["measured"] for row in found.flat]
    assert all(isinstance(one, float) and one > 0 for one in values)


def test_a_record_of_another_chip_is_not_shown(
    record: Record, sheets: Catalogue, book: Rulebook
) -> None:
    assert HERE not in shown(dossier(sheets.find("h200"), sheets, book, [record]))


def test_what_a_fake_device_gave_was_not_measured_of_the_chip(
    record: Record, sheets: Catalogue, book: Rulebook
) -> None:
    """It stood under Measured here, with its verdicts, and not a word that it was simulated."""
    fake = record.device.model_copy(update={"backend": "fake"})
    found = record.model_copy(update={"device": fake})
    assert HERE not in shown(dossier(sheets.find("h20"), sheets, book, [found]))


def test_of_an_imported_record_it_is_said_who_measured(
    record: Record, sheets: Catalogue, book: Rulebook
) -> None:
    other = record.model_copy(update={"settings": {**record.settings, IMPORTED_BY: "Jo's Lab"}})
    found = dossier(sheets.find("h20"), sheets, book, [record, other]).more[-1]
    names = [record.id, f"{record.id}, imported: measured by Jo's Lab"]
    assert list(dict.fromkeys(row[1] for row in found.cells)) == names
    assert [row["by"] for row in found.flat] == [None, None, "Jo's Lab", "Jo's Lab"]


def test_every_record_of_a_chip_is_shown_and_of_each_the_best_row(
    record: Record, sheets: Catalogue, book: Rulebook
) -> None:
    twice = record.model_copy(update={"measurements": record.measurements * 2})
    other = record.model_copy(update={"id": "another"})
    found = dossier(sheets.find("h20"), sheets, book, [twice, other]).more[-1]
    assert [(row["record"], row["figure"]) for row in found.flat] == [
        (record.id, "memory_bandwidth"),
        (record.id, "matrix_bf16"),
        ("another", "memory_bandwidth"),
        ("another", "matrix_bf16"),
    ]


def slower(one: Measurement, times: float) -> Measurement:
    """A measurement whose calls took so many times as long."""
    assert one.timing
    stats = one.timing.stats
    longer = {key: getattr(stats, key) * times for key in ("median_s", "low_s", "high_s")}
    timing = one.timing.model_copy(update={"stats": stats.model_copy(update=longer)})
    return one.model_copy(update={"timing": timing})


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("times", [2.0, 1e-4])
def test_neither_a_slower_row_nor_an_implausible_one_is_the_best(
    times: float, order: int, record: Record, sheets: Catalogue, book: Rulebook
) -> None:
    others = [slower(one, times) for one in record.measurements]
    rows = [*record.measurements, *others][::order]
    mixed = record.model_copy(update={"measurements": tuple(rows)})
    plain, found = (
        dossier(sheets.find("h20"), sheets, book, [one]).more[-1].flat for one in (record, mixed)
    )
    assert {row["figure"]: row["measured"] for row in found} == {
        row["figure"]: row["measured"] for row in plain
    }


def test_a_record_in_the_folder_given_is_found(
    record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine"
    store.write(record, mine / "2026-01-02" / "mine.json")
    code, out, err = said(["chip=h20", f"out={mine}", "report=json"], capsys)
    assert (code, err) == (0, "")
    assert {row["record"] for row in json.loads(out)["tables"][HERE]} == {record.id}
    code, out, err = said(["chip=h20", f"out={tmp_path / 'none'}", "report=json"], capsys)
    assert (code, err) == (0, "")
    assert HERE not in json.loads(out)["tables"]


# as it is typed


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize("chip", ["h20", "hgx-h20", "epyc-9654"])
def test_every_format_is_printed(
    chip: str, style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said([f"chip={chip}", f"out={tmp_path}", f"report={style}"], capsys)
    assert (code, err) == (0, "")
    assert DERIVED in out


def test_csv_names_the_table_of_each_line_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(["chip=h20", f"out={tmp_path}", "report=csv"], capsys)[1]
    lines = list(csv.reader(io.StringIO(out)))
    assert lines[0][:3] == ["table", "chip", "figure"]
    assert list(dict.fromkeys(line[0] for line in lines[1:])) == [
        "NVIDIA H20 SXM 96GB", DERIVED, CHECKED, RULES,
    ]  # fmt: skip
    assert {line[1] for line in lines[1:]} == {"nvidia-h20-sxm-96gb"}
    assert {len(line) for line in lines} == {len(lines[0])}


def test_json_has_the_sheet_as_rows_and_the_rest_as_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(said(["chip=h20", f"out={tmp_path}", "report=json"], capsys)[1])
    assert list(document) == ["title", "heading", "rows", "tables", "summary", "notes", "onpaper"]
    assert list(document["tables"]) == [DERIVED, CHECKED, RULES]
    tpp = next(row for row in document["tables"][DERIVED] if row["figure"] == "tpp")
    assert (tpp["value"], tpp["unit"]) == (2368.0, "TOPS x bit")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("昇腾910B", "Huawei Ascend 910B (bin unknown)"),
        ("H20", "NVIDIA H20 SXM 96GB"),
        ("nvidia-h20-sxm-96gb", "NVIDIA H20 SXM 96GB"),
    ],
)
def test_a_chip_is_found_by_its_id_alias_or_local_name(
    name: str, title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said([f"chip={name}", f"out={tmp_path}"], capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"**{title}**  \n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["chip=h21"],
            "no chip 'h21' in specs/chips: did you mean 'h20' or 'h200' or 'h100'?",
        ),
        (["chip=h20", "record=latest"], "give record= or chip=, not both"),
        (["chip=h20", "figures=[tdpp]"], "no figure 'tdpp': did you mean 'tpp' or 'tdp'?"),
        (["figures=tdp"], "figures= needs chip=, such as chip=h20: a record is shown whole"),
        (["chip=h20", "report=githb"], "no report 'githb': did you mean 'github'?"),
    ],
)
def test_a_wrong_word_is_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(words, capsys) == (2, "", f"onpaper: {told}\n")


# some figures of a sheet


def test_a_figure_is_shown_with_its_source_and_rivals(
    sheets: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = sheets.find("h20").figures["tdp"]
    code, out, err = said(["chip=h20", "figures=[tdp]", "report=csv"], capsys)
    assert (code, err) == (0, "")
    found = list(csv.DictReader(io.StringIO(out)))
    told = [(row["figure"], row["as_written"], row["stands"], row["source"]) for row in found]
    assert told == [
        ("tdp", str(figure.value), "first", figure.source),
        *(("tdp", str(one.value), "rival", one.source) for one in figure.rivals),
    ]
    out = said(["chip=h20", "figures=[tdp]", "sources=true"], capsys)[1]
    for one in (figure, *figure.rivals):
        assert sheets.sources[one.source].url in out


def test_figures_stand_in_the_order_asked_for_derived_and_missing_ones_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chip=h20", "figures=[tpp,launch,matrix_int4,name]", "report=json"]
    rows = json.loads(said(words, capsys)[1])["rows"]
    assert [row["figure"] for row in rows] == ["tpp", "launch", "matrix_int4", "name"]
    assert (rows[0]["value"], rows[0]["origin"]) == (2368.0, "derived")
    assert (rows[2]["value"], rows[2]["note"]) == (None, "no sourced figure")


# a sheet of nothing, and one of others' words


MAKER = Source.model_validate(
    {"url": "https://example.org/", "kind": "vendor-datasheet", "accessed": "2026-11-01"}
)


def bare(**told: object) -> Catalogue:
    """A catalogue of one processor."""
    node = {
        "id": "bare", "name": "Bare", "vendor": "acme", "kind": "cpu", "status": "sold",
        "tier": "global", "architecture": "a core", **told,
    }  # fmt: skip
    return Catalogue({"bare": Chip.model_validate(node)}, {"maker": MAKER})


def test_a_sheet_of_which_nothing_follows_has_no_tables(book: Rulebook) -> None:
    ours = bare()
    report = dossier(ours.chips["bare"], ours, book, [])
    assert RULES not in shown(report)
    assert report.table.cells == ()


@pytest.mark.parametrize("style", ["html", "github", "latex"])
def test_text_of_a_sheet_is_no_markup(style: str, book: Rulebook) -> None:
    ours = bare(
        figures={"tdp": {"value": "75 W", "source": "maker", "note": "<img src=x> | `a` & 1%"}}
    )
    text = render_report(style, dossier(ours.chips["bare"], ours, book, []))
    told = {
        "html": "&lt;img src=x&gt; | `a` &amp; 1%",
        "github": r"\<img src=x> \| \`a\` & 1%",
        "latex": r"\textless{}img src=x\textgreater{} \textbar{} `a` \& 1\%",
    }
    assert told[style] in text
