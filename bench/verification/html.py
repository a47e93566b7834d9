"""A document as one self-contained HTML page: everything escaped, no script, no network."""

import re
from html import escape

from bench.plot.theme import DARK, LIGHT
from bench.report.formats.html import MARKS, POLICY, linked
from bench.verification.document import (
    Blanks,
    Block,
    Document,
    Facts,
    Heading,
    Items,
    Paragraph,
    Plate,
    Table,
    cleaned,
    notes_of,
)


def _colours(ink: str, muted: str, line: str, series: tuple[str, ...]) -> str:
    numbered = "".join(f"--series-{place}:{one};" for place, one in enumerate(series, 1))
    return f"--ink:{ink};--muted:{muted};--line:{line};{numbered}"


_LIGHT = _colours(LIGHT.ink, LIGHT.muted, LIGHT.grid, LIGHT.series)
_DARK = _colours(DARK.ink, DARK.muted, DARK.grid, DARK.series)
STYLE = (
    f":root{{{_LIGHT}--paper:{LIGHT.paper};color-scheme:light dark}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}--paper:{DARK.paper}}}}}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;"
    "background:var(--paper);color:var(--ink)}"
    "h1{font-size:1.7rem;line-height:1.25;overflow-wrap:anywhere}"
    "h2{margin-top:2.4rem;border-bottom:1px solid var(--line)}h3{margin-top:1.6rem}"
    "p,li,dd,figcaption{max-width:50rem;overflow-wrap:anywhere}"
    ".strong{font-weight:600;border-left:.3rem solid var(--series-1);padding-left:.8rem}"
    "table{border-collapse:collapse;font-size:.875rem;margin:1rem 0;width:100%}"
    "caption{text-align:left;font-weight:600;padding:.3rem 0;overflow-wrap:anywhere}"
    "th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;"
    "overflow-wrap:break-word}thead th{background:color-mix(in srgb,var(--line) 45%,transparent)}"
    "tbody th{font-weight:600}a{color:var(--series-1)}"
    "dl{display:grid;grid-template-columns:minmax(9rem,16rem) 1fr;gap:.2rem 1rem}"
    "dt{color:var(--muted);overflow-wrap:anywhere}dd{margin:0}"
    "figure{margin:1.5rem 0}figure svg{max-width:100%;height:auto}figcaption{color:var(--muted)}"
    ".blank dt{color:var(--ink)}.blank dd{border-bottom:1px solid var(--ink);min-height:2.4rem}"
    ".scroll{overflow-x:auto}.foot{margin-top:3rem;color:var(--muted);font-size:.8rem}"
    "@media screen and (max-width:700px){body{margin:1rem auto}h1{font-size:1.35rem}"
    "dl{grid-template-columns:minmax(7rem,38%) 1fr}dd{overflow-wrap:anywhere}"
    "thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "table,caption,tbody,tr,td,tbody th{display:block}"
    "tr{border:1px solid var(--line);border-radius:.4rem;margin:0 0 1rem;padding:.4rem .6rem}"
    "td,tbody th{border:0;padding:.15rem 0;overflow-wrap:anywhere}td:empty{display:none}"
    "td::before{content:attr(data-label) ': ';color:var(--muted)}}"
    "@page{size:A4;margin:16mm 14mm 18mm;"
    "@bottom-right{content:'page ' counter(page) ' of ' counter(pages);font:8pt sans-serif}}"
    "@media print{body{font-size:9.5pt;margin:0;max-width:none;padding:0}table{font-size:7.5pt}"
    "thead{display:table-header-group}tr,figure,.blank{break-inside:avoid}"
    "h2,h3,caption{break-after:avoid}.scroll{overflow:visible}a{color:inherit}}"
)
"""The page's style sheet.

On a narrow screen each row becomes a card with the column's name before each cell; table heads are
hidden but remain readable by screen readers.
"""

MARK = re.compile(r"\[(\d{1,4})\]")
"""A reference to a numbered note."""


