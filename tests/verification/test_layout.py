"""How the report is set: the page, the paper and the terminal."""

import io
import re
from html import escape
from itertools import pairwise
from typing import Any

import pypdf
import pytest

from bench.verification import html, pdf, screen
from bench.verification.case import Case
from bench.verification.document import Document, Heading, Items, Paragraph, Table, cleaned
from bench.verification.record import record_document
from tests.verification.cases import (
    SECTIONS,
    SHA,
    Page,
    document,
    h200,
    page,
    texts,
    words,
)

__all__ = ["document", "h200", "page"]


@pytest.fixture(scope="module")
def book(document: Document) -> pypdf.PdfReader:
    """Its PDF, read back."""
    return pypdf.PdfReader(io.BytesIO(pdf.render(document)))


def test_a_page_is_alone_and_runs_nothing(page: str) -> None:
    read_back = Page(page)
    names = {name for name, _ in read_back.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "link", "base", "form"}
    assert not [attrs for _, attrs in read_back.tags if any(key.startswith("on") for key in attrs)]
    policy = [one["content"] for one in read_back.named("meta") if "http-equiv" in one]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    for one in read_back.named("a"):
        assert str(one["href"]).startswith(("https://", "http://", "#"))
    assert read_back.named("html") == [{"lang": "en"}]


def test_headings_and_tables_can_be_heard(page: str) -> None:
    read_back = Page(page)
    levels = [int(name[1]) for name, _ in read_back.tags if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    tables = len(read_back.named("table"))
    assert tables == len(read_back.named("caption")) > 10
    assert {one["scope"] for one in read_back.named("th")} == {"col", "row"}
    ids = [attrs["id"] for _, attrs in read_back.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {one["aria-labelledby"] for one in read_back.named("div") if "role" in one}
    assert labelled <= set(ids)
    assert read_back.open == []


def test_a_page_can_be_read_at_night_on_a_phone_and_on_paper(page: str) -> None:
    for word in ("prefers-color-scheme:dark", "max-width:700px", "@page", "table-header-group"):
        assert word in page


def test_a_pdf_has_its_text_outline_pages_and_names(
    h200: Case, document: Document, book: pypdf.PdfReader
) -> None:
    text, count = words(book), len(book.pages)
    for one in (h200.record.id, SHA, "NVIDIA H200", "memory bandwidth, copy"):
        assert one in text
    for number, sheet in enumerate(book.pages, 1):
        assert f"page {number} of {count}" in sheet.extract_text()
        assert h200.record.id in sheet.extract_text()
    outline: list[Any] = [one.title for one in book.outline[1] if not isinstance(one, list)]
    assert tuple(outline) == SECTIONS
    assert book.outline[0].title == document.title  # type: ignore[union-attr]
    assert book.metadata
    assert book.metadata.title == document.title
    assert str(book.root_object["/Lang"]) == "en"
    assert str(book.metadata.creation_date).startswith("2026-11-26 00:04:18")


def test_page_and_paper_say_the_same(document: Document, page: str, book: pypdf.PdfReader) -> None:
    paper = re.sub(r"\s", "", words(book))
    for one in texts(cleaned(document)):
        for word in one.split()[:6]:
            assert re.sub(r"\s", "", word) in paper
    assert all(
        escape(one.split("[")[0]) in page for one in texts(cleaned(document)) if "://" not in one
    )


def test_heads_of_tables_are_on_every_page() -> None:
    long = Table("Long", ("first column", "second"), tuple((f"row {n}", "x") for n in range(200)))
    made = Document("x", "t", "s", (Heading("One"), long), "foot")
    sheets = pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages
    assert len(sheets) > 3
    assert all("first column" in one.extract_text() for one in sheets)


def test_the_same_record_makes_the_same_bytes(h200: Case) -> None:
    for make in (lambda one: html.render(one).encode(), pdf.render):
        assert make(record_document(h200)) == make(record_document(h200))


def test_a_document_without_a_date_claims_none() -> None:
    made = Document("x", "t", "s", (Heading("One"), Paragraph("two")), "foot")
    content = pdf.render(made)
    assert content == pdf.render(made)
    found = pypdf.PdfReader(io.BytesIO(content))
    assert found.metadata
    assert found.metadata.creation_date is None
    assert "two" in words(found)


def test_the_terminal_gets_every_table_in_every_format(document: Document) -> None:
    made = screen.as_report(document)
    held = [one for one in document.blocks if isinstance(one, Table)]
    assert [one.cells for one in made.more if one.cells in [each.cells for each in held]]
    assert sum(len(one.flat) for one in made.more) == sum(len(one.flat) for one in held)
    assert len(made.table.notes) == sum(
        len(one.lines) for one in document.blocks if isinstance(one, Items) and one.notes
    )


def test_a_row_of_long_cells_fits_on_paper() -> None:
    cell = " ".join(["w" * 40] * 60)
    long = Table("Long", tuple("abcdefghijk"), tuple((cell,) * 11 for _ in range(3)))
    made = Document("x", "t", "s", (Heading("One"), long), "foot")
    assert len(pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages) >= 3
