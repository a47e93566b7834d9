"""The document as a PDF: outline, page numbers, heads of tables on every page, fonts within."""

import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import __version__
from bench.errors import UsageError
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
)
from bench.verification.pdfrows import PADDING_MM, ROW_MM, rows_mm, widths

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "DejaVu"
FACES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
MISSING = "install them with pip install 'onpaper[pdf]', or leave PDF out: formats=[html]"

MARGIN_MM, FOOT_MM = 15.0, 18.0
TITLE_PT, TEXT_PT, TABLE_PT, FOOT_PT = 16.0, 9.0, 6.8, 6.5
HEADING_PT = {2: 12.0, 3: 10.0}
TERM_MM = 48.0
BLANK_MM = 13.0
MOST_PLATE_MM, CAPTION_MM = 106.0, 16.0
"""The height of a picture, so that two with their captions fit on a page."""
ROWS_TOGETHER = 2
"""Rows that stay on the page of their table's head."""
GREY, LINE = 110, 190
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


def fonts() -> Path:
    """Returns the folder of the fonts that matplotlib brings.

    Raises:
        UsageError: fpdf2 or matplotlib is not installed.
    """
    lacking = [
        name for name, module in (("fpdf2", "fpdf"), ("matplotlib", "matplotlib"))
        if find_spec(module) is None
    ]  # fmt: skip
    if lacking:
        raise UsageError(f"a PDF needs {' and '.join(lacking)}: {MISSING}")
    found = find_spec("matplotlib")
    places = [] if found is None else list(found.submodule_search_locations or ())
    folders = [Path(one) / "mpl-data" / "fonts" / "ttf" for one in places]
    held = [one for one in folders if all((one / face).is_file() for face in FACES.values())]
    if not held:
        raise UsageError(f"a PDF needs the DejaVu fonts that matplotlib brings: {MISSING}")
    return held[0]


def render(document: Document) -> bytes:
    """Returns a PDF; the same document the same bytes, its date that of the document.

    Raises:
        UsageError: what it takes is not installed.
    """
    folder, told = fonts(), cleaned(document)
    setter = _Setter(_paper(told, folder), folder)
    setter.opening(told)
    for place, block in enumerate(told.blocks):
        setter.block(block, told.blocks[place + 1 : place + 3])
    content = bytes(setter.pdf.output())
    if document.made_utc is None:  # no date is better than a wrong one; the length stays
        content = re.sub(rb"/CreationDate \([^)]*\)", lambda one: b" " * len(one[0]), content)
    return content


def _paper(document: Document, folder: Path) -> "FPDF":
    from fpdf import FPDF, ViewerPreferences

    class Paper(FPDF):
        """A4 with the document's foot on every page."""

        def footer(self) -> None:
            """Sets the foot of a page."""
            self.set_y(4 - FOOT_MM)
            self.set_font(FAMILY, size=FOOT_PT)
            self.set_text_color(GREY)
            self.multi_cell(0, 3.2, document_foot, align="L", new_x="LMARGIN", new_y="TOP")
            self.set_y(11 - FOOT_MM)
            self.cell(0, 3.2, f"page {self.page_no()} of {{nb}}", align="R")
            self.set_text_color(0)

    paper = Paper(format="A4")
    for style, face in FACES.items():
        paper.add_font(FAMILY, style, folder / face)
    document_foot = _known(document.footer, paper)
    paper.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
    paper.set_auto_page_break(auto=True, margin=FOOT_MM)
    paper.set_title(document.title)
    paper.set_subject(document.subject)
    paper.set_creator(f"onpaper {__version__}")
    paper.set_lang("en")
    paper.viewer_preferences = ViewerPreferences(display_doc_title=True)
    paper.set_creation_date(_moment(document.made_utc))
    paper.add_page()
    return paper


def _moment(text: str | None) -> datetime:
    try:
        found = datetime.fromisoformat(text) if text else UNDATED
    except ValueError:
        return UNDATED
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _known(text: str, pdf: "FPDF") -> str:
    """Returns a text with a question mark for every character that the font lacks."""
    held = pdf.fonts[FAMILY.lower()].cmap  # type: ignore[union-attr]  # a TrueType font
    return "".join(one if ord(one) in held else "?" for one in text)