def render(document: Document) -> str:
    """Returns an HTML document."""
    content = cleaned(document)
    notes = notes_of(content)
    title = escape(content.title)
    body = "".join(_block(one, number, notes) for number, one in enumerate(content.blocks))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="description" content="{escape(content.subject)}">\n'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n"
        f"<h1>{title}</h1>\n{body}</main>\n"
        f'<footer class="foot"><p>{escape(content.footer)}</p></footer></body></html>\n'
    )


def _block(block: Block, number: int, notes: int) -> str:  # noqa: PLR0911 -- one line a kind
    match block:
        case Heading():
            return f"<h{block.level}>{escape(block.text)}</h{block.level}>\n"
        case Paragraph():
            strong = ' class="strong"' if block.strong else ""
            return f"<p{strong}>{_linked(block.text, notes)}</p>\n"
        case Facts():
            return f"<dl>\n{''.join(_fact(*pair, notes) for pair in block.pairs)}</dl>\n"
        case Items():
            return _items(block, notes)
        case Table():
            return _table(block, f"table-{number}", notes)
        case Plate():
            return _plate(block)
        case Blanks():
            lines = "".join(f"<dt>{escape(one)}</dt><dd></dd>\n" for one in block.labels)
            return f'<dl class="blank">\n{lines}</dl>\n'


def _fact(term: str, value: str, notes: int) -> str:
    return f"<dt>{escape(term)}</dt><dd>{_linked(value, notes)}</dd>\n"


def _items(block: Items, notes: int) -> str:
    if not block.notes:
        lines = "".join(f"<li>{_linked(one, notes)}</li>\n" for one in block.lines)
        return f"<ul>\n{lines}</ul>\n"
    lines = "".join(
        f'<li id="note-{number}">{_linked(one, 0)}</li>\n'
        for number, one in enumerate(block.lines, 1)
    )
    return f"<ol>\n{lines}</ol>\n"


def _table(block: Table, name: str, notes: int) -> str:
    """Returns a table with explicit ARIA roles, which it keeps where it is laid out as cards."""
    head = "".join(
        f'<th scope="col" role="columnheader">{escape(one)}</th>' for one in block.columns
    )
    body = "".join(_row(block.columns, row, notes) for row in block.cells)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{name}">'
        f'<table role="table"><caption id="{name}">{escape(block.caption)}</caption>\n'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{body}</tbody></table></div>\n'
    )


def _row(columns: tuple[str, ...], row: tuple[str, ...], notes: int) -> str:
    first = f'<th scope="row" role="rowheader">{_linked(row[0], notes)}</th>'
    rest = "".join(
        f'<td role="cell" data-label="{escape(name)}">{_mark(text)}{_linked(text, notes)}</td>'
        for name, text in zip(columns[1:], row[1:], strict=True)
    )
    return f'<tr role="row">{first}{rest}</tr>\n'


def _mark(text: str) -> str:
    """Returns the symbol of the verdict that a cell begins with, so that colour is not needed."""
    word = text.partition(":")[0]
    sign = MARKS.get(word)
    return f'<span aria-hidden="true">{sign} </span>' if sign else ""


def _linked(text: str, notes: int) -> str:
    """Returns a text, escaped, with links on its web addresses and on references to notes."""
    return linked(text, lambda part: _noted(part, notes))


def _noted(text: str, notes: int) -> str:
    """Returns a text, escaped, with a link on each reference to one of the ``notes`` notes."""

    def link(match: re.Match[str]) -> str:
        number = int(match[1])
        known = 1 <= number <= notes
        return f'<a href="#note-{number}">[{number}]</a>' if known else match[0]

    return MARK.sub(link, escape(text))


def _plate(block: Plate) -> str:
    picture = _with_unique_ids(block.svg, block.name)
    return (
        f'<figure><div role="img" aria-label="{escape(block.title)}">{picture}</div>'
        f"<figcaption>{escape(block.caption)}</figcaption></figure>\n"
    )


def _with_unique_ids(svg: str, name: str) -> str:
    """Returns an SVG whose ids have a prefix, so that they are unique on a page with others."""
    prefix = re.sub(r"[^0-9A-Za-z-]", "-", name)
    named = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}-", named)
