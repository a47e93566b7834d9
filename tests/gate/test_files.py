"""The files that ``gate`` leaves for CI: JUnit XML, and a summary in Markdown."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gate.files import junit, markdown
from bench.gate.model import Finding, Row, Verdict
from bench.gate.report import report
from bench.judging.rates import Interval
from bench.records.store import write
from bench.report.formats import FORMATS
from bench.report.registry import render_report
from tests.gate.cases import gate, record, taken

NASTY = "a<b>&\"'|`*_\x1b[31m\x00\n\ufffe]]>"


def suite(finding: Finding) -> ET.Element:
    found = ET.fromstring(junit(finding)).find("testsuite")  # noqa: S314 -- our own
    assert found is not None
    return found


def test_junit_tells_failures_from_what_is_not_settled(here: Path) -> None:
    gate("record=slow.json", "against=before.json", "junit=gate.xml")
    root = ET.parse(here / "gate.xml").getroot()  # noqa: S314 -- our own
    found = root.find("testsuite")
    assert found is not None
    assert {key: found.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "3", "errors": "0", "skipped": "0",
    }  # fmt: skip
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "3")
    for case in found.findall("testcase"):
        assert str(case.get("classname")).startswith("onpaper.")
        (failure,) = case.findall("failure")
        assert failure.get("type") == "slower"
        assert "% (-3." in str(failure.text) + str(failure.get("message"))
    gate("record=clock.json", "against=before.json", "junit=gate.xml")
    found = ET.parse(here / "gate.xml").getroot().find("testsuite")  # noqa: S314 -- our own
    assert found is not None
    assert (found.get("failures"), found.get("skipped")) == ("0", "1")
    assert "the clock fell" in str(found.find("testcase/skipped[@message]").attrib)  # type: ignore[union-attr]  # there is one


def row(title: str = NASTY, word: Verdict = Verdict.SLOWER, reason: str = NASTY) -> Row:
    one = taken(title, shown=NASTY)
    return Row(one, (one,), word, reason, Interval(0.9, 0.8, 0.95), counts=True)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_makes_sound_xml_of_the_same_cases(title: str, reason: str) -> None:
    finding = Finding(title, (reason,), (row(title, reason=reason),), (title,))
    found = suite(finding)
    (case,) = found.findall("testcase")
    (failure,) = case.findall("failure")
    assert str(failure.get("message")).startswith("slower")


@pytest.mark.parametrize("text", [NASTY, "x\ud800y", "<script>alert(1)</script>", "| a | b |"])
def test_nothing_of_a_record_breaks_out_of_its_cell(text: str) -> None:
    finding = Finding(text, (text,), (row(text, reason=text),), (text,))
    (case,) = suite(finding).findall("testcase")
    assert "\x1b" not in str(case.get("name"))
    told = markdown(finding)
    assert "<script>" not in told.replace("\\<", "")  # a backslash makes it a word
    assert "\x1b" not in told
    table = [line for line in told.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} <= {4, 6}
    for style in FORMATS:
        render_report(style, report(finding))


def test_a_summary_is_appended_and_names_what_counts(here: Path) -> None:
    summary = here / "summary.md"
    summary.write_text("## earlier\n", encoding="utf-8")
    gate("record=slow.json", "against=before.json", f"markdown={summary}")
    gate("record=same.json", "against=before.json", f"markdown={summary}")
    told = summary.read_text(encoding="utf-8")
    assert told.startswith("## earlier\n### gate: slower (3 slower)\n")
    assert told.count("### gate: ") == told.count("<details>") == told.count("</details>") == 2
    after = told.split("### gate: ")[2]
    assert after.split("<details>")[0].count("|") == 0  # nothing counts: no table before the fold


def test_a_summary_of_very_many_rows_is_cut_and_says_so() -> None:
    finding = Finding("t", (), tuple(row(f"r{number}", reason="x") for number in range(700)), ())
    told = markdown(finding)
    assert "... and 500 more." in told
    assert "Exit code 1: something is slower" in told
    assert len(told) < 200_000


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full")
def test_a_file_that_cannot_be_written_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.is_dir()
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    assert gate("record=same.json", "against=before.json", "markdown=/dev/full") == 2
    assert "markdown=/dev/full cannot be written to: No space left" in capsys.readouterr().err


def test_fixed_shapes_have_names_of_their_own(here: Path) -> None:
    """CI servers key on names: three products of one dtype are three cases."""
    shapes: list[dict[str, int | str]] = [{"m": m, "n": 512, "k": 512} for m in (64, 256, 512)]
    for name, loss in (("before", 0.0), ("after", 0.05)):
        one = record(1, loss, items=(2,))
        (product,) = one.measurements
        several = tuple(
            product.model_copy(update={"parameters": {**product.parameters, **shape}})
            for shape in shapes
        )
        write(one.model_copy(update={"measurements": several}), here / f"{name}.json")
    words = ["record=after.json", "against=before.json", "junit=gate.xml", "markdown=told.md"]
    assert gate(*words) == 1
    told = [f"bf16 matrix, {m} x 512 x 512" for m in (64, 256, 512)]
    cases = ET.parse(here / "gate.xml").getroot().findall(".//testcase")  # noqa: S314 -- our own
    assert sorted(str(one.get("name")) for one in cases) == sorted(told)
    assert all(f"| {title} " in (here / "told.md").read_text(encoding="utf-8") for title in told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("record=gone.json", "against=before.json"), "no record 'gone.json'"),
        (("record=same.json", "against=before.json", "margn=0.1"), "margn"),
    ],
)
def test_what_keeps_the_gate_from_judging_is_an_error_in_ci(
    words: tuple[str, ...], told: str, here: Path
) -> None:
    assert gate(*words, "junit=new/gate.xml", "markdown=other/summary.md") == 2
    root = ET.parse(here / "new" / "gate.xml").getroot()  # noqa: S314 -- our own
    (case,) = root.iter("testcase")
    (error,) = case.findall("error")
    assert told in str(error.get("message"))
    assert (root.get("errors"), root.get("tests")) == ("1", "1")
    summary = (here / "other" / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("### gate: nothing was judged\n")
    assert told in summary.replace("\\", "")


def test_the_folders_of_files_are_made(here: Path) -> None:
    words = ("record=same.json", "against=before.json", "junit=a/b/gate.xml", "markdown=c/d.md")
    assert gate(*words) == 0
    assert (here / "a" / "b" / "gate.xml").is_file()
    assert (here / "c" / "d.md").is_file()
