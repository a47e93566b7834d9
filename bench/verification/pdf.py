"""A document as a PDF with outline, page numbers, repeated table heads and embedded fonts."""

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
"""The font family's name within the PDF."""
FACES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
"""Font files, by style: regular and bold."""
MISSING = "install them with pip install 'onpaper[pdf]', or leave PDF out: formats=[html]"

MARGIN_MM, FOOT_MM = 15.0, 18.0
TITLE_PT, TEXT_PT, TABLE_PT, FOOT_PT = 16.0, 9.0, 6.8, 6.5
HEADING_PT = {2: 12.0, 3: 10.0}
TERM_MM = 48.0
"""Width of the column of terms in a list of facts."""
BLANK_MM = 13.0
"""Height of a line to be filled in by hand."""
MOST_PLATE_MM, CAPTION_MM = 106.0, 16.0
"""Maximum height of a picture, and of its caption, so that two fit on a page."""
ROWS_TOGETHER = 2
"""Number of rows that stay on the same page as their table's head."""
GREY, LINE = 110, 190
"""Grey levels of secondary text and of table lines, 0 to 255."""
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a missing date; it is removed from the finished PDF."""


def fonts() -> Path:
    """Returns the folder of the fonts that are shipped with matplotlib.

    Raises:
        UsageError: fpdf2 or matplotlib is not installed.
    """
    lacking = [
        name for name, module in (("fpdf2", "fpdf"), ("matplotlib", "matplotlib"))
        if find_spec(module) is None
    ]  # fmt: skip
    if lacking:
        raise UsageError(f"a PDF needs {' and '.join(lacking)}: {MISSING}")
    spec = find_spec("matplotlib")
    packages = [] if spec is None else list(spec.submodule_search_locations or ())
    for package in packages:
        folder = Path(package) / "mpl-data" / "fonts" / "ttf"
        if all((folder / face).is_file() for face in FACES.values()):
            return folder
    raise UsageError(f"a PDF needs the DejaVu fonts that matplotlib brings: {MISSING}")


def render(document: Document) -> bytes:
    """Returns a PDF with the document's date: the same document gives the same bytes.

    Raises:
        UsageError: fpdf2 or matplotlib is not installed.
    """
    folder, document = fonts(), cleaned(document)
    typesetter = _Typesetter(_paper(document, folder))
    typesetter.opening(document)
    for place, block in enumerate(document.blocks):
        typesetter.block(block, document.blocks[place + 1 : place + 3])
    content = bytes(typesetter.pdf.output())
    if document.made_utc is None:  # no date is better than a wrong one; the length stays
        content = re.sub(rb"/CreationDate \([^)]*\)", lambda date: b" " * len(date[0]), content)
    return content


def _paper(document: Document, folder: Path) -> "FPDF":
    """Returns a PDF with the fonts, the metadata and one empty page."""
    from fpdf import FPDF, ViewerPreferences

    class Paper(FPDF):
        """A4 pages with the document's footer on each."""

        def footer(self) -> None:
            """Writes the footer and the page number; fpdf2 calls this on each page."""
            self.set_y(4 - FOOT_MM)
            self.set_font(FAMILY, size=FOOT_PT)
            self.set_text_color(GREY)
            self.multi_cell(0, 3.2, footer_text, align="L", new_x="LMARGIN", new_y="TOP")
            self.set_y(11 - FOOT_MM)
            self.cell(0, 3.2, f"page {self.page_no()} of {{nb}}", align="R")
            self.set_text_color(0)

    paper = Paper(format="A4")
    for style, face in FACES.items():
        paper.add_font(FAMILY, style, folder / face)
    footer_text = _with_known_characters(document.footer, paper)
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
    """Returns the time that an ISO 8601 text gives, taken as UTC if it names no zone."""
    try:
        moment = datetime.fromisoformat(text) if text else UNDATED
    except ValueError:
        return UNDATED
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _with_known_characters(text: str, pdf: "FPDF") -> str:
    """Returns a text with a question mark for each character that the font lacks."""
    glyphs = pdf.fonts[FAMILY.lower()].cmap  # type: ignore[union-attr]  # a TrueType font
    return "".join(character if ord(character) in glyphs else "?" for character in text)


