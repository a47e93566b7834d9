"""What CI systems read: JUnit XML, and a summary in Markdown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.errors import UsageError
from bench.gate.model import Finding, Row, Verdict
from bench.gate.report import before, code_line, report, told
from bench.report.formats.github import escape, render
from bench.report.markup import cleaned, one_line, tabulated

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_ROWS = 200
"""GitHub shows a summary of 1 MiB at most."""


def place(key: str, word: str | None) -> Path | None:
    """Returns where a file is to be written.

    Raises:
        UsageError: it is a folder, or its folder is not there.
    """
    if not word:
        return None
    path = Path(word).expanduser()
    if path.is_dir():
        raise UsageError(f"{key}={word} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{key}={word}: there is no folder {path.parent}")
    return path


@contextmanager
def _written(key: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{key}={path} cannot be written: {error.strerror}") from None


def write_junit(path: Path, finding: Finding) -> None:
    """Writes JUnit XML: slower and failed are failures, what is not settled is skipped."""
    with _written("junit", path):
        path.write_bytes(junit(finding))


def append_markdown(path: Path, finding: Finding) -> None:
    """Appends a summary to a file, as GitHub wants its step summaries."""
    with _written("markdown", path), path.open("a", encoding="utf-8") as file:
        file.write(markdown(finding))


def junit(finding: Finding) -> bytes:
    """Returns one suite with a test case a row.

    A row that may be slower, but is not shown to be, is a case that was skipped: readers show it
    apart from those that passed and from those that failed.
    """
    bad = [row for row in finding.rows if _fails(row)]
    unsure = [row for row in finding.rows if row.counts and not _fails(row)]
    tally = {"tests": len(finding.rows), "failures": len(bad), "errors": 0, "skipped": len(unsure)}
    named = {"name": "onpaper gate", **{key: str(value) for key, value in tally.items()}}
    root = ET.Element("testsuites", {key: named[key] for key in ("name", "tests", "failures")})
    suite = ET.SubElement(root, "testsuite", {**named, "time": "0"})
    for row in finding.rows:
        _case(suite, row, finding.columns)
    lines = [finding.title, *finding.heading, *finding.notes, code_line(finding)]
    ET.SubElement(suite, "system-out").text = "\n".join(map(_text, lines))
    ET.indent(root)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _fails(row: Row) -> bool:
    return row.counts and row.verdict in (Verdict.SLOWER, Verdict.FAILED)


def _case(suite: ET.Element, row: Row, columns: tuple[str, str, str]) -> None:
    kernel = row.taken.name[0] if row.taken.name else "measurement"
    named = {"classname": f"onpaper.{kernel}", "name": row.taken.title, "time": "0"}
    case = ET.SubElement(suite, "testcase", {key: _text(word) for key, word in named.items()})
    told_before, told_now, column = columns
    values = f"{told(row.ratio, column)}; {before(row.before) or '–'} {told_before}"
    full = f"{row.words}; {values}, {row.now.shown or '–' if row.now else '–'} {told_now}"
    if _fails(row):
        why = {"message": _text(full), "type": row.verdict.value}
        ET.SubElement(case, "failure", why).text = _text(full)
    elif row.counts:
        ET.SubElement(case, "skipped", {"message": _text(full)})
    else:
        ET.SubElement(case, "system-out").text = _text(full)


def _text(text: str) -> str:
    """Returns a text of one line of what XML may hold; markup is escaped when it is written."""
    return NOT_XML.sub(" ", one_line(text))


def markdown(finding: Finding) -> str:
    """Returns the outcome, what counts as a table, and the rest folded away."""
    counts = [row for row in finding.rows if row.counts]
    columns = ("measurement", finding.columns[2], "verdict")
    cells = [_brief(row, finding.columns[2]) for row in counts[:MOST_ROWS]]
    few = Finding(finding.title, finding.heading, finding.rows[:MOST_ROWS], finding.notes)
    whole = render(cleaned(report(few if len(finding.rows) > MOST_ROWS else finding)))
    parts = [f"### {escape(one_line(finding.title))}", "", code_line(finding), ""]
    if cells:
        parts += [tabulated(columns, cells, "github"), ""]
    if len(counts) > MOST_ROWS:
        parts += [f"... and {len(counts) - MOST_ROWS} more.", ""]
    shown = f"All {len(finding.rows)} rows" if len(finding.rows) <= MOST_ROWS else "More rows"
    parts += ["<details>", f"<summary>{shown}</summary>", "", whole.rstrip(), "", "</details>", ""]
    return "\n".join(parts) + "\n"


def _brief(row: Row, column: str) -> list[str]:
    cells = (row.taken.title, told(row.ratio, column), row.words)
    return [escape(one_line(one)) for one in cells]
