"""A report as YAML: what is written reads back equal, whatever it holds."""

from pathlib import Path

import pytest
from hypothesis import given as with_any
from hypothesis import settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.evidence.load import examine
from bench.evidence.model import Defect, Kind, Report
from bench.files import yamlfile
from bench.files.datafile import named
from bench.importers.base import Imported, Stated, one_line
from bench.importers.registry import importer
from bench.importers.write import as_yaml, report, scalar
from tests.importers.cases import SOURCES, STATED, take

HOSTILE = [
    "a: b", "- a", "# no", "a #b", "'", '"', "\\", "{a: b}", "[a, b]", "&a", "*a", "!tag", "|", ">",
    "%TAG", "@a", "`a`", "null", "~", "yes", "0123", "1e3", "---", "...", "a\nb: c", "a\r\nb", "\t",
    "? a", "<<", "=", "a,b", "a]", "é昇腾", "😀", "{{x}}", "${HOME}", "a\x00b", "\x1b[31m",
    "\u2028", "\ufeff", "a" * 1_000, " a ", "\\n", "https://example.org/a#b: c", "\u202eabc",
]  # fmt: skip


def again(made: Report, folder: Path) -> Report | None:
    """A report that was written and read by the loader of reported measurements."""
    place = folder / "reported" / f"{made.id}.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(as_yaml(made), encoding="utf-8")
    found, faults = named(Report, place, folder, yamlfile.read)
    assert faults == []
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_imported_reads_back_equal(name: str, tmp_path: Path) -> None:
    made = report(take(name), importer(SOURCES[name]), STATED)
    assert again(made, tmp_path) == made
    assert examine(tmp_path)[1] == []


def hostile(word: str) -> Report:
    """A report with a word wherever a text may stand."""
    stated = Stated(
        file=word, chip="nvidia-h20-sxm-96gb", by=f"x{word}", date="2026", software=word,
        title=f"x{word}", url=f"https://example.org/{word}", kind=Kind.VENDOR,
    )  # fmt: skip
    row = stated.row(
        id="one", quantity="memory_copy", value="1 GB/s", statistic="best", date="2026",
        defects=(Defect.BEST, Defect.WALL), note=word, named=word, at=word,
        workload={"model": word, "size": word}, conditions={"other": word},
    )  # fmt: skip
    return report(Imported((row,)), importer("record"), stated)


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_stay_words(word: str, tmp_path: Path) -> None:
    made = hostile(word)
    assert again(made, tmp_path) == made
    assert (made.rows[0].note or "") == one_line(word)


@with_any(word=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_reads_back_equal(word: str) -> None:
    made = hostile(word)
    tree = yamlfile.parse(as_yaml(made))
    assert isinstance(tree, dict)
    assert Report.model_validate({**tree, "id": made.id}) == made


@with_any(
    word=st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp"]))
)
@settings(max_examples=200, deadline=None)
def test_any_scalar_is_read_as_it_is(word: str) -> None:
    if word.isprintable():
        assert yamlfile.parse(f"a: {scalar(word)}\n") == {"a": word}
        assert yamlfile.parse(f"a: [{scalar(word, inline=True)}]\n") == {"a": [word]}


def test_what_the_reader_would_refuse_is_not_written() -> None:
    made = hostile("a")
    unseen = made.rows[0].model_copy(update={"note": "a\x07b"})
    with pytest.raises(UsageError, match=r"cannot be written as YAML: .*U\+0007"):
        as_yaml(made.model_copy(update={"rows": (unseen,)}))


def test_the_layout_is_that_of_reported_measurements() -> None:
    lines = as_yaml(hostile("a")).splitlines()
    assert lines[0] == "source:"
    assert lines[1:4] == ["  url: https://example.org/a", "  title: xa", "  by: xa"]
    assert lines[4] == "  class: vendor claim"
    assert lines[6:9] == ["rows:", "  - id: one", "    chip: nvidia-h20-sxm-96gb"]
    assert "    defects: [best of many, wall clock]" in lines


def test_a_source_without_an_address_is_the_local_file() -> None:
    stated = Stated(file="log.txt", chip="nvidia-h20-sxm-96gb", by="me", date="2026")
    made = report(take("babelstream.csv", stated), importer("babelstream"), stated)
    assert (made.source.url, made.source.title) == (
        "local file: log.txt",
        "output of babelstream",
    )
    assert made.id == "nvidia-h20-sxm-96gb-babelstream-2026"


def test_a_suite_with_rules_of_its_own_is_named() -> None:
    found = take("flagperf-toolkit.md")
    assert report(found, importer("flagperf"), STATED).source.protocol == "FlagPerf"


def test_an_address_that_is_too_short_is_refused() -> None:
    stated = Stated(file="log", chip="nvidia-h20-sxm-96gb", by="me", date="2026", url="x")
    with pytest.raises(UsageError, match=r"^url=: is too short"):
        report(take("babelstream.csv", stated), importer("babelstream"), stated)
