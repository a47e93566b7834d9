"""A report as one self-contained page: all text escaped, no script, nothing loaded."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

from bench.judging.verdict import Verdict
from bench.report.table import Section
from bench.report.text.groups import REMARK, VERDICT
from bench.report.text.markup import Report

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;"
    "color-scheme:light dark}table{border-collapse:collapse;font-size:.9rem}"
    "th,td{border:1px solid #8888;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    ".scroll{overflow-x:auto}li{overflow-wrap:anywhere}"
    "@media(max-width:600px){body{margin:1rem auto}h1{font-size:1.3rem;overflow-wrap:anywhere}"
    "thead{display:none}table,tbody,tr,td{display:block}"
    "tr{border:1px solid #8888;border-radius:.4rem;margin:0 0 1rem;padding:.4rem .6rem}"
    "td{border:0;padding:.15rem 0;overflow-wrap:anywhere}td:empty{display:none}"
    "td:first-child{font-weight:bold}"
    "td:not(:first-child)::before{content:attr(data-label) ': ';opacity:.7}}"
)
"""On screens under 600 pixels wide, each row is a card with column names before its cells."""
MARKS: Mapping[str, str] = {
    Verdict.REACHED: "✓",
    Verdict.SHORT: "✗",
    Verdict.UNDECIDED: "?",
    Verdict.IMPLAUSIBLE: "!",
    Verdict.FAILED: "!",
}
"""Marks that distinguish verdicts without colour."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(report: Report) -> str:
    """Returns an HTML document."""
    table = report.table
    heading = "".join(f"<p>{escape(line)}</p>\n" for line in table.heading)
    notes = [line.split(" ", 1)[1] for line in table.notes]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(table.title)}</title><style>{STYLE}</style></head><body>\n"
        f"<h1>{escape(table.title)}</h1>\n{heading}{_listed('Summary', 'ul', table.summary)}"
        f"{_first(report)}{''.join(map(_section, report.more))}"
        f"{_listed('Sources and notes', 'ol', notes)}</body></html>\n"
    )


def _first(report: Report) -> str:
    return as_table(report.table.columns, report.table.cells) if report.has_first else ""


def _section(one: Section) -> str:
    lines = "".join(f"<p>{escape(line)}</p>\n" for line in one.lines)
    table = as_table(one.columns, one.cells) if one.cells else ""
    return f"<h2>{escape(one.title)}</h2>\n{table}{lines}"


def as_table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Returns a table, escaped, in a box that scrolls if it is too wide."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>\n" for row in cells)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>'
        "</table></div>\n"
    )


def _cell(column: str, text: str) -> str:
    """Returns a cell with its column's name as an attribute; a verdict gets its mark."""
    mark = mark_of(column, text)
    marked = f"{mark} {text}" if mark else text
    return f'<td data-label="{escape(column)}">{escape(marked)}</td>'


def mark_of(column: str, text: str) -> str:
    """Returns the mark of the verdict at the beginning of a cell; empty if it has none."""
    return MARKS.get(text.partition(":")[0], "") if column in (VERDICT, REMARK) else ""


ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:)\]]")
"""A URL, without punctuation that follows it in a sentence."""


def linked(line: str, rest: Callable[[str], str] = escape) -> str:
    """Returns an escaped line with its URLs as links; ``rest`` renders the text around them."""
    text, end = [], 0
    for found in ADDRESS.finditer(line):
        address = escape(found[0])
        text += [rest(line[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    return "".join([*text, rest(line[end:])])


def _listed(title: str, tag: str, lines: Sequence[str]) -> str:
    """Returns a list with its heading, or an empty text if there are no lines."""
    items = "".join(f"<li>{linked(line)}</li>\n" for line in lines)
    return f"<h2>{title}</h2><{tag}>\n{items}</{tag}>\n" if items else ""
