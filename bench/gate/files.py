"""Files for CI systems: JUnit XML, and a summary in Markdown."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.errors import UsageError
from bench.files.atomic import writing
from bench.gate.model import Finding, Row
from bench.gate.report import before, code_line, ratio_text, report
from bench.judging.titles import FAKE
from bench.report.formats.github import escape, render
from bench.report.text.markup import cleaned, one_line, tabulated

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SUITE = "onpaper gate"
MOST_ROWS = 200
"""GitHub shows summaries of up to 1 MiB."""


def place(key: str, word: str | None) -> Path | None:
    """Returns the path of a file to write, and creates its folder.

    Raises:
        UsageError: the path is a folder, or its folder cannot be created.
    """
    if not word:
        return None
    path = Path(word).expanduser()
    if path.is_dir():
        raise UsageError(f"{key}={word} is a folder: name a file in it")
    with writing(f"{key}={path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_junit(path: Path, found: Sequence[Finding]) -> None:
    """Writes JUnit XML: slower and failed rows are failures, undecided rows are skipped."""
    with writing(f"junit={path}"):
        path.write_bytes(junit(*found))


def write_error(path: Path, message: str) -> None:
    """Writes JUnit XML with one case, the error that kept the gate from judging."""
    tally = {"name": SUITE, "tests": "1", "failures": "0", "errors": "1"}
    root = ET.Element("testsuites", tally)
    suite = ET.SubElement(root, "testsuite", {**tally, "skipped": "0", "time": "0"})
    named = {"classname": "onpaper.gate", "name": "gate", "time": "0"}
    case = ET.SubElement(suite, "testcase", named)
    text = _text(message)
    ET.SubElement(case, "error", {"message": text, "type": "usage"}).text = text
    with writing(f"junit={path}"):
        path.write_bytes(_bytes(root))


def append_markdown(path: Path, text: str) -> None:
    """Appends a summary to a file, as GitHub expects step summaries."""
    with writing(f"markdown={path}"), path.open("a", encoding="utf-8") as file:
        file.write(text)


def error_line(message: str) -> str:
    """Returns the summary of a gate that judged nothing."""
    return f"### gate: nothing was judged\n\n{escape(one_line(message))}\n\n"


def junit(*found: Finding) -> bytes:
    """Returns a test suite per record, with a test case per row.

    A row that may be slower, but is not shown to be, is a skipped case: CI systems list those
    apart from passed and failed ones.
    """
    root = ET.Element("testsuites", {"name": SUITE})
    for one in found:
        _suite(root, one, SUITE if len(found) == 1 else f"{SUITE} {one.record}")
    for key in ("tests", "failures"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    return _bytes(root)


def _suite(root: ET.Element, finding: Finding, name: str) -> None:
    codes = [row.code for row in finding.rows] + [3] * bool(finding.ended)
    tally = {"tests": len(codes), "failures": codes.count(1), "errors": 0,
             "skipped": codes.count(3)}  # fmt: skip
    counts = {key: str(value) for key, value in tally.items()}
    suite = ET.SubElement(root, "testsuite", {"name": _text(name), **counts, "time": "0"})
    for row in finding.rows:
        _case(suite, row, finding.columns)
    if finding.ended:
        named = {"classname": "onpaper.run", "name": "the whole run", "time": "0"}
        case = ET.SubElement(suite, "testcase", named)
        ET.SubElement(case, "skipped", {"message": _text(f"the run {finding.ended}")})
    lines = [finding.title, *finding.heading, *finding.notes, code_line(finding)]
    ET.SubElement(suite, "system-out").text = "\n".join(map(_text, lines))


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _case(suite: ET.Element, row: Row, columns: tuple[str, str, str]) -> None:
    kernel = row.taken.name[0] if row.taken.name else "measurement"
    named = {"classname": f"onpaper.{kernel}", "name": row.taken.title, "time": "0"}
    case = ET.SubElement(suite, "testcase", {key: _text(word) for key, word in named.items()})
    title_before, title_now, column = columns
    values = f"{ratio_text(row.ratio, column)}; {before(row.before) or '–'} {title_before}"
    full = f"{row.words}; {values}, {row.now.shown or '–' if row.now else '–'} {title_now}"
    if row.code == 1:
        why = {"message": _text(full), "type": row.verdict.value}
        ET.SubElement(case, "failure", why).text = _text(full)
    elif row.counts:
        ET.SubElement(case, "skipped", {"message": _text(full)})
    else:
        ET.SubElement(case, "system-out").text = _text(full)


def _text(text: str) -> str:
    """Returns a text as one line of characters that XML allows; the writer escapes markup."""
    return NOT_XML.sub(" ", one_line(text))


def markdown(finding: Finding) -> str:
    """Returns the outcome, the rows that count as a table, and the rest collapsed."""
    counts = [row for row in finding.rows if row.counts]
    columns = ("measurement", finding.columns[2], "verdict")
    cells = [_brief(row, finding.columns[2]) for row in counts[:MOST_ROWS]]
    whole = render(cleaned(report(replace(finding, rows=finding.rows[:MOST_ROWS]))))
    parts = [f"### {escape(one_line(finding.title))}", "", code_line(finding), ""]
    if finding.backend == "fake":
        parts += [FAKE, ""]
    if cells:
        parts += [tabulated(columns, cells, "github"), ""]
    if len(counts) > MOST_ROWS:
        parts += [f"... and {len(counts) - MOST_ROWS} more.", ""]
    shown = f"All {len(finding.rows)} rows" if len(finding.rows) <= MOST_ROWS else "More rows"
    parts += ["<details>", f"<summary>{shown}</summary>", "", whole.rstrip(), "", "</details>", ""]
    return "\n".join(parts) + "\n"


def _brief(row: Row, column: str) -> list[str]:
    cells = (row.taken.title, ratio_text(row.ratio, column), row.words)
    return [escape(one_line(one)) for one in cells]
