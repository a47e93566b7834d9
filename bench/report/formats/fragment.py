"""A report as part of another page, such as a notebook; its styles apply to itself only."""

from collections.abc import Sequence
from html import escape

from bench.report.formats.html import as_table, linked
from bench.report.table import Section
from bench.report.text.markup import Report, cleaned

NAME = "onpaper"
STYLE = (
    "{max-height:44rem;overflow:auto;font-size:.9em;color:inherit}"
    " table{border-collapse:collapse;margin:.4rem 0;color:inherit;font-size:inherit}"
    " table th, table td{border:1px solid #8888;padding:.2rem .5rem;text-align:left;"
    "vertical-align:top;white-space:normal;max-width:28rem;background:transparent;color:inherit}"
    " table tbody tr{background:transparent}"
    " table tbody tr:hover{background:#8882}"
    " .scroll{overflow-x:auto}"
    " p{margin:.2rem 0}"
    " h4{margin:.8rem 0 .2rem;font-size:1em}"
    " summary{cursor:pointer}"
    " li{overflow-wrap:anywhere}"
)
"""Style rules, scoped to the fragment; colours are inherited, so light and dark both work."""
FEW = 6
"""Most notes that are shown at once; more than these are collapsed."""


def fragment(report: Report) -> str:
    """Returns an HTML fragment: tables, then sources and notes with links; all text is escaped."""
    clean = cleaned(report)
    table = clean.table
    parts = [
        f"<style>{scoped(STYLE)}</style>",
        f"<p><b>{escape(table.title)}</b></p>",
        _lines(table.heading),
        as_table(table.columns, table.cells) if clean.has_first else "",
        _lines(table.summary),
        *map(_section, clean.more),
        _notes(table.notes),
    ]
    return f'<div class="{NAME}">{"".join(parts)}</div>'


def scoped(rules: str) -> str:
    """Returns style rules with every selector prefixed by the fragment's class."""
    made = []
    for rule in rules.split("}")[:-1]:
        names, _, body = rule.partition("{")
        within = ",".join(f".{NAME} {name.strip()}".rstrip() for name in names.split(","))
        made.append(f"{within}{{{body}}}")
    return "".join(made)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"<p>{linked(line)}</p>" for line in lines)


def _section(one: Section) -> str:
    table = as_table(one.columns, one.cells) if one.cells else ""
    return f"<h4>{escape(one.title)}</h4>{table}{_lines(one.lines)}"


def _notes(notes: Sequence[str]) -> str:
    """Returns the footnotes as a list, numbered as they are cited."""
    if not notes:
        return ""
    items = "".join(f"<li>{linked(note.partition(' ')[2])}</li>" for note in notes)
    is_open = " open" if len(notes) <= FEW else ""
    label = f"Sources and notes ({len(notes)})"
    return f"<details{is_open}><summary>{label}</summary><ol>{items}</ol></details>"
