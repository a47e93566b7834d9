"""Data files are plain: every scalar a string, and nothing that data has no use for."""

from pathlib import Path

import pytest

from bench.files.yamlfile import MAX_BYTES, MAX_DEPTH, Node, YamlError, read


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "data.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: no", {"a": "no"}, id="no-is-no-boolean"),
        pytest.param("a: 1e3", {"a": "1e3"}, id="1e3-is-no-number"),
        pytest.param("a: 0123", {"a": "0123"}, id="leading-zero-is-kept"),
        pytest.param("a: 2026-11-24", {"a": "2026-11-24"}, id="a-date-is-text"),
        pytest.param("a: 12:30", {"a": "12:30"}, id="a-time-is-text"),
        pytest.param("a: null", {"a": "null"}, id="null-is-text"),
        pytest.param("a:", {"a": ""}, id="nothing-is-empty-text"),
        pytest.param("a: '148 TFLOP/s'", {"a": "148 TFLOP/s"}, id="quotes-are-taken-off"),
        pytest.param("a: [x, y]", {"a": ["x", "y"]}, id="flow-list"),
        pytest.param("- x\n- y", ["x", "y"], id="block-list"),
        pytest.param("yes: {on: off}", {"yes": {"on": "off"}}, id="keys-are-text"),
        pytest.param("<<: {a: b}", {"<<": {"a": "b"}}, id="no-merge-key"),
        pytest.param("word", "word", id="a-scalar"),
        pytest.param("a: >-\n  one\n  two", {"a": "one two"}, id="folded-text"),
        pytest.param("昇腾: 思元590", {"昇腾": "思元590"}, id="any-script"),
    ],
)
def test_every_scalar_stays_the_text_it_is(text: str, value: Node, tmp_path: Path) -> None:
    assert read(_file(tmp_path, text)) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("a: 1\nb: 2\na: 3", "line 3: key 'a' stands twice", id="duplicate-key"),
        pytest.param("x: {a: 1, a: 2}", "line 1: key 'a' stands twice", id="duplicate-inside"),
        pytest.param(
            "a: &x 1", "line 1: anchors and aliases are not used in data files", id="anchor"
        ),
        pytest.param(
            "a: 1\nb: *x", "line 2: anchors and aliases are not used in data files", id="alias"
        ),
        pytest.param(
            "a: &x [b]\nc: [*x, *x]",
            "line 1: anchors and aliases are not used in data files",
            id="alias-bomb",
        ),
        pytest.param("a: !!int 1", "line 1: tags are not used in data files", id="tag"),
        pytest.param(
            "a: !!python/object/apply:os.system [ls]",
            "line 1: tags are not used in data files",
            id="python-tag",
        ),
        pytest.param("a: !mine {b: c}", "line 1: tags are not used in data files", id="own-tag"),
        pytest.param("a: 1\n---\nb: 2", "one document a file", id="two-documents"),
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("# only a comment\n", "the file is empty", id="only-a-comment"),
        pytest.param("? [a, b]\n: c", "line 1: a key must be a plain word", id="list-as-key"),
        pytest.param("? {a: b}\n: c", "line 1: a key must be a plain word", id="mapping-as-key"),
    ],
)
def test_what_data_has_no_use_for_is_refused_with_its_line(
    text: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(YamlError) as refused:
        read(_file(tmp_path, text))
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("text", "start"),
    [
        pytest.param("a: [1, 2", "line 2: ", id="open-bracket"),
        pytest.param("a: 'x", "line 1: ", id="open-quote"),
        pytest.param("a: 1\n\tb: 2", "line 2: ", id="tab"),
        pytest.param("a: b: c", "line 1: ", id="two-colons"),
        pytest.param(b"a: caf\xe9", "not readable as YAML: 'utf-8' codec", id="latin-1"),
        pytest.param(b"\xff\xfea\x00:\x00", "not readable as YAML: 'utf-8' codec", id="utf-16"),
        pytest.param(b"a: \x00", "not readable as YAML: ", id="zero-byte"),
    ],
)
def test_broken_text_is_refused_with_its_place(
    text: str | bytes, start: str, tmp_path: Path
) -> None:
    with pytest.raises(YamlError) as refused:
        read(_file(tmp_path, text))
    assert str(refused.value).startswith(start)
    assert str(refused.value)


def test_nesting_is_read_to_its_limit_and_refused_beyond(tmp_path: Path) -> None:
    value: Node = "x"
    for _ in range(MAX_DEPTH):
        value = [value]
    assert read(_file(tmp_path, "[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH)) == value
    with pytest.raises(YamlError) as refused:
        read(_file(tmp_path, "[" * (MAX_DEPTH + 1) + "x" + "]" * (MAX_DEPTH + 1)))
    assert str(refused.value) == f"line 1: nested deeper than {MAX_DEPTH}"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_very_deep_nesting_is_refused_not_a_crash(opening: str, tmp_path: Path) -> None:
    with pytest.raises(YamlError):
        read(_file(tmp_path, opening * 20_000))


def test_a_file_is_refused_above_its_largest_size(tmp_path: Path) -> None:
    whole = "a: " + "x" * (MAX_BYTES - 3)
    assert read(_file(tmp_path, whole)) == {"a": whole[3:]}
    with pytest.raises(YamlError) as refused:
        read(_file(tmp_path, whole + "x"))
    assert str(refused.value) == f"larger than {MAX_BYTES} bytes"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").mkdir()
    with pytest.raises(YamlError, match=r"^cannot be read as a file: it is no regular one$"):
        read(tmp_path / "x.yaml")


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = _file(tmp_path, "a: 1")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(YamlError, match=r"^cannot be read as a file: Permission denied$"):
        read(path)


def test_a_missing_file_is_the_callers_affair(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.yaml")
