"""An export goes to a folder that can be, and takes nothing of somebody else's for its own."""

import csv
import io
import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.commands import export
from bench.errors import UsageError
from bench.files.spreadsheet import FORMULA, guarded
from bench.report.formats import csv as report_csv
from bench.report.table import Table as Words
from bench.report.text.markup import Report
from bench.tables import formats, write
from bench.tables.chips import FactRow, fact_rows
from bench.tables.model import Table

RULES = ["tables=rules", "formats=csv"]


def left(folder: Path) -> list[str]:
    """Everything below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def refused(out: object) -> str:
    """What is said of a folder that cannot be."""
    with pytest.raises(UsageError) as error:
        export.main([f"out={out}", *RULES])
    assert "\n" not in str(error.value)
    return str(error.value)


# where it goes


@pytest.mark.parametrize("before", ["", "new/", "new/deep/"])
def test_a_name_too_long_is_said_before_anything_is_written(before: str, tmp_path: Path) -> None:
    told = refused(f"{tmp_path}/{before}{'x' * 300}")
    assert told.startswith(f"out={tmp_path}"[:60])
    assert told.endswith("... cannot be a folder: a name in it is too long")
    assert len(told) < 130
    assert left(tmp_path) == []


def test_a_path_too_long_is_said_before_anything_is_written(tmp_path: Path) -> None:
    told = refused(tmp_path / "/".join(["x" * 200] * 30))
    assert told.endswith("... cannot be a folder: File name too long")
    assert left(tmp_path) == []


def test_a_folder_whose_files_would_have_paths_too_long_is_not_made(tmp_path: Path) -> None:
    deep = tmp_path
    while len(str(deep)) < 4075:
        deep /= "x" * min(200, 4080 - len(str(deep)) - 1)
    assert refused(deep).endswith("... cannot be written to: File name too long")
    assert left(tmp_path) == []


def test_a_folder_below_a_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine", encoding="utf-8")
    assert (
        refused(tmp_path / "a" / "b") == f"out={tmp_path}/a/b cannot be a folder: Not a directory"
    )
    assert left(tmp_path) == ["a"]


def test_a_character_that_no_path_has_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^out=a b cannot be a folder: .*null"):
        write.output_folder("a\0b")


def test_a_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.tables.write.os.access", lambda *_: False)
    assert refused(tmp_path / "new") == (
        f"out={tmp_path}/new cannot be a folder: {tmp_path} is not a folder that can be written to"
    )


def test_home_is_spelt_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["export", "out=~/mine", *RULES]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/mine/rules.csv")
    assert not (tmp_path / "~").exists()
    assert (tmp_path / "mine" / "rules.csv").is_file()


def test_the_home_of_nobody_is_refused() -> None:
    assert refused("~nobody-of-that-name/x").startswith(
        "out=~nobody-of-that-name/x cannot be a folder: Could not determine home directory"
    )


def test_a_link_that_leads_nowhere_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "gone")
    assert refused(tmp_path / "out") == f"out={tmp_path}/out is a file: out= is a folder"
    assert (tmp_path / "out").is_symlink()


def test_a_disk_that_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "replace", full)
    assert refused(tmp_path) == f"out={tmp_path} cannot be written to: No space left on device"


# what is somebody else's


@pytest.mark.parametrize("name", ["rules.csv", "datapackage.json", "LICENCE.md"])
def test_a_dangling_link_of_somebody_is_kept(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(tmp_path / "gone")
    assert f"{tmp_path}/{name} was not written by onpaper: " in refused(tmp_path)
    assert (tmp_path / name).is_symlink()
    assert left(tmp_path) == [name]


def test_a_file_in_the_place_of_a_folder_of_ours_is_kept(tmp_path: Path) -> None:
    (tmp_path / "schema").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"/schema was not written by onpaper: move it away$"):
        export.main([f"out={tmp_path}", "tables=schema"])
    assert left(tmp_path) == ["schema"]


def entries(*paths: object) -> str:
    """An older description that lists these."""
    return json.dumps({"generator": "onpaper", "resources": [{"path": one} for one in paths]})


def test_only_plain_files_in_the_folder_are_carried_over(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "schema").mkdir(parents=True)
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "loop").symlink_to("loop")
    for path in (tmp_path / "secret", folder / "old.csv", folder / "schema" / "chip.json"):
        path.write_text("", encoding="utf-8")
    wrong = ["../secret", str(tmp_path / "secret"), "schema/../old.csv", "./old.csv", "gone.csv",
             "schema", "", ".", "elsewhere/secret", "a\\b", "a\0b", "x" * 300, "loop/x", 1, None,
             ["old.csv"], "https://example.com/old.csv"]  # fmt: skip
    text = entries("old.csv", "schema/chip.json", *wrong)
    (folder / "datapackage.json").write_text(text, encoding="utf-8")
    assert list(write.listed(folder)) == ["old.csv", "schema/chip.json"]
    export.main([f"out={folder}", *RULES])
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert [one["path"] for one in package["resources"]] == [
        "old.csv", "schema/chip.json", "rules.csv", "dictionary.md", "dictionary.json",
        "LICENCE.md",
    ]  # fmt: skip


# cells that a spreadsheet would compute


@pytest.mark.parametrize("sign", FORMULA)
@pytest.mark.parametrize("before", ["", " ", "\t", "\r\n", "\u00a0", "\u3000 "])
def test_text_that_would_be_computed_is_made_text(before: str, sign: str) -> None:
    assert guarded(f"{before}{sign}1+1") == f"'{before}{sign}1+1"


@pytest.mark.parametrize("cell", ["", " ", "1-1", "a=b", "昇腾", "'=1", -1, -2.5, 0, True, None])
def test_other_cells_and_numbers_stay_as_they_are(cell: object) -> None:
    assert guarded(cell) is cell


def test_every_csv_has_the_same_guard() -> None:
    table = Table("facts", "facts", FactRow, fact_rows)
    row = FactRow("test-one", " ＝1", "-x", "\t@y", "maker", None)
    (read,) = csv.DictReader(io.StringIO(formats.as_csv(table, [row]).decode(), newline=""))
    assert [read["fact"], read["title"], read["value"]] == ["' ＝1", "'-x", "'\t@y"]
    flat = Report(Words("t", (), (), (), (), ()), [{"a": " ＝1", "b": -1.5, "c": "\t@y"}])
    assert report_csv.render(flat) == "a,b,c\n' ＝1,-1.5,'\t@y\n"