class _Typesetter:
    """Writes a document's blocks to a PDF, one after the other.

    Attributes:
        pdf: the PDF that is written.
    """

    def __init__(self, pdf: "FPDF") -> None:
        self.pdf, self._level = pdf, 1

    def opening(self, document: Document) -> None:
        """Writes title and subject."""
        self.pdf.start_section(self._known(document.title))
        self._font(TITLE_PT, "B")
        self._write(document.title, TITLE_PT * 0.45)
        self._font(TEXT_PT)
        self.pdf.set_text_color(GREY)
        self._write(document.subject, 4.4)
        self.pdf.set_text_color(0)
        self.pdf.ln(2)

    def block(self, block: Block, following: Sequence[Block]) -> None:
        """Writes one block; a heading stays on the page of what follows it."""
        if isinstance(block, Heading):
            self._room(30 + max(map(self._height, following), default=0.0))
        writers: dict[type, Any] = {
            Heading: self._heading,
            Paragraph: self._paragraph,
            Facts: self._facts,
            Items: self._items,
            Table: self._table,
            Plate: self._plate,
            Blanks: self._blanks,
        }
        writers[type(block)](block)

    def _known(self, text: str) -> str:
        return _with_known_characters(text, self.pdf)

    def _font(self, size_pt: float, style: str = "") -> None:
        self.pdf.set_font(FAMILY, style, size_pt)

    def _write(self, text: str, height: float, x: float | None = None) -> None:
        if x is not None:
            self.pdf.set_x(x)
        self.pdf.multi_cell(0, height, self._known(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _heading(self, block: Heading) -> None:
        self.pdf.ln(5 if block.level == 2 else 3)
        self.pdf.start_section(self._known(block.text), level=min(block.level - 1, self._level))
        self._level = block.level
        self._font(HEADING_PT[block.level], "B")
        self._write(block.text, HEADING_PT[block.level] * 0.45)
        self.pdf.ln(1)

    def _height(self, block: Block) -> float:
        """Returns the height in mm of a block that must stay on one page, 0 if it may be split."""
        if isinstance(block, Blanks):
            return BLANK_MM * len(block.labels)
        if isinstance(block, Plate) and block.png:
            return self._size(block)[1] + CAPTION_MM
        if isinstance(block, Table):
            return self._beginning(block)
        return 0.0

    def _size(self, block: Plate) -> tuple[float, float]:
        """Returns a picture's width and height in mm, such that two fit on a page."""
        width, height = struct.unpack(">II", block.png[16:24])  # in a PNG's first chunk, in pixels
        scale = min(self.pdf.epw / width, MOST_PLATE_MM / height)
        return scale * width, scale * height

    def _beginning(self, block: Table) -> float:
        """Returns the height in mm of a table's caption, head and first rows."""
        self._font(TABLE_PT, "B")
        rows = (block.columns, *block.cells[:ROWS_TOGETHER])
        known = [[self._known(cell) for cell in row] for row in rows]
        return CAPTION_MM / 2 + rows_mm(self.pdf, widths(block), known)

    def _room(self, needed_mm: float) -> None:
        """Begins a page if this one lacks the room, of which no more than a page is asked for."""
        whole = self.pdf.page_break_trigger - self.pdf.t_margin
        if self.pdf.will_page_break(min(needed_mm, whole - 1)):
            self.pdf.add_page()

    def _paragraph(self, block: Paragraph) -> None:
        self._font(TEXT_PT, "B" if block.strong else "")
        self._write(block.text, 4.6)
        self.pdf.ln(1.5)

    def _facts(self, block: Facts) -> None:
        for term, value in block.pairs:
            self._room(9)
            self._font(TEXT_PT - 1)
            self.pdf.set_text_color(GREY)
            top, page = self.pdf.get_y(), self.pdf.page_no()
            self.pdf.multi_cell(
                TERM_MM - 2, 4.2, self._known(term), align="L", new_x="LMARGIN", new_y="NEXT"
            )
            below = self.pdf.get_y()
            self.pdf.set_text_color(0)
            if self.pdf.page_no() == page:
                self.pdf.set_y(top)
            self._write(value or "–", 4.2, MARGIN_MM + TERM_MM)
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
                table.row([self._known(one) for one in row])
        self.pdf.set_draw_color(0)
        self.pdf.ln(2.5)

    def _plate(self, block: Plate) -> None:
        self._room(self._height(block))
        if block.png:
            width = self._size(block)[0]
            left = MARGIN_MM + (self.pdf.epw - width) / 2
            title = self._known(block.title)
            self.pdf.image(BytesIO(block.png), x=left, w=width, alt_text=title)
        self._font(TEXT_PT - 1)
        self._write(block.caption, 4.2)
        self.pdf.ln(2.5)

    def _blanks(self, block: Blanks) -> None:
        self._room(self._height(block))
        self._font(TEXT_PT)
        for label in block.labels:
            self.pdf.ln(BLANK_MM - 5)
            y = self.pdf.get_y() + 4.5
            self.pdf.cell(TERM_MM, 5, self._known(label), new_x="LMARGIN", new_y="NEXT")
            self.pdf.line(MARGIN_MM + TERM_MM, y, self.pdf.w - MARGIN_MM, y)
        self.pdf.ln(8)
