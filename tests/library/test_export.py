"""An export describes itself, is whole at any time, and replaces nothing of others."""

import hashlib
import json
from pathlib import Path

import pytest

import bench
from bench import library
from bench.__main__ import main
from bench.commands import export
from bench.errors import UsageError
from bench.files.atomic import replace
from bench.tables import formats, write
from bench.tables.package import File, described, files
from bench.tables.registry import TABLES


@pytest.fixture
def exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with an export of three tables in every format."""
    folder = tmp_path / "out"
    assert main(["export", f"out={folder}", "tables=chips,conflicts,rules"]) == 0
    capsys.readouterr()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_written_is_printed_with_its_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "out"
    assert main(["export", f"out={folder}", "formats=csv,json", "tables=[rules]"]) == 0
    told = capsys.readouterr()
    count = len(bench.rulebook().rules)
    assert told.err == ""
    assert told.out == (
        f"{folder}/rules.csv  {count} rows\n"
        f"{folder}/rules.json  {count} rows\n"
        f"{folder}/dictionary.md\n"
        f"{folder}/dictionary.json\n"
        f"{folder}/LICENCE.md\n"
        f"{folder}/datapackage.json\n"
    )
    assert sorted(contents(folder)) == sorted(
        ["rules.csv", "rules.json", "dictionary.md", "dictionary.json", "LICENCE.md",
         "datapackage.json"]
    )  # fmt: skip


def test_all_tables_and_formats_are_the_default(tmp_path: Path) -> None:
    assert main(["export", f"out={tmp_path}"]) == 0
    tables = {f"{name}.{ending}" for name in TABLES for ending in formats.WRITERS}
    others = {"dictionary.md", "dictionary.json", "LICENCE.md", "datapackage.json"}
    assert set(contents(tmp_path)) == tables | others
    assert tuple(formats.WRITERS) == export.FORMATS


def test_the_description_lists_every_file_with_its_hash_and_columns(exported: Path) -> None:
    package = json.loads((exported / "datapackage.json").read_text(encoding="utf-8"))
    found = {name: one for name, one in contents(exported).items() if name != "datapackage.json"}
    listed = {one["path"]: one for one in package["resources"]}
    assert set(listed) == set(found)
    for name, one in listed.items():
        digest = hashlib.sha256(found[name]).hexdigest()
        assert (one["hash"], one["bytes"]) == (f"sha256:{digest}", len(found[name]))
    rules = listed["rules.csv"]
    assert [one["name"] for one in rules["schema"]["fields"]] == [
        one.name for one in TABLES["rules"].columns
    ]
    assert {key: rules[key] for key in ("title", "format", "mediatype", "version")} == {
        "title": "export rules and Chinese measures",
        "format": "csv",
        "mediatype": "text/csv",
        "version": bench.__version__,
    }


def test_the_same_data_give_the_same_bytes(exported: Path) -> None:
    before = contents(exported)
    assert main(["export", f"out={exported}", "tables=chips,conflicts,rules"]) == 0
    assert contents(exported) == before


def test_an_export_of_fewer_tables_keeps_the_others_and_their_entries(exported: Path) -> None:
    before = contents(exported)
    assert main(["export", f"out={exported}", "tables=rules", "formats=csv"]) == 0
    assert contents(exported) == before


def test_a_file_that_an_export_did_not_write_is_kept_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.csv").write_text("mine", encoding="utf-8")
    assert main(["export", f"out={tmp_path}", "tables=chips,rules", "formats=csv"]) == 2
    assert capsys.readouterr().err == (
        f"onpaper: {tmp_path}/rules.csv was not written by onpaper: move it away\n"
    )
    assert contents(tmp_path) == {"rules.csv": b"mine"}


@pytest.mark.parametrize(
    "text", ["{}", '{"generator": "another"}', "[]", "no json", '{"resources": [1, {}]}']
)
def test_another_programs_description_is_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "datapackage.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"datapackage.json was not written by onpaper: choose"):
        export.main([f"out={tmp_path}", "tables=rules", "formats=csv"])
    assert contents(tmp_path) == {"datapackage.json": text.encode()}


@pytest.mark.parametrize("resources", ["1", "null", '[1, {}, {"path": 2}]'])
def test_a_description_of_ours_that_is_damaged_lists_nothing(
    tmp_path: Path, resources: str
) -> None:
    text = f'{{"generator": "onpaper", "resources": {resources}}}'
    (tmp_path / "datapackage.json").write_text(text, encoding="utf-8")
    assert write.listed(tmp_path) == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "export needs a folder: out=./catalogue"),
        (["out=x", "tables=figure"], "no table 'figure': did you mean 'figures'?"),
        (["out=x", "formats=cvs"], "no format 'cvs': did you mean 'csv'?"),
        (["out=x", "formats=[]"],
         "formats= names none: write formats=csv, or leave it out for all"),
        (["out=x", "tables="], "tables= names none: write tables=figures, or leave it out for all"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line_and_nothing_is_written(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", *words]) == 2
    assert capsys.readouterr().err == f"onpaper: {told}\n"
    assert contents(tmp_path) == {}


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"out is a file: out= is a folder$"):
        export.main([f"out={tmp_path / 'out'}", "tables=rules", "formats=csv"])


def test_a_folder_in_the_place_of_a_file_of_ours_is_refused(exported: Path) -> None:
    (exported / "rules.csv").unlink()
    (exported / "rules.csv").mkdir()
    before = contents(exported)
    with pytest.raises(UsageError, match=r"rules.csv was not written by onpaper: move it away$"):
        export.main([f"out={exported}", "tables=rules", "formats=csv"])
    assert contents(exported) == before


def test_without_pyarrow_parquet_is_left_out_of_the_default_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export, "find_spec", lambda _: None)
    assert main(["export", f"out={tmp_path}", "tables=rules"]) == 0
    assert capsys.readouterr().err == (
        "parquet is left out: pip install 'onpaper[parquet]' brings it\n"
    )
    assert {name for name in contents(tmp_path) if name.startswith("rules")} == {
        "rules.csv", "rules.json",
    }  # fmt: skip


def test_an_export_cut_short_leaves_whole_files_and_may_be_run_again(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [File("chips.csv", b"new"), File("rules.csv", b"new"), File("extra.csv", b"new")]
    ours = write.listed(exported)
    made.append(described(made[:0], "0", ours))
    old, done = contents(exported), []

    def stop(path: Path, content: bytes) -> None:
        if path.name == "rules.csv":
            raise KeyboardInterrupt
        done.append(path.name)
        replace(path, content)

    monkeypatch.setattr(write, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write.write(exported, made, ours)
    assert done == ["datapackage.json", "chips.csv"]
    assert contents(exported) | {"chips.csv": b"", "datapackage.json": b""} == old | {
        "chips.csv": b"",
        "datapackage.json": b"",
    }
    monkeypatch.setattr(write, "replace", replace)
    write.write(exported, made, write.listed(exported))
    assert (exported / "rules.csv").read_bytes() == b"new"


def test_the_licence_note_names_the_version() -> None:
    made = {one.name: one for one in files([], [], library._data(("h20",)), "9.9")}
    assert sorted(made) == ["LICENCE.md", "dictionary.json", "dictionary.md"]
    assert b"version 9.9" in made["LICENCE.md"].content


def test_schemas_are_exported_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", f"out={tmp_path}", "tables=schema"]) == 0
    assert "FIELDS.md\n" in capsys.readouterr().out
    assert set(contents(tmp_path)) == {
        *(f"schema/{name}.json" for name in ("chip", "sources", "architectures", "rule",
                                              "destinations", "vendors", "claim", "reported",
                                              "workload")),
        "FIELDS.md", "CONFLICTS.md", "datapackage.json",
    }  # fmt: skip


def test_outcomes_have_thresholds_and_classifications_the_history(tmp_path: Path) -> None:
    assert (
        main(["export", f"out={tmp_path}", "formats=json", "tables=outcomes,classifications"]) == 0
    )
    outcomes = json.loads((tmp_path / "outcomes.json").read_text())
    (found,) = (
        one for one in outcomes if (one["rule"], one["outcome"]) == ("US-2023-3A090", "a.2")
    )
    condition = "TPP at least 1,600 and performance density at least 5.92"
    told = (found["condition"], found["paragraph"], found["order"])
    assert told == (condition, "3A090.a.2", 3)
    assert found["destination"].startswith("D:1; D:4; D:5; MO; AE from 2026-07-10; without IL")
    periods = json.loads((tmp_path / "classifications.json").read_text())
    assert ("nvidia-h20-sxm-96gb", "2025-04-09", "licence_required") in [
        (one["chip"], one["since"], one["policies"]) for one in periods
    ]