class _Setter:
    """Sets one block after the other."""

    def __init__(self, pdf: "FPDF", folder: Path) -> None:
        self.pdf, self._folder, self._level = pdf, folder, 1

    def opening(self, document: Document) -> None:
        """Sets the title."""
        self.pdf.start_section(self._told(document.title))
        self._font(TITLE_PT, "B")
        self._write(document.title, TITLE_PT * 0.45)
        self._font(TEXT_PT)
        self.pdf.set_text_color(GREY)
        self._write(document.subject, 4.4)
        self.pdf.set_text_color(0)
        self.pdf.ln(2)

    def block(self, block: Block, following: Sequence[Block]) -> None:
        """Sets one block; a heading stays with what follows it."""
        if isinstance(block, Heading):
            self._room(30 + max(map(self._height, following), default=0.0))
        sets: dict[type, Any] = {
            Heading: self._heading,
            Paragraph: self._paragraph,
            Facts: self._facts,
            Items: self._items,
            Table: self._table,
            Plate: self._plate,
            Blanks: self._blanks,
        }
        sets[type(block)](block)

    def _told(self, text: str) -> str:
        return _known(text, self.pdf)

    def _font(self, size_pt: float, style: str = "") -> None:
        self.pdf.set_font(FAMILY, style, size_pt)

    def _write(self, text: str, height: float, x: float | None = None) -> None:
        if x is not None:
            self.pdf.set_x(x)
        self.pdf.multi_cell(0, height, self._told(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _heading(self, block: Heading) -> None:
        self.pdf.ln(5 if block.level == 2 else 3)
        self.pdf.start_section(self._told(block.text), level=min(block.level - 1, self._level))
        self._level = block.level
        self._font(HEADING_PT[block.level], "B")
        self._write(block.text, HEADING_PT[block.level] * 0.45)
        self.pdf.ln(1)

    def _height(self, block: Block) -> float:
        """Returns the height in mm of what must stay on one page, 0 if it may break."""
        if isinstance(block, Blanks):
            return BLANK_MM * len(block.labels)
        if isinstance(block, Plate) and block.png:
            return self._size(block)[1] + CAPTION_MM
        if isinstance(block, Table):
            return self._beginning(block)
        return 0.0

    def _size(self, block: Plate) -> tuple[float, float]:
        """Returns a picture's width and height in mm, so that two fit on a page."""
        width, height = struct.unpack(">II", block.png[16:24])  # of a PNG's first chunk
        scale = min(self.pdf.epw / width, MOST_PLATE_MM / height)
        return scale * width, scale * height

    def _beginning(self, block: Table) -> float:
        """Returns the height in mm of a table's caption, head and first rows."""
        self._font(TABLE_PT, "B")
        rows = (block.columns, *block.cells[:ROWS_TOGETHER])
        told = [[self._told(cell) for cell in row] for row in rows]
        return CAPTION_MM / 2 + rows_mm(self.pdf, widths(block), told)

    def _room(self, needed_mm: float) -> None:
        """Begins a page where this one lacks room; no page holds more than there is of it."""
        whole = self.pdf.page_break_trigger - self.pdf.t_margin
        if self.pdf.will_page_break(min(needed_mm, whole - 1)):
            self.pdf.add_page()

    def _paragraph(self, block: Paragraph) -> None:
        self._font(TEXT_PT, "B" if block.strong else "")
        self._write(block.text, 4.6)
        self.pdf.ln(1.5)

    def _facts(self, block: Facts) -> None:
        for term, told in block.pairs:
            self._room(9)
            self._font(TEXT_PT - 1)
            self.pdf.set_text_color(GREY)
            top, page = self.pdf.get_y(), self.pdf.page_no()
            self.pdf.multi_cell(
                TERM_MM - 2, 4.2, self._told(term), align="L", new_x="LMARGIN", new_y="NEXT"
            )
            below = self.pdf.get_y()
            self.pdf.set_text_color(0)
            if self.pdf.page_no() == page:
                self.pdf.set_y(top)
            self._write(told or "–", 4.2, MARGIN_MM + TERM_MM)
            if self.pdf.page_no() == page:
                self.pdf.set_y(max(below, self.pdf.get_y()))
        self.pdf.ln(1.5)

    def _items(self, block: Items) -> None:
        self._font(TEXT_PT - 1)
        for number, line in enumerate(block.lines, 1):
            self._room(9)
            self.pdf.cell(8, 4.2, f"[{number}]" if block.notes else "•")
            self._write(line, 4.2, MARGIN_MM + 8)
        self.pdf.ln(1.5)

    def _table(self, block: Table) -> None:
        from fpdf.fonts import FontFace

        self._room(self._beginning(block))
        self._font(TEXT_PT - 0.5, "B")
        self._write(block.caption, 4.6)
        self._font(TABLE_PT)
        self.pdf.set_draw_color(LINE)
        with self.pdf.table(
            col_widths=widths(block), text_align="LEFT", v_align="TOP", line_height=ROW_MM,
            padding=PADDING_MM, headings_style=FontFace(emphasis="BOLD", fill_color=235),
        ) as table:  # fmt: skip
            for row in (block.columns, *block.cells):
                table.row([self._told(one) for one in row])
        self.pdf.set_draw_color(0)
        self.pdf.ln(2.5)

    def _plate(self, block: Plate) -> None:
        self._room(self._height(block))
        if block.png:
            width = self._size(block)[0]
            left = MARGIN_MM + (self.pdf.epw - width) / 2
            told = self._told(block.title)
            self.pdf.image(BytesIO(block.png), x=left, w=width, alt_text=told)
        self._font(TEXT_PT - 1)
        self._write(block.caption, 4.2)
        self.pdf.ln(2.5)

    def _blanks(self, block: Blanks) -> None:
        self._room(self._height(block))
        self._font(TEXT_PT)
        for label in block.labels:
            self.pdf.ln(BLANK_MM - 5)
            y = self.pdf.get_y() + 4.5
            self.pdf.cell(TERM_MM, 5, self._told(label), new_x="LMARGIN", new_y="NEXT")
            self.pdf.line(MARGIN_MM + TERM_MM, y, self.pdf.w - MARGIN_MM, y)
        self.pdf.ln(8)
