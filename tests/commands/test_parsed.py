"""Sheets are parsed once and kept by their content; a store that is no good is done without."""

import json
import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from bench import paths
from bench.chips.load import Catalogue, examine
from bench.errors import Fault
from bench.files import yamlfile
from bench.files.parsecache import LEAST, Parsed
from bench.files.yamlfile import Node, YamlError

SOURCES = 'sheet-a: {url: "https://example.com/a", kind: press, accessed: "2026-11-24"}\n'
SHEET = """\
name: Acme {number}
vendor: acme
kind: gpu
status: sold
tier: global
architecture: First
figures:
  tdp: {{value: {number} W, source: sheet-a}}
"""


@dataclass
class Folder:
    """A folder of sheets, its store, and what was parsed of it since it was last asked."""

    path: Path
    cache: Path
    texts: list[str] = field(default_factory=list)

    def fill(self, number: int) -> None:
        """Writes sheets of 1 W, 2 W and so on."""
        (self.path / "chips").mkdir(parents=True, exist_ok=True)
        (self.path / "sources.yaml").write_text(SOURCES, encoding="utf-8")
        for one in range(1, number + 1):
            self.sheet(one).write_text(SHEET.format(number=one), encoding="utf-8")

    def sheet(self, number: int) -> Path:
        return self.path / "chips" / f"acme-{number}.yaml"

    def load(self) -> tuple[Catalogue, list[Fault]]:
        return examine(self.path)

    def parsed(self) -> int:
        """Loads the folder and returns how many sheets had to be parsed for it."""
        self.texts.clear()
        assert self.load()[1] == []
        return sum(text != SOURCES for text in self.texts)

    def stores(self) -> list[Path]:
        return sorted(self.cache.rglob("*")) if self.cache.is_dir() else []

    def store(self) -> Path:
        (store,) = self.stores()
        return store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Folder(tmp_path / "specs", tmp_path / "cache" / "onpaper")
    parse = yamlfile.parse

    def counted(text: str) -> Node:
        made.texts.append(text)
        return parse(text)

    monkeypatch.setattr(yamlfile, "parse", counted)
    made.fill(LEAST)
    return made


@pytest.fixture
def closed(folder: Folder) -> Folder:
    """A folder whose store can neither be read nor written."""
    folder.cache.parent.mkdir()
    folder.cache.write_text("no folder", encoding="utf-8")
    return folder


def test_a_second_load_parses_nothing_and_is_the_same(folder: Folder) -> None:
    assert folder.parsed() == LEAST
    first = folder.load()
    assert folder.parsed() == 0
    assert folder.load() == first
    assert first[0].chips["acme-7"].number("tdp") == 7.0


def test_a_loaded_sheet_has_the_hash_of_its_file_wherever_it_comes_from(folder: Folder) -> None:
    hashes = [folder.load()[0].chips["acme-7"].sheet_sha256 for _ in range(2)]
    text = folder.sheet(7).read_text(encoding="utf-8")
    assert hashes == [sha256(text.encode()).hexdigest()] * 2


def test_a_changed_file_alone_is_parsed_anew(folder: Folder) -> None:
    folder.parsed()
    text = folder.sheet(7).read_text(encoding="utf-8").replace("7 W", "700 W")
    folder.sheet(7).write_text(text, encoding="utf-8")
    assert folder.parsed() == 1
    assert folder.load()[0].chips["acme-7"].number("tdp") == 700.0


