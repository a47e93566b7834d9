"""A workload is found by its id, an alias or a published name, and no name stands for two."""

from pathlib import Path

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.reference.documents import fields
from bench.workloads.load import examine, names, workload, workloads
from tests.chips.sheet_cases import SOURCES
from tests.workloads.file_cases import ONE, written


def test_a_wrong_name_is_told_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no workload 'llama-3.1-9b'.*'llama-3.1-8b'"):
        workload("llama-3.1-9b")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Llama-3.1-8B", "llama-3.1-8b"),
        ("llama 3.1 8b", "llama-3.1-8b"),
        ("llama3.1-8b", "llama-3.1-8b"),
        ("qwen3-235b", "qwen3-235b-a22b"),
        ("minimax", "minimax-m2"),
        ("Llama-3.3-70B", "llama-3.1-70b"),
        ("llama 3.3", "llama-3.1-70b"),
        ("deepseek_r1", "deepseek-v3"),
        ("deepseek-v3", "deepseek-v3"),
        ("meta-llama/Llama-3.1-70B-Instruct", "llama-3.1-70b"),
        ("Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
        ("Qwen/Qwen2.5-72B-Instruct", "qwen2.5-72b"),
    ],
)
def test_a_name_may_be_written_loosely_or_begun_where_one_begins_so(word: str, name: str) -> None:
    assert workload(word).id == name


@pytest.mark.parametrize("word", ["llama", "llama-3.1-7", "", "-"])
def test_a_beginning_of_several_or_of_half_a_number_names_none(word: str) -> None:
    with pytest.raises(UsageError, match=rf"^no workload '{word}' in specs/workloads: "):
        workload(word)


def test_a_name_of_no_workload_is_told_the_nearest_alias() -> None:
    with pytest.raises(UsageError, match=r"no workload 'llama-3.3-60b'.*'llama-3.3-70b'"):
        workload("llama-3.3-60b")


def test_an_alias_stands_for_a_workload_and_never_for_another_that_has_the_name(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path, "aliases: [two, three]\n" + ONE)
    (folder / "workloads" / "two.yaml").write_text(ONE)
    (folder / "sources.yaml").write_text(SOURCES)
    with paths.using_own_specs(folder):
        assert {"one": "one", "two": "two", "three": "one"}.items() <= names().items()
        assert [workload(word).id for word in ("two", "Three")] == ["two", "one"]


def test_an_alias_of_two_workloads_is_a_fault(tmp_path: Path) -> None:
    folder = written(tmp_path, "aliases: [three]\n" + ONE)
    (folder / "workloads" / "two.yaml").write_text("aliases: [three]\n" + ONE)
    _, faults = examine(folder, {"sheet-a"})
    assert [str(one) for one in faults] == [
        "specs/workloads/two.yaml: aliases: three is one of one, too; leave it to one of them"
    ]


def test_no_shipped_alias_is_the_name_of_a_workload() -> None:
    told = [alias for one in workloads().values() for alias in one.aliases]
    assert not set(told) & set(workloads())
    assert {"llama-3.3-70b", "deepseek-r1", "deepseek-v3.1", "kimi-k2-thinking"} <= set(told)


def test_the_page_of_fields_lists_every_model_and_alias(sheets: Catalogue) -> None:
    listed = fields(sheets).partition("## models that `workload=` takes")[2].partition("\n# ")[0]
    assert [name for name in names() if f"`{name}`" not in listed] == []
