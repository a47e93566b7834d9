"""What tests of the verification report share: records, and what reads the reports of them."""

from functools import cache
from html.parser import HTMLParser

import pypdf
import pytest

from bench import paths
from bench.chips.load import Catalogue, catalogue
from bench.records.model import Record
from bench.records.store import read
from bench.rules.load import rulebook
from bench.verification import html
from bench.verification.case import Case
from bench.verification.document import (
    Blanks,
    Document,
    Facts,
    Heading,
    Items,
    Paragraph,
    Plate,
    Table,
)
from bench.verification.record import record_document

SHIPPED = paths.data_dir("results") / "records" / "2026-11-26"
H200 = SHIPPED / "h200-sxm-full.json"
GENOA = SHIPPED / "epyc-genoa-2-cores-standard.json"
SHA = "ab" * 32
SECTIONS = (
    "Finding", "Identity of the device", "What was tested, and how", "Conditions",
    "Published and measured", "Quantities an export verification may ask for", "Anomalies",
    "Software", "Integrity", "Further measurements", "Sources and notes", "Limits of the test",
    "Signature",
)  # fmt: skip


def case_of(record: Record, sheets: Catalogue, margin: float = 0.1) -> Case:
    """A record with the shipped sheets and rules."""
    return Case(record, SHA, sheets, rulebook(), margin)


@cache
def richest() -> Case:
    """The richest record there is, with the shipped sheets and rules."""
    return case_of(read(H200), catalogue())


@pytest.fixture(scope="module")
def h200() -> Case:
    """The richest record there is."""
    return richest()


@pytest.fixture(scope="module")
def document(h200: Case) -> Document:
    """Its report."""
    return record_document(h200)


@pytest.fixture(scope="module")
def page(document: Document) -> str:
    """Its page."""
    return html.render(document)


def texts(document: Document) -> list[str]:
    """Every text of a document."""
    found = []
    for one in document.blocks:
        match one:
            case Heading() | Paragraph():
                found.append(one.text)
            case Facts():
                found += [text for pair in one.pairs for text in pair]
            case Items():
                found += one.lines
            case Table():
                found += [one.caption, *one.columns, *(cell for row in one.cells for cell in row)]
            case Plate():
                found += [one.title, one.caption]
            case Blanks():
                found += one.labels
    return found


def words(book: pypdf.PdfReader) -> str:
    """The text of a PDF without its breaks of lines."""
    return " ".join(" ".join(one.extract_text() for one in book.pages).split())


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its headings, its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "path", "use", "rect", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a name."""
        return [attrs for name, attrs in self.tags if name == tag]
