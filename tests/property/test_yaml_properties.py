"""Whatever stands in a data file, reading it ends in plain strings or in a YamlError."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.files.yamlfile import Node, YamlError, read

SYNTAX = st.text(alphabet="ab:-?[]{},&*!|>'\"%@`#~\\ \t\n\r0.é\x85\u2028\ufeff\x00", max_size=60)
PLAIN = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
NODES: st.SearchStrategy[Node] = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(PLAIN.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file that every example writes anew."""
    return tmp_path_factory.mktemp("yaml") / "any.yaml"


def _is_plain(node: object) -> bool:
    if isinstance(node, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in node.items())
    return isinstance(node, str) or (isinstance(node, list) and all(map(_is_plain, node)))


def _loads_plainly_or_refuses(path: Path) -> None:
    try:
        node = read(path)
    except YamlError:
        return
    assert _is_plain(node)


@given(text=SYNTAX)
def test_any_mix_of_yaml_signs_loads_plainly_or_is_refused(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    _loads_plainly_or_refuses(path)


@given(raw=st.binary(max_size=60))
def test_any_bytes_load_plainly_or_are_refused(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    _loads_plainly_or_refuses(path)


@given(node=NODES)
def test_plain_data_comes_back_as_it_was_written(path: Path, node: Node) -> None:
    path.write_text(json.dumps(node, ensure_ascii=False), encoding="utf-8")
    assert read(path) == node