def test_a_file_of_the_same_size_and_time_is_still_told_from_what_was_kept(folder: Folder) -> None:
    folder.parsed()
    before = folder.sheet(7).stat()
    text = folder.sheet(7).read_text(encoding="utf-8").replace("7 W", "9 W")
    folder.sheet(7).write_text(text, encoding="utf-8")
    os.utime(folder.sheet(7), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert folder.sheet(7).stat().st_size == before.st_size
    assert folder.load()[0].chips["acme-7"].number("tdp") == 9.0


def test_a_removed_file_is_gone_though_it_is_kept(folder: Folder) -> None:
    folder.parsed()
    folder.sheet(7).unlink()
    assert folder.parsed() == 0
    assert len(folder.load()[0].chips) == LEAST - 1


def test_few_files_write_nothing(folder: Folder) -> None:
    folder.sheet(LEAST).unlink()
    assert (folder.parsed(), folder.parsed()) == (LEAST - 1, LEAST - 1)
    assert folder.stores() == []


def test_few_new_files_leave_the_store_as_it_is(folder: Folder) -> None:
    folder.parsed()
    kept = folder.store().read_bytes()
    folder.fill(2 * LEAST - 1)
    assert folder.parsed() == LEAST - 1
    assert folder.store().read_bytes() == kept
    folder.fill(2 * LEAST)
    assert (folder.parsed(), folder.parsed()) == (LEAST, 0)
    assert len(json.loads(folder.store().read_text(encoding="utf-8"))) == 2 * LEAST


def test_a_store_holds_what_is_used_alone(folder: Folder) -> None:
    folder.parsed()
    for number in range(1, LEAST + 1):
        folder.sheet(number).write_text(SHEET.format(number=1000 + number), encoding="utf-8")
    assert (folder.parsed(), folder.parsed()) == (LEAST, 0)
    assert len(json.loads(folder.store().read_text(encoding="utf-8"))) == LEAST


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1, 2]",
        b'"text"',
        b"null",
        b'{"another": "program"}',
        b"[" * 100_000,
    ],
    ids=["empty", "cut", "bytes", "list", "text", "null", "foreign", "deep"],
)
def test_a_broken_store_is_done_without_and_written_anew(content: bytes, folder: Folder) -> None:
    folder.parsed()
    folder.store().write_bytes(content)
    assert (folder.parsed(), folder.parsed()) == (LEAST, 0)


def test_a_store_that_can_be_neither_read_nor_written_is_done_without(closed: Folder) -> None:
    assert (closed.parsed(), closed.parsed()) == (LEAST, LEAST)
    assert closed.cache.read_text(encoding="utf-8") == "no folder"


def test_a_store_that_cannot_be_replaced_leaves_no_draft(folder: Folder) -> None:
    folder.parsed()
    store = folder.store()
    store.unlink()
    store.mkdir()
    assert (folder.parsed(), folder.parsed()) == (LEAST, LEAST)
    assert folder.stores() == [store]


def test_each_folder_has_a_store_of_its_own(folder: Folder, tmp_path: Path) -> None:
    folder.parsed()
    other = Folder(tmp_path / "others", folder.cache)
    other.fill(LEAST)
    other.load()
    assert len(folder.stores()) == 2


def test_a_store_is_the_users_alone(folder: Folder) -> None:
    folder.parsed()
    assert stat.S_IMODE(folder.store().stat().st_mode) == 0o600


def test_a_file_that_is_refused_is_not_kept(folder: Folder) -> None:
    folder.sheet(7).write_text("a: &x 1\n", encoding="utf-8")
    for _ in range(2):
        assert [(fault.file, fault.problem) for fault in folder.load()[1]] == [
            ("specs/chips/acme-7.yaml", "line 1: anchors and aliases are not used in data files")
        ]


def test_a_kept_file_comes_back_with_its_hash_and_a_missing_one_does_not(folder: Folder) -> None:
    one = Parsed(folder.path)
    node, digest = one.read(folder.sheet(7))
    assert (one.read(folder.sheet(7)), len(digest)) == ((node, digest), 64)
    with pytest.raises(FileNotFoundError):
        one.read(folder.sheet(LEAST + 1))
    folder.sheet(7).write_bytes(b"\xff")
    with pytest.raises(YamlError, match=r"^not readable as YAML: "):
        one.read(folder.sheet(7))


@pytest.mark.parametrize(
    ("home", "cache", "expected"),
    [
        ("/homes/one", "/var/cache/mine", "/var/cache/mine/onpaper"),
        ("/homes/one", "", "/homes/one/.cache/onpaper"),
        ("/homes/one", None, "/homes/one/.cache/onpaper"),
    ],
)
def test_the_users_cache_folder_is_honoured(
    home: str, cache: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if cache is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
    assert paths.cache_dir() == Path(expected)


def test_no_test_touches_the_users_cache(cache: Path) -> None:
    assert paths.cache_dir() == cache / "onpaper"
